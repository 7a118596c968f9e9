/*
 * The agent as a service of this computer: what is installed, installing and removing it. Windows
 * only (install_win32.c); elsewhere every function says ERR_UNSUPPORTED (install_none.c). Blocking;
 * one thread.
 */
#ifndef GPUPV_GUEST_INSTALL_H
#define GPUPV_GUEST_INSTALL_H

#include "common/fs.h"

#define INSTALL_SERVICE "gpupv-agent"

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
};

/* Looks at the service. */
bool install_look(struct install_state *ret_state, struct err *err);

#endif
