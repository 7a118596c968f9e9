/*
 * How other threads reach the agent that runs in agent_run: the service's control handler stops and
 * wakes it, its watchdog asks whether the loop still turns. Made before agent_run, given to it in
 * the options, freed after it; every function may be called from any thread at any time between.
 */
#ifndef GPUPV_GUEST_AGENT_CONTROL_H
#define GPUPV_GUEST_AGENT_CONTROL_H

#include "common/err.h"

#include <stdint.h>

struct agent_control;
struct uv_async_s;

/* Makes one. The caller frees with agent_control_free. */
bool agent_control_new(struct agent_control **ret_control, struct err *err);

/* NULL is fine. */
void agent_control_free(struct agent_control *control);

/* Ends the agent as soon as it can, also one that has not begun; exit_code as agent_run's. */
void agent_control_stop(struct agent_control *control, int exit_code);

/* Something happened that checks may see: makes a pass soon. */
void agent_control_wake(struct agent_control *control);

enum agent_pulse {
    AGENT_PULSE_NONE, /* the loop does not run yet, or no longer */
    AGENT_PULSE_BEATS,
    AGENT_PULSE_STALLED /* it did not answer within wait_ms */
};

/* Asks the loop to answer and waits for it, wait_ms at most. */
enum agent_pulse agent_control_pulse(struct agent_control *control, int64_t wait_ms);

/* ---- for agent.c, on the loop's thread ---- */

/* What came in since the last time. */
struct agent_wishes {
    bool stop, wake;
    int exit_code;
};

/* The loop runs: `async` is sent whenever something comes in. */
void agent_control_attach(struct agent_control *control, struct uv_async_s *async);

/* The loop ends: `async` is not touched any more. */
void agent_control_detach(struct agent_control *control);

/* For the callback of `async`: answers whoever asked for the pulse, and hands out the wishes. */
struct agent_wishes agent_control_take(struct agent_control *control);

#endif
