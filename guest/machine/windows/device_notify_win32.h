/*
 * CM_Register_Notification, where Windows has it (8 and later; absent under Wine). Callbacks run on
 * a thread of the system: they must not block for long and never unregister themselves.
 */
#ifndef GPUPV_MACHINE_DEVICE_NOTIFY_WIN32_H
#define GPUPV_MACHINE_DEVICE_NOTIFY_WIN32_H

#include <windows.h>

#include <cfgmgr32.h>

#include <stdbool.h>

/* False when this Windows has no such notifications, or refuses the filter. The caller ends it with
 * device_notify_end. */
bool device_notify_begin(const CM_NOTIFY_FILTER *filter,
                         PCM_NOTIFY_CALLBACK callback,
                         void *context,
                         HCMNOTIFICATION *ret_notification);

/* Returns when no callback runs any more; NULL is fine. Not from within a callback. */
void device_notify_end(HCMNOTIFICATION notification);

#endif
