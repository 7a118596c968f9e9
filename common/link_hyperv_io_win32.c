/* The I/O thread and its links. Rules that hold everything together:
 *
 * - every operation that was begun comes back with one packet, also after its socket was closed,
 * and a link lives until its last packet came (pending == 0); an operation that could not be begun
 * has no packet;
 * - only link_end closes a socket, and only link_settle tells the loop that a link is done. The
 * loop may free it at once, so link_settle is the last thing done with a link in every path;
 * - codes come from WSAGetOverlappedResult: GetLastError gives Win32 codes of another family (64,
 *   121, 1225). */
#include "common/link_hyperv_io_win32.h"

#include <string.h>

static uint64_t now_ms(void)
{
    return GetTickCount64();
}

void hv_wake_at(struct hv_hub *hub, uint64_t time_ms)
{
    if (!hub->wake_ms || time_ms < hub->wake_ms)
        hub->wake_ms = time_ms;
}

/* ---- links ---- */

static void link_enter(struct hv_link *link)
{
    struct hv_hub *hub = link->end.hub;

    link->next = hub->links;
    if (link->next)
        link->next->previous = link;
    hub->links = link;
}

static void link_leave(struct hv_link *link)
{
    if (link->previous)
        link->previous->next = link->next;
    else
        link->end.hub->links = link->next;
    if (link->next)
        link->next->previous = link->previous;
}

static void link_set_deadline(struct hv_link *link, uint64_t time_ms)
{
    link->deadline_ms = time_ms;
    hv_wake_at(link->end.hub, time_ms);
}

static void link_end(struct hv_link *link, int code)
{
    struct hv_hub *hub = link->end.hub;

    if (link->state == HV_STATE_ENDED)
        return;
    link->state = HV_STATE_ENDED;
    link->code = code;
    link->deadline_ms = 0;
    if (link->socket != INVALID_SOCKET) {
        CancelIoEx((HANDLE)link->socket, NULL);
        closesocket(link->socket);
        link->socket = INVALID_SOCKET;
    }
    uv_mutex_lock(&hub->lock);
    link->ended = true;
    uv_mutex_unlock(&hub->lock);
}

/* The link may be gone when this returns. */
static void link_settle(struct hv_link *link)
{
    struct hv_hub *hub = link->end.hub;

    if (link->state != HV_STATE_ENDED || link->pending)
        return;
    link_leave(link);
    uv_mutex_lock(&hub->lock);
    hv_blocks_clear(hub, &link->queued);
    hv_blocks_clear(hub, &link->flying);
    hv_block_put(hub, link->receiving);
    link->receiving = NULL;
    link->queued_bytes = 0;
    link->end.done = true;
    hv_tell(&link->end, HV_NEWS, HV_NEWS_DONE);
    uv_mutex_unlock(&hub->lock);
}

static OVERLAPPED *operation_begin(struct hv_link *link, struct hv_operation *operation)
{
    memset(&operation->overlapped, 0, sizeof operation->overlapped);
    link->pending++;
    hv_count_posted();
    return &operation->overlapped;
}

/* code is what the call returned: 0 or WSA_IO_PENDING, and a packet follows; anything else ends the
 * link. */
static void operation_begun(struct hv_link *link, int code)
{
    if (!code || code == WSA_IO_PENDING)
        return;
    link->pending--;
    hv_count_completed();
    link_end(link, code);
}

static void link_receive(struct hv_link *link)
{
    struct hv_hub *hub = link->end.hub;
    DWORD flags = 0;
    WSABUF buffer;
    OVERLAPPED *overlapped;

    if (!link->receiving) {
        uv_mutex_lock(&hub->lock);
        link->receiving = hv_block_get(hub);
        uv_mutex_unlock(&hub->lock);
    }
    if (!link->receiving) {
        link_end(link, WSAENOBUFS);
        return;
    }
    buffer.buf = (char *)link->receiving->data;
    buffer.len = HV_BLOCK_BYTES;
    overlapped = operation_begin(link, &link->receive);
    operation_begun(
        link,
        WSARecv(link->socket, &buffer, 1, NULL, &flags, overlapped, NULL) ? WSAGetLastError() : 0);
}

/* Everything went out. The peer has a moment to take it and close its side; closing at once could
 * throw away what is still on its way. */
static void link_linger(struct hv_link *link)
{
    uint64_t end_ms = now_ms() + HV_LINGER_MS;

    link->state = HV_STATE_LINGERING;
    if (shutdown(link->socket, SD_SEND))
        link_end(link, 0);
    else if (!link->deadline_ms || end_ms < link->deadline_ms)
        link_set_deadline(link, end_ms);
}

