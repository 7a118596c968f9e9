/* See method.h. */
#include "method.h"

#include "hyperv.h"
#include "live.h"
#include "text.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

static const struct method_row *const tables[] = {
    machine_methods,
    settings_methods,
    security_methods,
    image_methods,
    snapshot_methods,
    component_methods,
    summary_methods,
    job_methods,
    guardian_methods,
};

const char *in_text(const struct invocation *call, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(call->in, name));
}

cJSON *in_row(const struct invocation *call, const char *name, const char *class)
{
    const char *path = in_text(call, name);
    cJSON *row = path ? store_at_text(path) : NULL;

    return row && row_is(row, class) ? row : NULL;
}

cJSON *in_instance(const char *text, const char *class)
{
    const char *why = "another class";
    cJSON *instance = text_parse(NAMESPACE_HYPERV, text, &why);
    const struct schema_class *is =
        instance ? schema_class(NAMESPACE_HYPERV,
                                cJSON_GetStringValue(cJSON_GetObjectItem(instance, "class")))
                 : NULL;

    if (is && schema_is_a(is, class))
        return instance;
    state_log("hyperv", "- text refused: %s", why);
    cJSON_Delete(instance);
    return NULL;
}

static const struct method_row *find(const struct schema_class *class, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (const struct method_row *row = tables[i]; row->name; row++)
            if (!_stricmp(row->name, name) && schema_is_a(class, row->class))
                return row;
    return NULL;
}

/* The instance that a path names; NULL for a static method. */
static HRESULT find_target(const char *space,
                           const char *text,
                           const struct schema_method *method,
                           const struct schema_class **ret_class,
                           cJSON **ret_row)
{
    struct path path;
    HRESULT result = path_parse(space, text, &path);

    *ret_row = NULL;
    *ret_class = path.class;
    if (SUCCEEDED(result) && !path.keys && !method->is_static)
        result = (HRESULT)WBEM_E_INVALID_OBJECT_PATH;
    if (SUCCEEDED(result) && path.keys) {
        *ret_row = store_at(&path);
        if (!*ret_row || !live_visible_row(*ret_row))
            result = (HRESULT)WBEM_E_NOT_FOUND;
        else
            *ret_class = row_class(*ret_row);
    }
    path_done(&path);
    return result;
}

HRESULT method_call(const char *space,
                    const char *path,
                    const struct schema_method *method,
                    const cJSON *in,
                    cJSON **ret_out)
{
    struct invocation call = {.method = method, .in = in};
    const struct schema_class *class;
    const struct method_row *row;
    DWORD code;
    HRESULT result = find_target(space, path, method, &class, &call.target);

    if (FAILED(result))
        return result;
    row = find(class, method->name);
    if (!row) {
        state_log("hyperv", "- not emulated: %s.%s", class->name, method->name);
        return (HRESULT)WBEM_E_METHOD_NOT_IMPLEMENTED;
    }
    call.out = cJSON_CreateObject();
    code = row->handle(&call);
    if (FAILED(call.failed)) {
        cJSON_Delete(call.out);
        return call.failed;
    }
    cJSON_AddNumberToObject(call.out, "ReturnValue", code);
    state_log("hyperv", "- %s answers %lu", method->name, (unsigned long)code);
    *ret_out = call.out;
    return S_OK;
}
