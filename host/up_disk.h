/*
 * The disk of a new VM: Windows from an image, by way of a golden parent unless the spec says
 * otherwise, with everything that gpupv brings in it. What a golden parent cannot hold (key,
 * profile, answer file, payloads) goes into the child. Blocking; the caller holds the VM's lock and
 * a journal that calls up_disk_take_back.
 */
#ifndef GPUPV_HOST_UP_DISK_H
#define GPUPV_HOST_UP_DISK_H

#include "common/steps.h"
#include "common/ui/progress.h"
#include "host/image/golden.h"
#include "host/many.h"

#define UP_PARENT_NONE "none" /* "disk": {"parent"}: a disk of its own */

struct up_disk {
    struct call *call;
    struct target *target; /* with record and disk path */
    const char *password;  /* of the guest's user */
    struct steps *steps;
    struct progress *progress;
    unsigned from, to; /* this part of the bar */
    /* Called when Windows is on the disk and before anything else is brought: the simulation makes
     * its guest then. */
    bool (*made)(void *user, struct err *err);
    void *user;
};

/* Looks whether the image and edition of the spec, or its parent, can be used, before anything is
 * made. */
bool up_disk_check(struct call *call, const struct spec *spec, struct err *err);

/* Makes the disk. */
bool up_disk_make(struct up_disk *disk, struct err *err);

/* Removes the disk at path, whatever of it exists. */
bool up_disk_take_back(struct call *call, const char *path, struct err *err);

/* The folder of the golden parents' records (out: FS_PATH_BYTES). */
bool up_disk_golden_folder(struct call *call, char *out, struct err *err);

#endif
