/*
 * Faults by data: the n-th call of an operation fails, lies, hangs, wants a reboot, kills the
 * process or cuts the power; or operations that change something do so by chance, repeatably. The
 * counters are part of the world, so a fault that killed the agent does not strike again after its
 * restart. Pure.
 */
#ifndef GPUPV_SIM_FAULT_H
#define GPUPV_SIM_FAULT_H

#include "guest/machine/sim/world.h"

/* What hits one call. */
struct fault_hit {
    bool hit;
    enum world_fault_do action;
    bool after;
    int32_t code; /* Win32, 0 none */
    enum err_kind kind;
    int64_t hang_ms;
};

/* True when the port has such an operation ("services", "start"). */
bool fault_known(const char *port, const char *op);

/* Counts a call of op ("services.start") and says what hits it; only calls that act are hit by
 * chance. True when something was counted. */
bool fault_take(
    struct world *world, const char *op, bool acts, const char *object, struct fault_hit *ret_hit);

#endif
