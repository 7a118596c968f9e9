/* Device information sets: what is in them, new devices, phantoms, removal. */
#include "check.h"

#include <initguid.h>
#include <devpkey.h>
#include <stdlib.h>
#include <string.h>

static int count_of(HDEVINFO set)
{
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    int count = 0;

    while (SetupDiEnumDeviceInfo(set, (DWORD)count, &data))
        count++;
    assert_int_equal(GetLastError(), ERROR_NO_MORE_ITEMS);
    return count;
}

/* How many devices a set of these arguments has. */
static int found(const GUID *class_guid, const wchar_t *enumerator, DWORD flags)
{
    HDEVINFO set = SetupDiGetClassDevsW(class_guid, enumerator, NULL, flags);
    int count;

    assert_ptr_not_equal(set, INVALID_HANDLE_VALUE);
    count = count_of(set);
    assert_true(SetupDiDestroyDeviceInfoList(set));
    return count;
}

static bool is_known(const wchar_t *id)
{
    struct pnp_device device;

    return pnp_get(id, &device);
}

static void id_of(HDEVINFO set, SP_DEVINFO_DATA *data, wchar_t *ret_id)
{
    assert_true(SetupDiGetDeviceInstanceIdW(set, data, ret_id, PNP_ID_MAX, NULL));
}

/* ---- what is there ---- */

static void present_means_what_it_says(void **state)
{
    int all, present;

    (void)state;
    all = found(NULL, NULL, DIGCF_ALLCLASSES);
    present = found(NULL, NULL, DIGCF_ALLCLASSES | DIGCF_PRESENT);
    assert_int_equal(all, present);
    assert_true(pnp_monitor_remove(VIDEO_MONITOR));
    assert_int_equal(found(NULL, NULL, DIGCF_ALLCLASSES), all);
    assert_int_equal(found(NULL, NULL, DIGCF_ALLCLASSES | DIGCF_PRESENT), present - 1);
    CM_Reenumerate_DevNode(locate(VIDEO, false), 0);
}

static void sets_are_filtered_by_class_and_enumerator(void **state)
{
    (void)state;
    assert_int_equal(found(&display_class, NULL, 0), 2);
    assert_int_equal(found(&display_class, L"PCI", 0), 1);
    assert_int_equal(found(NULL, L"ROOT", DIGCF_ALLCLASSES), 2);
    assert_int_equal(found(&media_class, NULL, 0), 0);
    assert_int_equal(found(&monitor_interface, NULL, DIGCF_DEVICEINTERFACE | DIGCF_PRESENT), 1);
}

static void wrong_arguments_for_a_set_are_refused(void **state)
{
    (void)state;
    SetLastError(0);
    assert_ptr_equal(SetupDiGetClassDevsW(NULL, NULL, NULL, DIGCF_PRESENT), INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_ptr_equal(SetupDiGetClassDevsW(&display_class, NULL, NULL, 0x100), INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_INVALID_FLAGS);
    assert_ptr_equal(SetupDiGetClassDevsW(&display_class, NULL, NULL, DIGCF_DEFAULT),
                     INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_INVALID_FLAGS);
}

static void handles_and_sizes_are_checked(void **state)
{
    HDEVINFO set = SetupDiGetClassDevsW(&display_class, NULL, NULL, 0);
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data) - 4};
    wchar_t id[PNP_ID_MAX];
    DWORD needed;

    (void)state;
    assert_denied(SetupDiEnumDeviceInfo(set, 0, &data), ERROR_INVALID_USER_BUFFER);
    assert_denied(SetupDiEnumDeviceInfo(set, 0, NULL), ERROR_INVALID_PARAMETER);
    data.cbSize = sizeof(data);
    assert_denied(SetupDiEnumDeviceInfo(INVALID_HANDLE_VALUE, 0, &data), ERROR_INVALID_HANDLE);
    assert_true(SetupDiEnumDeviceInfo(set, 0, &data));
    assert_denied(SetupDiGetDeviceInstanceIdW(set, NULL, id, PNP_ID_MAX, NULL),
                  ERROR_INVALID_PARAMETER);
    assert_denied(SetupDiGetDeviceInstanceIdW(set, &data, id, 2, &needed),
                  ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(needed, wcslen(VIDEO) + 1);
    data.Reserved ^= 64;
    assert_denied(SetupDiGetDeviceInstanceIdW(set, &data, id, PNP_ID_MAX, NULL),
                  ERROR_INVALID_PARAMETER);
    assert_true(SetupDiDestroyDeviceInfoList(set));
    assert_denied(SetupDiDestroyDeviceInfoList(set), ERROR_INVALID_HANDLE);
}

