/*
 * TLS with a pre-shared key as a filter between two byte streams, without a socket: bytes of the
 * peer go in, plain bytes come out, and what must be sent is appended to a buffer. TLS 1.2 with
 * exactly one suite (ECDHE-PSK-CHACHA20-POLY1305-SHA256), curve P-256, no tickets, no
 * renegotiation; whatever else a peer offers ends in an alert. The PSK identity names VM and key
 * generation ("<vm id>:<generation>", key.h).
 *
 * After a failure `out` may hold an alert that should still be sent. One side holds about 40 KiB
 * (the record buffers of mbedtls); make it when the first record is there, not before. One thread
 * at a time; different objects are independent.
 */
#ifndef GPUPV_SECURE_H
#define GPUPV_SECURE_H

#include "buf.h"
#include "err.h"

#define SECURE_SECRET_BYTES    32
#define SECURE_IDENTITY_BYTES  72
#define SECURE_RECORD_BYTES    16384 /* plain bytes of one record, at most */
#define SECURE_RECORD_OVERHEAD 64    /* what one record adds, at most */

struct secure;

/* Writes the secret of identity; false when there is none. */
typedef bool (*secure_find)(const char *identity,
                            uint8_t ret_secret[SECURE_SECRET_BYTES],
                            void *user);

enum secure_result {
    SECURE_MORE,  /* all input is used up */
    SECURE_DATA,  /* plain bytes were written; there may be more */
    SECURE_READY, /* the handshake is done (once) */
    SECURE_ENDED, /* the peer said that it ends the stream */
    SECURE_FAILED /* err is set, the stream is dead */
};

/* Makes the answering side, which looks up secrets with find. Caller frees with secure_free. */
bool secure_server_new(secure_find find, void *user, struct secure **ret_secure, struct err *err);

/* Makes the calling side with the one key that it proves. The secret is copied. */
bool secure_client_new(const char *identity,
                       const uint8_t secret[SECURE_SECRET_BYTES],
                       struct secure **ret_secure,
                       struct err *err);

/* Wipes and frees; NULL is fine. */
void secure_free(struct secure *secure);

/* Begins the handshake: the caller's first flight goes to out, the answering side waits. */
bool secure_start(struct secure *secure, struct buf *out, struct err *err);

/* Goes on with the handshake or decrypts: takes from *data (moves *data and *length on), writes
 * plain bytes to `plain` (at most size) and their number to *ret_plain when the result is
 * SECURE_DATA, and appends to out what must be sent. Call again until it says SECURE_MORE. ERR_AUTH
 * when the keys differ, ERR_BAD_INPUT when the peer speaks something else. */
enum secure_result secure_feed(struct secure *secure,
                               const uint8_t **data,
                               size_t *length,
                               uint8_t *plain,
                               size_t size,
                               size_t *ret_plain,
                               struct buf *out,
                               struct err *err);

/* Encrypts length bytes, appended to out; only after SECURE_READY. On failure the stream is dead.
 */
bool secure_send(
    struct secure *secure, const void *data, size_t length, struct buf *out, struct err *err);

/* Appends the end of the stream to out. */
void secure_end(struct secure *secure, struct buf *out);

/* The identity that the handshake proved (own one on the calling side), "" before. */
const char *secure_identity(const struct secure *secure);

/* Fills out with random bytes of the operating system; false when it has none. */
bool secure_random(void *out, size_t length);

/* Overwrites bytes in a way that no compiler removes. */
void secure_wipe(void *data, size_t length);

#endif
