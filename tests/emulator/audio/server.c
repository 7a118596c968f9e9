/* The COM server: enumerator, collection, policy object and the class factory for both classes. */
#include "audio.h"

#include "../common/state.h"

#include <stdlib.h>
#include <string.h>

#define KEY "audio"

static const GUID iid_unknown = {0, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID iid_factory = {1, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID clsid_enumerator = {
    0xbcde0395, 0xe52f, 0x467c, {0x8e, 0x3d, 0xc4, 0x57, 0x92, 0x91, 0x69, 0x2e}};
static const GUID iid_enumerator = {
    0xa95664d2, 0x9614, 0x4f35, {0xa7, 0x46, 0xde, 0x8d, 0xb6, 0x36, 0x17, 0xe6}};
static const GUID iid_collection = {
    0x0bd7a1be, 0x7a1a, 0x44db, {0x83, 0x97, 0xcc, 0x53, 0x92, 0x38, 0x7b, 0x5e}};
/* The object behind the control panel, and its interface since Windows 7 (field knowledge). */
static const GUID clsid_policy = {
    0x870af99c, 0x171d, 0x4f9e, {0xaf, 0x0d, 0xe6, 0x3d, 0xf4, 0x0c, 0x2b, 0xc9}};
static const GUID iid_policy = {
    0xf8679f50, 0x850a, 0x41cf, {0x9c, 0x72, 0x43, 0x0f, 0x29, 0x02, 0x90, 0xc8}};

static bool same(const GUID *a, const GUID *b)
{
    return !memcmp(a, b, sizeof(*a));
}

/* Objects without state of their own live for ever. */
static ULONG STDMETHODCALLTYPE keep(void *self)
{
    (void)self;
    return 1;
}

/* ---- IMMDeviceCollection ---- */

struct collection {
    IMMDeviceCollection collection;
    LONG references;
    size_t count;
    struct audio_endpoint all[AUDIO_ENDPOINTS];
};

static struct collection *collection_of(IMMDeviceCollection *self)
{
    return (struct collection *)(void *)self;
}

static ULONG STDMETHODCALLTYPE collection_add_ref(IMMDeviceCollection *self)
{
    return (ULONG)InterlockedIncrement(&collection_of(self)->references);
}

static HRESULT STDMETHODCALLTYPE collection_query(IMMDeviceCollection *self, REFIID iid, void **ret)
{
    *ret = NULL;
    if (!same(iid, &iid_unknown) && !same(iid, &iid_collection))
        return E_NOINTERFACE;
    collection_add_ref(self);
    *ret = self;
    return S_OK;
}

static ULONG STDMETHODCALLTYPE collection_release(IMMDeviceCollection *self)
{
    LONG left = InterlockedDecrement(&collection_of(self)->references);

    if (!left)
        free(self);
    return (ULONG)left;
}

static HRESULT STDMETHODCALLTYPE collection_count(IMMDeviceCollection *self, UINT *ret_count)
{
    if (!ret_count)
        return E_POINTER;
    *ret_count = (UINT)collection_of(self)->count;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE collection_item(IMMDeviceCollection *self,
                                                 UINT index,
                                                 IMMDevice **ret_device)
{
    if (!ret_device)
        return E_POINTER;
    *ret_device = NULL;
    return index < collection_of(self)->count
               ? audio_device_new(&collection_of(self)->all[index], ret_device)
               : E_INVALIDARG;
}

static const IMMDeviceCollectionVtbl collection_methods = {
    collection_query, collection_add_ref, collection_release, collection_count, collection_item};

/* ---- IMMDeviceEnumerator ---- */

static HRESULT STDMETHODCALLTYPE enumerator_query(IMMDeviceEnumerator *self, REFIID iid, void **ret)
{
    bool known = same(iid, &iid_unknown) || same(iid, &iid_enumerator);

    *ret = known ? self : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

static HRESULT STDMETHODCALLTYPE enumerator_list(IMMDeviceEnumerator *self,
                                                 EDataFlow flow,
                                                 DWORD states,
                                                 IMMDeviceCollection **ret_collection)
{
    HRESULT result = audio_running();
    struct collection *c;

    (void)self;
    if (!ret_collection)
        return E_POINTER;
    *ret_collection = NULL;
    if (flow < eRender || flow > eAll || !states || states & ~(DWORD)DEVICE_STATEMASK_ALL)
        return E_INVALIDARG;
    if (SUCCEEDED(result))
        result = (HRESULT)state_fault(KEY, "FailEnum");
    if (FAILED(result))
        return result;
    c = calloc(1, sizeof(*c));
    if (!c)
        return E_OUTOFMEMORY;
    c->collection.lpVtbl = (IMMDeviceCollectionVtbl *)&collection_methods;
    c->references = 1;
    if (states & DEVICE_STATE_ACTIVE)
        c->count = audio_endpoints(flow == eAll ? eRender : flow, c->all);
    *ret_collection = &c->collection;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE enumerator_default(IMMDeviceEnumerator *self,
                                                    EDataFlow flow,
                                                    ERole role,
                                                    IMMDevice **ret_device)
{
    HRESULT result = audio_running();
    struct audio_endpoint endpoint;

    (void)self;
    if (!ret_device)
        return E_POINTER;
    *ret_device = NULL;
    if (flow < eRender || flow > eCapture || role < eConsole || role >= ERole_enum_count)
        return E_INVALIDARG;
    if (FAILED(result))
        return result;
    return audio_default(flow, role, &endpoint) ? audio_device_new(&endpoint, ret_device)
                                                : AUDIO_NOT_FOUND;
}

static HRESULT STDMETHODCALLTYPE enumerator_get(IMMDeviceEnumerator *self,
                                                const wchar_t *id,
                                                IMMDevice **ret_device)
{
    struct audio_endpoint endpoint;

    (void)self;
    if (!ret_device || !id)
        return E_POINTER;
    *ret_device = NULL;
    return audio_find(id, &endpoint) ? audio_device_new(&endpoint, ret_device) : AUDIO_NOT_FOUND;
}

static HRESULT STDMETHODCALLTYPE enumerator_watch(IMMDeviceEnumerator *self,
                                                  IMMNotificationClient *client)
{
    (void)self;
    return client ? S_OK : E_POINTER;
}

static const IMMDeviceEnumeratorVtbl enumerator_methods = {
    enumerator_query,
    (ULONG(STDMETHODCALLTYPE *)(IMMDeviceEnumerator *))keep,
    (ULONG(STDMETHODCALLTYPE *)(IMMDeviceEnumerator *))keep,
    enumerator_list,
    enumerator_default,
    enumerator_get,
    enumerator_watch,
    enumerator_watch};
static IMMDeviceEnumerator enumerator = {(IMMDeviceEnumeratorVtbl *)&enumerator_methods};

/* ---- the policy object: only its last two methods but one are known to be called by anybody ----
 */

struct policy;

struct policy_methods {
    HRESULT(STDMETHODCALLTYPE *query)(struct policy *, REFIID, void **);
    ULONG(STDMETHODCALLTYPE *add_ref)(void *);
    ULONG(STDMETHODCALLTYPE *release)(void *);
    HRESULT(STDMETHODCALLTYPE *others[10])(struct policy *);
    HRESULT(STDMETHODCALLTYPE *set_default)(struct policy *, const wchar_t *, ERole);
    HRESULT(STDMETHODCALLTYPE *set_visible)(struct policy *);
};

struct policy {
    const struct policy_methods *methods;
};

static HRESULT STDMETHODCALLTYPE policy_query(struct policy *self, REFIID iid, void **ret)
{
    bool known = same(iid, &iid_unknown) || same(iid, &iid_policy);

    *ret = known ? self : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

static HRESULT STDMETHODCALLTYPE policy_other(struct policy *self)
{
    (void)self;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE policy_set_default(struct policy *self,
                                                    const wchar_t *id,
                                                    ERole role)
{
    HRESULT result = audio_running();

    (void)self;
    return FAILED(result) ? result : audio_set_default(id, role);
}

static const struct policy_methods policy_methods = {policy_query,
                                                     keep,
                                                     keep,
                                                     {policy_other,
                                                      policy_other,
                                                      policy_other,
                                                      policy_other,
                                                      policy_other,
                                                      policy_other,
                                                      policy_other,
                                                      policy_other,
                                                      policy_other,
                                                      policy_other},
                                                     policy_set_default,
                                                     policy_other};
static struct policy policy = {&policy_methods};

/* ---- the factory ---- */

struct factory {
    IClassFactory factory;
    bool makes_policy;
};

static HRESULT STDMETHODCALLTYPE factory_query(IClassFactory *self, REFIID iid, void **ret)
{
    bool known = same(iid, &iid_unknown) || same(iid, &iid_factory);

    *ret = known ? self : NULL;
    return known ? S_OK : E_NOINTERFACE;
}

static HRESULT STDMETHODCALLTYPE factory_create(IClassFactory *self,
                                                IUnknown *outer,
                                                REFIID iid,
                                                void **ret)
{
    *ret = NULL;
    if (outer)
        return CLASS_E_NOAGGREGATION;
    return ((struct factory *)(void *)self)->makes_policy ? policy_query(&policy, iid, ret)
                                                          : enumerator_query(&enumerator, iid, ret);
}

static HRESULT STDMETHODCALLTYPE factory_lock(IClassFactory *self, WINBOOL lock)
{
    (void)self;
    (void)lock;
    return S_OK;
}

static const IClassFactoryVtbl factory_methods = {factory_query,
                                                  (ULONG(STDMETHODCALLTYPE *)(IClassFactory *))keep,
                                                  (ULONG(STDMETHODCALLTYPE *)(IClassFactory *))keep,
                                                  factory_create,
                                                  factory_lock};
static struct factory enumerator_factory = {{(IClassFactoryVtbl *)&factory_methods}, false};
static struct factory policy_factory = {{(IClassFactoryVtbl *)&factory_methods}, true};

HRESULT WINAPI DllGetClassObject(REFCLSID class, REFIID iid, void **ret)
{
    *ret = NULL;
    if (same(class, &clsid_enumerator))
        return factory_query(&enumerator_factory.factory, iid, ret);
    if (same(class, &clsid_policy))
        return factory_query(&policy_factory.factory, iid, ret);
    return CLASS_E_CLASSNOTAVAILABLE;
}
