/*
 * The tree of a GPU driver package as host and guest name it in manifests: the first component is
 * a place of the guest's Windows, the rest lies below it.
 *
 *   store/<folder>/...        System32\HostDriverStore\FileRepository\<folder>\...
 *   system32/<file>           System32\<file>, and below "drivers/NVIDIA Corporation"
 *   syswow64/<file>           SysWOW64\<file>
 *   programdata/<...>/Drs/... %ProgramData%\NVIDIA Corporation\Drs\...
 *   gpupv.json                not a file of the guest: settings and links (driver_extra.h)
 *
 * Nothing else is a path of a package: both sides refuse it (ERR_UNSAFE). Pure; any thread.
 */
#ifndef GPUPV_DRIVER_TREE_H
#define GPUPV_DRIVER_TREE_H

#include "common/fs.h"
#include "common/manifest.h"

#define DRIVER_EXTRA_FILE  "gpupv.json"
#define DRIVER_FOLDERS_MAX 64 /* package folders of one package */

enum driver_place {
    DRIVER_STORE,
    DRIVER_SYSTEM32,
    DRIVER_SYSWOW64,
    DRIVER_PROGRAM_DATA,
    DRIVER_PLACES
};

/* The first component in the tree ("store"), and the folder of Windows' volume that it means
 * ("Windows/System32/HostDriverStore/FileRepository"). */
const char *driver_place_name(enum driver_place place);
const char *driver_place_folder(enum driver_place place);

/* Splits "system32/nvcuda.dll" into place and "nvcuda.dll" (a pointer into path). False for
 * gpupv.json and what is no path of a package. */
bool driver_tree_split(const char *path, enum driver_place *ret_place, const char **ret_rest);

/* ERR_UNSAFE unless path is one of a package; every component is checked as manifest_check_path
 * does. */
bool driver_tree_check(const char *path, struct err *err);

/* The same for all entries of a complete list, which may have DRIVER_FOLDERS_MAX folders. */
bool driver_tree_check_all(const struct manifest *files, struct err *err);

/* Calls visit with each package folder of a complete list, once, until it returns false. */
void driver_tree_folders(const struct manifest *files,
                         bool (*visit)(const char *folder, void *user),
                         void *user);

#endif
