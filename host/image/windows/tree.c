/*
 * The files of a volume, reached component by component through handles below its root. Nothing is
 * ever opened by a path: a link that a guest planted would lead to files of this computer. Opening
 * for backup lets an administrator in where the guest's lists would not.
 */
#include "host/image/windows/inside.h"

#include <aclapi.h>
#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#define FOLDER_ACCESS                                                                              \
    (FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES | FILE_ADD_FILE |                  \
     FILE_ADD_SUBDIRECTORY)
#define FOLDER_READ_ACCESS (FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES)
#define REMOVE_ACCESS                                                                              \
    (DELETE | FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | FILE_LIST_DIRECTORY | FILE_TRAVERSE)

static bool is_missing(DWORD code)
{
    return code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND;
}

/* Cuts the next component off *name into part; false with err when it is not a plain name. */
static bool next_part(const char **name, char part[FS_NAME_BYTES], struct err *err)
{
    size_t length = strcspn(*name, "/");

    if (length >= FS_NAME_BYTES)
        return fs_unsafe(*name, err);
    memcpy(part, *name, length);
    part[length] = 0;
    if (!fs_name_is_safe(part))
        return fs_unsafe(part, err);
    *name += length;
    *name += **name == '/';
    return true;
}

static bool to_wide(const char *part, uint16_t out[FS_NAME_BYTES], struct err *err)
{
    uint16_t *wide;

    if (!utf16_from_utf8(part, &wide, err))
        return false;
    memcpy(out, wide, (utf16_len(wide) + 1) * sizeof *wide); /* never more units than bytes */
    free(wide);
    return true;
}

HANDLE tree_open(const struct tree_place *place,
                 ACCESS_MASK access,
                 ULONG disposition,
                 ULONG options,
                 PSECURITY_DESCRIPTOR descriptor,
                 DWORD *ret_code)
{
    return fs_open_below_as(place->folder,
                            place->leaf16,
                            access,
                            FS_SHARE_ALL,
                            disposition,
                            options | FILE_OPEN_FOR_BACKUP_INTENT,
                            descriptor,
                            ret_code);
}

/* False with ERR_UNSAFE when the open folder is a link, or no folder. */
static bool check_folder(HANDLE folder, const char *name, struct err *err)
{
    struct fs_stat found = {.kind = FS_OTHER};

    return fs_handle_stat(folder, name, &found, err) &&
           (found.kind == FS_FOLDER || fs_unsafe(name, err));
}

void tree_leave(struct tree_place *place)
{
    if (place->folder && place->folder != INVALID_HANDLE_VALUE && !place->is_root)
        CloseHandle(place->folder);
    place->folder = INVALID_HANDLE_VALUE;
}

/* Moves from a folder to one in it. A missing one is true with folder INVALID_HANDLE_VALUE. */
static bool descend(struct tree_place *place, ACCESS_MASK access, struct err *err)
{
    DWORD code = 0;
    HANDLE below = tree_open(place, access, FILE_OPEN, 0, NULL, &code);

    tree_leave(place);
    place->is_root = false;
    if (below == INVALID_HANDLE_VALUE)
        return is_missing(code) || explain(code, TEXT_FILE_OPEN, place->leaf, err);
    place->folder = below;
    if (check_folder(below, place->leaf, err))
        return true;
    tree_leave(place);
    return false;
}

static ACCESS_MASK folder_access(const struct image_volume *volume)
{
    return volume->disk->access == IMAGE_WRITE ? FOLDER_ACCESS : FOLDER_READ_ACCESS;
}

bool tree_enter(struct image_port *port,
                struct image_volume *volume,
                const char *name,
                struct tree_place *ret_place,
                struct err *err)
{
    struct tree_place place = {.is_root = true};

    if (!volume_root(port, volume, &place.folder, err))
        return false;
    for (;;) {
        if (!next_part(&name, place.leaf, err) || !to_wide(place.leaf, place.leaf16, err)) {
            tree_leave(&place);
            return false;
        }
        if (!*name || place.folder == INVALID_HANDLE_VALUE)
            break;
        if (!descend(&place, folder_access(volume), err))
            return false;
    }
    /* the rest of a name that leads nowhere must still be a name */
    while (*name) {
        char part[FS_NAME_BYTES];

        if (!next_part(&name, part, err))
            return false;
    }
    *ret_place = place;
    return true;
}

