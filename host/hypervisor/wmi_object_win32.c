/* Properties of objects, and objects as text. VARIANT types: "Numbers" and "Strings" of
 * Microsoft's WMI documentation. */
#include <windows.h>

#include "host/hypervisor/wmi_inside_win32.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT_CIM_DTD 1 /* WMI_OBJ_TEXT_CIM_DTD_2_0 */

static const GUID text_class = {
    0x8d1c559d, 0x84f0, 0x4bb3, {0xa7, 0xd5, 0x56, 0xa7, 0x43, 0x5a, 0x9b, 0xa6}};
static const GUID object_interface = {
    0xdc12a681, 0x737f, 0x11cf, {0x88, 0x4d, 0x00, 0xaa, 0x00, 0x4b, 0x2e, 0x24}};
static const GUID text_interface = {
    0xbfbf883a, 0xcad7, 0x11d3, {0xa1, 0x1b, 0x00, 0x10, 0x5a, 0x1f, 0x51, 0x5a}};

/* ---- reading ---- */

static bool get(IWbemClassObject *object, const char *name, VARIANT *ret)
{
    BSTR wide = wmi_bstr(name);
    HRESULT result = E_OUTOFMEMORY;

    VariantInit(ret);
    if (wide)
        result = IWbemClassObject_Get(object, wide, 0, ret, NULL, NULL);
    SysFreeString(wide);
    return SUCCEEDED(result) && ret->vt != VT_NULL && ret->vt != VT_EMPTY;
}

/* How many elements an array has, from 0. */
static size_t array_count(const VARIANT *value)
{
    LONG low = 0, high = -1;

    if (!(value->vt & VT_ARRAY) || !value->parray || SafeArrayGetDim(value->parray) != 1 ||
        FAILED(SafeArrayGetLBound(value->parray, 1, &low)) ||
        FAILED(SafeArrayGetUBound(value->parray, 1, &high)) || low != 0)
        return 0;
    return (size_t)high + 1;
}

/* One element of an array as a value of its own. */
static bool array_get(const VARIANT *value, size_t index, VARIANT *ret)
{
    LONG at = (LONG)index;

    VariantInit(ret);
    if (FAILED(SafeArrayGetElement(value->parray, &at, &ret->ullVal)))
        return false;
    ret->vt = (VARTYPE)(value->vt & ~VT_ARRAY);
    return true;
}

/* A single value, or the first of an array, as text. */
static bool as_text(const VARIANT *value, struct buf *out)
{
    VARIANT first;
    bool ok;

    if (value->vt == VT_BSTR)
        return wmi_put_bstr(out, value->bstrVal);
    if (value->vt != (VT_ARRAY | VT_BSTR) || !array_count(value) || !array_get(value, 0, &first))
        return false;
    ok = wmi_put_bstr(out, first.bstrVal);
    VariantClear(&first);
    return ok;
}

bool wmi_text(struct IWbemClassObject *object, const char *name, char *out, size_t size)
{
    struct buf text;
    VARIANT value;
    bool ok;

    buf_init(&text, WMI_TEXT_BYTES);
    ok = get(object, name, &value) && as_text(&value, &text);
    text_copy(out, size, buf_str(&text));
    VariantClear(&value);
    buf_done(&text);
    return ok;
}

static bool as_number(const VARIANT *value, uint64_t *ret_number)
{
    struct buf text;
    char *end = NULL;
    bool ok;

    switch (value->vt) {
    case VT_BOOL:
        *ret_number = value->boolVal != VARIANT_FALSE;
        return true;
    case VT_UI1:
        *ret_number = value->bVal;
        return true;
    case VT_I2:
        *ret_number = (uint16_t)value->iVal;
        return true;
    case VT_I4:
        *ret_number = (uint32_t)value->lVal;
        return true;
    case VT_BSTR:
        break;
    default:
        return false;
    }
    buf_init(&text, 64);
    ok = wmi_put_bstr(&text, value->bstrVal) && text.len;
    *ret_number = ok ? strtoull(buf_str(&text), &end, 0) : 0;
    ok = ok && !*end;
    buf_done(&text);
    return ok;
}

bool wmi_number(struct IWbemClassObject *object, const char *name, uint64_t *ret_number)
{
    VARIANT value, first;
    bool ok = get(object, name, &value);

    *ret_number = 0;
    if (ok && value.vt & VT_ARRAY) {
        ok = array_count(&value) && array_get(&value, 0, &first) && as_number(&first, ret_number);
        if (ok)
            VariantClear(&first);
    } else if (ok) {
        ok = as_number(&value, ret_number);
    }
    VariantClear(&value);
    return ok;
}

