/*
 * "Run this program as an administrator" for parsecd.exe: a flag among those that Windows keeps for
 * the program's path (AppCompatFlags\Layers, for all users). Other flags of the path stay. Parsec
 * heeds it when it is started next. Off unless the profile asks for it: an installation for the
 * computer has a process of the system anyway (guest.md 1.1; people advise it, background-zh.md).
 * Job threads only.
 */
#ifndef GPUPV_GUEST_PARSEC_LAYER_H
#define GPUPV_GUEST_PARSEC_LAYER_H

#include "guest/machine/machine.h"

#define PARSEC_LAYER_KEY                                                                           \
    "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\AppCompatFlags\\Layers"
#define PARSEC_LAYER_FLAG "RUNASADMIN"

/* Whether the flag is set. */
bool parsec_layer_look(struct machine *machine, bool *ret_set, struct err *err);

/* Sets or takes away the flag alone; a value without any flag goes. */
bool parsec_layer_set(struct machine *machine, bool on, struct err *err);

#endif
