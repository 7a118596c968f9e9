/* Ports of displays, the virtual display driver and the GPU over the simulated Windows. */
#include "guest/machine/sim/core.h"
#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/screen.h"

#include <string.h>

#define ENCODER_FAILED  (-15000)
#define ENCODER_LIBRARY (-15101)

static struct sim *displays_sim(struct displays_port *port)
{
    return CORE_SIM(port, displays);
}

static struct sim *vdd_sim(struct vdd_port *port)
{
    return CORE_SIM(port, vdd);
}

static struct sim *gpu_sim(struct gpu_port *port)
{
    return CORE_SIM(port, gpu);
}

/* ---- displays ---- */

static bool
displays_paths(struct displays_port *port, struct display_list *ret_list, struct err *err)
{
    struct display_list list = {.count = 0};
    struct core_call call;

    if (!core_read(&call, displays_sim(port), "displays.paths", "", err))
        return false;
    if (!call.lie)
        screen_paths(call.env, &list);
    if (!core_end(&call, true, err))
        return false;
    *ret_list = list;
    return true;
}

static bool
displays_set_topology(struct displays_port *port, enum display_topology topology, struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!core_act(&call, displays_sim(port), "displays.set_topology", "", err))
        return false;
    if (topology != DISPLAY_EXTEND && !screen_monitors(call.env))
        ok = err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_MONITOR, NULL);
    if (ok && !call.lie)
        call.world->displays.topology = topology;
    return core_end(&call, ok, err);
}

static bool displays_set_mode(
    struct displays_port *port, uint32_t width, uint32_t height, uint32_t hz, struct err *err)
{
    struct core_call call;
    bool ok = true;

    if (!core_act(&call, displays_sim(port), "displays.set_mode", "", err))
        return false;
    if (!screen_monitors(call.env))
        ok = err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_MONITOR, NULL);
    else if (!screen_mode_known(call.world, width, height, hz))
        ok = err_set(err,
                     ERR_UNSUPPORTED,
                     TEXT_SIM_NO_MODE,
                     TEXT_NUM(width),
                     TEXT_NUM(height),
                     TEXT_NUM(hz),
                     NULL);
    if (ok && !call.lie) {
        call.world->displays.width = width;
        call.world->displays.height = height;
        call.world->displays.hz = hz;
    }
    return core_end(&call, ok, err);
}

static const struct displays_ops displays_ops = {
    .paths = displays_paths,
    .set_topology = displays_set_topology,
    .set_mode = displays_set_mode,
};

/* ---- the virtual display driver ---- */

static bool has_driver(struct world *world)
{
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world_begins(world->devices[i].hardware_id, WORLD_VDA) &&
            world_device_started(&world->devices[i]))
            return true;
    return false;
}

static bool no_driver(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_DEVICE, WORLD_VDA, NULL);
}

/* The driver is there and this process has it open. */
static bool is_usable(struct core_call *call, struct err *err)
{
    if (!has_driver(call->world))
        return no_driver(err);
    return call->sim->vdd_open || err_set(err, ERR_CONFLICT, TEXT_SIM_NOT_OPEN, WORLD_VDA, NULL);
}

/* Forgets monitors that died meanwhile, so that they do not come back with the next keep-alive. */
static void bury(struct core_call *call)
{
    struct world *world = call->world;

    world->live.monitors = screen_live(call->env);
    world->live.boots = world->system.boots;
}

static bool vdd_open(struct vdd_port *port, struct err *err)
{
    struct core_call call;
    bool ok;

    if (!core_read(&call, vdd_sim(port), "vdd.open", "", err))
        return false;
    ok = (!call.lie && has_driver(call.world)) || no_driver(err);
    call.sim->vdd_open = call.sim->vdd_open || ok;
    return core_end(&call, ok, err);
}

static void vdd_close(struct vdd_port *port)
{
    struct sim *sim = vdd_sim(port);

    sync_lock(sim->sync);
    sim->vdd_open = false;
    sync_unlock(sim->sync);
}

static bool vdd_version(struct vdd_port *port, uint32_t *ret_minor, struct err *err)
{
    struct core_call call;
    uint32_t minor;
    bool ok;

    if (!core_read(&call, vdd_sim(port), "vdd.version", "", err))
        return false;
    ok = is_usable(&call, err);
    minor = call.lie ? 0 : call.world->displays.vdd_minor;
    if (!core_end(&call, ok, err))
        return false;
    *ret_minor = minor;
    return true;
}

