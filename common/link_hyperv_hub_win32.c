/* The hub: its life, the two queues between its threads, and the pool of blocks. */
#include "common/link_hyperv_io_win32.h"

#include <stdlib.h>
#include <string.h>

#include "common/link_hyperv.h"

enum { NEWS_A_TURN = 64 }; /* then the loop's other handles have theirs */

static SRWLOCK hubs_lock = SRWLOCK_INIT;
static struct hv_hub *hubs; /* of all loops */

static struct {
    volatile LONG64 posted, completed, blocks;
} totals;

void link_hyperv_totals(struct link_hyperv_totals *ret_totals)
{
    ret_totals->operations = (uint64_t)InterlockedAdd64(&totals.posted, 0);
    ret_totals->completions = (uint64_t)InterlockedAdd64(&totals.completed, 0);
    ret_totals->blocks = (uint64_t)InterlockedAdd64(&totals.blocks, 0);
}

void hv_count_posted(void)
{
    InterlockedIncrement64(&totals.posted);
}

void hv_count_completed(void)
{
    InterlockedIncrement64(&totals.completed);
}

/* ---- blocks ---- */

struct hv_block *hv_block_get(struct hv_hub *hub)
{
    struct hv_block *block = hub->pool;

    if (block) {
        hub->pool = block->next;
        hub->pooled--;
    } else {
        block = malloc(sizeof *block);
        if (!block)
            return NULL;
        InterlockedIncrement64(&totals.blocks);
    }
    block->next = NULL;
    block->sent = block->length = 0;
    return block;
}

static void block_free(struct hv_block *block)
{
    free(block);
    InterlockedDecrement64(&totals.blocks);
}

void hv_block_put(struct hv_hub *hub, struct hv_block *block)
{
    if (!block)
        return;
    if (hub->pooled >= HV_POOL_MAX) {
        block_free(block);
        return;
    }
    block->next = hub->pool;
    hub->pool = block;
    hub->pooled++;
}

void hv_blocks_add(struct hv_blocks *list, struct hv_block *block)
{
    block->next = NULL;
    if (list->last)
        list->last->next = block;
    else
        list->first = block;
    list->last = block;
    list->count++;
}

struct hv_block *hv_blocks_take(struct hv_blocks *list)
{
    struct hv_block *block = list->first;

    if (!block)
        return NULL;
    list->first = block->next;
    if (!list->first)
        list->last = NULL;
    list->count--;
    block->next = NULL;
    return block;
}

void hv_blocks_clear(struct hv_hub *hub, struct hv_blocks *list)
{
    struct hv_block *block;

    while ((block = hv_blocks_take(list)) != NULL)
        hv_block_put(hub, block);
}

/* ---- queues ---- */

/* When the system cannot be asked to wake the thread, the next call tries again. */
static void wake(struct hv_hub *hub, enum hv_queue queue)
{
    if (hub->queue[queue].woken)
        return;
    hub->queue[queue].woken = queue == HV_WANTS
                                  ? PostQueuedCompletionStatus(hub->port, 0, 0, NULL) != 0
                                  : uv_async_send(&hub->async) == 0;
}

static void forget_in(struct hv_end *end, enum hv_queue queue)
{
    struct hv_end *before = NULL, *at = end->hub->queue[queue].first;

    if (!end->queue[queue].waiting)
        return;
    while (at != end) {
        before = at;
        at = at->queue[queue].next;
    }
    if (before)
        before->queue[queue].next = end->queue[queue].next;
    else
        end->hub->queue[queue].first = end->queue[queue].next;
    if (end->hub->queue[queue].last == end)
        end->hub->queue[queue].last = before;
    end->queue[queue].waiting = false;
}

void hv_tell(struct hv_end *end, enum hv_queue queue, unsigned flags)
{
    struct hv_hub *hub = end->hub;

    if (end->done && queue == HV_WANTS)
        return;
    /* The end of a listener comes after the links it accepted, which still point to it. */
    if (queue == HV_NEWS && (flags & HV_NEWS_DONE))
        forget_in(end, queue);
    end->queue[queue].flags |= flags;
    if (!end->queue[queue].waiting) {
        end->queue[queue].waiting = true;
        end->queue[queue].next = NULL;
        if (hub->queue[queue].last)
            hub->queue[queue].last->queue[queue].next = end;
        else
            hub->queue[queue].first = end;
        hub->queue[queue].last = end;
    }
    wake(hub, queue);
}

void hv_tell_locked(struct hv_end *end, enum hv_queue queue, unsigned flags)
{
    uv_mutex_lock(&end->hub->lock);
    hv_tell(end, queue, flags);
    uv_mutex_unlock(&end->hub->lock);
}

