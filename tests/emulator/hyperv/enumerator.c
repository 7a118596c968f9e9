/* IEnumWbemClassObject over what a query found, and IClientSecurity. Facts: MicrosoftDocs; a proxy
 * keeps its own blanket: hyperv-wmi.md §1, §22 (trap 35). */
#include "service.h"

#include "hyperv.h"
#include "object.h"

#include <stdlib.h>
#include <string.h>

struct enumerator {
    IEnumWbemClassObject iface;
    LONG references;
    struct blanket blanket;
    const char *space;
    cJSON *instances;
    int cursor;
    HRESULT late;
    bool forward, begun;
};

/* ---- IClientSecurity ---- */

static struct blanket *blanket_of(IClientSecurity *iface)
{
    return (struct blanket *)(void *)iface;
}

static HRESULT STDMETHODCALLTYPE security_query(IClientSecurity *iface, REFIID iid, void **ret)
{
    return blanket_of(iface)->outer->lpVtbl->QueryInterface(blanket_of(iface)->outer, iid, ret);
}

static ULONG STDMETHODCALLTYPE security_add_ref(IClientSecurity *iface)
{
    return blanket_of(iface)->outer->lpVtbl->AddRef(blanket_of(iface)->outer);
}

static ULONG STDMETHODCALLTYPE security_release(IClientSecurity *iface)
{
    return blanket_of(iface)->outer->lpVtbl->Release(blanket_of(iface)->outer);
}

