/* What runs inside: heartbeat, shutdown, key-value pairs, summaries, checkpoints, disk files:
 * hyperv-wmi.md §15 to §19. The seed has a machine "guest" that is off; with `hooked` a script
 * plays its guest. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID      "5B1F0000-0000-4000-8000-00000000000B"
#define VM      "Msvm_ComputerSystem.CreationClassName=\"Msvm_ComputerSystem\",Name=\"" ID "\""
#define SERVICE "Msvm_VirtualSystemManagementService"
#define FOLDER  "C:\\emulator\\hyperv\\"

static void start(IWbemServices *services)
{
    struct outcome outcome = machine_request(services, VM, 2);

    assert_int_equal(outcome.value, 4096);
    if (outcome.state != 7)
        print_error("error %ld\n", outcome.error);
    assert_int_equal(outcome.state, 7);
    assert_int_equal(machine_wait(services, VM, 2), 2);
}

static void stop(IWbemServices *services)
{
    assert_int_equal(machine_request(services, VM, 3).state, 7);
    assert_int_equal(machine_wait(services, VM, 3), 3);
}

static LONG heartbeat(IWbemServices *services)
{
    IWbemClassObject *row = client_one(services, "SELECT * FROM Msvm_HeartbeatComponent");
    VARIANT value;
    LONG index = 0, status = 0;

    assert_result(IWbemClassObject_Get(row, L"OperationalStatus", 0, &value, NULL, NULL), S_OK);
    assert_int_equal(V_VT(&value), VT_ARRAY | VT_I4);
    SafeArrayGetElement(V_ARRAY(&value), &index, &status);
    VariantClear(&value);
    IWbemClassObject_Release(row);
    return status;
}

static LONG wait_heartbeat(IWbemServices *services, LONG wanted)
{
    LONG status = 0;

    for (int i = 0; i < 300 && status != wanted; i++, Sleep(10))
        status = heartbeat(services);
    return status;
}

static LONG shut_down(IWbemServices *services, bool force)
{
    IWbemClassObject *in = client_input(services, "Msvm_ShutdownComponent", "InitiateShutdown"),
                     *out;
    VARIANT value;
    LONG code;

    object_put(in, L"Force", value_bool(force));
    object_put(in, L"Reason", value_text("test"));
    assert_result(
        client_call(
            services, singleton(services, "Msvm_ShutdownComponent"), "InitiateShutdown", in, &out),
        S_OK);
    code = object_long(out, L"ReturnValue");
    assert_result(IWbemClassObject_Get(out, L"Job", 0, &value, NULL, NULL), WBEM_E_NOT_FOUND);
    IWbemClassObject_Release(in);
    IWbemClassObject_Release(out);
    return code;
}

static void components_are_there_while_it_runs(void **state)
{
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_HeartbeatComponent"), 0);
    emulator_set("", "HeartbeatMs", 600000);
    start(services);
    assert_int_equal(heartbeat(services), 12);
    assert_int_equal(shut_down(services, true), 32780); /* nobody there yet */
    emulator_unset("", "HeartbeatMs");
    assert_int_equal(wait_heartbeat(services, 2), 2);
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_GuestServiceInterfaceComponent"),
                     0);
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_GpuPartition"), 1);
    stop(services);
    assert_int_equal(client_count(services, "SELECT * FROM CIM_LogicalDevice"), 0);
    IWbemServices_Release(services);
}

static void a_guest_shuts_down_when_asked(void **state)
{
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    start(services);
    assert_int_equal(wait_heartbeat(services, 2), 2);
    emulator_set("", "GuestLocked", 1);
    assert_int_equal(shut_down(services, false), 32781);
    emulator_unset("", "GuestLocked");
    emulator_set("", "ShutdownMs", 2500);
    assert_int_equal(shut_down(services, true), 0);
    assert_int_equal(shut_down(services, true), 32782);
    emulator_unset("", "ShutdownMs");
    assert_int_equal(machine_wait(services, VM, 3), 3);
    IWbemServices_Release(services);
}

