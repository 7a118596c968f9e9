/*
 * Whether and for whom Parsec is installed: by its entry among the installed programs (the 32-bit
 * view of the registry), its service and its program file, never by its configuration, which stays
 * behind when it is removed. Only reads. Job threads only. Facts: guest.md 1.1.
 */
#ifndef GPUPV_GUEST_PARSEC_INSTALLED_H
#define GPUPV_GUEST_PARSEC_INSTALLED_H

#include "guest/machine/machine.h"

#define PARSEC_UNINSTALL_KEY                                                                       \
    "HKLM32\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Parsec"

enum parsec_scope {
    PARSEC_SCOPE_NONE,
    PARSEC_SCOPE_SHARED, /* for the computer: with a service */
    PARSEC_SCOPE_USER    /* for one user: everything in that user's data folder, no service */
};

struct parsec_installed {
    enum parsec_scope scope;
    bool listed;      /* Windows has it among the computer's installed programs */
    bool service;     /* the service exists */
    bool program;     /* the program file is where the scope has it */
    char version[32]; /* as it is listed, "" unknown */
};

/* Looks. */
bool parsec_installed_look(struct machine *machine,
                           struct parsec_installed *ret_installed,
                           struct err *err);

#endif
