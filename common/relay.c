/* Streams between local TCP connections and a session, with a window for each direction. */
#include "common/relay.h"

#include "common/frame.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define LOOPBACK      "127.0.0.1"
#define BACKLOG       64
#define CREDIT_BYTES  4
#define CREDIT_BATCH  (RELAY_WINDOW / 4) /* credit is given back in pieces of this size */
#define CLOSE_DONE    0
#define CLOSE_REFUSED 1

struct stream {
    struct relay *relay; /* NULL: told the peer or heard from it that this is over */
    struct relay *owner;
    uint32_t id;
    uv_tcp_t tcp;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    struct buf early;   /* came before the connection stood */
    size_t may_send;    /* credit of the peer */
    size_t may_receive; /* credit that the peer still has */
    size_t owed;        /* handed on, credit not yet given back */
    bool connected, reading, sent_end, got_end;
    uint8_t *piece; /* being read */
};

struct write {
    uv_write_t request;
    size_t length;
    uint8_t data[];
};

struct relay {
    uv_loop_t *loop;
    struct session *session; /* NULL: gone */
    struct sockaddr_in address;
    uint16_t port;
    bool listens, closing;
    uv_tcp_t listener;
    unsigned handles; /* not closed yet */
    uint32_t last_id;
    struct stream *streams[RELAY_STREAMS];
    void (*on_closed)(struct relay *relay, void *user);
    void *user;
};

/* ---- the end of a stream and of the relay ---- */

static void part_gone(struct relay *relay)
{
    if (--relay->handles > 0 || !relay->closing)
        return;
    relay->on_closed(relay, relay->user);
    free(relay);
}

static void on_stream_closed(uv_handle_t *handle)
{
    struct stream *stream = handle->data;
    struct relay *relay = stream->owner;

    buf_done(&stream->early);
    free(stream->piece);
    free(stream);
    part_gone(relay);
}

/* Takes the stream off the relay and closes its connection; `how` < 0: the peer knows. */
static void stream_end(struct stream *stream, int how)
{
    struct relay *relay = stream->relay;
    uint8_t reason = (uint8_t)how;

    if (!relay)
        return;
    for (size_t i = 0; i < RELAY_STREAMS; i++) {
        if (relay->streams[i] == stream)
            relay->streams[i] = NULL;
    }
    stream->relay = NULL;
    if (how >= 0 && relay->session)
        session_send_relay(relay->session, FRAME_RELAY_CLOSE, stream->id, &reason, 1);
    uv_close((uv_handle_t *)&stream->tcp, on_stream_closed);
}

static void on_listener_closed(uv_handle_t *handle)
{
    part_gone(handle->data);
}

void relay_close(struct relay *relay)
{
    if (!relay || relay->closing)
        return;
    relay->closing = true;
    for (size_t i = 0; i < RELAY_STREAMS; i++) {
        if (relay->streams[i])
            stream_end(relay->streams[i], CLOSE_DONE);
    }
    if (relay->session)
        session_set_relay(relay->session, NULL, NULL);
    relay->session = NULL;
    uv_close((uv_handle_t *)&relay->listener, on_listener_closed);
}

/* Both directions are at their end and everything is handed on. */
static void end_if_done(struct stream *stream)
{
    if (stream->relay && stream->sent_end && stream->got_end &&
        uv_stream_get_write_queue_size((uv_stream_t *)&stream->tcp) == 0)
        stream_end(stream, CLOSE_DONE);
}

/* ---- from the local connection into the session ---- */

static void update_reading(struct stream *stream);

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    struct stream *stream = handle->data;
    size_t size = stream->may_send < RELAY_PIECE ? stream->may_send : RELAY_PIECE;

    (void)suggested;
    if (!stream->piece)
        stream->piece = malloc(RELAY_PIECE);
    *ret_buf = uv_buf_init((char *)stream->piece, stream->piece ? (unsigned)size : 0);
}

static void on_read(uv_stream_t *tcp, ssize_t count, const uv_buf_t *buf)
{
    struct stream *stream = tcp->data;

    if (count == 0 || !stream->relay)
        return;
    if (count < 0 && count != UV_EOF) {
        stream_end(stream, CLOSE_DONE);
        return;
    }
    if (count == UV_EOF) {
        stream->sent_end = true;
        count = 0;
    }
    stream->may_send -= (size_t)count;
    session_send_relay(
        stream->relay->session, FRAME_RELAY_DATA, stream->id, buf->base, (size_t)count);
    update_reading(stream);
    end_if_done(stream);
}

/* Reads while the peer gives credit and the session takes more. */
static void update_reading(struct stream *stream)
{
    bool want = stream->relay && stream->relay->session && stream->connected && !stream->sent_end &&
                stream->may_send > 0 && !session_is_full(stream->relay->session);

    if (want == stream->reading)
        return;
    stream->reading = want;
    if (want)
        uv_read_start((uv_stream_t *)&stream->tcp, on_alloc, on_read);
    else
        uv_read_stop((uv_stream_t *)&stream->tcp);
}

/* ---- from the session into the local connection ---- */

