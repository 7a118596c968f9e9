/*
 * The pass: observe, plan, act, verify, journal. All decisions are reconcile's; all memory is the
 * journal's; this file only puts them in order around the machine.
 */
#include "guest/engine_core.h"

#include "guest/console.h"
#include "guest/device.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_STEP_MS 500
#define AID_STEP_MS    100

/* ---- first aid ---- */

static void real_sleep(struct machine *machine, int64_t real_ms)
{
    int64_t scale = machine->time_scale > 1 ? machine->time_scale : 1;

    clock_sleep_ms(machine->clock, real_ms * scale);
}

/* Only monitors of the virtual adapter: they may be those of a holder that just died. */
static bool only_virtual(const struct display_list *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        if (paths->items[i].kind != DISPLAY_PARSEC)
            return false;
    return paths->count > 0;
}

/* True when nobody sees anything: no active path, also none that is about to vanish. */
static bool picture_is_lost(struct machine *machine)
{
    struct displays_port *displays = machine->displays;
    struct display_list paths = {.count = 0};
    int64_t waited_ms = 0;

    while (displays->ops->paths(displays, &paths, NULL)) {
        if (!paths.count)
            return true;
        if (!only_virtual(&paths) || waited_ms >= ENGINE_FIRST_AID_MS)
            return false;
        real_sleep(machine, AID_STEP_MS);
        waited_ms += AID_STEP_MS;
    }
    return true; /* cannot be told: a picture too many harms nobody */
}

bool engine_first_aid(struct machine *machine, struct err *ret_err)
{
    char instance[DEVICE_ID_BYTES];
    enum video_state video = VIDEO_UNKNOWN;
    bool reboot = false;

    err_clear(ret_err);
    if (!device_video_look(machine->devices, &video, instance, ret_err))
        return false;
    if (video != VIDEO_DISABLED || !picture_is_lost(machine))
        return false;
    return machine->devices->ops->enable(machine->devices, instance, &reboot, ret_err);
}

/* ---- life ---- */

/* What a crash left half done is taken back where its repair said how. */
static void undo_interrupted(struct engine *engine, struct err *ret_damage)
{
    struct err err = ERR_INIT;

    if (!engine_undo(engine, UNDO_IF_INTERRUPTED, &err) && !err_is_set(ret_damage))
        *ret_damage = err;
}

static bool close_pending(struct engine *engine, const char *boot, struct err *err)
{
    const struct journal_state *state = journal_state(engine->journal);
    bool booted = strcmp(state->boot, boot) != 0;
    bool restarted = booted && state->pending_repair == REPAIR_REBOOT;
    struct journal_record end = {.event = JOURNAL_END,
                                 .outcome = restarted ? OUTCOME_REBOOT : OUTCOME_INTERRUPTED};
    struct journal_record record = {.event = JOURNAL_BOOT};

    if (state->pending && !journal_append(engine->journal, end, err))
        return false;
    if (!booted)
        return true;
    text_copy(record.text, sizeof record.text, boot);
    return journal_append(engine->journal, record, err);
}

bool engine_open(const struct engine_setup *setup,
                 struct engine **ret_engine,
                 struct err *ret_damage,
                 struct err *err)
{
    struct engine *engine = calloc(1, sizeof *engine);
    struct system_state system;

    err_clear(ret_damage);
    if (!engine)
        return err_no_memory(err);
    engine->setup = *setup;
    engine->ready_since_ms = -1;
    engine->findings.facts.ready_for_ms = -1;
    engine->findings.facts.clients = -1;
    if (!journal_open(
            setup->journal_path, setup->machine->clock, &engine->journal, ret_damage, err))
        goto fail;
    if (setup->machine->system->ops->query(setup->machine->system, &system, NULL)) {
        struct err unwritten = ERR_INIT;

        if (!close_pending(engine, system.boot_id, &unwritten) && !err_is_set(ret_damage))
            *ret_damage = unwritten;
        undo_interrupted(engine, ret_damage);
    }
    *ret_engine = engine;
    return true;

fail:
    engine_free(engine);
    return false;
}

void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    journal_free(engine->journal);
    free(engine);
}

void engine_stop(struct engine *engine)
{
    engine->stop = true;
}

