/* Integration components and the keyboard: shutdown, key-value pairs. Facts: hyperv-wmi.md §15,
 * §17, §19, §22 (trap 16). */
#include "hyperv.h"
#include "machine.h"
#include "method.h"
#include "resource.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

enum {
    NOT_READY = 32780,
    LOCKED = 32781,
    SHUTTING_DOWN = 32782,
    ITEMS_MAX = 128,
    DATA_CHARS_MAX = 1024,
    FILE_BYTES = 65536
};

/* ---- shutdown ---- */

static DWORD ask(struct invocation *call, const char *what)
{
    const cJSON *vm = machine_find(row_text(call->target, "SystemName"));

    if (!vm || machine_heartbeat(vm) != 2)
        return NOT_READY;
    if (memo(vm, "stopping", 0) > 0)
        return SHUTTING_DOWN;
    if (emulator_setting("GuestLocked", 0) && !cJSON_IsTrue(cJSON_GetObjectItem(call->in, "Force")))
        return LOCKED;
    machine_ask(row_text(vm, "Name"), what);
    return DONE;
}

/* Both arguments are needed, though they may say little. */
static bool has_arguments(const struct invocation *call)
{
    return cJSON_GetObjectItem(call->in, "Force") && cJSON_GetObjectItem(call->in, "Reason");
}

static DWORD shut_down(struct invocation *call)
{
    return has_arguments(call) ? ask(call, "shutdown") : BAD_PARAMETER;
}

static DWORD reboot(struct invocation *call)
{
    return has_arguments(call) ? ask(call, "reboot") : BAD_PARAMETER;
}

/* ---- key-value pairs ---- */

static char *item_text(const char *name, const char *data, int source)
{
    cJSON *item = cJSON_CreateObject(), *p = cJSON_AddObjectToObject(item, "p");
    char *text;

    cJSON_AddStringToObject(item, "class", "Msvm_KvpExchangeDataItem");
    cJSON_AddStringToObject(p, "Name", name);
    cJSON_AddStringToObject(p, "Data", data);
    cJSON_AddNumberToObject(p, "Source", source);
    text = text_xml_json(NAMESPACE_HYPERV, item);
    cJSON_Delete(item);
    return text;
}

static void
add_item(cJSON *properties, const char *list, const char *name, const char *data, int source)
{
    cJSON *items = cJSON_GetObjectItem(properties, list);
    char *text = item_text(name, data, source);

    if (!items)
        items = cJSON_AddArrayToObject(properties, list);
    cJSON_AddItemToArray(items, cJSON_CreateString(text));
    free(text);
}

void machine_kvp(const cJSON *vm, cJSON *properties)
{
    static const char *const intrinsic[][2] = {
        {"FullyQualifiedDomainName", "GUEST"},
        {"OSName", "Windows 11 Pro"},
        {"OSVersion", "10.0.22631"},
        {"OSBuildNumber", "22631"},
        {"OSMajorVersion", "10"},
        {"OSMinorVersion", "0"},
        {"OSPlatformId", "2"},
        {"ProcessorArchitecture", "9"},
        {"IntegrationServicesVersion", "10.0.22631"},
    };
    static char file[FILE_BYTES];
    char *rest = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(intrinsic) && machine_heartbeat(vm) == 2; i++)
        add_item(properties, "GuestIntrinsicExchangeItems", intrinsic[i][0], intrinsic[i][1], 2);
    hook_file("kvp", row_text(vm, "Name"), file, sizeof(file));
    for (char *line = strtok_s(file, "\r\n", &rest); line; line = strtok_s(NULL, "\r\n", &rest)) {
        char *name = strchr(line, ' '), *data = name ? strchr(name + 1, ' ') : NULL;
        bool guest = !strncmp(line, "guest ", 6);

        if (!data)
            continue;
        *data++ = '\0';
        add_item(properties,
                 guest ? "GuestExchangeItems" : "GuestIntrinsicExchangeItems",
                 name + 1,
                 data,
                 guest ? 1 : 2);
    }
}

/* The place of an item among the host's, -1. */
static int find_item(const cJSON *items, const char *name)
{
    const cJSON *text;
    int index = 0;

    cJSON_ArrayForEach(text, items)
    {
        cJSON *item = in_instance(text->valuestring, "Msvm_KvpExchangeDataItem");
        bool same = item && !_stricmp(cJSON_GetStringValue(cJSON_GetObjectItem(
                                          cJSON_GetObjectItem(item, "p"), "Name")),
                                      name);

        cJSON_Delete(item);
        if (same)
            return index;
        index++;
    }
    return -1;
}

