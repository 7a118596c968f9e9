/* One endpoint as an object: device, endpoint, topology with one connector, property store. All
 * interfaces are parts of one allocation with one count of references. */
#include "audio.h"

#include <devicetopology.h>
#include <propsys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { PROPERTIES = 5 };

struct device {
    IMMDevice device;
    IMMEndpoint endpoint;
    IDeviceTopology topology;
    IConnector connector;
    IPropertyStore store;
    LONG references;
    struct audio_endpoint about;
};

#define DEVICE_OF(pointer, part)                                                                   \
    ((struct device *)(void *)((char *)(pointer)-offsetof(struct device, part)))

static const GUID iid_unknown = {0, 0, 0, {0xc0, 0, 0, 0, 0, 0, 0, 0x46}};
static const GUID iid_device = {
    0xd666063f, 0x1587, 0x4e43, {0x81, 0xf1, 0xb9, 0x48, 0xe8, 0x07, 0x36, 0x3f}};
static const GUID iid_endpoint = {
    0x1be09788, 0x6894, 0x4089, {0x85, 0x86, 0x9a, 0x2a, 0x6c, 0x26, 0x5a, 0xc5}};
static const GUID iid_topology = {
    0x2a07407e, 0x6497, 0x4a18, {0x97, 0x87, 0x32, 0xf7, 0x9b, 0xd0, 0xd9, 0x8f}};
static const GUID iid_connector = {
    0x9c2c4058, 0x23f5, 0x41de, {0x87, 0x7a, 0xdf, 0x3a, 0xf2, 0x36, 0xa0, 0x9e}};
static const GUID iid_store = {
    0x886d8eeb, 0x8cf2, 0x4446, {0x8d, 0x02, 0xcd, 0xba, 0x1d, 0xbd, 0xcf, 0x99}};

static bool same(const GUID *a, const GUID *b)
{
    return !memcmp(a, b, sizeof(*a));
}

static ULONG add_ref(struct device *d)
{
    return (ULONG)InterlockedIncrement(&d->references);
}

static ULONG release(struct device *d)
{
    LONG left = InterlockedDecrement(&d->references);

    if (!left)
        free(d);
    return (ULONG)left;
}

static HRESULT give(struct device *d, void *part, void **ret_interface)
{
    add_ref(d);
    *ret_interface = part;
    return S_OK;
}

static HRESULT none(void **ret_interface)
{
    *ret_interface = NULL;
    return E_NOINTERFACE;
}

static wchar_t *copy_text(const wchar_t *text)
{
    size_t bytes = (wcslen(text) + 1) * sizeof(*text);
    wchar_t *made = CoTaskMemAlloc(bytes);

    if (made)
        memcpy(made, text, bytes);
    return made;
}

/* ---- IMMDevice ---- */

static HRESULT STDMETHODCALLTYPE device_query(IMMDevice *self, REFIID iid, void **ret_interface)
{
    struct device *d = DEVICE_OF(self, device);

    if (same(iid, &iid_unknown) || same(iid, &iid_device))
        return give(d, &d->device, ret_interface);
    if (same(iid, &iid_endpoint))
        return give(d, &d->endpoint, ret_interface);
    return none(ret_interface);
}

static ULONG STDMETHODCALLTYPE device_add_ref(IMMDevice *self)
{
    return add_ref(DEVICE_OF(self, device));
}

static ULONG STDMETHODCALLTYPE device_release(IMMDevice *self)
{
    return release(DEVICE_OF(self, device));
}

static HRESULT STDMETHODCALLTYPE device_activate(
    IMMDevice *self, REFIID iid, DWORD context, PROPVARIANT *parameters, void **ret_interface)
{
    struct device *d = DEVICE_OF(self, device);

    (void)parameters;
    if (!ret_interface)
        return E_POINTER;
    if (!(context & CLSCTX_ALL))
        return E_INVALIDARG;
    return same(iid, &iid_topology) ? give(d, &d->topology, ret_interface) : none(ret_interface);
}

static HRESULT STDMETHODCALLTYPE device_store(IMMDevice *self, DWORD access, IPropertyStore **ret)
{
    struct device *d = DEVICE_OF(self, device);

    if (!ret)
        return E_POINTER;
    if (access != STGM_READ)
        return access == STGM_WRITE || access == STGM_READWRITE ? E_ACCESSDENIED : E_INVALIDARG;
    return give(d, &d->store, (void **)ret);
}

