/* Frames from bytes that come in any pieces. */
#include "tests/support/support.h"

#include "common/frame.h"

#include <stdlib.h>
#include <string.h>

#define JSON_MAX 1000
#define BODY_MAX 2000

/* A frame as it lies on the wire; the caller frees it. */
static uint8_t *
wire(uint8_t type, uint32_t id, const char *json, size_t body_length, size_t *ret_length)
{
    const struct frame frame = {
        .type = type, .id = id, .json_length = strlen(json), .body_length = body_length};
    uint8_t *bytes = malloc(FRAME_HEADER_BYTES + strlen(json) + body_length);

    assert_non_null(bytes);
    frame_header_write(&frame, bytes);
    memcpy(bytes + FRAME_HEADER_BYTES, json, strlen(json));
    for (size_t i = 0; i < body_length; i++)
        bytes[FRAME_HEADER_BYTES + strlen(json) + i] = (uint8_t)(i * 13);
    *ret_length = FRAME_HEADER_BYTES + strlen(json) + body_length;
    return bytes;
}

/* Feeds a header alone; what the reader says, and how much memory it took. */
static enum frame_result feed_header(const uint8_t *header, struct err *err, size_t *ret_memory)
{
    struct frame_reader reader;
    struct frame frame;
    const uint8_t *data = header;
    size_t length = FRAME_HEADER_BYTES;
    enum frame_result result;

    frame_reader_init(&reader, JSON_MAX, BODY_MAX);
    result = frame_reader_feed(&reader, &data, &length, &frame, err);
    *ret_memory = reader.buf.cap;
    frame_reader_done(&reader);
    return result;
}

static void frame_rejects_lengths_above_the_limit_before_memory(void **state)
{
    static const struct {
        uint32_t json, body;
    } rows[] = {
        {JSON_MAX + 1, 0}, {0, BODY_MAX + 1}, {UINT32_MAX, 0}, {0, UINT32_MAX}, {104857600, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t header[FRAME_HEADER_BYTES] = {[12] = FRAME_REQUEST, [13] = FRAME_VERSION};
        struct err err = ERR_INIT;
        size_t memory;

        frame_put32(header, rows[i].json);
        frame_put32(header + 4, rows[i].body);
        assert_int_equal(feed_header(header, &err, &memory), FRAME_BAD);
        assert_int_equal(err.kind, ERR_TOO_LARGE);
        assert_int_equal(memory, 0);
    }
}

static void frame_rejects_other_versions_and_reserved_bits(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {{13, 0}, {13, 2}, {13, 255}, {14, 1}, {15, 0x80}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t header[FRAME_HEADER_BYTES] = {[12] = FRAME_REQUEST, [13] = FRAME_VERSION};
        struct err err = ERR_INIT;
        size_t memory;

        header[rows[i].at] = rows[i].value;
        assert_int_equal(feed_header(header, &err, &memory), FRAME_BAD);
        assert_int_equal(err.kind, ERR_BAD_INPUT);
    }
}

static void frame_waits_for_the_rest(void **state)
{
    struct frame_reader reader;
    struct frame frame;
    size_t length;
    uint8_t *bytes = wire(FRAME_REQUEST, 7, "{}", 100, &length);
    const uint8_t *data = bytes;
    size_t half = length - 1;

    (void)state;
    frame_reader_init(&reader, JSON_MAX, BODY_MAX);
    assert_int_equal(frame_reader_feed(&reader, &data, &half, &frame, NULL), FRAME_MORE);
    assert_true(frame_reader_is_inside(&reader));
    half = 1;
    assert_int_equal(frame_reader_feed(&reader, &data, &half, &frame, NULL), FRAME_READY);
    assert_false(frame_reader_is_inside(&reader));
    assert_int_equal(frame.body_length, 100);
    frame_reader_done(&reader);
    free(bytes);
}

/* Feeds three frames in pieces of `piece` bytes and checks each. */
static void feed_in_pieces(size_t piece)
{
    static const struct {
        const char *json;
        size_t body;
    } rows[] = {{"", 0}, {"{\"a\":1}", 0}, {"[]", 1999}, {"", 3}};
    struct frame_reader reader;

    frame_reader_init(&reader, JSON_MAX, BODY_MAX);
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct frame frame = {0};
        size_t length, at = 0, n = 0;
        uint8_t *bytes = wire((uint8_t)(i + 1), i, rows[i].json, rows[i].body, &length);
        enum frame_result result = FRAME_MORE;

        while (result == FRAME_MORE) {
            const uint8_t *data = bytes + at;

            assert_true(at < length);
            n = length - at < piece ? length - at : piece;
            at += n;
            result = frame_reader_feed(&reader, &data, &n, &frame, NULL);
            at -= n;
        }
        assert_int_equal(result, FRAME_READY);
        assert_int_equal(at, length);
        assert_int_equal(frame.id, i);
        assert_int_equal(frame.type, i + 1);
        assert_int_equal(frame.json_length, strlen(rows[i].json));
        assert_memory_equal(frame.json, rows[i].json, frame.json_length);
        assert_int_equal(frame.body_length, rows[i].body);
        for (size_t b = 0; b < frame.body_length; b++)
            assert_int_equal(frame.body[b], (uint8_t)(b * 13));
        free(bytes);
    }
    frame_reader_done(&reader);
}

