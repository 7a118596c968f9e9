/* The proxy relay: programs in the guest, a proxy on the host, a session in between. */
#include "tests/support/rogue.h"

#include "common/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUCH ((size_t)3 << 20)

/* The guest's relay is made by the handler; the proxy is an echo server on the same loop. */
struct world {
    struct pair pair;
    struct relay *guest, *host;
    bool guest_closed, host_closed;
    uv_tcp_t proxy;
    uint16_t proxy_port;
    bool proxy_silent; /* accepts and does nothing */
    unsigned accepted;
    struct pair_caller caller;
};

/* One program in the guest. */
struct program {
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_write_t write;
    uv_shutdown_t shutdown;
    uint8_t *sent;
    bool connected, ended, gone, damaged;
    int status;
    size_t received;
};

static uint8_t block[65536];

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *ret_buf)
{
    (void)handle;
    (void)size;
    *ret_buf = uv_buf_init((char *)block, sizeof block);
}

/* ---- the proxy ---- */

static void on_proxy_closed(uv_handle_t *handle)
{
    free(handle);
}

static void on_echoed(uv_write_t *request, int status)
{
    (void)status;
    free(request->data);
    free(request);
}

static void on_proxy_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    uv_close((uv_handle_t *)request->handle, on_proxy_closed);
    free(request);
}

static void on_proxy_read(uv_stream_t *tcp, ssize_t count, const uv_buf_t *buf)
{
    uv_write_t *write;
    uv_buf_t part;

    if (count < 0) {
        uv_shutdown_t *end = malloc(sizeof *end);

        if (uv_shutdown(end, tcp, on_proxy_shutdown) < 0) {
            free(end);
            uv_close((uv_handle_t *)tcp, on_proxy_closed);
        }
        return;
    }
    if (count == 0)
        return;
    write = malloc(sizeof *write);
    write->data = malloc((size_t)count);
    memcpy(write->data, buf->base, (size_t)count);
    part = uv_buf_init(write->data, (unsigned)count);
    uv_write(write, tcp, &part, 1, on_echoed);
}

static void on_proxy_connection(uv_stream_t *server, int status)
{
    struct world *world = server->data;
    uv_tcp_t *tcp = calloc(1, sizeof *tcp);

    assert_int_equal(status, 0);
    uv_tcp_init(&world->pair.loop, tcp);
    tcp->data = world;
    assert_int_equal(uv_accept(server, (uv_stream_t *)tcp), 0);
    world->accepted++;
    if (!world->proxy_silent)
        uv_read_start((uv_stream_t *)tcp, on_alloc, on_proxy_read);
    else
        uv_close((uv_handle_t *)tcp, on_proxy_closed);
}

