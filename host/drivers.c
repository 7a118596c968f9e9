/* Packages of a call, and the moments at which they are brought over. */
#include "host/drivers.h"

#include "host/boot.h"
#include "host/disk.h"
#include "host/driver/driver_make.h"
#include "host/hypervisor/sim_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#define SIM_HOST "host"
#define CACHE    "drivers"

struct entry {
    char gpu[GPU_PATH_BYTES];
    struct driver_package *package; /* NULL: why */
    struct err why;
};

struct drivers {
    uv_mutex_t lock;
    struct driver_port *port;
    struct entry entries[GPUS_MAX];
    size_t count;
};

bool drivers_new(struct drivers **ret_drivers, struct err *err)
{
    struct drivers *drivers = calloc(1, sizeof *drivers);

    if (!drivers)
        return err_no_memory(err);
    if (uv_mutex_init(&drivers->lock) != 0) {
        free(drivers);
        return err_no_memory(err);
    }
    *ret_drivers = drivers;
    return true;
}

void drivers_free(struct drivers *drivers)
{
    if (!drivers)
        return;
    for (size_t i = 0; i < drivers->count; i++)
        driver_package_free(drivers->entries[i].package);
    driver_free(drivers->port);
    uv_mutex_destroy(&drivers->lock);
    free(drivers);
}

/* ---- the simulated host ---- */

/* Makes the driver store of the simulated host unless it is there for these GPUs. */
static bool make_store(const char *state, char *folder, struct err *err)
{
    struct driver_make what = {.gpu_count = 0, .files = 4, .file_bytes = 3000};
    struct driver_adapter adapter;
    struct driver_port *port = NULL;
    struct sim_host host;
    bool stands;

    if (!sim_host_load(state, &host, err) || !fs_join(folder, state, SIM_HOST, err))
        return false;
    stands = driver_open_folder(folder, &port, NULL);
    for (size_t i = 0; i < host.gpu_count; i++) {
        const struct sim_gpu *gpu = &host.gpus[i];

        what.gpus[what.gpu_count++] = (struct driver_make_gpu){gpu->path, gpu->name, gpu->driver};
        stands = stands && port->ops->locate(port, gpu->path, &adapter, NULL) &&
                 !strcmp(adapter.version, gpu->driver);
    }
    driver_free(port);
    return stands || driver_make(folder, &what, err);
}

bool drivers_expect(struct call *call, const struct target *target, struct err *err)
{
    struct sim_host host;
    struct sim_vm vm;
    char folder[FS_NAME_BYTES], name[FS_NAME_BYTES + 16], version[64];
    const char *args[] = {"break", version, name, NULL};
    struct buf out;
    bool ok;

    if (!sim_vm_load(call->state, target->id, &vm, err) || !sim_host_load(call->state, &host, err))
        return false;
    for (size_t i = 0; i < host.gpu_count; i++) {
        const struct sim_gpu *gpu = &host.gpus[i];
        struct driver_make_gpu made = {gpu->path, gpu->name, gpu->driver};

        if (strcmp(gpu->path, *vm.gpu ? vm.gpu : target->record.gpu) != 0)
            continue;
        snprintf(version, sizeof version, "gpu.version=%.32s", gpu->driver);
        snprintf(name, sizeof name, "gpu.folder=%s", driver_make_folder(&made, folder));
        buf_init(&out, 1 << 16);
        ok = sim_agent_edit(call->state, target->id, args, &out, err);
        buf_done(&out);
        return ok;
    }
    return true;
}

bool drivers_simulate(struct call *call, struct err *err)
{
    struct target *targets = NULL;
    char folder[FS_PATH_BYTES];
    size_t count = 0;
    bool ok = make_store(call->state, folder, err) && targets_all(call, &targets, &count, err);

    for (size_t i = 0; ok && i < count; i++)
        ok = !targets[i].exists || drivers_expect(call, &targets[i], err);
    free(targets);
    return ok;
}

/* ---- packages ---- */

static bool open_port(struct call *call, struct err *err)
{
    struct drivers *drivers = call->drivers;
    char folder[FS_PATH_BYTES];

    if (drivers->port)
        return true;
    if (!call->simulated)
        return driver_open_system(&drivers->port, err);
    return make_store(call->state, folder, err) && driver_open_folder(folder, &drivers->port, err);
}

/* Reads the package of a GPU into an entry, or why it cannot be read. */
static void read_entry(struct call *call, struct entry *entry)
{
    char cache[FS_PATH_BYTES];

    if (open_port(call, &entry->why) && fs_join(cache, call->state, CACHE, &entry->why))
        driver_package_read(
            call->drivers->port, entry->gpu, cache, NULL, &entry->package, &entry->why);
}

