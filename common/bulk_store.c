/*
 * The receiving side's connections: strangers until a valid tag admits one, bytes into chunks, and
 * the time that all this may take.
 */
#include "common/bulk_inside.h"

#include "common/secure.h"

#include <stdlib.h>
#include <string.h>

#define ADMIT_MS 5000 /* from the connection to the first valid tag */
#define TICK_MS  1000

static void take_bytes(struct bulk_conn *conn, const uint8_t *data, size_t length);

/* ---- the end of things ---- */

static void store_free_if_done(struct bulk_store *store)
{
    if (!store->closing || !store->timer_closed || store->transfers || store->conns)
        return;
    if (store->on_closed)
        store->on_closed(store->user);
    free(store);
}

static void conn_free(struct bulk_conn *conn)
{
    struct bulk_store *store = conn->store;
    struct bulk_conn **at = &store->conns;

    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    free(conn->chunk);
    buf_done(&conn->held);
    free(conn);
}

void bulk_conn_close(struct bulk_conn *conn, int64_t flush_ms)
{
    conn->closing = true;
    if (conn->link)
        link_close(conn->link, flush_ms);
}

static struct bulk_running *find_ended(const struct bulk_store *store)
{
    struct bulk_running *transfer = store->transfers;

    while (transfer && !(transfer->ending && transfer->jobs == 0))
        transfer = transfer->next;
    return transfer;
}

void bulk_store_sweep(struct bulk_store *store)
{
    struct bulk_running *ended;

    while ((ended = find_ended(store)) != NULL)
        bulk_running_free(ended);
    if (!store->transfers && !store->conns && !store->closing)
        uv_timer_stop(&store->timer);
    store_free_if_done(store);
}

/* ---- the window ---- */

static void update_pause(struct bulk_conn *conn)
{
    bool paused = conn->admitting || (conn->transfer && conn->transfer->in_flight > BULK_WINDOW);

    if (!conn->link || paused == conn->paused)
        return;
    conn->paused = paused;
    link_pause(conn->link, paused);
}

void bulk_conn_resume(struct bulk_conn *conn)
{
    struct buf held = conn->held;

    update_pause(conn);
    if (conn->paused || !conn->link || held.len == 0)
        return;
    buf_init(&conn->held, held.max);
    take_bytes(conn, held.data, held.len);
    buf_done(&held);
}

/* ---- admission ---- */

static void work_admit(uv_work_t *work)
{
    struct bulk_piece *chunk = work->data;

    chunk->ok = bulk_piece_is_right(chunk);
}

static void on_verified(uv_work_t *work, int status)
{
    struct bulk_piece *chunk = work->data;
    struct bulk_running *transfer = chunk->transfer;
    struct bulk_conn *conn = chunk->conn;
    struct bulk_store *store = conn->store;
    bool welcome = chunk->ok && status == 0 && conn->link && !transfer->ending && !transfer->conn;

    transfer->jobs--;
    conn->admitting = false;
    if (welcome) {
        conn->transfer = transfer;
        transfer->conn = conn;
        chunk->verified = true;
        bulk_running_accept(transfer, chunk);
        bulk_conn_resume(conn);
    } else {
        free(chunk);
        if (conn->link)
            bulk_conn_close(conn, 0);
        else
            conn_free(conn);
    }
    bulk_store_sweep(store);
}

static void admit(struct bulk_conn *conn, struct bulk_piece *chunk)
{
    conn->admitting = true;
    chunk->conn = conn;
    chunk->transfer->jobs++;
    chunk->work.data = chunk;
    if (uv_queue_work(conn->store->loop, &chunk->work, work_admit, on_verified) == 0) {
        update_pause(conn);
        return;
    }
    conn->admitting = false;
    chunk->transfer->jobs--;
    free(chunk);
    bulk_conn_close(conn, 0);
}

/* ---- bytes into chunks ---- */

static struct bulk_running *transfer_find(const struct bulk_store *store, const uint8_t *id)
{
    struct bulk_running *found = NULL;

    for (struct bulk_running *t = store->transfers; t; t = t->next) {
        if (bulk_same_bytes(t->id, id, BULK_TRANSFER_BYTES) && !t->ending)
            found = t;
    }
    return found;
}

