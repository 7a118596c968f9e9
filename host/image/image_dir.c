/* Disks as plain folders: the port, and disks that are attached. */
#include "host/image/dir_inside.h"

#include <stdlib.h>
#include <string.h>

static const char *const role_folders[DIR_ROLES] = {[IMAGE_ESP] = ".esp",
                                                    [IMAGE_MSR] = ".msr",
                                                    [IMAGE_WINDOWS] = "",
                                                    [IMAGE_RECOVERY] = ".recovery"};

bool dir_find_volumes(struct image_disk *disk, enum image_access access, struct err *err)
{
    for (size_t role = 0; role < DIR_ROLES; role++) {
        struct image_volume *volume = &disk->volumes[role];
        struct fs_stat stat;

        volume->read_only = access == IMAGE_READ;
        if (!*role_folders[role])
            text_copy(volume->root, sizeof volume->root, disk->path);
        else if (!fs_join(volume->root, disk->path, role_folders[role], err))
            return false;
        if (!fs_stat(volume->root, &stat, err))
            return false;
        volume->there = stat.kind == FS_FOLDER;
    }
    return true;
}

static bool
dir_create(struct image_port *port, const char *path, uint64_t size_bytes, struct err *err)
{
    struct dir_label label = {.size_bytes = size_bytes};

    (void)port;
    return dir_refuse_existing(path, err) && fs_make_dirs(path, FS_PRIVATE, err) &&
           dir_label_renew(path, &label, err);
}

static bool
dir_create_child(struct image_port *port, const char *path, const char *parent, struct err *err)
{
    struct dir_label label;

    (void)port;
    if (!dir_label_load(parent, &label, err))
        return false;
    text_copy(label.parent, sizeof label.parent, parent);
    text_copy(label.parent_id, sizeof label.parent_id, label.id);
    return dir_copy_disk(parent, path, &label, err);
}

static bool dir_attach(struct image_port *port,
                       const char *path,
                       enum image_access access,
                       struct image_disk **ret_disk,
                       struct err *err)
{
    struct image_disk *disk = calloc(1, sizeof *disk);
    struct dir_label label;

    (void)port;
    if (!disk)
        return err_no_memory(err);
    text_copy(disk->path, sizeof disk->path, path);
    if (!dir_label_load(path, &label, err) || !dir_find_volumes(disk, access, err) ||
        (access == IMAGE_WRITE && !dir_label_renew(path, &label, err))) {
        free(disk);
        return false;
    }
    *ret_disk = disk;
    return true;
}

static bool dir_layout(struct image_port *port,
                       struct image_disk *disk,
                       const struct image_partition *partitions,
                       size_t count,
                       struct err *err)
{
    (void)port;
    for (size_t i = 0; i < count; i++) {
        struct image_volume *volume = &disk->volumes[partitions[i].role];

        if (!partitions[i].size_bytes && i + 1 < count)
            return err_set(err, ERR_BAD_INPUT, TEXT_HOST_LAYOUT_BAD, TEXT_NUM(i + 1), NULL);
        if (!dir_may_write(volume, err) || !fs_make_dirs(volume->root, FS_PRIVATE, err))
            return false;
        volume->there = true;
    }
    return true;
}

static bool dir_volume(struct image_port *port,
                       struct image_disk *disk,
                       enum image_role role,
                       struct image_volume **ret_volume,
                       struct err *err)
{
    (void)port;
    if (!disk->volumes[role].there)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
    *ret_volume = &disk->volumes[role];
    return true;
}

/* The roles whose folders exist, in their order, are the partitions. */
static bool dir_partition(struct image_port *port,
                          struct image_disk *disk,
                          size_t index,
                          struct image_volume **ret_volume,
                          struct err *err)
{
    (void)port;
    for (size_t role = 0; role < DIR_ROLES; role++)
        if (disk->volumes[role].there && !index--) {
            *ret_volume = &disk->volumes[role];
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
}

static bool dir_detach(struct image_port *port, struct image_disk *disk, struct err *err)
{
    (void)port;
    (void)err;
    free(disk);
    return true;
}

static bool any_entry(const char *name, enum fs_kind kind, void *user)
{
    (void)name;
    (void)kind;
    *(bool *)user = true;
    return false;
}

/* A disk whose making died before it got its label is an empty folder. */
static bool is_unborn(const char *path)
{
    bool any = false;

    return fs_sweep(path, NULL) && fs_list(path, any_entry, &any, NULL) && !any;
}

static bool dir_remove_disk(struct image_port *port, const char *path, struct err *err)
{
    struct dir_label label;
    struct fs_stat stat;

    (void)port;
    if (!fs_stat(path, &stat, err))
        return false;
    /* a folder that is no disk of ours is somebody else's */
    return stat.kind == FS_MISSING ||
           ((is_unborn(path) || dir_label_load(path, &label, err)) && fs_remove_tree(path, err));
}

const struct image_disk_ops dir_disk_ops = {
    .create = dir_create,
    .create_child = dir_create_child,
    .attach = dir_attach,
    .layout = dir_layout,
    .volume = dir_volume,
    .partition = dir_partition,
    .detach = dir_detach,
    .remove = dir_remove_disk,
};

void image_free(struct image_port *port)
{
    if (port)
        port->free(port);
}

static void dir_free(struct image_port *port)
{
    free(port);
}

bool image_open_dir(struct image_port **ret_port, struct err *err)
{
    struct image_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    *port = (struct image_port){
        &dir_file_ops, &dir_disk_ops, &dir_volume_ops, &dir_apply_ops, &dir_tree_ops, dir_free};
    *ret_port = port;
    return true;
}
