/* Links over Hyper-V sockets, the side of the loop: what callers see. The sockets are in
 * link_hyperv_io_win32.c. */
#include "common/link_backend.h"
#include "common/link_hyperv_io_win32.h"

#include <stdlib.h>
#include <string.h>

static struct hv_link *from_base(const struct link *base)
{
    return (struct hv_link *)CONTAINING_RECORD(base, struct hv_link, base);
}

/* ---- sending ---- */

/* Takes as many blocks as length needs beyond room; false and none when memory runs out. Lock held.
 */
static bool
take_blocks(struct hv_hub *hub, size_t length, size_t room, struct hv_blocks *ret_blocks)
{
    size_t beyond = length > room ? length - room : 0;

    for (; beyond; beyond -= beyond < HV_BLOCK_BYTES ? beyond : HV_BLOCK_BYTES) {
        struct hv_block *block = hv_block_get(hub);

        if (!block) {
            hv_blocks_clear(hub, ret_blocks);
            return false;
        }
        hv_blocks_add(ret_blocks, block);
    }
    return true;
}

/* Copies data behind what is queued: small messages share a block. All or nothing. Lock held. */
static bool queue_bytes(struct hv_link *link, const uint8_t *data, size_t length)
{
    struct hv_block *block = link->queued.last;
    struct hv_blocks fresh = {NULL, NULL, 0};

    if (!take_blocks(link->end.hub, length, block ? HV_BLOCK_BYTES - block->length : 0, &fresh))
        return false;
    link->queued_bytes += length;
    while (length) {
        size_t part;

        if (!block || block->length == HV_BLOCK_BYTES) {
            block = hv_blocks_take(&fresh);
            hv_blocks_add(&link->queued, block);
        }
        part = HV_BLOCK_BYTES - block->length < length ? HV_BLOCK_BYTES - block->length : length;
        memcpy(block->data + block->length, data, part);
        block->length += (uint32_t)part;
        data += part;
        length -= part;
    }
    return true;
}

static enum link_sent on_send(struct link *base, const void *data, size_t length)
{
    struct hv_link *link = from_base(base);
    struct hv_hub *hub = link->end.hub;
    enum link_sent sent = LINK_REFUSED;

    if (link->closed)
        return LINK_REFUSED;
    uv_mutex_lock(&hub->lock);
    if (!link->ended && length <= LINK_SEND_HARD - link->queued_bytes &&
        queue_bytes(link, data, length)) {
        sent = LINK_SENT;
        if (!link->sending && length) {
            link->sending = true;
            hv_tell(&link->end, HV_WANTS, HV_WANT_SEND);
        }
        if (link->queued_bytes > LINK_SEND_HIGH) {
            link->wants_drain = true;
            sent = LINK_FULL;
        }
    }
    uv_mutex_unlock(&hub->lock);
    return sent;
}

static size_t on_queued(const struct link *base)
{
    struct hv_link *link = from_base(base);
    size_t bytes;

    uv_mutex_lock(&link->end.hub->lock);
    bytes = link->queued_bytes;
    uv_mutex_unlock(&link->end.hub->lock);
    return bytes;
}

/* ---- receiving ---- */

static struct hv_block *next_received(struct hv_link *link)
{
    struct hv_block *block;

    uv_mutex_lock(&link->end.hub->lock);
    block = hv_blocks_take(&link->received);
    uv_mutex_unlock(&link->end.hub->lock);
    return block;
}

static void give_back(struct hv_link *link, struct hv_block *block)
{
    struct hv_hub *hub = link->end.hub;

    uv_mutex_lock(&hub->lock);
    hv_block_put(hub, block);
    if (link->reading_stopped && link->received.count <= HV_HELD_LOW) {
        link->reading_stopped = false;
        hv_tell(&link->end, HV_WANTS, HV_WANT_RESUME);
    }
    uv_mutex_unlock(&hub->lock);
}

