/*
 * Links over uv_pipe: a unix socket, or a named pipe on Windows. What the system does not take at
 * once waits in one buffer while another is in flight, so that many small sends become one write.
 * Listening is in link_uv_posix.c and link_uv_win32.c.
 */
#include "common/link_backend.h"

#include "common/buf.h"
#include "common/link_platform.h"
#include "common/link_uv.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define READ_FIRST    ((size_t)16 << 10)               /* most connections never need more */
#define READ_LATER    ((size_t)256 << 10)              /* after a read that filled the buffer */
#define KEEP_BYTES    (LINK_SEND_HIGH + LINK_SEND_LOW) /* larger send buffers are freed */
#define SYSTEM_BUFFER (1 << 20) /* asked for; the system gives what it allows */

struct link_uv {
    struct link base;
    uv_pipe_t pipe;
    uv_timer_t timer; /* connecting, then flushing */
    uv_connect_t connect;
    uv_write_t write;
    struct buf sending, waiting; /* in flight, and what follows it */
    uint8_t *read_data;
    size_t read_size;
    char *name; /* of the address, for errors; NULL when accepted */
    unsigned handles;
    bool open, writing, full, paused, flushing, closing;
    int status;           /* libuv's, why it failed */
    enum text_id message; /* TEXT_NONE: no failure */
};

/* ---- closing ---- */

static void link_free(struct link_uv *link)
{
    buf_done(&link->sending);
    buf_done(&link->waiting);
    free(link->read_data);
    free(link->name);
    free(link);
}

static void failure(const struct link_uv *link, struct err *err)
{
    err_set_os(err, ERR_DOMAIN_UV, link->status, link->message, link->name ? link->name : "", NULL);
    if (link->message == TEXT_LINK_DIAL &&
        (link->status == UV_ENOENT || link->status == UV_ECONNREFUSED))
        err->kind = ERR_UNREACHABLE;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct link_uv *link = handle->data;
    struct err err = ERR_INIT;

    if (--link->handles > 0)
        return;
    if (link->message != TEXT_NONE)
        failure(link, &err);
    if (link->base.events)
        link->base.events->on_close(
            &link->base, link->message != TEXT_NONE ? &err : NULL, link->base.user);
    link_free(link);
}

static void close_now(struct link_uv *link)
{
    if (link->closing)
        return;
    link->closing = true;
    uv_close((uv_handle_t *)&link->pipe, on_handle_closed);
    uv_close((uv_handle_t *)&link->timer, on_handle_closed);
}

static void fail(struct link_uv *link, int status, enum text_id message)
{
    if (link->closing)
        return;
    if (!link->flushing) {
        link->status = status;
        link->message = message;
    }
    close_now(link);
}

/* ---- sending ---- */

static size_t op_queued(const struct link *base)
{
    const struct link_uv *link = (const struct link_uv *)base;

    return uv_stream_get_write_queue_size((const uv_stream_t *)&link->pipe) + link->waiting.len;
}

static void start_write(struct link_uv *link);

static void on_written(uv_write_t *request, int status)
{
    struct link_uv *link = request->data;

    link->writing = false;
    buf_clear(&link->sending);
    if (link->sending.cap > KEEP_BYTES)
        buf_done(&link->sending);
    if (link->closing)
        return;
    if (status < 0) {
        fail(link, status, TEXT_LINK_LOST);
        return;
    }
    start_write(link);
    if (link->flushing) {
        if (op_queued(&link->base) == 0)
            close_now(link);
    } else if (link->full && op_queued(&link->base) < LINK_SEND_LOW) {
        link->full = false;
        link->base.events->on_drain(&link->base, link->base.user);
    }
}

static void start_write(struct link_uv *link)
{
    struct buf idle = link->sending;
    uv_buf_t part;
    int status;

    if (!link->open || link->writing || link->closing || link->waiting.len == 0)
        return;
    link->sending = link->waiting;
    link->waiting = idle;
    part = uv_buf_init((char *)link->sending.data, (unsigned)link->sending.len);
    link->writing = true;
    link->write.data = link;
    status = uv_write(&link->write, (uv_stream_t *)&link->pipe, &part, 1, on_written);
    if (status < 0) {
        link->writing = false;
        fail(link, status, TEXT_LINK_LOST);
    }
}

/* Hands bytes to the system without a queue; returns how many it took. */
static size_t write_directly(struct link_uv *link, const void *data, size_t length)
{
    uv_buf_t part = uv_buf_init((char *)(uintptr_t)data, (unsigned)length);
    int taken;

    if (!link->open || link->writing || link->waiting.len > 0)
        return 0;
    taken = uv_try_write((uv_stream_t *)&link->pipe, &part, 1);
    return taken > 0 ? (size_t)taken : 0;
}

static enum link_sent op_send(struct link *base, const void *data, size_t length)
{
    struct link_uv *link = (struct link_uv *)base;
    size_t taken;

    if (link->closing || link->flushing || length > LINK_SEND_HARD ||
        op_queued(base) + length > LINK_SEND_HARD)
        return LINK_REFUSED;
    taken = length > 0 ? write_directly(link, data, length) : 0;
    if (taken < length && !buf_put(&link->waiting, (const uint8_t *)data + taken, length - taken)) {
        fail(link, UV_ENOMEM, TEXT_LINK_LOST);
        return LINK_REFUSED;
    }
    start_write(link);
    if (op_queued(base) > LINK_SEND_HIGH)
        link->full = true;
    return link->full ? LINK_FULL : LINK_SENT;
}

