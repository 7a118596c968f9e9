#include "tests/support/model.h"

#include "guest/console.h"

#include <stdio.h>
#include <string.h>

#define SECOND_MS  INT64_C(1000)
#define MINUTE_MS  INT64_C(60000)
#define HOUR_MS    INT64_C(3600000)
#define HORIZON_MS (4 * JOURNAL_DAY_MS)
#define PASSES_MAX 4000
#define PATIENCE   16 /* waits or gives in a row after which time goes in large steps */
#define START_WALL INT64_C(1700000000000)

static const struct profile default_profile = {
    .mode = PROFILE_REPAIR,
    .display = {.strategy = PROFILE_STRATEGY_AUTO,
                .hyperv_video = PROFILE_VIDEO_DISABLE,
                .ready_hold_s = 20},
    .audio = {.cable = true, .make_default = true},
    .reboots = {.budget = 3, .allowed = true},
    .policy = {.power = true, .updates = true, .media = true},
    .idle_minutes = 10,
};

static bool broken(struct model *model, const char *rule, enum repair_id repair)
{
    if (!model->broken[0])
        snprintf(model->broken,
                 sizeof model->broken,
                 "%s (%s, action %u, pass %u)",
                 rule,
                 repair_row(repair)->name,
                 model->actions,
                 model->passes);
    return false;
}

static int64_t wall_ms(const struct model *model)
{
    return model->now_ms + model->wall_offset_ms;
}

static void remember(struct model *model, struct journal_record record)
{
    record.wall_ms = wall_ms(model);
    journal_fold(&model->memory, &record);
}

static void boot_id(const struct model *model, char *out, size_t size)
{
    snprintf(out, size, "boot-%u", (unsigned)model->boot);
}

static void remember_boot(struct model *model)
{
    struct journal_record record = {.event = JOURNAL_BOOT};

    boot_id(model, record.text, sizeof record.text);
    remember(model, record);
}

void model_init(struct model *model)
{
    memset(model, 0, sizeof *model);
    model->profile = default_profile;
    model->video_exists = true;
    model->video_on = true;
    model->now_ms = HOUR_MS;
    model->wall_offset_ms = START_WALL;
    model->boot = 1;
    model->boot_ms = HOUR_MS - 5 * MINUTE_MS;
    model->desktop_ms = HOUR_MS - 4 * MINUTE_MS;
    model->input_ms = HOUR_MS - 4 * MINUTE_MS;
    model->ready_ms = -1;
    memset(model->behaviour, MODEL_WORKS, sizeof model->behaviour);
    remember_boot(model);
}

/* ---- what is true, and what checks see of it ---- */

static bool truth_is_right(const struct model *model, enum check_id check)
{
    return cause_row(model->truth[check])->status != STATUS_BAD;
}

static bool monitor_shows(const struct model *model)
{
    enum cause cause = model->truth[CHECK_DISPLAY_MONITOR];

    return model->hold && truth_is_right(model, CHECK_DISPLAY_ADAPTER) &&
           cause != CAUSE_MONITOR_ABSENT;
}

static bool stream_is_ready(const struct model *model)
{
    static const enum check_id needs[] = {
        CHECK_DISPLAY_ADAPTER,
        CHECK_DISPLAY_MONITOR,
        CHECK_SESSION_DESKTOP,
        CHECK_SESSION_ENHANCED,
        CHECK_PARSEC_INSTALLED,
        CHECK_PARSEC_SERVICE,
        CHECK_PARSEC_CONFIG,
        CHECK_PARSEC_ACCOUNT,
    };

    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        if (!truth_is_right(model, needs[i]))
            return false;
    }
    return !model->hold || monitor_shows(model);
}

bool model_visible(const struct model *model)
{
    return model->video_on || stream_is_ready(model);
}

static bool is_blind(const struct model *model, enum check_id check)
{
    return (model->blind & CHECK_BIT(check)) != 0;
}

static void add_path(struct facts *facts, enum display_kind kind)
{
    facts->paths.items[facts->paths.count++].kind = kind;
}

