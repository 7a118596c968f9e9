/* The rules of the display kernel interface that the emulator must keep.
 *
 *   check none     no paravirtualised adapter is started
 *   check guest    one is, with what the registry says of it */
#include "../../support/support.h"

#include "d3dkmt.h"

#include <ntstatus.h>
#include <winternl.h>
#include <string.h>
#include <wchar.h>

typedef NTSTATUS(WINAPI *d3dkmt_call)(void *);

enum { ROOM = 16 };

static d3dkmt_call find(const char *name)
{
    FARPROC found = GetProcAddress(LoadLibraryA("gdi32.dll"), name);
    d3dkmt_call call;

    memcpy(&call, &found, sizeof(call));
    return call;
}

static NTSTATUS run(const char *name, void *argument)
{
    d3dkmt_call call = find(name);

    assert_non_null(call);
    return call(argument);
}

static NTSTATUS query(D3DKMT_HANDLE handle, UINT type, void *data, UINT size)
{
    struct d3dkmt_query q = {.handle = handle, .type = type, .data = data, .size = size};

    return run("D3DKMTQueryAdapterInfo", &q);
}

static void close_adapter(D3DKMT_HANDLE handle)
{
    struct d3dkmt_close c = {.handle = handle};

    assert_int_equal(run("D3DKMTCloseAdapter", &c), STATUS_SUCCESS);
}

/* The paravirtualised adapter, 0 for none; all others are closed again. */
static D3DKMT_HANDLE paravirtualised(void)
{
    struct d3dkmt_adapter_info rows[ROOM];
    struct d3dkmt_enum2 all = {.count = ROOM, .adapters = rows};
    D3DKMT_HANDLE found = 0;

    assert_int_equal(run("D3DKMTEnumAdapters2", &all), STATUS_SUCCESS);
    for (ULONG i = 0; i < all.count; i++) {
        UINT bits;

        assert_int_equal(query(rows[i].handle, D3DKMT_TYPE_ADAPTER_TYPE, &bits, sizeof(bits)),
                         STATUS_SUCCESS);
        if (bits & D3DKMT_PARAVIRTUALIZED)
            found = rows[i].handle;
        else
            close_adapter(rows[i].handle);
    }
    return found;
}

static int open_adapter(void **state)
{
    static D3DKMT_HANDLE handle;

    handle = paravirtualised();
    *state = &handle;
    return handle ? 0 : -1;
}

static int close_it(void **state)
{
    D3DKMT_HANDLE *handle = *state;

    close_adapter(*handle);
    return 0;
}

static void the_software_renderer_is_always_there(void **state)
{
    struct d3dkmt_enum2 all = {.count = 99};

    (void)state;
    assert_int_equal(run("D3DKMTEnumAdapters2", &all), STATUS_SUCCESS);
    assert_true(all.count >= 1);
}

static void no_paravirtualised_adapter_is_listed(void **state)
{
    (void)state;
    assert_int_equal(paravirtualised(), 0);
}

static void an_array_that_is_too_small_is_told(void **state)
{
    struct d3dkmt_adapter_info rows[1];
    struct d3dkmt_enum2 all = {.count = 1, .adapters = rows};

    (void)state;
    assert_int_equal(run("D3DKMTEnumAdapters2", &all), STATUS_BUFFER_TOO_SMALL);
}

static void the_newer_enumeration_filters(void **state)
{
    struct d3dkmt_enum3 render = {.count = 0}, all = {.filter = 2}, wrong = {.filter = 8};

    (void)state;
    assert_int_equal(run("D3DKMTEnumAdapters3", &render), STATUS_SUCCESS);
    assert_int_equal(run("D3DKMTEnumAdapters3", &all), STATUS_SUCCESS);
    assert_true(render.count < all.count);
    assert_int_equal(run("D3DKMTEnumAdapters3", &wrong), STATUS_INVALID_PARAMETER);
}

