/*
 * One connection: phases and their deadlines, the way of bytes from the link through TLS into
 * frames and back, and the end. What frames mean is in session_call.c and request.c.
 */
#include "common/session_core.h"

#include "common/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX       ((size_t)2 << 20) /* what a paused link may still deliver */
#define OUT_MAX        ((size_t)2 << 20)
#define OUT_BATCH      ((size_t)128 << 10) /* answers of one batch go out at the latest then */
#define KEEP_BYTES     ((size_t)64 << 10)
#define HELLO_JSON_MAX 4096
#define ALERT_FLUSH_MS 200
#define TIME_JUMP_MS   5000 /* a timer so much too late: the machine was paused */

static const bool next[SESSION_STATES][SESSION_STATES] = {
    [SESSION_WAITING] = {[SESSION_HANDSHAKE] = true, [SESSION_CLOSING] = true},
    [SESSION_HANDSHAKE] = {[SESSION_IN_HELLO] = true, [SESSION_CLOSING] = true},
    [SESSION_IN_HELLO] = {[SESSION_OPEN] = true, [SESSION_CLOSING] = true},
    [SESSION_OPEN] = {[SESSION_CLOSING] = true},
    [SESSION_CLOSING] = {[SESSION_CLOSED] = true},
};

static const char *const state_names[SESSION_STATES] = {
    [SESSION_WAITING] = "waiting",
    [SESSION_HANDSHAKE] = "handshake",
    [SESSION_IN_HELLO] = "hello",
    [SESSION_OPEN] = "open",
    [SESSION_CLOSING] = "closing",
    [SESSION_CLOSED] = "closed",
};

int64_t session_now(const struct session *session)
{
    return (int64_t)uv_now(session->loop);
}

static bool is_alive(const struct session *session)
{
    return session->state < SESSION_CLOSING;
}

/* ---- deadlines ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static bool is_blocked(const struct session *session)
{
    /* a caller always reads: two sides that both wait for the other to read would wait for ever */
    return !session->is_caller && (session->full || session->request_count > SESSION_REQUESTS_MAX ||
                                   session->held_bytes > SESSION_HELD_BYTES);
}

/* When the caller must be heard again: a caller that only listens to notifications is as silent to
 * the other side as one that is gone. */
static int64_t heartbeat_due(const struct session *session)
{
    return earlier(session->heard_ms, session->spoke_ms) + session->times.heartbeat_ms;
}

/* When something is due, 0: nothing. */
static int64_t next_due(const struct session *session)
{
    int64_t due = 0;

    switch (session->state) {
    case SESSION_WAITING:
        return session->is_caller ? 0 : session->since_ms + session->times.handshake_ms;
    case SESSION_HANDSHAKE:
        return session->since_ms + session->times.handshake_ms;
    case SESSION_IN_HELLO:
        return session->since_ms + session->times.hello_ms;
    case SESSION_OPEN:
        if (session->frame_ms)
            due = session->frame_ms + session->times.frame_ms;
        if (session->is_caller && !session->pinging)
            due = earlier(due, heartbeat_due(session));
        else if (!is_blocked(session))
            due = earlier(due, session->heard_ms + session->times.idle_ms);
        return session->is_caller ? earlier(due, session_calls_due(session)) : due;
    default:
        return 0;
    }
}

static bool fail_late(struct session *session, enum text_id message, int64_t time_ms)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_TIMEOUT, message, TEXT_NUM(time_ms / 1000), NULL);
    session_end(session, &err, 0);
    return false;
}

