/*
 * What is left of an agent that crashed or hung: a small dump (stacks and modules, without the
 * memory that could hold a key) in the folder "crash" of its data, readable by SYSTEM and
 * Administrators; the newest CRASH_KEPT are kept. Windows only.
 */
#ifndef GPUPV_GUEST_CRASH_H
#define GPUPV_GUEST_CRASH_H

#include "common/fs.h"

#define CRASH_FOLDER "crash"
#define CRASH_KEPT   5

/* From now on an unhandled exception leaves a dump below folder and an event, and ends
 * the process, so that Windows starts the service again. Once per process. */
void crash_watch(const char *folder);

/* Writes a dump now; its path goes to ret_path (FS_PATH_BYTES). Any thread. */
bool crash_dump(const char *folder, char *ret_path, struct err *err);

#endif
