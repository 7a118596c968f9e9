/* Properties and registry keys of an element's device. */
#include "di.h"

#include "property.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static DWORD get_registry(HDEVINFO handle,
                          SP_DEVINFO_DATA *data,
                          DWORD property,
                          DWORD *ret_type,
                          BYTE *ret_buffer,
                          DWORD room,
                          DWORD *ret_needed)
{
    struct element *element;
    struct node node;
    struct value *value;
    DWORD code = find_node(handle, data, &element, &node);

    if (code)
        return code;
    if (property >= SPDRP_MAXIMUM_PROPERTY)
        return ERROR_INVALID_REG_PROPERTY;
    value = calloc(1, sizeof(*value));
    if (!value)
        return ERROR_NOT_ENOUGH_MEMORY;
    code = ERROR_INVALID_DATA; /* the device does not have it */
    if (registry_property(&node, property, value)) {
        if (ret_type)
            *ret_type = value->type;
        code = give_bytes(value->data, value->size, ret_buffer, room, ret_needed);
    }
    free(value);
    return code;
}

WINBOOL WINAPI SetupDiGetDeviceRegistryPropertyW(HDEVINFO handle,
                                                 PSP_DEVINFO_DATA data,
                                                 DWORD property,
                                                 PDWORD ret_type,
                                                 PBYTE ret_buffer,
                                                 DWORD room,
                                                 PDWORD ret_needed)
{
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiGetDeviceRegistryPropertyW");

    machine_enter();
    if (!code)
        code = get_registry(handle, data, property, ret_type, ret_buffer, room, ret_needed);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code, "SetupDiGetDeviceRegistryPropertyW(%ls, %lu)", name, property);
}

WINBOOL WINAPI SetupDiSetDeviceRegistryPropertyW(
    HDEVINFO handle, PSP_DEVINFO_DATA data, DWORD property, CONST BYTE *buffer, DWORD size)
{
    struct element *element;
    struct node node;
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiSetDeviceRegistryPropertyW");

    machine_enter();
    if (!code)
        code = find_node(handle, data, &element, &node);
    if (!code && property >= SPDRP_MAXIMUM_PROPERTY)
        code = ERROR_INVALID_REG_PROPERTY;
    if (!code && !buffer && size)
        code = ERROR_INVALID_PARAMETER;
    if (!code)
        code = may_change() == ERROR_ACCESS_DENIED ? ERROR_ACCESS_DENIED : 0;
    if (!code)
        code = registry_property_set(&node, property, buffer, size);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code, "SetupDiSetDeviceRegistryPropertyW(%ls, %lu)", name, property);
}

/* ---- by key ---- */

static DWORD get_by_key(HDEVINFO handle,
                        SP_DEVINFO_DATA *data,
                        const DEVPROPKEY *key,
                        DEVPROPTYPE *ret_type,
                        BYTE *ret_buffer,
                        DWORD room,
                        DWORD *ret_needed)
{
    struct element *element;
    struct node node;
    struct value *value;
    DWORD code = find_node(handle, data, &element, &node);

    if (code)
        return code;
    if (!key)
        return ERROR_INVALID_DATA;
    if (!ret_type || (!ret_buffer && room))
        return ERROR_INVALID_USER_BUFFER;
    value = calloc(1, sizeof(*value));
    if (!value)
        return ERROR_NOT_ENOUGH_MEMORY;
    code = ERROR_NOT_FOUND;
    *ret_type = DEVPROP_TYPE_EMPTY;
    if (device_property(&node, key, value)) {
        *ret_type = value->type;
        code = give_bytes(value->data, value->size, ret_buffer, room, ret_needed);
    } else if (ret_needed) {
        *ret_needed = 0;
    }
    free(value);
    return code;
}

WINBOOL WINAPI SetupDiGetDevicePropertyW(HDEVINFO handle,
                                         PSP_DEVINFO_DATA data,
                                         const DEVPROPKEY *key,
                                         DEVPROPTYPE *ret_type,
                                         PBYTE ret_buffer,
                                         DWORD room,
                                         PDWORD ret_needed,
                                         DWORD flags)
{
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiGetDevicePropertyW");

    machine_enter();
    if (!code && flags)
        code = ERROR_INVALID_FLAGS;
    if (!code)
        code = get_by_key(handle, data, key, ret_type, ret_buffer, room, ret_needed);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code,
                     "SetupDiGetDevicePropertyW(%ls, {%08lx-...} %lu)",
                     name,
                     key ? key->fmtid.Data1 : 0,
                     key ? key->pid : 0);
}

