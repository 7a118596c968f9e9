/*
 * Listening on a unix socket: mode 0600 before anybody can connect, and what a process left that is
 * gone is replaced.
 */
#include "common/link_backend.h"
#include "common/link_uv.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define BACKLOG          128
#define PROBE_TIMEOUT_MS 1000
#define MODE_OWNER_ONLY  0600
#define MODE_TYPE_MASK   0170000
#define MODE_SOCKET      0140000

struct link_uv_listener {
    struct link_listener base;
    uv_pipe_t pipe;
};

static void on_connection(uv_stream_t *server, int status)
{
    struct link_uv_listener *listener = server->data;
    struct link *link;
    uv_pipe_t *pipe;
    struct err err = ERR_INIT;

    if (status < 0) {
        err_set_os(&err, ERR_DOMAIN_UV, status, TEXT_LINK_ACCEPT, NULL);
        listener->base.events->on_error(&err, listener->base.user);
        return;
    }
    if (!link_uv_new(server->loop, &link, &pipe, &err)) {
        listener->base.events->on_error(&err, listener->base.user);
        return;
    }
    if (uv_accept(server, (uv_stream_t *)pipe) < 0)
        link_uv_drop(link);
    else
        link_uv_accepted(link, &listener->base);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct link_uv_listener *listener = handle->data;

    if (listener->base.events)
        listener->base.events->on_closed(listener->base.user);
    free(listener);
}

static void op_listener_close(struct link_listener *base)
{
    struct link_uv_listener *listener = (struct link_uv_listener *)base;

    if (!uv_is_closing((uv_handle_t *)&listener->pipe))
        uv_close((uv_handle_t *)&listener->pipe, on_listener_closed);
}

static const struct link_listener_ops uv_listener_ops = {.close = op_listener_close};

struct probe {
    uv_connect_t connect;
    uv_pipe_t pipe;
    uv_timer_t timer;
    int status;
};

static void probe_end(struct probe *probe)
{
    if (uv_is_closing((uv_handle_t *)&probe->pipe))
        return;
    uv_close((uv_handle_t *)&probe->pipe, NULL);
    uv_close((uv_handle_t *)&probe->timer, NULL);
}

static void on_probe_connected(uv_connect_t *request, int status)
{
    struct probe *probe = request->data;

    if (status != UV_ECANCELED)
        probe->status = status;
    probe_end(probe);
}

static void on_probe_timer(uv_timer_t *timer)
{
    probe_end(timer->data);
}

/* True when the socket file at path was left by a process that is gone: a socket, and nobody
 * answers there. Asked on a loop of its own, for the caller's may be running. */
static bool is_stale(const char *path)
{
    struct probe probe = {.status = 0};
    uv_loop_t loop;
    uv_fs_t stat;
    bool socket;

    socket = uv_fs_lstat(NULL, &stat, path, NULL) == 0 &&
             (stat.statbuf.st_mode & MODE_TYPE_MASK) == MODE_SOCKET;
    uv_fs_req_cleanup(&stat);
    if (!socket || uv_loop_init(&loop) < 0)
        return false;
    uv_pipe_init(&loop, &probe.pipe, 0);
    uv_timer_init(&loop, &probe.timer);
    probe.connect.data = probe.timer.data = &probe;
    uv_timer_start(&probe.timer, on_probe_timer, PROBE_TIMEOUT_MS, 0);
    uv_pipe_connect(&probe.connect, &probe.pipe, path, on_probe_connected);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return probe.status == UV_ECONNREFUSED;
}

static int change_file(const char *path, bool remove)
{
    uv_fs_t request;
    int status = remove ? uv_fs_unlink(NULL, &request, path, NULL)
                        : uv_fs_chmod(NULL, &request, path, MODE_OWNER_ONLY, NULL);

    uv_fs_req_cleanup(&request);
    return status;
}

/* Binds and takes away everybody else's access before anybody can connect. */
static int bind_pipe(uv_pipe_t *pipe, const char *path)
{
    int status = uv_pipe_bind(pipe, path);

    if (status == UV_EADDRINUSE && is_stale(path) && change_file(path, true) == 0)
        status = uv_pipe_bind(pipe, path);
    if (status == 0)
        status = change_file(path, false);
    if (status == 0)
        status = uv_listen((uv_stream_t *)pipe, BACKLOG, on_connection);
    return status;
}

bool link_uv_listen(uv_loop_t *loop,
                    const struct link_address *address,
                    const struct link_listen_events *events,
                    void *user,
                    struct link_listener **ret_listener,
                    struct err *err)
{
    struct link_uv_listener *listener = calloc(1, sizeof *listener);
    int status;

    if (!listener)
        return err_no_memory(err);
    listener->base.ops = &uv_listener_ops;
    status = uv_pipe_init(loop, &listener->pipe, 0);
    if (status < 0) {
        free(listener);
        return err_set_os(err, ERR_DOMAIN_UV, status, TEXT_LINK_LISTEN, address->path, NULL);
    }
    listener->pipe.data = listener;
    status = bind_pipe(&listener->pipe, address->path);
    if (status < 0) {
        op_listener_close(&listener->base);
        if (status == UV_EADDRINUSE)
            return err_set(err, ERR_EXISTS, TEXT_LINK_ADDRESS_TAKEN, address->path, NULL);
        return err_set_os(err, ERR_DOMAIN_UV, status, TEXT_LINK_LISTEN, address->path, NULL);
    }
    listener->base.events = events;
    listener->base.user = user;
    *ret_listener = &listener->base;
    return true;
}
