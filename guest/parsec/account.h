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

struct account_view {
    enum account account;
    bool file;           /* user.bin exists in one of the places */
    int64_t modified_ms; /* its time, 0 without a file */
};

/* Looks; state->account_seen is set when the account is there (the caller saves it). */
bool account_look(struct files_port *files,
                  const struct parsec_log_state *log,
                  struct parsec_state *state,
                  struct account_view *ret_view,
                  struct err *err);

#endif
