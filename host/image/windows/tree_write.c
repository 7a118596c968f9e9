/* Writing files of a volume: a new file beside the old one, flushed, then renamed over it, so that
 * a power cut leaves one of the two. */
#include "host/image/windows/inside.h"

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#define TEMP_SUFFIX L".gpupv-new"
#define NEW_ACCESS                                                                                 \
    (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | DELETE)
#define COPY_STEP_BYTES ((size_t)1 << 20)
#define KEPT_ATTRIBUTES                                                                            \
    (FILE_ATTRIBUTE_READONLY | FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM |                     \
     FILE_ATTRIBUTE_ARCHIVE)

/* What a replaced file hands on. */
struct old {
    PSECURITY_DESCRIPTOR descriptor; /* free with free() */
    DWORD attributes;                /* 0: none */
};

/* A file that is being written. */
struct fresh {
    struct tree_place place; /* of the final name */
    HANDLE file;
    struct old old;
};

/* Reads owner and lists; 0 or a Win32 code. */
static DWORD read_descriptor(HANDLE handle, PSECURITY_DESCRIPTOR *ret_descriptor)
{
    const SECURITY_INFORMATION what =
        OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    PSECURITY_DESCRIPTOR descriptor;
    DWORD size = 0;

    if (GetKernelObjectSecurity(handle, what, NULL, 0, &size) ||
        GetLastError() != ERROR_INSUFFICIENT_BUFFER)
        return size ? ERROR_INVALID_DATA : GetLastError();
    descriptor = malloc(size);
    if (!descriptor)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (!GetKernelObjectSecurity(handle, what, descriptor, size, &size)) {
        free(descriptor);
        return GetLastError();
    }
    *ret_descriptor = descriptor;
    return 0;
}

/* Looks at what the new file replaces: nothing, or a plain file. */
static bool look_at_old(struct fresh *fresh, const char *name, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};
    FILE_BASIC_INFO basic;
    DWORD code = 0;
    HANDLE old =
        tree_open(&fresh->place, READ_CONTROL | FILE_READ_ATTRIBUTES, FILE_OPEN, 0, NULL, &code);
    bool ok;

    if (old == INVALID_HANDLE_VALUE)
        return code == ERROR_FILE_NOT_FOUND || explain(code, TEXT_FILE_WRITE, name, err);
    ok = fs_handle_stat(old, name, &found, err) && (found.kind == FS_FILE || fs_unsafe(name, err));
    if (ok) {
        code = read_descriptor(old, &fresh->old.descriptor);
        if (!code && !GetFileInformationByHandleEx(old, FileBasicInfo, &basic, sizeof basic))
            code = GetLastError();
        if (!code)
            fresh->old.attributes = basic.FileAttributes & KEPT_ATTRIBUTES;
        ok = code == 0 || explain(code, TEXT_FILE_WRITE, name, err);
    }
    CloseHandle(old);
    return ok;
}

/* Takes away what a writer that died left under the temporary name, whatever it is. */
static void remove_leftover(const struct tree_place *temp)
{
    DWORD code;
    HANDLE handle = tree_open(
        temp, DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, FILE_OPEN, 0, NULL, &code);

    if (handle == INVALID_HANDLE_VALUE)
        return;
    fs_handle_remove(handle);
    CloseHandle(handle);
}

/* Makes the new file, which has its access list from the beginning. */
static bool make_fresh(struct fresh *fresh, const char *name, enum image_acl acl, struct err *err)
{
    struct tree_place temp = fresh->place;
    PSECURITY_DESCRIPTOR made = NULL, descriptor = fresh->old.descriptor;
    DWORD code = 0;

    if (utf16_len(temp.leaf16) + sizeof TEMP_SUFFIX / sizeof(WCHAR) > FS_NAME_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", name, NULL);
    wcscat((WCHAR *)temp.leaf16, TEMP_SUFFIX);
    if (acl != IMAGE_ACL_INHERIT || !descriptor) {
        if (!access_list(acl, &made, err))
            return false;
        descriptor = made;
    }
    remove_leftover(&temp);
    fresh->file =
        tree_open(&temp, NEW_ACCESS, FILE_CREATE, FILE_NON_DIRECTORY_FILE, descriptor, &code);
    LocalFree(made);
    return fresh->file != INVALID_HANDLE_VALUE || explain(code, TEXT_FILE_WRITE, name, err);
}

static bool begin(struct image_port *port,
                  struct image_volume *volume,
                  const char *name,
                  enum image_acl acl,
                  struct fresh *fresh,
                  struct err *err)
{
    memset(fresh, 0, sizeof *fresh);
    fresh->file = INVALID_HANDLE_VALUE;
    if (!volume_may_write(volume, err) || !tree_enter(port, volume, name, &fresh->place, err))
        return false;
    if (fresh->place.folder == INVALID_HANDLE_VALUE)
        return explain(ERROR_PATH_NOT_FOUND, TEXT_FILE_WRITE, name, err);
    return look_at_old(fresh, name, err) && make_fresh(fresh, name, acl, err);
}

static bool commit(struct fresh *fresh, const char *name, struct err *err)
{
    FILE_BASIC_INFO basic = {.FileAttributes = fresh->old.attributes};
    DWORD code = 0;

    if (basic.FileAttributes &&
        !SetFileInformationByHandle(fresh->file, FileBasicInfo, &basic, sizeof basic))
        code = GetLastError();
    if (!code && !FlushFileBuffers(fresh->file))
        code = GetLastError();
    if (!code)
        code = fs_rename_below(fresh->file, fresh->place.folder, fresh->place.leaf16);
    return code == 0 || explain(code, TEXT_FILE_WRITE, name, err);
}

/* Ends writing; `ok`: everything is written. */
static bool end(struct fresh *fresh, const char *name, bool ok, struct err *err)
{
    ok = ok && commit(fresh, name, err);
    if (fresh->file != INVALID_HANDLE_VALUE) {
        if (!ok)
            fs_handle_remove(fresh->file);
        CloseHandle(fresh->file);
    }
    free(fresh->old.descriptor);
    tree_leave(&fresh->place);
    return ok;
}

bool tree_put(struct image_port *port,
              struct image_volume *volume,
              const char *name,
              const void *data,
              size_t length,
              enum image_acl acl,
              struct err *err)
{
    struct fresh fresh;
    bool ok = begin(port, volume, name, acl, &fresh, err) &&
              fs_handle_write(fresh.file, name, 0, data, length, err);

    return end(&fresh, name, ok, err);
}

/* Copies content and time of an open file of this computer. */
static bool
copy_content(struct fs_file *source, struct fresh *fresh, const char *name, struct err *err)
{
    char *step = malloc(COPY_STEP_BYTES);
    uint64_t position = 0;
    size_t got = 0;
    bool ok = step || err_no_memory(err);

    while (ok) {
        ok = fs_file_read(source, position, step, COPY_STEP_BYTES, &got, err) &&
             fs_handle_write(fresh->file, name, position, step, got, err);
        position += got;
        if (got < COPY_STEP_BYTES)
            break;
    }
    free(step);
    return ok;
}

bool tree_put_file(struct image_port *port,
                   struct image_volume *volume,
                   const char *name,
                   const char *source,
                   enum image_acl acl,
                   struct err *err)
{
    struct fs_file *file = NULL;
    struct fresh fresh;
    bool ok;

    if (!fs_file_open(source, FS_READ, FS_SHARED, &file, err))
        return false;
    ok = begin(port, volume, name, acl, &fresh, err) && copy_content(file, &fresh, name, err);
    fs_file_close(file);
    return end(&fresh, name, ok, err);
}
