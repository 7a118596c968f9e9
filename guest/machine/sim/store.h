/*
 * A simulated Windows on disk: DISK/world.json, changed by several processes. A write goes beside
 * the file and is renamed over it under DISK/world.lock; DISK/world.gen holds a counter that is
 * raised before each write, so that a reader knows with one small read whether what it has is
 * current. DISK/vdd.live holds the monitors of the virtual display driver and the last keep-alive,
 * ten times a second, without touching the world. Not locked against threads: struct sim is.
 */
#ifndef GPUPV_SIM_STORE_H
#define GPUPV_SIM_STORE_H

#include "guest/machine/sim/world.h"

struct store;

/* Opens the store of a disk; ERR_NOT_FOUND without world.json. The caller frees with store_free. */
bool store_open(const char *disk, struct store **ret_store, struct err *err);

/* NULL is fine. */
void store_free(struct store *store);

/* Writes a first world.json; ERR_EXISTS when there is one. */
bool store_create(const char *disk, const struct world *world, struct err *err);

/* True when the world that was read last is still the newest. */
bool store_is_current(struct store *store);

/* Keeps other processes out, and lets them in again. */
bool store_lock(struct store *store, struct err *err);
void store_unlock(struct store *store);

/* Reads the world; with the lock held. Keeps world->live. */
bool store_load(struct store *store, struct world *world, struct err *err);

/* Writes the world; with the lock held. */
bool store_save(struct store *store, struct world *world, struct err *err);

/* What was read last is changed and will not be written: the next look reads anew. */
void store_forget(struct store *store);

/* Reads and writes the monitors. */
void store_live_get(struct store *store, struct world_live *ret_live);
bool store_live_put(struct store *store, const struct world_live *live, struct err *err);

/* DISK/name. */
bool store_path(struct store *store, const char *name, char *out, struct err *err);

/* Waits until the disk changed, timeout_ms passed (-1: never) or store_wake; without wake-ups in
 * between. True when files changed; the world itself must be looked at afterwards. */
bool store_wait(struct store *store, int64_t timeout_ms);
void store_wake(struct store *store);

#endif
