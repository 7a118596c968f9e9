/*
 * A simulated guest in memory with everything that checks and repairs of Parsec work with: virtual
 * time, a profile, struct parsec without a thread, a journal in memory. Test code only.
 */
#ifndef GPUPV_TESTS_PARSEC_BENCH_H
#define GPUPV_TESTS_PARSEC_BENCH_H

#include "guest/journal.h"
#include "guest/machine/sim/sim.h"
#include "guest/machine/sim/world.h"
#include "guest/parsec/parsec.h"

struct bench {
    struct clock_manual clock;
    struct machine *machine;
    struct profile profile;
    struct parsec *parsec;
    struct findings findings;
    struct journal *journal;
    struct check_context check;
    struct repair_context repair;
};

/* Opens a world (built-in name or JSON) with default profile and data folder "data", emptied; the
 * machine has booted and somebody is logged on. */
void bench_open(struct bench *bench, const char *world);

void bench_close(struct bench *bench);

/* One edit of the world ("parsec.account=lost"). */
void bench_edit(struct bench *bench, const char *edit);

/* Lets time pass. */
void bench_pass(struct bench *bench, int64_t time_ms);

/* A pass's look: facts, parsec_observe, then one check; returns its finding. */
const struct finding *bench_check(struct bench *bench, enum check_id id);

/* Applies a repair because of the finding of its check. */
bool bench_repair(struct bench *bench, enum repair_id id, bool *ret_reboot, struct err *err);

/* Puts all payloads into the store, as the host does. */
void bench_payloads(struct bench *bench);

/* The whole file as text, "" when it is missing; valid until the next call. */
const char *bench_text(struct bench *bench, enum file_root root, const char *name);

/* Writes a file of the guest. */
void bench_write(struct bench *bench, enum file_root root, const char *name, const char *text);

/* Adds a fault: the call-th call of port.op (counted from now) fails with kind; count 0: all that
 * follow. */
void bench_fault(
    struct bench *bench, const char *port, const char *op, uint32_t call, enum err_kind kind);

#endif
