/* Keys that change devices, driver packages, sound and the GPU. */
#include "guest/machine/sim/edit_rows.h"

#include "guest/machine/sim/hardware.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool no_room(struct err *err)
{
    return err_set(err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "devices", TEXT_NUM(WORLD_DEVICES), NULL);
}

/* "code31" to 31, -1 for anything else. */
static int32_t code_of(const char *value)
{
    return strncmp(value, "code", 4) == 0 ? (int32_t)atoi(value + 4) : -1;
}

static void make_plain(struct world_device *device)
{
    device->present = true;
    device->removed = false;
    device->disabled = false;
    device->disabled_until_boot = false;
    device->problem = DEVICE_PROBLEM_NONE;
    device->cure = WORLD_CURE_AUTO;
}

static void remove_like(struct world *world, const char *hardware_id)
{
    for (uint32_t i = world->device_count; i-- > 0;)
        if (world_begins(world->devices[i].hardware_id, hardware_id))
            world_remove_device(world, &world->devices[i]);
}

/* A working device of the package, as if it had just been installed. */
static struct world_device *add_working(struct sim_env *env, const char *hardware_id)
{
    struct world_package *package = world_package_for(env->world, hardware_id, false);
    struct world_device *device;

    if (!package)
        return NULL;
    device = hardware_create(env->world, hardware_id, package->device_class);
    if (!device)
        return NULL;
    hardware_stage(env->world, package);
    hardware_install(device, package);
    return device;
}

static bool
set_root_device(struct sim_env *env, const char *hardware_id, const char *value, struct err *err)
{
    struct world_device *device = world_device_like(env->world, hardware_id);

    env->world->live.monitors = 0;
    if (edit_is(value, "missing")) {
        remove_like(env->world, hardware_id);
        return true;
    }
    if (!device)
        device = add_working(env, hardware_id);
    if (!device)
        return no_room(err);
    if (edit_is(value, "duplicate"))
        return add_working(env, hardware_id) || no_room(err);
    make_plain(device);
    if (edit_is(value, "phantom"))
        device->present = false;
    else if (edit_is(value, "disabled"))
        device->disabled = true;
    else if (edit_is(value, "nodriver"))
        device->inf[0] = device->version[0] = device->provider[0] = 0;
    else if (code_of(value) > 0)
        device->problem = code_of(value);
    return true;
}

static bool set_display_adapter(struct sim_env *env, const char *value, struct err *err)
{
    return set_root_device(env, WORLD_VDA, value, err);
}

static bool set_audio_cable(struct sim_env *env, const char *value, struct err *err)
{
    return set_root_device(env, WORLD_CABLE, value, err);
}

/* A second, unplugged instance beside the working one, as updates leave behind. */
static bool add_phantom(struct sim_env *env, const char *hardware_id, struct err *err)
{
    struct world_device *device = add_working(env, hardware_id);

    if (!device)
        return no_room(err);
    device->present = false;
    return true;
}

static bool set_display_second(struct sim_env *env, const char *value, struct err *err)
{
    if (edit_is(value, "phantom"))
        return add_phantom(env, WORLD_VDA, err);
    for (uint32_t i = env->world->device_count; i-- > 0;)
        if (world_begins(env->world->devices[i].hardware_id, WORLD_VDA) &&
            &env->world->devices[i] != world_device_like(env->world, WORLD_VDA))
            world_remove_device(env->world, &env->world->devices[i]);
    return true;
}

static bool set_driver_package(struct sim_env *env, const char *value, struct err *err)
{
    struct world_package *package = world_package_for(env->world, WORLD_VDA, false);

    (void)err;
    if (!package)
        return true;
    if (edit_is(value, "staged"))
        hardware_stage(env->world, package);
    if (edit_is(value, "missing")) {
        package->staged = false;
        package->published[0] = 0;
        (void)env->disk->ops->remove_tree(env->disk, ROOT_VDD_PROGRAM, "", NULL);
    }
    if (edit_is(value, "untrusted"))
        env->world->publisher_count = 0;
    return true;
}

static bool set_hyperv_video(struct sim_env *env, const char *value, struct err *err)
{
    struct world_device *device = world_device_like(env->world, WORLD_HYPERV_VIDEO);

    if (!device)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_DEVICE, "Microsoft Hyper-V Video", NULL);
    make_plain(device);
    if (edit_is(value, "disabled"))
        device->disabled_until_boot = true;
    else if (edit_is(value, "disabled_for_good"))
        device->disabled = true;
    else if (edit_is(value, "absent"))
        device->present = false;
    return true;
}

static bool set_display_owner(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->displays.other_owner = edit_is(value, "other") ? 1 : 0;
    return true;
}

static bool set_audio_service(struct sim_env *env, const char *value, struct err *err)
{
    struct world_service *service = world_service(env->world, "Audiosrv");

    if (!service)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_SERVICE, "Audiosrv", NULL);
    edit_service(env, service, value);
    return true;
}

static bool set_audio_default(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.audio_other = env->world->system.audio_other || edit_is(value, "other");
    text_copy(env->world->system.audio_default, sizeof(env->world->system.audio_default), value);
    return true;
}

static void lay_driver(struct sim_env *env, const char *version)
{
    const struct world_gpu *gpu = &env->world->gpu;
    char path[FS_PATH_BYTES], inf[128];

    snprintf(path, sizeof(path), "%s/nv_dispi.inf", gpu->folder);
    snprintf(inf, sizeof(inf), "[Version]\nDriverVer = 05/14/2025, %s\n", version);
    disk_put(env->disk, ROOT_DRIVER_STORE, path, inf);
    for (uint32_t i = 0; i < gpu->file_count; i++) {
        snprintf(path, sizeof(path), "%s/%s", gpu->folder, gpu->files[i]);
        disk_put(env->disk, ROOT_DRIVER_STORE, path, "simulated driver file\n");
    }
}

