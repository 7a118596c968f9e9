/*
 * The Windows on a disk that stands already, opened for a change while its VM is off: told apart
 * from data disks and other partitions, and refused whenever a change could do harm (flow F5): a
 * disk with a checkpoint or another child, one that was not closed, a volume that Windows did not
 * shut down cleanly or that hibernates, BitLocker, more than one Windows. Whether the VM is off,
 * only its hypervisor knows: the caller asks it first. The registry is looked at when it is changed
 * (plan.h). Blocking; one thread.
 */
#ifndef GPUPV_OFFLINE_H
#define GPUPV_OFFLINE_H

#include "host/image/image.h"

/* The files that may be children of a disk: those beside it are found without being named. */
struct offline_others {
    const char *const *paths;
    size_t count;
};

/* Looks whether the disk may be changed, without attaching it. others may be NULL. ERR_CONFLICT,
 * ERR_UNSUPPORTED (BitLocker), ERR_BAD_INPUT. */
bool offline_check(struct image_port *port,
                   const char *path,
                   const struct offline_others *others,
                   struct image_look *ret_look,
                   struct err *err);

/* Checks, then attaches the disk for writing and finds the volume of its Windows; a disk without
 * one is ERR_NOT_FOUND. The caller detaches *ret_disk. */
bool offline_open(struct image_port *port,
                  const char *path,
                  const struct offline_others *others,
                  struct image_disk **ret_disk,
                  struct image_volume **ret_volume,
                  struct err *err);

/* Which of the disks of a VM holds its Windows; the others are data disks and stay closed
 * afterwards. ERR_NOT_FOUND: none; ERR_CONFLICT: several. What one disk cannot be asked for is told
 * when no other one has Windows. */
bool offline_find(struct image_port *port,
                  const char *const *paths,
                  size_t count,
                  size_t *ret_index,
                  struct err *err);

#endif
