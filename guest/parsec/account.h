/*
 * Signed in to Parsec or not, judged by the existence of user.bin and by the log. The file itself
 * is never read, copied or logged: it is the session.
 */
#ifndef GPUPV_GUEST_PARSEC_ACCOUNT_H
#define GPUPV_GUEST_PARSEC_ACCOUNT_H

#include "guest/machine/files.h"
#include "guest/parsec/log.h"
#include "guest/parsec/state.h"

enum account {
    ACCOUNT_NO, /* never signed in */
    ACCOUNT_YES,
    ACCOUNT_LOST, /* was signed in, and is no longer */
    ACCOUNTS
};

/* What was seen last; starts zeroed. */
struct account_view {
    enum account account;
    bool file;             /* user.bin exists in one of the places */
    int64_t modified_ms;   /* its time, 0 without a file */
    uint64_t refused_line; /* of the log: the last refusal that was weighed */
    int64_t refused_ms;    /* the file's time when that refusal was first seen */
};

/* Looks again; a file that is newer than the server's refusal is a new sign-in.
 * *ret_state_changed: state->account_seen was set and must be saved. */
bool account_look(struct files_port *files,
                  const struct parsec_log_state *log,
                  struct parsec_state *state,
                  struct account_view *view,
                  bool *ret_state_changed,
                  struct err *err);

#endif
