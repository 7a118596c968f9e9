/*
 * Leftovers of Easy-GPU-PV and its forks: scheduled tasks that install drivers unverified and
 * disable Hyper-V Video before anything works, and the logon script of the local group policy that
 * registers them anew at each logon. Tasks are known by their exact names in the root folder. A
 * script, its entry in psscripts.ini and the policy's gpt.ini are touched only when the script's
 * content is Easy-GPU-PV's, after a private copy was made in the agent's data folder (the copy may
 * hold the key of a team). Facts: guest.md 6.3, easy-gpu-pv.md 1.9. Blocking; job threads only.
 */
#ifndef GPUPV_GUEST_LEGACY_H
#define GPUPV_GUEST_LEGACY_H

#include "guest/machine/machine.h"

#define LEGACY_FOLDER "legacy" /* of the copies, below the agent's data folder */

/* The names of the tasks, ended by NULL. */
extern const char *const legacy_tasks[];

/* Counts the tasks that are enabled; ret_first (TASK_NAME_BYTES) gets the name of one. */
bool legacy_count_tasks(struct tasks_port *tasks,
                        unsigned *ret_count,
                        char *ret_first,
                        struct err *err);

/* True when bytes are a script of Easy-GPU-PV (UTF-8, or UTF-16 with its mark). Pure. */
bool legacy_is_script(const void *data, size_t length);

/* Takes the entry of `script` out of a psscripts.ini and renumbers those behind it; out gets the
 * new file in the encoding of the old one. *ret_left is the number of entries that stay. *ret_found
 * is false when there was none: out is then the same. Pure. */
bool legacy_drop_entry(const void *data,
                       size_t length,
                       const char *script,
                       struct buf *out,
                       unsigned *ret_left,
                       bool *ret_found,
                       struct err *err);

/* True when a script of Easy-GPU-PV is in force. */
bool legacy_look_scripts(struct files_port *files, bool *ret_found, struct err *err);

/* Copies what is going to change into folder/legacy, then takes the scripts out. */
bool legacy_remove_scripts(struct files_port *files, const char *folder, struct err *err);

/* Puts the copies back (for `release`); no copies: fine. */
bool legacy_restore_scripts(struct files_port *files, const char *folder, struct err *err);

#endif
