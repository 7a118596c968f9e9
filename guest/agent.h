/*
 * The agent: opens the machine, gives a lost display back before anything else, keeps the engine
 * making passes, and answers the host. agent_run blocks until the machine is going down, a signal
 * or agent_stop asks it to end.
 *
 * Threads: the loop's thread owns sessions, profile, key and the last health report; everything
 * that touches the machine (engine, Parsec, payloads) runs as jobs, one at a time; a small thread
 * waits for changes of the machine.
 */
#ifndef GPUPV_GUEST_AGENT_H
#define GPUPV_GUEST_AGENT_H

#include "common/link.h"

/* The process ends with this when the host has released the machine: the agent's data is gone and
 * nothing starts it again. Reboots and shutdowns end it with the code of options->power. */
#define AGENT_EXIT_RELEASED 197

struct agent_control;
struct machine;

struct agent_options {
    const char *folder;          /* data: key, profile, journal, payloads, log; made when missing */
    struct machine *machine;     /* not owned; open */
    struct link_address address; /* where the host finds us */
    bool listens;                /* false: no host, the engine alone */
    /* Tells that the machine goes down and which code the process then ends with, 0 while it stays
     * up. NULL: Windows ends the service by itself. Job threads. */
    int (*power)(struct machine *machine);
    struct agent_control *control; /* other threads' way in; NULL: none */
};

/* Runs until asked to stop. False when it could not start (err says why; the display was given back
 * all the same). *ret_exit is 0 or what options->power said. */
bool agent_run(const struct agent_options *options, int *ret_exit, struct err *err);

#endif
