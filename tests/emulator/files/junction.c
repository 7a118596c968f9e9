/* See junction.h. */
#include "junction.h"

#include "../common/state.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

#define KEY       "files"
#define JUNCTIONS "files\\Junctions"

enum { CHARS = 1024, FOLLOWED = 8 };

/* ---- the table ---- */

/* Where the path itself leads, when it is a junction. */
static bool target_of(const wchar_t *path, size_t length, wchar_t *ret_target)
{
    wchar_t name[CHARS];
    DWORD size = CHARS * sizeof(wchar_t);
    HKEY key;
    bool found = false;

    if (length >= CHARS ||
        RegOpenKeyExA(
            HKEY_LOCAL_MACHINE, STATE_ROOT "\\" JUNCTIONS, 0, KEY_READ | KEY_WOW64_64KEY, &key))
        return false;
    swprintf(name, CHARS, L"%.*ls", (int)length, path);
    found = !RegGetValueW(key, NULL, name, RRF_RT_REG_SZ, NULL, ret_target, &size);
    RegCloseKey(key);
    return found;
}

static bool is_there(void)
{
    return state_number(KEY, "AfterOpens", 0) == 0;
}

/* Counts an open; true when it meets the junctions. */
static bool meets(void)
{
    DWORD left = state_number(KEY, "AfterOpens", 0);

    if (left)
        state_set_number(KEY, "AfterOpens", left - 1);
    return !left;
}

/* ---- paths ---- */

static const wchar_t *without_prefix(const wchar_t *path)
{
    return !wcsncmp(path, L"\\\\?\\", 4) || !wcsncmp(path, L"\\??\\", 4) ? path + 4 : path;
}

static bool path_of_handle(HANDLE handle, wchar_t *ret_path)
{
    wchar_t final[CHARS];
    DWORD length = GetFinalPathNameByHandleW(handle, final, CHARS, VOLUME_NAME_DOS);

    if (!length || length >= CHARS)
        return false;
    wcscpy(ret_path, without_prefix(final));
    return true;
}

/* Follows what leads elsewhere, in place; the last component only without `itself`. The first
 * `open` characters are those of a folder that is open: what has become of its path since then does
 * not matter. True when the path is another one then. */
static bool follow(wchar_t *path, size_t open, bool itself)
{
    wchar_t target[CHARS], next[CHARS];
    size_t from = open > 3 ? open + 1 : 3;
    bool changed = false;

    for (int times = 0; times < FOLLOWED; times++) {
        bool again = false;

        for (size_t i = from; !again && path[i - 1]; i++) {
            bool last = !path[i];

            if ((!last && path[i] != L'\\') || (last && itself) || !target_of(path, i, target))
                continue;
            swprintf(next, CHARS, L"%ls%ls", target, path + i);
            wcscpy(path, next);
            again = changed = true;
            from = 3;
        }
        if (!again)
            break;
    }
    return changed;
}

/* ---- calls ---- */

HANDLE junction_create_file(const wchar_t *path,
                            DWORD access,
                            DWORD share,
                            SECURITY_ATTRIBUTES *security,
                            DWORD disposition,
                            DWORD flags,
                            HANDLE template_file)
{
    wchar_t full[CHARS];
    const wchar_t *bare = path ? without_prefix(path) : NULL;

    if (bare && bare[0] && bare[1] == L':' && wcslen(bare) < CHARS && meets()) {
        wcscpy(full, bare);
        if (follow(full, 0, flags & FILE_FLAG_OPEN_REPARSE_POINT))
            path = full;
    }
    return CreateFileW(path, access, share, security, disposition, flags, template_file);
}

