/*
 * The Windows that a disk which is a plain folder gets when there is no folder to copy it from: as
 * much as an injection looks at, so that the simulation goes through the same plan as a real disk.
 * Blocking; any thread.
 */
#ifndef GPUPV_DIR_WINDOWS_H
#define GPUPV_DIR_WINDOWS_H

#include "common/err.h"

/* Makes the registry of a Windows that was applied and never started, below root. */
bool dir_windows_make(const char *root, struct err *err);

/* Makes the files that start it, below the root of the other partition. */
bool dir_windows_start(const char *root, const char *locale, struct err *err);

#endif