static HRESULT STDMETHODCALLTYPE security_get(IClientSecurity *iface,
                                              IUnknown *proxy,
                                              DWORD *ret_authn,
                                              DWORD *ret_authz,
                                              OLECHAR **ret_principal,
                                              DWORD *ret_level,
                                              DWORD *ret_impersonation,
                                              void **ret_identity,
                                              DWORD *ret_capabilities)
{
    (void)proxy;
    if (ret_authn)
        *ret_authn = RPC_C_AUTHN_WINNT;
    if (ret_authz)
        *ret_authz = RPC_C_AUTHZ_NONE;
    if (ret_principal)
        *ret_principal = NULL;
    if (ret_level)
        *ret_level = blanket_of(iface)->level;
    if (ret_impersonation)
        *ret_impersonation = blanket_of(iface)->impersonation;
    if (ret_identity)
        *ret_identity = NULL;
    if (ret_capabilities)
        *ret_capabilities = EOAC_NONE;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE security_set(IClientSecurity *iface,
                                              IUnknown *proxy,
                                              DWORD authn,
                                              DWORD authz,
                                              OLECHAR *principal,
                                              DWORD level,
                                              DWORD impersonation,
                                              void *identity,
                                              DWORD capabilities)
{
    struct blanket *self = blanket_of(iface);

    (void)proxy;
    (void)authz;
    (void)principal;
    (void)capabilities;
    if (identity || (authn != RPC_C_AUTHN_WINNT && authn != RPC_C_AUTHN_DEFAULT &&
                     authn != RPC_C_AUTHN_GSS_NEGOTIATE))
        return E_INVALIDARG;
    self->level = level;
    self->impersonation = impersonation;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE security_copy(IClientSecurity *iface,
                                               IUnknown *proxy,
                                               IUnknown **ret_copy)
{
    (void)iface;
    (void)proxy;
    *ret_copy = NULL;
    return E_NOTIMPL;
}

static const IClientSecurityVtbl security_methods = {
    .QueryInterface = security_query,
    .AddRef = security_add_ref,
    .Release = security_release,
    .QueryBlanket = security_get,
    .SetBlanket = security_set,
    .CopyProxy = security_copy,
};

void blanket_init(struct blanket *blanket, IUnknown *outer)
{
    memset(blanket, 0, sizeof(*blanket));
    blanket->iface.lpVtbl = (IClientSecurityVtbl *)(uintptr_t)&security_methods;
    blanket->outer = outer;
}

bool blanket_allows(const struct blanket *blanket)
{
    if (!blanket->level && emulator_setting("ProcessSecurity", 0))
        return true;
    return blanket->impersonation >= RPC_C_IMP_LEVEL_IMPERSONATE &&
           (blanket->level >= RPC_C_AUTHN_LEVEL_CALL ||
            blanket->level == RPC_C_AUTHN_LEVEL_DEFAULT);
}

/* ---- IEnumWbemClassObject ---- */

static struct enumerator *self_of(IEnumWbemClassObject *iface)
{
    return (struct enumerator *)(void *)iface;
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
    struct enumerator *self = self_of(iface);
    LONG left = InterlockedDecrement(&self->references);

    if (!left) {
        cJSON_Delete(self->instances);
        free(self);
    }
    return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE on_reset(IEnumWbemClassObject *iface)
{
    if (self_of(iface)->forward)
        return (HRESULT)WBEM_E_INVALID_OPERATION;
    self_of(iface)->cursor = 0;
    return S_OK;
}

static IWbemClassObject *object_at(const struct enumerator *self, int index)
{
    const cJSON *instance = cJSON_GetArrayItem(self->instances, index);
    const cJSON *selected = cJSON_GetObjectItem(instance, "selected");
    const char *class = cJSON_GetStringValue(cJSON_GetObjectItem(instance, "class"));
    struct object *made;

    if (cJSON_IsTrue(cJSON_GetObjectItem(instance, "definition")))
        return &object_new_class(schema_class(self->space, class))->iface;
    made = object_of(object_from_json(self->space, instance));
    made->selected = selected ? cJSON_Duplicate(selected, true) : NULL;
    return &made->iface;
}

/* The first Next is the call that counts: objects come in large parts. */
static HRESULT begin(struct enumerator *self)
{
    struct call call = call_begin("Next");
    HRESULT result = call.fault                        ? call_fault(&call)
                     : !blanket_allows(&self->blanket) ? (HRESULT)WBEM_E_ACCESS_DENIED
                                                       : self->late;

    self->begun = SUCCEEDED(result);
    return call_end(&call, result, NULL);
}

static HRESULT STDMETHODCALLTYPE on_next(IEnumWbemClassObject *iface,
                                         LONG timeout,
                                         ULONG count,
                                         IWbemClassObject **ret_objects,
                                         ULONG *ret_returned)
{
    struct enumerator *self = self_of(iface);
    ULONG found = 0;
    HRESULT result;

    if (ret_returned)
        *ret_returned = 0;
    if (!ret_objects || !ret_returned || timeout < -1)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (!self->begun) {
        result = begin(self);
        if (FAILED(result))
            return result;
    }
    while (found < count && self->cursor < cJSON_GetArraySize(self->instances))
        ret_objects[found++] = object_at(self, self->cursor++);
    *ret_returned = found;
    return found == count ? WBEM_S_NO_ERROR : WBEM_S_FALSE;
}

static HRESULT STDMETHODCALLTYPE on_next_async(IEnumWbemClassObject *iface,
                                               ULONG count,
                                               IWbemObjectSink *sink)
{
    (void)iface;
    (void)count;
    (void)sink;
    return (HRESULT)WBEM_E_NOT_SUPPORTED;
}

static HRESULT STDMETHODCALLTYPE on_clone(IEnumWbemClassObject *iface, IEnumWbemClassObject **ret)
{
    struct enumerator *self = self_of(iface), *copy;

    if (!ret)
        return (HRESULT)WBEM_E_INVALID_PARAMETER;
    if (self->forward)
        return (HRESULT)WBEM_E_INVALID_OPERATION;
    *ret = enumerator_new(self->space, cJSON_Duplicate(self->instances, true), self->late, false);
    copy = self_of(*ret);
    copy->cursor = self->cursor;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE on_skip(IEnumWbemClassObject *iface, LONG timeout, ULONG count)
{
    struct enumerator *self = self_of(iface);
    ULONG left = (ULONG)(cJSON_GetArraySize(self->instances) - self->cursor);

    (void)timeout;
    self->cursor += (int)(count < left ? count : left);
    return count <= left ? WBEM_S_NO_ERROR : WBEM_S_FALSE;
}

static const IEnumWbemClassObjectVtbl methods = {
    .QueryInterface = on_query,
    .AddRef = on_add_ref,
    .Release = on_release,
    .Reset = on_reset,
    .Next = on_next,
    .NextAsync = on_next_async,
    .Clone = on_clone,
    .Skip = on_skip,
};

IEnumWbemClassObject *
enumerator_new(const char *space, cJSON *instances, HRESULT late, bool forward)
{
    struct enumerator *made = emulator_grow(NULL, sizeof(*made));

    memset(made, 0, sizeof(*made));
    made->iface.lpVtbl = (IEnumWbemClassObjectVtbl *)(uintptr_t)&methods;
    made->references = 1;
    blanket_init(&made->blanket, (IUnknown *)(void *)&made->iface);
    made->space = space;
    made->instances = instances;
    made->late = late;
    made->forward = forward;
    return &made->iface;
}
