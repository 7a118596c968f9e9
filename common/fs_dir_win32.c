/* Folders that others can write, on Windows: everything is opened relative to a checked handle. */
#include "common/fs_win32.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#define OPEN_TRIES     20
#define OPEN_PAUSE_MS  10
#define TREE_DEPTH_MAX 64
#define TREE_PASSES    50 /* over one folder, until it is empty */
#define TREE_PAUSE_MS  10
#define LIST_BYTES     65536

#define FOLDER_ACCESS (FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES)
#define FILE_OPTIONS  (FILE_NON_DIRECTORY_FILE)

struct fs_dir {
    HANDLE handle;
    char path[FS_PATH_BYTES]; /* for messages only */
};

static const char *path_below(const struct fs_dir *dir, const char *name, char out[FS_PATH_BYTES])
{
    if (!fs_join(out, dir->path, name, NULL))
        text_copy(out, FS_PATH_BYTES, name);
    return out;
}

/* Sets err from a Win32 code; an entry of another kind than asked for is unsafe. */
static bool dir_fail(
    DWORD code, enum text_id message, const struct fs_dir *dir, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES];

    path_below(dir, name, path);
    if (code == ERROR_DIRECTORY || code == ERROR_CANT_ACCESS_FILE)
        return fs_unsafe(path, err);
    return fs_fail(code, message, path, err);
}

static bool dir_unsafe(const struct fs_dir *dir, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES];

    return fs_unsafe(path_below(dir, name, path), err);
}

static bool is_missing(DWORD code)
{
    return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
}

/* Opens the entry name of dir, which must be a safe name; INVALID_HANDLE_VALUE with *ret_code,
 * which is 0 when err is set already. */
static HANDLE open_entry(const struct fs_dir *dir,
                         const char *name,
                         ACCESS_MASK access,
                         ULONG share,
                         ULONG disposition,
                         ULONG options,
                         DWORD *ret_code,
                         struct err *err)
{
    HANDLE handle;
    uint16_t *wide;

    *ret_code = 0;
    if (!utf16_from_utf8(name, &wide, err))
        return INVALID_HANDLE_VALUE;
    handle = fs_open_below(dir->handle, wide, access, share, disposition, options, ret_code);
    free(wide);
    return handle;
}

/* Takes handle, which must be a plain folder. */
static bool dir_new(HANDLE handle, const char *path, struct fs_dir **ret_dir, struct err *err)
{
    struct fs_dir *dir = malloc(sizeof *dir);
    struct fs_stat found = {.kind = FS_OTHER};

    if (!dir) {
        err_no_memory(err);
    } else if (fs_handle_stat(handle, path, &found, err)) {
        if (found.kind == FS_FOLDER) {
            dir->handle = handle;
            text_copy(dir->path, sizeof dir->path, path);
            *ret_dir = dir;
            return true;
        }
        fs_unsafe(path, err);
    }
    CloseHandle(handle);
    free(dir);
    return false;
}

/* Without "\\?\" and "\\?\UNC", for comparing. */
static const WCHAR *without_prefix(const WCHAR *path)
{
    if (wcsncmp(path, L"\\\\?\\UNC\\", 8) == 0)
        return path + 7;
    return wcsncmp(path, L"\\\\?\\", 4) == 0 ? path + 4 : path;
}

/* False when a folder above was a link, so that the handle is somewhere else than the path says. */
static bool is_where_it_should_be(HANDLE handle, const uint16_t *wide)
{
    WCHAR *texts = calloc(3 * 32768, sizeof *texts);
    WCHAR *full = texts;
    WCHAR *wanted = texts ? texts + 32768 : NULL;
    WCHAR *is = texts ? texts + 2 * 32768 : NULL;
    const WCHAR *a;
    const WCHAR *b;
    bool same = false;

    if (texts && GetFullPathNameW(wide, 32768, full, NULL) &&
        GetLongPathNameW(full, wanted, 32768) &&
        GetFinalPathNameByHandleW(handle, is, 32768, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS)) {
        size_t length;

        a = without_prefix(wanted);
        b = without_prefix(is);
        if (a[0] == L'\\' && b[0] == L'\\' && a[1] == L'\\')
            a++; /* a share: one of the two may have lost a backslash with its prefix */
        length = wcslen(a);
        while (length > 3 && a[length - 1] == L'\\')
            length--;
        same = CompareStringOrdinal(a, (int)length, b, -1, TRUE) == CSTR_EQUAL;
    }
    free(texts);
    return same;
}

