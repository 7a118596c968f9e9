/* Our own places on Windows: reading, atomic replacing, folders, locks. */
#include "common/fs_win32.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#define TEMP_TRIES    500
#define TEMP_PAUSE_MS 10

const char fs_separator = '\\';

struct fs_lock {
    HANDLE handle;
};

bool fs_is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* CreateFileW by UTF-8 path; INVALID_HANDLE_VALUE with *ret_code (ERROR_SUCCESS: err is set). */
static HANDLE open_path(const char *path,
                        DWORD access,
                        DWORD share,
                        SECURITY_ATTRIBUTES *security,
                        DWORD disposition,
                        DWORD flags,
                        DWORD *ret_code,
                        struct err *err)
{
    HANDLE handle;
    uint16_t *wide;

    *ret_code = ERROR_SUCCESS;
    if (!fs_wide(path, &wide, err))
        return INVALID_HANDLE_VALUE;
    handle = CreateFileW(wide, access, share, security, disposition, flags, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        *ret_code = GetLastError();
    free(wide);
    return handle;
}

/* The failure of open_path. */
static bool open_failed(DWORD code, enum text_id message, const char *path, struct err *err)
{
    return code != ERROR_SUCCESS && fs_fail(code, message, path, err);
}

static bool is_missing(DWORD code)
{
    return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
}

bool fs_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};
    DWORD code;
    HANDLE handle = open_path(path,
                              GENERIC_READ,
                              FS_SHARE_ALL,
                              NULL,
                              OPEN_EXISTING,
                              FILE_FLAG_SEQUENTIAL_SCAN,
                              &code,
                              err);
    bool ok;

    if (handle == INVALID_HANDLE_VALUE)
        return open_failed(code, TEXT_FILE_OPEN, path, err);
    if (!fs_handle_stat(handle, path, &found, err))
        ok = false;
    else if (found.kind != FS_FILE)
        ok = fs_unsafe(path, err);
    else if (found.size_bytes > max)
        ok = err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, path, TEXT_NUM(max), NULL);
    else
        ok = fs_handle_read(handle, path, 0, max, true, out, err);
    CloseHandle(handle);
    return ok;
}

/* The folder part of path into out, and its last component. */
static const char *split(const char *path, char out[FS_PATH_BYTES])
{
    size_t length = strlen(path);

    while (length && !fs_is_separator(path[length - 1]))
        length--;
    if (length == 0)
        text_copy(out, FS_PATH_BYTES, ".");
    else
        text_copy(out, length + 1 < FS_PATH_BYTES ? length + 1 : FS_PATH_BYTES, path);
    return path + length;
}

bool fs_temp_remove(const char *path, struct err *err)
{
    DWORD code;
    /* a living writer does not share writing, so this fails while he lives */
    HANDLE handle = open_path(path,
                              DELETE | GENERIC_WRITE,
                              FILE_SHARE_DELETE,
                              NULL,
                              OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT,
                              &code,
                              err);

    if (handle == INVALID_HANDLE_VALUE)
        return is_missing(code) || code == ERROR_SHARING_VIOLATION ||
               open_failed(code, TEXT_FILE_REMOVE, path, err);
    code = fs_handle_remove(handle);
    CloseHandle(handle);
    return code == 0 || fs_fail(code, TEXT_FILE_REMOVE, path, err);
}

/* Creates the temporary file, which nobody else can open for writing while we live. Reading is
 * shared: the handle lives on a moment after the file got its name, and a reader must not fail
 * then. */
static HANDLE temp_open(const char *temp, SECURITY_ATTRIBUTES *security, struct err *err)
{
    int i;

    for (i = 0; i < TEMP_TRIES; i++) {
        DWORD code;
        HANDLE handle = open_path(temp,
                                  GENERIC_WRITE | DELETE,
                                  FILE_SHARE_READ | FILE_SHARE_DELETE,
                                  security,
                                  CREATE_NEW,
                                  FILE_FLAG_WRITE_THROUGH | FILE_ATTRIBUTE_NORMAL,
                                  &code,
                                  err);

        if (handle != INVALID_HANDLE_VALUE)
            return handle;
        if (code != ERROR_FILE_EXISTS && code != ERROR_SHARING_VIOLATION &&
            code != ERROR_ACCESS_DENIED) {
            open_failed(code, TEXT_FILE_WRITE, temp, err);
            return INVALID_HANDLE_VALUE;
        }
        if (code == ERROR_FILE_EXISTS && !fs_temp_remove(temp, err))
            return INVALID_HANDLE_VALUE;
        if (i)
            Sleep(TEMP_PAUSE_MS);
    }
    err_set(err, ERR_BUSY, TEXT_LOCK_BUSY, temp, NULL);
    return INVALID_HANDLE_VALUE;
}

