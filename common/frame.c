/* Assembling frames from a byte stream. */
#include "common/frame.h"

#include <string.h>

#define KEEP_BYTES ((size_t)64 << 10) /* what a reader may hold while idle */

enum { AT_JSON = 0, AT_BODY = 4, AT_ID = 8, AT_TYPE = 12, AT_VERSION = 13, AT_RESERVED = 14 };

void frame_put32(uint8_t *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> 8 * i);
}

void frame_put64(uint8_t *out, uint64_t value)
{
    frame_put32(out, (uint32_t)value);
    frame_put32(out + 4, (uint32_t)(value >> 32));
}

uint32_t frame_get32(const uint8_t *in)
{
    return (uint32_t)in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
}

uint64_t frame_get64(const uint8_t *in)
{
    return (uint64_t)frame_get32(in) | (uint64_t)frame_get32(in + 4) << 32;
}

void frame_header_write(const struct frame *frame, uint8_t *out)
{
    frame_put32(out + AT_JSON, (uint32_t)frame->json_length);
    frame_put32(out + AT_BODY, (uint32_t)frame->body_length);
    frame_put32(out + AT_ID, frame->id);
    out[AT_TYPE] = frame->type;
    out[AT_VERSION] = FRAME_VERSION;
    out[AT_RESERVED] = out[AT_RESERVED + 1] = 0;
}

void frame_reader_init(struct frame_reader *reader, size_t json_max, size_t body_max)
{
    reader->yielded = false;
    buf_init(&reader->buf, FRAME_HEADER_BYTES + FRAME_JSON_MAX + FRAME_BODY_MAX);
    frame_reader_limit(reader, json_max, body_max);
}

void frame_reader_done(struct frame_reader *reader)
{
    buf_done(&reader->buf);
}

void frame_reader_limit(struct frame_reader *reader, size_t json_max, size_t body_max)
{
    reader->json_max = json_max < FRAME_JSON_MAX ? json_max : FRAME_JSON_MAX;
    reader->body_max = body_max < FRAME_BODY_MAX ? body_max : FRAME_BODY_MAX;
}

bool frame_reader_is_inside(const struct frame_reader *reader)
{
    return reader->buf.len > 0 && !reader->yielded;
}

void frame_reader_shrink(struct frame_reader *reader)
{
    if (!frame_reader_is_inside(reader) && reader->buf.cap > KEEP_BYTES) {
        buf_done(&reader->buf);
        reader->yielded = false;
    }
}

static bool part_fits(size_t length, size_t max, struct err *err)
{
    if (length <= max)
        return true;
    return err_set(err, ERR_TOO_LARGE, TEXT_FRAME_TOO_LARGE, TEXT_NUM(length), TEXT_NUM(max), NULL);
}

static void header_decode(const uint8_t *header, struct frame *frame)
{
    frame->json_length = frame_get32(header + AT_JSON);
    frame->body_length = frame_get32(header + AT_BODY);
    frame->id = frame_get32(header + AT_ID);
    frame->type = header[AT_TYPE];
}

static bool header_check(const struct frame_reader *reader, const uint8_t *header, struct err *err)
{
    if (header[AT_VERSION] != FRAME_VERSION)
        return err_set(err, ERR_BAD_INPUT, TEXT_FRAME_MALFORMED, "version", NULL);
    if (header[AT_RESERVED] || header[AT_RESERVED + 1])
        return err_set(err, ERR_BAD_INPUT, TEXT_FRAME_MALFORMED, "reserved", NULL);
    return part_fits(frame_get32(header + AT_JSON), reader->json_max, err) &&
           part_fits(frame_get32(header + AT_BODY), reader->body_max, err);
}

static size_t frame_size(const struct frame *frame)
{
    return FRAME_HEADER_BYTES + frame->json_length + frame->body_length;
}

static void frame_point(struct frame *frame, const uint8_t *start)
{
    frame->json = (const char *)start + FRAME_HEADER_BYTES;
    frame->body = start + FRAME_HEADER_BYTES + frame->json_length;
}

/* Moves bytes into the buffer until it holds `want`; false when memory runs out. */
static bool take(struct buf *buf, size_t want, const uint8_t **data, size_t *length)
{
    size_t n = want - buf->len;

    if (n > *length)
        n = *length;
    if (!buf_put(buf, *data, n))
        return false;
    *data += n;
    *length -= n;
    return true;
}

/* Yields a frame that lies whole in *data; FRAME_MORE when it does not. */
static enum frame_result feed_in_place(struct frame_reader *reader,
                                       const uint8_t **data,
                                       size_t *length,
                                       struct frame *frame,
                                       struct err *err)
{
    if (*length < FRAME_HEADER_BYTES)
        return FRAME_MORE;
    if (!header_check(reader, *data, err))
        return FRAME_BAD;
    header_decode(*data, frame);
    if (*length < frame_size(frame))
        return FRAME_MORE;
    frame_point(frame, *data);
    *data += frame_size(frame);
    *length -= frame_size(frame);
    return FRAME_READY;
}

static enum frame_result feed_buffer(struct frame_reader *reader,
                                     const uint8_t **data,
                                     size_t *length,
                                     struct frame *frame,
                                     struct err *err)
{
    struct buf *buf = &reader->buf;

    if (buf->len < FRAME_HEADER_BYTES) {
        if (!take(buf, FRAME_HEADER_BYTES, data, length))
            return err_no_memory(err), FRAME_BAD;
        if (buf->len < FRAME_HEADER_BYTES)
            return FRAME_MORE;
        if (!header_check(reader, buf->data, err))
            return FRAME_BAD;
    }
    header_decode(buf->data, frame);
    if (!take(buf, frame_size(frame), data, length))
        return err_no_memory(err), FRAME_BAD;
    if (buf->len < frame_size(frame))
        return FRAME_MORE;
    frame_point(frame, buf->data);
    return FRAME_READY;
}

enum frame_result frame_reader_feed(struct frame_reader *reader,
                                    const uint8_t **data,
                                    size_t *length,
                                    struct frame *ret_frame,
                                    struct err *err)
{
    struct frame frame = {0};
    enum frame_result result = FRAME_MORE;

    if (reader->yielded)
        buf_clear(&reader->buf);
    reader->yielded = false;
    if (reader->buf.len == 0)
        result = feed_in_place(reader, data, length, &frame, err);
    if (result == FRAME_MORE && *length > 0) {
        result = feed_buffer(reader, data, length, &frame, err);
        reader->yielded = result == FRAME_READY;
    }
    if (result == FRAME_READY)
        *ret_frame = frame;
    return result;
}
