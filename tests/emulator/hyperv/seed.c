/* See seed.h; README.md has what may stand in seed.json. Without gpus there is one GeForce. */
#include "seed.h"

#include "cimv2.h"
#include "clock_text.h"
#include "hyperv.h"
#include "machine.h"
#include "resource.h"
#include "template.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED_FILE      HYPERV_FOLDER "\\seed.json"
#define DEFAULT_SWITCH "C08CB7B8-9B3C-408E-8E30-5E16A3AEB444"
#define DEFAULT_GPU                                                                                \
    "\\\\?\\PCI#VEN_10DE&DEV_2786&SUBSYS_40EE10DE&REV_A1#4&2283F625&0&0008#{064092b3-625e-43bf-"   \
    "9eb5-dc845897dd59}\\GPUPARAV"

static cJSON *read_seed(void)
{
    HANDLE file =
        CreateFileA(SEED_FILE, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    cJSON *seed;
    char *text;
    DWORD size, length;

    if (file == INVALID_HANDLE_VALUE)
        return cJSON_CreateObject();
    size = GetFileSize(file, NULL);
    text = emulator_grow(NULL, (size_t)size + 1);
    if (!ReadFile(file, text, size, &length, NULL) || length != size)
        emulator_fail("seed.json cannot be read");
    CloseHandle(file);
    text[size] = '\0';
    seed = cJSON_Parse(text);
    free(text);
    if (!seed)
        emulator_fail("seed.json is no JSON");
    return seed;
}

/* Sets properties of a seed, which must be of the right types: a test's mistake ends here. */
static void put(cJSON *row, const cJSON *properties)
{
    const cJSON *value;

    cJSON_ArrayForEach(value, properties)
    {
        const struct schema_property *p = schema_property(row_class(row), value->string);

        if (!p || !value_fits(p->type, value))
            emulator_fail("seed.json: %s.%s", row_class(row)->name, value->string);
        row_set_json(row, value->string, cJSON_Duplicate(value, true));
    }
}

static void seed_host(void)
{
    static const struct {
        const char *class, *name;
    } services[] = {
        {"Msvm_VirtualSystemManagementService", "vmms"},
        {"Msvm_ImageManagementService", "vhdsvc"},
        {"Msvm_SecurityService", "securitysvc"},
        {"Msvm_VirtualSystemSnapshotService", "vssnapsvc"},
        {"Msvm_VirtualEthernetSwitchManagementService", "nvspwmi"},
    };
    cJSON *row = store_add("Msvm_ComputerSystem");
    char *id = emulator_print("Microsoft:%s", emulator_host());

    memo_set(row, "host", 1);
    row_set_all(
        row,
        "CreationClassName=Msvm_ComputerSystem;EnabledState=2;RequestedState=12;HealthState=5;"
        "OperationalStatus=2;EnabledDefault=2");
    row_set(row,
            "Caption",
            emulator_setting("Language", 0) ? "\xE6\x89\x98\xE7\xAE\xA1\xE8\xAE\xA1"
                                              "\xE7\xAE\x97\xE6\x9C\xBA"
                                            : "Hosting Computer System");
    row_set(row, "Name", emulator_host());
    row_set(row, "ElementName", emulator_host());
    for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
        if (!schema_class(NAMESPACE_HYPERV, services[i].class))
            continue;
        row = store_add(services[i].class);
        row_set_all(row,
                    "SystemCreationClassName=Msvm_ComputerSystem;EnabledState=5;RequestedState=12;"
                    "HealthState=5;OperationalStatus=2;Started=true;StartMode=Automatic");
        row_set(row, "SystemName", emulator_host());
        row_set(row, "CreationClassName", services[i].class);
        row_set(row, "Name", services[i].name);
        row_set(row, "ElementName", services[i].name);
    }
    row = store_add("Msvm_VirtualSystemManagementServiceSettingData");
    row_set(row, "InstanceID", id);
    row_set(row, "DefaultExternalDataRoot", template_data_root());
    row_set_all(
        row,
        "ElementName=Hyper-V Virtual System Management Service;NumaSpanningEnabled=true;"
        "DefaultVirtualHardDiskPath=C:\\Users\\Public\\Documents\\Hyper-V\\Virtual Hard Disks;"
        "MinimumMacAddress=00155D010100;MaximumMacAddress=00155D0101FF;"
        "EnhancedSessionModeEnabled=true");
    free(id);
}