/* Writes the temporary file and renames it to name in the folder. */
static bool write_temp(HANDLE file,
                       HANDLE folder,
                       const char *path,
                       const char *name,
                       const void *data,
                       size_t length,
                       struct err *err)
{
    uint16_t *wide;
    DWORD code;

    if (!fs_handle_write(file, path, 0, data, length, err))
        return false;
    if (!FlushFileBuffers(file))
        return fs_fail(GetLastError(), TEXT_FILE_WRITE, path, err);
    if (!utf16_from_utf8(name, &wide, err))
        return false;
    code = fs_rename_below(file, folder, wide);
    free(wide);
    if (code)
        return fs_fail(code, TEXT_FILE_WRITE, path, err);
    return FlushFileBuffers(file) || fs_fail(GetLastError(), TEXT_FILE_WRITE, path, err);
}

bool fs_write_atomic(
    const char *path, const void *data, size_t length, enum fs_access access, struct err *err)
{
    char temp[FS_PATH_BYTES];
    char parent[FS_PATH_BYTES];
    const char *name = split(path, parent);
    struct fs_security security = {.use = NULL};
    HANDLE folder = INVALID_HANDLE_VALUE;
    HANDLE file = INVALID_HANDLE_VALUE;
    bool ok = false;
    DWORD code;

    if (strlen(path) + sizeof FS_TEMP_SUFFIX > sizeof temp)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
    text_copy(temp, sizeof temp, path);
    strcat(temp, FS_TEMP_SUFFIX);
    if (!fs_security_init(&security, access, err))
        goto out;
    folder = open_path(parent,
                       FILE_TRAVERSE | FILE_ADD_FILE,
                       FS_SHARE_ALL,
                       NULL,
                       OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS,
                       &code,
                       err);
    if (folder == INVALID_HANDLE_VALUE) {
        open_failed(code, TEXT_FILE_WRITE, path, err);
        goto out;
    }
    file = temp_open(temp, security.use, err);
    if (file == INVALID_HANDLE_VALUE)
        goto out;
    ok = write_temp(file, folder, path, name, data, length, err);
    if (!ok)
        fs_handle_remove(file);

out:
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    if (folder != INVALID_HANDLE_VALUE)
        CloseHandle(folder);
    fs_security_done(&security);
    return ok;
}

bool fs_append(
    const char *path, const void *data, size_t length, enum fs_access access, struct err *err)
{
    struct fs_file *file;
    bool ok;

    if (!fs_file_open(path, FS_APPEND, access, &file, err))
        return false;
    ok = fs_file_write(file, 0, data, length, err) && fs_file_flush(file, err);
    fs_file_close(file);
    return ok;
}

/* Creates the folder, its parents first when they are missing. 0 or a Win32 code. */
static DWORD make_folder(uint16_t *wide, SECURITY_ATTRIBUTES *security)
{
    size_t end = utf16_len(wide);
    uint16_t kept;
    DWORD code;

    if (CreateDirectoryW(wide, security))
        return 0;
    code = GetLastError();
    if (code != ERROR_PATH_NOT_FOUND)
        return code == ERROR_ALREADY_EXISTS ? 0 : code;
    while (end && wide[end - 1] != '\\')
        end--;
    while (end && wide[end - 1] == '\\')
        end--;
    if (end == 0 || wide[end - 1] == ':')
        return code;
    kept = wide[end];
    wide[end] = 0;
    code = make_folder(wide, security);
    wide[end] = kept;
    if (code)
        return code;
    return CreateDirectoryW(wide, security) || GetLastError() == ERROR_ALREADY_EXISTS
               ? 0
               : GetLastError();
}

