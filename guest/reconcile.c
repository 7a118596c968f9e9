#include "guest/reconcile.h"

#include "guest/console.h"

#include <string.h>

#define SECOND_MS      INT64_C(1000)
#define MINUTE_MS      INT64_C(60000)
#define EXEMPT_WAIT_MS MINUTE_MS /* a lost display is tried at least so often */

/* So many failures of giving the picture back make the state failed. */
#define EXEMPT_FAILED 3

/* So often a restart is asked for on behalf of one rung. */
#define REBOOT_ASKS 2

const int64_t reconcile_backoff_ms[RECONCILE_BACKOFFS] = {
    5 * SECOND_MS,
    30 * SECOND_MS,
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    30 * MINUTE_MS,
};

/* Everything a decision looks at. */
struct view {
    const struct profile *profile;
    const struct findings *findings;
    const struct journal_state *journal;
    const struct reconcile_options *options;
    int64_t now_ms;
    bool rebooting; /* a restart is on its way */
    struct plan *plan;
};

/* Time since then; a clock that jumped back makes it very long, so that nothing waits for it. */
static int64_t elapsed_ms(const struct view *view, int64_t then_ms)
{
    int64_t age_ms = view->now_ms - then_ms;

    return age_ms < 0 ? INT64_MAX : age_ms;
}

static bool within_day(const struct view *view, int64_t then_ms)
{
    int64_t age_ms = view->now_ms - then_ms;

    return then_ms && age_ms > -JOURNAL_DAY_MS && age_ms < JOURNAL_DAY_MS;
}

static void wake_at(struct plan *plan, int64_t when_ms)
{
    if (when_ms && (plan->next_ms == 0 || when_ms < plan->next_ms))
        plan->next_ms = when_ms;
}

static void wait_for(struct view *view,
                     struct plan_check *check,
                     enum plan_wait wait,
                     enum text_id remedy,
                     int64_t retry_at_ms)
{
    check->wait = wait;
    check->remedy = remedy;
    check->retry_at_ms = retry_at_ms;
    wake_at(view->plan, retry_at_ms);
}

bool reconcile_in_use(const struct profile *profile,
                      const struct findings *findings,
                      bool stream_ready,
                      enum repair_disrupts disrupts)
{
    const struct facts *facts = &findings->facts;
    enum check_status service = findings->checks[CHECK_PARSEC_SERVICE].status;
    bool served = service != STATUS_BAD && service != STATUS_OFF;

    if (disrupts == DISRUPTS_NOTHING)
        return false;
    if (facts->signing_in || facts->clients > 0 || (facts->clients < 0 && served))
        return true;
    /* a stream that nobody can start is not in use */
    if (disrupts == DISRUPTS_STREAM && !stream_ready)
        return false;
    return !facts_idle(facts, (int64_t)profile->idle_minutes * MINUTE_MS);
}

/* ---- one check ---- */

/* True when the counts belong to this finding and not to other evidence of the same cause. */
static bool entry_fits(const struct journal_entry *entry, const struct finding *finding)
{
    return entry->detail == finding->detail;
}

static bool policy_allows(const struct profile *profile, enum cause_policy policy)
{
    switch (policy) {
    case CAUSE_ALWAYS:
        return true;
    case CAUSE_POLICY_POWER:
        return profile->policy.power;
    case CAUSE_POLICY_UPDATES:
        return profile->policy.updates;
    case CAUSE_POLICY_MEDIA:
        return profile->policy.media;
    }
    return false;
}

