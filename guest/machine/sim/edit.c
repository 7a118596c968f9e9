/* The table of short keys. */
#include "guest/machine/sim/edit.h"

#include "guest/machine/sim/events.h"
#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/install.h"
#include "guest/machine/sim/parsecd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct edit_row {
    struct edit_key about;
    bool (*apply)(struct sim_env *env, const char *value, struct err *err);
};

static bool is(const char *value, const char *word)
{
    return strcmp(value, word) == 0;
}

static bool no_room(struct err *err)
{
    return err_set(err, ERR_NO_SPACE, TEXT_SIM_LIST_FULL, "devices", TEXT_NUM(WORLD_DEVICES), NULL);
}

/* ---- devices ---- */

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

static bool
set_root_device(struct sim_env *env, const char *hardware_id, const char *value, struct err *err)
{
    struct world_device *device = world_device_like(env->world, hardware_id);

    env->world->live.monitors = 0;
    if (is(value, "missing")) {
        remove_like(env->world, hardware_id);
        return true;
    }
    if (!device)
        device = add_working(env, hardware_id);
    if (!device)
        return no_room(err);
    if (is(value, "duplicate"))
        return add_working(env, hardware_id) || no_room(err);
    make_plain(device);
    if (is(value, "phantom"))
        device->present = false;
    else if (is(value, "disabled"))
        device->disabled = true;
    else if (is(value, "nodriver"))
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
    if (is(value, "phantom"))
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
    if (is(value, "staged"))
        hardware_stage(env->world, package);
    if (is(value, "missing")) {
        package->staged = false;
        package->published[0] = 0;
        (void)env->disk->ops->remove_tree(env->disk, ROOT_VDD_PROGRAM, "", NULL);
    }
    if (is(value, "untrusted"))
        env->world->publisher_count = 0;
    return true;
}

static bool set_hyperv_video(struct sim_env *env, const char *value, struct err *err)
{
    struct world_device *device = world_device_like(env->world, WORLD_HYPERV_VIDEO);

    if (!device)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_DEVICE, "Microsoft Hyper-V Video", NULL);
    make_plain(device);
    if (is(value, "disabled"))
        device->disabled_until_boot = true;
    else if (is(value, "disabled_for_good"))
        device->disabled = true;
    else if (is(value, "absent"))
        device->present = false;
    return true;
}

static bool set_display_owner(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->displays.other_owner = is(value, "other") ? 1 : 0;
    return true;
}

static bool set_display_basic(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->displays.basic_fallback = is(value, "on");
    return true;
}

/* ---- sound ---- */

static void set_service(struct sim_env *env, struct world_service *service, const char *value)
{
    bool runs = is(value, "running"), parsec = world_same(service->name, PARSECD_SERVICE);
    bool ran = service->state == SERVICE_RUNNING;

    service->ready_at_ms = 0;
    service->stopping = false;
    service->start_error = is(value, "broken") ? 1053 : 0;
    service->start = is(value, "disabled") ? SERVICE_START_DISABLED : SERVICE_START_AUTO;
    service->state = runs ? SERVICE_RUNNING : SERVICE_STOPPED;
    if (parsec && runs && !ran)
        parsecd_start(env);
    if (parsec && !runs && ran)
        parsecd_stop(env);
}

static bool set_audio_service(struct sim_env *env, const char *value, struct err *err)
{
    struct world_service *service = world_service(env->world, "Audiosrv");

    if (!service)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_SERVICE, "Audiosrv", NULL);
    set_service(env, service, value);
    return true;
}

static bool set_audio_default(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.audio_other = env->world->system.audio_other || is(value, "other");
    text_copy(env->world->system.audio_default, sizeof(env->world->system.audio_default), value);
    return true;
}

/* ---- Parsec ---- */

static const char *config_file(const struct world *world)
{
    return world->parsec.json_config ? "config.json" : "config.txt";
}

