/*
 * Hostile peers of both sides: strangers without the key, peers with the key that break the
 * protocol, and guests that answer nonsense. What they cost in memory is measured in this process,
 * which holds both ends.
 */
#include "tests/support/rogue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_MAX ((size_t)256 << 20) /* freed memory is kept for a while to find its misuse */
#else
#define MEMORY_MAX ((size_t)8 << 20)
#endif
#define LEGIT_NS    (UINT64_C(2000) * 1000000)
#define IDLE_COUNT  100
#define ENDLESS     ((size_t)100 << 20)
#define LORIS_COUNT 40

#define DISTANT_MS (6 * (int64_t)PAIR_WAIT_MS)

/* Of tests about deadlines. */
static const struct session_times quick = {
    .handshake_ms = 600, .hello_ms = 600, .frame_ms = 600, .heartbeat_ms = 150, .idle_ms = 1500};

/* Of all others: no deadline comes while they wait, so what ends a connection is what they did. */
static const struct session_times distant = {.handshake_ms = DISTANT_MS,
                                             .hello_ms = DISTANT_MS,
                                             .frame_ms = DISTANT_MS,
                                             .heartbeat_ms = DISTANT_MS,
                                             .idle_ms = DISTANT_MS};

/* Of those that hold strangers and let others in meanwhile, who must not be late themselves. */
static const struct session_times mixed = {.handshake_ms = 2000};

static void answer(struct request *request, void *user)
{
    (void)user;
    request_reply(request, NULL, NULL, 0);
}

static void keep(struct request *request, void *user)
{
    struct pair *pair = user;

    pair->kept[pair->kept_count++] = request;
}

static const struct request_binding bindings[] = {
    {METHOD_PROFILE_GET, answer}, {METHOD_HEALTH_GET, keep}, {METHOD_PAYLOAD_PUT, keep}};

static int set_up(void **state, const struct session_times *times)
{
    struct pair *pair = malloc(sizeof *pair);

    assert_non_null(pair);
    pair_start_with(pair, "hostile", times, bindings, sizeof bindings / sizeof bindings[0]);
    *state = pair;
    return 0;
}

static int set_up_quick(void **state)
{
    return set_up(state, &quick);
}

static int set_up_distant(void **state)
{
    return set_up(state, &distant);
}

static int set_up_mixed(void **state)
{
    return set_up(state, &mixed);
}

static int tear_down(void **state)
{
    pair_stop(*state);
    free(*state);
    return 0;
}

static size_t memory(void)
{
    size_t bytes = 0;

    assert_int_equal(uv_resident_set_memory(&bytes), 0);
    return bytes;
}

/* How much the process has grown since `before`, 0 when it has shrunk. */
static size_t grown(size_t before)
{
    size_t now = memory();

    return now > before ? now - before : 0;
}

