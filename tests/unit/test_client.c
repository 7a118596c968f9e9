/* The blocking client and the pool, against a server that runs on a thread of its own. */
#include "tests/support/session_pair.h"

#include "host/guest/client.h"

#include <stdlib.h>
#include <string.h>

struct server {
    struct pair pair;
    uv_thread_t thread;
    uv_async_t stop;
    uv_async_t drop; /* closes every session */
    bool stopping, stopped;
};

static void answer(struct request *request, void *user)
{
    cJSON *result = cJSON_CreateObject();

    (void)user;
    json_add_int(result, "number", 42);
    request_progress(request, cJSON_CreateObject());
    request_reply(request, result, "body", 4);
}

static void never_answer(struct request *request, void *user)
{
    struct pair *pair = user;

    pair->kept[pair->kept_count++] = request;
}

static void answer_watch(struct request *request, void *user)
{
    struct pair *pair = user;
    struct session *session = request_session(request);
    cJSON *event = cJSON_CreateObject();

    (void)pair;
    request_reply(request, NULL, NULL, 0);
    for (int i = 0; i < 3; i++)
        session_notify(session, METHOD_HEALTH_WATCH, event, NULL, 0);
    cJSON_Delete(event);
}

static const struct request_binding bindings[] = {
    {METHOD_HEALTH_GET, answer},
    {METHOD_PROFILE_GET, never_answer},
    {METHOD_HEALTH_WATCH, answer_watch},
};

static void close_session(struct session *session, void *user)
{
    (void)user;
    session_close(session);
}

static void on_drop(uv_async_t *async)
{
    session_server_each(((struct pair *)async->data)->server, close_session, NULL);
}

static void on_server_stopped(void *user)
{
    (void)user;
}

static void on_stop(uv_async_t *async)
{
    struct server *server = async->data;

    session_server_close(server->pair.server, 0, on_server_stopped, NULL);
    uv_close((uv_handle_t *)&server->stop, NULL);
    uv_close((uv_handle_t *)&server->drop, NULL);
}

static void serve(void *user)
{
    struct server *server = user;

    uv_run(&server->pair.loop, UV_RUN_DEFAULT);
}

static int set_up(void **state)
{
    struct server *server = calloc(1, sizeof *server);

    assert_non_null(server);
    pair_start(&server->pair, "client", bindings, sizeof bindings / sizeof bindings[0]);
    uv_async_init(&server->pair.loop, &server->stop, on_stop);
    uv_async_init(&server->pair.loop, &server->drop, on_drop);
    server->stop.data = server;
    server->drop.data = &server->pair;
    uv_thread_create(&server->thread, serve, server);
    *state = server;
    return 0;
}

static int tear_down(void **state)
{
    struct server *server = *state;

    uv_async_send(&server->stop);
    uv_thread_join(&server->thread);
    for (size_t i = 0; i < server->pair.kept_count; i++)
        request_reply(server->pair.kept[i], NULL, NULL, 0);
    assert_int_equal(uv_loop_close(&server->pair.loop), 0);
    free(server);
    return 0;
}

/* The target with the keys of these generations; the server knows 3. */
static struct client_target
target_of(const struct server *server, const int *generations, int count)
{
    struct key_file keys;
    struct client_target target = {.address = server->pair.address};

    memset(&keys, 0, sizeof keys);
    text_copy(keys.vm, sizeof keys.vm, PAIR_VM);
    for (int i = 0; i < count; i++) {
        keys.entries[i].generation = generations[i];
        memcpy(keys.entries[i].secret, pair_secret(), KEY_SECRET_BYTES);
    }
    keys.count = (size_t)count;
    client_target_keys(&target, &keys);
    return target;
}

