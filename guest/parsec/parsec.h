/*
 * Everything the agent knows and has of Parsec, in one object that the engine owns and hands to the
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

#define PARSEC_SERVICE "Parsec"
#define PARSEC_PROCESS "parsecd.exe"

struct parsec {
    struct machine *machine;    /* not owned */
    char folder[FS_PATH_BYTES]; /* the agent's data folder */
    struct parsec_state state;
    struct err state_damaged; /* set when the memory could not be read and started anew */
    struct parsec_log *log;
    struct payload_store *payloads;
    struct holder *holder;
    struct signin signin;
    struct strategy_watch watch;
};

/* Opens the object; holder_clock times the keep-alives (clock_system, unless a test has its own).
 * The caller frees with parsec_close. */
bool parsec_open(struct machine *machine,
                 const char *folder,
                 struct clock *holder_clock,
                 struct parsec **ret_parsec,
                 struct err *err);

/* Releases a held monitor and frees; NULL is fine. */
void parsec_close(struct parsec *parsec);

/* Reads the log and weighs the evidence for the strategy; called once at the start of each pass of
 * the engine, before the checks. */
bool parsec_observe(struct parsec *parsec, const struct profile *profile, struct err *err);

/* The strategy in force. */
enum config_strategy parsec_strategy(const struct parsec *parsec, const struct profile *profile);

/* Saves the memory. */
bool parsec_save(struct parsec *parsec, struct err *err);

#endif