/* Somebody with the key gets in, is answered, and all that without delay. */
static void assert_others_are_served(struct pair *pair)
{
    struct pair_caller caller;
    struct pair_reply reply;
    uint64_t start = uv_hrtime();

    pair_dial(pair, &caller);
    pair_call(pair, &caller, METHOD_PROFILE_GET, NULL, NULL, 0, &reply);
    assert_false(err_is_set(&reply.err));
    assert_true(uv_hrtime() - start < LEGIT_NS);
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

static struct session_server_stats stats_of(struct pair *pair)
{
    struct session_server_stats stats;

    session_server_stats(pair->server, &stats);
    return stats;
}

static void on_time_up(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

/* The server gave up its only connection when its time of time_ms was over, counted from start
 * (uv_hrtime) at the earliest and from now at the latest. Timers of one loop run in their order: it
 * does not matter how late a busy machine comes to them. */
static void assert_gives_up_in_time(struct pair *pair, int64_t time_ms, uint64_t start)
{
    struct session_server_stats stats;
    bool up = false;
    uv_timer_t timer;

    uv_update_time(&pair->loop);
    uv_timer_init(&pair->loop, &timer);
    timer.data = &up;
    uv_timer_start(&timer, on_time_up, (uint64_t)time_ms + 1, 0);
    do {
        uv_run(&pair->loop, UV_RUN_ONCE);
        stats = stats_of(pair);
    } while (!up && stats.strangers + stats.open > 0);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&pair->loop, UV_RUN_NOWAIT);
    assert_int_equal(stats.strangers + stats.open, 0);
    assert_true((uv_hrtime() - start) / 1000000 >= (uint64_t)time_ms - 50);
}

/* ---- strangers ---- */

static void server_closes_at_once_on_what_is_not_tls(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
    } rows[] = {{"{\"execute\":\"guest-ping\"}\n", 25},
                {"GET / HTTP/1.1\r\n\r\n", 18},
                {"\x16\x03\x01\x40\x00", 5},  /* a first record of 16 KiB */
                {"\x16\x02\x00\x00\x10", 5},  /* not TLS 1.x */
                {"\x17\x03\x03\x00\x10", 5},  /* application data first */
                {"\x16\x03\x01\x00\x00", 5},  /* an empty record */
                {"GPB1\xff\xff\xff\xff", 8},  /* bulk where none is offered */
                {"\x80\x2e\x01\x00\x02", 5}}; /* SSL 2 */
    struct pair *pair = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct raw raw;

        raw_dial(pair, &raw);
        link_send(raw.link, rows[i].bytes, rows[i].length);
        pair_until(pair, &raw.closed);
        assert_int_equal(raw.received, 0);
    }
    assert_others_are_served(pair);
}

static void server_gives_a_silent_stranger_its_time_and_no_more(void **state)
{
    struct pair *pair = *state;
    struct raw raw;
    uint64_t start = uv_hrtime();

    raw_dial(pair, &raw);
    while (stats_of(pair).strangers == 0)
        uv_run(&pair->loop, UV_RUN_ONCE);
    assert_gives_up_in_time(pair, quick.handshake_ms, start);
    pair_until(pair, &raw.closed);
}

static void server_is_not_disturbed_by_100_idle_connections(void **state)
{
    struct pair *pair = *state;
    struct raw *raws = calloc(IDLE_COUNT, sizeof *raws);
    struct session_server_stats stats;
    size_t before;

    assert_non_null(raws);
    assert_others_are_served(pair); /* what the first session costs is not the strangers' */
    before = memory();
    for (int i = 0; i < IDLE_COUNT; i++)
        raw_dial(pair, &raws[i]);
    pair_run_for(pair, 50);
    session_server_stats(pair->server, &stats);
    assert_true(stats.strangers <= SESSION_SERVER_STRANGERS);
    assert_others_are_served(pair);
    print_message("100 idle connections: %u KiB\n", (unsigned)(grown(before) >> 10));
    assert_true(grown(before) < MEMORY_MAX);
    for (int i = 0; i < IDLE_COUNT; i++)
        raw_close(pair, &raws[i]);
    free(raws);
}

/* Connections that send a good ClientHello byte by byte, slowly. */
static void server_is_not_disturbed_by_slow_loris(void **state)
{
    static const uint8_t start_of_hello[] = {0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3};
    struct pair *pair = *state;
    struct raw *raws = calloc(LORIS_COUNT, sizeof *raws);
    size_t before = memory();

    assert_non_null(raws);
    for (int i = 0; i < LORIS_COUNT; i++)
        raw_dial(pair, &raws[i]);
    for (size_t at = 0; at < sizeof start_of_hello; at++) {
        for (int i = 0; i < LORIS_COUNT; i++) {
            if (raws[i].link)
                link_send(raws[i].link, &start_of_hello[at], 1);
        }
        pair_run_for(pair, 20);
    }
    assert_others_are_served(pair);
    assert_true(grown(before) < MEMORY_MAX);
    for (int i = 0; i < LORIS_COUNT; i++)
        pair_until(pair, &raws[i].closed);
    free(raws);
}

