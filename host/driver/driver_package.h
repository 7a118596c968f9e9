/*
 * The package of a GPU's driver as the guest gets it: which files of this computer go where in the
 * guest, registry values and links (driver_extra.h), and the list of it all with digests. Read
 * once, used for any number of guests; digests of files that did not change since the last time
 * come from a cache. Facts: guest.md 5, easy-gpu-pv.md 1.7.
 */
#ifndef GPUPV_DRIVER_PACKAGE_H
#define GPUPV_DRIVER_PACKAGE_H

#include "host/driver/driver.h"

struct driver_loose {
    char tree[192];             /* "system32/nvcuda.dll" */
    char source[FS_PATH_BYTES]; /* on this computer */
};

struct driver_folder_of {
    char name[FS_NAME_BYTES];
    char path[FS_PATH_BYTES]; /* on this computer */
};

struct driver_package {
    struct driver_adapter adapter;
    char name[FS_NAME_BYTES]; /* the folder of the driver itself; also the package's name */
    struct driver_folder_of folders[DRIVER_FOLDERS_MAX];
    size_t folder_count;
    struct driver_loose *loose; /* gpupv.json among them */
    size_t loose_count, loose_cap;
    struct driver_extra extra;
    struct manifest files; /* XXH3 */
    uint64_t id;           /* of the content: changes with any file but the user's settings */
    size_t hashed;         /* files whose content had to be read for this */
    char missing[128];     /* companion packages that the INF names and the store lacks, "" none */
};

/* Reads the package behind a GPU. cache: a folder of ours for digests and gpupv.json, made when
 * missing. watch may be NULL. The caller frees with driver_package_free. */
bool driver_package_read(struct driver_port *port,
                         const char *gpu,
                         const char *cache,
                         const struct manifest_watch *watch,
                         struct driver_package **ret_package,
                         struct err *err);

/* NULL is fine. */
void driver_package_free(struct driver_package *package);

/* Where the file with this path in the tree lies on this computer (out: FS_PATH_BYTES). */
bool driver_package_source(const struct driver_package *package,
                           const char *tree,
                           char *out,
                           struct err *err);

/* ---- for driver_rules.c ---- */

/* Adds a loose file unless one with this path is there or source is no plain file. */
bool driver_package_add(struct driver_package *package,
                        enum driver_place place,
                        const char *name,
                        const char *source,
                        struct err *err);

/* Adds loose files, registry values and links: the class key's rules, then what the INF copies to
 * the system folders, then what is known of the vendor. lists: the files of each folder. */
struct inf_file;
bool driver_rules_apply(struct driver_port *port,
                        struct driver_package *package,
                        const struct inf_file *inf,
                        const struct manifest *lists,
                        struct err *err);

#endif
