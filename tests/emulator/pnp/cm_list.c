/* CM_Get_Device_ID_List and its size, with the filters that the documentation lists. */
#include "cm.h"

#include <objbase.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { IDS_CHARS = 64 * 1024 };

/* Not in the headers, but one of the filters: all that can be given alone. */
static const ULONG filters = CM_GETIDLIST_FILTER_ENUMERATOR | CM_GETIDLIST_FILTER_SERVICE |
                             CM_GETIDLIST_FILTER_EJECTRELATIONS |
                             CM_GETIDLIST_FILTER_REMOVALRELATIONS |
                             CM_GETIDLIST_FILTER_POWERRELATIONS | CM_GETIDLIST_FILTER_BUSRELATIONS |
                             CM_GETIDLIST_FILTER_TRANSPORTRELATIONS | CM_GETIDLIST_FILTER_CLASS;

static CONFIGRET check(const wchar_t *filter, ULONG flags)
{
    ULONG kind = flags & filters;
    struct node node;
    GUID guid;

    if (flags & ~(ULONG)CM_GETIDLIST_FILTER_BITS)
        return CR_INVALID_FLAG;
    if (kind & (kind - 1)) /* two filters at once */
        return CR_INVALID_FLAG;
    if (flags & CM_GETIDLIST_DONOTGENERATE & ~(ULONG)filters &&
        !(kind & CM_GETIDLIST_FILTER_SERVICE))
        return CR_INVALID_FLAG;
    if (!kind)
        return CR_SUCCESS;
    if (!filter)
        return CR_INVALID_POINTER;
    if (kind == CM_GETIDLIST_FILTER_CLASS && CLSIDFromString(filter, &guid))
        return CR_INVALID_DATA;
    if (kind & ~(ULONG)(CM_GETIDLIST_FILTER_CLASS | CM_GETIDLIST_FILTER_SERVICE |
                        CM_GETIDLIST_FILTER_ENUMERATOR) &&
        !node_load(filter, &node))
        return CR_NO_SUCH_DEVNODE;
    return CR_SUCCESS;
}

/* "ROOT" or "ROOT\DISPLAY": whole parts of the id. */
static bool begins_with(const wchar_t *id, const wchar_t *filter)
{
    size_t len = wcslen(filter);

    return !_wcsnicmp(id, filter, len) && (id[len] == L'\\' || !id[len]);
}

static bool passes(const struct node *node, const wchar_t *filter, ULONG flags)
{
    wchar_t text[PNP_ID_MAX];

    if (flags & CM_GETIDLIST_FILTER_PRESENT && !node->present)
        return false;
    switch (flags & filters) {
    case 0:
        return true;
    case CM_GETIDLIST_FILTER_ENUMERATOR:
        return begins_with(node->id, filter);
    case CM_GETIDLIST_FILTER_SERVICE:
        node_text(node, L"Service", text, PNP_ID_MAX);
        return !_wcsicmp(text, filter);
    case CM_GETIDLIST_FILTER_CLASS:
        node_text(node, L"ClassGUID", text, PNP_ID_MAX);
        return !_wcsicmp(text, filter);
    case CM_GETIDLIST_FILTER_BUSRELATIONS:
        node_parent(node, text);
        return node->present && !_wcsicmp(text, filter);
    case CM_GETIDLIST_FILTER_REMOVALRELATIONS:
        return node->present && _wcsicmp(node->id, filter) && node_is_below(node, filter);
    default:
        return false; /* no device here has relations of the other kinds */
    }
}

/* The list in ret_ids (IDS_CHARS), its length in characters with the last zero in *ret_len. */
static CONFIGRET collect(const wchar_t *filter, ULONG flags, wchar_t *ret_ids, ULONG *ret_len)
{
    struct tree tree;
    wchar_t *at = ret_ids;
    CONFIGRET code = check(filter, flags);

    if (code)
        return code;
    if (!(flags & filters)) { /* the root of the tree is a device too */
        wcscpy(at, ROOT_NODE);
        at += wcslen(at) + 1;
    }
    tree_load(&tree);
    for (size_t i = 0; i < tree.count && at - ret_ids < IDS_CHARS - PNP_ID_MAX - 1; i++) {
        if (!passes(&tree.items[i], filter, flags))
            continue;
        wcscpy(at, tree.items[i].id);
        at += wcslen(at) + 1;
    }
    tree_done(&tree);
    *at++ = L'\0';
    *ret_len = (ULONG)(at - ret_ids);
    return CR_SUCCESS;
}

static CONFIGRET list(const wchar_t *filter, PWCHAR ret_ids, ULONG *len_inout, ULONG flags)
{
    wchar_t *ids = malloc(IDS_CHARS * sizeof(*ids));
    CONFIGRET code = CR_OUT_OF_MEMORY;
    ULONG len = 0;

    if (!ids)
        return code;
    machine_enter();
    code = collect(filter, flags, ids, &len);
    machine_leave();
    if (!code && ret_ids && *len_inout < len)
        code = CR_BUFFER_SMALL;
    else if (!code && ret_ids)
        memcpy(ret_ids, ids, len * sizeof(*ids));
    if (!code)
        *len_inout = len;
    free(ids);
    return code;
}

CONFIGRET WINAPI CM_Get_Device_ID_List_SizeW(PULONG ret_len, PCWSTR filter, ULONG flags)
{
    CONFIGRET code = call_fault("CM_Get_Device_ID_List_SizeW");

    if (!code)
        code = ret_len ? list(filter, NULL, ret_len, flags) : CR_INVALID_POINTER;
    return call_cr(code, "CM_Get_Device_ID_List_SizeW(%ls, 0x%lx)", filter ? filter : L"", flags);
}

CONFIGRET WINAPI CM_Get_Device_ID_ListW(PCWSTR filter, PWCHAR ret_ids, ULONG room, ULONG flags)
{
    CONFIGRET code = call_fault("CM_Get_Device_ID_ListW");

    if (!code)
        code = ret_ids && room ? list(filter, ret_ids, &room, flags) : CR_INVALID_POINTER;
    return call_cr(code, "CM_Get_Device_ID_ListW(%ls, 0x%lx)", filter ? filter : L"", flags);
}
