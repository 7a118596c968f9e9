/* Ports of devices and driver packages over the simulated Windows. */
#include "guest/machine/sim/core.h"
#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/install.h"

#include <stdio.h>
#include <string.h>

#define STORE_FOLDER "C:\\Windows\\System32\\DriverStore\\FileRepository\\"

static struct sim *devices_sim(struct devices_port *port)
{
    return CORE_SIM(port, devices);
}

static struct sim *drivers_sim(struct drivers_port *port)
{
    return CORE_SIM(port, drivers);
}

static bool is_listed(const struct world_device *device, const char *hardware_id)
{
    if (device->removed)
        return false;
    if (hardware_id)
        return world_begins(device->hardware_id, hardware_id);
    return world_same(device->device_class, "Display") || world_same(device->device_class, "MEDIA");
}

static void describe(const struct world_device *from, struct device *to)
{
    memset(to, 0, sizeof(*to));
    text_copy(to->instance, sizeof(to->instance), from->instance);
    text_copy(to->hardware_id, sizeof(to->hardware_id), from->hardware_id);
    text_copy(to->name, sizeof(to->name), from->name);
    text_copy(to->device_class, sizeof(to->device_class), from->device_class);
    to->present = from->present;
    to->started = world_device_started(from);
    to->problem = world_device_problem(from);
    text_copy(to->driver_version, sizeof(to->driver_version), from->version);
    text_copy(to->driver_provider, sizeof(to->driver_provider), from->provider);
    text_copy(to->driver_inf, sizeof(to->driver_inf), from->inf);
}

static bool devices_list(struct devices_port *port,
                         const char *hardware_id,
                         struct device_list *ret_list,
                         struct err *err)
{
    struct core_call call;

    if (!core_read(&call, devices_sim(port), "devices.list", hardware_id ? hardware_id : "", err))
        return false;
    ret_list->count = 0;
    for (uint32_t i = 0; i < call.world->device_count && !call.lie; i++)
        if (is_listed(&call.world->devices[i], hardware_id) && ret_list->count < DEVICES_MAX)
            describe(&call.world->devices[i], &ret_list->items[ret_list->count++]);
    return core_end(&call, true, err);
}

/* The device that a call is about; a removed one does not exist. */
static struct world_device *
find(struct core_call *call, const char *instance, bool present, struct err *err)
{
    struct world_device *device = world_device(call->world, instance);

    if (device && !device->removed && (device->present || !present))
        return device;
    err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_DEVICE, instance, NULL);
    return NULL;
}

static bool finish(struct core_call *call, bool ok, bool *ret_reboot, struct err *err)
{
    bool reboot = call->reboot;

    if (ok && reboot)
        call->world->system.reboot_pending = true;
    if (!core_end(call, ok, err))
        return false;
    *ret_reboot = reboot;
    return true;
}

static bool
devices_enable(struct devices_port *port, const char *instance, bool *ret_reboot, struct err *err)
{
    struct core_call call;
    struct world_device *device;

    if (!core_act(&call, devices_sim(port), "devices.enable", instance, err))
        return false;
    if (call.lie)
        return finish(&call, true, ret_reboot, err);
    device = find(&call, instance, true, err);
    if (device && (device->disabled || device->disabled_until_boot)) {
        device->disabled = false;
        device->disabled_until_boot = false;
        hardware_start(call.env, device, HARDWARE_RESTART);
    }
    return finish(&call, device != NULL, ret_reboot, err);
}

/* A device that stops: the port of its driver gives up its handle when Windows asks, since Windows
 * refuses to stop a device that somebody has open (PNP_VetoOutstandingOpen). */
static void stop(struct core_call *call, const struct world_device *device)
{
    if (!device->present || !world_begins(device->hardware_id, WORLD_VDA))
        return;
    call->sim->vdd_open = false;
    call->world->live.monitors = 0;
}

static bool
devices_disable(struct devices_port *port, const char *instance, bool *ret_reboot, struct err *err)
{
    struct core_call call;
    struct world_device *device;

    if (!core_act(&call, devices_sim(port), "devices.disable", instance, err))
        return false;
    if (call.lie)
        return finish(&call, true, ret_reboot, err);
    device = find(&call, instance, true, err);
    if (device) {
        device->disabled_until_boot = true;
        stop(&call, device);
    }
    return finish(&call, device != NULL, ret_reboot, err);
}

