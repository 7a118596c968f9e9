/* One device of a set: DiInstallDevice, DiUninstallDevice. */
#include "newdev_exports.h"

#include "machine.h"

#include <wchar.h>

static void tell_reboot(bool reboot, BOOL *ret_reboot)
{
    if (ret_reboot)
        *ret_reboot = reboot;
    else if (reboot)
        pnp_log("dialog: restart your computer");
}

/* The set is setupapi's: only it can tell whether the data is one of its elements. */
static DWORD find(HDEVINFO set, SP_DEVINFO_DATA *data, struct node *ret_node)
{
    wchar_t id[PNP_ID_MAX];

    if (!data)
        return ERROR_INVALID_PARAMETER;
    if (!SetupDiGetDeviceInstanceIdW(set, data, id, PNP_ID_MAX, NULL))
        return GetLastError();
    return node_load(id, ret_node) ? 0 : ERROR_NO_SUCH_DEVINST;
}

static DWORD may_change(void)
{
    if (machine_setting(L"Wow64", 0))
        return ERROR_IN_WOW64;
    return machine_setting(L"Administrator", 1) ? 0 : ERROR_ACCESS_DENIED;
}

static DWORD install(struct node *node, bool *ret_reboot)
{
    struct driver driver;

    if (!driver_best(node, &driver))
        return ERROR_NO_COMPAT_DRIVERS;
    node_bind(node, &driver, ret_reboot);
    return 0;
}

BOOL WINAPI DiInstallDevice(HWND parent,
                            HDEVINFO set,
                            PSP_DEVINFO_DATA data,
                            PSP_DRVINFO_DATA_W driver,
                            DWORD flags,
                            PBOOL ret_reboot)
{
    struct node node = {.id = L"?"};
    bool reboot = false;
    DWORD code = call_fault("DiInstallDevice");

    (void)parent;
    machine_enter();
    if (!code && flags & ~(DWORD)DIIDFLAG_BITS)
        code = ERROR_INVALID_FLAGS;
    if (!code)
        code = find(set, data, &node);
    if (!code)
        code = may_change();
    if (!code && (driver || flags & DIIDFLAG_INSTALLNULLDRIVER))
        code = ERROR_CALL_NOT_IMPLEMENTED;
    if (!code)
        code = install(&node, &reboot);
    machine_leave();
    tell_reboot(reboot, ret_reboot);
    return call_bool(code, "DiInstallDevice(%ls, 0x%lx)", node.id, flags);
}

/* Children go with it, those that are not present too. */
static void remove_children(const struct node *node)
{
    struct tree tree;

    tree_load(&tree);
    for (size_t i = tree.count; i-- > 0;) {
        struct node *child = &tree.items[i];

        if (_wcsicmp(child->id, node->id) && node_is_below(child, node->id)) {
            if (child->present)
                node_leave(child);
            node_delete(child);
        }
    }
    tree_done(&tree);
}

static DWORD uninstall(struct node *node, bool *ret_reboot)
{
    struct veto veto;
    CONFIGRET code = CR_SUCCESS;

    if (!node->present ||
        !(node_vetoed(node, L"VetoRemove", &veto) || behaviour_number(node, L"RebootToRemove", 0)))
        remove_children(node);
    code = node_remove(node, &veto);
    *ret_reboot = code == CR_NEED_RESTART;
    return code == CR_SUCCESS || code == CR_NEED_RESTART ? 0 : ERROR_GEN_FAILURE;
}

BOOL WINAPI
DiUninstallDevice(HWND parent, HDEVINFO set, PSP_DEVINFO_DATA data, DWORD flags, PBOOL ret_reboot)
{
    struct node node = {.id = L"?"};
    bool reboot = false;
    DWORD code = call_fault("DiUninstallDevice");

    (void)parent;
    machine_enter();
    if (!code && flags)
        code = ERROR_INVALID_FLAGS;
    if (!code)
        code = find(set, data, &node);
    if (!code)
        code = may_change();
    if (!code)
        code = uninstall(&node, &reboot);
    machine_leave();
    tell_reboot(reboot, ret_reboot);
    return call_bool(code, "DiUninstallDevice(%ls, 0x%lx)", node.id, flags);
}