/* An existing folder is good for private files when nobody else can have planted or change it. */
static bool check_folder(const char *path, enum fs_access access, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};
    DWORD code;
    HANDLE handle = open_path(path,
                              FILE_READ_ATTRIBUTES | READ_CONTROL,
                              FS_SHARE_ALL,
                              NULL,
                              OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS |
                                  (access == FS_PRIVATE ? FILE_FLAG_OPEN_REPARSE_POINT : 0),
                              &code,
                              err);
    bool ok;

    if (handle == INVALID_HANDLE_VALUE)
        return open_failed(code, TEXT_FOLDER_CREATE, path, err);
    ok = fs_handle_stat(handle, path, &found, err);
    if (ok && found.kind != FS_FOLDER)
        ok = access == FS_PRIVATE ? fs_unsafe(path, err)
                                  : err_set(err, ERR_EXISTS, TEXT_FOLDER_CREATE, path, NULL);
    if (ok && access == FS_PRIVATE)
        ok = fs_check_private(handle, path, err);
    CloseHandle(handle);
    return ok;
}

bool fs_make_dirs(const char *path, enum fs_access access, struct err *err)
{
    struct fs_security security = {.use = NULL};
    uint16_t *wide = NULL;
    size_t length;
    bool ok = false;
    DWORD code;

    if (!fs_wide(path, &wide, err) || !fs_security_init(&security, access, err))
        goto out;
    length = utf16_len(wide);
    while (length > 1 && wide[length - 1] == '\\' && wide[length - 2] != ':')
        wide[--length] = 0;
    code = make_folder(wide, security.use);
    ok = code ? fs_fail(code, TEXT_FOLDER_CREATE, path, err) : check_folder(path, access, err);

out:
    fs_security_done(&security);
    free(wide);
    return ok;
}

bool fs_rename(const char *from, const char *to, struct err *err)
{
    uint16_t *wide_from = NULL;
    uint16_t *wide_to = NULL;
    bool ok = fs_wide(from, &wide_from, err) && fs_wide(to, &wide_to, err);

    if (ok &&
        !MoveFileExW(wide_from, wide_to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) {
        DWORD code = GetLastError();

        ok = fs_fail(code, TEXT_FILE_WRITE, is_missing(code) ? from : to, err);
    }
    free(wide_from);
    free(wide_to);
    return ok;
}

bool fs_remove(const char *path, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};
    DWORD code;
    HANDLE handle = open_path(path,
                              DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES,
                              FS_SHARE_ALL,
                              NULL,
                              OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT,
                              &code,
                              err);

    if (handle == INVALID_HANDLE_VALUE)
        return is_missing(code) || open_failed(code, TEXT_FILE_REMOVE, path, err);
    if (!fs_handle_stat(handle, path, &found, err)) {
        CloseHandle(handle);
        return false;
    }
    code = found.kind == FS_FOLDER ? ERROR_ACCESS_DENIED : fs_handle_remove(handle);
    CloseHandle(handle);
    return code == 0 || fs_fail(code, TEXT_FILE_REMOVE, path, err);
}

bool fs_set_read_only(const char *path, bool on, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};
    FILE_BASIC_INFO info;
    DWORD code = 0;
    HANDLE handle = open_path(path,
                              FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES,
                              FS_SHARE_ALL,
                              NULL,
                              OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS,
                              &code,
                              err);

    if (handle == INVALID_HANDLE_VALUE)
        return open_failed(code, TEXT_PERMISSIONS, path, err);
    if (!fs_handle_stat(handle, path, &found, err) || found.kind != FS_FILE) {
        CloseHandle(handle);
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, path, NULL);
    }
    if (!GetFileInformationByHandleEx(handle, FileBasicInfo, &info, sizeof info))
        code = GetLastError();
    info.FileAttributes &= ~(DWORD)FILE_ATTRIBUTE_READONLY;
    if (on)
        info.FileAttributes |= FILE_ATTRIBUTE_READONLY;
    /* 0 would mean "leave them as they are" */
    if (!info.FileAttributes)
        info.FileAttributes = FILE_ATTRIBUTE_NORMAL;
    if (!code && !SetFileInformationByHandle(handle, FileBasicInfo, &info, sizeof info))
        code = GetLastError();
    CloseHandle(handle);
    return code == 0 || fs_fail(code, TEXT_PERMISSIONS, path, err);
}

