/* Things that happen by themselves. */
#include "guest/machine/sim/events.h"

#include "guest/machine/sim/edit.h"
#include "guest/machine/sim/logon.h"
#include "guest/machine/sim/parsecd.h"

#define EVENTS_AT_ONCE 200 /* a world whose events never end must not hang the caller */

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
    logon_begin(env);
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
    service->state = down ? SERVICE_STATE_STOPPED : SERVICE_STATE_RUNNING;
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
    struct world_task *task = &env->world->tasks[index];

    task->run_at_ms = 0;
    if (task->enabled)
        logon_task(env, task->action);
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
    env->world->parsec.sign_in_at_ms = 0;
    if (parsecd_online(env->world))
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