const struct journal_state *engine_memory(const struct engine *engine)
{
    return journal_state(engine->journal);
}

void engine_set_journal_hook(struct engine *engine, void (*hook)(void *user), void *user)
{
    journal_set_hook(engine->journal, hook, user);
}

/* ---- one repair ---- */

static void tell(struct engine *engine,
                 enum engine_phase phase,
                 const struct plan_item *item,
                 const struct engine_step *step,
                 const struct health *health)
{
    struct engine_event event = {.phase = phase, .health = health};

    if (!engine->setup.on_event)
        return;
    if (item) {
        event.check = item->check;
        event.cause = item->cause;
        event.repair = item->repair;
    }
    if (step) {
        event.outcome = step->outcome;
        event.why = err_is_set(&step->note) ? &step->note : NULL;
    }
    engine->setup.on_event(&event, engine->setup.user);
}

/* Applies, and sees to it that nobody was signed out by it. */
static bool apply_guarded(struct engine *engine,
                          const struct repair *row,
                          struct repair_context *context,
                          bool *ret_reboot,
                          struct err *err)
{
    struct repair_guard guard = {0};
    bool ok;

    if (!row->apply)
        return err_set(err, ERR_UNSUPPORTED, TEXT_CHECK_ABSENT, NULL);
    if (!row->loses_account)
        repair_guard_take(engine->setup.machine, &guard);
    ok = row->apply(context, ret_reboot, err);
    if (!row->loses_account && guard.known)
        ok = repair_guard_check(engine->setup.machine, &guard, ok ? err : NULL) && ok;
    return ok;
}

/* Looks again until the repair has helped, at most settle_ms: a finding that cannot be read for the
 * moment (a service that is starting) is waited for too. */
static void settle(struct engine *engine, const struct plan_item *item, int64_t settle_ms)
{
    struct clock *clock = engine->setup.machine->clock;
    int64_t end_ms = clock_now_ms(clock) + settle_ms;

    for (;;) {
        engine_observe(engine, item->check);
        if (reconcile_outcome(item, true, false, &engine->findings) != OUTCOME_SAME)
            return;
        if (engine->stop || clock_now_ms(clock) >= end_ms)
            return;
        clock_sleep_ms(clock, SETTLE_STEP_MS);
    }
}

static struct engine_step *new_step(struct engine_result *result, const struct plan_item *item)
{
    struct engine_step *step = &result->steps[result->step_count++];

    step->check = item->check;
    step->cause = item->cause;
    step->repair = item->repair;
    return step;
}

/* Does the first item of the plan. False: the journal could not be written; only what gives a lost
 * display back was done then. */
static bool act(struct engine *engine, struct engine_result *result, struct err *err)
{
    const struct plan_item item = result->plan.items[0];
    const struct repair *row = repair_row(item.repair);
    struct check_context check = engine_check_context(engine);
    struct repair_context context = {
        .check = &check, .journal = engine->journal, .repair = item.repair, .cause = item.cause};
    struct journal_record begin = {.event = JOURNAL_BEGIN,
                                   .cause = item.cause,
                                   .repair = item.repair,
                                   .detail = item.detail,
                                   .rung = item.rung};
    struct journal_record end = {.event = JOURNAL_END};
    struct engine_step *step;
    bool written = journal_append(engine->journal, begin, err), applied, reboot = false;

    if (!written && !cause_row(item.cause)->exempt)
        return false;
    step = new_step(result, &item);
    tell(engine, ENGINE_REPAIRING, &item, NULL, NULL);
    applied = apply_guarded(engine, row, &context, &reboot, &step->note);
    if (item.repair == REPAIR_REBOOT && applied) {
        result->rebooting = true;
        end.outcome = OUTCOME_REBOOT;
    } else {
        settle(engine, &item, applied && !reboot ? row->settle_ms : 0);
        end.outcome = reconcile_outcome(&item, applied, reboot, &engine->findings);
    }
    step->outcome = end.outcome;
    step->done = true;
    engine_drop_undos(engine, item.repair);
    written = written && journal_append(engine->journal, end, err);
    tell(engine, ENGINE_REPAIRED, &item, step, NULL);
    return written;
}

/* ---- the pass ---- */

