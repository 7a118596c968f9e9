/* The rules of displays that the emulator must keep. The machine has Hyper-V Video and the Parsec
 * adapter, unless a role says otherwise.
 *
 *   check blind         a process that sees no console: session 0, or an enhanced session
 *   check basic         no adapter of either kind is started
 *   check console PATH  Hyper-V Video alone; PATH: interface of the Parsec adapter, for monitors
 *   check database      prints what is shown, one display a line */
#include "../../support/support.h"

#include "../parsec_vdd/vdd.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { ROOM = 64, PING_MS = 100, APPEAR_MS = 5000 };

static wchar_t vdd_path[MAX_PATH];

struct config {
    DISPLAYCONFIG_PATH_INFO paths[ROOM];
    DISPLAYCONFIG_MODE_INFO modes[ROOM];
    UINT32 path_count, mode_count;
};

static LONG query(UINT32 flags, struct config *c)
{
    LONG error = GetDisplayConfigBufferSizes(flags, &c->path_count, &c->mode_count);

    if (!error)
        error = QueryDisplayConfig(flags, &c->path_count, c->paths, &c->mode_count, c->modes, NULL);
    return error;
}

static void read_config(UINT32 flags, struct config *c)
{
    memset(c, 0, sizeof(*c));
    assert_int_equal(query(flags, c), ERROR_SUCCESS);
}

static LONG apply(struct config *c, UINT32 flags)
{
    return SetDisplayConfig(c->path_count, c->paths, c->mode_count, c->modes, flags);
}

static DISPLAYCONFIG_SOURCE_MODE *source_of(struct config *c, UINT32 path)
{
    return &c->modes[c->paths[path].sourceInfo.modeInfoIdx].sourceMode;
}

/* ---- a monitor of the Parsec adapter, held by a thread while a case runs ---- */

static HANDLE vdd, holder;
static volatile LONG stop;

static DWORD vdd_call(DWORD code, uint32_t *ret_value)
{
    uint8_t input[VDD_INPUT_BYTES] = {0};
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD length, error = 0;

    if (!DeviceIoControl(
            vdd, code, input, sizeof(input), ret_value, sizeof(*ret_value), NULL, &overlapped) &&
        (GetLastError() != ERROR_IO_PENDING ||
         !GetOverlappedResult(vdd, &overlapped, &length, TRUE)))
        error = GetLastError();
    CloseHandle(overlapped.hEvent);
    return error;
}

static DWORD WINAPI hold(void *unused)
{
    uint32_t value;

    (void)unused;
    while (!stop) {
        vdd_call(VDD_PING, &value);
        Sleep(PING_MS);
    }
    return 0;
}