static cJSON *add_switch(const char *id, const char *name)
{
    cJSON *row = store_add("Msvm_VirtualEthernetSwitch");

    row_set_all(row,
                "CreationClassName=Msvm_VirtualEthernetSwitch;EnabledState=2;HealthState=5;"
                "OperationalStatus=2;RequestedState=12");
    row_set(row, "Name", id);
    row_set(row, "ElementName", name);
    return row;
}

static void seed_switches(const cJSON *seed)
{
    const cJSON *one;

    if (!cJSON_IsFalse(cJSON_GetObjectItem(seed, "default_switch")))
        add_switch(DEFAULT_SWITCH,
                   emulator_setting("Language", 0)
                       ? "\xE9\xBB\x98\xE8\xAE\xA4\xE5\xBC\x80\xE5\x85\xB3"
                       : "Default Switch");
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(seed, "switches"))
    {
        char *id = emulator_guid();

        put(add_switch(id, "switch"), one);
        free(id);
    }
}

static void add_gpu(const cJSON *properties)
{
    static const char *const kinds[] = {"VRAM", "Decode", "Compute"};
    cJSON *row = store_add("Msvm_PartitionableGpu");

    row_set_all(
        row,
        "CreationClassName=Msvm_PartitionableGpu;HealthState=5;OperationalStatus=2;EnabledState=2;"
        "ValidPartitionCounts=32;PartitionCount=32;TotalEncode=18446744073709551615;"
        "AvailableEncode=18446744073709551615;MinPartitionEncode=0;"
        "MaxPartitionEncode=18446744073709551615;OptimalPartitionEncode=18446744073709551615");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char values[512];

        snprintf(
            values,
            sizeof(values),
            "Total%s=1000000000;Available%s=1000000000;MinPartition%s=0;MaxPartition%s=1000000000;"
            "OptimalPartition%s=1000000000",
            kinds[i],
            kinds[i],
            kinds[i],
            kinds[i],
            kinds[i]);
        row_set_all(row, values);
    }
    row_set(row, "Name", DEFAULT_GPU);
    put(row, properties);
}

static void seed_gpus(const cJSON *seed)
{
    const cJSON *gpus = cJSON_GetObjectItem(seed, "gpus"), *one;

    if (!schema_class(NAMESPACE_HYPERV, "Msvm_PartitionableGpu"))
        return;
    if (!gpus)
        add_gpu(NULL);
    cJSON_ArrayForEach(one, gpus) add_gpu(one);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));

    return text ? text : "";
}

static cJSON *part(const char *sub_type, const char *id, const char *suffix, const char *parent)
{
    cJSON *row = template_instance(sub_type, id, suffix);
    char *instance, *path;

    if (parent) {
        instance = emulator_print("Microsoft:%s\\%s", id, parent);
        path = row_path(store_find("CIM_ResourceAllocationSettingData", "InstanceID", instance));
        row_set(row, "Parent", path);
        free(path);
        free(instance);
    }
    return row;
}

#define CONTROLLER "8FE2D6D3-0D5A-4B5B-9A0E-2C1D9F4AB001\\0"
#define NIC        "8FE2D6D3-0D5A-4B5B-9A0E-2C1D9F4AB002"
#define PARTITION  "8FE2D6D3-0D5A-4B5B-9A0E-2C1D9F4AB003"

/* Where a GPU was that is not there any more. */
static char *gone_path(const char *name)
{
    cJSON *p = cJSON_CreateObject();
    char *path;

    cJSON_AddStringToObject(p, "CreationClassName", "Msvm_PartitionableGpu");
    cJSON_AddStringToObject(p, "Name", name);
    path = path_full(schema_class(NAMESPACE_HYPERV, "Msvm_PartitionableGpu"), p);
    cJSON_Delete(p);
    return path;
}

