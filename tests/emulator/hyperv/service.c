/* IWbemServices. Facts: MicrosoftDocs (IWbemServices, WBEM error codes), hyperv-wmi.md §1 to §3. */
#include "service.h"

#include "hyperv.h"
#include "live.h"
#include "method.h"
#include "object.h"
#include "put.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

struct service {
    IWbemServices iface;
    LONG references;
    struct blanket blanket;
    const char *space;
    IWbemServices *behind;
};

static struct service *self_of(IWbemServices *iface)
{
    return (struct service *)(void *)iface;
}

static HRESULT STDMETHODCALLTYPE on_query(IWbemServices *iface, REFIID iid, void **ret)
{
    *ret = NULL;
    if (IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IWbemServices))
        *ret = iface;
    else if (IsEqualIID(iid, &IID_IClientSecurity))
        *ret = &self_of(iface)->blanket.iface;
    else
        return E_NOINTERFACE;
    InterlockedIncrement(&self_of(iface)->references);
    return S_OK;
}

static ULONG STDMETHODCALLTYPE on_add_ref(IWbemServices *iface)
{
    return (ULONG)InterlockedIncrement(&self_of(iface)->references);
}

static ULONG STDMETHODCALLTYPE on_release(IWbemServices *iface)
{
    struct service *self = self_of(iface);
    LONG left = InterlockedDecrement(&self->references);

    if (!left) {
        if (self->behind)
            self->behind->lpVtbl->Release(self->behind);
        free(self);
    }
    return (ULONG)left;
}

/* What every call begins with: a fault, or the blanket that is missing. */
static HRESULT begin(const struct service *self, const struct call *call)
{
    if (call->fault)
        return call_fault(call);
    return blanket_allows(&self->blanket) ? S_OK : (HRESULT)WBEM_E_ACCESS_DENIED;
}

/* While vmms is away, instances of Hyper-V cannot be had; each call finds out in another way. */
static HRESULT away(const struct service *self, const struct call *call)
{
    static const DWORD codes[] = {HYPERV_RESTARTED, (DWORD)WBEM_E_SHUTTING_DOWN, 0x800706BA};

    if (strcmp(self->space, NAMESPACE_HYPERV) != 0 || !live_down())
        return S_OK;
    return emulator_setting("Vmms", 1) ? (HRESULT)codes[call->number % ARRAY_SIZE(codes)]
                                       : (HRESULT)WBEM_E_PROVIDER_FAILURE;
}

/* ---- objects ---- */

static HRESULT get_instance(const struct path *path, IWbemClassObject **ret_object)
{
    cJSON *row = store_at(path);

    if (!row || !live_visible_row(row))
        return (HRESULT)WBEM_E_NOT_FOUND;
    *ret_object = &object_new(row_class(row), live_properties(row))->iface;
    return S_OK;
}

static HRESULT get_object(const struct service *self,
                          const struct call *call,
                          const char *text,
                          IWbemClassObject **ret_object)
{
    struct path path;
    HRESULT result = path_parse(self->space, text, &path);

    if (SUCCEEDED(result) && !path.keys)
        *ret_object = &object_new_class(path.class)->iface;
    else if (SUCCEEDED(result)) {
        result = away(self, call);
        if (SUCCEEDED(result))
            result = get_instance(&path, ret_object);
    }
    path_done(&path);
    return result;
}

static HRESULT STDMETHODCALLTYPE on_get(IWbemServices *iface,
                                        BSTR path,
                                        LONG flags,
                                        IWbemContext *context,
                                        IWbemClassObject **ret_object,
                                        IWbemCallResult **ret_result)
{
    struct service *self = self_of(iface);
    struct call call = call_begin("GetObject");
    char *text = emulator_utf8(path);
    HRESULT result = begin(self, &call);

    if (ret_object)
        *ret_object = NULL;
    if (SUCCEEDED(result) &&
        (!ret_object || ret_result || flags & ~(LONG)WBEM_FLAG_USE_AMENDED_QUALIFIERS))
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (SUCCEEDED(result)) {
        store_open();
        result = get_object(self, &call, text, ret_object);
        store_close();
    }
    if (result == (HRESULT)WBEM_E_INVALID_CLASS && self->behind)
        result = self->behind->lpVtbl->GetObject(
            self->behind, path, flags, context, ret_object, ret_result);
    call_end(&call, result, text);
    free(text);
    return result;
}

