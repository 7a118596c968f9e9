/* Files of the simulated Windows as real files below DISK/files/, through checked handles. */
#include "guest/machine/sim/disk.h"

#include <stdlib.h>
#include <string.h>

struct disk_folder {
    struct disk disk;
    char base[FS_PATH_BYTES];
};

static struct disk_folder *folder_of(struct disk *disk)
{
    return (struct disk_folder *)disk;
}

static bool root_path(struct disk *disk, enum file_root root, char *out, struct err *err)
{
    return fs_join(out, folder_of(disk)->base, world_root_names[root], err);
}

/* Opens the folder that holds the last component of name; *ret_last points to it in name. A missing
 * folder is ERR_NOT_FOUND unless create. */
static bool open_parent(struct disk *disk,
                        enum file_root root,
                        const char *name,
                        bool create,
                        struct fs_dir **ret_dir,
                        const char **ret_last,
                        struct err *err)
{
    char path[FS_PATH_BYTES], part[FS_NAME_BYTES];
    struct fs_dir *dir = NULL, *sub = NULL;
    const char *slash;

    if (!root_path(disk, root, path, err) || (create && !fs_make_dirs(path, FS_SHARED, err)) ||
        !fs_dir_open(path, &dir, err))
        return false;
    for (; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
        if ((size_t)(slash - name) >= sizeof(part)) {
            fs_dir_close(dir);
            return err_set(err, ERR_BAD_INPUT, TEXT_SIM_FILE_NAME, name, NULL);
        }
        memcpy(part, name, (size_t)(slash - name));
        part[slash - name] = 0;
        if (!fs_dir_open_sub(dir, part, create, &sub, err)) {
            fs_dir_close(dir);
            return false;
        }
        fs_dir_close(dir);
        dir = sub;
    }
    *ret_dir = dir;
    *ret_last = name;
    return true;
}

static bool folder_stat(struct disk *disk,
                        enum file_root root,
                        const char *name,
                        struct fs_stat *ret_stat,
                        struct err *err)
{
    char path[FS_PATH_BYTES];
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    const char *last;
    bool ok;

    if (!*name)
        return root_path(disk, root, path, err) && fs_stat(path, ret_stat, err);
    if (!open_parent(disk, root, name, false, &dir, &last, &why)) {
        if (why.kind == ERR_NOT_FOUND) {
            *ret_stat = (struct fs_stat){.kind = FS_MISSING};
            return true;
        }
        if (err)
            *err = why;
        return false;
    }
    ok = fs_dir_stat(dir, last, ret_stat, err);
    fs_dir_close(dir);
    return ok;
}

static bool folder_read(struct disk *disk,
                        enum file_root root,
                        const char *name,
                        uint64_t offset,
                        size_t max,
                        struct buf *out,
                        struct err *err)
{
    struct fs_dir *dir = NULL;
    const char *last;
    bool ok = open_parent(disk, root, name, false, &dir, &last, err) &&
              fs_dir_read(dir, last, offset, max, out, err);

    fs_dir_close(dir);
    return ok;
}

static bool folder_write(struct disk *disk,
                         enum file_root root,
                         const char *name,
                         const void *data,
                         size_t length,
                         struct err *err)
{
    struct fs_dir *dir = NULL;
    const char *last;
    bool ok = open_parent(disk, root, name, true, &dir, &last, err) &&
              fs_dir_write(dir, last, data, length, err);

    fs_dir_close(dir);
    return ok;
}

/* A missing folder holds nothing to remove or list. */
static bool fine_when_missing(const struct err *why, struct err *err)
{
    if (why->kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = *why;
    return false;
}

static bool folder_remove(struct disk *disk, enum file_root root, const char *name, struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL;
    const char *last;
    bool ok =
        open_parent(disk, root, name, false, &dir, &last, &why) && fs_dir_remove(dir, last, &why);

    fs_dir_close(dir);
    return ok || fine_when_missing(&why, err);
}

static bool folder_list(struct disk *disk,
                        enum file_root root,
                        const char *name,
                        bool (*visit)(const char *name, enum fs_kind kind, void *user),
                        void *user,
                        struct err *err)
{
    struct err why = ERR_INIT;
    struct fs_dir *dir = NULL, *sub = NULL;
    const char *last;
    bool ok = open_parent(disk, root, name, false, &dir, &last, &why) &&
              (!*last || fs_dir_open_sub(dir, last, false, &sub, &why)) &&
              fs_dir_list(sub ? sub : dir, visit, user, &why);

    fs_dir_close(sub);
    fs_dir_close(dir);
    return ok || fine_when_missing(&why, err);
}

static bool folder_make(struct disk *disk, enum file_root root, const char *name, struct err *err)
{
    struct fs_dir *dir = NULL, *sub = NULL;
    const char *last;
    bool ok = open_parent(disk, root, name, true, &dir, &last, err) &&
              (!*last || fs_dir_open_sub(dir, last, true, &sub, err));

    fs_dir_close(sub);
    fs_dir_close(dir);
    return ok;
}

static bool
folder_remove_tree(struct disk *disk, enum file_root root, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES], whole[FS_PATH_BYTES];

    if (!root_path(disk, root, path, err))
        return false;
    if (!*name)
        return fs_remove_tree(path, err);
    return fs_join(whole, path, name, err) && fs_remove_tree(whole, err);
}

static bool
folder_path(struct disk *disk, enum file_root root, char *out, size_t size, struct err *err)
{
    char path[FS_PATH_BYTES];

    if (!root_path(disk, root, path, err))
        return false;
    if (strlen(path) >= size)
        return err_set(err, ERR_TOO_LARGE, TEXT_SIM_FILE_NAME, path, NULL);
    text_copy(out, size, path);
    return true;
}

static const struct disk_ops folder_ops = {
    .stat = folder_stat,
    .read = folder_read,
    .write = folder_write,
    .remove = folder_remove,
    .list = folder_list,
    .make_folder = folder_make,
    .remove_tree = folder_remove_tree,
    .path = folder_path,
};

bool disk_folder_new(const char *folder, struct disk **ret_disk, struct err *err)
{
    struct disk_folder *disk = calloc(1, sizeof(*disk));

    if (!disk)
        return err_no_memory(err);
    disk->disk.ops = &folder_ops;
    text_copy(disk->base, sizeof(disk->base), folder);
    *ret_disk = &disk->disk;
    return true;
}

void disk_folder_free(struct disk *disk)
{
    free(disk);
}
