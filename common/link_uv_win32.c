/*
 * Listening on a named pipe. libuv would make it with the default permissions, which let everybody
 * read and administrators of other machines in, so pipes are made here: for SYSTEM, Administrators
 * and the user who runs this, never over the network, and only as the first of their name. One
 * instance waits at a time; whoever comes meanwhile is told to try again by Windows (PIPE_BUSY),
 * which libuv does. The wait ends on a thread of Windows' pool, everything else is the loop's.
 */
#include "common/fs_win32.h"
#include "common/link_backend.h"
#include "common/link_uv.h"
#include "common/utf16.h"

#include <uv.h>

#include <fcntl.h>
#include <io.h>
#include <stdlib.h>

#define BUFFER_BYTES 65536
#define TRIES        16 /* of clients that came and went before they were looked at */

struct link_uv_listener {
    struct link_listener base;
    uv_async_t async;
    struct fs_security security;
    uint16_t *name;
    HANDLE pipe; /* waits for a client; INVALID_HANDLE_VALUE: none could be made */
    HANDLE event, wait;
    OVERLAPPED overlapped;
    bool connected; /* at once, without a wait */
};

static DWORD make_instance(struct link_uv_listener *listener, bool first, HANDLE *ret_pipe)
{
    HANDLE pipe = CreateNamedPipeW(
        (const WCHAR *)listener->name,
        PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | (first ? FILE_FLAG_FIRST_PIPE_INSTANCE : 0),
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
        PIPE_UNLIMITED_INSTANCES,
        BUFFER_BYTES,
        BUFFER_BYTES,
        0,
        listener->security.use);

    if (pipe == INVALID_HANDLE_VALUE)
        return GetLastError();
    *ret_pipe = pipe;
    return 0;
}

/* On a thread of the pool. */
static void CALLBACK on_client(void *user, BOOLEAN timed_out)
{
    struct link_uv_listener *listener = user;

    (void)timed_out;
    uv_async_send(&listener->async);
}

/* Starts to wait for the next client of listener->pipe. 0 or a Win32 code. */
static DWORD wait_for_client(struct link_uv_listener *listener)
{
    DWORD code = 0;

    for (int i = 0; i < TRIES; i++) {
        ResetEvent(listener->event);
        listener->overlapped = (OVERLAPPED){.hEvent = listener->event};
        code = ConnectNamedPipe(listener->pipe, &listener->overlapped) ? ERROR_PIPE_CONNECTED
                                                                       : GetLastError();
        if (code != ERROR_NO_DATA)
            break;
        DisconnectNamedPipe(listener->pipe); /* it came and went */
    }
    listener->connected = code == ERROR_PIPE_CONNECTED;
    if (listener->connected) {
        uv_async_send(&listener->async);
        return 0;
    }
    if (code != ERROR_IO_PENDING)
        return code;
    return RegisterWaitForSingleObject(
               &listener->wait, listener->event, on_client, listener, INFINITE, WT_EXECUTEONLYONCE)
               ? 0
               : GetLastError();
}

static void end_wait(struct link_uv_listener *listener)
{
    if (listener->wait)
        UnregisterWaitEx(listener->wait, INVALID_HANDLE_VALUE); /* until on_client is not running */
    listener->wait = NULL;
}

static void report(struct link_uv_listener *listener, DWORD code)
{
    struct err err = ERR_INIT;

    err_set_os(&err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_LINK_ACCEPT, NULL);
    listener->base.events->on_error(&err, listener->base.user);
}

/* Makes a link of a connected instance. */
static void adopt(struct link_uv_listener *listener, HANDLE handle)
{
    int file = _open_osfhandle((intptr_t)handle, _O_BINARY);
    struct err err = ERR_INIT;
    struct link *link;
    uv_pipe_t *pipe;

    if (file < 0) {
        CloseHandle(handle);
        report(listener, ERROR_TOO_MANY_OPEN_FILES);
    } else if (!link_uv_new(listener->async.loop, &link, &pipe, &err)) {
        _close(file);
        listener->base.events->on_error(&err, listener->base.user);
    } else if (uv_pipe_open(pipe, file) < 0) {
        _close(file);
        link_uv_drop(link);
    } else {
        link_uv_accepted(link, &listener->base);
    }
}