static bool check_deadlines(struct session *session, int64_t now)
{
    if (session->state < SESSION_IN_HELLO &&
        now >= session->since_ms + session->times.handshake_ms &&
        !(session->is_caller && session->state == SESSION_WAITING))
        return fail_late(session, TEXT_SESSION_HANDSHAKE_LATE, session->times.handshake_ms);
    if (session->state == SESSION_IN_HELLO && now >= session->since_ms + session->times.hello_ms)
        return fail_late(session, TEXT_SESSION_HELLO_LATE, session->times.hello_ms);
    if (session->state != SESSION_OPEN)
        return true;
    if (session->frame_ms && now >= session->frame_ms + session->times.frame_ms)
        return fail_late(session, TEXT_SESSION_FRAME_LATE, session->times.frame_ms);
    if (now >= session->heard_ms + session->times.idle_ms && !is_blocked(session))
        return fail_late(session, TEXT_SESSION_SILENT, session->times.idle_ms);
    if (session->is_caller && !session->pinging && now >= heartbeat_due(session))
        session_heartbeat(session);
    if (session->is_caller)
        session_calls_expire(session, now);
    return is_alive(session);
}

static void on_timer(uv_timer_t *timer)
{
    struct session *session = timer->data;
    int64_t now = session_now(session), due;

    if (now > session->armed_ms + TIME_JUMP_MS && session->state == SESSION_OPEN) {
        session->heard_ms = now;
        session->frame_ms = session->frame_ms ? now : 0;
    }
    session->armed_ms = 0;
    frame_reader_shrink(&session->reader);
    if (session->out.len == 0 && session->out.cap > KEEP_BYTES)
        buf_done(&session->out);
    if (!check_deadlines(session, now))
        return;
    due = next_due(session);
    if (due)
        session_arm(session, due);
}

void session_arm(struct session *session, int64_t due_ms)
{
    int64_t now = session_now(session);

    if (!is_alive(session) || (session->armed_ms && session->armed_ms <= due_ms))
        return;
    session->armed_ms = due_ms;
    uv_timer_start(&session->timer, on_timer, due_ms > now ? (uint64_t)(due_ms - now) : 0, 0);
}

bool session_may_enter(enum session_phase from, enum session_phase to)
{
    return next[from][to];
}

void session_enter(struct session *session, enum session_phase state)
{
    enum session_phase from = session->state;
    int64_t due;

    assert(session_may_enter(from, state));
    log_write(LOG_DEBUG, "session", "%s -> %s", state_names[from], state_names[state]);
    session->state = state;
    session->heard_ms = session_now(session);
    if (state != SESSION_HANDSHAKE || session->is_caller)
        session->since_ms = session->heard_ms; /* a stranger's time began when it connected */
    if (state == SESSION_OPEN) {
        session->was_open = true;
        frame_reader_limit(&session->reader, FRAME_JSON_MAX, FRAME_BODY_MAX);
    }
    due = next_due(session);
    session->armed_ms = 0;
    if (due)
        session_arm(session, due);
    else
        uv_timer_stop(&session->timer);
    if (session->server)
        session_server_on_state(session, from);
}

/* ---- making and ending ---- */

static int64_t time_or(int64_t time_ms, int64_t fallback_ms)
{
    return time_ms > 0 ? time_ms : fallback_ms;
}

struct session *session_new(uv_loop_t *loop, const struct session_times *times)
{
    struct session *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->loop = loop;
    session->times.handshake_ms = time_or(times->handshake_ms, SESSION_HANDSHAKE_MS);
    session->times.hello_ms = time_or(times->hello_ms, SESSION_HELLO_MS);
    session->times.frame_ms = time_or(times->frame_ms, SESSION_FRAME_MS);
    session->times.heartbeat_ms = time_or(times->heartbeat_ms, SESSION_HEARTBEAT_MS);
    session->times.idle_ms = time_or(times->idle_ms, SESSION_IDLE_MS);
    session->since_ms = session->heard_ms = session->spoke_ms = session_now(session);
    frame_reader_init(&session->reader, HELLO_JSON_MAX, 0);
    buf_init(&session->text, FRAME_HEADER_BYTES + FRAME_JSON_MAX + SECURE_RECORD_BYTES);
    buf_init(&session->out, OUT_MAX);
    buf_init(&session->held, HELD_MAX);
    buf_init(&session->plain, SECURE_RECORD_BYTES);
    uv_timer_init(loop, &session->timer);
    session->timer.data = session;
    return session;
}

