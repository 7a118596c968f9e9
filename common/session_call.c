/* The calling side: dialling, hello, calls with their deadlines, answers and notifications. */
#include "common/key.h"
#include "common/session_core.h"

#include <stdlib.h>
#include <string.h>

static struct session_slot *slot_find(struct session *session, uint32_t id)
{
    for (size_t i = 0; id && i < SESSION_SLOTS; i++) {
        if (session->slots[i].id == id)
            return &session->slots[i];
    }
    return NULL;
}

/* A free slot; internal calls always find one, others when less than SESSION_REQUESTS_MAX wait. */
static struct session_slot *slot_take(struct session *session, bool internal)
{
    struct session_slot *free_slot = NULL;
    size_t used = 0;

    for (size_t i = 0; i < SESSION_SLOTS; i++) {
        if (!session->slots[i].id)
            free_slot = free_slot ? free_slot : &session->slots[i];
        else if (!session->slots[i].internal)
            used++;
    }
    return internal || used < SESSION_REQUESTS_MAX ? free_slot : NULL;
}

static uint32_t next_id(struct session *session)
{
    do {
        session->last_id++;
    } while (session->last_id == 0 || slot_find(session, session->last_id));
    return session->last_id;
}

/* Answers a call on this side. The slot is free before the callback, which may call again. */
static void slot_fail(struct session_slot *slot, const struct err *err)
{
    const struct session_reply reply = {.err = err};
    struct session_slot done = *slot;

    memset(slot, 0, sizeof *slot);
    if (!done.abandoned && done.on_reply)
        done.on_reply(&reply, done.user);
}

/* ---- calling ---- */

static bool call_check(const struct session *session,
                       const struct session_call *call,
                       bool internal,
                       struct err *err)
{
    if (!internal && session->state != SESSION_OPEN)
        return err_set(err, ERR_CLOSED, TEXT_SESSION_NOT_OPEN, NULL);
    if (!internal && session->full)
        return err_set(err, ERR_BUSY, TEXT_SESSION_BUSY, NULL);
    if (call->body_length > FRAME_BODY_MAX)
        return err_set(err,
                       ERR_TOO_LARGE,
                       TEXT_FRAME_TOO_LARGE,
                       TEXT_NUM(call->body_length),
                       TEXT_NUM(FRAME_BODY_MAX),
                       NULL);
    return method_check(call->method, call->params, call->body_length, err);
}

static bool
call_start(struct session *session, const struct session_call *call, bool internal, struct err *err)
{
    const struct method *row = method_row(call->method);
    struct session_slot *slot;
    uint32_t id;

    if (!call_check(session, call, internal, err))
        return false;
    slot = slot_take(session, internal);
    if (!slot)
        return err_set(err, ERR_BUSY, TEXT_SESSION_BUSY, NULL);
    id = next_id(session);
    if (!rpc_write_request(&session->text, id, row->name, call->params, err))
        return false;
    slot->id = id;
    slot->internal = internal;
    slot->method = call->method;
    slot->deadline_ms = call->deadline_ms > 0 ? call->deadline_ms : row->deadline_ms;
    slot->due_ms = session_now(session) + slot->deadline_ms;
    slot->on_reply = call->on_reply;
    slot->on_progress = call->on_progress;
    slot->user = call->user;
    if (session_send_frame(session, FRAME_REQUEST, id, call->body, call->body_length)) {
        if (session->state == SESSION_OPEN)
            session_arm(session, slot->due_ms);
        return true;
    }
    memset(slot, 0, sizeof *slot);
    return err_set(err, ERR_CLOSED, TEXT_LINK_LOST, NULL);
}

bool session_call(struct session *session, const struct session_call *call, struct err *err)
{
    return call_start(session, call, false, err);
}

int64_t session_calls_due(const struct session *session)
{
    int64_t due = 0;

    for (size_t i = 0; i < SESSION_SLOTS; i++) {
        const struct session_slot *slot = &session->slots[i];

        if (slot->id && !slot->abandoned && (due == 0 || slot->due_ms < due))
            due = slot->due_ms;
    }
    return due;
}

/* The id stays taken: the answer may still come, and must not meet another call. */
static void slot_expire(struct session_slot *slot)
{
    struct err err = ERR_INIT;
    const struct session_reply reply = {.err = &err};

    err_set(&err,
            ERR_TIMEOUT,
            TEXT_SESSION_NO_REPLY,
            method_row(slot->method)->name,
            TEXT_NUM(slot->deadline_ms / 1000),
            NULL);
    slot->abandoned = true;
    if (slot->on_reply)
        slot->on_reply(&reply, slot->user);
}

void session_calls_expire(struct session *session, int64_t now_ms)
{
    for (size_t i = 0; i < SESSION_SLOTS && session->state == SESSION_OPEN; i++) {
        struct session_slot *slot = &session->slots[i];

        if (slot->id && !slot->abandoned && now_ms >= slot->due_ms)
            slot_expire(slot);
    }
}

void session_calls_end(struct session *session, const struct err *why)
{
    struct err closed = ERR_INIT;

    err_set(&closed, ERR_CLOSED, TEXT_SESSION_NOT_OPEN, NULL);
    for (size_t i = 0; i < SESSION_SLOTS; i++) {
        if (session->slots[i].id)
            slot_fail(&session->slots[i], why ? why : &closed);
    }
}

