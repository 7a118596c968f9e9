/* File systems, Windows images and boot files of volumes that are folders. */
#include "host/image/dir_inside.h"
#include "host/image/dir_windows.h"

#include <string.h>

bool dir_may_write(const struct image_volume *volume, struct err *err)
{
    return !volume->read_only || err_set(err, ERR_DENIED, TEXT_DISK_READ_ONLY, volume->root, NULL);
}

/* ---- volumes ---- */

static bool dir_format(struct image_port *port,
                       struct image_volume *volume,
                       enum image_fs fs,
                       const char *label,
                       struct err *err)
{
    (void)port;
    (void)fs;
    if (strlen(label) >= IMAGE_LABEL_BYTES)
        return err_set(
            err, ERR_BAD_INPUT, TEXT_JSON_TOO_LONG, label, TEXT_NUM(IMAGE_LABEL_BYTES - 1), NULL);
    return dir_may_write(volume, err) && fs_make_dirs(volume->root, FS_PRIVATE, err);
}

static bool dir_free_space(struct image_port *port,
                           struct image_volume *volume,
                           uint64_t *ret_bytes,
                           struct err *err)
{
    (void)port;
    return fs_free_space(volume->root, ret_bytes, err);
}

/* The image is the folder itself, or one below it; out is "" for a file, and for no source. */
static bool image_folder(const struct image_source *source, char *out, struct err *err)
{
    struct fs_stat stat;

    *out = 0;
    if (!source->path || !*source->path)
        return true;
    if (!fs_stat(source->path, &stat, err))
        return false;
    if (stat.kind == FS_FILE && source->index)
        return true;
    if (!source->inside)
        text_copy(out, FS_PATH_BYTES, source->path);
    else if (!fs_join(out, source->path, source->inside, err))
        return false;
    if (!fs_stat(out, &stat, err))
        return false;
    return (stat.kind == FS_FOLDER && source->index == 1) ||
           err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_IMAGE, out, TEXT_NUM(source->index), NULL);
}

static bool dir_apply(struct image_port *port,
                      const struct image_source *source,
                      struct image_volume *volume,
                      image_progress progress,
                      void *user,
                      struct err *err)
{
    char from[FS_PATH_BYTES];

    (void)port;
    if (!dir_may_write(volume, err) || !image_folder(source, from, err))
        return false;
    if (progress && !progress(0, user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    if (!(*from ? dir_copy_tree(from, volume->root, 0, err) : dir_windows_make(volume->root, err)))
        return false;
    if (progress && !progress(DIR_PERMILLE, user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    return true;
}

static bool dir_boot(struct image_port *port,
                     struct image_volume *windows,
                     struct image_volume *esp,
                     const struct image_boot *boot,
                     struct err *err)
{
    (void)port;
    (void)windows;
    return dir_may_write(esp, err) && dir_windows_start(esp->root, boot->locale, err);
}

const struct image_volume_ops dir_volume_ops = {
    .format = dir_format,
    .free_space = dir_free_space,
};

const struct image_apply_ops dir_apply_ops = {
    .apply = dir_apply,
    .boot = dir_boot,
};
