/*
 * Leftovers of Easy-GPU-PV and its forks: scheduled tasks that install drivers unverified and
 * disable Hyper-V Video before anything works, and the logon script of the local group policy that
 * registers them anew at each logon. Tasks are known by their exact names in the root folder and
 * are disabled and recorded, not deleted, so that `release` can give them back. The script, its
 * entry in psscripts.ini and the policy's gpt.ini are touched only when their content is
 * Easy-GPU-PV's, after a private copy was made in the agent's data folder. Must be done before
 * display repairs. Facts: guest.md 6.3, easy-gpu-pv.md 1.9.
 */
#ifndef GPUPV_GUEST_LEGACY_H
#define GPUPV_GUEST_LEGACY_H

#include "guest/machine/machine.h"
#include "guest/parsec/state.h"

struct legacy_view {
    unsigned tasks;       /* enabled ones */
    char first_task[128]; /* name of one of them */
    bool script;          /* the logon script is in force */
    bool script_unknown;  /* a logon script of that name is there, but it is not Easy-GPU-PV's */
};

/* Looks at tasks (tasks true) or the script. */
bool legacy_look_tasks(struct tasks_port *tasks, struct legacy_view *ret_view, struct err *err);
bool legacy_look_scripts(struct files_port *files, struct legacy_view *ret_view, struct err *err);

/* Disables the enabled ones; each is recorded in state, saved to folder, before it is disabled. */
bool legacy_disable_tasks(struct tasks_port *tasks,
                          struct parsec_state *state,
                          const char *folder,
                          struct err *err);

/* Copies what it is going to change into folder/legacy, then takes the script out. */
bool legacy_remove_scripts(struct files_port *files,
                           struct parsec_state *state,
                           const char *folder,
                           struct err *err);

/* Gives tasks and script back as they were (for `release`). */
bool legacy_give_back(struct machine *machine,
                      struct parsec_state *state,
                      const char *folder,
                      struct err *err);

#endif