static void see_facts(struct model *model)
{
    struct facts *facts = &model->findings.facts;
    bool desktop = model->truth[CHECK_SESSION_DESKTOP] == CAUSE_NONE;

    facts->system_known = true;
    facts->system.uptime_ms = model->now_ms - model->boot_ms;
    facts->session_known = !is_blind(model, CHECK_SESSION_DESKTOP);
    facts->session.user_logged_on = desktop;
    facts->session.desktop_age_ms = desktop ? model->now_ms - model->desktop_ms : -1;
    facts->session.input_idle_ms = desktop ? model->now_ms - model->input_ms : -1;
    facts->paths_known = !is_blind(model, CHECK_DISPLAY_HYPERV_VIDEO);
    facts->paths.count = 0;
    if (model->video_on)
        add_path(facts, DISPLAY_HYPERV_VIDEO);
    if (monitor_shows(model))
        add_path(facts, DISPLAY_PARSEC);
    facts->video = !facts->paths_known    ? VIDEO_UNKNOWN
                   : !model->video_exists ? VIDEO_ABSENT
                   : model->video_on      ? VIDEO_ENABLED
                                          : VIDEO_DISABLED;
    facts->clients = is_blind(model, CHECK_PARSEC_LOG) ? -1 : model->clients;
    facts->hold = model->hold;
}

static void see_video(struct model *model)
{
    struct finding *finding = &model->findings.checks[CHECK_DISPLAY_HYPERV_VIDEO];
    const struct facts *facts = &model->findings.facts;

    finding->cause = CAUSE_NONE;
    finding->status = STATUS_OK;
    if (facts->video == VIDEO_ABSENT) {
        finding->status = STATUS_OFF;
    } else if (facts->video == VIDEO_UNKNOWN &&
               (!model->memory.console_taken || console_stream_ready(&model->findings))) {
        finding->status = STATUS_UNKNOWN;
    } else {
        finding->cause = console_cause(&model->profile, &model->memory, &model->findings);
        if (finding->cause != CAUSE_NONE)
            finding->status = cause_row(finding->cause)->status;
    }
}

static void observe(struct model *model)
{
    bool ready;

    see_facts(model);
    for (int i = 0; i < CHECK_COUNT; i++) {
        struct finding *finding = &model->findings.checks[i];

        finding->cause = is_blind(model, (enum check_id)i) ? CAUSE_NONE : model->truth[i];
        finding->status = is_blind(model, (enum check_id)i) ? STATUS_UNKNOWN
                          : finding->cause == CAUSE_NONE    ? STATUS_OK
                                                            : cause_row(finding->cause)->status;
    }
    see_video(model);
    ready = console_stream_ready(&model->findings);
    if (!ready)
        model->ready_ms = -1;
    else if (model->ready_ms < 0)
        model->ready_ms = model->now_ms;
    model->findings.facts.ready_for_ms = ready ? model->now_ms - model->ready_ms : -1;
}

static void decide(struct model *model)
{
    const struct reconcile_options options = {0};
    struct journal_record notes[CAUSE_COUNT];
    struct plan again;
    size_t count;

    observe(model);
    reconcile(
        &model->profile, &model->findings, &model->memory, wall_ms(model), &options, &model->plan);
    count = reconcile_notes(&model->findings, &model->memory, &model->plan, notes, CAUSE_COUNT);
    for (size_t i = 0; i < count; i++)
        remember(model, notes[i]);
    if (count) /* what was forgotten may be tried anew */
        reconcile(&model->profile,
                  &model->findings,
                  &model->memory,
                  wall_ms(model),
                  &options,
                  &model->plan);
    if (model->passes % 16 == 0) {
        reconcile(
            &model->profile, &model->findings, &model->memory, wall_ms(model), &options, &again);
        if (memcmp(&again, &model->plan, sizeof again) != 0)
            broken(model, "the same input gave another plan", REPAIR_NONE);
    }
}

/* ---- what happens ---- */

/* A start of the agent: what was under way was interrupted, and the picture comes first. */
static void agent_starts(struct model *model)
{
    model->ready_ms = -1;
    if (model->hold && model->truth[CHECK_DISPLAY_MONITOR] == CAUSE_NONE)
        model->truth[CHECK_DISPLAY_MONITOR] = CAUSE_MONITOR_ABSENT; /* the holder died with it */
    if (!monitor_shows(model) && model->video_exists) {
        if (model->behaviour[REPAIR_CONSOLE_GIVE] == MODEL_WORKS)
            model->video_on = true;
    }
    if (model->memory.pending)
        remember(model,
                 (struct journal_record){.event = JOURNAL_END, .outcome = OUTCOME_INTERRUPTED});
}

