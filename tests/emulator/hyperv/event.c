/* Events by polling, as WITHIN makes them: what is there now is compared with what was there
 * before. Facts: hyperv-wmi.md §20. */
#include "service.h"

#include "hyperv.h"
#include "object.h"
#include "store.h"

#include <stdlib.h>
#include <string.h>

enum { PAUSE_MS = 20 };

struct events {
    IEnumWbemClassObject iface;
    LONG references;
    struct blanket blanket;
    struct query query;
    cJSON *before;  /* {path: {"class", "p"}} */
    cJSON *pending; /* events that were found */
    uint64_t next;  /* when to look again */
};

static struct events *self_of(IEnumWbemClassObject *iface)
{
    return (struct events *)(void *)iface;
}

static HRESULT STDMETHODCALLTYPE on_query(IEnumWbemClassObject *iface, REFIID iid, void **ret)
{
    *ret = NULL;
    if (IsEqualIID(iid, &IID_IUnknown) || IsEqualIID(iid, &IID_IEnumWbemClassObject))
        *ret = iface;
    else if (IsEqualIID(iid, &IID_IClientSecurity))
        *ret = &self_of(iface)->blanket.iface;
    else
        return E_NOINTERFACE;
    InterlockedIncrement(&self_of(iface)->references);
    return S_OK;
}

static ULONG STDMETHODCALLTYPE on_add_ref(IEnumWbemClassObject *iface)
{
    return (ULONG)InterlockedIncrement(&self_of(iface)->references);
}

static ULONG STDMETHODCALLTYPE on_release(IEnumWbemClassObject *iface)
{
    struct events *self = self_of(iface);
    LONG left = InterlockedDecrement(&self->references);

    if (!left) {
        query_done(&self->query);
        cJSON_Delete(self->before);
        cJSON_Delete(self->pending);
        free(self);
    }
    return (ULONG)left;
}

static void
raise(struct events *self, const char *class, const cJSON *target, const cJSON *previous)
{
    cJSON *event, *p;

    if (!schema_is_a(schema_class(self->query.space, class), self->query.class->name))
        return;
    event = cJSON_CreateObject();
    cJSON_AddStringToObject(event, "class", class);
    p = cJSON_AddObjectToObject(event, "p");
    cJSON_AddItemToObject(p, "TargetInstance", cJSON_Duplicate(target, true));
    if (previous)
        cJSON_AddItemToObject(p, "PreviousInstance", cJSON_Duplicate(previous, true));
    cJSON_AddStringToObject(p, "TIME_CREATED", "134072640000000000");
    if (query_matches(&self->query, schema_class(self->query.space, class), p))
        cJSON_AddItemToArray(self->pending, event);
    else
        cJSON_Delete(event);
}

static void look(struct events *self)
{
    cJSON *now;
    const cJSON *row;

    store_open();
    now = query_snapshot(&self->query);
    store_close();
    cJSON_ArrayForEach(row, now)
    {
        const cJSON *old = cJSON_GetObjectItemCaseSensitive(self->before, row->string);

        if (!old)
            raise(self, "__InstanceCreationEvent", row, NULL);
        else if (!cJSON_Compare(old, row, true))
            raise(self, "__InstanceModificationEvent", row, old);
    }
    cJSON_ArrayForEach(row, self->before)
    {
        if (!cJSON_GetObjectItemCaseSensitive(now, row->string))
            raise(self, "__InstanceDeletionEvent", row, NULL);
    }
    cJSON_Delete(self->before);
    self->before = now;
    self->next = emulator_now() + (uint64_t)(self->query.within * 1000);
}

static IWbemClassObject *take_event(struct events *self)
{
    cJSON *event = cJSON_DetachItemFromArray(self->pending, 0);
    IWbemClassObject *object = object_from_json(self->query.space, event);

    cJSON_Delete(event);
    return object;
}

static HRESULT STDMETHODCALLTYPE on_next(IEnumWbemClassObject *iface,
                                         LONG timeout,
                                         ULONG count,
                                         IWbemClassObject **ret_objects,
                                         ULONG *ret_returned)
{
    struct events *self = self_of(iface);
    uint64_t until = emulator_now() + (uint64_t)(timeout < 0 ? 0 : timeout);
    ULONG found = 0;

    if (!ret_objects || !ret_returned)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    *ret_returned = 0;
    if (!blanket_allows(&self->blanket))
        return (HRESULT)WBEM_E_ACCESS_DENIED;
    for (;;) {
        if (emulator_now() >= self->next)
            look(self);
        while (found < count && self->pending->child)
            ret_objects[found++] = take_event(self);
        *ret_returned = found;
        if (found == count)
            return WBEM_S_NO_ERROR;
        if (timeout >= 0 && emulator_now() >= until)
            return WBEM_S_TIMEDOUT;
        Sleep(PAUSE_MS);
    }
}

static HRESULT STDMETHODCALLTYPE no_reset(IEnumWbemClassObject *iface)
{
    (void)iface;
    return (HRESULT)WBEM_E_INVALID_OPERATION;
}

static HRESULT STDMETHODCALLTYPE no_next_async(IEnumWbemClassObject *iface,
                                               ULONG count,
                                               IWbemObjectSink *sink)
{
    (void)iface;
    (void)count;
    (void)sink;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE no_clone(IEnumWbemClassObject *iface, IEnumWbemClassObject **ret)
{
    (void)iface;
    (void)ret;
    return (HRESULT)WBEM_E_INVALID_OPERATION;
}

static HRESULT STDMETHODCALLTYPE no_skip(IEnumWbemClassObject *iface, LONG timeout, ULONG count)
{
    (void)iface;
    (void)timeout;
    (void)count;
    return (HRESULT)WBEM_E_INVALID_OPERATION;
}

static const IEnumWbemClassObjectVtbl methods = {
    .QueryInterface = on_query,
    .AddRef = on_add_ref,
    .Release = on_release,
    .Reset = no_reset,
    .Next = on_next,
    .NextAsync = no_next_async,
    .Clone = no_clone,
    .Skip = no_skip,
};

IEnumWbemClassObject *event_enumerator_new(struct query *query)
{
    struct events *made = emulator_grow(NULL, sizeof(*made));

    memset(made, 0, sizeof(*made));
    made->iface.lpVtbl = (IEnumWbemClassObjectVtbl *)(uintptr_t)&methods;
    made->references = 1;
    blanket_init(&made->blanket, (IUnknown *)(void *)&made->iface);
    made->query = *query;
    made->pending = cJSON_CreateArray();
    store_open();
    made->before = query_snapshot(&made->query);
    store_close();
    made->next = emulator_now() + (uint64_t)(made->query.within * 1000);
    return &made->iface;
}
