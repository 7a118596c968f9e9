/* The published order of creating, starting and removing a machine: hyperv-wmi.md §7 to §15, §24.
 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK "C:\\emulator\\hyperv\\disk.vhdx"
#define ISO  "C:\\emulator\\hyperv\\image.iso"

static void make_file(const char *path)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    fputs("vhdxfile", file);
    fclose(file);
}

static void ok(struct outcome outcome)
{
    if (outcome.result || (outcome.value && outcome.value != 4096) ||
        (outcome.value && outcome.state != 7))
        print_error("result %08lx value %ld job %ld error %ld\n",
                    (unsigned long)outcome.result,
                    outcome.value,
                    outcome.state,
                    outcome.error);
    assert_int_equal(outcome.result, S_OK);
    assert_true(!outcome.value || (outcome.value == 4096 && outcome.state == 7));
}

static const char *add_slot(IWbemServices *services,
                            const char *vm,
                            const char *sub_type,
                            const char *controller,
                            const char *place)
{
    IWbemClassObject *slot = template_of(services, "Msvm_ResourceAllocationSettingData", sub_type);
    const char *path = NULL;

    object_put(slot, L"Parent", value_text(controller));
    object_put(slot, L"AddressOnParent", value_text(place));
    ok(machine_add(services, vm, slot, &path));
    return path;
}

static void add_media(IWbemServices *services,
                      const char *vm,
                      const char *sub_type,
                      const char *slot,
                      const char *file)
{
    IWbemClassObject *media = template_of(services, "Msvm_StorageAllocationSettingData", sub_type);

    object_put(media, L"Parent", value_text(slot));
    object_put(media, L"HostResource", value_one(file));
    ok(machine_add(services, vm, media, NULL));
}

static void prepare(IWbemServices *services, const char *vm)
{
    IWbemClassObject *settings = machine_own_settings(services, vm), *row;

    assert_string_equal(object_string(settings, L"HighMmioGapSize"), "512");
    object_put(settings, L"AutomaticShutdownAction", value_long(4));
    object_put(settings, L"AutomaticStartupAction", value_long(2));
    object_put(settings, L"UserSnapshotType", value_long(2));
    object_put(settings, L"AutomaticSnapshotsEnabled", value_bool(false));
    ok(machine_change_settings(services, settings));
    row = machine_resource(services, vm, "Msvm_MemorySettingData");
    object_put(row, L"DynamicMemoryEnabled", value_bool(false));
    object_put(row, L"VirtualQuantity", value_text("4096"));
    object_put(row, L"Reservation", value_text("4096"));
    object_put(row, L"Limit", value_text("4096"));
    ok(machine_change(services, row));
    row = machine_resource(services, vm, "Msvm_ProcessorSettingData");
    object_put(row, L"VirtualQuantity", value_text("4"));
    ok(machine_change(services, row));
}

static void add_network(IWbemServices *services, const char *vm)
{
    IWbemClassObject *port =
        template_of(services, "Msvm_SyntheticEthernetPortSettingData", "Synthetic Ethernet Port");
    IWbemClassObject *connection =
        template_of(services, "Msvm_EthernetPortAllocationSettingData", "Ethernet Connection");
    IWbemClassObject *to = client_one(services,
                                      "SELECT * FROM Msvm_VirtualEthernetSwitch WHERE "
                                      "Name='C08CB7B8-9B3C-408E-8E30-5E16A3AEB444'");
    const char *path = NULL;

    object_put(
        port, L"VirtualSystemIdentifiers", value_one("{5B1F0000-0000-4000-8000-000000000001}"));
    ok(machine_add(services, vm, port, &path));
    object_put(connection, L"Parent", value_text(path));
    object_put(connection, L"HostResource", value_one(object_own_path(to)));
    ok(machine_add(services, vm, connection, NULL));
    IWbemClassObject_Release(to);
}

/* Puts the disk in front of the network. */
static void order_boot(IWbemServices *services, const char *vm)
{
    IWbemClassObject *settings = machine_own_settings(services, vm);
    const char *first = object_element(settings, L"BootSourceOrder", 0);
    const char *second = object_element(settings, L"BootSourceOrder", 1);
    const char *third = object_element(settings, L"BootSourceOrder", 2);
    const char *const order[] = {second, first, third, NULL};

    assert_non_null(third);
    assert_null(object_element(settings, L"BootSourceOrder", 3));
    object_put(settings, L"BootSourceOrder", value_list(order));
    ok(machine_change_settings(services, settings));
    settings = machine_own_settings(services, vm);
    assert_string_equal(object_element(settings, L"BootSourceOrder", 0), second);
    IWbemClassObject_Release(settings);
}

