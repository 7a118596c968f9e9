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

/* Where a call of the port works. */
struct entry {
    const struct files_place *place;
    struct fs_dir *dir;       /* the folder that holds the entry; the root's own for "" */
    char last[FS_NAME_BYTES]; /* the entry's name, "" for the root */
};

/* Opens the folder that holds the entry `name` of the place. Missing: ERR_NOT_FOUND. */
static bool open_holder(struct entry *entry, const char *name, bool make, struct err *err)
{
    entry->last[0] = 0;
    if (!entry->place->anchor[0])
        return err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_USER, NULL);
    return fs_dir_open(entry->place->anchor, &entry->dir, err) &&
           walk(&entry->dir, entry->place->below, make, NULL, err) &&
           walk(&entry->dir, name, make, entry->last, err);
}

enum opening {
    ENTRY_EXISTS,     /* something that is missing is an error */
    ENTRY_IF_PRESENT, /* it is not, and act may not be called */
    ENTRY_OR_MAKE     /* folders are made */
};

/* Checks the name, takes on the user of the root, opens the folder and calls act with it. */
static bool with_entry(enum file_root root,
                       const char *name,
                       enum opening opening,
                       bool (*act)(struct entry *entry, void *user, struct err *err),
                       void *user,
                       struct err *err)
{
    struct err why = ERR_INIT;
    struct files_place place;
    struct entry entry = {.place = &place};
    bool ok;

    if (!file_name_check(name, err) || !files_place_enter(&place, root, err))
        return false;
    ok = open_holder(&entry, name, opening == ENTRY_OR_MAKE, &why) && act(&entry, user, &why);
    fs_dir_close(entry.dir);
    files_place_leave(&place);
    if (ok || (opening == ENTRY_IF_PRESENT && why.kind == ERR_NOT_FOUND))
        return true;
    if (err)
        *err = why;
    return false;
}

/* ---- the port ---- */

static bool act_stat(struct entry *entry, void *user, struct err *err)
{
    struct fs_stat *stat = user;

    if (entry->last[0])
        return fs_dir_stat(entry->dir, entry->last, stat, err);
    stat->kind = FS_FOLDER;
    return true;
}

static bool files_stat(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       struct fs_stat *ret_stat,
                       struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    (void)port;
    if (!with_entry(root, name, ENTRY_IF_PRESENT, act_stat, &stat, err))
        return false;
    *ret_stat = stat;
    return true;
}

struct reading {
    uint64_t offset;
    size_t max;
    struct buf *out;
};

static bool act_read(struct entry *entry, void *user, struct err *err)
{
    const struct reading *reading = user;

    return fs_dir_read(entry->dir, entry->last, reading->offset, reading->max, reading->out, err);
}

static bool files_read(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       uint64_t offset,
                       size_t max,
                       struct buf *out,
                       struct err *err)
{
    struct reading reading = {.offset = offset, .max = max, .out = out};

    (void)port;
    return with_entry(root, name, ENTRY_EXISTS, act_read, &reading, err);
}

struct writing {
    const void *data;
    size_t length;
};

static bool act_write(struct entry *entry, void *user, struct err *err)
{
    const struct writing *writing = user;

    return fs_dir_write(entry->dir, entry->last, writing->data, writing->length, err);
}

static bool files_write(struct files_port *port,
                        enum file_root root,
                        const char *name,
                        const void *data,
                        size_t length,
                        struct err *err)
{
    struct writing writing = {.data = data, .length = length};

    (void)port;
    return with_entry(root, name, ENTRY_OR_MAKE, act_write, &writing, err);
}

static bool act_remove(struct entry *entry, void *user, struct err *err)
{
    (void)user;
    return fs_dir_remove(entry->dir, entry->last, err);
}

static bool
files_remove(struct files_port *port, enum file_root root, const char *name, struct err *err)
{
    (void)port;
    return with_entry(root, name, ENTRY_IF_PRESENT, act_remove, NULL, err);
}

struct listing {
    bool (*visit)(const char *name, enum fs_kind kind, void *user);
    void *user;
};

static bool act_list(struct entry *entry, void *user, struct err *err)
{
    const struct listing *listing = user;

    return (!entry->last[0] || step(&entry->dir, entry->last, false, err)) &&
           fs_dir_list(entry->dir, listing->visit, listing->user, err);
}

static bool files_list(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       bool (*visit)(const char *name, enum fs_kind kind, void *user),
                       void *user,
                       struct err *err)
{
    struct listing listing = {.visit = visit, .user = user};

    (void)port;
    return with_entry(root, name, ENTRY_IF_PRESENT, act_list, &listing, err);
}

static bool act_path(struct entry *entry, void *user, struct err *err)
{
    return files_place_path(entry->place, user, err);
}

static bool
files_path(struct files_port *port, enum file_root root, char *out, size_t size, struct err *err)
{
    char path[FS_PATH_BYTES] = "";

    (void)port;
    if (!with_entry(root, "", ENTRY_IF_PRESENT, act_path, path, err))
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
