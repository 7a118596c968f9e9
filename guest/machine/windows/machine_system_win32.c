/* This computer's Windows as a machine: all ports, opened in order and freed in reverse. */
#include "guest/machine/windows/windows.h"

#include "guest/machine/windows/session_client_win32.h"
#include "guest/machine/windows/session_helper_win32.h"

#include <stdlib.h>

struct windows_machine {
    struct machine machine;
    struct session_client *client;
};

static void system_free(struct machine *machine)
{
    struct windows_machine *windows = (struct windows_machine *)(void *)machine;

    windows_staging_free(machine->staging);
    windows_system_free(machine->system);
    windows_network_free(machine->network);
    windows_sessions_free(machine->sessions);
    windows_gpu_free(machine->gpu);
    windows_vdd_free(machine->vdd);
    windows_displays_free(machine->displays);
    windows_registry_free(machine->registry);
    windows_files_free(machine->files);
    windows_tasks_free(machine->tasks);
    windows_processes_free(machine->processes);
    windows_services_free(machine->services);
    windows_drivers_free(machine->drivers);
    windows_devices_free(machine->devices);
    session_client_free(windows->client);
    free(windows);
}

static bool open_ports(struct windows_machine *windows, struct err *err)
{
    struct machine *machine = &windows->machine;

    return session_client_new(NULL, &windows->client, err) &&
           windows_devices_new(&machine->devices, err) &&
           windows_drivers_new(&machine->drivers, err) &&
           windows_services_new(&machine->services, err) &&
           windows_processes_new(&machine->processes, err) &&
           windows_tasks_new(&machine->tasks, err) && windows_files_new(&machine->files, err) &&
           windows_registry_new(&machine->registry, err) &&
           windows_displays_new(windows->client, &machine->displays, err) &&
           windows_vdd_new(&machine->vdd, err) && windows_gpu_new(&machine->gpu, err) &&
           windows_sessions_new(windows->client, &machine->sessions, err) &&
           windows_network_new(&machine->network, err) &&
           windows_system_new(&machine->system, err) && windows_staging_new(&machine->staging, err);
}

bool machine_open_system(struct machine **ret_machine, struct err *err)
{
    struct windows_machine *windows = calloc(1, sizeof *windows);
    struct machine *machine = (struct machine *)(void *)windows;

    if (!machine)
        return err_no_memory(err);
    machine->clock = clock_system();
    machine->time_scale = 1;
    machine->free = system_free;
    if (!open_ports(windows, err)) {
        system_free(machine);
        return false;
    }
    *ret_machine = machine;
    return true;
}

int machine_session_helper(const char *pipe)
{
    return session_helper_run(pipe);
}
