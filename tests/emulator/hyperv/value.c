/* See value.h. */
#include "value.h"

#include "hyperv.h"
#include "object.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <oleauto.h>

enum { NUMBER_BYTES = 32, DATETIME_CHARS = 25, POINT_AT = 14, SIGN_AT = 21 };

/* How each type looks: smallest and largest number, and its VARIANT. */
static const struct {
    CIMTYPE type;
    VARTYPE variant;
    double min, max;
} forms[] = {
    {CIM_BOOLEAN, VT_BOOL, 0, 0},
    {CIM_CHAR16, VT_I2, 0, 65535},
    {CIM_DATETIME, VT_BSTR, 0, 0},
    {CIM_OBJECT, VT_UNKNOWN, 0, 0},
    {CIM_REAL32, VT_R4, -3.4e38, 3.4e38},
    {CIM_REAL64, VT_R8, -1.7e308, 1.7e308},
    {CIM_REFERENCE, VT_BSTR, 0, 0},
    {CIM_SINT16, VT_I2, -32768, 32767},
    {CIM_SINT32, VT_I4, -2147483648.0, 2147483647.0},
    {CIM_SINT64, VT_BSTR, 0, 0},
    {CIM_SINT8, VT_I2, -128, 127},
    {CIM_STRING, VT_BSTR, 0, 0},
    {CIM_UINT16, VT_I4, 0, 65535},
    {CIM_UINT32, VT_I4, 0, 4294967295.0},
    {CIM_UINT64, VT_BSTR, 0, 0},
    {CIM_UINT8, VT_UI1, 0, 255},
};

static size_t form_of(CIMTYPE type)
{
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (forms[i].type == (type & ~CIM_FLAG_ARRAY))
            return i;
    emulator_fail("CIM type %ld", (long)type);
}

static bool is_number(CIMTYPE type)
{
    return forms[form_of(type)].max > 0;
}

/* "20261127135342.123456+060", or an interval "00000000000500.000000:000"; stars are unknown parts.
 */
static bool is_datetime(const char *text)
{
    if (strlen(text) != DATETIME_CHARS || text[POINT_AT] != '.' || !strchr("+-:", text[SIGN_AT]))
        return false;
    for (size_t i = 0; i < DATETIME_CHARS; i++)
        if (i != POINT_AT && i != SIGN_AT && text[i] != '*' && (text[i] < '0' || text[i] > '9'))
            return false;
    return true;
}

/* Decimal or 0x, as text of the number's plain decimal form. */
static cJSON *parse_64(CIMTYPE type, const char *text)
{
    char plain[NUMBER_BYTES], *end;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

    if (!*text || !strchr("-0123456789", *text) || (*text == '-' && type == CIM_UINT64))
        return NULL;
    errno = 0;
    if (type == CIM_UINT64)
        snprintf(plain, sizeof(plain), "%" PRIu64, (uint64_t)strtoull(text, &end, hex ? 16 : 10));
    else
        snprintf(plain, sizeof(plain), "%" PRId64, (int64_t)strtoll(text, &end, hex ? 16 : 10));
    return errno || *end ? NULL : cJSON_CreateString(plain);
}

cJSON *value_parse(CIMTYPE type, const char *text)
{
    size_t form = form_of(type);
    char *end;
    double number;

    if (type == CIM_STRING || type == CIM_REFERENCE)
        return cJSON_CreateString(text);
    if (type == CIM_DATETIME)
        return is_datetime(text) ? cJSON_CreateString(text) : NULL;
    if (type == CIM_SINT64 || type == CIM_UINT64)
        return parse_64(type, text);
    if (type == CIM_BOOLEAN)
        return !_stricmp(text, "true")    ? cJSON_CreateTrue()
               : !_stricmp(text, "false") ? cJSON_CreateFalse()
                                          : NULL;
    number = strtod(text, &end);
    if (end == text || *end || number < forms[form].min || number > forms[form].max)
        return NULL;
    if (type != CIM_REAL32 && type != CIM_REAL64 && number != floor(number))
        return NULL;
    return cJSON_CreateNumber(number);
}