static int plug_in(void **state)
{
    struct config c;
    uint32_t index;

    (void)state;
    vdd = CreateFileW(
        vdd_path, GENERIC_READ | GENERIC_WRITE, 3, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (vdd == INVALID_HANDLE_VALUE || vdd_call(VDD_ADD, &index) || index)
        return -1;
    stop = 0;
    holder = CreateThread(NULL, 0, hold, NULL, 0, NULL);
    for (int waited_ms = 0; waited_ms < APPEAR_MS; waited_ms += PING_MS) {
        read_config(QDC_ALL_PATHS, &c);
        if (c.path_count > 2)
            return 0;
        Sleep(PING_MS);
    }
    return -1;
}

static int unplug(void **state)
{
    uint32_t value;

    (void)state;
    stop = 1;
    WaitForSingleObject(holder, INFINITE);
    CloseHandle(holder);
    vdd_call(VDD_REMOVE, &value);
    CloseHandle(vdd);
    return 0;
}

/* Both side by side, Hyper-V Video first. */
static int extended(void **state)
{
    DEVMODEW first = {.dmSize = sizeof(first), .dmFields = DM_POSITION};

    if (plug_in(state) || SetDisplayConfig(0, NULL, 0, NULL, SDC_APPLY | SDC_TOPOLOGY_EXTEND))
        return -1;
    return (int)ChangeDisplaySettingsExW(
        L"\\\\.\\DISPLAY1", &first, NULL, CDS_SET_PRIMARY | CDS_UPDATEREGISTRY, NULL);
}

/* ---- cases ---- */

static void nothing_can_be_asked_or_changed(void **state)
{
    DISPLAY_DEVICEW device = {.cb = sizeof(device)};
    DEVMODEW mode = {.dmSize = sizeof(mode), .dmFields = DM_PELSWIDTH, .dmPelsWidth = 800};
    DISPLAYCONFIG_SOURCE_DEVICE_NAME name = {.header = {
                                                 .type = DISPLAYCONFIG_DEVICE_INFO_GET_SOURCE_NAME,
                                                 .size = sizeof(name),
                                             }};
    struct config c = {.path_count = ROOM, .mode_count = ROOM};

    (void)state;
    assert_int_equal(query(QDC_ONLY_ACTIVE_PATHS, &c), ERROR_ACCESS_DENIED);
    assert_int_equal(DisplayConfigGetDeviceInfo(&name.header), ERROR_ACCESS_DENIED);
    assert_int_equal(SetDisplayConfig(0, NULL, 0, NULL, SDC_APPLY | SDC_TOPOLOGY_EXTEND),
                     ERROR_ACCESS_DENIED);
    assert_false(EnumDisplayDevicesW(NULL, 0, &device, 0));
    assert_int_equal(ChangeDisplaySettingsExW(L"\\\\.\\DISPLAY1", &mode, NULL, 0, NULL),
                     DISP_CHANGE_FAILED);
}

static void flags_of_a_query_are_checked(void **state)
{
    static const UINT32 wrong[] = {0,
                                   QDC_ALL_PATHS | QDC_ONLY_ACTIVE_PATHS,
                                   QDC_VIRTUAL_MODE_AWARE,
                                   QDC_ONLY_ACTIVE_PATHS | 0x8000};
    struct config c;
    DISPLAYCONFIG_TOPOLOGY_ID topology;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(GetDisplayConfigBufferSizes(wrong[i], &c.path_count, &c.mode_count),
                         ERROR_INVALID_PARAMETER);
    assert_int_equal(GetDisplayConfigBufferSizes(QDC_ALL_PATHS, NULL, &c.mode_count),
                     ERROR_INVALID_PARAMETER);
    c.path_count = c.mode_count = ROOM;
    assert_int_equal(QueryDisplayConfig(
                         QDC_ALL_PATHS, &c.path_count, c.paths, &c.mode_count, c.modes, &topology),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(
        QueryDisplayConfig(
            QDC_DATABASE_CURRENT, &c.path_count, c.paths, &c.mode_count, c.modes, NULL),
        ERROR_INVALID_PARAMETER);
    assert_int_equal(
        QueryDisplayConfig(
            QDC_DATABASE_CURRENT, &c.path_count, c.paths, &c.mode_count, c.modes, &topology),
        ERROR_SUCCESS);
    c.path_count = 0;
    assert_int_equal(
        QueryDisplayConfig(QDC_ALL_PATHS, &c.path_count, c.paths, &c.mode_count, c.modes, NULL),
        ERROR_INSUFFICIENT_BUFFER);
}

static void the_basic_display_is_what_is_left(void **state)
{
    DISPLAYCONFIG_ADAPTER_NAME name = {
        .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_ADAPTER_NAME, .size = sizeof(name)}};
    struct config c;

    (void)state;
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 1);
    assert_int_equal(source_of(&c, 0)->width, 1024);
    assert_int_equal(source_of(&c, 0)->height, 768);
    name.header.adapterId = c.paths[0].targetInfo.adapterId;
    assert_int_equal(DisplayConfigGetDeviceInfo(&name.header), ERROR_SUCCESS);
    assert_non_null(wcsstr(name.adapterDevicePath, L"BASICDISPLAY"));
    source_of(&c, 0)->width = 1920;
    source_of(&c, 0)->height = 1080;
    assert_int_equal(apply(&c, SDC_APPLY | SDC_USE_SUPPLIED_DISPLAY_CONFIG | SDC_ALLOW_CHANGES),
                     ERROR_GEN_FAILURE);
}

