/* Folders that show a volume. Rules: MicrosoftDocs/sdk-api, fileapi and winbase
 * (SetVolumeMountPointW, DeleteVolumeMountPointW, GetVolumeNameForVolumeMountPointW). */
#include "emulator.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

static bool ends_in_backslash(const wchar_t *path)
{
    size_t length = path ? wcslen(path) : 0;

    return length && path[length - 1] == L'\\';
}

static bool is_empty(const wchar_t *folder)
{
    wchar_t pattern[DISKS_PATH];
    WIN32_FIND_DATAW found;
    bool empty = true;
    HANDLE find;

    swprintf(pattern, DISKS_PATH, L"%ls*", folder);
    find = FindFirstFileW(pattern, &found);
    if (find == INVALID_HANDLE_VALUE)
        return true;
    do {
        empty = empty && (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."));
    } while (FindNextFileW(find, &found));
    FindClose(find);
    return empty;
}

static BOOL WINAPI on_get_name(const WCHAR *root, WCHAR *out, DWORD size)
{
    struct volume_name name;
    struct attached disk;
    wchar_t guid[64];
    DWORD code = disks_call("GetVolumeNameForVolumeMountPointW", "%ls", root);

    /* "a trailing backslash is required" */
    if (!code && !ends_in_backslash(root))
        code = ERROR_INVALID_NAME;
    if (!code && (!volume_name_parse(root, &name) || wcscmp(name.rest, L"\\") != 0))
        return GetVolumeNameForVolumeMountPointW(root, out, size);
    if (!code)
        code = volume_find(&name, &disk);
    if (!code && disks_setting("NoVolumeGuids", 0))
        code = ERROR_FILE_NOT_FOUND;
    if (!code && size < 50)
        code = ERROR_FILENAME_EXCED_RANGE;
    if (code)
        return fail(code);
    volume_name_guid(&name, guid);
    wcscpy(out, guid);
    return TRUE;
}

static BOOL WINAPI on_set(const WCHAR *folder, const WCHAR *volume)
{
    wchar_t shown[64];
    struct volume_name name, old;
    struct attached disk;
    DWORD code = disks_call("SetVolumeMountPointW", "%ls %ls", folder, volume), attributes;

    if (!code && (!ends_in_backslash(folder) || !ends_in_backslash(volume)))
        code = ERROR_INVALID_NAME;
    if (!code && folder[0] && folder[1] == L':' && !folder[3])
        code = ERROR_NOT_SUPPORTED; /* a letter: nobody gives one here */
    if (!code && (!volume_name_parse(volume, &name) || name.naming != NAMING_GUID ||
                  wcscmp(name.rest, L"\\") != 0))
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = volume_find(&name, &disk);
    attributes = code ? INVALID_FILE_ATTRIBUTES : GetFileAttributesW(folder);
    if (!code &&
        (attributes == INVALID_FILE_ATTRIBUTES || !(attributes & FILE_ATTRIBUTE_DIRECTORY)))
        code = ERROR_PATH_NOT_FOUND;
    if (!code && !is_empty(folder))
        code = ERROR_DIR_NOT_EMPTY;
    if (!code && mounts_get(folder, shown) && volume_name_parse(shown, &old) &&
        !volume_find(&old, &disk))
        code = ERROR_DIR_NOT_EMPTY;
    if (code)
        return fail(code);
    mounts_set(folder, volume);
    return TRUE;
}

static BOOL WINAPI on_delete(const WCHAR *folder)
{
    wchar_t shown[64];
    DWORD code = disks_call("DeleteVolumeMountPointW", "%ls", folder);

    if (!code && !ends_in_backslash(folder))
        code = ERROR_INVALID_NAME;
    if (!code && !mounts_get(folder, shown))
        code = ERROR_NOT_A_REPARSE_POINT;
    if (code)
        return fail(code);
    mounts_set(folder, NULL);
    return TRUE;
}

/* "If the path is a volume mount point, the directory with it is removed." */
static BOOL WINAPI on_remove_directory(const WCHAR *folder)
{
    if (!RemoveDirectoryW(folder))
        return FALSE;
    mounts_set(folder, NULL);
    return TRUE;
}

const struct hook mount_hooks[] = {
    {"kernel32", "GetVolumeNameForVolumeMountPointW", (hook_function)on_get_name, NULL},
    {"kernel32", "SetVolumeMountPointW", (hook_function)on_set, NULL},
    {"kernel32", "DeleteVolumeMountPointW", (hook_function)on_delete, NULL},
    {"kernel32", "RemoveDirectoryW", (hook_function)on_remove_directory, NULL},
};
const size_t mount_hook_count = sizeof(mount_hooks) / sizeof(*mount_hooks);