/* Adds, changes or removes one item; whether it must be there depends. */
static bool change_item(cJSON *row, const cJSON *item, const char *how, struct failure *failure)
{
    const cJSON *p = cJSON_GetObjectItem(item, "p");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(p, "Name"));
    const char *data = cJSON_GetStringValue(cJSON_GetObjectItem(p, "Data"));
    cJSON *items = cJSON_GetObjectItem(row_properties(row), "HostExchangeItems");
    int at = find_item(items, name);
    char *text;

    if ((at >= 0) == !strcmp(how, "AddKvpItems"))
        return job_fail(
            failure, BAD_PARAMETER, at >= 0 ? "'%s' is there" : "There is no '%s'", name);
    if (!items) {
        row_set_json(row, "HostExchangeItems", cJSON_CreateArray());
        items = cJSON_GetObjectItem(row_properties(row), "HostExchangeItems");
    }
    if (at >= 0)
        cJSON_DeleteItemFromArray(items, at);
    if (strcmp(how, "RemoveKvpItems") != 0) {
        text = item_text(name, data ? data : "", 0);
        cJSON_AddItemToArray(items, cJSON_CreateString(text));
        free(text);
    }
    store_changed();
    return true;
}

static bool run_items(const cJSON *args, const char *how, struct failure *failure)
{
    const char *vm = cJSON_GetStringValue(cJSON_GetObjectItem(args, "machine"));
    cJSON *row = settings_next(vm, "Msvm_KvpExchangeComponentSettingData", NULL);
    const cJSON *item;

    if (!row)
        return job_fail(failure, BAD_PARAMETER, "There is no such machine");
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(args, "items"))
    {
        if (!change_item(row, item, how, failure))
            return false;
    }
    return true;
}

static bool run_add_items(const cJSON *args, cJSON *affected, struct failure *failure)
{
    (void)affected;
    return run_items(args, "AddKvpItems", failure);
}

static bool run_modify_items(const cJSON *args, cJSON *affected, struct failure *failure)
{
    (void)affected;
    return run_items(args, "ModifyKvpItems", failure);
}

static bool run_remove_items(const cJSON *args, cJSON *affected, struct failure *failure)
{
    (void)affected;
    return run_items(args, "RemoveKvpItems", failure);
}

static bool item_allowed(const cJSON *item)
{
    const cJSON *p = cJSON_GetObjectItem(item, "p");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(p, "Name"));
    const char *data = cJSON_GetStringValue(cJSON_GetObjectItem(p, "Data"));

    return name && *name && (!data || strlen(data) <= DATA_CHARS_MAX);
}

static DWORD change_items(struct invocation *call)
{
    const cJSON *vm = in_row(call, "TargetSystem", "Msvm_ComputerSystem"), *text;
    const cJSON *texts = cJSON_GetObjectItem(call->in, "DataItems");
    cJSON *args, *items;
    bool ok = cJSON_GetArraySize(texts) > 0 && cJSON_GetArraySize(texts) <= ITEMS_MAX;

    if (!vm || memo(vm, "host", 0) != 0)
        return BAD_PARAMETER;
    args = cJSON_CreateObject();
    cJSON_AddStringToObject(args, "machine", row_text(vm, "Name"));
    items = cJSON_AddArrayToObject(args, "items");
    cJSON_ArrayForEach(text, texts)
    {
        cJSON *item = in_instance(text->valuestring, "Msvm_KvpExchangeDataItem");

        ok = ok && item && item_allowed(item);
        if (item)
            cJSON_AddItemToArray(items, item);
    }
    if (ok)
        return job_submit(call, call->method->name, args);
    cJSON_Delete(args);
    return BAD_PARAMETER;
}

/* ---- keyboard ---- */

static DWORD press(struct invocation *call)
{
    state_log("hyperv", "- %s on %s", call->method->name, row_text(call->target, "SystemName"));
    return DONE;
}

static DWORD type_text(struct invocation *call)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(call->in, "AsciiText"));

    return text && *text ? press(call) : BAD_PARAMETER;
}

#define SERVICE "Msvm_VirtualSystemManagementService"

const struct method_row component_methods[] = {
    {SERVICE, "AddKvpItems", change_items},
    {SERVICE, "ModifyKvpItems", change_items},
    {SERVICE, "RemoveKvpItems", change_items},
    {"Msvm_Keyboard", "TypeCtrlAltDel", press},
    {"Msvm_Keyboard", "TypeText", type_text},
    {"Msvm_ShutdownComponent", "InitiateReboot", reboot},
    {"Msvm_ShutdownComponent", "InitiateShutdown", shut_down},
    {0},
};

const struct job_kind component_jobs[] = {
    {.name = "AddKvpItems",
     .class = "Msvm_ConcreteJob",
     .type = 31,
     .slow = true,
     .run = run_add_items},
    {.name = "ModifyKvpItems",
     .class = "Msvm_ConcreteJob",
     .type = 31,
     .slow = true,
     .run = run_modify_items},
    {.name = "RemoveKvpItems",
     .class = "Msvm_ConcreteJob",
     .type = 31,
     .slow = true,
     .run = run_remove_items},
    {0},
};