bool drivers_package(struct call *call,
                     const char *gpu,
                     const struct driver_package **ret_package,
                     struct err *err)
{
    struct drivers *drivers = call->drivers;
    struct entry *entry = NULL;

    uv_mutex_lock(&drivers->lock);
    for (size_t i = 0; i < drivers->count; i++)
        if (!strcmp(drivers->entries[i].gpu, gpu))
            entry = &drivers->entries[i];
    if (!entry && drivers->count < GPUS_MAX) {
        entry = &drivers->entries[drivers->count++];
        text_copy(entry->gpu, sizeof entry->gpu, gpu);
        read_entry(call, entry);
    }
    uv_mutex_unlock(&drivers->lock);
    if (!entry)
        return err_set(err, ERR_TOO_LARGE, TEXT_DRIVER_NO_ADAPTER, gpu, NULL);
    if (!entry->package) {
        if (err)
            *err = entry->why;
        return false;
    }
    *ret_package = entry->package;
    return true;
}

/* ---- what a VM got last ---- */

static void id_text(const struct driver_package *package, char *out, size_t size)
{
    snprintf(out, size, "%016llx", (unsigned long long)package->id);
}

bool drivers_is_noted(const struct target *target, const struct driver_package *package)
{
    char id[24];

    id_text(package, id, sizeof id);
    return !strcmp(target->record.driver_id, id);
}

bool drivers_note(struct call *call,
                  struct target *target,
                  const struct driver_package *package,
                  struct err *err)
{
    struct store_vm *record = &target->record;

    if (drivers_is_noted(target, package))
        return true;
    id_text(package, record->driver_id, sizeof record->driver_id);
    text_copy(record->driver_version, sizeof record->driver_version, package->adapter.version);
    return store_save(call->store, record, err);
}

/* ---- a VM that runs ---- */

bool drivers_live(struct call *call,
                  struct target *target,
                  const struct driver_package *package,
                  const struct sync_options *options,
                  bool dry_run,
                  struct sync_result *ret_result,
                  struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct link_address address;
    struct client *client = NULL;
    bool ok;

    if (!boot_connect(call, target, &client, err))
        return false;
    if (dry_run)
        ok = sync_compare(client, package, options, ret_result, err);
    else
        ok = h->ops->address(h, target->id, &address, err) &&
             sync_run(client, &address, package, options, ret_result, err);
    client_close(client);
    if (ok && !dry_run && !drivers_note(call, target, package, err)) {
        sync_done(ret_result);
        return false;
    }
    return ok;
}

/* ---- around a start ---- */

static void complain(struct call *call, const struct target *target, struct err *why)
{
    err_context(why, TEXT_DRIVER_NOT_SYNCED, target->name);
    ui_error(&call->ui, target->name, why);
}

void drivers_before_start(struct call *call, struct target *target)
{
    const struct driver_package *package = NULL;
    struct sync_result result;
    struct err why = ERR_INIT;

    if (!*target->record.gpu)
        return;
    if (!drivers_package(call, target->record.gpu, &package, &why)) {
        complain(call, target, &why);
        return;
    }
    if (drivers_is_noted(target, package) || target->vm.state != VM_OFF)
        return;
    /* a disk that cannot be opened is no reason: the link will do */
    if (drivers_offline(call, target, package, false, &result, NULL))
        sync_done(&result);
}

static void on_bytes(uint64_t sent, uint64_t total, void *user)
{
    char a[32], b[32];

    progress_step(user,
                  total ? (unsigned)(sent * PROGRESS_FULL / total) : 0,
                  TEXT_DRIVER_STEP_SEND,
                  ui_size_text(a, sizeof a, sent),
                  ui_size_text(b, sizeof b, total),
                  NULL);
}

void drivers_after_start(struct call *call, struct target *target, struct progress *progress)
{
    const struct sync_options options = {.on_progress = progress ? on_bytes : NULL,
                                         .user = progress};
    const struct driver_package *package = NULL;
    struct sync_result result;
    struct err why = ERR_INIT;

    if (!*target->record.gpu || !drivers_package(call, target->record.gpu, &package, NULL) ||
        drivers_is_noted(target, package))
        return;
    if (!hypervisor_find(call->hypervisor, target->id, &target->vm, &why) ||
        !drivers_live(call, target, package, &options, false, &result, &why))
        complain(call, target, &why);
    else
        sync_done(&result);
}
