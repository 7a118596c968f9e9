/*
 * The emulated machine of machine_contract.sh: made anew from registry files in C:\contract, and
 * put into the states that the contract's tests ask for.
 */
#ifndef GPUPV_TESTS_MACHINE_WORLD_H
#define GPUPV_TESTS_MACHINE_WORLD_H

#include <stdbool.h>

#define WORLD_SEEDS 3

/* This program as another owner of the virtual display: plugs a monitor in and keeps it. */
#define WORLD_OWNER "owner"
int world_owner(void);

/* The machine as fresh.reg and the other files say it, switched on; the card's driver is staged. */
void world_make(const char *const seeds[WORLD_SEEDS]);

/* Puts the machine into a state, in the words of guest/machine/sim/edit.h; false: cannot. */
bool world_arrange(const char *edit);

/* Ends what arrangements have started. */
void world_end(void);

#endif