static bool reboot_in_budget(const struct view *view, int64_t *ret_free_at_ms)
{
    uint32_t used = 0;
    int64_t oldest_ms = 0;

    *ret_free_at_ms = 0;
    if (within_day(view, view->journal->damaged_ms)) {
        *ret_free_at_ms = view->journal->damaged_ms + JOURNAL_DAY_MS;
        return false;
    }
    for (size_t i = 0; i < JOURNAL_REBOOTS; i++) {
        if (!within_day(view, view->journal->reboots[i]))
            continue;
        used++;
        oldest_ms = view->journal->reboots[i];
        if (used >= view->profile->reboots.budget)
            break;
    }
    if (used < view->profile->reboots.budget && used < JOURNAL_REBOOTS)
        return true;
    *ret_free_at_ms = oldest_ms ? oldest_ms + JOURNAL_DAY_MS : 0;
    return false;
}

static bool reboot_possible(const struct view *view)
{
    int64_t free_at_ms;

    return view->profile->reboots.allowed && reboot_in_budget(view, &free_at_ms);
}

/* Where the ladder stands. */
struct rung {
    enum repair_id repair; /* REPAIR_NONE: used up */
    uint32_t index;
    unsigned tries;
    unsigned asks;
    bool reboots; /* the repair of this rung has been applied and waits for a restart */
};

static struct rung rung_find(const struct view *view,
                             const struct cause_row *row,
                             const struct journal_entry *entry,
                             bool fresh)
{
    struct rung rung = {
        .index = fresh ? 0 : entry->rung,
        .tries = fresh ? 0 : entry->tries,
        .asks = fresh ? 0 : entry->asks,
    };
    bool can_reboot = !row->exempt || reboot_possible(view); /* a lost display goes on without */

    rung.reboots = !fresh && entry->reboot && entry->asks < REBOOT_ASKS && can_reboot;

    for (; rung.index < CAUSE_STEPS; rung.index++) {
        const struct cause_step *step = &row->ladder[rung.index];
        bool skip = step->repair == REPAIR_REBOOT && !can_reboot;

        if (step->repair == REPAIR_NONE)
            break;
        if (!skip &&
            (rung.reboots || step->tries == CAUSE_TRIES_FOREVER || rung.tries < step->tries)) {
            rung.repair = rung.reboots ? REPAIR_REBOOT : step->repair;
            return rung;
        }
        rung.tries = 0;
        rung.asks = 0;
        rung.reboots = false;
    }
    rung.repair = REPAIR_NONE;
    return rung;
}

static int64_t backoff_ms(const struct cause_row *row, unsigned tries)
{
    size_t index = tries > RECONCILE_BACKOFFS ? RECONCILE_BACKOFFS - 1 : tries - 1;

    if (row->exempt && reconcile_backoff_ms[index] > EXEMPT_WAIT_MS)
        return EXEMPT_WAIT_MS;
    return reconcile_backoff_ms[index];
}

/* The first check that has to be right before id is repaired; CHECK_COUNT when none is missing. */
static enum check_id blocker_find(const struct view *view, enum check_id id)
{
    uint32_t needs = check_row(id)->needs;

    for (size_t i = 0; i < CHECK_COUNT; i++) {
        enum check_id need = check_order(i);

        if ((needs & CHECK_BIT(need)) && !console_is_right(view->findings->checks[need].status))
            return need;
    }
    return CHECK_COUNT;
}

static void give_up(struct plan_check *check, const struct cause_row *row)
{
    check->status = STATUS_GIVEN_UP;
    check->wait = PLAN_WAIT_PERSON;
    check->remedy = row->hint ? row->hint : TEXT_GIVEN_UP;
}

/* True when a restart may be asked for as far as profile and budget go. */
static bool reboot_gate(struct view *view, struct plan_check *check)
{
    int64_t free_at_ms;

    if (!view->profile->reboots.allowed) {
        wait_for(view, check, PLAN_WAIT_PERSON, TEXT_WAIT_REBOOT_PERSON, 0);
        return false;
    }
    if (!reboot_in_budget(view, &free_at_ms)) {
        wait_for(view, check, PLAN_WAIT_BUDGET, TEXT_WAIT_BUDGET, free_at_ms);
        return false;
    }
    return true;
}

