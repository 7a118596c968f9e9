/*
 * The agent's entry with Windows' service manager and with the event log: making, changing,
 * starting, stopping, removing. Every function finds its work done already without complaint.
 * Blocking.
 */
#ifndef GPUPV_GUEST_INSTALL_SERVICE_WIN32_H
#define GPUPV_GUEST_INSTALL_SERVICE_WIN32_H

#include "guest/install.h"

#include <windows.h>

/* Makes the service, or changes its command, start type and account. */
bool install_service_make(const char *command, struct err *err);

/* Description, what happens when it fails, how long it may take at a shutdown, its identity. */
bool install_service_configure(struct err *err);

/* Removes the service and waits until it is gone, wait_ms at most. It must be stopped. */
bool install_service_remove(int64_t wait_ms, struct err *err);

/* Starts it and waits until it runs. ERR_TIMEOUT, or ERR_FAILED when it stops again. */
bool install_service_start(int64_t wait_ms, struct err *err);

/* Stops it and waits until its process is gone, wait_ms at most. */
bool install_service_stop(int64_t wait_ms, struct err *err);

/* Whether Windows starts the service when the host calls (hvsocket.md section 9). A missing service
 * has no trigger. */
bool install_trigger_is_set(bool *ret_set, struct err *err);
bool install_trigger_set(bool set, struct err *err);

/* The event source, with its texts in program. */
bool install_events_make(const char *program, struct err *err);
bool install_events_remove(struct err *err);

#endif
