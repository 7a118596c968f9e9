/* From ids to DEVINSTs and back, and along the tree. */
#include "cm.h"

#include <string.h>
#include <wchar.h>

CONFIGRET cm_find(DEVINST devinst, bool phantom_will_do, struct node *ret_node)
{
    wchar_t id[PNP_ID_MAX];

    if (!devinst || !devinst_id(devinst, id))
        return CR_INVALID_DEVNODE;
    if (!node_load(id, ret_node) || !(ret_node->present || phantom_will_do))
        return CR_NO_SUCH_DEVNODE;
    return CR_SUCCESS;
}

const wchar_t *cm_name(DEVINST devinst, wchar_t *buffer)
{
    if (!devinst_id(devinst, buffer))
        swprintf(buffer, PNP_ID_MAX, L"?%lu", devinst);
    return buffer;
}

CONFIGRET cm_may_change(void)
{
    return machine_setting(L"Administrator", 1) ? CR_SUCCESS : CR_ACCESS_DENIED;
}

CONFIGRET cm_give(const void *data, ULONG size, void *ret_buffer, ULONG *size_inout)
{
    ULONG room = *size_inout;

    *size_inout = size;
    if (room < size || !ret_buffer)
        return CR_BUFFER_SMALL;
    memcpy(ret_buffer, data, size);
    return CR_SUCCESS;
}

/* Three parts, none of them empty, no characters that ids do not have. */
static bool is_valid_id(const wchar_t *id)
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

static CONFIGRET locate(PDEVINST ret_devinst, const wchar_t *id, ULONG flags)
{
    struct node node;

    if (!ret_devinst)
        return CR_INVALID_POINTER;
    if (flags & ~(ULONG)CM_LOCATE_DEVNODE_BITS)
        return CR_INVALID_FLAG;
    if (!id || !*id) /* the root of the tree */
        id = ROOT_NODE;
    if (!is_valid_id(id))
        return CR_INVALID_DEVICE_ID;
    if (!node_load(id, &node))
        return CR_NO_SUCH_DEVNODE;
    if (!node.present && !(flags & CM_LOCATE_DEVNODE_PHANTOM))
        return CR_NO_SUCH_DEVNODE;
    *ret_devinst = node_devinst(&node);
    return CR_SUCCESS;
}

CONFIGRET WINAPI CM_Locate_DevNodeW(PDEVINST ret_devinst, DEVINSTID_W id, ULONG flags)
{
    CONFIGRET code = call_fault("CM_Locate_DevNodeW");

    machine_enter();
    if (!code)
        code = locate(ret_devinst, id, flags);
    machine_leave();
    return call_cr(code, "CM_Locate_DevNodeW(%ls, 0x%lx)", id ? id : L"", flags);
}

CONFIGRET WINAPI CM_Get_Device_ID_Size(PULONG ret_len, DEVINST devinst, ULONG flags)
{
    wchar_t id[PNP_ID_MAX];
    CONFIGRET code = call_fault("CM_Get_Device_ID_Size");

    machine_enter();
    if (!code && !ret_len)
        code = CR_INVALID_POINTER;
    else if (!code && !devinst_id(devinst, id))
        code = CR_INVALID_DEVNODE;
    else if (!code && flags)
        code = CR_INVALID_FLAG;
    machine_leave();
    if (!code)
        *ret_len = (ULONG)wcslen(id);
    return call_cr(code, "CM_Get_Device_ID_Size(%lu, 0x%lx)", devinst, flags);
}

CONFIGRET WINAPI CM_Get_Device_IDW(DEVINST devinst, PWCHAR ret_id, ULONG room, ULONG flags)
{
    wchar_t id[PNP_ID_MAX];
    CONFIGRET code = call_fault("CM_Get_Device_IDW");
    size_t len;

    machine_enter();
    if (!code && !ret_id)
        code = CR_INVALID_POINTER;
    else if (!code && !devinst_id(devinst, id))
        code = CR_INVALID_DEVNODE;
    else if (!code && flags)
        code = CR_INVALID_FLAG;
    machine_leave();
    if (!code) {
        /* A buffer without room for the zero gets none; one that is smaller is refused. */
        len = wcslen(id);
        if (room < len)
            code = CR_BUFFER_SMALL;
        else
            memcpy(ret_id, id, (len + (room > len)) * sizeof(wchar_t));
    }
    return call_cr(code, "CM_Get_Device_IDW(%lu, %lu, 0x%lx)", devinst, room, flags);
}

/* ---- along the tree ---- */

/* The first present child of parent that comes after the node named behind; NULL: the first. */
static CONFIGRET child_after(const wchar_t *parent, const wchar_t *behind, PDEVINST ret_devinst)
{
    wchar_t id[PNP_ID_MAX];
    struct tree tree;
    CONFIGRET code = CR_NO_SUCH_DEVNODE;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count && code; i++) {
        node_parent(&tree.items[i], id);
        if (!tree.items[i].present || _wcsicmp(id, parent))
            continue;
        if (!behind) {
            *ret_devinst = node_devinst(&tree.items[i]);
            code = CR_SUCCESS;
        } else if (!_wcsicmp(tree.items[i].id, behind)) {
            behind = NULL;
        }
    }
    tree_done(&tree);
    return code;
}

static CONFIGRET walk(const char *function, PDEVINST ret_devinst, DEVINST devinst, ULONG flags)
{
    struct node node, other;
    wchar_t parent[PNP_ID_MAX];
    CONFIGRET code;

    if (!ret_devinst)
        return CR_INVALID_POINTER;
    code = cm_find(devinst, false, &node);
    if (code)
        return code;
    if (flags)
        return CR_INVALID_FLAG;
    if (!strcmp(function, "CM_Get_Child"))
        return child_after(node.id, NULL, ret_devinst);
    if (!wcscmp(node.id, ROOT_NODE))
        return CR_NO_SUCH_DEVNODE;
    node_parent(&node, parent);
    if (!strcmp(function, "CM_Get_Sibling"))
        return child_after(parent, node.id, ret_devinst);
    if (!node_load(parent, &other))
        return CR_NO_SUCH_DEVNODE;
    *ret_devinst = node_devinst(&other);
    return CR_SUCCESS;
}

static CONFIGRET
walk_logged(const char *function, PDEVINST ret_devinst, DEVINST devinst, ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    CONFIGRET code = call_fault(function);

    machine_enter();
    if (!code)
        code = walk(function, ret_devinst, devinst, flags);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "%s(%ls, 0x%lx)", function, name, flags);
}

CONFIGRET WINAPI CM_Get_Parent(PDEVINST ret_devinst, DEVINST devinst, ULONG flags)
{
    return walk_logged("CM_Get_Parent", ret_devinst, devinst, flags);
}

CONFIGRET WINAPI CM_Get_Child(PDEVINST ret_devinst, DEVINST devinst, ULONG flags)
{
    return walk_logged("CM_Get_Child", ret_devinst, devinst, flags);
}

CONFIGRET WINAPI CM_Get_Sibling(PDEVINST ret_devinst, DEVINST devinst, ULONG flags)
{
    return walk_logged("CM_Get_Sibling", ret_devinst, devinst, flags);
}
