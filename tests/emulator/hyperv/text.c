/* Instances to text, and IWbemObjectTextSrc. Facts: DMTF DSP0201 (elements), MicrosoftDocs
 * (IWbemObjectTextSrc, formats). */
#include "text.h"

#include "hyperv.h"
#include "value.h"

#include "common/buf.h"

#include <stdlib.h>
#include <string.h>

#include <oleauto.h>

enum { TEXT_MAX_BYTES = 16 << 20 };

static void put_escaped(struct buf *out, const char *text)
{
    static const struct {
        char from;
        const char *to;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

    for (; *text; text++) {
        const char *to = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
            if (escapes[i].from == *text)
                to = escapes[i].to;
        if (to)
            buf_puts(out, to);
        else
            buf_put(out, text, 1);
    }
}

static void put_value(struct buf *out, CIMTYPE type, const cJSON *value, const char *element)
{
    char *text = value_text(type & ~CIM_FLAG_ARRAY, value);

    buf_printf(out, "<%s>", element);
    put_escaped(out, text);
    buf_printf(out, "</%s>", element);
    free(text);
}

/* Opens an element; the second half of its attributes is for format 2. */
static void put_open(struct buf *out,
                     const char *element,
                     const struct schema_property *p,
                     const struct schema_class *class,
                     bool with_system)
{
    buf_printf(out, "<%s NAME=\"%s\"", element, p->name);
    if (with_system)
        buf_printf(out, " CLASSORIGIN=\"%s\"", p->declared->name);
    if (with_system && p->declared != class)
        buf_puts(out, " PROPAGATED=\"true\"");
    if ((p->type & ~CIM_FLAG_ARRAY) == CIM_REFERENCE)
        buf_printf(out, " REFERENCECLASS=\"%s\">", p->target);
    else
        buf_printf(out, " TYPE=\"%s\">", schema_type_name(p->type));
}

static void put_property(struct buf *out,
                         const struct schema_property *p,
                         const struct schema_class *class,
                         const cJSON *value,
                         bool with_system)
{
    bool reference = (p->type & ~CIM_FLAG_ARRAY) == CIM_REFERENCE;
    const char *element = reference                  ? "PROPERTY.REFERENCE"
                          : p->type & CIM_FLAG_ARRAY ? "PROPERTY.ARRAY"
                                                     : "PROPERTY";
    const cJSON *item;

    if ((p->type & ~CIM_FLAG_ARRAY) == CIM_OBJECT)
        return;
    put_open(out, element, p, class, with_system);
    if (p->type & CIM_FLAG_ARRAY && value) {
        buf_puts(out, "<VALUE.ARRAY>");
        cJSON_ArrayForEach(item, value) put_value(out, p->type, item, "VALUE");
        buf_puts(out, "</VALUE.ARRAY>");
    } else if (value)
        put_value(out, p->type, value, reference ? "VALUE.REFERENCE" : "VALUE");
    buf_printf(out, "</%s>", element);
}

static void put_system(struct buf *out, const struct object *object)
{
    buf_puts(
        out,
        "<QUALIFIER NAME=\"dynamic\" PROPAGATED=\"true\" TYPE=\"boolean\" TOSUBCLASS=\"false\" "
        "TOINSTANCE=\"true\"><VALUE>TRUE</VALUE></QUALIFIER>");
    for (size_t i = 0; object_system_name(i); i++) {
        const char *name = object_system_name(i);
        VARIANT value;
        CIMTYPE type;
        cJSON *json = NULL;

        object_system_property(object, name, &value, &type);
        if (!(type & CIM_FLAG_ARRAY) && SUCCEEDED(value_from_variant(type, &value, &json)) &&
            json) {
            buf_printf(out,
                       "<PROPERTY NAME=\"%s\" CLASSORIGIN=\"___SYSTEM\" TYPE=\"%s\">",
                       name,
                       schema_type_name(type));
            put_value(out, type, json, "VALUE");
            buf_puts(out, "</PROPERTY>");
        }
        cJSON_Delete(json);
        VariantClear(&value);
    }
}

char *text_xml(const struct object *object, bool with_system)
{
    struct buf out;
    const struct schema_property *p;
    char *text;

    buf_init(&out, TEXT_MAX_BYTES);
    buf_printf(&out, "<INSTANCE CLASSNAME=\"%s\">", object->class->name);
    if (with_system)
        put_system(&out, object);
    for (size_t i = 0; (p = schema_property_at(object->class, i)); i++)
        put_property(&out, p, object->class, object_value(object, p->name), with_system);
    buf_puts(&out, "</INSTANCE>");
    text = buf_take(&out);
    if (!text)
        emulator_fail("text of %s", object->class->name);
    buf_done(&out);
    return text;
}

char *text_xml_json(const char *space, const cJSON *json)
{
    IWbemClassObject *iface = object_from_json(space, json);
    char *text = text_xml(object_of(iface), false);

    iface->lpVtbl->Release(iface);
    return text;
}

/* ---- MOF ---- */

static void put_mof_value(struct buf *out, CIMTYPE type, const cJSON *value)
{
    char *text;
    bool quoted = cJSON_IsString(value) && type != CIM_UINT64 && type != CIM_SINT64;

    if (cJSON_IsArray(value)) {
        const cJSON *item;

        buf_puts(out, "{");
        cJSON_ArrayForEach(item, value)
        {
            if (item != value->child)
                buf_puts(out, ", ");
            put_mof_value(out, type & ~CIM_FLAG_ARRAY, item);
        }
        buf_puts(out, "}");
        return;
    }
    text = value_text(type, value);
    buf_puts(out, quoted ? "\"" : "");
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            buf_puts(out, "\\");
        buf_put(out, at, 1);
    }
    buf_puts(out, quoted ? "\"" : "");
    free(text);
}

