/* Methods of the management service that make, change and remove machines and their resources.
 * Checks that Hyper-V makes before it answers are here; all others fail in the job. Facts:
 * hyperv-wmi.md §4, §7 to §11, §15, §22. */
#include "method.h"

#include "config.h"
#include "hyperv.h"
#include "live.h"
#include "machine.h"
#include "resource.h"
#include "template.h"

#include <stdlib.h>
#include <string.h>

#define SERVICE "Msvm_VirtualSystemManagementService"

/* Texts of an argument as instances, NULL when one of them is none of that class. */
static cJSON *instances_of(const struct invocation *call, const char *name, const char *class)
{
    const cJSON *texts = cJSON_GetObjectItem(call->in, name), *text;
    cJSON *instances = cJSON_CreateArray();

    cJSON_ArrayForEach(text, texts)
    {
        cJSON *instance = in_instance(text->valuestring, class);

        if (!instance) {
            cJSON_Delete(instances);
            return NULL;
        }
        cJSON_AddItemToArray(instances, instance);
    }
    return instances;
}

static cJSON *args_for(const char *vm)
{
    cJSON *args = cJSON_CreateObject();

    cJSON_AddStringToObject(args, "vm", vm);
    return args;
}

static void add_path(cJSON *affected, const cJSON *row)
{
    char *path = row_path(row);

    cJSON_AddItemToArray(affected, cJSON_CreateString(path));
    free(path);
}

static const char *vm_of(const cJSON *args)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(args, "vm"));
}

/* BAD_STATE before or in the job, as a setting says. */
static DWORD wrong_state(cJSON *args)
{
    if (emulator_setting("StateInJob", 0)) {
        cJSON_AddBoolToObject(args, "refuse", true);
        return DONE;
    }
    return BAD_STATE;
}

static bool refused(const cJSON *args, struct failure *failure)
{
    return cJSON_IsTrue(cJSON_GetObjectItem(args, "refuse")) &&
           !job_fail(failure, BAD_STATE, "The machine is in the wrong state");
}

/* ---- DefineSystem ---- */

static DWORD check_definition(const cJSON *settings)
{
    const cJSON *p = cJSON_GetObjectItem(settings, "p");
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItem(p, "VirtualSystemSubType"));
    const char *version = cJSON_GetStringValue(cJSON_GetObjectItem(p, "Version"));
    struct failure failure;

    if (type && strcmp(type, SUB_TYPE "SubType:1") != 0 && strcmp(type, SUB_TYPE "SubType:2") != 0)
        return BAD_PARAMETER;
    if (version && !template_has_version(version))
        return BAD_PARAMETER;
    return system_values_allowed(p, &failure) ? DONE : failure.code;
}

static DWORD define(struct invocation *call)
{
    const char *text = in_text(call, "SystemSettings");
    cJSON *settings, *resources, *args;
    DWORD code;

    if (cJSON_GetObjectItem(call->in, "ReferenceConfiguration"))
        return BAD_PARAMETER;
    settings =
        text ? in_instance(text, "Msvm_VirtualSystemSettingData")
             : in_instance("<INSTANCE CLASSNAME=\"Msvm_VirtualSystemSettingData\"></INSTANCE>",
                           "Msvm_VirtualSystemSettingData");
    resources = instances_of(call, "ResourceSettings", "CIM_ResourceAllocationSettingData");
    code = settings && resources ? check_definition(settings) : BAD_PARAMETER;
    if (code) {
        cJSON_Delete(settings);
        cJSON_Delete(resources);
        return code;
    }
    args = cJSON_CreateObject();
    cJSON_AddItemToObject(args, "settings", settings);
    cJSON_AddItemToObject(args, "resources", resources);
    return job_submit(call, "DefineSystem", args);
}

static bool folder_can_be(const char *path)
{
    char root[4] = {path[0], ':', '\\', 0};

    return path[0] && path[1] == ':' && path[2] == '\\' && GetDriveTypeA(root) > DRIVE_NO_ROOT_DIR;
}

