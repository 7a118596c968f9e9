/*
 * The proxy for what the host fetches, in the order of flow F3: the option, gpupv's own setting,
 * the environment, the person's Windows proxy. One implementation of proxy_system per system
 * (proxy_posix.c, proxy_win32.c). Any thread.
 */
#ifndef GPUPV_HOST_PROXY_H
#define GPUPV_HOST_PROXY_H

#include "common/err.h"

#include <stddef.h>

#define PROXY_BYTES 512

/* Chooses into out (PROXY_BYTES): an address with its scheme, "" for none. option and setting may
 * be NULL or ""; "none" ends the search. ERR_USAGE for what is no proxy. */
bool proxy_choose(const char *option, const char *setting, char *out, struct err *err);

/* Reads "ADDRESS:PORT" or an address with a scheme that curl knows into out; "none" gives "". */
bool proxy_parse(const char *text, char *out);

/* Reads the list of Windows' own settings ("a:1" or "http=a:1;https=b:2") into out; false when
 * there is none for https. */
bool proxy_parse_system(const char *text, char *out);

/* The address without user and password, for people; returns out. */
const char *proxy_shown(const char *proxy, char *out, size_t size);

/* What the system has set for the person, in the form of proxy_parse_system; false when nothing. */
bool proxy_system(char *out, size_t size);

#endif
