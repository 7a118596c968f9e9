/*
 * How the agent's service is set up, once for both who do it: the agent, which asks the service
 * manager (guest/install_service_win32.c), and the host, which writes the same into the registry of
 * a disk (host/inject_parts.c). Facts: guest.md 6.1, imaging.md 1.6, hvsocket.md. Constants only.
 */
#ifndef GPUPV_AGENT_SERVICE_H
#define GPUPV_AGENT_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#define AGENT_SERVICE_ARGUMENT       "service" /* behind the program */
#define AGENT_SERVICE_RESET_S        86400     /* without a failure, and the count begins anew */
#define AGENT_SERVICE_PRESHUTDOWN_MS 90000     /* above what the service takes for itself */
#define AGENT_SERVICE_RESTARTS       3

/* What the service manager waits before it starts a service that failed again: after the first
 * failure, the second, and every further one. */
extern const uint32_t agent_service_restart_ms[AGENT_SERVICE_RESTARTS];

/* The privileges that SYSTEM keeps in the service, ended by NULL. */
extern const char *const agent_service_privileges[];

/* The service is also started when a device of the interface class link_service_id arrives, which
 * is what a host makes that dials the Hyper-V socket service of this id. */
#define AGENT_SERVICE_TRIGGER_DEVICE 1 /* SERVICE_TRIGGER_TYPE_DEVICE_INTERFACE_ARRIVAL */
#define AGENT_SERVICE_TRIGGER_STARTS 1 /* SERVICE_TRIGGER_ACTION_SERVICE_START */

#endif
