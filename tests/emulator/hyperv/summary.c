/* GetSummaryInformation and thumbnails. Facts: hyperv-wmi.md §19 (MicrosoftDocs). */
#include "hyperv.h"
#include "live.h"
#include "machine.h"
#include "method.h"
#include "resource.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE_MAX = 4096 };

/* What a number that is asked for fills in. */
struct fact {
    uint16_t code;
    const char *property;
    cJSON *(*value)(const cJSON *settings, const cJSON *vm); /* NULL for null */
};

static cJSON *text(const char *value)
{
    return *value ? cJSON_CreateString(value) : NULL;
}

static cJSON *copy_of(const cJSON *row, const char *property)
{
    cJSON *live = row ? live_properties(row) : NULL;
    cJSON *value = cJSON_DetachItemFromObject(live, property);

    cJSON_Delete(live);
    return value;
}

static cJSON *get_name(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return text(row_text(vm, "Name"));
}

static cJSON *get_element_name(const cJSON *settings, const cJSON *vm)
{
    (void)vm;
    return text(row_text(settings, "ElementName"));
}

static cJSON *get_creation(const cJSON *settings, const cJSON *vm)
{
    (void)vm;
    return text(row_text(settings, "CreationTime"));
}

static cJSON *get_notes(const cJSON *settings, const cJSON *vm)
{
    const char *note = row_item(settings, "Notes", 0);

    (void)vm;
    return cJSON_CreateString(note ? note : "");
}

static const cJSON *part(const cJSON *settings, const char *class)
{
    char *owner = instance_owner(row_text(settings, "InstanceID"));
    const cJSON *row = settings_next(owner, class, NULL);

    free(owner);
    return row;
}

static cJSON *get_processors(const cJSON *settings, const cJSON *vm)
{
    const cJSON *row = part(settings, "Msvm_ProcessorSettingData");

    (void)vm;
    return row ? cJSON_CreateNumber((double)row_number(row, "VirtualQuantity", 1)) : NULL;
}

static cJSON *get_gpu(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    (void)vm;
    return NULL; /* of RemoteFX, which is gone */
}

static cJSON *get_switches(const cJSON *settings, const cJSON *vm)
{
    char *owner = instance_owner(row_text(settings, "InstanceID"));
    cJSON *names = cJSON_CreateArray(), *row = NULL;

    (void)vm;
    while ((row = settings_next(owner, "Msvm_EthernetPortAllocationSettingData", row))) {
        const char *path = row_item(row, "HostResource", 0);
        const cJSON *to = path ? store_at_text(path) : NULL;

        if (to)
            cJSON_AddItemToArray(names, cJSON_CreateString(row_text(to, "ElementName")));
    }
    free(owner);
    return names;
}

static cJSON *get_version(const cJSON *settings, const cJSON *vm)
{
    (void)vm;
    return text(row_text(settings, "Version"));
}

static cJSON *get_shielded(const cJSON *settings, const cJSON *vm)
{
    const cJSON *row = part(settings, "Msvm_SecuritySettingData");

    (void)vm;
    return cJSON_CreateBool(row && row_bool(row, "ShieldingRequested"));
}

static cJSON *get_state(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return copy_of(vm, "EnabledState");
}

static cJSON *get_other_state(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return copy_of(vm, "OtherEnabledState");
}

static cJSON *get_health(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return copy_of(vm, "HealthState");
}

static cJSON *get_status(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return copy_of(vm, "OperationalStatus");
}

static bool runs(const cJSON *vm)
{
    return vm && memo(vm, "booted", 0) > 0;
}

static cJSON *get_load(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return runs(vm) ? cJSON_CreateNumber(3) : NULL;
}

static cJSON *get_memory(const cJSON *settings, const cJSON *vm)
{
    const cJSON *row = part(settings, "Msvm_MemorySettingData");

    return runs(vm) && row ? text(row_text(row, "VirtualQuantity")) : NULL;
}

static cJSON *get_heartbeat(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return runs(vm) ? cJSON_CreateNumber(machine_heartbeat(vm)) : NULL;
}

static cJSON *get_uptime(const cJSON *settings, const cJSON *vm)
{
    char *number = emulator_print("%llu", (unsigned long long)machine_uptime(vm));
    cJSON *value = cJSON_CreateString(number);

    (void)settings;
    free(number);
    return value;
}

static cJSON *get_system(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    return runs(vm) && machine_heartbeat(vm) == 2 ? cJSON_CreateString("Windows 11 Pro") : NULL;
}

/* Embedded settings of the snapshots. */
static cJSON *get_snapshots(const cJSON *settings, const cJSON *vm)
{
    cJSON *found = cJSON_CreateArray(), *row = NULL, *one;

    (void)settings;
    while ((row = store_next("Msvm_VirtualSystemSettingData", row)))
        if (!strcmp(row_text(row, "VirtualSystemType"), TYPE_SNAPSHOT) &&
            !_stricmp(row_text(row, "VirtualSystemIdentifier"), row_text(vm, "Name"))) {
            one = cJSON_CreateObject();
            cJSON_AddStringToObject(one, "class", "Msvm_VirtualSystemSettingData");
            cJSON_AddItemToObject(one, "p", live_properties(row));
            cJSON_AddItemToArray(found, one);
        }
    return found;
}

