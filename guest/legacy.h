/*
 * Leftovers of Easy-GPU-PV and its forks: scheduled tasks that install drivers unverified and
 * disable Hyper-V Video before anything works, and the logon script of the local group policy that
 * registers them anew at each logon. Tasks are known by their exact names in the root folder and
 * are disabled, not deleted. A script, its entry in psscripts.ini and the version in the policy's
 * gpt.ini are touched only when the script's content is Easy-GPU-PV's, after private copies were
 * made in the agent's data folder (they may hold the key of a team). Must be done before display
 * repairs. Facts: guest.md 6.3, easy-gpu-pv.md 1.9.
 *
 * A crash between any two steps is mended by doing it again: the script itself goes last, so the
 * leftover stays visible until all is done. Blocking; job threads only.
 */
#ifndef GPUPV_GUEST_LEGACY_H
#define GPUPV_GUEST_LEGACY_H

#include "guest/machine/machine.h"

#define LEGACY_FOLDER "legacy" /* of the copies, below the agent's data folder */

/* The names of the tasks, ended by NULL. */
extern const char *const legacy_tasks[];

/* Counts the tasks that are enabled; ret_first (TASK_NAME_BYTES) gets the name of one, "" when
 * there is none. */
bool legacy_count_tasks(struct tasks_port *tasks,
                        unsigned *ret_count,
                        char *ret_first,
                        struct err *err);

/* True when bytes are a script of Easy-GPU-PV (UTF-8 or UTF-16). Pure. */
bool legacy_is_script(const void *data, size_t length);

/* Tells whether a script of Easy-GPU-PV is there. */
bool legacy_look_scripts(struct files_port *files, bool *ret_found, struct err *err);

/* Takes the scripts out, after copies of what changes were made in FOLDER/legacy (folder: the
 * agent's data folder). No script: true. */
bool legacy_remove_scripts(struct files_port *files, const char *folder, struct err *err);

/* Puts the scripts back as they were and removes the copies. No copies: true. ERR_CONFLICT when
 * somebody has changed a file meanwhile: that place is left alone, and the copies stay. */
bool legacy_restore_scripts(struct files_port *files, const char *folder, struct err *err);

#endif
