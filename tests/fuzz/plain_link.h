/*
 * A link that ends in memory, and TLS that only passes bytes through, in the place of link_uv.c and
 * secure.c: what stands behind decryption is reached at full speed. For fuzz targets only; nothing
 * that ships is linked with it.
 */
#ifndef GPUPV_TESTS_FUZZ_PLAIN_LINK_H
#define GPUPV_TESTS_FUZZ_PLAIN_LINK_H

#include "common/link.h"

#include <uv.h>

/* What the other side of the fake TLS sends first: one record, six bytes. */
extern const uint8_t plain_hello[6];

/* Makes a link whose sent bytes are only counted. */
struct link *plain_link_new(uv_loop_t *loop);

/* The link that the last link_dial made; NULL when it is closed. */
extern struct link *plain_link_dialled;

/* Hands bytes to whoever owns the link, when it is neither paused nor closed. */
void plain_link_feed(struct link *link, const uint8_t *data, size_t length);

/* Ends it from the other side. */
void plain_link_end(struct link *link);

#endif
