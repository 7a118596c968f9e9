/*
 * The image port with real formats on Linux, for tests: disks are VHDX files with a GUID partition
 * table (our writers), Windows lies on NTFS (mkntfs, libntfs-3g), the ESP on FAT32 (mkfs.vfat,
 * mtools), and libwim unpacks the image. A program that links this gets it from image_open_system,
 * in place of "there are no disks here" (image_system_none.c), so everything above the port runs
 * unchanged.
 *
 * An attached disk is a private folder with one plain file for each partition; detaching writes
 * back what differs, so a child holds its own changes only. No rights and no mounting are needed.
 * What bcdboot does is copied: the loader goes to its places, the store is the template.
 */
#ifndef GPUPV_TESTS_IMAGE_REAL_H
#define GPUPV_TESTS_IMAGE_REAL_H

#include "host/image/gpt.h"
#include "host/image/image.h"

/* ---- a file system in a plain file ---- */

struct real_fs;

/* Names are checked by the port: safe components. Errors as image_tree_ops says. */
struct real_fs_ops {
    bool (*make_dir)(struct real_fs *fs, const char *name, enum image_acl acl, struct err *err);
    bool (*put)(struct real_fs *fs,
                const char *name,
                const void *data,
                size_t length,
                enum image_acl acl,
                struct err *err);
    /* Appends at most max bytes from offset. */
    bool (*read)(struct real_fs *fs,
                 const char *name,
                 uint64_t offset,
                 size_t max,
                 struct buf *out,
                 struct err *err);
    bool (*stat)(struct real_fs *fs, const char *name, struct fs_stat *ret_stat, struct err *err);
    bool (*set_acl)(struct real_fs *fs, const char *name, enum image_acl acl, struct err *err);
    /* What is there, with everything below. */
    bool (*remove)(struct real_fs *fs, const char *name, struct err *err);
    bool (*free_space)(struct real_fs *fs, uint64_t *ret_bytes, struct err *err);
    /* Writes everything out and frees, also when it fails. */
    bool (*close)(struct real_fs *fs, struct err *err);
};

/* First member of every implementation. */
struct real_fs {
    const struct real_fs_ops *ops;
};

bool real_ntfs_open(const char *file, bool read_only, struct real_fs **ret_fs, struct err *err);
bool real_fat_open(const char *file, struct real_fs **ret_fs, struct err *err);

/* ---- disks ---- */

struct image_volume {
    char file[FS_PATH_BYTES]; /* plain copy of the partition; made when it is needed */
    struct image_disk *disk;
    enum image_role role;
    uint64_t offset_bytes, size_bytes;
    bool copied; /* the file is there */
    bool fresh;  /* formatted: the file says nothing about what was there before */
    char label[IMAGE_LABEL_BYTES];
    struct real_fs *fs; /* NULL: not open */
};

struct image_disk {
    char path[FS_PATH_BYTES];
    char folder[FS_PATH_BYTES]; /* private, of this attachment */
    enum image_access access;
    int lock;
    uint64_t size_bytes;
    size_t count;
    struct image_volume volumes[IMAGE_PARTITIONS];
};

/* Fails unless the disk is attached for writing. */
bool real_may_write(const struct image_volume *volume, struct err *err);

/* The file with the partition's content. */
bool real_copy_out(struct image_volume *volume, struct err *err);

/* The open file system of a volume, which stays its own; none: ERR_BAD_INPUT. */
bool real_fs_of(struct image_volume *volume, struct real_fs **ret_fs, struct err *err);

/* Closes the file system, so that another program may work on the file. */
bool real_fs_close(struct image_volume *volume, struct err *err);

/* Makes an empty file system in the volume's file. */
bool real_format(struct image_volume *volume, enum image_fs fs, const char *label, struct err *err);

/* Writes what differs of all copied partitions into the disk. */
bool real_write_back(struct image_disk *disk, struct err *err);

/* Whether there is nothing but zeros. */
bool real_is_zero(const uint8_t *data, size_t size);

/* Runs a program of this computer to its end; args ends with NULL. What it says is in the error. */
bool real_run(const char *const *args, struct err *err);

/* The same without an error: whether it succeeded. */
bool real_try(const char *const *args);

/* ---- the tables of the port ---- */

extern const struct image_volume_ops real_volume_ops;
extern const struct image_tree_ops real_tree_ops;
extern const struct image_apply_ops real_apply_ops;

#endif