static void an_older_windows_lacks_the_newer_enumeration(void **state)
{
    DWORD on = 1;

    (void)state;
    RegSetKeyValueA(
        HKEY_LOCAL_MACHINE, "Software\\gpupv-emulator\\gpu", "NoEnum3", REG_DWORD, &on, sizeof(on));
    assert_null(find("D3DKMTEnumAdapters3"));
    RegDeleteKeyValueA(HKEY_LOCAL_MACHINE, "Software\\gpupv-emulator\\gpu", "NoEnum3");
    assert_non_null(find("D3DKMTEnumAdapters3"));
}

static void an_adapter_is_opened_by_its_luid(void **state)
{
    struct d3dkmt_adapter_info rows[ROOM];
    struct d3dkmt_enum2 all = {.count = ROOM, .adapters = rows};
    struct d3dkmt_open_luid open = {.handle = 0}, wrong = {.luid = {.LowPart = 7}};

    (void)state;
    assert_int_equal(run("D3DKMTEnumAdapters2", &all), STATUS_SUCCESS);
    open.luid = rows[0].luid;
    for (ULONG i = 0; i < all.count; i++)
        close_adapter(rows[i].handle);
    assert_int_equal(run("D3DKMTOpenAdapterFromLuid", &open), STATUS_SUCCESS);
    close_adapter(open.handle);
    assert_int_equal(run("D3DKMTOpenAdapterFromLuid", &wrong), STATUS_INVALID_PARAMETER);
}

static void a_closed_handle_answers_nothing(void **state)
{
    D3DKMT_HANDLE handle = paravirtualised();
    struct d3dkmt_close again = {.handle = handle};
    UINT bits;

    (void)state;
    close_adapter(handle);
    assert_int_equal(run("D3DKMTCloseAdapter", &again), STATUS_INVALID_PARAMETER);
    assert_int_equal(query(handle, D3DKMT_TYPE_ADAPTER_TYPE, &bits, sizeof(bits)),
                     STATUS_INVALID_PARAMETER);
}

static void sizes_and_types_are_checked(void **state)
{
    D3DKMT_HANDLE *handle = *state;
    uint64_t bits[2];

    assert_int_equal(query(*handle, D3DKMT_TYPE_ADAPTER_TYPE, bits, 8), STATUS_INVALID_PARAMETER);
    assert_int_equal(query(*handle, D3DKMT_TYPE_ADAPTER_TYPE, bits, 2), STATUS_INVALID_PARAMETER);
    assert_int_equal(query(*handle, D3DKMT_TYPE_ADAPTER_TYPE, NULL, 4), STATUS_INVALID_PARAMETER);
    assert_int_equal(query(*handle, 999, bits, 8), STATUS_INVALID_PARAMETER);
}

static void versions_are_four_numbers(void **state)
{
    D3DKMT_HANDLE *handle = *state;
    uint64_t version;

    assert_int_equal(query(*handle, D3DKMT_TYPE_UMD_VERSION, &version, sizeof(version)),
                     STATUS_SUCCESS);
    assert_true(version == (UINT64_C(32) << 48 | 15u << 16 | 6094));
    assert_int_equal(query(*handle, D3DKMT_TYPE_KMD_VERSION, &version, sizeof(version)),
                     STATUS_SUCCESS);
}

static void the_ids_are_those_of_the_hosts_card(void **state)
{
    D3DKMT_HANDLE *handle = *state;
    struct d3dkmt_device_ids ids = {0}, second = {.physical_index = 1};

    assert_int_equal(query(*handle, D3DKMT_TYPE_DEVICE_IDS, &ids, sizeof(ids)), STATUS_SUCCESS);
    assert_int_equal(ids.vendor, 0x10DE);
    assert_int_equal(query(*handle, D3DKMT_TYPE_DEVICE_IDS, &second, sizeof(second)),
                     STATUS_INVALID_PARAMETER);
}

static void drivers_are_named_where_the_guest_has_them(void **state)
{
    D3DKMT_HANDLE *handle = *state;
    struct d3dkmt_umd_name name = {.version = 2}, wrong = {.version = 9};

    assert_int_equal(query(*handle, D3DKMT_TYPE_UMD_NAME, &name, sizeof(name)), STATUS_SUCCESS);
    assert_non_null(wcsstr(name.path, L"\\HostDriverStore\\FileRepository\\nv_dispi.inf_amd64_1"));
    assert_non_null(wcsstr(name.path, L"nvldumdx.dll"));
    assert_int_equal(query(*handle, D3DKMT_TYPE_UMD_NAME, &wrong, sizeof(wrong)),
                     STATUS_INVALID_PARAMETER);
}

