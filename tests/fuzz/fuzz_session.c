/*
 * A session behind decryption, from both sides. The first byte says how the rest is taken:
 *   bit 0  the fuzzer is the guest (else the host)
 *   bit 1  a good hello comes first
 *   bit 2  the rest is raw bytes, else a row of frames: type, id, length of JSON (2), of body,
 * JSON, body bit 3  bytes are fed three at a time
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plain_link.h"

#include "common/frame.h"
#include "common/log.h"
#include "common/session_server.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 8
#define PIECE    3

enum { AS_GUEST = 1, WITH_HELLO = 2, RAW = 4, IN_PIECES = 8 };

static const char host_hello[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":{\"protocol_min\":1,"
    "\"protocol_max\":1,\"build\":\"fuzz\"}}";
static const char guest_hello[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":1,\"protocol_min\":1,"
    "\"protocol_max\":1,\"build\":\"fuzz\",\"boot_id\":\"b\",\"instance\":\"i\"}}";

static struct request *kept[KEPT_MAX];
static size_t kept_count;
static unsigned replies, calls;

/* ---- the answering side ---- */

static void handle(struct request *request, void *user)
{
    struct err err = ERR_INIT;
    size_t length;

    (void)user;
    request_body(request, &length);
    if (length % 3 == 1 && kept_count < KEPT_MAX) {
        kept[kept_count++] = request;
    } else if (length % 3 == 2) {
        err_set(&err, ERR_BUSY, TEXT_SESSION_BUSY, NULL);
        request_fail(request, &err);
    } else {
        request_progress(request, cJSON_CreateObject());
        request_reply(request, cJSON_Duplicate(request_params(request), true), NULL, 0);
    }
}

static struct link *start_server(uv_loop_t *loop, struct session_server **ret_server)
{
    struct request_binding bindings[METHOD_COUNT];
    static struct request_binding all[METHOD_COUNT];
    struct session_server_config config = {.loop = loop, .bindings = all};
    struct link *link = plain_link_new(loop);

    for (int i = 0; i < METHOD_COUNT; i++) {
        bindings[i].method = (enum method_id)i;
        bindings[i].handler = handle;
    }
    memcpy(all, bindings, sizeof all);
    config.binding_count = METHOD_COUNT;
    if (!session_server_new(&config, ret_server, NULL))
        abort();
    session_server_adopt(*ret_server, link);
    return link;
}

/* ---- the calling side ---- */

static void on_reply(const struct session_reply *reply, void *user)
{
    (void)user;
    if (!reply->err == !reply->result)
        abort();
    replies++;
}

static void on_open(struct session *session, const struct session_hello *peer, void *user)
{
    static const enum method_id methods[] = {
        METHOD_HEALTH_GET, METHOD_HEALTH_WATCH, METHOD_LOG_TAIL, METHOD_PING};

    (void)peer;
    (void)user;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        const struct session_call call = {.method = methods[i], .on_reply = on_reply};

        if (session_call(session, &call, NULL))
            calls++;
    }
}

static void on_close(struct session *session, const struct err *why, void *user)
{
    (void)session;
    (void)why;
    *(bool *)user = true;
}

static const struct session_events events = {.on_open = on_open, .on_close = on_close};

/* ---- input ---- */

static void feed(struct link *link, const uint8_t *data, size_t length, size_t piece)
{
    for (size_t at = 0; at < length; at += piece)
        plain_link_feed(link, data + at, length - at < piece ? length - at : piece);
}

static void
feed_frame(struct link *link, const struct frame *frame, const uint8_t *parts, size_t piece)
{
    uint8_t header[FRAME_HEADER_BYTES];

    frame_header_write(frame, header);
    feed(link, header, sizeof header, piece);
    feed(link, parts, frame->json_length + frame->body_length, piece);
}

static void feed_frames(struct link *link, const uint8_t *data, size_t size, size_t piece)
{
    while (size >= 5) {
        struct frame frame = {.type = data[0],
                              .id = data[1],
                              .json_length = (size_t)data[2] | (size_t)(data[3] & 15) << 8,
                              .body_length = data[4]};

        data += 5;
        size -= 5;
        if (frame.json_length > size)
            frame.json_length = size;
        if (frame.body_length > size - frame.json_length)
            frame.body_length = size - frame.json_length;
        feed_frame(link, &frame, data, piece);
        data += frame.json_length + frame.body_length;
        size -= frame.json_length + frame.body_length;
    }
}

static void feed_all(struct link *link, uint8_t how, const uint8_t *data, size_t size)
{
    const char *hello = how & AS_GUEST ? guest_hello : host_hello;
    const struct frame frame = {.type = how & AS_GUEST ? FRAME_REPLY : FRAME_REQUEST,
                                .id = 1,
                                .json_length = strlen(hello)};
    size_t piece = how & IN_PIECES ? PIECE : SIZE_MAX;

    if (piece == SIZE_MAX)
        piece = 1 << 20;
    feed(link, plain_hello, sizeof plain_hello, piece);
    if (how & WITH_HELLO)
        feed_frame(link, &frame, (const uint8_t *)hello, piece);
    if (how & RAW)
        feed(link, data, size, piece);
    else
        feed_frames(link, data, size, piece);
}

static void answer_kept(void)
{
    while (kept_count > 0)
        request_reply(kept[--kept_count], NULL, NULL, 0);
}

static void as_host(uv_loop_t *loop, uint8_t how, const uint8_t *data, size_t size)
{
    struct session_server *server;
    struct link *link = start_server(loop, &server);

    feed_all(link, how, data, size);
    answer_kept();
    session_server_close(server, 0, NULL, NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    answer_kept();
}

static void as_guest(uv_loop_t *loop, uint8_t how, const uint8_t *data, size_t size)
{
    struct session_dial dial = {.identity = "x:1"};
    struct session *session;
    bool closed = false;

    calls = replies = 0;
    if (!session_open(loop, &dial, &events, &closed, &session, NULL))
        abort();
    uv_run(loop, UV_RUN_NOWAIT);
    if (plain_link_dialled)
        feed_all(plain_link_dialled, how, data, size);
    if (plain_link_dialled)
        plain_link_end(plain_link_dialled);
    uv_run(loop, UV_RUN_DEFAULT);
    if (!closed || replies != calls)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uv_loop_t loop;

    if (size == 0 || uv_loop_init(&loop) < 0)
        return 0;
    log_set_level(LOG_ERROR);
    if (data[0] & AS_GUEST)
        as_guest(&loop, data[0], data + 1, size - 1);
    else
        as_host(&loop, data[0], data + 1, size - 1);
    if (uv_loop_close(&loop) < 0)
        abort();
    return 0;
}