static bool hold_gate(struct view *view, struct plan_check *check)
{
    int64_t hold_ms = (int64_t)view->profile->display.ready_hold_s * SECOND_MS;
    int64_t held_ms = view->findings->facts.ready_for_ms;

    if (!view->plan->stream_ready) {
        wait_for(view, check, PLAN_WAIT_NEEDS, TEXT_NEEDS_LATER, 0);
        return false;
    }
    if (held_ms >= hold_ms)
        return true;
    wait_for(view,
             check,
             PLAN_WAIT_HOLD,
             TEXT_WAIT_HOLD,
             view->now_ms + hold_ms - (held_ms > 0 ? held_ms : 0));
    return false;
}

static bool idle_gate(struct view *view, struct plan_check *check, const struct repair *repair)
{
    const struct session_state *session = &view->findings->facts.session;
    int64_t left_ms;

    if (view->options->now ||
        !reconcile_in_use(
            view->profile, view->findings, view->plan->stream_ready, repair->disrupts))
        return true;
    left_ms = (int64_t)view->profile->idle_minutes * MINUTE_MS - session->input_idle_ms;
    wait_for(view,
             check,
             PLAN_WAIT_IDLE,
             TEXT_WAIT_IDLE,
             view->now_ms + (left_ms > SECOND_MS ? left_ms : MINUTE_MS));
    return false;
}

static bool backoff_gate(struct view *view,
                         struct plan_check *check,
                         const struct cause_row *row,
                         const struct journal_entry *entry,
                         const struct rung *rung)
{
    unsigned tries = rung->reboots ? rung->asks : rung->tries;
    int64_t wait_ms;

    if (tries == 0 || view->options->now)
        return true;
    wait_ms = backoff_ms(row, tries);
    if (elapsed_ms(view, entry->last_ms) >= wait_ms)
        return true;
    check->status = STATUS_REPAIRING;
    wait_for(view, check, PLAN_WAIT_RETRY, TEXT_WAIT_RETRY, entry->last_ms + wait_ms);
    return false;
}

static bool gates_open(struct view *view,
                       struct plan_check *check,
                       const struct cause_row *row,
                       const struct journal_entry *entry,
                       const struct rung *rung)
{
    const struct repair *repair = repair_row(rung->repair);

    if (view->rebooting && (!row->exempt || rung->repair == REPAIR_REBOOT)) {
        check->status = STATUS_REPAIRING;
        wait_for(view,
                 check,
                 PLAN_WAIT_REBOOT,
                 TEXT_WAIT_REBOOT,
                 view->journal->reboot_asked_ms + RECONCILE_REBOOT_MS);
        return false;
    }
    if (!backoff_gate(view, check, row, entry, rung))
        return false;
    check->status = STATUS_WAITING;
    if (rung->repair == REPAIR_REBOOT && !reboot_gate(view, check))
        return false;
    if (repair->needs_hold && !hold_gate(view, check))
        return false;
    /* a restart is exempt only when nobody can see the machine anyway */
    if (row->exempt && (rung->repair != REPAIR_REBOOT || row == cause_row(CAUSE_VIDEO_LOST)))
        return true;
    return idle_gate(view, check, repair);
}

static void decide_ladder(struct view *view, enum check_id id, const struct cause_row *row)
{
    const struct finding *finding = &view->findings->checks[id];
    const struct journal_entry *entry = &view->journal->entries[finding->cause];
    struct plan_check *check = &view->plan->checks[id];
    bool fresh = !entry_fits(entry, finding);
    struct rung rung;

    check->attempts = fresh ? 0 : entry->attempts;
    if (!row->exempt && entry->fixed >= RECONCILE_FLAPS &&
        elapsed_ms(view, entry->fixed_since_ms) < JOURNAL_DAY_MS) {
        give_up(check, row);
        check->remedy = TEXT_FLAPPING;
        check->retry_at_ms = entry->fixed_since_ms + JOURNAL_DAY_MS;
        wake_at(view->plan, check->retry_at_ms);
        return;
    }
    rung = rung_find(view, row, entry, fresh);
    if (rung.repair == REPAIR_NONE || (!fresh && entry->given_up && !row->exempt)) {
        give_up(check, row);
        return;
    }
    check->next = rung.repair;
    if (!gates_open(view, check, row, entry, &rung))
        return;
    check->status = STATUS_REPAIRING;
    check->remedy = TEXT_REPAIR_RUNS;
    view->plan->items[view->plan->count++] = (struct plan_item){
        .check = id,
        .cause = finding->cause,
        .repair = rung.repair,
        .detail = finding->detail,
        .rung = rung.index,
    };
}