void session_free(struct session *session)
{
    secure_free(session->secure);
    frame_reader_done(&session->reader);
    buf_done(&session->text);
    buf_done(&session->out);
    buf_done(&session->held);
    buf_done(&session->plain);
    free(session->peer);
    free(session->slots);
    free(session->why);
    free(session);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct session *session = handle->data;

    if (session->relay)
        session->relay->on_end(session->relay_user);
    session_requests_end(session);
    if (session->is_caller)
        session_calls_end(session, session->why);
    if (session->events)
        session->events->on_close(session, session->why, session->user);
    if (session->server)
        session_server_on_gone(session);
    session_free(session);
}

static void keep_why(struct session *session, const struct err *why)
{
    if (!why || session->why)
        return;
    session->why = malloc(sizeof *session->why);
    if (session->why)
        *session->why = *why;
    if (session->server)
        session_server_log(session->server, "connection ended", why);
}

static void link_gone(struct session *session)
{
    session->link = NULL;
    if (session->state != SESSION_CLOSING)
        session_enter(session, SESSION_CLOSING);
    session_enter(session, SESSION_CLOSED);
    uv_close((uv_handle_t *)&session->timer, on_timer_closed);
}

void session_end(struct session *session, const struct err *why, int64_t flush_ms)
{
    if (!is_alive(session))
        return;
    keep_why(session, why);
    if (session->secure)
        secure_end(session->secure, &session->out);
    session_enter(session, SESSION_CLOSING);
    if (!session->link) {
        link_gone(session);
        return;
    }
    if (session->out.len > 0)
        link_send(session->link, session->out.data, session->out.len);
    buf_clear(&session->out);
    link_close(session->link, flush_ms);
}

bool session_violated(struct session *session, const char *what)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_BAD_INPUT, TEXT_SESSION_PROTOCOL, what, NULL);
    session_end(session, &err, ALERT_FLUSH_MS);
    return false;
}

static void on_link_close(struct link *link, const struct err *why, void *user)
{
    struct session *session = user;
    struct err cut = ERR_INIT;

    (void)link;
    if (is_alive(session) && !why) {
        err_set(
            &cut, ERR_CLOSED, session->ended_by_peer ? TEXT_SESSION_ENDED : TEXT_SESSION_CUT, NULL);
        why = &cut;
    }
    if (is_alive(session))
        keep_why(session, why);
    link_gone(session);
}

/* ---- sending ---- */

static void flush_out(struct session *session)
{
    enum link_sent sent;
    struct err err = ERR_INIT;

    if (!is_alive(session) || session->out.len == 0)
        return;
    sent = link_send(session->link, session->out.data, session->out.len);
    buf_clear(&session->out);
    if (sent == LINK_FULL)
        session->full = true;
    if (sent == LINK_REFUSED && is_alive(session)) {
        err_set(&err, ERR_CLOSED, TEXT_LINK_LOST, NULL);
        session_end(session, &err, 0);
    }
}

bool session_send_frame(
    struct session *session, uint8_t type, uint32_t id, const void *body, size_t body_length)
{
    struct buf *text = &session->text;
    struct frame frame = {.type = type,
                          .id = id,
                          .json_length = text->len - FRAME_HEADER_BYTES,
                          .body_length = body_length};
    struct err err = ERR_INIT;
    bool together = text->len + body_length <= SECURE_RECORD_BYTES;
    bool ok;

    if (!is_alive(session))
        return false;
    frame_header_write(&frame, text->data);
    if (together && body_length > 0)
        buf_put(text, body, body_length);
    ok = !text->failed && secure_send(session->secure, text->data, text->len, &session->out, &err);
    if (ok && !together)
        ok = secure_send(session->secure, body, body_length, &session->out, &err);
    if (text->cap > KEEP_BYTES)
        buf_done(text);
    if (!ok) {
        if (!err_is_set(&err))
            err_no_memory(&err);
        session_end(session, &err, 0);
        return false;
    }
    session->spoke_ms = session_now(session);
    if (!session->pumping || session->out.len > OUT_BATCH)
        flush_out(session);
    return is_alive(session);
}