static void hyperv_video_shows_the_console(void **state)
{
    DISPLAYCONFIG_ADAPTER_NAME name = {
        .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_ADAPTER_NAME, .size = sizeof(name)}};
    struct config c;

    (void)state;
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 1);
    assert_int_equal(c.mode_count, 2);
    assert_true(c.paths[0].flags & DISPLAYCONFIG_PATH_ACTIVE);
    assert_int_equal(source_of(&c, 0)->position.x, 0);
    name.header.adapterId = c.paths[0].sourceInfo.adapterId;
    assert_int_equal(DisplayConfigGetDeviceInfo(&name.header), ERROR_SUCCESS);
    assert_int_equal(_wcsnicmp(name.adapterDevicePath,
                               L"\\\\?\\VMBUS#{da0a7802-e377-4aac-8e77-0558eb1073f8}",
                               46),
                     0);
}

static void packets_are_checked(void **state)
{
    DISPLAYCONFIG_ADAPTER_NAME name = {
        .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_ADAPTER_NAME, .size = sizeof(name)}};

    (void)state;
    assert_int_equal(DisplayConfigGetDeviceInfo(NULL), ERROR_INVALID_PARAMETER);
    assert_int_equal(DisplayConfigGetDeviceInfo(&name.header), ERROR_INVALID_PARAMETER);
    name.header.size--;
    assert_int_equal(DisplayConfigGetDeviceInfo(&name.header), ERROR_INVALID_PARAMETER);
    name.header.size = sizeof(name);
    name.header.type = (DISPLAYCONFIG_DEVICE_INFO_TYPE)77;
    assert_int_equal(DisplayConfigGetDeviceInfo(&name.header), ERROR_INVALID_PARAMETER);
}

static void flags_of_a_change_are_checked(void **state)
{
    static const UINT32 wrong[] = {
        0,
        SDC_APPLY,
        SDC_TOPOLOGY_EXTEND,
        SDC_APPLY | SDC_VALIDATE | SDC_TOPOLOGY_EXTEND,
        SDC_APPLY | SDC_TOPOLOGY_EXTEND | SDC_SAVE_TO_DATABASE,
        SDC_APPLY | SDC_TOPOLOGY_EXTEND | SDC_ALLOW_CHANGES,
        SDC_VALIDATE | SDC_TOPOLOGY_EXTEND | SDC_FORCE_MODE_ENUMERATION,
        SDC_APPLY | SDC_TOPOLOGY_EXTEND | SDC_USE_SUPPLIED_DISPLAY_CONFIG,
        SDC_APPLY | SDC_TOPOLOGY_EXTEND | 0x4000,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (SetDisplayConfig(0, NULL, 0, NULL, wrong[i]) != ERROR_INVALID_PARAMETER)
            fail_msg("flags %x are taken", wrong[i]);
}

static void a_supplied_configuration_needs_arrays_and_a_topology_none(void **state)
{
    struct config c;

    (void)state;
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(apply(&c, SDC_APPLY | SDC_TOPOLOGY_EXTEND), ERROR_INVALID_PARAMETER);
    assert_int_equal(
        SetDisplayConfig(0, NULL, 0, NULL, SDC_APPLY | SDC_USE_SUPPLIED_DISPLAY_CONFIG),
        ERROR_INVALID_PARAMETER);
    assert_int_equal(apply(&c, SDC_APPLY | SDC_TOPOLOGY_SUPPLIED), ERROR_INVALID_PARAMETER);
}

static void a_new_monitor_extends_the_desktop(void **state)
{
    DISPLAYCONFIG_TARGET_DEVICE_NAME name = {.header = {
                                                 .type = DISPLAYCONFIG_DEVICE_INFO_GET_TARGET_NAME,
                                                 .size = sizeof(name),
                                             }};
    struct config c;

    (void)state;
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 2);
    assert_int_equal(source_of(&c, 0)->position.x, 0);
    assert_int_equal(source_of(&c, 1)->position.x, source_of(&c, 0)->width);
    name.header.adapterId = c.paths[1].targetInfo.adapterId;
    name.header.id = c.paths[1].targetInfo.id;
    assert_int_equal(DisplayConfigGetDeviceInfo(&name.header), ERROR_SUCCESS);
    assert_int_equal(wcscmp(name.monitorFriendlyDeviceName, L"ParsecVDA"), 0);
    assert_int_equal(name.edidManufactureId, 0x6342); /* "PSC" */
    assert_int_equal(name.edidProductCodeId, 0xCDD0);
    assert_non_null(wcsstr(name.monitorDevicePath, L"PSCCDD0"));
}

