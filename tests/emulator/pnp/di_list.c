/* Sets of devices that exist, and walking them. */
#include "di.h"

#include <objbase.h>
#include <string.h>
#include <wchar.h>

enum {
    GET_BITS =
        DIGCF_DEFAULT | DIGCF_PRESENT | DIGCF_ALLCLASSES | DIGCF_PROFILE | DIGCF_DEVICEINTERFACE
};

/* Enumerator alone, or a whole instance id. */
static bool is_of_enumerator(const struct node *node, const wchar_t *enumerator)
{
    size_t len = wcslen(enumerator);

    return !_wcsnicmp(node->id, enumerator, len) && (node->id[len] == L'\\' || !node->id[len]);
}

/* What is not there is listed as well, unless DIGCF_PRESENT says otherwise. */
static bool
passes(const struct node *node, const GUID *class_guid, const wchar_t *enumerator, DWORD flags)
{
    wchar_t text[40];
    GUID guid = {0};

    if (flags & DIGCF_PRESENT && !node->present)
        return false;
    if (enumerator && !is_of_enumerator(node, enumerator))
        return false;
    if (flags & DIGCF_ALLCLASSES)
        return true;
    node_text(node, L"ClassGUID", text, 40);
    return *text && !CLSIDFromString(text, &guid) && IsEqualGUID(&guid, class_guid);
}

static DWORD
fill_devices(struct set *set, const GUID *class_guid, const wchar_t *enumerator, DWORD flags)
{
    struct tree tree;
    DWORD code = 0;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count && !code; i++)
        if (passes(&tree.items[i], class_guid, enumerator, flags) && !set_add(set, &tree.items[i]))
            code = ERROR_NOT_ENOUGH_MEMORY;
    tree_done(&tree);
    return code;
}

static DWORD check(const GUID *class_guid, const wchar_t *enumerator, DWORD flags)
{
    if (flags & ~(DWORD)GET_BITS)
        return ERROR_INVALID_FLAGS;
    if (flags & DIGCF_DEFAULT && !(flags & DIGCF_DEVICEINTERFACE))
        return ERROR_INVALID_FLAGS; /* DIGCF_DEFAULT belongs to interfaces */
    if (!class_guid && !(flags & DIGCF_ALLCLASSES))
        return ERROR_INVALID_PARAMETER;
    if (enumerator && flags & DIGCF_DEVICEINTERFACE && !id_is_valid(enumerator))
        return ERROR_INVALID_PARAMETER; /* there it is an instance id */
    return 0;
}