bool fs_dir_open(const char *path, struct fs_dir **ret_dir, struct err *err)
{
    uint16_t *wide;
    HANDLE handle;
    DWORD code = 0;
    bool there;

    if (!fs_wide(path, &wide, err))
        return false;
    handle = CreateFileW(wide,
                         FOLDER_ACCESS,
                         FS_SHARE_ALL,
                         NULL,
                         OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                         NULL);
    if (handle == INVALID_HANDLE_VALUE)
        code = GetLastError();
    there = !code && is_where_it_should_be(handle, wide);
    free(wide);
    if (code)
        return fs_fail(code, TEXT_FILE_OPEN, path, err);
    if (!there) {
        CloseHandle(handle);
        return fs_unsafe(path, err);
    }
    return dir_new(handle, path, ret_dir, err);
}

bool fs_dir_open_sub(
    struct fs_dir *dir, const char *name, bool create, struct fs_dir **ret_dir, struct err *err)
{
    char path[FS_PATH_BYTES];
    HANDLE handle;
    DWORD code;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    handle = open_entry(dir,
                        name,
                        FOLDER_ACCESS,
                        FS_SHARE_ALL,
                        create ? FILE_OPEN_IF : FILE_OPEN,
                        FILE_DIRECTORY_FILE,
                        &code,
                        err);
    if (handle == INVALID_HANDLE_VALUE)
        return code && dir_fail(code, TEXT_FILE_OPEN, dir, name, err);
    return dir_new(handle, path_below(dir, name, path), ret_dir, err);
}

void fs_dir_close(struct fs_dir *dir)
{
    if (!dir)
        return;
    CloseHandle(dir->handle);
    free(dir);
}

bool fs_dir_stat(struct fs_dir *dir, const char *name, struct fs_stat *ret_stat, struct err *err)
{
    char path[FS_PATH_BYTES];
    HANDLE handle;
    DWORD code;
    bool ok;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    handle = open_entry(dir, name, FILE_READ_ATTRIBUTES, FS_SHARE_ALL, FILE_OPEN, 0, &code, err);
    if (handle == INVALID_HANDLE_VALUE) {
        if (!is_missing(code))
            return code && dir_fail(code, TEXT_FILE_READ, dir, name, err);
        memset(ret_stat, 0, sizeof *ret_stat);
        ret_stat->kind = FS_MISSING;
        return true;
    }
    ok = fs_handle_stat(handle, path_below(dir, name, path), ret_stat, err);
    CloseHandle(handle);
    return ok;
}

/* False with ERR_UNSAFE unless the open entry is a plain file with one name. */
static bool check_plain(HANDLE handle, const char *path, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};

    if (!fs_handle_stat(handle, path, &found, err))
        return false;
    return (found.kind == FS_FILE && found.links == 1) || fs_unsafe(path, err);
}

/* Opens a plain file for reading; INVALID_HANDLE_VALUE and err. Deleting is not shared: while the
 * file is open none of its names can go, so that the number of links tells whether ours is the only
 * one. Otherwise somebody could take away the link through which we came to a file of somebody
 * else's. */
static HANDLE file_open(const struct fs_dir *dir, const char *name, struct err *err)
{
    DWORD code = 0;
    int i;

    for (i = 0; i < OPEN_TRIES; i++) {
        HANDLE handle = open_entry(dir,
                                   name,
                                   FILE_READ_DATA | FILE_READ_ATTRIBUTES,
                                   FILE_SHARE_READ | FILE_SHARE_WRITE,
                                   FILE_OPEN,
                                   FILE_OPTIONS,
                                   &code,
                                   err);

        if (handle != INVALID_HANDLE_VALUE)
            return handle;
        if (code != ERROR_SHARING_VIOLATION)
            break;
        Sleep(OPEN_PAUSE_MS); /* its owner is replacing it */
    }
    if (code)
        dir_fail(code, TEXT_FILE_OPEN, dir, name, err);
    return INVALID_HANDLE_VALUE;
}

