/*
 * Port: where the host's GPU driver lies in the guest's Windows, beside plain files: the places of
 * a package, whose file something is, and the link that programs look for. Files themselves are
 * plain fs.h: only administrators can write these folders. Blocking; job threads only. Facts:
 * guest.md 5, easy-gpu-pv.md group L.
 */
#ifndef GPUPV_MACHINE_STAGING_H
#define GPUPV_MACHINE_STAGING_H

#include "common/driver_tree.h"

struct staging_port;

struct staging_ops {
    /* The folder of a place as an absolute path (FS_PATH_BYTES), made when it is missing.
     * ERR_UNSUPPORTED where there is none. */
    bool (*place)(struct staging_port *port,
                  enum driver_place place,
                  char *ret_folder,
                  struct err *err);
    /* Whether the file at path is one of Windows' own, which is never replaced. */
    bool (*is_windows)(struct staging_port *port,
                       const char *path,
                       bool *ret_windows,
                       struct err *err);
    /* Lets DriverStore\FileRepository\<folder> point to the package folder of that name in
     * HostDriverStore, or takes that away (on false). What is there and no link of ours stays as
     * it is. */
    bool (*link)(struct staging_port *port, const char *folder, bool on, struct err *err);
};

struct staging_port {
    const struct staging_ops *ops;
};

#endif
