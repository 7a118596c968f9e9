/*
 * Where Parsec's configuration files lie and how they are read and written: the part that
 * config_look.c and config_apply.c share. Internal to them.
 */
#ifndef GPUPV_GUEST_PARSEC_CONFIG_PLACE_H
#define GPUPV_GUEST_PARSEC_CONFIG_PLACE_H

#include "guest/parsec/config_apply.h"

struct config_place_row {
    enum file_root root;
    const char *name;
    enum config_format format;
};

/* The row of a place. */
const struct config_place_row *config_place_row(enum config_place place);

/* True when the profile's scope lets the agent touch the place. */
bool config_in_scope(const struct profile *profile, enum config_place place);

/* Appends the file to out; a missing one is true with *ret_exists false. */
bool config_read_place(struct files_port *files,
                       enum config_place place,
                       struct buf *out,
                       bool *ret_exists,
                       struct err *err);

/* The folder that Parsec uses. */
bool config_live_root(struct machine *machine,
                      const struct profile *profile,
                      const struct parsec_log *log,
                      enum file_root *ret_root,
                      struct err *err);

/* The lines to have: those of the profile, and for keys that the agent wrote and no longer wants,
 * what stood there before. */
void config_wanted_now(const struct profile *profile,
                       const struct parsec_state *state,
                       struct config_lines *ret_lines);

/* Compares all files with lines, without weighing evidence. */
bool config_compare(struct machine *machine,
                    const struct profile *profile,
                    const struct parsec_log *log,
                    const struct config_lines *lines,
                    struct config_view *ret_view,
                    struct err *err);

#endif