WINBOOL WINAPI SetupDiSetDevicePropertyW(HDEVINFO handle,
                                         PSP_DEVINFO_DATA data,
                                         const DEVPROPKEY *key,
                                         DEVPROPTYPE type,
                                         const BYTE *buffer,
                                         DWORD size,
                                         DWORD flags)
{
    struct element *element;
    struct node node;
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiSetDevicePropertyW");

    machine_enter();
    if (!code && flags)
        code = ERROR_INVALID_FLAGS;
    if (!code)
        code = find_node(handle, data, &element, &node);
    if (!code && !key)
        code = ERROR_INVALID_DATA;
    /* To delete is: no type, no buffer, no size. */
    if (!code && (!buffer) != (type == DEVPROP_TYPE_EMPTY || type == DEVPROP_TYPE_NULL))
        code = ERROR_INVALID_USER_BUFFER;
    if (!code && !buffer && size)
        code = ERROR_INVALID_USER_BUFFER;
    if (!code)
        code = device_property_set(&node, key, type, buffer, size);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code,
                     "SetupDiSetDevicePropertyW(%ls, {%08lx-...} %lu)",
                     name,
                     key ? key->fmtid.Data1 : 0,
                     key ? key->pid : 0);
}

/* ---- keys ---- */

static DWORD
key_path(HDEVINFO handle, SP_DEVINFO_DATA *data, DWORD scope, DWORD type, wchar_t *ret_path)
{
    struct element *element;
    struct node node;
    DWORD code = find_node(handle, data, &element, &node);

    if (code)
        return code;
    if (scope != DICS_FLAG_GLOBAL && scope != DICS_FLAG_CONFIGSPECIFIC)
        return ERROR_INVALID_FLAGS;
    if (type != DIREG_DEV && type != DIREG_DRV)
        return ERROR_INVALID_FLAGS;
    if (!element->registered)
        return ERROR_DEVINFO_NOT_REGISTERED;
    if (type == DIREG_DEV)
        path_of_device_parameters(&node, ret_path);
    else
        node_driver_path(&node, ret_path);
    return *ret_path ? 0 : ERROR_KEY_DOES_NOT_EXIST; /* it has no driver */
}

HKEY WINAPI SetupDiOpenDevRegKey(
    HDEVINFO handle, PSP_DEVINFO_DATA data, DWORD scope, DWORD profile, DWORD type, REGSAM access)
{
    HKEY key = INVALID_HANDLE_VALUE;
    wchar_t path[PATH_CHARS], name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiOpenDevRegKey");

    (void)profile;
    machine_enter();
    if (!code)
        code = key_path(handle, data, scope, type, path);
    if (!code)
        code = (DWORD)RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, access, &key);
    data_name(handle, data, name);
    machine_leave();
    call_bool(code, "SetupDiOpenDevRegKey(%ls, %lu)", name, type);
    return code ? INVALID_HANDLE_VALUE : key;
}

HKEY WINAPI SetupDiCreateDevRegKeyW(HDEVINFO handle,
                                    PSP_DEVINFO_DATA data,
                                    DWORD scope,
                                    DWORD profile,
                                    DWORD type,
                                    HINF inf,
                                    PCWSTR section)
{
    HKEY key = INVALID_HANDLE_VALUE;
    wchar_t path[PATH_CHARS], name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiCreateDevRegKeyW");

    (void)profile;
    machine_enter();
    if (!code && (inf || section))
        code = ERROR_CALL_NOT_IMPLEMENTED;
    if (!code)
        code = key_path(handle, data, scope, type, path);
    if (!code)
        code = (DWORD)RegCreateKeyExW(
            HKEY_LOCAL_MACHINE, path, 0, NULL, 0, KEY_READ | KEY_WRITE, NULL, &key, NULL);
    data_name(handle, data, name);
    machine_leave();
    call_bool(code, "SetupDiCreateDevRegKeyW(%ls, %lu)", name, type);
    return code ? INVALID_HANDLE_VALUE : key;
}
