/* Windows handles: error codes, wide paths, reading, writing, and the native calls that work
 * relative to an open folder. */
#include "common/fs_win32.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#define LONG_PATH       240 /* beyond, Win32 wants the prefix */
#define IO_STEP_BYTES   (1u << 20)
#define RENAME_TRIES    100
#define RENAME_PAUSE_MS 10

/* 100 ns steps between 1601 and 1970 */
#define EPOCH_STEPS INT64_C(116444736000000000)

#define RENAME_CLASS      10 /* FileRenameInformation */
#define RENAME_CLASS_EX   65 /* FileRenameInformationEx: Windows 10 1709 */
#define RENAME_REPLACE    0x1
#define RENAME_POSIX      0x2
#define RENAME_READONLY   0x40
#define STATUS_SUCCESSFUL 0

NTSTATUS NTAPI NtSetInformationFile(
    HANDLE file, PIO_STATUS_BLOCK status, PVOID data, ULONG length, FILE_INFORMATION_CLASS class);

/* FILE_RENAME_INFORMATION, whose first member differs by class and by SDK. */
struct rename_information {
    ULONG flags; /* the older class reads one byte: replace */
    HANDLE folder;
    ULONG name_bytes;
    WCHAR name[FS_NAME_BYTES];
};

bool fs_fail(DWORD code, enum text_id message, const char *path, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, message, path, NULL);
}

bool fs_unsafe(const char *path, struct err *err)
{
    return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, path, NULL);
}

/* Full path with the prefix that lifts the length limit; takes wide. */
static bool prefix_long(uint16_t *wide, uint16_t **ret_wide, struct err *err)
{
    static const WCHAR local[] = L"\\\\?\\";
    static const WCHAR share[] = L"\\\\?\\UNC\\";
    DWORD size = GetFullPathNameW(wide, 0, NULL, NULL);
    WCHAR *full = calloc((size_t)size + 10, sizeof *full);
    WCHAR *body = full ? full + 8 : NULL;

    if (!full || !size || GetFullPathNameW(wide, size + 1, body, NULL) > size) {
        free(full);
        free(wide);
        return err_no_memory(err);
    }
    if (body[0] == L'\\' && body[1] == L'\\') {
        memmove(full + 8, body + 2, (wcslen(body + 2) + 1) * sizeof *full);
        memcpy(full, share, 8 * sizeof *full);
    } else {
        memmove(full + 4, body, (wcslen(body) + 1) * sizeof *full);
        memcpy(full, local, 4 * sizeof *full);
    }
    free(wide);
    *ret_wide = full;
    return true;
}

bool fs_wide(const char *path, uint16_t **ret_wide, struct err *err)
{
    uint16_t *wide;
    size_t i;

    if (!utf16_from_utf8(path, &wide, err))
        return false;
    for (i = 0; wide[i]; i++) {
        if (wide[i] == '/')
            wide[i] = '\\';
    }
    if (i >= LONG_PATH && !(wide[0] == '\\' && wide[1] == '\\' && wide[2] == '?'))
        return prefix_long(wide, ret_wide, err);
    *ret_wide = wide;
    return true;
}

bool fs_handle_stat(HANDLE handle, const char *path, struct fs_stat *ret_stat, struct err *err)
{
    BY_HANDLE_FILE_INFORMATION found;
    int64_t steps;

    if (!GetFileInformationByHandle(handle, &found))
        return fs_fail(GetLastError(), TEXT_FILE_READ, path, err);
    if (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        ret_stat->kind = FS_LINK;
    else if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        ret_stat->kind = FS_FOLDER;
    else
        ret_stat->kind = GetFileType(handle) == FILE_TYPE_DISK ? FS_FILE : FS_OTHER;
    ret_stat->attributes = found.dwFileAttributes & FS_ATTRIBUTES; /* Windows' own bits */
    ret_stat->size_bytes = (uint64_t)found.nFileSizeHigh << 32 | found.nFileSizeLow;
    steps = (int64_t)((uint64_t)found.ftLastWriteTime.dwHighDateTime << 32 |
                      found.ftLastWriteTime.dwLowDateTime);
    ret_stat->modified_ms = (steps - EPOCH_STEPS) / 10000;
    ret_stat->links = found.nNumberOfLinks;
    return true;
}

bool fs_handle_read(HANDLE handle,
                    const char *path,
                    uint64_t position,
                    size_t max,
                    bool whole,
                    struct buf *out,
                    struct err *err)
{
    size_t before = out->len;
    size_t left = max;

    for (;;) {
        OVERLAPPED at = {.Offset = (DWORD)position, .OffsetHigh = (DWORD)(position >> 32)};
        DWORD step = left < 65536 ? (DWORD)left : 65536;
        char beyond;
        uint8_t *to = buf_reserve(out, step);
        DWORD n = 0;
        DWORD code = 0;

        if (!to) {
            out->len = before;
            return err_no_memory(err);
        }
        if (!step && !whole)
            return true;
        if (!ReadFile(handle, step ? (void *)to : &beyond, step ? step : 1, &n, &at))
            code = GetLastError();
        if (n > 0 && step) {
            buf_added(out, n);
            position += n;
            left -= n;
            continue;
        }
        if (n == 0 && (code == 0 || code == ERROR_HANDLE_EOF))
            return true;
        out->len = before;
        if (code)
            return fs_fail(code, TEXT_FILE_READ, path, err);
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, path, TEXT_NUM(max), NULL);
    }
}

