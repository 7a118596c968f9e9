/*
 * What the agent takes for granted of a guest and only a real one can confirm (guest.md 8 and the
 * points marked there, hvsocket.md 13), as probes for common/selftest.h. They ask through the
 * ports, so that the simulated machine answers them too, and change nothing.
 *
 * Left out, because asking would change the machine or needs the host: which switches Parsec's
 * installer needs (its result is judged after every installation), the driver's call that chooses
 * the graphics card, the delay of the service's trigger, the states of a VM that is off, saved or
 * paused, and what a suspended VM does to a connection.
 */
#ifndef GPUPV_GUEST_SELFTEST_H
#define GPUPV_GUEST_SELFTEST_H

#include "common/selftest.h"
#include "guest/check/check.h"
#include "guest/parsec/installed.h"
#include "guest/parsec/log.h"

/* What the probes look at; `user` of their run. */
struct selftest_guest {
    struct machine *machine;
    const char *folder; /* of the agent's data */
    struct facts facts;
    bool installed_known;
    struct err installed_why;
    struct parsec_installed installed;
    struct parsec_log *log;
    bool log_known;
    struct err log_why;
};

/* Reads what several probes share. Undone by selftest_guest_done, also after a failure. */
bool selftest_guest_open(struct selftest_guest *guest,
                         struct machine *machine,
                         const char *folder,
                         struct err *err);
void selftest_guest_done(struct selftest_guest *guest);

/* The table. */
const struct selftest_probe *selftest_guest_rows(size_t *ret_count);

/* The probes of selftest_link.c: who excludes whom from a service id of Hyper-V's sockets. */
void selftest_link_twice(void *user, struct selftest_answer *ret_answer);
void selftest_link_everybody(void *user, struct selftest_answer *ret_answer);

#endif