/* ---- queries ---- */

static bool is_event(const struct query *query)
{
    return query->class && (schema_is_a(query->class, "__Event"));
}

/* A query that cannot be read fails at once; what else is wrong shows at the first Next, when the
 * caller did not want to wait. */
static HRESULT exec_query(struct service *self,
                          const char *text,
                          LONG flags,
                          IEnumWbemClassObject **ret_enumerator)
{
    struct query query;
    cJSON *instances = NULL;
    HRESULT result = query_parse(self->space, text, &query);

    if (SUCCEEDED(result) && is_event(&query))
        result = (HRESULT)WBEM_E_INVALID_QUERY;
    if (SUCCEEDED(result)) {
        store_open();
        result = query_run(&query, &instances);
        store_close();
    }
    query_done(&query);
    if (result == (HRESULT)WBEM_E_INVALID_QUERY ||
        (FAILED(result) && !(flags & WBEM_FLAG_RETURN_IMMEDIATELY)) ||
        (result == (HRESULT)WBEM_E_INVALID_CLASS && self->behind))
        return result;
    *ret_enumerator =
        enumerator_new(self->space, instances, result, (flags & WBEM_FLAG_FORWARD_ONLY) != 0);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_exec_query(IWbemServices *iface,
                                               BSTR language,
                                               BSTR query,
                                               LONG flags,
                                               IWbemContext *context,
                                               IEnumWbemClassObject **ret_enumerator)
{
    struct service *self = self_of(iface);
    struct call call = call_begin("ExecQuery");
    char *text = emulator_utf8(query);
    HRESULT result = begin(self, &call);

    if (ret_enumerator)
        *ret_enumerator = NULL;
    if (SUCCEEDED(result) && (!ret_enumerator || !language || !query))
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    else if (SUCCEEDED(result) && _wcsicmp(language, L"WQL") != 0)
        result = (HRESULT)WBEM_E_INVALID_QUERY_TYPE;
    if (SUCCEEDED(result))
        result = exec_query(self, text, flags, ret_enumerator);
    if (result == (HRESULT)WBEM_E_INVALID_CLASS && self->behind)
        result = self->behind->lpVtbl->ExecQuery(
            self->behind, language, query, flags, context, ret_enumerator);
    call_end(&call, result, text);
    free(text);
    return result;
}

static HRESULT STDMETHODCALLTYPE on_instances(IWbemServices *iface,
                                              BSTR class,
                                              LONG flags,
                                              IWbemContext *context,
                                              IEnumWbemClassObject **ret_enumerator)
{
    struct service *self = self_of(iface);
    struct call call = call_begin("CreateInstanceEnum");
    char *name = emulator_utf8(class), *text = emulator_print("SELECT * FROM %s", name);
    HRESULT result = begin(self, &call);

    if (SUCCEEDED(result) && !ret_enumerator)
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (SUCCEEDED(result))
        result = exec_query(self, text, flags, ret_enumerator);
    if (result == (HRESULT)WBEM_E_INVALID_CLASS && self->behind)
        result = self->behind->lpVtbl->CreateInstanceEnum(
            self->behind, class, flags, context, ret_enumerator);
    call_end(&call, result, name);
    free(name);
    free(text);
    return result;
}

static HRESULT STDMETHODCALLTYPE on_classes(IWbemServices *iface,
                                            BSTR superclass,
                                            LONG flags,
                                            IWbemContext *context,
                                            IEnumWbemClassObject **ret_enumerator)
{
    struct service *self = self_of(iface);
    struct call call = call_begin("CreateClassEnum");
    char *name = emulator_utf8(superclass);
    HRESULT result = begin(self, &call);
    const struct schema_class *class;
    cJSON *found = cJSON_CreateArray();

    (void)context;
    if (SUCCEEDED(result) && *name && !schema_class(self->space, name))
        result = (HRESULT)WBEM_E_INVALID_CLASS;
    for (size_t i = 0; SUCCEEDED(result) && (class = schema_class_at(self->space, i)); i++) {
        bool below = *name ? class->parent && schema_is_a(class->parent, name) : true;
        cJSON *one;

        if (!below || ((flags & WBEM_FLAG_SHALLOW) &&
                       (*name ? _stricmp(class->parent->name, name) != 0 : class->parent != NULL)))
            continue;
        one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "class", class->name);
        cJSON_AddBoolToObject(one, "definition", true);
        cJSON_AddItemToArray(found, one);
    }
    if (SUCCEEDED(result) && ret_enumerator)
        *ret_enumerator =
            enumerator_new(self->space, found, S_OK, (flags & WBEM_FLAG_FORWARD_ONLY) != 0);
    else
        cJSON_Delete(found);
    call_end(&call, result, name);
    free(name);
    return result;
}

