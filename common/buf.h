/*
 * A growing byte buffer with a maximum. data[len] is always 0 when data is not NULL, so text can be
 * read as a C string. A put that would pass the maximum or finds no memory changes nothing, returns
 * false and marks the buffer `failed`; callers that append many pieces may test `failed` once at
 * the end. Not shared between threads.
 */
#ifndef GPUPV_BUF_H
#define GPUPV_BUF_H

#include "compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    uint8_t *data; /* NULL while nothing was put */
    size_t len;
    size_t cap;
    size_t max; /* bytes, without the terminating 0 */
    bool failed;
};

/* Makes an empty buffer of at most max bytes; allocates nothing. */
void buf_init(struct buf *b, size_t max);

/* Frees the memory; the buffer is empty and may be used again with the same maximum. */
void buf_done(struct buf *b);

/* Forgets the content and `failed`, keeps the memory. */
void buf_clear(struct buf *b);

/* Makes room for extra more bytes behind len; returns the place to write to, NULL on failure. The
 * caller adds what it wrote to len with buf_added. */
uint8_t *buf_reserve(struct buf *b, size_t extra);

/* Counts n bytes written to the place of buf_reserve. */
void buf_added(struct buf *b, size_t n);

/* Appends n bytes; data may be NULL when n is 0. */
bool buf_put(struct buf *b, const void *data, size_t n);

/* Appends a C string. */
bool buf_puts(struct buf *b, const char *s);

/* Appends formatted text. */
bool buf_printf(struct buf *b, const char *format, ...) GPUPV_PRINTF(2, 3);

/* Removes n bytes from the front (n <= len). */
void buf_consume(struct buf *b, size_t n);

/* The content as a C string, "" when empty; valid until the next change. */
const char *buf_str(const struct buf *b);

/* Hands the memory to the caller (free with free()) as a C string and empties the buffer; NULL when
 * out of memory. */
char *buf_take(struct buf *b);

#endif