static void on_shut_down(uv_shutdown_t *request, int status)
{
    struct stream *stream = request->data;

    (void)status;
    end_if_done(stream);
}

/* Passes the end on, once everything before it is written. */
static void pass_end(struct stream *stream)
{
    if (!stream->got_end || !stream->connected || !stream->relay)
        return;
    stream->shutdown.data = stream;
    if (uv_shutdown(&stream->shutdown, (uv_stream_t *)&stream->tcp, on_shut_down) < 0)
        stream_end(stream, CLOSE_DONE);
}

static void give_credit(struct stream *stream, size_t length)
{
    uint8_t credit[CREDIT_BYTES];

    stream->owed += length;
    if (stream->owed < CREDIT_BATCH || !stream->relay || !stream->relay->session)
        return;
    frame_put32(credit, (uint32_t)stream->owed);
    stream->may_receive += stream->owed;
    stream->owed = 0;
    session_send_relay(
        stream->relay->session, FRAME_RELAY_CREDIT, stream->id, credit, sizeof credit);
}

static void on_written(uv_write_t *request, int status)
{
    struct write *write = (struct write *)request;
    struct stream *stream = request->data;
    size_t length = write->length;

    free(write);
    if (!stream->relay)
        return;
    if (status < 0)
        stream_end(stream, CLOSE_DONE);
    else
        give_credit(stream, length);
}

static void pass_on(struct stream *stream, const uint8_t *data, size_t length)
{
    struct write *write = malloc(sizeof *write + length);
    uv_buf_t part;

    if (!write) {
        stream_end(stream, CLOSE_DONE);
        return;
    }
    write->request.data = stream;
    write->length = length;
    memcpy(write->data, data, length);
    part = uv_buf_init((char *)write->data, (unsigned)length);
    if (uv_write(&write->request, (uv_stream_t *)&stream->tcp, &part, 1, on_written) < 0) {
        free(write);
        stream_end(stream, CLOSE_DONE);
    }
}

/* ---- streams ---- */

static struct stream *stream_find(const struct relay *relay, uint32_t id)
{
    for (size_t i = 0; i < RELAY_STREAMS; i++) {
        if (relay->streams[i] && relay->streams[i]->id == id)
            return relay->streams[i];
    }
    return NULL;
}

/* A stream in a free place; NULL when all are taken or memory is short. */
static struct stream *stream_new(struct relay *relay, uint32_t id)
{
    struct stream *stream;
    size_t place = 0;

    while (place < RELAY_STREAMS && relay->streams[place])
        place++;
    stream = place < RELAY_STREAMS ? calloc(1, sizeof *stream) : NULL;
    if (!stream)
        return NULL;
    stream->relay = stream->owner = relay;
    stream->id = id;
    stream->may_send = stream->may_receive = RELAY_WINDOW;
    buf_init(&stream->early, RELAY_WINDOW);
    uv_tcp_init(relay->loop, &stream->tcp);
    stream->tcp.data = stream;
    relay->streams[place] = stream;
    relay->handles++;
    return stream;
}

static void stream_connected(struct stream *stream)
{
    stream->connected = true;
    uv_tcp_nodelay(&stream->tcp, 1);
    if (stream->early.len > 0)
        pass_on(stream, stream->early.data, stream->early.len);
    buf_done(&stream->early);
    pass_end(stream);
    update_reading(stream);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct stream *stream = request->data;

    if (!stream->relay)
        return;
    if (status < 0)
        stream_end(stream, CLOSE_REFUSED);
    else
        stream_connected(stream);
}

/* Host: the guest opened a stream. */
static bool on_open(struct relay *relay, uint32_t id)
{
    struct stream *stream;
    uint8_t reason = CLOSE_REFUSED;

    if (relay->listens || id <= relay->last_id)
        return false;
    relay->last_id = id;
    stream = stream_new(relay, id);
    if (!stream) {
        session_send_relay(relay->session, FRAME_RELAY_CLOSE, id, &reason, 1);
        return true;
    }
    stream->connect.data = stream;
    if (uv_tcp_connect(&stream->connect,
                       &stream->tcp,
                       (const struct sockaddr *)&relay->address,
                       on_connected) < 0)
        stream_end(stream, CLOSE_REFUSED);
    return true;
}

static void on_turned_away(uv_handle_t *handle)
{
    free(handle);
}

/* libuv stops listening while a connection is not accepted, so it is, and closed. */
static void turn_away(uv_stream_t *server)
{
    uv_tcp_t *tcp = malloc(sizeof *tcp);

    if (!tcp)
        return;
    uv_tcp_init(server->loop, tcp);
    uv_accept(server, (uv_stream_t *)tcp);
    uv_close((uv_handle_t *)tcp, on_turned_away);
}

/* Guest: a program connected. */
static void on_connection(uv_stream_t *server, int status)
{
    struct relay *relay = server->data;
    struct stream *stream;

    if (status < 0 || relay->closing)
        return;
    stream = stream_new(relay, relay->last_id + 1);
    if (!stream) {
        turn_away(server);
        return;
    }
    relay->last_id++;
    if (uv_accept(server, (uv_stream_t *)&stream->tcp) < 0) {
        stream_end(stream, -1);
        return;
    }
    session_send_relay(relay->session, FRAME_RELAY_OPEN, stream->id, NULL, 0);
    stream_connected(stream);
}

