/*
 * Who gives the virtual monitor: Parsec (the owner's lines) or the agent's holder. The profile may
 * say it; with `auto` the owner's lines come first, and evidence changes to `hold`: Parsec took the
 * lines out again, or clients were connected and no virtual monitor appeared (plans without the
 * feature). The change stays until the profile's strategy changes. Pure.
 */
#ifndef GPUPV_GUEST_PARSEC_STRATEGY_H
#define GPUPV_GUEST_PARSEC_STRATEGY_H

#include "guest/parsec/state.h"

#define STRATEGY_REMOVALS   2     /* so many removals of the lines are evidence */
#define STRATEGY_NO_MONITOR 2     /* so many connections without a monitor are evidence */
#define STRATEGY_CLIENT_MS  30000 /* a client must have been there so long */
#define STRATEGY_FORGET_MS  (INT64_C(7) * 24 * 3600 * 1000) /* a lone removal counts so long */

/* What is seen of one client connection; starts zeroed. */
struct strategy_watch {
    bool connected;
    int64_t since_ms; /* a client is there without a monitor since, monotonic */
    bool counted;     /* the monitor of this connection is overdue, and that was counted */
};

/* What is true now. */
struct strategy_facts {
    int64_t now_ms; /* monotonic */
    uint32_t clients;
    bool monitor;   /* an active path of the virtual display */
    bool can_judge; /* signed in, the adapter works and the owner's lines stand in the files, so
                       that a missing monitor means something */
};

/* The strategy in force. */
enum config_strategy strategy_active(const struct profile *profile,
                                     const struct parsec_state *state);

/* Takes the facts into account; true when state changed and must be saved. */
bool strategy_observe(const struct profile *profile,
                      const struct strategy_facts *facts,
                      struct strategy_watch *watch,
                      struct parsec_state *state);

/* Parsec took the strategy's lines out of its configuration. */
void strategy_removed(const struct profile *profile, struct parsec_state *state, int64_t wall_ms);

/* The sentence that says why `auto` holds; TEXT_NONE while it does not. */
enum text_id strategy_reason(const struct profile *profile, const struct parsec_state *state);

#endif
