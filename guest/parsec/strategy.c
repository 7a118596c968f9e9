/* Evidence for the display strategy. */
#include "guest/parsec/strategy.h"

#include <string.h>

enum config_strategy strategy_active(const struct profile *profile,
                                     const struct parsec_state *state)
{
    switch (profile->display.strategy) {
    case PROFILE_STRATEGY_HOLD:
        return CONFIG_STRATEGY_HOLD;
    case PROFILE_STRATEGY_AUTO:
        return state->profile_strategy == PROFILE_STRATEGY_AUTO ? state->strategy
                                                                : CONFIG_STRATEGY_PARSEC;
    case PROFILE_STRATEGY_PARSEC:
        break;
    }
    return CONFIG_STRATEGY_PARSEC;
}

/* Somebody chose a strategy: what was learned before counts no more. */
static bool notice_choice(const struct profile *profile, struct parsec_state *state)
{
    if (state->profile_strategy == profile->display.strategy)
        return false;
    state->profile_strategy = profile->display.strategy;
    state->strategy = CONFIG_STRATEGY_PARSEC;
    state->evidence = PARSEC_EVIDENCE_NONE;
    state->removals = 0;
    state->no_monitor = 0;
    return true;
}

static void change_to_hold(struct parsec_state *state, enum parsec_evidence evidence)
{
    state->strategy = CONFIG_STRATEGY_HOLD;
    state->evidence = evidence;
}

/* True while a missing monitor or line would say something. */
static bool is_open(const struct profile *profile, const struct parsec_state *state)
{
    return strategy_active(profile, state) == CONFIG_STRATEGY_PARSEC &&
           profile->display.virtual_monitors > 0;
}

/* Watches one connection; true when its monitor became overdue just now. */
static bool is_overdue(const struct strategy_facts *facts, struct strategy_watch *watch)
{
    if (facts->clients == 0) {
        memset(watch, 0, sizeof *watch);
        return false;
    }
    if (!watch->connected || facts->monitor || !facts->can_judge) {
        watch->connected = true;
        watch->since_ms = facts->now_ms;
        watch->counted = watch->counted && !facts->monitor;
        return false;
    }
    if (watch->counted || facts->now_ms - watch->since_ms < STRATEGY_CLIENT_MS)
        return false;
    watch->counted = true;
    return true;
}

bool strategy_observe(const struct profile *profile,
                      const struct strategy_facts *facts,
                      struct strategy_watch *watch,
                      struct parsec_state *state)
{
    bool changed = notice_choice(profile, state);

    if (!is_open(profile, state)) {
        memset(watch, 0, sizeof *watch);
        return changed;
    }
    if (!is_overdue(facts, watch))
        return changed;
    state->no_monitor++;
    if (profile->display.strategy == PROFILE_STRATEGY_AUTO &&
        state->no_monitor >= STRATEGY_NO_MONITOR)
        change_to_hold(state, PARSEC_EVIDENCE_NO_MONITOR);
    return true;
}

void strategy_removed(const struct profile *profile, struct parsec_state *state, int64_t wall_ms)
{
    bool recent =
        wall_ms >= state->removal_wall_ms && wall_ms - state->removal_wall_ms < STRATEGY_FORGET_MS;

    notice_choice(profile, state);
    if (!is_open(profile, state))
        return;
    state->removals = recent ? state->removals + 1 : 1;
    state->removal_wall_ms = wall_ms;
    if (profile->display.strategy == PROFILE_STRATEGY_AUTO && state->removals >= STRATEGY_REMOVALS)
        change_to_hold(state, PARSEC_EVIDENCE_LINES_REMOVED);
}

enum text_id strategy_reason(const struct profile *profile, const struct parsec_state *state)
{
    static const enum text_id reasons[PARSEC_EVIDENCES] = {
        [PARSEC_EVIDENCE_NONE] = TEXT_NONE,
        [PARSEC_EVIDENCE_LINES_REMOVED] = TEXT_PARSEC_HOLD_LINES,
        [PARSEC_EVIDENCE_NO_MONITOR] = TEXT_PARSEC_HOLD_MONITOR,
    };

    if (profile->display.strategy != PROFILE_STRATEGY_AUTO ||
        strategy_active(profile, state) != CONFIG_STRATEGY_HOLD)
        return TEXT_NONE;
    return reasons[state->evidence];
}
