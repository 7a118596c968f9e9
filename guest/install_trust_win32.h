/*
 * Whether a program may become a service of SYSTEM: only if nobody but administrators can change
 * it, put something beside it or move its folders away. Checked on what Windows really opens, not
 * on the path that was typed.
 */
#ifndef GPUPV_GUEST_INSTALL_TRUST_WIN32_H
#define GPUPV_GUEST_INSTALL_TRUST_WIN32_H

#include "common/fs_win32.h"

enum install_place {
    INSTALL_PLACE_PROGRAM,
    INSTALL_PLACE_FOLDER,  /* it stands in */
    INSTALL_PLACE_ANCESTOR /* of that folder */
};

/* Checks the file or folder at path and every folder above it; `place` is what path itself is. Its
 * real path, without links, goes to ret_real (FS_PATH_BYTES). ERR_UNSAFE names the first that
 * others may change. */
bool install_path_check(const char *path,
                        enum install_place place,
                        char *ret_real,
                        struct err *err);

/* The rule for one of them: owner and list as Windows gives them, user is trusted besides. */
bool install_acl_is_safe(enum install_place place, PSID owner, PACL acl, PSID user);

#endif
