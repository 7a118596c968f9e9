/* Status and properties of a device node. */
#include "cm.h"

#include "property.h"

#include <setupapi.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static CONFIGRET status(PULONG ret_status, PULONG ret_problem, DEVINST devinst, ULONG flags)
{
    struct node node;
    CONFIGRET code;

    if (!ret_status || !ret_problem)
        return CR_INVALID_POINTER;
    code = cm_find(devinst, false, &node);
    if (code)
        return code;
    if (flags)
        return CR_INVALID_FLAG;
    *ret_status = node_status(&node);
    *ret_problem = node.problem;
    return CR_SUCCESS;
}

CONFIGRET WINAPI CM_Get_DevNode_Status(PULONG ret_status,
                                       PULONG ret_problem,
                                       DEVINST devinst,
                                       ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    CONFIGRET code = call_fault("CM_Get_DevNode_Status");

    machine_enter();
    if (!code)
        code = status(ret_status, ret_problem, devinst, flags);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "CM_Get_DevNode_Status(%ls, 0x%lx)", name, flags);
}

/* ---- by number ---- */

static CONFIGRET registry(DEVINST devinst,
                          ULONG property,
                          PULONG ret_type,
                          PVOID ret_buffer,
                          PULONG size_inout,
                          ULONG flags)
{
    struct value *value;
    struct node node;
    CONFIGRET code;

    if (!size_inout)
        return CR_INVALID_POINTER;
    code = cm_find(devinst, true, &node);
    if (code)
        return code;
    if (flags)
        return CR_INVALID_FLAG;
    if (property < CM_DRP_MIN || property > SPDRP_MAXIMUM_PROPERTY)
        return CR_INVALID_PROPERTY;
    value = calloc(1, sizeof(*value));
    if (!value)
        return CR_OUT_OF_MEMORY;
    /* CM_DRP_ numbers are SPDRP_ numbers, one higher */
    code = registry_property(&node, property - 1, value)
               ? cm_give(value->data, value->size, ret_buffer, size_inout)
               : CR_NO_SUCH_VALUE;
    if (code == CR_NO_SUCH_VALUE)
        *size_inout = 0;
    else if (ret_type)
        *ret_type = value->type;
    free(value);
    return code;
}

CONFIGRET WINAPI CM_Get_DevNode_Registry_PropertyW(DEVINST devinst,
                                                   ULONG property,
                                                   PULONG ret_type,
                                                   PVOID ret_buffer,
                                                   PULONG size_inout,
                                                   ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    CONFIGRET code = call_fault("CM_Get_DevNode_Registry_PropertyW");

    machine_enter();
    if (!code)
        code = registry(devinst, property, ret_type, ret_buffer, size_inout, flags);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code, "CM_Get_DevNode_Registry_PropertyW(%ls, %lu)", name, property);
}

/* ---- by key ---- */

static CONFIGRET by_key(DEVINST devinst,
                        const DEVPROPKEY *key,
                        DEVPROPTYPE *ret_type,
                        PBYTE ret_buffer,
                        PULONG size_inout,
                        ULONG flags)
{
    struct value *value;
    struct node node;
    CONFIGRET code;

    if (!key || !ret_type || !size_inout || (!ret_buffer && *size_inout))
        return CR_INVALID_POINTER;
    code = cm_find(devinst, true, &node);
    if (code)
        return code;
    if (flags)
        return CR_INVALID_FLAG;
    value = calloc(1, sizeof(*value));
    if (!value)
        return CR_OUT_OF_MEMORY;
    *ret_type = DEVPROP_TYPE_EMPTY;
    if (device_property(&node, key, value)) {
        *ret_type = value->type;
        code = cm_give(value->data, value->size, ret_buffer, size_inout);
    } else {
        *size_inout = 0;
        code = CR_NO_SUCH_VALUE;
    }
    free(value);
    return code;
}

CONFIGRET WINAPI CM_Get_DevNode_PropertyW(DEVINST devinst,
                                          const DEVPROPKEY *key,
                                          DEVPROPTYPE *ret_type,
                                          PBYTE ret_buffer,
                                          PULONG size_inout,
                                          ULONG flags)
{
    wchar_t name[PNP_ID_MAX];
    CONFIGRET code = call_fault("CM_Get_DevNode_PropertyW");

    machine_enter();
    if (!code)
        code = by_key(devinst, key, ret_type, ret_buffer, size_inout, flags);
    cm_name(devinst, name);
    machine_leave();
    return call_cr(code,
                   "CM_Get_DevNode_PropertyW(%ls, {%08lx-...} %lu)",
                   name,
                   key ? key->fmtid.Data1 : 0,
                   key ? key->pid : 0);
}