static void the_new_monitor_alone_and_back(void **state)
{
    struct config c;
    UINT32 flags = SDC_APPLY | SDC_USE_SUPPLIED_DISPLAY_CONFIG | SDC_SAVE_TO_DATABASE;

    (void)state;
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    c.paths[0].flags &= ~(UINT32)DISPLAYCONFIG_PATH_ACTIVE;
    assert_int_equal(apply(&c, flags), ERROR_INVALID_PARAMETER); /* nothing lies at 0,0 */
    source_of(&c, 1)->position.x = 0;
    assert_int_equal(apply(&c, SDC_VALIDATE | SDC_USE_SUPPLIED_DISPLAY_CONFIG), ERROR_SUCCESS);
    assert_int_equal(apply(&c, flags), ERROR_SUCCESS);
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 1);
    assert_int_equal(c.paths[0].targetInfo.id, 256);
    /* one from Hyper-V Video's source, two from the adapter's, one to a free connector */
    read_config(QDC_ALL_PATHS, &c);
    assert_int_equal(c.path_count, 4);
    assert_int_equal(c.mode_count, 2);
    assert_int_equal(c.paths[1].targetInfo.id, c.paths[2].targetInfo.id);
    assert_int_not_equal(c.paths[1].sourceInfo.id, c.paths[2].sourceInfo.id);
    assert_false(c.paths[3].targetInfo.targetAvailable);
    assert_int_equal(SetDisplayConfig(0, NULL, 0, NULL, SDC_APPLY | SDC_TOPOLOGY_EXTEND),
                     ERROR_SUCCESS);
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 2);
}

static void wrong_configurations_are_refused(void **state)
{
    UINT32 flags = SDC_APPLY | SDC_USE_SUPPLIED_DISPLAY_CONFIG;
    struct config good, c;

    (void)state;
    read_config(QDC_ONLY_ACTIVE_PATHS, &good);
    c = good;
    source_of(&c, 1)->position.x = 10; /* overlaps */
    assert_int_equal(apply(&c, flags), ERROR_INVALID_PARAMETER);
    c = good;
    source_of(&c, 1)->width = 1234; /* no such mode */
    assert_int_equal(apply(&c, flags), ERROR_GEN_FAILURE);
    c = good;
    c.paths[1].targetInfo.id = 299;
    assert_int_equal(apply(&c, flags), ERROR_INVALID_PARAMETER);
    c = good;
    c.paths[1] = c.paths[0];
    assert_int_equal(apply(&c, flags), ERROR_INVALID_PARAMETER);
    c = good;
    c.paths[1].sourceInfo.modeInfoIdx = 40;
    assert_int_equal(apply(&c, flags), ERROR_INVALID_PARAMETER);
    c = good;
    c.paths[0].flags = c.paths[1].flags = 0;
    assert_int_equal(apply(&c, flags), ERROR_INVALID_PARAMETER);
    assert_int_equal(apply(&good, flags), ERROR_SUCCESS);
}

