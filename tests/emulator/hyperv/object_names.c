/* Names of an object's properties, in order: system properties, then the others. */
#include "object.h"

#include <string.h>

bool object_selected(const struct object *object, const char *name)
{
    const cJSON *item;

    if (!object->selected)
        return true;
    cJSON_ArrayForEach(item, object->selected) if (!_stricmp(item->valuestring, name)) return true;
    return false;
}

static bool wanted(const struct object *self, const struct schema_property *p, LONG flags)
{
    LONG origin = flags & WBEM_MASK_CONDITION_ORIGIN;

    if (!object_selected(self, p->name) || origin == WBEM_FLAG_SYSTEM_ONLY)
        return false;
    if ((flags & WBEM_FLAG_KEYS_ONLY) && !p->key)
        return false;
    if ((flags & WBEM_FLAG_REFS_ONLY) && (p->type & ~CIM_FLAG_ARRAY) != CIM_REFERENCE)
        return false;
    if (origin == WBEM_FLAG_LOCAL_ONLY)
        return p->declared == self->class;
    return origin != WBEM_FLAG_PROPAGATED_ONLY || p->declared != self->class;
}

static bool wants_system(LONG flags)
{
    LONG origin = flags & WBEM_MASK_CONDITION_ORIGIN;

    return !(flags & (WBEM_FLAG_KEYS_ONLY | WBEM_FLAG_REFS_ONLY)) &&
           (!origin || origin == WBEM_FLAG_SYSTEM_ONLY);
}

const char *object_next_name(const struct object *self, LONG *cursor, LONG flags)
{
    LONG systems = 0;
    const struct schema_property *p;

    while (object_system_name((size_t)systems))
        systems++;
    if (*cursor < systems && !wants_system(flags))
        *cursor = systems;
    if (*cursor < systems)
        return object_system_name((size_t)(*cursor)++);
    while ((p = schema_property_at(self->class, (size_t)(*cursor - systems)))) {
        (*cursor)++;
        if (wanted(self, p, flags))
            return p->name;
    }
    return NULL;
}