static void seed_parts(const char *id, const cJSON *vm)
{
    cJSON *row;
    char *path;

    part("Microsoft:Hyper-V:Synthetic SCSI Controller", id, CONTROLLER, NULL);
    if (text_of(vm, "disk")[0]) {
        row = part("Microsoft:Hyper-V:Synthetic Disk Drive", id, CONTROLLER "\\0\\D", CONTROLLER);
        row_set(row, "AddressOnParent", "0");
        boot_add(row, "EFI SCSI Device", 1);
        row = part(
            "Microsoft:Hyper-V:Virtual Hard Disk", id, CONTROLLER "\\0\\L", CONTROLLER "\\0\\D");
        row_set(row, "HostResource", text_of(vm, "disk"));
    }
    row = part("Microsoft:Hyper-V:Synthetic Ethernet Port", id, NIC, NULL);
    boot_add(row, "EFI Network", 2);
    row = part("Microsoft:Hyper-V:Ethernet Connection", id, NIC "\\1", NIC);
    path = row_path(store_find("Msvm_VirtualEthernetSwitch",
                               "Name",
                               text_of(vm, "switch")[0] ? text_of(vm, "switch") : DEFAULT_SWITCH));
    row_set(row, "HostResource", path);
    free(path);
    if (text_of(vm, "gpu")[0]) {
        cJSON *gpu = store_find("Msvm_PartitionableGpu", "Name", text_of(vm, "gpu"));

        row = part("Microsoft:Hyper-V:GPU Partition", id, PARTITION, NULL);
        path = gpu ? row_path(gpu) : gone_path(text_of(vm, "gpu"));
        row_set(row, "HostResource", path);
        free(path);
    }
}

static void seed_vm(const cJSON *vm)
{
    cJSON *settings = cJSON_CreateObject(), *row, *own = NULL;
    const cJSON *value, *count = cJSON_GetObjectItem(vm, "snapshots");
    const cJSON *memory = cJSON_GetObjectItem(vm, "memory_mb");
    char *id;

    cJSON_AddStringToObject(settings, "ElementName", text_of(vm, "name"));
    cJSON_AddStringToObject(settings, "VirtualSystemSubType", "Microsoft:Hyper-V:SubType:2");
    cJSON_ArrayForEach(value, cJSON_GetObjectItem(vm, "settings"))
        cJSON_AddItemToObject(settings, value->string, cJSON_Duplicate(value, true));
    row = machine_new_as(text_of(vm, "id")[0] ? text_of(vm, "id") : NULL, settings);
    id = emulator_copy(row_text(row, "Name"));
    cJSON_Delete(settings);
    seed_parts(id, vm);
    own = settings_next(id, "Msvm_MemorySettingData", NULL);
    if (memory)
        row_set_number(own, "VirtualQuantity", (int64_t)memory->valuedouble);
    for (int i = 0; count && i < count->valueint; i++)
        snapshot_new(id, "Snapshot");
    if (cJSON_GetObjectItem(vm, "state"))
        machine_enter(id, cJSON_GetObjectItem(vm, "state")->valueint);
    free(id);
}

void seed_make(void)
{
    static const char *const numbers[] = {"cpus", "memory_mb", "max_mmio_mb"};
    cJSON *seed = read_seed();
    const cJSON *one;

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (cJSON_GetObjectItem(seed, numbers[i]))
            memo_set(store_root(), numbers[i], cJSON_GetObjectItem(seed, numbers[i])->valuedouble);
    seed_host();
    template_seed();
    seed_switches(seed);
    seed_gpus(seed);
    cimv2_seed(cJSON_GetObjectItem(seed, "cimv2"));
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(seed, "vms")) seed_vm(one);
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(seed, "rows"))
        put(store_add(text_of(one, "class")), cJSON_GetObjectItem(one, "p"));
    cJSON_Delete(seed);
}
