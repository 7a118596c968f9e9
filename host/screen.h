/*
 * What can be seen of a VM from outside: the picture on its console as a file, and programs of this
 * computer that open a window for it. Blocking; any thread.
 */
#ifndef GPUPV_HOST_SCREEN_H
#define GPUPV_HOST_SCREEN_H

#include "host/hypervisor/hypervisor.h"

#define SCREEN_WIDTH  1024u
#define SCREEN_HEIGHT 768u

/* Saves the picture on the VM's console as a PNG file; *ret_plain (may be NULL): it shows nothing
 * but one colour. */
bool screen_save(
    struct hypervisor *h, const char *id, const char *path, bool *ret_plain, struct err *err);

/* Opens the window of Windows on the VM's console. ERR_UNSUPPORTED where there is none. */
bool screen_open_console(const char *name, const char *id, struct err *err);

/* Opens the Parsec client of this user. ERR_NOT_FOUND where it is not installed. */
bool screen_open_parsec(struct err *err);

#endif