static bool set_gpu_driver(struct sim_env *env, const char *value, struct err *err)
{
    struct world_gpu *gpu = &env->world->gpu;
    char path[FS_PATH_BYTES];
    size_t length = strlen(gpu->folder);

    (void)err;
    if (edit_is(value, "current"))
        lay_driver(env, gpu->version);
    else if (edit_is(value, "missing"))
        (void)env->disk->ops->remove_tree(env->disk, ROOT_DRIVER_STORE, gpu->folder, NULL);
    else if (edit_is(value, "stale") && length)
        /* the host's driver was updated: it expects another folder now */
        gpu->folder[length - 1] = gpu->folder[length - 1] == '9' ? '1' : '9';
    else if (edit_is(value, "truncated") && gpu->file_count) {
        snprintf(path, sizeof(path), "%s/%s", gpu->folder, gpu->files[0]);
        (void)env->disk->ops->remove(env->disk, ROOT_DRIVER_STORE, path, NULL);
    }
    return true;
}

static bool set_gpu_status(struct sim_env *env, const char *value, struct err *err)
{
    struct world_device *device = world_device_like(env->world, WORLD_GPU);

    if (!device)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_DEVICE, "GPU", NULL);
    make_plain(device);
    env->world->gpu.problem = 0;
    if (edit_is(value, "missing"))
        device->present = false;
    else if (edit_is(value, "disabled"))
        device->disabled = true;
    else if (edit_is(value, "code12") || edit_is(value, "code10"))
        env->world->gpu.problem = code_of(value);
    if (code_of(value) > 0)
        device->problem = code_of(value);
    return true;
}

static bool set_gpu_encode(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->gpu.encode_status = edit_is(value, "ok") ? 0 : (int32_t)atoi(value);
    return true;
}

static bool set_gpu_folder(struct sim_env *env, const char *value, struct err *err)
{
    struct world_gpu *gpu = &env->world->gpu;

    if (!fs_name_is_safe(value) || strlen(value) >= sizeof(gpu->folder))
        return err_set(err, ERR_USAGE, TEXT_SIM_FILE_NAME, value, NULL);
    text_copy(gpu->folder, sizeof(gpu->folder), value);
    return true;
}

/* ---- installers ---- */

static bool set_installer(struct sim_env *env, enum world_effect effect, const char *value)
{
    for (uint32_t i = 0; i < env->world->program_count; i++) {
        struct world_program *program = &env->world->programs[i];

        if (program->effect != effect)
            continue;
        program->lies = edit_is(value, "lies");
        program->hangs = edit_is(value, "hangs");
        program->unpacks = !edit_is(value, "prompts");
        program->needs_reboot = edit_is(value, "reboot");
        program->exit_code = edit_is(value, "fails") ? 1 : edit_is(value, "reboot") ? 3010 : 0;
        program->lies = program->lies || edit_is(value, "fails");
    }
    return true;
}

static bool set_installer_vdd(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    return set_installer(env, WORLD_EFFECT_VDD, value);
}

static bool set_installer_cable(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    return set_installer(env, WORLD_EFFECT_CABLE, value);
}

static bool set_installer_parsec(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    return set_installer(env, WORLD_EFFECT_PARSEC, value);
}

#define INSTALLER_VALUES "ok|fails|lies|hangs|prompts|reboot"
#define DEVICE_VALUES                                                                              \
    "ok|missing|disabled|duplicate|phantom|nodriver|code10|code14|code18|code31|code39|code43|"    \
    "code52"

const struct edit_row edit_device_rows[] = {
    {.about = {"display.adapter", DEVICE_VALUES}, .apply = set_display_adapter},
    {.about = {"display.second", "none|phantom"}, .apply = set_display_second},
    {.about = {"display.driver", "staged|missing|untrusted"}, .apply = set_driver_package},
    {.about = {"display.hyperv_video", "enabled|disabled|disabled_for_good|absent"},
     .apply = set_hyperv_video},
    {.about = {"display.owner", "none|other"}, .apply = set_display_owner},
    {.about = {"display.basic", "off|on"}, EDIT_FLAG(displays.basic_fallback)},
    {.about = {"audio.cable", DEVICE_VALUES}, .apply = set_audio_cable},
    {.about = {"audio.service", EDIT_SERVICE_VALUES}, .apply = set_audio_service},
    {.about = {"audio.default", "cable|other"}, .apply = set_audio_default},
    {.about = {"installer.cable", INSTALLER_VALUES}, .apply = set_installer_cable},
    {.about = {"installer.parsec", INSTALLER_VALUES}, .apply = set_installer_parsec},
    {.about = {"installer.vdd", INSTALLER_VALUES}, .apply = set_installer_vdd},
    /* the host's doing: Windows sees it at the next boot */
    {.about = {"gpu.partition", "absent|attached"}, EDIT_FLAG(gpu.attached)},
    {.about = {"gpu.status", "ok|missing|disabled|code10|code12|code31|code43"},
     .apply = set_gpu_status},
    {.about = {"gpu.driver", "current|missing|stale|truncated"}, .apply = set_gpu_driver},
    {.about = {"gpu.encode", "ok|-15000|-15101"}, .apply = set_gpu_encode},
    {.about = {"gpu.folder", "<folder>"}, .apply = set_gpu_folder},
    {.about = {"gpu.name", "<name>"}, EDIT_TEXT(gpu.name)},
    {.about = {"gpu.version", "<version>"}, EDIT_TEXT(gpu.version)},
    {.about = {NULL, NULL}},
};
