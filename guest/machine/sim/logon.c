/* What happens at a logon, and what Easy-GPU-PV's leftovers do then. */
#include "guest/machine/sim/logon.h"

#include "guest/machine/sim/hardware.h"
#include "guest/machine/sim/install.h"
#include "guest/machine/sim/parsecd.h"
#include "guest/machine/sim/parsecd_log.h"

#include <string.h>

static const struct {
    const char *name;
    enum world_action action;
} easy_tasks[] = {
    {"Install VB Cable", WORLD_TASK_CABLE},
    {"Install Parsec Virtual Display Driver", WORLD_TASK_VDD},
    {"Monitor Parsec VDD State", WORLD_TASK_MONITOR},
};

bool logon_online(const struct world *world)
{
    return world->network.trouble == NETWORK_OK || world->network.trouble == NETWORK_DOUBLE_NAT ||
           world->network.trouble == NETWORK_NO_UDP;
}

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

void logon_register_tasks(struct world *world, bool enabled)
{
    for (size_t i = 0; i < sizeof(easy_tasks) / sizeof(easy_tasks[0]); i++) {
        struct world_task *task = world_task(world, easy_tasks[i].name);

        if (!task)
            task = world_add_task(world);
        if (!task)
            return;
        memset(task, 0, sizeof(*task));
        text_copy(task->name, sizeof(task->name), easy_tasks[i].name);
        task->action = easy_tasks[i].action;
        task->enabled = enabled;
    }
}

void logon_remove_tasks(struct world *world)
{
    for (size_t i = 0; i < sizeof(easy_tasks) / sizeof(easy_tasks[0]); i++) {
        struct world_task *task = world_task(world, easy_tasks[i].name);

        if (task)
            world_remove_task(world, task);
    }
}

/* Registers the three tasks anew and starts them (easy-gpu-pv.md 1.9). */
static void script_run(struct sim_env *env)
{
    struct world *world = env->world;

    world->session.script_waiting = !logon_online(world);
    if (world->session.script_waiting)
        return;
    logon_register_tasks(world, true);
    for (size_t i = 0; i < sizeof(easy_tasks) / sizeof(easy_tasks[0]); i++) {
        struct world_task *task = world_task(world, easy_tasks[i].name);

        if (task)
            task->run_at_ms = env->now_ms;
    }
}

void logon_begin(struct sim_env *env)
{
    struct world *world = env->world;
    const struct world_service *parsec = world_service(world, PARSECD_SERVICE);

    world->session.logon_at_ms = 0;
    world->session.logged_on = true;
    world->session.desktop_since_ms = env->now_ms;
    world->session.input_ms = env->now_ms;
    if (parsec && parsec->state == SERVICE_STATE_RUNNING)
        world_process_start(world, PARSECD_PROCESS, true);
    for (uint32_t i = 0; i < world->task_count; i++)
        if (world->tasks[i].enabled)
            world->tasks[i].run_at_ms = env->now_ms + WORLD_TASK_DELAY_MS;
    if (script_is_active(env))
        script_run(env);
}

void logon_end(struct sim_env *env)
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

void logon_network(struct sim_env *env)
{
    /* Parsec tries its servers again and again, and says what came of it */
    if (world_process_count(env->world, PARSECD_PROCESS))
        parsecd_log_account(env);
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
    if (logon_online(world))
        install_finish(env, WORLD_EFFECT_VDD, "/s");
}

static void task_cable(struct sim_env *env)
{
    if (!world_device_like(env->world, WORLD_CABLE) && logon_online(env->world))
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

void logon_task(struct sim_env *env, enum world_action action)
{
    static void (*const actions[])(struct sim_env * env) = {
        [WORLD_TASK_NOTHING] = task_nothing,
        [WORLD_TASK_VDD] = task_vdd,
        [WORLD_TASK_CABLE] = task_cable,
        [WORLD_TASK_MONITOR] = task_monitor,
    };

    actions[action](env);
}
