/* The driver step of an installer: device, package, binding. */
#include "installer.h"

#include "../common/state.h"

#include <cfgmgr32.h>
#include <newdev.h>
#include <setupapi.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

const GUID driver_class_display = {
    0x4d36e968, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};
const GUID driver_class_media = {
    0x4d36e96c, 0xe325, 0x11ce, {0xbf, 0xc1, 0x08, 0x00, 0x2b, 0xe1, 0x03, 0x18}};

static bool create_device(const wchar_t *hardware_id, const GUID *class_guid, const wchar_t *name)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(class_guid, NULL);
    SP_DEVINFO_DATA device = {.cbSize = sizeof(device)};
    wchar_t ids[128] = {0};
    bool made;

    if (set == INVALID_HANDLE_VALUE)
        return false;
    swprintf(ids, 126, L"%ls", hardware_id);
    made = SetupDiCreateDeviceInfoW(set, name, class_guid, NULL, NULL, DICD_GENERATE_ID, &device) &&
           SetupDiSetDeviceRegistryPropertyW(set,
                                             &device,
                                             SPDRP_HARDWAREID,
                                             (const BYTE *)ids,
                                             (DWORD)((wcslen(ids) + 2) * sizeof(*ids))) &&
           SetupDiCallClassInstaller(DIF_REGISTERDEVICE, set, &device);
    if (!made)
        state_log("installers", "no device %ls: error %lx", hardware_id, GetLastError());
    SetupDiDestroyDeviceInfoList(set);
    return made;
}

bool driver_install(const wchar_t *inf,
                    const wchar_t *hardware_id,
                    const GUID *class_guid,
                    const wchar_t *class_name,
                    bool *ret_reboot)
{
    BOOL reboot = FALSE;

    if (!create_device(hardware_id, class_guid, class_name))
        return false;
    /* Without INSTALLFLAG_NONINTERACTIVE: an installer may ask, and in session 0 it asks nobody. */
    if (!UpdateDriverForPlugAndPlayDevicesW(NULL, hardware_id, inf, INSTALLFLAG_FORCE, &reboot)) {
        state_log("installers", "no driver for %ls: error %lx", hardware_id, GetLastError());
        return false;
    }
    *ret_reboot = *ret_reboot || reboot;
    return true;
}

void driver_remove(const wchar_t *hardware_id)
{
    HDEVINFO set = SetupDiGetClassDevsW(NULL, NULL, NULL, DIGCF_ALLCLASSES);
    SP_DEVINFO_DATA device = {.cbSize = sizeof(device)};

    if (set == INVALID_HANDLE_VALUE)
        return;
    for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &device); i++) {
        wchar_t ids[512] = {0};

        if (SetupDiGetDeviceRegistryPropertyW(set,
                                              &device,
                                              SPDRP_HARDWAREID,
                                              NULL,
                                              (BYTE *)ids,
                                              sizeof(ids) - 2 * sizeof(*ids),
                                              NULL) &&
            !_wcsicmp(ids, hardware_id))
            SetupDiCallClassInstaller(DIF_REMOVE, set, &device);
    }
    SetupDiDestroyDeviceInfoList(set);
}
