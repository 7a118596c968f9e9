/*
 * Frames: how messages lie in the byte stream inside TLS (PROTOCOL.md, Framing). A frame is a fixed
 * header, a JSON part and a binary part; either part may be empty. The reader is fed bytes as they
 * come and yields frames; it refuses a header above its limits, of an unknown version or with
 * reserved bits before it spends memory on the frame. Knows nothing of JSON, sessions or libuv.
 *
 * A frame that lies whole in the fed bytes is yielded in place; others are assembled in the
 * reader's buffer. Not shared between threads.
 */
#ifndef GPUPV_FRAME_H
#define GPUPV_FRAME_H

#include "buf.h"
#include "err.h"

#define FRAME_HEADER_BYTES 16
#define FRAME_VERSION      1
#define FRAME_JSON_MAX     ((size_t)256 << 10)
#define FRAME_BODY_MAX     ((size_t)1 << 20)

/* The types below FRAME_RELAY_OPEN carry JSON-RPC; the relay's carry none. */
enum frame_type {
    FRAME_REQUEST = 1,
    FRAME_REPLY = 2,
    FRAME_NOTIFY = 3,      /* id 0 */
    FRAME_PROGRESS = 4,    /* id of the request */
    FRAME_RELAY_OPEN = 16, /* id is the stream's from here on */
    FRAME_RELAY_DATA = 17,
    FRAME_RELAY_CREDIT = 18,
    FRAME_RELAY_CLOSE = 19
};

struct frame {
    uint8_t type;
    uint32_t id;
    const char *json; /* not terminated */
    size_t json_length;
    const uint8_t *body;
    size_t body_length;
};

struct frame_reader {
    struct buf buf; /* the frame being assembled, header included */
    bool yielded;   /* buf holds the frame that was yielded last */
    size_t json_max, body_max;
};

enum frame_result { FRAME_MORE, FRAME_READY, FRAME_BAD };

/* Starts a reader with limits of json_max and body_max (at most the protocol's). Allocates nothing.
 */
void frame_reader_init(struct frame_reader *reader, size_t json_max, size_t body_max);

/* Frees what it holds. */
void frame_reader_done(struct frame_reader *reader);

/* Changes the limits for the frames that begin from now on. */
void frame_reader_limit(struct frame_reader *reader, size_t json_max, size_t body_max);

/* True while a frame has begun and is not complete. */
bool frame_reader_is_inside(const struct frame_reader *reader);

/* Takes bytes from *data (moves *data and *length on) until a frame is complete: FRAME_READY with
 * ret_frame, which is valid until the next call; FRAME_MORE when all bytes are taken; FRAME_BAD
 * with err when the stream is not ours (ERR_TOO_LARGE, ERR_BAD_INPUT, ERR_NO_MEMORY): the
 * connection must end. */
enum frame_result frame_reader_feed(struct frame_reader *reader,
                                    const uint8_t **data,
                                    size_t *length,
                                    struct frame *ret_frame,
                                    struct err *err);

/* Frees a large buffer between frames; call it when the connection falls idle. */
void frame_reader_shrink(struct frame_reader *reader);

/* Writes the header of frame (its lengths, type and id) to out (FRAME_HEADER_BYTES). */
void frame_header_write(const struct frame *frame, uint8_t *out);

/* Little-endian numbers of the wire. */
void frame_put32(uint8_t *out, uint32_t value);
void frame_put64(uint8_t *out, uint64_t value);
uint32_t frame_get32(const uint8_t *in);
uint64_t frame_get64(const uint8_t *in);

#endif
