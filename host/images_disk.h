/*
 * The verbs of `gpupv images` that work on disks: golden parents, flattening, cleaning. Each takes
 * the words behind the verb. Blocking; main thread.
 */
#ifndef GPUPV_HOST_IMAGES_DISK_H
#define GPUPV_HOST_IMAGES_DISK_H

#include "host/command.h"

/* images golden list | remove KEY */
bool images_golden(struct call *call, struct err *err);

/* images flatten NAME|DISK */
bool images_flatten(struct call *call, struct err *err);

/* images clean */
bool images_clean(struct call *call, struct err *err);

#endif
