/* The two ways of enabling, and the one of disabling. */
#include "guest/machine/windows/device_switch_win32.h"

#include <regstr.h>

bool device_wants_reboot(struct device_handle *device)
{
    SP_DEVINSTALL_PARAMS_W params = {.cbSize = sizeof params};

    return SetupDiGetDeviceInstallParamsW(device->set, &device->data, &params) &&
           (params.Flags & (DI_NEEDREBOOT | DI_NEEDRESTART));
}

/* Disabled over restarts, by somebody else: the agent never does that. */
static bool is_disabled_for_good(struct device_handle *device)
{
    DWORD flags = 0;

    return SetupDiGetDeviceRegistryPropertyW(device->set,
                                             &device->data,
                                             SPDRP_CONFIGFLAGS,
                                             NULL,
                                             (BYTE *)&flags,
                                             sizeof flags,
                                             NULL) &&
           (flags & CONFIGFLAG_DISABLED);
}

/* Enables through the class installer, which also forgets that the device was disabled for good:
 * globally first, then in the current hardware profile. */
static bool enable_for_good(const char *instance, bool *ret_reboot, struct err *err)
{
    static const DWORD scopes[] = {DICS_FLAG_GLOBAL, DICS_FLAG_CONFIGSPECIFIC};
    struct device_handle device = {.set = NULL};
    bool ok = true;

    if (!device_handle_open(instance, &device, err))
        return false;
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0] && ok; i++) {
        SP_PROPCHANGE_PARAMS params = {
            .ClassInstallHeader = {.cbSize = sizeof params.ClassInstallHeader,
                                   .InstallFunction = DIF_PROPERTYCHANGE},
            .StateChange = DICS_ENABLE,
            .Scope = scopes[i],
        };

        ok = SetupDiSetClassInstallParamsW(
                 device.set, &device.data, &params.ClassInstallHeader, sizeof params) &&
             SetupDiCallClassInstaller(DIF_PROPERTYCHANGE, device.set, &device.data);
        if (!ok)
            err_set_os(
                err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_DEVICE_ENABLE, instance, NULL);
    }
    if (ok && device_wants_reboot(&device))
        *ret_reboot = true;
    device_handle_close(&device);
    return ok;
}

static bool enable_now(DEVINST node, const char *instance, struct err *err)
{
    CONFIGRET code = CM_Enable_DevNode(node, 0);

    return code == CR_SUCCESS || code == CR_NEED_RESTART ||
           device_fail(code, TEXT_DEVICE_ENABLE, instance, err);
}

static bool for_good(const char *instance)
{
    struct device_handle device = {.set = NULL};
    bool disabled = device_handle_open(instance, &device, NULL) && is_disabled_for_good(&device);

    device_handle_close(&device);
    return disabled;
}

bool device_enable_node(const char *instance, bool *ret_reboot, struct err *err)
{
    struct device_state state;
    bool reboot = false;
    DEVINST node;

    if (!device_node_find(instance, &node, err) || !device_node_state(node, &state, err))
        return false;
    if (state.problem == CM_PROB_DISABLED) {
        bool kept = for_good(instance);

        if (!(kept ? enable_for_good(instance, &reboot, err) : enable_now(node, instance, err)) ||
            !device_node_state(node, &state, err))
            return false;
        /* whether one way undoes what the other one did is not the same in all versions [probe] */
        if (state.problem == CM_PROB_DISABLED &&
            (!(kept ? enable_now(node, instance, err) : enable_for_good(instance, &reboot, err)) ||
             !device_node_state(node, &state, err)))
            return false;
    }
    *ret_reboot = reboot || state.need_restart;
    return true;
}

/* What refuses a device that is in use is told apart from a failure: it may go well later. */
static bool refuse(CONFIGRET code, enum text_id message, const char *instance, struct err *err)
{
    if (code != CR_REMOVE_VETOED)
        return device_fail(code, message, instance, err);
    err_set(err, ERR_BUSY, TEXT_DEVICE_VETOED, instance, NULL);
    if (err) {
        err->domain = ERR_DOMAIN_CONFIGRET;
        err->code = (int32_t)code;
    }
    return err_hint(err, TEXT_DEVICE_HINT_VETOED);
}

/* Without CM_DISABLE_PERSIST: a restart always brings the device back (design, Never lock anybody
 * out). CM_DISABLE_UI_NOT_OK: nobody is there to answer a question. */
bool device_disable_node(const char *instance, bool *ret_reboot, struct err *err)
{
    struct device_state state;
    CONFIGRET code = CR_SUCCESS;
    DEVINST node;

    if (!device_node_find(instance, &node, err) || !device_node_state(node, &state, err))
        return false;
    if (state.problem != CM_PROB_DISABLED)
        code = CM_Disable_DevNode(node, CM_DISABLE_POLITE | CM_DISABLE_UI_NOT_OK);
    if (code != CR_SUCCESS && code != CR_NEED_RESTART)
        return refuse(code, TEXT_DEVICE_DISABLE, instance, err);
    if (!device_node_state(node, &state, err))
        return false;
    *ret_reboot = code == CR_NEED_RESTART || state.need_restart;
    return true;
}
