/* Listening, admission of strangers within fixed bounds, and the list of sessions. */
#include "common/session_core.h"

#include "common/log.h"

#include <stdlib.h>
#include <string.h>

#define TLS_HEADER_BYTES 5
#define TLS_HANDSHAKE    0x16
#define TLS_MAJOR        3
#define TLS_HELLO_MAX    2048 /* a ClientHello of this protocol has some 200 bytes */
#define LOG_PERIOD_MS    60000
#define LOG_LINES        20

struct listener {
    struct session_server *server;
    struct link_listener *link; /* NULL: free */
};

struct session_server {
    struct session_server_config config;
    struct listener listeners[SESSION_SERVER_LISTENERS];
    struct session *first, *last;
    void (*adopt_bulk)(struct link *link, const uint8_t *data, size_t length, void *user);
    void *bulk_user;
    uint64_t accepted, refused;
    int64_t log_since_ms;
    unsigned log_lines;
    unsigned parts; /* listeners and sessions that are not gone yet, and 1 until close */
    void (*on_closed)(void *user);
    void *closed_user;
};

const struct session_server_config *session_server_config(const struct session_server *server)
{
    return &server->config;
}

bool session_server_find(const char *identity, uint8_t *ret_secret, void *user)
{
    struct session_server *server = user;

    return server->config.find_secret(identity, ret_secret, server->config.user);
}

/* A stranger can make connections fail as fast as it likes, so lines are counted. */
void session_server_log(struct session_server *server, const char *what, const struct err *why)
{
    int64_t now = (int64_t)uv_now(server->config.loop);

    if (now - server->log_since_ms >= LOG_PERIOD_MS) {
        server->log_since_ms = now;
        server->log_lines = 0;
    }
    server->log_lines++;
    if (server->log_lines <= LOG_LINES)
        log_err(why->kind == ERR_CLOSED ? LOG_INFO : LOG_WARN, "session", what, why);
    if (server->log_lines == LOG_LINES)
        log_write(LOG_WARN, "session", "more of these are not logged for a minute");
}

/* ---- admission ---- */

static bool is_handshaking(const struct session *session)
{
    return session->state == SESSION_HANDSHAKE || session->state == SESSION_IN_HELLO;
}

static bool is_stranger(const struct session *session)
{
    return session->state == SESSION_WAITING;
}

static bool is_open(const struct session *session)
{
    return session->state == SESSION_OPEN;
}

static size_t count(const struct session_server *server, bool (*is)(const struct session *))
{
    size_t n = 0;

    for (const struct session *s = server->first; s; s = s->next)
        n += is(s);
    return n;
}

/* Ends the one that was heard of longest ago when more than `limit` sessions are so. */
static void keep_below(struct session_server *server,
                       bool (*is)(const struct session *),
                       size_t limit,
                       const struct session *newest)
{
    struct session *oldest = NULL;
    struct err err = ERR_INIT;

    if (count(server, is) <= limit)
        return;
    for (struct session *s = server->first; s; s = s->next) {
        if (is(s) && s != newest && (!oldest || s->heard_ms < oldest->heard_ms))
            oldest = s;
    }
    err_set(&err, ERR_BUSY, TEXT_SESSION_DISPLACED, NULL);
    if (oldest)
        session_end(oldest, &err, 0);
}

void session_server_on_state(struct session *session, enum session_phase from)
{
    struct session_server *server = session->server;

    if (session->state == SESSION_OPEN)
        keep_below(server, is_open, SESSION_SERVER_OPEN, session);
    if (session->state == SESSION_HANDSHAKE)
        keep_below(server, is_handshaking, SESSION_SERVER_HANDSHAKES, session);
    if (session->state == SESSION_CLOSING && from < SESSION_OPEN)
        server->refused++;
}

static void hand_to_bulk(struct session *session, const uint8_t *data, size_t length)
{
    struct session_server *server = session->server;
    struct link *link = session->link;

    if (server->adopt_bulk && !session->wildcard) {
        session->link = NULL;
        server->adopt_bulk(link, data, length, server->bulk_user);
    }
    session_end(session, NULL, 0);
}

/* How many bytes the first record has in all, 0 when it cannot be one of ours. */
static size_t first_record(const uint8_t *data)
{
    size_t length = (size_t)data[3] << 8 | data[4];

    if (data[0] != TLS_HANDSHAKE || data[1] != TLS_MAJOR || length == 0 || length > TLS_HELLO_MAX)
        return 0;
    return TLS_HEADER_BYTES + length;
}

/* The first record is here: from now on the connection costs TLS memory. */
static void begin_handshake(struct session *session)
{
    struct buf first = session->held;
    struct err err = ERR_INIT;

    if (!secure_server_new(session_server_find, session->server, &session->secure, &err) ||
        !secure_start(session->secure, &session->out, &err)) {
        session_end(session, &err, 0);
        return;
    }
    buf_init(&session->held, first.max);
    session_enter(session, SESSION_HANDSHAKE);
    session_pump(session, first.data, first.len);
    buf_done(&first);
}

