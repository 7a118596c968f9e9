/*
 * Editor for Parsec's two configuration files. Pure: bytes in, bytes out, no file is touched here
 * (config_apply.h does that).
 *
 * config.txt is `key = value` lines with `#` comments; config.json is an array of a warning string
 * and an object of {"key": {"value": X}}. Both are edited in place: only the lines or values that
 * differ change. Comments, order, line ends, a missing last newline, indentation, spaces around
 * `=`, unknown keys and bytes that mean nothing to us stay as they are; several lines of a wanted
 * key collapse to one; a JSON value keeps its type (number, string, bool). The result for a file
 * that already agrees is that same file: merging twice gives what merging once gives.
 *
 * Input is not trusted (ordinary users may write these files): sizes and depth are bounded.
 * Facts: guest.md 1.2 and 1.3.
 */
#ifndef GPUPV_GUEST_PARSEC_CONFIG_H
#define GPUPV_GUEST_PARSEC_CONFIG_H

#include "common/buf.h"
#include "common/profile.h"

#define CONFIG_MAX_BYTES ((size_t)1024 * 1024) /* Parsec's own files have a few KiB */
#define CONFIG_LINES     64

enum config_format { CONFIG_TEXT, CONFIG_JSON };

/* Which of Parsec's features gives the monitor (design, section 5). */
enum config_strategy { CONFIG_STRATEGY_PARSEC, CONFIG_STRATEGY_HOLD };

/* One wanted line. `absent` asks that the key does not stand in the file (value is ignored). */
struct config_line {
    char key[PROFILE_KEY_BYTES];
    char value[PROFILE_VALUE_BYTES];
    bool absent;
};

struct config_lines {
    struct config_line items[CONFIG_LINES];
    size_t count;
};

/* One difference between a file and what is wanted. */
struct config_change {
    char key[PROFILE_KEY_BYTES];
    char found[PROFILE_VALUE_BYTES]; /* harmless for a terminal; cut when longer */
    char wanted[PROFILE_VALUE_BYTES];
    bool present; /* the key stood in the file */
    bool absent;  /* it should not */
    bool odd;     /* it stood there, but not as one value */
};

struct config_diff {
    struct config_change items[CONFIG_LINES];
    size_t count;
    bool encoding; /* a byte order mark or UTF-16 that Parsec does not read */
};

/* The lines that profile wants under strategy: the baseline, then the user's further lines, then
 * those of the strategy and the proxy, which nothing overrides. */
void config_wanted(const struct profile *profile,
                   enum config_strategy strategy,
                   struct config_lines *ret_lines);

/* Sets key to value, or to absent when value is NULL, replacing an earlier line of that key. False
 * when it does not fit. */
bool config_lines_set(struct config_lines *lines, const char *key, const char *value);

/* The line of key, NULL when there is none. */
const struct config_line *config_lines_find(const struct config_lines *lines, const char *key);

/* True when lines of this key decide who gives the monitor or which proxy is used, so that the
 * user's own line must not stand against them. */
bool config_key_is_ours(const char *key);

/* True when a and b mean the same for key: 1 and true for switches, 010 and 10 for numbers. */
bool config_value_equal(const char *key, const char *a, const char *b);

/* Merges wanted into the file's bytes: *ret_diff says what differed, out gets the new file (the
 * same bytes when ret_diff->count is 0 and the encoding is fine). An empty file is fine.
 * ERR_BAD_INPUT for a config.json that is not of Parsec's form and for damaged UTF-16,
 * ERR_TOO_LARGE. out is empty before, or NULL when only the differences are asked for. */
bool config_merge(enum config_format format,
                  const void *data,
                  size_t length,
                  const struct config_lines *wanted,
                  struct buf *out,
                  struct config_diff *ret_diff,
                  struct err *err);

/* Reads the value of one key as text, cut to size; *ret_present tells whether it stands there. */
bool config_read(enum config_format format,
                 const void *data,
                 size_t length,
                 const char *key,
                 char *out,
                 size_t size,
                 bool *ret_present,
                 struct err *err);

#endif
