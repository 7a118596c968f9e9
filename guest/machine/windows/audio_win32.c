/* Endpoints through the MMDevice API. The cable's endpoint is found by the hardware id of the
 * device that it is wired to; its name can be changed by anybody. */
#include "guest/machine/windows/audio_win32.h"

#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/hardware_win32.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <string.h>

#include <devicetopology.h>
#include <mmdeviceapi.h>
#include <propsys.h>

#define CABLE_ID         "VBAudioVACWDM"
#define CABLE_DEVICE     L"VB-Audio Virtual Cable"
#define CABLE_NAME       "CABLE Input"
#define ENDPOINTS_MAX    256
#define CLASS_NOT_THERE  REGDB_E_CLASSNOTREG
#define ELEMENT_NOTFOUND HRESULT_FROM_WIN32(ERROR_NOT_FOUND)

/* As the SDK's headers have them; mingw-w64 has them in a library of its own. */
static const GUID enumerator_class = {
    0xbcde0395, 0xe52f, 0x467c, {0x8e, 0x3d, 0xc4, 0x57, 0x92, 0x91, 0x69, 0x2e}};
static const GUID enumerator_interface = {
    0xa95664d2, 0x9614, 0x4f35, {0xa7, 0x46, 0xde, 0x8d, 0xb6, 0x36, 0x17, 0xe6}};
static const GUID topology_interface = {
    0x2a07407e, 0x6497, 0x4a18, {0x97, 0x87, 0x32, 0xf7, 0x9b, 0xd0, 0xd9, 0x8f}};
/* PKEY_DeviceInterface_FriendlyName: the device's name, which only its driver sets */
static const PROPERTYKEY device_name = {
    {0x026e516e, 0xb814, 0x414b, {0x83, 0xcd, 0x85, 0x6d, 0x6f, 0xef, 0x48, 0x22}}, 2};

/* How the control panel sets the default endpoint; not documented, the same method on each of these
 * interfaces [probe]. The first ten methods are not ours to call. */
static const GUID policy_class = {
    0x870af99c, 0x171d, 0x4f9e, {0xaf, 0x0d, 0xe6, 0x3d, 0xf4, 0x0c, 0x2b, 0xc9}};
static const GUID policy_interfaces[] = {
    {0xf8679f50, 0x850a, 0x41cf, {0x9c, 0x72, 0x43, 0x0f, 0x29, 0x02, 0x90, 0xc8}},
    {0x6be54be8, 0xa068, 0x4875, {0xa4, 0x9d, 0x0c, 0x29, 0x66, 0x47, 0x3b, 0x11}},
    {0xca286fc3, 0x91fd, 0x42c3, {0x8e, 0x9b, 0xca, 0xaf, 0xa6, 0x62, 0x42, 0xe3}},
};

struct policy;

struct policy_methods {
    HRESULT(STDMETHODCALLTYPE *query_interface)(struct policy *, const IID *, void **);
    ULONG(STDMETHODCALLTYPE *add_ref)(struct policy *);
    ULONG(STDMETHODCALLTYPE *release)(struct policy *);
    void *others[10];
    HRESULT(STDMETHODCALLTYPE *set_default_endpoint)(struct policy *, const WCHAR *, ERole);
};

struct policy {
    const struct policy_methods *methods;
};

static bool fail(HRESULT result, struct err *err)
{
    return call_fail_com(result, TEXT_WINDOWS_AUDIO, "", err);
}

/* ---- which endpoint ---- */

/* What an endpoint's first connector is wired to, "{2}.\\?\root#media#0000#{...}\wave/00010001":
 * the interface of the device is between the first dot and the slash. */
static bool wired_to(IMMDevice *device, char *out, size_t size)
{
    IDeviceTopology *topology = NULL;
    IConnector *connector = NULL;
    WCHAR *id = NULL;
    char text[FS_PATH_BYTES];
    const char *from;

    if (SUCCEEDED(IMMDevice_Activate(
            device, &topology_interface, CLSCTX_INPROC_SERVER, NULL, (void **)&topology)) &&
        SUCCEEDED(IDeviceTopology_GetConnector(topology, 0, &connector)) &&
        FAILED(IConnector_GetDeviceIdConnectedTo(connector, &id)))
        id = NULL;
    call_text(text, sizeof text, id);
    from = strstr(text, "\\\\?\\");
    if (from) {
        text_copy(out, size, from);
        out[strcspn(out, "/")] = 0;
    }
    CoTaskMemFree(id);
    if (connector)
        IConnector_Release(connector);
    if (topology)
        IDeviceTopology_Release(topology);
    return from != NULL;
}

static bool device_is_named(IMMDevice *device, const WCHAR *name)
{
    IPropertyStore *store = NULL;
    PROPVARIANT value;
    bool same = false;

    memset(&value, 0, sizeof value);
    if (FAILED(IMMDevice_OpenPropertyStore(device, STGM_READ, &store)))
        return false;
    if (SUCCEEDED(IPropertyStore_GetValue(store, &device_name, &value)))
        same = value.vt == VT_LPWSTR && value.pwszVal && wcscmp(value.pwszVal, name) == 0;
    PropVariantClear(&value);
    IPropertyStore_Release(store);
    return same;
}