struct hv_end *hv_take(struct hv_hub *hub, enum hv_queue queue, unsigned *ret_flags)
{
    struct hv_end *end = hub->queue[queue].first;

    if (!end) {
        hub->queue[queue].woken = false;
        return NULL;
    }
    hub->queue[queue].first = end->queue[queue].next;
    if (!hub->queue[queue].first)
        hub->queue[queue].last = NULL;
    *ret_flags = end->queue[queue].flags;
    end->queue[queue].flags = 0;
    end->queue[queue].waiting = false;
    return end;
}

void hv_forget(struct hv_end *end)
{
    forget_in(end, HV_WANTS);
    forget_in(end, HV_NEWS);
}

/* ---- life ---- */

struct hv_link *hv_link_new(struct hv_hub *hub)
{
    struct hv_link *link = calloc(1, sizeof *link);

    if (!link)
        return NULL;
    link->end.hub = hub;
    link->end.kind = HV_LINK;
    link->base.peer.kind = LINK_HYPERV;
    link->socket = INVALID_SOCKET;
    link->sending = true;
    link->connect.kind = HV_CONNECT;
    link->receive.kind = HV_RECEIVE;
    link->send.kind = HV_SEND;
    link->connect.owner = link->receive.owner = link->send.owner = link;
    return link;
}

static void hub_free(struct hv_hub *hub)
{
    struct hv_block *block;

    while ((block = hub->pool) != NULL) {
        hub->pool = block->next;
        block_free(block);
    }
    if (hub->port)
        CloseHandle(hub->port);
    uv_mutex_destroy(&hub->lock);
    free(hub);
}

static void on_async_closed(uv_handle_t *handle)
{
    hub_free(handle->data);
}

static void on_async(uv_async_t *async)
{
    struct hv_hub *hub = async->data;

    for (int i = 0; i < NEWS_A_TURN; i++) {
        unsigned news = 0;
        struct hv_end *end;

        uv_mutex_lock(&hub->lock);
        end = hv_take(hub, HV_NEWS, &news);
        uv_mutex_unlock(&hub->lock);
        if (!end) {
            hv_hub_release(hub);
            return;
        }
        hub->on_news(end, news);
    }
    uv_async_send(async);
}

/* Makes a hub with its thread running. After uv_async_init only on_async_closed may free it. */
static bool hub_new(uv_loop_t *loop, struct hv_hub **ret_hub, struct err *err)
{
    struct hv_hub *hub = calloc(1, sizeof *hub);
    int code;

    if (!hub || uv_mutex_init(&hub->lock)) {
        free(hub);
        return err_no_memory(err);
    }
    hub->loop = loop;
    code = hv_socket_extensions(&hub->connect_ex, &hub->accept_ex);
    if (code) {
        hub_free(hub);
        return hv_error(err, code, NULL);
    }
    hub->port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    if (!hub->port || uv_async_init(loop, &hub->async, on_async)) {
        hub_free(hub);
        return err_no_memory(err);
    }
    hub->async.data = hub;
    if (uv_thread_create(&hub->thread, hv_io_thread, hub)) {
        uv_close((uv_handle_t *)&hub->async, on_async_closed);
        return err_no_memory(err);
    }
    *ret_hub = hub;
    return true;
}

bool hv_hub_get(uv_loop_t *loop,
                void (*on_news)(struct hv_end *end, unsigned news),
                struct hv_hub **ret_hub,
                struct err *err)
{
    struct hv_hub *hub;

    AcquireSRWLockShared(&hubs_lock);
    for (hub = hubs; hub && hub->loop != loop; hub = hub->next)
        ;
    ReleaseSRWLockShared(&hubs_lock);
    if (!hub) {
        if (!hub_new(loop, &hub, err))
            return false;
        hub->on_news = on_news;
        AcquireSRWLockExclusive(&hubs_lock);
        hub->next = hubs;
        hubs = hub;
        ReleaseSRWLockExclusive(&hubs_lock);
    }
    *ret_hub = hub;
    return true;
}

void hv_hub_release(struct hv_hub *hub)
{
    struct hv_hub **at = &hubs;

    if (hub->ends || uv_is_closing((uv_handle_t *)&hub->async))
        return;
    AcquireSRWLockExclusive(&hubs_lock);
    while (*at != hub)
        at = &(*at)->next;
    *at = hub->next;
    ReleaseSRWLockExclusive(&hubs_lock);
    uv_mutex_lock(&hub->lock);
    hub->stop = true;
    for (wake(hub, HV_WANTS); !hub->queue[HV_WANTS].woken; wake(hub, HV_WANTS))
        Sleep(1);
    uv_mutex_unlock(&hub->lock);
    uv_thread_join(&hub->thread); /* nothing is pending any more, so this takes no time */
    uv_close((uv_handle_t *)&hub->async, on_async_closed);
}
