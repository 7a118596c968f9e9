/* Things that happen by themselves. */
#include "guest/machine/sim/events.h"

#include "guest/machine/sim/edit.h"
#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/install.h"
#include "guest/machine/sim/parsecd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_AT_ONCE 200 /* a world whose events never end must not hang the caller */

static const struct {
    const char *name;
    enum world_action action;
} easy_tasks[] = {
    {"Install VB Cable", WORLD_TASK_CABLE},
    {"Install Parsec Virtual Display Driver", WORLD_TASK_VDD},
    {"Monitor Parsec VDD State", WORLD_TASK_MONITOR},
};

bool events_online(const struct world *world)
{
    return world->network.trouble == NETWORK_OK || world->network.trouble == NETWORK_DOUBLE_NAT ||
           world->network.trouble == NETWORK_NO_UDP;
}

/* ---- logon, Easy-GPU-PV's leftovers ---- */

static bool script_is_active(struct sim_env *env)
{
    struct buf text;
    bool active = false;

    buf_init(&text, 64 * 1024);
    if (disk_text(env->disk, ROOT_GROUP_POLICY, "User/Scripts/psscripts.ini", &text))
        active = strstr(buf_str(&text), "Install.ps1") != NULL;
    buf_done(&text);
    return active && disk_exists(env->disk, ROOT_GROUP_POLICY, "User/Scripts/Logon/Install.ps1");
}

/* Registers the three tasks anew and starts them (easy-gpu-pv.md 1.9). */
static void script_run(struct sim_env *env)
{
    struct world *world = env->world;

    world->session.script_waiting = !events_online(world);
    if (world->session.script_waiting)
        return;
    for (size_t i = 0; i < sizeof(easy_tasks) / sizeof(easy_tasks[0]); i++) {
        struct world_task *task = world_task(world, easy_tasks[i].name);

        if (!task)
            task = world_add_task(world);
        if (!task)
            return;
        memset(task, 0, sizeof(*task));
        text_copy(task->name, sizeof(task->name), easy_tasks[i].name);
        task->action = easy_tasks[i].action;
        task->enabled = true;
        task->run_at_ms = env->now_ms;
    }
}

void events_logon(struct sim_env *env)
{
    struct world *world = env->world;
    const struct world_service *parsec = world_service(world, PARSECD_SERVICE);

    world->session.logon_at_ms = 0;
    world->session.logged_on = true;
    world->session.desktop_since_ms = env->now_ms;
    world->session.input_ms = env->now_ms;
    if (parsec && parsec->state == SERVICE_RUNNING)
        world_process_start(world, PARSECD_PROCESS, true);
    for (uint32_t i = 0; i < world->task_count; i++)
        if (world->tasks[i].enabled)
            world->tasks[i].run_at_ms = env->now_ms + WORLD_TASK_DELAY_MS;
    if (script_is_active(env))
        script_run(env);
}

void events_logoff(struct sim_env *env)
{
    struct world *world = env->world;

    world->session.logged_on = false;
    world->session.enhanced = false;
    world->session.script_waiting = false;
    world->session.desktop_since_ms = 0;
    world->session.input_ms = 0;
    for (uint32_t i = world->process_count; i-- > 0;)
        if (world->processes[i].user)
            world->processes[i] = world->processes[--world->process_count];
}

void events_network(struct sim_env *env)
{
    if (env->world->session.script_waiting && script_is_active(env))
        script_run(env);
}

static void task_vdd(struct sim_env *env)
{
    struct world *world = env->world;
    struct world_device *video = world_device_like(world, WORLD_HYPERV_VIDEO);

    if (world_device_like(world, WORLD_VDA))
        return;
    (void)world_publisher_trust(world, "Parsec Cloud, Inc.");
    if (video)
        video->disabled = true; /* for good, before the replacement works: its great mistake */
    if (events_online(world))
        install_finish(env, WORLD_EFFECT_VDD, "/s");
}

static void task_cable(struct sim_env *env)
{
    if (!world_device_like(env->world, WORLD_CABLE) && events_online(env->world))
        install_finish(env, WORLD_EFFECT_CABLE, "-i -h");
}

