/* Behaviour of devices. */
#include "guest/machine/sim/hardware.h"

#include <stdio.h>
#include <string.h>

#define INF_BYTES (64 * 1024)

/* What usually helps against a problem (guest.md section 2, CM_PROB codes). */
static const struct {
    int32_t problem;
    enum world_cure cure;
} cures[] = {
    {DEVICE_PROBLEM_NOT_CONFIGURED, WORLD_CURE_REINSTALL},
    {DEVICE_PROBLEM_FAILED_START, WORLD_CURE_RESTART},
    {DEVICE_PROBLEM_CONFLICT, WORLD_CURE_HOST},
    {DEVICE_PROBLEM_NEED_RESTART, WORLD_CURE_REBOOT},
    {DEVICE_PROBLEM_REINSTALL, WORLD_CURE_REINSTALL},
    {DEVICE_PROBLEM_NO_DRIVER, WORLD_CURE_REINSTALL},
    {DEVICE_PROBLEM_FAILED_ADD, WORLD_CURE_REINSTALL},
    {DEVICE_PROBLEM_LOAD_FAILED, WORLD_CURE_REINSTALL},
    {DEVICE_PROBLEM_FAILURE, WORLD_CURE_RESTART},
};

static enum world_cure cure_of(const struct world_device *device)
{
    if (device->cure != WORLD_CURE_AUTO)
        return device->cure;
    for (size_t i = 0; i < sizeof(cures) / sizeof(cures[0]); i++)
        if (cures[i].problem == device->problem)
            return cures[i].cure;
    return WORLD_CURE_NEVER;
}

/* A new driver also starts the device, a boot does not install one. */
static bool helps(enum hardware_start why, enum world_cure cure)
{
    switch (cure) {
    case WORLD_CURE_RESTART:
        return true;
    case WORLD_CURE_REINSTALL:
        return why == HARDWARE_REINSTALL;
    case WORLD_CURE_REBOOT:
        return why == HARDWARE_BOOT;
    default:
        return false;
    }
}

/* The version in the first INF of the driver folder: "DriverVer = 05/14/2025, 32.0.15.6094". */
struct inf_search {
    char name[FS_NAME_BYTES];
};

static bool find_inf(const char *name, enum fs_kind kind, void *user)
{
    struct inf_search *search = user;
    size_t length = strlen(name);

    if (kind != FS_FILE || length < 4 || !world_same(name + length - 4, ".inf"))
        return true;
    text_copy(search->name, sizeof(search->name), name);
    return false;
}

static void folder_version(struct sim_env *env, char *version)
{
    struct inf_search search = {.name = ""};
    char path[FS_PATH_BYTES];
    struct buf text;
    const char *at;

    version[0] = 0;
    (void)env->disk->ops->list(
        env->disk, ROOT_DRIVER_STORE, env->world->gpu.folder, find_inf, &search, NULL);
    if (!search.name[0])
        return;
    snprintf(path, sizeof(path), "%s/%s", env->world->gpu.folder, search.name);
    buf_init(&text, INF_BYTES);
    if (env->disk->ops->read(env->disk, ROOT_DRIVER_STORE, path, 0, INF_BYTES, &text, NULL)) {
        at = strstr(buf_str(&text), "DriverVer");
        at = at ? strchr(at, ',') : NULL;
        at = at ? at + 1 + strspn(at + 1, " ") : "";
        snprintf(version, 32, "%.*s", (int)strspn(at, "0123456789."), at);
    }
    buf_done(&text);
}

bool hardware_gpu_ready(struct sim_env *env, char *missing, char *version)
{
    const struct world_gpu *gpu = &env->world->gpu;
    char path[FS_PATH_BYTES];

    missing[0] = 0;
    version[0] = 0;
    if (!gpu->folder[0] || !disk_exists(env->disk, ROOT_DRIVER_STORE, gpu->folder))
        return false;
    folder_version(env, version);
    for (uint32_t i = 0; i < gpu->file_count; i++) {
        snprintf(path, sizeof(path), "%s/%s", gpu->folder, gpu->files[i]);
        if (disk_exists(env->disk, ROOT_DRIVER_STORE, path))
            continue;
        text_copy(missing, 64, gpu->files[i]);
        return false;
    }
    return true;
}

