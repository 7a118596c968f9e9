/* A server and callers on one loop. */
#include "tests/support/session_pair.h"

#include "common/log.h"
#include "common/secure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t secret[SESSION_SECRET_BYTES] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                                                     12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
                                                     23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

const uint8_t *pair_secret(void)
{
    return secret;
}

void pair_address(struct link_address *ret_address, const char *name)
{
    static unsigned counter;
    char folder[1024] = "";
    size_t size = sizeof folder;

    memset(ret_address, 0, sizeof *ret_address);
    ret_address->kind = LINK_UV;
    uv_os_tmpdir(folder, &size);
    snprintf(ret_address->path,
             sizeof ret_address->path,
             folder[0] != '/' ? "\\\\.\\pipe\\gpupv-test-%s-%d-%u" : "/tmp/gpupv-test-%s-%d-%u",
             name,
             (int)uv_os_getpid(),
             counter++);
}

/* ---- the server's side ---- */

static bool find_secret(const char *identity, uint8_t *ret_secret, void *user)
{
    (void)user;
    if (strcmp(identity, PAIR_IDENTITY) != 0)
        return false;
    memcpy(ret_secret, secret, sizeof secret);
    return true;
}

static void on_hello(const struct session_hello *peer, struct session_hello *own, void *user)
{
    struct pair *pair = user;

    pair->hellos++;
    pair->generation = peer->generation;
    own->cloned = pair->own.cloned;
    text_copy(own->boot_id, sizeof own->boot_id, pair->own.boot_id);
    text_copy(own->instance, sizeof own->instance, pair->own.instance);
}

static void on_server_open(struct session *session, void *user)
{
    (void)session;
    ((struct pair *)user)->opened++;
}

static void on_server_close(struct session *session, void *user)
{
    (void)session;
    ((struct pair *)user)->closed++;
}

static void on_stopped(void *user)
{
    ((struct pair *)user)->server_closed = true;
}

void pair_start(struct pair *pair,
                const char *name,
                const struct request_binding *bindings,
                size_t binding_count)
{
    const struct session_times times = {0};

    pair_start_with(pair, name, &times, bindings, binding_count);
}

void pair_start_with(struct pair *pair,
                     const char *name,
                     const struct session_times *times,
                     const struct request_binding *bindings,
                     size_t binding_count)
{
    const struct session_server_config config = {.loop = &pair->loop,
                                                 .times = *times,
                                                 .find_secret = find_secret,
                                                 .on_hello = on_hello,
                                                 .on_open = on_server_open,
                                                 .on_close = on_server_close,
                                                 .bindings = bindings,
                                                 .binding_count = binding_count,
                                                 .user = pair};
    struct err err = ERR_INIT;

    log_set_level(LOG_ERROR);
    memset(pair, 0, sizeof *pair);
    pair->times = *times;
    assert_int_equal(uv_loop_init(&pair->loop), 0);
    text_copy(pair->own.boot_id, sizeof pair->own.boot_id, "boot-1");
    text_copy(pair->own.instance, sizeof pair->own.instance, "agent-1");
    pair_address(&pair->address, name);
    assert_true(session_server_new(&config, &pair->server, &err));
    assert_true(session_server_listen(pair->server, &pair->address, &err));
}

void pair_stop(struct pair *pair)
{
    session_server_close(pair->server, 0, on_stopped, pair);
    pair_until(pair, &pair->server_closed);
    uv_run(&pair->loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < pair->kept_count; i++)
        request_reply(pair->kept[i], NULL, NULL, 0);
    assert_int_equal(uv_loop_close(&pair->loop), 0);
}

/* ---- running the loop ---- */

static void on_late(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
    *(bool *)handle->data = true;
}

static bool run_until(struct pair *pair, const bool *flag, uint64_t time_ms)
{
    uv_timer_t timer;
    bool late = false, gone = false;

    uv_update_time(&pair->loop);
    uv_timer_init(&pair->loop, &timer);
    timer.data = &late;
    uv_timer_start(&timer, on_late, time_ms, 0);
    while (!late && !(flag && *flag))
        uv_run(&pair->loop, UV_RUN_ONCE);
    timer.data = &gone;
    uv_close((uv_handle_t *)&timer, on_timer_closed);
    while (!gone)
        uv_run(&pair->loop, UV_RUN_NOWAIT);
    return flag && *flag;
}

void pair_until(struct pair *pair, const bool *flag)
{
    assert_true(run_until(pair, flag, PAIR_WAIT_MS));
}

void pair_run_for(struct pair *pair, uint64_t time_ms)
{
    run_until(pair, NULL, time_ms);
}

/* ---- the caller's side ---- */

static void on_open(struct session *session, const struct session_hello *peer, void *user)
{
    (void)session;
    (void)peer;
    ((struct pair_caller *)user)->opened = true;
}

static void on_notify(struct session *session,
                      enum method_id method,
                      const cJSON *params,
                      const uint8_t *body,
                      size_t body_length,
                      void *user)
{
    struct pair_caller *caller = user;

    (void)session;
    (void)method;
    cJSON_Delete(caller->last_notify);
    caller->last_notify = cJSON_Duplicate(params, true);
    caller->last_body = body_length;
    caller->last_byte = body_length ? body[body_length - 1] : 0;
    caller->notified++;
}