static void task_monitor(struct sim_env *env)
{
    struct world_device *vda = world_device_like(env->world, WORLD_VDA);

    if (vda && (vda->disabled || vda->disabled_until_boot)) {
        vda->disabled = false;
        vda->disabled_until_boot = false;
        hardware_start(env, vda, HARDWARE_RESTART);
    }
}

static void task_nothing(struct sim_env *env)
{
    (void)env;
}

/* ---- kinds of events: when the next one is due, and what it does ---- */

static void earliest(int64_t time, uint32_t index, int64_t *best, uint32_t *best_index)
{
    if (time && (!*best || time < *best)) {
        *best = time;
        *best_index = index;
    }
}

static int64_t setup_next(const struct world *world, uint32_t *index)
{
    *index = 0;
    return world->system.setup_until_ms;
}

static void setup_run(struct sim_env *env, uint32_t index)
{
    (void)index;
    env->world->system.setup_until_ms = 0;
    if (env->world->session.autologon)
        env->world->session.logon_at_ms = env->now_ms + (int64_t)env->world->session.logon_s * 1000;
}

static int64_t logon_next(const struct world *world, uint32_t *index)
{
    *index = 0;
    return world->session.logon_at_ms;
}

static void logon_run(struct sim_env *env, uint32_t index)
{
    (void)index;
    events_logon(env);
}

static int64_t service_next(const struct world *world, uint32_t *index)
{
    int64_t best = 0;

    for (uint32_t i = 0; i < world->service_count; i++)
        earliest(world->services[i].ready_at_ms, i, &best, index);
    return best;
}

static void service_run(struct sim_env *env, uint32_t index)
{
    struct world_service *service = &env->world->services[index];
    bool is_parsec = world_same(service->name, PARSECD_SERVICE), down = service->stopping;

    service->ready_at_ms = 0;
    service->stopping = false;
    service->state = down ? SERVICE_STOPPED : SERVICE_RUNNING;
    if (service->process[0] && down)
        world_process_end(env->world, service->process);
    else if (service->process[0])
        world_process_start(env->world, service->process, false);
    if (is_parsec && down)
        parsecd_stop(env);
    else if (is_parsec)
        parsecd_start(env);
}

static int64_t task_next(const struct world *world, uint32_t *index)
{
    int64_t best = 0;

    for (uint32_t i = 0; i < world->task_count; i++)
        earliest(world->tasks[i].run_at_ms, i, &best, index);
    return best;
}

static void task_run(struct sim_env *env, uint32_t index)
{
    static void (*const actions[])(struct sim_env * env) = {
        [WORLD_TASK_NOTHING] = task_nothing,
        [WORLD_TASK_VDD] = task_vdd,
        [WORLD_TASK_CABLE] = task_cable,
        [WORLD_TASK_MONITOR] = task_monitor,
    };
    struct world_task *task = &env->world->tasks[index];

    task->run_at_ms = 0;
    if (task->enabled)
        actions[task->action](env);
}

static int64_t respawn_next(const struct world *world, uint32_t *index)
{
    *index = 0;
    return world->parsec.respawn_at_ms;
}

static void respawn_run(struct sim_env *env, uint32_t index)
{
    (void)index;
    parsecd_start(env);
}

static int64_t sign_in_next(const struct world *world, uint32_t *index)
{
    *index = 0;
    return world->parsec.sign_in_at_ms;
}

static void sign_in_run(struct sim_env *env, uint32_t index)
{
    (void)index;
    parsecd_account(env, WORLD_SIGNED_IN);
}

static int64_t drift_next(const struct world *world, uint32_t *index)
{
    int64_t best = 0;

    for (uint32_t i = 0; i < world->drift_count; i++)
        earliest(world->drifts[i].due_at_ms, i, &best, index);
    return best;
}

static void drift_run(struct sim_env *env, uint32_t index)
{
    struct world_drift drift = env->world->drifts[index];

    env->world->drifts[index].due_at_ms = 0;
    (void)edit_apply(env, drift.key, drift.value, NULL);
}

