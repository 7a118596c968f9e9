/*
 * What the files of the `dir` image port share: a disk is a plain folder, its volumes are folders
 * in it. Private to host/image/dir_*.c and image_dir.c.
 */
#ifndef GPUPV_DIR_INSIDE_H
#define GPUPV_DIR_INSIDE_H

#include "host/image/dir_label.h"
#include "host/image/image.h"

#define DIR_PERMILLE 1000
#define DIR_ROLES    4

struct image_volume {
    bool there;
    bool read_only;
    char root[FS_PATH_BYTES];
};

struct image_disk {
    char path[FS_PATH_BYTES];
    struct image_volume volumes[DIR_ROLES];
};

/* Fails when there is something at path. ERR_EXISTS. */
bool dir_refuse_existing(const char *path, struct err *err);

/* Finds the volumes of disk->path. */
bool dir_find_volumes(struct image_disk *disk, enum image_access access, struct err *err);

/* Fails on a volume that was attached for reading. ERR_DENIED. */
bool dir_may_write(const struct image_volume *volume, struct err *err);

/* Copies one file, a folder with everything below (depth 0), or a disk, whose copy gets a label of
 * its own, which comes last: without it there is no disk. */
bool dir_copy_file(const char *from, const char *to, struct err *err);
bool dir_copy_tree(const char *from, const char *to, unsigned depth, struct err *err);
bool dir_copy_disk(const char *from, const char *to, struct dir_label *label, struct err *err);

extern const struct image_file_ops dir_file_ops;
extern const struct image_disk_ops dir_disk_ops;
extern const struct image_volume_ops dir_volume_ops;
extern const struct image_apply_ops dir_apply_ops;
extern const struct image_tree_ops dir_tree_ops;

#endif
