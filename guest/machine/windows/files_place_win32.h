/*
 * Where the roots of files lie, and as whom they are touched: a root is an anchor that only
 * administrators can move and components below it. The user's root is touched as the user who is
 * logged on; with nobody logged on it is below the profile of the account that Windows logs on by
 * itself. Impersonation belongs to the thread between enter and leave.
 */
#ifndef GPUPV_WINDOWS_FILES_PLACE_WIN32_H
#define GPUPV_WINDOWS_FILES_PLACE_WIN32_H

#include "guest/machine/files.h"

#include <windows.h>

struct files_place {
    char anchor[FS_PATH_BYTES]; /* "": there is none, as with no user */
    const char *below;          /* components below it, separated by '/' */
    HANDLE token;               /* this thread acts as its user; NULL: as itself */
};

/* Finds the root and begins to act as its user. The caller ends with files_place_leave on the same
 * thread. */
bool files_place_enter(struct files_place *place, enum file_root root, struct err *err);

/* Acts as itself again. */
void files_place_leave(struct files_place *place);

/* The root's folder as one path, whether it exists or not. */
bool files_place_path(const struct files_place *place, char path[FS_PATH_BYTES], struct err *err);

#endif
