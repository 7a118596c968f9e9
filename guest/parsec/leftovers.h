/*
 * What Parsec leaves behind when it is uninstalled: the files of a fixed list in its two data
 * folders, no others and no folders. They go only when a person asked for a new Parsec
 * (`--reset-parsec`), since the account is among them. Through the files port's checked handles: a
 * link is refused, never followed. Job threads only.
 */
#ifndef GPUPV_GUEST_PARSEC_LEFTOVERS_H
#define GPUPV_GUEST_PARSEC_LEFTOVERS_H

#include "guest/machine/machine.h"

/* The names, ended by NULL. */
extern const char *const parsec_leftovers[];

/* Ends what still runs of Parsec and removes the files. */
bool parsec_leftovers_remove(struct machine *machine, struct err *err);

#endif
