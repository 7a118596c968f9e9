/*
 * Payloads before anything is made (flow F3): what guests need and the cache lacks is shown once,
 * asked for once, and fetched; without a way to the internet the person learns where to get it and
 * nothing is half-made. Blocking.
 */
#ifndef GPUPV_HOST_FETCH_H
#define GPUPV_HOST_FETCH_H

#include "host/command.h"
#include "host/guest/payloads.h"

/* What is to be fetched, and how. */
struct fetch_request {
    bool wanted[PAYLOADS_COUNT];
    bool again;        /* also what the cache has */
    bool accepted;     /* the licences were accepted on the command line */
    const char *proxy; /* NULL: not given on the command line */
};

/* Brings into the cache what is wanted and missing. ERR_CANCELLED when the licences were not
 * accepted. */
bool fetch_wanted(struct call *call, const struct fetch_request *request, struct err *err);

/* Makes sure that every payload is in the cache. accepted: the licences were accepted on the
 * command line. */
bool fetch_payloads(struct call *call, bool accepted, struct err *err);

#endif