static void the_folder_needs_the_room_that_is_told(void **state)
{
    D3DKMT_HANDLE *handle = *state;
    struct d3dkmt_registry small = {.type = D3DKMT_REGISTRY_DRIVER_STORE_PATH,
                                    .flags = D3DKMT_REGISTRY_TRANSLATE_PATH};
    static UINT64 room[256];
    struct d3dkmt_registry *large = (struct d3dkmt_registry *)(void *)room;
    UINT size;

    assert_int_equal(query(*handle, D3DKMT_TYPE_QUERY_REGISTRY, &small, sizeof(small) - 1),
                     STATUS_INVALID_PARAMETER);
    assert_int_equal(query(*handle, D3DKMT_TYPE_QUERY_REGISTRY, &small, sizeof(small)),
                     STATUS_SUCCESS);
    assert_int_equal(small.status, D3DKMT_REGISTRY_OVERFLOW);
    size = (UINT)(sizeof(small) + small.output_size);
    assert_true(size <= sizeof(room));
    large->type = D3DKMT_REGISTRY_DRIVER_STORE_PATH;
    large->flags = D3DKMT_REGISTRY_TRANSLATE_PATH;
    assert_int_equal(query(*handle, D3DKMT_TYPE_QUERY_REGISTRY, large, size), STATUS_SUCCESS);
    assert_int_equal(large->status, D3DKMT_REGISTRY_OK);
    assert_non_null(wcsstr(large->output_text, L"\\HostDriverStore\\FileRepository\\nv_dispi.inf"));
    large->flags = 0;
    assert_int_equal(query(*handle, D3DKMT_TYPE_QUERY_REGISTRY, large, size), STATUS_SUCCESS);
    assert_non_null(wcsstr(large->output_text, L"\\DriverStore\\"));
    large->type = 9;
    assert_int_equal(query(*handle, D3DKMT_TYPE_QUERY_REGISTRY, large, size),
                     STATUS_INVALID_PARAMETER);
}

static void the_name_is_the_hosts(void **state)
{
    D3DKMT_HANDLE *handle = *state;
    static struct d3dkmt_description room;
    struct d3dkmt_description *text = &room;

    assert_int_equal(query(*handle, D3DKMT_TYPE_DESCRIPTION, text, sizeof(*text)), STATUS_SUCCESS);
    assert_int_equal(wcscmp(text->text, L"NVIDIA GeForce RTX 4070"), 0);
}

/* ---- the way to an encoder ---- */

struct object {
    void **methods;
};

static void method(void *object, int number, void *ret_function)
{
    memcpy(ret_function, &((struct object *)object)->methods[number], sizeof(void *));
}

static void release(void *object)
{
    ULONG(STDMETHODCALLTYPE * call)(void *);

    method(object, 2, &call);
    call(object);
}

static FARPROC export_of(const char *dll, const char *name)
{
    FARPROC found = GetProcAddress(LoadLibraryA(dll), name);

    assert_non_null(found);
    return found;
}

/* A device on the first adapter, which is the paravirtualised one. */
static void *make_device(int driver, HRESULT *ret_result)
{
    static const GUID factory_id = {
        0x770aae78, 0xf26f, 0x4dba, {0xa8, 0x29, 0x25, 0x3c, 0x83, 0xd1, 0xb3, 0x87}};
    FARPROC make_factory = export_of("dxgi.dll", "CreateDXGIFactory1");
    FARPROC make = export_of("d3d11.dll", "D3D11CreateDevice");
    HRESULT(WINAPI * create_factory)(const GUID *, void **);
    HRESULT(STDMETHODCALLTYPE * enumerate)(void *, UINT, void **);
    HRESULT(WINAPI * create)
    (void *, int, HMODULE, UINT, const int *, UINT, UINT, void **, int *, void **);
    void *factory, *adapter, *device = NULL;

    memcpy(&create_factory, &make_factory, sizeof(create_factory));
    memcpy(&create, &make, sizeof(create));
    assert_int_equal(create_factory(&factory_id, &factory), S_OK);
    method(factory, 12, &enumerate);
    assert_int_equal(enumerate(factory, 7, &adapter), (HRESULT)0x887A0002);
    assert_int_equal(enumerate(factory, 0, &adapter), S_OK);
    *ret_result = create(adapter, driver, NULL, 0, NULL, 0, 7, &device, NULL, NULL);
    release(adapter);
    release(factory);
    return device;
}

