/* See template.h. Facts: hyperv-wmi.md §7.3, §8, §9, §11, §14 (MicrosoftDocs; live hosts). */
#include "template.h"

#include "hyperv.h"
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUB "Microsoft:Hyper-V:"
#define ALL                                                                                        \
    "PoolID=;ConsumerVisibility=3;AutomaticAllocation=true;AutomaticDeallocation=true;"            \
    "MappingBehavior=3;"

struct template_row {
    const char *class, *sub_type, *pool, *values;
    const char *minimum, *maximum, *increment; /* NULL: there is no such row */
    uint16_t type;
};

static const struct template_row rows[] = {
    {"Msvm_MemorySettingData",
     SUB "Memory",
     "Msvm_ResourcePool",
     "ElementName=Memory;AllocationUnits=byte * 2^20;VirtualQuantityUnits=byte * "
     "2^20;VirtualQuantity=1024;"
     "Reservation=512;Limit=1048576;Weight=5000;TargetMemoryBuffer=20;DynamicMemoryEnabled=false;"
     "SwapFilesInUse=false;IsVirtualized=true;HugePagesEnabled=false;MaxMemoryBlocksPerNumaNode="
     "65536",
     "VirtualQuantity=32;Reservation=32;Limit=32;Weight=0",
     "VirtualQuantity=1048576;Reservation=1048576;Limit=1048576;Weight=10000",
     "VirtualQuantity=2;Reservation=2;Limit=2;Weight=1",
     4},
    {"Msvm_ProcessorSettingData",
     SUB "Processor",
     "Msvm_ProcessorPool",
     "ElementName=Processor;AllocationUnits=percent / "
     "1000;VirtualQuantityUnits=count;VirtualQuantity=1;"
     "Reservation=0;Limit=100000;Weight=100;LimitProcessorFeatures=false;LimitCPUID=false;"
     "HwThreadsPerCore=0;MaxProcessorsPerNumaNode=64;MaxNumaNodesPerSocket=1;"
     "ExposeVirtualizationExtensions=false;EnableHostResourceProtection=false;"
     "HideHypervisorPresent=false",
     "VirtualQuantity=1;Reservation=0;Limit=0;Weight=0",
     "VirtualQuantity=240;Reservation=100000;Limit=100000;Weight=10000",
     "VirtualQuantity=1;Reservation=1;Limit=1;Weight=1",
     3},
    {"Msvm_ResourceAllocationSettingData",
     SUB "Synthetic SCSI Controller",
     "Msvm_ResourcePool",
     "ElementName=SCSI "
     "Controller;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=4;Weight=0",
     NULL,
     NULL,
     NULL,
     6},
    {"Msvm_ResourceAllocationSettingData",
     SUB "Emulated IDE Controller",
     "Msvm_ResourcePool",
     "ElementName=IDE "
     "Controller;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=2;Weight=0",
     NULL,
     NULL,
     NULL,
     5},
    {"Msvm_ResourceAllocationSettingData",
     SUB "Synthetic Disk Drive",
     "Msvm_ResourcePool",
     "ElementName=Hard "
     "Drive;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0",
     NULL,
     NULL,
     NULL,
     17},
    {"Msvm_ResourceAllocationSettingData",
     SUB "Physical Disk Drive",
     "Msvm_ResourcePool",
     "ElementName=Physical "
     "Drive;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0",
     NULL,
     NULL,
     NULL,
     17},
    {"Msvm_ResourceAllocationSettingData",
     SUB "Synthetic DVD Drive",
     "Msvm_ResourcePool",
     "ElementName=DVD Drive;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0",
     NULL,
     NULL,
     NULL,
     16},
    {"Msvm_StorageAllocationSettingData",
     SUB "Virtual Hard Disk",
     "Msvm_ResourcePool",
     "ElementName=Hard Disk "
     "Image;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0;"
     "Access=3;IOPSLimit=0;IOPSReservation=0;PersistentReservationsSupported=false;CachingMode=0;"
     "WriteHardeningMethod=0;IgnoreFlushes=false",
     NULL,
     NULL,
     NULL,
     31},
    {"Msvm_StorageAllocationSettingData",
     SUB "Virtual CD/DVD Disk",
     "Msvm_ResourcePool",
     "ElementName=ISO Disk "
     "Image;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0;"
     "Access=1;IOPSLimit=0;IOPSReservation=0;PersistentReservationsSupported=false;CachingMode=0;"
     "WriteHardeningMethod=0;IgnoreFlushes=false",
     NULL,
     NULL,
     NULL,
     31},
    {"Msvm_SyntheticEthernetPortSettingData",
     SUB "Synthetic Ethernet Port",
     "Msvm_ResourcePool",
     "ElementName=Network "
     "Adapter;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=8;Weight=0;"
     "StaticMacAddress=false;DeviceNamingEnabled=false;AllowPacketDirect=false;ClusterMonitored="
     "true",
     NULL,
     NULL,
     NULL,
     10},
    {"Msvm_EthernetPortAllocationSettingData",
     SUB "Ethernet Connection",
     "Msvm_ResourcePool",
     "ElementName=Dynamic Ethernet Switch "
     "Port;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;"
     "Weight=0;EnabledState=2",
     NULL,
     NULL,
     NULL,
     33},
    {"Msvm_GpuPartitionSettingData",
     SUB "GPU Partition",
     "Msvm_ResourcePool",
     "ElementName=GPU "
     "Partition;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0",
     "MinPartitionVRAM=0;MinPartitionEncode=0;MinPartitionDecode=0;MinPartitionCompute=0",
     "VirtualQuantity=8;Reservation=8;Limit=8;MaxPartitionVRAM=1000000000;MaxPartitionDecode="
     "1000000000;"
     "MaxPartitionCompute=1000000000;MaxPartitionEncode=18446744073709551615",
     NULL,
     32770},
    {"Msvm_SerialPortSettingData",
     SUB "Serial Port",
     "Msvm_ResourcePool",
     "ElementName=Serial "
     "Port;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=2;Weight=0",
     NULL,
     NULL,
     NULL,
     21},
    {"Msvm_SyntheticDisplayControllerSettingData",
     SUB "Synthetic Display Controller",
     "Msvm_ResourcePool",
     "ElementName=Display "
     "Controller;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0;"
     "ResolutionType=4;HorizontalResolution=1024;VerticalResolution=768",
     NULL,
     NULL,
     NULL,
     24},
    {"Msvm_BatterySettingData",
     SUB "Virtual Battery",
     "Msvm_ResourcePool",
     "ElementName=Battery;AllocationUnits=count;VirtualQuantity=1;Reservation=1;Limit=1;Weight=0",
     NULL,
     NULL,
     NULL,
     1},
};

