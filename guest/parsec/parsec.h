/*
 * Everything the agent knows and has of Parsec, in one object that the agent owns and hands to the
 * checks and repairs of the topics parsec, display, audio and legacy: the memory between starts,
 * the log reader, the payload store, the display holder and sign-in mode. One job thread at a time.
 */
#ifndef GPUPV_GUEST_PARSEC_PARSEC_H
#define GPUPV_GUEST_PARSEC_PARSEC_H

#include "guest/parsec/account.h"
#include "guest/parsec/config_apply.h"
#include "guest/parsec/holder.h"
#include "guest/parsec/installer.h"
#include "guest/parsec/signin.h"
#include "guest/parsec/strategy.h"

struct facts; /* guest/check/check.h */

struct parsec {
    struct machine *machine;    /* not owned */
    char folder[FS_PATH_BYTES]; /* the agent's data folder */
    struct parsec_state state;
    struct err damage; /* set when the memory could not be read and started anew: log it */
    struct parsec_log *log;
    struct err log_why; /* set while the log cannot be read */
    struct payload_store *payloads;
    struct holder *holder;
    struct signin signin;
    struct strategy_watch watch;
    struct account_view account; /* as parsec.account saw it last */
    bool lines_ok;               /* as parsec.config saw it last */
    int64_t dead_since_ms;       /* the service runs without parsecd since; 0: it does not */
};

/* Opens the object. holder_clock times the keep-alives (clock_system); NULL: no thread, the caller
 * steps the holder on the machine's clock. The caller frees with parsec_close. */
bool parsec_open(struct machine *machine,
                 const char *folder,
                 struct clock *holder_clock,
                 struct parsec **ret_parsec,
                 struct err *err);

/* Releases a held monitor and frees; NULL is fine. */
void parsec_close(struct parsec *parsec);

/* Once at the start of each pass, after facts_read: reads the log, goes on with sign-in mode,
 * weighs the evidence for the strategy and fills Parsec's part of the facts (clients, stream, hold,
 * signing_in). Never fails: what cannot be read is unknown (parsec->log_why). */
void parsec_observe(struct parsec *parsec, const struct profile *profile, struct facts *facts);

/* Saves the memory. */
bool parsec_save(struct parsec *parsec, struct err *err);

#endif