static void a_device_is_made_on_an_adapter(void **state)
{
    HRESULT result;
    void *device = make_device(0, &result);

    (void)state;
    assert_int_equal(result, S_OK);
    release(device);
    make_device(1, &result);
    assert_int_equal(result, E_INVALIDARG);
}

struct function_list {
    uint32_t version, reserved;
    void *functions[40];
};

struct open_session {
    uint32_t version, device_type;
    void *device, *reserved;
    uint32_t api_version, reserved_numbers[253];
    void *reserved_pointers[64];
};

static void an_encoder_opens_on_a_device_of_the_card(void **state)
{
    FARPROC make = export_of("nvEncodeAPI64.dll", "NvEncodeAPICreateInstance");
    struct function_list list = {.version = 9u | 1u << 24 | 2u << 16 | 7u << 28},
                         future = {.version = 99u | 2u << 16 | 7u << 28};
    struct open_session session = {.version = 9u | 1u << 24 | 1u << 16 | 7u << 28};
    uint32_t(WINAPI * create)(struct function_list *);
    uint32_t(WINAPI * open)(struct open_session *, void **);
    uint32_t(WINAPI * destroy)(void *);
    void *encoder;
    HRESULT result;
    char wrong[64] = {0};

    (void)state;
    memcpy(&create, &make, sizeof(create));
    assert_int_equal(create(&future), 15);
    assert_int_equal(create(&list), 0);
    memcpy(&open, &list.functions[29], sizeof(open));
    memcpy(&destroy, &list.functions[27], sizeof(destroy));
    assert_int_equal(open(&session, &encoder), 3);
    session.device = wrong;
    assert_int_equal(open(&session, &encoder), 3);
    session.device = make_device(0, &result);
    assert_int_equal(open(&session, &encoder), 0);
    assert_int_equal(destroy(encoder), 0);
    release(session.device);
}

#define WITH_ADAPTER(name) cmocka_unit_test_setup_teardown(name, open_adapter, close_it)

int main(int argc, char **argv)
{
    const struct CMUnitTest none[] = {
        cmocka_unit_test(the_software_renderer_is_always_there),
        cmocka_unit_test(no_paravirtualised_adapter_is_listed),
    };
    const struct CMUnitTest guest[] = {
        cmocka_unit_test(the_software_renderer_is_always_there),
        cmocka_unit_test(an_array_that_is_too_small_is_told),
        cmocka_unit_test(the_newer_enumeration_filters),
        cmocka_unit_test(an_older_windows_lacks_the_newer_enumeration),
        cmocka_unit_test(an_adapter_is_opened_by_its_luid),
        cmocka_unit_test(a_closed_handle_answers_nothing),
        WITH_ADAPTER(sizes_and_types_are_checked),
        WITH_ADAPTER(versions_are_four_numbers),
        WITH_ADAPTER(the_ids_are_those_of_the_hosts_card),
        WITH_ADAPTER(drivers_are_named_where_the_guest_has_them),
        WITH_ADAPTER(the_folder_needs_the_room_that_is_told),
        WITH_ADAPTER(the_name_is_the_hosts),
        cmocka_unit_test(a_device_is_made_on_an_adapter),
        cmocka_unit_test(an_encoder_opens_on_a_device_of_the_card),
    };

    if (argc > 1 && !strcmp(argv[1], "none"))
        return cmocka_run_group_tests(none, NULL, NULL);
    return cmocka_run_group_tests(guest, NULL, NULL);
}
