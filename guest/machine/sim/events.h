/*
 * What happens in the simulated Windows by itself as time goes on: setup ends, somebody logs on,
 * services become ready, scheduled tasks run, Parsec comes back, drifts
 * strike. Everything due is done lazily, by whoever looks next, with the time at which it was due.
 */
#ifndef GPUPV_SIM_EVENTS_H
#define GPUPV_SIM_EVENTS_H

#include "guest/machine/sim/disk.h"

/* When the next thing happens, 0 when nothing will. */
int64_t events_next(const struct world *world);

/* Does everything that is due at env->now_ms; true when something was. */
bool events_settle(struct sim_env *env);

#endif