static HRESULT STDMETHODCALLTYPE device_id(IMMDevice *self, wchar_t **ret_id)
{
    if (!ret_id)
        return E_POINTER;
    *ret_id = copy_text(DEVICE_OF(self, device)->about.id);
    return *ret_id ? S_OK : E_OUTOFMEMORY;
}

static HRESULT STDMETHODCALLTYPE device_state(IMMDevice *self, DWORD *ret_state)
{
    struct audio_endpoint now;

    if (!ret_state)
        return E_POINTER;
    *ret_state = audio_find(DEVICE_OF(self, device)->about.id, &now) ? DEVICE_STATE_ACTIVE
                                                                     : DEVICE_STATE_NOTPRESENT;
    return S_OK;
}

static const IMMDeviceVtbl device_methods = {device_query,
                                             device_add_ref,
                                             device_release,
                                             device_activate,
                                             device_store,
                                             device_id,
                                             device_state};

/* ---- IMMEndpoint ---- */

static HRESULT STDMETHODCALLTYPE endpoint_query(IMMEndpoint *self, REFIID iid, void **ret)
{
    return device_query(&DEVICE_OF(self, endpoint)->device, iid, ret);
}

static ULONG STDMETHODCALLTYPE endpoint_add_ref(IMMEndpoint *self)
{
    return add_ref(DEVICE_OF(self, endpoint));
}

static ULONG STDMETHODCALLTYPE endpoint_release(IMMEndpoint *self)
{
    return release(DEVICE_OF(self, endpoint));
}

static HRESULT STDMETHODCALLTYPE endpoint_flow(IMMEndpoint *self, EDataFlow *ret_flow)
{
    if (!ret_flow)
        return E_POINTER;
    *ret_flow = DEVICE_OF(self, endpoint)->about.flow;
    return S_OK;
}

static const IMMEndpointVtbl endpoint_methods = {
    endpoint_query, endpoint_add_ref, endpoint_release, endpoint_flow};

/* ---- IConnector: wired to the device's wave filter ---- */

static HRESULT STDMETHODCALLTYPE connector_query(IConnector *self, REFIID iid, void **ret)
{
    struct device *d = DEVICE_OF(self, connector);

    return same(iid, &iid_unknown) || same(iid, &iid_connector) ? give(d, &d->connector, ret)
                                                                : none(ret);
}

static ULONG STDMETHODCALLTYPE connector_add_ref(IConnector *self)
{
    return add_ref(DEVICE_OF(self, connector));
}

static ULONG STDMETHODCALLTYPE connector_release(IConnector *self)
{
    return release(DEVICE_OF(self, connector));
}