static void add_gpu(IWbemServices *services, const char *vm)
{
    IWbemClassObject *settings = machine_own_settings(services, vm), *row;
    IWbemClassObject *gpu = client_one(services, "SELECT * FROM Msvm_PartitionableGpu");
    const char *path = object_own_path(gpu);

    object_put(settings, L"GuestControlledCacheTypes", value_bool(true));
    object_put(settings, L"LowMmioGapSize", value_text("1024"));
    object_put(settings, L"HighMmioGapSize", value_text("32768"));
    ok(machine_change_settings(services, settings));
    row = template_of(services, "Msvm_GpuPartitionSettingData", "GPU Partition");
    object_put(row, L"HostResource", value_one(path));
    ok(machine_add(services, vm, row, NULL));
    row = machine_resource(services, vm, "Msvm_GpuPartitionSettingData");
    assert_null(object_string(row, L"MinPartitionVRAM"));
    object_put(row, L"MinPartitionVRAM", value_text("1"));
    object_put(row, L"OptimalPartitionVRAM", value_text("500000000"));
    object_put(row, L"MaxPartitionVRAM", value_text("500000000"));
    ok(machine_change(services, row));
    IWbemClassObject_Release(gpu);
}

static void the_published_order_makes_a_machine_that_starts(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "lab"), *controller = NULL, *slot;

    (void)state;
    make_file(DISK);
    make_file(ISO);
    prepare(services, vm);
    ok(machine_add(
        services,
        vm,
        template_of(services, "Msvm_ResourceAllocationSettingData", "Synthetic SCSI Controller"),
        &controller));
    slot = add_slot(services, vm, "Synthetic Disk Drive", controller, "0");
    add_media(services, vm, "Virtual Hard Disk", slot, DISK);
    slot = add_slot(services, vm, "Synthetic DVD Drive", controller, "1");
    add_media(services, vm, "Virtual CD/DVD Disk", slot, ISO);
    add_network(services, vm);
    order_boot(services, vm);
    add_gpu(services, vm);
    ok(machine_request(services, vm, 2));
    assert_int_equal(machine_wait(services, vm, 2), 2);
    ok(machine_request(services, vm, 3));
    assert_int_equal(machine_wait(services, vm, 3), 3);
    ok(machine_destroy(services, vm));
    assert_int_equal(
        client_count(services, "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='lab'"), 0);
    assert_int_equal(
        client_count(services,
                     "SELECT * FROM Msvm_StorageAllocationSettingData WHERE NOT InstanceID "
                     "LIKE 'Microsoft:Definition%'"),
        0);
    IWbemServices_Release(services);
}

static struct outcome define(IWbemServices *services, const char *const *resources)
{
    IWbemClassObject *in =
        client_input(services, "Msvm_VirtualSystemManagementService", "DefineSystem");

    object_put(
        in,
        L"SystemSettings",
        value_text("<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"><PROPERTY "
                   "NAME=\"ElementName\" TYPE=\"string\"><VALUE>whole</VALUE></PROPERTY><PROPERTY "
                   "NAME=\"VirtualSystemSubType\" TYPE=\"string\"><VALUE>Microsoft:Hyper-V:"
                   "SubType:2</VALUE></PROPERTY></INSTANCE>"));
    object_put(in, L"ResourceSettings", value_list(resources));
    return client_do(services, management(services), "", "DefineSystem", in, NULL);
}

