/* The files of volumes that are folders. */
#include "host/image/dir_inside.h"

#include <ctype.h>
#include <string.h>

/* ---- names ---- */

struct lookup {
    const char *wanted;
    char found[FS_NAME_BYTES];
};

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
    return *a == *b;
}

static bool match(const char *name, enum fs_kind kind, void *user)
{
    struct lookup *lookup = user;

    (void)kind;
    if (!same_name(name, lookup->wanted))
        return true;
    text_copy(lookup->found, sizeof lookup->found, name);
    return false;
}

/* Turns a name inside the volume into a path; components that exist are found without case. */
static bool resolve(const struct image_volume *volume, const char *name, char *out, struct err *err)
{
    char part[FS_NAME_BYTES], folder[FS_PATH_BYTES];

    text_copy(out, FS_PATH_BYTES, volume->root);
    while (*name) {
        size_t length = strcspn(name, "/");
        struct lookup lookup = {.wanted = part};

        if (length >= sizeof part)
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
        memcpy(part, name, length);
        part[length] = 0;
        if (!fs_name_is_safe(part))
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, part, NULL);
        text_copy(folder, sizeof folder, out);
        if (!fs_list(folder, match, &lookup, err) ||
            !fs_join(out, folder, *lookup.found ? lookup.found : part, err))
            return false;
        name += length;
        name += *name == '/';
    }
    return true;
}

/* ---- trees ---- */

/* Everything in such a disk is private anyway. */
static bool dir_make_dir(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         enum image_acl acl,
                         struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    (void)acl;
    return dir_may_write(volume, err) && resolve(volume, name, path, err) &&
           fs_make_dirs(path, FS_PRIVATE, err);
}

/* The path of a file whose folder exists. */
static bool place(struct image_volume *volume, const char *name, char *out, struct err *err)
{
    char folder[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!dir_may_write(volume, err) || !resolve(volume, name, out, err))
        return false;
    text_copy(folder, sizeof folder, out);
    fs_parent(folder);
    if (!fs_stat(folder, &stat, err))
        return false;
    return stat.kind == FS_FOLDER || err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, folder, NULL);
}

static bool dir_put(struct image_port *port,
                    struct image_volume *volume,
                    const char *name,
                    const void *data,
                    size_t length,
                    enum image_acl acl,
                    struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    (void)acl;
    return place(volume, name, path, err) && fs_write_atomic(path, data, length, FS_PRIVATE, err);
}

static bool dir_put_file(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         const char *source,
                         enum image_acl acl,
                         struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    (void)acl;
    return place(volume, name, path, err) && dir_copy_file(source, path, err);
}

static bool dir_get(struct image_port *port,
                    struct image_volume *volume,
                    const char *name,
                    struct buf *out,
                    struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    return resolve(volume, name, path, err) && fs_read(path, out->max - out->len, out, err);
}

static bool dir_read(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     uint64_t offset,
                     size_t max,
                     struct buf *out,
                     struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_file *file = NULL;
    uint8_t *room = NULL;
    size_t got = 0;
    bool ok;

    (void)port;
    if (!resolve(volume, name, path, err) || !fs_file_open(path, FS_READ, FS_PRIVATE, &file, err))
        return false;
    room = buf_reserve(out, max);
    ok = room ? fs_file_read(file, offset, room, max, &got, err) : err_no_memory(err);
    if (ok)
        buf_added(out, got);
    fs_file_close(file);
    return ok;
}

static bool dir_stat(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     struct fs_stat *ret_stat,
                     struct err *err)
{
    char path[FS_PATH_BYTES];

    (void)port;
    return resolve(volume, name, path, err) && fs_stat(path, ret_stat, err);
}

/* The name must exist as on a real volume. */
static bool dir_set_acl(struct image_port *port,
                        struct image_volume *volume,
                        const char *name,
                        enum image_acl acl,
                        struct err *err)
{
    struct fs_stat stat;

    (void)acl;
    if (!dir_may_write(volume, err) || !dir_stat(port, volume, name, &stat, err))
        return false;
    return stat.kind != FS_MISSING || err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
}

static bool
dir_remove(struct image_port *port, struct image_volume *volume, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    (void)port;
    if (!*name)
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
    if (!dir_may_write(volume, err) || !resolve(volume, name, path, err) ||
        !fs_stat(path, &stat, err))
        return false;
    return stat.kind == FS_FOLDER ? fs_remove_tree(path, err) : fs_remove(path, err);
}

const struct image_tree_ops dir_tree_ops = {
    .make_dir = dir_make_dir,
    .put = dir_put,
    .put_file = dir_put_file,
    .get = dir_get,
    .read = dir_read,
    .stat = dir_stat,
    .set_acl = dir_set_acl,
    .remove = dir_remove,
};