static void discard_received(struct hv_link *link)
{
    struct hv_block *block;

    while ((block = next_received(link)) != NULL)
        give_back(link, block);
}

/* Hands out what was read until the caller pauses or closes. True when nothing is left. */
static bool deliver(struct hv_link *link)
{
    bool is_empty;

    if (link->closed) {
        discard_received(link);
        return true;
    }
    for (int i = 0; i < HV_HELD_MAX; i++) {
        struct hv_block *block = link->paused ? NULL : next_received(link);

        if (!block)
            break;
        link->base.events->on_data(&link->base, block->data, block->length, link->base.user);
        give_back(link, block);
        if (link->closed) {
            discard_received(link);
            return true;
        }
    }
    uv_mutex_lock(&link->end.hub->lock);
    is_empty = !link->received.count;
    if (!is_empty && !link->paused) /* the loop's other handles have their turn first */
        hv_tell(&link->end, HV_NEWS, HV_NEWS_DATA);
    uv_mutex_unlock(&link->end.hub->lock);
    return is_empty;
}

static void on_pause(struct link *base, bool paused)
{
    struct hv_link *link = from_base(base);

    if (link->paused && !paused && !link->closed)
        hv_tell_locked(&link->end, HV_NEWS, HV_NEWS_DATA);
    link->paused = paused;
}

/* ---- closing ---- */

static void on_close(struct link *base, int64_t flush_ms)
{
    struct hv_link *link = from_base(base);
    struct hv_hub *hub = link->end.hub;

    if (link->closed && flush_ms > 0)
        return;
    link->closed = true;
    uv_mutex_lock(&hub->lock);
    link->flush_ms = flush_ms;
    hv_tell(&link->end, HV_WANTS, flush_ms > 0 ? HV_WANT_FLUSH : HV_WANT_CLOSE);
    hv_tell(&link->end, HV_NEWS, HV_NEWS_DATA); /* to discard what nobody reads any more */
    uv_mutex_unlock(&hub->lock);
}

static const struct link_ops ops = {
    .send = on_send,
    .queued = on_queued,
    .pause = on_pause,
    .close = on_close,
};

/* Takes an end out of the hub for good; the caller frees it. */
static void end_forget(struct hv_end *end)
{
    uv_mutex_lock(&end->hub->lock);
    hv_forget(end);
    uv_mutex_unlock(&end->hub->lock);
    end->hub->ends--;
}

static void link_finish(struct hv_link *link)
{
    struct err why = ERR_INIT;
    bool is_failure = link->code && !link->closed;

    link->closed = true;
    if (is_failure)
        hv_error(&why, link->code, link->base.peer.vm_known ? &link->base.peer.vm : &link->vm);
    if (link->base.events)
        link->base.events->on_close(&link->base, is_failure ? &why : NULL, link->base.user);
    end_forget(&link->end);
    free(link);
}

/* ---- news ---- */

static void link_accepted(struct hv_link *link)
{
    struct hv_listener *listener = link->listener;

    link->listener = NULL;
    link->base.ops = &ops;
    link->end.hub->ends++;
    if (!listener->closed)
        listener->base.events->on_accept(&link->base, listener->base.user);
    if (!link->base.events)
        on_close(&link->base, 0); /* not wanted */
}

static void on_link_news(struct hv_link *link, unsigned news)
{
    bool is_empty;

    if (news & HV_NEWS_ACCEPTED)
        link_accepted(link);
    if ((news & HV_NEWS_OPEN) && !link->closed && link->base.events->on_open)
        link->base.events->on_open(&link->base, link->base.user);
    is_empty = deliver(link);
    if ((news & HV_NEWS_DRAIN) && !link->closed && link->base.events->on_drain)
        link->base.events->on_drain(&link->base, link->base.user);
    if (news & HV_NEWS_DONE)
        link->seen_done = true;
    if (link->seen_done && (is_empty || link->closed))
        link_finish(link);
}

