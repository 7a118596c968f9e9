/* Installation requests: SetupDiCallClassInstaller and its parameters. No class installer or
 * co-installer is there, so the default handlers do it all. */
#include "di.h"

#include <stddef.h>
#include <string.h>
#include <wchar.h>

/* ---- parameters ---- */

static bool params_are_valid(const union install_params *params)
{
    switch (params->header.InstallFunction) {
    case DIF_PROPERTYCHANGE:
        return params->change.StateChange >= DICS_ENABLE &&
               params->change.StateChange <= DICS_STOP &&
               params->change.Scope >= DICS_FLAG_GLOBAL &&
               params->change.Scope <= DICS_FLAG_CONFIGSPECIFIC;
    case DIF_REMOVE:
        return params->remove.Scope >= DI_REMOVEDEVICE_GLOBAL &&
               params->remove.Scope <= DI_REMOVEDEVICE_CONFIGSPECIFIC;
    default:
        return false;
    }
}

static DWORD
set_params(HDEVINFO handle, SP_DEVINFO_DATA *data, const SP_CLASSINSTALL_HEADER *header, DWORD size)
{
    struct set *set = set_of(handle);
    struct element *element;
    union install_params params = {.header = {.cbSize = 0}};
    DWORD code, wanted;

    if (!set)
        return ERROR_INVALID_HANDLE;
    code = set_element(set, data, &element);
    if (code)
        return code;
    if (!header) { /* takes what is there away */
        if (size)
            return ERROR_INVALID_PARAMETER;
        memset(&element->class_params, 0, sizeof(element->class_params));
        element->params.Flags &= ~(DWORD)DI_CLASSINSTALLPARAMS;
        return 0;
    }
    if (size < sizeof(*header))
        return ERROR_INVALID_PARAMETER;
    if (header->cbSize != sizeof(*header))
        return ERROR_INVALID_USER_BUFFER;
    wanted = header->InstallFunction == DIF_PROPERTYCHANGE ? sizeof(SP_PROPCHANGE_PARAMS)
             : header->InstallFunction == DIF_REMOVE       ? sizeof(SP_REMOVEDEVICE_PARAMS)
                                                           : 0;
    if (!wanted)
        return ERROR_CALL_NOT_IMPLEMENTED; /* requests of wizards and property sheets */
    if (size < wanted)
        return ERROR_INVALID_PARAMETER;
    memcpy(&params, header, wanted);
    if (!params_are_valid(&params))
        return ERROR_INVALID_PARAMETER;
    element->class_params = params;
    element->params.Flags |= DI_CLASSINSTALLPARAMS;
    return 0;
}

WINBOOL WINAPI SetupDiSetClassInstallParamsW(HDEVINFO handle,
                                             PSP_DEVINFO_DATA data,
                                             PSP_CLASSINSTALL_HEADER header,
                                             DWORD size)
{
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiSetClassInstallParamsW");

    machine_enter();
    if (!code)
        code = set_params(handle, data, header, size);
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code,
                     "SetupDiSetClassInstallParamsW(%ls, 0x%x)",
                     name,
                     header && size >= sizeof(*header) ? header->InstallFunction : 0);
}

static DWORD install_params(HDEVINFO handle,
                            SP_DEVINFO_DATA *data,
                            const SP_DEVINSTALL_PARAMS_W *params,
                            struct element **ret_element)
{
    struct set *set = set_of(handle);
    DWORD code;

    if (!set)
        return ERROR_INVALID_HANDLE;
    if (!params)
        return ERROR_INVALID_PARAMETER;
    code = set_element(set, data, ret_element);
    if (!code && params->cbSize != sizeof(*params))
        code = ERROR_INVALID_USER_BUFFER;
    return code;
}

WINBOOL WINAPI SetupDiGetDeviceInstallParamsW(HDEVINFO handle,
                                              PSP_DEVINFO_DATA data,
                                              PSP_DEVINSTALL_PARAMS_W ret_params)
{
    struct element *element;
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiGetDeviceInstallParamsW");

    machine_enter();
    if (!code)
        code = install_params(handle, data, ret_params, &element);
    if (!code)
        *ret_params = element->params;
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code, "SetupDiGetDeviceInstallParamsW(%ls)", name);
}

WINBOOL WINAPI SetupDiSetDeviceInstallParamsW(HDEVINFO handle,
                                              PSP_DEVINFO_DATA data,
                                              PSP_DEVINSTALL_PARAMS_W params)
{
    struct element *element;
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiSetDeviceInstallParamsW");

    machine_enter();
    if (!code)
        code = install_params(handle, data, params, &element);
    if (!code && params->Flags & DI_CLASSINSTALLPARAMS &&
        !element->class_params.header.InstallFunction)
        code = ERROR_NO_CLASSINSTALL_PARAMS;
    if (!code)
        element->params = *params;
    data_name(handle, data, name);
    machine_leave();
    return call_bool(code, "SetupDiSetDeviceInstallParamsW(%ls)", name);
}

/* ---- default handlers ---- */

/* What a veto or the next boot means to a caller of SetupAPI: TRUE, and a flag. */
static DWORD from_configret(struct element *element, CONFIGRET code)
{
    switch (code) {
    case CR_SUCCESS:
        return 0;
    case CR_NEED_RESTART:
    case CR_REMOVE_VETOED:
        element->params.Flags |= DI_NEEDREBOOT;
        return 0;
    case CR_NOT_DISABLEABLE:
        return ERROR_NOT_DISABLEABLE;
    default:
        return ERROR_GEN_FAILURE;
    }
}

DWORD di_remove(HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    struct element *element;
    struct node node;
    struct veto veto;
    DWORD code = find_node(handle, data, &element, &node);

    if (!code && !element->registered)
        code = ERROR_DEVINFO_NOT_REGISTERED;
    if (!code)
        code = may_change();
    return code ? code : from_configret(element, node_remove(&node, &veto));
}