static void decide(struct view *view, enum check_id id)
{
    const struct finding *finding = &view->findings->checks[id];
    const struct cause_row *row = cause_row(finding->cause);
    struct plan_check *check = &view->plan->checks[id];
    enum check_id blocker;

    if (finding->cause == CAUSE_NONE)
        return;
    check->remedy = row->hint;
    if (view->options->gate_shut) {
        check->remedy = TEXT_SETUP_RUNS;
        return;
    }
    blocker = blocker_find(view, id);
    if (!row->exempt && blocker != CHECK_COUNT) {
        check->status = STATUS_WAITING;
        check->blocker = blocker;
        wait_for(view, check, PLAN_WAIT_NEEDS, TEXT_NEEDS_LATER, 0);
        return;
    }
    if (row->ladder[0].repair == REPAIR_NONE || !policy_allows(view->profile, row->policy))
        return;
    if (view->options->only && !(view->options->only & CHECK_BIT(id)) && !row->exempt)
        return;
    decide_ladder(view, id, row);
}

/* ---- the whole ---- */

static bool item_is_exempt(const struct plan_item *item)
{
    return cause_row(item->cause)->exempt;
}

/* Moves the items that fulfil `first` to the front, keeping the order otherwise. */
static void items_move(struct plan *plan, bool (*first)(const struct plan_item *item))
{
    struct plan_item sorted[PLAN_ITEMS];
    size_t count = 0;

    for (size_t pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < plan->count; i++) {
            if (first(&plan->items[i]) == (pass == 0))
                sorted[count++] = plan->items[i];
        }
    }
    memcpy(plan->items, sorted, count * sizeof sorted[0]);
}

static bool item_is_no_reboot(const struct plan_item *item)
{
    return item->repair != REPAIR_REBOOT;
}

/* One restart serves all that wait for it. */
static void reboots_merge(struct plan *plan)
{
    size_t count = 0;
    bool seen = false;

    for (size_t i = 0; i < plan->count; i++) {
        bool reboot = plan->items[i].repair == REPAIR_REBOOT;

        if (reboot && seen)
            continue;
        seen = seen || reboot;
        plan->items[count++] = plan->items[i];
    }
    plan->count = count;
}

static void item_remove(struct plan *plan, size_t index)
{
    memmove(&plan->items[index],
            &plan->items[index + 1],
            (plan->count - index - 1) * sizeof plan->items[0]);
    plan->count--;
}

static void item_insert(struct plan *plan, size_t index, struct plan_item item)
{
    memmove(&plan->items[index + 1],
            &plan->items[index],
            (plan->count - index) * sizeof plan->items[0]);
    plan->items[index] = item;
    plan->count++;
}

/* A repair that takes the stream away while it is the only picture: the console comes first. While
 * that does not work the repair has to wait, and in the end for a person. */
