/* Which monitors are connected. */
#include "display.h"

#include "../common/luid.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define ADAPTER_INTERFACE                                                                          \
    L"{5b45201d-f2f2-4f3b-85bb-30ff1f953599}" /* GUID_DEVINTERFACE_DISPLAY_ADAPTER */
#define MONITOR_INTERFACE                                                                          \
    L"{e6f07b5f-ee97-4a90-b076-33f57bf4eaa7}" /* GUID_DEVINTERFACE_MONITOR                         \
                                               */

enum { FIRST_UID = 256, DEVICES = 32 };

static const struct vdd_mode basic_modes[] = {{1024, 768, 64}};

/* What Hyper-V Video offers in a basic session. */
static const struct vdd_mode hyperv_modes[] = {
    {1024, 768, 64},
    {640, 480, 64},
    {800, 600, 64},
    {1152, 864, 64},
    {1280, 720, 64},
    {1280, 1024, 64},
    {1366, 768, 64},
    {1600, 900, 64},
    {1600, 1200, 64},
    {1920, 1080, 64},
};

/* The driver's own list, best known part of it (parsec-vdd project's README). */
static const struct vdd_mode parsec_modes[] = {
    {1920, 1080, 60},  {3840, 2160, 24},  {3840, 2160, 30},  {3840, 2160, 60}, {3840, 2160, 144},
    {3840, 2160, 240}, {3440, 1440, 60},  {2560, 1600, 60},  {2560, 1440, 24}, {2560, 1440, 30},
    {2560, 1440, 60},  {2560, 1440, 144}, {2560, 1440, 240}, {1920, 1200, 60}, {1920, 1080, 24},
    {1920, 1080, 30},  {1920, 1080, 144}, {1920, 1080, 240}, {1680, 1050, 60}, {1600, 900, 60},
    {1600, 1200, 60},  {1440, 900, 60},   {1366, 768, 60},   {1280, 800, 60},  {1280, 720, 24},
    {1280, 720, 30},   {1280, 720, 60},   {1280, 720, 144},  {1280, 720, 240}, {1024, 768, 60},
};

static const struct vdd_mode other_modes[] = {{1920, 1080, 60}, {2560, 1440, 60}, {1280, 720, 60}};

#define MODES(list) .modes = (list), .mode_count = sizeof(list) / sizeof((list)[0])

/* Adapters that bring a monitor of their own as soon as they are started. */
static const struct {
    const wchar_t *hardware_id; /* a beginning */
    const wchar_t *monitor;
    const char *code;
    DISPLAYCONFIG_VIDEO_OUTPUT_TECHNOLOGY technology;
    const struct vdd_mode *modes;
    size_t mode_count;
} adapters[] = {
    {
        .hardware_id = L"VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}",
        .monitor = L"HyperVMonitor",
        .code = "MSH062E",
        .technology = DISPLAYCONFIG_OUTPUT_TECHNOLOGY_OTHER,
        MODES(hyperv_modes),
    },
    {
        .hardware_id = L"Root\\MttVDD",
        .monitor = L"VDD by MTT",
        .code = "MTT1337",
        .technology = DISPLAYCONFIG_OUTPUT_TECHNOLOGY_INDIRECT_WIRED,
        MODES(other_modes),
    },
    {
        .hardware_id = L"Root\\AppSandboxVDD",
        .monitor = L"AppSandbox",
        .code = "ASB0001",
        .technology = DISPLAYCONFIG_OUTPUT_TECHNOLOGY_INDIRECT_WIRED,
        MODES(other_modes),
    },
};

enum { ADAPTERS = sizeof(adapters) / sizeof(adapters[0]) };

/* "ROOT\DISPLAY\0000" -> "\\?\ROOT#DISPLAY#0000#{...}", as Windows names interfaces. */
static void interface_path(const wchar_t *instance, const wchar_t *interface_id, wchar_t *ret_path)
{
    swprintf(ret_path, DISPLAY_PATH_CHARS, L"\\\\?\\%ls#%ls", instance, interface_id);
    for (wchar_t *c = ret_path + 4; *c; c++)
        if (*c == L'\\')
            *c = L'#';
}

void adapter_path(const struct display *d, wchar_t *ret_path)
{
    interface_path(d->adapter.instance, ADAPTER_INTERFACE, ret_path);
}

static struct display *append(struct displays *displays, const struct pnp_device *device)
{
    struct display *d;

    if (displays->count == DISPLAY_MAX)
        return NULL;
    d = &displays->all[displays->count++];
    memset(d, 0, sizeof(*d));
    d->adapter = *device;
    d->luid = adapter_luid(device);
    d->number = (uint32_t)displays->count;
    return d;
}

