/*
 * Tells that devices changed: device instances of any kind, display adapters, monitors and the
 * virtual display driver's interface. Nothing is told about what exists already: start the watch
 * first, then look (guest.md 6.2). Notifications can get lost, so a slow timer stays necessary.
 */
#ifndef GPUPV_MACHINE_DEVICE_WATCH_WIN32_H
#define GPUPV_MACHINE_DEVICE_WATCH_WIN32_H

#include "common/err.h"

struct windows_device_watch;

/* Calls on_change(user) from threads of the system, also several times for one change; it only
 * signals and returns. ERR_UNSUPPORTED on a Windows without such notifications. The caller ends it
 * with windows_device_watch_stop. */
bool windows_device_watch_start(void (*on_change)(void *user),
                                void *user,
                                struct windows_device_watch **ret_watch,
                                struct err *err);

/* on_change is not called any more when this returns; NULL is fine. Not from within on_change. */
void windows_device_watch_stop(struct windows_device_watch *watch);

#endif