bool fs_stat(const char *path, struct fs_stat *ret_stat, struct err *err)
{
    DWORD code;
    HANDLE handle = open_path(path,
                              FILE_READ_ATTRIBUTES,
                              FS_SHARE_ALL,
                              NULL,
                              OPEN_EXISTING,
                              FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS,
                              &code,
                              err);
    bool ok;

    if (handle == INVALID_HANDLE_VALUE) {
        if (!is_missing(code))
            return open_failed(code, TEXT_FILE_READ, path, err);
        memset(ret_stat, 0, sizeof *ret_stat);
        ret_stat->kind = FS_MISSING;
        return true;
    }
    ok = fs_handle_stat(handle, path, ret_stat, err);
    CloseHandle(handle);
    return ok;
}

/* Visits one found entry; true to go on. */
static bool visit_found(const WIN32_FIND_DATAW *found,
                        bool (*visit)(const char *name, enum fs_kind kind, void *user),
                        void *user)
{
    char name[4 * MAX_PATH];
    enum fs_kind kind = FS_FILE;

    if (wcscmp(found->cFileName, L".") == 0 || wcscmp(found->cFileName, L"..") == 0 ||
        !utf16_to_utf8_into(found->cFileName, wcslen(found->cFileName), name, sizeof name))
        return true;
    if (found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
        kind = FS_LINK;
    else if (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
        kind = FS_FOLDER;
    return visit(name, kind, user);
}

bool fs_list(const char *path,
             bool (*visit)(const char *name, enum fs_kind kind, void *user),
             void *user,
             struct err *err)
{
    char pattern[FS_PATH_BYTES];
    WIN32_FIND_DATAW found;
    uint16_t *wide;
    HANDLE find;
    DWORD code;

    if (!fs_join(pattern, path, "*", err) || !fs_wide(pattern, &wide, err))
        return false;
    find = FindFirstFileExW(
        wide, FindExInfoBasic, &found, FindExSearchNameMatch, NULL, FIND_FIRST_EX_LARGE_FETCH);
    code = GetLastError();
    free(wide);
    if (find == INVALID_HANDLE_VALUE)
        return is_missing(code) || fs_fail(code, TEXT_FILE_OPEN, path, err);
    while (visit_found(&found, visit, user)) {
        if (FindNextFileW(find, &found))
            continue;
        code = GetLastError();
        FindClose(find);
        return code == ERROR_NO_MORE_FILES || fs_fail(code, TEXT_FILE_READ, path, err);
    }
    FindClose(find);
    return true;
}

bool fs_free_space(const char *path, uint64_t *ret_bytes, struct err *err)
{
    ULARGE_INTEGER free_bytes;
    uint16_t *wide;
    DWORD code = 0;

    if (!fs_wide(path, &wide, err))
        return false;
    if (!GetDiskFreeSpaceExW(wide, &free_bytes, NULL, NULL))
        code = GetLastError();
    free(wide);
    if (code)
        return fs_fail(code, TEXT_FILE_READ, path, err);
    *ret_bytes = free_bytes.QuadPart;
    return true;
}

bool fs_lock_try(const char *path, struct fs_lock **ret_lock, struct err *err)
{
    OVERLAPPED at = {.Offset = 0};
    struct fs_lock *lock = malloc(sizeof *lock);
    DWORD code;

    if (!lock)
        return err_no_memory(err);
    lock->handle = open_path(path,
                             GENERIC_READ | GENERIC_WRITE,
                             FILE_SHARE_READ | FILE_SHARE_WRITE,
                             NULL,
                             OPEN_ALWAYS,
                             FILE_FLAG_OPEN_REPARSE_POINT,
                             &code,
                             err);
    if (lock->handle == INVALID_HANDLE_VALUE) {
        open_failed(code, TEXT_FILE_OPEN, path, err);
    } else if (!LockFileEx(lock->handle,
                           LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY,
                           0,
                           1,
                           0,
                           &at)) {
        code = GetLastError();
        if (code == ERROR_LOCK_VIOLATION || code == ERROR_IO_PENDING)
            err_set(err, ERR_BUSY, TEXT_LOCK_BUSY, path, NULL);
        else
            fs_fail(code, TEXT_FILE_OPEN, path, err);
        CloseHandle(lock->handle);
    } else {
        *ret_lock = lock;
        return true;
    }
    free(lock);
    return false;
}

void fs_unlock(struct fs_lock *lock)
{
    if (!lock)
        return;
    CloseHandle(lock->handle);
    free(lock);
}
