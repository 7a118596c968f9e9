/*
 * A boot of the simulated Windows: a new boot id, what was disabled until now is back, the buses
 * find their devices, services start, the drifts of this boot become due.
 */
#ifndef GPUPV_SIM_BOOT_H
#define GPUPV_SIM_BOOT_H

#include "guest/machine/sim/disk.h"

/* Switches the machine on, whatever it was doing. */
void boot_run(struct sim_env *env);

#endif