static void client_says_auth_when_no_key_fits(void **state)
{
    const int generations[] = {5, 4};
    struct client_target target = target_of(*state, generations, 2);
    struct client *client = NULL;
    struct err err = ERR_INIT;

    assert_false(client_open(&target, 5000, &client, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    assert_null(client);
}

static void client_says_unreachable_when_nobody_listens(void **state)
{
    const int generations[] = {3};
    struct client_target target = target_of(*state, generations, 1);
    struct client *client = NULL;
    struct err err = ERR_INIT;

    pair_address(&target.address, "nobody");
    assert_false(client_open(&target, 5000, &client, &err));
    assert_int_equal(err.kind, ERR_UNREACHABLE);
}

static void client_says_timeout_when_a_call_is_not_answered(void **state)
{
    const struct client_call call = {.method = METHOD_PROFILE_GET, .timeout_ms = 100};
    const int generations[] = {3};
    struct client_target target = target_of(*state, generations, 1);
    struct client_reply reply = CLIENT_REPLY_INIT;
    struct client *client;
    struct err err = ERR_INIT;

    assert_true(client_open(&target, 5000, &client, &err));
    assert_false(client_call(client, &call, &reply, &err));
    assert_int_equal(err.kind, ERR_TIMEOUT);
    client_close(client);
}

static void client_tries_the_next_key_and_then_the_current_one(void **state)
{
    const int generations[] = {4, 3};
    struct client_target target = target_of(*state, generations, 2);
    struct client *client;
    struct err err = ERR_INIT;

    assert_true(client_open(&target, 5000, &client, &err));
    assert_int_equal(client_key_used(client), 1);
    assert_int_equal(client_peer(client)->generation, 3);
    client_close(client);
}

static void count_progress(const cJSON *progress, void *user)
{
    (void)progress;
    (*(int *)user)++;
}

static void client_calls_with_progress_and_body(void **state)
{
    const int generations[] = {3};
    struct client_target target = target_of(*state, generations, 1);
    int progress = 0;
    const struct client_call call = {
        .method = METHOD_HEALTH_GET, .on_progress = count_progress, .user = &progress};
    struct client_reply reply = CLIENT_REPLY_INIT;
    struct client *client;
    struct err err = ERR_INIT;

    assert_true(client_open(&target, 5000, &client, &err));
    assert_true(client_call(client, &call, &reply, &err));
    assert_int_equal(cJSON_GetObjectItem(reply.result, "number")->valueint, 42);
    assert_int_equal(reply.body_length, 4);
    assert_int_equal(progress, 1);
    client_reply_done(&reply);
    client_close(client);
}

static void client_connects_again_when_the_connection_ended_between_calls(void **state)
{
    const struct client_call call = {.method = METHOD_HEALTH_GET};
    const int generations[] = {3};
    struct server *server = *state;
    struct client_target target = target_of(server, generations, 1);
    struct client *client;
    struct err err = ERR_INIT;

    assert_true(client_open(&target, 5000, &client, &err));
    uv_async_send(&server->drop);
    uv_sleep(100);
    assert_true(client_call(client, &call, NULL, &err));
    client_close(client);
}

static bool on_event(const cJSON *params, const uint8_t *body, size_t body_length, void *user)
{
    (void)params;
    (void)body;
    (void)body_length;
    return ++*(int *)user < 4;
}

static void client_watches_until_it_has_seen_enough(void **state)
{
    const int generations[] = {3};
    struct client_target target = target_of(*state, generations, 1);
    struct client *client;
    struct err err = ERR_INIT;
    int seen = 0;

    assert_true(client_open(&target, 5000, &client, &err));
    assert_true(client_watch(client, METHOD_HEALTH_WATCH, NULL, on_event, NULL, &seen, &err));
    assert_int_equal(seen, 4); /* the first answer and three notifications */
    client_close(client);
}

static bool stop_at_once(void *user)
{
    (void)user;
    return true;
}

static bool go_on_watching(const cJSON *params, const uint8_t *body, size_t length, void *user)
{
    (void)params;
    (void)body;
    (void)length;
    (void)user;
    return true;
}

static void client_watch_ends_when_told(void **state)
{
    const int generations[] = {3};
    struct client_target target = target_of(*state, generations, 1);
    struct client *client;
    struct err err = ERR_INIT;

    assert_true(client_open(&target, 5000, &client, &err));
    assert_true(
        client_watch(client, METHOD_HEALTH_WATCH, NULL, go_on_watching, stop_at_once, NULL, &err));
    client_close(client);
}

#define GUESTS 12 /* below what one server lets in */

static void ask(struct client_pool *pool,
                const struct client_target *target,
                enum method_id method,
                struct client_query *queries,
                char ids[GUESTS][24])
{
    for (int i = 0; i < GUESTS; i++) {
        snprintf(ids[i], sizeof ids[i], "vm%d", i);
        queries[i].id = ids[i];
        queries[i].target = target;
        queries[i].call.method = method;
    }
    client_pool_run(pool, queries, GUESTS, 5000);
}

static void pool_asks_many_guests_and_keeps_their_sessions(void **state)
{
    const int generations[] = {4, 3};
    struct server *server = *state;
    struct client_target target = target_of(server, generations, 2);
    struct client_query queries[GUESTS] = {0};
    char ids[GUESTS][24];
    struct client_pool *pool;
    struct err err = ERR_INIT;

    assert_true(client_pool_new(0, &pool, &err));
    for (int round = 0; round < 3; round++) {
        ask(pool, &target, METHOD_HEALTH_GET, queries, ids);
        for (int i = 0; i < GUESTS; i++) {
            assert_true(queries[i].done);
            assert_int_equal(queries[i].key_used, 1);
            client_reply_done(&queries[i].reply);
        }
    }
    client_pool_free(pool);
    assert_int_equal(server->pair.hellos, GUESTS);
}

static void pool_dials_again_what_died_between_rounds(void **state)
{
    const int generations[] = {3};
    struct server *server = *state;
    struct client_target target = target_of(server, generations, 1);
    struct client_query queries[GUESTS] = {0};
    char ids[GUESTS][24];
    struct client_pool *pool;
    struct err err = ERR_INIT;

    assert_true(client_pool_new(4, &pool, &err));
    ask(pool, &target, METHOD_PING, queries, ids);
    for (int i = 0; i < GUESTS; i++)
        client_reply_done(&queries[i].reply);
    uv_async_send(&server->drop);
    uv_sleep(100);
    ask(pool, &target, METHOD_PING, queries, ids);
    for (int i = 0; i < GUESTS; i++) {
        assert_true(queries[i].done);
        client_reply_done(&queries[i].reply);
    }
    client_pool_free(pool);
}

static void pool_is_not_held_up_by_guests_that_do_not_answer(void **state)
{
    const int generations[] = {3};
    struct client_target target = target_of(*state, generations, 1), nobody = target;
    struct client_query queries[3] = {
        {.id = "good", .target = &target, .call.method = METHOD_PING},
        {.id = "mute", .target = &target, .call.method = METHOD_PROFILE_GET},
        {.id = "gone", .target = &nobody, .call.method = METHOD_PING}};
    struct client_pool *pool;
    struct err err = ERR_INIT;

    pair_address(&nobody.address, "nobody");
    assert_true(client_pool_new(0, &pool, &err));
    client_pool_run(pool, queries, 3, 500);
    assert_true(queries[0].done);
    assert_int_equal(queries[1].err.kind, ERR_TIMEOUT);
    assert_int_equal(queries[2].err.kind, ERR_UNREACHABLE);
    client_reply_done(&queries[0].reply);
    client_pool_free(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(client_says_auth_when_no_key_fits),
        TEST(client_says_unreachable_when_nobody_listens),
        TEST(client_says_timeout_when_a_call_is_not_answered),
        TEST(client_tries_the_next_key_and_then_the_current_one),
        TEST(client_calls_with_progress_and_body),
        TEST(client_connects_again_when_the_connection_ended_between_calls),
        TEST(client_watches_until_it_has_seen_enough),
        TEST(client_watch_ends_when_told),
        TEST(pool_is_not_held_up_by_guests_that_do_not_answer),
        TEST(pool_asks_many_guests_and_keeps_their_sessions),
        TEST(pool_dials_again_what_died_between_rounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
