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

int check_machine(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_order_makes_a_machine_that_starts),
    };

    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
