/* gpupv's entry under GuestCommunicationServices. */
#include "common/link_hyperv.h"

#include "common/link.h"

#include <windows.h>

#include <stdio.h>

#define SERVICES_KEY                                                                               \
    L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Virtualization\\GuestCommunicationServices"
#define ELEMENT_NAME L"gpupv"

enum { PATH_UNITS = 160, GUID_BYTES = 37 };

static void service_path(wchar_t path[PATH_UNITS])
{
    char id[GUID_BYTES];

    link_guid_text(&link_service_id, id);
    swprintf(path, PATH_UNITS, L"%ls\\%hs", SERVICES_KEY, id);
}

static bool has_name(void)
{
    wchar_t path[PATH_UNITS], name[PATH_UNITS];
    DWORD size = sizeof name;

    service_path(path);
    return !RegGetValueW(
        HKEY_LOCAL_MACHINE, path, L"ElementName", RRF_RT_REG_SZ, NULL, name, &size);
}

bool link_hyperv_is_registered(bool *ret_registered, struct err *err)
{
    (void)err;
    *ret_registered = has_name();
    return true;
}

bool link_hyperv_register(struct err *err)
{
    wchar_t path[PATH_UNITS];
    LSTATUS status;
    HKEY key;

    if (has_name())
        return true;
    service_path(path);
    status = RegCreateKeyExW(
        HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key, NULL);
    if (!status) {
        status = RegSetValueExW(
            key, L"ElementName", 0, REG_SZ, (const BYTE *)ELEMENT_NAME, sizeof ELEMENT_NAME);
        RegCloseKey(key);
    }
    return !status ||
           err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)status, TEXT_HYPERV_REGISTER, NULL);
}

bool link_hyperv_unregister(struct err *err)
{
    wchar_t path[PATH_UNITS];
    LSTATUS status;

    service_path(path);
    status = RegDeleteKeyExW(HKEY_LOCAL_MACHINE, path, KEY_WOW64_64KEY, 0);
    return !status || status == ERROR_FILE_NOT_FOUND ||
           err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)status, TEXT_HYPERV_REGISTER, NULL);
}