static HDEVINFO get(const char *function,
                    const GUID *class_guid,
                    const wchar_t *enumerator,
                    DWORD flags,
                    HDEVINFO into,
                    DWORD code)
{
    struct set *set = NULL;

    machine_enter();
    if (!code)
        code = check(class_guid, enumerator, flags);
    if (!code && into) {
        set = set_of(into);
        code = set ? 0 : ERROR_INVALID_HANDLE;
    } else if (!code) {
        set = set_new(flags & (DIGCF_ALLCLASSES | DIGCF_DEVICEINTERFACE) ? NULL : class_guid);
        code = set ? 0 : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (!code && flags & DIGCF_DEVICEINTERFACE)
        code =
            fill_interfaces(set, flags & DIGCF_ALLCLASSES ? NULL : class_guid, enumerator, flags);
    else if (!code)
        code = fill_devices(set, class_guid, enumerator, flags);
    machine_leave();
    call_bool(code,
              "%s({%08lx-...}, %ls, 0x%lx)",
              function,
              class_guid ? class_guid->Data1 : 0,
              enumerator ? enumerator : L"",
              flags);
    return code ? INVALID_HANDLE_VALUE : (HDEVINFO)set;
}

HDEVINFO WINAPI SetupDiGetClassDevsW(CONST GUID *class_guid,
                                     PCWSTR enumerator,
                                     HWND parent,
                                     DWORD flags)
{
    (void)parent;
    return get("SetupDiGetClassDevsW",
               class_guid,
               enumerator,
               flags,
               NULL,
               call_fault("SetupDiGetClassDevsW"));
}

HDEVINFO WINAPI SetupDiGetClassDevsExW(CONST GUID *class_guid,
                                       PCWSTR enumerator,
                                       HWND parent,
                                       DWORD flags,
                                       HDEVINFO into,
                                       PCWSTR machine,
                                       PVOID reserved)
{
    DWORD code = call_fault("SetupDiGetClassDevsExW");

    (void)parent;
    if (!code && reserved)
        code = ERROR_INVALID_PARAMETER;
    if (!code && machine)
        code = ERROR_MACHINE_UNAVAILABLE;
    return get("SetupDiGetClassDevsExW", class_guid, enumerator, flags, into, code);
}

/* ---- walking ---- */

static DWORD enumerate_device(HDEVINFO handle, DWORD index, SP_DEVINFO_DATA *ret_data)
{
    struct set *set = set_of(handle);
    struct element *element;

    if (!ret_data)
        return ERROR_INVALID_PARAMETER;
    if (!set)
        return ERROR_INVALID_HANDLE;
    if (ret_data->cbSize != sizeof(*ret_data))
        return ERROR_INVALID_USER_BUFFER;
    for (element = set->elements; element && index; index--)
        element = element->next;
    return element ? element_give(element, ret_data) : ERROR_NO_MORE_ITEMS;
}

WINBOOL WINAPI SetupDiEnumDeviceInfo(HDEVINFO handle, DWORD index, PSP_DEVINFO_DATA ret_data)
{
    DWORD code = call_fault("SetupDiEnumDeviceInfo");

    machine_enter();
    if (!code)
        code = enumerate_device(handle, index, ret_data);
    machine_leave();
    return call_bool(code, "SetupDiEnumDeviceInfo(%lu)", index);
}

static DWORD open_device(HDEVINFO handle, const wchar_t *id, DWORD flags, SP_DEVINFO_DATA *ret_data)
{
    static const GUID none;
    struct set *set = set_of(handle);
    struct element *element;
    struct node node;

    if (!set)
        return ERROR_INVALID_HANDLE;
    if (!id)
        return ERROR_INVALID_PARAMETER;
    if (flags & ~(DWORD)(DIOD_INHERIT_CLASSDRVS | DIOD_CANCEL_REMOVE))
        return ERROR_INVALID_FLAGS;
    if (!id_is_valid(id))
        return ERROR_INVALID_DEVINST_NAME;
    if (!node_load(id, &node)) /* phantoms can be opened too */
        return ERROR_NO_SUCH_DEVINST;
    element = set_add(set, &node);
    if (!element)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (!IsEqualGUID(&set->class_guid, &none) &&
        !IsEqualGUID(&set->class_guid, &element->class_guid)) {
        set_drop(set, element);
        return ERROR_CLASS_MISMATCH;
    }
    return ret_data ? element_give(element, ret_data) : 0;
}

WINBOOL WINAPI SetupDiOpenDeviceInfoW(
    HDEVINFO handle, PCWSTR id, HWND parent, DWORD flags, PSP_DEVINFO_DATA ret_data)
{
    DWORD code = call_fault("SetupDiOpenDeviceInfoW");

    (void)parent;
    machine_enter();
    if (!code)
        code = open_device(handle, id, flags, ret_data);
    machine_leave();
    return call_bool(code, "SetupDiOpenDeviceInfoW(%ls, 0x%lx)", id ? id : L"", flags);
}

WINBOOL WINAPI SetupDiGetDeviceInstanceIdW(
    HDEVINFO handle, PSP_DEVINFO_DATA data, PWSTR ret_id, DWORD room, PDWORD ret_needed)
{
    DWORD code = call_fault("SetupDiGetDeviceInstanceIdW");
    struct set *set;
    struct element *element;
    wchar_t name[PNP_ID_MAX];

    machine_enter();
    set = set_of(handle);
    if (!code && !set)
        code = ERROR_INVALID_HANDLE;
    if (!code)
        code = set_element(set, data, &element);
    if (!code && !ret_id && room)
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = give_text(element->id, ret_id, room, ret_needed);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code, "SetupDiGetDeviceInstanceIdW(%ls)", name);
}

WINBOOL WINAPI SetupDiDeleteDeviceInfo(HDEVINFO handle, PSP_DEVINFO_DATA data)
{
    DWORD code = call_fault("SetupDiDeleteDeviceInfo");
    struct set *set;
    struct element *element;
    wchar_t name[PNP_ID_MAX];

    machine_enter();
    data_name(handle, data, name);
    set = set_of(handle);
    if (!code && !set)
        code = ERROR_INVALID_HANDLE;
    if (!code)
        code = set_element(set, data, &element);
    if (!code)
        set_drop(set, element);
    machine_leave();
    return call_bool(code, "SetupDiDeleteDeviceInfo(%ls)", name);
}
