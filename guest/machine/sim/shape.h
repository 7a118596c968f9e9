/*
 * Reading and writing plain C structs as JSON by tables: a shape lists a struct's fields with name,
 * kind and place. Reading is strict (unknown fields, wrong types, ranges and lengths are refused
 * with the path of the field, "devices[3].problem"); absent fields keep what init gave them.
 * Writing leaves out what equals init, so a file shows what matters. Pure.
 */
#ifndef GPUPV_SIM_SHAPE_H
#define GPUPV_SIM_SHAPE_H

#include "common/json.h"

#define SHAPE_FIELDS     48
#define SHAPE_ITEM_BYTES 1536 /* the largest struct that a list or object may hold */

enum shape_kind {
    SHAPE_TEXT,   /* char[size] */
    SHAPE_BOOL,   /* bool */
    SHAPE_INT32,  /* int32_t within min..max (0, 0: all) */
    SHAPE_UINT32, /* uint32_t up to max (0: all) */
    SHAPE_INT64,  /* int64_t; uint64_t up to 2^53 too */
    SHAPE_CHOICE, /* an enum whose values are names[0..] */
    SHAPE_OBJECT, /* a struct of `shape` */
    SHAPE_LIST,   /* an array of max structs of `shape`, its uint32_t count at count_offset */
    SHAPE_TEXTS   /* an array of max char[size], its uint32_t count at count_offset */
};

struct shape;

struct shape_field {
    const char *key;
    enum shape_kind kind;
    bool required; /* text: must be there; all kinds: always written */
    size_t offset, size;
    int64_t min, max;
    const char *const *names;
    size_t name_count;
    const struct shape *shape;
    size_t count_offset;
};

struct shape {
    const struct shape_field *fields;
    size_t count, size;
    void (*init)(void *item); /* NULL: zeroes */
};

/* Reads json into item, which the caller has initialised. known: further fields of the outermost
 * object that somebody else reads, ended by NULL; NULL for none. */
bool shape_read(const struct shape *shape,
                const cJSON *json,
                const char *const *known,
                void *item,
                struct err *err);

/* Writes the fields of item that differ from those of base into json. False: out of memory. */
bool shape_write(const struct shape *shape, const void *item, const void *base, cJSON *json);

#endif