static void a_device_is_opened_by_its_id(void **state)
{
    HDEVINFO set = empty_set(), displays = SetupDiCreateDeviceInfoList(&display_class, NULL);
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

    (void)state;
    assert_denied(SetupDiOpenDeviceInfoW(set, L"ROOT\\DISPLAY", NULL, 0, &data),
                  ERROR_INVALID_DEVINST_NAME);
    assert_denied(SetupDiOpenDeviceInfoW(set, L"ROOT\\DISPLAY\\0000", NULL, 0, &data),
                  ERROR_NO_SUCH_DEVINST);
    assert_denied(SetupDiOpenDeviceInfoW(displays, BASIC_DISPLAY, NULL, 0, &data),
                  ERROR_CLASS_MISMATCH);
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, &data));
    assert_memory_equal(&data.ClassGuid, &display_class, sizeof(GUID));
    assert_int_equal(data.DevInst, locate(VIDEO, false)); /* the same number everywhere */
    assert_int_equal(count_of(set), 1);
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, NULL));
    assert_int_equal(count_of(set), 1);
    SetupDiDestroyDeviceInfoList(displays);
    SetupDiDestroyDeviceInfoList(set);
}

/* ---- properties ---- */

static void properties_of_an_element_are_read_and_written(void **state)
{
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    wchar_t text[128];
    DWORD type, needed;

    (void)state;
    assert_true(SetupDiOpenDeviceInfoW(set, GPU, NULL, 0, &data));
    assert_true(SetupDiGetDeviceRegistryPropertyW(
        set, &data, SPDRP_FRIENDLYNAME, &type, (BYTE *)text, sizeof(text), &needed));
    assert_wide_equal(text, L"NVIDIA GeForce RTX 4070");
    assert_int_equal(type, REG_SZ);
    assert_denied(SetupDiGetDeviceRegistryPropertyW(
                      set, &data, SPDRP_FRIENDLYNAME, NULL, (BYTE *)text, 4, &needed),
                  ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(needed, sizeof(L"NVIDIA GeForce RTX 4070"));
    assert_denied(SetupDiGetDeviceRegistryPropertyW(
                      set, &data, SPDRP_UPPERFILTERS, NULL, (BYTE *)text, sizeof(text), NULL),
                  ERROR_INVALID_DATA);
    assert_denied(SetupDiGetDeviceRegistryPropertyW(
                      set, &data, SPDRP_MAXIMUM_PROPERTY, NULL, (BYTE *)text, sizeof(text), NULL),
                  ERROR_INVALID_REG_PROPERTY);
    assert_true(SetupDiSetDeviceRegistryPropertyW(
        set, &data, SPDRP_FRIENDLYNAME, (const BYTE *)L"Renamed", sizeof(L"Renamed")));
    assert_true(SetupDiGetDeviceRegistryPropertyW(
        set, &data, SPDRP_FRIENDLYNAME, &type, (BYTE *)text, sizeof(text), NULL));
    assert_wide_equal(text, L"Renamed");
    SetupDiDestroyDeviceInfoList(set);
}

static void values_of_the_wrong_shape_are_refused(void **state)
{
    static const struct {
        DWORD property, size, code;
    } rows[] = {
        {SPDRP_FRIENDLYNAME, sizeof(L"abc") - 1, ERROR_INVALID_DATA},        /* half a character */
        {SPDRP_FRIENDLYNAME, sizeof(L"abc") - 2, ERROR_INVALID_DATA},        /* no end */
        {SPDRP_HARDWAREID, sizeof(L"abc"), ERROR_INVALID_DATA},              /* one zero: no list */
        {SPDRP_CONFIGFLAGS, 2, ERROR_INVALID_DATA},                          /* no DWORD */
        {SPDRP_ENUMERATOR_NAME, sizeof(L"abc"), ERROR_INVALID_REG_PROPERTY}, /* the system's own */
        {SPDRP_CLASS, sizeof(L"abc"), ERROR_INVALID_REG_PROPERTY},
    };
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

    (void)state;
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, &data));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_denied(SetupDiSetDeviceRegistryPropertyW(
                          set, &data, rows[i].property, (const BYTE *)L"abc", rows[i].size),
                      rows[i].code);
    SetupDiDestroyDeviceInfoList(set);
}

