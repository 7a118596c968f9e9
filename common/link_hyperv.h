/*
 * What Hyper-V sockets need beside the link itself: the registration of gpupv's service on the
 * host, a self-test over the loopback, and counters for diagnosis. On a system without Hyper-V
 * sockets every function says so (ERR_UNSUPPORTED).
 */
#ifndef GPUPV_LINK_HYPERV_H
#define GPUPV_LINK_HYPERV_H

#include "common/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What the self-test measured. */
struct link_hyperv_selftest {
    int64_t open_ms;    /* until the loopback dial was accepted */
    int64_t echo_ms;    /* for echo_bytes there and back, compared byte by byte */
    int64_t refused_ms; /* until a dial to a service that nobody offers was refused */
    uint64_t echo_bytes;
};

/* Of all links of the process since it started. Operations and completions are equal whenever
 * nothing is open; blocks are those not freed. */
struct link_hyperv_totals {
    uint64_t operations, completions, blocks;
};

/* Registers gpupv's service id with Hyper-V on this host, so that also users without administrator
 * rights may be let in and tools show its name. Idempotent; needs an elevated process (ERR_DENIED).
 * Dialling guests works without it for administrators. */
bool link_hyperv_register(struct err *err);

/* Takes the registration back; nothing to take back is no error. */
bool link_hyperv_unregister(struct err *err);

/* *ret_registered: whether the service id is registered on this host. */
bool link_hyperv_is_registered(bool *ret_registered, struct err *err);

/* Listens on the loopback under a random service id, dials it, echoes 4 MiB both ways, checks the
 * end of the stream, and that an unused id is refused. Blocks for less than a second when all is
 * well, 15 s at most; proves the family and our use of it on this machine, not the path to a VM. */
bool link_hyperv_selftest(struct link_hyperv_selftest *ret_result, struct err *err);

/* Reads the counters. Any thread. */
void link_hyperv_totals(struct link_hyperv_totals *ret_totals);

#endif
