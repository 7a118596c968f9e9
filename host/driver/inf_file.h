/*
 * The text of a driver package's INF: sections, lines, strings, in UTF-16 or UTF-8 (or the old
 * code page, of which only ASCII counts). Read whole and checked against limits; a package's INF is
 * hostile input like any file. Names of sections, keys and strings compare without case; sections
 * of one name are one section. Facts: "General Syntax Rules for INF Files", "INF CopyFiles", "INF
 * CopyINF", "INF DestinationDirs" of the Windows driver kit. Pure; any thread.
 */
#ifndef GPUPV_DRIVER_INF_FILE_H
#define GPUPV_DRIVER_INF_FILE_H

#include "common/err.h"

#include <stdint.h>

#define INF_FILE_BYTES  (16u << 20)
#define INF_FILE_LINES  400000
#define INF_FILE_FIELDS 2000000
#define INF_TEXT_BYTES  512 /* of a value after its strings are filled in */

struct inf_file;

/* One line: "key = field, field" or "field, field". Strings are as in the file, without quotes,
 * owned by the file. */
struct inf_line {
    const char *section;
    const char *key; /* "" when there is none */
    size_t count;
    size_t first; /* of the fields; see inf_file_raw */
};

/* Reads the text; name is for errors. The caller frees with inf_file_free. ERR_BAD_INPUT,
 * ERR_TOO_LARGE. */
bool inf_file_parse(
    const char *name, const void *data, size_t length, struct inf_file **ret_inf, struct err *err);

/* Reads it from a file. */
bool inf_file_read(const char *path, struct inf_file **ret_inf, struct err *err);

/* NULL is fine. */
void inf_file_free(struct inf_file *inf);

/* The next line of a section (NULL: of the whole file) from *cursor (0 at first) on; false at the
 * end. */
bool inf_file_next(const struct inf_file *inf,
                   const char *section,
                   size_t *cursor,
                   struct inf_line *ret_line);

/* A field as it stands there, "" beyond the last. */
const char *inf_file_raw(const struct inf_file *inf, const struct inf_line *line, size_t index);

/* A field with its %strings% filled in (INF_TEXT_BYTES), "" when it is missing or too long. */
const char *
inf_file_field(const struct inf_file *inf, const struct inf_line *line, size_t index, char *out);

/* The field of the first line of section with this key; "" when there is none. */
const char *inf_file_value(
    const struct inf_file *inf, const char *section, const char *key, size_t index, char *out);

/* True when two names are the same to an INF. */
bool inf_file_same(const char *a, const char *b);

#endif
