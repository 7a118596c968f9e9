/* WHERE of a query: comparisons of properties with constants, joined by AND, OR and NOT. */
#ifndef GPUPV_TESTS_HYPERV_CONDITION_H
#define GPUPV_TESTS_HYPERV_CONDITION_H

#include "schema.h"

#include <cjson/cJSON.h>

enum condition_kind { CONDITION_AND, CONDITION_OR, CONDITION_NOT, CONDITION_TEST };

enum condition_operator {
    OPERATOR_EQUAL,
    OPERATOR_UNEQUAL,
    OPERATOR_LESS,
    OPERATOR_LESS_EQUAL,
    OPERATOR_GREATER,
    OPERATOR_GREATER_EQUAL,
    OPERATOR_LIKE,
    OPERATOR_ISA,
    OPERATOR_NULL,
    OPERATOR_NOT_NULL
};

struct condition {
    enum condition_kind kind;
    struct condition *left, *right; /* right: of AND and OR */
    char *property;                 /* "EnabledState", "TargetInstance.EnabledState" */
    enum condition_operator operation;
    cJSON *literal; /* string, number or boolean */
    char *other;    /* or another property: PreviousInstance.EnabledState */
};

/* True when all properties exist in the class and can be compared like that. Properties of an
 * event's instance are looked for when it is evaluated. */
bool condition_valid(const struct condition *condition, const struct schema_class *class);

/* Evaluates it for one instance. */
bool condition_true(const struct condition *condition,
                    const struct schema_class *class,
                    const cJSON *properties);

void condition_free(struct condition *condition);

#endif