static HRESULT STDMETHODCALLTYPE connector_type(IConnector *self, ConnectorType *ret_type)
{
    (void)self;
    *ret_type = Software_Fixed;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE connector_flow(IConnector *self, DataFlow *ret_flow)
{
    *ret_flow = DEVICE_OF(self, connector)->about.flow == eCapture ? Out : In;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE connector_connect(IConnector *self, IConnector *other)
{
    (void)self;
    (void)other;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE connector_disconnect(IConnector *self)
{
    (void)self;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE connector_is_connected(IConnector *self, WINBOOL *ret_connected)
{
    *ret_connected = *DEVICE_OF(self, connector)->about.instance != L'\0';
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE connector_peer(IConnector *self, IConnector **ret_peer)
{
    (void)self;
    *ret_peer = NULL;
    return E_NOTIMPL;
}

/* "{2}.\\?\root#media#0000#{6994ad04-...}\wave": a device id of the topology API, KSCATEGORY_AUDIO.
 */
static HRESULT device_of_connector(IConnector *self, const wchar_t *end, wchar_t **ret_id)
{
    const struct audio_endpoint *about = &DEVICE_OF(self, connector)->about;
    wchar_t path[2 * PNP_ID_MAX];

    if (!ret_id)
        return E_POINTER;
    *ret_id = NULL;
    if (!*about->instance)
        return AUDIO_NOT_FOUND;
    swprintf(path,
             2 * PNP_ID_MAX,
             L"{2}.\\\\?\\%ls#{6994ad04-93ef-11d0-a3cc-00a0c9223196}\\wave%ls",
             about->instance,
             end);
    for (wchar_t *c = path + 8; *c && *c != L'{'; c++)
        *c = *c == L'\\' ? L'#' : (wchar_t)towlower(*c);
    *ret_id = copy_text(path);
    return *ret_id ? S_OK : E_OUTOFMEMORY;
}

static HRESULT STDMETHODCALLTYPE connector_peer_id(IConnector *self, wchar_t **ret_id)
{
    return device_of_connector(self, L"/00010001", ret_id);
}

static HRESULT STDMETHODCALLTYPE connector_device_id(IConnector *self, wchar_t **ret_id)
{
    return device_of_connector(self, L"", ret_id);
}

static const IConnectorVtbl connector_methods = {connector_query,
                                                 connector_add_ref,
                                                 connector_release,
                                                 connector_type,
                                                 connector_flow,
                                                 connector_connect,
                                                 connector_disconnect,
                                                 connector_is_connected,
                                                 connector_peer,
                                                 connector_peer_id,
                                                 connector_device_id};

/* ---- IDeviceTopology ---- */

static HRESULT STDMETHODCALLTYPE topology_query(IDeviceTopology *self, REFIID iid, void **ret)
{
    struct device *d = DEVICE_OF(self, topology);

    return same(iid, &iid_unknown) || same(iid, &iid_topology) ? give(d, &d->topology, ret)
                                                               : none(ret);
}

static ULONG STDMETHODCALLTYPE topology_add_ref(IDeviceTopology *self)
{
    return add_ref(DEVICE_OF(self, topology));
}

static ULONG STDMETHODCALLTYPE topology_release(IDeviceTopology *self)
{
    return release(DEVICE_OF(self, topology));
}

static HRESULT STDMETHODCALLTYPE topology_connector_count(IDeviceTopology *self, UINT *ret_count)
{
    (void)self;
    *ret_count = 1;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE topology_connector(IDeviceTopology *self,
                                                    UINT index,
                                                    IConnector **ret_connector)
{
    struct device *d = DEVICE_OF(self, topology);

    *ret_connector = NULL;
    return index ? E_INVALIDARG : give(d, &d->connector, (void **)ret_connector);
}

static HRESULT STDMETHODCALLTYPE topology_subunit_count(IDeviceTopology *self, UINT *ret_count)
{
    (void)self;
    *ret_count = 0;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE topology_subunit(IDeviceTopology *self, UINT i, ISubUnit **ret)
{
    (void)self;
    (void)i;
    *ret = NULL;
    return E_INVALIDARG;
}

static HRESULT STDMETHODCALLTYPE topology_part(IDeviceTopology *self, UINT id, IPart **ret_part)
{
    (void)self;
    (void)id;
    *ret_part = NULL;
    return AUDIO_NOT_FOUND;
}

static HRESULT STDMETHODCALLTYPE topology_id(IDeviceTopology *self, wchar_t **ret_id)
{
    return device_id(&DEVICE_OF(self, topology)->device, ret_id);
}

static HRESULT STDMETHODCALLTYPE topology_path(
    IDeviceTopology *self, IPart *from, IPart *to, WINBOOL reject_mixed, IPartsList **ret_parts)
{
    (void)self;
    (void)from;
    (void)to;
    (void)reject_mixed;
    *ret_parts = NULL;
    return E_NOTIMPL;
}

static const IDeviceTopologyVtbl topology_methods = {topology_query,
                                                     topology_add_ref,
                                                     topology_release,
                                                     topology_connector_count,
                                                     topology_connector,
                                                     topology_subunit_count,
                                                     topology_subunit,
                                                     topology_part,
                                                     topology_id,
                                                     topology_path};

/* ---- IPropertyStore ---- */

/* Friendly name, description, interface's friendly name, form factor, instance of the device. */
static const PROPERTYKEY keys[PROPERTIES] = {
    {{0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}, 14},
    {{0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}, 2},
    {{0x026e516e, 0xb814, 0x414b, {0x83, 0xcd, 0x85, 0x6d, 0x6f, 0xef, 0x48, 0x22}}, 2},
    {{0x1da5d803, 0xd492, 0x4edd, {0x8c, 0x23, 0xe0, 0xc0, 0xff, 0xee, 0x7f, 0x0e}}, 0},
    {{0xb3f8fa53, 0x0004, 0x438e, {0x90, 0x03, 0x51, 0xa4, 0x6e, 0x13, 0x9b, 0xfc}}, 2},
};

static HRESULT STDMETHODCALLTYPE store_query(IPropertyStore *self, REFIID iid, void **ret)
{
    struct device *d = DEVICE_OF(self, store);

    return same(iid, &iid_unknown) || same(iid, &iid_store) ? give(d, &d->store, ret) : none(ret);
}

static ULONG STDMETHODCALLTYPE store_add_ref(IPropertyStore *self)
{
    return add_ref(DEVICE_OF(self, store));
}

static ULONG STDMETHODCALLTYPE store_release(IPropertyStore *self)
{
    return release(DEVICE_OF(self, store));
}

static HRESULT STDMETHODCALLTYPE store_count(IPropertyStore *self, DWORD *ret_count)
{
    (void)self;
    *ret_count = PROPERTIES;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE store_at(IPropertyStore *self, DWORD index, PROPERTYKEY *ret_key)
{
    (void)self;
    if (index >= PROPERTIES)
        return E_INVALIDARG;
    *ret_key = keys[index];
    return S_OK;
}

static HRESULT set_text(PROPVARIANT *value, const wchar_t *text)
{
    value->pwszVal = copy_text(text);
    value->vt = value->pwszVal ? VT_LPWSTR : VT_EMPTY;
    return value->pwszVal ? S_OK : E_OUTOFMEMORY;
}

/* An unknown key is an empty value, not an error (documentation of IPropertyStore::GetValue). */
static HRESULT STDMETHODCALLTYPE store_get(IPropertyStore *self,
                                           REFPROPERTYKEY key,
                                           PROPVARIANT *ret_value)
{
    const struct audio_endpoint *about = &DEVICE_OF(self, store)->about;
    wchar_t text[3 * PNP_ID_MAX];
    int i = 0;

    memset(ret_value, 0, sizeof(*ret_value));
    while (i < PROPERTIES && memcmp(key, &keys[i], sizeof(*key)))
        i++;
    switch (i) {
    case 0:
        swprintf(text, 3 * PNP_ID_MAX, L"%ls (%ls)", about->name, about->adapter);
        return set_text(ret_value, text);
    case 1:
        return set_text(ret_value, about->name);
    case 2:
        return set_text(ret_value, about->adapter);
    case 3:
        ret_value->vt = VT_UI4;
        ret_value->ulVal = LineLevel;
        return S_OK;
    case 4:
        swprintf(text, 3 * PNP_ID_MAX, L"{1}.%ls", about->instance);
        return set_text(ret_value, text);
    default:
        return S_OK;
    }
}

static HRESULT STDMETHODCALLTYPE store_set(IPropertyStore *self,
                                           REFPROPERTYKEY key,
                                           REFPROPVARIANT value)
{
    (void)self;
    (void)key;
    (void)value;
    return STG_E_ACCESSDENIED;
}

static HRESULT STDMETHODCALLTYPE store_commit(IPropertyStore *self)
{
    (void)self;
    return STG_E_ACCESSDENIED;
}

static const IPropertyStoreVtbl store_methods = {store_query,
                                                 store_add_ref,
                                                 store_release,
                                                 store_count,
                                                 store_at,
                                                 store_get,
                                                 store_set,
                                                 store_commit};

HRESULT audio_device_new(const struct audio_endpoint *endpoint, IMMDevice **ret_device)
{
    struct device *d = calloc(1, sizeof(*d));

    if (!d)
        return E_OUTOFMEMORY;
    d->device.lpVtbl = (IMMDeviceVtbl *)&device_methods;
    d->endpoint.lpVtbl = (IMMEndpointVtbl *)&endpoint_methods;
    d->topology.lpVtbl = (IDeviceTopologyVtbl *)&topology_methods;
    d->connector.lpVtbl = (IConnectorVtbl *)&connector_methods;
    d->store.lpVtbl = (IPropertyStoreVtbl *)&store_methods;
    d->references = 1;
    d->about = *endpoint;
    *ret_device = &d->device;
    return S_OK;
}
