/*
 * The agent as a service of this computer: what is installed, installing and removing it. Windows
 * only (install_win32.c); elsewhere every function says ERR_UNSUPPORTED (install_none.c).
 *
 * Installing and removing are steps (common/steps.h) that may die anywhere: what an interrupted
 * install left is taken back by the next install or uninstall before it begins, what an interrupted
 * uninstall left is removed by the next one, and a step finds its work done already without
 * complaint. An install that fails takes everything back, so that an older version runs on.
 *
 * Blocking; one thread; needs an administrator.
 */
#ifndef GPUPV_GUEST_INSTALL_H
#define GPUPV_GUEST_INSTALL_H

#include "common/agent_place.h"
#include "common/fs.h"
#include "common/steps.h"

#define INSTALL_STEPS "install.steps" /* in the data: what is under way */
#define INSTALL_ARGS  12

enum install_service {
    INSTALL_ABSENT,
    INSTALL_STOPPED,
    INSTALL_CHANGING, /* starts or stops */
    INSTALL_RUNNING
};

struct install_state {
    enum install_service service;
    bool automatic;              /* starts with Windows */
    char command[FS_PATH_BYTES]; /* what the service runs, as it is written there */
    char disk[FS_PATH_BYTES];    /* its --simulate, "" without */
    char data[FS_PATH_BYTES];    /* its --data, "" without */
};

/* Looks at the service; works for everybody. */
bool install_look(struct install_state *ret_state, struct err *err);

/* False with ERR_DENIED and a hint unless this process may install. */
bool install_permitted(struct err *err);

/* The path as it means the same to a service; into out (FS_PATH_BYTES). */
bool install_full_path(const char *path, char *out, struct err *err);

/* False with ERR_UNSAFE for a folder that holds anything but an agent's data, since all of it is
 * removed with the agent. */
bool install_data_is_ours(const char *folder, struct err *err);

struct install_options {
    const char *program;            /* the agent to install; NULL: this one */
    const char *folder;             /* of its data */
    const char *args[INSTALL_ARGS]; /* what `service` gets besides, ended by NULL */
    /* Tells when the agent answers, for NULL: as soon as the service runs. */
    bool (*answers)(const char *folder, struct err *err);
    const struct steps_watch *watch; /* may be NULL */
};

/* Installs, or brings what is installed to this version and these options. *ret_changed is false
 * when everything stood already. */
bool install_run(const struct install_options *options, bool *ret_changed, struct err *err);

struct uninstall_options {
    const char *folder; /* of its data, removed with everything in it */
    /* Called once the agent is stopped and its data still there; its failure ends the removal.
     * NULL: nothing to do. */
    bool (*give_back)(void *user, struct err *err);
    void *user;
    const struct steps_watch *watch; /* may be NULL */
};

/* Removes service, event source, data and program. *ret_later is true when a file that is in use
 * goes with the next start of Windows. Nothing installed: true. */
bool uninstall_run(const struct uninstall_options *options, bool *ret_later, struct err *err);

/* Starts the removal of what is installed and returns: for the service itself, which must end
 * first. */
bool install_remove_later(struct err *err);

#endif
