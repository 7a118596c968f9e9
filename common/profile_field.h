/*
 * The plain fields of a profile as a table, from which reading, writing and comparing follow; what
 * is no single value (modes, Parsec's lines, the proxy) has code of its own. Private to profile*.c.
 */
#ifndef GPUPV_PROFILE_FIELD_H
#define GPUPV_PROFILE_FIELD_H

#include "profile.h"

#include <stddef.h>

enum profile_field_type { PROFILE_FIELD_BOOL, PROFILE_FIELD_NUMBER, PROFILE_FIELD_CHOICE };

struct profile_field {
    const char *section; /* NULL: at the top */
    const char *key;
    enum profile_field_type type;
    size_t offset;            /* in struct profile: bool, uint32_t or an enum */
    uint32_t min, max;        /* PROFILE_FIELD_NUMBER */
    const char *const *names; /* PROFILE_FIELD_CHOICE, ended by NULL */
};

/* All plain fields, ended by a key NULL; fields of one section stand together. */
extern const struct profile_field profile_fields[];

/* Names of enum profile_proxy, ended by NULL. */
extern const char *const profile_proxy_names[];

/* The value of a plain field as a number. */
uint32_t profile_field_get(const struct profile *profile, const struct profile_field *field);

/* Sets it; value is in range. */
void profile_field_set(struct profile *profile, const struct profile_field *field, uint32_t value);

#endif
