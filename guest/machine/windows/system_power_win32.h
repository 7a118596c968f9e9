/* The power scheme: whether it lets the machine or its displays sleep, and forbidding it. */
#ifndef GPUPV_WINDOWS_SYSTEM_POWER_WIN32_H
#define GPUPV_WINDOWS_SYSTEM_POWER_WIN32_H

#include "common/err.h"

/* Sets all times of the active scheme, plugged in or not, to never. */
bool system_power_never_sleep(struct err *err);

#endif
