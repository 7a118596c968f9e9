/*
 * The plain fields of a VM spec as a table, from which reading and writing follow, and against
 * which packaging/vm-spec.schema.json is checked; the part "guest" is a profile (profile_field.h).
 */
#ifndef GPUPV_HOST_SPEC_FIELD_H
#define GPUPV_HOST_SPEC_FIELD_H

#include "host/spec.h"

#include <stddef.h>

enum spec_field_type { SPEC_FIELD_TEXT, SPEC_FIELD_NUMBER, SPEC_FIELD_CHOICE, SPEC_FIELD_BOOL };

struct spec_field {
    const char *section; /* NULL: at the top */
    const char *key;
    enum spec_field_type type;
    size_t offset;            /* in struct spec: char[], uint32_t, an enum or bool */
    size_t size;              /* SPEC_FIELD_TEXT: bytes with the terminating 0 */
    uint32_t min, max;        /* SPEC_FIELD_NUMBER */
    bool optional;            /* SPEC_FIELD_NUMBER: 0 says "none" and is not written */
    const char *const *names; /* SPEC_FIELD_CHOICE, ended by NULL */
};

/* All plain fields, ended by a key NULL; fields of one section stand together. */
extern const struct spec_field spec_fields[];

/* The names of the sections, ended by NULL. */
extern const char *const spec_sections[];

#endif