/* ---- heartbeat and hello ---- */

static void on_pong(const struct session_reply *reply, void *user)
{
    struct session *session = user;

    (void)reply;
    session->pinging = false;
}

void session_heartbeat(struct session *session)
{
    const struct session_call call = {.method = METHOD_PING,
                                      .deadline_ms = session->times.idle_ms,
                                      .on_reply = on_pong,
                                      .user = session};

    session->pinging = call_start(session, &call, true, NULL);
}

static void on_hello(const struct session_reply *reply, void *user)
{
    struct session *session = user;
    struct err err = ERR_INIT;

    if (session->state != SESSION_IN_HELLO)
        return;
    session->peer = calloc(1, sizeof *session->peer);
    if (!session->peer)
        err_no_memory(&err);
    else if (reply->err)
        err = *reply->err;
    else if (session_hello_read_result(reply->result, session->peer, &err))
        session->peer->generation = key_identity_generation(session_identity(session));
    if (err_is_set(&err)) {
        session_end(session, &err, 0);
        return;
    }
    session_enter(session, SESSION_OPEN);
    if (session->events->on_open)
        session->events->on_open(session, session->peer, session->user);
}

void session_say_hello(struct session *session)
{
    struct session_call call = {.method = METHOD_HELLO, .on_reply = on_hello, .user = session};
    cJSON *params = session_hello_params();
    struct err err = ERR_INIT;

    call.params = params;
    if (!params)
        err_no_memory(&err);
    else
        call_start(session, &call, true, &err);
    cJSON_Delete(params);
    if (err_is_set(&err))
        session_end(session, &err, 0);
}

/* ---- what the other side sends ---- */

bool session_on_reply(struct session *session, const struct frame *frame)
{
    struct session_slot *slot = slot_find(session, frame->id), done;
    struct session_reply reply = {.body = frame->body, .body_length = frame->body_length};
    struct err failure = ERR_INIT, err = ERR_INIT;
    cJSON *json = NULL;

    if (!slot)
        return session_violated(session, "answer without a request");
    if (!rpc_read_reply(
            frame->json, frame->json_length, frame->id, &json, &reply.result, &failure, &err)) {
        session_end(session, &err, 0);
        return false;
    }
    done = *slot;
    memset(slot, 0, sizeof *slot);
    reply.err = reply.result ? NULL : &failure;
    if (reply.result && (method_row(done.method)->flags & METHOD_WATCH))
        session->watching |= 1u << done.method;
    if (!done.abandoned && done.on_reply)
        done.on_reply(&reply, done.user);
    cJSON_Delete(json);
    return session->state < SESSION_CLOSING;
}

bool session_on_progress(struct session *session, const struct frame *frame)
{
    struct session_slot *slot = slot_find(session, frame->id);
    struct rpc_message message;
    struct err err = ERR_INIT;

    if (!slot || session->state != SESSION_OPEN)
        return session_violated(session, "progress without a request");
    if (!rpc_read_message(frame->json, frame->json_length, 0, &message, &err)) {
        session_end(session, &err, 0);
        return false;
    }
    slot->due_ms = session_now(session) + slot->deadline_ms;
    if (!slot->abandoned && slot->on_progress && message.params)
        slot->on_progress(message.params, slot->user);
    rpc_message_done(&message);
    return session->state < SESSION_CLOSING;
}

bool session_on_notify(struct session *session, const struct frame *frame)
{
    struct rpc_message message;
    struct err err = ERR_INIT;
    enum method_id method;

    if (session->state != SESSION_OPEN || frame->id != 0)
        return session_violated(session, "notification");
    if (!rpc_read_message(frame->json, frame->json_length, 0, &message, &err)) {
        session_end(session, &err, 0);
        return false;
    }
    if (!method_parse(message.method, &method) || !session_watches(session, method))
        session_violated(session, "notification that nobody asked for");
    else if (session->events->on_notify)
        session->events->on_notify(
            session, method, message.params, frame->body, frame->body_length, session->user);
    rpc_message_done(&message);
    return session->state < SESSION_CLOSING;
}

/* ---- dialling ---- */

static bool caller_init(struct session *session, const struct session_dial *dial, struct err *err)
{
    session->is_caller = true;
    session->slots = calloc(SESSION_SLOTS, sizeof *session->slots);
    if (!session->slots)
        return err_no_memory(err);
    return secure_client_new(dial->identity, dial->secret, &session->secure, err);
}

/* Before a link exists nothing calls back, so the timer can close without a word. */
static void on_discarded(uv_handle_t *handle)
{
    session_free(handle->data);
}

bool session_open(uv_loop_t *loop,
                  const struct session_dial *dial,
                  const struct session_events *events,
                  void *user,
                  struct session **ret_session,
                  struct err *err)
{
    int64_t connect_ms = dial->connect_ms > 0 ? dial->connect_ms : SESSION_CONNECT_MS;
    struct session *session = session_new(loop, &dial->times);

    if (!session)
        return err_no_memory(err);
    if (!caller_init(session, dial, err) ||
        !link_dial(
            loop, &dial->address, connect_ms, &session_link_events, session, &session->link, err)) {
        uv_close((uv_handle_t *)&session->timer, on_discarded);
        return false;
    }
    session->events = events;
    session->user = user;
    *ret_session = session;
    return true;
}
