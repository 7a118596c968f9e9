/*
 * Short keys that change a simulated Windows from outside: "display.adapter=missing". One table;
 * the command `sim DISK break`, drifts in world files and tests use the same words.
 */
#ifndef GPUPV_SIM_EDIT_H
#define GPUPV_SIM_EDIT_H

#include "guest/machine/sim/disk.h"

/* A key and its values for listings: "missing|disabled"; a value in '<' '>' is free. */
struct edit_key {
    const char *key, *values;
};

/* The i-th key; NULL behind the last one. */
const struct edit_key *edit_key(size_t i);

/* True when the key exists and takes this value. */
bool edit_known(const char *key, const char *value);

/* Changes the world. ERR_USAGE for an unknown key (the nearest one in the sentence) or value (with
 * all values), ERR_CONFLICT when the world does not allow it now. */
bool edit_apply(struct sim_env *env, const char *key, const char *value, struct err *err);

#endif