static void start_proxy(struct world *world)
{
    struct sockaddr_in address;
    int size = sizeof address;

    uv_ip4_addr("127.0.0.1", 0, &address);
    uv_tcp_init(&world->pair.loop, &world->proxy);
    world->proxy.data = world;
    assert_int_equal(uv_tcp_bind(&world->proxy, (struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&world->proxy, 128, on_proxy_connection), 0);
    uv_tcp_getsockname(&world->proxy, (struct sockaddr *)&address, &size);
    world->proxy_port = (uint16_t)((address.sin_port & 0xff) << 8 | address.sin_port >> 8);
}

/* ---- both ends of the relay ---- */

static void on_guest_closed(struct relay *relay, void *user)
{
    struct world *world = user;

    if (relay != world->guest)
        return; /* one that was taken over */
    world->guest = NULL;
    world->guest_closed = true;
}

static void on_host_closed(struct relay *relay, void *user)
{
    struct world *world = user;

    if (relay == world->host)
        world->host = NULL;
    world->host_closed = true;
}

static void open_relay(struct request *request, void *user)
{
    struct world *world = user;
    struct err err = ERR_INIT;

    relay_close(world->guest); /* a newer session takes over */
    assert_true(relay_listen(&world->pair.loop,
                             request_session(request),
                             0,
                             on_guest_closed,
                             world,
                             &world->guest,
                             &err));
    request_reply(request, NULL, NULL, 0);
}

static const struct request_binding bindings[] = {{METHOD_RELAY_OPEN, open_relay}};

static void ask_for_relay(struct world *world, struct pair_caller *caller)
{
    cJSON *params = cJSON_CreateObject();
    struct pair_reply reply;

    json_add_int(params, "port", 7890);
    pair_call(&world->pair, caller, METHOD_RELAY_OPEN, params, NULL, 0, &reply);
    assert_false(err_is_set(&reply.err));
    pair_reply_done(&reply);
    cJSON_Delete(params);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    pair_start(&world->pair, "relay", bindings, 1);
    start_proxy(world);
    pair_dial(&world->pair, &world->caller);
    assert_true(relay_serve(&world->pair.loop,
                            world->caller.session,
                            world->proxy_port,
                            on_host_closed,
                            world,
                            &world->host,
                            NULL));
    ask_for_relay(world, &world->caller);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    if (!world->caller.closed)
        pair_hang_up(&world->pair, &world->caller);
    pair_until(&world->pair, &world->guest_closed);
    pair_until(&world->pair, &world->host_closed);
    uv_close((uv_handle_t *)&world->proxy, NULL);
    pair_stop(&world->pair);
    free(world);
    return 0;
}

/* ---- programs ---- */

static void on_program_gone(uv_handle_t *handle)
{
    ((struct program *)handle->data)->gone = true;
}

static void on_program_read(uv_stream_t *tcp, ssize_t count, const uv_buf_t *buf)
{
    struct program *program = tcp->data;

    if (count < 0) {
        program->ended = true;
        program->status = (int)count;
        uv_read_stop(tcp);
        return;
    }
    for (ssize_t i = 0; i < count; i++)
        program->damaged |= (uint8_t)buf->base[i] != (uint8_t)((program->received + (size_t)i) * 7);
    program->received += (size_t)count;
}

static void on_program_connected(uv_connect_t *request, int status)
{
    struct program *program = request->data;

    program->connected = status == 0;
    program->ended = status != 0;
    if (program->connected)
        uv_read_start((uv_stream_t *)&program->tcp, on_alloc, on_program_read);
}

static void program_start(struct world *world, struct program *program)
{
    struct sockaddr_in address;

    memset(program, 0, sizeof *program);
    uv_ip4_addr("127.0.0.1", relay_port(world->guest), &address);
    uv_tcp_init(&world->pair.loop, &program->tcp);
    program->tcp.data = program->connect.data = program;
    uv_tcp_connect(
        &program->connect, &program->tcp, (struct sockaddr *)&address, on_program_connected);
    while (!program->connected && !program->ended)
        uv_run(&world->pair.loop, UV_RUN_ONCE);
}

static void program_send(struct program *program, size_t length, bool end)
{
    uv_buf_t part;

    program->sent = malloc(length);
    assert_non_null(program->sent);
    for (size_t i = 0; i < length; i++)
        program->sent[i] = (uint8_t)(i * 7);
    part = uv_buf_init((char *)program->sent, (unsigned)length);
    uv_write(&program->write, (uv_stream_t *)&program->tcp, &part, 1, NULL);
    if (end)
        uv_shutdown(&program->shutdown, (uv_stream_t *)&program->tcp, NULL);
}

static void program_end(struct world *world, struct program *program)
{
    uv_close((uv_handle_t *)&program->tcp, on_program_gone);
    pair_until(&world->pair, &program->gone);
    free(program->sent);
}

/* ---- failures ---- */

static void relay_closes_the_program_when_the_proxy_is_not_there(void **state)
{
    struct world *world = *state;
    struct program program;

    uv_close((uv_handle_t *)&world->proxy, NULL);
    pair_run_for(&world->pair, 20);
    program_start(world, &program);
    pair_until(&world->pair, &program.ended);
    assert_int_equal(program.received, 0);
    program_end(world, &program);
    start_proxy(world);
}

static void relay_closes_the_program_when_the_proxy_hangs_up(void **state)
{
    struct world *world = *state;
    struct program program;

    world->proxy_silent = true;
    program_start(world, &program);
    pair_until(&world->pair, &program.ended);
    program_end(world, &program);
}

static void relay_ends_with_its_session(void **state)
{
    struct world *world = *state;
    struct program program;

    program_start(world, &program);
    pair_hang_up(&world->pair, &world->caller);
    pair_until(&world->pair, &program.ended);
    pair_until(&world->pair, &world->guest_closed);
    pair_until(&world->pair, &world->host_closed);
    program_end(world, &program);
}

static void relay_turns_programs_away_beyond_its_limit(void **state)
{
    struct world *world = *state;
    struct program *programs = calloc(RELAY_STREAMS + 1, sizeof *programs);

    assert_non_null(programs);
    for (int i = 0; i <= RELAY_STREAMS; i++)
        program_start(world, &programs[i]);
    pair_until(&world->pair, &programs[RELAY_STREAMS].ended);
    assert_int_equal(relay_streams(world->guest), RELAY_STREAMS);
    program_end(world, &programs[0]);
    pair_run_for(&world->pair, 50);
    program_end(world, &programs[RELAY_STREAMS]);
    program_start(world, &programs[0]); /* a place is free again */
    program_send(&programs[0], 10, false);
    while (programs[0].received < 10)
        uv_run(&world->pair.loop, UV_RUN_ONCE);
    for (int i = 0; i < RELAY_STREAMS; i++)
        program_end(world, &programs[i]);
    free(programs);
}

static void relay_refuses_a_port_that_is_taken(void **state)
{
    struct world *world = *state;
    struct relay *second = NULL;
    struct err err = ERR_INIT;

    assert_false(relay_listen(&world->pair.loop,
                              world->caller.session,
                              relay_port(world->guest),
                              on_guest_closed,
                              world,
                              &second,
                              &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    assert_null(second);
}

struct bad_frame {
    const char *name;
    uint8_t type;
    uint32_t id;
    const char *body;
    size_t length;
};

/* What a hostile host may send to a guest that has one stream, 1. */
static const struct bad_frame bad_frames[] = {
    {"open to the guest", FRAME_RELAY_OPEN, 2, "", 0},
    {"data of no stream", FRAME_RELAY_DATA, 9, "x", 1},
    {"stream 0", FRAME_RELAY_DATA, 0, "x", 1},
    {"credit of 0", FRAME_RELAY_CREDIT, 1, "\0\0\0\0", 4},
    {"credit beyond the window", FRAME_RELAY_CREDIT, 1, "\1\0\0\0", 4},
    {"credit of 3 bytes", FRAME_RELAY_CREDIT, 1, "\1\0\0", 3},
    {"close without a reason", FRAME_RELAY_CLOSE, 1, "", 0},
};

static void relay_closes_the_session_on_every_violation(void **state)
{
    struct world *world = *state;

    for (size_t i = 0; i < sizeof bad_frames / sizeof bad_frames[0]; i++) {
        struct rogue rogue;
        struct program program;
        struct frame frame;

        rogue_dial(&world->pair, &rogue);
        rogue_hello(&rogue);
        rogue_frame(&rogue,
                    FRAME_REQUEST,
                    2,
                    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"relay.open\",\"params\":"
                    "{\"port\":7890}}",
                    NULL,
                    0);
        assert_true(rogue_next(&rogue, &frame));
        program_start(world, &program);
        assert_true(rogue_next(&rogue, &frame));
        assert_int_equal(frame.type, FRAME_RELAY_OPEN);
        rogue_frame(&rogue,
                    bad_frames[i].type,
                    bad_frames[i].id,
                    "",
                    bad_frames[i].body,
                    bad_frames[i].length);
        for (int wait = 0; wait < 100 && !rogue.closed; wait++)
            pair_run_for(&world->pair, 5);
        if (!rogue.closed)
            fail_msg("still open after: %s", bad_frames[i].name);
        pair_until(&world->pair, &program.ended);
        program_end(world, &program);
        rogue_done(&rogue);
    }
}

/* More data than the window allows, while the program does not read. */
static void relay_closes_the_session_on_data_beyond_the_window(void **state)
{
    struct world *world = *state;
    struct rogue rogue;
    struct program program;
    struct frame frame;
    uint8_t *much = calloc(1, RELAY_PIECE);

    rogue_dial(&world->pair, &rogue);
    rogue_hello(&rogue);
    rogue_frame(&rogue,
                FRAME_REQUEST,
                2,
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"relay.open\",\"params\":{\"port\":1}}",
                NULL,
                0);
    assert_true(rogue_next(&rogue, &frame));
    program_start(world, &program);
    uv_read_stop((uv_stream_t *)&program.tcp);
    for (int i = 0; i < 400 && !rogue.closed; i++) {
        rogue_frame(&rogue, FRAME_RELAY_DATA, 1, "", much, RELAY_PIECE);
        pair_run_for(&world->pair, 1);
    }
    assert_true(rogue.closed);
    program_end(world, &program);
    rogue_done(&rogue);
    free(much);
}

/* ---- what works ---- */

static void relay_carries_bytes_both_ways_and_the_end(void **state)
{
    struct world *world = *state;
    struct program program;

    program_start(world, &program);
    program_send(&program, MUCH, true);
    pair_until(&world->pair, &program.ended);
    assert_int_equal(program.status, UV_EOF);
    assert_int_equal(program.received, MUCH);
    assert_false(program.damaged);
    pair_run_for(&world->pair, 20);
    assert_int_equal(relay_streams(world->guest), 0);
    assert_int_equal(relay_streams(world->host), 0);
    program_end(world, &program);
}

static void relay_carries_many_streams_side_by_side(void **state)
{
    struct world *world = *state;
    struct program programs[20];

    for (int i = 0; i < 20; i++) {
        program_start(world, &programs[i]);
        program_send(&programs[i], 300000, true);
    }
    for (int i = 0; i < 20; i++) {
        pair_until(&world->pair, &programs[i].ended);
        assert_int_equal(programs[i].received, 300000);
        assert_false(programs[i].damaged);
    }
    for (int i = 0; i < 20; i++)
        program_end(world, &programs[i]);
    assert_int_equal(world->accepted, 20);
}

/* A program that does not read holds up nobody: not the other streams, not the session. */
static void relay_is_not_held_up_by_a_program_that_does_not_read(void **state)
{
    struct world *world = *state;
    struct program lazy, other;
    struct pair_reply reply;

    program_start(world, &lazy);
    uv_read_stop((uv_stream_t *)&lazy.tcp);
    program_send(&lazy, MUCH, false);
    pair_run_for(&world->pair, 100);
    program_start(world, &other);
    program_send(&other, 300000, true);
    pair_until(&world->pair, &other.ended);
    assert_int_equal(other.received, 300000);
    pair_call(&world->pair, &world->caller, METHOD_PING, NULL, NULL, 0, &reply);
    pair_reply_done(&reply);
    program_end(world, &lazy);
    program_end(world, &other);
}

static void relay_goes_to_the_newest_session(void **state)
{
    struct world *world = *state;
    struct pair_caller second;
    struct program program;
    struct relay *host;

    pair_dial(&world->pair, &second);
    assert_true(relay_serve(
        &world->pair.loop, second.session, world->proxy_port, on_host_closed, world, &host, NULL));
    ask_for_relay(world, &second);
    program_start(world, &program);
    program_send(&program, 1000, true);
    pair_until(&world->pair, &program.ended);
    assert_int_equal(program.received, 1000);
    program_end(world, &program);
    pair_hang_up(&world->pair, &second);
    pair_until(&world->pair, &world->guest_closed);
    pair_until(&world->pair, &world->host_closed);
    world->host_closed = false; /* the first one's is still to come */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(relay_closes_the_program_when_the_proxy_is_not_there),
        TEST(relay_closes_the_program_when_the_proxy_hangs_up),
        TEST(relay_ends_with_its_session),
        TEST(relay_turns_programs_away_beyond_its_limit),
        TEST(relay_refuses_a_port_that_is_taken),
        TEST(relay_closes_the_session_on_every_violation),
        TEST(relay_closes_the_session_on_data_beyond_the_window),
        TEST(relay_carries_bytes_both_ways_and_the_end),
        TEST(relay_carries_many_streams_side_by_side),
        TEST(relay_is_not_held_up_by_a_program_that_does_not_read),
        TEST(relay_goes_to_the_newest_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