/* Handshakes that stop half way hold TLS memory: only so many of them, and the newest get in. */
static void server_bounds_handshakes_that_stop_half_way(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;
    struct raw *raws = calloc(LORIS_COUNT, sizeof *raws);
    struct session_server_stats stats;
    struct buf hello;
    struct secure *client;
    size_t before;

    assert_non_null(raws);
    rogue_dial(pair, &rogue);
    rogue_done(&rogue);
    buf_init(&hello, 10000);
    before = memory();
    for (int i = 0; i < LORIS_COUNT; i++) {
        buf_clear(&hello);
        assert_true(secure_client_new(PAIR_IDENTITY, pair_secret(), &client, NULL));
        assert_true(secure_start(client, &hello, NULL));
        secure_free(client);
        raw_dial(pair, &raws[i]);
        link_send(raws[i].link, hello.data, hello.len);
    }
    pair_run_for(pair, 100);
    session_server_stats(pair->server, &stats);
    assert_true(stats.handshakes <= SESSION_SERVER_HANDSHAKES);
    assert_others_are_served(pair);
    print_message("%d half handshakes: %u KiB\n", LORIS_COUNT, (unsigned)(grown(before) >> 10));
    assert_true(grown(before) < MEMORY_MAX);
    for (int i = 0; i < LORIS_COUNT; i++)
        raw_close(pair, &raws[i]);
    buf_done(&hello);
    free(raws);
}

/* Sends up to 100 MiB of `byte` through `send` while the connection stands. */
static void send_endless(struct rogue *rogue)
{
    uint8_t *block = malloc(1 << 16);

    assert_non_null(block);
    memset(block, 'a', 1 << 16);
    for (size_t sent = 0; sent < ENDLESS && !rogue->closed; sent += 1 << 16) {
        while (rogue->link && link_queued(rogue->link) > LINK_SEND_LOW)
            uv_run(&rogue->pair->loop, UV_RUN_ONCE);
        rogue_send(rogue, block, 1 << 16);
    }
    free(block);
}

static void server_survives_100_mib_without_an_end(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;
    size_t before;
    uint8_t header[FRAME_HEADER_BYTES];
    const struct frame frame = {.type = FRAME_REQUEST, .id = 2, .json_length = ENDLESS};

    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    before = memory();
    frame_header_write(&frame, header);
    rogue_send(&rogue, header, sizeof header);
    send_endless(&rogue);
    assert_true(rogue_is_closed(&rogue));
    print_message("100 MiB without an end: %u KiB\n", (unsigned)(grown(before) >> 10));
    assert_true(grown(before) < MEMORY_MAX);
    rogue_done(&rogue);
    assert_others_are_served(pair);
}

/* The largest frames that are allowed, one after the other, of text without an end. */
static void server_survives_100_mib_of_largest_frames(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;
    char *text = malloc(FRAME_JSON_MAX + 1);
    size_t before;

    assert_non_null(text);
    memset(text, '[', FRAME_JSON_MAX);
    text[FRAME_JSON_MAX] = '\0';
    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    before = memory();
    for (uint32_t i = 2; i < 400 && !rogue.closed; i++) {
        rogue_frame(&rogue, FRAME_REQUEST, i, text, NULL, 0);
        pair_run_for(pair, 1);
    }
    assert_true(rogue_is_closed(&rogue));
    assert_true(grown(before) < MEMORY_MAX);
    rogue_done(&rogue);
    assert_others_are_served(pair);
    free(text);
}

/* Bodies for a handler that answers later: the server must stop reading, not collect them. */
static void server_stops_reading_when_requests_pile_up(void **state)
{
    static const char format[] =
        "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"payload.put\",\"params\":{\"name\":\"a\","
        "\"size_bytes\":1,\"sha256\":"
        "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}}";
    struct pair *pair = *state;
    struct rogue rogue;
    uint8_t *body = calloc(1, FRAME_BODY_MAX);
    char json[300];
    size_t before;

    assert_non_null(body);
    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    before = memory();
    for (uint32_t i = 2; i < 40 && link_queued(rogue.link) < 4 * FRAME_BODY_MAX; i++) {
        snprintf(json, sizeof json, format, (unsigned)i);
        rogue_frame(&rogue, FRAME_REQUEST, i, json, body, FRAME_BODY_MAX);
        pair_run_for(pair, 5);
    }
    assert_true(pair->kept_count * FRAME_BODY_MAX < SESSION_HELD_BYTES + 2 * FRAME_BODY_MAX);
    print_message("%u requests of 1 MiB held, %u KiB with the sender's queue\n",
                  (unsigned)pair->kept_count,
                  (unsigned)(grown(before) >> 10));
    assert_others_are_served(pair);
    for (size_t i = 0; i < pair->kept_count; i++)
        request_reply(pair->kept[i], NULL, NULL, 0);
    pair->kept_count = 0;
    free(body);
    rogue_done(&rogue);
}

