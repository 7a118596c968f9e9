/* Devices that an installer makes up: created as phantoms, real once they are registered. */
#include "di.h"

#include <objbase.h>
#include <string.h>
#include <wchar.h>

static bool exists(const wchar_t *id)
{
    struct node node;

    return node_load(id, &node);
}

/* "Display" becomes ROOT\DISPLAY\0000, or the first number that is free. */
static DWORD generate_id(const wchar_t *name, wchar_t *ret_id)
{
    wchar_t upper[PNP_ID_MAX];

    if (!*name || wcschr(name, L'\\') || wcslen(name) > PNP_ID_MAX - 16)
        return ERROR_INVALID_DEVINST_NAME;
    wcscpy(upper, name);
    _wcsupr(upper);
    for (int n = 0; n < 10000; n++) {
        swprintf(ret_id, PNP_ID_MAX, L"ROOT\\%ls\\%04d", upper, n);
        if (!id_is_valid(ret_id))
            return ERROR_INVALID_DEVINST_NAME;
        if (!exists(ret_id))
            return 0;
    }
    return ERROR_INVALID_DEVINST_NAME;
}

static DWORD choose_id(const wchar_t *name, DWORD flags, wchar_t *ret_id)
{
    if (flags & DICD_GENERATE_ID)
        return generate_id(name, ret_id);
    if (!id_is_valid(name))
        return ERROR_INVALID_DEVINST_NAME;
    wcscpy(ret_id, name);
    return exists(name) ? ERROR_DEVINST_ALREADY_EXISTS : 0;
}

static void write_phantom(const wchar_t *id, const GUID *class_guid, const wchar_t *description)
{
    static const GUID none;
    wchar_t path[PATH_CHARS], guid[40], class_path[PATH_CHARS], name[64];

    path_join(path, ENUM_ROOT, id);
    reg_set_number(path, L"Emulated", 1);
    reg_set_number(path, L"Phantom", 1);
    reg_set_number(path, L"ConfigFlags", 0);
    reg_set_number(path, L"Capabilities", 0);
    if (description)
        reg_set_text(path, L"DeviceDesc", description);
    if (IsEqualGUID(class_guid, &none))
        return;
    StringFromGUID2(class_guid, guid, 40);
    _wcslwr(guid);
    reg_set_text(path, L"ClassGUID", guid);
    path_join(class_path, CLASS_ROOT, guid);
    if (reg_text(class_path, L"Class", name, 64))
        reg_set_text(path, L"Class", name);
}

static DWORD create(HDEVINFO handle,
                    const wchar_t *name,
                    const GUID *class_guid,
                    const wchar_t *description,
                    DWORD flags,
                    SP_DEVINFO_DATA *ret_data,
                    wchar_t *ret_id)
{
    static const GUID none;
    struct set *set = set_of(handle);
    struct element *element;
    struct node node;
    DWORD code;

    if (!set)
        return ERROR_INVALID_HANDLE;
    if (!name || !class_guid)
        return ERROR_INVALID_PARAMETER;
    if (flags & ~(DWORD)(DICD_GENERATE_ID | DICD_INHERIT_CLASSDRVS))
        return ERROR_INVALID_FLAGS;
    code = may_change();
    if (code)
        return code;
    if (!IsEqualGUID(&set->class_guid, &none) && !IsEqualGUID(&set->class_guid, class_guid))
        return ERROR_CLASS_MISMATCH;
    code = choose_id(name, flags, ret_id);
    if (code)
        return code;
    write_phantom(ret_id, class_guid, description);
    if (!node_load(ret_id, &node) || !(element = set_add(set, &node)))
        return ERROR_NOT_ENOUGH_MEMORY;
    element->class_guid = *class_guid;
    element->registered = false;
    /* A bad buffer is told of, but the element is there. */
    return ret_data ? element_give(element, ret_data) : 0;
}

WINBOOL WINAPI SetupDiCreateDeviceInfoW(HDEVINFO handle,
                                        PCWSTR name,
                                        CONST GUID *class_guid,
                                        PCWSTR description,
                                        HWND parent,
                                        DWORD flags,
                                        PSP_DEVINFO_DATA ret_data)
{
    wchar_t id[PNP_ID_MAX] = L"";
    DWORD code = call_fault("SetupDiCreateDeviceInfoW");

    (void)parent;
    machine_enter();
    if (!code)
        code = create(handle, name, class_guid, description, flags, ret_data, id);
    machine_leave();
    return call_bool(
        code, "SetupDiCreateDeviceInfoW(%ls, 0x%lx) %ls", name ? name : L"", flags, id);
}

/* ---- registration ---- */

static DWORD register_element(HDEVINFO handle, SP_DEVINFO_DATA *data, DWORD flags)
{
    struct element *element;
    struct node node;
    wchar_t path[PATH_CHARS];
    DWORD code = find_node(handle, data, &element, &node);

    if (code)
        return code;
    if (flags & ~(DWORD)SPRDI_FIND_DUPS)
        return ERROR_INVALID_FLAGS;
    code = may_change();
    if (code)
        return code;
    if (element->registered)
        return 0;
    element->registered = true;
    node_path(&node, path);
    reg_clear(path, L"Phantom");
    if (machine_setting(L"InstallAtRegister", 0)) {
        node_arrive(&node);
        return 0;
    }
    /* [probe] whether a driver that is in the store already is installed at once; by default it is
     * not, and whoever registered the device goes on to install one. */
    node.present = true;
    node_save(&node);
    event_add(EVENT_ENUMERATED, node.id);
    node_start(&node);
    return 0;
}

DWORD di_register(HDEVINFO handle, SP_DEVINFO_DATA *data, DWORD flags)
{
    return register_element(handle, data, flags);
}

WINBOOL WINAPI SetupDiRegisterDeviceInfo(HDEVINFO handle,
                                         PSP_DEVINFO_DATA data,
                                         DWORD flags,
                                         PSP_DETSIG_CMPPROC compare,
                                         PVOID context,
                                         PSP_DEVINFO_DATA ret_duplicate)
{
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiRegisterDeviceInfo");

    (void)compare;
    (void)context;
    (void)ret_duplicate;
    machine_enter();
    if (!code)
        code = register_element(handle, data, flags);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code, "SetupDiRegisterDeviceInfo(%ls, 0x%lx)", name, flags);
}
