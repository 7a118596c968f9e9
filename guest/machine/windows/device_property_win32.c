/* Opening devices and reading their properties. */
#include "guest/machine/windows/device_property_win32.h"

#include "common/utf16.h"
#include "guest/machine/devices.h"

#include <stdlib.h>
#include <string.h>

#include <initguid.h>

#include <devpkey.h>

/* Of a property that is asked for; hardware ids of a device have at most 1,024 characters. */
#define PROPERTY_UNITS 2048

bool device_handle_open(const char *instance, struct device_handle *ret_device, struct err *err)
{
    struct device_handle device = {.data.cbSize = sizeof device.data};
    uint16_t *wide = NULL;
    bool ok = false;

    if (!utf16_from_utf8(instance, &wide, err))
        return false;
    device.set = SetupDiCreateDeviceInfoList(NULL, NULL);
    if (device.set == INVALID_HANDLE_VALUE) {
        err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_DEVICE_TREE, NULL);
        goto out;
    }
    if (!SetupDiOpenDeviceInfoW(device.set, wide, NULL, 0, &device.data)) {
        err_set_os(
            err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_DEVICE_UNKNOWN, instance, NULL);
        SetupDiDestroyDeviceInfoList(device.set);
        goto out;
    }
    *ret_device = device;
    ok = true;

out:
    free(wide);
    return ok;
}

void device_handle_close(struct device_handle *device)
{
    if (device->set)
        SetupDiDestroyDeviceInfoList(device->set);
    device->set = NULL;
}

bool device_node_find(const char *instance, DEVINST *ret_node, struct err *err)
{
    uint16_t *wide = NULL;
    CONFIGRET code;

    if (!utf16_from_utf8(instance, &wide, err))
        return false;
    code = CM_Locate_DevNodeW(ret_node, wide, CM_LOCATE_DEVNODE_NORMAL);
    free(wide);
    if (code == CR_INVALID_DEVICE_ID)
        code = CR_NO_SUCH_DEVNODE;
    return code == CR_SUCCESS || device_fail(code, TEXT_DEVICE_UNKNOWN, instance, err);
}

bool device_node_state(DEVINST node, struct device_state *ret_state, struct err *err)
{
    ULONG status = 0, problem = 0;
    CONFIGRET code = CM_Get_DevNode_Status(&status, &problem, node, 0);

    if (code == CR_NO_SUCH_DEVNODE || code == CR_INVALID_DEVNODE) {
        *ret_state = (struct device_state){.problem = DEVICE_PROBLEM_PHANTOM};
        return true;
    }
    if (code != CR_SUCCESS)
        return err_set_os(err, ERR_DOMAIN_CONFIGRET, (int32_t)code, TEXT_DEVICE_TREE, NULL);
    *ret_state = (struct device_state){
        .present = true,
        .started = (status & DN_STARTED) && !(status & DN_HAS_PROBLEM),
        .need_restart = (status & DN_NEED_RESTART) ||
                        ((status & DN_HAS_PROBLEM) && problem == CM_PROB_NEED_RESTART),
        .problem = (status & DN_HAS_PROBLEM) ? problem : 0,
    };
    return true;
}

/* The property's text or list, ended by two zeros; false when there is none of that kind. */
static bool read_property(HDEVINFO set, SP_DEVINFO_DATA *data, const DEVPROPKEY *key, uint16_t *out)
{
    DEVPROPTYPE type = DEVPROP_TYPE_EMPTY;
    DWORD size = 0;

    memset(out, 0, PROPERTY_UNITS * sizeof *out);
    return SetupDiGetDevicePropertyW(
               set, data, key, &type, (BYTE *)out, (PROPERTY_UNITS - 2) * sizeof *out, &size, 0) &&
           (type == DEVPROP_TYPE_STRING || type == DEVPROP_TYPE_STRING_LIST);
}

void device_text(HDEVINFO set, SP_DEVINFO_DATA *data, const DEVPROPKEY *key, char *out, size_t size)
{
    uint16_t text[PROPERTY_UNITS];
    char *utf8 = NULL;

    out[0] = '\0';
    if (!read_property(set, data, key, text) || !utf16_to_utf8(text, utf16_len(text), &utf8, NULL))
        return;
    text_copy(out, size, utf8);
    free(utf8);
}

bool device_id_begins(HDEVINFO set, SP_DEVINFO_DATA *data, const char *prefix)
{
    uint16_t ids[PROPERTY_UNITS];
    uint16_t *wide = NULL;
    bool begins = false;
    size_t length;

    if (!read_property(set, data, &DEVPKEY_Device_HardwareIds, ids) ||
        !utf16_from_utf8(prefix, &wide, NULL))
        return false;
    length = utf16_len(wide);
    for (const uint16_t *id = ids; *id && !begins; id += utf16_len(id) + 1)
        begins = utf16_len(id) >= length &&
                 CompareStringOrdinal(id, (int)length, wide, (int)length, TRUE) == CSTR_EQUAL;
    free(wide);
    return begins;
}

bool device_fail(CONFIGRET code, enum text_id message, const char *instance, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_CONFIGRET, (int32_t)code, message, instance, NULL);
}