static void frame_comes_out_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 70; piece++)
        feed_in_pieces(piece);
    feed_in_pieces(1000);
    feed_in_pieces(100000);
}

static void frame_keeps_its_limit_when_it_changes_in_between(void **state)
{
    struct frame_reader reader;
    struct frame frame;
    size_t length, part;
    uint8_t *bytes = wire(FRAME_REPLY, 1, "{}", 500, &length);
    const uint8_t *data = bytes;

    (void)state;
    frame_reader_init(&reader, JSON_MAX, BODY_MAX);
    part = 40;
    assert_int_equal(frame_reader_feed(&reader, &data, &part, &frame, NULL), FRAME_MORE);
    frame_reader_limit(&reader, 10, 0);
    part = length - 40;
    assert_int_equal(frame_reader_feed(&reader, &data, &part, &frame, NULL), FRAME_READY);
    assert_int_equal(frame.body_length, 500);
    data = bytes;
    part = length;
    assert_int_equal(frame_reader_feed(&reader, &data, &part, &frame, NULL), FRAME_BAD);
    frame_reader_done(&reader);
    free(bytes);
}

static void frame_numbers_are_little_endian(void **state)
{
    uint8_t bytes[8];

    (void)state;
    frame_put64(bytes, 0x0102030405060708u);
    assert_int_equal(bytes[0], 8);
    assert_int_equal(bytes[7], 1);
    assert_true(frame_get64(bytes) == 0x0102030405060708u);
    assert_int_equal(frame_get32(bytes), 0x05060708);
}

static void frame_reader_gives_large_buffers_back(void **state)
{
    struct frame_reader reader;
    struct frame frame;
    size_t length, part = 20;
    uint8_t *bytes = wire(FRAME_REPLY, 1, "{}", FRAME_BODY_MAX, &length);
    const uint8_t *data = bytes;

    (void)state;
    frame_reader_init(&reader, FRAME_JSON_MAX, FRAME_BODY_MAX);
    assert_int_equal(frame_reader_feed(&reader, &data, &part, &frame, NULL), FRAME_MORE);
    part = length - 20;
    assert_int_equal(frame_reader_feed(&reader, &data, &part, &frame, NULL), FRAME_READY);
    assert_true(reader.buf.cap > FRAME_BODY_MAX);
    frame_reader_shrink(&reader);
    assert_int_equal(reader.buf.cap, 0);
    frame_reader_done(&reader);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_rejects_lengths_above_the_limit_before_memory),
        cmocka_unit_test(frame_rejects_other_versions_and_reserved_bits),
        cmocka_unit_test(frame_waits_for_the_rest),
        cmocka_unit_test(frame_keeps_its_limit_when_it_changes_in_between),
        cmocka_unit_test(frame_comes_out_the_same_however_it_is_cut),
        cmocka_unit_test(frame_numbers_are_little_endian),
        cmocka_unit_test(frame_reader_gives_large_buffers_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
