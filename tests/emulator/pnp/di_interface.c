/* Device interfaces in sets. */
#include "di.h"

#include <objbase.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* All interface classes that a device has now, or ever had one of. */
static bool add_interface(struct set *set, const struct node *node, const wchar_t *guid)
{
    struct interface_item **at = &set->interfaces, *item = calloc(1, sizeof(*item));

    if (!item || !(item->element = set_add(set, node))) {
        free(item);
        return false;
    }
    interface_path(node, guid, item->path);
    CLSIDFromString(guid, &item->class_guid);
    item->flags = node->started ? SPINT_ACTIVE : 0;
    while (*at)
        at = &(*at)->next;
    *at = item;
    return true;
}

static bool
wanted(const struct node *node, const GUID *class_guid, const wchar_t *guid, DWORD flags)
{
    GUID own;

    if (class_guid && (CLSIDFromString(guid, &own) || !IsEqualGUID(&own, class_guid)))
        return false;
    return node->started || (!(flags & DIGCF_PRESENT) && interface_registered(node, guid));
}

DWORD fill_interfaces(struct set *set, const GUID *class_guid, const wchar_t *id, DWORD flags)
{
    struct tree tree;
    wchar_t classes[LIST_CHARS];
    DWORD code = 0;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count && !code; i++) {
        const struct node *node = &tree.items[i];

        if (id && _wcsicmp(id, node->id))
            continue;
        interface_classes(node, classes);
        for (const wchar_t *guid = classes; *guid && !code; guid += wcslen(guid) + 1)
            if (wanted(node, class_guid, guid, flags) && !add_interface(set, node, guid))
                code = ERROR_NOT_ENOUGH_MEMORY;
    }
    tree_done(&tree);
    return code;
}

static DWORD give(const struct interface_item *item, SP_DEVICE_INTERFACE_DATA *ret_data)
{
    ret_data->InterfaceClassGuid = item->class_guid;
    ret_data->Flags = item->flags;
    ret_data->Reserved = (ULONG_PTR)item;
    return 0;
}

static DWORD walk(HDEVINFO handle,
                  SP_DEVINFO_DATA *data,
                  const GUID *class_guid,
                  DWORD index,
                  SP_DEVICE_INTERFACE_DATA *ret_data)
{
    struct set *set = set_of(handle);
    struct element *element = NULL;
    DWORD code = 0;

    if (!set)
        return ERROR_INVALID_HANDLE;
    if (!class_guid || !ret_data)
        return ERROR_INVALID_PARAMETER;
    if (ret_data->cbSize != sizeof(*ret_data))
        return ERROR_INVALID_USER_BUFFER;
    if (data)
        code = set_element(set, data, &element);
    if (code)
        return code;
    for (struct interface_item *item = set->interfaces; item; item = item->next) {
        if ((element && item->element != element) || !IsEqualGUID(&item->class_guid, class_guid))
            continue;
        if (!index--)
            return give(item, ret_data);
    }
    return ERROR_NO_MORE_ITEMS;
}

WINBOOL WINAPI SetupDiEnumDeviceInterfaces(HDEVINFO handle,
                                           PSP_DEVINFO_DATA data,
                                           CONST GUID *class_guid,
                                           DWORD index,
                                           PSP_DEVICE_INTERFACE_DATA ret_data)
{
    DWORD code = call_fault("SetupDiEnumDeviceInterfaces");

    machine_enter();
    if (!code)
        code = walk(handle, data, class_guid, index, ret_data);
    machine_leave();
    return call_bool(code, "SetupDiEnumDeviceInterfaces(%lu)", index);
}

static DWORD detail(HDEVINFO handle,
                    const SP_DEVICE_INTERFACE_DATA *data,
                    SP_DEVICE_INTERFACE_DETAIL_DATA_W *ret_detail,
                    DWORD room,
                    DWORD *ret_needed,
                    SP_DEVINFO_DATA *ret_device,
                    const wchar_t **ret_path)
{
    struct set *set = set_of(handle);
    struct interface_item *item;
    DWORD size;

    if (!set)
        return ERROR_INVALID_HANDLE;
    if (!data || data->cbSize != sizeof(*data))
        return ERROR_INVALID_PARAMETER;
    for (item = set->interfaces; item && (ULONG_PTR)item != data->Reserved; item = item->next)
        ;
    if (!item)
        return ERROR_INVALID_PARAMETER;
    *ret_path = item->path;
    /* The size is that of the header as the compiler sees it; nothing but the path varies. */
    if (ret_detail && (ret_detail->cbSize != sizeof(*ret_detail) || room < sizeof(*ret_detail)))
        return ERROR_INVALID_USER_BUFFER;
    if (!ret_detail && room)
        return ERROR_INVALID_PARAMETER;
    size = (DWORD)(offsetof(SP_DEVICE_INTERFACE_DETAIL_DATA_W, DevicePath) +
                   (wcslen(item->path) + 1) * sizeof(wchar_t));
    if (ret_needed)
        *ret_needed = size;
    if (room < size)
        return ERROR_INSUFFICIENT_BUFFER;
    wcscpy(ret_detail->DevicePath, item->path);
    return ret_device ? element_give(item->element, ret_device) : 0;
}

WINBOOL WINAPI SetupDiGetDeviceInterfaceDetailW(HDEVINFO handle,
                                                PSP_DEVICE_INTERFACE_DATA data,
                                                PSP_DEVICE_INTERFACE_DETAIL_DATA_W ret_detail,
                                                DWORD room,
                                                PDWORD ret_needed,
                                                PSP_DEVINFO_DATA ret_device)
{
    const wchar_t *path = L"?";
    DWORD code = call_fault("SetupDiGetDeviceInterfaceDetailW");

    machine_enter();
    if (!code)
        code = detail(handle, data, ret_detail, room, ret_needed, ret_device, &path);
    machine_leave();
    return call_bool(code, "SetupDiGetDeviceInterfaceDetailW(%ls)", path);
}
