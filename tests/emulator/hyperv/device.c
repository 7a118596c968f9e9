/* Devices of a running machine. Facts: hyperv-wmi.md §14, §15, §17, §19, §22 (trap 22). */
#include "machine.h"

#include "hyperv.h"
#include "resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* setting: the component's settings decide whether it is there; NULL: always. */
static const struct {
    const char *class, *name, *setting;
} devices[] = {
    {"Msvm_ShutdownComponent", "Shutdown", "Msvm_ShutdownComponentSettingData"},
    {"Msvm_TimeSyncComponent", "Time Synchronization", "Msvm_TimeSyncComponentSettingData"},
    {"Msvm_HeartbeatComponent", "Heartbeat", "Msvm_HeartbeatComponentSettingData"},
    {"Msvm_KvpExchangeComponent",
     "Key-Value Pair Exchange",
     "Msvm_KvpExchangeComponentSettingData"},
    {"Msvm_VssComponent", "VSS", "Msvm_VssComponentSettingData"},
    {"Msvm_GuestServiceInterfaceComponent",
     "Guest Service Interface",
     "Msvm_GuestServiceInterfaceComponentSettingData"},
    {"Msvm_Keyboard", "Keyboard", NULL},
    {"Msvm_Memory", "Memory", NULL},
    {"Msvm_Processor", "Processor", NULL},
};

static cJSON *add(const cJSON *vm, const char *class, const char *name, const char *id)
{
    cJSON *row = store_add(class);
    char *device = emulator_print("Microsoft:%s\\%s", row_text(vm, "Name"), id);

    row_set(row, "SystemCreationClassName", "Msvm_ComputerSystem");
    row_set(row, "SystemName", row_text(vm, "Name"));
    row_set(row, "CreationClassName", class);
    row_set(row, "DeviceID", device);
    row_set(row, "ElementName", name);
    row_set(row, "Caption", name);
    row_set_all(row, "EnabledState=2;RequestedState=12;HealthState=5;OperationalStatus=2");
    free(device);
    return row;
}

static bool is_on(const cJSON *vm, const char *setting)
{
    const cJSON *row = setting ? settings_next(row_text(vm, "Name"), setting, NULL) : NULL;

    return !setting || (row && row_number(row, "EnabledState", 2) == 2);
}

/* The live side of each partition: what it got. */
static void add_partitions(const cJSON *vm)
{
    cJSON *row = NULL, *device;
    int number = 0;
    bool gone;

    while ((row = settings_next(row_text(vm, "Name"), "Msvm_GpuPartitionSettingData", row))) {
        const cJSON *gpu = gpu_of(row, &gone);
        const char *id = strrchr(row_text(row, "InstanceID"), '\\');

        if (!gpu)
            gpu = gpu_any();
        device = add(vm, "Msvm_GpuPartition", "GPU Partition", id ? id + 1 : "0");
        row_set(device, "DeviceInstancePath", gpu ? row_text(gpu, "Name") : NULL);
        row_set_number(device, "PartitionId", number++);
        row_set(device, "PartitionVfLuid", "00000000-0001e240");
        row_set(device,
                "CurrentVRAM",
                row_text(row, "OptimalPartitionVRAM")[0] ? row_text(row, "OptimalPartitionVRAM")
                                                         : "1000000000");
    }
}

void devices_add(const cJSON *vm)
{
    for (size_t i = 0; i < ARRAY_SIZE(devices); i++)
        if (schema_class(NAMESPACE_HYPERV, devices[i].class) && is_on(vm, devices[i].setting)) {
            char *id = emulator_guid();

            add(vm, devices[i].class, devices[i].name, id);
            free(id);
        }
    if (schema_class(NAMESPACE_HYPERV, "Msvm_GpuPartition"))
        add_partitions(vm);
}

void devices_remove(const char *id)
{
    cJSON *row;

    while ((row = store_find("CIM_LogicalDevice", "SystemName", id)))
        store_remove(row);
}