static bool
devices_remove(struct devices_port *port, const char *instance, bool *ret_reboot, struct err *err)
{
    struct core_call call;
    struct world_device *device;

    if (!core_act(&call, devices_sim(port), "devices.remove", instance, err))
        return false;
    if (call.lie)
        return finish(&call, true, ret_reboot, err);
    device = find(&call, instance, false, err);
    if (!device)
        return finish(&call, false, ret_reboot, err);
    stop(&call, device);
    if (device->bus == WORLD_BUS_ROOT || !device->present)
        world_remove_device(call.world, device);
    else
        device->removed = true; /* its bus finds it again */
    return finish(&call, true, ret_reboot, err);
}

static bool devices_create(struct devices_port *port,
                           const char *hardware_id,
                           const char *device_class,
                           struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!core_act(&call, devices_sim(port), "devices.create", hardware_id, err))
        return false;
    if (!call.lie && !hardware_create(call.world, hardware_id, device_class))
        ok = err_set(
            err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "devices", TEXT_NUM(WORLD_DEVICES), NULL);
    return core_end(&call, ok, err);
}

static bool devices_rescan(struct devices_port *port, struct err *err)
{
    struct core_call call;

    if (!core_act(&call, devices_sim(port), "devices.rescan", "", err))
        return false;
    if (!call.lie)
        hardware_scan(call.env);
    return core_end(&call, true, err);
}

static const struct devices_ops devices_ops = {
    .list = devices_list,
    .enable = devices_enable,
    .disable = devices_disable,
    .remove = devices_remove,
    .create = devices_create,
    .rescan = devices_rescan,
};

/* ---- driver packages ---- */

/* The folder that the driver store makes for a package: "mm.inf_amd64_<hash>". */
static void store_inf(const struct world_package *package, char *out, size_t size)
{
    uint32_t hash = 2166136261u;

    for (const char *at = package->version; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    snprintf(out,
             size,
             STORE_FOLDER "%.48s_amd64_%08x\\%.48s",
             package->inf,
             (unsigned)hash,
             package->inf);
}

static bool
drivers_find(struct drivers_port *port, const char *hardware_id, char *ret_inf, struct err *err)
{
    struct core_call call;
    const struct world_package *package;

    if (!core_read(&call, drivers_sim(port), "drivers.find", hardware_id, err))
        return false;
    package = call.lie ? NULL : world_package_for(call.world, hardware_id, true);
    ret_inf[0] = 0;
    if (package)
        store_inf(package, ret_inf, DEVICE_ID_BYTES);
    return core_end(&call, true, err);
}

/* Whether there is such a file: in the driver store, in a simulated folder, or really. */
static bool
inf_exists(struct core_call *call, const struct world_package *package, const char *path)
{
    char name[FS_PATH_BYTES], stored[DEVICE_ID_BYTES];
    enum file_root root;
    struct fs_stat stat;

    store_inf(package, stored, sizeof(stored));
    if (world_same(stored, path))
        return package->staged;
    if (disk_resolve(call->env->disk, path, &root, name, sizeof(name)))
        return disk_exists(call->env->disk, root, name);
    if (fs_stat(path, &stat, NULL) && stat.kind == FS_FILE)
        return true;
    return !call->sim->store; /* in memory, what the world knows by name exists */
}

static struct world_package *
package_at(struct core_call *call, const char *inf_path, struct err *err)
{
    struct world_package *package = world_package_of_inf(call->world, inf_path);

    if (package && inf_exists(call, package, inf_path))
        return package;
    err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_INF, inf_path, NULL);
    return NULL;
}

static bool drivers_trust(struct drivers_port *port,
                          const char *inf_path,
                          enum driver_trust *ret_trust,
                          struct err *err)
{
    struct core_call call;
    const struct world_package *package;
    enum driver_trust trust = DRIVER_SILENT;

    if (!core_read(&call, drivers_sim(port), "drivers.trust", inf_path, err))
        return false;
    package = package_at(&call, inf_path, err);
    if (package && !package->whql && !call.lie) {
        trust = DRIVER_WOULD_PROMPT;
        if (!package->signer[0])
            trust = DRIVER_UNTRUSTED;
        else if (world_publisher_trusted(call.world, package->signer))
            trust = DRIVER_SILENT;
    }
    if (!core_end(&call, package != NULL, err))
        return false;
    *ret_trust = trust;
    return true;
}

static bool drivers_trust_signer(struct drivers_port *port, const char *inf_path, struct err *err)
{
    struct core_call call;
    const struct world_package *package;
    bool ok;

    if (!core_act(&call, drivers_sim(port), "drivers.trust_signer", inf_path, err))
        return false;
    package = package_at(&call, inf_path, err);
    ok = package != NULL;
    if (ok && !text_is_listed(DRIVER_PUBLISHERS, package->signer))
        ok = err_set(err, ERR_UNSAFE, TEXT_SIM_PUBLISHER, package->signer, inf_path, NULL);
    if (ok && !call.lie && !world_publisher_trust(call.world, package->signer))
        ok = err_set(
            err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "publishers", TEXT_NUM(WORLD_PUBLISHERS), NULL);
    return core_end(&call, ok, err);
}