static void add_parsec(struct displays *displays, const struct pnp_device *device)
{
    struct vdd_monitor monitors[VDD_MONITORS];
    size_t count = vdd_monitors(device->instance, monitors);

    for (size_t i = 0; i < count; i++) {
        struct display *d = append(displays, device);
        wchar_t instance[DISPLAY_PATH_CHARS];

        if (!d)
            return;
        d->shown.source = (uint32_t)i;
        d->source_count = (uint32_t)count + 1;
        d->target = FIRST_UID + monitors[i].index;
        swprintf(instance,
                 DISPLAY_PATH_CHARS,
                 L"DISPLAY\\PSCCDD0\\5&2b5a7f4&0&UID%u",
                 FIRST_UID + monitors[i].index);
        interface_path(instance, MONITOR_INTERFACE, d->monitor_path);
        wcscpy(d->monitor, L"ParsecVDA");
        strcpy(d->code, "PSCCDD0");
        d->technology = DISPLAYCONFIG_OUTPUT_TECHNOLOGY_INDIRECT_WIRED;
        d->modes = parsec_modes;
        d->mode_count = sizeof(parsec_modes) / sizeof(parsec_modes[0]);
        memcpy(d->custom, monitors[i].custom, sizeof(d->custom));
        d->custom_count = monitors[i].custom_count;
        d->preferred = parsec_modes[0];
    }
}

static void add_own_monitor(struct displays *displays, const struct pnp_device *device)
{
    for (int i = 0; i < ADAPTERS; i++) {
        wchar_t instance[DISPLAY_PATH_CHARS];
        struct display *d;

        if (_wcsnicmp(
                device->hardware_id, adapters[i].hardware_id, wcslen(adapters[i].hardware_id)))
            continue;
        d = append(displays, device);
        if (!d)
            return;
        swprintf(instance, DISPLAY_PATH_CHARS, L"DISPLAY\\%hs\\4&%x&0&UID0", adapters[i].code, i);
        interface_path(instance, MONITOR_INTERFACE, d->monitor_path);
        wcscpy(d->monitor, adapters[i].monitor);
        strcpy(d->code, adapters[i].code);
        d->technology = adapters[i].technology;
        d->modes = adapters[i].modes;
        d->mode_count = adapters[i].mode_count;
        d->preferred = d->modes[0];
        d->source_count = 1;
        return;
    }
}

static void add_basic(struct displays *displays)
{
    struct pnp_device device;
    struct display *d;

    if (!pnp_get(L"ROOT\\BASICDISPLAY\\0000", &device)) {
        memset(&device, 0, sizeof(device));
        wcscpy(device.instance, L"ROOT\\BASICDISPLAY\\0000");
        wcscpy(device.hardware_id, L"ROOT\\BasicDisplay");
        wcscpy(device.name, L"Microsoft Basic Display Driver");
    }
    d = append(displays, &device);
    interface_path(
        L"DISPLAY\\Default_Monitor\\1&8713bca&0&UID0", MONITOR_INTERFACE, d->monitor_path);
    d->technology = DISPLAYCONFIG_OUTPUT_TECHNOLOGY_OTHER;
    d->basic = true;
    d->modes = basic_modes;
    d->mode_count = 1;
    d->source_count = 1;
    d->preferred = basic_modes[0];
}

/* Built-in adapters come first, so that the console's picture is \\.\DISPLAY1 while it is there. */
void targets_read(struct displays *ret_displays)
{
    static const wchar_t parsec[] = VDD_HARDWARE_ID;
    struct pnp_device devices[DEVICES];
    size_t found = pnp_list(L"Display", devices, DEVICES);

    ret_displays->count = 0;
    for (size_t i = 0; i < found && i < DEVICES; i++)
        if (devices[i].started)
            add_own_monitor(ret_displays, &devices[i]);
    for (size_t i = 0; i < found && i < DEVICES; i++)
        if (devices[i].started && !_wcsicmp(devices[i].hardware_id, parsec))
            add_parsec(ret_displays, &devices[i]);
    if (!ret_displays->count)
        add_basic(ret_displays);
}

bool target_mode(const struct display *d, size_t n, struct vdd_mode *ret_mode)
{
    if (n >= d->mode_count + d->custom_count)
        return false;
    *ret_mode = n < d->mode_count ? d->modes[n] : d->custom[n - d->mode_count];
    return true;
}

bool target_has_mode(const struct display *d, uint32_t width, uint32_t height, uint32_t *hz)
{
    struct vdd_mode mode;

    for (size_t n = 0; target_mode(d, n, &mode); n++)
        if (mode.width == width && mode.height == height && (!*hz || *hz == mode.hz)) {
            *hz = mode.hz;
            return true;
        }
    return false;
}