/* Makes the folder at the place, or finds it there, and moves into it. */
static bool make_one(struct tree_place *place, enum image_acl acl, struct err *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    DWORD code = 0;
    HANDLE made;

    if (!access_list(acl, &descriptor, err))
        return false;
    made = tree_open(place, FOLDER_ACCESS, FILE_CREATE, FILE_DIRECTORY_FILE, descriptor, &code);
    LocalFree(descriptor);
    if (made == INVALID_HANDLE_VALUE) {
        if (code != ERROR_ALREADY_EXISTS && code != ERROR_FILE_EXISTS)
            return explain(code, TEXT_FOLDER_CREATE, place->leaf, err);
        return descend(place, FOLDER_ACCESS, err) &&
               (place->folder != INVALID_HANDLE_VALUE ||
                explain(ERROR_FILE_NOT_FOUND, TEXT_FOLDER_CREATE, place->leaf, err));
    }
    tree_leave(place);
    place->is_root = false;
    place->folder = made;
    return true;
}

static bool tree_make_dir(struct image_port *port,
                          struct image_volume *volume,
                          const char *name,
                          enum image_acl acl,
                          struct err *err)
{
    struct tree_place place = {.is_root = true};
    bool ok = volume_may_write(volume, err) && volume_root(port, volume, &place.folder, err);

    do {
        ok = ok && next_part(&name, place.leaf, err) && to_wide(place.leaf, place.leaf16, err) &&
             make_one(&place, *name ? IMAGE_ACL_INHERIT : acl, err);
    } while (ok && *name);
    tree_leave(&place);
    return ok;
}

/* Opens an existing file for reading. */
static bool open_file(struct image_port *port,
                      struct image_volume *volume,
                      const char *name,
                      HANDLE *ret_file,
                      struct err *err)
{
    struct tree_place place = {0};
    struct fs_stat found = {.kind = FS_OTHER};
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD code = ERROR_PATH_NOT_FOUND;

    if (!tree_enter(port, volume, name, &place, err))
        return false;
    if (place.folder != INVALID_HANDLE_VALUE)
        file = tree_open(&place, FILE_READ_DATA | FILE_READ_ATTRIBUTES, FILE_OPEN, 0, NULL, &code);
    tree_leave(&place);
    if (file == INVALID_HANDLE_VALUE)
        return explain(code, TEXT_FILE_OPEN, name, err);
    if (!fs_handle_stat(file, name, &found, err) ||
        (found.kind != FS_FILE && !fs_unsafe(name, err))) {
        CloseHandle(file);
        return false;
    }
    *ret_file = file;
    return true;
}

static bool tree_get(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     struct buf *out,
                     struct err *err)
{
    HANDLE file;
    bool ok;

    if (!open_file(port, volume, name, &file, err))
        return false;
    ok = fs_handle_read(file, name, 0, out->max - out->len, true, out, err);
    CloseHandle(file);
    return ok;
}

static bool tree_read(struct image_port *port,
                      struct image_volume *volume,
                      const char *name,
                      uint64_t offset,
                      size_t max,
                      struct buf *out,
                      struct err *err)
{
    HANDLE file;
    bool ok;

    if (!open_file(port, volume, name, &file, err))
        return false;
    ok = fs_handle_read(file, name, offset, max, false, out, err);
    CloseHandle(file);
    return ok;
}

static bool tree_stat(struct image_port *port,
                      struct image_volume *volume,
                      const char *name,
                      struct fs_stat *ret_stat,
                      struct err *err)
{
    struct tree_place place = {0};
    struct fs_stat found = {.kind = FS_MISSING};
    HANDLE handle = INVALID_HANDLE_VALUE;
    DWORD code = ERROR_FILE_NOT_FOUND;
    bool ok = true;

