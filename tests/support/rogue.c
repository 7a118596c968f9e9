/* A peer with the right key and bad manners. */
#include "tests/support/rogue.h"

#include <string.h>

#define PLAIN_MAX ((size_t)8 << 20)

static bool find_secret(const char *identity, uint8_t *ret_secret, void *user)
{
    (void)identity;
    (void)user;
    memcpy(ret_secret, pair_secret(), SECURE_SECRET_BYTES);
    return true;
}

static void flush(struct rogue *rogue)
{
    if (rogue->link && rogue->out.len)
        link_send(rogue->link, rogue->out.data, rogue->out.len);
    buf_clear(&rogue->out);
}

static void on_open(struct link *link, void *user)
{
    struct rogue *rogue = user;

    (void)link;
    secure_start(rogue->secure, &rogue->out, NULL);
    flush(rogue);
}

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct rogue *rogue = user;
    enum secure_result result = SECURE_DATA;
    uint8_t plain[SECURE_RECORD_BYTES];
    size_t n;

    while (result == SECURE_DATA || result == SECURE_READY) {
        result =
            secure_feed(rogue->secure, &data, &length, plain, sizeof plain, &n, &rogue->out, NULL);
        if (result == SECURE_READY)
            rogue->ready = true;
        if (result == SECURE_DATA)
            buf_put(&rogue->plain, plain, n);
    }
    flush(rogue);
    if (result == SECURE_ENDED || result == SECURE_FAILED)
        link_close(link, 0);
}

static void on_drain(struct link *link, void *user)
{
    (void)link;
    (void)user;
}

static void on_close(struct link *link, const struct err *why, void *user)
{
    struct rogue *rogue = user;

    (void)link;
    (void)why;
    rogue->link = NULL;
    rogue->closed = true;
}

static const struct link_events events = {
    .on_open = on_open, .on_data = on_data, .on_drain = on_drain, .on_close = on_close};

static void start(struct pair *pair, struct rogue *rogue)
{
    memset(rogue, 0, sizeof *rogue);
    rogue->pair = pair;
    buf_init(&rogue->out, PLAIN_MAX);
    buf_init(&rogue->plain, PLAIN_MAX);
    frame_reader_init(&rogue->reader, FRAME_JSON_MAX, FRAME_BODY_MAX);
}

void rogue_dial(struct pair *pair, struct rogue *rogue)
{
    start(pair, rogue);
    assert_true(secure_client_new(PAIR_IDENTITY, pair_secret(), &rogue->secure, NULL));
    assert_true(link_dial(&pair->loop, &pair->address, 5000, &events, rogue, &rogue->link, NULL));
    rogue_await_ready(rogue);
}

static void on_accept(struct link *link, void *user)
{
    struct rogue *rogue = user;

    if (rogue->secure)
        return; /* one caller is enough */
    assert_true(secure_server_new(find_secret, rogue, &rogue->secure, NULL));
    rogue->link = link;
    link_attach(link, &events, rogue);
    secure_start(rogue->secure, &rogue->out, NULL);
}

static void on_listen_error(const struct err *err, void *user)
{
    (void)err;
    (void)user;
}

static void on_listener_closed(void *user)
{
    ((struct rogue *)user)->listener_closed = true;
}

static const struct link_listen_events listen_events = {
    .on_accept = on_accept, .on_error = on_listen_error, .on_closed = on_listener_closed};

void rogue_listen(struct pair *pair, struct rogue *rogue)
{
    start(pair, rogue);
    assert_true(
        link_listen(&pair->loop, &pair->address, &listen_events, rogue, &rogue->listener, NULL));
}

void rogue_await_ready(struct rogue *rogue)
{
    pair_until(rogue->pair, &rogue->ready);
}

void rogue_send(struct rogue *rogue, const void *data, size_t length)
{
    if (!rogue->link)
        return;
    assert_true(secure_send(rogue->secure, data, length, &rogue->out, NULL));
    flush(rogue);
}

void rogue_send_raw(struct rogue *rogue, const void *data, size_t length)
{
    if (rogue->link)
        link_send(rogue->link, data, length);
}

void rogue_frame(
    struct rogue *rogue, uint8_t type, uint32_t id, const char *json, const void *body, size_t n)
{
    const struct frame frame = {
        .type = type, .id = id, .json_length = strlen(json), .body_length = n};
    uint8_t header[FRAME_HEADER_BYTES];

    frame_header_write(&frame, header);
    rogue_send(rogue, header, sizeof header);
    rogue_send(rogue, json, strlen(json));
    rogue_send(rogue, body, n);
}

void rogue_hello(struct rogue *rogue)
{
    struct frame frame;

    rogue_frame(rogue,
                FRAME_REQUEST,
                1,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":"
                "{\"protocol_min\":1,\"protocol_max\":1,\"build\":\"rogue\"}}",
                NULL,
                0);
    assert_true(rogue_next(rogue, &frame));
    assert_int_equal(frame.type, FRAME_REPLY);
}

bool rogue_next(struct rogue *rogue, struct frame *ret_frame)
{
    uint64_t end = uv_hrtime() + (uint64_t)PAIR_WAIT_MS * 1000000;

    while (uv_hrtime() < end) {
        const uint8_t *data = rogue->plain.data + rogue->taken;
        size_t length = rogue->plain.len - rogue->taken;

        if (length > 0 &&
            frame_reader_feed(&rogue->reader, &data, &length, ret_frame, NULL) == FRAME_READY) {
            rogue->taken = rogue->plain.len - length;
            return true;
        }
        rogue->taken = rogue->plain.len - length;
        if (rogue->closed)
            return false;
        pair_run_for(rogue->pair, 1);
    }
    return false;
}

bool rogue_is_closed(struct rogue *rogue)
{
    pair_until(rogue->pair, &rogue->closed);
    return rogue->closed;
}

void rogue_done(struct rogue *rogue)
{
    if (rogue->link)
        link_close(rogue->link, 0);
    if (rogue->link)
        pair_until(rogue->pair, &rogue->closed);
    if (rogue->listener) {
        link_listener_close(rogue->listener);
        pair_until(rogue->pair, &rogue->listener_closed);
    }
    secure_free(rogue->secure);
    buf_done(&rogue->out);
    buf_done(&rogue->plain);
    frame_reader_done(&rogue->reader);
}