bool wmi_texts(struct IWbemClassObject *object,
               const char *name,
               bool (*visit)(const char *text, void *user),
               void *user)
{
    VARIANT value, one;
    bool ok = get(object, name, &value) && value.vt == (VT_ARRAY | VT_BSTR);
    size_t count = ok ? array_count(&value) : 0;

    for (size_t i = 0; ok && i < count; i++) {
        struct buf text;
        bool more;

        buf_init(&text, WMI_TEXT_BYTES);
        ok = array_get(&value, i, &one) && wmi_put_bstr(&text, one.bstrVal);
        more = ok && visit(buf_str(&text), user);
        buf_done(&text);
        VariantClear(&one);
        if (!more)
            break;
    }
    VariantClear(&value);
    return ok;
}

bool wmi_bytes(struct IWbemClassObject *object, const char *name, struct buf *out)
{
    VARIANT value;
    void *data = NULL;
    bool ok = get(object, name, &value) && value.vt == (VT_ARRAY | VT_UI1) &&
              SUCCEEDED(SafeArrayAccessData(value.parray, &data));

    if (ok) {
        ok = buf_put(out, data, array_count(&value));
        SafeArrayUnaccessData(value.parray);
    }
    VariantClear(&value);
    return ok;
}

/* Adds the embedded object of a value; the rows hold it. */
static bool add_object(struct wmi_rows *rows, const VARIANT *value)
{
    return value->vt == VT_UNKNOWN && value->punkVal &&
           SUCCEEDED(IUnknown_QueryInterface(
               value->punkVal, &object_interface, (void **)&rows->items[rows->count])) &&
           ++rows->count;
}

bool wmi_objects(struct IWbemClassObject *object, const char *name, struct wmi_rows *ret_rows)
{
    struct wmi_rows rows = {NULL};
    VARIANT value, one;
    bool ok = get(object, name, &value);
    bool many = ok && value.vt == (VT_ARRAY | VT_UNKNOWN);
    size_t count = many ? array_count(&value) : 1;

    rows.items = ok ? calloc(count + 1, sizeof *rows.items) : NULL;
    ok = rows.items != NULL;
    for (size_t i = 0; ok && many && i < count; i++) {
        ok = array_get(&value, i, &one) && add_object(&rows, &one);
        VariantClear(&one);
    }
    if (ok && !many)
        ok = add_object(&rows, &value);
    VariantClear(&value);
    if (ok)
        *ret_rows = rows;
    else
        wmi_rows_done(&rows);
    return ok;
}

bool wmi_path(struct IWbemClassObject *object, char out[WMI_PATH_BYTES], struct err *err)
{
    return (wmi_text(object, "__PATH", out, WMI_PATH_BYTES) && *out) ||
           err_set(err, ERR_FAILED, TEXT_HV_OBJECT, "__PATH", NULL);
}

/* ---- writing ---- */

/* Hands the value over, which is cleared. */
static bool put(IWbemClassObject *object, const char *name, VARIANT *value, struct err *err)
{
    BSTR wide = wmi_bstr(name);
    HRESULT result = E_OUTOFMEMORY;

    if (wide)
        result = IWbemClassObject_Put(object, wide, 0, value, 0);
    SysFreeString(wide);
    VariantClear(value);
    return SUCCEEDED(result) || wmi_fail(result, TEXT_HV_PROPERTY, name, err);
}

bool wmi_put_text(struct IWbemClassObject *object,
                  const char *name,
                  const char *text,
                  struct err *err)
{
    VARIANT value = {.vt = VT_BSTR};

    value.bstrVal = wmi_bstr(text);
    return value.bstrVal ? put(object, name, &value, err) : err_no_memory(err);
}

/* The CIM type that the class gives the property. */
static bool type_of(IWbemClassObject *object, const char *name, CIMTYPE *ret_type, struct err *err)
{
    BSTR wide = wmi_bstr(name);
    HRESULT result = E_OUTOFMEMORY;

    if (wide)
        result = IWbemClassObject_Get(object, wide, 0, NULL, ret_type, NULL);
    SysFreeString(wide);
    return SUCCEEDED(result) || wmi_fail(result, TEXT_HV_PROPERTY, name, err);
}

static VARIANT number_as(CIMTYPE type, uint64_t number)
{
    VARIANT value = {.vt = VT_I4};
    char text[24];

    value.lVal = (LONG)number;
    if (type == CIM_BOOLEAN) {
        value.vt = VT_BOOL;
        value.boolVal = number ? VARIANT_TRUE : VARIANT_FALSE;
    } else if (type == CIM_UINT8) {
        value.vt = VT_UI1;
        value.bVal = (BYTE)number;
    } else if (type == CIM_SINT8 || type == CIM_SINT16) {
        value.vt = VT_I2;
        value.iVal = (SHORT)number;
    } else if (type == CIM_UINT64 || type == CIM_SINT64) {
        snprintf(text, sizeof text, "%" PRIu64, number);
        value.vt = VT_BSTR;
        value.bstrVal = wmi_bstr(text);
    }
    return value;
}

