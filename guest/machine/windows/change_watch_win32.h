/*
 * One thread that waits for everything that checks look at: devices, the registry keys of the
 * virtual display and of the agent, Parsec's folders, its service and those of Windows audio, and
 * sessions. It waits without a timer while nothing happens. Changes that come together are told
 * once, and those of log files, which are written all the time, at most every few seconds.
 * Notifications can get lost: the agent looks by itself now and then (guest.md 6.2).
 */
#ifndef GPUPV_WINDOWS_CHANGE_WATCH_WIN32_H
#define GPUPV_WINDOWS_CHANGE_WATCH_WIN32_H

#include "common/err.h"

struct change_watch;

/* Starts the thread; what cannot be watched is left out. The caller ends it with
 * change_watch_stop. */
bool change_watch_start(struct change_watch **ret_watch, struct err *err);

/* Ends the thread; NULL is fine. */
void change_watch_stop(struct change_watch *watch);

/* system_ops.wait_change; one thread at a time. */
bool change_watch_wait(struct change_watch *watch,
                       int64_t timeout_ms,
                       bool *ret_changed,
                       struct err *err);

/* Ends a wait, or the next one when nobody waits. Any thread. */
void change_watch_wake(struct change_watch *watch);

#endif