bool fs_dir_read(struct fs_dir *dir,
                 const char *name,
                 uint64_t offset,
                 size_t max,
                 struct buf *out,
                 struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_stat found = {.kind = FS_OTHER};
    HANDLE handle;
    bool ok;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    if (fs_dir_stat(dir, name, &found, NULL) && found.kind == FS_FOLDER)
        return dir_unsafe(dir, name, err); /* whose own error would be "access denied" */
    handle = file_open(dir, name, err);
    if (handle == INVALID_HANDLE_VALUE)
        return false;
    path_below(dir, name, path);
    ok = check_plain(handle, path, err) &&
         fs_handle_read(handle, path, offset, max, false, out, err);
    CloseHandle(handle);
    return ok;
}

/* The file that is to be replaced must be missing or plain. */
static bool check_target(struct fs_dir *dir, const char *name, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};

    if (!fs_dir_stat(dir, name, &found, err))
        return false;
    return found.kind == FS_MISSING || (found.kind == FS_FILE && found.links == 1) ||
           dir_unsafe(dir, name, err);
}

/* Flushes the new file and gives it its name. */
static bool
commit(struct fs_dir *dir, HANDLE file, const char *name, const char *path, struct err *err)
{
    uint16_t *wide;
    DWORD code;

    if (!FlushFileBuffers(file))
        return fs_fail(GetLastError(), TEXT_FILE_WRITE, path, err);
    if (!utf16_from_utf8(name, &wide, err))
        return false;
    code = fs_rename_below(file, dir->handle, wide);
    free(wide);
    if (code)
        return fs_fail(code, TEXT_FILE_WRITE, path, err);
    return FlushFileBuffers(file) || fs_fail(GetLastError(), TEXT_FILE_WRITE, path, err);
}

bool fs_dir_write(
    struct fs_dir *dir, const char *name, const void *data, size_t length, struct err *err)
{
    char temp[FS_NAME_BYTES + 64];
    char path[FS_PATH_BYTES];
    HANDLE file;
    DWORD code;
    bool ok;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    if (!check_target(dir, name, err) || !fs_dir_temp_name(name, temp, sizeof temp, err))
        return false;
    fs_dir_sweep(dir, name);
    file = open_entry(dir,
                      temp,
                      FILE_WRITE_DATA | FILE_READ_ATTRIBUTES | DELETE,
                      FILE_SHARE_READ | FILE_SHARE_DELETE,
                      FILE_CREATE,
                      FILE_OPTIONS | FILE_WRITE_THROUGH,
                      &code,
                      err);
    if (file == INVALID_HANDLE_VALUE)
        return code && dir_fail(code, TEXT_FILE_WRITE, dir, name, err);
    path_below(dir, name, path);
    ok = fs_handle_write(file, path, 0, data, length, err) && commit(dir, file, name, path, err);
    if (!ok)
        fs_handle_remove(file);
    CloseHandle(file);
    return ok;
}

bool fs_dir_remove(struct fs_dir *dir, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES];
    HANDLE handle;
    DWORD code;
    bool ok;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    handle = open_entry(dir,
                        name,
                        DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES,
                        FS_SHARE_ALL,
                        FILE_OPEN,
                        0,
                        &code,
                        err);
    if (handle == INVALID_HANDLE_VALUE)
        return is_missing(code) || (code && dir_fail(code, TEXT_FILE_REMOVE, dir, name, err));
    path_below(dir, name, path);
    ok = check_plain(handle, path, err);
    if (ok) {
        code = fs_handle_remove(handle);
        ok = code == 0 || fs_fail(code, TEXT_FILE_REMOVE, path, err);
    }
    CloseHandle(handle);
    return ok;
}

