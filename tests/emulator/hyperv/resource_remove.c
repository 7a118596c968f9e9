/* Removing a resource, with what hangs on it. */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

/* A row of the same machine whose Parent is path; NULL. */
static cJSON *child_of(const char *owner, const char *path)
{
    cJSON *row = NULL;

    while ((row = settings_next(owner, "CIM_ResourceAllocationSettingData", row)))
        if (!_stricmp(row_text(row, "Parent"), path))
            return row;
    return NULL;
}

static void remove_tree(cJSON *row, const char *owner, int depth)
{
    char *path = row_path(row);
    cJSON *child;

    while (depth < 4 && (child = child_of(owner, path)))
        remove_tree(child, owner, depth + 1);
    free(path);
    boot_remove(row);
    if (row_is(row, "Msvm_SyntheticEthernetPortSettingData"))
        network_removed(row);
    store_remove(row);
}

bool resource_remove(cJSON *row, struct failure *failure)
{
    const struct resource_kind *kind = resource_kind(row_text(row, "ResourceSubType"));
    char *owner;

    if (!kind || !kind->addable)
        return job_fail(failure, BAD_PARAMETER, "This resource stays: %s", row_class(row)->name);
    owner = instance_owner(row_text(row, "InstanceID"));
    remove_tree(row, owner, 0);
    free(owner);
    return true;
}
