/*
 * Enabling and disabling a device by its instance id. Disabling never lasts over a restart (design,
 * Never lock anybody out); enabling also undoes what somebody else disabled for good. Blocking; job
 * threads only. Facts: guest.md section 4.1.
 */
#ifndef GPUPV_MACHINE_DEVICE_SWITCH_WIN32_H
#define GPUPV_MACHINE_DEVICE_SWITCH_WIN32_H

#include "guest/machine/windows/device_property_win32.h"

/* Enables; an enabled device is fine. *ret_reboot: Windows wants a restart. */
bool device_enable_node(const char *instance, bool *ret_reboot, struct err *err);

/* Disables until the next boot; a disabled device is fine. ERR_BUSY when somebody who uses it
 * refuses. */
bool device_disable_node(const char *instance, bool *ret_reboot, struct err *err);

/* Whether a class installer left the wish for a restart. */
bool device_wants_reboot(struct device_handle *device);

#endif
