/* Device interfaces by class. */
#include "cm.h"

#include <initguid.h>
#include <devpkey.h>
#include <objbase.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { PATHS_CHARS = 32 * 1024 };

static const DEVPROPKEY interface_enabled = {
    {0x026e516e, 0xb814, 0x414b, {0x83, 0xcd, 0x85, 0x6d, 0x6f, 0xef, 0x48, 0x22}}, 3};
static const DEVPROPKEY interface_class = {
    {0x026e516e, 0xb814, 0x414b, {0x83, 0xcd, 0x85, 0x6d, 0x6f, 0xef, 0x48, 0x22}}, 4};

static bool is_enabled(const struct node *node, const wchar_t *guid)
{
    wchar_t classes[LIST_CHARS];

    if (!node->started)
        return false;
    interface_classes(node, classes);
    return list_find(classes, guid) >= 0;
}

static CONFIGRET check(const GUID *class_guid, const wchar_t *id, ULONG flags)
{
    struct node node;

    if (!class_guid)
        return CR_INVALID_POINTER;
    if (flags & ~(ULONG)CM_GET_DEVICE_INTERFACE_LIST_BITS)
        return CR_INVALID_FLAG;
    if (id && *id && !node_load(id, &node))
        return CR_NO_SUCH_DEVNODE; /* [probe] an empty list instead? */
    return CR_SUCCESS;
}

/* All paths, each ended by a zero, and a last zero: a list of none is one character. */
static CONFIGRET
collect(const GUID *class_guid, const wchar_t *id, ULONG flags, wchar_t *ret_paths, ULONG *ret_len)
{
    wchar_t guid[40], *at = ret_paths;
    struct tree tree;
    CONFIGRET code = check(class_guid, id, flags);

    if (code)
        return code;
    StringFromGUID2(class_guid, guid, 40);
    _wcslwr(guid);
    tree_load(&tree);
    for (size_t i = 0; i < tree.count && at - ret_paths < PATHS_CHARS - INTERFACE_CHARS; i++) {
        const struct node *node = &tree.items[i];

        if (id && *id && _wcsicmp(node->id, id))
            continue;
        if (!is_enabled(node, guid) &&
            !(flags & CM_GET_DEVICE_INTERFACE_LIST_ALL_DEVICES && interface_registered(node, guid)))
            continue;
        interface_path(node, guid, at);
        at += wcslen(at) + 1;
    }
    tree_done(&tree);
    *at++ = L'\0';
    *ret_len = (ULONG)(at - ret_paths);
    return CR_SUCCESS;
}

static CONFIGRET
list(const GUID *class_guid, const wchar_t *id, PWCHAR ret_paths, ULONG *len_inout, ULONG flags)
{
    wchar_t *paths = malloc(PATHS_CHARS * sizeof(*paths));
    CONFIGRET code = CR_OUT_OF_MEMORY;
    ULONG len = 0;

    if (!paths)
        return code;
    machine_enter();
    code = collect(class_guid, id, flags, paths, &len);
    machine_leave();
    if (!code && ret_paths && *len_inout < len)
        code = CR_BUFFER_SMALL;
    else if (!code && ret_paths)
        memcpy(ret_paths, paths, len * sizeof(*paths));
    if (!code)
        *len_inout = len;
    free(paths);
    return code;
}

CONFIGRET WINAPI CM_Get_Device_Interface_List_SizeW(PULONG ret_len,
                                                    LPGUID class_guid,
                                                    DEVINSTID_W id,
                                                    ULONG flags)
{
    CONFIGRET code = call_fault("CM_Get_Device_Interface_List_SizeW");

    if (!code)
        code = ret_len ? list(class_guid, id, NULL, ret_len, flags) : CR_INVALID_POINTER;
    return call_cr(code,
                   "CM_Get_Device_Interface_List_SizeW({%08lx-...}, %ls, 0x%lx)",
                   class_guid ? class_guid->Data1 : 0,
                   id ? id : L"",
                   flags);
}

CONFIGRET WINAPI CM_Get_Device_Interface_ListW(
    LPGUID class_guid, DEVINSTID_W id, PWCHAR ret_paths, ULONG room, ULONG flags)
{
    CONFIGRET code = call_fault("CM_Get_Device_Interface_ListW");

    if (!code)
        code =
            ret_paths && room ? list(class_guid, id, ret_paths, &room, flags) : CR_INVALID_POINTER;
    return call_cr(code,
                   "CM_Get_Device_Interface_ListW({%08lx-...}, %ls, 0x%lx)",
                   class_guid ? class_guid->Data1 : 0,
                   id ? id : L"",
                   flags);
}

/* ---- properties ---- */

static CONFIGRET give_property(const wchar_t *path,
                               const DEVPROPKEY *key,
                               DEVPROPTYPE *ret_type,
                               PBYTE ret_buffer,
                               PULONG size_inout)
{
    wchar_t instance[PNP_ID_MAX], guid_text[40];
    DEVPROP_BOOLEAN enabled;
    struct node node;
    GUID guid;

    if (!interface_parse(path, instance, guid_text) || !node_load(instance, &node) ||
        !(is_enabled(&node, guid_text) || interface_registered(&node, guid_text)))
        return CR_NO_SUCH_DEVICE_INTERFACE;
    if (IsEqualDevPropKey(*key, DEVPKEY_Device_InstanceId)) {
        *ret_type = DEVPROP_TYPE_STRING;
        return cm_give(
            node.id, (ULONG)((wcslen(node.id) + 1) * sizeof(wchar_t)), ret_buffer, size_inout);
    }
    if (IsEqualDevPropKey(*key, interface_enabled)) {
        enabled = is_enabled(&node, guid_text) ? DEVPROP_TRUE : DEVPROP_FALSE;
        *ret_type = DEVPROP_TYPE_BOOLEAN;
        return cm_give(&enabled, sizeof(enabled), ret_buffer, size_inout);
    }
    if (IsEqualDevPropKey(*key, interface_class) && !CLSIDFromString(guid_text, &guid)) {
        *ret_type = DEVPROP_TYPE_GUID;
        return cm_give(&guid, sizeof(guid), ret_buffer, size_inout);
    }
    *ret_type = DEVPROP_TYPE_EMPTY;
    *size_inout = 0;
    return CR_NO_SUCH_VALUE;
}

CONFIGRET WINAPI CM_Get_Device_Interface_PropertyW(LPCWSTR path,
                                                   const DEVPROPKEY *key,
                                                   DEVPROPTYPE *ret_type,
                                                   PBYTE ret_buffer,
                                                   PULONG size_inout,
                                                   ULONG flags)
{
    CONFIGRET code = call_fault("CM_Get_Device_Interface_PropertyW");

    machine_enter();
    if (!code && (!path || !key || !ret_type || !size_inout || (!ret_buffer && *size_inout)))
        code = CR_INVALID_POINTER;
    else if (!code && flags)
        code = CR_INVALID_FLAG;
    else if (!code)
        code = give_property(path, key, ret_type, ret_buffer, size_inout);
    machine_leave();
    return call_cr(
        code, "CM_Get_Device_Interface_PropertyW(%ls, %lu)", path ? path : L"", key ? key->pid : 0);
}
