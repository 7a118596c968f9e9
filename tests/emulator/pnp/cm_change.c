/* What changes devices: enable, disable, remove, enumerate anew. */
#include "cm.h"

#include <string.h>
#include <wchar.h>

/* CM_DISABLE_BITS of the header is older than CM_DISABLE_PERSIST. */
enum { DISABLE_BITS = CM_DISABLE_BITS | CM_DISABLE_PERSIST };

/* Checks that all of them make, in their order. */
static CONFIGRET begin(DEVINST devinst, ULONG flags, ULONG valid, struct node *ret_node)
{
    CONFIGRET code = cm_find(devinst, false, ret_node);

    if (!code && flags & ~valid)
        code = CR_INVALID_FLAG;
    return code ? code : cm_may_change();
}

CONFIGRET WINAPI CM_Disable_DevNode(DEVINST devinst, ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    struct node node;
    struct veto veto;
    CONFIGRET code = call_fault("CM_Disable_DevNode");

    machine_enter();
    if (!code)
        code = begin(devinst, flags, DISABLE_BITS, &node);
    if (!code && !wcscmp(node.id, ROOT_NODE))
        code = CR_NOT_DISABLEABLE;
    if (!code)
        code = node_disable(&node, flags & CM_DISABLE_PERSIST, &veto);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "CM_Disable_DevNode(%ls, 0x%lx)", name, flags);
}

CONFIGRET WINAPI CM_Enable_DevNode(DEVINST devinst, ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    struct node node;
    CONFIGRET code = call_fault("CM_Enable_DevNode");

    machine_enter();
    if (!code)
        code = begin(devinst, flags, 0, &node);
    if (!code && wcscmp(node.id, ROOT_NODE) != 0)
        code = node_enable(&node);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "CM_Enable_DevNode(%ls, 0x%lx)", name, flags);
}

/* ---- removal ---- */

static CONFIGRET remove_subtree(DEVINST devinst, ULONG flags, struct veto *ret_veto)
{
    struct node node;
    CONFIGRET code = begin(devinst, flags, CM_REMOVE_BITS, &node);

    if (code)
        return code;
    if (node_is_root_enumerated(&node) && !wcscmp(node.id, ROOT_NODE))
        return CR_INVALID_DEVNODE;
    if (node.started && node_vetoed(&node, L"VetoRemove", ret_veto))
        return CR_REMOVE_VETOED;
    node_hold(&node, flags & CM_REMOVE_NO_RESTART);
    return CR_SUCCESS;
}

CONFIGRET WINAPI CM_Query_And_Remove_SubTreeW(
    DEVINST devinst, PPNP_VETO_TYPE ret_type, LPWSTR ret_name, ULONG name_max, ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    struct veto veto = {.type = PNP_VetoTypeUnknown};
    CONFIGRET code = call_fault("CM_Query_And_Remove_SubTreeW");

    machine_enter();
    /* A name without room for it, or room without a place. */
    if (!code && (!ret_name) != (!name_max))
        code = CR_INVALID_POINTER;
    if (!code)
        code = remove_subtree(devinst, flags, &veto);
    cm_name(devinst, name);
    machine_leave();
    if (ret_type)
        *ret_type = veto.type;
    if (ret_name)
        swprintf(ret_name, name_max, L"%ls", veto.name);
    return call_cr(code, "CM_Query_And_Remove_SubTreeW(%ls, 0x%lx)", name, flags);
}

CONFIGRET WINAPI CM_Setup_DevNode(DEVINST devinst, ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    struct node node;
    CONFIGRET code = call_fault("CM_Setup_DevNode");

    machine_enter();
    if (!code)
        code = begin(devinst, flags, CM_SETUP_BITS, &node);
    if (!code && flags == CM_SETUP_DEVNODE_READY && node.problem != CM_PROB_DISABLED)
        node_start(&node);
    else if (!code && flags == CM_SETUP_DEVNODE_RESET)
        node_stop(&node, 0);
    else if (!code && flags != CM_SETUP_DEVNODE_READY)
        code = CR_CALL_NOT_IMPLEMENTED;
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "CM_Setup_DevNode(%ls, 0x%lx)", name, flags);
}

/* ---- enumeration ---- */

static DWORD WINAPI enumerate_later(void *devinst)
{
    struct node node;

    machine_enter();
    if (!cm_find((DEVINST)(ULONG_PTR)devinst, false, &node))
        enumerate(node.id, false);
    machine_leave();
    return 0;
}

static CONFIGRET reenumerate(DEVINST devinst, ULONG flags)
{
    struct node node;
    HANDLE thread;
    CONFIGRET code = begin(devinst, flags, CM_REENUMERATE_BITS, &node);

    if (code)
        return code;
    if (flags & CM_REENUMERATE_ASYNCHRONOUS &&
        flags & (CM_REENUMERATE_SYNCHRONOUS | CM_REENUMERATE_RETRY_INSTALLATION))
        return CR_INVALID_FLAG;
    if (!(flags & CM_REENUMERATE_ASYNCHRONOUS)) {
        enumerate(node.id, flags & CM_REENUMERATE_RETRY_INSTALLATION);
        return CR_SUCCESS;
    }
    thread = CreateThread(NULL, 0, enumerate_later, (void *)(ULONG_PTR)devinst, 0, NULL);
    if (!thread)
        return CR_OUT_OF_MEMORY;
    CloseHandle(thread);
    return CR_SUCCESS;
}

CONFIGRET WINAPI CM_Reenumerate_DevNode(DEVINST devinst, ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    CONFIGRET code = call_fault("CM_Reenumerate_DevNode");

    machine_enter();
    if (!code)
        code = reenumerate(devinst, flags);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "CM_Reenumerate_DevNode(%ls, 0x%lx)", name, flags);
}

/* ---- keys ---- */

static CONFIGRET
open_key(DEVINST devinst, REGSAM access, REGDISPOSITION how, PHKEY ret_key, ULONG flags)
{
    wchar_t path[PATH_CHARS];
    struct node node;
    CONFIGRET code;

    if (!ret_key)
        return CR_INVALID_POINTER;
    code = cm_find(devinst, true, &node);
    if (code)
        return code;
    if (flags & ~(ULONG)CM_REGISTRY_BITS || flags & (CM_REGISTRY_USER | CM_REGISTRY_CONFIG) ||
        how & ~(REGDISPOSITION)RegDisposition_Bits)
        return CR_INVALID_FLAG;
    if (flags & CM_REGISTRY_SOFTWARE)
        node_driver_path(&node, path);
    else
        path_of_device_parameters(&node, path);
    if (!*path || (how == RegDisposition_OpenExisting && !reg_exists(path)))
        return CR_NO_SUCH_REGISTRY_KEY;
    return RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, access, NULL, ret_key, NULL)
               ? CR_REGISTRY_ERROR
               : CR_SUCCESS;
}

CONFIGRET WINAPI CM_Open_DevNode_Key(
    DEVINST devinst, REGSAM access, ULONG profile, REGDISPOSITION how, PHKEY ret_key, ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    CONFIGRET code = call_fault("CM_Open_DevNode_Key");

    (void)profile;
    machine_enter();
    if (!code)
        code = open_key(devinst, access, how, ret_key, flags);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "CM_Open_DevNode_Key(%ls, 0x%lx)", name, flags);
}
