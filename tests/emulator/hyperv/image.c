/* The image service: disk files as it makes, describes and mounts them. The files that it makes are
 * no disks that anybody can read; what is told of them is remembered. Facts: hyperv-wmi.md §16. */
#include "hyperv.h"
#include "job.h"
#include "machine.h"
#include "method.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum {
    TYPE_FIXED = 2,
    TYPE_DYNAMIC = 3,
    TYPE_CHILD = 4,
    FORMAT_VHD = 2,
    FORMAT_SET = 4,
    BY_PATH = 2
};

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));

    return text ? text : "";
}

static int number_of(const cJSON *object, const char *name)
{
    const cJSON *number = cJSON_GetObjectItem(object, name);

    return cJSON_IsNumber(number) ? number->valueint : 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);

    return length >= tail && !_stricmp(text + length - tail, end);
}

static DWORD attributes_of(const char *path)
{
    wchar_t wide[MAX_PATH];

    if (!MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, MAX_PATH))
        return INVALID_FILE_ATTRIBUTES;
    return GetFileAttributesW(wide);
}

static bool file_exists(const char *path)
{
    DWORD attributes = attributes_of(path);

    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* {path: properties} of the disks that were made here. */
static cJSON *images(void)
{
    cJSON *all = cJSON_GetObjectItem(store_root(), "images");

    return all ? all : cJSON_AddObjectToObject(store_root(), "images");
}

/* ---- CreateVirtualHardDisk ---- */

static DWORD check_new_disk(const cJSON *p)
{
    const char *path = text_of(p, "Path");
    int type = number_of(p, "Type"), format = number_of(p, "Format");
    uint64_t size = strtoull(text_of(p, "MaxInternalSize"), NULL, 10);

    if (type < TYPE_FIXED || type > TYPE_CHILD || format < FORMAT_VHD || format > FORMAT_SET)
        return BAD_PARAMETER;
    if (!ends_with(path, format == FORMAT_VHD ? ".vhd" : format == FORMAT_SET ? ".vhds" : ".vhdx"))
        return BAD_PARAMETER;
    if (type == TYPE_CHILD)
        return text_of(p, "ParentPath")[0] ? DONE : BAD_PARAMETER;
    return size && size % 512 == 0 ? DONE : BAD_PARAMETER;
}

static DWORD create_disk(struct invocation *call)
{
    const char *text = in_text(call, "VirtualDiskSettingData");
    cJSON *settings = text ? in_instance(text, "Msvm_VirtualHardDiskSettingData") : NULL, *args;
    DWORD code = settings ? check_new_disk(cJSON_GetObjectItem(settings, "p")) : BAD_PARAMETER;

    if (code) {
        cJSON_Delete(settings);
        return code;
    }
    args = cJSON_CreateObject();
    cJSON_AddItemToObject(args, "settings", settings);
    return job_submit(call, "CreateVirtualHardDisk", args);
}

static bool write_disk(const char *path, struct failure *failure)
{
    wchar_t wide[MAX_PATH];
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD written, error = ERROR_BAD_PATHNAME;

    if (MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, MAX_PATH)) {
        file = CreateFileW(wide, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        error = GetLastError();
    }
    if (file == INVALID_HANDLE_VALUE)
        return job_fail(failure, FAILED_CODE, "'%s' cannot be made. (0x8007%04lX)", path, error);
    WriteFile(file, "vhdxfile", 8, &written, NULL);
    CloseHandle(file);
    return true;
}

static bool run_create(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const cJSON *p = cJSON_GetObjectItem(cJSON_GetObjectItem(args, "settings"), "p");
    const char *path = text_of(p, "Path");

    (void)affected;
    if (number_of(p, "Type") == TYPE_CHILD && !file_exists(text_of(p, "ParentPath")))
        return job_fail(failure,
                        FAILED_CODE,
                        "There is no parent '%s'. (0x80070002)",
                        text_of(p, "ParentPath"));
    if (!write_disk(path, failure))
        return false;
    cJSON_DeleteItemFromObject(images(), path);
    cJSON_AddItemToObject(images(), path, cJSON_Duplicate(p, true));
    store_changed();
    return true;
}

/* ---- what a file is ---- */

static DWORD answer_text(struct invocation *call, const char *output, const char *class, cJSON *p)
{
    cJSON *instance = cJSON_CreateObject();
    char *text;

    cJSON_AddStringToObject(instance, "class", class);
    cJSON_AddItemToObject(instance, "p", p);
    text = text_xml_json(NAMESPACE_HYPERV, instance);
    cJSON_AddStringToObject(call->out, output, text);
    free(text);
    cJSON_Delete(instance);
    return DONE;
}

static DWORD get_settings(struct invocation *call)
{
    const char *path = in_text(call, "Path");
    const cJSON *known = path ? cJSON_GetObjectItem(images(), path) : NULL;
    cJSON *p;

    if (!path || !*path)
        return BAD_PARAMETER;
    if (!file_exists(path))
        return NO_FILE;
    if (known)
        return answer_text(
            call, "SettingData", "Msvm_VirtualHardDiskSettingData", cJSON_Duplicate(known, true));
    p = cJSON_CreateObject();
    cJSON_AddNumberToObject(p, "Type", TYPE_DYNAMIC);
    cJSON_AddNumberToObject(p, "Format", ends_with(path, ".vhd") ? FORMAT_VHD : FORMAT_VHD + 1);
    cJSON_AddStringToObject(p, "Path", path);
    cJSON_AddStringToObject(p, "MaxInternalSize", "137438953472");
    return answer_text(call, "SettingData", "Msvm_VirtualHardDiskSettingData", p);
}

/* In use: by a machine that runs, or mounted here. */
static bool in_use(const char *path)
{
    cJSON *row = NULL;
    bool used = store_find("Msvm_MountedStorageImage", "Name", path) != NULL;

    while (!used && (row = store_next("Msvm_StorageAllocationSettingData", row))) {
        const char *file = row_item(row, "HostResource", 0);
        char *owner = instance_owner(row_text(row, "InstanceID"));
        const cJSON *vm = machine_find(owner);

        used = file && vm && !_stricmp(file, path) && memo(vm, "booted", 0) > 0;
        free(owner);
    }
    return used;
}

static DWORD get_state(struct invocation *call)
{
    const char *path = in_text(call, "Path");
    cJSON *p;

    if (!path || !*path)
        return BAD_PARAMETER;
    if (!file_exists(path))
        return NO_FILE;
    p = cJSON_CreateObject();
    cJSON_AddStringToObject(p, "FileSize", "4194304");
    cJSON_AddBoolToObject(p, "InUse", in_use(path));
    cJSON_AddNumberToObject(p, "Alignment", 0);
    return answer_text(call, "State", "Msvm_VirtualHardDiskState", p);
}

/* ---- mounting ---- */

static DWORD attach(struct invocation *call)
{
    const char *path = in_text(call, "Path");
    cJSON *args;

    if (emulator_rights() != RIGHTS_ADMINISTRATOR)
        return DENIED;
    if (!path || !*path)
        return BAD_PARAMETER;
    if (!file_exists(path))
        return NO_FILE;
    args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "path", path);
    return job_submit(call, "AttachVirtualHardDisk", args);
}

