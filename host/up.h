/*
 * Making a VM, as steps whose undo is on the disk before they act (common/steps.h): VM, record and
 * key, disk with the agent's data, first boot without the GPU, GPU partition, boot, verification.
 * A run that died goes on with the next one; what fails before the first boot is taken back at
 * once. The caller holds the lock of the VM's name. Blocking; one thread per VM.
 */
#ifndef GPUPV_HOST_UP_H
#define GPUPV_HOST_UP_H

#include "host/boot.h"
#include "host/guest/payloads.h"

/* What `up` and `create` were asked for. */
struct up_request {
    struct spec spec;
    bool boots;           /* false: `create`, which stops when the VM stands */
    int64_t settle_ms;    /* how long the guest may take to come to rest, each time */
    struct gpu_info gpu;  /* the chosen one; path "" for none */
    const char *password; /* of the guest's user; a secret, never written down by us */
};

/* Chooses the GPU that the spec selects. None or several: ERR_USAGE with the list; no free
 * partition: ERR_BUSY. */
bool up_choose_gpu(struct call *call,
                   const struct spec *spec,
                   struct gpu_info *ret_gpu,
                   struct err *err);

/* Makes the VM or goes on with making it. target is filled in as it comes to life; *ret_health is
 * the last report when request->boots. */
bool up_make(struct call *call,
             struct target *target,
             const struct up_request *request,
             struct progress *progress,
             struct health *ret_health,
             struct err *err);

/* Brings a VM that stands already to its wanted state: on, with its GPU, at rest. *ret_changed
 * tells whether anything had to be done. */
bool up_ensure(struct call *call,
               struct target *target,
               int64_t settle_ms,
               struct progress *progress,
               bool *ret_changed,
               struct health *ret_health,
               struct err *err);

/* True when an unfinished run for this name exists; it is what `up` goes on with. */
bool up_is_unfinished(struct call *call, const char *name, struct err *err);

/* True when an unfinished run for this name has still to make the disk. */
bool up_needs_disk(struct call *call, const char *name);

/* Takes back an unfinished run. */
bool up_take_back(struct call *call, const char *name, struct err *err);

#endif