static bool set_parsec_config(struct sim_env *env, const char *value, struct err *err)
{
    struct world_parsec *parsec = &env->world->parsec;
    enum file_root root = parsecd_root(env->world);

    (void)err;
    if (is(value, "stock"))
        parsecd_stock_config(env);
    else if (is(value, "missing"))
        (void)env->disk->ops->remove(env->disk, root, config_file(env->world), NULL);
    else if (is(value, "garbage"))
        disk_put(env->disk, root, config_file(env->world), "\x01\xff[{=garbage\n===\n");
    parsec->rewrites_left = is(value, "rewritten") ? 1 : 0;
    if (is(value, "rewritten") || is(value, "rewritten_always"))
        parsec->rewrite = WORLD_REWRITE_ALL;
    else if (is(value, "lines_removed"))
        parsec->rewrite = WORLD_REWRITE_LINES;
    else if (is(value, "kept"))
        parsec->rewrite = WORLD_REWRITE_NONE;
    return true;
}

static bool set_parsec_account(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    parsecd_account(env,
                    is(value, "signed_in") ? WORLD_SIGNED_IN
                    : is(value, "lost")    ? WORLD_LOST
                                           : WORLD_SIGNED_OUT);
    return true;
}

static bool set_parsec_service(struct sim_env *env, const char *value, struct err *err)
{
    struct world_service *service = world_service(env->world, PARSECD_SERVICE);

    if (!service)
        return err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_SERVICE, PARSECD_SERVICE, NULL);
    set_service(env, service, value);
    return true;
}

static bool set_parsec_install(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    if (is(value, "present")) {
        install_finish(env, WORLD_EFFECT_PARSEC, "/nocleanuser");
        return true;
    }
    install_finish(env, WORLD_EFFECT_PARSEC_REMOVE, "");
    env->world->parsec.per_user = is(value, "per_user");
    if (env->world->parsec.per_user)
        parsecd_stock_config(env);
    return true;
}

static bool set_parsec_plan(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->parsec.plan = is(value, "free")   ? WORLD_PLAN_FREE
                              : is(value, "warp") ? WORLD_PLAN_WARP
                                                  : WORLD_PLAN_TEAMS;
    return true;
}

static bool set_parsec_log(struct sim_env *env, const char *value, struct err *err)
{
    static const struct {
        const char *value, *line;
    } lines[] = {
        {"display_error", "capture failed because no displays are connected"},
        {"encoder_error", "encode_init[412] = -15101"},
        {"audio_error", "acapture_start[87] = -9000"},
        {"started", "===== Parsec: Started ====="},
    };

    (void)err;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (is(value, lines[i].value))
            parsecd_log(env, 'D', lines[i].line);
    if (is(value, "missing"))
        (void)env->disk->ops->remove(env->disk, parsecd_root(env->world), "log.txt", NULL);
    return true;
}

static bool set_client(struct sim_env *env, const char *value, struct err *err)
{
    return parsecd_client(env, is(value, "connected")) ||
           err_set(err, ERR_CONFLICT, TEXT_SIM_NO_CLIENT, NULL);
}

static bool set_person(struct sim_env *env, const char *value, struct err *err)
{
    long seconds = atol(value);

    if (seconds < 0 || seconds > 86400)
        return err_set(
            err, ERR_USAGE, TEXT_SIM_EDIT_VALUE, "sign_in.person", value, "0..86400", NULL);
    env->world->parsec.person_s = (uint32_t)seconds;
    return true;
}

/* ---- Easy-GPU-PV's leftovers ---- */

static bool set_legacy_tasks(struct sim_env *env, const char *value, struct err *err)
{
    static const struct {
        const char *name;
        enum world_action action;
    } tasks[] = {
        {"Install VB Cable", WORLD_TASK_CABLE},
        {"Install Parsec Virtual Display Driver", WORLD_TASK_VDD},
        {"Monitor Parsec VDD State", WORLD_TASK_MONITOR},
    };

    (void)err;
    for (size_t i = 0; i < sizeof(tasks) / sizeof(tasks[0]); i++) {
        struct world_task *task = world_task(env->world, tasks[i].name);

        if (task && is(value, "absent"))
            world_remove_task(env->world, task);
        if (!task && !is(value, "absent"))
            task = world_add_task(env->world);
        if (!task || is(value, "absent"))
            continue;
        text_copy(task->name, sizeof(task->name), tasks[i].name);
        task->action = tasks[i].action;
        task->enabled = is(value, "present");
    }
    return true;
}

