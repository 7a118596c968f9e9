/*
 * What state an NTFS volume was left in, read from its bytes, without attaching or mounting it: the
 * bit that asks for a check at the next start, and the restart area of its journal, which says
 * whether it was dismounted. Hostile input: nothing is followed before it was checked, no loop
 * depends on what is read. Blocking; borrows the source.
 */
#ifndef GPUPV_IMAGE_NTFS_STATE_H
#define GPUPV_IMAGE_NTFS_STATE_H

#include "host/image/source.h"

#define NTFS_BOOT_BYTES 512

/* True when the first sector of a volume says that it holds NTFS. */
bool ntfs_is(const uint8_t boot[NTFS_BOOT_BYTES]);

/* *ret_dirty: to be checked, or not dismounted cleanly. ERR_BAD_INPUT: damaged. */
bool ntfs_state(struct source *volume, bool *ret_dirty, struct err *err);

#endif
