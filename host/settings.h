/*
 * Single values of a profile by path, as `config NAME KEY=VALUE` and `up --set` take them: the
 * profile is written as JSON, one value replaced, and read back strictly, so that the refusals are
 * those of profile_parse. Pure.
 */
#ifndef GPUPV_HOST_SETTINGS_H
#define GPUPV_HOST_SETTINGS_H

#include "common/profile.h"

/* Applies "display.strategy=hold". The value is read as JSON when it is JSON, else as text.
 * ERR_USAGE for a path that is not there; *profile is untouched on failure. */
bool settings_apply(struct profile *profile, const char *setting, struct err *err);

/* Sets the proxy of Parsec: "none", "host:7890" (a proxy on this computer's loopback, relayed) or
 * "address:port". */
bool settings_proxy(struct profile *profile, const char *proxy, struct err *err);

#endif