static bool run_attach(const cJSON *args, cJSON *affected, struct failure *failure)
{
    const char *path = text_of(args, "path");
    cJSON *row = NULL;
    int lun = 0;
    char *own;

    if (in_use(path))
        return job_fail(failure, FAILED_CODE, "'%s' is in use. (0x80070020)", path);
    while ((row = store_next("Msvm_MountedStorageImage", row)))
        lun = (int)row_number(row, "Lun", 0) + 1;
    row = store_add("Msvm_MountedStorageImage");
    row_set_all(row, "PathId=0;PortNumber=5;TargetId=0");
    row_set_number(row, "Lun", lun);
    row_set(row, "Name", path);
    own = row_path(row);
    cJSON_AddItemToArray(affected, cJSON_CreateString(own));
    free(own);
    return true;
}

static DWORD find_mounted(struct invocation *call)
{
    const char *path = in_text(call, "SelectionCriterion");
    const cJSON *row;
    char *own;

    if (!path || number_of(call->in, "CriterionType") != BY_PATH)
        return BAD_PARAMETER;
    row = store_find("Msvm_MountedStorageImage", "Name", path);
    if (!row)
        return NO_OBJECT;
    own = row_path(row);
    cJSON_AddStringToObject(call->out, "Image", own);
    free(own);
    return DONE;
}

static DWORD detach(struct invocation *call)
{
    store_remove(call->target);
    call->target = NULL;
    return DONE;
}

#define SERVICE "Msvm_ImageManagementService"

const struct method_row image_methods[] = {
    {SERVICE, "AttachVirtualHardDisk", attach},
    {SERVICE, "CreateVirtualHardDisk", create_disk},
    {SERVICE, "FindMountedStorageImageInstance", find_mounted},
    {SERVICE, "GetVirtualHardDiskSettingData", get_settings},
    {SERVICE, "GetVirtualHardDiskState", get_state},
    {"Msvm_MountedStorageImage", "DetachVirtualHardDisk", detach},
    {0},
};

const struct job_kind image_jobs[] = {
    {.name = "AttachVirtualHardDisk",
     .class = "Msvm_StorageJob",
     .type = 5,
     .slow = true,
     .run = run_attach},
    {.name = "CreateVirtualHardDisk",
     .class = "Msvm_StorageJob",
     .type = 1,
     .slow = true,
     .run = run_create},
    {0},
};
