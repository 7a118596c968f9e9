/*
 * The ports of real Windows, one constructor and destructor each; machine_open_system puts them
 * together. Constructors may be called once per machine and acquire nothing that a service of
 * session 0 lacks; destructors take NULL. The enumerations of the ports' headers and those of
 * <windows.h> live side by side: either may be included first.
 */
#ifndef GPUPV_MACHINE_WINDOWS_H
#define GPUPV_MACHINE_WINDOWS_H

#include "guest/machine/machine.h"

/* The helper in the console session, shared by the ports that need the user's desktop. */
struct session_client;

/* Devices of the PnP manager. */
bool windows_devices_new(struct devices_port **ret_port, struct err *err);
void windows_devices_free(struct devices_port *port);

/* Driver packages and the driver store. */
bool windows_drivers_new(struct drivers_port **ret_port, struct err *err);
void windows_drivers_free(struct drivers_port *port);

/* The service control manager. */
bool windows_services_new(struct services_port **ret_port, struct err *err);
void windows_services_free(struct services_port *port);

/* Processes by name, and programs run to their end in a job. */
bool windows_processes_new(struct processes_port **ret_port, struct err *err);
void windows_processes_free(struct processes_port *port);

/* The Task Scheduler. */
bool windows_tasks_new(struct tasks_port **ret_port, struct err *err);
void windows_tasks_free(struct tasks_port *port);

/* Files below the known roots. */
bool windows_files_new(struct files_port **ret_port, struct err *err);
void windows_files_free(struct files_port *port);

/* HKEY_LOCAL_MACHINE in both views. */
bool windows_registry_new(struct registry_port **ret_port, struct err *err);
void windows_registry_free(struct registry_port *port);

/* Active display paths, through the helper; client outlives the port. */
bool windows_displays_new(struct session_client *client,
                          struct displays_port **ret_port,
                          struct err *err);
void windows_displays_free(struct displays_port *port);

/* The virtual display driver. */
bool windows_vdd_new(struct vdd_port **ret_port, struct err *err);
void windows_vdd_free(struct vdd_port *port);

/* The paravirtualised adapter and its encoder. */
bool windows_gpu_new(struct gpu_port **ret_port, struct err *err);
void windows_gpu_free(struct gpu_port *port);

/* User sessions; client outlives the port. */
bool windows_sessions_new(struct session_client *client,
                          struct sessions_port **ret_port,
                          struct err *err);
void windows_sessions_free(struct sessions_port *port);

/* The way to Parsec's servers. */
bool windows_network_new(struct network_port **ret_port, struct err *err);
void windows_network_free(struct network_port *port);

/* The system as a whole, and the wait for changes. */
bool windows_system_new(struct system_port **ret_port, struct err *err);
void windows_system_free(struct system_port *port);

/* The places of the host's GPU driver. */
bool windows_staging_new(struct staging_port **ret_port, struct err *err);
void windows_staging_free(struct staging_port *port);

#endif