static void machine_boots(struct model *model)
{
    bool rebooted = model->memory.pending && model->memory.pending_repair == REPAIR_REBOOT;

    model->boot++;
    model->boots = false;
    model->now_ms += 30 * SECOND_MS;
    model->boot_ms = model->now_ms;
    model->desktop_ms = model->now_ms;
    model->input_ms = model->now_ms;
    model->clients = 0;
    model->video_on = model->video_exists && !model->video_stays_off;
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (model->cured_at_boot & CHECK_BIT(i))
            model->truth[i] = CAUSE_NONE;
    }
    model->cured_at_boot = 0;
    if (rebooted)
        remember(model, (struct journal_record){.event = JOURNAL_END, .outcome = OUTCOME_REBOOT});
    agent_starts(model);
    remember_boot(model);
}

static void happen(struct model *model, const struct model_event *event)
{
    switch (event->kind) {
    case MODEL_SIGNED_OUT:
        model->truth[CHECK_PARSEC_ACCOUNT] = CAUSE_ACCOUNT_LOST;
        break;
    case MODEL_SIGNED_IN:
        model->truth[CHECK_PARSEC_ACCOUNT] = CAUSE_NONE;
        break;
    case MODEL_SERVICE_STOPS:
        model->truth[CHECK_PARSEC_SERVICE] = CAUSE_SERVICE_STOPPED;
        model->clients = 0;
        break;
    case MODEL_ADAPTER_FAILS:
        model->truth[CHECK_DISPLAY_ADAPTER] = CAUSE_VDD_FAILED;
        break;
    case MODEL_MONITOR_DIES:
        if (model->hold)
            model->truth[CHECK_DISPLAY_MONITOR] = CAUSE_MONITOR_ABSENT;
        break;
    case MODEL_CLIENT_COMES:
        model->clients = stream_is_ready(model) ? 1 : 0;
        break;
    case MODEL_CLIENT_LEAVES:
        model->clients = 0;
        break;
    case MODEL_INPUT:
        model->input_ms = model->now_ms;
        break;
    case MODEL_LOGOFF:
        model->truth[CHECK_SESSION_DESKTOP] = CAUSE_DESKTOP_NONE;
        break;
    case MODEL_LOGON:
        model->truth[CHECK_SESSION_DESKTOP] = CAUSE_NONE;
        model->desktop_ms = model->input_ms = model->now_ms;
        break;
    case MODEL_VIDEO_DISABLED:
        model->video_on = false;
        model->video_stays_off = true;
        break;
    case MODEL_AGENT_DIES:
        agent_starts(model);
        break;
    case MODEL_AGENT_DIES_ACTING: /* the next action ends it: see act */
        break;
    case MODEL_POWER_CUT:
        machine_boots(model);
        break;
    case MODEL_CLOCK_BACK:
        model->wall_offset_ms -= JOURNAL_DAY_MS;
        model->clock_jumped = true;
        break;
    case MODEL_BLIND:
        model->blind |= CHECK_BIT(event->check);
        break;
    case MODEL_SEES:
        model->blind = 0;
        break;
    case MODEL_KEEP_CONSOLE:
    case MODEL_AUTO_CONSOLE:
        remember(model,
                 (struct journal_record){.event = JOURNAL_KEEP,
                                         .value = event->kind == MODEL_KEEP_CONSOLE});
        break;
    case MODEL_EVENT_KINDS:
        break;
    }
}

/* True when the agent is to die in the middle of the next action. */
static bool dies_acting(struct model *model)
{
    for (size_t i = 0; i < model->event_next; i++) {
        if (model->events[i].kind == MODEL_AGENT_DIES_ACTING && model->events[i].at_ms >= 0) {
            model->events[i].at_ms = -1; /* once */
            return true;
        }
    }
    return false;
}

static void deliver(struct model *model, int64_t start_ms)
{
    while (model->event_next < model->event_count &&
           model->events[model->event_next].at_ms <= model->now_ms - start_ms) {
        const struct model_event *event = &model->events[model->event_next++];

        happen(model, event);
    }
}

/* ---- acting ---- */

static enum model_behaviour behaviour_of(struct model *model, enum repair_id repair)
{
    uint8_t *behaviour = &model->behaviour[repair];

    if (*behaviour != MODEL_UNDECIDED)
        return (enum model_behaviour) * behaviour;
    if (model->choice_used == model->choice_count && model->choice_count < MODEL_CHOICES)
        model->choices[model->choice_count++] = 0;
    *behaviour = model->choices[model->choice_used++];
    return (enum model_behaviour) * behaviour;
}

