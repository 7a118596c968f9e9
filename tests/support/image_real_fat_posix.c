/* FAT32 in a plain file, by mtools. */
#include "tests/support/image_real.h"

#include "host/image/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES    ((size_t)64 << 20)
#define SECTOR_BYTES  512
#define CLUSTER       13  /* of the boot sector: sectors of a cluster */
#define FREE_CLUSTERS 488 /* of the sector behind it */
#define SCRATCH       ".scratch"

struct fat_fs {
    struct real_fs base;
    char file[FS_PATH_BYTES];
    char scratch[FS_PATH_BYTES + sizeof SCRATCH]; /* what goes in or comes out */
};

/* "::/EFI/Boot" */
static const char *inside(char out[FS_PATH_BYTES + 4], const char *name)
{
    snprintf(out, FS_PATH_BYTES + 4, "::/%s", name);
    return out;
}

static enum fs_kind kind_of(struct fat_fs *fs, const char *name)
{
    char path[FS_PATH_BYTES + 4], folder[FS_PATH_BYTES + 8];
    const char *const list[] = {"mdir", "-b", "-i", fs->file, inside(path, name), NULL};
    const char *const inner[] = {"mdir", "-b", "-i", fs->file, folder, NULL};

    if (!*name)
        return FS_FOLDER;
    snprintf(folder, sizeof folder, "%s/.", path);
    return !real_try(list) ? FS_MISSING : real_try(inner) ? FS_FOLDER : FS_FILE;
}

/* Copies a file to the scratch file. */
static bool fetch(struct fat_fs *fs, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES + 4];
    const char *const args[] = {
        "mcopy", "-n", "-o", "-i", fs->file, inside(path, name), fs->scratch, NULL};

    return kind_of(fs, name) == FS_FILE ? real_run(args, err)
                                        : err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
}

static bool make_dir(struct real_fs *base, const char *name, enum image_acl acl, struct err *err)
{
    struct fat_fs *fs = (struct fat_fs *)base;
    char part[FS_PATH_BYTES], path[FS_PATH_BYTES + 4];
    const char *const args[] = {"mmd", "-i", fs->file, path, NULL};
    size_t length = 0;

    (void)acl;
    do {
        length += strcspn(name + length, "/");
        text_copy(part, sizeof part, name);
        part[length] = 0;
        inside(path, part);
        if (kind_of(fs, part) == FS_MISSING && !real_run(args, err))
            return false;
    } while (name[length++]);
    return true;
}

static bool put(struct real_fs *base,
                const char *name,
                const void *data,
                size_t length,
                enum image_acl acl,
                struct err *err)
{
    struct fat_fs *fs = (struct fat_fs *)base;
    char path[FS_PATH_BYTES + 4], folder[FS_PATH_BYTES];
    const char *const args[] = {
        "mcopy", "-o", "-i", fs->file, fs->scratch, inside(path, name), NULL};

    (void)acl;
    text_copy(folder, sizeof folder, name);
    fs_parent(folder);
    if (kind_of(fs, folder) != FS_FOLDER)
        return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
    return fs_write_atomic(fs->scratch, data, length, FS_PRIVATE, err) && real_run(args, err);
}

static bool read_file(struct real_fs *base,
                      const char *name,
                      uint64_t offset,
                      size_t max,
                      struct buf *out,
                      struct err *err)
{
    struct fat_fs *fs = (struct fat_fs *)base;
    struct buf all;
    bool ok;

    if (!fetch(fs, name, err))
        return false;
    buf_init(&all, FILE_BYTES);
    ok = fs_read(fs->scratch, FILE_BYTES, &all, err);
    if (ok && offset < all.len)
        ok = buf_put(out, all.data + offset, all.len - offset < max ? all.len - offset : max) ||
             err_no_memory(err);
    buf_done(&all);
    return ok;
}

static bool
stat_file(struct real_fs *base, const char *name, struct fs_stat *ret_stat, struct err *err)
{
    struct fat_fs *fs = (struct fat_fs *)base;
    enum fs_kind kind = kind_of(fs, name);

    if (kind == FS_FILE)
        return fetch(fs, name, err) && fs_stat(fs->scratch, ret_stat, err);
    *ret_stat = (struct fs_stat){.kind = kind};
    return true;
}

/* FAT has none. */
static bool set_acl(struct real_fs *base, const char *name, enum image_acl acl, struct err *err)
{
    (void)acl;
    return kind_of((struct fat_fs *)base, name) != FS_MISSING ||
           err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
}

static bool remove_any(struct real_fs *base, const char *name, struct err *err)
{
    struct fat_fs *fs = (struct fat_fs *)base;
    char path[FS_PATH_BYTES + 4];
    const char *const args[] = {"mdeltree", "-i", fs->file, inside(path, name), NULL};

    return kind_of(fs, name) == FS_MISSING || real_run(args, err);
}

static bool free_space(struct real_fs *base, uint64_t *ret_bytes, struct err *err)
{
    struct fat_fs *fs = (struct fat_fs *)base;
    uint8_t sectors[2 * SECTOR_BYTES];
    struct fs_file *file = NULL;
    size_t got = 0;
    bool ok;

    if (!fs_file_open(fs->file, FS_READ, FS_PRIVATE, &file, err))
        return false;
    ok = fs_file_read(file, 0, sectors, sizeof sectors, &got, err) && got == sizeof sectors;
    fs_file_close(file);
    if (ok)
        *ret_bytes = (uint64_t)bytes_get32(sectors + SECTOR_BYTES + FREE_CLUSTERS) *
                     sectors[CLUSTER] * SECTOR_BYTES;
    return ok;
}

static bool close_fs(struct real_fs *base, struct err *err)
{
    struct fat_fs *fs = (struct fat_fs *)base;
    bool ok = fs_remove(fs->scratch, err);

    free(fs);
    return ok;
}

static const struct real_fs_ops ops = {
    .make_dir = make_dir,
    .put = put,
    .read = read_file,
    .stat = stat_file,
    .set_acl = set_acl,
    .remove = remove_any,
    .free_space = free_space,
    .close = close_fs,
};

bool real_fat_open(const char *file, struct real_fs **ret_fs, struct err *err)
{
    struct fat_fs *fs = calloc(1, sizeof *fs);

    if (!fs)
        return err_no_memory(err);
    fs->base.ops = &ops;
    text_copy(fs->file, sizeof fs->file, file);
    snprintf(fs->scratch, sizeof fs->scratch, "%s" SCRATCH, file);
    *ret_fs = &fs->base;
    return true;
}