void hardware_start(struct sim_env *env, struct world_device *device, enum hardware_start why)
{
    char missing[64], version[32];

    if (world_begins(device->hardware_id, WORLD_VDA))
        env->world->live.monitors = 0;
    if (world_begins(device->hardware_id, WORLD_GPU)) {
        device->problem = env->world->gpu.problem;
        if (!device->problem && !hardware_gpu_ready(env, missing, version))
            device->problem = DEVICE_PROBLEM_FAILURE;
        return;
    }
    if (device->problem && helps(why, cure_of(device))) {
        device->problem = DEVICE_PROBLEM_NONE;
        device->cure = WORLD_CURE_AUTO;
    }
}

static void gpu_arrive(struct sim_env *env)
{
    struct world *world = env->world;
    struct world_device *device = world_device_like(world, WORLD_GPU);

    if (!device) {
        device = world_add_device(world);
        if (!device)
            return;
        text_copy(device->instance,
                  sizeof(device->instance),
                  WORLD_GPU "&SUBSYS_00000000&REV_00\\5&1A2B3C4D&0&0");
        text_copy(
            device->hardware_id, sizeof(device->hardware_id), WORLD_GPU "&SUBSYS_00000000&REV_00");
        text_copy(device->device_class, sizeof(device->device_class), "Display");
        text_copy(device->inf, sizeof(device->inf), "vrd.inf");
        text_copy(device->version, sizeof(device->version), "10.0.26100.1");
        text_copy(device->provider, sizeof(device->provider), "Microsoft");
        device->bus = WORLD_BUS_PCI;
    }
    text_copy(device->name, sizeof(device->name), world->gpu.name);
    if (!device->present) {
        device->present = true;
        hardware_start(env, device, HARDWARE_RESTART);
    }
}

void hardware_scan(struct sim_env *env)
{
    struct world *world = env->world;
    struct world_device *gpu = world_device_like(world, WORLD_GPU);

    for (uint32_t i = 0; i < world->device_count; i++) {
        struct world_device *device = &world->devices[i];

        if (device->bus == WORLD_BUS_ROOT || !device->removed)
            continue;
        device->removed = false;
        device->disabled_until_boot = false;
        device->disabled = false;
        hardware_start(env, device, HARDWARE_RESTART);
    }
    if (world->gpu.attached)
        gpu_arrive(env);
    else if (gpu)
        gpu->present = false;
}

struct world_device *
hardware_create(struct world *world, const char *hardware_id, const char *device_class)
{
    char instance[128];
    struct world_device *device;
    unsigned number = 0;

    do {
        snprintf(instance, sizeof(instance), "ROOT\\%.32s\\%04u", device_class, number++);
        for (char *at = instance + 5; *at; at++)
            if (*at >= 'a' && *at <= 'z')
                *at = (char)(*at - 'a' + 'A');
    } while (world_device(world, instance));
    device = world_add_device(world);
    if (!device)
        return NULL;
    text_copy(device->instance, sizeof(device->instance), instance);
    text_copy(device->hardware_id, sizeof(device->hardware_id), hardware_id);
    text_copy(device->device_class, sizeof(device->device_class), device_class);
    device->present = true;
    return device;
}

void hardware_install(struct world_device *device, const struct world_package *package)
{
    text_copy(device->inf, sizeof(device->inf), package->published);
    text_copy(device->version, sizeof(device->version), package->version);
    text_copy(device->provider, sizeof(device->provider), package->provider);
    text_copy(device->name, sizeof(device->name), package->name);
}

void hardware_stage(struct world *world, struct world_package *package)
{
    char name[32];
    unsigned number = 2;

    if (package->staged)
        return;
    package->staged = true;
    package->published[0] = 0;
    do {
        snprintf(name, sizeof(name), "oem%u.inf", number++);
    } while (world_package_of_inf(world, name));
    text_copy(package->published, sizeof(package->published), name);
}