bool model_next_choices(uint8_t *choices, size_t *choice_count)
{
    while (*choice_count > 0) {
        if (++choices[*choice_count - 1] < MODEL_BEHAVIOURS)
            return true;
        (*choice_count)--;
    }
    return false;
}

/* The effect of a repair that works. */
static void cure(struct model *model, const struct plan_item *item)
{
    switch (item->repair) {
    case REPAIR_CONSOLE_GIVE:
        model->video_on = true;
        model->video_stays_off = false;
        break;
    case REPAIR_CONSOLE_TAKE:
        if (model->profile.display.hyperv_video == PROFILE_VIDEO_DISABLE)
            model->video_on = false;
        break;
    case REPAIR_REBOOT:
        model->cured_at_boot |= CHECK_BIT(item->check);
        model->boots = true;
        break;
    default:
        model->truth[item->check] = CAUSE_NONE;
        break;
    }
}

/* Returns what the repair says. */
static bool apply(struct model *model, const struct plan_item *item, bool *ret_reboot)
{
    enum model_behaviour behaviour = behaviour_of(model, item->repair);

    if (behaviour == MODEL_FAILS && model->breaks && repair_row(item->repair)->drops_stream)
        model->truth[CHECK_PARSEC_SERVICE] = CAUSE_SERVICE_STOPPED;
    if (behaviour == MODEL_FAILS)
        return false;
    if (behaviour == MODEL_WORKS)
        cure(model, item);
    if (behaviour == MODEL_REBOOTS && item->repair == REPAIR_REBOOT)
        model->boots = true; /* restarts, cures nothing */
    else if (behaviour == MODEL_REBOOTS && item->repair != REPAIR_CONSOLE_TAKE) {
        model->cured_at_boot |= CHECK_BIT(item->check);
        *ret_reboot = true;
    }
    return true;
}

/* The rules that hold for each single action. */
static void check_action(struct model *model,
                         const struct plan_item *item,
                         bool visible_before,
                         bool video_before)
{
    bool drops = repair_row(item->repair)->drops_stream;

    /* without Hyper-V Video there is no picture to give */
    if (visible_before && model->video_exists && !model_visible(model))
        broken(model, "an action locked people out", item->repair);
    if (drops && visible_before && model->video_exists && !video_before)
        broken(model, "the stream was taken away without a console picture", item->repair);
    if (item->repair == REPAIR_CONSOLE_TAKE && !stream_is_ready(model))
        broken(model, "the console was taken without a stream", item->repair);
    if (item->repair == REPAIR_CONSOLE_TAKE && model->memory.keep_console)
        broken(model, "the console was taken although a person wants it", item->repair);
    if (model->clients > 0 && repair_row(item->repair)->disrupts > DISRUPTS_NOTHING &&
        !cause_row(item->cause)->exempt)
        broken(model, "a client was disturbed", item->repair);
}

/* The budget holds over any 24 hours, whatever the memory says; a clock that jumps may cost one
 * more budget. */
static void check_budget(struct model *model)
{
    uint32_t budget = model->profile.reboots.budget;

    if (!model->profile.reboots.allowed)
        broken(model, "a restart that the profile forbids", REPAIR_REBOOT);
    memmove(model->reboot_ms + 1, model->reboot_ms, sizeof model->reboot_ms - sizeof(int64_t));
    model->reboot_ms[0] = model->now_ms;
    if (!model->clock_jumped && budget < JOURNAL_REBOOTS && model->reboot_ms[budget] &&
        model->now_ms - model->reboot_ms[budget] < JOURNAL_DAY_MS)
        broken(model, "more restarts in a day than the budget", REPAIR_REBOOT);
}