static void a_machine_may_come_with_its_resources(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    IWbemClassObject *scsi =
        template_of(services, "Msvm_ResourceAllocationSettingData", "Synthetic SCSI Controller");
    IWbemClassObject *row =
        template_of(services, "Msvm_ResourceAllocationSettingData", "Synthetic Disk Drive");
    const char *good[] = {object_xml(scsi, 2), NULL};
    const char *bad[] = {object_xml(scsi, 2), object_xml(row, 2), NULL}; /* a drive of nothing */

    (void)state;
    assert_int_equal(define(services, bad).error, 32773);
    assert_int_equal(client_count(services, "SELECT * FROM Msvm_ComputerSystem"), 1);
    ok(define(services, good));
    IWbemClassObject_Release(scsi);
    IWbemClassObject_Release(row);
    row = client_one(services, "SELECT * FROM Msvm_ComputerSystem WHERE ElementName='whole'");
    ok(machine_destroy(services, object_own_path(row)));
    IWbemClassObject_Release(row);
    IWbemServices_Release(services);
}

static void what_hangs_on_a_controller_goes_with_it(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "tree"), *controller = NULL, *slot;
    IWbemClassObject *in, *row;

    (void)state;
    make_file(DISK);
    row = template_of(services, "Msvm_ResourceAllocationSettingData", "Synthetic SCSI Controller");
    ok(machine_add(services, vm, row, &controller));
    slot = add_slot(services, vm, "Synthetic Disk Drive", controller, "0");
    add_media(services, vm, "Virtual Hard Disk", slot, DISK);
    in = client_input(services, "Msvm_VirtualSystemManagementService", "RemoveResourceSettings");
    object_put(in, L"ResourceSettings", value_one(controller));
    ok(client_do(services, management(services), "", "RemoveResourceSettings", in, NULL));
    assert_result(client_get(services, slot, &row), WBEM_E_NOT_FOUND);
    row = machine_own_settings(services, vm);
    assert_null(object_element(row, L"BootSourceOrder", 0));
    IWbemClassObject_Release(row);
    ok(machine_destroy(services, vm));
    IWbemServices_Release(services);
}

static void
checkpoint(IWbemServices *services, const char *method, const wchar_t *name, const char *path)
{
    IWbemClassObject *in = client_input(services, "Msvm_VirtualSystemSnapshotService", method);

    object_put(in, name, value_text(path));
    ok(client_do(
        services, singleton(services, "Msvm_VirtualSystemSnapshotService"), "", method, in, NULL));
}

static void a_checkpoint_brings_its_settings_back(void **state)
{
    IWbemServices *services = client_open(HYPERV);
    const char *vm = machine_make(services, "back");
    IWbemClassObject *row;

    (void)state;
    checkpoint(services, "CreateSnapshot", L"AffectedSystem", vm);
    row = machine_resource(services, vm, "Msvm_MemorySettingData"); /* of the machine alone */
    object_put(row, L"VirtualQuantity", value_text("8192"));
    ok(machine_change(services, row));
    row = client_one(services,
                     "SELECT * FROM Msvm_VirtualSystemSettingData WHERE "
                     "VirtualSystemType='Microsoft:Hyper-V:Snapshot:Realized'");
    checkpoint(services, "ApplySnapshot", L"Snapshot", object_own_path(row));
    IWbemClassObject_Release(row);
    row = machine_resource(services, vm, "Msvm_MemorySettingData");
    assert_string_equal(object_string(row, L"VirtualQuantity"), "1024");
    IWbemClassObject_Release(row);
    ok(machine_destroy(services, vm));
    IWbemServices_Release(services);
}

int check_machine(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_order_makes_a_machine_that_starts),
        cmocka_unit_test(a_machine_may_come_with_its_resources),
        cmocka_unit_test(what_hangs_on_a_controller_goes_with_it),
        cmocka_unit_test(a_checkpoint_brings_its_settings_back),
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
