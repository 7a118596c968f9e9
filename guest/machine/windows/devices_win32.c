/*
 * Port of devices: SetupAPI lists (phantoms included), creates and removes, the configuration
 * manager tells states. Facts: guest.md sections 2, 4.1.
 */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/device_property_win32.h"
#include "guest/machine/windows/device_switch_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <devguid.h>
#include <devpkey.h>
#include <newdev.h>

struct windows_devices {
    struct devices_port port;
    /* newdev.dll; the import library of mingw-w64 lacks it */
    BOOL(WINAPI *uninstall)
    (HWND parent, HDEVINFO set, PSP_DEVINFO_DATA data, DWORD flags, PBOOL reboot);
};

/* The classes that the agent deals with, by the names that devices carry. */
static const struct {
    const char *name;
    const GUID *guid;
} classes[] = {
    {"Display", &GUID_DEVCLASS_DISPLAY},
    {"MEDIA", &GUID_DEVCLASS_MEDIA},
};
#define CLASSES (sizeof classes / sizeof classes[0])

static bool setup_fail(DWORD code, enum text_id message, const char *name, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, message, name, NULL);
}

/* ---- list ---- */

static bool is_listed(HDEVINFO set, SP_DEVINFO_DATA *data, const char *hardware_id)
{
    if (hardware_id)
        return device_id_begins(set, data, hardware_id);
    for (size_t i = 0; i < CLASSES; i++)
        if (IsEqualGUID(&data->ClassGuid, classes[i].guid))
            return true;
    return false;
}

static bool
describe(HDEVINFO set, SP_DEVINFO_DATA *data, struct device *ret_device, struct err *err)
{
    const struct {
        const DEVPROPKEY *key;
        char *out;
        size_t size;
    } texts[] = {
        {&DEVPKEY_Device_InstanceId, ret_device->instance, sizeof ret_device->instance},
        {&DEVPKEY_Device_HardwareIds, ret_device->hardware_id, sizeof ret_device->hardware_id},
        {&DEVPKEY_Device_Class, ret_device->device_class, sizeof ret_device->device_class},
        {&DEVPKEY_Device_DriverVersion,
         ret_device->driver_version,
         sizeof ret_device->driver_version},
        {&DEVPKEY_Device_DriverProvider,
         ret_device->driver_provider,
         sizeof ret_device->driver_provider},
        {&DEVPKEY_Device_DriverInfPath, ret_device->driver_inf, sizeof ret_device->driver_inf},
        {&DEVPKEY_Device_FriendlyName, ret_device->name, sizeof ret_device->name},
    };
    struct device_state state;

    if (!device_node_state(data->DevInst, &state, err))
        return false;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        device_text(set, data, texts[i].key, texts[i].out, texts[i].size);
    if (!ret_device->name[0])
        device_text(
            set, data, &DEVPKEY_Device_DeviceDesc, ret_device->name, sizeof ret_device->name);
    ret_device->present = state.present;
    ret_device->started = state.started;
    ret_device->problem = (int32_t)state.problem;
    return true;
}

static bool
list_set(HDEVINFO set, const char *hardware_id, struct device_list *list, struct err *err)
{
    SP_DEVINFO_DATA data = {.cbSize = sizeof data};
    DWORD code;

    for (DWORD i = 0; SetupDiEnumDeviceInfo(set, i, &data); i++) {
        if (!is_listed(set, &data, hardware_id))
            continue;
        if (list->count == DEVICES_MAX)
            return true;
        if (!describe(set, &data, &list->items[list->count], err))
            return false;
        list->count++;
    }
    code = GetLastError();
    return code == ERROR_NO_MORE_ITEMS || setup_fail(code, TEXT_DEVICE_TREE, NULL, err);
}

static bool devices_list(struct devices_port *port,
                         const char *hardware_id,
                         struct device_list *ret_list,
                         struct err *err)
{
    struct device_list *list = calloc(1, sizeof *list);
    HDEVINFO set;
    bool ok;

    (void)port;
    if (!list)
        return err_no_memory(err);
    /* without DIGCF_PRESENT: phantoms too */
    set = SetupDiGetClassDevsW(NULL, NULL, NULL, DIGCF_ALLCLASSES);
    if (set == INVALID_HANDLE_VALUE) {
        DWORD code = GetLastError();

        free(list);
        return setup_fail(code, TEXT_DEVICE_TREE, NULL, err);
    }
    ok = list_set(set, hardware_id, list, err);
    SetupDiDestroyDeviceInfoList(set);
    if (ok)
        *ret_list = *list;
    free(list);
    return ok;
}

/* ---- enable and disable ---- */

static bool
devices_enable(struct devices_port *port, const char *instance, bool *ret_reboot, struct err *err)
{
    (void)port;
    return device_enable_node(instance, ret_reboot, err);
}

static bool
devices_disable(struct devices_port *port, const char *instance, bool *ret_reboot, struct err *err)
{
    (void)port;
    return device_disable_node(instance, ret_reboot, err);
}

/* ---- remove and create ---- */