static bool run_define(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *p = cJSON_GetObjectItem(cJSON_GetObjectItem(args, "settings"), "p"), *resource;
    const char *root = cJSON_GetStringValue(cJSON_GetObjectItem(p, "ConfigurationDataRoot"));
    cJSON *vm, *row;

    if (root && !folder_can_be(root))
        return job_fail(failure, FAILED_CODE, "The path cannot be used: '%s'", root);
    vm = machine_new(p);
    cJSON_ArrayForEach(resource, cJSON_GetObjectItem(args, "resources"))
    {
        if (!resource_add(resource, row_text(vm, "Name"), &row, failure))
            return false;
    }
    root = row_text(machine_settings(row_text(vm, "Name")), "ConfigurationDataRoot");
    if (!config_make(root, row_text(vm, "Name")))
        return job_fail(failure, FAILED_CODE, "The path cannot be used: '%s'", root);
    add_path(affected, vm);
    return true;
}

/* ---- DestroySystem ---- */

static DWORD destroy(struct invocation *call)
{
    const cJSON *vm = in_row(call, "AffectedSystem", "Msvm_ComputerSystem");
    int64_t state;

    if (!vm || memo(vm, "host", 0) != 0)
        return BAD_PARAMETER;
    state = row_number(vm, "EnabledState", 0);
    if ((state != POWER_OFF && state != POWER_SAVED) || job_busy(row_text(vm, "Name")))
        return BAD_STATE;
    return job_submit(call, "DestroySystem", args_for(row_text(vm, "Name")));
}

static bool run_destroy(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *vm = machine_find(vm_of(args)), *settings, *security;

    if (!vm)
        return job_fail(failure, BAD_PARAMETER, "There is no such machine");
    add_path(affected, vm);
    settings = machine_settings(vm_of(args));
    security = settings_next(vm_of(args), "Msvm_SecuritySettingData", NULL);
    config_remove(row_text(settings, "ConfigurationDataRoot"),
                  vm_of(args),
                  security && memo(security, "sealed", 0) != 0);
    machine_remove(vm_of(args));
    return true;
}

/* ---- ModifySystemSettings ---- */

static DWORD modify_system(struct invocation *call)
{
    const char *text = in_text(call, "SystemSettings");
    cJSON *instance = text ? in_instance(text, "Msvm_VirtualSystemSettingData") : NULL, *args;
    const cJSON *settings = instance ? resource_row(instance) : NULL;
    const char *vm;
    DWORD code = DONE;

    if (!settings || !machine_find(row_text(settings, "VirtualSystemIdentifier"))) {
        cJSON_Delete(instance);
        return BAD_PARAMETER;
    }
    vm = row_text(settings, "VirtualSystemIdentifier");
    args = args_for(vm);
    if (job_busy(vm))
        code = BAD_STATE;
    else if (machine_state(vm) != POWER_OFF &&
             system_needs_off(settings, cJSON_GetObjectItem(instance, "p")))
        code = wrong_state(args);
    cJSON_AddItemToObject(args, "settings", instance);
    if (!code)
        return job_submit(call, "ModifySystemSettings", args);
    cJSON_Delete(args);
    return code;
}

static bool run_modify_system(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *instance = cJSON_GetObjectItem(args, "settings");

    if (refused(args, failure) || !system_modify(instance, failure))
        return false;
    add_path(affected, resource_row(instance));
    return true;
}

/* ---- AddResourceSettings ---- */

static bool any_needs_off(const cJSON *instances)
{
    const cJSON *instance;

    cJSON_ArrayForEach(instance, instances)
    {
        const char *type = cJSON_GetStringValue(
            cJSON_GetObjectItem(cJSON_GetObjectItem(instance, "p"), "ResourceSubType"));
        const struct resource_kind *kind = type ? resource_kind(type) : NULL;

        if (kind && kind->while_off)
            return true;
    }
    return false;
}

/* The id of the machine whose realized settings, or which itself, is named; NULL. */
static const char *machine_named(const struct invocation *call, const char *argument)
{
    const cJSON *row = in_row(call, argument, "Msvm_VirtualSystemSettingData");

    if (row && !strcmp(row_text(row, "VirtualSystemType"), TYPE_REALIZED))
        return row_text(row, "VirtualSystemIdentifier");
    row = in_row(call, argument, "Msvm_ComputerSystem");
    return row && memo(row, "host", 0) == 0 ? row_text(row, "Name") : NULL;
}