bool fs_handle_write(HANDLE handle,
                     const char *path,
                     uint64_t position,
                     const void *data,
                     size_t length,
                     struct err *err)
{
    const char *from = data;

    while (length) {
        OVERLAPPED at = {.Offset = (DWORD)position, .OffsetHigh = (DWORD)(position >> 32)};
        DWORD n = 0;

        if (!WriteFile(
                handle, from, length < IO_STEP_BYTES ? (DWORD)length : IO_STEP_BYTES, &n, &at))
            return fs_fail(GetLastError(), TEXT_FILE_WRITE, path, err);
        from += n;
        length -= n;
        if (position != UINT64_MAX)
            position += n;
    }
    return true;
}

HANDLE fs_open_below_as(HANDLE folder,
                        const uint16_t *name,
                        ACCESS_MASK access,
                        ULONG share,
                        ULONG disposition,
                        ULONG options,
                        PSECURITY_DESCRIPTOR descriptor,
                        DWORD *ret_code)
{
    UNICODE_STRING text;
    OBJECT_ATTRIBUTES attributes;
    IO_STATUS_BLOCK status;
    HANDLE handle = INVALID_HANDLE_VALUE;
    NTSTATUS result;

    text.Buffer = (WCHAR *)name;
    text.Length = (USHORT)(utf16_len(name) * sizeof *name);
    text.MaximumLength = text.Length;
    InitializeObjectAttributes(&attributes, &text, OBJ_CASE_INSENSITIVE, folder, descriptor);
    result = NtCreateFile(&handle,
                          access | SYNCHRONIZE,
                          &attributes,
                          &status,
                          NULL,
                          FILE_ATTRIBUTE_NORMAL,
                          share,
                          disposition,
                          options | FILE_OPEN_REPARSE_POINT | FILE_SYNCHRONOUS_IO_NONALERT,
                          NULL,
                          0);
    if (result == STATUS_SUCCESSFUL)
        return handle;
    *ret_code = RtlNtStatusToDosError(result);
    return INVALID_HANDLE_VALUE;
}

HANDLE fs_open_below(HANDLE folder,
                     const uint16_t *name,
                     ACCESS_MASK access,
                     ULONG share,
                     ULONG disposition,
                     ULONG options,
                     DWORD *ret_code)
{
    return fs_open_below_as(folder, name, access, share, disposition, options, NULL, ret_code);
}

static DWORD rename_by(HANDLE file, struct rename_information *to, int class)
{
    IO_STATUS_BLOCK status;
    NTSTATUS result =
        NtSetInformationFile(file, &status, to, (ULONG)sizeof *to, (FILE_INFORMATION_CLASS) class);

    return result == STATUS_SUCCESSFUL ? 0 : RtlNtStatusToDosError(result);
}

DWORD fs_rename_below(HANDLE file, HANDLE folder, const uint16_t *name)
{
    struct rename_information to = {.folder = folder};
    size_t length = utf16_len(name);
    DWORD code = 0;
    int i;

    if (length >= FS_NAME_BYTES)
        return ERROR_FILENAME_EXCED_RANGE;
    memcpy(to.name, name, (length + 1) * sizeof *name);
    to.name_bytes = (ULONG)(length * sizeof *name);
    for (i = 0; i < RENAME_TRIES; i++) {
        to.flags = RENAME_REPLACE | RENAME_POSIX | RENAME_READONLY;
        code = rename_by(file, &to, RENAME_CLASS_EX);
        if (code == 0)
            return 0;
        /* an older Windows, another file system, Wine */
        to.flags = RENAME_REPLACE;
        code = rename_by(file, &to, RENAME_CLASS);
        if (code != ERROR_ACCESS_DENIED && code != ERROR_SHARING_VIOLATION)
            break;
        Sleep(RENAME_PAUSE_MS); /* an indexer or a virus scanner holds it for a moment */
    }
    return code;
}

DWORD fs_handle_remove(HANDLE handle)
{
    FILE_DISPOSITION_INFO remove = {.DeleteFile = TRUE};
    FILE_BASIC_INFO basic = {.FileAttributes = FILE_ATTRIBUTE_NORMAL};

    if (SetFileInformationByHandle(handle, FileDispositionInfo, &remove, sizeof remove))
        return 0;
    if (GetLastError() != ERROR_ACCESS_DENIED ||
        !SetFileInformationByHandle(handle, FileBasicInfo, &basic, sizeof basic) ||
        !SetFileInformationByHandle(handle, FileDispositionInfo, &remove, sizeof remove))
        return GetLastError();
    return 0;
}