static bool
take_notes(struct engine *engine, const struct plan *plan, size_t *ret_count, struct err *err)
{
    struct journal_record *notes = calloc(CAUSE_COUNT, sizeof *notes);
    bool ok = notes != NULL || err_no_memory(err);

    *ret_count =
        ok ? reconcile_notes(
                 &engine->findings, journal_state(engine->journal), plan, notes, CAUSE_COUNT)
           : 0;
    for (size_t i = 0; ok && i < *ret_count; i++)
        ok = journal_append(engine->journal, notes[i], err);
    free(notes);
    return ok;
}

static bool decide(struct engine *engine,
                   const struct engine_options *options,
                   struct engine_result *result,
                   struct err *err)
{
    struct machine *machine = engine->setup.machine;
    bool observes = engine->profile.mode == PROFILE_OBSERVE && !options->asked;
    struct reconcile_options how = {.now = options->now,
                                    .gate_shut = !facts_setup_done(&engine->findings.facts),
                                    .observe = observes || options->dry_run,
                                    .reset_parsec = engine->reset_parsec,
                                    .only = options->only};
    size_t notes = 0;
    bool ok = true;

    reconcile(&engine->profile,
              &engine->findings,
              journal_state(engine->journal),
              clock_wall_ms(machine->clock),
              &how,
              &result->plan);
    if (how.observe || how.gate_shut)
        return true;
    ok = take_notes(engine, &result->plan, &notes, err);
    if (notes)
        reconcile(&engine->profile,
                  &engine->findings,
                  journal_state(engine->journal),
                  clock_wall_ms(machine->clock),
                  &how,
                  &result->plan);
    return ok;
}

/* What a dry run, or a pass that only observes, would do. */
static void list_steps(struct engine *engine, struct engine_result *result)
{
    struct check_context check = engine_check_context(engine);

    for (size_t i = 0; i < result->plan.count && result->step_count < ENGINE_STEPS; i++) {
        const struct plan_item *item = &result->plan.items[i];
        const struct repair *row = repair_row(item->repair);
        struct repair_context context = {
            .check = &check, .repair = item->repair, .cause = item->cause};
        struct engine_step *step = new_step(result, item);

        if (row->plan)
            row->plan(&context, &step->note);
    }
    for (int i = 0; i < CHECK_COUNT && result->step_count < ENGINE_STEPS; i++) {
        const struct plan_check *waits = &result->plan.checks[i];
        struct plan_item item = {
            .check = (enum check_id)i, .cause = waits->cause, .repair = waits->next};
        struct engine_step *step;

        if (waits->wait == PLAN_NOT_WAITING || waits->next == REPAIR_NONE)
            continue;
        step = new_step(result, &item);
        step->waits = true;
        if (waits->remedy != TEXT_NONE)
            err_set(&step->note, ERR_BUSY, waits->remedy, NULL);
    }
}

static bool is_settled(const struct plan *plan)
{
    if (plan->level != LEVEL_HEALTHY)
        return false;
    for (int i = 0; i < CHECK_COUNT; i++)
        if (plan->checks[i].wait != PLAN_NOT_WAITING)
            return false;
    return true;
}

/* Where nothing is open and no pass but the slow ones is asked for, these come ever more rarely. */
static int64_t slow_ms(struct engine *engine, const struct plan *plan)
{
    int64_t now_ms = clock_now_ms(engine->setup.machine->clock);
    bool awaited = now_ms - engine->passed_ms >= engine->slow_ms / 2;

    engine->passed_ms = now_ms;
    engine->slow_ms = awaited && is_settled(plan) ? engine->slow_ms * 2 : 0;
    if (engine->slow_ms < ENGINE_SLOW_MS)
        engine->slow_ms = ENGINE_SLOW_MS;
    else if (engine->slow_ms > ENGINE_SLOWEST_MS)
        engine->slow_ms = ENGINE_SLOWEST_MS;
    return engine->slow_ms;
}

static int64_t next_in_ms(struct engine *engine, const struct engine_result *result)
{
    int64_t wait_ms = slow_ms(engine, &result->plan), due_ms;

    if (!result->plan.next_ms)
        return wait_ms;
    due_ms = result->plan.next_ms - clock_wall_ms(engine->setup.machine->clock);
    if (due_ms < 0)
        due_ms = 0;
    return due_ms < wait_ms ? due_ms : wait_ms;
}

