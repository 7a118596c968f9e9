/* EnumDisplayDevicesW, EnumDisplaySettings(Ex)W, ChangeDisplaySettingsExW: the same displays by the
 * names of GDI. A mode is changed at once or, with CDS_NORESET, when all are applied by a call
 * without a name. */
#include "display.h"

#include "../common/state.h"
#include "../session/session.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY         "display"
#define PENDING_KEY KEY "\\Pending"

static struct display *find(struct displays *displays, const wchar_t *name)
{
    wchar_t known[CCHDEVICENAME];

    for (size_t i = 0; i < displays->count; i++) {
        swprintf(known, CCHDEVICENAME, L"\\\\.\\DISPLAY%u", displays->all[i].number);
        if (name ? !_wcsicmp(known, name) : i == displays_primary(displays))
            return &displays->all[i];
    }
    return NULL;
}

static void describe_adapter(const struct displays *displays, size_t i, DISPLAY_DEVICEW *device)
{
    const struct display *d = &displays->all[i];
    const wchar_t *suffix = wcsrchr(d->adapter.hardware_id, L'\\');

    (void)suffix;
    swprintf(device->DeviceName, 32, L"\\\\.\\DISPLAY%u", d->number);
    swprintf(device->DeviceString, 128, L"%.127ls", d->adapter.name);
    swprintf(device->DeviceID, 128, L"%.127ls", d->adapter.hardware_id);
    device->StateFlags = (d->shown.active ? DISPLAY_DEVICE_ATTACHED_TO_DESKTOP : 0) |
                         (i == displays_primary(displays) ? DISPLAY_DEVICE_PRIMARY_DEVICE : 0);
    swprintf(device->DeviceKey,
             128,
             L"\\Registry\\Machine\\System\\CurrentControlSet\\Control\\Video\\{%08lX}\\0000",
             d->luid.LowPart);
}

static void describe_monitor(const struct display *d, DWORD flags, DISPLAY_DEVICEW *device)
{
    swprintf(device->DeviceName, 32, L"\\\\.\\DISPLAY%u\\Monitor0", d->number);
    swprintf(device->DeviceString, 128, L"Generic PnP Monitor");
    if (flags & EDD_GET_DEVICE_INTERFACE_NAME)
        swprintf(device->DeviceID, 128, L"%ls", d->monitor_path);
    else
        swprintf(device->DeviceID,
                 128,
                 L"MONITOR\\%hs\\{4d36e96e-e325-11ce-bfc1-08002be10318}\\%04u",
                 *d->code ? d->code : "Default_Monitor",
                 d->number);
    device->StateFlags =
        d->shown.active ? DISPLAY_DEVICE_ACTIVE | DISPLAY_DEVICE_ATTACHED : DISPLAY_DEVICE_ATTACHED;
    device->DeviceKey[0] = L'\0';
}

static BOOL WINAPI on_enum_devices(const wchar_t *name,
                                   DWORD index,
                                   DISPLAY_DEVICEW *device,
                                   DWORD flags)
{
    struct displays displays;
    struct display *d;

    if (!device || device->cb != sizeof(*device) || !session_sees_console())
        return FALSE;
    displays_read(&displays);
    if (!name) {
        if (index >= displays.count)
            return FALSE;
        describe_adapter(&displays, index, device);
        return TRUE;
    }
    d = index ? NULL : find(&displays, name);
    if (!d)
        return FALSE;
    describe_monitor(d, flags, device);
    return TRUE;
}

static void fill_mode(const struct display *d, const struct vdd_mode *mode, DEVMODEW *devmode)
{
    wchar_t driver[] = L"cdd";

    memcpy(devmode->dmDeviceName, driver, sizeof(driver));
    devmode->dmDriverExtra = 0;
    devmode->dmFields = DM_POSITION | DM_BITSPERPEL | DM_PELSWIDTH | DM_PELSHEIGHT |
                        DM_DISPLAYFREQUENCY | DM_DISPLAYFLAGS | DM_DISPLAYORIENTATION |
                        DM_DISPLAYFIXEDOUTPUT;
    devmode->dmPosition.x = d->shown.x;
    devmode->dmPosition.y = d->shown.y;
    devmode->dmDisplayOrientation = DMDO_DEFAULT;
    devmode->dmDisplayFixedOutput = DMDFO_DEFAULT;
    devmode->dmBitsPerPel = 32;
    devmode->dmPelsWidth = mode->width;
    devmode->dmPelsHeight = mode->height;
    devmode->dmDisplayFlags = 0;
    devmode->dmDisplayFrequency = mode->hz;
}

static BOOL WINAPI on_enum_settings_ex(const wchar_t *name,
                                       DWORD number,
                                       DEVMODEW *devmode,
                                       DWORD flags)
{
    struct displays displays;
    struct vdd_mode mode;
    struct display *d;

    (void)flags;
    if (!devmode || devmode->dmSize < offsetof(DEVMODEW, dmICMMethod) || !session_sees_console())
        return FALSE;
    displays_read(&displays);
    d = find(&displays, name);
    if (!d)
        return FALSE;
    if (number == ENUM_CURRENT_SETTINGS || number == ENUM_REGISTRY_SETTINGS) {
        if (!d->shown.active)
            return FALSE;
        mode = (struct vdd_mode){d->shown.width, d->shown.height, d->shown.hz};
    } else if (!target_mode(d, number, &mode)) {
        return FALSE;
    }
    fill_mode(d, &mode, devmode);
    return TRUE;
}

