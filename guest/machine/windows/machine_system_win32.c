/* This computer's Windows as a machine: all ports, opened in order and freed in reverse. */
#include "guest/machine/windows/windows.h"

#include <stdlib.h>

static void system_free(struct machine *machine)
{
    free(machine);
}

static bool open_ports(struct machine *machine, struct err *err)
{
    (void)machine;
    (void)err;
    return true;
}

/* Checks and repairs use every port without asking. */
static bool has_all_ports(const struct machine *machine)
{
    return machine->devices && machine->drivers && machine->services && machine->processes &&
           machine->tasks && machine->files && machine->registry && machine->displays &&
           machine->vdd && machine->gpu && machine->sessions && machine->network && machine->system;
}

bool machine_open_system(struct machine **ret_machine, struct err *err)
{
    struct machine *machine = calloc(1, sizeof *machine);

    if (!machine)
        return err_no_memory(err);
    machine->clock = clock_system();
    machine->time_scale = 1;
    machine->free = system_free;
    if (!open_ports(machine, err)) {
        system_free(machine);
        return false;
    }
    if (!has_all_ports(machine)) {
        system_free(machine);
        err_set(err, ERR_UNSUPPORTED, TEXT_SIM_ONLY, NULL);
        return err_hint(err, TEXT_SIM_ONLY_HINT);
    }
    *ret_machine = machine;
    return true;
}
