/* Checkpoints: settings with an id of their own and the same machine. Facts: hyperv-wmi.md §18. */
#include "clock_text.h"
#include "hyperv.h"
#include "machine.h"
#include "method.h"
#include "resource.h"

#include <stdlib.h>
#include <string.h>

/* text with every `from` replaced by `to`. The caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
    char *result = emulator_copy("");

    while (*text) {
        const char *found = strstr(text, from);
        int length = found ? (int)(found - text) : (int)strlen(text);
        char *longer = emulator_print("%s%.*s%s", result, length, text, found ? to : "");

        free(result);
        result = longer;
        text += length + (found ? (int)strlen(from) : 0);
    }
    return result;
}

static void rename_in(cJSON *value, const char *from, const char *to)
{
    cJSON *child;

    if (cJSON_IsString(value)) {
        char *text = replaced(value->valuestring, from, to);

        cJSON_SetValuestring(value, text);
        free(text);
    }
    cJSON_ArrayForEach(child, value) rename_in(child, from, to);
}

/* Copies all settings of one owner to another; the copy of the machine's own settings. */
static cJSON *copy_settings(const char *from, const char *to)
{
    cJSON *row = NULL, *settings = NULL, *copies = cJSON_CreateArray(), *copy;

    while ((row = settings_next(from, "CIM_SettingData", row)))
        cJSON_AddItemToArray(copies, cJSON_Duplicate(row, true));
    while ((copy = cJSON_DetachItemFromArray(copies, 0))) {
        cJSON *p = row_properties(copy), *made = store_add(row_class(copy)->name), *value;

        cJSON_ArrayForEach(value, p)
        {
            bool identity = !strcmp(value->string, "VirtualSystemIdentifier") ||
                            !strcmp(value->string, "ConfigurationID");
            cJSON *own = cJSON_Duplicate(value, true);

            if (!identity)
                rename_in(own, from, to);
            row_set_json(made, value->string, own);
        }
        if (row_is(made, "Msvm_VirtualSystemSettingData"))
            settings = made;
        cJSON_Delete(copy);
    }
    cJSON_Delete(copies);
    return settings;
}

cJSON *snapshot_new(const char *id, const char *name)
{
    char *fresh = emulator_guid(), *now = clock_text(0);
    cJSON *settings = copy_settings(id, fresh), *other = NULL, *last = NULL;
    char *path;

    while ((other = store_next("Msvm_VirtualSystemSettingData", other)))
        if (other != settings && !strcmp(row_text(other, "VirtualSystemType"), TYPE_SNAPSHOT) &&
            !_stricmp(row_text(other, "VirtualSystemIdentifier"), id)) {
            memo_set(other, "newest", 0);
            last = other;
        }
    row_set(settings, "VirtualSystemType", TYPE_SNAPSHOT);
    row_set(settings, "ElementName", name);
    row_set(settings, "CreationTime", now);
    memo_set(settings, "newest", 1);
    if (last) {
        path = row_path(last);
        row_set(settings, "Parent", path);
        free(path);
    }
    free(fresh);
    free(now);
    return settings;
}

bool snapshot_any(const char *id)
{
    cJSON *row = NULL;

    while ((row = store_next("Msvm_VirtualSystemSettingData", row)))
        if (!strcmp(row_text(row, "VirtualSystemType"), TYPE_SNAPSHOT) &&
            !_stricmp(row_text(row, "VirtualSystemIdentifier"), id))
            return true;
    return false;
}

/* ---- methods ---- */

static DWORD create(struct invocation *call)
{
    const cJSON *vm = in_row(call, "AffectedSystem", "Msvm_ComputerSystem");
    const cJSON *type = cJSON_GetObjectItem(call->in, "SnapshotType");
    const char *text = in_text(call, "SnapshotSettings");
    cJSON *settings, *args;

    if (!vm || memo(vm, "host", 0) != 0 || (type && type->valueint != 2 && type->valueint != 3))
        return BAD_PARAMETER;
    if (text && *text) {
        settings = in_instance(text, "CIM_SettingData");
        cJSON_Delete(settings);
        if (!settings)
            return BAD_PARAMETER;
    }
    if (job_busy(row_text(vm, "Name")))
        return BAD_STATE;
    args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "vm", row_text(vm, "Name"));
    return job_submit(call, "CreateSnapshot", args);
}

static bool run_create(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(args, "vm"));
    const cJSON *settings = machine_settings(id);
    char *path;

    if (!settings)
        return job_fail(failure, BAD_PARAMETER, "There is no such machine");
    if (gpu_in_use(id))
        return job_fail(
            failure,
            FAILED_CODE,
            "The operation cannot be performed while the virtual machine is assigned one or "
            "more GPUP partitions.");
    if (row_number(settings, "UserSnapshotType", 3) == 2)
        return job_fail(failure, FAILED_CODE, "Checkpoints have been disabled.");
    path = row_path(snapshot_new(id, "Checkpoint"));
    cJSON_AddItemToArray(affected, cJSON_CreateString(path));
    free(path);
    return true;
}

