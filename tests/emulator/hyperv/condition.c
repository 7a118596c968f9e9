/* See condition.h. Facts: MicrosoftDocs, "WQL (SQL for WMI)", "LIKE Operator". */
#include "condition.h"

#include "hyperv.h"
#include "value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

void condition_free(struct condition *condition)
{
    if (!condition)
        return;
    condition_free(condition->left);
    condition_free(condition->right);
    free(condition->property);
    free(condition->other);
    cJSON_Delete(condition->literal);
    free(condition);
}

/* ---- LIKE ---- */

/* One [..] of a pattern; *pattern moves behind it. */
static bool in_set(const char **pattern, char c)
{
    const char *at = *pattern + 1;
    bool inverted = *at == '^', found = false;

    at += inverted;
    while (*at && *at != ']') {
        if (at[1] == '-' && at[2] && at[2] != ']') {
            found |= c >= tolower((unsigned char)at[0]) && c <= tolower((unsigned char)at[2]);
            at += 3;
        } else
            found |= c == tolower((unsigned char)*at++);
    }
    *pattern = *at ? at + 1 : at;
    return found != inverted;
}

static bool is_like(const char *pattern, const char *text)
{
    for (; *pattern; text++) {
        char c = (char)tolower((unsigned char)*text);

        if (*pattern == '%') {
            while (*pattern == '%')
                pattern++;
            for (;; text++) {
                if (is_like(pattern, text))
                    return true;
                if (!*text)
                    return false;
            }
        }
        if (!c)
            return false;
        if (*pattern == '[') {
            if (!in_set(&pattern, c))
                return false;
        } else if (*pattern == '_' || tolower((unsigned char)*pattern) == c)
            pattern++;
        else
            return false;
    }
    return !*text;
}

/* ---- what may be compared ---- */

static bool literal_fits(const struct schema_property *p, const cJSON *literal)
{
    cJSON *parsed;

    if (cJSON_IsNumber(literal))
        return p->type != CIM_BOOLEAN && p->type != CIM_STRING && p->type != CIM_REFERENCE &&
               p->type != CIM_DATETIME;
    if (cJSON_IsBool(literal))
        return p->type == CIM_BOOLEAN;
    parsed = value_parse(p->type, literal->valuestring);
    cJSON_Delete(parsed);
    return parsed != NULL;
}

static bool test_valid(const struct condition *test, const struct schema_class *class)
{
    char *dot = strchr(test->property, '.');
    const struct schema_property *p;

    if (!strcmp(test->property, "__CLASS"))
        return test->operation == OPERATOR_EQUAL || test->operation == OPERATOR_ISA;
    if (dot) {
        *dot = '\0';
        p = schema_property(class, test->property);
        *dot = '.';
        return p && p->type == CIM_OBJECT;
    }
    p = schema_property(class, test->property);
    if (!p)
        return false;
    if (test->operation == OPERATOR_ISA)
        return (p->type & ~CIM_FLAG_ARRAY) == CIM_OBJECT;
    if (test->operation == OPERATOR_NULL || test->operation == OPERATOR_NOT_NULL)
        return true;
    if (p->type & CIM_FLAG_ARRAY || p->type == CIM_OBJECT || test->other)
        return false;
    if (test->operation == OPERATOR_LIKE)
        return p->type == CIM_STRING && cJSON_IsString(test->literal);
    return literal_fits(p, test->literal);
}

bool condition_valid(const struct condition *condition, const struct schema_class *class)
{
    if (!condition)
        return true;
    if (condition->kind == CONDITION_TEST)
        return test_valid(condition, class);
    return condition_valid(condition->left, class) && condition_valid(condition->right, class);
}

/* ---- evaluation ---- */

/* A value and its type, through an embedded object when the name has a dot. */
static const cJSON *
find(const char *name, const struct schema_class *class, const cJSON *properties, CIMTYPE *ret_type)
{
    const char *dot = strchr(name, '.');
    const struct schema_property *p;

    if (dot) {
        char *head = emulator_print("%.*s", (int)(dot - name), name);
        const cJSON *object = cJSON_GetObjectItem(properties, head);
        const char *of = cJSON_GetStringValue(cJSON_GetObjectItem(object, "class"));

        free(head);
        class = of ? schema_class(class->space, of) : NULL;
        properties = cJSON_GetObjectItem(object, "p");
        name = dot + 1;
    }
    p = class ? schema_property(class, name) : NULL;
    *ret_type = p ? p->type : CIM_STRING;
    return p ? cJSON_GetObjectItem(properties, name) : NULL;
}

static bool
is_a(const struct condition *test, const struct schema_class *class, const cJSON *properties)
{
    const cJSON *object = cJSON_GetObjectItem(properties, test->property);
    const char *of = cJSON_GetStringValue(cJSON_GetObjectItem(object, "class"));

    if (!strcmp(test->property, "__CLASS"))
        of = class->name;
    class = of ? schema_class(class->space, of) : NULL;
    return class && schema_is_a(class, test->literal->valuestring);
}

static bool compare(enum condition_operator operation, int order)
{
    switch (operation) {
    case OPERATOR_EQUAL:
        return !order;
    case OPERATOR_UNEQUAL:
        return order != 0;
    case OPERATOR_LESS:
        return order < 0;
    case OPERATOR_LESS_EQUAL:
        return order <= 0;
    case OPERATOR_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* The literal as a value of the property's type; the caller frees. */
static cJSON *literal_as(CIMTYPE type, const cJSON *literal)
{
    char *text = value_text(type, literal);
    cJSON *value = value_parse(type, text);

    free(text);
    return value;
}

static bool
test_true(const struct condition *test, const struct schema_class *class, const cJSON *properties)
{
    CIMTYPE type, other_type;
    const cJSON *value, *second;
    cJSON *literal = NULL;
    bool result;

    if (test->operation == OPERATOR_ISA)
        return is_a(test, class, properties);
    if (!strcmp(test->property, "__CLASS"))
        return !_stricmp(class->name, test->literal->valuestring);
    value = find(test->property, class, properties, &type);
    if (test->operation == OPERATOR_NULL || test->operation == OPERATOR_NOT_NULL)
        return (value == NULL) == (test->operation == OPERATOR_NULL);
    if (test->operation == OPERATOR_LIKE)
        return cJSON_IsString(value) && is_like(test->literal->valuestring, value->valuestring);
    if (test->other)
        second = find(test->other, class, properties, &other_type);
    else
        second = literal = literal_as(type, test->literal);
    if (!value || !second)
        result = test->operation == OPERATOR_UNEQUAL && value != second && test->other;
    else
        result = compare(test->operation, value_compare(type, value, second));
    cJSON_Delete(literal);
    return result;
}

bool condition_true(const struct condition *condition,
                    const struct schema_class *class,
                    const cJSON *properties)
{
    if (!condition)
        return true;
    switch (condition->kind) {
    case CONDITION_AND:
        return condition_true(condition->left, class, properties) &&
               condition_true(condition->right, class, properties);
    case CONDITION_OR:
        return condition_true(condition->left, class, properties) ||
               condition_true(condition->right, class, properties);
    case CONDITION_NOT:
        return !condition_true(condition->left, class, properties);
    default:
        return test_true(condition, class, properties);
    }
}
