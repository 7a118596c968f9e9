/* Boot entries: made with drives and ports, named by full paths in BootSourceOrder. Facts:
 * hyperv-wmi.md §10. */
#include "resource.h"

#include "hyperv.h"
#include "machine.h"

#include <stdlib.h>
#include <string.h>

void boot_add(const cJSON *device, const char *description, int type)
{
    char *owner = instance_owner(row_text(device, "InstanceID")), *id, *path;
    cJSON *settings = machine_settings(owner), *entry, *order;

    free(owner);
    if (!settings || strcmp(row_text(settings, "VirtualSystemSubType"), SUB_TYPE "SubType:2") != 0)
        return;
    entry = store_add("Msvm_BootSourceSettingData");
    id = emulator_print("%s\\B", row_text(device, "InstanceID"));
    row_set(entry, "InstanceID", id);
    row_set(entry, "ElementName", description);
    row_set(entry, "BootSourceDescription", description);
    row_set_number(entry, "BootSourceType", type);
    row_set(entry,
            "FirmwareDevicePath",
            type == 1 ? "\\AcpiEx(VMBus,0,0)\\VenHw(9B17E5A2)\\Scsi(0,0)"
                      : "\\AcpiEx(VMBus,0,0)\\VenHw(9B17E5A2)\\MAC()");
    path = row_path(entry);
    order = cJSON_GetObjectItem(row_properties(settings), "BootSourceOrder");
    if (order)
        cJSON_AddItemToArray(order, cJSON_CreateString(path));
    else
        row_set(settings, "BootSourceOrder", path);
    free(path);
    free(id);
}

void boot_remove(const cJSON *device)
{
    char *id = emulator_print("%s\\B", row_text(device, "InstanceID")), *path, *owner;
    cJSON *entry = store_find("Msvm_BootSourceSettingData", "InstanceID", id), *order, *settings;

    free(id);
    if (!entry)
        return;
    owner = instance_owner(row_text(device, "InstanceID"));
    settings = machine_settings(owner);
    free(owner);
    path = row_path(entry);
    store_remove(entry);
    order = settings ? cJSON_GetObjectItem(row_properties(settings), "BootSourceOrder") : NULL;
    for (int i = cJSON_GetArraySize(order) - 1; i >= 0; i--)
        if (!_stricmp(cJSON_GetArrayItem(order, i)->valuestring, path))
            cJSON_DeleteItemFromArray(order, i);
    free(path);
}