static cJSON *get_nothing(const cJSON *settings, const cJSON *vm)
{
    (void)settings;
    (void)vm;
    return NULL;
}

static const struct fact facts[] = {
    {0, "Name", get_name},
    {1, "ElementName", get_element_name},
    {2, "CreationTime", get_creation},
    {3, "Notes", get_notes},
    {4, "NumberOfProcessors", get_processors},
    {5, "ThumbnailImage", get_nothing},
    {6, "ThumbnailImage", get_nothing},
    {7, "ThumbnailImage", get_nothing},
    {8, "AllocatedGPU", get_gpu},
    {9, "VirtualSwitchNames", get_switches},
    {10, "Version", get_version},
    {11, "Shielded", get_shielded},
    {100, "EnabledState", get_state},
    {101, "ProcessorLoad", get_load},
    {102, "ProcessorLoadHistory", get_nothing},
    {103, "MemoryUsage", get_memory},
    {104, "Heartbeat", get_heartbeat},
    {105, "UpTime", get_uptime},
    {106, "GuestOperatingSystem", get_system},
    {107, "Snapshots", get_snapshots},
    {108, "AsynchronousTasks", get_nothing},
    {109, "HealthState", get_health},
    {110, "OperationalStatus", get_status},
    {111, "StatusDescriptions", get_nothing},
    {112, "MemoryAvailable", get_nothing},
    {113, "AvailableMemoryBuffer", get_nothing},
    {132, "OtherEnabledState", get_other_state},
};

static const struct fact *fact_of(int code)
{
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
        if (facts[i].code == code)
            return &facts[i];
    return NULL;
}

static void summarise(const cJSON *settings, const cJSON *codes, cJSON *into)
{
    const cJSON *vm = machine_find(row_text(settings, "VirtualSystemIdentifier")), *code;
    cJSON *one, *p;

    if (!vm)
        return;
    one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "class", "Msvm_SummaryInformation");
    p = cJSON_AddObjectToObject(one, "p");
    cJSON_AddStringToObject(p, "InstanceID", row_text(settings, "InstanceID"));
    cJSON_ArrayForEach(code, codes)
    {
        const struct fact *fact = fact_of(code->valueint);
        cJSON *value = fact->value(settings, vm);

        if (value && !cJSON_GetObjectItem(p, fact->property))
            cJSON_AddItemToObject(p, fact->property, value);
        else
            cJSON_Delete(value);
    }
    cJSON_AddItemToArray(into, one);
}

static DWORD get_summary(struct invocation *call)
{
    const cJSON *paths = cJSON_GetObjectItem(call->in, "SettingData");
    const cJSON *codes = cJSON_GetObjectItem(call->in, "RequestedInformation"), *item;
    cJSON *found, *row = NULL;

    if (!cJSON_GetArraySize(codes))
        return BAD_PARAMETER;
    cJSON_ArrayForEach(item, codes)
    {
        if (!fact_of(item->valueint))
            return BAD_PARAMETER;
    }
    found = cJSON_CreateArray();
    cJSON_ArrayForEach(item, paths)
    {
        row = store_at_text(item->valuestring);
        if (!row || !row_is(row, "Msvm_VirtualSystemSettingData")) {
            cJSON_Delete(found);
            return BAD_PARAMETER;
        }
        summarise(row, codes, found);
    }
    for (row = NULL;
         !cJSON_GetArraySize(paths) && (row = store_next("Msvm_VirtualSystemSettingData", row));)
        if (!strcmp(row_text(row, "VirtualSystemType"), TYPE_REALIZED))
            summarise(row, codes, found);
    cJSON_AddItemToObject(call->out, "SummaryInformation", found);
    return DONE;
}

/* RGB565, two bytes a pixel: a gradient, so that an image that is mixed up shows. */
static DWORD get_thumbnail(struct invocation *call)
{
    const cJSON *settings = in_row(call, "TargetSystem", "Msvm_VirtualSystemSettingData");
    const cJSON *width = cJSON_GetObjectItem(call->in, "WidthPixels");
    const cJSON *height = cJSON_GetObjectItem(call->in, "HeightPixels");
    cJSON *bytes, *all;

    if (!settings || !width || !height || width->valueint < 1 || height->valueint < 1 ||
        width->valueint > SIDE_MAX || height->valueint > SIDE_MAX)
        return BAD_PARAMETER;
    if (!runs(machine_find(row_text(settings, "VirtualSystemIdentifier"))))
        return BAD_STATE;
    bytes = cJSON_CreateArray();
    for (int y = 0; y < height->valueint; y++)
        for (int x = 0; x < width->valueint; x++) {
            int red = x * 31 / width->valueint, green = y * 63 / height->valueint;
            int pixel = red << 11 | green << 5 | 15;

            all = cJSON_CreateNumber(pixel & 0xFF);
            cJSON_AddItemToArray(bytes, all);
            cJSON_AddItemToArray(bytes, cJSON_CreateNumber(pixel >> 8));
        }
    cJSON_AddItemToObject(call->out, "ImageData", bytes);
    return DONE;
}

#define SERVICE "Msvm_VirtualSystemManagementService"

const struct method_row summary_methods[] = {
    {SERVICE, "GetSummaryInformation", get_summary},
    {SERVICE, "GetVirtualSystemThumbnailImage", get_thumbnail},
    {0},
};