static void custom_modes_are_those_of_the_plug_in(void **state)
{
    DEVMODEW mode = {.dmSize = sizeof(mode),
                     .dmFields = DM_PELSWIDTH | DM_PELSHEIGHT | DM_DISPLAYFREQUENCY,
                     .dmPelsWidth = 2222,
                     .dmPelsHeight = 1111,
                     .dmDisplayFrequency = 75};
    DWORD values[] = {2222, 1111, 75};
    const wchar_t *names[] = {L"width", L"height", L"hz"};

    assert_int_equal(extended(state), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(RegSetKeyValueW(HKEY_LOCAL_MACHINE,
                                         L"SOFTWARE\\Parsec\\vdd\\0",
                                         names[i],
                                         REG_DWORD,
                                         &values[i],
                                         sizeof(values[i])),
                         0);
    assert_int_equal(ChangeDisplaySettingsExW(L"\\\\.\\DISPLAY2", &mode, NULL, CDS_TEST, NULL),
                     DISP_CHANGE_BADMODE);
    unplug(state);
    assert_int_equal(extended(state), 0);
    assert_int_equal(
        ChangeDisplaySettingsExW(L"\\\\.\\DISPLAY2", &mode, NULL, CDS_UPDATEREGISTRY, NULL),
        DISP_CHANGE_SUCCESSFUL);
    assert_true(EnumDisplaySettingsExW(L"\\\\.\\DISPLAY2", ENUM_CURRENT_SETTINGS, &mode, 0));
    assert_int_equal(mode.dmPelsWidth, 2222);
    assert_int_equal(mode.dmDisplayFrequency, 75);
    unplug(state);
    RegDeleteKeyW(HKEY_LOCAL_MACHINE, L"SOFTWARE\\Parsec\\vdd\\0");
}

static void the_old_way_knows_the_same_displays(void **state)
{
    DISPLAY_DEVICEW device = {.cb = sizeof(device)}, monitor = {.cb = sizeof(monitor)};
    DEVMODEW mode = {.dmSize = sizeof(mode)};

    (void)state;
    assert_true(EnumDisplayDevicesW(NULL, 0, &device, 0));
    assert_int_equal(wcscmp(device.DeviceName, L"\\\\.\\DISPLAY1"), 0);
    assert_true(device.StateFlags & DISPLAY_DEVICE_PRIMARY_DEVICE);
    assert_true(EnumDisplayDevicesW(NULL, 1, &device, 0));
    assert_true(device.StateFlags & DISPLAY_DEVICE_ATTACHED_TO_DESKTOP);
    assert_int_equal(_wcsicmp(device.DeviceID, L"Root\\Parsec\\VDA"), 0);
    assert_true(EnumDisplayDevicesW(device.DeviceName, 0, &monitor, EDD_GET_DEVICE_INTERFACE_NAME));
    assert_non_null(wcsstr(monitor.DeviceID, L"PSCCDD0"));
    assert_false(EnumDisplayDevicesW(NULL, 2, &device, 0));
    device.cb = 7;
    assert_false(EnumDisplayDevicesW(NULL, 0, &device, 0));
    assert_true(EnumDisplaySettingsExW(L"\\\\.\\DISPLAY2", 0, &mode, 0));
    assert_false(EnumDisplaySettingsExW(L"\\\\.\\DISPLAY9", 0, &mode, 0));
}

static void changes_without_reset_wait_for_the_last_call(void **state)
{
    DEVMODEW off = {.dmSize = sizeof(off), .dmFields = DM_POSITION | DM_PELSWIDTH | DM_PELSHEIGHT};
    DEVMODEW primary = {.dmSize = sizeof(primary), .dmFields = DM_POSITION};
    struct config c;

    (void)state;
    assert_int_equal(ChangeDisplaySettingsExW(L"\\\\.\\DISPLAY2",
                                              &primary,
                                              NULL,
                                              CDS_SET_PRIMARY | CDS_UPDATEREGISTRY | CDS_NORESET,
                                              NULL),
                     DISP_CHANGE_SUCCESSFUL);
    assert_int_equal(ChangeDisplaySettingsExW(
                         L"\\\\.\\DISPLAY1", &off, NULL, CDS_UPDATEREGISTRY | CDS_NORESET, NULL),
                     DISP_CHANGE_SUCCESSFUL);
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 2);
    assert_int_equal(ChangeDisplaySettingsExW(NULL, NULL, NULL, 0, NULL), DISP_CHANGE_SUCCESSFUL);
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 1);
    assert_int_equal(source_of(&c, 0)->position.x, 0);
    assert_int_equal(ChangeDisplaySettingsExW(L"\\\\.\\DISPLAY2", &off, NULL, CDS_NORESET, NULL),
                     DISP_CHANGE_BADFLAGS);
    assert_int_equal(ChangeDisplaySettingsExW(L"\\\\.\\DISPLAY7", &off, NULL, 0, NULL),
                     DISP_CHANGE_BADPARAM);
}

