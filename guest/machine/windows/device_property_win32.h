/*
 * What SetupAPI and the configuration manager tell about one device, as UTF-8 and numbers: for the
 * ports of devices and drivers. A device is opened by its instance id whether it is present or not.
 */
#ifndef GPUPV_MACHINE_DEVICE_PROPERTY_WIN32_H
#define GPUPV_MACHINE_DEVICE_PROPERTY_WIN32_H

#include "common/err.h"

#include <windows.h>

#include <cfgmgr32.h>
#include <setupapi.h>

/* One device of a set of its own. */
struct device_handle {
    HDEVINFO set;
    SP_DEVINFO_DATA data;
};

/* Opens the instance, a phantom too; ERR_NOT_FOUND when Windows does not know it. The caller closes
 * with device_handle_close. */
bool device_handle_open(const char *instance, struct device_handle *ret_device, struct err *err);

/* Closes; a zeroed one is fine. */
void device_handle_close(struct device_handle *device);

/* The device node of a present instance; ERR_NOT_FOUND otherwise. */
bool device_node_find(const char *instance, DEVINST *ret_node, struct err *err);

/* State of a device node. */
struct device_state {
    bool present; /* false: a phantom */
    bool started;
    bool need_restart; /* Windows wants one before the device is as it should be */
    ULONG problem;     /* CM_PROB_*; 45 for a phantom, 0 for none */
};

/* Reads it; false for a failure that is not the absence of the device. */
bool device_node_state(DEVINST node, struct device_state *ret_state, struct err *err);

/* Copies a text property, of a list its first text; "" when there is none. Cut at a character
 * boundary. */
void device_text(
    HDEVINFO set, SP_DEVINFO_DATA *data, const DEVPROPKEY *key, char *out, size_t size);

/* True when one of the device's hardware ids begins with prefix, compared without case. */
bool device_id_begins(HDEVINFO set, SP_DEVINFO_DATA *data, const char *prefix);

/* Sets err from what the configuration manager answered, with the device as argument. Returns
 * false. */
bool device_fail(CONFIGRET code, enum text_id message, const char *instance, struct err *err);

#endif
