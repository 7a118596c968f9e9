/* Files of the simulated Windows: helpers over either kind, and the kind in memory. */
#include "guest/machine/sim/disk.h"

#include <stdio.h>
#include <string.h>

bool disk_exists(struct disk *disk, enum file_root root, const char *name)
{
    struct fs_stat stat;

    return disk->ops->stat(disk, root, name, &stat, NULL) && stat.kind != FS_MISSING;
}

void disk_put(struct disk *disk, enum file_root root, const char *name, const char *text)
{
    (void)disk->ops->write(disk, root, name, text, strlen(text), NULL);
}

bool disk_text(struct disk *disk, enum file_root root, const char *name, struct buf *out)
{
    struct err err = ERR_INIT;

    return disk->ops->read(disk, root, name, 0, DISK_READ_MAX, out, &err) ||
           err.kind == ERR_NOT_FOUND;
}

void disk_append(struct disk *disk, enum file_root root, const char *name, const char *text)
{
    struct buf all;

    buf_init(&all, DISK_READ_MAX);
    if (disk_text(disk, root, name, &all) && buf_puts(&all, text))
        (void)disk->ops->write(disk, root, name, all.data, all.len, NULL);
    buf_done(&all);
}

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

bool disk_resolve(
    struct disk *disk, const char *path, enum file_root *ret_root, char *name, size_t size)
{
    char base[FS_PATH_BYTES];
    size_t length;

    for (int root = 0; root < FILE_ROOTS; root++) {
        if (!disk->ops->path(disk, (enum file_root)root, base, sizeof(base), NULL))
            continue;
        length = strlen(base);
        if (!length || !world_begins(path, base) || !is_separator(path[length]) ||
            strlen(path + length + 1) >= size)
            continue;
        text_copy(name, size, path + length + 1);
        for (char *at = name; *at; at++)
            if (*at == '\\')
                *at = '/';
        *ret_root = (enum file_root)root;
        return true;
    }
    return false;
}

static struct disk_memory *memory_of(struct disk *disk)
{
    return (struct disk_memory *)disk;
}

static bool missing(enum file_root root, const char *name, struct err *err)
{
    char path[ERR_ARG_BYTES];

    snprintf(path, sizeof(path), "%s/%.150s", world_root_names[root], name);
    return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, path, NULL);
}

/* Whether file lies in the folder name ("" is the root), or is that folder itself. */
static bool is_below(const struct world_file *file, enum file_root root, const char *name)
{
    size_t length = strlen(name);

    if (file->root != root || !world_begins(file->name, name))
        return false;
    return !length || file->name[length] == '/';
}

static bool memory_stat(struct disk *disk,
                        enum file_root root,
                        const char *name,
                        struct fs_stat *ret_stat,
                        struct err *err)
{
    struct world *world = memory_of(disk)->world;
    const struct world_file *file = world_file(world, root, name);
    struct fs_stat stat = {.kind = FS_MISSING};

    (void)err;
    if (file) {
        size_t length;

        (void)world_file_data(file, &length);
        stat.size_bytes = length;
        stat.kind = FS_FILE;
        stat.modified_ms = file->modified_ms;
        stat.links = 1;
    }
    for (uint32_t i = 0; !file && i < world->file_count; i++)
        if (is_below(&world->files[i], root, name))
            stat.kind = FS_FOLDER;
    *ret_stat = stat;
    return true;
}

static bool memory_read(struct disk *disk,
                        enum file_root root,
                        const char *name,
                        uint64_t offset,
                        size_t max,
                        struct buf *out,
                        struct err *err)
{
    const struct world_file *file = world_file(memory_of(disk)->world, root, name);
    const unsigned char *data;
    size_t length;

    if (!file)
        return missing(root, name, err);
    data = world_file_data(file, &length);
    if (offset >= length)
        return true;
    length -= (size_t)offset;
    return buf_put(out, data + offset, length < max ? length : max) || err_no_memory(err);
}

static bool memory_write(struct disk *disk,
                         enum file_root root,
                         const char *name,
                         const void *data,
                         size_t length,
                         struct err *err)
{
    struct disk_memory *memory = memory_of(disk);

    return world_file_put(memory->world, root, name, data, length, *memory->now_ms) ||
           err_set(err, ERR_NO_SPACE, TEXT_FILE_WRITE, name, NULL);
}

static bool memory_remove(struct disk *disk, enum file_root root, const char *name, struct err *err)
{
    struct world *world = memory_of(disk)->world;
    struct world_file *file = world_file(world, root, name);

    (void)err;
    if (file)
        world_file_remove(world, file);
    return true;
}

/* Whether an earlier file already showed the same entry of the folder. */
static bool listed_before(
    const struct world *world, uint32_t end, enum file_root root, const char *prefix, size_t length)
{
    for (uint32_t i = 0; i < end; i++) {
        const struct world_file *file = &world->files[i];

        if (file->root == root && strncmp(file->name, prefix, length) == 0 &&
            (file->name[length] == 0 || file->name[length] == '/'))
            return true;
    }
    return false;
}

static bool memory_list(struct disk *disk,
                        enum file_root root,
                        const char *name,
                        bool (*visit)(const char *name, enum fs_kind kind, void *user),
                        void *user,
                        struct err *err)
{
    struct world *world = memory_of(disk)->world;
    size_t skip = strlen(name) + (*name != 0), length;
    char entry[FS_NAME_BYTES];

    (void)err;
    for (uint32_t i = 0; i < world->file_count; i++) {
        const char *rest = world->files[i].name + skip;

        if (!is_below(&world->files[i], root, name) || !*rest)
            continue;
        length = strcspn(rest, "/");
        if (listed_before(world, i, root, world->files[i].name, skip + length))
            continue;
        snprintf(entry, sizeof(entry), "%.*s", (int)length, rest);
        if (!visit(entry, rest[length] ? FS_FOLDER : FS_FILE, user))
            break;
    }
    return true;
}

static bool
memory_make_folder(struct disk *disk, enum file_root root, const char *name, struct err *err)
{
    char folder[FS_NAME_BYTES];

    if (disk_exists(disk, root, name))
        return true;
    snprintf(folder, sizeof(folder), "%.200s/", name);
    return memory_write(disk, root, folder, NULL, 0, err);
}

static bool
memory_remove_tree(struct disk *disk, enum file_root root, const char *name, struct err *err)
{
    struct world *world = memory_of(disk)->world;

    (void)err;
    for (uint32_t i = world->file_count; i-- > 0;)
        if (is_below(&world->files[i], root, name))
            world_file_remove(world, &world->files[i]);
    return true;
}

static bool
memory_path(struct disk *disk, enum file_root root, char *out, size_t size, struct err *err)
{
    (void)disk;
    (void)err;
    snprintf(out, size, "sim:/%s", world_root_names[root]);
    return true;
}

static const struct disk_ops memory_ops = {
    .stat = memory_stat,
    .read = memory_read,
    .write = memory_write,
    .remove = memory_remove,
    .list = memory_list,
    .make_folder = memory_make_folder,
    .remove_tree = memory_remove_tree,
    .path = memory_path,
};

void disk_memory_init(struct disk_memory *disk, struct world *world, int64_t *now_ms)
{
    disk->disk.ops = &memory_ops;
    disk->world = world;
    disk->now_ms = now_ms;
}