static void console_first(struct view *view)
{
    const struct cause_row *row = cause_row(CAUSE_VIDEO_FOR_REPAIR);
    const struct journal_entry *entry = &view->journal->entries[CAUSE_VIDEO_FOR_REPAIR];
    struct rung rung = rung_find(view, row, entry, false);
    struct plan *plan = view->plan;
    bool inserted = false;

    rung.reboots = false; /* not worth a restart */
    if (view->findings->facts.video == VIDEO_ABSENT || console_active(&view->findings->facts))
        return;
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_check *check = &plan->checks[plan->items[i].check];

        if (inserted || !repair_row(plan->items[i].repair)->drops_stream)
            continue;
        if (entry->attempts >= EXEMPT_FAILED) {
            give_up(check, row);
            item_remove(plan, i--);
        } else if (!backoff_gate(view, check, row, entry, &rung)) {
            item_remove(plan, i--);
        } else {
            item_insert(plan,
                        i,
                        (struct plan_item){
                            .check = CHECK_DISPLAY_HYPERV_VIDEO,
                            .cause = CAUSE_VIDEO_FOR_REPAIR,
                            .repair = REPAIR_CONSOLE_GIVE,
                            .rung = rung.index,
                        });
            inserted = true;
        }
    }
}

static void plan_reset(struct plan *plan)
{
    item_insert(plan,
                0,
                (struct plan_item){
                    .check = CHECK_PARSEC_INSTALLED,
                    .cause = CAUSE_PARSEC_RESET,
                    .repair = REPAIR_PARSEC_RESET,
                });
}

static enum health_level level_of_check(const struct view *view, enum check_id id)
{
    const struct plan_check *check = &view->plan->checks[id];
    const struct finding *finding = &view->findings->checks[id];
    bool exempt = cause_row(finding->cause)->exempt;

    if (finding->status == STATUS_UNKNOWN)
        return LEVEL_DEGRADED;
    if (check->wait == PLAN_WAIT_NEEDS || console_is_right(check->status))
        return LEVEL_HEALTHY;
    if (exempt && check->attempts >= EXEMPT_FAILED)
        return LEVEL_FAILED;
    if (check->status == STATUS_REPAIRING || check->wait == PLAN_WAIT_HOLD)
        return LEVEL_REPAIRING;
    if (finding->status == STATUS_WARNING)
        return LEVEL_HEALTHY;
    if (id == CHECK_PARSEC_ACCOUNT)
        return LEVEL_NEEDS_SIGN_IN;
    if (check_row(id)->critical && check->wait != PLAN_WAIT_IDLE)
        return LEVEL_FAILED;
    return LEVEL_DEGRADED;
}

/* Which level wins over which. */
static int level_rank(enum health_level level)
{
    static const int ranks[LEVEL_COUNT] = {
        [LEVEL_HEALTHY] = 0,
        [LEVEL_DEGRADED] = 1,
        [LEVEL_NEEDS_SIGN_IN] = 2,
        [LEVEL_REPAIRING] = 3,
        [LEVEL_FAILED] = 4,
        [LEVEL_STARTING] = 5,
    };

    return ranks[level];
}

/* Nobody is logged on yet, but the machine may still be about to. */
static bool still_booting(const struct view *view)
{
    const struct facts *facts = &view->findings->facts;
    int64_t left_ms = RECONCILE_BOOT_MS - facts->system.uptime_ms;

    if (view->findings->checks[CHECK_SESSION_DESKTOP].cause != CAUSE_DESKTOP_NONE ||
        !facts->system_known || left_ms <= 0)
        return false;
    wake_at(view->plan, view->now_ms + left_ms);
    return true;
}

static enum health_level level_of_all(const struct view *view)
{
    enum health_level level =
        view->options->gate_shut || still_booting(view) ? LEVEL_STARTING : LEVEL_HEALTHY;

    for (int i = 0; i < CHECK_COUNT; i++) {
        enum health_level one = level_of_check(view, (enum check_id)i);

        if (level_rank(one) > level_rank(level))
            level = one;
    }
    return level;
}

/* In observe mode nothing of the plan happens. */
static void observe_only(struct view *view)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct plan_check *check = &view->plan->checks[i];

        if (check->next == REPAIR_NONE || check->status == STATUS_GIVEN_UP)
            continue;
        check->status = view->findings->checks[i].status;
        check->wait = PLAN_NOT_WAITING;
        check->remedy = TEXT_OBSERVE_ONLY;
        check->retry_at_ms = 0;
    }
    view->plan->next_ms = 0;
}

