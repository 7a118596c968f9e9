/*
 * Port of files. Everything from a root's anchor on is opened one component at a time by checked
 * handles (fs_dir), whoever may write there: no handle follows a link.
 */
#include "guest/machine/windows/files_place_win32.h"
#include "guest/machine/windows/windows.h"

#include <stdlib.h>
#include <string.h>

/* ---- going down ---- */

/* Replaces *dir by the folder name below it. */
static bool step(struct fs_dir **dir, const char *name, bool make, struct err *err)
{
    struct fs_dir *next = NULL;
    bool ok = fs_dir_open_sub(*dir, name, make, &next, err);

    fs_dir_close(*dir);
    *dir = ok ? next : NULL;
    return ok;
}

/* Goes down the components of path, all of them or (`last`) all but the last, which is copied to
 * last. Closes *dir on failure. */
static bool walk(struct fs_dir **dir, const char *path, bool make, char *last, struct err *err)
{
    char part[FS_NAME_BYTES];

    while (*path) {
        size_t length = strcspn(path, "/");
        bool is_last = !path[length];

        memcpy(part, path, length);
        part[length] = 0;
        path += length + !is_last;
        if (is_last && last)
            text_copy(last, FS_NAME_BYTES, part);
        else if (!step(dir, part, make, err))
            return false;
    }
    return true;
}

/* Opens the folder that holds the entry `name` of the place, and the entry's own name in last; for
 * "" that is the root's folder and last is "". Missing: ERR_NOT_FOUND. */
static bool open_holder(const struct files_place *place,
                        const char *name,
                        bool make,
                        struct fs_dir **ret_dir,
                        char last[FS_NAME_BYTES],
                        struct err *err)
{
    struct fs_dir *dir = NULL;

    last[0] = 0;
    if (!place->anchor[0])
        return err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_USER, NULL);
    if (!fs_dir_open(place->anchor, &dir, err) || !walk(&dir, place->below, make, NULL, err) ||
        !walk(&dir, name, make, last, err))
        return false;
    *ret_dir = dir;
    return true;
}

/* Hands an error on, but for "not found", which is true for the caller. */
static bool missing_is_fine(const struct err *why, struct err *err)
{
    if (why->kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = *why;
    return false;
}

/* ---- the port ---- */

static bool files_stat(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       struct fs_stat *ret_stat,
                       struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct files_place place;
    bool ok;

    (void)port;
    if (!file_name_check(name, err) || !files_place_enter(&place, root, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, &why);
    if (ok && last[0])
        ok = fs_dir_stat(dir, last, &stat, &why);
    else if (ok)
        stat.kind = FS_FOLDER;
    fs_dir_close(dir);
    files_place_leave(&place);
    if (!ok && !missing_is_fine(&why, err))
        return false;
    *ret_stat = stat;
    return true;
}

static bool files_read(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       uint64_t offset,
                       size_t max,
                       struct buf *out,
                       struct err *err)
{
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct files_place place;
    bool ok;

    (void)port;
    if (!file_name_check(name, err) || !files_place_enter(&place, root, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, err) &&
         fs_dir_read(dir, last, offset, max, out, err);
    fs_dir_close(dir);
    files_place_leave(&place);
    return ok;
}

static bool files_write(struct files_port *port,
                        enum file_root root,
                        const char *name,
                        const void *data,
                        size_t length,
                        struct err *err)
{
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct files_place place;
    bool ok;

    (void)port;
    if (!file_name_check(name, err) || !files_place_enter(&place, root, err))
        return false;
    ok = open_holder(&place, name, true, &dir, last, err) &&
         fs_dir_write(dir, last, data, length, err);
    fs_dir_close(dir);
    files_place_leave(&place);
    return ok;
}

static bool
files_remove(struct files_port *port, enum file_root root, const char *name, struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct files_place place;
    bool ok;

    (void)port;
    if (!file_name_check(name, err) || !files_place_enter(&place, root, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, &why) && fs_dir_remove(dir, last, &why);
    fs_dir_close(dir);
    files_place_leave(&place);
    return ok || missing_is_fine(&why, err);
}

static bool files_list(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       bool (*visit)(const char *name, enum fs_kind kind, void *user),
                       void *user,
                       struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES];
    struct files_place place;
    bool ok;

    (void)port;
    if (!file_name_check(name, err) || !files_place_enter(&place, root, err))
        return false;
    ok = open_holder(&place, name, false, &dir, last, &why) &&
         (!last[0] || step(&dir, last, false, &why)) && fs_dir_list(dir, visit, user, &why);
    fs_dir_close(dir);
    files_place_leave(&place);
    return ok || missing_is_fine(&why, err);
}

static bool
files_path(struct files_port *port, enum file_root root, char *out, size_t size, struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    char last[FS_NAME_BYTES], path[FS_PATH_BYTES] = "";
    struct files_place place;
    bool ok;

    (void)port;
    if (!files_place_enter(&place, root, err))
        return false;
    ok = open_holder(&place, "", false, &dir, last, &why) && files_place_path(&place, path, &why);
    fs_dir_close(dir);
    files_place_leave(&place);
    if (!ok && !missing_is_fine(&why, err))
        return false;
    if (strlen(path) >= size)
        return err_set(err, ERR_TOO_LARGE, TEXT_WINDOWS_FILE_NAME, path, NULL);
    text_copy(out, size, path);
    return true;
}

static const struct files_ops ops = {
    .stat = files_stat,
    .read = files_read,
    .write = files_write,
    .remove = files_remove,
    .list = files_list,
    .path = files_path,
};

bool windows_files_new(struct files_port **ret_port, struct err *err)
{
    struct files_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_files_free(struct files_port *port)
{
    free(port);
}
