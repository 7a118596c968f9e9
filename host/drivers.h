/*
 * The host's GPU drivers as a call sees them: the package behind each GPU, read once for all VMs of
 * the call, and the ways of a package into a guest: into the disk of a VM that is off, over the
 * link into one that runs. Which package a VM got last stands in its record, so that nothing is
 * opened or asked while nothing changed. Blocking; any thread, one for one VM.
 */
#ifndef GPUPV_HOST_DRIVERS_H
#define GPUPV_HOST_DRIVERS_H

#include "common/ui/progress.h"
#include "host/driver/sync.h"
#include "host/image/plan.h"
#include "host/many.h"

struct drivers;

/* Makes it without reading anything. The caller frees with drivers_free. */
bool drivers_new(struct drivers **ret_drivers, struct err *err);

/* NULL is fine. */
void drivers_free(struct drivers *drivers);

/* The package behind a GPU; owned by the call. The first question for a GPU reads it. */
bool drivers_package(struct call *call,
                     const char *gpu,
                     const struct driver_package **ret_package,
                     struct err *err);

/* Whether the record says that the VM has this package, and remembering that it has. */
bool drivers_is_noted(const struct target *target, const struct driver_package *package);
bool drivers_note(struct call *call,
                  struct target *target,
                  const struct driver_package *package,
                  struct err *err);

/* Adds a package to the plan of a disk. volume (NULL for a disk that is being made): what is there
 * of an older package is kept, replaced or left to the agent. *ret_files, *ret_bytes (may be NULL):
 * what is to be written. */
bool drivers_plan(struct call *call,
                  const struct driver_package *package,
                  struct image_port *port,
                  struct image_volume *volume,
                  struct plan *plan,
                  size_t *ret_files,
                  uint64_t *ret_bytes,
                  struct err *err);

/* Brings the package into the disk of a VM that is off. */
bool drivers_offline(struct call *call,
                     struct target *target,
                     const struct driver_package *package,
                     bool dry_run,
                     struct sync_result *ret_result,
                     struct err *err);

/* Brings it into a VM that runs and waits until the GPU has come to rest; progress may be NULL. */
bool drivers_live(struct call *call,
                  struct target *target,
                  const struct driver_package *package,
                  const struct sync_options *options,
                  bool dry_run,
                  struct sync_result *ret_result,
                  struct err *err);

/* Before a start with the GPU, and after one: bring the package over if the VM has another one.
 * What does not work is shown and stops nothing. */
void drivers_before_start(struct call *call, struct target *target);
void drivers_after_start(struct call *call, struct target *target, struct progress *progress);

/* Lets the simulated guest of a VM expect the package of its GPU, as the host's driver does. */
bool drivers_expect(struct call *call, const struct target *target, struct err *err);

/* The simulated host got other drivers: makes their store, and lets the simulated guests expect
 * them. */
bool drivers_simulate(struct call *call, struct err *err);

#endif
