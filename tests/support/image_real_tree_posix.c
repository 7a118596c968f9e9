/* Volumes and their files: rights and names are checked here, the file systems do the rest. */
#include "tests/support/image_real.h"

#include <string.h>

#define FILE_BYTES ((size_t)512 << 20)

static bool port_format(struct image_port *port,
                        struct image_volume *volume,
                        enum image_fs fs,
                        const char *label,
                        struct err *err)
{
    (void)port;
    if (strlen(label) >= IMAGE_LABEL_BYTES)
        return err_set(
            err, ERR_BAD_INPUT, TEXT_JSON_TOO_LONG, label, TEXT_NUM(IMAGE_LABEL_BYTES - 1), NULL);
    return real_may_write(volume, err) && real_format(volume, fs, label, err);
}

static bool port_free_space(struct image_port *port,
                            struct image_volume *volume,
                            uint64_t *ret_bytes,
                            struct err *err)
{
    struct real_fs *fs = NULL;

    (void)port;
    return real_fs_of(volume, &fs, err) && fs->ops->free_space(fs, ret_bytes, err);
}

/* ---- trees ---- */

/* "": the root, only where root is allowed. */
static bool check_name(const char *name, bool root, struct err *err)
{
    char part[FS_NAME_BYTES];

    if (!*name && root)
        return true;
    do {
        size_t length = strcspn(name, "/");

        if (length >= sizeof part)
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
        memcpy(part, name, length);
        part[length] = 0;
        if (!fs_name_is_safe(part))
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, part, NULL);
        name += length;
    } while (*name++);
    return true;
}

/* The file system to change. */
static bool
to_change(struct image_volume *volume, const char *name, struct real_fs **ret_fs, struct err *err)
{
    return real_may_write(volume, err) && check_name(name, false, err) &&
           real_fs_of(volume, ret_fs, err);
}

static bool tree_make_dir(struct image_port *port,
                          struct image_volume *volume,
                          const char *name,
                          enum image_acl acl,
                          struct err *err)
{
    struct real_fs *fs = NULL;

    (void)port;
    return to_change(volume, name, &fs, err) && fs->ops->make_dir(fs, name, acl, err);
}

static bool tree_put(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     const void *data,
                     size_t length,
                     enum image_acl acl,
                     struct err *err)
{
    struct real_fs *fs = NULL;

    (void)port;
    return to_change(volume, name, &fs, err) && fs->ops->put(fs, name, data, length, acl, err);
}

static bool tree_put_file(struct image_port *port,
                          struct image_volume *volume,
                          const char *name,
                          const char *source,
                          enum image_acl acl,
                          struct err *err)
{
    struct buf data;
    bool ok;

    buf_init(&data, FILE_BYTES);
    ok = fs_read(source, FILE_BYTES, &data, err) &&
         tree_put(port, volume, name, data.data, data.len, acl, err);
    buf_done(&data);
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
    struct real_fs *fs = NULL;

    (void)port;
    return check_name(name, false, err) && real_fs_of(volume, &fs, err) &&
           fs->ops->read(fs, name, offset, max, out, err);
}

static bool tree_stat(struct image_port *port,
                      struct image_volume *volume,
                      const char *name,
                      struct fs_stat *ret_stat,
                      struct err *err)
{
    struct real_fs *fs = NULL;

    (void)port;
    return check_name(name, true, err) && real_fs_of(volume, &fs, err) &&
           fs->ops->stat(fs, name, ret_stat, err);
}

static bool tree_get(struct image_port *port,
                     struct image_volume *volume,
                     const char *name,
                     struct buf *out,
                     struct err *err)
{
    struct fs_stat stat;
    size_t room = out->max - out->len;

    if (!tree_stat(port, volume, name, &stat, err))
        return false;
    if (stat.kind == FS_FILE && stat.size_bytes > room)
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, name, NULL);
    return tree_read(port, volume, name, 0, room, out, err);
}

static bool tree_set_acl(struct image_port *port,
                         struct image_volume *volume,
                         const char *name,
                         enum image_acl acl,
                         struct err *err)
{
    struct real_fs *fs = NULL;

    (void)port;
    return to_change(volume, name, &fs, err) && fs->ops->set_acl(fs, name, acl, err);
}

static bool
tree_remove(struct image_port *port, struct image_volume *volume, const char *name, struct err *err)
{
    struct real_fs *fs = NULL;

    (void)port;
    return to_change(volume, name, &fs, err) && fs->ops->remove(fs, name, err);
}

const struct image_volume_ops real_volume_ops = {
    .format = port_format,
    .free_space = port_free_space,
};

const struct image_tree_ops real_tree_ops = {
    .make_dir = tree_make_dir,
    .put = tree_put,
    .put_file = tree_put_file,
    .get = tree_get,
    .read = tree_read,
    .stat = tree_stat,
    .set_acl = tree_set_acl,
    .remove = tree_remove,
};