static void a_deaf_guest_never_answers(void **state)
{
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    emulator_set("", "GuestDeaf", 1);
    start(services);
    Sleep(200);
    assert_int_equal(heartbeat(services), 12);
    assert_int_equal(shut_down(services, true), 32780);
    stop(services);
    emulator_unset("", "GuestDeaf");
    IWbemServices_Release(services);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static bool
has_item(IWbemServices *services, const wchar_t *list, const char *name, const char *data)
{
    IWbemClassObject *row = client_one(services, "SELECT * FROM Msvm_KvpExchangeComponent");
    const char *item;
    bool found = false;

    for (LONG i = 0; !found && (item = object_element(row, list, i)); i++)
        found = strstr(item, name) && strstr(item, data);
    IWbemClassObject_Release(row);
    return found;
}

static struct outcome host_item(IWbemServices *services, const char *method, const char *data)
{
    IWbemClassObject *in = client_input(services, SERVICE, method);
    char text[512];

    snprintf(text,
             sizeof(text),
             "<INSTANCE CLASSNAME=\"Msvm_KvpExchangeDataItem\"><PROPERTY NAME=\"Name\" "
             "TYPE=\"string\"><VALUE>key</VALUE></PROPERTY><PROPERTY NAME=\"Data\" "
             "TYPE=\"string\"><VALUE>%s</VALUE></PROPERTY><PROPERTY NAME=\"Source\" "
             "TYPE=\"uint16\"><VALUE>0</VALUE></PROPERTY></INSTANCE>",
             data);
    object_put(in, L"TargetSystem", value_text(VM));
    object_put(in, L"DataItems", value_one(text));
    return client_do(services, management(services), SERVICE, method, in, NULL);
}

static void pairs_go_both_ways(void **state)
{
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    start(services);
    write_text(FOLDER "kvp\\" ID, "guest gpupv {\"level\":\"ok\"}\nintrinsic OSEditionId 48\n");
    assert_int_equal(wait_heartbeat(services, 2), 2);
    assert_true(has_item(services, L"GuestExchangeItems", "gpupv", "&quot;level&quot;"));
    assert_true(has_item(services, L"GuestIntrinsicExchangeItems", "OSEditionId", "48"));
    assert_true(has_item(services, L"GuestIntrinsicExchangeItems", "OSName", "Windows 11"));
    assert_int_equal(host_item(services, "ModifyKvpItems", "x").error, 32773);
    assert_int_equal(host_item(services, "AddKvpItems", "one").state, 7);
    assert_int_equal(host_item(services, "AddKvpItems", "two").error, 32773);
    assert_int_equal(host_item(services, "ModifyKvpItems", "two").state, 7);
    assert_int_equal(host_item(services, "RemoveKvpItems", "").state, 7);
    stop(services);
    IWbemServices_Release(services);
}

static IWbemClassObject *summary(IWbemServices *services, const LONG *codes, size_t count)
{
    IWbemClassObject *in = client_input(services, SERVICE, "GetSummaryInformation"), *out, *row;
    VARIANT value;
    LONG index = 0;

    VariantInit(&value);
    V_VT(&value) = VT_ARRAY | VT_I4;
    V_ARRAY(&value) = SafeArrayCreateVector(VT_I4, 0, (ULONG)count);
    for (LONG i = 0; i < (LONG)count; i++) {
        LONG code = codes[i];

        SafeArrayPutElement(V_ARRAY(&value), &i, &code);
    }
    assert_result(object_put(in, L"RequestedInformation", value), S_OK);
    assert_result(client_call(services, management(services), "GetSummaryInformation", in, &out),
                  S_OK);
    IWbemClassObject_Release(in);
    if (object_long(out, L"ReturnValue")) {
        IWbemClassObject_Release(out);
        return NULL;
    }
    assert_result(IWbemClassObject_Get(out, L"SummaryInformation", 0, &value, NULL, NULL), S_OK);
    assert_int_equal(V_VT(&value), VT_ARRAY | VT_UNKNOWN);
    assert_int_equal(V_ARRAY(&value)->rgsabound[0].cElements, 1);
    assert_result(SafeArrayGetElement(V_ARRAY(&value), &index, &row), S_OK);
    VariantClear(&value);
    IWbemClassObject_Release(out);
    return row;
}

static void a_summary_has_what_was_asked_for(void **state)
{
    static const LONG codes[] = {0, 1, 4, 9, 100, 104, 105}, wrong[] = {0, 12};
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *row;

    (void)state;
    start(services);
    assert_int_equal(wait_heartbeat(services, 2), 2);
    row = summary(services, codes, sizeof(codes) / sizeof(codes[0]));
    assert_string_equal(object_string(row, L"Name"), ID);
    assert_string_equal(object_string(row, L"ElementName"), "guest");
    assert_int_equal(object_long(row, L"EnabledState"), 2);
    assert_int_equal(object_long(row, L"Heartbeat"), 2);
    assert_int_equal(object_long(row, L"NumberOfProcessors"), 1);
    assert_true(atol(object_string(row, L"UpTime")) > 0);
    assert_string_equal(object_element(row, L"VirtualSwitchNames", 0), "Default Switch");
    assert_int_equal(object_long(row, L"ProcessorLoad"), -1); /* not asked for */
    IWbemClassObject_Release(row);
    assert_null(summary(services, wrong, 2));
    stop(services);
    IWbemServices_Release(services);
}

static void a_screen_is_seen_while_it_runs(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *settings = machine_own_settings(services, VM), *in, *out;
    VARIANT value;

    (void)state;
    in = client_input(services, SERVICE, "GetVirtualSystemThumbnailImage");
    object_put(in, L"TargetSystem", value_text(object_own_path(settings)));
    object_put(in, L"WidthPixels", value_long(64));
    object_put(in, L"HeightPixels", value_long(48));
    start(services);
    assert_result(
        client_call(services, management(services), "GetVirtualSystemThumbnailImage", in, &out),
        S_OK);
    assert_int_equal(object_long(out, L"ReturnValue"), 0);
    assert_result(IWbemClassObject_Get(out, L"ImageData", 0, &value, NULL, NULL), S_OK);
    assert_int_equal(V_VT(&value), VT_ARRAY | VT_UI1);
    assert_int_equal(V_ARRAY(&value)->rgsabound[0].cElements, 64 * 48 * 2);
    VariantClear(&value);
    IWbemClassObject_Release(out);
    stop(services);
    IWbemClassObject_Release(in);
    IWbemClassObject_Release(settings);
    IWbemServices_Release(services);
}

static struct outcome snapshot(IWbemServices *services, const char *vm)
{
    IWbemClassObject *in =
        client_input(services, "Msvm_VirtualSystemSnapshotService", "CreateSnapshot");

    object_put(in, L"AffectedSystem", value_text(vm));
    object_put(in, L"SnapshotType", value_long(2));
    return client_do(services,
                     singleton(services, "Msvm_VirtualSystemSnapshotService"),
                     "",
                     "CreateSnapshot",
                     in,
                     NULL);
}

static void a_partition_forbids_checkpoints(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "checkpoints");
    IWbemClassObject *settings;

    (void)state;
    assert_int_equal(snapshot(services, VM).error, 32768);
    assert_int_equal(snapshot(services, vm).state, 7);
    settings = machine_own_settings(services, vm); /* still the one that is realized */
    object_put(settings, L"UserSnapshotType", value_long(2));
    machine_change_settings(services, settings);
    assert_int_equal(snapshot(services, vm).error, 32768);
    assert_int_equal(machine_destroy(services, vm).state, 7);
    assert_int_equal(client_count(services,
                                  "SELECT * FROM Msvm_VirtualSystemSettingData WHERE "
                                  "VirtualSystemType='Microsoft:Hyper-V:Snapshot:Realized'"),
                     0);
    IWbemServices_Release(services);
}

