/* WQL: SELECT for data and events, ASSOCIATORS OF, REFERENCES OF. */
#ifndef GPUPV_TESTS_HYPERV_QUERY_H
#define GPUPV_TESTS_HYPERV_QUERY_H

#include "schema.h"

#include <cjson/cJSON.h>

enum query_kind { QUERY_SELECT, QUERY_ASSOCIATORS, QUERY_REFERENCES };

struct condition;

struct query {
    enum query_kind kind;
    const char *space;
    const struct schema_class *class; /* SELECT */
    char *class_name;                 /* as it was written, also when there is no such class */
    cJSON *select;                    /* names, NULL for * */
    struct condition *where;          /* NULL: everything */
    double within;                    /* seconds, -1 without WITHIN */
    char *path;                       /* the object of ASSOCIATORS and REFERENCES */
    char *association, *result, *role, *result_role; /* NULL: any */
    bool definitions_only;                           /* SCHEMAONLY and CLASSDEFSONLY */
};

/* Reads a query: WBEM_E_INVALID_QUERY for what is none, or names properties that its class has not,
 * or compares what cannot be; WBEM_E_INVALID_CLASS. The caller calls query_done, also after a
 * failure. */
HRESULT query_parse(const char *space, const char *text, struct query *ret_query);
void query_done(struct query *query);

/* True when an instance fits WHERE. */
bool query_matches(const struct query *query,
                   const struct schema_class *class,
                   const cJSON *properties);

#endif