char *text_mof(const struct object *object)
{
    struct buf out;
    const struct schema_property *p;
    char *text;

    buf_init(&out, TEXT_MAX_BYTES);
    buf_printf(
        &out, "\n%s %s\n{\n", object->is_class ? "class" : "instance of", object->class->name);
    for (size_t i = 0; (p = schema_property_at(object->class, i)); i++) {
        const cJSON *value = object_value(object, p->name);

        if (object->is_class)
            buf_printf(&out, "\t%s %s;\n", schema_type_name(p->type), p->name);
        else if (value && (p->type & ~CIM_FLAG_ARRAY) != CIM_OBJECT) {
            buf_printf(&out, "\t%s = ", p->name);
            put_mof_value(&out, p->type, value);
            buf_puts(&out, ";\n");
        }
    }
    buf_puts(&out, "};\n");
    text = buf_take(&out);
    buf_done(&out);
    return text ? text : emulator_copy("");
}

/* ---- IWbemObjectTextSrc ---- */

struct source {
    IWbemObjectTextSrc iface;
    LONG references;
};

static HRESULT STDMETHODCALLTYPE on_query(IWbemObjectTextSrc *iface, REFIID iid, void **ret)
{
    *ret = NULL;
    if (!IsEqualIID(iid, &IID_IUnknown) && !IsEqualIID(iid, &IID_IWbemObjectTextSrc))
        return E_NOINTERFACE;
    iface->lpVtbl->AddRef(iface);
    *ret = iface;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE on_add_ref(IWbemObjectTextSrc *iface)
{
    return (ULONG)InterlockedIncrement(&((struct source *)(void *)iface)->references);
}

static ULONG STDMETHODCALLTYPE on_release(IWbemObjectTextSrc *iface)
{
    LONG left = InterlockedDecrement(&((struct source *)(void *)iface)->references);

    if (!left)
        free(iface);
    return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE on_text(IWbemObjectTextSrc *iface,
                                         LONG flags,
                                         IWbemClassObject *object,
                                         ULONG format,
                                         IWbemContext *context,
                                         BSTR *ret_text)
{
    struct object *ours = object_of(object);
    char *xml;

    (void)iface;
    (void)context;
    if (flags || !ret_text || !ours || ours->is_class)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (format != WMI_OBJ_TEXT_CIM_DTD_2_0 && format != WMI_OBJ_TEXT_WMI_DTD_2_0)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    xml = text_xml(ours, format == WMI_OBJ_TEXT_WMI_DTD_2_0);
    *ret_text = emulator_bstr(xml);
    free(xml);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_create(IWbemObjectTextSrc *iface,
                                           LONG flags,
                                           BSTR text,
                                           ULONG format,
                                           IWbemContext *context,
                                           IWbemClassObject **ret_object)
{
    const char *why;
    char *utf8;
    cJSON *json;

    (void)iface;
    (void)context;
    if (flags || !text || !ret_object ||
        (format != WMI_OBJ_TEXT_CIM_DTD_2_0 && format != WMI_OBJ_TEXT_WMI_DTD_2_0))
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    utf8 = emulator_utf8(text);
    json = text_parse(NAMESPACE_HYPERV, utf8, &why);
    free(utf8);
    if (!json)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    *ret_object = object_from_json(NAMESPACE_HYPERV, json);
    cJSON_Delete(json);
    return S_OK;
}

static const IWbemObjectTextSrcVtbl methods = {
    .QueryInterface = on_query,
    .AddRef = on_add_ref,
    .Release = on_release,
    .GetText = on_text,
    .CreateFromText = on_create,
};

HRESULT text_source_new(REFIID iid, void **ret)
{
    struct source *made = emulator_grow(NULL, sizeof(*made));
    HRESULT result;

    made->iface.lpVtbl = (IWbemObjectTextSrcVtbl *)(uintptr_t)&methods;
    made->references = 1;
    result = on_query(&made->iface, iid, ret);
    on_release(&made->iface);
    return result;
}