/* The settings of a snapshot that an argument names. */
static cJSON *snapshot_named(const struct invocation *call, const char *argument)
{
    cJSON *row = in_row(call, argument, "Msvm_VirtualSystemSettingData");

    return row && !strcmp(row_text(row, "VirtualSystemType"), TYPE_SNAPSHOT) ? row : NULL;
}

static DWORD submit(struct invocation *call, const cJSON *snapshot, bool needs_off)
{
    const char *vm = row_text(snapshot, "VirtualSystemIdentifier");
    cJSON *args;

    if (job_busy(vm) || (needs_off && machine_state(vm) != POWER_OFF))
        return BAD_STATE;
    args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "vm", vm);
    cJSON_AddStringToObject(args, "snapshot", row_text(snapshot, "InstanceID"));
    return job_submit(call, call->method->name, args);
}

static DWORD destroy(struct invocation *call)
{
    const cJSON *snapshot = snapshot_named(call, "AffectedSnapshot");

    return snapshot ? submit(call, snapshot, false) : BAD_PARAMETER;
}

static DWORD destroy_tree(struct invocation *call)
{
    const cJSON *snapshot = snapshot_named(call, "SnapshotSettingData");

    return snapshot ? submit(call, snapshot, false) : BAD_PARAMETER;
}

static DWORD apply(struct invocation *call)
{
    const cJSON *snapshot = snapshot_named(call, "Snapshot");

    return snapshot ? submit(call, snapshot, true) : BAD_PARAMETER;
}

static void remove_settings(const char *owner)
{
    cJSON *row;

    while ((row = settings_next(owner, "CIM_SettingData", NULL)))
        store_remove(row);
}

static bool run_destroy(const cJSON *args, cJSON *affected, struct failure *failure)
{
    char *owner = instance_owner(cJSON_GetStringValue(cJSON_GetObjectItem(args, "snapshot")));

    (void)affected;
    (void)failure;
    remove_settings(owner);
    free(owner);
    return true;
}

/* The snapshot and all that were made after it. */
static bool run_destroy_tree(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(args, "snapshot"));
    cJSON *row = store_find("Msvm_VirtualSystemSettingData", "InstanceID", id), *child;
    char *path, *owner;

    (void)affected;
    (void)failure;
    while (row) {
        path = row_path(row);
        owner = instance_owner(row_text(row, "InstanceID"));
        child = store_find("Msvm_VirtualSystemSettingData", "Parent", path);
        row = child;
        remove_settings(owner);
        free(path);
        free(owner);
    }
    return true;
}

static bool run_apply(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItem(args, "vm"));
    const char *instance = cJSON_GetStringValue(cJSON_GetObjectItem(args, "snapshot"));
    cJSON *snapshot = store_find("Msvm_VirtualSystemSettingData", "InstanceID", instance),
          *settings;
    char *owner, *name;

    (void)affected;
    if (!snapshot || !machine_settings(id))
        return job_fail(failure, BAD_PARAMETER, "There is no such checkpoint");
    memo_set(snapshot, "applied", 1);
    owner = instance_owner(instance);
    name = emulator_copy(row_text(machine_settings(id), "ElementName"));
    remove_settings(id);
    settings = copy_settings(owner, id);
    row_set(settings, "VirtualSystemType", TYPE_REALIZED);
    row_set(settings, "ElementName", name);
    free(owner);
    free(name);
    return true;
}

#define SERVICE "Msvm_VirtualSystemSnapshotService"

const struct method_row snapshot_methods[] = {
    {SERVICE, "ApplySnapshot", apply},
    {SERVICE, "CreateSnapshot", create},
    {SERVICE, "DestroySnapshot", destroy},
    {SERVICE, "DestroySnapshotTree", destroy_tree},
    {0},
};

const struct job_kind snapshot_jobs[] = {
    {.name = "ApplySnapshot",
     .class = "Msvm_ConcreteJob",
     .type = 71,
     .slow = true,
     .run = run_apply},
    {.name = "CreateSnapshot",
     .class = "Msvm_ConcreteJob",
     .output = "ResultingSnapshot",
     .type = 70,
     .slow = true,
     .run = run_create},
    {.name = "DestroySnapshot",
     .class = "Msvm_ConcreteJob",
     .type = 72,
     .slow = true,
     .run = run_destroy},
    {.name = "DestroySnapshotTree",
     .class = "Msvm_ConcreteJob",
     .type = 72,
     .slow = true,
     .run = run_destroy_tree},
    {0},
};
