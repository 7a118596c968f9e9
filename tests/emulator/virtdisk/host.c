/* What this computer is like: rights, policies, the file system that disks are made on. */
#include "emulator.h"

#include <string.h>
#include <wchar.h>

#define SHARES_BLOCKS 0x08000000u

/* Who is no administrator has not got what he asks for, and hears of it in the last error only. */
static BOOL WINAPI on_adjust(HANDLE token,
                             BOOL disable_all,
                             TOKEN_PRIVILEGES *wanted,
                             DWORD size,
                             TOKEN_PRIVILEGES *old,
                             DWORD *ret_size)
{
    if (!disks_setting("NotAdministrator", 0))
        return AdjustTokenPrivileges(token, disable_all, wanted, size, old, ret_size);
    SetLastError(ERROR_NOT_ALL_ASSIGNED);
    return TRUE;
}

static DWORD WINAPI on_get_attributes(const WCHAR *path)
{
    DWORD attributes = GetFileAttributesW(path);

    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY))
        attributes |= disks_setting("FolderAttributes", 0);
    return attributes;
}

static BOOL WINAPI on_get_volume(const WCHAR *root,
                                 WCHAR *name,
                                 DWORD name_size,
                                 DWORD *serial,
                                 DWORD *component,
                                 DWORD *flags,
                                 WCHAR *file_system,
                                 DWORD file_system_size)
{
    wchar_t wanted[16];

    if (!state_text("image", "HostFileSystem", wanted, 16) || !file_system)
        return GetVolumeInformationW(
            root, name, name_size, serial, component, flags, file_system, file_system_size);
    if (wcslen(wanted) >= file_system_size)
        return fail(ERROR_MORE_DATA);
    wcscpy(file_system, wanted);
    return TRUE;
}

static BOOL WINAPI on_get_volume_by_handle(HANDLE file,
                                           WCHAR *name,
                                           DWORD name_size,
                                           DWORD *serial,
                                           DWORD *component,
                                           DWORD *flags,
                                           WCHAR *file_system,
                                           DWORD file_system_size)
{
    (void)file;
    (void)name;
    (void)name_size;
    (void)serial;
    (void)component;
    (void)file_system;
    (void)file_system_size;
    if (!flags)
        return fail(ERROR_INVALID_PARAMETER);
    *flags = disks_setting("BlockClone", 0) ? SHARES_BLOCKS : 0;
    return TRUE;
}

const struct hook host_hooks[] = {
    {"advapi32", "AdjustTokenPrivileges", (hook_function)on_adjust, NULL},
    {"kernel32", "GetFileAttributesW", (hook_function)on_get_attributes, NULL},
    {"kernel32", "GetVolumeInformationW", (hook_function)on_get_volume, NULL},
    {"kernel32", "GetVolumeInformationByHandleW", (hook_function)on_get_volume_by_handle, NULL},
};
const size_t host_hook_count = sizeof(host_hooks) / sizeof(*host_hooks);