bool wmi_put_number(struct IWbemClassObject *object,
                    const char *name,
                    uint64_t number,
                    struct err *err)
{
    CIMTYPE type = CIM_EMPTY;
    VARIANT value;

    if (!type_of(object, name, &type, err))
        return false;
    value = number_as(type, number);
    return put(object, name, &value, err);
}

/* Puts an array whose elements fill() makes. */
static bool put_array(IWbemClassObject *object,
                      const char *name,
                      VARTYPE type,
                      size_t count,
                      const void *elements,
                      size_t element_bytes,
                      struct err *err)
{
    VARIANT value = {.vt = (VARTYPE)(VT_ARRAY | type)};
    void *data = NULL;

    value.parray = SafeArrayCreateVector(type, 0, (ULONG)count);
    if (!value.parray)
        return err_no_memory(err);
    if (FAILED(SafeArrayAccessData(value.parray, &data))) {
        VariantClear(&value);
        return err_no_memory(err);
    }
    memcpy(data, elements, count * element_bytes);
    SafeArrayUnaccessData(value.parray);
    return put(object, name, &value, err);
}

bool wmi_put_texts(struct IWbemClassObject *object,
                   const char *name,
                   const char *const *texts,
                   size_t count,
                   struct err *err)
{
    BSTR *wide = calloc(count + 1, sizeof *wide);
    bool ok = wide != NULL;

    for (size_t i = 0; ok && i < count; i++) {
        wide[i] = wmi_bstr(texts[i]);
        ok = wide[i] != NULL;
    }
    if (!ok) {
        for (size_t i = 0; wide && i < count; i++)
            SysFreeString(wide[i]);
        free(wide);
        return err_no_memory(err);
    }
    /* the array owns the strings from here on */
    ok = put_array(object, name, VT_BSTR, count, wide, sizeof *wide, err);
    free(wide);
    return ok;
}

bool wmi_put_numbers(struct IWbemClassObject *object,
                     const char *name,
                     const uint32_t *numbers,
                     size_t count,
                     struct err *err)
{
    return put_array(object, name, VT_I4, count, numbers, sizeof *numbers, err);
}

bool wmi_put_bytes(struct IWbemClassObject *object,
                   const char *name,
                   const struct buf *bytes,
                   struct err *err)
{
    return put_array(object, name, VT_UI1, bytes->len, bytes->data, 1, err);
}

bool wmi_put_object(struct IWbemClassObject *object,
                    const char *name,
                    struct IWbemClassObject *value,
                    struct err *err)
{
    VARIANT boxed = {.vt = VT_UNKNOWN};

    boxed.punkVal = (IUnknown *)value;
    IWbemClassObject_AddRef(value);
    return put(object, name, &boxed, err);
}

/* ---- text ---- */

bool wmi_embed(struct IWbemClassObject *object, struct buf *out, struct err *err)
{
    IWbemObjectTextSrc *source = NULL;
    BSTR text = NULL;
    HRESULT result = CoCreateInstance(
        &text_class, NULL, CLSCTX_INPROC_SERVER, &text_interface, (void **)&source);
    bool ok;

    if (SUCCEEDED(result)) {
        result = IWbemObjectTextSrc_GetText(source, 0, object, FORMAT_CIM_DTD, NULL, &text);
        IWbemObjectTextSrc_Release(source);
    }
    if (FAILED(result))
        return wmi_fail(result, TEXT_HV_OBJECT, "CIM-XML", err);
    ok = wmi_put_bstr(out, text) || err_no_memory(err);
    SysFreeString(text);
    return ok;
}

bool wmi_put_embedded(struct IWbemClassObject *params,
                      const char *name,
                      struct IWbemClassObject *object,
                      struct err *err)
{
    struct buf text;
    bool ok;

    buf_init(&text, WMI_TEXT_BYTES);
    ok = wmi_embed(object, &text, err) && wmi_put_text(params, name, buf_str(&text), err);
    buf_done(&text);
    return ok;
}

bool wmi_put_embedded_list(struct IWbemClassObject *params,
                           const char *name,
                           struct IWbemClassObject *object,
                           struct err *err)
{
    const char *texts[1];
    struct buf text;
    bool ok;

    buf_init(&text, WMI_TEXT_BYTES);
    ok = wmi_embed(object, &text, err);
    texts[0] = buf_str(&text);
    ok = ok && wmi_put_texts(params, name, texts, 1, err);
    buf_done(&text);
    return ok;
}
