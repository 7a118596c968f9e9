/*
 * From the path of a device's interface, as the display and audio functions name devices, to what
 * the device is. Reads only. Any thread.
 */
#ifndef GPUPV_WINDOWS_HARDWARE_WIN32_H
#define GPUPV_WINDOWS_HARDWARE_WIN32_H

#include "guest/machine/devices.h"
#include "guest/machine/displays.h"

#define HARDWARE_IDS 16

struct hardware {
    char ids[HARDWARE_IDS][DEVICE_ID_BYTES]; /* hardware ids, the most specific first */
    size_t count;
    char name[DEVICE_TEXT_BYTES];
};

/* Reads the device that has the interface; false when Windows does not know it. */
bool hardware_of_interface(const char *path, struct hardware *ret_hardware);

/* True when one of the hardware ids begins with id, compared without case. */
bool hardware_is(const struct hardware *hardware, const char *id);

/* The kind of a display by its adapter; monitor, the path of the monitor's interface, decides where
 * the adapter is one that renders for others [probe]. */
enum display_kind hardware_display_kind(const struct hardware *adapter, const char *monitor);

#endif
