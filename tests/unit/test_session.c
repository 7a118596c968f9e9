/* Sessions over a real socket: calls, answers, watches, back-pressure, ends. */
#include "tests/support/session_pair.h"

#include <stdlib.h>
#include <string.h>

static void answer_profile(struct request *request, void *user)
{
    cJSON *result = cJSON_CreateObject();

    (void)user;
    cJSON_AddStringToObject(result, "name", "\xe5\x90\x8d");
    request_reply(request, result, NULL, 0);
}

static void keep(struct request *request, void *user)
{
    struct pair *pair = user;

    pair->kept[pair->kept_count++] = request;
}

/* Answers with the body it got, reversed, and its length. */
static void answer_put(struct request *request, void *user)
{
    size_t length;
    const uint8_t *body = request_body(request, &length);
    uint8_t *copy = malloc(length + 1);
    cJSON *result = cJSON_CreateObject();

    (void)user;
    assert_non_null(copy);
    for (size_t i = 0; i < length; i++)
        copy[i] = body[length - 1 - i];
    json_add_int(result, "length", (int64_t)length);
    request_reply(request, result, copy, length);
    free(copy);
}

static void answer_with_error(struct request *request, void *user)
{
    struct err err = ERR_INIT;

    (void)user;
    err_set(&err, ERR_CONFLICT, TEXT_LOCK_BUSY, "the disk", NULL);
    request_fail(request, &err);
}

static void answer_watch(struct request *request, void *user)
{
    (void)user;
    request_reply(request, NULL, NULL, 0);
}

static const struct request_binding bindings[] = {
    {METHOD_PROFILE_GET, answer_profile},
    {METHOD_HEALTH_GET, keep},
    {METHOD_PAYLOAD_PUT, answer_put},
    {METHOD_DISPLAY_RESTORE, answer_with_error},
    {METHOD_HEALTH_WATCH, answer_watch},
    {METHOD_RELAY_OPEN, answer_watch},
    {METHOD_KEY_ROTATE, answer_watch},
};

#define BINDINGS bindings, sizeof bindings / sizeof bindings[0]

static cJSON *put_params(size_t size)
{
    cJSON *params = cJSON_CreateObject();

    cJSON_AddStringToObject(params, "name", "driver.exe");
    json_add_int(params, "size_bytes", (int64_t)size);
    cJSON_AddStringToObject(params,
                            "sha256",
                            "000102030405060708090a0b0c0d0e0f"
                            "101112131415161718191a1b1c1d1e1f");
    return params;
}

static int set_up(void **state)
{
    struct pair *pair = malloc(sizeof *pair);

    assert_non_null(pair);
    pair_start(pair, "session", BINDINGS);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    pair_stop(*state);
    free(*state);
    return 0;
}

static void session_tells_both_sides_who_they_are(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    const struct session_hello *peer;

    pair_dial(pair, &caller);
    peer = session_peer(caller.session);
    assert_string_equal(peer->boot_id, "boot-1");
    assert_string_equal(peer->instance, "agent-1");
    assert_int_equal(peer->generation, 3);
    assert_int_equal(peer->protocol, METHOD_PROTOCOL_MAX);
    assert_int_equal(pair->generation, 3);
    pair_hang_up(pair, &caller);
    assert_int_equal(caller.why.kind, ERR_NONE);
}

static void session_refuses_a_wrong_secret_with_auth(void **state)
{
    const uint8_t wrong[SESSION_SECRET_BYTES] = {9};
    struct pair_caller caller;

    pair_dial_as(*state, &caller, PAIR_IDENTITY, wrong);
    assert_false(caller.opened);
    assert_int_equal(caller.why.kind, ERR_AUTH);
}

static void session_refuses_an_unknown_identity_with_auth(void **state)
{
    struct pair_caller caller;

    pair_dial_as(*state, &caller, PAIR_VM ":4", pair_secret());
    assert_false(caller.opened);
    assert_int_equal(caller.why.kind, ERR_AUTH);
}

static void session_says_unreachable_when_nobody_listens(void **state)
{
    struct pair *pair = *state;
    struct link_address here = pair->address;
    struct pair_caller caller;

    pair_address(&pair->address, "nobody");
    pair_dial_as(pair, &caller, PAIR_IDENTITY, pair_secret());
    pair->address = here;
    assert_int_equal(caller.why.kind, ERR_UNREACHABLE);
}