static const struct {
    int64_t (*next)(const struct world *world, uint32_t *index);
    void (*run)(struct sim_env *env, uint32_t index);
} kinds[] = {
    {setup_next, setup_run},
    {service_next, service_run},
    {logon_next, logon_run},
    {task_next, task_run},
    {respawn_next, respawn_run},
    {sign_in_next, sign_in_run},
    {drift_next, drift_run},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t next_kind(const struct world *world, int64_t *ret_time, uint32_t *ret_index)
{
    size_t best = KINDS;

    *ret_time = 0;
    for (size_t i = 0; i < KINDS; i++) {
        uint32_t index = 0;
        int64_t time = kinds[i].next(world, &index);

        if (time && (!*ret_time || time < *ret_time)) {
            *ret_time = time;
            *ret_index = index;
            best = i;
        }
    }
    return best;
}

int64_t events_next(const struct world *world)
{
    int64_t time;
    uint32_t index;

    (void)next_kind(world, &time, &index);
    return world->system.power == WORLD_ON ? time : 0;
}

bool events_settle(struct sim_env *env)
{
    int64_t now_ms = env->now_ms, time;
    uint32_t index;
    bool changed = false;

    for (int i = 0; i < EVENTS_AT_ONCE && env->world->system.power == WORLD_ON; i++) {
        size_t kind = next_kind(env->world, &time, &index);

        if (kind == KINDS || time > now_ms)
            break;
        env->now_ms = time;
        kinds[kind].run(env, index);
        changed = true;
    }
    env->now_ms = now_ms;
    return changed;
}

/* ---- boot ---- */

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void new_boot_id(struct world_system *system, int64_t now_ms)
{
    uint64_t a = mix((uint64_t)now_ms * 31 + system->boots), b = mix(a);

    snprintf(system->boot_id,
             sizeof(system->boot_id),
             "%08" PRIx32 "-%04x-%04x-%04x-%012" PRIx64,
             (uint32_t)(a >> 32),
             (unsigned)(a >> 16) & 0xffff,
             (unsigned)a & 0xffff,
             (unsigned)(b >> 48),
             b & 0xffffffffffffu);
}

static void boot_devices(struct sim_env *env)
{
    struct world *world = env->world;

    for (uint32_t i = 0; i < world->device_count; i++) {
        world->devices[i].disabled_until_boot = false;
        if (world->devices[i].bus != WORLD_BUS_ROOT)
            world->devices[i].removed = false;
    }
    hardware_scan(env);
    for (uint32_t i = 0; i < world->device_count; i++)
        if (world->devices[i].present)
            hardware_start(env, &world->devices[i], HARDWARE_BOOT);
}

static void boot_services(struct sim_env *env)
{
    for (uint32_t i = 0; i < env->world->service_count; i++) {
        struct world_service *service = &env->world->services[i];
        bool starts = service->start == SERVICE_START_AUTO && !service->start_error;

        service->stopping = false;
        service->state = starts ? SERVICE_PENDING : SERVICE_STOPPED;
        service->ready_at_ms = starts ? env->now_ms + service->start_ms : 0;
    }
}

static void boot_drifts(struct sim_env *env)
{
    struct world *world = env->world;

    for (uint32_t i = 0; i < world->drift_count; i++)
        if (!world->drifts[i].at_boot || world->drifts[i].at_boot == world->system.boots)
            world->drifts[i].due_at_ms = env->now_ms + (int64_t)world->drifts[i].after_s * 1000;
}

void events_boot(struct sim_env *env)
{
    struct world *world = env->world;

    events_logoff(env);
    world->process_count = 0;
    world->live = (struct world_live){0};
    world->parsec.client = false;
    world->parsec.respawn_at_ms = 0;
    world->parsec.sign_in_at_ms = 0;
    world->system.power = WORLD_ON;
    world->system.boots++;
    world->system.boot_at_ms = env->now_ms;
    world->system.reboot_pending = false;
    new_boot_id(&world->system, env->now_ms);
    for (uint32_t i = 0; i < world->task_count; i++)
        world->tasks[i].run_at_ms = 0;
    boot_devices(env);
    boot_services(env);
    world->session.logon_at_ms = 0;
    world->system.setup_until_ms = 0;
    if (world->system.boots == 1 && world->system.setup_s)
        world->system.setup_until_ms = env->now_ms + (int64_t)world->system.setup_s * 1000;
    else if (world->session.autologon)
        world->session.logon_at_ms = env->now_ms + (int64_t)world->session.logon_s * 1000;
    boot_drifts(env);
    (void)events_settle(env);
}
