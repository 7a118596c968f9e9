/*
 * Strict JSON on top of cJSON: everything that comes from a file or a peer goes through json_parse,
 * which refuses what cJSON lets pass (trailing bytes, duplicate keys, bad UTF-8, control characters
 * in strings, lone surrogates, numbers that are not finite) and keeps limits before any memory is
 * spent. The getters name the field in the error with its path. Pure; safe on any thread. Trees are
 * freed with cJSON_Delete.
 */
#ifndef GPUPV_JSON_H
#define GPUPV_JSON_H

#include "buf.h"
#include "err.h"

#include <cjson/cJSON.h>

struct json_limits {
    size_t bytes;
    unsigned depth;  /* nested arrays and objects */
    size_t elements; /* values in the whole text */
};

extern const struct json_limits
    json_limits_message; /* one control message: 256 KiB, depth 16, 20,000 values */
extern const struct json_limits
    json_limits_file; /* our own files: 4 MiB, depth 24, 200,000 values */

/* Parses exactly one JSON value. The caller frees *ret_json with cJSON_Delete. */
bool json_parse(const char *text,
                size_t length,
                const struct json_limits *limits,
                cJSON **ret_json,
                struct err *err);

/* Reads and parses a file, which may begin with a UTF-8 byte order mark; a missing file is
 * ERR_NOT_FOUND. */
bool json_read_file(const char *path,
                    const struct json_limits *limits,
                    cJSON **ret_json,
                    struct err *err);

/* Appends json to out, compact, pure ASCII (\u escapes). False when out is full. */
bool json_write(const cJSON *json, struct buf *out);

/* The same with line ends and indentation, UTF-8 kept: for files that people read. */
bool json_write_pretty(const cJSON *json, struct buf *out);

/* Field `key` of object as a string; absent gives fallback (NULL makes the field required). The
 * pointer belongs to object. */
bool json_string(const cJSON *object,
                 const char *key,
                 const char *fallback,
                 const char **ret_value,
                 struct err *err);

/* The same into a fixed array, refused with ERR_TOO_LARGE when it does not fit; an empty fallback
 * makes it optional. */
bool json_string_into(const cJSON *object,
                      const char *key,
                      const char *fallback,
                      char *out,
                      size_t size,
                      struct err *err);

/* Field as a whole number within [min, max]; absent leaves *ret_value as it is. */
bool json_int(const cJSON *object,
              const char *key,
              int64_t min,
              int64_t max,
              int64_t *ret_value,
              struct err *err);

/* Field as true or false; absent leaves *ret_value as it is. */
bool json_bool(const cJSON *object, const char *key, bool *ret_value, struct err *err);

/* Field as one of names[0..count); absent leaves *ret_index as it is. */
bool json_choice(const cJSON *object,
                 const char *key,
                 const char *const *names,
                 size_t count,
                 int *ret_index,
                 struct err *err);

/* Field as an object or array; absent gives true and NULL. */
bool json_object(const cJSON *object, const char *key, const cJSON **ret_value, struct err *err);
bool json_array(const cJSON *object, const char *key, const cJSON **ret_value, struct err *err);

/* Puts the name of the parent in front of the field that err names, so that a parser of nested
 * objects reports "display.modes" (json_in) or "display.modes[2].hz" (json_in_item). Only for
 * errors of the getters, or others whose first argument is the field ("" for the parent itself).
 * Return false. */
bool json_in(const char *parent, struct err *err);
bool json_in_item(const char *parent, size_t index, struct err *err);

/* False with the name and the nearest known name when object has a field that is not in known
 * (ended by NULL). */
bool json_only_known(const cJSON *object, const char *const *known, struct err *err);

/* The largest whole number that JSON carries exactly, as cJSON's numbers are doubles. */
#define JSON_INT_MAX ((INT64_C(1) << 53) - 1)

/* Adds a whole number; values beyond +-JSON_INT_MAX are refused (false). */
bool json_add_int(cJSON *object, const char *key, int64_t value);

#endif
