/*
 * The command line as tables of options. Global options stand before or after the command's name;
 * `--name value`, `--name=value`, `-n value` and joined letters (-vf) are understood, `--` ends the
 * options. A wrong name is refused with the nearest right one. Pure; the values point into argv.
 */
#ifndef GPUPV_OPTIONS_H
#define GPUPV_OPTIONS_H

#include "common/err.h"

#include <stddef.h>

#define OPTIONS_MAX   32 /* rows of one table */
#define OPTION_TABLES 4

enum option_kind {
    OPTION_FLAG,
    OPTION_TEXT,
    OPTION_NUMBER,  /* least..most */
    OPTION_OPTIONAL /* --name or --name=value; never takes the next word */
};

struct option {
    const char *name; /* NULL ends a table */
    char letter;      /* 0: none */
    enum option_kind kind;
    const char *value; /* what stands for the value in the help: "N", "FILE" */
    enum text_id summary;
    int64_t least, most;
};

struct option_value {
    bool set;
    const char *text; /* NULL for flags */
    int64_t number;
};

/* A parsed command line. */
struct arguments {
    const struct option *tables[OPTION_TABLES]; /* set by the caller, unused ones NULL */
    struct option_value values[OPTION_TABLES][OPTIONS_MAX];
    const char **words; /* what is not an option; without the command's name when it was skipped */
    size_t word_count;
};

/* The index in argv of the first word that is no option and no value of an option in table; argc
 * when there is none. */
int options_first_word(const struct option *table, int argc, const char *const *argv);

/* Parses argv[1..argc), without argv[skip] (0: nothing skipped), by args->tables. ERR_USAGE.
 * arguments_done frees, also after a failure. */
bool options_parse(
    struct arguments *args, int argc, const char *const *argv, int skip, struct err *err);

/* Frees the list of words. */
void arguments_done(struct arguments *args);

/* The value of the option `name`, which must be in one of the tables; never NULL. */
const struct option_value *arguments_get(const struct arguments *args, const char *name);

/* The nearest of names[0..count) to word, NULL when none is near. */
const char *options_nearest(const char *word, const char *const *names, size_t count);

#endif
