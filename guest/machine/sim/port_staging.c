/* Port of the GPU driver's places over the simulated Windows: beside the driver store, as files of
 * the disk. A world in memory has none. A file that is marked read-only is one of Windows' own. */
#include "guest/machine/sim/core.h"

#include <string.h>

#define LINKS "driver_links"

static struct sim *staging_sim(struct staging_port *port)
{
    return CORE_SIM(port, staging);
}

/* A folder beside that of the driver store. */
static bool beside(struct core_call *call, const char *name, char *out, struct err *err)
{
    char path[FS_PATH_BYTES];

    if (!call->sim->store)
        return err_set(err, ERR_UNSUPPORTED, TEXT_DRIVER_UNSUPPORTED, NULL);
    if (!call->env->disk->ops->path(call->env->disk, ROOT_DRIVER_STORE, path, sizeof path, err))
        return false;
    if (name) {
        fs_parent(path);
        if (!fs_join(out, path, name, err))
            return false;
    } else {
        text_copy(out, FS_PATH_BYTES, path);
    }
    return fs_make_dirs(out, FS_SHARED, err);
}

static bool
staging_place(struct staging_port *port, enum driver_place place, char *ret_folder, struct err *err)
{
    struct core_call call;
    char path[FS_PATH_BYTES];
    bool ok;

    if (!core_read(&call, staging_sim(port), "staging.place", driver_place_name(place), err))
        return false;
    ok = beside(&call, place == DRIVER_STORE ? NULL : driver_place_name(place), path, err);
    if (!core_end(&call, ok, err))
        return false;
    text_copy(ret_folder, FS_PATH_BYTES, path);
    return true;
}

static bool
staging_is_windows(struct staging_port *port, const char *path, bool *ret_windows, struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};
    struct core_call call;
    bool ok;

    if (!core_read(&call, staging_sim(port), "staging.is_windows", path, err))
        return false;
    ok = call.lie || fs_stat(path, &stat, err);
    if (!core_end(&call, ok, err))
        return false;
    *ret_windows = stat.kind == FS_FILE && stat.attributes & FS_READONLY;
    return true;
}

static bool staging_link(struct staging_port *port, const char *folder, bool on, struct err *err)
{
    char links[FS_PATH_BYTES], path[FS_PATH_BYTES];
    struct core_call call;
    bool ok;

    if (!core_act(&call, staging_sim(port), "staging.link", folder, err))
        return false;
    ok = call.lie || (beside(&call, LINKS, links, err) && fs_join(path, links, folder, err) &&
                      (on ? fs_write_atomic(path, folder, strlen(folder), FS_SHARED, err)
                          : fs_remove(path, err)));
    return core_end(&call, ok, err);
}

static const struct staging_ops staging_ops = {
    .place = staging_place,
    .is_windows = staging_is_windows,
    .link = staging_link,
};

void port_staging_init(struct sim *sim)
{
    sim->staging.ops = &staging_ops;
    sim->machine.staging = &sim->staging;
}