static void keys_have_their_own_errors(void **state)
{
    static const DEVPROPKEY own = {{0x11111111, 2, 3, {4, 5, 6, 7, 8, 9, 10, 11}}, 2};
    BOOL(WINAPI * set_property)
    (HDEVINFO, PSP_DEVINFO_DATA, const DEVPROPKEY *, DEVPROPTYPE, const BYTE *, DWORD, DWORD);
    FARPROC function =
        GetProcAddress(GetModuleHandleW(L"setupapi.dll"), "SetupDiSetDevicePropertyW");
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    DEVPROPTYPE type;
    ULONG number = 42;
    wchar_t text[128];

    (void)state;
    memcpy(&set_property, &function, sizeof(function));
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, &data));
    assert_true(SetupDiGetDevicePropertyW(
        set, &data, &DEVPKEY_Device_DriverVersion, &type, (BYTE *)text, sizeof(text), NULL, 0));
    assert_wide_equal(text, L"10.0.22621.1");
    assert_denied(SetupDiGetDevicePropertyW(
                      set, &data, &own, &type, (BYTE *)&number, sizeof(number), NULL, 0),
                  ERROR_NOT_FOUND);
    assert_denied(SetupDiGetDevicePropertyW(
                      set, &data, &own, &type, (BYTE *)&number, sizeof(number), NULL, 1),
                  ERROR_INVALID_FLAGS);
    assert_true(set_property(
        set, &data, &own, DEVPROP_TYPE_UINT32, (const BYTE *)&number, sizeof(number), 0));
    number = 0;
    assert_true(SetupDiGetDevicePropertyW(
        set, &data, &own, &type, (BYTE *)&number, sizeof(number), NULL, 0));
    assert_int_equal(number, 42);
    assert_int_equal(type, DEVPROP_TYPE_UINT32);
    assert_denied(set_property(set,
                               &data,
                               &DEVPKEY_Device_ProblemCode,
                               DEVPROP_TYPE_UINT32,
                               (const BYTE *)&number,
                               sizeof(number),
                               0),
                  ERROR_ACCESS_DENIED);
    SetupDiDestroyDeviceInfoList(set);
}

static void registry_keys_of_device_and_driver_open(void **state)
{
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    wchar_t text[64];
    DWORD size = sizeof(text);
    HKEY key;

    (void)state;
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, &data));
    key = SetupDiOpenDevRegKey(set, &data, DICS_FLAG_GLOBAL, 0, DIREG_DRV, KEY_READ);
    assert_ptr_not_equal(key, INVALID_HANDLE_VALUE);
    assert_int_equal(RegQueryValueExW(key, L"InfPath", NULL, NULL, (BYTE *)text, &size), 0);
    assert_wide_equal(text, L"wvmbusvideo.inf");
    RegCloseKey(key);
    SetLastError(0);
    key = SetupDiOpenDevRegKey(set, &data, 8, 0, DIREG_DRV, KEY_READ);
    assert_ptr_equal(key, INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_INVALID_FLAGS);
    SetupDiDestroyDeviceInfoList(set);
}

