/* One guest, blocking: a loop of its own that runs only inside the calls. */
#include "host/guest/client.h"

#include "common/secure.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define STOP_POLL_MS 200

struct client {
    uv_loop_t loop;
    uv_timer_t timer;
    bool timer_fired;
    struct client_target target;
    size_t key_used;
    int64_t open_ms;         /* how long connecting again may take */
    struct session *session; /* NULL: none */
    bool opened;
    struct err why; /* of the last session's end */
    struct session_hello peer;

    /* of the watch that runs */
    bool (*on_event)(const cJSON *params, const uint8_t *body, size_t body_length, void *user);
    void *event_user;
    enum method_id event_method;
    bool event_stop;
};

void client_target_keys(struct client_target *target, const struct key_file *keys)
{
    target->key_count = 0;
    for (size_t i = 0; i < keys->count && i < CLIENT_KEYS; i++) {
        struct client_key *key = &target->keys[target->key_count++];

        key_identity(keys, keys->entries[i].generation, key->identity);
        memcpy(key->secret, keys->entries[i].secret, sizeof key->secret);
    }
}

void client_target_wipe(struct client_target *target)
{
    secure_wipe(target->keys, sizeof target->keys);
    target->key_count = 0;
}

void client_reply_done(struct client_reply *reply)
{
    cJSON_Delete(reply->result);
    free(reply->body);
    memset(reply, 0, sizeof *reply);
}

/* ---- what the session says ---- */

static void on_open(struct session *session, const struct session_hello *peer, void *user)
{
    struct client *client = user;

    (void)session;
    client->opened = true;
    client->peer = *peer;
}

static void on_notify(struct session *session,
                      enum method_id method,
                      const cJSON *params,
                      const uint8_t *body,
                      size_t body_length,
                      void *user)
{
    struct client *client = user;

    (void)session;
    if (client->on_event && method == client->event_method && !client->event_stop)
        client->event_stop = !client->on_event(params, body, body_length, client->event_user);
}

static void on_close(struct session *session, const struct err *why, void *user)
{
    struct client *client = user;

    (void)session;
    client->session = NULL;
    client->opened = false;
    if (why)
        client->why = *why;
    else
        err_set(&client->why, ERR_CLOSED, TEXT_SESSION_NOT_OPEN, NULL);
}

static const struct session_events events = {
    .on_open = on_open, .on_notify = on_notify, .on_close = on_close};

/* ---- driving the loop ---- */

static void on_timer(uv_timer_t *timer)
{
    ((struct client *)timer->data)->timer_fired = true;
}

static void timer_start(struct client *client, int64_t time_ms)
{
    uv_update_time(&client->loop);
    client->timer_fired = false;
    uv_timer_start(&client->timer, on_timer, time_ms > 0 ? (uint64_t)time_ms : 0, 0);
}

static bool timed_out(int64_t timeout_ms, struct err *err)
{
    return err_set(err, ERR_TIMEOUT, TEXT_CLIENT_TIMEOUT, TEXT_NUM(timeout_ms / 1000), NULL);
}

bool client_run(struct client *client,
                bool (*done)(void *user),
                void *user,
                int64_t timeout_ms,
                struct err *err)
{
    bool is_done;

    uv_update_time(&client->loop);
    if (timeout_ms > 0)
        timer_start(client, timeout_ms);
    else
        client->timer_fired = false;
    while (!(is_done = done(user)) && client->session && !client->timer_fired)
        uv_run(&client->loop, UV_RUN_ONCE);
    uv_timer_stop(&client->timer);
    if (is_done)
        return true;
    if (!client->session) {
        if (err)
            *err = client->why;
        return false;
    }
    return timed_out(timeout_ms, err);
}

static bool is_open(void *user)
{
    return ((struct client *)user)->opened;
}

static void hang_up(struct client *client)
{
    if (client->session)
        session_close(client->session);
    while (client->session)
        uv_run(&client->loop, UV_RUN_ONCE);
}

/* ---- connecting ---- */

static bool connect_with(struct client *client, size_t index, int64_t timeout_ms, struct err *err)
{
    struct session_dial dial = {.address = client->target.address, .connect_ms = timeout_ms};
    bool ok;

    memcpy(dial.identity, client->target.keys[index].identity, sizeof dial.identity);
    memcpy(dial.secret, client->target.keys[index].secret, sizeof dial.secret);
    uv_update_time(&client->loop);
    ok = session_open(&client->loop, &dial, &events, client, &client->session, err);
    secure_wipe(&dial, sizeof dial);
    if (!ok)
        return false;
    if (client_run(client, is_open, client, timeout_ms, err)) {
        client->key_used = index;
        return true;
    }
    hang_up(client);
    return false;
}

/* Tries the keys in their order; only a key that is not known leads to the next one. */
static bool connect_any(struct client *client, struct err *err)
{
    int64_t end_ms = (int64_t)(uv_hrtime() / 1000000) + client->open_ms;
    struct err why = ERR_INIT;

    err_set(&why, ERR_AUTH, TEXT_SECURE_WRONG_KEY, NULL);
    for (size_t i = 0; i < client->target.key_count; i++) {
        int64_t left_ms = end_ms - (int64_t)(uv_hrtime() / 1000000);

        if (left_ms <= 0)
            return timed_out(client->open_ms, err);
        if (connect_with(client, i, left_ms, &why))
            return true;
        if (why.kind != ERR_AUTH)
            break;
    }
    if (err)
        *err = why;
    return false;
}

bool client_open(const struct client_target *target,
                 int64_t timeout_ms,
                 struct client **ret_client,
                 struct err *err)
{
    struct client *client = calloc(1, sizeof *client);
    int status;