/* ---- frames ---- */

static bool on_data(struct stream *stream, const uint8_t *data, size_t length)
{
    if (stream->got_end || length > stream->may_receive || length > RELAY_PIECE)
        return false;
    stream->may_receive -= length;
    if (length == 0) {
        stream->got_end = true;
        pass_end(stream);
        end_if_done(stream);
    } else if (stream->connected) {
        pass_on(stream, data, length);
    } else if (!buf_put(&stream->early, data, length)) {
        stream_end(stream, CLOSE_DONE);
    }
    return true;
}

static bool on_credit(struct stream *stream, const uint8_t *data, size_t length)
{
    size_t credit = length == CREDIT_BYTES ? frame_get32(data) : 0;

    if (credit == 0 || credit > RELAY_WINDOW - stream->may_send)
        return false;
    stream->may_send += credit;
    update_reading(stream);
    return true;
}

static bool on_frame(uint8_t type, uint32_t id, const uint8_t *data, size_t length, void *user)
{
    struct relay *relay = user;
    struct stream *stream;

    if (id == 0)
        return false;
    if (type == FRAME_RELAY_OPEN)
        return length == 0 && on_open(relay, id);
    stream = stream_find(relay, id);
    if (!stream)
        return id <= relay->last_id; /* over, but the peer did not know yet */
    switch (type) {
    case FRAME_RELAY_DATA:
        return on_data(stream, data, length);
    case FRAME_RELAY_CREDIT:
        return on_credit(stream, data, length);
    default:
        stream_end(stream, -1);
        return length == 1;
    }
}

static void on_drain(void *user)
{
    struct relay *relay = user;

    for (size_t i = 0; i < RELAY_STREAMS; i++) {
        if (relay->streams[i])
            update_reading(relay->streams[i]);
    }
}

static void on_end(void *user)
{
    struct relay *relay = user;

    relay->session = NULL;
    relay_close(relay);
}

static const struct session_relay relay_events = {
    .on_frame = on_frame, .on_drain = on_drain, .on_end = on_end};

/* ---- making ---- */

static struct relay *relay_new(uv_loop_t *loop,
                               struct session *session,
                               uint16_t port,
                               void (*on_closed)(struct relay *relay, void *user),
                               void *user)
{
    struct relay *relay = calloc(1, sizeof *relay);

    if (!relay)
        return NULL;
    relay->loop = loop;
    relay->session = session;
    relay->port = port;
    relay->on_closed = on_closed;
    relay->user = user;
    relay->handles = 1;
    uv_ip4_addr(LOOPBACK, port, &relay->address);
    uv_tcp_init(loop, &relay->listener);
    relay->listener.data = relay;
    return relay;
}

static void on_failed_listener_closed(uv_handle_t *handle)
{
    free(handle->data);
}

bool relay_listen(uv_loop_t *loop,
                  struct session *session,
                  uint16_t port,
                  void (*on_closed)(struct relay *relay, void *user),
                  void *user,
                  struct relay **ret_relay,
                  struct err *err)
{
    struct relay *relay = relay_new(loop, session, port, on_closed, user);
    struct sockaddr_in bound = {0};
    int size = sizeof bound, status;

    if (!relay)
        return err_no_memory(err);
    relay->listens = true;
    status = uv_tcp_bind(&relay->listener, (const struct sockaddr *)&relay->address, 0);
    if (status == 0)
        status = uv_listen((uv_stream_t *)&relay->listener, BACKLOG, on_connection);
    if (status == 0)
        status = uv_tcp_getsockname(&relay->listener, (struct sockaddr *)&bound, &size);
    if (status < 0) {
        uv_close((uv_handle_t *)&relay->listener, on_failed_listener_closed);
        return err_set_os(err, ERR_DOMAIN_UV, status, TEXT_RELAY_LISTEN, TEXT_NUM(port), NULL);
    }
    relay->port = (uint16_t)((bound.sin_port & 0xff) << 8 | bound.sin_port >> 8);
    session_set_relay(session, &relay_events, relay);
    *ret_relay = relay;
    return true;
}

bool relay_serve(uv_loop_t *loop,
                 struct session *session,
                 uint16_t port,
                 void (*on_closed)(struct relay *relay, void *user),
                 void *user,
                 struct relay **ret_relay,
                 struct err *err)
{
    struct relay *relay = relay_new(loop, session, port, on_closed, user);

    if (!relay)
        return err_no_memory(err);
    session_set_relay(session, &relay_events, relay);
    *ret_relay = relay;
    return true;
}

uint16_t relay_port(const struct relay *relay)
{
    return relay->port;
}

size_t relay_streams(const struct relay *relay)
{
    size_t count = 0;

    for (size_t i = 0; i < RELAY_STREAMS; i++)
        count += relay->streams[i] != NULL;
    return count;
}
