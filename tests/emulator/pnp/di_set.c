/* Sets and their elements. */
#include "di.h"

#include <objbase.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { SET_MAGIC = 0x44494e46 };

static struct set *all;

struct set *set_of(HDEVINFO handle)
{
    struct set *set = all;

    while (set && set != (struct set *)handle)
        set = set->next;
    return set && set->magic == SET_MAGIC ? set : NULL;
}

struct set *set_new(const GUID *class_guid)
{
    struct set *set = calloc(1, sizeof(*set));

    if (!set)
        return NULL;
    set->magic = SET_MAGIC;
    if (class_guid)
        set->class_guid = *class_guid;
    set->next = all;
    all = set;
    return set;
}

DWORD set_element(struct set *set, const SP_DEVINFO_DATA *data, struct element **ret_element)
{
    struct element *element;

    if (!data)
        return ERROR_INVALID_PARAMETER;
    if (data->cbSize != sizeof(*data))
        return ERROR_INVALID_USER_BUFFER;
    for (element = set->elements; element; element = element->next)
        if ((ULONG_PTR)element == data->Reserved)
            break;
    if (!element)
        return ERROR_INVALID_PARAMETER;
    *ret_element = element;
    return 0;
}

DWORD find_node(HDEVINFO handle,
                const SP_DEVINFO_DATA *data,
                struct element **ret_element,
                struct node *ret_node)
{
    struct set *set = set_of(handle);
    DWORD code;

    if (!set)
        return ERROR_INVALID_HANDLE;
    code = set_element(set, data, ret_element);
    if (!code && !node_load((*ret_element)->id, ret_node))
        code = ERROR_NO_SUCH_DEVINST; /* removed since */
    return code;
}

struct element *set_add(struct set *set, const struct node *node)
{
    struct element **at = &set->elements, *element;
    wchar_t text[40];

    for (; *at; at = &(*at)->next)
        if (!_wcsicmp((*at)->id, node->id))
            return *at;
    element = calloc(1, sizeof(*element));
    if (!element)
        return NULL;
    wcscpy(element->id, node->id);
    node_text(node, L"ClassGUID", text, 40);
    if (*text)
        CLSIDFromString(text, &element->class_guid);
    element->registered = true;
    element->params.cbSize = sizeof(element->params);
    *at = element;
    return element;
}

DWORD element_give(const struct element *element, SP_DEVINFO_DATA *ret_data)
{
    struct node node;

    if (ret_data->cbSize != sizeof(*ret_data))
        return ERROR_INVALID_USER_BUFFER;
    ret_data->ClassGuid = element->class_guid;
    ret_data->DevInst = node_load(element->id, &node) ? node_devinst(&node) : 0;
    ret_data->Reserved = (ULONG_PTR)element;
    return 0;
}

void drivers_free(struct driver_item *drivers)
{
    while (drivers) {
        struct driver_item *next = drivers->next;

        free(drivers);
        drivers = next;
    }
}

void set_drop(struct set *set, struct element *element)
{
    struct element **at = &set->elements;
    struct interface_item **item = &set->interfaces;
    struct node node;

    while (*item)
        if ((*item)->element == element) {
            struct interface_item *gone = *item;

            *item = gone->next;
            free(gone);
        } else {
            item = &(*item)->next;
        }
    while (*at != element)
        at = &(*at)->next;
    *at = element->next;
    if (!element->registered && node_load(element->id, &node))
        node_delete(&node);
    drivers_free(element->drivers);
    free(element);
}

/* Three parts, none of them empty (device identification strings). */
bool id_is_valid(const wchar_t *id)
{
    int parts = 1;

    if (wcslen(id) >= MAX_DEVICE_ID_LEN || *id == L'\\')
        return false;
    for (const wchar_t *at = id; *at; at++) {
        if (*at <= L' ' || *at > 0x7f || *at == L',')
            return false;
        if (*at == L'\\' && (at[1] == L'\\' || !at[1]))
            return false;
        parts += *at == L'\\';
    }
    return parts == 3;
}

DWORD may_change(void)
{
    if (machine_setting(L"Wow64", 0))
        return ERROR_IN_WOW64;
    return machine_setting(L"Administrator", 1) ? 0 : ERROR_ACCESS_DENIED;
}

const wchar_t *data_name(HDEVINFO handle, const SP_DEVINFO_DATA *data, wchar_t *buffer)
{
    struct set *set = set_of(handle);
    struct element *element;

    wcscpy(buffer, L"?");
    if (set && !set_element(set, data, &element))
        wcscpy(buffer, element->id);
    return buffer;
}