void reconcile(const struct profile *profile,
               const struct findings *findings,
               const struct journal_state *journal,
               int64_t now_ms,
               const struct reconcile_options *options,
               struct plan *ret_plan)
{
    struct view view = {
        .profile = profile,
        .findings = findings,
        .journal = journal,
        .options = options,
        .now_ms = now_ms,
        .plan = ret_plan,
    };

    *ret_plan = (struct plan){
        .desktop_ready = console_desktop_ready(&findings->facts),
        .stream_ready = console_stream_ready(findings),
    };
    view.rebooting = journal->reboot_asked_ms &&
                     elapsed_ms(&view, journal->reboot_asked_ms) < RECONCILE_REBOOT_MS;
    for (int i = 0; i < CHECK_COUNT; i++) {
        ret_plan->checks[i].status = findings->checks[i].status;
        ret_plan->checks[i].cause = findings->checks[i].cause;
    }
    for (size_t i = 0; i < CHECK_COUNT; i++)
        decide(&view, check_order(i));
    if (options->reset_parsec && !options->gate_shut)
        plan_reset(ret_plan);
    items_move(ret_plan, item_is_no_reboot);
    items_move(ret_plan, item_is_exempt);
    reboots_merge(ret_plan);
    console_first(&view);
    if (options->observe)
        observe_only(&view);
    ret_plan->level = level_of_all(&view);
}

/* ---- what came of it ---- */

/* True when the cause is gone, as far as findings can tell. */
static bool cause_gone(enum cause cause, const struct findings *findings)
{
    const struct finding *finding = &findings->checks[cause_row(cause)->check];

    if (cause == CAUSE_PARSEC_RESET)
        return true;
    if (cause == CAUSE_VIDEO_FOR_REPAIR)
        return console_active(&findings->facts);
    return finding->status != STATUS_UNKNOWN && finding->cause != cause;
}

enum journal_outcome reconcile_outcome(const struct plan_item *item,
                                       bool applied,
                                       bool wants_reboot,
                                       const struct findings *after)
{
    const struct finding *finding = &after->checks[item->check];

    if (!applied)
        return OUTCOME_FAILED;
    if (item->repair == REPAIR_REBOOT)
        return OUTCOME_REBOOT;
    if (cause_gone(item->cause, after))
        return console_is_right(finding->status) ? OUTCOME_FIXED : OUTCOME_CHANGED;
    return wants_reboot ? OUTCOME_REBOOT : OUTCOME_SAME;
}

/* What the memory of one cause has to be told. */
static bool note_owed(enum cause cause,
                      const struct findings *findings,
                      const struct journal_entry *entry,
                      const struct plan *plan,
                      enum journal_event *ret_event)
{
    enum check_id check = cause_row(cause)->check;

    if (cause_gone(cause, findings)) {
        *ret_event = JOURNAL_CLEAR;
        return true;
    }
    *ret_event = JOURNAL_GIVEN_UP;
    return !entry->given_up && plan->checks[check].status == STATUS_GIVEN_UP &&
           plan->checks[check].cause == cause && entry_fits(entry, &findings->checks[check]);
}

size_t reconcile_notes(const struct findings *findings,
                       const struct journal_state *journal,
                       const struct plan *plan,
                       struct journal_record *ret_records,
                       size_t max)
{
    enum journal_event event;
    size_t count = 0;

    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT && count < max; i++) {
        const struct journal_entry *entry = &journal->entries[i];

        if ((entry->attempts || entry->given_up) &&
            note_owed((enum cause)i, findings, entry, plan, &event))
            ret_records[count++] = (struct journal_record){.event = event, .cause = (enum cause)i};
    }
    return count;
}