static const char *const versions[] = {"8.0", "9.0", "10.0", "11.0", "12.0"};

/* Newest versions by build. */
static size_t version_count(void)
{
    uint32_t build = emulator_build();

    return build >= 26100 ? 5 : build >= 22621 ? 4 : build >= 22000 ? 3 : 2;
}

const char *template_version(void)
{
    return versions[version_count() - 1];
}

bool template_has_version(const char *version)
{
    for (size_t i = 0; i < version_count(); i++)
        if (!strcmp(versions[i], version))
            return true;
    return false;
}

const char *template_data_root(void)
{
    return "C:\\ProgramData\\Microsoft\\Windows\\Hyper-V";
}

static void add_template(const struct template_row *row,
                         const char *guid,
                         const char *which,
                         const char *values,
                         int role,
                         int range)
{
    cJSON *added = store_add(row->class);
    char *id = emulator_print("Microsoft:Definition\\%s\\%s", guid, which);

    row_set(added, "InstanceID", id);
    row_set_all(added, ALL);
    row_set_number(added, "ResourceType", row->type);
    row_set(added, "ResourceSubType", row->sub_type);
    row_set_all(added, row->values);
    row_set_all(added, values);
    memo_set_text(added, "capabilities", guid);
    memo_set(added, "role", role);
    memo_set(added, "range", range);
    free(id);
}

static void add_pool(const struct template_row *row, const char *guid)
{
    cJSON *pool = store_add(row->pool), *capabilities = store_add("Msvm_AllocationCapabilities");
    char *id = emulator_print("Microsoft:%s", guid);

    row_set(pool, "InstanceID", id);
    row_set_all(pool,
                "ElementName=Primordial;PoolID=;Primordial=true;HealthState=5;OperationalStatus=2");
    row_set_number(pool, "ResourceType", row->type);
    row_set(pool, "ResourceSubType", row->sub_type);
    row_set(capabilities, "InstanceID", id);
    row_set_all(capabilities,
                "ElementName=Allocation Capabilities;SharingMode=3;RequestTypesSupported=3");
    row_set_number(capabilities, "ResourceType", row->type);
    row_set(capabilities, "ResourceSubType", row->sub_type);
    memo_set_text(pool, "capabilities", guid);
    memo_set_text(capabilities, "capabilities", guid);
    free(id);
}