static bool is_cable(IMMDevice *device)
{
    struct hardware hardware;
    char path[FS_PATH_BYTES];

    if (wired_to(device, path, sizeof path) && hardware_of_interface(path, &hardware))
        return hardware_is(&hardware, CABLE_ID);
    return device_is_named(device, CABLE_DEVICE);
}

/* The id of an endpoint, NULL when it has none; the caller frees it with CoTaskMemFree. */
static WCHAR *id_of(IMMDevice *device)
{
    WCHAR *id = NULL;

    return device && SUCCEEDED(IMMDevice_GetId(device, &id)) ? id : NULL;
}

/* The first endpoint of the cable and whether the default is one of its endpoints. */
struct endpoints {
    WCHAR *cable;
    bool is_default;
};

static void visit(IMMDevice *device, const WCHAR *default_id, struct endpoints *found)
{
    WCHAR *id = id_of(device);

    if (!id || !is_cable(device)) {
        CoTaskMemFree(id);
        return;
    }
    found->is_default = found->is_default || (default_id && wcscmp(id, default_id) == 0);
    if (found->cable)
        CoTaskMemFree(id);
    else
        found->cable = id;
}

/* No service of audio, no endpoints: that is an answer. */
static bool means_none(HRESULT result)
{
    return result == ELEMENT_NOTFOUND || result == HRESULT_FROM_WIN32(ERROR_SERVICE_NOT_ACTIVE) ||
           result == HRESULT_FROM_WIN32(ERROR_SERVICE_DISABLED) ||
           result == HRESULT_FROM_WIN32(RPC_S_SERVER_UNAVAILABLE) || result == CLASS_NOT_THERE;
}

static HRESULT look(IMMDeviceEnumerator *enumerator, struct endpoints *found)
{
    IMMDeviceCollection *all = NULL;
    IMMDevice *device = NULL;
    WCHAR *default_id = NULL;
    UINT count = 0;
    HRESULT result =
        IMMDeviceEnumerator_EnumAudioEndpoints(enumerator, eRender, DEVICE_STATE_ACTIVE, &all);

    if (FAILED(result))
        return result;
    if (SUCCEEDED(
            IMMDeviceEnumerator_GetDefaultAudioEndpoint(enumerator, eRender, eConsole, &device))) {
        default_id = id_of(device);
        IMMDevice_Release(device);
    }
    result = IMMDeviceCollection_GetCount(all, &count);
    for (UINT i = 0; SUCCEEDED(result) && i < count && i < ENDPOINTS_MAX; i++) {
        if (FAILED(IMMDeviceCollection_Item(all, i, &device)))
            continue; /* it went meanwhile */
        visit(device, default_id, found);
        IMMDevice_Release(device);
    }
    CoTaskMemFree(default_id);
    IMMDeviceCollection_Release(all);
    return result;
}

/* ---- changing it ---- */

static HRESULT set_default(const WCHAR *id)
{
    struct policy *policy = NULL;
    HRESULT result = E_NOINTERFACE;

    for (size_t i = 0; i < sizeof policy_interfaces / sizeof policy_interfaces[0] && !policy; i++)
        result = CoCreateInstance(
            &policy_class, NULL, CLSCTX_ALL, &policy_interfaces[i], (void **)&policy);
    if (!policy)
        return FAILED(result) ? result : E_NOINTERFACE;
    result = S_OK;
    for (ERole role = eConsole; role < ERole_enum_count && SUCCEEDED(result); role++)
        result = policy->methods->set_default_endpoint(policy, id, role);
    policy->methods->release(policy);
    return result;
}

static bool
act(IMMDeviceEnumerator *enumerator, bool make_default, struct endpoints *found, struct err *err)
{
    HRESULT result = look(enumerator, found);

    if (FAILED(result) && !means_none(result))
        return fail(result, err);
    if (!make_default || found->is_default)
        return true;
    if (!found->cable)
        return err_set(err, ERR_NOT_FOUND, TEXT_WINDOWS_NO_ENDPOINT, CABLE_NAME, NULL);
    result = set_default(found->cable);
    if (FAILED(result))
        return fail(result, err);
    CoTaskMemFree(found->cable);
    *found = (struct endpoints){0};
    result = look(enumerator, found);
    return SUCCEEDED(result) || fail(result, err);
}

bool audio_cable(bool make_default, bool *ret_present, bool *ret_default, struct err *err)
{
    HRESULT entered = CoInitializeEx(NULL, COINIT_MULTITHREADED), result;
    IMMDeviceEnumerator *enumerator = NULL;
    struct endpoints found = {0};
    bool ok;

    if (FAILED(entered) && entered != RPC_E_CHANGED_MODE)
        return fail(entered, err);
    result = CoCreateInstance(
        &enumerator_class, NULL, CLSCTX_INPROC_SERVER, &enumerator_interface, (void **)&enumerator);
    ok = SUCCEEDED(result) ? act(enumerator, make_default, &found, err) : fail(result, err);
    if (enumerator)
        IMMDeviceEnumerator_Release(enumerator);
    if (ok) {
        *ret_present = found.cable != NULL;
        *ret_default = found.is_default;
    }
    CoTaskMemFree(found.cable);
    if (SUCCEEDED(entered))
        CoUninitialize();
    return ok;
}
