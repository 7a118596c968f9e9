/*
 * Driver packages as INF files: which published one serves a hardware id, and where it lies in the
 * driver store. Reads only; SetupAPI reads the INFs, guest/inf.h judges what they say. Blocking;
 * any thread.
 */
#ifndef GPUPV_MACHINE_DRIVER_STORE_WIN32_H
#define GPUPV_MACHINE_DRIVER_STORE_WIN32_H

#include "guest/inf.h"

#include "common/err.h"

/* The full path in the driver store of the newest published third-party package whose models list
 * hardware_id for this Windows; "" in out (size bytes) when there is none. */
bool driver_store_find(const char *hardware_id, char *out, size_t size, struct err *err);

/* Text of the DriverVer directive of an INF: "0.45.0.0" into out, "" when it has none; false when
 * it cannot be read as an INF. */
bool driver_inf_version(const char *path, char *out, size_t size);

#endif