/* Moves queued blocks into flight; false when there is nothing to send. */
static bool link_fill(struct hv_link *link)
{
    struct hv_hub *hub = link->end.hub;
    struct hv_block *block;

    uv_mutex_lock(&hub->lock);
    while (link->flying.count < HV_SEND_BLOCKS && (block = hv_blocks_take(&link->queued)) != NULL)
        hv_blocks_add(&link->flying, block);
    link->sending = link->flying.count > 0;
    uv_mutex_unlock(&hub->lock);
    return link->flying.count > 0;
}

/* Sends what waits, in one call. Only while no send is in flight. */
static void link_send_queued(struct hv_link *link)
{
    WSABUF buffers[HV_SEND_BLOCKS];
    OVERLAPPED *overlapped;
    DWORD count = 0;

    if (!link_fill(link)) {
        if (link->flushing)
            link_linger(link);
        return;
    }
    for (struct hv_block *block = link->flying.first; block; block = block->next) {
        buffers[count].buf = (char *)block->data + block->sent;
        buffers[count++].len = block->length - block->sent;
    }
    overlapped = operation_begin(link, &link->send);
    operation_begun(
        link,
        WSASend(link->socket, buffers, count, NULL, 0, overlapped, NULL) ? WSAGetLastError() : 0);
}

static bool link_is_connected(const struct hv_link *link)
{
    return link->state == HV_STATE_OPEN || link->state == HV_STATE_LINGERING;
}

static void link_open(struct hv_link *link, unsigned news)
{
    link->state = HV_STATE_OPEN;
    hv_tell_locked(&link->end, HV_NEWS, news);
    link_receive(link);
    if (link->state == HV_STATE_OPEN)
        link_send_queued(link); /* what was queued while dialling */
}

static void link_dial_start(struct hv_link *link)
{
    struct hv_hub *hub = link->end.hub;
    int code;

    link_enter(link);
    code = hv_socket_open(&link->socket);
    if (!code && !CreateIoCompletionPort((HANDLE)link->socket, hub->port, 0, 0))
        code = WSAENOBUFS;
    if (code) {
        link_end(link, code);
        return;
    }
    link->state = HV_STATE_CONNECTING;
    link_set_deadline(link, now_ms() + (uint64_t)link->timeout_ms + HV_DIAL_GRACE_MS);
    operation_begun(link,
                    hv_socket_dial(hub,
                                   link->socket,
                                   &link->vm,
                                   &link->service,
                                   link->timeout_ms,
                                   operation_begin(link, &link->connect)));
}

void hv_link_begin(struct hv_link *link)
{
    link_enter(link);
    if (CreateIoCompletionPort((HANDLE)link->socket, link->end.hub->port, 0, 0)) {
        link_open(link, HV_NEWS_ACCEPTED);
    } else {
        hv_tell_locked(&link->end, HV_NEWS, HV_NEWS_ACCEPTED);
        link_end(link, WSAENOBUFS);
    }
    link_settle(link);
}

static void link_flush(struct hv_link *link)
{
    uint64_t end_ms;
    bool is_sending;

    if (link->state == HV_STATE_ENDED)
        return;
    uv_mutex_lock(&link->end.hub->lock);
    end_ms = now_ms() + (uint64_t)link->flush_ms;
    is_sending = link->sending;
    uv_mutex_unlock(&link->end.hub->lock);
    link->flushing = true;
    if (!link->deadline_ms || end_ms < link->deadline_ms)
        link_set_deadline(link, end_ms);
    if (link->state == HV_STATE_OPEN && !is_sending)
        link_send_queued(link);
}

static void link_want(struct hv_link *link, unsigned wants)
{
    if (wants & HV_WANT_START)
        link_dial_start(link);
    if (wants & HV_WANT_CLOSE)
        link_end(link, 0);
    if ((wants & HV_WANT_RESUME) && link_is_connected(link) && !link->receiving)
        link_receive(link);
    if ((wants & HV_WANT_SEND) && link->state == HV_STATE_OPEN && !link->flying.count)
        link_send_queued(link);
    if (wants & HV_WANT_FLUSH)
        link_flush(link);
    link_settle(link);
}

/* ---- completions ---- */

static void on_connected(struct hv_link *link, int code)
{
    if (link->state != HV_STATE_CONNECTING)
        return;
    /* cppcheck-suppress nullPointer */
    if (!code && setsockopt(link->socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0))
        code = WSAGetLastError();
    if (code) {
        link_end(link, code);
        return;
    }
    if (!link->flushing)
        link->deadline_ms = 0;
    link->base.peer.vm_known = hv_socket_peer(link->socket, &link->base.peer.vm);
    link_open(link, HV_NEWS_OPEN);
}

static void on_received(struct hv_link *link, int code, DWORD length)
{
    struct hv_hub *hub = link->end.hub;
    bool stop;

    if (!link_is_connected(link))
        return;
    if (code || !length) {
        link_end(link, code);
        return;
    }
    if (link->flushing) { /* nobody reads it any more */
        link_receive(link);
        return;
    }
    link->receiving->length = length;
    uv_mutex_lock(&hub->lock);
    hv_blocks_add(&link->received, link->receiving);
    link->receiving = NULL;
    stop = link->reading_stopped = link->received.count >= HV_HELD_MAX;
    hv_tell(&link->end, HV_NEWS, HV_NEWS_DATA);
    uv_mutex_unlock(&hub->lock);
    if (!stop)
        link_receive(link);
}