/* WITHIN is needed: Hyper-V raises no events of its own. */
static HRESULT event_query(const struct service *self,
                           const char *text,
                           LONG flags,
                           IEnumWbemClassObject **ret_enumerator)
{
    struct query query;
    HRESULT result = query_parse(self->space, text, &query);

    if (SUCCEEDED(result) && !is_event(&query))
        result = (HRESULT)WBEM_E_UNPARSABLE_QUERY;
    if (SUCCEEDED(result) && query.within < 0)
        result = (HRESULT)WBEM_E_PROVIDER_NOT_CAPABLE;
    if (SUCCEEDED(result) && flags != (WBEM_FLAG_RETURN_IMMEDIATELY | WBEM_FLAG_FORWARD_ONLY))
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (FAILED(result)) {
        query_done(&query);
        return result;
    }
    *ret_enumerator = event_enumerator_new(&query);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_events(IWbemServices *iface,
                                           BSTR language,
                                           BSTR query,
                                           LONG flags,
                                           IWbemContext *context,
                                           IEnumWbemClassObject **ret_enumerator)
{
    struct service *self = self_of(iface);
    struct call call = call_begin("ExecNotificationQuery");
    char *text = emulator_utf8(query);
    HRESULT result = begin(self, &call);

    (void)context;
    if (SUCCEEDED(result) && (!ret_enumerator || !language))
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    else if (SUCCEEDED(result) && _wcsicmp(language, L"WQL") != 0)
        result = (HRESULT)WBEM_E_INVALID_QUERY_TYPE;
    if (SUCCEEDED(result))
        result = event_query(self, text, flags, ret_enumerator);
    call_end(&call, result, text);
    free(text);
    return result;
}

/* ---- methods ---- */

static HRESULT find_method(const struct service *self,
                           const char *path,
                           const char *name,
                           const struct schema_method **ret_method)
{
    struct path parsed;
    HRESULT result = path_parse(self->space, path, &parsed);

    if (SUCCEEDED(result)) {
        *ret_method = schema_method(parsed.class, name);
        if (!*ret_method)
            result = (HRESULT)WBEM_E_INVALID_METHOD;
    }
    path_done(&parsed);
    return result;
}

/* The input object must be an instance of the method's own input class. */
static HRESULT check_input(const struct schema_method *method, IWbemClassObject *in)
{
    const struct schema_class *wanted = schema_parameters(method, false);
    const struct object *object = object_of(in);

    if (!wanted)
        return in ? (HRESULT)WBEM_E_INVALID_METHOD_PARAMETERS : S_OK;
    return object && object->class == wanted && !object->is_class
               ? S_OK
               : (HRESULT)WBEM_E_INVALID_METHOD_PARAMETERS;
}

static HRESULT call_method(const struct service *self,
                           const struct call *call,
                           const char *path,
                           const struct schema_method *method,
                           IWbemClassObject *in,
                           IWbemClassObject **ret_out)
{
    cJSON *out = NULL;
    HRESULT result = check_input(method, in);

    if (SUCCEEDED(result)) {
        store_open();
        result = away(self, call);
        if (SUCCEEDED(result))
            result =
                method_call(self->space, path, method, in ? object_of(in)->properties : NULL, &out);
        store_close();
    }
    if (FAILED(result))
        return result;
    if (ret_out)
        *ret_out = &object_new(schema_parameters(method, true), out)->iface;
    else
        cJSON_Delete(out);
    return S_OK;
}

/* A fault that is no HRESULT is what the method returns. */
static HRESULT answer_fault(const struct service *self,
                            const struct schema_method *method,
                            DWORD code,
                            IWbemClassObject **ret_out)
{
    cJSON *out = cJSON_CreateObject();

    (void)self;
    cJSON_AddNumberToObject(out, "ReturnValue", code);
    if (ret_out)
        *ret_out = &object_new(schema_parameters(method, true), out)->iface;
    else
        cJSON_Delete(out);
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_exec_method(IWbemServices *iface,
                                                BSTR path,
                                                BSTR name,
                                                LONG flags,
                                                IWbemContext *context,
                                                IWbemClassObject *in,
                                                IWbemClassObject **ret_out,
                                                IWbemCallResult **ret_result)
{
    struct service *self = self_of(iface);
    char *text = emulator_utf8(path), *method_name = emulator_utf8(name);
    struct call call = call_begin(method_name);
    const struct schema_method *method = NULL;
    HRESULT result = find_method(self, text, method_name, &method);
    bool as_code = call.fault && !(call.fault & 0x80000000) && method;

    (void)context;
    if (ret_out)
        *ret_out = NULL;
    if (!as_code && FAILED(begin(self, &call)))
        result = begin(self, &call);
    else if (SUCCEEDED(result) && (flags || ret_result))
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    else if (as_code)
        result = answer_fault(self, method, call.fault, ret_out);
    else if (SUCCEEDED(result))
        result = call_method(self, &call, text, method, in, ret_out);
    call_end(&call, result, text);
    free(text);
    free(method_name);
    return result;
}

/* ---- instances written ---- */

static HRESULT STDMETHODCALLTYPE on_put(IWbemServices *iface,
                                        IWbemClassObject *instance,
                                        LONG flags,
                                        IWbemContext *context,
                                        IWbemCallResult **ret_result)
{
    struct service *self = self_of(iface);
    struct call call = call_begin("PutInstance");
    HRESULT result = begin(self, &call);

    (void)context;
    if (SUCCEEDED(result) && (!object_of(instance) || ret_result || flags & WBEM_FLAG_CREATE_ONLY))
        result = (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (SUCCEEDED(result)) {
        store_open();
        result = away(self, &call);
        if (SUCCEEDED(result))
            result = put_instance(object_of(instance));
        store_close();
    }
    return call_end(&call, result, object_of(instance) ? object_of(instance)->class->name : NULL);
}

static const IWbemServicesVtbl methods;

HRESULT service_new(const char *space, IWbemServices *behind, IWbemServices **ret_services)
{
    struct service *made = emulator_grow(NULL, sizeof(*made));

    memset(made, 0, sizeof(*made));
    made->iface.lpVtbl = (IWbemServicesVtbl *)(uintptr_t)&methods;
    made->references = 1;
    blanket_init(&made->blanket, (IUnknown *)(void *)&made->iface);
    made->space = space;
    made->behind = behind;
    *ret_services = &made->iface;
    return S_OK;
}

/* ---- what nobody needs ---- */

static HRESULT STDMETHODCALLTYPE no_namespace(IWbemServices *iface,
                                              BSTR name,
                                              LONG flags,
                                              IWbemContext *context,
                                              IWbemServices **ret_services,
                                              IWbemCallResult **ret_result)
{
    (void)iface;
    (void)name;
    (void)flags;
    (void)context;
    (void)ret_services;
    (void)ret_result;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_cancel(IWbemServices *iface, IWbemObjectSink *sink)
{
    (void)iface;
    (void)sink;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_sink(IWbemServices *iface, LONG flags, IWbemObjectSink **ret)
{
    (void)iface;
    (void)flags;
    (void)ret;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_text_async(
    IWbemServices *iface, BSTR text, LONG flags, IWbemContext *context, IWbemObjectSink *sink)
{
    (void)iface;
    (void)text;
    (void)flags;
    (void)context;
    (void)sink;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_object_async(IWbemServices *iface,
                                                 IWbemClassObject *object,
                                                 LONG flags,
                                                 IWbemContext *context,
                                                 IWbemObjectSink *sink)
{
    (void)iface;
    (void)object;
    (void)flags;
    (void)context;
    (void)sink;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_put_class(IWbemServices *iface,
                                              IWbemClassObject *object,
                                              LONG flags,
                                              IWbemContext *context,
                                              IWbemCallResult **ret_result)
{
    (void)iface;
    (void)object;
    (void)flags;
    (void)context;
    (void)ret_result;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_delete(IWbemServices *iface,
                                           BSTR text,
                                           LONG flags,
                                           IWbemContext *context,
                                           IWbemCallResult **ret_result)
{
    (void)iface;
    (void)text;
    (void)flags;
    (void)context;
    (void)ret_result;
    return (HRESULT)WBEM_E_PROVIDER_NOT_CAPABLE;
}

static HRESULT STDMETHODCALLTYPE no_query_async(IWbemServices *iface,
                                                BSTR language,
                                                BSTR query,
                                                LONG flags,
                                                IWbemContext *context,
                                                IWbemObjectSink *sink)
{
    (void)iface;
    (void)language;
    (void)query;
    (void)flags;
    (void)context;
    (void)sink;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_method_async(IWbemServices *iface,
                                                 BSTR path,
                                                 BSTR name,
                                                 LONG flags,
                                                 IWbemContext *context,
                                                 IWbemClassObject *in,
                                                 IWbemObjectSink *sink)
{
    (void)iface;
    (void)path;
    (void)name;
    (void)flags;
    (void)context;
    (void)in;
    (void)sink;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static const IWbemServicesVtbl methods = {
    .QueryInterface = on_query,
    .AddRef = on_add_ref,
    .Release = on_release,
    .OpenNamespace = no_namespace,
    .CancelAsyncCall = no_cancel,
    .QueryObjectSink = no_sink,
    .GetObject = on_get,
    .GetObjectAsync = no_text_async,
    .PutClass = no_put_class,
    .PutClassAsync = no_object_async,
    .DeleteClass = no_delete,
    .DeleteClassAsync = no_text_async,
    .CreateClassEnum = on_classes,
    .CreateClassEnumAsync = no_text_async,
    .PutInstance = on_put,
    .PutInstanceAsync = no_object_async,
    .DeleteInstance = no_delete,
    .DeleteInstanceAsync = no_text_async,
    .CreateInstanceEnum = on_instances,
    .CreateInstanceEnumAsync = no_text_async,
    .ExecQuery = on_exec_query,
    .ExecQueryAsync = no_query_async,
    .ExecNotificationQuery = on_events,
    .ExecNotificationQueryAsync = no_query_async,
    .ExecMethod = on_exec_method,
    .ExecMethodAsync = no_method_async,
};
