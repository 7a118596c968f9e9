/*
 * The agent's own files on the disk of a VM that is off, through the image port: key, profile and
 * payloads go in, or everything goes out. The caller holds the VM's lock. Blocking.
 */
#ifndef GPUPV_HOST_INJECT_H
#define GPUPV_HOST_INJECT_H

#include "common/key.h"
#include "host/many.h"

/* Puts key and profile in, and the payloads of the cache when asked to. */
bool inject_agent(struct call *call,
                  const struct target *target,
                  const struct key_file *keys,
                  bool with_payloads,
                  struct err *err);

/* Puts in the profile that was changed while the VM was off, if any. */
bool inject_profile(struct call *call, struct target *target, struct err *err);

/* Takes the agent with all its data out. */
bool inject_remove(struct call *call, const struct target *target, struct err *err);

#endif