static void on_link_drain(struct link *link, void *user)
{
    struct session *session = user;

    (void)link;
    if (!is_alive(session) || !session->full)
        return;
    session->full = false;
    if (session->relay)
        session->relay->on_drain(session->relay_user);
    if (is_alive(session) && session->events && session->events->on_drain)
        session->events->on_drain(session, session->user);
    if (is_alive(session))
        session_unblock(session);
}

/* ---- receiving ---- */

static bool on_relay_frame(struct session *session, const struct frame *frame)
{
    if (session->relay_over && !session->relay)
        return true; /* was under way when the relay ended */
    if (!session->relay || session->state != SESSION_OPEN || frame->json_length > 0 ||
        !session->relay->on_frame(
            frame->type, frame->id, frame->body, frame->body_length, session->relay_user))
        return session_violated(session, "relay frame");
    return is_alive(session);
}

static bool on_frame(struct session *session, const struct frame *frame)
{
    session->heard_ms = session_now(session);
    session->frame_ms = 0;
    if (frame->type >= FRAME_RELAY_OPEN && frame->type <= FRAME_RELAY_CLOSE)
        return on_relay_frame(session, frame);
    if (!session->is_caller)
        return frame->type == FRAME_REQUEST ? session_on_request(session, frame)
                                            : session_violated(session, "frame type");
    switch (frame->type) {
    case FRAME_REPLY:
        return session_on_reply(session, frame);
    case FRAME_NOTIFY:
        return session_on_notify(session, frame);
    case FRAME_PROGRESS:
        return session_on_progress(session, frame);
    default:
        return session_violated(session, "frame type");
    }
}

/* Handles the frames in plain bytes; what must wait is kept. False when the session is ending. */
static bool take_plain(struct session *session, const uint8_t *data, size_t length)
{
    struct err err = ERR_INIT;
    struct frame frame;

    while (length > 0) {
        if (is_blocked(session))
            return buf_put(&session->plain, data, length) ||
                   session_violated(session, "too much at once");
        switch (frame_reader_feed(&session->reader, &data, &length, &frame, &err)) {
        case FRAME_READY:
            if (!on_frame(session, &frame))
                return false;
            break;
        case FRAME_BAD:
            session_end(session, &err, ALERT_FLUSH_MS);
            return false;
        case FRAME_MORE:
            break;
        }
    }
    return true;
}

static void handshake_done(struct session *session)
{
    session_enter(session, SESSION_IN_HELLO);
    if (session->is_caller)
        session_say_hello(session);
}

/* One step of TLS. False when the session is ending or all is used up. */
static bool take_cipher(struct session *session, const uint8_t **data, size_t *length)
{
    uint8_t plain[SECURE_RECORD_BYTES];
    struct err err = ERR_INIT;
    size_t n = 0;

    switch (
        secure_feed(session->secure, data, length, plain, sizeof plain, &n, &session->out, &err)) {
    case SECURE_MORE:
        return false;
    case SECURE_READY:
        handshake_done(session);
        return is_alive(session);
    case SECURE_DATA:
        return take_plain(session, plain, n);
    case SECURE_ENDED:
        session->ended_by_peer = true;
        err_set(&err, ERR_CLOSED, TEXT_SESSION_ENDED, NULL);
        session_end(session, &err, 0);
        return false;
    default:
        session_end(session, &err, ALERT_FLUSH_MS);
        return false;
    }
}

static void update_pause(struct session *session)
{
    bool paused = is_blocked(session);

    if (!is_alive(session) || paused == session->paused)
        return;
    session->paused = paused;
    session->heard_ms = session_now(session);
    link_pause(session->link, paused);
    if (!paused)
        session_arm(session, session->heard_ms + session->times.idle_ms);
}

/* Notes when a frame began that is not complete yet. */
static void update_frame_clock(struct session *session)
{
    if (!is_alive(session) || session->state != SESSION_OPEN)
        return;
    if (!frame_reader_is_inside(&session->reader)) {
        session->frame_ms = 0;
    } else if (!session->frame_ms) {
        session->frame_ms = session_now(session);
        session_arm(session, session->frame_ms + session->times.frame_ms);
    }
}