/* A person asked: what was given up or waits for its turn is tried anew. */
static bool forget_tries(struct engine *engine, uint32_t only, struct err *err)
{
    const struct journal_state *state = journal_state(engine->journal);
    bool ok = true;

    for (int i = CAUSE_NONE + 1; ok && i < CAUSE_COUNT; i++) {
        const struct journal_entry *entry = &state->entries[i];
        enum check_id check = cause_row((enum cause)i)->check;
        struct journal_record record = {.event = JOURNAL_CLEAR, .cause = (enum cause)i, .value = 1};

        if ((!entry->attempts && !entry->given_up && !entry->fixed) ||
            (only && !(only & CHECK_BIT(check))))
            continue;
        ok = journal_append(engine->journal, record, err);
    }
    return ok;
}

static bool first_is_exempt(const struct plan *plan)
{
    return plan->count && cause_row(plan->items[0].cause)->exempt;
}

bool engine_pass(struct engine *engine,
                 const struct profile *profile,
                 const struct engine_options *options,
                 struct engine_result *ret_result,
                 struct err *err)
{
    bool acts = !options->dry_run && (profile->mode == PROFILE_REPAIR || options->asked);
    bool ok = true, done = false, written = true;

    memset(ret_result, 0, sizeof *ret_result);
    engine->profile = *profile;
    engine->reset_parsec = options->reset_parsec;
    engine->stop = false;
    engine_forget_findings(engine, options->now);
    if (acts && options->now)
        written = forget_tries(engine, options->only, err);
    while (!done) {
        engine_observe(engine, CHECK_COUNT);
        ok = decide(engine, options, ret_result, err) && written;
        engine_health(engine, &ret_result->plan, !acts, &ret_result->health);
        tell(engine, ENGINE_OBSERVED, NULL, NULL, &ret_result->health);
        done = !acts || engine->stop || !ret_result->plan.count ||
               ret_result->step_count == ENGINE_STEPS;
        /* a journal that cannot be written does not keep a lost display from coming back */
        if (done || (!ok && !first_is_exempt(&ret_result->plan)))
            break;
        if (ret_result->plan.items[0].repair == REPAIR_PARSEC_RESET)
            engine->reset_parsec = false;
        ok = act(engine, ret_result, err) && ok;
        done = !ok || ret_result->rebooting;
    }
    if (!acts)
        list_steps(engine, ret_result);
    ret_result->stopped = engine->stop;
    ret_result->next_in_ms =
        acts && ret_result->plan.count && !engine->stop ? 0 : next_in_ms(engine, ret_result);
    return ok;
}

/* ---- on request ---- */

bool engine_give_console(struct engine *engine, struct err *err)
{
    struct check_context check = engine_check_context(engine);
    struct repair_context context = {
        .check = &check, .journal = engine->journal, .repair = REPAIR_CONSOLE_GIVE};
    bool reboot = false;

    if (repair_console_give(&context, &reboot, err))
        return true;
    /* a machine without Hyper-V Video has nothing to give */
    return err && err->kind == ERR_NOT_FOUND;
}

bool engine_rescue_console(struct machine *machine, struct err *err)
{
    struct check_context check = {.machine = machine};
    struct repair_context context = {.check = &check, .repair = REPAIR_CONSOLE_GIVE};
    struct err why = ERR_INIT;
    bool reboot = false;

    if (repair_console_give(&context, &reboot, &why) || why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

bool engine_keep_console(struct engine *engine, bool keep, struct err *err)
{
    struct journal_record record = {.event = JOURNAL_KEEP, .value = keep};

    return journal_append(engine->journal, record, err) &&
           (!keep || engine_give_console(engine, err));
}

bool engine_revert(struct engine *engine, const struct profile *profile, struct err *err)
{
    struct err later = ERR_INIT;
    bool ok;

    engine->profile = *profile;
    ok = engine_undo(engine, UNDO_AT_RELEASE, err);
    if (engine->setup.parsec)
        holder_release(engine->setup.parsec->holder);
    return engine_give_console(engine, ok ? err : &later) && ok;
}