/* Counts what went out off the blocks in flight; it may be only a part of them. */
static void take_sent(struct hv_link *link, DWORD length)
{
    struct hv_hub *hub = link->end.hub;
    DWORD left = length;

    uv_mutex_lock(&hub->lock);
    while (link->flying.first) {
        struct hv_block *block = link->flying.first;
        DWORD rest = block->length - block->sent;

        if (left < rest) {
            block->sent += left;
            break;
        }
        left -= rest;
        hv_block_put(hub, hv_blocks_take(&link->flying));
    }
    link->queued_bytes -= length;
    if (link->wants_drain && link->queued_bytes <= LINK_SEND_LOW) {
        link->wants_drain = false;
        hv_tell(&link->end, HV_NEWS, HV_NEWS_DRAIN);
    }
    uv_mutex_unlock(&hub->lock);
}

static void on_sent(struct hv_link *link, int code, DWORD length)
{
    if (link->state != HV_STATE_OPEN)
        return;
    if (code) {
        link_end(link, code);
        return;
    }
    take_sent(link, length);
    link_send_queued(link);
}

static int result_of(SOCKET s, OVERLAPPED *overlapped, DWORD *ret_length)
{
    DWORD flags;

    if (s == INVALID_SOCKET)
        return WSA_OPERATION_ABORTED;
    return WSAGetOverlappedResult(s, overlapped, ret_length, FALSE, &flags) ? 0 : WSAGetLastError();
}

static void on_packet(OVERLAPPED *overlapped)
{
    struct hv_operation *operation = CONTAINING_RECORD(overlapped, struct hv_operation, overlapped);
    struct hv_accept *accept = operation->owner;
    struct hv_link *link = operation->owner;
    DWORD length = 0;
    int code;

    hv_count_completed();
    if (operation->kind == HV_ACCEPT) {
        hv_accept_done(accept, result_of(accept->listener->socket, overlapped, &length));
        return;
    }
    code = result_of(link->socket, overlapped, &length);
    link->pending--;
    if (operation->kind == HV_CONNECT)
        on_connected(link, code);
    else if (operation->kind == HV_RECEIVE)
        on_received(link, code, length);
    else
        on_sent(link, code, length);
    link_settle(link);
}

/* ---- the thread ---- */

/* True when the thread is to stop. */
static bool take_wants(struct hv_hub *hub)
{
    for (;;) {
        unsigned wants = 0;
        struct hv_end *end;
        bool is_done = false, stop;

        uv_mutex_lock(&hub->lock);
        end = hv_take(hub, HV_WANTS, &wants);
        if (end)
            is_done = end->done; /* then the loop may free it as soon as the lock is gone */
        stop = hub->stop;
        uv_mutex_unlock(&hub->lock);
        if (!end)
            return stop;
        if (is_done)
            continue;
        if (end->kind == HV_LISTENER)
            hv_listener_want(CONTAINING_RECORD(end, struct hv_listener, end), wants);
        else
            link_want(CONTAINING_RECORD(end, struct hv_link, end), wants);
    }
}

static void check_deadlines(struct hv_hub *hub)
{
    uint64_t now = now_ms();
    struct hv_link *link, *next;

    if (!hub->wake_ms || now < hub->wake_ms)
        return;
    hub->wake_ms = 0;
    for (link = hub->links; link; link = next) {
        next = link->next;
        if (link->deadline_ms && now >= link->deadline_ms)
            link_end(link, link->state == HV_STATE_CONNECTING ? WSAETIMEDOUT : 0);
        else if (link->deadline_ms)
            hv_wake_at(hub, link->deadline_ms);
        link_settle(link);
    }
    for (struct hv_listener *l = hub->listeners; l; l = l->next) {
        if (l->retry_ms && now >= l->retry_ms)
            hv_listener_retry(l);
        else if (l->retry_ms)
            hv_wake_at(hub, l->retry_ms);
    }
}

static DWORD wait_ms(const struct hv_hub *hub)
{
    uint64_t now = now_ms();

    if (!hub->wake_ms)
        return INFINITE;
    return hub->wake_ms > now ? (DWORD)(hub->wake_ms - now) : 0;
}

void hv_io_thread(void *argument)
{
    struct hv_hub *hub = argument;

    for (;;) {
        OVERLAPPED *overlapped = NULL;
        ULONG_PTR key;
        DWORD length;
        BOOL ok = GetQueuedCompletionStatus(hub->port, &length, &key, &overlapped, wait_ms(hub));

        if (overlapped)
            on_packet(overlapped);
        else if (ok && take_wants(hub))
            return;
        check_deadlines(hub);
    }
}