static CONFIGRET change(struct node *node, DWORD state, DWORD scope, struct veto *ret_veto)
{
    switch (state) {
    case DICS_ENABLE:
    case DICS_START:
        if (state == DICS_START && scope == DICS_FLAG_GLOBAL)
            return CR_INVALID_FLAG;
        return node_enable(node);
    case DICS_DISABLE:
        return node_disable(node, true, ret_veto);
    case DICS_STOP:
        return scope == DICS_FLAG_GLOBAL ? CR_INVALID_FLAG : node_disable(node, false, ret_veto);
    default: /* DICS_PROPCHANGE: stop and start, unless it is disabled */
        return node->problem == CM_PROB_DISABLED ? CR_SUCCESS : node_restart(node, ret_veto);
    }
}

/* Enabling globally undoes a persistent disable; for a phantom only the flag changes. */
static CONFIGRET change_phantom(struct node *node, DWORD state)
{
    if (state == DICS_ENABLE || state == DICS_START)
        node_set_config_flags(node, 0, 1);
    else if (state == DICS_DISABLE)
        node_set_config_flags(node, 1, 0);
    return CR_SUCCESS;
}

DWORD di_change_state(HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    struct element *element;
    const SP_PROPCHANGE_PARAMS *params;
    struct node node;
    struct veto veto;
    DWORD code = find_node(handle, data, &element, &node);

    if (code)
        return code;
    params = &element->class_params.change;
    if (!(element->params.Flags & DI_CLASSINSTALLPARAMS) ||
        params->ClassInstallHeader.InstallFunction != DIF_PROPERTYCHANGE)
        return ERROR_NO_CLASSINSTALL_PARAMS;
    if (!element->registered)
        return ERROR_DEVINFO_NOT_REGISTERED;
    code = may_change();
    if (code)
        return code;
    if (!node.present)
        return from_configret(element, change_phantom(&node, params->StateChange));
    return from_configret(element, change(&node, params->StateChange, params->Scope, &veto));
}

static DWORD nothing_to_do(HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    struct element *element;
    struct node node;

    return find_node(handle, data, &element, &node);
}

static DWORD register_device(HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    return di_register(handle, data, 0);
}

static const struct {
    DI_FUNCTION function;
    DWORD (*run)(HDEVINFO handle, SP_DEVINFO_DATA *data);
} requests[] = {
    {DIF_REMOVE, di_remove},
    {DIF_PROPERTYCHANGE, di_change_state},
    {DIF_REGISTERDEVICE, register_device},
    {DIF_INSTALLDEVICE, di_install},
    {DIF_SELECTBESTCOMPATDRV, di_select_best},
    {DIF_INSTALLDEVICEFILES, nothing_to_do},
    {DIF_REGISTER_COINSTALLERS, nothing_to_do},
    {DIF_INSTALLINTERFACES, nothing_to_do},
};

static DWORD call_installer(DI_FUNCTION function, HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    DWORD code = may_change();

    if (!set_of(handle))
        return ERROR_INVALID_HANDLE;
    if (code == ERROR_IN_WOW64)
        return code;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
        if (requests[i].function == function)
            return requests[i].run(handle, data);
    return ERROR_DI_DO_DEFAULT;
}

WINBOOL WINAPI SetupDiCallClassInstaller(DI_FUNCTION function,
                                         HDEVINFO handle,
                                         PSP_DEVINFO_DATA data)
{
    wchar_t name[PNP_ID_MAX];
    DWORD code = call_fault("SetupDiCallClassInstaller");

    machine_enter();
    data_name(handle, data, name);
    if (!code)
        code = call_installer(function, handle, data);
    machine_leave();
    return call_bool(code, "SetupDiCallClassInstaller(0x%x, %ls)", function, name);
}

/* ---- the handlers as exports ---- */

static BOOL run(const char *name,
                HDEVINFO handle,
                SP_DEVINFO_DATA *data,
                DWORD (*handler)(HDEVINFO, SP_DEVINFO_DATA *))
{
    wchar_t id[PNP_ID_MAX];
    DWORD code = call_fault(name);

    machine_enter();
    data_name(handle, data, id);
    if (!code)
        code = handler(handle, data);
    machine_leave();
    return call_bool(code, "%s(%ls)", name, id);
}

WINBOOL WINAPI SetupDiRemoveDevice(HDEVINFO handle, PSP_DEVINFO_DATA data)
{
    return run("SetupDiRemoveDevice", handle, data, di_remove);
}

WINBOOL WINAPI SetupDiChangeState(HDEVINFO handle, PSP_DEVINFO_DATA data)
{
    return run("SetupDiChangeState", handle, data, di_change_state);
}

WINBOOL WINAPI SetupDiInstallDevice(HDEVINFO handle, PSP_DEVINFO_DATA data)
{
    return run("SetupDiInstallDevice", handle, data, di_install);
}

WINBOOL WINAPI SetupDiSelectBestCompatDrv(HDEVINFO handle, PSP_DEVINFO_DATA data)
{
    return run("SetupDiSelectBestCompatDrv", handle, data, di_select_best);
}

static DWORD restart(HDEVINFO handle, SP_DEVINFO_DATA *data)
{
    struct element *element;
    struct node node;
    struct veto veto;
    DWORD code = find_node(handle, data, &element, &node);

    if (!code)
        code = may_change();
    return code ? code : from_configret(element, change(&node, DICS_PROPCHANGE, 0, &veto));
}

WINBOOL WINAPI SetupDiRestartDevices(HDEVINFO handle, PSP_DEVINFO_DATA data)
{
    return run("SetupDiRestartDevices", handle, data, restart);
}
