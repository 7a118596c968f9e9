/*
 * What the agent remembers of Parsec between starts: parsec.json in its data folder. The strategy
 * that `auto` stands at with its evidence, which configuration lines the agent wrote and what stood
 * there before (so that they can be given back), whether the account was ever seen signed in, and
 * which leftovers of Easy-GPU-PV were put to rest. Plain data; saved whole and atomically. A
 * damaged file costs only this memory: the caller starts with parsec_state_init and says so.
 */
#ifndef GPUPV_GUEST_PARSEC_STATE_H
#define GPUPV_GUEST_PARSEC_STATE_H

#include "guest/parsec/config.h"

#define PARSEC_STATE_FILE  "parsec.json"
#define PARSEC_STATE_TASKS 16
#define PARSEC_TASK_BYTES  128

/* Why `auto` left the owner's lines. */
enum parsec_evidence {
    PARSEC_EVIDENCE_NONE,
    PARSEC_EVIDENCE_LINES_REMOVED, /* Parsec took the lines out again */
    PARSEC_EVIDENCE_NO_MONITOR,    /* clients were connected and no virtual monitor appeared */
    PARSEC_EVIDENCES
};

struct parsec_state {
    enum config_strategy strategy; /* of `auto` */
    enum parsec_evidence evidence;
    int64_t evidence_wall_ms;
    uint32_t removals;    /* times that Parsec removed or changed the strategy's lines */
    uint32_t no_monitor;  /* client connections without a virtual monitor */
    int64_t applied_ms;   /* wall time of the last edit, 0: never */
    bool applied_settled; /* the files were read again after that edit and agreed */
    /* What stood in the files before the agent's first edit of a key. */
    struct config_lines before;
    bool account_seen; /* user.bin was there once */
    /* Scheduled tasks that the agent disabled. */
    char tasks[PARSEC_STATE_TASKS][PARSEC_TASK_BYTES];
    uint32_t task_count;
    bool scripts_removed; /* the logon script was taken out; its copy lies in legacy/ */
};

/* Nothing remembered. */
void parsec_state_init(struct parsec_state *state);

/* Loads from folder; a missing file gives the initial state. ERR_BAD_INPUT when it is damaged. */
bool parsec_state_load(const char *folder, struct parsec_state *ret_state, struct err *err);

/* Saves into folder, private and atomic. */
bool parsec_state_save(const char *folder, const struct parsec_state *state, struct err *err);

#endif