/* What a host supports, as settings of a machine: versions and secure boot templates. */
static void add_supported(void)
{
    static const struct {
        const char *id, *name;
    } boots[] = {{"1734C6E8-3154-4DDA-BA5F-A874CC483422", "Microsoft Windows"},
                 {"272E7447-90A4-4563-A4B9-8E4AB00526CE", "Microsoft UEFI Certificate Authority"},
                 {"4292AE2B-EE2C-42B5-A969-DD8F8689F6F3", "Open Source Shielded VM"}};
    cJSON *row = store_add("Msvm_VirtualSystemManagementCapabilities");
    char *id;

    row_set_all(
        row,
        "InstanceID=Microsoft:VirtualSystemManagementCapabilities;ElementName=Virtual System "
        "Management Capabilities");
    memo_set_text(row, "capabilities", "system");
    row = store_add("Msvm_VirtualSystemSettingData");
    row_set_all(
        row,
        "InstanceID=Microsoft:Definition\\VirtualSystem\\Default;ElementName=New Virtual Machine;"
        "VirtualSystemType=Microsoft:Hyper-V:System:Definition");
    row_set(row, "Version", template_version());
    memo_set_text(row, "capabilities", "system");
    for (size_t i = 0; i < version_count(); i++) {
        row = store_add("Msvm_VirtualSystemSettingData");
        id = emulator_print("Microsoft:Definition\\VirtualSystem\\Version\\%s", versions[i]);
        row_set(row, "InstanceID", id);
        row_set_all(row, "VirtualSystemType=Microsoft:Hyper-V:System:Definition");
        row_set(row, "Version", versions[i]);
        memo_set_text(row, "capabilities", "system");
        memo_set(row, "role", 3);
        free(id);
    }
    for (size_t i = 0; i < ARRAY_SIZE(boots); i++) {
        row = store_add("Msvm_VirtualSystemSettingData");
        id = emulator_print("Microsoft:Definition\\VirtualSystem\\SecureBoot\\%s", boots[i].id);
        row_set(row, "InstanceID", id);
        row_set_all(row, "VirtualSystemType=Microsoft:Hyper-V:System:Definition");
        row_set(row, "ElementName", boots[i].name);
        row_set(row, "Description", boots[i].name);
        row_set(row, "SecureBootTemplateId", boots[i].id);
        memo_set_text(row, "capabilities", "system");
        memo_set(row, "role", 3);
        free(id);
    }
}

void template_seed(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct template_row *row = &rows[i];
        char *guid;

        if (!schema_class(NAMESPACE_HYPERV, row->class))
            continue;
        guid = emulator_print("7A1C6F2E-58D3-4B0C-9E41-0000000000%02X", (unsigned)(i + 16));
        add_pool(row, guid);
        add_template(row, guid, "Default", "", 0, 0);
        if (row->minimum)
            add_template(row, guid, "Minimum", row->minimum, 3, 1);
        if (row->maximum)
            add_template(row, guid, "Maximum", row->maximum, 3, 2);
        if (row->increment)
            add_template(row, guid, "Increment", row->increment, 3, 3);
        free(guid);
    }
    add_supported();
}

cJSON *template_find(const char *sub_type)
{
    cJSON *row = NULL;

    while ((row = store_next("CIM_ResourceAllocationSettingData", row))) {
        const char *id = row_text(row, "InstanceID");
        size_t length = strlen(id);

        if (!strncmp(id, DEFINITION, strlen(DEFINITION)) && length > 8 &&
            !strcmp(id + length - 8, "\\Default") &&
            !_stricmp(row_text(row, "ResourceSubType"), sub_type))
            return row;
    }
    return NULL;
}

cJSON *template_instance(const char *sub_type, const char *id, const char *suffix)
{
    const cJSON *from = template_find(sub_type), *value;
    cJSON *row;
    char *instance;

    if (!from)
        emulator_fail("no template %s", sub_type);
    row = store_add(row_class(from)->name);
    cJSON_ArrayForEach(value, row_properties(from))
        row_set_json(row, value->string, cJSON_Duplicate(value, true));
    instance = emulator_print("Microsoft:%s\\%s", id, suffix);
    row_set(row, "InstanceID", instance);
    free(instance);
    return row;
}
