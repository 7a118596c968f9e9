/*
 * Where payloads come from: names, addresses, licences and pins, as data (flow F3). The program
 * carries packaging/payloads.json; a payloads.json in the folder of all state replaces what it
 * names, for mirrors and newer versions. Who must have signed a file is not data: that is in
 * payload_rows. Blocking; any thread.
 */
#ifndef GPUPV_HOST_SOURCES_H
#define GPUPV_HOST_SOURCES_H

#include "common/digest.h"
#include "host/guest/payloads.h"

#define SOURCE_URLS      4
#define SOURCE_URL_BYTES 512

struct source {
    char urls[SOURCE_URLS][SOURCE_URL_BYTES]; /* tried in this order when one is gone */
    size_t url_count;
    char licence[SOURCE_URL_BYTES];
    char sha256[DIGEST_HEX_BYTES]; /* "": not pinned */
    bool from_user;
};

struct sources {
    char proxy[SOURCE_URL_BYTES]; /* gpupv's setting, "": none */
    struct source rows[PAYLOADS_COUNT];
};

/* Reads what the program carries and the file of the person over it. A file that is wrong is
 * refused with the path of the field. */
bool sources_load(const char *state, struct sources *ret_sources, struct err *err);

/* True for an address that may be fetched: https, or http when the file is pinned or comes from
 * this computer. */
bool sources_is_url(const char *url, bool pinned);

#endif
