/* Queries over the rows. */
#include "association.h"
#include "hyperv.h"
#include "live.h"
#include "service.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

static cJSON *instance_of(const struct schema_class *class, cJSON *properties)
{
    cJSON *instance = cJSON_CreateObject();

    cJSON_AddStringToObject(instance, "class", class->name);
    cJSON_AddItemToObject(instance, "p", properties);
    return instance;
}

/* Leaves only what was selected. */
static void select_from(cJSON *instance, const cJSON *names)
{
    const cJSON *properties = cJSON_GetObjectItem(instance, "p"), *name;
    cJSON *kept = cJSON_CreateObject(), *list = cJSON_CreateArray();

    cJSON_ArrayForEach(name, names)
    {
        const cJSON *value = cJSON_GetObjectItem(properties, name->valuestring);

        cJSON_AddItemToArray(list, cJSON_CreateString(name->valuestring));
        if (value)
            cJSON_AddItemToObject(kept, value->string, cJSON_Duplicate(value, true));
    }
    cJSON_ReplaceItemInObject(instance, "p", kept);
    cJSON_AddItemToObject(instance, "selected", list);
}

static void add_selected(const struct query *query,
                         const struct schema_class *class,
                         cJSON *properties,
                         cJSON *instances)
{
    cJSON *instance;

    if (!query_matches(query, class, properties)) {
        cJSON_Delete(properties);
        return;
    }
    instance = instance_of(class, properties);
    if (query->select)
        select_from(instance, query->select);
    cJSON_AddItemToArray(instances, instance);
}

struct collection {
    const struct query *query;
    cJSON *instances;
};

static void
on_pair(void *context, const struct schema_class *association, cJSON *properties, cJSON *other)
{
    struct collection *into = context;

    (void)other;
    add_selected(into->query, association, properties, into->instances);
}

static HRESULT run_select(const struct query *query, cJSON *instances)
{
    struct collection collection = {query, instances};

    if (query->class->association)
        association_visit(query, query->class->name, NULL, on_pair, &collection);
    for (cJSON *row = store_first(); row; row = row->next) {
        const struct schema_class *class = row_class(row);

        if (class && schema_is_a(class, query->class->name) &&
            !strcmp(class->space, query->space) && live_visible_row(row))
            add_selected(query, class, live_properties(row), instances);
    }
    return S_OK;
}

/* The same object may be found over several associations, and counts once. */
static void on_associator(void *context,
                          const struct schema_class *association,
                          cJSON *properties,
                          cJSON *other)
{
    struct collection *into = context;
    cJSON *instance;
    char *path = row_path(other);
    const cJSON *known;

    (void)association;
    cJSON_Delete(properties);
    cJSON_ArrayForEach(known, into->instances)
    {
        if (!strcmp(cJSON_GetObjectItem(known, "path")->valuestring, path)) {
            free(path);
            return;
        }
    }
    instance = instance_of(row_class(other), live_properties(other));
    cJSON_AddStringToObject(instance, "path", path);
    cJSON_AddItemToArray(into->instances, instance);
    free(path);
}

static void
on_reference(void *context, const struct schema_class *association, cJSON *properties, cJSON *other)
{
    struct collection *into = context;

    (void)other;
    cJSON_AddItemToArray(into->instances, instance_of(association, properties));
}

static bool has_key(const struct schema_class *class)
{
    const struct schema_property *p;

    for (size_t i = 0; (p = schema_property_at(class, i)); i++)
        if (p->key)
            return true;
    return false;
}

static HRESULT run_associators(const struct query *query, cJSON *instances)
{
    struct collection collection = {query, instances};
    bool references = query->kind == QUERY_REFERENCES;
    struct path path;
    cJSON *row;
    HRESULT result = path_parse(query->space, query->path, &path);

    if (path.class && !has_key(path.class))
        result = (HRESULT)WBEM_E_INVALID_PARAMETER; /* nothing leads to its instances */
    else if (SUCCEEDED(result) && !path.keys)
        result = (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
    row = SUCCEEDED(result) ? store_at(&path) : NULL;
    path_done(&path);
    if (FAILED(result))
        return result;
    if (!row || !live_visible_row(row))
        return live_down() ? S_OK : (HRESULT)WBEM_E_NOT_FOUND;
    association_visit(query,
                      references ? query->result : query->association,
                      row,
                      references ? on_reference : on_associator,
                      &collection);
    return S_OK;
}

HRESULT query_run(const struct query *query, cJSON **ret_instances)
{
    cJSON *instances = cJSON_CreateArray();
    HRESULT result = query->kind == QUERY_SELECT ? run_select(query, instances)
                                                 : run_associators(query, instances);

    if (FAILED(result)) {
        cJSON_Delete(instances);
        return result;
    }
    *ret_instances = instances;
    return S_OK;
}

cJSON *query_snapshot(const struct query *query)
{
    cJSON *all = cJSON_CreateObject();

    (void)query;
    for (cJSON *row = store_first(); row; row = row->next) {
        const struct schema_class *class = row_class(row);
        char *path;

        if (!class || strcmp(class->space, query->space) != 0 || !live_visible_row(row))
            continue;
        path = row_path(row);
        cJSON_AddItemToObject(all, path, instance_of(class, live_properties(row)));
        free(path);
    }
    return all;
}