static void session_answers_ping_by_itself(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;

    pair_dial(pair, &caller);
    pair_call(pair, &caller, METHOD_PING, NULL, NULL, 0, &reply);
    assert_false(err_is_set(&reply.err));
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

static void session_carries_results_and_their_text(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;

    pair_dial(pair, &caller);
    pair_call(pair, &caller, METHOD_PROFILE_GET, NULL, NULL, 0, &reply);
    assert_string_equal(cJSON_GetObjectItem(reply.result, "name")->valuestring, "\xe5\x90\x8d");
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

static void session_carries_errors_with_their_arguments(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;

    pair_dial(pair, &caller);
    pair_call(pair, &caller, METHOD_DISPLAY_RESTORE, NULL, NULL, 0, &reply);
    assert_int_equal(reply.err.kind, ERR_CONFLICT);
    assert_int_equal(reply.err.message, TEXT_LOCK_BUSY);
    assert_string_equal(reply.err.args[0], "the disk");
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

static void session_carries_bodies_of_every_size(void **state)
{
    static const size_t sizes[] = {1, 100, 16000, 16384, 16385, 100000, 1048575, 1048576};
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;
    uint8_t *body = malloc(1048576);

    assert_non_null(body);
    for (size_t i = 0; i < 1048576; i++)
        body[i] = (uint8_t)(i * 7 + i / 256);
    pair_dial(pair, &caller);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        cJSON *params = put_params(sizes[i]);

        pair_call(pair, &caller, METHOD_PAYLOAD_PUT, params, body, sizes[i], &reply);
        assert_int_equal(reply.body_length, sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(reply.body[at], body[sizes[i] - 1 - at]);
        cJSON_Delete(params);
        pair_reply_done(&reply);
    }
    pair_hang_up(pair, &caller);
    free(body);
}

static void session_refuses_a_body_above_the_limit(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;
    uint8_t *body = calloc(1, 1048577);
    cJSON *params = put_params(1048577);

    assert_non_null(body);
    pair_dial(pair, &caller);
    assert_false(pair_call_start(&caller, METHOD_PAYLOAD_PUT, params, body, 1048577, 0, &reply));
    assert_int_equal(reply.err.kind, ERR_TOO_LARGE);
    pair_hang_up(pair, &caller);
    cJSON_Delete(params);
    free(body);
}

static void session_refuses_bad_parameters_and_lives_on(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;
    cJSON *params = put_params(1);

    cJSON_ReplaceItemInObject(params, "name", cJSON_CreateString("../evil"));
    pair_dial(pair, &caller);
    assert_false(pair_call_start(&caller, METHOD_PAYLOAD_PUT, params, NULL, 0, 0, &reply));
    assert_int_equal(reply.err.kind, ERR_UNSAFE);
    pair_call(pair, &caller, METHOD_PING, NULL, NULL, 0, &reply);
    assert_false(err_is_set(&reply.err));
    pair_reply_done(&reply);
    cJSON_Delete(params);
    pair_hang_up(pair, &caller);
}

static void session_says_unsupported_without_a_handler(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;

    pair_dial(pair, &caller);
    pair_call(pair, &caller, METHOD_PAYLOAD_LIST, NULL, NULL, 0, &reply);
    assert_int_equal(reply.err.kind, ERR_UNSUPPORTED);
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

static void session_answers_in_any_order(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply[8], quick;

    pair_dial(pair, &caller);
    for (int i = 0; i < 8; i++)
        assert_true(pair_call_start(&caller, METHOD_HEALTH_GET, NULL, NULL, 0, 0, &reply[i]));
    pair_call(pair, &caller, METHOD_PROFILE_GET, NULL, NULL, 0, &quick);
    assert_int_equal(pair->kept_count, 8);
    for (int i = 7; i >= 0; i--) {
        cJSON *result = cJSON_CreateObject();

        json_add_int(result, "number", i);
        request_reply(pair->kept[i], result, NULL, 0);
    }
    pair->kept_count = 0;
    for (int i = 0; i < 8; i++) {
        pair_until(pair, &reply[i].done);
        assert_int_equal(cJSON_GetObjectItem(reply[i].result, "number")->valueint, i);
        pair_reply_done(&reply[i]);
    }
    pair_reply_done(&quick);
    pair_hang_up(pair, &caller);
}

static void session_has_a_limit_of_calls_in_flight(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply[SESSION_REQUESTS_MAX], more;

    pair_dial(pair, &caller);
    for (int i = 0; i < SESSION_REQUESTS_MAX; i++)
        assert_true(pair_call_start(&caller, METHOD_HEALTH_GET, NULL, NULL, 0, 0, &reply[i]));
    assert_false(pair_call_start(&caller, METHOD_HEALTH_GET, NULL, NULL, 0, 0, &more));
    assert_int_equal(more.err.kind, ERR_BUSY);
    pair_hang_up(pair, &caller);
    for (int i = 0; i < SESSION_REQUESTS_MAX; i++)
        assert_int_equal(reply[i].err.kind, ERR_CLOSED);
}

static void session_times_a_call_out_and_lives_on(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply late, reply;

    pair_dial(pair, &caller);
    assert_true(pair_call_start(&caller, METHOD_HEALTH_GET, NULL, NULL, 0, 50, &late));
    pair_until(pair, &late.done);
    assert_int_equal(late.err.kind, ERR_TIMEOUT);
    request_reply(pair->kept[0], NULL, NULL, 0); /* the late answer is dropped */
    pair->kept_count = 0;
    pair_call(pair, &caller, METHOD_PING, NULL, NULL, 0, &reply);
    assert_false(err_is_set(&reply.err));
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

static void session_progress_starts_the_deadline_anew(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;

    pair_dial(pair, &caller);
    assert_true(pair_call_start(&caller, METHOD_HEALTH_GET, NULL, NULL, 0, 200, &reply));
    for (int i = 0; i < 4; i++) {
        pair_run_for(pair, 100);
        assert_false(reply.done);
        request_progress(pair->kept[0], cJSON_CreateObject());
    }
    request_reply(pair->kept[0], NULL, NULL, 0);
    pair->kept_count = 0;
    pair_until(pair, &reply.done);
    assert_false(err_is_set(&reply.err));
    assert_int_equal(reply.progress, 4);
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

static void session_can_answer_after_the_caller_is_gone(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;

    pair_dial(pair, &caller);
    assert_true(pair_call_start(&caller, METHOD_HEALTH_GET, NULL, NULL, 0, 0, &reply));
    pair_run_for(pair, 20);
    pair_hang_up(pair, &caller);
    pair_run_for(pair, 20);
    assert_int_equal(pair->closed, 1);
    assert_true(request_abandoned(pair->kept[0]));
    assert_null(request_session(pair->kept[0]));
    request_reply(pair->kept[0], NULL, NULL, 0);
    pair->kept_count = 0;
}

static void session_notifies_only_who_watches(void **state)
{
    struct pair *pair = *state;
    struct pair_caller watcher, other;
    struct pair_reply reply;
    cJSON *event = cJSON_CreateObject();

    pair_dial(pair, &watcher);
    pair_dial(pair, &other);
    pair_call(pair, &watcher, METHOD_HEALTH_WATCH, NULL, NULL, 0, &reply);
    pair_reply_done(&reply);
    session_server_notify(pair->server, METHOD_HEALTH_WATCH, event, "xy", 2);
    pair_run_for(pair, 20);
    assert_int_equal(watcher.notified, 1);
    assert_int_equal(watcher.last_body, 2);
    assert_int_equal(watcher.last_byte, 'y');
    assert_int_equal(other.notified, 0);
    cJSON_Delete(event);
    pair_hang_up(pair, &watcher);
    pair_hang_up(pair, &other);
}

static void session_of_a_clone_takes_only_a_new_key(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;
    cJSON *params = cJSON_CreateObject();

    pair->own.cloned = true;
    pair_dial(pair, &caller);
    assert_true(session_peer(caller.session)->cloned);
    pair_call(pair, &caller, METHOD_PROFILE_GET, NULL, NULL, 0, &reply);
    assert_int_equal(reply.err.message, TEXT_SESSION_CLONED);
    pair_reply_done(&reply);
    json_add_int(params, "from", 3);
    json_add_int(params, "generation", 4);
    pair_call(pair, &caller, METHOD_KEY_ROTATE, params, "secret", 6, &reply);
    assert_false(err_is_set(&reply.err));
    pair_reply_done(&reply);
    cJSON_Delete(params);
    pair_hang_up(pair, &caller);
}

static void session_closes_on_a_second_call_of_a_once_method(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;
    cJSON *params = cJSON_CreateObject();

    json_add_int(params, "port", 7890);
    pair_dial(pair, &caller);
    pair_call(pair, &caller, METHOD_RELAY_OPEN, params, NULL, 0, &reply);
    assert_false(err_is_set(&reply.err));
    pair_reply_done(&reply);
    pair_call(pair, &caller, METHOD_RELAY_OPEN, params, NULL, 0, &reply);
    assert_int_equal(reply.err.kind, ERR_CLOSED);
    pair_until(pair, &caller.closed);
    cJSON_Delete(params);
}

/* Many answers of 1 MiB that the caller does not read at first: the server must stop, not swell. */
static void session_survives_more_answers_than_the_link_holds(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply[SESSION_REQUESTS_MAX];
    cJSON *params = put_params(1048576);
    uint8_t *body = calloc(1, 1048576);
    int sent = 0;

    assert_non_null(body);
    pair_dial(pair, &caller);
    while (sent < SESSION_REQUESTS_MAX) {
        if (session_is_full(caller.session))
            uv_run(&pair->loop, UV_RUN_ONCE);
        else if (pair_call_start(
                     &caller, METHOD_PAYLOAD_PUT, params, body, 1048576, 0, &reply[sent]))
            sent++;
    }
    for (int i = 0; i < SESSION_REQUESTS_MAX; i++) {
        pair_until(pair, &reply[i].done);
        assert_int_equal(reply[i].body_length, 1048576);
        pair_reply_done(&reply[i]);
    }
    assert_true(caller.drained > 0);
    cJSON_Delete(params);
    free(body);
    pair_hang_up(pair, &caller);
}

static struct session *opened_session;

static void remember(struct session *session, void *user)
{
    (void)user;
    opened_session = session;
}

static void session_read_only_refuses_what_changes(void **state)
{
    struct pair *pair = *state;
    struct pair_caller caller;
    struct pair_reply reply;

    pair_dial(pair, &caller);
    session_server_each(pair->server, remember, NULL);
    session_set_read_only(opened_session, true);
    pair_call(pair, &caller, METHOD_DISPLAY_RESTORE, NULL, NULL, 0, &reply);
    assert_int_equal(reply.err.kind, ERR_DENIED);
    pair_reply_done(&reply);
    pair_call(pair, &caller, METHOD_PROFILE_GET, NULL, NULL, 0, &reply);
    assert_false(err_is_set(&reply.err));
    pair_reply_done(&reply);
    pair_hang_up(pair, &caller);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(session_refuses_a_wrong_secret_with_auth),
        TEST(session_refuses_an_unknown_identity_with_auth),
        TEST(session_says_unreachable_when_nobody_listens),
        TEST(session_refuses_a_body_above_the_limit),
        TEST(session_refuses_bad_parameters_and_lives_on),
        TEST(session_says_unsupported_without_a_handler),
        TEST(session_has_a_limit_of_calls_in_flight),
        TEST(session_times_a_call_out_and_lives_on),
        TEST(session_can_answer_after_the_caller_is_gone),
        TEST(session_closes_on_a_second_call_of_a_once_method),
        TEST(session_of_a_clone_takes_only_a_new_key),
        TEST(session_read_only_refuses_what_changes),
        TEST(session_survives_more_answers_than_the_link_holds),
        TEST(session_tells_both_sides_who_they_are),
        TEST(session_answers_ping_by_itself),
        TEST(session_carries_results_and_their_text),
        TEST(session_carries_errors_with_their_arguments),
        TEST(session_carries_bodies_of_every_size),
        TEST(session_answers_in_any_order),
        TEST(session_progress_starts_the_deadline_anew),
        TEST(session_notifies_only_who_watches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
