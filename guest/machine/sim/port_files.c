/* Ports of files and registry over the simulated Windows. */
#include "guest/machine/sim/core.h"

#include <string.h>

static struct sim *files_sim(struct files_port *port)
{
    return CORE_SIM(port, files);
}

static struct sim *registry_sim(struct registry_port *port)
{
    return CORE_SIM(port, registry);
}

/* The user's folder exists only while Windows knows whose it is. */
static bool root_exists(const struct core_call *call, enum file_root root)
{
    return root != ROOT_PARSEC_USER || call->world->session.user[0] != 0;
}

static bool no_user(const char *name, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, name, NULL);
}

static bool files_stat(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       struct fs_stat *ret_stat,
                       struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};
    struct core_call call;
    bool ok = true;

    if (!file_name_check(name, err) || !core_read(&call, files_sim(port), "files.stat", name, err))
        return false;
    if (!call.lie && root_exists(&call, root))
        ok = call.env->disk->ops->stat(call.env->disk, root, name, &stat, err);
    if (!core_end(&call, ok, err))
        return false;
    *ret_stat = stat;
    return true;
}

static bool files_read(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       uint64_t offset,
                       size_t max,
                       struct buf *out,
                       struct err *err)
{
    struct core_call call;
    bool ok;

    if (!file_name_check(name, err) || !core_read(&call, files_sim(port), "files.read", name, err))
        return false;
    if (call.lie || !root_exists(&call, root))
        ok = no_user(name, err);
    else
        ok = call.env->disk->ops->read(call.env->disk, root, name, offset, max, out, err);
    return core_end(&call, ok, err);
}

static bool files_write(struct files_port *port,
                        enum file_root root,
                        const char *name,
                        const void *data,
                        size_t length,
                        struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!file_name_check(name, err) || !core_act(&call, files_sim(port), "files.write", name, err))
        return false;
    if (!root_exists(&call, root))
        ok = no_user(name, err);
    else if (!call.lie)
        ok = call.env->disk->ops->write(call.env->disk, root, name, data, length, err);
    return core_end(&call, ok, err);
}

static bool
files_remove(struct files_port *port, enum file_root root, const char *name, struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!file_name_check(name, err) || !core_act(&call, files_sim(port), "files.remove", name, err))
        return false;
    if (!call.lie && root_exists(&call, root))
        ok = call.env->disk->ops->remove(call.env->disk, root, name, err);
    return core_end(&call, ok, err);
}

static bool files_list(struct files_port *port,
                       enum file_root root,
                       const char *name,
                       bool (*visit)(const char *name, enum fs_kind kind, void *user),
                       void *user,
                       struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!file_name_check(name, err) || !core_read(&call, files_sim(port), "files.list", name, err))
        return false;
    if (!call.lie && root_exists(&call, root))
        ok = call.env->disk->ops->list(call.env->disk, root, name, visit, user, err);
    return core_end(&call, ok, err);
}

static bool
files_path(struct files_port *port, enum file_root root, char *out, size_t size, struct err *err)
{
    struct core_call call;
    char path[FS_PATH_BYTES] = "";
    bool ok = true;

    if (!core_read(&call, files_sim(port), "files.path", world_root_names[root], err))
        return false;
    if (!call.lie && root_exists(&call, root) && disk_exists(call.env->disk, root, ""))
        ok = call.env->disk->ops->path(call.env->disk, root, path, sizeof(path), err);
    if (ok && strlen(path) >= size)
        ok = err_set(err, ERR_TOO_LARGE, TEXT_SIM_FILE_NAME, path, NULL);
    if (!core_end(&call, ok, err))
        return false;
    text_copy(out, size, path);
    return true;
}

static const struct files_ops files_ops = {
    .stat = files_stat,
    .read = files_read,
    .write = files_write,
    .remove = files_remove,
    .list = files_list,
    .path = files_path,
};

static bool registry_get(struct registry_port *port,
                         const char *key,
                         const char *name,
                         struct registry_value *ret_value,
                         struct err *err)
{
    struct registry_value value = {.type = REGISTRY_ABSENT};
    const struct world_registry *entry;
    struct core_call call;

    if (!core_read(&call, registry_sim(port), "registry.get", key, err))
        return false;
    entry = call.lie ? NULL : world_registry(call.world, key, name);
    if (entry) {
        value.type = entry->type;
        value.dword = entry->dword;
        text_copy(value.text, sizeof(value.text), entry->text);
    }
    if (!core_end(&call, true, err))
        return false;
    *ret_value = value;
    return true;
}

static bool registry_set(struct registry_port *port,
                         const char *key,
                         const char *name,
                         const struct registry_value *value,
                         struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!core_act(&call, registry_sim(port), "registry.set", key, err))
        return false;
    if (!call.lie && !world_registry_set(call.world, key, name, value))
        ok = err_set(
            err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "registry", TEXT_NUM(WORLD_REGISTRY), NULL);
    return core_end(&call, ok, err);
}

static const struct registry_ops registry_ops = {
    .get = registry_get,
    .set = registry_set,
};

void port_files_init(struct sim *sim)
{
    sim->files.ops = &files_ops;
    sim->machine.files = &sim->files;
    sim->registry.ops = &registry_ops;
    sim->machine.registry = &sim->registry;
}
