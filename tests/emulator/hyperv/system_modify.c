/* ModifySystemSettings. Facts: hyperv-wmi.md §7.4, §10, §12, §13, §22. */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"
#include "template.h"
#include "value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_CHARS_MAX = 100, LOW_MMIO_MIN = 128, LOW_MMIO_MAX = 3584 };

/* Numbers that a property may have. */
static const struct {
    const char *property;
    int64_t min, max;
} ranges[] = {
    {"AutomaticStartupAction", 2, 4},
    {"AutomaticShutdownAction", 2, 4},
    {"AutomaticRecoveryAction", 2, 4},
    {"AutomaticCriticalErrorAction", 0, 1},
    {"UserSnapshotType", 2, 5},
    {"EnhancedSessionTransportType", 0, 1},
    {"NetworkBootPreferredProtocol", 4096, 4097},
    {"ConsoleMode", 0, 3},
    {"LowMmioGapSize", LOW_MMIO_MIN, LOW_MMIO_MAX},
    {"HighMmioGapSize", 0, INT64_C(1) << 24},
};

static const char *const only_off[] = {
    "BIOSNumLock",
    "ConfigurationDataRoot",
    "ConsoleMode",
    "DebugPort",
    "DebugPortEnabled",
    "GuestControlledCacheTypes",
    "HighMmioGapBase",
    "HighMmioGapSize",
    "LowMmioGapSize",
    "NetworkBootPreferredProtocol",
    "SecureBootEnabled",
    "SecureBootTemplateId",
    "VirtualNumaEnabled",
};

static const char *const fixed[] = {
    "ConfigurationID",
    "GuestStateIsolationEnabled",
    "GuestStateIsolationType",
    "InstanceID",
    "VirtualSystemIdentifier",
    "VirtualSystemSubType",
    "VirtualSystemType",
};

static bool differs(const cJSON *settings, const cJSON *properties, const char *name)
{
    const cJSON *now = cJSON_GetObjectItem(row_properties(settings), name);
    const cJSON *value = cJSON_GetObjectItem(properties, name);

    if (!value)
        return false;
    if (cJSON_IsString(now) && cJSON_IsString(value))
        return _stricmp(now->valuestring, value->valuestring) != 0;
    return !now || !cJSON_Compare(now, value, false);
}

bool system_needs_off(const cJSON *settings, const cJSON *properties)
{
    for (size_t i = 0; i < ARRAY_SIZE(only_off); i++)
        if (differs(settings, properties, only_off[i]))
            return true;
    return false;
}

static size_t characters(const char *utf8)
{
    size_t count = 0;

    for (; *utf8; utf8++)
        count += (*utf8 & 0xC0) != 0x80;
    return count;
}

bool system_values_allowed(const cJSON *properties, struct failure *failure)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(properties, "ElementName"));

    if (name && (!*name || characters(name) > NAME_CHARS_MAX))
        return job_fail(failure, BAD_PARAMETER, "ElementName is too long or empty");
    for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
        const cJSON *value = cJSON_GetObjectItem(properties, ranges[i].property);
        int64_t number;

        if (!value)
            continue;
        number = cJSON_IsString(value) ? strtoll(value->valuestring, NULL, 10)
                                       : (int64_t)value->valuedouble;
        if (number < ranges[i].min || number > ranges[i].max)
            return job_fail(
                failure, BAD_PARAMETER, "%s cannot be %lld", ranges[i].property, (long long)number);
    }
    return true;
}

/* The new order must have the entries of the old one, each once. */
static bool check_order(const cJSON *settings, const cJSON *properties, struct failure *failure)
{
    const cJSON *order = cJSON_GetObjectItem(properties, "BootSourceOrder"), *a, *b;
    const cJSON *now = cJSON_GetObjectItem(row_properties(settings), "BootSourceOrder");

    if (!order)
        return true;
    cJSON_ArrayForEach(a, order)
    {
        int known = 0, twice = 0;

        cJSON_ArrayForEach(b, now) known += !_stricmp(a->valuestring, b->valuestring);
        cJSON_ArrayForEach(b, order) twice += !_stricmp(a->valuestring, b->valuestring);
        if (!known || twice != 1)
            return job_fail(failure,
                            FAILED_CODE,
                            "Element not found. (0x80070490): BootSourceOrder has '%s'",
                            a->valuestring);
    }
    return cJSON_GetArraySize(order) == cJSON_GetArraySize(now) ||
           job_fail(failure, FAILED_CODE, "Element not found. (0x80070490): BootSourceOrder");
}

static bool
check_secure_boot(const cJSON *settings, const cJSON *properties, struct failure *failure)
{
    char *owner;
    const cJSON *security;
    bool sealed;

    if (!differs(settings, properties, "SecureBootTemplateId"))
        return true;
    owner = instance_owner(row_text(settings, "InstanceID"));
    security = settings_next(owner, "Msvm_SecuritySettingData", NULL);
    sealed = security && memo(security, "sealed", 0) != 0;
    free(owner);
    return !sealed || job_fail(failure, FAILED_CODE, "The vTPM has been initialised");
}

static bool check_dynamic_memory(const cJSON *settings, struct failure *failure)
{
    char *owner = instance_owner(row_text(settings, "InstanceID"));
    const cJSON *memory = settings_next(owner, "Msvm_MemorySettingData", NULL);
    bool dynamic = memory && row_bool(memory, "DynamicMemoryEnabled");

    free(owner);
    return !dynamic || !row_bool(settings, "VirtualNumaEnabled") ||
           job_fail(failure, BAD_PARAMETER, "NUMA cannot be spanned with dynamic memory");
}

void settings_normalise(cJSON *settings)
{
    cJSON *notes = cJSON_GetObjectItem(row_properties(settings), "Notes");
    cJSON *template = cJSON_GetObjectItem(row_properties(settings), "SecureBootTemplateId");

    while (cJSON_GetArraySize(notes) > 1)
        cJSON_DeleteItemFromArray(notes, 1);
    for (char *at = template ? template->valuestring : NULL; at && *at; at++)
        *at = (char)toupper((unsigned char)*at);
}

static bool check_fixed(const cJSON *settings, const cJSON *properties, struct failure *failure)
{
    for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
        if (differs(settings, properties, fixed[i]))
            return job_fail(failure, BAD_PARAMETER, "%s cannot change", fixed[i]);
    return true;
}

bool system_modify(const cJSON *instance, struct failure *failure)
{
    const cJSON *properties = cJSON_GetObjectItem(instance, "p"), *value;
    cJSON *settings = resource_row(instance), *vm;

    if (!settings)
        return job_fail(failure, BAD_PARAMETER, "There are no such settings");
    if (!check_fixed(settings, properties, failure) ||
        !system_values_allowed(properties, failure) ||
        !check_order(settings, properties, failure) ||
        !check_secure_boot(settings, properties, failure))
        return false;
    cJSON_ArrayForEach(value, properties)
    {
        bool no_notes = !strcmp(value->string, "Notes") && !cJSON_GetArraySize(value);

        if (!no_notes && strcmp(value->string, "Version") != 0)
            row_set_json(settings, value->string, cJSON_Duplicate(value, true));
    }
    settings_normalise(settings);
    vm = machine_find(row_text(settings, "VirtualSystemIdentifier"));
    if (vm && !strcmp(row_text(settings, "VirtualSystemType"), TYPE_REALIZED))
        row_set(vm, "ElementName", row_text(settings, "ElementName"));
    return check_dynamic_memory(settings, failure);
}
