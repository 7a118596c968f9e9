/*
 * What the parts of the log's matcher share. Internal to guest/parsec/log*.c.
 */
#ifndef GPUPV_GUEST_PARSEC_LOG_MATCH_H
#define GPUPV_GUEST_PARSEC_LOG_MATCH_H

#include "guest/parsec/log.h"

#define LOG_NUMBER_MAX 1000000 /* larger numbers of the log are taken for this */

/* One line, taken apart. text is terminated. */
struct log_line {
    char level; /* 'F', 'I', 'D', 0 when the line has another form */
    int64_t time_s;
    const char *text;
};

/* Groups of troubles that one good sign disproves together. */
enum log_good {
    LOG_GOOD_PICTURE, /* a stream runs */
    LOG_GOOD_SERVER,  /* Parsec's servers answered */
    LOG_GOOD_SESSION, /* a new client connected: what is wrong will be said anew */
    LOG_GOODS
};

/* Notes that a line complains. */
void log_trouble(struct parsec_log_state *state,
                 const struct log_line *line,
                 enum parsec_trouble trouble,
                 int32_t code);

/* Lets the troubles of a group no longer stand. */
void log_disprove(struct parsec_log_state *state, enum log_good good);

/* Adds or removes a client by "name#id". */
void log_client_add(struct parsec_log_state *state, const char *name);
void log_client_remove(struct parsec_log_state *state, const char *name);

/* The number behind label within text, at most LOG_NUMBER_MAX; 0 when there is none. */
uint32_t log_number_after(const char *text, const char *label);

/* False when no rule, or no pair of `name = value`, knows the line. */
bool log_match_rules(struct parsec_log_state *state, const struct log_line *line);
bool log_match_pairs(struct parsec_log_state *state, const struct log_line *line);

#endif