void session_pump(struct session *session, const uint8_t *data, size_t length)
{
    bool ok = true;

    session->pumping = true;
    while (ok && is_alive(session)) {
        if (is_blocked(session)) {
            if (length > 0 && !buf_put(&session->held, data, length))
                session_violated(session, "too much at once");
            break;
        }
        ok = take_cipher(session, &data, &length);
    }
    session->pumping = false;
    flush_out(session);
    update_pause(session);
    update_frame_clock(session);
}

/* Takes what waits out of the session's buffers first, for handling it may add to them. */
void session_unblock(struct session *session)
{
    struct buf plain = session->plain, held = session->held;

    if (session->pumping || !is_alive(session) || is_blocked(session))
        return;
    buf_init(&session->plain, plain.max);
    buf_init(&session->held, held.max);
    session->pumping = true;
    if (take_plain(session, plain.data, plain.len))
        session_pump(session, held.data, held.len);
    session->pumping = false;
    flush_out(session);
    update_pause(session);
    buf_done(&plain);
    buf_done(&held);
}

static void on_link_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct session *session = user;

    (void)link;
    if (!is_alive(session))
        return;
    if (session->server && session->state == SESSION_WAITING)
        session_server_on_stranger(session, data, length);
    else if (is_blocked(session) || session->held.len > 0) {
        if (!buf_put(&session->held, data, length))
            session_violated(session, "too much at once");
    } else {
        session_pump(session, data, length);
    }
}

static void on_link_open(struct link *link, void *user)
{
    struct session *session = user;
    struct err err = ERR_INIT;

    (void)link;
    session_enter(session, SESSION_HANDSHAKE);
    if (!secure_start(session->secure, &session->out, &err))
        session_end(session, &err, 0);
    flush_out(session);
}

const struct link_events session_link_events = {
    .on_open = on_link_open,
    .on_data = on_link_data,
    .on_drain = on_link_drain,
    .on_close = on_link_close,
};

/* ---- what everybody may ask ---- */

void session_close(struct session *session)
{
    session_end(session, NULL, SESSION_FLUSH_MS);
}

void session_abort(struct session *session, const struct err *why)
{
    session_end(session, why, ALERT_FLUSH_MS);
}

bool session_is_full(const struct session *session)
{
    return session->full;
}

enum session_phase session_state(const struct session *session)
{
    return session->state;
}

const struct session_hello *session_peer(const struct session *session)
{
    return session->peer;
}

const char *session_identity(const struct session *session)
{
    return session->secure ? secure_identity(session->secure) : "";
}

const struct link_peer *session_link_peer(const struct session *session)
{
    static const struct link_peer nobody;

    return session->link ? &session->link->peer : &nobody;
}

bool session_watches(const struct session *session, enum method_id method)
{
    return session->watching >> method & 1;
}

void session_set_read_only(struct session *session, bool read_only)
{
    session->read_only = read_only;
}

bool session_notify(struct session *session,
                    enum method_id method,
                    const cJSON *params,
                    const void *body,
                    size_t body_length)
{
    if (session->state != SESSION_OPEN || session->is_caller || session->full ||
        !session_watches(session, method) || body_length > FRAME_BODY_MAX ||
        !rpc_write_notify(&session->text, method_row(method)->name, params, NULL))
        return false;
    return session_send_frame(session, FRAME_NOTIFY, 0, body, body_length);
}

void session_set_relay(struct session *session, const struct session_relay *relay, void *user)
{
    session->relay_over = session->relay != NULL;
    session->relay = relay;
    session->relay_user = user;
}

bool session_send_relay(
    struct session *session, uint8_t type, uint32_t stream, const void *data, size_t length)
{
    static const uint8_t room[FRAME_HEADER_BYTES];

    if (session->state != SESSION_OPEN || length > FRAME_BODY_MAX)
        return false;
    buf_clear(&session->text);
    buf_put(&session->text, room, sizeof room);
    return session_send_frame(session, type, stream, data, length);
}