    if (!client)
        return err_no_memory(err);
    status = uv_loop_init(&client->loop);
    if (status < 0) {
        free(client);
        return err_set_os(err, ERR_DOMAIN_UV, status, TEXT_LINK_DIAL, target->address.path, NULL);
    }
    uv_timer_init(&client->loop, &client->timer);
    client->timer.data = client;
    client->target = *target;
    client->open_ms = timeout_ms > 0 ? timeout_ms : SESSION_CONNECT_MS;
    if (!connect_any(client, err)) {
        client_close(client);
        return false;
    }
    *ret_client = client;
    return true;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    hang_up(client);
    uv_close((uv_handle_t *)&client->timer, NULL);
    uv_run(&client->loop, UV_RUN_DEFAULT);
    uv_loop_close(&client->loop);
    client_target_wipe(&client->target);
    free(client);
}

/* ---- calling ---- */

struct waiter {
    const struct client_call *call;
    bool done;
    bool copied;
    struct err err;
    struct client_reply reply;
};

static bool waiter_is_done(void *user)
{
    return ((struct waiter *)user)->done;
}

static void on_progress(const cJSON *progress, void *user)
{
    const struct client_call *call = ((struct waiter *)user)->call;

    if (call->on_progress)
        call->on_progress(progress, call->user);
}

static void on_reply(const struct session_reply *reply, void *user)
{
    struct waiter *waiter = user;

    waiter->done = true;
    if (reply->err) {
        waiter->err = *reply->err;
        return;
    }
    waiter->reply.result = cJSON_Duplicate(reply->result, true);
    waiter->copied = waiter->reply.result != NULL;
    if (reply->body_length > 0) {
        waiter->reply.body = malloc(reply->body_length);
        waiter->copied = waiter->copied && waiter->reply.body;
        if (waiter->reply.body)
            memcpy(waiter->reply.body, reply->body, reply->body_length);
        waiter->reply.body_length = reply->body_length;
    }
}

static bool can_send(void *user)
{
    return !session_is_full(((struct client *)user)->session);
}

/* Lets the loop see what happened since the last call, and connects when the session is gone. */
static bool ready(struct client *client, struct err *err)
{
    uv_run(&client->loop, UV_RUN_NOWAIT);
    if (client->session && session_state(client->session) == SESSION_OPEN)
        return true;
    hang_up(client);
    return connect_any(client, err);
}

static bool call_once(struct client *client,
                      const struct session_call *call,
                      struct waiter *waiter,
                      struct err *err)
{
    if (!ready(client, err) || !client_run(client, can_send, client, 0, err) ||
        !session_call(client->session, call, err))
        return false;
    if (!client_run(client, waiter_is_done, waiter, 0, err) && !waiter->done)
        return false;
    if (err_is_set(&waiter->err)) {
        if (err)
            *err = waiter->err;
        return false;
    }
    return waiter->copied || err_no_memory(err);
}

bool client_call(struct client *client,
                 const struct client_call *call,
                 struct client_reply *ret_reply,
                 struct err *err)
{
    struct waiter waiter = {.call = call};
    const struct session_call session_call = {.method = call->method,
                                              .params = call->params,
                                              .body = call->body,
                                              .body_length = call->body_length,
                                              .deadline_ms = call->timeout_ms,
                                              .on_reply = on_reply,
                                              .on_progress = on_progress,
                                              .user = &waiter};
    bool ok = call_once(client, &session_call, &waiter, err);

    if (ok && ret_reply)
        *ret_reply = waiter.reply;
    else
        client_reply_done(&waiter.reply);
    return ok;
}

/* ---- watching ---- */

struct watch {
    struct client *client;
    bool (*stop)(void *user);
    void *user;
};

static bool watch_is_over(void *user)
{
    struct watch *watch = user;

    return watch->client->event_stop || (watch->stop && watch->stop(watch->user));
}

/* Runs until the watch is over; the loop wakes up at times to ask `stop`. */
static bool watch_run(struct watch *watch, struct err *err)
{
    struct client *client = watch->client;

    for (;;) {
        struct err why = ERR_INIT;

        if (client_run(client, watch_is_over, watch, STOP_POLL_MS, &why))
            return true;
        if (why.kind != ERR_TIMEOUT || !client->session) {
            if (err)
                *err = why;
            return false;
        }
    }
}

bool client_watch(
    struct client *client,
    enum method_id method,
    const cJSON *params,
    bool (*on_event)(const cJSON *params, const uint8_t *body, size_t body_length, void *user),
    bool (*stop)(void *user),
    void *user,
    struct err *err)
{
    const struct client_call call = {.method = method, .params = params};
    struct watch watch = {.client = client, .stop = stop, .user = user};
    struct client_reply first = CLIENT_REPLY_INIT;
    bool ok;

    client->on_event = on_event;
    client->event_user = user;
    client->event_method = method;
    client->event_stop = false;
    ok = client_call(client, &call, &first, err);
    if (ok && !on_event(first.result, first.body, first.body_length, user))
        client->event_stop = true;
    client_reply_done(&first);
    ok = ok && watch_run(&watch, err);
    client->on_event = NULL;
    return ok;
}

/* ---- what the caller may ask ---- */

const struct session_hello *client_peer(const struct client *client)
{
    return &client->peer;
}

size_t client_key_used(const struct client *client)
{
    return client->key_used;
}

struct session *client_session(struct client *client)
{
    return client->session;
}

uv_loop_t *client_loop(struct client *client)
{
    return &client->loop;
}
