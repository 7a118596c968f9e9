/* Adding a resource. Facts: hyperv-wmi.md §7.3, §9, §22 (traps 2 to 4). */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"
#include "value.h"

#include <stdlib.h>
#include <string.h>

static const char *text_in(const cJSON *properties, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(properties, name));

    return text ? text : "";
}

/* What every template has and no bare instance: one of these. */
static bool comes_from_template(const cJSON *properties)
{
    return !_strnicmp(text_in(properties, "InstanceID"), DEFINITION, strlen(DEFINITION)) ||
           cJSON_GetObjectItem(properties, "AutomaticAllocation") ||
           cJSON_GetObjectItem(properties, "AllocationUnits");
}

static const struct resource_kind *kind_to_add(const cJSON *instance, struct failure *failure)
{
    const cJSON *p = cJSON_GetObjectItem(instance, "p");
    const cJSON *type = cJSON_GetObjectItem(p, "ResourceType");
    const struct resource_kind *kind = resource_kind(text_in(p, "ResourceSubType"));

    if (!kind || !type || type->valueint != kind->type) {
        job_fail(
            failure, BAD_PARAMETER, "The resource has no type: %s", text_in(instance, "class"));
        return NULL;
    }
    if (strcmp(kind->class, text_in(instance, "class")) != 0 || !kind->addable) {
        job_fail(failure, BAD_PARAMETER, "Not a resource to add: %s", kind->sub_type);
        return NULL;
    }
    if (!kind->by_hand && !comes_from_template(p)) {
        job_fail(
            failure, BAD_PARAMETER, "The resource lacks what its template has: %s", kind->sub_type);
        return NULL;
    }
    return kind;
}

/* The row that Parent names, when it may carry such a resource. */
static cJSON *parent_of(const struct resource_kind *kind,
                        const cJSON *properties,
                        const char *owner,
                        struct failure *failure)
{
    cJSON *parent = store_at_text(text_in(properties, "Parent"));
    const char *sub_type = parent ? row_text(parent, "ResourceSubType") : "";
    char *of = parent ? instance_owner(row_text(parent, "InstanceID")) : NULL;
    bool ours = of && !_stricmp(of, owner);

    free(of);
    if (!ours) {
        job_fail(failure, BAD_PARAMETER, "Parent names nothing of this machine");
        return NULL;
    }
    if (_stricmp(sub_type, kind->parent) != 0 &&
        (!kind->other_parent || _stricmp(sub_type, kind->other_parent) != 0)) {
        job_fail(failure, FAILED_CODE, "%s cannot be attached to %s", kind->sub_type, sub_type);
        return NULL;
    }
    return parent;
}

static int count(const struct resource_kind *kind, const char *owner)
{
    cJSON *row = NULL;
    int found = 0;

    while ((row = settings_next(owner, kind->class, row)))
        found += !_stricmp(row_text(row, "ResourceSubType"), kind->sub_type);
    return found;
}

/* Ids grow with what they hang on: see hyperv-wmi.md §2. The caller frees. */
static char *instance_id(const struct resource_kind *kind,
                         const char *owner,
                         const cJSON *parent,
                         const cJSON *properties)
{
    char *guid = emulator_guid(), *id;
    const char *on = parent ? row_text(parent, "InstanceID") : "";
    size_t length = strlen(on);

    if (!parent)
        id = emulator_print(
            kind->type == 6 ? "Microsoft:%s\\%s\\0" : "Microsoft:%s\\%s", owner, guid);
    else if (kind->type == 31) /* the drive's id with another end */
        id = emulator_print("%.*sL", (int)length - 1, on);
    else if (kind->type == 33)
        id = emulator_print("%s\\%s", on, guid);
    else
        id = emulator_print("%s\\%s\\D", on, text_in(properties, "AddressOnParent"));
    free(guid);
    return id;
}

static void add_boot_entry(const struct resource_kind *kind, const cJSON *row)
{
    if (kind->type == 17 || kind->type == 16)
        boot_add(row, "EFI SCSI Device", 1);
    else if (kind->type == 10)
        boot_add(row, "EFI Network", 2);
}

bool resource_add(const cJSON *instance,
                  const char *owner,
                  cJSON **ret_row,
                  struct failure *failure)
{
    const cJSON *properties = cJSON_GetObjectItem(instance, "p"), *value;
    const struct resource_kind *kind = kind_to_add(instance, failure);
    cJSON *parent = NULL, *row;
    char *id;

    if (!kind)
        return false;
    if (kind->most && count(kind, owner) >= kind->most)
        return job_fail(failure, BAD_PARAMETER, "The machine has all of %s", kind->sub_type);
    if (kind->parent) {
        parent = parent_of(kind, properties, owner, failure);
        if (!parent)
            return false;
    }
    id = instance_id(kind, owner, parent, properties);
    if (store_find("CIM_ResourceAllocationSettingData", "InstanceID", id)) {
        free(id);
        return job_fail(failure, BAD_PARAMETER, "There is something in that place already");
    }
    row = store_add(kind->class);
    cJSON_ArrayForEach(value, properties)
        row_set_json(row, value->string, cJSON_Duplicate(value, true));
    row_set(row, "InstanceID", id);
    free(id);
    if (kind->check && !kind->check(row, owner, failure))
        return false;
    add_boot_entry(kind, row);
    *ret_row = row;
    return true;
}