/* In the simulation a name is a certificate. */
static bool drivers_signer(struct drivers_port *port,
                           const char *inf_path,
                           char *ret_mark,
                           bool *ret_trusted,
                           struct err *err)
{
    struct core_call call;
    const struct world_package *package;
    bool ok;

    if (!core_read(&call, drivers_sim(port), "drivers.signer", inf_path, err))
        return false;
    package = package_at(&call, inf_path, err);
    ok = package != NULL;
    if (ok && !text_is_listed(DRIVER_PUBLISHERS, package->signer))
        ok = err_set(err, ERR_UNSAFE, TEXT_SIM_PUBLISHER, package->signer, inf_path, NULL);
    if (ok) {
        text_copy(ret_mark, DRIVER_MARK_BYTES, package->signer);
        *ret_trusted = world_publisher_trusted(call.world, package->signer) && !call.lie;
    }
    return core_end(&call, ok, err);
}

static bool drivers_distrust(struct drivers_port *port, const char *mark, struct err *err)
{
    struct core_call call;

    if (!core_act(&call, drivers_sim(port), "drivers.distrust", mark, err))
        return false;
    if (!call.lie)
        world_publisher_distrust(call.world, mark);
    return core_end(&call, true, err);
}

static bool drivers_stage(struct drivers_port *port, const char *inf_path, struct err *err)
{
    struct core_call call;
    struct world_package *package;
    bool ok;

    if (!core_act(&call, drivers_sim(port), "drivers.stage", inf_path, err))
        return false;
    package = package_at(&call, inf_path, err);
    ok = package != NULL;
    if (ok && !package->whql && !package->signer[0])
        ok = err_set(err, ERR_UNSAFE, TEXT_SIM_PUBLISHER, "", inf_path, NULL);
    if (ok && !call.lie)
        hardware_stage(call.world, package);
    return core_end(&call, ok, err);
}

/* Windows knows no device with that id; phantoms do not count. */
static bool has_device(const struct world *world, const char *hardware_id)
{
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world_same(world->devices[i].hardware_id, hardware_id) && world->devices[i].present)
            return true;
    return false;
}

/* All devices with this id have this driver already, and it works. */
static bool is_bound(const struct world *world, const struct world_package *package)
{
    for (uint32_t i = 0; i < world->device_count; i++) {
        const struct world_device *device = &world->devices[i];

        if (device->present && world_same(device->hardware_id, package->hardware_id) &&
            (!package->staged || !world_same(device->inf, package->published) || device->problem))
            return false;
    }
    return true;
}

static bool drivers_bind(struct drivers_port *port,
                         const char *hardware_id,
                         const char *inf_path,
                         bool *ret_reboot,
                         struct err *err)
{
    struct core_call call;
    struct world_package *package;
    bool ok;

    if (!core_act(&call, drivers_sim(port), "drivers.bind", hardware_id, err))
        return false;
    if (call.lie)
        return finish(&call, true, ret_reboot, err);
    package = package_at(&call, inf_path, err);
    ok = package && (has_device(call.world, hardware_id) ||
                     err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_DEVICE, hardware_id, NULL));
    if (ok && !world_same(package->hardware_id, hardware_id))
        ok = err_set(err, ERR_CONFLICT, TEXT_SIM_INF_OTHER, inf_path, hardware_id, NULL);
    if (ok && !is_bound(call.world, package)) {
        ok = install_bind(call.env, package) ||
             err_set(err, ERR_DENIED, TEXT_SIM_PROMPT, package->signer, inf_path, NULL);
        call.reboot = call.reboot || (ok && package->needs_reboot);
    }
    return finish(&call, ok, ret_reboot, err);
}

static const struct drivers_ops drivers_ops = {
    .find = drivers_find,
    .trust = drivers_trust,
    .signer = drivers_signer,
    .distrust = drivers_distrust,
    .trust_signer = drivers_trust_signer,
    .stage = drivers_stage,
    .bind = drivers_bind,
};

void port_devices_init(struct sim *sim)
{
    sim->devices.ops = &devices_ops;
    sim->machine.devices = &sim->devices;
    sim->drivers.ops = &drivers_ops;
    sim->machine.drivers = &sim->drivers;
}
