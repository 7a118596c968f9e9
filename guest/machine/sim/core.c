/* One call on a simulated machine, from lock to write. */
#include "guest/machine/sim/core.h"

#include "guest/machine/sim/events.h"
#include "guest/machine/sim/os.h"
#include "guest/machine/sim/store.h"

#include <stdlib.h>
#include <string.h>

/* The process dies here (on disk), or is dead from here on (in memory). Returns in memory only. */
static void die(struct sim *sim, bool power)
{
    if (sim->store && power)
        os_exit(SIM_EXIT_CUT);
    if (sim->store)
        os_kill_self();
    sim->dead = true;
    if (power) {
        sim->world->system.power = WORLD_CUT;
        memset(&sim->world->live, 0, sizeof(sim->world->live));
    }
}

static bool is_dead(struct sim *sim, struct err *err)
{
    return sim->dead && !err_set(err, ERR_CANCELLED, TEXT_SIM_DEAD, NULL);
}

static void set_time(struct sim *sim)
{
    sim->env.now_ms = clock_wall_ms(sim->machine.clock);
    sim->env.real_ms = clock_wall_ms(sim->real);
    if (sim->env.now_ms < 1)
        sim->env.now_ms = 1; /* 0 means never */
    if (!sim->store)
        return;
    store_live_get(sim->store, &sim->live);
    sim->world->live = sim->live;
}

/* Writes the monitors when the call changed them. */
static bool put_live(struct sim *sim, struct err *err)
{
    if (!sim->store || memcmp(&sim->live, &sim->world->live, sizeof(sim->live)) == 0)
        return true;
    return store_live_put(sim->store, &sim->world->live, err);
}

static bool is_due(struct sim *sim)
{
    int64_t next_ms = events_next(sim->world);

    return next_ms && next_ms <= sim->env.now_ms;
}

static void clock_follow(struct sim *sim)
{
    const struct world *world = sim->world;

    if (!sim->store)
        return;
    sim_clock_set(&sim->clock, world->scale, world->scale_real_ms, world->scale_wall_ms);
    if (sim->machine.time_scale != world->scale)
        sim->machine.time_scale = world->scale;
}

static bool refresh(struct sim *sim, struct err *err)
{
    if (store_is_current(sim->store))
        return true;
    if (!store_load(sim->store, sim->world, err))
        return false;
    clock_follow(sim);
    return true;
}

/* Takes the world for writing and brings it up to now. */
static bool open_world(struct core_call *call, struct err *err)
{
    struct sim *sim = call->sim;

    if (sim->store && !call->holds) {
        if (!store_lock(sim->store, err))
            return false;
        call->holds = true;
    }
    if (sim->store && !refresh(sim, err))
        return false;
    set_time(sim);
    if (sim->store &&
        (sim->world->system.power == WORLD_CUT || sim->world->system.power == WORLD_OFF))
        die(sim, true);
    if (events_settle(&sim->env))
        call->dirty |= CORE_CHANGED;
    return true;
}

/* A reader that has the newest world, and nothing to write, needs no lock between processes. */
static bool look(struct core_call *call, struct err *err)
{
    struct sim *sim = call->sim;

    if (!sim->store || (store_is_current(sim->store) && !sim->world->fault_count)) {
        set_time(sim);
        if (!is_due(sim) && sim->world->system.power != WORLD_CUT &&
            sim->world->system.power != WORLD_OFF)
            return true;
    }
    return open_world(call, err);
}

/* Writes what changed and lets other processes in. */
static bool close_world(struct core_call *call, struct err *err)
{
    struct sim *sim = call->sim;
    bool ok = put_live(sim, err);

    if (call->dirty) {
        sim->world->generation++;
        sim->world->change += (call->dirty & CORE_CHANGED) != 0;
    }
    if (sim->store && call->dirty && call->holds)
        ok = store_save(sim->store, sim->world, ok ? err : NULL) && ok;
    if (sim->store && call->dirty)
        clock_follow(sim);
    if (call->holds)
        store_unlock(sim->store);
    call->holds = false;
    if (call->dirty & CORE_CHANGED)
        sync_signal(sim->sync);
    call->dirty = 0;
    return ok;
}

static bool leave(struct core_call *call, bool ok, struct err *err)
{
    ok = close_world(call, ok ? err : NULL) && ok;
    sync_unlock(call->sim->sync);
    return ok;
}

static bool fail_by_data(struct core_call *call, struct err *err)
{
    if (call->hit.code)
        err_set_os(err, ERR_DOMAIN_WIN32, call->hit.code, TEXT_SIM_FAULT, call->op, NULL);
    else
        err_set(err, call->hit.kind, TEXT_SIM_FAULT, call->op, NULL);
    if (err && call->hit.kind != ERR_NONE && call->hit.kind != ERR_FAILED)
        err->kind = call->hit.kind;
    return leave(call, false, err);
}

static bool hang(struct core_call *call, struct err *err)
{
    if (!leave(call, true, err))
        return false;
    clock_sleep_ms(call->sim->machine.clock, call->hit.hang_ms);
    return err_set(err, ERR_TIMEOUT, TEXT_SIM_HANG, call->op, NULL);
}

/* Dies before or after acting; the counter is written first, so that it happens once. */
static bool kill_now(struct core_call *call, struct err *err)
{
    (void)close_world(call, NULL);
    die(call->sim, call->hit.action == WORLD_FAULT_POWER);
    sync_unlock(call->sim->sync);
    return err_set(err, ERR_CANCELLED, TEXT_SIM_DEAD, NULL);
}

