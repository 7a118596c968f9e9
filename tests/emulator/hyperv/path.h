/* Paths of classes and instances: \\HOST\root\virtualization\v2:Class.Key="value",Key2=3. */
#ifndef GPUPV_TESTS_HYPERV_PATH_H
#define GPUPV_TESTS_HYPERV_PATH_H

#include "schema.h"

#include <cjson/cJSON.h>

struct path {
    const struct schema_class *class;
    cJSON *keys; /* {name as in the schema: value}, NULL for a class */
};

/* Reads a path, full or relative to space. WBEM_E_INVALID_OBJECT_PATH for what is none: wrong
 * escapes, names that are no keys, keys that are missing; WBEM_E_INVALID_CLASS; WBEM_E_NOT_FOUND
 * for other computers and namespaces. The caller calls path_done, also after a failure. */
HRESULT path_parse(const char *space, const char *text, struct path *ret_path);
void path_done(struct path *path);

/* "Class.Key=..." of an instance with these properties; NULL when a key has no value. Caller frees.
 */
char *path_relative(const struct schema_class *class, const cJSON *properties);

/* The same with computer and namespace in front. */
char *path_full(const struct schema_class *class, const cJSON *properties);

/* True when properties have the values of all keys, without case. */
bool path_matches(const struct path *path,
                  const struct schema_class *class,
                  const cJSON *properties);

#endif
