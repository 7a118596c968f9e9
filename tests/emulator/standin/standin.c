/* As much of pnp_state.h as a list of devices in the registry can give, for the checks of emulators
 * that need devices and no device manager:
 *
 *   HKLM\Software\gpupv-emulator\standin\<0..>
 *     Instance HardwareId Class Name  REG_SZ
 *     Interface                       REG_SZ     path of its one device interface
 *     Started Starts                  REG_DWORD  1 */
#include "../common/state.h"
#include "../pnp/pnp_state.h"

#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 32, PATH_CHARS = 512 };

static bool load(int number, struct pnp_device *ret_device, wchar_t *ret_path)
{
    char key[KEY_BYTES];

    snprintf(key, sizeof(key), "standin\\%d", number);
    memset(ret_device, 0, sizeof(*ret_device));
    if (!state_text(key, "Instance", ret_device->instance, PNP_ID_MAX))
        return false;
    state_text(key, "HardwareId", ret_device->hardware_id, PNP_ID_MAX);
    state_text(key, "Class", ret_device->device_class, PNP_TEXT_MAX);
    state_text(key, "Name", ret_device->name, PNP_TEXT_MAX);
    state_text(key, "Interface", ret_path, PATH_CHARS);
    ret_device->present = true;
    ret_device->started = state_number(key, "Started", 1);
    ret_device->starts = state_number(key, "Starts", 1);
    return true;
}

bool pnp_find(const wchar_t *hardware_id, struct pnp_device *ret_device)
{
    wchar_t path[PATH_CHARS];

    for (int i = 0; load(i, ret_device, path); i++)
        if (!_wcsicmp(hardware_id, ret_device->hardware_id))
            return true;
    return false;
}

bool pnp_get(const wchar_t *instance, struct pnp_device *ret_device)
{
    wchar_t path[PATH_CHARS];

    for (int i = 0; load(i, ret_device, path); i++)
        if (!_wcsicmp(instance, ret_device->instance))
            return true;
    return false;
}

bool pnp_of_interface(const wchar_t *asked, struct pnp_device *ret_device)
{
    wchar_t path[PATH_CHARS];

    for (int i = 0; load(i, ret_device, path); i++)
        if (*path && !_wcsicmp(asked + 4, path + 4) && ret_device->started)
            return true;
    return false;
}

size_t pnp_list(const wchar_t *device_class, struct pnp_device *ret_devices, size_t max)
{
    wchar_t path[PATH_CHARS];
    struct pnp_device device;
    size_t count = 0;

    for (int i = 0; load(i, &device, path); i++) {
        if (device_class && _wcsicmp(device_class, device.device_class))
            continue;
        if (count < max)
            ret_devices[count] = device;
        count++;
    }
    return count;
}

bool pnp_monitor_add(const wchar_t *parent,
                     const wchar_t *device_id,
                     const wchar_t *uid,
                     const wchar_t *name)
{
    (void)device_id;
    (void)uid;
    (void)name;
    return *parent;
}

bool pnp_monitor_remove(const wchar_t *instance)
{
    return *instance;
}

void pnp_handles(const wchar_t *instance, int change)
{
    (void)instance;
    (void)change;
}

uint32_t pnp_fault(const char *function)
{
    (void)function;
    return 0;
}