static bool strike(struct core_call *call, struct err *err)
{
    switch (call->hit.action) {
    case WORLD_FAULT_FAIL:
        return fail_by_data(call, err);
    case WORLD_FAULT_LIE:
        call->lie = true;
        return true;
    case WORLD_FAULT_HANG:
        return hang(call, err);
    case WORLD_FAULT_REBOOT:
        call->reboot = true;
        return true;
    default:
        return call->hit.after || kill_now(call, err);
    }
}

static bool begin(struct core_call *call, const char *object, struct err *err)
{
    struct sim *sim = call->sim;

    sync_lock(sim->sync);
    if (is_dead(sim, err) || !(call->acts ? open_world(call, err) : look(call, err))) {
        if (call->holds)
            store_unlock(sim->store);
        sync_unlock(sim->sync);
        return false;
    }
    if (fault_take(sim->world, call->op, call->acts, object, &call->hit))
        call->dirty |= CORE_COUNTED;
    return !call->hit.hit || strike(call, err);
}

static void call_init(struct core_call *call, struct sim *sim, const char *op, bool acts)
{
    memset(call, 0, sizeof(*call));
    call->sim = sim;
    call->env = &sim->env;
    call->world = sim->world;
    call->op = op;
    call->acts = acts;
}

bool core_read(
    struct core_call *call, struct sim *sim, const char *op, const char *object, struct err *err)
{
    call_init(call, sim, op, false);
    return begin(call, object, err);
}

bool core_act(
    struct core_call *call, struct sim *sim, const char *op, const char *object, struct err *err)
{
    call_init(call, sim, op, true);
    return begin(call, object, err);
}

bool core_end(struct core_call *call, bool ok, struct err *err)
{
    if (call->acts && !call->lie)
        call->dirty |= CORE_CHANGED;
    if (call->hit.hit && call->hit.after && ok &&
        (call->hit.action == WORLD_FAULT_KILL || call->hit.action == WORLD_FAULT_POWER))
        return kill_now(call, err);
    return leave(call, ok, err);
}

bool core_pause(struct core_call *call, struct err *err)
{
    if (call->acts)
        call->dirty |= CORE_CHANGED;
    return leave(call, true, err);
}

bool core_resume(struct core_call *call, struct err *err)
{
    sync_lock(call->sim->sync);
    if (!is_dead(call->sim, err) && open_world(call, err))
        return true;
    if (call->holds)
        store_unlock(call->sim->store);
    call->holds = false;
    sync_unlock(call->sim->sync);
    return false;
}

void core_sleep(struct core_call *call, int64_t time_ms)
{
    if (time_ms > 0)
        clock_sleep_ms(call->sim->machine.clock, time_ms);
}

/* ---- waiting for changes ---- */

/* Looks at the world without being an operation; false when it cannot be read. */
static bool changed_now(struct sim *sim, int64_t *ret_next_ms, bool *ret_changed, struct err *err)
{
    struct core_call call;
    bool ok;

    call_init(&call, sim, "", false);
    ok = !is_dead(sim, err) && look(&call, err);
    if (ok) {
        ok = close_world(&call, err);
        *ret_changed = sim->world->change != sim->seen_change;
        sim->seen_change = sim->world->change;
        *ret_next_ms = events_next(sim->world);
        if (*ret_next_ms)
            *ret_next_ms -= sim->env.now_ms;
    } else if (call.holds) {
        store_unlock(sim->store);
    }
    return ok;
}

/* How long nothing can happen by itself, in real time; -1: for ever. */
static int64_t quiet_ms(struct sim *sim, int64_t next_ms, int64_t left_ms)
{
    int64_t until_ms = -1;

    if (next_ms > 0)
        until_ms = sim->store ? sim_clock_real(&sim->clock, next_ms) + 1 : next_ms;
    if (left_ms >= 0 && (until_ms < 0 || left_ms < until_ms))
        until_ms = left_ms;
    return until_ms;
}

/* True when files of the disk changed meanwhile. */
static bool sleep_quietly(struct sim *sim, int64_t time_ms)
{
    bool changed = false;

    if (sim->store) {
        sync_unlock(sim->sync);
        changed = store_wait(sim->store, time_ms);
        sync_lock(sim->sync);
    } else if (sim->is_virtual && time_ms >= 0) {
        sync_unlock(sim->sync);
        clock_sleep_ms(sim->machine.clock, time_ms);
        sync_lock(sim->sync);
    } else {
        sync_wait(sim->sync, time_ms);
    }
    return changed;
}

bool core_wait(struct sim *sim, int64_t timeout_ms, bool *ret_changed, struct err *err)
{
    int64_t start_ms = clock_now_ms(sim->real), next_ms = 0, left_ms = timeout_ms;
    bool changed = false, files = sim->store && store_wait(sim->store, 0), ok;

    sync_lock(sim->sync);
    for (;;) {
        ok = changed_now(sim, &next_ms, &changed, err);
        changed = changed || files;
        if (!ok || changed || sim->woken || left_ms == 0)
            break;
        files = sleep_quietly(sim, quiet_ms(sim, next_ms, left_ms));
        if (timeout_ms < 0)
            continue;
        left_ms = timeout_ms - (clock_now_ms(sim->real) - start_ms);
        left_ms = left_ms > 0 ? left_ms : 0;
    }
    sim->woken = false;
    sync_unlock(sim->sync);
    if (ok)
        *ret_changed = changed;
    return ok;
}

void core_wake(struct sim *sim)
{
    sync_lock(sim->sync);
    sim->woken = true;
    sync_signal(sim->sync);
    if (sim->store)
        store_wake(sim->store);
    sync_unlock(sim->sync);
}
