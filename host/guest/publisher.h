/*
 * Who signed a program, as the system judges it. One implementation per system
 * (publisher_win32.c, publisher_none.c). Blocking: whether a certificate was revoked is asked over
 * the network.
 */
#ifndef GPUPV_HOST_GUEST_PUBLISHER_H
#define GPUPV_HOST_GUEST_PUBLISHER_H

#include "common/err.h"

#include <stddef.h>

/* Checks the signature of the program at path, which lies in a private folder, and that its signer
 * is one of publishers (separated by '|'). Gives the signer's name and the version of the program,
 * "" when it has none. ERR_UNSAFE: no valid signature or another signer; ERR_UNSUPPORTED: nobody
 * here can tell. */
bool publisher_check(const char *path,
                     const char *publishers,
                     char *ret_name,
                     size_t name_size,
                     char *ret_version,
                     size_t version_size,
                     struct err *err);

#endif
