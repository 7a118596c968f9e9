/* Making the disk of a simulated machine from a world. */
#include "guest/machine/sim/sim.h"

#include "guest/machine/sim/os.h"
#include "guest/machine/sim/store.h"
#include "guest/machine/sim/worlds.h"

#include <stdlib.h>
#include <string.h>

#define WORLD_FILE_MAX ((size_t)4 * 1024 * 1024)

/* One file or folder (its name ends with '/'). Our own new place, so nothing hostile is there yet,
 * and nothing is flushed: a disk that was not finished is made anew. */
static bool unpack_one(const struct world_file *file, const char *root, struct err *err)
{
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES], above[sizeof(file->name)];
    char *slash;
    size_t length;
    const void *data = world_file_data(file, &length);

    text_copy(above, sizeof(above), file->name);
    slash = strrchr(above, '/');
    if (slash) {
        *slash = 0;
        if (!fs_join(folder, root, above, err) || !fs_make_dirs(folder, FS_PRIVATE, err))
            return false;
    }
    if (file->name[strlen(file->name) - 1] == '/')
        return true;
    return fs_join(path, root, file->name, err) && os_replace(path, data, length, err);
}

/* Lays the files of a world in memory onto the disk. */
static bool unpack(const struct world *world, const char *disk, struct err *err)
{
    char files[FS_PATH_BYTES], root[FS_PATH_BYTES];
    bool ok = fs_join(files, disk, "files", err) && fs_make_dirs(files, FS_PRIVATE, err);

    for (uint32_t i = 0; ok && i < world->file_count; i++)
        ok = fs_join(root, files, world_root_names[world->files[i].root], err) &&
             fs_make_dirs(root, FS_PRIVATE, err) && unpack_one(&world->files[i], root, err);
    return ok;
}

static bool lay_out(struct world *world, const char *disk, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!fs_join(path, disk, "world.json", err) || !fs_stat(path, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return err_set(err, ERR_EXISTS, TEXT_SIM_WORLD_EXISTS, disk, NULL);
    world->scale_real_ms = clock_wall_ms(clock_system());
    world->scale_wall_ms = world->scale_real_ms;
    return fs_make_dirs(disk, FS_PRIVATE, err) && unpack(world, disk, err) &&
           store_create(disk, world, err);
}

bool machine_sim_init_text(const char *disk, const char *text, size_t length, struct err *err)
{
    struct world *world = malloc(sizeof(*world));
    bool ok;

    if (!world)
        return err_no_memory(err);
    world_init(world);
    ok = worlds_read(text, length, clock_wall_ms(clock_system()), world, err) &&
         lay_out(world, disk, err);
    world_done(world);
    free(world);
    return ok;
}

static bool is_path(const char *name)
{
    size_t length = strlen(name);

    return strpbrk(name, "/\\") || (length > 5 && strcmp(name + length - 5, ".json") == 0);
}

bool machine_sim_init(const char *disk, const char *name, struct err *err)
{
    struct world *world = NULL;
    struct buf text;
    bool ok;

    buf_init(&text, WORLD_FILE_MAX);
    if (is_path(name)) {
        ok = (fs_read(name, WORLD_FILE_MAX, &text, err) &&
              machine_sim_init_text(disk, buf_str(&text), text.len, err)) ||
             err_context(err, TEXT_FILE_READING, name);
        buf_done(&text);
        return ok;
    }
    world = malloc(sizeof(*world));
    if (!world)
        return err_no_memory(err);
    world_init(world);
    ok = worlds_load(name, clock_wall_ms(clock_system()), world, err) && lay_out(world, disk, err);
    world_done(world);
    free(world);
    return ok;
}
