/*
 * Logon and logoff of the simulated Windows with what comes along: Parsec's second process, and the
 * leftovers of Easy-GPU-PV: the logon script that registers its three tasks anew, and the tasks,
 * one of which switches Hyper-V Video off for good before a replacement works. Facts:
 * easy-gpu-pv.md 1.9, guest.md 6.3.
 */
#ifndef GPUPV_SIM_LOGON_H
#define GPUPV_SIM_LOGON_H

#include "guest/machine/sim/disk.h"

/* The user logs on now, or off. */
void logon_begin(struct sim_env *env);
void logon_end(struct sim_env *env);

/* A task of this kind runs. */
void logon_task(struct sim_env *env, enum world_action action);

/* Registers Easy-GPU-PV's tasks, enabled or not, as its script does; and takes them away. */
void logon_register_tasks(struct world *world, bool enabled);
void logon_remove_tasks(struct world *world);

/* The network changed: a script that waited for it goes on. */
void logon_network(struct sim_env *env);

/* True when programs reach the internet without a proxy. */
bool logon_online(const struct world *world);

#endif
