/* The rules of Core Audio that the emulator must keep.
 *
 *   check silent          a service of audio is stopped
 *   check none            the services run, there is no device
 *   check cable           VB-Cable is started, and the registry names one more endpoint */
#include "../../support/support.h"

#include <windows.h>
#include <devicetopology.h>
#include <mmdeviceapi.h>
#include <propsys.h>
#include <string.h>
#include <wchar.h>

#define NOT_FOUND ((HRESULT)0x80070490)

static const GUID clsid_enumerator = {
    0xbcde0395, 0xe52f, 0x467c, {0x8e, 0x3d, 0xc4, 0x57, 0x92, 0x91, 0x69, 0x2e}};
static const GUID iid_enumerator = {
    0xa95664d2, 0x9614, 0x4f35, {0xa7, 0x46, 0xde, 0x8d, 0xb6, 0x36, 0x17, 0xe6}};
static const GUID iid_topology = {
    0x2a07407e, 0x6497, 0x4a18, {0x97, 0x87, 0x32, 0xf7, 0x9b, 0xd0, 0xd9, 0x8f}};
static const GUID clsid_policy = {
    0x870af99c, 0x171d, 0x4f9e, {0xaf, 0x0d, 0xe6, 0x3d, 0xf4, 0x0c, 0x2b, 0xc9}};
static const GUID iid_policy = {
    0xf8679f50, 0x850a, 0x41cf, {0x9c, 0x72, 0x43, 0x0f, 0x29, 0x02, 0x90, 0xc8}};
