/* The answering side: what a request must satisfy, the handler's view of it, and its answer. */
#include "common/request.h"

#include "common/key.h"
#include "common/session_core.h"

#include <stdlib.h>
#include <string.h>

struct request {
    struct session *session; /* NULL: gone */
    struct request *next, *previous;
    enum method_id method;
    uint32_t id;
    struct rpc_message message;
    struct buf body; /* owned: stays where it is until the answer */
    size_t held_bytes;
    cJSON *no_params; /* stands in for params that were not sent */
};

/* ---- the life of a request ---- */

static void request_free(struct request *request)
{
    if (method_row(request->method)->flags & METHOD_SECRET && request->body.data)
        secure_wipe(request->body.data, request->body.len);
    rpc_message_done(&request->message);
    cJSON_Delete(request->no_params);
    buf_done(&request->body);
    free(request);
}

static void request_link(struct session *session, struct request *request)
{
    request->session = session;
    request->next = session->requests;
    if (request->next)
        request->next->previous = request;
    session->requests = request;
    session->request_count++;
    session->held_bytes += request->held_bytes;
}

static void request_unlink(struct request *request)
{
    struct session *session = request->session;

    if (!session)
        return;
    if (request->next)
        request->next->previous = request->previous;
    if (request->previous)
        request->previous->next = request->next;
    else
        session->requests = request->next;
    session->request_count--;
    session->held_bytes -= request->held_bytes;
    request->session = NULL;
}

void session_requests_end(struct session *session)
{
    while (session->requests)
        request_unlink(session->requests);
}

/* ---- answering ---- */

static int failure_code(const struct err *err)
{
    if (err->message == TEXT_SESSION_UNKNOWN_METHOD)
        return RPC_UNKNOWN_METHOD;
    return err->kind == ERR_BAD_INPUT ? RPC_INVALID_PARAMS : RPC_FAILED;
}

static bool send_failure(struct session *session, uint32_t id, const struct err *err)
{
    if (!rpc_write_error(&session->text, id, failure_code(err), err)) {
        struct err lost = ERR_INIT;

        err_no_memory(&lost);
        session_end(session, &lost, 0);
        return false;
    }
    return session_send_frame(session, FRAME_REPLY, id, NULL, 0);
}

static bool send_result(
    struct session *session, uint32_t id, const cJSON *result, const void *body, size_t body_length)
{
    struct err err = ERR_INIT;

    if (body_length > FRAME_BODY_MAX)
        err_set(&err,
                ERR_TOO_LARGE,
                TEXT_FRAME_TOO_LARGE,
                TEXT_NUM(body_length),
                TEXT_NUM(FRAME_BODY_MAX),
                NULL);
    else if (rpc_write_result(&session->text, id, result, &err))
        return session_send_frame(session, FRAME_REPLY, id, body, body_length);
    return send_failure(session, id, &err);
}

/* Takes the request off its session; returns the session when the answer can be sent. */
static struct session *request_finish(struct request *request)
{
    struct session *session = request->session;

    request_unlink(request);
    return session && session->state < SESSION_CLOSING ? session : NULL;
}

void request_reply(struct request *request, cJSON *result, const void *body, size_t body_length)
{
    struct session *session = request_finish(request);
    bool watches = method_row(request->method)->flags & METHOD_WATCH;

    if (session && watches)
        session->watching |= 1u << request->method;
    if (session && send_result(session, request->id, result, body, body_length))
        session_unblock(session);
    cJSON_Delete(result);
    request_free(request);
}

void request_fail(struct request *request, const struct err *err)
{
    struct session *session = request_finish(request);

    if (session && send_failure(session, request->id, err))
        session_unblock(session);
    request_free(request);
}

void request_progress(struct request *request, cJSON *progress)
{
    struct session *session = request->session;

    if (session && session->state == SESSION_OPEN && !session->full &&
        rpc_write_notify(&session->text, method_row(request->method)->name, progress, NULL))
        session_send_frame(session, FRAME_PROGRESS, request->id, NULL, 0);
    cJSON_Delete(progress);
}

/* ---- hello and ping, which the session answers itself ---- */

static bool refuse(struct session *session, uint32_t id, const struct err *err)
{
    if (send_failure(session, id, err))
        session_end(session, err, SESSION_FLUSH_MS);
    return false;
}

static bool on_hello(struct session *session, uint32_t id, const cJSON *params)
{
    const struct session_server_config *config = session_server_config(session->server);
    struct session_hello own;
    struct err err = ERR_INIT;
    cJSON *result;
    bool ok;

    session->peer = calloc(1, sizeof *session->peer);
    if (!session->peer)
        return refuse(session, id, (err_no_memory(&err), &err));
    if (!session_hello_read_params(params, session->peer, &err))
        return refuse(session, id, &err);
    session_hello_own(&own);
    own.protocol = session->peer->protocol;
    own.generation = session->peer->generation = key_identity_generation(session_identity(session));
    text_copy(session->peer->identity, sizeof session->peer->identity, session_identity(session));
    if (config->on_hello)
        config->on_hello(session->peer, &own, config->user);
    session->cloned = own.cloned;
    result = session_hello_result(&own);
    ok = result && send_result(session, id, result, NULL, 0);
    cJSON_Delete(result);
    if (!ok)
        return false;
    session_enter(session, SESSION_OPEN);
    if (config->on_open)
        config->on_open(session, config->user);
    return session->state < SESSION_CLOSING;
}

