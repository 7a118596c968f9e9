/* The state of the machine, shared by all programs of a prefix: rows, each an instance of a class,
 * {"class": C, "p": {properties}} and what the emulator itself remembers beside them, in one file.
 * Everything here needs store_open before and store_close behind; rows are valid between them, but
 * not beyond store_undo. */
#ifndef GPUPV_TESTS_HYPERV_STORE_H
#define GPUPV_TESTS_HYPERV_STORE_H

#include "path.h"
#include "schema.h"

#include <cjson/cJSON.h>

/* Takes the lock, reads the state (a seed when there is none), and lets what is due happen. */
void store_open(void);

/* Writes what changed and gives the lock back. */
void store_close(void);

/* For steps that may fail in the middle: the state as it is, and back to it (frees the copy) or
 * not. */
cJSON *store_copy(void);
void store_undo(cJSON *copy);
void store_keep(cJSON *copy);

/* Marks the state as changed; the setters below do. */
void store_changed(void);

/* A value of the whole state: "jobs", ... */
cJSON *store_root(void);

/* Rows in order: the first, the next; of any class. */
cJSON *store_first(void);

/* The next row of that class or a descendant after `after` (NULL: from the start). */
cJSON *store_next(const char *class, const cJSON *after);

/* The row with that value of a property, without case; NULL. */
cJSON *store_find(const char *class, const char *property, const char *value);

/* The row that a path names, NULL: none. space of the path text: root\virtualization\v2. */
cJSON *store_at(const struct path *path);
cJSON *store_at_text(const char *text);

/* A new row without properties; removing one. */
cJSON *store_add(const char *class);
void store_remove(cJSON *row);

/* A row's class and properties. */
const struct schema_class *row_class(const cJSON *row);
bool row_is(const cJSON *row, const char *class);
cJSON *row_properties(const cJSON *row);
char *row_path(const cJSON *row); /* full; caller frees */

/* Properties; what is null reads as "", otherwise. */
const char *row_text(const cJSON *row, const char *property);
int64_t row_number(const cJSON *row, const char *property, int64_t otherwise);
bool row_bool(const cJSON *row, const char *property);
const char *row_item(const cJSON *row, const char *property, int index); /* of an array; NULL */

/* Sets a property from text, as its type in the schema has it (an array: of this one element); NULL
 * makes it null. A property that this build lacks is passed over. */
void row_set(cJSON *row, const char *property, const char *text);
void row_set_number(cJSON *row, const char *property, int64_t number);
void row_set_json(cJSON *row, const char *property, cJSON *value); /* takes value, NULL: null */

/* Sets many: "A=1;B=text;C=" (C becomes empty text). */
void row_set_all(cJSON *row, const char *pairs);

/* What the emulator remembers beside the properties. */
double memo(const cJSON *row, const char *name, double otherwise);
const char *memo_text(const cJSON *row, const char *name);
void memo_set(cJSON *row, const char *name, double value);
void memo_set_text(cJSON *row, const char *name, const char *text);
void memo_set_json(cJSON *row, const char *name, cJSON *value); /* takes value */

#endif