/* ---- new devices ---- */

static void a_new_device_is_a_phantom_until_it_is_registered(void **state)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(&display_class, NULL);
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    wchar_t id[PNP_ID_MAX];
    DEVINST devinst;

    (void)state;
    assert_true(SetupDiCreateDeviceInfoW(
        set, L"Display", &display_class, NULL, NULL, DICD_GENERATE_ID, &data));
    id_of(set, &data, id);
    assert_wide_equal(id, L"ROOT\\DISPLAY\\0000");
    assert_int_equal(locate_code(id, 0, &devinst), CR_NO_SUCH_DEVNODE);
    assert_int_equal(locate_code(id, CM_LOCATE_DEVNODE_PHANTOM, &devinst), CR_SUCCESS);
    assert_true(SetupDiDestroyDeviceInfoList(set)); /* never registered: it was never there */
    assert_false(is_known(id));
}

static void a_registered_device_without_a_driver_has_problem_28(void **state)
{
    SP_DEVINFO_DATA data;
    HDEVINFO set = created(PARSEC_ID, &data);
    wchar_t id[PNP_ID_MAX];

    (void)state;
    id_of(set, &data, id);
    SetupDiDestroyDeviceInfoList(set);
    assert_int_equal(problem_of(id), CM_PROB_FAILED_INSTALL);
    set = empty_set();
    data.cbSize = sizeof(data);
    assert_true(SetupDiOpenDeviceInfoW(set, id, NULL, 0, &data));
    assert_true(SetupDiCallClassInstaller(DIF_REMOVE, set, &data));
    assert_false(is_known(id));
    SetupDiDestroyDeviceInfoList(set);
}

static void every_creation_makes_one_more(void **state)
{
    SP_DEVINFO_DATA first, second;
    HDEVINFO a = created(PARSEC_ID, &first), b = created(PARSEC_ID, &second);
    wchar_t id[PNP_ID_MAX];

    (void)state;
    id_of(b, &second, id);
    assert_wide_equal(id, L"ROOT\\DISPLAY\\0001");
    assert_true(SetupDiCallClassInstaller(DIF_REMOVE, a, &first));
    assert_true(SetupDiCallClassInstaller(DIF_REMOVE, b, &second));
    SetupDiDestroyDeviceInfoList(a);
    SetupDiDestroyDeviceInfoList(b);
}

static void creation_checks_its_arguments(void **state)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(&display_class, NULL);
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

    (void)state;
    assert_denied(
        SetupDiCreateDeviceInfoW(set, NULL, &display_class, NULL, NULL, DICD_GENERATE_ID, &data),
        ERROR_INVALID_PARAMETER);
    assert_denied(
        SetupDiCreateDeviceInfoW(set, L"Display", NULL, NULL, NULL, DICD_GENERATE_ID, &data),
        ERROR_INVALID_PARAMETER);
    assert_denied(
        SetupDiCreateDeviceInfoW(set, L"Media", &media_class, NULL, NULL, DICD_GENERATE_ID, &data),
        ERROR_CLASS_MISMATCH);
    assert_denied(SetupDiCreateDeviceInfoW(
                      set, L"Root\\Display", &display_class, NULL, NULL, DICD_GENERATE_ID, &data),
                  ERROR_INVALID_DEVINST_NAME);
    assert_denied(SetupDiCreateDeviceInfoW(set, L"Display", &display_class, NULL, NULL, 0, &data),
                  ERROR_INVALID_DEVINST_NAME);
    assert_denied(SetupDiCreateDeviceInfoW(set, VIDEO, &display_class, NULL, NULL, 0, &data),
                  ERROR_DEVINST_ALREADY_EXISTS);
    assert_denied(
        SetupDiCreateDeviceInfoW(set, L"Display", &display_class, NULL, NULL, 0x80, &data),
        ERROR_INVALID_FLAGS);
    assert_int_equal(count_of(set), 0);
    data.cbSize = 4; /* refused, but the element is there */
    assert_denied(SetupDiCreateDeviceInfoW(
                      set, L"Display", &display_class, NULL, NULL, DICD_GENERATE_ID, &data),
                  ERROR_INVALID_USER_BUFFER);
    assert_int_equal(count_of(set), 1);
    SetupDiDestroyDeviceInfoList(set);
}