static bool vdd_add(struct vdd_port *port, uint32_t *ret_index, struct err *err)
{
    struct core_call call;
    uint32_t index = 0;
    bool ok;

    if (!core_act(&call, vdd_sim(port), "vdd.add", "", err))
        return false;
    ok = is_usable(&call, err);
    if (ok && !call.lie) {
        bury(&call);
        while (index < WORLD_MONITORS && (call.world->live.monitors >> index & 1))
            index++;
        if (screen_monitors(call.env) >= WORLD_MONITORS || index == WORLD_MONITORS)
            ok = err_set(
                err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "monitors", TEXT_NUM(WORLD_MONITORS), NULL);
        if (ok) {
            call.world->live.monitors |= UINT32_C(1) << index;
            call.world->live.ping_ms = call.env->real_ms;
        }
    }
    if (!core_end(&call, ok, err))
        return false;
    *ret_index = index;
    return true;
}

static bool vdd_remove(struct vdd_port *port, uint32_t index, struct err *err)
{
    struct core_call call;
    bool ok;

    if (!core_act(&call, vdd_sim(port), "vdd.remove", "", err))
        return false;
    ok = is_usable(&call, err);
    if (ok && !call.lie) {
        bury(&call);
        if (index >= WORLD_MONITORS || !(call.world->live.monitors >> index & 1))
            ok = err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_MONITOR, NULL);
        else
            call.world->live.monitors &= ~(UINT32_C(1) << index);
    }
    return core_end(&call, ok, err);
}

static bool vdd_ping(struct vdd_port *port, struct err *err)
{
    struct core_call call;
    bool ok;

    if (!core_read(&call, vdd_sim(port), "vdd.ping", "", err))
        return false;
    ok = is_usable(&call, err);
    if (ok && !call.lie) {
        bury(&call);
        call.world->live.ping_ms = call.env->real_ms;
    }
    return core_end(&call, ok, err);
}

static const struct vdd_ops vdd_ops = {
    .open = vdd_open,
    .close = vdd_close,
    .version = vdd_version,
    .add = vdd_add,
    .remove = vdd_remove,
    .ping = vdd_ping,
};

/* ---- GPU ---- */

static bool gpu_query(struct gpu_port *port, struct gpu_adapter *ret_adapter, struct err *err)
{
    struct gpu_adapter adapter = {.present = false};
    const struct world_device *device;
    struct core_call call;

    if (!core_read(&call, gpu_sim(port), "gpu.query", "", err))
        return false;
    device = call.lie ? NULL : world_device_like(call.world, WORLD_GPU);
    if (device && device->present && !device->removed) {
        const struct world_gpu *gpu = &call.world->gpu;

        adapter.present = true;
        text_copy(adapter.name, sizeof(adapter.name), gpu->name);
        text_copy(adapter.driver_folder, sizeof(adapter.driver_folder), gpu->folder);
        text_copy(adapter.driver_host, sizeof(adapter.driver_host), gpu->version);
        adapter.folder_present =
            gpu->folder[0] && disk_exists(call.env->disk, ROOT_DRIVER_STORE, gpu->folder);
        (void)hardware_gpu_ready(call.env, adapter.missing_file, adapter.driver_guest);
        if (adapter.missing_file[0])
            adapter.driver_guest[0] = 0;
    }
    if (!core_end(&call, true, err))
        return false;
    *ret_adapter = adapter;
    return true;
}

static int32_t probe(struct core_call *call)
{
    const struct world_device *device = world_device_like(call->world, WORLD_GPU);
    char missing[64], version[32];

    if (call->world->gpu.encode_status)
        return call->world->gpu.encode_status;
    if (!device || !world_device_started(device))
        return ENCODER_FAILED;
    if (!hardware_gpu_ready(call->env, missing, version))
        return ENCODER_LIBRARY;
    return 0;
}

static bool gpu_encode_probe(struct gpu_port *port, int32_t *ret_status, struct err *err)
{
    struct core_call call;
    int32_t status;

    if (!core_read(&call, gpu_sim(port), "gpu.encode_probe", "", err))
        return false;
    status = call.lie ? 0 : probe(&call);
    if (!core_end(&call, true, err))
        return false;
    *ret_status = status;
    return true;
}

static const struct gpu_ops gpu_ops = {
    .query = gpu_query,
    .encode_probe = gpu_encode_probe,
};

void port_displays_init(struct sim *sim)
{
    sim->displays.ops = &displays_ops;
    sim->machine.displays = &sim->displays;
    sim->vdd.ops = &vdd_ops;
    sim->machine.vdd = &sim->vdd;
    sim->gpu.ops = &gpu_ops;
    sim->machine.gpu = &sim->gpu;
}