/* Takes the client that came, if any, and waits for the next one. */
static void on_async(uv_async_t *async)
{
    struct link_uv_listener *listener = async->data;
    HANDLE client = listener->pipe;
    DWORD count, code = 0;

    if (uv_is_closing((uv_handle_t *)async) || client == INVALID_HANDLE_VALUE)
        return;
    if (!listener->connected && !GetOverlappedResult(client, &listener->overlapped, &count, FALSE))
        code = GetLastError();
    if (code == ERROR_IO_INCOMPLETE)
        return;
    end_wait(listener);
    listener->connected = false;
    listener->pipe = INVALID_HANDLE_VALUE;
    if (code) { /* the client is gone already: the next one needs another instance */
        CloseHandle(client);
        client = INVALID_HANDLE_VALUE;
    }
    code = make_instance(listener, false, &listener->pipe);
    if (!code)
        code = wait_for_client(listener);
    if (code)
        report(listener, code);
    if (client != INVALID_HANDLE_VALUE)
        adopt(listener, client);
}

/* ---- life ---- */

static void listener_free(struct link_uv_listener *listener)
{
    fs_security_done(&listener->security);
    free(listener->name);
    free(listener);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct link_uv_listener *listener = handle->data;

    if (listener->base.events)
        listener->base.events->on_closed(listener->base.user);
    listener_free(listener);
}

static void op_listener_close(struct link_listener *base)
{
    struct link_uv_listener *listener = (struct link_uv_listener *)base;
    DWORD count;

    if (uv_is_closing((uv_handle_t *)&listener->async))
        return;
    end_wait(listener);
    if (listener->pipe != INVALID_HANDLE_VALUE) {
        if (!listener->connected && CancelIoEx(listener->pipe, &listener->overlapped))
            GetOverlappedResult(listener->pipe, &listener->overlapped, &count, TRUE);
        CloseHandle(listener->pipe);
        listener->pipe = INVALID_HANDLE_VALUE;
    }
    if (listener->event)
        CloseHandle(listener->event);
    uv_close((uv_handle_t *)&listener->async, on_listener_closed);
}

static const struct link_listener_ops uv_listener_ops = {.close = op_listener_close};

/* 0 or a Win32 code. */
static DWORD start(struct link_uv_listener *listener)
{
    DWORD code;

    listener->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!listener->event)
        return GetLastError();
    code = make_instance(listener, true, &listener->pipe);
    return code ? code : wait_for_client(listener);
}

/* Another process has a pipe of this name. */
static bool is_taken(DWORD code)
{
    return code == ERROR_ACCESS_DENIED || code == ERROR_PIPE_BUSY;
}

bool link_uv_listen(uv_loop_t *loop,
                    const struct link_address *address,
                    const struct link_listen_events *events,
                    void *user,
                    struct link_listener **ret_listener,
                    struct err *err)
{
    struct link_uv_listener *listener = calloc(1, sizeof *listener);
    DWORD code;

    if (!listener)
        return err_no_memory(err);
    listener->base.ops = &uv_listener_ops;
    listener->pipe = INVALID_HANDLE_VALUE;
    if (!fs_security_init(&listener->security, FS_PRIVATE, err) ||
        !utf16_from_utf8(address->path, &listener->name, err)) {
        listener_free(listener);
        return false;
    }
    if (uv_async_init(loop, &listener->async, on_async) < 0) {
        listener_free(listener);
        return err_no_memory(err);
    }
    listener->async.data = listener;
    code = start(listener);
    if (code) {
        op_listener_close(&listener->base);
        if (is_taken(code))
            return err_set(err, ERR_EXISTS, TEXT_LINK_ADDRESS_TAKEN, address->path, NULL);
        return err_set_os(
            err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_LINK_LISTEN, address->path, NULL);
    }
    listener->base.events = events;
    listener->base.user = user;
    *ret_listener = &listener->base;
    return true;
}
