/* Properties by DEVPROPKEY. */
#include "property.h"

#include <initguid.h>
#include <devpkey.h>
#include <objbase.h>
#include <setupapi.h>
#include <string.h>
#include <wchar.h>

static bool put(struct value *value, DEVPROPTYPE type, const void *data, size_t size)
{
    value->type = type;
    value->size = (DWORD)size;
    memcpy(value->data, data, size);
    return true;
}

static bool put_text(struct value *value, const wchar_t *text)
{
    return *text && put(value, DEVPROP_TYPE_STRING, text, (wcslen(text) + 1) * sizeof(wchar_t));
}

static bool put_number(struct value *value, DWORD number)
{
    return put(value, DEVPROP_TYPE_UINT32, &number, sizeof(number));
}

static bool put_bool(struct value *value, bool truth)
{
    DEVPROP_BOOLEAN byte = truth ? DEVPROP_TRUE : DEVPROP_FALSE;

    return put(value, DEVPROP_TYPE_BOOLEAN, &byte, sizeof(byte));
}

/* ---- same as an SPDRP_ number ---- */

static DEVPROPTYPE type_of(DWORD reg_type)
{
    return reg_type == REG_DWORD      ? DEVPROP_TYPE_UINT32
           : reg_type == REG_MULTI_SZ ? DEVPROP_TYPE_STRING_LIST
                                      : DEVPROP_TYPE_STRING;
}

/* The keys of this format are the SPDRP_ numbers, two higher. */
static bool get_registry(const struct node *node, const DEVPROPKEY *key, struct value *value)
{
    GUID guid;

    if (key->pid < 2 || key->pid - 2 >= SPDRP_MAXIMUM_PROPERTY ||
        !registry_property(node, key->pid - 2, value))
        return false;
    value->type = type_of(value->type);
    if (IsEqualDevPropKey(*key, DEVPKEY_Device_ClassGuid))
        return !CLSIDFromString((const wchar_t *)value->data, &guid) &&
               put(value, DEVPROP_TYPE_GUID, &guid, sizeof(guid));
    return true;
}

/* ---- from the driver's key ---- */

static const struct {
    const DEVPROPKEY *key;
    const wchar_t *value;
} driver_texts[] = {
    {&DEVPKEY_Device_DriverVersion, L"DriverVersion"},
    {&DEVPKEY_Device_DriverDesc, L"DriverDesc"},
    {&DEVPKEY_Device_DriverInfPath, L"InfPath"},
    {&DEVPKEY_Device_DriverInfSection, L"InfSection"},
    {&DEVPKEY_Device_MatchingDeviceId, L"MatchingDeviceId"},
    {&DEVPKEY_Device_DriverProvider, L"ProviderName"},
};

static bool get_driver(const struct node *node, const DEVPROPKEY *key, struct value *value)
{
    wchar_t path[PATH_CHARS], text[PNP_ID_MAX];
    DWORD size = sizeof(FILETIME);
    FILETIME date;

    node_driver_path(node, path);
    if (!*path)
        return false;
    for (size_t i = 0; i < sizeof(driver_texts) / sizeof(driver_texts[0]); i++)
        if (IsEqualDevPropKey(*key, *driver_texts[i].key))
            return reg_text(path, driver_texts[i].value, text, PNP_ID_MAX) && put_text(value, text);
    return IsEqualDevPropKey(*key, DEVPKEY_Device_DriverDate) &&
           !RegGetValueW(
               HKEY_LOCAL_MACHINE, path, L"DriverDateData", RRF_RT_ANY, NULL, &date, &size) &&
           put(value, DEVPROP_TYPE_FILETIME, &date, sizeof(date));
}

/* ---- computed ---- */

static bool get_children(const struct node *node, struct value *value)
{
    wchar_t list[LIST_CHARS] = L"", parent[PNP_ID_MAX];
    struct tree tree;

    memset(list, 0, sizeof(list));
    tree_load(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        node_parent(&tree.items[i], parent);
        if (tree.items[i].present && !_wcsicmp(parent, node->id))
            list_add(list, tree.items[i].id);
    }
    tree_done(&tree);
    return *list && put(value, DEVPROP_TYPE_STRING_LIST, list, list_bytes(list));
}

static bool get_instance(const struct node *node, struct value *value)
{
    return put_text(value, node->id);
}

/* Status and problem are told of devices that are there alone. */
static bool get_status(const struct node *node, struct value *value)
{
    return node->present && put_number(value, node_status(node));
}

static bool get_problem(const struct node *node, struct value *value)
{
    return put_number(value, node->present ? node->problem : CM_PROB_PHANTOM);
}

static bool get_has_problem(const struct node *node, struct value *value)
{
    return put_bool(value, !node->present || node->problem);
}