/* The class installer's way, for a Windows without DiUninstallDevice. */
static bool remove_by_installer(struct device_handle *device, BOOL *ret_reboot)
{
    SP_REMOVEDEVICE_PARAMS params = {
        .ClassInstallHeader = {.cbSize = sizeof params.ClassInstallHeader,
                               .InstallFunction = DIF_REMOVE},
        .Scope = DI_REMOVEDEVICE_GLOBAL,
    };

    if (!SetupDiSetClassInstallParamsW(
            device->set, &device->data, &params.ClassInstallHeader, sizeof params) ||
        !SetupDiCallClassInstaller(DIF_REMOVE, device->set, &device->data))
        return false;
    *ret_reboot = device_wants_reboot(device);
    return true;
}

static bool
devices_remove(struct devices_port *port, const char *instance, bool *ret_reboot, struct err *err)
{
    struct windows_devices *devices = (struct windows_devices *)port;
    struct device_handle device = {.set = NULL};
    BOOL reboot = FALSE;
    DWORD code;
    bool ok;

    if (!device_handle_open(instance, &device, err))
        return false;
    ok = devices->uninstall
             ? devices->uninstall(NULL, device.set, &device.data, 0, &reboot) != FALSE
             : remove_by_installer(&device, &reboot);
    code = GetLastError();
    device_handle_close(&device);
    if (!ok)
        return setup_fail(code, TEXT_DEVICE_REMOVE, instance, err);
    *ret_reboot = reboot != FALSE;
    return true;
}

static const GUID *class_guid(const char *name)
{
    for (size_t i = 0; i < CLASSES; i++)
        if (_stricmp(classes[i].name, name) == 0)
            return classes[i].guid;
    return NULL;
}

/* The registered device, by the steps of guest.md section 2. */
static bool
register_device(HDEVINFO set, const GUID *guid, const uint16_t *name, const uint16_t *id)
{
    SP_DEVINFO_DATA data = {.cbSize = sizeof data};
    uint16_t ids[DEVICE_ID_BYTES + 2] = {0}; /* a list, ended by two zeros */
    size_t units = utf16_len(id);

    if (units >= DEVICE_ID_BYTES) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return false;
    }
    memcpy(ids, id, units * sizeof *ids);
    return SetupDiCreateDeviceInfoW(set, name, guid, NULL, NULL, DICD_GENERATE_ID, &data) &&
           SetupDiSetDeviceRegistryPropertyW(set,
                                             &data,
                                             SPDRP_HARDWAREID,
                                             (const BYTE *)ids,
                                             (DWORD)((units + 2) * sizeof *ids)) &&
           SetupDiCallClassInstaller(DIF_REGISTERDEVICE, set, &data);
}

static bool devices_create(struct devices_port *port,
                           const char *hardware_id,
                           const char *device_class,
                           struct err *err)
{
    const GUID *guid = class_guid(device_class);
    HDEVINFO set = INVALID_HANDLE_VALUE;
    uint16_t *id = NULL, *name = NULL;
    bool ok = false;

    (void)port;
    if (!guid)
        return err_set(err, ERR_UNSUPPORTED, TEXT_DEVICE_CREATE, hardware_id, NULL);
    if (!utf16_from_utf8(hardware_id, &id, err) || !utf16_from_utf8(device_class, &name, err))
        goto out;
    set = SetupDiCreateDeviceInfoList(guid, NULL);
    ok = set != INVALID_HANDLE_VALUE && register_device(set, guid, name, id);
    if (!ok)
        setup_fail(GetLastError(), TEXT_DEVICE_CREATE, hardware_id, err);

out:
    if (set != INVALID_HANDLE_VALUE)
        SetupDiDestroyDeviceInfoList(set);
    free(name);
    free(id);
    return ok;
}

static bool devices_rescan(struct devices_port *port, struct err *err)
{
    CONFIGRET code;
    DEVINST root;

    (void)port;
    code = CM_Locate_DevNodeW(&root, NULL, CM_LOCATE_DEVNODE_NORMAL);
    if (code == CR_SUCCESS)
        code = CM_Reenumerate_DevNode(root, CM_REENUMERATE_SYNCHRONOUS);
    return code == CR_SUCCESS ||
           err_set_os(err, ERR_DOMAIN_CONFIGRET, (int32_t)code, TEXT_DEVICE_RESCAN, NULL);
}

static const struct devices_ops devices_ops = {
    .list = devices_list,
    .enable = devices_enable,
    .disable = devices_disable,
    .remove = devices_remove,
    .create = devices_create,
    .rescan = devices_rescan,
};

bool windows_devices_new(struct devices_port **ret_port, struct err *err)
{
    struct windows_devices *devices = calloc(1, sizeof *devices);
    HMODULE newdev = GetModuleHandleW(L"newdev.dll");

    if (!devices)
        return err_no_memory(err);
    devices->port.ops = &devices_ops;
    if (newdev)
        call_store(&devices->uninstall, GetProcAddress(newdev, "DiUninstallDevice"));
    *ret_port = &devices->port;
    return true;
}

void windows_devices_free(struct devices_port *port)
{
    free(port);
}
