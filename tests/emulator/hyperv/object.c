/* See object.h. Facts: MicrosoftDocs, IWbemClassObject. */
#include "object.h"

#include "hyperv.h"
#include "path.h"
#include "text.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

#include <oleauto.h>

static const IWbemClassObjectVtbl methods;

struct object *object_of(IWbemClassObject *iface)
{
    return iface && iface->lpVtbl == &methods ? (struct object *)(void *)iface : NULL;
}

static struct object *self_of(IWbemClassObject *iface)
{
    return (struct object *)(void *)iface;
}

struct object *object_new(const struct schema_class *class, cJSON *properties)
{
    struct object *made = emulator_grow(NULL, sizeof(*made));

    memset(made, 0, sizeof(*made));
    made->iface.lpVtbl = (IWbemClassObjectVtbl *)(uintptr_t)&methods;
    made->references = 1;
    made->class = class;
    made->properties = properties ? properties : cJSON_CreateObject();
    made->cursor = made->method_cursor = -1;
    return made;
}

struct object *object_new_class(const struct schema_class *class)
{
    struct object *made = object_new(class, NULL);

    made->is_class = true;
    return made;
}

cJSON *object_to_json(IUnknown *unknown)
{
    struct object *object = object_of((IWbemClassObject *)(void *)unknown);
    cJSON *json;

    if (!object || object->is_class)
        return NULL;
    json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "class", object->class->name);
    cJSON_AddItemToObject(json, "p", cJSON_Duplicate(object->properties, true));
    return json;
}

IWbemClassObject *object_from_json(const char *space, const cJSON *json)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(json, "class"));
    const struct schema_class *class = name ? schema_class(space, name) : NULL;

    if (!class)
        emulator_fail("an object of class %s", name ? name : "(none)");
    return &object_new(class, cJSON_Duplicate(cJSON_GetObjectItem(json, "p"), true))->iface;
}

const cJSON *object_value(const struct object *object, const char *name)
{
    return cJSON_GetObjectItem(object->properties, name);
}

char *object_path(const struct object *object)
{
    const struct schema_property *p;
    char *path, *colon;

    if (!strcmp(object->class->name, "__PARAMETERS"))
        return NULL;
    if (object->is_class)
        return emulator_print(
            "\\\\%s\\%s:%s", emulator_host(), object->class->space, object->class->name);
    for (size_t i = 0; (p = schema_property_at(object->class, i)); i++)
        if (p->key && !object_selected(object, p->name))
            return NULL;
    path = path_full(object->class, object->properties);
    colon = path ? strchr(path, ':') : NULL;
    for (char *at = colon && emulator_setting("UpperRoot", 0) ? path : NULL; at && at < colon; at++)
        if (!_strnicmp(at, "\\root\\", 6))
            memcpy(at + 1, "ROOT", 4);
    return path;
}

/* ---- IUnknown ---- */

static HRESULT STDMETHODCALLTYPE on_query(IWbemClassObject *iface, REFIID iid, void **ret)
{
    *ret = NULL;
    if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemClassObject))
        return E_NOINTERFACE;
    InterlockedIncrement(&self_of(iface)->references);
    *ret = iface;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE on_add_ref(IWbemClassObject *iface)
{
    return (ULONG)InterlockedIncrement(&self_of(iface)->references);
}

static ULONG STDMETHODCALLTYPE on_release(IWbemClassObject *iface)
{
    struct object *self = self_of(iface);
    LONG left = InterlockedDecrement(&self->references);

    if (!left) {
        cJSON_Delete(self->properties);
        cJSON_Delete(self->selected);
        free(self);
    }
    return (ULONG)left;
}

/* ---- properties ---- */

static void put_flavor(const struct object *self, const struct schema_property *p, LONG *ret_flavor)
{
    if (ret_flavor)
        *ret_flavor =
            p->declared == self->class ? WBEM_FLAVOR_ORIGIN_LOCAL : WBEM_FLAVOR_ORIGIN_PROPAGATED;
}

