/*
 * What the simulated displays show: monitors of the virtual display driver (held, Parsec's own,
 * another program's) and the active paths that follow from devices and topology. Facts: guest.md
 * sections 2 and 4.1.
 */
#ifndef GPUPV_SIM_SCREEN_H
#define GPUPV_SIM_SCREEN_H

#include "guest/machine/sim/disk.h"

/* Monitors on the virtual display adapter now; 0 without a started one. */
unsigned screen_monitors(const struct sim_env *env);

/* The monitors of a holder that are alive now, as a bit mask; dead ones are forgotten. */
uint32_t screen_live(const struct sim_env *env);

/* The active paths. */
void screen_paths(const struct sim_env *env, struct display_list *ret_list);

/* Whether the driver knows the mode: one of the usual ones, or one of its registry key. */
bool screen_mode_known(struct world *world, uint32_t width, uint32_t height, uint32_t hz);

#endif