static struct outcome make_disk(IWbemServices *services, const char *path, LONG type)
{
    IWbemClassObject *in =
        client_input(services, "Msvm_ImageManagementService", "CreateVirtualHardDisk");
    char text[1024];

    snprintf(text,
             sizeof(text),
             "<INSTANCE CLASSNAME=\"Msvm_VirtualHardDiskSettingData\"><PROPERTY NAME=\"Path\" "
             "TYPE=\"string\"><VALUE>%s</VALUE></PROPERTY><PROPERTY NAME=\"Type\" "
             "TYPE=\"uint16\"><VALUE>%ld</VALUE></PROPERTY><PROPERTY NAME=\"Format\" "
             "TYPE=\"uint16\"><VALUE>3</VALUE></PROPERTY><PROPERTY NAME=\"MaxInternalSize\" "
             "TYPE=\"uint64\"><VALUE>1073741824</VALUE></PROPERTY></INSTANCE>",
             path,
             type);
    object_put(in, L"VirtualDiskSettingData", value_text(text));
    return client_do(services,
                     singleton(services, "Msvm_ImageManagementService"),
                     "",
                     "CreateVirtualHardDisk",
                     in,
                     NULL);
}

static void disk_files_are_made_and_described(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *images = singleton(services, "Msvm_ImageManagementService");
    IWbemClassObject *in = client_input(
                         services, "Msvm_ImageManagementService", "GetVirtualHardDiskSettingData"),
                     *out;

    (void)state;
    assert_int_equal(make_disk(services, FOLDER "made.vhdx", 7).value, 32773);
    assert_int_equal(make_disk(services, FOLDER "made.avhdx", 3).value, 32773);
    assert_int_equal(make_disk(services, FOLDER "none\\made.vhdx", 3).error, 32768);
    assert_int_equal(make_disk(services, FOLDER "made.vhdx", 3).state, 7);
    assert_int_equal(make_disk(services, FOLDER "made.vhdx", 3).error, 32768);
    object_put(in, L"Path", value_text(FOLDER "made.vhdx"));
    assert_result(client_call(services, images, "GetVirtualHardDiskSettingData", in, &out), S_OK);
    assert_non_null(strstr(object_string(out, L"SettingData"), "1073741824"));
    IWbemClassObject_Release(out);
    object_put(in, L"Path", value_text(FOLDER "missing.vhdx"));
    assert_result(client_call(services, images, "GetVirtualHardDiskSettingData", in, &out), S_OK);
    assert_int_equal(object_long(out, L"ReturnValue"), 32779);
    IWbemClassObject_Release(out);
    IWbemClassObject_Release(in);
    IWbemServices_Release(services);
}