static const PROPERTYKEY friendly_name = {
    {0xa45c254e, 0xdf1c, 0x4efd, {0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}, 14};

struct policy {
    void **methods;
};

static IMMDeviceEnumerator *enumerator;

static int open_enumerator(void **state)
{
    (void)state;
    CoInitializeEx(NULL, COINIT_MULTITHREADED);
    return (int)CoCreateInstance(&clsid_enumerator,
                                 NULL,
                                 CLSCTX_INPROC_SERVER,
                                 &iid_enumerator,
                                 (void **)(void *)&enumerator);
}

static UINT count_of(EDataFlow flow)
{
    IMMDeviceCollection *all;
    UINT count;

    assert_int_equal(
        IMMDeviceEnumerator_EnumAudioEndpoints(enumerator, flow, DEVICE_STATE_ACTIVE, &all), S_OK);
    assert_int_equal(IMMDeviceCollection_GetCount(all, &count), S_OK);
    IMMDeviceCollection_Release(all);
    return count;
}

static IMMDevice *default_device(void)
{
    IMMDevice *device;

    assert_int_equal(
        IMMDeviceEnumerator_GetDefaultAudioEndpoint(enumerator, eRender, eConsole, &device), S_OK);
    return device;
}

static void name_of(IMMDevice *device, wchar_t *ret_name)
{
    IPropertyStore *store;
    PROPVARIANT value;

    assert_int_equal(IMMDevice_OpenPropertyStore(device, STGM_READ, &store), S_OK);
    assert_int_equal(IPropertyStore_GetValue(store, &friendly_name, &value), S_OK);
    wcscpy(ret_name, value.pwszVal);
    PropVariantClear(&value);
    IPropertyStore_Release(store);
}

static void a_stopped_service_answers_with_an_error(void **state)
{
    IMMDeviceCollection *all;
    IMMDevice *device;

    (void)state;
    assert_true(FAILED(
        IMMDeviceEnumerator_EnumAudioEndpoints(enumerator, eRender, DEVICE_STATE_ACTIVE, &all)));
    assert_true(FAILED(
        IMMDeviceEnumerator_GetDefaultAudioEndpoint(enumerator, eRender, eConsole, &device)));
}

static void without_a_device_there_is_no_endpoint(void **state)
{
    IMMDevice *device;

    (void)state;
    assert_int_equal(count_of(eRender), 0);
    assert_int_equal(
        IMMDeviceEnumerator_GetDefaultAudioEndpoint(enumerator, eRender, eConsole, &device),
        NOT_FOUND);
}

static void arguments_are_checked(void **state)
{
    IMMDeviceCollection *all;
    IMMDevice *device;

    (void)state;
    assert_int_equal(IMMDeviceEnumerator_EnumAudioEndpoints(enumerator, eRender, 0, &all),
                     E_INVALIDARG);
    assert_int_equal(
        IMMDeviceEnumerator_EnumAudioEndpoints(enumerator, (EDataFlow)9, DEVICE_STATE_ACTIVE, &all),
        E_INVALIDARG);
    assert_int_equal(
        IMMDeviceEnumerator_GetDefaultAudioEndpoint(enumerator, eAll, eConsole, &device),
        E_INVALIDARG);
    assert_int_equal(IMMDeviceEnumerator_GetDevice(enumerator, L"{nothing}", &device), NOT_FOUND);
}

static void the_cable_has_an_endpoint_each_way(void **state)
{
    (void)state;
    assert_int_equal(count_of(eRender), 2);
    assert_int_equal(count_of(eCapture), 1);
}

static IMMDevice *cable(void)
{
    IMMDeviceCollection *all;
    IMMDevice *device;

    assert_int_equal(
        IMMDeviceEnumerator_EnumAudioEndpoints(enumerator, eRender, DEVICE_STATE_ACTIVE, &all),
        S_OK);
    assert_int_equal(IMMDeviceCollection_Item(all, 7, &device), E_INVALIDARG);
    assert_int_equal(IMMDeviceCollection_Item(all, 1, &device), S_OK);
    IMMDeviceCollection_Release(all);
    return device;
}

static void an_endpoint_tells_which_device_it_is_wired_to(void **state)
{
    IMMDevice *device = cable();
    IDeviceTopology *topology;
    IConnector *connector;
    wchar_t *id;

    (void)state;
    assert_int_equal(
        IMMDevice_Activate(device, &iid_topology, CLSCTX_ALL, NULL, (void **)(void *)&topology),
        S_OK);
    assert_int_equal(IDeviceTopology_GetConnector(topology, 1, &connector), E_INVALIDARG);
    assert_int_equal(IDeviceTopology_GetConnector(topology, 0, &connector), S_OK);
    assert_int_equal(IConnector_GetDeviceIdConnectedTo(connector, &id), S_OK);
    assert_int_equal(wcsncmp(id, L"{2}.\\\\?\\root#media#", 19), 0);
    CoTaskMemFree(id);
    IConnector_Release(connector);
    IDeviceTopology_Release(topology);
    IMMDevice_Release(device);
}

static void the_default_can_be_changed(void **state)
{
    HRESULT(STDMETHODCALLTYPE * set)(struct policy *, const wchar_t *, ERole);
    IMMDevice *device = cable();
    struct policy *policy;
    wchar_t name[256], *id;

    (void)state;
    assert_int_equal(
        CoCreateInstance(&clsid_policy, NULL, CLSCTX_ALL, &iid_policy, (void **)(void *)&policy),
        S_OK);
    memcpy(&set, &policy->methods[13], sizeof(set));
    assert_int_equal(IMMDevice_GetId(device, &id), S_OK);
    IMMDevice_Release(device);
    device = default_device();
    name_of(device, name);
    IMMDevice_Release(device);
    assert_int_equal(wcsncmp(name, L"Remote Audio", 12), 0);
    assert_int_equal(set(policy, L"{nothing}", eConsole), NOT_FOUND);
    assert_int_equal(set(policy, id, (ERole)9), E_INVALIDARG);
    assert_int_equal(set(policy, id, eConsole), S_OK);
    CoTaskMemFree(id);
    device = default_device();
    name_of(device, name);
    IMMDevice_Release(device);
    assert_int_equal(wcscmp(name, L"CABLE Input (VB-Audio Virtual Cable)"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest silent[] = {
        cmocka_unit_test(a_stopped_service_answers_with_an_error),
    };
    const struct CMUnitTest none[] = {
        cmocka_unit_test(without_a_device_there_is_no_endpoint),
        cmocka_unit_test(arguments_are_checked),
    };
    const struct CMUnitTest with_cable[] = {
        cmocka_unit_test(the_cable_has_an_endpoint_each_way),
        cmocka_unit_test(an_endpoint_tells_which_device_it_is_wired_to),
        cmocka_unit_test(the_default_can_be_changed),
    };
    const char *role = argc > 1 ? argv[1] : "";

    if (!strcmp(role, "silent"))
        return cmocka_run_group_tests(silent, open_enumerator, NULL);
    if (!strcmp(role, "none"))
        return cmocka_run_group_tests(none, open_enumerator, NULL);
    return cmocka_run_group_tests(with_cable, open_enumerator, NULL);
}