static void on_drain(struct session *session, void *user)
{
    (void)session;
    ((struct pair_caller *)user)->drained++;
}

static void on_close(struct session *session, const struct err *why, void *user)
{
    struct pair_caller *caller = user;

    (void)session;
    caller->closed = true;
    caller->session = NULL;
    if (why)
        caller->why = *why;
    cJSON_Delete(caller->last_notify);
    caller->last_notify = NULL;
}

static const struct session_events caller_events = {
    .on_open = on_open, .on_notify = on_notify, .on_drain = on_drain, .on_close = on_close};

static void
dial(struct pair *pair, struct pair_caller *caller, const char *identity, const uint8_t *key)
{
    struct session_dial dial = {.address = pair->address, .times = pair->times};
    struct err err = ERR_INIT;

    memset(caller, 0, sizeof *caller);
    text_copy(dial.identity, sizeof dial.identity, identity);
    memcpy(dial.secret, key, sizeof dial.secret);
    assert_true(session_open(&pair->loop, &dial, &caller_events, caller, &caller->session, &err));
}

void pair_dial_start(struct pair *pair, struct pair_caller *caller)
{
    dial(pair, caller, PAIR_IDENTITY, secret);
}

void pair_dial_as(struct pair *pair,
                  struct pair_caller *caller,
                  const char *identity,
                  const uint8_t *key)
{
    dial(pair, caller, identity, key);
    while (!caller->opened && !caller->closed)
        uv_run(&pair->loop, UV_RUN_ONCE);
}

void pair_dial(struct pair *pair, struct pair_caller *caller)
{
    pair_dial_as(pair, caller, PAIR_IDENTITY, secret);
    assert_true(caller->opened);
}

void pair_hang_up(struct pair *pair, struct pair_caller *caller)
{
    if (caller->session)
        session_close(caller->session);
    pair_until(pair, &caller->closed);
}

static void on_reply(const struct session_reply *reply, void *user)
{
    struct pair_reply *to = user;

    assert_false(to->done);
    to->done = true;
    if (reply->err)
        to->err = *reply->err;
    to->result = reply->result ? cJSON_Duplicate(reply->result, true) : NULL;
    to->body_length = reply->body_length;
    if (reply->body_length) {
        to->body = malloc(reply->body_length);
        assert_non_null(to->body);
        memcpy(to->body, reply->body, reply->body_length);
    }
}

static void on_progress(const cJSON *progress, void *user)
{
    (void)progress;
    ((struct pair_reply *)user)->progress++;
}

bool pair_call_start(struct pair_caller *caller,
                     enum method_id method,
                     const cJSON *params,
                     const void *body,
                     size_t body_length,
                     int64_t deadline_ms,
                     struct pair_reply *reply)
{
    const struct session_call call = {.method = method,
                                      .params = params,
                                      .body = body,
                                      .body_length = body_length,
                                      .deadline_ms = deadline_ms,
                                      .on_reply = on_reply,
                                      .on_progress = on_progress,
                                      .user = reply};

    memset(reply, 0, sizeof *reply);
    return session_call(caller->session, &call, &reply->err);
}

void pair_call(struct pair *pair,
               struct pair_caller *caller,
               enum method_id method,
               const cJSON *params,
               const void *body,
               size_t body_length,
               struct pair_reply *ret_reply)
{
    uv_update_time(&pair->loop);
    assert_true(pair_call_start(caller, method, params, body, body_length, 0, ret_reply));
    pair_until(pair, &ret_reply->done);
}

void pair_reply_done(struct pair_reply *reply)
{
    cJSON_Delete(reply->result);
    free(reply->body);
    memset(reply, 0, sizeof *reply);
}

/* ---- below TLS ---- */

static void on_raw_open(struct link *link, void *user)
{
    (void)link;
    ((struct raw *)user)->opened = true;
}

static void on_raw_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct raw *raw = user;

    (void)link;
    if (raw->received + length <= sizeof raw->head)
        memcpy(raw->head + raw->received, data, length);
    raw->received += length;
}

static void on_raw_drain(struct link *link, void *user)
{
    (void)link;
    (void)user;
}

static void on_raw_close(struct link *link, const struct err *why, void *user)
{
    struct raw *raw = user;

    (void)link;
    (void)why;
    raw->closed = true;
    raw->link = NULL;
}

static const struct link_events raw_events = {.on_open = on_raw_open,
                                              .on_data = on_raw_data,
                                              .on_drain = on_raw_drain,
                                              .on_close = on_raw_close};

void raw_dial(struct pair *pair, struct raw *raw)
{
    struct err err = ERR_INIT;

    memset(raw, 0, sizeof *raw);
    assert_true(link_dial(&pair->loop, &pair->address, 5000, &raw_events, raw, &raw->link, &err));
    while (!raw->opened && !raw->closed)
        uv_run(&pair->loop, UV_RUN_ONCE);
}

void raw_close(struct pair *pair, struct raw *raw)
{
    if (raw->link)
        link_close(raw->link, 0);
    pair_until(pair, &raw->closed);
}