static DWORD add(struct invocation *call)
{
    const char *vm = machine_named(call, "AffectedConfiguration");
    cJSON *instances, *args;
    DWORD code = DONE;

    if (!vm)
        return BAD_PARAMETER;
    instances = instances_of(call, "ResourceSettings", "CIM_ResourceAllocationSettingData");
    if (!instances || !instances->child) {
        cJSON_Delete(instances);
        return BAD_PARAMETER;
    }
    args = args_for(vm);
    if (job_busy(vm))
        code = BAD_STATE;
    else if (machine_state(vm) != POWER_OFF && any_needs_off(instances))
        code = wrong_state(args);
    cJSON_AddItemToObject(args, "resources", instances);
    if (!code)
        return job_submit(call, "AddResourceSettings", args);
    cJSON_Delete(args);
    return code;
}

static bool run_add(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *instance;
    cJSON *row;

    if (refused(args, failure))
        return false;
    cJSON_ArrayForEach(instance, cJSON_GetObjectItem(args, "resources"))
    {
        if (!emulator_setting("GpuAmountsInAdd", 0) &&
            gpu_amounts_given(cJSON_GetObjectItem(instance, "p")))
            return job_fail(failure, BAD_PARAMETER, "Amounts cannot be given here");
        if (!resource_add(instance, vm_of(args), &row, failure))
            return false;
        add_path(affected, row);
    }
    return true;
}

/* ---- ModifyResourceSettings ---- */

/* All of one machine that is there: its id, the caller frees. NULL: not so. */
static char *owner_of_all(const cJSON *instances, bool *ret_needs_off)
{
    const cJSON *instance;
    char *owner = NULL;
    bool ok = instances->child != NULL;

    cJSON_ArrayForEach(instance, instances)
    {
        const cJSON *row = resource_row(instance);
        char *of = row ? instance_owner(row_text(row, "InstanceID")) : NULL;

        ok = ok && of && machine_find(of) && (!owner || !_stricmp(owner, of));
        if (ok && resource_needs_off(row, cJSON_GetObjectItem(instance, "p")))
            *ret_needs_off = true;
        if (!owner)
            owner = of;
        else
            free(of);
    }
    if (ok)
        return owner;
    free(owner);
    return NULL;
}

static DWORD modify(struct invocation *call)
{
    cJSON *instances = instances_of(call, "ResourceSettings", "CIM_ResourceAllocationSettingData");
    cJSON *args;
    bool needs_off = false;
    char *vm = instances ? owner_of_all(instances, &needs_off) : NULL;
    DWORD code = DONE;

    if (!vm) {
        cJSON_Delete(instances);
        return BAD_PARAMETER;
    }
    args = args_for(vm);
    cJSON_AddItemToObject(args, "resources", instances);
    if (job_busy(vm))
        code = BAD_STATE;
    else if (machine_state(vm) != POWER_OFF && needs_off)
        code = wrong_state(args);
    free(vm);
    if (!code)
        return job_submit(call, "ModifyResourceSettings", args);
    cJSON_Delete(args);
    return code;
}

static bool run_modify(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *instance;
    cJSON *row;

    if (refused(args, failure))
        return false;
    cJSON_ArrayForEach(instance, cJSON_GetObjectItem(args, "resources"))
    {
        if (!resource_modify(instance, &row, failure))
            return false;
        add_path(affected, row);
    }
    return true;
}

/* ---- RemoveResourceSettings ---- */

/* The machine of the rows that paths name, NULL when one is missing or they are of several. */
static char *owner_of_paths(const cJSON *paths, bool *ret_needs_off)
{
    const cJSON *path;
    char *owner = NULL;
    bool ok = cJSON_GetArraySize(paths) > 0;

    cJSON_ArrayForEach(path, paths)
    {
        const cJSON *row = store_at_text(path->valuestring);
        bool fits =
            row && row_is(row, "CIM_ResourceAllocationSettingData") && live_visible_row(row);
        char *of = fits ? instance_owner(row_text(row, "InstanceID")) : NULL;
        const struct resource_kind *kind =
            fits ? resource_kind(row_text(row, "ResourceSubType")) : NULL;

        ok = ok && of && machine_find(of) && (!owner || !_stricmp(owner, of));
        *ret_needs_off |= kind && kind->while_off;
        if (!owner)
            owner = of;
        else
            free(of);
    }
    if (ok)
        return owner;
    free(owner);
    return NULL;
}