/* Visits the entries of one full answer of the system; true to go on. */
static bool visit_batch(const char *batch,
                        bool (*visit)(const char *name, enum fs_kind kind, void *user),
                        void *user)
{
    for (;;) {
        const FILE_ID_BOTH_DIR_INFO *entry = (const FILE_ID_BOTH_DIR_INFO *)(const void *)batch;
        char name[4 * MAX_PATH];
        enum fs_kind kind = FS_FILE;

        if (entry->FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
            kind = FS_LINK;
        else if (entry->FileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            kind = FS_FOLDER;
        if (utf16_to_utf8_into(
                entry->FileName, entry->FileNameLength / sizeof(WCHAR), name, sizeof name) &&
            strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !visit(name, kind, user))
            return false;
        if (!entry->NextEntryOffset)
            return true;
        batch += entry->NextEntryOffset;
    }
}

bool fs_dir_list(struct fs_dir *dir,
                 bool (*visit)(const char *name, enum fs_kind kind, void *user),
                 void *user,
                 struct err *err)
{
    static const uint16_t itself[] = {0};
    char *batch = malloc(LIST_BYTES);
    DWORD code = 0;
    HANDLE handle; /* its own: a handle has one place in the listing */

    if (!batch)
        return err_no_memory(err);
    handle = fs_open_below(
        dir->handle, itself, FOLDER_ACCESS, FS_SHARE_ALL, FILE_OPEN, FILE_DIRECTORY_FILE, &code);
    while (!code) {
        if (!GetFileInformationByHandleEx(handle, FileIdBothDirectoryInfo, batch, LIST_BYTES))
            code = GetLastError();
        else if (!visit_batch(batch, visit, user))
            code = ERROR_NO_MORE_FILES;
    }
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(batch);
    return code == ERROR_NO_MORE_FILES || fs_fail(code, TEXT_FILE_READ, dir->path, err);
}

struct tree {
    struct fs_dir dir;
    unsigned depth;
    struct err *err;
    bool ok;
};

static bool tree_visit(const char *name, enum fs_kind kind, void *user);

/* Empties the open entry when it is a folder (a link is not one), then removes it. */
static bool tree_remove(HANDLE handle, const char *path, unsigned depth, struct err *err)
{
    struct tree tree = {.dir = {.handle = handle}, .depth = depth, .err = err, .ok = true};
    struct fs_stat found = {.kind = FS_OTHER};
    DWORD code = 0;
    int i;

    if (!fs_handle_stat(handle, path, &found, err))
        return false;
    if (depth > TREE_DEPTH_MAX)
        return fs_unsafe(path, err);
    text_copy(tree.dir.path, sizeof tree.dir.path, path);
    for (i = 0; i < TREE_PASSES; i++) {
        if (found.kind == FS_FOLDER &&
            (!fs_dir_list(&tree.dir, tree_visit, &tree, err) || !tree.ok))
            return false;
        code = fs_handle_remove(handle);
        if (code != ERROR_DIR_NOT_EMPTY)
            break;
        Sleep(TREE_PAUSE_MS); /* a scanner still holds a file that is removed already */
    }
    return code == 0 || fs_fail(code, TEXT_FILE_REMOVE, path, err);
}

#define REMOVE_ACCESS                                                                              \
    (DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | FILE_LIST_DIRECTORY | FILE_TRAVERSE)

static bool tree_visit(const char *name, enum fs_kind kind, void *user)
{
    struct tree *tree = user;
    char path[FS_PATH_BYTES];
    DWORD code;
    HANDLE handle =
        open_entry(&tree->dir, name, REMOVE_ACCESS, FS_SHARE_ALL, FILE_OPEN, 0, &code, tree->err);

    (void)kind;
    path_below(&tree->dir, name, path);
    if (handle == INVALID_HANDLE_VALUE) {
        tree->ok = is_missing(code) || (code && fs_fail(code, TEXT_FILE_REMOVE, path, tree->err));
        return tree->ok;
    }
    tree->ok = tree_remove(handle, path, tree->depth + 1, tree->err);
    CloseHandle(handle);
    return tree->ok;
}

bool fs_handle_remove_tree(HANDLE handle, const char *path, struct err *err)
{
    return tree_remove(handle, path, 0, err);
}

bool fs_remove_tree(const char *path, struct err *err)
{
    uint16_t *wide;
    HANDLE handle;
    DWORD code = 0;
    bool ok;

    if (!fs_wide(path, &wide, err))
        return false;
    handle = CreateFileW(wide,
                         REMOVE_ACCESS,
                         FS_SHARE_ALL,
                         NULL,
                         OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT,
                         NULL);
    if (handle == INVALID_HANDLE_VALUE)
        code = GetLastError();
    free(wide);
    if (code)
        return is_missing(code) || fs_fail(code, TEXT_FILE_REMOVE, path, err);
    ok = tree_remove(handle, path, 0, err);
    CloseHandle(handle);
    return ok;
}