char *value_text(CIMTYPE type, const cJSON *json)
{
    if (cJSON_IsBool(json))
        return emulator_copy(cJSON_IsTrue(json) ? "true" : "false");
    if (cJSON_IsString(json))
        return emulator_copy(json->valuestring);
    if (type == CIM_REAL32 || type == CIM_REAL64)
        return emulator_print("%.17g", json->valuedouble);
    return emulator_print("%.0f", json->valuedouble);
}

static bool scalar_fits(CIMTYPE type, const cJSON *json)
{
    char *text;
    cJSON *parsed;

    if (type == CIM_OBJECT)
        return cJSON_IsObject(json);
    if (type == CIM_BOOLEAN ? !cJSON_IsBool(json)
                            : (is_number(type) ? !cJSON_IsNumber(json) : !cJSON_IsString(json)))
        return false;
    text = value_text(type, json);
    parsed = value_parse(type, text);
    free(text);
    cJSON_Delete(parsed);
    return parsed != NULL;
}

bool value_fits(CIMTYPE type, const cJSON *json)
{
    const cJSON *item;

    if (!(type & CIM_FLAG_ARRAY))
        return scalar_fits(type, json);
    if (!cJSON_IsArray(json))
        return false;
    cJSON_ArrayForEach(item, json) if (!scalar_fits(type & ~CIM_FLAG_ARRAY, item)) return false;
    return true;
}

int value_compare(CIMTYPE type, const cJSON *a, const cJSON *b)
{
    if (cJSON_IsBool(a) && cJSON_IsBool(b))
        return cJSON_IsTrue(a) - cJSON_IsTrue(b);
    if (cJSON_IsNumber(a) && cJSON_IsNumber(b))
        return (a->valuedouble > b->valuedouble) - (a->valuedouble < b->valuedouble);
    if (!cJSON_IsString(a) || !cJSON_IsString(b))
        return -1;
    if (type == CIM_UINT64) {
        uint64_t x = strtoull(a->valuestring, NULL, 10), y = strtoull(b->valuestring, NULL, 10);

        return (x > y) - (x < y);
    }
    if (type == CIM_SINT64) {
        int64_t x = strtoll(a->valuestring, NULL, 10), y = strtoll(b->valuestring, NULL, 10);

        return (x > y) - (x < y);
    }
    return _stricmp(a->valuestring, b->valuestring);
}

/* ---- from VARIANT ---- */

/* Any integer that holds the number will do, as long as it is no text. */
static bool integer_of(const VARIANT *v, double *ret_number)
{
    switch (V_VT(v)) {
    case VT_I1:
        *ret_number = V_I1(v);
        return true;
    case VT_UI1:
        *ret_number = V_UI1(v);
        return true;
    case VT_I2:
        *ret_number = V_I2(v);
        return true;
    case VT_UI2:
        *ret_number = V_UI2(v);
        return true;
    case VT_I4:
    case VT_INT:
        *ret_number = V_I4(v);
        return true;
    case VT_UI4:
    case VT_UINT:
        *ret_number = V_UI4(v);
        return true;
    default:
        return false;
    }
}

static cJSON *number_from(CIMTYPE type, const VARIANT *v)
{
    size_t form = form_of(type);
    double number;

    if (type == CIM_REAL32 || type == CIM_REAL64)
        return V_VT(v) == VT_R4   ? cJSON_CreateNumber((double)V_R4(v))
               : V_VT(v) == VT_R8 ? cJSON_CreateNumber(V_R8(v))
                                  : NULL;
    if (!integer_of(v, &number))
        return NULL;
    if (type == CIM_UINT32 && number < 0) /* the mapping has no other form for these */
        number += 4294967296.0;
    if (number < forms[form].min || number > forms[form].max)
        return NULL;
    return cJSON_CreateNumber(number);
}

static cJSON *scalar_from(CIMTYPE type, const VARIANT *v)
{
    char *text;
    cJSON *json;

    if (type == CIM_OBJECT)
        return V_VT(v) == VT_UNKNOWN ? object_to_json(V_UNKNOWN(v)) : NULL;
    if (type == CIM_BOOLEAN)
        return V_VT(v) == VT_BOOL ? cJSON_CreateBool(V_BOOL(v) != VARIANT_FALSE) : NULL;
    if (is_number(type))
        return number_from(type, v);
    if (V_VT(v) != VT_BSTR)
        return NULL;
    text = emulator_utf8(V_BSTR(v));
    json = value_parse(type, text);
    free(text);
    return json;
}