static void on_listener_news(struct hv_listener *listener, unsigned news)
{
    struct err err = ERR_INIT;

    if ((news & HV_NEWS_ERROR) && !listener->closed && listener->base.events->on_error) {
        uv_mutex_lock(&listener->end.hub->lock);
        hv_error(&err, listener->accept_code, NULL);
        uv_mutex_unlock(&listener->end.hub->lock);
        listener->base.events->on_error(&err, listener->base.user);
    }
    if (!(news & HV_NEWS_DONE))
        return;
    if (listener->base.events->on_closed)
        listener->base.events->on_closed(listener->base.user);
    end_forget(&listener->end);
    free(listener);
}

static void on_news(struct hv_end *end, unsigned news)
{
    if (end->kind == HV_LISTENER)
        on_listener_news(CONTAINING_RECORD(end, struct hv_listener, end), news);
    else
        on_link_news(CONTAINING_RECORD(end, struct hv_link, end), news);
}

static void on_listener_close(struct link_listener *base)
{
    struct hv_listener *listener = CONTAINING_RECORD(base, struct hv_listener, base);

    listener->closed = true;
    hv_tell_locked(&listener->end, HV_WANTS, HV_WANT_CLOSE);
}

static const struct link_listener_ops listener_ops = {
    .close = on_listener_close,
};

/* ---- beginning ---- */

/* A listener whose socket listens already. None of the calls blocks, so the loop may make them. */
static struct hv_listener *listener_new(const struct link_address *address, struct err *err)
{
    struct hv_listener *listener = calloc(1, sizeof *listener);
    int code;

    if (!listener) {
        err_no_memory(err);
        return NULL;
    }
    code = hv_socket_listen(
        &address->vm, &address->service, &listener->socket, &listener->base.wildcard);
    if (code) {
        hv_error(err, code, &address->service);
        free(listener);
        return NULL;
    }
    listener->base.ops = &listener_ops;
    listener->end.kind = HV_LISTENER;
    return listener;
}

bool link_hyperv_listen(struct uv_loop_s *loop,
                        const struct link_address *address,
                        const struct link_listen_events *events,
                        void *user,
                        struct link_listener **ret_listener,
                        struct err *err)
{
    struct hv_listener *listener = NULL;
    struct hv_hub *hub = NULL;

    if (!hv_hub_get(loop, on_news, &hub, err))
        return false;
    listener = listener_new(address, err);
    if (listener && !CreateIoCompletionPort((HANDLE)listener->socket, hub->port, 0, 0)) {
        closesocket(listener->socket);
        free(listener);
        listener = NULL;
        err_no_memory(err);
    }
    if (!listener) {
        hv_hub_release(hub);
        return false;
    }
    listener->base.events = events;
    listener->base.user = user;
    listener->end.hub = hub;
    hub->ends++;
    hv_tell_locked(&listener->end, HV_WANTS, HV_WANT_START);
    *ret_listener = &listener->base;
    return true;
}

bool link_hyperv_dial(struct uv_loop_s *loop,
                      const struct link_address *address,
                      int64_t timeout_ms,
                      const struct link_events *events,
                      void *user,
                      struct link **ret_link,
                      struct err *err)
{
    struct hv_link *link = NULL;
    struct hv_hub *hub = NULL;

    if (!hv_hub_get(loop, on_news, &hub, err))
        return false;
    link = hv_link_new(hub);
    if (!link) {
        hv_hub_release(hub);
        return err_no_memory(err);
    }
    link->base.ops = &ops;
    link->base.events = events;
    link->base.user = user;
    link->vm = address->vm;
    link->service = address->service;
    link->timeout_ms = timeout_ms > 0 ? timeout_ms : 1;
    hub->ends++;
    hv_tell_locked(&link->end, HV_WANTS, HV_WANT_START);
    *ret_link = &link->base;
    return true;
}
