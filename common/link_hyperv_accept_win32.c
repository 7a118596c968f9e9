/* Listeners on the I/O thread: some accepts wait at any time; one that cannot be posted is tried
 * again a little later, never at once, so that a system that refuses does not keep a processor
 * busy. */
#include "common/link_hyperv_io_win32.h"

#include <stdlib.h>
#include <string.h>

static void listener_leave(struct hv_listener *listener)
{
    if (listener->previous)
        listener->previous->next = listener->next;
    else
        listener->end.hub->listeners = listener->next;
    if (listener->next)
        listener->next->previous = listener->previous;
}

/* The listener may be gone when this returns. */
static void listener_settle(struct hv_listener *listener)
{
    struct hv_hub *hub = listener->end.hub;

    if (!listener->closing || listener->pending)
        return;
    listener_leave(listener);
    uv_mutex_lock(&hub->lock);
    listener->end.done = true;
    hv_tell(&listener->end, HV_NEWS, HV_NEWS_DONE);
    uv_mutex_unlock(&hub->lock);
}

/* The same failure again and again is told once. */
static void listener_report(struct hv_listener *listener, int code)
{
    if (code == listener->reported_code)
        return;
    listener->reported_code = code;
    if (!code)
        return;
    uv_mutex_lock(&listener->end.hub->lock);
    listener->accept_code = code;
    hv_tell(&listener->end, HV_NEWS, HV_NEWS_ERROR);
    uv_mutex_unlock(&listener->end.hub->lock);
}

static void accept_drop(struct hv_accept *accept)
{
    if (accept->socket != INVALID_SOCKET)
        closesocket(accept->socket);
    accept->socket = INVALID_SOCKET;
}

static int accept_begin(struct hv_accept *accept)
{
    struct hv_listener *listener = accept->listener;
    DWORD length;
    int code = hv_socket_open(&accept->socket);

    if (code)
        return code;
    memset(&accept->operation.overlapped, 0, sizeof accept->operation.overlapped);
    listener->pending++;
    hv_count_posted();
    if (listener->end.hub->accept_ex(listener->socket,
                                     accept->socket,
                                     accept->addresses,
                                     0,
                                     HV_ADDRESS_BYTES,
                                     HV_ADDRESS_BYTES,
                                     &length,
                                     &accept->operation.overlapped))
        return 0;
    code = WSAGetLastError();
    if (code == ERROR_IO_PENDING)
        return 0;
    listener->pending--;
    hv_count_completed();
    return code;
}

static void accept_failed(struct hv_accept *accept, int code)
{
    struct hv_listener *listener = accept->listener;

    accept_drop(accept);
    accept->idle = true;
    listener_report(listener, code);
    listener->retry_ms = GetTickCount64() + HV_ACCEPT_RETRY_MS;
    hv_wake_at(listener->end.hub, listener->retry_ms);
}

static void accept_start(struct hv_accept *accept)
{
    int code = accept_begin(accept);

    accept->idle = false;
    if (code)
        accept_failed(accept, code);
}

void hv_listener_retry(struct hv_listener *listener)
{
    listener->retry_ms = 0;
    for (int i = 0; i < HV_ACCEPTS; i++)
        if (listener->accepts[i].idle && !listener->closing)
            accept_start(&listener->accepts[i]);
}

static void listener_start(struct hv_listener *listener)
{
    struct hv_hub *hub = listener->end.hub;

    listener->next = hub->listeners;
    if (listener->next)
        listener->next->previous = listener;
    hub->listeners = listener;
    for (int i = 0; i < HV_ACCEPTS; i++) {
        struct hv_accept *accept = &listener->accepts[i];

        accept->operation.kind = HV_ACCEPT;
        accept->operation.owner = accept;
        accept->listener = listener;
        accept->socket = INVALID_SOCKET;
        accept_start(accept);
    }
}

static void listener_close(struct hv_listener *listener)
{
    if (listener->closing)
        return;
    listener->closing = true;
    listener->retry_ms = 0;
    CancelIoEx((HANDLE)listener->socket, NULL);
    closesocket(listener->socket);
    listener->socket = INVALID_SOCKET;
}

void hv_listener_want(struct hv_listener *listener, unsigned wants)
{
    if (wants & HV_WANT_START)
        listener_start(listener);
    if (wants & HV_WANT_CLOSE)
        listener_close(listener);
    listener_settle(listener);
}

/* 0 and the link takes the socket over. */
static int link_from(struct hv_accept *accept)
{
    struct hv_listener *listener = accept->listener;
    struct hv_link *link;

    if (setsockopt(accept->socket,
                   SOL_SOCKET,
                   SO_UPDATE_ACCEPT_CONTEXT,
                   (const char *)&listener->socket,
                   sizeof listener->socket))
        return WSAGetLastError();
    link = hv_link_new(listener->end.hub);
    if (!link)
        return WSAENOBUFS;
    link->listener = listener;
    link->socket = accept->socket;
    link->base.peer.vm_known = hv_socket_peer(accept->socket, &link->base.peer.vm);
    accept->socket = INVALID_SOCKET;
    hv_link_begin(link);
    return 0;
}

/* A dialler that left before it was accepted is no failure of ours. */
static bool is_lost_dialler(int code)
{
    return code == WSAECONNRESET || code == WSAECONNABORTED || code == WSAENOTCONN;
}

void hv_accept_done(struct hv_accept *accept, int code)
{
    struct hv_listener *listener = accept->listener;

    listener->pending--;
    if (!code && !listener->closing)
        code = link_from(accept);
    if (listener->closing) {
        accept_drop(accept);
    } else if (code && !is_lost_dialler(code)) {
        accept_failed(accept, code);
    } else {
        accept_drop(accept);
        listener_report(listener, 0);
        accept_start(accept);
    }
    listener_settle(listener);
}
