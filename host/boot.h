/*
 * Starting, stopping and waiting for a VM, as `start`, `restart` and `up` need it: the GPU
 * partition is attached or held back, a start has a deadline after which it counts as stuck, a
 * shutdown is asked of the guest, and the agent's reports are watched until nothing moves any more.
 * The caller holds the VM's lock. Blocking; one thread per VM.
 */
#ifndef GPUPV_HOST_BOOT_H
#define GPUPV_HOST_BOOT_H

#include "host/guest/connect.h"
#include "host/many.h"
#include "common/ui/progress.h"

#define BOOT_SHUTDOWN_MS 120000
#define BOOT_TIMEOUT_S   86400 /* the longest that an option may ask for */

/* How far a job is while it waits: the bar moves from `from` to `to`. */
struct boot_stage {
    struct call *call;
    struct progress *progress;
    unsigned from, to;
};

/* Switches the VM on and waits until its agent answers; ret_client may be NULL. A start that shows
 * no sign of life is the error of report_boot_stuck. */
bool boot_start(struct call *call,
                struct target *target,
                const struct boot_stage *stage,
                struct client **ret_client,
                struct err *err);

/* True when a VM runs and shows no sign of life after the time that a start may take. */
bool boot_is_stuck(struct call *call, const struct target *target);

/* Connects to a VM that must run; why its agent does not answer is the error. */
bool boot_connect(struct call *call,
                  struct target *target,
                  struct client **ret_client,
                  struct err *err);

/* Fails when the hypervisor has no such VM any more. */
bool boot_present(const struct target *target, struct err *err);

/* Remembers whether the VM shall run. */
bool boot_want(struct call *call, struct target *target, enum store_wanted wanted, struct err *err);

/* What `start` does with a VM that is off: GPU, power, and waiting for the agent unless --no-wait.
 */
bool boot_up(struct call *call, struct target *target, bool with_gpu, bool alone, struct err *err);

/* Asks the guest's Windows to shut down and waits; force pulls the cord. Off already: true. */
bool boot_stop(
    struct call *call, struct target *target, bool force, int64_t timeout_ms, struct err *err);

/* The GPU that the record means: by its path, else the only one of that name, for a card that was
 * moved. ERR_NOT_FOUND with what there is. */
bool boot_find_gpu(const struct host_info *host,
                   const struct store_vm *record,
                   const struct gpu_info **ret_gpu,
                   struct err *err);

/* Gives the VM, which is off, the partition that its record wants, or takes it away (on false); the
 * record remembers what was held back. */
bool boot_gpu(struct call *call, struct target *target, bool on, struct err *err);

/* Watches the agent's reports until nothing is being repaired or started any more, over reboots
 * that the agent asks for; *ret_health is the last report, saved in the store. ERR_TIMEOUT with
 * what is still open. */
bool boot_settle(struct call *call,
                 struct target *target,
                 const struct boot_stage *stage,
                 int64_t timeout_ms,
                 struct health *ret_health,
                 struct err *err);

/* True when a report shows no work in progress. */
bool boot_is_settled(const struct health *health);

#endif