static BOOL WINAPI on_enum_settings(const wchar_t *name, DWORD number, DEVMODEW *devmode)
{
    return on_enum_settings_ex(name, number, devmode, 0);
}

/* Width and height of nothing detach a display (documentation of ChangeDisplaySettingsEx). */
static bool detaches(const DEVMODEW *devmode)
{
    DWORD size = DM_PELSWIDTH | DM_PELSHEIGHT;

    return (devmode->dmFields & size) == size && !devmode->dmPelsWidth && !devmode->dmPelsHeight;
}

static LONG take_mode(struct displays *displays, struct display *d, const DEVMODEW *m, DWORD flags)
{
    struct display_rect old = d->shown;
    uint32_t hz =
        m->dmFields & DM_DISPLAYFREQUENCY && m->dmDisplayFrequency > 1 ? m->dmDisplayFrequency : 0;

    if (detaches(m)) {
        d->shown.active = 0;
        return DISP_CHANGE_SUCCESSFUL;
    }
    if (!d->shown.active)
        d->shown = (struct display_rect){.source = d->shown.source,
                                         .width = d->preferred.width,
                                         .height = d->preferred.height,
                                         .hz = d->preferred.hz,
                                         .active = 1};
    if (m->dmFields & DM_PELSWIDTH)
        d->shown.width = m->dmPelsWidth;
    if (m->dmFields & DM_PELSHEIGHT)
        d->shown.height = m->dmPelsHeight;
    if (m->dmFields & DM_POSITION) {
        d->shown.x = m->dmPosition.x;
        d->shown.y = m->dmPosition.y;
    }
    if (m->dmFields & DM_BITSPERPEL && m->dmBitsPerPel != 32)
        return DISP_CHANGE_BADMODE;
    if (!target_has_mode(d, d->shown.width, d->shown.height, &hz))
        return DISP_CHANGE_BADMODE;
    d->shown.hz = hz;
    if (flags & CDS_SET_PRIMARY)
        displays_line_up(displays, (size_t)(d - displays->all));
    else if (!(m->dmFields & DM_POSITION) && (old.width != d->shown.width || !old.active))
        displays_line_up(displays,
                         displays_primary(displays) < displays->count ? displays_primary(displays)
                                                                      : 0);
    return DISP_CHANGE_SUCCESSFUL;
}

/* Changes that wait for the call that applies them all: the arrangement as it shall become. */
static void restore_pending(struct displays *displays)
{
    struct display_rect rects[DISPLAY_MAX];

    if (state_bytes(PENDING_KEY, "Rects", rects, (DWORD)(displays->count * sizeof(rects[0]))))
        for (size_t i = 0; i < displays->count; i++)
            displays->all[i].shown = rects[i];
}

static void keep_pending(const struct displays *displays)
{
    struct display_rect rects[DISPLAY_MAX];

    for (size_t i = 0; i < displays->count; i++)
        rects[i] = displays->all[i].shown;
    state_set_bytes(PENDING_KEY, true, "Rects", rects, (DWORD)(displays->count * sizeof(rects[0])));
}

static LONG change(const wchar_t *name, DEVMODEW *devmode, DWORD flags)
{
    struct displays displays;
    struct display *d;
    LONG result = DISP_CHANGE_SUCCESSFUL;

    displays_read(&displays);
    restore_pending(&displays);
    if (devmode) {
        d = find(&displays, name);
        if (!d)
            return DISP_CHANGE_BADPARAM;
        result = take_mode(&displays, d, devmode, flags);
    }
    if (result != DISP_CHANGE_SUCCESSFUL || flags & CDS_TEST)
        return result;
    if (flags & CDS_NORESET) {
        keep_pending(&displays);
        return result;
    }
    state_remove(PENDING_KEY, "Rects");
    return displays_write(&displays) ? DISP_CHANGE_SUCCESSFUL : DISP_CHANGE_FAILED;
}

static LONG WINAPI
on_change(const wchar_t *name, DEVMODEW *devmode, HWND window, DWORD flags, void *parameter)
{
    DWORD known = CDS_UPDATEREGISTRY | CDS_TEST | CDS_FULLSCREEN | CDS_GLOBAL | CDS_SET_PRIMARY |
                  CDS_NORESET | CDS_RESET;
    LONG result;

    if (window || parameter || (devmode && devmode->dmDriverExtra))
        return DISP_CHANGE_BADPARAM;
    if (devmode && devmode->dmSize < offsetof(DEVMODEW, dmICMMethod))
        return DISP_CHANGE_BADMODE;
    if (flags & ~known || (flags & CDS_NORESET && !(flags & CDS_UPDATEREGISTRY)) ||
        (flags & CDS_GLOBAL && !(flags & CDS_UPDATEREGISTRY)))
        return DISP_CHANGE_BADFLAGS;
    if (!session_sees_console() || state_fault(KEY, "FailChange"))
        return DISP_CHANGE_FAILED;
    state_lock();
    result = change(name, devmode, flags);
    state_unlock();
    return result;
}

const struct hook display_gdi_hooks[] = {
    {"user32", "ChangeDisplaySettingsExW", (hook_function)on_change, NULL},
    {"user32", "EnumDisplayDevicesW", (hook_function)on_enum_devices, NULL},
    {"user32", "EnumDisplaySettingsExW", (hook_function)on_enum_settings_ex, NULL},
    {"user32", "EnumDisplaySettingsW", (hook_function)on_enum_settings, NULL},
};
const size_t display_gdi_hook_count = sizeof(display_gdi_hooks) / sizeof(display_gdi_hooks[0]);
