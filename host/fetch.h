/*
 * Payloads before anything is made (flow F3): what guests need and the cache lacks is shown once,
 * asked for once, and fetched; without a way to the internet the person learns where to get it and
 * nothing is half-made. Blocking.
 */
#ifndef GPUPV_HOST_FETCH_H
#define GPUPV_HOST_FETCH_H

#include "host/command.h"

/* Makes sure that every payload is in the cache. accepted: the licences were accepted on the
 * command line. */
bool fetch_payloads(struct call *call, bool accepted, struct err *err);

#endif