static DWORD remove_resources(struct invocation *call)
{
    const cJSON *paths = cJSON_GetObjectItem(call->in, "ResourceSettings");
    bool needs_off = false;
    char *vm = owner_of_paths(paths, &needs_off);
    cJSON *args;
    DWORD code = DONE;

    if (!vm)
        return BAD_PARAMETER;
    args = args_for(vm);
    cJSON_AddItemToObject(args, "paths", cJSON_Duplicate(paths, true));
    if (job_busy(vm))
        code = BAD_STATE;
    else if (machine_state(vm) != POWER_OFF && needs_off)
        code = wrong_state(args);
    free(vm);
    if (!code)
        return job_submit(call, "RemoveResourceSettings", args);
    cJSON_Delete(args);
    return code;
}

static bool run_remove(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *path;

    (void)affected;
    if (refused(args, failure))
        return false;
    cJSON_ArrayForEach(path, cJSON_GetObjectItem(args, "paths"))
    {
        cJSON *row = store_at_text(path->valuestring);

        if (row && !resource_remove(row, failure))
            return false;
    }
    return true;
}

/* ---- UpgradeSystemVersion ---- */

static DWORD upgrade(struct invocation *call)
{
    const cJSON *vm = in_row(call, "ComputerSystem", "Msvm_ComputerSystem");

    if (!vm || memo(vm, "host", 0) != 0)
        return BAD_PARAMETER;
    if (machine_state(row_text(vm, "Name")) != POWER_OFF || job_busy(row_text(vm, "Name")))
        return BAD_STATE;
    return job_submit(call, "UpgradeSystemVersion", args_for(row_text(vm, "Name")));
}

static bool run_upgrade(const cJSON *args, cJSON *affected, struct failure *failure)
{
    cJSON *settings = machine_settings(vm_of(args));

    if (!settings)
        return job_fail(failure, BAD_PARAMETER, "There is no such machine");
    row_set(settings, "Version", template_version());
    add_path(affected, settings);
    return true;
}

/* ---- ModifyServiceSettings ---- */

static DWORD modify_service(struct invocation *call)
{
    const char *text = in_text(call, "SettingData");
    cJSON *instance =
        text ? in_instance(text, "Msvm_VirtualSystemManagementServiceSettingData") : NULL;
    cJSON *row = instance ? resource_row(instance) : NULL;
    const cJSON *value, *properties;

    properties = row ? cJSON_GetObjectItem(instance, "p") : NULL;
    cJSON_ArrayForEach(value, properties)
    {
        if (strcmp(value->string, "InstanceID") != 0)
            row_set_json(row, value->string, cJSON_Duplicate(value, true));
    }
    cJSON_Delete(instance);
    return row ? DONE : BAD_PARAMETER;
}

const struct method_row settings_methods[] = {
    {SERVICE, "AddResourceSettings", add},
    {SERVICE, "DefineSystem", define},
    {SERVICE, "DestroySystem", destroy},
    {SERVICE, "ModifyResourceSettings", modify},
    {SERVICE, "ModifyServiceSettings", modify_service},
    {SERVICE, "ModifySystemSettings", modify_system},
    {SERVICE, "RemoveResourceSettings", remove_resources},
    {SERVICE, "UpgradeSystemVersion", upgrade},
    {0},
};

const struct job_kind settings_jobs[] = {
    {.name = "AddResourceSettings",
     .class = "Msvm_ConcreteJob",
     .output = "ResultingResourceSettings",
     .type = 30,
     .run = run_add},
    {.name = "DefineSystem",
     .class = "Msvm_ConcreteJob",
     .output = "ResultingSystem",
     .type = 1,
     .run = run_define},
    {.name = "DestroySystem",
     .class = "Msvm_ConcreteJob",
     .type = 3,
     .slow = true,
     .run = run_destroy},
    {.name = "ModifyResourceSettings",
     .class = "Msvm_ConcreteJob",
     .output = "ResultingResourceSettings",
     .type = 31,
     .run = run_modify},
    {.name = "ModifySystemSettings",
     .class = "Msvm_ConcreteJob",
     .type = 2,
     .run = run_modify_system},
    {.name = "RemoveResourceSettings", .class = "Msvm_ConcreteJob", .type = 32, .run = run_remove},
    {.name = "UpgradeSystemVersion",
     .class = "Msvm_ConcreteJob",
     .type = 2,
     .slow = true,
     .run = run_upgrade},
    {0},
};