/* One element of a SAFEARRAY as a VARIANT of its own. */
static bool element_at(SAFEARRAY *array, VARTYPE type, LONG index, VARIANT *ret)
{
    VariantInit(ret);
    if (type == VT_VARIANT)
        return SUCCEEDED(SafeArrayGetElement(array, &index, ret));
    V_VT(ret) = type;
    return SUCCEEDED(SafeArrayGetElement(array, &index, &V_UI1(ret)));
}

static cJSON *array_from(CIMTYPE type, const VARIANT *v)
{
    VARTYPE element = V_VT(v) & VT_TYPEMASK;
    SAFEARRAY *array = V_ARRAY(v);
    LONG low, high;
    cJSON *json;

    if (!(V_VT(v) & VT_ARRAY) || !array || SafeArrayGetDim(array) != 1 ||
        FAILED(SafeArrayGetLBound(array, 1, &low)) || FAILED(SafeArrayGetUBound(array, 1, &high)))
        return NULL;
    json = cJSON_CreateArray();
    for (LONG i = low; i <= high; i++) {
        VARIANT one;
        cJSON *item = NULL;

        if (element_at(array, element, i, &one))
            item = scalar_from(type & ~CIM_FLAG_ARRAY, &one);
        VariantClear(&one);
        if (!item) {
            cJSON_Delete(json);
            return NULL;
        }
        cJSON_AddItemToArray(json, item);
    }
    return json;
}

HRESULT value_from_variant(CIMTYPE type, const VARIANT *variant, cJSON **ret_json)
{
    cJSON *json;

    if (!variant || V_VT(variant) == VT_NULL || V_VT(variant) == VT_EMPTY) {
        *ret_json = NULL;
        return S_OK;
    }
    json = type & CIM_FLAG_ARRAY ? array_from(type, variant) : scalar_from(type, variant);
    if (!json)
        return (HRESULT)WBEM_E_TYPE_MISMATCH;
    *ret_json = json;
    return S_OK;
}

/* ---- to VARIANT ---- */

static void scalar_to(const char *space, CIMTYPE type, const cJSON *json, VARIANT *v)
{
    double number = json->valuedouble;

    V_VT(v) = forms[form_of(type)].variant;
    switch (V_VT(v)) {
    case VT_BOOL:
        V_BOOL(v) = cJSON_IsTrue(json) ? VARIANT_TRUE : VARIANT_FALSE;
        break;
    case VT_UI1:
        V_UI1(v) = (BYTE)number;
        break;
    case VT_I2:
        V_I2(v) = (SHORT)(int)number;
        break;
    case VT_I4:
        V_I4(v) = (LONG)(int64_t)number;
        break;
    case VT_R4:
        V_R4(v) = (float)number;
        break;
    case VT_R8:
        V_R8(v) = number;
        break;
    case VT_UNKNOWN:
        V_UNKNOWN(v) = (IUnknown *)object_from_json(space, json);
        break;
    default:
        V_BSTR(v) = emulator_bstr(cJSON_IsString(json) ? json->valuestring : "");
    }
}

void value_to_variant(const char *space, CIMTYPE type, const cJSON *json, VARIANT *ret_variant)
{
    VARTYPE element = forms[form_of(type)].variant;
    const cJSON *item;
    LONG index = 0;

    VariantInit(ret_variant);
    if (!json || cJSON_IsNull(json)) {
        V_VT(ret_variant) = VT_NULL;
        return;
    }
    if (!(type & CIM_FLAG_ARRAY)) {
        scalar_to(space, type, json, ret_variant);
        return;
    }
    V_VT(ret_variant) = VT_ARRAY | element;
    V_ARRAY(ret_variant) = SafeArrayCreateVector(element, 0, (ULONG)cJSON_GetArraySize(json));
    if (!V_ARRAY(ret_variant))
        emulator_fail("out of memory");
    cJSON_ArrayForEach(item, json)
    {
        VARIANT one;

        VariantInit(&one);
        scalar_to(space, type & ~CIM_FLAG_ARRAY, item, &one);
        SafeArrayPutElement(V_ARRAY(ret_variant),
                            &index,
                            element == VT_BSTR || element == VT_UNKNOWN ? (void *)V_BSTR(&one)
                                                                        : (void *)&V_UI1(&one));
        VariantClear(&one);
        index++;
    }
}