static void a_monitor_that_vanishes_gives_the_console_back(void **state)
{
    struct config c;

    assert_int_equal(extended(state), 0);
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    c.paths[0].flags = 0;
    source_of(&c, 1)->position.x = 0;
    assert_int_equal(apply(&c, SDC_APPLY | SDC_USE_SUPPLIED_DISPLAY_CONFIG), ERROR_SUCCESS);
    unplug(state);
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 1);
    assert_int_equal(source_of(&c, 0)->width, 1024);
    /* and the arrangement of both is remembered */
    assert_int_equal(plug_in(state), 0);
    read_config(QDC_ONLY_ACTIVE_PATHS, &c);
    assert_int_equal(c.path_count, 1);
    assert_int_equal(c.paths[0].targetInfo.id, 256);
    assert_int_equal(SetDisplayConfig(0, NULL, 0, NULL, SDC_APPLY | SDC_TOPOLOGY_EXTEND), 0);
    unplug(state);
}

static int print_shown(void)
{
    struct config c = {.path_count = ROOM, .mode_count = ROOM};

    if (query(QDC_ONLY_ACTIVE_PATHS, &c))
        return 1;
    for (UINT32 i = 0; i < c.path_count; i++) {
        DISPLAYCONFIG_ADAPTER_NAME name = {
            .header = {.type = DISPLAYCONFIG_DEVICE_INFO_GET_ADAPTER_NAME,
                       .size = sizeof(name),
                       .adapterId = c.paths[i].targetInfo.adapterId}};
        const DISPLAYCONFIG_SOURCE_MODE *source = source_of(&c, i);

        if (DisplayConfigGetDeviceInfo(&name.header))
            return 1;
        printf("%ls %ux%u at %ld,%ld\n",
               name.adapterDevicePath,
               source->width,
               source->height,
               source->position.x,
               source->position.y);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest blind[] = {
        cmocka_unit_test(nothing_can_be_asked_or_changed),
    };
    const struct CMUnitTest basic[] = {
        cmocka_unit_test(the_basic_display_is_what_is_left),
    };
    const struct CMUnitTest console[] = {
        cmocka_unit_test(flags_of_a_query_are_checked),
        cmocka_unit_test(hyperv_video_shows_the_console),
        cmocka_unit_test(packets_are_checked),
        cmocka_unit_test(flags_of_a_change_are_checked),
        cmocka_unit_test(a_supplied_configuration_needs_arrays_and_a_topology_none),
        cmocka_unit_test_setup_teardown(a_new_monitor_extends_the_desktop, plug_in, unplug),
        cmocka_unit_test_setup_teardown(the_new_monitor_alone_and_back, extended, unplug),
        cmocka_unit_test_setup_teardown(wrong_configurations_are_refused, extended, unplug),
        cmocka_unit_test(custom_modes_are_those_of_the_plug_in),
        cmocka_unit_test_setup_teardown(the_old_way_knows_the_same_displays, extended, unplug),
        cmocka_unit_test_setup_teardown(
            changes_without_reset_wait_for_the_last_call, extended, unplug),
        cmocka_unit_test(a_monitor_that_vanishes_gives_the_console_back),
    };
    const char *role = argc > 1 ? argv[1] : "";

    if (argc > 2)
        MultiByteToWideChar(CP_UTF8, 0, argv[2], -1, vdd_path, MAX_PATH);
    if (!strcmp(role, "blind"))
        return cmocka_run_group_tests(blind, NULL, NULL);
    if (!strcmp(role, "basic"))
        return cmocka_run_group_tests(basic, NULL, NULL);
    if (!strcmp(role, "console"))
        return cmocka_run_group_tests(console, NULL, NULL);
    return print_shown();
}
