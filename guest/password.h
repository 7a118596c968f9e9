/*
 * The password of the account that Windows signs in by itself, where it lies readable: in answer
 * files of Setup that stay behind, and as a plain value beside Winlogon's settings. Hiding it keeps
 * the automatic sign-in: the value becomes a secret that only Windows reads (the system port), and
 * only then goes; the sign-ins are no longer counted, since the count was meant for Setup. Answer
 * files lose their passwords in place, each replaced whole or not at all; one that cannot be edited
 * is removed, since Setup is over. Every step may be done again after a crash.
 *
 * Nothing of it can be given back, and nothing of it is kept or logged. Job threads only. Facts:
 * guest.md 6.5; which files Setup looks for: imaging.md 1.7.
 */
#ifndef GPUPV_GUEST_PASSWORD_H
#define GPUPV_GUEST_PASSWORD_H

#include "guest/machine/machine.h"

#define PASSWORD_WINLOGON "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"

struct password_view {
    bool automatic;    /* Windows signs somebody in by itself */
    bool plain;        /* the value beside Winlogon's settings is there */
    const char *where; /* a place where it can be read, NULL: none was found */
};

/* Looks everywhere. What cannot be read is an error only when nothing else was found. */
bool password_look(struct machine *machine, struct password_view *ret_view, struct err *err);

/* Hides what can be read. */
bool password_hide(struct machine *machine, struct err *err);

#endif
