/* Open files on Windows. */
#include "common/fs_win32.h"

#include <stdlib.h>
#include <string.h>

#define EPOCH_STEPS INT64_C(116444736000000000) /* 100 ns steps between 1601 and 1970 */

struct fs_file {
    HANDLE handle;
    bool append;
    char path[FS_PATH_BYTES]; /* for messages only */
};

static bool file_fail(struct fs_file *file, enum text_id message, struct err *err)
{
    return fs_fail(GetLastError(), message, file->path, err);
}

/* Cuts the file at position 0..size; the handle's own position is not used for anything else. */
static bool set_size(struct fs_file *file, uint64_t size_bytes, struct err *err)
{
    LARGE_INTEGER at;

    at.QuadPart = (LONGLONG)size_bytes;
    return (SetFilePointerEx(file->handle, at, NULL, FILE_BEGIN) && SetEndOfFile(file->handle)) ||
           file_fail(file, TEXT_FILE_WRITE, err);
}

bool fs_file_open(const char *path,
                  enum fs_mode mode,
                  enum fs_access access,
                  struct fs_file **ret_file,
                  struct err *err)
{
    struct fs_security security = {.use = NULL};
    struct fs_file *file = calloc(1, sizeof *file);
    bool only_read = mode == FS_READ || mode == FS_FOLLOW;
    uint16_t *wide = NULL;
    struct fs_stat found = {.kind = FS_OTHER};
    bool ok = false;

    if (!file)
        return err_no_memory(err);
    file->handle = INVALID_HANDLE_VALUE;
    file->append = mode == FS_APPEND;
    text_copy(file->path, sizeof file->path, path);
    if (!fs_wide(path, &wide, err) || !fs_security_init(&security, access, err))
        goto out;
    file->handle =
        CreateFileW(wide,
                    only_read ? GENERIC_READ : GENERIC_READ | GENERIC_WRITE,
                    FS_SHARE_ALL,
                    security.use,
                    only_read ? OPEN_EXISTING : OPEN_ALWAYS,
                    (mode == FS_FOLLOW ? 0 : FILE_FLAG_OPEN_REPARSE_POINT) | FILE_ATTRIBUTE_NORMAL,
                    NULL);
    if (file->handle == INVALID_HANDLE_VALUE) {
        file_fail(file, TEXT_FILE_OPEN, err);
        goto out;
    }
    if (!fs_handle_stat(file->handle, path, &found, err))
        goto out;
    /* followed, but still marked as a reparse point: deduplicated, or kept in a cloud */
    if (found.kind != FS_FILE && !(mode == FS_FOLLOW && found.kind == FS_LINK)) {
        fs_unsafe(path, err);
        goto out;
    }
    ok = mode != FS_CREATE || set_size(file, 0, err);

out:
    free(wide);
    fs_security_done(&security);
    if (ok)
        *ret_file = file;
    else
        fs_file_close(file);
    return ok;
}

bool fs_file_read(struct fs_file *file,
                  uint64_t position,
                  void *data,
                  size_t size,
                  size_t *ret_read,
                  struct err *err)
{
    size_t done = 0;

    while (done < size) {
        uint64_t from = position + done;
        OVERLAPPED at = {.Offset = (DWORD)from, .OffsetHigh = (DWORD)(from >> 32)};
        size_t left = size - done;
        DWORD n = 0;

        if (!ReadFile(file->handle,
                      (char *)data + done,
                      left < MAXLONG ? (DWORD)left : MAXLONG,
                      &n,
                      &at) &&
            GetLastError() != ERROR_HANDLE_EOF)
            return file_fail(file, TEXT_FILE_READ, err);
        if (n == 0)
            break;
        done += n;
    }
    *ret_read = done;
    return true;
}

bool fs_file_write(
    struct fs_file *file, uint64_t position, const void *data, size_t size, struct err *err)
{
    return fs_handle_write(
        file->handle, file->path, file->append ? UINT64_MAX : position, data, size, err);
}

bool fs_file_resize(struct fs_file *file, uint64_t size_bytes, struct err *err)
{
    return set_size(file, size_bytes, err);
}

bool fs_file_flush(struct fs_file *file, struct err *err)
{
    return FlushFileBuffers(file->handle) || file_fail(file, TEXT_FILE_WRITE, err);
}

bool fs_file_stat(struct fs_file *file, struct fs_stat *ret_stat, struct err *err)
{
    return fs_handle_stat(file->handle, file->path, ret_stat, err);
}

bool fs_file_set_modified(struct fs_file *file, int64_t modified_ms, struct err *err)
{
    uint64_t steps = (uint64_t)(modified_ms * 10000 + EPOCH_STEPS);
    FILETIME time = {.dwLowDateTime = (DWORD)steps, .dwHighDateTime = (DWORD)(steps >> 32)};

    return SetFileTime(file->handle, NULL, NULL, &time) || file_fail(file, TEXT_FILE_WRITE, err);
}

void fs_file_close(struct fs_file *file)
{
    if (!file)
        return;
    if (file->handle != INVALID_HANDLE_VALUE)
        CloseHandle(file->handle);
    free(file);
}