static bool set_legacy_scripts(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    if (is(value, "absent")) {
        (void)env->disk->ops->remove_tree(env->disk, ROOT_GROUP_POLICY, "User", NULL);
        return true;
    }
    disk_put(env->disk,
             ROOT_GROUP_POLICY,
             "User/Scripts/psscripts.ini",
             "[Logon]\n0CmdLine=Install.ps1\n0Parameters= \n");
    disk_put(env->disk,
             ROOT_GROUP_POLICY,
             "User/Scripts/Logon/Install.ps1",
             "# Easy-GPU-PV logon script (simulated)\n"
             "Register-ScheduledTask -TaskName \"Install Parsec Virtual Display Driver\"\n");
    disk_put(env->disk,
             ROOT_GROUP_POLICY,
             "gpt.ini",
             "[General]\n"
             "gPCUserExtensionNames=[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}"
             "{40B66650-4972-11D1-A7CA-0000F87571E3}]\n"
             "Version=131074\n");
    return true;
}

/* ---- GPU ---- */

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
    if (is(value, "current"))
        lay_driver(env, gpu->version);
    else if (is(value, "missing"))
        (void)env->disk->ops->remove_tree(env->disk, ROOT_DRIVER_STORE, gpu->folder, NULL);
    else if (is(value, "stale") && length)
        /* the host's driver was updated: it expects another folder now */
        gpu->folder[length - 1] = gpu->folder[length - 1] == '9' ? '1' : '9';
    else if (is(value, "truncated") && gpu->file_count) {
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
    if (is(value, "missing"))
        device->present = false;
    else if (is(value, "disabled"))
        device->disabled = true;
    else if (is(value, "code12") || is(value, "code10"))
        env->world->gpu.problem = code_of(value);
    if (code_of(value) > 0)
        device->problem = code_of(value);
    return true;
}

static bool set_gpu_partition(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->gpu.attached = is(value, "attached"); /* seen by Windows at the next boot */
    return true;
}

static bool set_gpu_encode(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->gpu.encode_status = is(value, "ok") ? 0 : (int32_t)atoi(value);
    return true;
}

/* ---- network, session, system ---- */

static bool set_network(struct sim_env *env, const char *value, struct err *err)
{
    static const struct {
        const char *value;
        enum network_trouble trouble;
        const char *proxy; /* NULL: stays */
        enum world_proxy state;
    } rows[] = {
        {"ok", NETWORK_OK, NULL, WORLD_PROXY_OK},
        {"dead", NETWORK_NO_NAMES, "", WORLD_PROXY_OK},
        {"no_address", NETWORK_NO_ADDRESS, "", WORLD_PROXY_OK},
        {"no_names", NETWORK_NO_NAMES, NULL, WORLD_PROXY_OK},
        {"proxy", NETWORK_BLOCKED, NULL, WORLD_PROXY_OK},
        {"proxy_refused", NETWORK_BLOCKED, NULL, WORLD_PROXY_REFUSED},
        {"proxy_denied", NETWORK_BLOCKED, NULL, WORLD_PROXY_DENIED},
        {"blocked", NETWORK_BLOCKED, "", WORLD_PROXY_OK},
        {"clock_wrong", NETWORK_CLOCK_WRONG, NULL, WORLD_PROXY_OK},
        {"no_udp", NETWORK_NO_UDP, NULL, WORLD_PROXY_OK},
        {"double_nat", NETWORK_DOUBLE_NAT, NULL, WORLD_PROXY_OK},
    };
    struct world_network *network = &env->world->network;

    (void)err;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!is(value, rows[i].value))
            continue;
        network->trouble = rows[i].trouble;
        network->proxy_state = rows[i].state;
        if (rows[i].proxy)
            network->proxy[0] = 0;
        else if (!network->proxy[0])
            text_copy(network->proxy, sizeof(network->proxy), "127.0.0.1:7890");
    }
    events_network(env);
    return true;
}

static bool set_session(struct sim_env *env, const char *value, struct err *err)
{
    struct world_session *session = &env->world->session;

    (void)err;
    if (is(value, "logged_off")) {
        events_logoff(env);
        return true;
    }
    if (!session->logged_on)
        events_logon(env);
    session->enhanced = is(value, "enhanced");
    session->busy = is(value, "busy");
    if (is(value, "idle"))
        session->input_ms = env->now_ms - 24 * 3600 * (int64_t)1000;
    else
        session->input_ms = env->now_ms;
    return true;
}

