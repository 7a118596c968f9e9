/*
 * How the simulated devices behave: what starting one does to its problem, which devices the buses
 * find, and when the paravirtualised GPU works. Facts: guest.md sections 2, 4.2 and 5.
 */
#ifndef GPUPV_SIM_HARDWARE_H
#define GPUPV_SIM_HARDWARE_H

#include "guest/machine/sim/disk.h"

/* Why a device starts; decides which problems go away. */
enum hardware_start { HARDWARE_RESTART, HARDWARE_REINSTALL, HARDWARE_BOOT };

/* Starts the device: its problem goes if this way of starting cures it, and the virtual display
 * loses its monitors. */
void hardware_start(struct sim_env *env, struct world_device *device, enum hardware_start why);

/* Lets the buses find again what was removed, and the GPU partition come or go. */
void hardware_scan(struct sim_env *env);

/* Adds a root device without a driver; NULL when there is no room. */
struct world_device *
hardware_create(struct world *world, const char *hardware_id, const char *device_class);

/* Gives a device the driver of package. */
void hardware_install(struct world_device *device, const struct world_package *package);

/* Puts a package into the driver store. */
void hardware_stage(struct world *world, struct world_package *package);

/* Whether the GPU's driver folder is there and complete; missing (64 bytes) gets the first file
 * that is not, "" when none; version (32 bytes) the driver version found there, "" without one. */
bool hardware_gpu_ready(struct sim_env *env, char *missing, char *version);

#endif
