/*
 * The same piece of work on many things by several threads, for commands over many VMs. The work
 * blocks; things are taken in order.
 */
#ifndef GPUPV_HOST_WORKERS_H
#define GPUPV_HOST_WORKERS_H

#include <stddef.h>

/* Calls work(i, user) for each i below count, at most `parallel` at once; returns when all are
 * done. Without threads (none could be started) it does everything in the calling one. */
void workers_run(size_t count, size_t parallel, void (*work)(size_t index, void *user), void *user);

#endif