static HRESULT get_system(const struct object *self,
                          const char *name,
                          VARIANT *ret_value,
                          CIMTYPE *ret_type,
                          LONG *ret_flavor)
{
    VARIANT value;
    CIMTYPE type;

    if (!object_system_property(self, name, &value, &type))
        return (HRESULT)WBEM_E_NOT_FOUND;
    if (ret_type)
        *ret_type = type;
    if (ret_flavor)
        *ret_flavor = WBEM_FLAVOR_ORIGIN_SYSTEM;
    if (ret_value)
        *ret_value = value;
    else
        VariantClear(&value);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_get(IWbemClassObject *iface,
                                        LPCWSTR name,
                                        LONG flags,
                                        VARIANT *ret_value,
                                        CIMTYPE *ret_type,
                                        LONG *ret_flavor)
{
    struct object *self = self_of(iface);
    const struct schema_property *p;
    char *utf8;
    HRESULT result = (HRESULT)WBEM_E_NOT_FOUND;

    if (!name || flags)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(name);
    p = schema_property(self->class, utf8);
    if (!strncmp(utf8, "__", 2))
        result = get_system(self, utf8, ret_value, ret_type, ret_flavor);
    else if (p && object_selected(self, p->name)) {
        if (ret_value)
            value_to_variant(self->class->space, p->type, object_value(self, p->name), ret_value);
        if (ret_type)
            *ret_type = p->type;
        put_flavor(self, p, ret_flavor);
        result = S_OK;
    }
    free(utf8);
    return result;
}

static HRESULT put(struct object *self, const char *name, const VARIANT *value, CIMTYPE type)
{
    const struct schema_property *p = schema_property(self->class, name);
    cJSON *json;
    HRESULT result;

    if (!strncmp(name, "__", 2))
        return (HRESULT)WBEM_E_READ_ONLY;
    if (self->is_class)
        return (HRESULT)WBEM_E_INVALID_OPERATION; /* nobody makes classes here */
    if (!p || !object_selected(self, p->name))
        return (HRESULT)WBEM_E_NOT_FOUND;
    if (type && type != p->type)
        return (HRESULT)WBEM_E_TYPE_MISMATCH;
    result = value_from_variant(p->type, value, &json);
    if (FAILED(result))
        return result;
    cJSON_DeleteItemFromObject(self->properties, p->name);
    if (json)
        cJSON_AddItemToObject(self->properties, p->name, json);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE
on_put(IWbemClassObject *iface, LPCWSTR name, LONG flags, VARIANT *value, CIMTYPE type)
{
    char *utf8;
    HRESULT result;

    if (!name || flags)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(name);
    result = put(self_of(iface), utf8, value, type);
    if (FAILED(result))
        state_log("hyperv",
                  "- Put %s.%s (variant %u): %08lx",
                  self_of(iface)->class->name,
                  utf8,
                  value ? V_VT(value) : 0,
                  (unsigned long)result);
    free(utf8);
    return result;
}

/* In an instance: back to the default, which is null. */
static HRESULT STDMETHODCALLTYPE on_delete(IWbemClassObject *iface, LPCWSTR name)
{
    struct object *self = self_of(iface);
    const struct schema_property *p;
    char *utf8;
    HRESULT result = (HRESULT)WBEM_E_NOT_FOUND;

    if (!name)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(name);
    p = schema_property(self->class, utf8);
    if (!strncmp(utf8, "__", 2))
        result = (HRESULT)WBEM_E_SYSTEM_PROPERTY;
    else if (self->is_class && p)
        result = (HRESULT)WBEM_E_INVALID_OPERATION;
    else if (p) {
        cJSON_DeleteItemFromObject(self->properties, p->name);
        result = S_OK;
    }
    free(utf8);
    return result;
}

/* ---- enumeration ---- */

static HRESULT STDMETHODCALLTYPE on_names(
    IWbemClassObject *iface, LPCWSTR qualifier, LONG flags, VARIANT *value, SAFEARRAY **ret_names)
{
    struct object *self = self_of(iface);
    LONG cursor = 0, count = 0;
    const char *name;

    (void)value;
    if (!ret_names || qualifier)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    while (object_next_name(self, &cursor, flags))
        count++;
    *ret_names = SafeArrayCreateVector(VT_BSTR, 0, (ULONG)count);
    if (!*ret_names)
        return (HRESULT)WBEM_E_OUT_OF_MEMORY;
    cursor = count = 0;
    while ((name = object_next_name(self, &cursor, flags))) {
        BSTR text = emulator_bstr(name);

        SafeArrayPutElement(*ret_names, &count, text);
        SysFreeString(text);
        count++;
    }
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_begin(IWbemClassObject *iface, LONG flags)
{
    self_of(iface)->cursor = 0;
    self_of(iface)->cursor_flags = flags;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_next(IWbemClassObject *iface,
                                         LONG flags,
                                         BSTR *ret_name,
                                         VARIANT *ret_value,
                                         CIMTYPE *ret_type,
                                         LONG *ret_flavor)
{
    struct object *self = self_of(iface);
    const char *name;
    BSTR text;

    if (flags)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (self->cursor < 0)
        return (HRESULT)WBEM_E_UNEXPECTED;
    name = object_next_name(self, &self->cursor, self->cursor_flags);
    if (!name)
        return WBEM_S_NO_MORE_DATA;
    text = emulator_bstr(name);
    on_get(iface, text, 0, ret_value, ret_type, ret_flavor);
    if (ret_name)
        *ret_name = text;
    else
        SysFreeString(text);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_end(IWbemClassObject *iface)
{
    self_of(iface)->cursor = -1;
    return S_OK;
}

/* ---- the whole object ---- */

static HRESULT STDMETHODCALLTYPE on_qualifiers(IWbemClassObject *iface, IWbemQualifierSet **ret_set)
{
    return ret_set ? qualifiers_of_class(self_of(iface)->class, ret_set)
                   : (HRESULT)WBEM_E_INVALID_PARAMETER;
}

static HRESULT STDMETHODCALLTYPE on_property_qualifiers(IWbemClassObject *iface,
                                                        LPCWSTR name,
                                                        IWbemQualifierSet **ret_set)
{
    const struct schema_property *p;
    char *utf8;

    if (!name || !ret_set)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(name);
    p = schema_property(self_of(iface)->class, utf8);
    free(utf8);
    return p ? qualifiers_of_property(p, ret_set) : (HRESULT)WBEM_E_NOT_FOUND;
}

static HRESULT STDMETHODCALLTYPE on_clone(IWbemClassObject *iface, IWbemClassObject **ret_copy)
{
    struct object *self = self_of(iface), *copy;

    if (!ret_copy)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    copy = object_new(self->class, cJSON_Duplicate(self->properties, true));
    copy->selected = self->selected ? cJSON_Duplicate(self->selected, true) : NULL;
    copy->is_class = self->is_class;
    *ret_copy = &copy->iface;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_text(IWbemClassObject *iface, LONG flags, BSTR *ret_text)
{
    char *mof;

    (void)flags;
    if (!ret_text)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    mof = text_mof(self_of(iface));
    *ret_text = emulator_bstr(mof);
    free(mof);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_spawn_class(IWbemClassObject *iface,
                                                LONG flags,
                                                IWbemClassObject **ret_class)
{
    (void)iface;
    (void)flags;
    (void)ret_class;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE on_spawn(IWbemClassObject *iface,
                                          LONG flags,
                                          IWbemClassObject **ret_instance)
{
    struct object *self = self_of(iface);

    if (!ret_instance || flags)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    *ret_instance = NULL;
    if (!self->is_class || self->class->abstract)
        return (HRESULT)WBEM_E_INVALID_OPERATION;
    *ret_instance = &object_new(self->class, NULL)->iface;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_compare(IWbemClassObject *iface,
                                            LONG flags,
                                            IWbemClassObject *other)
{
    struct object *self = self_of(iface), *second = object_of(other);

    (void)flags;
    if (!second)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    return self->class == second->class && self->is_class == second->is_class &&
                   cJSON_Compare(self->properties, second->properties, false)
               ? WBEM_S_SAME
               : WBEM_S_DIFFERENT;
}

static HRESULT STDMETHODCALLTYPE on_property_origin(IWbemClassObject *iface,
                                                    LPCWSTR name,
                                                    BSTR *ret_class)
{
    const struct schema_property *p;
    char *utf8;

    if (!name || !ret_class)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(name);
    p = schema_property(self_of(iface)->class, utf8);
    free(utf8);
    if (!p)
        return (HRESULT)WBEM_E_NOT_FOUND;
    *ret_class = emulator_bstr(p->declared->name);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_inherits(IWbemClassObject *iface, LPCWSTR ancestor)
{
    char *utf8;
    bool is;

    if (!ancestor)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(ancestor);
    is = schema_is_a(self_of(iface)->class, utf8);
    free(utf8);
    return is ? WBEM_S_NO_ERROR : WBEM_S_FALSE;
}

/* ---- methods: only classes have them ---- */

static IWbemClassObject *signature(const struct schema_method *method, bool output)
{
    const struct schema_class *class = schema_parameters(method, output);

    return class ? &object_new_class(class)->iface : NULL;
}

static void put_signatures(const struct schema_method *method,
                           IWbemClassObject **ret_in,
                           IWbemClassObject **ret_out)
{
    if (ret_in)
        *ret_in = signature(method, false);
    if (ret_out)
        *ret_out = signature(method, true);
}

static const struct schema_method *method_of(IWbemClassObject *iface, LPCWSTR name)
{
    char *utf8 = emulator_utf8(name);
    const struct schema_method *method = schema_method(self_of(iface)->class, utf8);

    free(utf8);
    return method;
}

static HRESULT STDMETHODCALLTYPE on_method(IWbemClassObject *iface,
                                           LPCWSTR name,
                                           LONG flags,
                                           IWbemClassObject **ret_in,
                                           IWbemClassObject **ret_out)
{
    const struct schema_method *method;

    if (!name || flags)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (!self_of(iface)->is_class)
        return (HRESULT)WBEM_E_ILLEGAL_OPERATION;
    method = method_of(iface, name);
    if (!method)
        return (HRESULT)WBEM_E_NOT_FOUND;
    put_signatures(method, ret_in, ret_out);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_put_method(
    IWbemClassObject *iface, LPCWSTR name, LONG flags, IWbemClassObject *in, IWbemClassObject *out)
{
    (void)iface;
    (void)name;
    (void)flags;
    (void)in;
    (void)out;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE on_delete_method(IWbemClassObject *iface, LPCWSTR name)
{
    (void)iface;
    (void)name;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE on_begin_methods(IWbemClassObject *iface, LONG flags)
{
    (void)flags;
    if (!self_of(iface)->is_class)
        return (HRESULT)WBEM_E_ILLEGAL_OPERATION;
    self_of(iface)->method_cursor = 0;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_next_method(IWbemClassObject *iface,
                                                LONG flags,
                                                BSTR *ret_name,
                                                IWbemClassObject **ret_in,
                                                IWbemClassObject **ret_out)
{
    struct object *self = self_of(iface);
    const struct schema_method *method;

    (void)flags;
    if (self->method_cursor < 0)
        return (HRESULT)WBEM_E_UNEXPECTED;
    method = schema_method_at(self->class, (size_t)self->method_cursor++);
    if (!method)
        return WBEM_S_NO_MORE_DATA;
    if (ret_name)
        *ret_name = emulator_bstr(method->name);
    put_signatures(method, ret_in, ret_out);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_end_methods(IWbemClassObject *iface)
{
    self_of(iface)->method_cursor = -1;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_method_qualifiers(IWbemClassObject *iface,
                                                      LPCWSTR name,
                                                      IWbemQualifierSet **ret_set)
{
    const struct schema_method *method;

    if (!name || !ret_set)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    method = method_of(iface, name);
    return method ? qualifiers_of_method(method, ret_set) : (HRESULT)WBEM_E_NOT_FOUND;
}

static HRESULT STDMETHODCALLTYPE on_method_origin(IWbemClassObject *iface,
                                                  LPCWSTR name,
                                                  BSTR *ret_class)
{
    const struct schema_method *method;

    if (!name || !ret_class)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    method = method_of(iface, name);
    if (!method)
        return (HRESULT)WBEM_E_NOT_FOUND;
    *ret_class = emulator_bstr(method->declared->name);
    return S_OK;
}

static const IWbemClassObjectVtbl methods = {
    .QueryInterface = on_query,
    .AddRef = on_add_ref,
    .Release = on_release,
    .GetQualifierSet = on_qualifiers,
    .Get = on_get,
    .Put = on_put,
    .Delete = on_delete,
    .GetNames = on_names,
    .BeginEnumeration = on_begin,
    .Next = on_next,
    .EndEnumeration = on_end,
    .GetPropertyQualifierSet = on_property_qualifiers,
    .Clone = on_clone,
    .GetObjectText = on_text,
    .SpawnDerivedClass = on_spawn_class,
    .SpawnInstance = on_spawn,
    .CompareTo = on_compare,
    .GetPropertyOrigin = on_property_origin,
    .InheritsFrom = on_inherits,
    .GetMethod = on_method,
    .PutMethod = on_put_method,
    .DeleteMethod = on_delete_method,
    .BeginMethodEnumeration = on_begin_methods,
    .NextMethod = on_next_method,
    .EndMethodEnumeration = on_end_methods,
    .GetMethodQualifierSet = on_method_qualifiers,
    .GetMethodOrigin = on_method_origin,
};
