/*
 * What happens in the simulated Windows by itself as time goes on: setup ends, somebody logs on,
 * services become ready, scheduled tasks run, Parsec comes back, drifts strike; and what a boot
 * does. Everything due is done lazily, by whoever looks next, with the time at which it was due.
 */
#ifndef GPUPV_SIM_EVENTS_H
#define GPUPV_SIM_EVENTS_H

#include "guest/machine/sim/disk.h"

/* When the next thing happens, 0 when nothing will. */
int64_t events_next(const struct world *world);

/* Does everything that is due at env->now_ms; true when something was. */
bool events_settle(struct sim_env *env);

/* Switches the machine on: a new boot id, devices disabled for one boot are back, services start,
 * drifts of this boot apply. */
void events_boot(struct sim_env *env);

/* The user logs on now, or off. */
void events_logon(struct sim_env *env);
void events_logoff(struct sim_env *env);

/* The network changed: what waited for it goes on. */
void events_network(struct sim_env *env);

/* True when programs reach the internet without a proxy. */
bool events_online(const struct world *world);

#endif