/* The header is complete: finds its transfer and makes room for the rest. */
static bool chunk_begin(struct bulk_conn *conn)
{
    struct bulk_header header;
    struct bulk_running *transfer;

    if (!bulk_header_read(BULK_TO_GUEST, conn->header, &header, NULL))
        return false;
    transfer = transfer_find(conn->store, header.transfer);
    if (!transfer || (conn->transfer && conn->transfer != transfer) ||
        (!conn->transfer && transfer->conn))
        return false;
    conn->chunk = bulk_piece_new(transfer, header.length);
    if (!conn->chunk)
        return false;
    conn->chunk->header = header;
    memcpy(conn->chunk->bytes, conn->header, BULK_HEADER_BYTES);
    return true;
}

static void conn_fail(struct bulk_conn *conn)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "header", NULL);
    if (conn->transfer)
        bulk_running_end(conn->transfer, &err);
    bulk_conn_close(conn, 0);
}

static void chunk_end(struct bulk_conn *conn)
{
    struct bulk_piece *chunk = conn->chunk;

    conn->chunk = NULL;
    conn->filled = 0;
    /* the transfer of a stranger may have ended while the chunk came */
    if (!conn->transfer && transfer_find(conn->store, chunk->header.transfer) != chunk->transfer) {
        free(chunk);
        bulk_conn_close(conn, 0);
    } else if (conn->transfer) {
        bulk_running_accept(conn->transfer, chunk);
    } else {
        admit(conn, chunk);
    }
}

/* Copies bytes to the place where they belong; returns how many it took, 0 when all is lost. */
static size_t fill(struct bulk_conn *conn, const uint8_t *data, size_t length)
{
    size_t want = BULK_HEADER_BYTES, n;

    if (conn->chunk)
        want += conn->chunk->header.length + BULK_TAG_BYTES;
    n = want - conn->filled < length ? want - conn->filled : length;
    memcpy((conn->chunk ? conn->chunk->bytes : conn->header) + conn->filled, data, n);
    conn->filled += n;
    if (!conn->chunk && conn->filled == BULK_HEADER_BYTES && !chunk_begin(conn)) {
        conn_fail(conn);
        return 0;
    }
    if (conn->chunk &&
        conn->filled == BULK_HEADER_BYTES + conn->chunk->header.length + BULK_TAG_BYTES)
        chunk_end(conn);
    return n;
}

static void take_bytes(struct bulk_conn *conn, const uint8_t *data, size_t length)
{
    while (length > 0) {
        size_t n;

        update_pause(conn);
        if (conn->paused) {
            if (!buf_put(&conn->held, data, length))
                conn_fail(conn);
            return;
        }
        n = fill(conn, data, length);
        if (n == 0)
            return;
        data += n;
        length -= n;
    }
    update_pause(conn);
}

/* ---- time ---- */

static void check_transfers(struct bulk_store *store, int64_t now)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_TIMEOUT, TEXT_BULK_STALLED, TEXT_NUM(BULK_IDLE_MS / 1000), NULL);
    for (struct bulk_running *t = store->transfers; t; t = t->next) {
        if (t->jobs == 0 && now - t->moved_ms >= BULK_IDLE_MS)
            bulk_running_end(t, &err);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct bulk_store *store = timer->data;
    int64_t now = (int64_t)uv_now(store->loop);

    for (struct bulk_conn *c = store->conns; c; c = c->next) {
        if (!c->transfer && now - c->since_ms >= ADMIT_MS)
            bulk_conn_close(c, 0);
    }
    check_transfers(store, now);
    bulk_store_sweep(store);
}

void bulk_store_watch_time(struct bulk_store *store)
{
    if (!uv_is_active((uv_handle_t *)&store->timer))
        uv_timer_start(&store->timer, on_tick, TICK_MS, TICK_MS);
}

/* ---- connections ---- */

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct bulk_conn *conn = user;

    (void)link;
    if (conn->held.len > 0 || conn->paused) {
        if (!buf_put(&conn->held, data, length))
            conn_fail(conn);
    } else {
        take_bytes(conn, data, length);
    }
    bulk_store_sweep(conn->store);
}

static void on_drain(struct link *link, void *user)
{
    (void)link;
    (void)user;
}

static void on_close(struct link *link, const struct err *why, void *user)
{
    struct bulk_conn *conn = user;
    struct bulk_store *store = conn->store;
    struct err cut = ERR_INIT;

    (void)link;
    err_set(&cut, ERR_CLOSED, TEXT_SESSION_CUT, NULL);
    conn->link = NULL;
    if (conn->transfer)
        bulk_running_end(conn->transfer, why ? why : &cut);
    if (!conn->admitting)
        conn_free(conn);
    bulk_store_sweep(store);
}

