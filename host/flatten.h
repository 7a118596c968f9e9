/*
 * Makes a disk that stands on a parent independent: a copy with everything in it takes its place.
 * Journaled: whenever the process dies, the disk of before or the new one is at the path, and
 * `images clean` takes away what is left over. The VM that uses the disk must be off, and nothing
 * else may stand on it. Needs as much room as the disk holds. Blocking; the caller holds the VM's
 * lock, if a VM uses the disk.
 */
#ifndef GPUPV_HOST_FLATTEN_H
#define GPUPV_HOST_FLATTEN_H

#include "common/ui/progress.h"
#include "host/many.h"

/* Flattens the disk at path. *ret_changed is false when it has no parent anyway. progress may be
 * NULL. */
bool flatten_disk(struct call *call,
                  const char *path,
                  struct progress *progress,
                  bool *ret_changed,
                  struct err *err);

/* Ends what died: takes back what can be, finishes what cannot; told (may be NULL) is called with
 * each disk. */
bool flatten_recover(struct call *call,
                     void (*told)(const char *disk, void *user),
                     void *user,
                     struct err *err);

#endif
