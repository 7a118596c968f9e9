/*
 * SHA-256, the one hash that trust is built on: in pieces, and of a file. Digests are written as 64
 * lower-case hexadecimal digits. A struct digest belongs to one thread.
 */
#ifndef GPUPV_DIGEST_H
#define GPUPV_DIGEST_H

#include "common/err.h"

#include <stddef.h>
#include <stdint.h>

#define DIGEST_HEX_BYTES 65 /* with the terminating zero */

struct digest;

/* Starts a digest. The caller frees with digest_free. */
bool digest_new(struct digest **ret_digest, struct err *err);

/* NULL is fine. */
void digest_free(struct digest *digest);

/* Takes length more bytes; data may be NULL when length is 0. */
void digest_add(struct digest *digest, const void *data, size_t length);

/* Ends it and writes the digits into ret_hex (DIGEST_HEX_BYTES). Nothing may be added afterwards.
 */
void digest_end(struct digest *digest, char *ret_hex);

/* The digest of a block in memory. */
bool digest_data(const void *data, size_t length, char *ret_hex, struct err *err);

/* The digest of the plain file `name` in folder, read in pieces; links are refused (fs.h).
 * *ret_size (may be NULL) is the number of bytes read. */
bool digest_file(
    const char *folder, const char *name, char *ret_hex, uint64_t *ret_size, struct err *err);

/* True for 64 lower-case hexadecimal digits. */
bool digest_is_hex(const char *text);

#endif
