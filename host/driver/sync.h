/*
 * Bringing a package into a running guest: what it has is compared with what it must have, only
 * what differs is sent (over the bulk connection, in the session where there is none), again from
 * where it was when the link breaks, and committed. What the guest answers is not trusted.
 * Blocking; one thread for one client; a package may serve many at once.
 */
#ifndef GPUPV_DRIVER_SYNC_H
#define GPUPV_DRIVER_SYNC_H

#include "host/driver/driver_package.h"
#include "host/guest/client.h"

/* What the guest says of a package. */
enum sync_state { SYNC_NONE, SYNC_DONE, SYNC_WAITING, SYNC_REBOOT, SYNC_STATES };

struct sync_result {
    enum sync_state state;
    char guest[40];          /* version that is in place in the guest, "" none */
    size_t files;            /* that differ: to be sent, or sent */
    uint64_t bytes;          /* of them */
    size_t strange;          /* files in the guest that do not belong there */
    int64_t flush_ms;        /* how long the commit took */
    struct manifest lacking; /* the files that differ; the caller ends it with sync_done */
};

struct sync_options {
    bool full;        /* every file of the guest is read */
    const char *when; /* "idle", "boot", "now"; NULL: as the profile says */
    /* Told how many bytes of how many are sent; may be NULL. */
    void (*on_progress)(uint64_t sent, uint64_t total, void *user);
    void *user;
};

/* Compares. *ret_result is to be ended with sync_done. */
bool sync_compare(struct client *client,
                  const struct driver_package *package,
                  const struct sync_options *options,
                  struct sync_result *ret_result,
                  struct err *err);

/* Compares, sends, commits. address: where the guest's agent listens. */
bool sync_run(struct client *client,
              const struct link_address *address,
              const struct driver_package *package,
              const struct sync_options *options,
              struct sync_result *ret_result,
              struct err *err);

/* Frees what a result holds; an empty one is fine. */
void sync_done(struct sync_result *result);

/* Whether the guest has it all, in place or waiting. */
bool sync_is_complete(const struct sync_result *result);

/* Stable name of a state, as in the protocol. */
const char *sync_state_name(enum sync_state state);

#endif
