/* Copies of folders, and of disks that are folders. */
#include "host/image/dir_inside.h"

#define COPY_BYTES ((size_t)256 << 20)
#define COPY_DEPTH 64

bool dir_refuse_existing(const char *path, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(path, &stat, err))
        return false;
    return stat.kind == FS_MISSING || err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, path, NULL);
}

bool dir_copy_file(const char *from, const char *to, struct err *err)
{
    struct buf data;
    bool ok;

    buf_init(&data, COPY_BYTES);
    ok = fs_read(from, COPY_BYTES, &data, err) &&
         fs_write_atomic(to, data.data, data.len, FS_PRIVATE, err);
    buf_done(&data);
    return ok;
}

struct copy {
    const char *from, *to;
    unsigned depth;
    bool ok;
    struct err *err;
};

static bool copy_one(const char *name, enum fs_kind kind, void *user)
{
    struct copy *copy = user;
    char from[FS_PATH_BYTES], to[FS_PATH_BYTES];

    copy->ok = fs_join(from, copy->from, name, copy->err) && fs_join(to, copy->to, name, copy->err);
    if (copy->ok && kind == FS_FOLDER)
        copy->ok = dir_copy_tree(from, to, copy->depth + 1, copy->err);
    else if (copy->ok && kind == FS_FILE)
        copy->ok = dir_copy_file(from, to, copy->err);
    return copy->ok;
}

bool dir_copy_tree(const char *from, const char *to, unsigned depth, struct err *err)
{
    struct copy copy = {from, to, depth, true, err};

    if (depth > COPY_DEPTH)
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_UNSAFE, from, NULL);
    return fs_make_dirs(to, FS_PRIVATE, err) && fs_list(from, copy_one, &copy, err) && copy.ok;
}

bool dir_copy_disk(const char *from, const char *to, struct dir_label *label, struct err *err)
{
    char file[FS_PATH_BYTES];

    return dir_refuse_existing(to, err) && dir_copy_tree(from, to, 0, err) &&
           fs_join(file, to, DIR_LABEL_FILE, err) && fs_remove(file, err) &&
           dir_label_renew(to, label, err);
}
