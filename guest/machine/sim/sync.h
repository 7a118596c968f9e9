/*
 * A lock with a signal, behind a pointer: libuv's own types bring windows.h along, which portable
 * headers spare their readers. Any thread.
 */
#ifndef GPUPV_SIM_SYNC_H
#define GPUPV_SIM_SYNC_H

#include <stdint.h>

struct sync;

/* NULL when out of memory. Freed with sync_free. */
struct sync *sync_new(void);

/* NULL is fine. */
void sync_free(struct sync *sync);

/* Takes the lock; not recursive. */
void sync_lock(struct sync *sync);

/* Lets it go. */
void sync_unlock(struct sync *sync);

/* Wakes all that wait. */
void sync_signal(struct sync *sync);

/* Lets the lock go until sync_signal, or until timeout_ms passed (-1: never), and takes it again;
 * may also return for no reason. */
void sync_wait(struct sync *sync, int64_t timeout_ms);

#endif