/* ---- receiving ---- */

static request_handler find_handler(const struct session *session, enum method_id method)
{
    const struct session_server_config *config = session_server_config(session->server);

    for (size_t i = 0; i < config->binding_count; i++) {
        if (config->bindings[i].method == method)
            return config->bindings[i].handler;
    }
    return NULL;
}

/* What the row forbids although the phase is right; answered, the session lives on. */
static bool may_call(const struct session *session,
                     enum method_id method,
                     const struct rpc_message *message,
                     size_t body_length,
                     struct err *err)
{
    const struct method *row = method_row(method);

    if (session->read_only && row->flags & (METHOD_MUTATES | METHOD_ADMIN))
        return err_set(err, ERR_DENIED, TEXT_SESSION_DENIED, row->name, NULL);
    if (session->cloned && !(row->flags & METHOD_CLONED))
        return err_set(err, ERR_CONFLICT, TEXT_SESSION_CLONED, NULL);
    if (!method_check(method, message->params, body_length, err))
        return false;
    if (method != METHOD_HELLO && method != METHOD_PING && !find_handler(session, method))
        return err_set(err, ERR_UNSUPPORTED, TEXT_SESSION_UNSUPPORTED, row->name, NULL);
    return true;
}

static bool phase_is_right(const struct session *session, const struct method *row)
{
    return row->phase == METHOD_PHASE_HELLO ? session->state == SESSION_IN_HELLO
                                            : session->state == SESSION_OPEN;
}

static bool id_is_taken(const struct session *session, uint32_t id)
{
    for (const struct request *r = session->requests; r; r = r->next) {
        if (r->id == id)
            return true;
    }
    return false;
}

/* Makes the handler's request. Message and a body that the reader assembled move into it. */
static struct request *request_new(struct session *session,
                                   enum method_id method,
                                   const struct frame *frame,
                                   struct rpc_message *message)
{
    struct request *request = calloc(1, sizeof *request);

    if (!request)
        return NULL;
    request->method = method;
    request->id = frame->id;
    buf_init(&request->body, FRAME_BODY_MAX);
    if (!buf_put(&request->body, frame->body, frame->body_length))
        goto failed;
    if (!message->params) {
        request->no_params = cJSON_CreateObject();
        if (!request->no_params)
            goto failed;
    }
    request->message = *message;
    message->json = NULL;
    request->held_bytes = frame->json_length + frame->body_length;
    request_link(session, request);
    return request;

failed:
    buf_done(&request->body);
    free(request);
    return NULL;
}

static bool dispatch(struct session *session,
                     enum method_id method,
                     const struct frame *frame,
                     struct rpc_message *message)
{
    request_handler handler = find_handler(session, method);
    struct request *request;
    struct err err = ERR_INIT;

    if (method == METHOD_HELLO)
        return on_hello(session, frame->id, message->params);
    if (!handler)
        return send_result(session, frame->id, NULL, NULL, 0); /* ping */
    request = request_new(session, method, frame, message);
    if (method_row(method)->flags & METHOD_SECRET)
        secure_wipe((void *)(uintptr_t)frame->body, frame->body_length);
    if (!request)
        return send_failure(session, frame->id, (err_no_memory(&err), &err));
    handler(request, session_server_config(session->server)->user);
    return session->state < SESSION_CLOSING;
}

static bool
on_message(struct session *session, const struct frame *frame, struct rpc_message *message)
{
    struct err err = ERR_INIT;
    const struct method *row;
    enum method_id method;

    if (!method_parse(message->method, &method)) {
        if (session->state != SESSION_OPEN)
            return session_violated(session, "first request is not hello");
        err_set(&err, ERR_UNSUPPORTED, TEXT_SESSION_UNKNOWN_METHOD, message->method, NULL);
        return send_failure(session, frame->id, &err);
    }
    row = method_row(method);
    if (!phase_is_right(session, row))
        return session_violated(session, row->name);
    if (row->flags & METHOD_ONCE && session->called >> method & 1)
        return session_violated(session, row->name);
    if (!may_call(session, method, message, frame->body_length, &err))
        return method == METHOD_HELLO ? refuse(session, frame->id, &err)
                                      : send_failure(session, frame->id, &err);
    session->called |= 1u << method;
    return dispatch(session, method, frame, message);
}

bool session_on_request(struct session *session, const struct frame *frame)
{
    struct rpc_message message;
    struct err err = ERR_INIT;
    bool ok;

    if (frame->id == 0 || id_is_taken(session, frame->id))
        return session_violated(session, "request id");
    if (!rpc_read_message(frame->json, frame->json_length, frame->id, &message, &err)) {
        session_end(session, &err, 0);
        return false;
    }
    ok = on_message(session, frame, &message);
    rpc_message_done(&message);
    return ok;
}

/* ---- what a handler may ask ---- */

enum method_id request_method(const struct request *request)
{
    return request->method;
}

const cJSON *request_params(const struct request *request)
{
    return request->message.params ? request->message.params : request->no_params;
}

const uint8_t *request_body(const struct request *request, size_t *ret_length)
{
    *ret_length = request->body.len;
    return request->body.data;
}

struct session *request_session(const struct request *request)
{
    return request_abandoned(request) ? NULL : request->session;
}

bool request_abandoned(const struct request *request)
{
    return !request->session || request->session->state >= SESSION_CLOSING;
}