/* ---- peers with the key ---- */

#define REQUEST(id, rest) "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":" rest "}"

static void put_frame(struct buf *out, uint32_t id, const char *json)
{
    const struct frame frame = {
        .type = FRAME_REQUEST, .id = id, .json_length = (uint32_t)strlen(json)};
    uint8_t header[FRAME_HEADER_BYTES];

    frame_header_write(&frame, header);
    assert_true(buf_put(out, header, sizeof header) && buf_put(out, json, frame.json_length));
}

static void server_gives_half_a_frame_its_time_and_no_more(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;
    struct frame frame;
    struct buf both;
    uint64_t start;

    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    start = uv_hrtime();
    buf_init(&both, 1000);
    put_frame(&both, 2, REQUEST(2, "\"ping\""));
    put_frame(&both, 3, REQUEST(3, "\"ping\""));
    rogue_send(&rogue, both.data, both.len - 1);
    assert_true(rogue_next(&rogue, &frame)); /* so it has what came with it too */
    assert_gives_up_in_time(pair, quick.frame_ms, start);
    assert_true(rogue_is_closed(&rogue));
    buf_done(&both);
    rogue_done(&rogue);
}

/* A byte at a time keeps no frame alive. */
static void server_gives_a_dripping_frame_its_time_and_no_more(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;

    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    rogue_send(&rogue, "\0\4\0\0\0\0\0\0\2\0\0\0\1\1\0\0", 16);
    for (int i = 0; i < 40 && !rogue.closed; i++) {
        rogue_send(&rogue, "{", 1);
        pair_run_for(pair, 50);
    }
    assert_true(rogue.closed);
    rogue_done(&rogue);
}

static void server_closes_on_a_peer_that_says_nothing_after_the_handshake(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;

    rogue_dial(pair, &rogue);
    assert_true(rogue_is_closed(&rogue));
    rogue_done(&rogue);
}

static void server_closes_on_a_peer_that_falls_silent(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;

    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    assert_true(rogue_is_closed(&rogue));
    rogue_done(&rogue);
}

#define DEEP "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]"

struct violation {
    const char *name;
    bool hello; /* a good hello comes first */
    uint8_t type;
    uint32_t id;
    const char *json;
    size_t body;
};

