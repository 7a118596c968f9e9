/*
 * What installers change in the simulated Windows when they end (guest.md sections 1.1, 2 and 3):
 * program files, services, registry, driver packages and devices.
 */
#ifndef GPUPV_SIM_INSTALL_H
#define GPUPV_SIM_INSTALL_H

#include "guest/machine/sim/disk.h"

/* The row for running this executable with these arguments (joined by spaces), NULL when the
 * simulation does not know it. */
const struct world_program *
install_program(const struct world *world, const char *file, const char *args);

/* Whether the program works without showing a window that waits for a person. */
bool install_is_silent(const struct world_program *program, const char *args);

/* Whether Windows would ask a person about the publisher of a driver that the program brings. */
bool install_asks(struct world *world, const struct world_program *program);

/* What is there when half of the time has passed: unpacked files. */
void install_half(struct sim_env *env, enum world_effect effect);

/* What is there at the end. */
void install_finish(struct sim_env *env, enum world_effect effect, const char *args);

/* Parsec for one user: files in that user's data, no service and no entry of the computer. */
void install_for_user(struct sim_env *env);

/* Binds package to every device with its hardware id; false when it is not allowed without a
 * person (the devices are then left half configured). */
bool install_bind(struct sim_env *env, struct world_package *package);

#endif