static void hooks_play_the_guest(void **state)
{
    IWbemServices *services = client_open(HYPERV);

    (void)state;
    start(services);
    assert_int_equal(wait_heartbeat(services, 2), 2);
    write_text(FOLDER "heartbeat\\" ID, "lost");
    assert_int_equal(heartbeat(services), 13);
    write_text(FOLDER "heartbeat\\" ID, "ok");
    assert_int_equal(shut_down(services, true), 0);
    assert_int_equal(machine_wait(services, VM, 3), 3);
    IWbemServices_Release(services);
}

int check_hooked(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hooks_play_the_guest)};

    return cmocka_run_group_tests_name("hooked", tests, NULL, NULL);
}

int check_guest(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_are_there_while_it_runs),
        cmocka_unit_test(a_guest_shuts_down_when_asked),
        cmocka_unit_test(a_deaf_guest_never_answers),
        cmocka_unit_test(pairs_go_both_ways),
        cmocka_unit_test(a_summary_has_what_was_asked_for),
        cmocka_unit_test(a_screen_is_seen_while_it_runs),
        cmocka_unit_test(a_partition_forbids_checkpoints),
        cmocka_unit_test(disk_files_are_made_and_described),
    };

    return cmocka_run_group_tests_name("guest", tests, NULL, NULL);
}
