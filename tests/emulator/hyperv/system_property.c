/* System properties of objects: __CLASS, __PATH and their like. Facts: MicrosoftDocs, "WMI System
 * Properties". */
#include "object.h"

#include "hyperv.h"
#include "path.h"

#include <stdlib.h>
#include <string.h>

#include <oleauto.h>

static const char *const names[] = {
    "__GENUS",
    "__CLASS",
    "__SUPERCLASS",
    "__DYNASTY",
    "__RELPATH",
    "__PROPERTY_COUNT",
    "__DERIVATION",
    "__SERVER",
    "__NAMESPACE",
    "__PATH",
};

enum {
    GENUS,
    CLASS,
    SUPERCLASS,
    DYNASTY,
    RELPATH,
    PROPERTY_COUNT,
    DERIVATION,
    SERVER,
    SPACE,
    PATH
};

const char *object_system_name(size_t index)
{
    return index < ARRAY_SIZE(names) ? names[index] : NULL;
}

static void put_text(VARIANT *v, const char *text)
{
    V_VT(v) = text ? VT_BSTR : VT_NULL;
    if (text)
        V_BSTR(v) = emulator_bstr(text);
}

static void put_number(VARIANT *v, CIMTYPE *type, LONG number)
{
    *type = CIM_SINT32;
    V_VT(v) = VT_I4;
    V_I4(v) = number;
}

/* Takes text. */
static void put_path(VARIANT *v, char *text, bool relative)
{
    const char *shown = text;

    if (shown && relative) {
        shown = strchr(shown + 2, ':');
        shown = shown ? shown + 1 : text;
    }
    put_text(v, shown);
    free(text);
}

static LONG count_properties(const struct object *object)
{
    LONG count = 0;

    if (object->selected)
        return cJSON_GetArraySize(object->selected);
    while (schema_property_at(object->class, (size_t)count))
        count++;
    return count;
}

static void put_derivation(VARIANT *v, CIMTYPE *type, const struct schema_class *class)
{
    LONG count = 0, index = 0;

    for (const struct schema_class *at = class->parent; at; at = at->parent)
        count++;
    *type = CIM_STRING | CIM_FLAG_ARRAY;
    V_VT(v) = VT_ARRAY | VT_BSTR;
    V_ARRAY(v) = SafeArrayCreateVector(VT_BSTR, 0, (ULONG)count);
    for (const struct schema_class *at = class->parent; at; at = at->parent) {
        BSTR text = emulator_bstr(at->name);

        SafeArrayPutElement(V_ARRAY(v), &index, text);
        SysFreeString(text);
        index++;
    }
}

static const char *dynasty(const struct schema_class *class)
{
    while (class->parent)
        class = class->parent;
    return class->name;
}

static size_t index_of(const char *name)
{
    size_t index = 0;

    while (index < ARRAY_SIZE(names) && _stricmp(names[index], name))
        index++;
    return index;
}

bool object_system_property(const struct object *object,
                            const char *name,
                            VARIANT *ret_variant,
                            CIMTYPE *ret_type)
{
    const struct schema_class *class = object->class;
    bool parameters = !strcmp(class->name, "__PARAMETERS");

    VariantInit(ret_variant);
    *ret_type = CIM_STRING;
    switch (index_of(name)) {
    case GENUS:
        put_number(
            ret_variant, ret_type, object->is_class ? WBEM_GENUS_CLASS : WBEM_GENUS_INSTANCE);
        return true;
    case CLASS:
        put_text(ret_variant, class->name);
        return true;
    case SUPERCLASS:
        put_text(ret_variant, class->parent ? class->parent->name : class->parent_name);
        return true;
    case DYNASTY:
        put_text(ret_variant, dynasty(class));
        return true;
    case RELPATH:
    case PATH:
        put_path(ret_variant, object_path(object), index_of(name) == RELPATH);
        return true;
    case PROPERTY_COUNT:
        put_number(ret_variant, ret_type, count_properties(object));
        return true;
    case DERIVATION:
        put_derivation(ret_variant, ret_type, class);
        return true;
    case SERVER:
        put_text(ret_variant, parameters ? NULL : emulator_host());
        return true;
    case SPACE:
        put_text(ret_variant, parameters ? NULL : class->space);
        return true;
    default:
        return false;
    }
}
