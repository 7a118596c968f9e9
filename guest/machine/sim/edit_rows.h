/*
 * The rows of the table of short keys, by subject; for edit.c and the files of the rows only.
 */
#ifndef GPUPV_SIM_EDIT_ROWS_H
#define GPUPV_SIM_EDIT_ROWS_H

#include "guest/machine/sim/edit.h"

/* A row says in one of three ways what its key does: a function, a text of the world, or a flag
 * that the second of two values sets. */
struct edit_row {
    struct edit_key about;
    bool (*apply)(struct sim_env *env, const char *value, struct err *err);
    size_t offset, text_size; /* text_size 0: a flag */
};

#define EDIT_TEXT(member)                                                                          \
    .offset = offsetof(struct world, member), .text_size = sizeof(((struct world *)0)->member)
#define EDIT_FLAG(member) .offset = offsetof(struct world, member)

#define EDIT_SERVICE_VALUES "running|stopped|disabled|broken"

/* Each ended by a NULL key. */
extern const struct edit_row edit_device_rows[], edit_parsec_rows[], edit_system_rows[];

/* True when value is this word. */
bool edit_is(const char *value, const char *word);

/* Puts a service into one of EDIT_SERVICE_VALUES, at once. */
void edit_service(struct sim_env *env, struct world_service *service, const char *value);

#endif
