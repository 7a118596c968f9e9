/* The growing buffer. */
#include "common/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_BYTES 64

void buf_init(struct buf *b, size_t max)
{
    memset(b, 0, sizeof *b);
    b->max = max;
}

void buf_done(struct buf *b)
{
    free(b->data);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = 0;
}

/* Makes cap at least need + 1, by doubling but never beyond max + 1. */
static bool grow(struct buf *b, size_t need)
{
    size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;
    uint8_t *data;

    if (need > SIZE_MAX / 4)
        return false;
    while (cap <= need)
        cap *= 2;
    if (b->max < cap - 1)
        cap = b->max + 1;
    data = realloc(b->data, cap);
    if (!data)
        return false;
    b->data = data;
    b->cap = cap;
    return true;
}

uint8_t *buf_reserve(struct buf *b, size_t extra)
{
    if (extra > b->max - b->len || b->len + extra == SIZE_MAX ||
        (b->cap <= b->len + extra && !grow(b, b->len + extra))) {
        b->failed = true;
        return NULL;
    }
    b->data[b->len] = 0;
    return b->data + b->len;
}

void buf_added(struct buf *b, size_t n)
{
    assert(n < b->cap - b->len);
    b->len += n;
    b->data[b->len] = 0;
}

bool buf_put(struct buf *b, const void *data, size_t n)
{
    uint8_t *to = buf_reserve(b, n);

    if (!to)
        return false;
    if (n)
        memcpy(to, data, n);
    buf_added(b, n);
    return true;
}

bool buf_puts(struct buf *b, const char *s)
{
    return buf_put(b, s, strlen(s));
}

bool buf_printf(struct buf *b, const char *format, ...)
{
    va_list list;
    uint8_t *to;
    int n;

    va_start(list, format);
    n = vsnprintf(NULL, 0, format, list);
    va_end(list);
    to = n < 0 ? NULL : buf_reserve(b, (size_t)n);
    if (!to) {
        b->failed = true;
        return false;
    }
    va_start(list, format);
    vsnprintf((char *)to, (size_t)n + 1, format, list);
    va_end(list);
    buf_added(b, (size_t)n);
    return true;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
    b->data[b->len] = 0;
}

const char *buf_str(const struct buf *b)
{
    return b->data ? (const char *)b->data : "";
}

char *buf_take(struct buf *b)
{
    char *text = (char *)b->data;

    if (!text)
        text = calloc(1, 1);
    buf_init(b, b->max);
    return text;
}