static bool get_present(const struct node *node, struct value *value)
{
    return put_bool(value, node->present);
}

static bool get_reboot(const struct node *node, struct value *value)
{
    return put_bool(value, node->need_restart);
}

static bool get_parent(const struct node *node, struct value *value)
{
    wchar_t parent[PNP_ID_MAX];

    node_parent(node, parent);
    return put_text(value, parent);
}

static bool get_bus_description(const struct node *node, struct value *value)
{
    wchar_t text[PNP_ID_MAX];

    node_text(node, L"BusDescription", text, PNP_ID_MAX);
    return put_text(value, text);
}

static bool get_name(const struct node *node, struct value *value)
{
    wchar_t text[PNP_ID_MAX];

    node_text(node, L"FriendlyName", text, PNP_ID_MAX);
    if (!*text)
        node_text(node, L"DeviceDesc", text, PNP_ID_MAX);
    return put_text(value, text);
}

static bool get_siblings(const struct node *node, struct value *value)
{
    struct node parent;
    wchar_t id[PNP_ID_MAX];

    node_parent(node, id);
    return node_load(id, &parent) && get_children(&parent, value);
}

static const struct {
    const DEVPROPKEY *key;
    bool (*get)(const struct node *node, struct value *value);
} rows[] = {
    {&DEVPKEY_NAME, get_name},
    {&DEVPKEY_Device_InstanceId, get_instance},
    {&DEVPKEY_Device_DevNodeStatus, get_status},
    {&DEVPKEY_Device_ProblemCode, get_problem},
    {&DEVPKEY_Device_HasProblem, get_has_problem},
    {&DEVPKEY_Device_IsPresent, get_present},
    {&DEVPKEY_Device_IsRebootRequired, get_reboot},
    {&DEVPKEY_Device_Parent, get_parent},
    {&DEVPKEY_Device_Children, get_children},
    {&DEVPKEY_Device_Siblings, get_siblings},
    {&DEVPKEY_Device_BusReportedDeviceDesc, get_bus_description},
};

static bool is_computed(const DEVPROPKEY *key)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (IsEqualDevPropKey(*key, *rows[i].key))
            return true;
    return IsEqualGUID(&key->fmtid, &DEVPKEY_Device_DriverVersion.fmtid);
}

/* ---- stored: Properties\{format}\pid of the device's key, as Windows and Wine keep them ---- */

static void stored_path(const struct node *node, const DEVPROPKEY *key, wchar_t *ret_path)
{
    wchar_t base[PATH_CHARS], guid[40];

    node_path(node, base);
    StringFromGUID2(&key->fmtid, guid, 40);
    swprintf(ret_path, PATH_CHARS, L"%ls\\Properties\\%ls\\%04lX", base, guid, key->pid);
}

static bool get_stored(const struct node *node, const DEVPROPKEY *key, struct value *value)
{
    wchar_t path[PATH_CHARS];
    DWORD type, size = VALUE_BYTES;
    HKEY opened;
    bool ok;

    stored_path(node, key, path);
    opened = reg_open(path, false);
    if (!opened)
        return false;
    ok = !RegQueryValueExW(opened, NULL, NULL, &type, value->data, &size);
    RegCloseKey(opened);
    value->type = type & 0xffff;
    value->size = size;
    return ok;
}

bool device_property(const struct node *node, const DEVPROPKEY *key, struct value *ret_value)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (IsEqualDevPropKey(*key, *rows[i].key))
            return rows[i].get(node, ret_value);
    if (IsEqualGUID(&key->fmtid, &DEVPKEY_Device_DeviceDesc.fmtid))
        return get_registry(node, key, ret_value);
    if (IsEqualGUID(&key->fmtid, &DEVPKEY_Device_DriverVersion.fmtid))
        return get_driver(node, key, ret_value);
    return get_stored(node, key, ret_value);
}

DWORD device_property_set(
    const struct node *node, const DEVPROPKEY *key, DEVPROPTYPE type, const BYTE *data, DWORD size)
{
    wchar_t path[PATH_CHARS];
    HKEY opened;

    if (is_computed(key))
        return ERROR_ACCESS_DENIED;
    if (IsEqualGUID(&key->fmtid, &DEVPKEY_Device_DeviceDesc.fmtid))
        return key->pid < 2 || key->pid - 2 >= SPDRP_MAXIMUM_PROPERTY
                   ? ERROR_NOT_FOUND
                   : registry_property_set(node, key->pid - 2, data, size);
    stored_path(node, key, path);
    if (!data) {
        reg_delete(path);
        return 0;
    }
    opened = reg_open(path, true);
    if (!opened)
        return ERROR_PNP_REGISTRY_ERROR;
    RegSetValueExW(opened, NULL, 0, 0xffff0000 | type, data, size);
    RegCloseKey(opened);
    return 0;
}