/* ---- receiving ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
    struct link_uv *link = handle->data;

    (void)suggested;
    if (!link->read_data)
        link->read_data = malloc(link->read_size);
    *ret_buf =
        uv_buf_init((char *)link->read_data, link->read_data ? (unsigned)link->read_size : 0);
}

/* Reads more at once from a peer that has more to say. */
static void grow_buffer(struct link_uv *link, size_t count)
{
    if (count < link->read_size || link->read_size == READ_LATER)
        return;
    free(link->read_data);
    link->read_data = NULL;
    link->read_size = READ_LATER;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct link_uv *link = stream->data;

    if (link->closing || count == 0)
        return;
    if (count == UV_EOF)
        close_now(link);
    else if (count < 0)
        fail(link, (int)count, TEXT_LINK_LOST);
    if (count <= 0)
        return;
    link->base.events->on_data(
        &link->base, (const uint8_t *)buf->base, (size_t)count, link->base.user);
    grow_buffer(link, (size_t)count);
}

static void update_reading(struct link_uv *link)
{
    if (!link->open || link->closing)
        return;
    if (link->paused || link->flushing)
        uv_read_stop((uv_stream_t *)&link->pipe);
    else
        uv_read_start((uv_stream_t *)&link->pipe, on_alloc, on_read);
}

static void op_pause(struct link *base, bool paused)
{
    struct link_uv *link = (struct link_uv *)base;

    link->paused = paused;
    update_reading(link);
}

static void on_timer(uv_timer_t *timer)
{
    struct link_uv *link = timer->data;

    if (link->flushing)
        close_now(link);
    else
        fail(link, UV_ETIMEDOUT, TEXT_LINK_DIAL);
}

static void op_close(struct link *base, int64_t flush_ms)
{
    struct link_uv *link = (struct link_uv *)base;

    if (link->closing)
        return;
    if (flush_ms <= 0 || !link->open || op_queued(base) == 0) {
        close_now(link);
        return;
    }
    if (link->flushing)
        return;
    link->flushing = true;
    update_reading(link);
    uv_timer_start(&link->timer, on_timer, (uint64_t)flush_ms, 0);
}

static const struct link_ops uv_ops = {
    .send = op_send,
    .queued = op_queued,
    .pause = op_pause,
    .close = op_close,
};

/* ---- making ---- */

static bool link_new(uv_loop_t *loop, struct link_uv **ret_link, struct err *err)
{
    struct link_uv *link = calloc(1, sizeof *link);
    int status;

    if (!link)
        return err_no_memory(err);
    link_platform_init();
    link->base.ops = &uv_ops;
    link->base.peer.kind = LINK_UV;
    link->read_size = READ_FIRST;
    buf_init(&link->sending, LINK_SEND_HARD);
    buf_init(&link->waiting, LINK_SEND_HARD);
    status = uv_pipe_init(loop, &link->pipe, 0);
    if (status < 0) {
        free(link);
        return err_set_os(err, ERR_DOMAIN_UV, status, TEXT_LINK_LOST, NULL);
    }
    uv_timer_init(loop, &link->timer);
    link->pipe.data = link->timer.data = link;
    link->handles = 2;
    *ret_link = link;
    return true;
}

static void opened(struct link_uv *link)
{
    int size = SYSTEM_BUFFER;

    link->open = true;
    uv_send_buffer_size((uv_handle_t *)&link->pipe, &size); /* only speed: not everywhere */
    update_reading(link);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct link_uv *link = request->data;

    if (link->closing)
        return;
    if (status < 0) {
        fail(link, status, TEXT_LINK_DIAL);
        return;
    }
    uv_timer_stop(&link->timer);
    opened(link);
    if (link->base.events->on_open)
        link->base.events->on_open(&link->base, link->base.user);
    start_write(link);
}

bool link_uv_dial(uv_loop_t *loop,
                  const struct link_address *address,
                  int64_t timeout_ms,
                  const struct link_events *events,
                  void *user,
                  struct link **ret_link,
                  struct err *err)
{
    size_t length = strlen(address->path) + 1;
    struct link_uv *link;
    char *name = malloc(length);

    if (!name)
        return err_no_memory(err);
    memcpy(name, address->path, length);
    if (!link_new(loop, &link, err)) {
        free(name);
        return false;
    }
    link->name = name;
    link_attach(&link->base, events, user);
    link->connect.data = link;
    uv_timer_start(&link->timer, on_timer, timeout_ms > 0 ? (uint64_t)timeout_ms : 0, 0);
    uv_pipe_connect(&link->connect, &link->pipe, name, on_connected);
    *ret_link = &link->base;
    return true;
}

/* ---- for the listeners ---- */

bool link_uv_new(uv_loop_t *loop, struct link **ret_link, uv_pipe_t **ret_pipe, struct err *err)
{
    struct link_uv *link;

    if (!link_new(loop, &link, err))
        return false;
    *ret_link = &link->base;
    *ret_pipe = &link->pipe;
    return true;
}

void link_uv_accepted(struct link *base, struct link_listener *listener)
{
    struct link_uv *link = (struct link_uv *)base;

    link->open = true;
    listener->events->on_accept(base, listener->user);
    if (!base->events)
        close_now(link);
    else if (!link->closing)
        opened(link);
}

void link_uv_drop(struct link *base)
{
    close_now((struct link_uv *)base);
}
