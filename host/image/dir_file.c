/* Disks as folders that are not attached. */
#include "host/image/dir_inside.h"

#include <string.h>

/* A folder can be made wherever one can be made. */
static bool dir_preflight(struct image_port *port, const char *path, struct err *err)
{
    (void)port;
    return dir_refuse_existing(path, err);
}

static bool check_parent(const char *path, const struct dir_label *label, struct err *err)
{
    struct err why = ERR_INIT;
    struct dir_label parent;
    bool found;

    if (!*label->parent)
        return true;
    found = dir_label_load(label->parent, &parent, &why);
    if (found && !strcmp(parent.id, label->parent_id))
        return true;
    err_set(err,
            ERR_CONFLICT,
            found ? TEXT_BUILD_PARENT_CHANGED : TEXT_BUILD_PARENT_MISSING,
            path,
            label->parent,
            NULL);
    return err_hint(err, TEXT_BUILD_PARENT_HINT);
}

static bool
dir_inspect(struct image_port *port, const char *path, struct image_look *ret_look, struct err *err)
{
    static const enum image_content contents[DIR_ROLES] = {[IMAGE_ESP] = IMAGE_CONTENT_FAT,
                                                           [IMAGE_WINDOWS] = IMAGE_CONTENT_NTFS,
                                                           [IMAGE_RECOVERY] = IMAGE_CONTENT_NTFS};
    struct image_look look = {0};
    struct image_disk disk = {0};
    struct dir_label label;

    (void)port;
    text_copy(disk.path, sizeof disk.path, path);
    if (!dir_label_load(path, &label, err) || !check_parent(path, &label, err) ||
        !dir_find_volumes(&disk, IMAGE_READ, err))
        return false;
    look.size_bytes = label.size_bytes;
    text_copy(look.id, sizeof look.id, label.id);
    text_copy(look.parent, sizeof look.parent, label.parent);
    text_copy(look.parent_id, sizeof look.parent_id, label.parent_id);
    for (size_t role = 0; role < DIR_ROLES; role++) {
        struct image_part *part = &look.parts[look.part_count];

        if (!disk.volumes[role].there)
            continue;
        part->role = (enum image_role)role;
        part->content = contents[role];
        if (role == IMAGE_WINDOWS) {
            part->content = label.bitlocker ? IMAGE_CONTENT_BITLOCKER : IMAGE_CONTENT_NTFS;
            part->dirty = label.dirty;
        }
        look.part_count++;
    }
    *ret_look = look;
    return true;
}

static bool dir_copy(struct image_port *port,
                     const char *path,
                     const char *source,
                     bool instant,
                     image_progress progress,
                     void *user,
                     struct err *err)
{
    struct dir_label label;
    bool ok;

    (void)port;
    if (!dir_label_load(source, &label, err) || !check_parent(source, &label, err) ||
        !dir_refuse_existing(path, err))
        return false;
    if (instant)
        return err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_CLONE, path, NULL);
    *label.parent = *label.parent_id = 0;
    if (progress && !progress(0, user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    ok = dir_copy_disk(source, path, &label, err);
    if (ok && progress && !progress(DIR_PERMILLE, user))
        ok = err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    if (!ok)
        fs_remove_tree(path, NULL);
    return ok;
}

const struct image_file_ops dir_file_ops = {
    .preflight = dir_preflight,
    .inspect = dir_inspect,
    .copy = dir_copy,
};