static bool set_setup(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.setup_stuck = is(value, "running");
    if (is(value, "done"))
        env->world->system.setup_until_ms = 0;
    return true;
}

static bool set_power(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.power = is(value, "cut")        ? WORLD_CUT
                               : is(value, "off")      ? WORLD_OFF
                               : is(value, "shutdown") ? WORLD_SHUTDOWN
                                                       : WORLD_REBOOT;
    return true;
}

static bool set_sleep(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.sleep_allowed = is(value, "allowed");
    return true;
}

static bool set_media(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.media_present = is(value, "present");
    env->world->system.media_offered = !is(value, "unavailable");
    return true;
}

static bool set_uac(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.uac_secure_desktop = is(value, "secure");
    return true;
}

static bool set_updates(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.driver_updates = is(value, "drivers");
    return true;
}

static bool set_reboot(struct sim_env *env, const char *value, struct err *err)
{
    (void)err;
    env->world->system.reboot_pending = is(value, "pending");
    return true;
}

static bool set_scale(struct sim_env *env, const char *value, struct err *err)
{
    long scale = atol(value);

    if (scale < 1 || scale > 10000)
        return err_set(err, ERR_USAGE, TEXT_SIM_EDIT_VALUE, "clock.scale", value, "1..10000", NULL);
    env->world->scale_wall_ms = env->now_ms;
    env->world->scale_real_ms = env->real_ms;
    env->world->scale = scale;
    return true;
}

static bool copy_text(char *out, size_t size, const char *key, const char *value, struct err *err)
{
    if (strlen(value) >= size)
        return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_LONG, key, TEXT_NUM(size - 1), NULL);
    text_copy(out, size, value);
    return true;
}

static bool set_gpu_name(struct sim_env *env, const char *value, struct err *err)
{
    return copy_text(env->world->gpu.name, sizeof(env->world->gpu.name), "gpu.name", value, err);
}

static bool set_gpu_folder(struct sim_env *env, const char *value, struct err *err)
{
    if (!fs_name_is_safe(value))
        return err_set(err, ERR_USAGE, TEXT_SIM_FILE_NAME, value, NULL);
    return copy_text(
        env->world->gpu.folder, sizeof(env->world->gpu.folder), "gpu.folder", value, err);
}

static bool set_gpu_version(struct sim_env *env, const char *value, struct err *err)
{
    return copy_text(
        env->world->gpu.version, sizeof(env->world->gpu.version), "gpu.version", value, err);
}

static bool set_computer(struct sim_env *env, const char *value, struct err *err)
{
    return copy_text(
        env->world->system.computer, sizeof(env->world->system.computer), "computer", value, err);
}

static bool set_vm_id(struct sim_env *env, const char *value, struct err *err)
{
    return copy_text(
        env->world->system.vm_id, sizeof(env->world->system.vm_id), "vm_id", value, err);
}

static bool set_user(struct sim_env *env, const char *value, struct err *err)
{
    return copy_text(
        env->world->session.user, sizeof(env->world->session.user), "session.user", value, err);
}

static bool set_proxy(struct sim_env *env, const char *value, struct err *err)
{
    return copy_text(
        env->world->network.proxy, sizeof(env->world->network.proxy), "network.proxy", value, err);
}

#define DEVICE_VALUES                                                                              \
    "ok|missing|disabled|duplicate|phantom|nodriver|code10|code14|code18|code31|code39|code43|"    \
    "code52"