DWORD give_bytes(const void *data, DWORD size, void *ret_data, DWORD room, DWORD *ret_needed)
{
    if (ret_needed)
        *ret_needed = size;
    if (room < size)
        return ERROR_INSUFFICIENT_BUFFER;
    if (!ret_data)
        return ERROR_INVALID_USER_BUFFER;
    memcpy(ret_data, data, size);
    return 0;
}

DWORD give_text(const wchar_t *text, wchar_t *ret_text, DWORD room, DWORD *ret_needed)
{
    size_t len = wcslen(text) + 1;

    if (ret_needed)
        *ret_needed = (DWORD)len;
    if (room < len)
        return ERROR_INSUFFICIENT_BUFFER;
    if (!ret_text)
        return ERROR_INVALID_USER_BUFFER;
    memcpy(ret_text, text, len * sizeof(wchar_t));
    return 0;
}

/* ---- exports ---- */

static HDEVINFO new_set(const char *function, const GUID *class_guid, DWORD code)
{
    struct set *set = NULL;

    if (!code) {
        machine_enter();
        set = set_new(class_guid);
        machine_leave();
        code = set ? 0 : ERROR_NOT_ENOUGH_MEMORY;
    }
    call_bool(code, "%s({%08lx-...})", function, class_guid ? class_guid->Data1 : 0);
    return set ? (HDEVINFO)set : INVALID_HANDLE_VALUE;
}

HDEVINFO WINAPI SetupDiCreateDeviceInfoList(CONST GUID *class_guid, HWND parent)
{
    (void)parent;
    return new_set(
        "SetupDiCreateDeviceInfoList", class_guid, call_fault("SetupDiCreateDeviceInfoList"));
}

HDEVINFO WINAPI SetupDiCreateDeviceInfoListExW(CONST GUID *class_guid,
                                               HWND parent,
                                               PCWSTR machine,
                                               PVOID reserved)
{
    DWORD code = call_fault("SetupDiCreateDeviceInfoListExW");

    (void)parent;
    if (!code && reserved)
        code = ERROR_INVALID_PARAMETER;
    if (!code && machine)
        code = ERROR_MACHINE_UNAVAILABLE;
    return new_set("SetupDiCreateDeviceInfoListExW", class_guid, code);
}

WINBOOL WINAPI SetupDiDestroyDeviceInfoList(HDEVINFO handle)
{
    DWORD code = call_fault("SetupDiDestroyDeviceInfoList");
    struct set *set, **at = &all;

    machine_enter();
    set = set_of(handle);
    if (!code && !set)
        code = ERROR_INVALID_HANDLE;
    if (!code) {
        while (set->elements)
            set_drop(set, set->elements);
        while (*at != set)
            at = &(*at)->next;
        *at = set->next;
        set->magic = 0;
        free(set);
    }
    machine_leave();
    return call_bool(code, "SetupDiDestroyDeviceInfoList()");
}

WINBOOL WINAPI SetupDiGetDeviceInfoListClass(HDEVINFO handle, LPGUID ret_class_guid)
{
    static const GUID none;
    DWORD code = call_fault("SetupDiGetDeviceInfoListClass");
    struct set *set;

    machine_enter();
    set = set_of(handle);
    if (!code && !set)
        code = ERROR_INVALID_HANDLE;
    else if (!code && !ret_class_guid)
        code = ERROR_INVALID_PARAMETER;
    else if (!code && IsEqualGUID(&set->class_guid, &none))
        code = ERROR_NO_ASSOCIATED_CLASS;
    else if (!code)
        *ret_class_guid = set->class_guid;
    machine_leave();
    return call_bool(code, "SetupDiGetDeviceInfoListClass()");
}

WINBOOL WINAPI SetupDiGetDeviceInfoListDetailW(HDEVINFO handle,
                                               PSP_DEVINFO_LIST_DETAIL_DATA_W ret_detail)
{
    DWORD code = call_fault("SetupDiGetDeviceInfoListDetailW");
    struct set *set;

    machine_enter();
    set = set_of(handle);
    if (!code && !set)
        code = ERROR_INVALID_HANDLE;
    else if (!code && (!ret_detail || ret_detail->cbSize != sizeof(*ret_detail)))
        code = ERROR_INVALID_PARAMETER;
    if (!code) {
        ret_detail->ClassGuid = set->class_guid;
        ret_detail->RemoteMachineHandle = NULL;
        *ret_detail->RemoteMachineName = L'\0';
    }
    machine_leave();
    return call_bool(code, "SetupDiGetDeviceInfoListDetailW()");
}