static void what_is_not_registered_can_be_neither_removed_nor_changed(void **state)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(&display_class, NULL);
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

    (void)state;
    assert_true(SetupDiCreateDeviceInfoW(
        set, L"Display", &display_class, NULL, NULL, DICD_GENERATE_ID, &data));
    assert_denied(SetupDiCallClassInstaller(DIF_REMOVE, set, &data), ERROR_DEVINFO_NOT_REGISTERED);
    assert_denied(change_state(set, &data, DICS_ENABLE, DICS_FLAG_GLOBAL),
                  ERROR_DEVINFO_NOT_REGISTERED);
    assert_denied(SetupDiCallClassInstaller(DIF_REMOVE, set, NULL), ERROR_INVALID_PARAMETER);
    assert_denied(SetupDiCallClassInstaller(DIF_DETECT, set, &data), ERROR_DI_DO_DEFAULT);
    SetupDiDestroyDeviceInfoList(set);
}

static void nobody_but_an_administrator_creates(void **state)
{
    HDEVINFO set = SetupDiCreateDeviceInfoList(&display_class, NULL);
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

    (void)state;
    setting(L"Administrator", 0);
    assert_denied(SetupDiCreateDeviceInfoW(
                      set, L"Display", &display_class, NULL, NULL, DICD_GENERATE_ID, &data),
                  ERROR_ACCESS_DENIED);
    setting(L"Administrator", 1);
    assert_int_equal(count_of(set), 0);
    SetupDiDestroyDeviceInfoList(set);
}

/* ---- phantoms ---- */

static void a_phantom_is_found_by_its_hardware_id_and_removed(void **state)
{
    HDEVINFO set;
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    wchar_t id[PNP_ID_MAX];
    int count = 0;

    (void)state;
    assert_true(pnp_monitor_add(GPU, L"DISPLAY\\PSCCDD0", L"5&1&0&UID257", L"ParsecVDA"));
    assert_true(pnp_monitor_remove(L"DISPLAY\\PSCCDD0\\5&1&0&UID257"));
    set = SetupDiGetClassDevsW(NULL, L"DISPLAY", NULL, DIGCF_ALLCLASSES);
    for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &data); i++) {
        wchar_t ids[256] = {0};
        struct pnp_device device;

        assert_true(SetupDiGetDeviceRegistryPropertyW(
            set, &data, SPDRP_HARDWAREID, NULL, (BYTE *)ids, sizeof(ids), NULL));
        id_of(set, &data, id);
        if (_wcsicmp(ids, L"MONITOR\\PSCCDD0") || !pnp_get(id, &device) || device.present)
            continue;
        assert_true(SetupDiCallClassInstaller(DIF_REMOVE, set, &data));
        count++;
    }
    assert_int_equal(count, 1);
    SetupDiDestroyDeviceInfoList(set);
    assert_false(is_known(L"DISPLAY\\PSCCDD0\\5&1&0&UID257"));
}

static void hardware_that_is_there_comes_back_after_its_removal(void **state)
{
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    DEVINST root;

    (void)state;
    assert_true(SetupDiOpenDeviceInfoW(set, GPU, NULL, 0, &data));
    assert_true(SetupDiCallClassInstaller(DIF_REMOVE, set, &data));
    assert_false(is_known(GPU));
    assert_denied(SetupDiCallClassInstaller(DIF_REMOVE, set, &data), ERROR_NO_SUCH_DEVINST);
    locate_code(NULL, 0, &root);
    assert_int_equal(CM_Reenumerate_DevNode(root, 0), CR_SUCCESS);
    assert_int_equal(problem_of(GPU), 0);
    SetupDiDestroyDeviceInfoList(set);
}

