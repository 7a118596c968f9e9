/* Looking at the machine, telling what was seen, and taking back. */
#include "guest/engine_core.h"

#include "common/version.h"
#include "guest/console.h"

#include <string.h>

struct check_context engine_check_context(struct engine *engine)
{
    return (struct check_context){.machine = engine->setup.machine,
                                  .profile = &engine->profile,
                                  .journal = journal_state(engine->journal),
                                  .parsec = engine->setup.parsec,
                                  .findings = &engine->findings};
}

void engine_forget_findings(struct engine *engine, bool all)
{
    for (int i = 0; i < CHECK_COUNT; i++)
        if (all || check_row((enum check_id)i)->keep_ms == 0)
            engine->looked_ms[i] = 0;
}

static bool may_reuse(const struct engine *engine, enum check_id id, int64_t now_ms)
{
    const struct finding *finding = &engine->findings.checks[id];
    int64_t keep_ms = check_row(id)->keep_ms;

    return keep_ms && engine->looked_ms[id] && now_ms - engine->looked_ms[id] < keep_ms &&
           (finding->status == STATUS_OK || finding->status == STATUS_OFF);
}

static void judge_ready(struct engine *engine, int64_t now_ms)
{
    bool ready = console_stream_ready(&engine->findings);

    if (!ready)
        engine->ready_since_ms = -1;
    else if (engine->ready_since_ms < 0)
        engine->ready_since_ms = now_ms;
    engine->findings.facts.ready_for_ms = ready ? now_ms - engine->ready_since_ms : -1;
}

void engine_observe(struct engine *engine, enum check_id fresh)
{
    struct check_context context = engine_check_context(engine);
    int64_t now_ms = clock_now_ms(engine->setup.machine->clock);
    uint32_t mask = 0;

    facts_read(engine->setup.machine, &engine->findings.facts);
    if (engine->setup.parsec)
        parsec_observe(engine->setup.parsec, &engine->profile, &engine->findings.facts);
    for (int i = 0; i < CHECK_COUNT; i++) {
        enum check_id id = (enum check_id)i;

        if (id == fresh || !may_reuse(engine, id, now_ms)) {
            mask |= CHECK_BIT(i);
            engine->looked_ms[i] = now_ms ? now_ms : 1;
        }
    }
    check_run(&context, mask);
    judge_ready(engine, now_ms);
}

static void fill_check(const struct engine *engine,
                       const struct plan *plan,
                       enum check_id id,
                       struct health_check *check)
{
    const struct plan_check *planned = &plan->checks[id];

    check->status = planned->status;
    check->why = engine->findings.checks[id].why;
    check->remedy = planned->remedy;
    check->attempts = planned->attempts;
    check->retry_at_ms = planned->retry_at_ms;
}

void engine_health(const struct engine *engine,
                   const struct plan *plan,
                   bool observes,
                   struct health *ret_health)
{
    const struct facts *facts = &engine->findings.facts;

    memset(ret_health, 0, sizeof *ret_health);
    ret_health->level = plan->level;
    ret_health->agent_up = true;
    ret_health->desktop_ready = plan->desktop_ready;
    ret_health->stream_ready = plan->stream_ready;
    ret_health->observe_only = observes;
    ret_health->wall_ms = clock_wall_ms(engine->setup.machine->clock);
    ret_health->stream = facts->stream;
    text_copy(ret_health->build, sizeof ret_health->build, version_text());
    if (facts->system_known) {
        ret_health->uptime_s = facts->system.uptime_ms / 1000;
        text_copy(ret_health->boot_id, sizeof ret_health->boot_id, facts->system.boot_id);
    }
    if (facts->gpu_known && facts->gpu.present) {
        text_copy(ret_health->gpu_name, sizeof ret_health->gpu_name, facts->gpu.name);
        text_copy(ret_health->driver_host, sizeof ret_health->driver_host, facts->gpu.driver_host);
        text_copy(
            ret_health->driver_guest, sizeof ret_health->driver_guest, facts->gpu.driver_guest);
    }
    for (int i = 0; i < CHECK_COUNT; i++)
        fill_check(engine, plan, (enum check_id)i, &ret_health->checks[i]);
}

void engine_moment(const struct engine *engine,
                   const struct profile *profile,
                   struct engine_moment *ret_moment)
{
    const struct finding *status = &engine->findings.checks[CHECK_GPU_STATUS];
    const struct finding *driver = &engine->findings.checks[CHECK_GPU_DRIVER];
    bool lost = driver->cause == CAUSE_GPU_FOLDER || driver->cause == CAUSE_GPU_FILE;

    *ret_moment = (struct engine_moment){
        .known = engine->looked_ms[CHECK_GPU_DRIVER] != 0,
        .in_use = reconcile_in_use(
            profile, &engine->findings, engine->ready_since_ms >= 0, DISRUPTS_STREAM),
        .gpu_broken = status->status == STATUS_BAD || (driver->status == STATUS_BAD && lost),
        .gpu_good = status->status == STATUS_OK && driver->status == STATUS_OK};
}

static bool undo_one(struct engine *engine, const struct journal_undo *undo, struct err *err)
{
    const struct repair *row = repair_row(undo->repair);
    struct check_context check = engine_check_context(engine);
    struct repair_context context = {
        .check = &check, .journal = engine->journal, .repair = undo->repair};
    struct journal_record record = {.event = JOURNAL_UNDONE, .repair = undo->repair};

    if (row->undo && !row->undo(&context, undo->text, err))
        return false;
    text_copy(record.text, sizeof record.text, undo->text);
    return journal_append(engine->journal, record, err);
}

bool engine_undo(struct engine *engine, enum undo_life life, struct err *err)
{
    const struct journal_state *state = journal_state(engine->journal);
    struct err later = ERR_INIT;
    bool ok = true;

    for (size_t i = JOURNAL_UNDOS; i-- > 0;) {
        struct journal_undo undo = state->undos[i];

        if (undo.repair == REPAIR_NONE || undo.life != life)
            continue;
        ok = undo_one(engine, &undo, ok ? err : &later) && ok;
    }
    return ok;
}

void engine_drop_undos(struct engine *engine, enum repair_id repair)
{
    const struct journal_state *state = journal_state(engine->journal);

    for (size_t i = 0; i < JOURNAL_UNDOS; i++) {
        const struct journal_undo *undo = &state->undos[i];
        struct journal_record record = {.event = JOURNAL_UNDONE, .repair = repair};

        if (undo->repair != repair || undo->life != UNDO_IF_INTERRUPTED)
            continue;
        text_copy(record.text, sizeof record.text, undo->text);
        if (!journal_append(engine->journal, record, NULL))
            return; /* undone at the next start: the repair can be made again */
    }
}