static void act(struct model *model)
{
    struct plan_item item = model->plan.items[0];
    bool visible = model_visible(model), video = model->video_on, reboot = false, applied;
    bool console_taken = item.repair == REPAIR_CONSOLE_TAKE;

    model->actions++;
    model->repairs[item.repair]++;
    if (item.repair == REPAIR_REBOOT)
        model->reboots++;
    remember(model,
             (struct journal_record){.event = JOURNAL_BEGIN,
                                     .cause = item.cause,
                                     .repair = item.repair,
                                     .detail = item.detail,
                                     .rung = item.rung});
    if (console_taken)
        remember(model, (struct journal_record){.event = JOURNAL_CONSOLE, .value = 1});
    applied = apply(model, &item, &reboot);
    if (model->boots)
        check_budget(model);
    if (item.repair == REPAIR_CONSOLE_GIVE && applied)
        remember(model, (struct journal_record){.event = JOURNAL_CONSOLE, .value = 0});
    check_action(model, &item, visible, video);
    model->now_ms += SECOND_MS;
    if (model->boots) {
        remember(model, (struct journal_record){.event = JOURNAL_END, .outcome = OUTCOME_REBOOT});
        machine_boots(model);
        return;
    }
    if (dies_acting(model)) {
        agent_starts(model);
        return;
    }
    observe(model);
    remember(model,
             (struct journal_record){
                 .event = JOURNAL_END,
                 .outcome = reconcile_outcome(&item, applied, reboot, &model->findings)});
}

/* ---- a whole run ---- */

/* Nobody may be left without a picture: giving it back comes first, and is tried again and again.
 * What cannot be seen and was not taken is nobody's fault. */
static void check_pass(struct model *model)
{
    const struct plan_check *video = &model->plan.checks[CHECK_DISPLAY_HYPERV_VIDEO];
    bool tried = video->wait == PLAN_WAIT_RETRY || video->wait == PLAN_WAIT_REBOOT;
    bool first = model->plan.count && cause_row(model->plan.items[0].cause)->exempt;

    if (model_visible(model) || !model->video_exists || is_blind(model, CHECK_DISPLAY_HYPERV_VIDEO))
        return;
    if (!tried && !first)
        broken(model, "nobody sees the machine and something else comes first", REPAIR_NONE);
}

static bool level_is_final(enum health_level level)
{
    return level != LEVEL_STARTING && level != LEVEL_REPAIRING;
}

static bool is_stated(const struct plan_check *check)
{
    return check->status == STATUS_GIVEN_UP || check->status == STATUS_WAITING ||
           check->status == STATUS_BAD || check->status == STATUS_UNKNOWN ||
           (cause_row(check->cause)->exempt && check->attempts > 0);
}

static void check_end(struct model *model)
{
    enum health_level level = model->plan.level;
    bool stated = level == LEVEL_HEALTHY;

    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct plan_check *check = &model->plan.checks[i];

        stated = stated || is_stated(check);
        if (check->status == STATUS_GIVEN_UP && check->remedy == TEXT_NONE)
            broken(model, "given up without a word on what to do", REPAIR_NONE);
        if (check->status == STATUS_WAITING && check->remedy == TEXT_NONE)
            broken(model, "waits without saying for what", REPAIR_NONE);
    }
    if (!level_is_final(level))
        broken(model, "the run did not come to an end", REPAIR_NONE);
    if (!stated)
        broken(model, "a failure without a finding that states it", REPAIR_NONE);
}

/* The next moment at which something changes; 0: never. */
static int64_t next_change(const struct model *model, int64_t start_ms)
{
    int64_t next_ms = model->plan.next_ms ? model->plan.next_ms - model->wall_offset_ms : 0;

    if (model->event_next < model->event_count) {
        int64_t event_ms = start_ms + model->events[model->event_next].at_ms;

        if (next_ms == 0 || event_ms < next_ms)
            next_ms = event_ms;
    }
    return next_ms;
}

bool model_run(struct model *model)
{
    int64_t start_ms = model->now_ms;
    unsigned patience = 0;

    for (model->passes = 0; model->passes < PASSES_MAX; model->passes++) {
        int64_t next_ms;

        deliver(model, start_ms);
        decide(model);
        check_pass(model);
        if (model->broken[0])
            return false;
        if (model->plan.count) {
            bool give = model->plan.items[0].repair == REPAIR_CONSOLE_GIVE;

            patience = give ? patience + 1 : 0;
            act(model);
            continue;
        }
        next_ms = next_change(model, start_ms);
        if (next_ms == 0 || (next_ms - start_ms > HORIZON_MS && level_is_final(model->plan.level)))
            break;
        model->waits++;
        model->now_ms = next_ms > model->now_ms ? next_ms : model->now_ms + SECOND_MS;
        if (++patience > PATIENCE && model->event_next == model->event_count)
            model->now_ms += 6 * HOUR_MS;
    }
    if (model->passes == PASSES_MAX)
        return broken(model, "the run never ends", REPAIR_NONE);
    check_end(model);
    return model->broken[0] == 0;
}