void session_server_on_stranger(struct session *session, const uint8_t *data, size_t length)
{
    struct buf *held = &session->held;
    size_t want;

    if (data[0] == SESSION_SERVER_BULK_BYTE && held->len == 0) {
        hand_to_bulk(session, data, length);
        return;
    }
    if (!buf_put(held, data, length)) {
        session_violated(session, "first bytes");
        return;
    }
    want = held->len < TLS_HEADER_BYTES ? TLS_HEADER_BYTES : first_record(held->data);
    if (held->data[0] != TLS_HANDSHAKE || want == 0)
        session_violated(session, "first bytes");
    else if (held->len >= want && want > TLS_HEADER_BYTES)
        begin_handshake(session);
}

static void admit(struct session_server *server, struct link *link, bool wildcard)
{
    struct session *session = session_new(server->config.loop, &server->config.times);

    if (!session) {
        link_close(link, 0);
        return;
    }
    server->accepted++;
    server->parts++;
    session->server = server;
    session->wildcard = wildcard;
    session->link = link;
    session->previous = server->last;
    if (server->last)
        server->last->next = session;
    else
        server->first = session;
    server->last = session;
    link_attach(link, &session_link_events, session);
    session_arm(session, session->since_ms + session->times.handshake_ms);
    keep_below(server, is_stranger, SESSION_SERVER_STRANGERS, session);
}

/* ---- the end ---- */

static void part_gone(struct session_server *server)
{
    if (--server->parts > 0)
        return;
    if (server->on_closed)
        server->on_closed(server->closed_user);
    free(server);
}

void session_server_on_gone(struct session *session)
{
    struct session_server *server = session->server;

    if (session->was_open && server->config.on_close)
        server->config.on_close(session, server->config.user);
    if (session->previous)
        session->previous->next = session->next;
    else
        server->first = session->next;
    if (session->next)
        session->next->previous = session->previous;
    else
        server->last = session->previous;
    part_gone(server);
}

void session_server_close(struct session_server *server,
                          int64_t flush_ms,
                          void (*on_closed)(void *user),
                          void *user)
{
    server->on_closed = on_closed;
    server->closed_user = user;
    for (size_t i = 0; i < SESSION_SERVER_LISTENERS; i++) {
        if (server->listeners[i].link)
            link_listener_close(server->listeners[i].link);
    }
    for (struct session *s = server->first; s; s = s->next)
        session_end(s, NULL, flush_ms);
    part_gone(server);
}

/* ---- listening ---- */

static void on_accept(struct link *link, void *user)
{
    struct listener *listener = user;

    admit(listener->server, link, listener->link->wildcard);
}

static void on_listen_error(const struct err *err, void *user)
{
    struct listener *listener = user;
    const struct session_server_config *config = &listener->server->config;

    session_server_log(listener->server, "accepting failed", err);
    if (config->on_error)
        config->on_error(err, config->user);
}

static void on_listener_closed(void *user)
{
    struct listener *listener = user;

    listener->link = NULL;
    part_gone(listener->server);
}

static const struct link_listen_events listen_events = {
    .on_accept = on_accept,
    .on_error = on_listen_error,
    .on_closed = on_listener_closed,
};

bool session_server_new(const struct session_server_config *config,
                        struct session_server **ret_server,
                        struct err *err)
{
    struct session_server *server = calloc(1, sizeof *server);

    if (!server)
        return err_no_memory(err);
    server->config = *config;
    server->parts = 1;
    *ret_server = server;
    return true;
}

bool session_server_listen(struct session_server *server,
                           const struct link_address *address,
                           struct err *err)
{
    struct listener *listener = NULL;

    for (size_t i = 0; i < SESSION_SERVER_LISTENERS && !listener; i++) {
        if (!server->listeners[i].link)
            listener = &server->listeners[i];
    }
    if (!listener)
        return err_set(err, ERR_BUSY, TEXT_SESSION_BUSY, NULL);
    if (!link_listen(server->config.loop, address, &listen_events, listener, &listener->link, err))
        return false;
    listener->server = server;
    server->parts++;
    return true;
}

void session_server_adopt(struct session_server *server, struct link *link)
{
    admit(server, link, false);
}

/* ---- what the owner may ask ---- */

void session_server_set_bulk(
    struct session_server *server,
    void (*adopt)(struct link *link, const uint8_t *data, size_t length, void *user),
    void *user)
{
    server->adopt_bulk = adopt;
    server->bulk_user = user;
}

bool session_server_admits_bulk(const struct session_server *server, const struct session *session)
{
    return server->adopt_bulk && !session->wildcard;
}

void session_server_each(struct session_server *server,
                         void (*visit)(struct session *session, void *user),
                         void *user)
{
    for (struct session *s = server->first; s; s = s->next) {
        if (is_open(s))
            visit(s, user);
    }
}

void session_server_notify(struct session_server *server,
                           enum method_id method,
                           const cJSON *params,
                           const void *body,
                           size_t body_length)
{
    for (struct session *s = server->first; s; s = s->next)
        session_notify(s, method, params, body, body_length);
}

void session_server_stats(const struct session_server *server,
                          struct session_server_stats *ret_stats)
{
    ret_stats->strangers = count(server, is_stranger);
    ret_stats->handshakes = count(server, is_handshaking);
    ret_stats->open = count(server, is_open);
    ret_stats->accepted = server->accepted;
    ret_stats->refused = server->refused;
}