    if (!*name) {
        if (!volume_root(port, volume, &handle, err))
            return false;
        return fs_handle_stat(handle, name, ret_stat, err);
    }
    if (!tree_enter(port, volume, name, &place, err))
        return false;
    if (place.folder != INVALID_HANDLE_VALUE)
        handle = tree_open(&place, FILE_READ_ATTRIBUTES, FILE_OPEN, 0, NULL, &code);
    tree_leave(&place);
    if (handle != INVALID_HANDLE_VALUE) {
        ok = fs_handle_stat(handle, name, &found, err);
        CloseHandle(handle);
    } else if (!is_missing(code)) {
        ok = explain(code, TEXT_FILE_READ, name, err);
    }
    if (ok)
        *ret_stat = found;
    return ok;
}

/* Lets the object inherit again; nothing is left of its own list. */
static DWORD set_inherit(HANDLE handle)
{
    ACL empty;

    if (!InitializeAcl(&empty, sizeof empty, ACL_REVISION))
        return GetLastError();
    return SetSecurityInfo(handle,
                           SE_FILE_OBJECT,
                           DACL_SECURITY_INFORMATION | UNPROTECTED_DACL_SECURITY_INFORMATION,
                           NULL,
                           NULL,
                           &empty,
                           NULL);
}

/* Sets the list of one object, without going through what is below it. */
static DWORD set_list(HANDLE handle, enum image_acl acl)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    DWORD code = 0;

    if (acl == IMAGE_ACL_INHERIT)
        return set_inherit(handle);
    if (!access_list(acl, &descriptor, NULL))
        return ERROR_NOT_ENOUGH_MEMORY;
    if (!SetKernelObjectSecurity(handle,
                                 OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION |
                                     DACL_SECURITY_INFORMATION |
                                     PROTECTED_DACL_SECURITY_INFORMATION,
                                 descriptor))
        code = GetLastError();
    LocalFree(descriptor);
    return code;
}

static bool tree_set_acl(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         enum image_acl acl,
                         struct err *err)
{
    struct tree_place place = {0};
    struct fs_stat found = {.kind = FS_OTHER};
    HANDLE handle = INVALID_HANDLE_VALUE;
    DWORD code = ERROR_PATH_NOT_FOUND;
    bool ok;

    if (!volume_may_write(volume, err) || !tree_enter(port, volume, name, &place, err))
        return false;
    if (place.folder != INVALID_HANDLE_VALUE)
        handle = tree_open(&place,
                           READ_CONTROL | WRITE_DAC | WRITE_OWNER | FILE_READ_ATTRIBUTES,
                           FILE_OPEN,
                           0,
                           NULL,
                           &code);
    tree_leave(&place);
    if (handle == INVALID_HANDLE_VALUE)
        return explain(code, TEXT_FILE_OPEN, name, err);
    ok = fs_handle_stat(handle, name, &found, err) &&
         (found.kind == FS_FILE || found.kind == FS_FOLDER || fs_unsafe(name, err));
    if (ok) {
        code = set_list(handle, acl);
        ok = code == 0 || explain(code, TEXT_PERMISSIONS, name, err);
    }
    CloseHandle(handle);
    return ok;
}

static bool
tree_remove(struct image_port *port, struct image_volume *volume, const char *name, struct err *err)
{
    struct tree_place place = {0};
    HANDLE handle;
    DWORD code = 0;
    bool ok;

    if (!volume_may_write(volume, err) || !tree_enter(port, volume, name, &place, err))
        return false;
    if (place.folder == INVALID_HANDLE_VALUE)
        return true;
    handle = tree_open(&place, REMOVE_ACCESS, FILE_OPEN, 0, NULL, &code);
    tree_leave(&place);
    if (handle == INVALID_HANDLE_VALUE)
        return is_missing(code) || explain(code, TEXT_FILE_REMOVE, name, err);
    ok = fs_handle_remove_tree(handle, name, err);
    CloseHandle(handle);
    return ok;
}

const struct image_tree_ops windows_tree_ops = {
    .make_dir = tree_make_dir,
    .put = tree_put,
    .put_file = tree_put_file,
    .get = tree_get,
    .read = tree_read,
    .stat = tree_stat,
    .set_acl = tree_set_acl,
    .remove = tree_remove,
};
