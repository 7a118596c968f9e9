/* IWbemClassObject: a class, an instance of one, or the parameters of a method. It owns its
 * properties; what it was read from does not change with it, nor the other way round. One thread at
 * a time. */
#ifndef GPUPV_TESTS_HYPERV_OBJECT_H
#define GPUPV_TESTS_HYPERV_OBJECT_H

#include "schema.h"

#include <cjson/cJSON.h>

struct object {
    IWbemClassObject iface; /* first: what clients hold */
    LONG references;
    const struct schema_class *class;
    cJSON *properties; /* {name as in the schema: value}; what is not there is null */
    cJSON *selected;   /* names of a SELECT, or NULL for all */
    bool is_class;
    LONG cursor, method_cursor; /* -1: no enumeration */
    LONG cursor_flags;
};

/* An instance; takes properties (NULL: none). */
struct object *object_new(const struct schema_class *class, cJSON *properties);

/* The class itself. */
struct object *object_new_class(const struct schema_class *class);

/* Ours behind the interface, NULL when it is somebody else's. */
struct object *object_of(IWbemClassObject *iface);

/* An instance as {"class", "p"} and back. object_to_json: NULL when it is none of ours; the caller
 * frees. object_from_json: one reference. */
cJSON *object_to_json(IUnknown *unknown);
IWbemClassObject *object_from_json(const char *space, const cJSON *json);

/* The value of a property by its name in any case, or NULL. */
const cJSON *object_value(const struct object *object, const char *name);

/* Whether a SELECT has left the property in. */
bool object_selected(const struct object *object, const char *name);

/* The name at *cursor or behind that the flags of BeginEnumeration let through; NULL at the end. */
const char *object_next_name(const struct object *object, LONG *cursor, LONG flags);

/* Its full path, NULL when it has none: a key is missing. Caller frees. */
char *object_path(const struct object *object);

/* Its qualifiers: of the class, of one of its properties or of one of its methods. */
HRESULT qualifiers_of_class(const struct schema_class *class, IWbemQualifierSet **ret_set);
HRESULT qualifiers_of_property(const struct schema_property *property, IWbemQualifierSet **ret_set);
HRESULT qualifiers_of_method(const struct schema_method *method, IWbemQualifierSet **ret_set);

/* System properties: __CLASS and its like. false: no such name. The caller clears *ret_variant. */
bool object_system_property(const struct object *object,
                            const char *name,
                            VARIANT *ret_variant,
                            CIMTYPE *ret_type);
const char *object_system_name(size_t index); /* NULL at the end */

#endif
