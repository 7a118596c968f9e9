/*
 * The door for commands on the same machine (`gpupv-agent status`, `check`, `repair`): the running
 * agent listens on a pipe (a unix socket elsewhere) that only administrators may open, and speaks
 * the same protocol as with the host. How to find and enter it lies in local.json in the agent's
 * data: a name and a secret, both new with every start, so that nobody can wait on the pipe in the
 * agent's place and be believed. The file is private, like the pipe; whoever can read it may do
 * what administrators may.
 */
#ifndef GPUPV_GUEST_LOCAL_DOOR_H
#define GPUPV_GUEST_LOCAL_DOOR_H

#include "common/key.h"
#include "common/link.h"

#define LOCAL_DOOR_FILE     "local.json"
#define LOCAL_DOOR_IDENTITY "local:administrator" /* of the TLS handshake; of no key */

struct local_door {
    struct link_address address;
    uint8_t secret[KEY_SECRET_BYTES];
    char token[33]; /* of the address */
};

/* A new door of the data folder; nothing is written yet. */
bool local_door_make(const char *folder, struct local_door *ret_door, struct err *err);

/* Tells commands where it is; once it listens. */
bool local_door_tell(const char *folder, const struct local_door *door, struct err *err);

/* Finds the door that an agent told of. ERR_NOT_FOUND: none runs, or it ended well; ERR_DENIED: not
 * an administrator. One that is found may be of an agent that died. */
bool local_door_find(const char *folder, struct local_door *ret_door, struct err *err);

/* The agent ends: forgets the door. */
void local_door_forget(const char *folder);

#endif
