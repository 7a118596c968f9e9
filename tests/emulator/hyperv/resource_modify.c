/* Changing a resource. Facts: hyperv-wmi.md §8, §17, §22 (traps 5, 19). */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

/* What says which resource it is, and cannot change. */
static const char *const fixed[] = {
    "InstanceID", "ResourceType", "ResourceSubType", "Parent", "AddressOnParent"};

/* What may change while a machine runs. */
static const struct {
    const char *class, *property;
} hot[] = {
    {"Msvm_MemorySettingData", "Reservation"},
    {"Msvm_MemorySettingData", "Limit"},
    {"Msvm_MemorySettingData", "Weight"},
    {"Msvm_MemorySettingData", "TargetMemoryBuffer"},
    {"Msvm_ProcessorSettingData", "Reservation"},
    {"Msvm_ProcessorSettingData", "Limit"},
    {"Msvm_ProcessorSettingData", "Weight"},
    {"Msvm_EthernetPortAllocationSettingData", "HostResource"},
    {"Msvm_EthernetPortAllocationSettingData", "EnabledState"},
    {"Msvm_StorageAllocationSettingData", "HostResource"},
    {"Msvm_StorageAllocationSettingData", "IOPSLimit"},
    {"Msvm_StorageAllocationSettingData", "IOPSReservation"},
    {"Msvm_ShutdownComponentSettingData", "EnabledState"},
    {"Msvm_TimeSyncComponentSettingData", "EnabledState"},
    {"Msvm_HeartbeatComponentSettingData", "EnabledState"},
    {"Msvm_KvpExchangeComponentSettingData", "EnabledState"},
    {"Msvm_VssComponentSettingData", "EnabledState"},
    {"Msvm_GuestServiceInterfaceComponentSettingData", "EnabledState"},
    {"Msvm_RdvComponentSettingData", "EnabledState"},
    {"Msvm_SyntheticEthernetPortSettingData", "DeviceNamingEnabled"},
    {"Msvm_SyntheticEthernetPortSettingData", "ElementName"},
};

cJSON *resource_row(const cJSON *instance)
{
    const char *id =
        cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(instance, "p"), "InstanceID"));
    const char *class = cJSON_GetStringValue(cJSON_GetObjectItem(instance, "class"));
    cJSON *row = NULL;

    if (id && class && _strnicmp(id, DEFINITION, strlen(DEFINITION)) != 0)
        row = store_find(class, "InstanceID", id);
    return row && !_stricmp(row_class(row)->name, class) ? row : NULL;
}

static bool is_hot(const char *class, const char *property)
{
    for (size_t i = 0; i < ARRAY_SIZE(hot); i++)
        if (!strcmp(hot[i].class, class) && !strcmp(hot[i].property, property))
            return true;
    return false;
}

static bool changes(const cJSON *row, const cJSON *value)
{
    const cJSON *now = cJSON_GetObjectItem(row_properties(row), value->string);

    if (cJSON_IsString(now) && cJSON_IsString(value))
        return _stricmp(now->valuestring, value->valuestring) != 0;
    return !now || !cJSON_Compare(now, value, false);
}

bool resource_needs_off(const cJSON *row, const cJSON *properties)
{
    const cJSON *value;

    cJSON_ArrayForEach(value, properties)
    {
        if (changes(row, value) && !is_hot(row_class(row)->name, value->string))
            return true;
    }
    return false;
}

static bool changes_fixed(const cJSON *row, const cJSON *properties)
{
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++) {
        const cJSON *value = cJSON_GetObjectItem(properties, fixed[i]);

        if (value && changes(row, value))
            return true;
    }
    return false;
}

/* States of integration services: 2 on, 3 off. */
static bool check_component(const cJSON *row, struct failure *failure)
{
    int64_t state = row_number(row, "EnabledState", 2);

    return state == 2 || state == 3 ||
           job_fail(failure, BAD_PARAMETER, "EnabledState cannot be %lld", (long long)state);
}

bool resource_modify(const cJSON *instance, cJSON **ret_row, struct failure *failure)
{
    const cJSON *properties = cJSON_GetObjectItem(instance, "p"), *value;
    cJSON *row = resource_row(instance);
    const struct resource_kind *kind;
    char *owner;
    bool ok;

    if (!row)
        return job_fail(failure, BAD_PARAMETER, "There is no such resource");
    if (changes_fixed(row, properties))
        return job_fail(failure, BAD_PARAMETER, "That cannot change: %s", row_class(row)->name);
    cJSON_ArrayForEach(value, properties)
        row_set_json(row, value->string, cJSON_Duplicate(value, true));
    kind = resource_kind(row_text(row, "ResourceSubType"));
    owner = instance_owner(row_text(row, "InstanceID"));
    if (kind)
        ok = !kind->check || kind->check(row, owner, failure);
    else
        ok = check_component(row, failure);
    free(owner);
    *ret_row = row;
    return ok;
}
