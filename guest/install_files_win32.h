/*
 * The program's own folder, "C:\Program Files\gpupv": made for administrators only, filled by a
 * copy that is checked before it takes its place, emptied without what is not ours. Blocking.
 */
#ifndef GPUPV_GUEST_INSTALL_FILES_WIN32_H
#define GPUPV_GUEST_INSTALL_FILES_WIN32_H

#include "common/fs.h"

/* Makes the folder: administrators and SYSTEM change it, everybody may run what is in it. An
 * existing one that others may change is ERR_UNSAFE. */
bool install_folder_make(const char *folder, struct err *err);

/* Removes it when it is empty. */
bool install_folder_remove(const char *folder, struct err *err);

/* Copies the program from `from` to `to`, flushed, and compares the digests. */
bool install_copy(const char *from, const char *to, struct err *err);

/* True when both files are there and the same. */
bool install_is_same(const char *one, const char *two);

/* Removes a file; one that is in use (this program) is moved out of its folder and removed with the
 * next start of Windows: *ret_later. Missing is fine. */
bool install_remove_file(const char *path, bool *ret_later, struct err *err);

/* Removes what earlier installs left beside the program in folder. */
bool install_sweep(const char *folder, bool *ret_later, struct err *err);

#endif