static const struct edit_row rows[] = {
    {{"audio.cable", DEVICE_VALUES}, set_audio_cable},
    {{"audio.default", "cable|other"}, set_audio_default},
    {{"audio.service", "running|stopped|disabled|broken"}, set_audio_service},
    {{"client", "connected|none"}, set_client},
    {{"clock.scale", "<1..10000>"}, set_scale},
    {{"computer", "<name>"}, set_computer},
    {{"display.adapter", DEVICE_VALUES}, set_display_adapter},
    {{"display.basic", "on|off"}, set_display_basic},
    {{"display.driver", "staged|missing|untrusted"}, set_driver_package},
    {{"display.hyperv_video", "enabled|disabled|disabled_for_good|absent"}, set_hyperv_video},
    {{"display.owner", "none|other"}, set_display_owner},
    {{"display.second", "none|phantom"}, set_display_second},
    {{"gpu.driver", "current|missing|stale|truncated"}, set_gpu_driver},
    {{"gpu.encode", "ok|-15000|-15101"}, set_gpu_encode},
    {{"gpu.folder", "<folder>"}, set_gpu_folder},
    {{"gpu.name", "<name>"}, set_gpu_name},
    {{"gpu.partition", "attached|absent"}, set_gpu_partition},
    {{"gpu.status", "ok|missing|disabled|code10|code12|code31|code43"}, set_gpu_status},
    {{"gpu.version", "<version>"}, set_gpu_version},
    {{"legacy.scripts", "present|absent"}, set_legacy_scripts},
    {{"legacy.tasks", "present|disabled|absent"}, set_legacy_tasks},
    {{"network",
      "ok|dead|no_address|no_names|proxy|proxy_refused|proxy_denied|blocked|clock_wrong|no_udp|"
      "double_nat"},
     set_network},
    {{"network.proxy", "<address:port>"}, set_proxy},
    {{"parsec.account", "signed_in|signed_out|lost"}, set_parsec_account},
    {{"parsec.config", "stock|missing|garbage|rewritten|rewritten_always|lines_removed|kept"},
     set_parsec_config},
    {{"parsec.install", "present|missing|per_user"}, set_parsec_install},
    {{"parsec.log", "missing|started|display_error|encoder_error|audio_error"}, set_parsec_log},
    {{"parsec.plan", "free|warp|teams"}, set_parsec_plan},
    {{"parsec.service", "running|stopped|disabled|broken"}, set_parsec_service},
    {{"power", "cut|off|shutdown|reboot"}, set_power},
    {{"session", "logged_on|logged_off|enhanced|idle|busy"}, set_session},
    {{"session.user", "<name>"}, set_user},
    {{"sign_in.person", "<seconds>"}, set_person},
    {{"system.media", "present|missing|unavailable"}, set_media},
    {{"system.reboot", "none|pending"}, set_reboot},
    {{"system.setup", "done|running"}, set_setup},
    {{"system.sleep", "off|allowed"}, set_sleep},
    {{"system.uac", "secure|plain"}, set_uac},
    {{"system.updates", "none|drivers"}, set_updates},
    {{"vm_id", "<id>"}, set_vm_id},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct edit_key *edit_key(size_t i)
{
    return i < ROWS ? &rows[i].about : NULL;
}

static const struct edit_row *find(const char *key)
{
    for (size_t i = 0; i < ROWS; i++)
        if (is(rows[i].about.key, key))
            return &rows[i];
    return NULL;
}

/* Whether value is one of "a|b|c". */
static bool value_ok(const char *values, const char *value)
{
    size_t length = strlen(value), part;

    if (values[0] == '<')
        return true;
    for (; length && *values; values += part + (values[part] == '|')) {
        part = strcspn(values, "|");
        if (part == length && memcmp(values, value, length) == 0)
            return true;
    }
    return false;
}

bool edit_known(const char *key, const char *value)
{
    const struct edit_row *row = find(key);

    return row && value_ok(row->about.values, value);
}

/* The key that shares the longest beginning with a mistyped one. */
static const char *nearest(const char *key)
{
    size_t best = 0, length;
    const char *name = rows[0].about.key;

    for (size_t i = 0; i < ROWS; i++) {
        for (length = 0; key[length] && key[length] == rows[i].about.key[length];)
            length++;
        if (length <= best)
            continue;
        best = length;
        name = rows[i].about.key;
    }
    return name;
}

bool edit_apply(struct sim_env *env, const char *key, const char *value, struct err *err)
{
    const struct edit_row *row = find(key);

    if (!row) {
        err_set(err, ERR_USAGE, TEXT_SIM_EDIT_KEY, key, nearest(key), NULL);
        return err_hint(err, TEXT_SIM_EDIT_KEY_HINT);
    }
    if (!value_ok(row->about.values, value))
        return err_set(err, ERR_USAGE, TEXT_SIM_EDIT_VALUE, key, value, row->about.values, NULL);
    return row->apply(env, value, err);
}
