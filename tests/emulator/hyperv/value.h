/* One value of a CIM type. It is kept as JSON: strings, datetimes, references and 64-bit numbers as
 * strings, other numbers as numbers, objects as {"class": C, "p": {properties}}; null is no JSON at
 * all (NULL). VARIANTs are those of the automation mapping ("Numbers (WMI)"), nothing else. */
#ifndef GPUPV_TESTS_HYPERV_VALUE_H
#define GPUPV_TESTS_HYPERV_VALUE_H

#include "schema.h"

#include <cjson/cJSON.h>

/* The VARIANT as JSON, NULL for null; WBEM_E_TYPE_MISMATCH when it is none of that type. The caller
 * frees *ret_json. */
HRESULT value_from_variant(CIMTYPE type, const VARIANT *variant, cJSON **ret_json);

/* JSON or NULL as a VARIANT that the caller clears. space: where classes of objects are. */
void value_to_variant(const char *space, CIMTYPE type, const cJSON *json, VARIANT *ret_variant);

/* A scalar from text as it stands in XML and queries; NULL when it is none of that type. Caller
 * frees. */
cJSON *value_parse(CIMTYPE type, const char *text);

/* A scalar as text. The caller frees. */
char *value_text(CIMTYPE type, const cJSON *json);

/* True when JSON is a value of that type. */
bool value_fits(CIMTYPE type, const cJSON *json);

/* Compares two scalars of a type: <0, 0, >0. Strings without case. */
int value_compare(CIMTYPE type, const cJSON *a, const cJSON *b);

#endif
