/* See live.h. Facts: hyperv-wmi.md §1, §14 (trap 27), §17, §21. */
#include "live.h"

#include "hyperv.h"
#include "job.h"
#include "machine.h"
#include "resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_status(cJSON *properties, int first, int second)
{
    cJSON *status = cJSON_CreateArray();

    cJSON_AddItemToArray(status, cJSON_CreateNumber(first));
    if (second)
        cJSON_AddItemToArray(status, cJSON_CreateNumber(second));
    cJSON_DeleteItemFromObject(properties, "OperationalStatus");
    cJSON_AddItemToObject(properties, "OperationalStatus", status);
}

static void live_machine(const cJSON *row, cJSON *properties)
{
    char *uptime;
    DWORD down = emulator_setting("DownUntil", 0);

    if (memo(row, "host", 0) != 0)
        return;
    uptime = emulator_print("%llu", (unsigned long long)machine_uptime(row));
    cJSON_DeleteItemFromObject(properties, "OnTimeInMilliseconds");
    cJSON_AddStringToObject(properties, "OnTimeInMilliseconds", uptime);
    free(uptime);
    /* just after a restart of vmms nothing is known yet */
    if (down && (DWORD)emulator_now() - down < emulator_setting("UnknownMs", 100))
        cJSON_SetNumberValue(cJSON_GetObjectItem(properties, "EnabledState"), POWER_UNKNOWN);
}

static void live_device(const cJSON *row, cJSON *properties)
{
    enum { APPLICATIONS_HEALTHY = 32775 };
    const cJSON *vm = machine_find(row_text(row, "SystemName"));
    int beat = vm ? machine_heartbeat(vm) : 12;

    if (row_is(row, "Msvm_HeartbeatComponent"))
        set_status(properties, beat, beat == 2 ? APPLICATIONS_HEALTHY : 0);
    else if (row_is(row, "Msvm_ShutdownComponent") ||
             row_is(row, "Msvm_GuestServiceInterfaceComponent"))
        set_status(properties, beat, 0);
    else if (row_is(row, "Msvm_KvpExchangeComponent") && vm) {
        set_status(properties, beat, 0);
        machine_kvp(vm, properties);
    }
}

static void live_gpu(const cJSON *gpu, cJSON *properties)
{
    static const char *const kinds[] = {"VRAM", "Decode", "Compute"};
    uint64_t used[ARRAY_SIZE(kinds)] = {0};
    cJSON *row = NULL;

    while ((row = store_next("Msvm_GpuPartitionSettingData", row))) {
        bool gone;
        char *of = instance_owner(row_text(row, "InstanceID"));
        const cJSON *vm = machine_find(of);

        free(of);
        if (!vm || memo(vm, "booted", 0) <= 0 || gpu_of(row, &gone) != gpu)
            continue;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
            char name[32];

            snprintf(name, sizeof(name), "MinPartition%s", kinds[i]);
            used[i] += (uint64_t)row_number(row, name, 0);
        }
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        char name[32], *left;
        uint64_t total;

        snprintf(name, sizeof(name), "Total%s", kinds[i]);
        total = (uint64_t)row_number(gpu, name, 0);
        left = emulator_print("%llu", (unsigned long long)(used[i] < total ? total - used[i] : 0));
        snprintf(name, sizeof(name), "Available%s", kinds[i]);
        cJSON_DeleteItemFromObject(properties, name);
        cJSON_AddStringToObject(properties, name, left);
        free(left);
    }
}

/* How a client tells a service that is down from one that it may not use (§1). */
static void live_windows_service(const cJSON *row, cJSON *properties)
{
    if (strcmp(row_text(row, "Name"), "vmms") != 0 || emulator_setting("Vmms", 1))
        return;
    cJSON_ReplaceItemInObject(properties, "State", cJSON_CreateString("Stopped"));
    if (cJSON_GetObjectItem(properties, "ProcessId"))
        cJSON_SetNumberValue(cJSON_GetObjectItem(properties, "ProcessId"), 0);
}

static void put(cJSON *properties, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObject(properties, name);
    cJSON_AddItemToObject(properties, name, value);
}

/* root\cimv2 tells the same as the namespace of Hyper-V does by itself. */
static void live_host(const cJSON *row, cJSON *properties)
{
    bool installed = emulator_setting("Installed", 1) != 0;
    bool stopped = !strcmp(row_text(row, "Name"), "vmms") && !emulator_setting("Vmms", 1);

    if (row_is(row, "Win32_Service") && stopped) {
        put(properties, "State", cJSON_CreateString("Stopped"));
        put(properties, "Started", cJSON_CreateFalse());
        put(properties, "ProcessId", cJSON_CreateNumber(0));
    }
    if (installed)
        return;
    if (row_is(row, "Win32_ComputerSystem"))
        put(properties, "HypervisorPresent", cJSON_CreateFalse());
    else if (row_is(row, "Win32_OptionalFeature"))
        put(properties, "InstallState", cJSON_CreateNumber(2));
    else if (row_is(row, "Win32_Processor")) {
        put(properties, "VirtualizationFirmwareEnabled", cJSON_CreateTrue());
        put(properties, "SecondLevelAddressTranslationExtensions", cJSON_CreateTrue());
        put(properties, "VMMonitorModeExtensions", cJSON_CreateTrue());
    }
}

cJSON *live_properties(const cJSON *row)
{
    cJSON *properties = cJSON_Duplicate(row_properties(row), true);

    if (!strcmp(row_class(row)->space, NAMESPACE_CIMV2))
        live_host(row, properties);
    else if (row_is(row, "Msvm_ComputerSystem"))
        live_machine(row, properties);
    else if (row_is(row, "CIM_ConcreteJob"))
        job_live(row, properties);
    else if (row_is(row, "Msvm_PartitionableGpu"))
        live_gpu(row, properties);
    else if (row_is(row, "Msvm_GpuPartitionSettingData") && emulator_setting("GpuNameless", 0))
        cJSON_DeleteItemFromObject(properties, "HostResource");
    else if (row_is(row, "Win32_Service"))
        live_windows_service(row, properties);
    else if (row_is(row, "CIM_LogicalDevice"))
        live_device(row, properties);
    return properties;
}

bool live_down(void)
{
    DWORD until = emulator_setting("DownUntil", 0);

    return !emulator_setting("Vmms", 1) || (until && (int32_t)((DWORD)emulator_now() - until) < 0);
}

bool live_visible(const struct schema_class *class)
{
    if (!strcmp(class->space, NAMESPACE_CIMV2))
        return true;
    if (!strcmp(class->space, NAMESPACE_HGS))
        return emulator_rights() == RIGHTS_ADMINISTRATOR;
    return emulator_rights() != RIGHTS_NONE && !live_down();
}

bool live_visible_row(const cJSON *row)
{
    bool gone = false;

    if (row_is(row, "Win32_Service"))
        gone = !emulator_setting("Installed", 1);
    else if (row_is(row, "Msvm_PartitionableGpu"))
        gone = gpu_hidden(row);
    else if (row_is(row, "Msvm_GpuPartitionSettingData"))
        gpu_of(row, &gone);
    return !gone && live_visible(row_class(row));
}