static const struct violation violations[] = {
    {"ping before hello", false, FRAME_REQUEST, 1, REQUEST(1, "\"ping\""), 0},
    {"unknown before hello", false, FRAME_REQUEST, 1, REQUEST(1, "\"exec\""), 0},
    {"body with hello", false, FRAME_REQUEST, 1, REQUEST(1, "\"hello\""), 10},
    {"hello twice", true, FRAME_REQUEST, 2, REQUEST(2, "\"hello\""), 0},
    {"no id", true, FRAME_REQUEST, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", 0},
    {"ids differ", true, FRAME_REQUEST, 2, REQUEST(3, "\"ping\""), 0},
    {"answer", true, FRAME_REPLY, 2, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}", 0},
    {"notification", true, FRAME_NOTIFY, 0, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", 0},
    {"progress", true, FRAME_PROGRESS, 2, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", 0},
    {"type 0", true, 0, 2, REQUEST(2, "\"ping\""), 0},
    {"type 255", true, 255, 2, REQUEST(2, "\"ping\""), 0},
    {"relay unasked", true, FRAME_RELAY_DATA, 2, "", 5},
    {"empty", true, FRAME_REQUEST, 2, "", 0},
    {"not JSON", true, FRAME_REQUEST, 2, "{\"jsonrpc\"", 0},
    {"depth", true, FRAME_REQUEST, 2, REQUEST(2, "\"ping\",\"params\":{\"x\":" DEEP "}"), 0},
    {"same key twice", true, FRAME_REQUEST, 2, REQUEST(2, "\"ping\",\"id\":2"), 0},
    {"bad UTF-8", true, FRAME_REQUEST, 2, REQUEST(2, "\"ping\xc0\xaf\""), 0},
    {"NUL", true, FRAME_REQUEST, 2, REQUEST(2, "\"pi\\u0000ng\""), 0},
    {"array", true, FRAME_REQUEST, 2, "[" REQUEST(2, "\"ping\"") "]", 0},
};

static void server_closes_on_every_violation(void **state)
{
    struct pair *pair = *state;

    for (size_t i = 0; i < sizeof violations / sizeof violations[0]; i++) {
        const struct violation *row = &violations[i];
        uint8_t body[10] = {0};
        struct rogue rogue;

        rogue_dial(pair, &rogue);
        if (row->hello)
            rogue_hello(&rogue);
        rogue_frame(&rogue, row->type, row->id, row->json, body, row->body);
        for (int wait = 0; wait < PAIR_WAIT_MS / 10 && !rogue.closed; wait++)
            pair_run_for(pair, 10);
        if (!rogue.closed)
            fail_msg("still open after: %s", row->name);
        rogue_done(&rogue);
    }
    assert_others_are_served(pair);
}

static void server_closes_on_an_id_that_is_in_flight(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;

    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    rogue_frame(&rogue, FRAME_REQUEST, 7, REQUEST(7, "\"health.get\""), NULL, 0);
    rogue_frame(&rogue, FRAME_REQUEST, 7, REQUEST(7, "\"ping\""), NULL, 0);
    assert_true(rogue_is_closed(&rogue));
    request_reply(pair->kept[0], NULL, NULL, 0);
    pair->kept_count = 0;
    rogue_done(&rogue);
}

static void server_answers_unknown_methods_with_a_typed_error(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;
    struct frame frame;

    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    rogue_frame(&rogue, FRAME_REQUEST, 2, REQUEST(2, "\"guest-exec\""), NULL, 0);
    assert_true(rogue_next(&rogue, &frame));
    assert_int_equal(frame.type, FRAME_REPLY);
    assert_non_null(strstr(frame.json, "-32601"));
    assert_non_null(strstr(frame.json, "session.unknown_method"));
    rogue_frame(&rogue, FRAME_REQUEST, 3, REQUEST(3, "\"ping\""), NULL, 0);
    assert_true(rogue_next(&rogue, &frame));
    rogue_done(&rogue);
}

static void server_names_versions_when_none_is_common(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;
    struct frame frame;

    rogue_dial(pair, &rogue);
    rogue_frame(&rogue,
                FRAME_REQUEST,
                1,
                REQUEST(1,
                        "\"hello\",\"params\":{\"protocol_min\":7,\"protocol_max\":9,"
                        "\"build\":\"x\"}"),
                NULL,
                0);
    assert_true(rogue_next(&rogue, &frame));
    assert_non_null(strstr(frame.json, "session.version"));
    assert_true(rogue_is_closed(&rogue));
    rogue_done(&rogue);
}

/* Asks on and on and never reads an answer. */
static void server_does_not_swell_for_a_peer_that_never_reads(void **state)
{
    struct pair *pair = *state;
    struct rogue rogue;
    size_t before;
    char json[100];

    rogue_dial(pair, &rogue);
    rogue_hello(&rogue);
    before = memory();
    link_pause(rogue.link, true);
    for (uint32_t i = 2; i < 300000 && rogue.link && link_queued(rogue.link) < LINK_SEND_LOW; i++) {
        snprintf(
            json, sizeof json, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"ping\"}", (unsigned)i);
        rogue_frame(&rogue, FRAME_REQUEST, i, json, NULL, 0);
        if (i % 256 == 0)
            pair_run_for(pair, 1);
    }
    print_message("a peer that never reads: %u KiB\n", (unsigned)(grown(before) >> 10));
    assert_true(grown(before) < MEMORY_MAX);
    assert_others_are_served(pair);
    rogue_done(&rogue);
}

static void server_lets_only_so_many_sessions_be_open(void **state)
{
    struct pair *pair = *state;
    struct rogue rogues[SESSION_SERVER_OPEN + 4];
    struct session_server_stats stats;

    for (size_t i = 0; i < SESSION_SERVER_OPEN + 4; i++) {
        rogue_dial(pair, &rogues[i]);
        rogue_hello(&rogues[i]);
    }
    pair_run_for(pair, 50);
    session_server_stats(pair->server, &stats);
    assert_int_equal(stats.open, SESSION_SERVER_OPEN);
    assert_false(rogues[SESSION_SERVER_OPEN + 3].closed);
    assert_others_are_served(pair);
    for (size_t i = 0; i < SESSION_SERVER_OPEN + 4; i++)
        rogue_done(&rogues[i]);
}

/* ---- guests that answer nonsense ---- */

#define GOOD_HELLO                                                                                 \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":1,\"protocol_min\":1,"                 \
    "\"protocol_max\":1,\"build\":\"9.9.9\",\"boot_id\":\"b\",\"instance\":\"i\"}}"

struct nonsense {
    const char *name;
    const char *hello; /* the answer to hello */
    uint8_t type;      /* what follows, when hello is good */
    uint32_t id;
    const char *json;
    enum err_kind kind; /* of the caller's end */
};

static const struct nonsense nonsenses[] = {
    {"hello without fields",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
     0,
     0,
     "",
     ERR_BAD_INPUT},
    {"hello with another id",
     "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}",
     0,
     0,
     "",
     ERR_BAD_INPUT},
    {"hello of version 9",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":9,\"protocol_min\":9,"
     "\"protocol_max\":9,\"build\":\"9.9.9\",\"boot_id\":\"b\",\"instance\":\"i\"}}",
     0,
     0,
     "",
     ERR_UNSUPPORTED},
    {"hello with a long build",
     "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":1,\"protocol_min\":1,"
     "\"protocol_max\":1,\"build\":\"0123456789012345678901234567890123456789012345\","
     "\"boot_id\":\"b\",\"instance\":\"i\"}}",
     0,
     0,
     "",
     ERR_TOO_LARGE},
    {"hello that is no JSON", "{{{{", 0, 0, "", ERR_BAD_INPUT},
    {"answer to nothing",
     GOOD_HELLO,
     FRAME_REPLY,
     99,
     "{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}",
     ERR_BAD_INPUT},
    {"answer twice", GOOD_HELLO, FRAME_REPLY, 1, GOOD_HELLO, ERR_BAD_INPUT},
    {"notification nobody asked for",
     GOOD_HELLO,
     FRAME_NOTIFY,
     0,
     "{\"jsonrpc\":\"2.0\",\"method\":\"health.watch\"}",
     ERR_BAD_INPUT},
    {"a request", GOOD_HELLO, FRAME_REQUEST, 1, REQUEST(1, "\"ping\""), ERR_BAD_INPUT},
    {"relay data nobody asked for", GOOD_HELLO, FRAME_RELAY_DATA, 1, "", ERR_BAD_INPUT},
};

static void caller_closes_on_every_nonsense(void **state)
{
    struct pair *pair = *state;

    for (size_t i = 0; i < sizeof nonsenses / sizeof nonsenses[0]; i++) {
        const struct nonsense *row = &nonsenses[i];
        struct link_address here = pair->address;
        struct pair_caller caller;
        struct rogue rogue;

        pair_address(&pair->address, "nonsense");
        rogue_listen(pair, &rogue);
        pair_dial_start(pair, &caller);
        rogue_await_ready(&rogue);
        rogue_frame(&rogue, FRAME_REPLY, 1, row->hello, NULL, 0);
        if (row->type)
            rogue_frame(&rogue, row->type, row->id, row->json, NULL, 0);
        pair_until(pair, &caller.closed);
        if (caller.why.kind != row->kind)
            fail_msg("%s: %s", row->name, err_kind_name(caller.why.kind));
        rogue_done(&rogue);
        pair->address = here;
    }
}

static void caller_does_not_swell_for_a_huge_answer(void **state)
{
    struct pair *pair = *state;
    struct link_address here = pair->address;
    const struct frame huge = {.type = FRAME_REPLY, .id = 2, .body_length = ENDLESS};
    uint8_t header[FRAME_HEADER_BYTES];
    struct pair_caller caller;
    struct rogue rogue;
    size_t before;

    pair_address(&pair->address, "huge");
    rogue_listen(pair, &rogue);
    pair_dial_start(pair, &caller);
    rogue_await_ready(&rogue);
    rogue_frame(&rogue, FRAME_REPLY, 1, GOOD_HELLO, NULL, 0);
    pair_until(pair, &caller.opened);
    before = memory();
    frame_header_write(&huge, header);
    rogue_send(&rogue, header, sizeof header);
    send_endless(&rogue);
    pair_until(pair, &caller.closed);
    assert_int_equal(caller.why.kind, ERR_TOO_LARGE);
    assert_true(grown(before) < MEMORY_MAX);
    rogue_done(&rogue);
    pair->address = here;
}

/* A guest that goes quiet is noticed by the heartbeat, without any call. */
static void caller_notices_a_guest_that_falls_silent(void **state)
{
    struct pair *pair = *state;
    struct link_address here = pair->address;
    struct pair_caller caller;
    struct rogue rogue;
    struct frame frame;

    pair_address(&pair->address, "silent");
    rogue_listen(pair, &rogue);
    pair_dial_start(pair, &caller);
    rogue_await_ready(&rogue);
    rogue_frame(&rogue, FRAME_REPLY, 1, GOOD_HELLO, NULL, 0);
    pair_until(pair, &caller.closed);
    assert_int_equal(caller.why.kind, ERR_TIMEOUT);
    assert_true(rogue_next(&rogue, &frame)); /* hello */
    assert_true(rogue_next(&rogue, &frame));
    assert_non_null(strstr(frame.json, "\"ping\""));
    rogue_done(&rogue);
    pair->address = here;
}

static void caller_and_server_keep_a_quiet_session_alive(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;

    pair_dial(pair, &caller);
    pair_run_for(pair, (uint64_t)quick.idle_ms + 500);
    assert_false(caller.closed);
    pair_hang_up(pair, &caller);
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up_distant, tear_down)
#define QUICK(name) cmocka_unit_test_setup_teardown(name, set_up_quick, tear_down)
#define MIXED(name) cmocka_unit_test_setup_teardown(name, set_up_mixed, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(server_closes_at_once_on_what_is_not_tls),
        QUICK(server_gives_a_silent_stranger_its_time_and_no_more),
        TEST(server_is_not_disturbed_by_100_idle_connections),
        MIXED(server_is_not_disturbed_by_slow_loris),
        TEST(server_bounds_handshakes_that_stop_half_way),
        TEST(server_survives_100_mib_without_an_end),
        TEST(server_survives_100_mib_of_largest_frames),
        TEST(server_stops_reading_when_requests_pile_up),
        QUICK(server_gives_half_a_frame_its_time_and_no_more),
        QUICK(server_gives_a_dripping_frame_its_time_and_no_more),
        QUICK(server_closes_on_a_peer_that_says_nothing_after_the_handshake),
        QUICK(server_closes_on_a_peer_that_falls_silent),
        TEST(server_closes_on_every_violation),
        TEST(server_closes_on_an_id_that_is_in_flight),
        TEST(server_answers_unknown_methods_with_a_typed_error),
        TEST(server_names_versions_when_none_is_common),
        TEST(server_does_not_swell_for_a_peer_that_never_reads),
        TEST(server_lets_only_so_many_sessions_be_open),
        TEST(caller_closes_on_every_nonsense),
        TEST(caller_does_not_swell_for_a_huge_answer),
        QUICK(caller_notices_a_guest_that_falls_silent),
        QUICK(caller_and_server_keep_a_quiet_session_alive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