/* ---- state changes ---- */

static void a_state_change_needs_its_parameters(void **state)
{
    SP_PROPCHANGE_PARAMS params = {
        .ClassInstallHeader = {sizeof(SP_CLASSINSTALL_HEADER), DIF_PROPERTYCHANGE},
        .StateChange = DICS_DISABLE,
        .Scope = DICS_FLAG_GLOBAL};
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

    (void)state;
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, &data));
    assert_denied(SetupDiCallClassInstaller(DIF_PROPERTYCHANGE, set, &data),
                  ERROR_NO_CLASSINSTALL_PARAMS);
    params.ClassInstallHeader.cbSize = sizeof(params); /* of the header, not of the whole */
    assert_denied(
        SetupDiSetClassInstallParamsW(set, &data, &params.ClassInstallHeader, sizeof(params)),
        ERROR_INVALID_USER_BUFFER);
    params.ClassInstallHeader.cbSize = sizeof(SP_CLASSINSTALL_HEADER);
    assert_denied(SetupDiSetClassInstallParamsW(
                      set, &data, &params.ClassInstallHeader, sizeof(SP_CLASSINSTALL_HEADER)),
                  ERROR_INVALID_PARAMETER);
    params.StateChange = 9;
    assert_denied(
        SetupDiSetClassInstallParamsW(set, &data, &params.ClassInstallHeader, sizeof(params)),
        ERROR_INVALID_PARAMETER);
    assert_denied(SetupDiSetClassInstallParamsW(set, &data, NULL, sizeof(params)),
                  ERROR_INVALID_PARAMETER);
    assert_int_equal(problem_of(VIDEO), 0);
    SetupDiDestroyDeviceInfoList(set);
}

static void a_device_is_disabled_for_good_and_enabled_again(void **state)
{
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    DWORD flags, type;
    struct pnp_device before, after;

    (void)state;
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, &data));
    assert_true(change_state(set, &data, DICS_DISABLE, DICS_FLAG_GLOBAL));
    assert_int_equal(problem_of(VIDEO), CM_PROB_DISABLED);
    assert_true(SetupDiGetDeviceRegistryPropertyW(
        set, &data, SPDRP_CONFIGFLAGS, &type, (BYTE *)&flags, sizeof(flags), NULL));
    assert_int_equal(flags & 1, 1);
    assert_true(change_state(set, &data, DICS_PROPCHANGE, DICS_FLAG_GLOBAL));
    assert_int_equal(problem_of(VIDEO), CM_PROB_DISABLED);
    assert_true(change_state(set, &data, DICS_ENABLE, DICS_FLAG_GLOBAL));
    assert_int_equal(problem_of(VIDEO), 0);
    pnp_get(VIDEO, &before);
    assert_true(change_state(set, &data, DICS_PROPCHANGE, DICS_FLAG_GLOBAL));
    pnp_get(VIDEO, &after);
    assert_int_equal(after.starts, before.starts + 1);
    SetupDiDestroyDeviceInfoList(set);
}

static void a_veto_of_setupapi_is_a_reboot(void **state)
{
    SP_DEVINSTALL_PARAMS_W params = {.cbSize = sizeof(params)};
    HDEVINFO set = empty_set();
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};

    (void)state;
    assert_true(SetupDiOpenDeviceInfoW(set, VIDEO, NULL, 0, &data));
    behave(VIDEO, L"VetoDisable", PNP_VetoDriver);
    assert_true(change_state(set, &data, DICS_PROPCHANGE, DICS_FLAG_GLOBAL));
    behave(VIDEO, L"VetoDisable", 0);
    assert_true(SetupDiGetDeviceInstallParamsW(set, &data, &params));
    assert_true(params.Flags & DI_NEEDREBOOT);
    params.cbSize = 4;
    assert_denied(SetupDiGetDeviceInstallParamsW(set, &data, &params), ERROR_INVALID_USER_BUFFER);
    SetupDiDestroyDeviceInfoList(set);
}

