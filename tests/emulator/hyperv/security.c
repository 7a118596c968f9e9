/* Security settings and the vTPM. Facts: hyperv-wmi.md §12, §22 (traps 31, 32). */
#include "hyperv.h"
#include "machine.h"
#include "method.h"
#include "resource.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

enum { PLACEHOLDER_BYTES = 4 };

/* The row that the text is about; NULL. */
static cJSON *row_of(const struct invocation *call, cJSON **ret_instance)
{
    const char *text = in_text(call, "SecuritySettingData");
    cJSON *instance = text ? in_instance(text, "Msvm_SecuritySettingData") : NULL;
    cJSON *row = instance ? resource_row(instance) : NULL;
    char *owner = row ? instance_owner(row_text(row, "InstanceID")) : NULL;
    bool fits = owner && machine_find(owner);

    free(owner);
    *ret_instance = instance;
    return fits ? row : NULL;
}

static const cJSON *protector_of(const cJSON *row)
{
    return cJSON_GetObjectItem(row, "protector");
}

/* Submits work on the machine of a row; takes instance. */
static DWORD submit(struct invocation *call, const cJSON *row, cJSON *instance, bool needs_off)
{
    char *owner = instance_owner(row_text(row, "InstanceID"));
    cJSON *args = cJSON_CreateObject();
    bool allowed = !job_busy(owner) && (!needs_off || machine_state(owner) == POWER_OFF);

    cJSON_AddStringToObject(args, "vm", owner);
    cJSON_AddItemToObject(args, "settings", instance);
    free(owner);
    if (!allowed) {
        cJSON_Delete(args);
        return BAD_STATE;
    }
    if (cJSON_GetObjectItem(call->in, "KeyProtector"))
        cJSON_AddItemToObject(args,
                              "protector",
                              cJSON_Duplicate(cJSON_GetObjectItem(call->in, "KeyProtector"), true));
    return job_submit(call, call->method->name, args);
}

static DWORD set_protector(struct invocation *call)
{
    cJSON *instance;
    const cJSON *row = row_of(call, &instance);

    if (row &&
        cJSON_GetArraySize(cJSON_GetObjectItem(call->in, "KeyProtector")) > PLACEHOLDER_BYTES)
        return submit(call, row, instance, true);
    cJSON_Delete(instance);
    return BAD_PARAMETER;
}

/* The first bytes say whether it is one of guardian.c. */
static bool is_protector(const cJSON *bytes)
{
    const cJSON *first = cJSON_GetArrayItem(bytes, 0), *second = cJSON_GetArrayItem(bytes, 1);

    return second && first->valueint == 'K' && second->valueint == 'P';
}

static bool run_set_protector(const cJSON *args, cJSON *affected, struct failure *failure)
{
    cJSON *row = resource_row(cJSON_GetObjectItem(args, "settings"));
    const cJSON *bytes = cJSON_GetObjectItem(args, "protector");

    (void)affected;
    if (!row || !is_protector(bytes))
        return job_fail(failure, BAD_PARAMETER, "The key protector cannot be read");
    if (protector_of(row) && memo(row, "sealed", 0) != 0)
        memo_set(row, "lost", 1); /* what the vTPM had sealed cannot be read any more */
    memo_set_json(row, "protector", cJSON_Duplicate(bytes, true));
    return true;
}

static DWORD get_protector(struct invocation *call)
{
    cJSON *instance;
    const cJSON *row = row_of(call, &instance);
    cJSON *bytes =
        row && protector_of(row) ? cJSON_Duplicate(protector_of(row), true) : cJSON_CreateArray();

    cJSON_Delete(instance);
    for (int i = cJSON_GetArraySize(bytes); i < PLACEHOLDER_BYTES; i++)
        cJSON_AddItemToArray(bytes, cJSON_CreateNumber(0));
    cJSON_AddItemToObject(call->out, "KeyProtector", bytes);
    return row ? DONE : BAD_PARAMETER;
}

static DWORD modify(struct invocation *call)
{
    cJSON *instance;
    const cJSON *row = row_of(call, &instance);

    if (row)
        return submit(call, row, instance, true);
    cJSON_Delete(instance);
    return BAD_PARAMETER;
}

/* The vTPM is a resource of its own, made and removed with the switch. */
static void follow_tpm(const cJSON *row, const char *owner)
{
    cJSON *tpm = NULL;
    char *id;

    while ((tpm = settings_next(owner, "Msvm_ResourceAllocationSettingData", tpm)))
        if (!strcmp(row_text(tpm, "ResourceSubType"), SUB_TYPE "TPM"))
            break;
    if (tpm && !row_bool(row, "TpmEnabled"))
        store_remove(tpm);
    if (tpm || !row_bool(row, "TpmEnabled"))
        return;
    tpm = store_add("Msvm_ResourceAllocationSettingData");
    id = emulator_print("Microsoft:%s\\5E6C7D1A-3F0B-4A57-8D44-6B4F2C90A0F7", owner);
    row_set(tpm, "InstanceID", id);
    row_set_all(tpm, "ElementName=TPM;ResourceType=34;ResourceSubType=" SUB_TYPE "TPM");
    free(id);
}

static bool run_modify(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *instance = cJSON_GetObjectItem(args, "settings"), *value;
    const cJSON *properties = cJSON_GetObjectItem(instance, "p");
    cJSON *row = resource_row(instance);

    (void)affected;
    if (!row)
        return job_fail(failure, BAD_PARAMETER, "There are no such settings");
    if (cJSON_IsTrue(cJSON_GetObjectItem(properties, "TpmEnabled")) && !protector_of(row))
        return job_fail(failure, FAILED_CODE, "The machine has no key protector. (0x80070490)");
    cJSON_ArrayForEach(value, properties)
    {
        if (strcmp(value->string, "InstanceID") != 0)
            row_set_json(row, value->string, cJSON_Duplicate(value, true));
    }
    follow_tpm(row, cJSON_GetStringValue(cJSON_GetObjectItem(args, "vm")));
    return true;
}

const struct method_row security_methods[] = {
    {"Msvm_SecurityService", "GetKeyProtector", get_protector},
    {"Msvm_SecurityService", "ModifySecuritySettings", modify},
    {"Msvm_SecurityService", "SetKeyProtector", set_protector},
    {0},
};

const struct job_kind security_jobs[] = {
    {.name = "ModifySecuritySettings", .class = "Msvm_ConcreteJob", .type = 2, .run = run_modify},
    {.name = "SetKeyProtector", .class = "Msvm_ConcreteJob", .type = 2, .run = run_set_protector},
    {0},
};
