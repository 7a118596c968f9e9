/* IWbemQualifierSet, to read: of a class, a property or a method. Only qualifiers that the tables
 * know: what keys, types and directions of arguments follow from. */
#include "object.h"

#include "hyperv.h"

#include <stdlib.h>
#include <string.h>

#include <oleauto.h>

enum { QUALIFIERS_MAX = 8, NAME_BYTES = 64 };

struct qualifier {
    const char *name;
    char *text; /* NULL: the boolean true */
};

struct set {
    IWbemQualifierSet iface;
    LONG references;
    struct qualifier rows[QUALIFIERS_MAX];
    size_t count, cursor;
    bool enumerating;
};

static struct set *self_of(IWbemQualifierSet *iface)
{
    return (struct set *)(void *)iface;
}

static HRESULT STDMETHODCALLTYPE on_query(IWbemQualifierSet *iface, REFIID iid, void **ret)
{
    *ret = NULL;
    if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemQualifierSet))
        return E_NOINTERFACE;
    InterlockedIncrement(&self_of(iface)->references);
    *ret = iface;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE on_add_ref(IWbemQualifierSet *iface)
{
    return (ULONG)InterlockedIncrement(&self_of(iface)->references);
}

static ULONG STDMETHODCALLTYPE on_release(IWbemQualifierSet *iface)
{
    struct set *self = self_of(iface);
    LONG left = InterlockedDecrement(&self->references);

    if (!left) {
        for (size_t i = 0; i < self->count; i++)
            free(self->rows[i].text);
        free(self);
    }
    return (ULONG)left;
}

static void put_value(const struct qualifier *row, VARIANT *ret_value)
{
    VariantInit(ret_value);
    V_VT(ret_value) = row->text ? VT_BSTR : VT_BOOL;
    if (row->text)
        V_BSTR(ret_value) = emulator_bstr(row->text);
    else
        V_BOOL(ret_value) = VARIANT_TRUE;
}

static HRESULT STDMETHODCALLTYPE
on_get(IWbemQualifierSet *iface, LPCWSTR name, LONG flags, VARIANT *ret_value, LONG *ret_flavor)
{
    struct set *self = self_of(iface);
    char *utf8;
    HRESULT result = (HRESULT)WBEM_E_NOT_FOUND;

    if (!name || flags)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(name);
    for (size_t i = 0; i < self->count && FAILED(result); i++)
        if (!_stricmp(self->rows[i].name, utf8)) {
            if (ret_value)
                put_value(&self->rows[i], ret_value);
            result = S_OK;
        }
    if (ret_flavor)
        *ret_flavor = WBEM_FLAVOR_ORIGIN_LOCAL;
    free(utf8);
    return result;
}

static HRESULT STDMETHODCALLTYPE on_put(IWbemQualifierSet *iface,
                                        LPCWSTR name,
                                        VARIANT *value,
                                        LONG flavor)
{
    (void)iface;
    (void)name;
    (void)value;
    (void)flavor;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE on_delete(IWbemQualifierSet *iface, LPCWSTR name)
{
    (void)iface;
    (void)name;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE on_names(IWbemQualifierSet *iface,
                                          LONG flags,
                                          SAFEARRAY **ret_names)
{
    struct set *self = self_of(iface);

    (void)flags;
    if (!ret_names)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    *ret_names = SafeArrayCreateVector(VT_BSTR, 0, (ULONG)self->count);
    for (LONG i = 0; *ret_names && i < (LONG)self->count; i++) {
        BSTR text = emulator_bstr(self->rows[i].name);

        SafeArrayPutElement(*ret_names, &i, text);
        SysFreeString(text);
    }
    return *ret_names ? S_OK : (HRESULT)WBEM_E_OUT_OF_MEMORY;
}

static HRESULT STDMETHODCALLTYPE on_begin(IWbemQualifierSet *iface, LONG flags)
{
    (void)flags;
    self_of(iface)->cursor = 0;
    self_of(iface)->enumerating = true;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE
on_next(IWbemQualifierSet *iface, LONG flags, BSTR *ret_name, VARIANT *ret_value, LONG *ret_flavor)
{
    struct set *self = self_of(iface);
    const struct qualifier *row;

    (void)flags;
    if (!self->enumerating)
        return (HRESULT)WBEM_E_UNEXPECTED;
    if (self->cursor == self->count)
        return WBEM_S_NO_MORE_DATA;
    row = &self->rows[self->cursor++];
    if (ret_name)
        *ret_name = emulator_bstr(row->name);
    if (ret_value)
        put_value(row, ret_value);
    if (ret_flavor)
        *ret_flavor = WBEM_FLAVOR_ORIGIN_LOCAL;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_end(IWbemQualifierSet *iface)
{
    self_of(iface)->enumerating = false;
    return S_OK;
}

static const IWbemQualifierSetVtbl methods = {
    .QueryInterface = on_query,
    .AddRef = on_add_ref,
    .Release = on_release,
    .Get = on_get,
    .Put = on_put,
    .Delete = on_delete,
    .GetNames = on_names,
    .BeginEnumeration = on_begin,
    .Next = on_next,
    .EndEnumeration = on_end,
};

static struct set *set_new(IWbemQualifierSet **ret_set)
{
    struct set *made = emulator_grow(NULL, sizeof(*made));

    memset(made, 0, sizeof(*made));
    made->iface.lpVtbl = (IWbemQualifierSetVtbl *)(uintptr_t)&methods;
    made->references = 1;
    *ret_set = &made->iface;
    return made;
}

/* Takes text. */
static void add(struct set *set, const char *name, char *text)
{
    set->rows[set->count].name = name;
    set->rows[set->count++].text = text;
}

HRESULT qualifiers_of_class(const struct schema_class *class, IWbemQualifierSet **ret_set)
{
    struct set *set = set_new(ret_set);

    if (class->abstract)
        add(set, "abstract", NULL);
    if (class->association)
        add(set, "Association", NULL);
    add(set, "dynamic", NULL);
    add(set, "provider", emulator_copy("VmmsWmiInstanceAndMethodProvider"));
    return S_OK;
}

HRESULT qualifiers_of_property(const struct schema_property *property, IWbemQualifierSet **ret_set)
{
    struct set *set = set_new(ret_set);
    CIMTYPE type = property->type & ~CIM_FLAG_ARRAY;

    if (type == CIM_REFERENCE)
        add(set, "CIMTYPE", emulator_print("ref:%s", property->target));
    else if (type == CIM_OBJECT)
        add(set, "CIMTYPE", emulator_print("object:%s", property->target));
    else
        add(set, "CIMTYPE", emulator_copy(schema_type_name(type)));
    if (type == CIM_STRING && property->target)
        add(set, "EmbeddedInstance", emulator_copy(property->target));
    if (property->key)
        add(set, "key", NULL);
    add(set, "read", NULL);
    if (property->writable)
        add(set, "write", NULL);
    if (!strcmp(property->declared->name, "__PARAMETERS"))
        add(set, property->output ? "out" : "in", NULL);
    return S_OK;
}

HRESULT qualifiers_of_method(const struct schema_method *method, IWbemQualifierSet **ret_set)
{
    struct set *set = set_new(ret_set);

    add(set, "Implemented", NULL);
    if (method->is_static)
        add(set, "Static", NULL);
    return S_OK;
}