/* The full path that the caller means, and how much of it is an open folder's. */
static bool path_of_object(const OBJECT_ATTRIBUTES *object, wchar_t *ret_path, size_t *ret_open)
{
    const UNICODE_STRING *name = object->ObjectName;
    size_t length = name ? name->Length / sizeof(wchar_t) : 0, above = 0;

    if (!name || !length || length >= CHARS / 2)
        return false;
    if (object->RootDirectory) {
        if (!path_of_handle(object->RootDirectory, ret_path))
            return false;
        above = wcslen(ret_path);
        if (above + length + 2 >= CHARS)
            return false;
        *ret_open = above;
        ret_path[above++] = L'\\';
    }
    memcpy(ret_path + above, name->Buffer, length * sizeof(wchar_t));
    ret_path[above + length] = L'\0';
    if (!object->RootDirectory)
        memmove(ret_path,
                without_prefix(ret_path),
                (wcslen(without_prefix(ret_path)) + 1) * sizeof(wchar_t));
    return ret_path[0] && ret_path[1] == L':';
}

static NTSTATUS NTAPI on_nt_create_file(HANDLE *handle,
                                        ACCESS_MASK access,
                                        OBJECT_ATTRIBUTES *object,
                                        IO_STATUS_BLOCK *status,
                                        LARGE_INTEGER *size,
                                        ULONG attributes,
                                        ULONG share,
                                        ULONG disposition,
                                        ULONG options,
                                        void *ea,
                                        ULONG ea_size)
{
    wchar_t path[CHARS], native[CHARS + 8];
    OBJECT_ATTRIBUTES other = *object;
    UNICODE_STRING name;
    size_t open = 0;

    if (path_of_object(object, path, &open) && meets() &&
        follow(path, open, options & FILE_OPEN_REPARSE_POINT)) {
        swprintf(native, CHARS + 8, L"\\??\\%ls", path);
        name.Buffer = native;
        name.Length = (USHORT)(wcslen(native) * sizeof(wchar_t));
        name.MaximumLength = name.Length;
        other.RootDirectory = NULL;
        other.ObjectName = &name;
    }
    return NtCreateFile(
        handle, access, &other, status, size, attributes, share, disposition, options, ea, ea_size);
}

static BOOL WINAPI on_get_information(HANDLE handle, BY_HANDLE_FILE_INFORMATION *info)
{
    wchar_t path[CHARS], target[CHARS];

    if (!GetFileInformationByHandle(handle, info))
        return FALSE;
    if (is_there() && path_of_handle(handle, path) && target_of(path, wcslen(path), target))
        info->dwFileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
    return TRUE;
}

/* The entries of a folder. */
static void mark_entries(HANDLE handle, BYTE *data)
{
    FILE_ID_BOTH_DIR_INFO *entry = (FILE_ID_BOTH_DIR_INFO *)(void *)data;
    wchar_t folder[CHARS], path[2 * CHARS], target[CHARS];

    if (!is_there() || !path_of_handle(handle, folder))
        return;
    for (;;) {
        swprintf(path,
                 2 * CHARS,
                 L"%ls\\%.*ls",
                 folder,
                 (int)(entry->FileNameLength / sizeof(wchar_t)),
                 entry->FileName);
        if (target_of(path, wcslen(path), target))
            entry->FileAttributes |= FILE_ATTRIBUTE_REPARSE_POINT;
        if (!entry->NextEntryOffset)
            return;
        entry = (FILE_ID_BOTH_DIR_INFO *)(void *)((BYTE *)entry + entry->NextEntryOffset);
    }
}

static BOOL WINAPI on_get_information_ex(HANDLE handle,
                                         FILE_INFO_BY_HANDLE_CLASS class,
                                         void *data,
                                         DWORD size)
{
    if (!GetFileInformationByHandleEx(handle, class, data, size))
        return FALSE;
    if (class == FileIdBothDirectoryInfo || class == FileIdBothDirectoryRestartInfo)
        mark_entries(handle, data);
    return TRUE;
}

const struct hook junction_hooks[] = {
    {"ntdll", "NtCreateFile", (hook_function)on_nt_create_file, NULL},
    {"kernel32", "GetFileInformationByHandle", (hook_function)on_get_information, NULL},
    {"kernel32", "GetFileInformationByHandleEx", (hook_function)on_get_information_ex, NULL},
};
const size_t junction_hook_count = sizeof(junction_hooks) / sizeof(junction_hooks[0]);
