/*
 * Makes the driver world of a simulated host: a driver store that looks like a real one (folder
 * names, INF text, a companion package, loose files, class keys with CopyToVm rules), of any size.
 * What is made is a function of its description alone, but for times. The folder has registry.json
 * (adapters, packages, keys) and files/ (Windows' volume).
 */
#ifndef GPUPV_DRIVER_MAKE_H
#define GPUPV_DRIVER_MAKE_H

#include "host/driver/driver.h"

#define DRIVER_MAKE_REGISTRY "registry.json"
#define DRIVER_MAKE_STORE    "Windows/System32/DriverStore/FileRepository"
#define DRIVER_MAKE_GPUS     16

struct driver_make_gpu {
    const char *gpu;  /* as the hypervisor names it: begins with the instance path */
    const char *name; /* shown */
    const char *version;
};

struct driver_make {
    struct driver_make_gpu gpus[DRIVER_MAKE_GPUS];
    size_t gpu_count;
    unsigned files;       /* further files of each package */
    uint64_t file_bytes;  /* of each of them */
    uint64_t large_bytes; /* of one more file; 0: there is none */
};

/* Makes it, taking the place of what is in folder; older packages stay in the store, as they do on
 * a real host. */
bool driver_make(const char *folder, const struct driver_make *what, struct err *err);

/* The name of the package folder that driver_make gives this GPU (out: FS_NAME_BYTES). */
const char *driver_make_folder(const struct driver_make_gpu *gpu, char *out);

#endif
