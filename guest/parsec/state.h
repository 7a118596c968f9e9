/*
 * What the agent remembers of Parsec between starts: parsec.json in its data folder. The strategy
 * that `auto` stands at with its evidence, which lines of the configuration the agent wrote and
 * what stood there before (so that they can be given back), and whether the account was ever seen
 * signed in. Plain data; saved whole and atomically. A damaged file costs only this memory: the
 * caller starts with parsec_state_init and says so.
 */
#ifndef GPUPV_GUEST_PARSEC_STATE_H
#define GPUPV_GUEST_PARSEC_STATE_H

#include "guest/parsec/config.h"

#define PARSEC_STATE_FILE "parsec.json"

/* Why `auto` left the owner's lines. */
enum parsec_evidence {
    PARSEC_EVIDENCE_NONE,
    PARSEC_EVIDENCE_LINES_REMOVED, /* Parsec took the lines out again */
    PARSEC_EVIDENCE_NO_MONITOR,    /* clients were connected and no virtual monitor appeared */
    PARSEC_EVIDENCES
};

struct parsec_state {
    enum profile_strategy profile_strategy; /* of the profile when the evidence was taken */
    enum config_strategy strategy;          /* where `auto` stands */
    enum parsec_evidence evidence;
    uint32_t removals;           /* times that Parsec took the strategy's lines out, lately */
    int64_t removal_wall_ms;     /* the last one */
    uint32_t no_monitor;         /* client connections without a virtual monitor */
    struct config_lines applied; /* the strategy's lines that the agent wrote last */
    struct config_lines before;  /* what stood in the files before its first edit of a key */
    bool account_seen;           /* somebody was signed in once */
};

/* Nothing remembered. */
void parsec_state_init(struct parsec_state *state);

/* Loads from folder; a missing file gives the initial state. ERR_BAD_INPUT when it is damaged. */
bool parsec_state_load(const char *folder, struct parsec_state *ret_state, struct err *err);

/* Saves into folder, private and atomic. */
bool parsec_state_save(const char *folder, const struct parsec_state *state, struct err *err);

/* Reads the form in which it is kept. */
bool parsec_state_parse(const cJSON *json, struct parsec_state *ret_state, struct err *err);

#endif