/* ---- interfaces ---- */

static void an_interface_gives_its_path_and_its_device(void **state)
{
    union {
        SP_DEVICE_INTERFACE_DETAIL_DATA_W detail;
        BYTE bytes[512];
    } buffer;
    SP_DEVICE_INTERFACE_DATA item = {.cbSize = sizeof(item)};
    SP_DEVINFO_DATA data = {.cbSize = sizeof(data)};
    HDEVINFO set =
        SetupDiGetClassDevsW(&monitor_interface, NULL, NULL, DIGCF_DEVICEINTERFACE | DIGCF_PRESENT);
    wchar_t id[PNP_ID_MAX];
    DWORD needed;

    (void)state;
    assert_true(SetupDiEnumDeviceInterfaces(set, NULL, &monitor_interface, 0, &item));
    assert_true(item.Flags & SPINT_ACTIVE);
    assert_denied(SetupDiGetDeviceInterfaceDetailW(set, &item, NULL, 0, &needed, NULL),
                  ERROR_INSUFFICIENT_BUFFER);
    buffer.detail.cbSize = needed; /* the usual mistake */
    assert_denied(
        SetupDiGetDeviceInterfaceDetailW(set, &item, &buffer.detail, sizeof(buffer), NULL, NULL),
        ERROR_INVALID_USER_BUFFER);
    buffer.detail.cbSize = sizeof(buffer.detail);
    assert_true(
        SetupDiGetDeviceInterfaceDetailW(set, &item, &buffer.detail, sizeof(buffer), NULL, &data));
    assert_int_equal(_wcsnicmp(buffer.detail.DevicePath, L"\\\\?\\DISPLAY#MSH062E#", 20), 0);
    id_of(set, &data, id);
    assert_wide_equal(id, VIDEO_MONITOR);
    assert_denied(SetupDiEnumDeviceInterfaces(set, NULL, &monitor_interface, 1, &item),
                  ERROR_NO_MORE_ITEMS);
    SetupDiDestroyDeviceInfoList(set);
}

int check_set(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(present_means_what_it_says),
        cmocka_unit_test(sets_are_filtered_by_class_and_enumerator),
        cmocka_unit_test(wrong_arguments_for_a_set_are_refused),
        cmocka_unit_test(handles_and_sizes_are_checked),
        cmocka_unit_test(a_device_is_opened_by_its_id),
        cmocka_unit_test(properties_of_an_element_are_read_and_written),
        cmocka_unit_test(values_of_the_wrong_shape_are_refused),
        cmocka_unit_test(keys_have_their_own_errors),
        cmocka_unit_test(registry_keys_of_device_and_driver_open),
        cmocka_unit_test(a_new_device_is_a_phantom_until_it_is_registered),
        cmocka_unit_test(a_registered_device_without_a_driver_has_problem_28),
        cmocka_unit_test(every_creation_makes_one_more),
        cmocka_unit_test(creation_checks_its_arguments),
        cmocka_unit_test(what_is_not_registered_can_be_neither_removed_nor_changed),
        cmocka_unit_test(nobody_but_an_administrator_creates),
        cmocka_unit_test(a_phantom_is_found_by_its_hardware_id_and_removed),
        cmocka_unit_test(hardware_that_is_there_comes_back_after_its_removal),
        cmocka_unit_test(a_state_change_needs_its_parameters),
        cmocka_unit_test(a_device_is_disabled_for_good_and_enabled_again),
        cmocka_unit_test(a_veto_of_setupapi_is_a_reboot),
        cmocka_unit_test(an_interface_gives_its_path_and_its_device),
    };

    return cmocka_run_group_tests_name("set", tests, NULL, NULL);
}