static const struct link_events link_events = {
    .on_data = on_data, .on_drain = on_drain, .on_close = on_close};

static void turn_away(struct link *link, const struct err *why, void *user)
{
    (void)link;
    (void)why;
    (void)user;
}

static void ignore_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    (void)link;
    (void)data;
    (void)length;
    (void)user;
}

static const struct link_events no_events = {
    .on_data = ignore_data, .on_drain = on_drain, .on_close = turn_away};

/* Closes the oldest connection without a valid tag when there are too many. */
static void bound_strangers(struct bulk_store *store)
{
    struct bulk_conn *oldest = NULL;
    size_t count = 0;

    for (struct bulk_conn *c = store->conns; c; c = c->next) {
        if (c->transfer || c->closing)
            continue;
        count++;
        oldest = c; /* new ones are put in front */
    }
    if (count > BULK_STRANGERS)
        bulk_conn_close(oldest, 0);
}

void bulk_store_adopt(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct bulk_store *store = user;
    struct bulk_conn *conn = store->closing ? NULL : calloc(1, sizeof *conn);

    if (!conn) {
        link_attach(link, &no_events, NULL);
        link_close(link, 0);
        return;
    }
    conn->store = store;
    conn->link = link;
    conn->since_ms = (int64_t)uv_now(store->loop);
    conn->next = store->conns;
    store->conns = conn;
    buf_init(&conn->held, 2 * BULK_WINDOW);
    link_attach(link, &link_events, conn);
    bound_strangers(store);
    bulk_store_watch_time(store);
    take_bytes(conn, data, length);
    bulk_store_sweep(store);
}

/* ---- offers ---- */

bool bulk_store_offer(struct bulk_store *store,
                      const struct bulk_transfer *wanted,
                      struct bulk_offer *ret_offer,
                      struct err *err)
{
    struct bulk_offer offer = {.count = wanted->files->count, .window_bytes = BULK_WINDOW};
    struct bulk_running *transfer = NULL;

    if (store->closing || store->transfer_count >= BULK_TRANSFERS)
        return err_set(err, ERR_BUSY, TEXT_BULK_TOO_MANY, NULL);
    offer.have = calloc(offer.count + 1, sizeof *offer.have);
    if (!offer.have)
        return err_no_memory(err);
    memcpy(offer.have, wanted->have, offer.count * sizeof *offer.have);
    if (!bulk_offer_is_complete(&offer)) {
        if (!bulk_running_new(store, wanted, &transfer, err)) {
            bulk_offer_done(&offer);
            return false;
        }
        memcpy(offer.transfer, transfer->id, sizeof offer.transfer);
        memcpy(offer.key, transfer->key, sizeof offer.key);
    }
    *ret_offer = offer;
    return true;
}

void bulk_store_cancel(struct bulk_store *store, const uint8_t id[BULK_TRANSFER_BYTES])
{
    struct bulk_running *transfer = transfer_find(store, id);
    struct err err = ERR_INIT;

    if (!transfer)
        return;
    err_set(&err, ERR_CANCELLED, TEXT_BULK_INCOMPLETE, NULL);
    bulk_running_end(transfer, &err);
    bulk_store_sweep(store);
}

/* ---- the store ---- */

bool bulk_store_new(uv_loop_t *loop, struct bulk_store **ret_store, struct err *err)
{
    struct bulk_store *store = calloc(1, sizeof *store);

    if (!store)
        return err_no_memory(err);
    store->loop = loop;
    uv_timer_init(loop, &store->timer);
    store->timer.data = store;
    *ret_store = store;
    return true;
}

size_t bulk_store_connections(const struct bulk_store *store)
{
    size_t count = 0;

    for (const struct bulk_conn *c = store->conns; c; c = c->next)
        count++;
    return count;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct bulk_store *store = handle->data;

    store->timer_closed = true;
    bulk_store_sweep(store);
}

void bulk_store_close(struct bulk_store *store, void (*on_closed)(void *user), void *user)
{
    struct err err = ERR_INIT;

    store->closing = true;
    store->on_closed = on_closed;
    store->user = user;
    err_set(&err, ERR_CANCELLED, TEXT_BULK_INCOMPLETE, NULL);
    for (struct bulk_running *t = store->transfers; t; t = t->next)
        bulk_running_end(t, &err);
    for (struct bulk_conn *c = store->conns; c; c = c->next)
        bulk_conn_close(c, 0);
    uv_close((uv_handle_t *)&store->timer, on_timer_closed);
    bulk_store_sweep(store);
}
