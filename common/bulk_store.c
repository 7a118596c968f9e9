/*
 * The receiving side: connections of strangers until a valid tag admits one, then chunks that the
 * pool verifies and writes side by side, while the loop keeps their order and the window.
 */
#include "common/bulk_stage.h"
#include "common/bulk_chunk.h"
#include "common/secure.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define ADMIT_MS     5000 /* from the connection to the first valid tag */
#define TICK_MS      1000
#define ACK_BYTES    (BULK_WINDOW / 8)
#define ACK_FLUSH_MS 1000

struct file {
    uint64_t next; /* offset of the next chunk */
    unsigned jobs;
    bool complete;
    struct fs_file *handle; /* opened by the first job, under the transfer's lock */
};

struct conn;

struct transfer {
    struct bulk_store *store;
    struct transfer *next;
    uint8_t id[BULK_TRANSFER_BYTES], key[BULK_KEY_BYTES];
    char *folder;
    const struct manifest *manifest;
    struct file *files;
    size_t complete_count;
    uv_mutex_t lock; /* of handles and last_folder, while jobs run */
    char last_folder[FS_PATH_BYTES];
    uint64_t counter, ack_counter; /* the next ones */
    uint64_t taken, acked;         /* bytes */
    size_t in_flight;              /* bytes of jobs */
    unsigned jobs;
    struct conn *conn; /* the admitted one */
    int64_t moved_ms;  /* last progress */
    bool ending;
    struct err why;
    void (*on_progress)(uint64_t taken_bytes, void *user);
    void (*on_done)(const struct err *why, void *user);
    void *user;
};

/* One chunk on its way through the pool. */
struct chunk {
    uv_work_t work;
    struct conn *conn; /* while it waits for its admission */
    struct transfer *transfer;
    struct bulk_header header;
    bool verified, finish, ok, finished;
    struct err err;
    uint8_t bytes[]; /* header, data, tag */
};

struct conn {
    struct bulk_store *store;
    struct conn *next;
    struct link *link;         /* NULL: closed */
    struct transfer *transfer; /* NULL: not admitted */
    struct chunk *chunk;       /* being filled */
    size_t filled;
    uint8_t header[BULK_HEADER_BYTES];
    struct buf held; /* came while the first tag was checked, or beyond the window */
    bool admitting, paused, closing;
    int64_t since_ms;
};

struct bulk_store {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct transfer *transfers;
    struct conn *conns;
    size_t transfer_count;
    bool closing, timer_closed;
    void (*on_closed)(void *user);
    void *user;
};

static void take_bytes(struct conn *conn, const uint8_t *data, size_t length);

/* ---- the end of things ---- */

static void store_free_if_done(struct bulk_store *store)
{
    if (!store->closing || !store->timer_closed || store->transfers || store->conns)
        return;
    if (store->on_closed)
        store->on_closed(store->user);
    free(store);
}

static void conn_free(struct conn *conn)
{
    struct bulk_store *store = conn->store;
    struct conn **at = &store->conns;

    while (*at != conn)
        at = &(*at)->next;
    *at = conn->next;
    free(conn->chunk);
    buf_done(&conn->held);
    free(conn);
}

static void conn_close(struct conn *conn, int64_t flush_ms)
{
    conn->closing = true;
    if (conn->link)
        link_close(conn->link, flush_ms);
}

static void transfer_free(struct transfer *transfer)
{
    struct bulk_store *store = transfer->store;
    struct transfer **at = &store->transfers;

    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
    store->transfer_count--;
    for (size_t i = 0; i < transfer->manifest->count; i++)
        fs_file_close(transfer->files[i].handle);
    transfer->on_done(err_is_set(&transfer->why) ? &transfer->why : NULL, transfer->user);
    uv_mutex_destroy(&transfer->lock);
    secure_wipe(transfer->key, sizeof transfer->key);
    free(transfer->files);
    free(transfer->folder);
    free(transfer);
}

static void transfer_end(struct transfer *transfer, const struct err *why)
{
    if (transfer->ending)
        return;
    transfer->ending = true;
    if (why)
        transfer->why = *why;
    if (transfer->conn) {
        transfer->conn->transfer = NULL;
        conn_close(transfer->conn, ACK_FLUSH_MS);
        transfer->conn = NULL;
    }
}

static struct transfer *find_ended(const struct bulk_store *store)
{
    struct transfer *transfer = store->transfers;

    while (transfer && !(transfer->ending && transfer->jobs == 0))
        transfer = transfer->next;
    return transfer;
}

/* The last thing that every callback does: frees what has ended and is not with the pool any more.
 * The store itself may be gone after it. */
static void sweep(struct bulk_store *store)
{
    struct transfer *ended;

    while ((ended = find_ended(store)) != NULL)
        transfer_free(ended);
    if (!store->transfers && !store->conns && !store->closing)
        uv_timer_stop(&store->timer);
    store_free_if_done(store);
}

/* ---- acknowledgements ---- */

static void send_ack(struct transfer *transfer, enum bulk_status status, uint32_t file)
{
    struct bulk_header header = {.counter = transfer->ack_counter++,
                                 .file = file,
                                 .status = status,
                                 .offset = transfer->taken};
    uint8_t bytes[BULK_ACK_BYTES];

    if (!transfer->conn || !transfer->conn->link)
        return;
    memcpy(header.transfer, transfer->id, sizeof header.transfer);
    bulk_header_write(BULK_TO_HOST, &header, bytes);
    if (bulk_tag_make(transfer->key, BULK_TO_HOST, bytes, NULL, 0, bytes + BULK_HEADER_BYTES))
        link_send(transfer->conn->link, bytes, sizeof bytes);
    transfer->acked = transfer->taken;
}

static void file_failed(struct transfer *transfer, uint32_t file, const struct err *why)
{
    send_ack(transfer, BULK_FILE_FAILED, file);
    transfer_end(transfer, why);
}

static void file_completed(struct transfer *transfer, uint32_t file)
{
    transfer->files[file].complete = true;
    transfer->complete_count++;
    if (transfer->complete_count < transfer->manifest->count)
        return;
    send_ack(transfer, BULK_ALL_COMPLETE, file);
    transfer_end(transfer, NULL);
}

/* ---- the pool's part: verify, write, finish ---- */

static bool open_handle(struct transfer *transfer, uint32_t index, struct err *err)
{
    struct file *file = &transfer->files[index];
    bool ok = true;

    uv_mutex_lock(&transfer->lock);
    if (!file->handle)
        ok = bulk_stage_open(
            transfer->folder, transfer->manifest, index, transfer->last_folder, &file->handle, err);
    uv_mutex_unlock(&transfer->lock);
    return ok;
}

static bool chunk_verify(struct chunk *chunk)
{
    const uint8_t *data = chunk->bytes + BULK_HEADER_BYTES;

    if (bulk_tag_is_right(chunk->transfer->key,
                          BULK_TO_GUEST,
                          chunk->bytes,
                          data,
                          chunk->header.length,
                          data + chunk->header.length))
        return true;
    return err_set(&chunk->err, ERR_AUTH, TEXT_BULK_TAG, NULL);
}

static bool is_whole_file(const struct chunk *chunk)
{
    return chunk->header.offset == 0 &&
           chunk->header.length ==
               chunk->transfer->manifest->entries[chunk->header.file].size_bytes;
}

static bool finish(struct chunk *chunk, const uint8_t *data)
{
    struct transfer *transfer = chunk->transfer;
    struct fs_file *handle = transfer->files[chunk->header.file].handle;

    transfer->files[chunk->header.file].handle = NULL;
    chunk->finished = true;
    return bulk_stage_finish(
        transfer->folder, transfer->manifest, chunk->header.file, handle, data, &chunk->err);
}

static bool store_chunk(struct chunk *chunk)
{
    const uint8_t *data = chunk->bytes + BULK_HEADER_BYTES;
    const struct bulk_header *header = &chunk->header;

    if (!open_handle(chunk->transfer, header->file, &chunk->err))
        return false;
    if (header->length > 0 && !fs_file_write(chunk->transfer->files[header->file].handle,
                                             header->offset,
                                             data,
                                             header->length,
                                             &chunk->err))
        return false;
    return !is_whole_file(chunk) || finish(chunk, data);
}

static void work_admit(uv_work_t *work)
{
    struct chunk *chunk = work->data;

    chunk->ok = chunk_verify(chunk);
}

static void work_store(uv_work_t *work)
{
    struct chunk *chunk = work->data;

    if (chunk->finish)
        chunk->ok = finish(chunk, NULL);
    else
        chunk->ok = (chunk->verified || chunk_verify(chunk)) && store_chunk(chunk);
}

/* ---- the loop's part: order, window, what follows ---- */

static void update_pause(struct conn *conn)
{
    bool paused = conn->admitting || (conn->transfer && conn->transfer->in_flight > BULK_WINDOW);

    if (!conn->link || paused == conn->paused)
        return;
    conn->paused = paused;
    link_pause(conn->link, paused);
}

/* Reads on with what was held back. */
static void resume(struct conn *conn)
{
    struct buf held = conn->held;

    update_pause(conn);
    if (conn->paused || !conn->link || held.len == 0)
        return;
    buf_init(&conn->held, held.max);
    take_bytes(conn, held.data, held.len);
    buf_done(&held);
}

static void on_stored(uv_work_t *work, int status);

/* Queues work; when even that fails the transfer does. */
static void queue(struct chunk *chunk)
{
    struct transfer *transfer = chunk->transfer;
    struct err err = ERR_INIT;
    int status;

    transfer->files[chunk->header.file].jobs++;
    transfer->jobs++;
    transfer->in_flight += chunk->header.length;
    chunk->work.data = chunk;
    status = uv_queue_work(transfer->store->loop, &chunk->work, work_store, on_stored);
    if (status == 0)
        return;
    transfer->files[chunk->header.file].jobs--;
    transfer->jobs--;
    transfer->in_flight -= chunk->header.length;
    free(chunk);
    err_set_os(&err, ERR_DOMAIN_UV, status, TEXT_BULK_REFUSED, NULL);
    transfer_end(transfer, &err);
}

/* All bytes of a file are written: its digest is the pool's work too. */
static void queue_finish(struct transfer *transfer, uint32_t index)
{
    struct chunk *chunk = calloc(1, sizeof *chunk);
    struct err err = ERR_INIT;

    if (!chunk) {
        err_no_memory(&err);
        transfer_end(transfer, &err);
        return;
    }
    chunk->transfer = transfer;
    chunk->header.file = index;
    chunk->finish = true;
    queue(chunk);
}

static void chunk_done(struct transfer *transfer, const struct chunk *chunk)
{
    const struct manifest_entry *entry = &transfer->manifest->entries[chunk->header.file];
    struct file *file = &transfer->files[chunk->header.file];

    transfer->taken += chunk->header.length;
    transfer->moved_ms = (int64_t)uv_now(transfer->store->loop);
    if (transfer->on_progress)
        transfer->on_progress(transfer->taken, transfer->user);
    if (chunk->finished)
        file_completed(transfer, chunk->header.file);
    else if (file->next == entry->size_bytes && file->jobs == 0)
        queue_finish(transfer, chunk->header.file);
    if (!transfer->ending && transfer->taken - transfer->acked >= ACK_BYTES)
        send_ack(transfer, BULK_TAKEN, chunk->header.file);
}

static void on_stored(uv_work_t *work, int status)
{
    struct chunk *chunk = work->data;
    struct transfer *transfer = chunk->transfer;

    (void)status;
    transfer->files[chunk->header.file].jobs--;
    transfer->jobs--;
    transfer->in_flight -= chunk->header.length;
    if (!transfer->ending) {
        if (chunk->ok)
            chunk_done(transfer, chunk);
        else if (chunk->finished)
            file_failed(transfer, chunk->header.file, &chunk->err);
        else
            transfer_end(transfer, &chunk->err);
    }
    free(chunk);
    if (transfer->conn)
        resume(transfer->conn);
    sweep(transfer->store);
}

/* Checks where a chunk belongs; false with err when the peer broke the rules. */
static bool
place_chunk(struct transfer *transfer, const struct bulk_header *header, struct err *err)
{
    const struct manifest *manifest = transfer->manifest;
    struct file *file;
    uint64_t size;

    if (header->counter < transfer->counter)
        return err_set(err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "counter", NULL);
    if (header->file >= manifest->count || transfer->files[header->file].complete)
        return err_set(err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "file", NULL);
    file = &transfer->files[header->file];
    size = manifest->entries[header->file].size_bytes;
    if (header->offset != file->next || header->length > size - file->next)
        return err_set(err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "offset", NULL);
    if (header->length == 0 && (size > 0 || file->jobs > 0))
        return err_set(err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "length", NULL);
    transfer->counter = header->counter + 1;
    file->next += header->length;
    return true;
}

/* A chunk of an admitted connection goes to the pool. */
static void accept_chunk(struct transfer *transfer, struct chunk *chunk)
{
    struct err err = ERR_INIT;

    if (place_chunk(transfer, &chunk->header, &err)) {
        queue(chunk);
        return;
    }
    free(chunk);
    transfer_end(transfer, &err);
}

/* ---- admission ---- */

static void on_verified(uv_work_t *work, int status)
{
    struct chunk *chunk = work->data;
    struct transfer *transfer = chunk->transfer;
    struct conn *conn = chunk->conn;
    struct bulk_store *store = conn->store;
    bool welcome = chunk->ok && status == 0 && conn->link && !transfer->ending && !transfer->conn;

    transfer->jobs--;
    conn->admitting = false;
    if (welcome) {
        conn->transfer = transfer;
        transfer->conn = conn;
        chunk->verified = true;
        accept_chunk(transfer, chunk);
        resume(conn);
    } else {
        free(chunk);
        if (conn->link)
            conn_close(conn, 0);
        else
            conn_free(conn);
    }
    sweep(store);
}

static void admit(struct conn *conn, struct chunk *chunk)
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
    conn_close(conn, 0);
}

/* ---- bytes into chunks ---- */

static struct transfer *transfer_find(const struct bulk_store *store, const uint8_t *id)
{
    struct transfer *found = NULL;

    for (struct transfer *t = store->transfers; t; t = t->next) {
        if (bulk_same_bytes(t->id, id, BULK_TRANSFER_BYTES) && !t->ending)
            found = t;
    }
    return found;
}

/* The header is complete: finds its transfer and makes room for the rest. */
static bool chunk_begin(struct conn *conn)
{
    struct bulk_header header;
    struct transfer *transfer;

    if (!bulk_header_read(BULK_TO_GUEST, conn->header, &header, NULL))
        return false;
    transfer = transfer_find(conn->store, header.transfer);
    if (!transfer || (conn->transfer && conn->transfer != transfer) ||
        (!conn->transfer && transfer->conn))
        return false;
    conn->chunk = malloc(sizeof *conn->chunk + BULK_HEADER_BYTES + header.length + BULK_TAG_BYTES);
    if (!conn->chunk)
        return false;
    memset(conn->chunk, 0, sizeof *conn->chunk);
    conn->chunk->transfer = transfer;
    conn->chunk->header = header;
    memcpy(conn->chunk->bytes, conn->header, BULK_HEADER_BYTES);
    return true;
}

static void conn_fail(struct conn *conn)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "header", NULL);
    if (conn->transfer)
        transfer_end(conn->transfer, &err);
    conn_close(conn, 0);
}

static void chunk_end(struct conn *conn)
{
    struct chunk *chunk = conn->chunk;

    conn->chunk = NULL;
    conn->filled = 0;
    /* the transfer of a stranger may have ended while the chunk came */
    if (!conn->transfer && transfer_find(conn->store, chunk->header.transfer) != chunk->transfer) {
        free(chunk);
        conn_close(conn, 0);
    } else if (conn->transfer) {
        accept_chunk(conn->transfer, chunk);
    } else {
        admit(conn, chunk);
    }
}

/* Copies bytes to the place where they belong; returns how many it took, 0 when all is lost. */
static size_t fill(struct conn *conn, const uint8_t *data, size_t length)
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

static void take_bytes(struct conn *conn, const uint8_t *data, size_t length)
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
    for (struct transfer *t = store->transfers; t; t = t->next) {
        if (t->jobs == 0 && now - t->moved_ms >= BULK_IDLE_MS)
            transfer_end(t, &err);
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct bulk_store *store = timer->data;
    int64_t now = (int64_t)uv_now(store->loop);

    for (struct conn *c = store->conns; c; c = c->next) {
        if (!c->transfer && now - c->since_ms >= ADMIT_MS)
            conn_close(c, 0);
    }
    check_transfers(store, now);
    sweep(store);
}

/* The timer runs only while there is something to watch. */
static void watch_time(struct bulk_store *store)
{
    if (!uv_is_active((uv_handle_t *)&store->timer))
        uv_timer_start(&store->timer, on_tick, TICK_MS, TICK_MS);
}

/* ---- connections ---- */

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct conn *conn = user;

    (void)link;
    if (conn->held.len > 0 || conn->paused) {
        if (!buf_put(&conn->held, data, length))
            conn_fail(conn);
    } else {
        take_bytes(conn, data, length);
    }
    sweep(conn->store);
}

static void on_drain(struct link *link, void *user)
{
    (void)link;
    (void)user;
}

static void on_close(struct link *link, const struct err *why, void *user)
{
    struct conn *conn = user;
    struct bulk_store *store = conn->store;
    struct err cut = ERR_INIT;

    (void)link;
    err_set(&cut, ERR_CLOSED, TEXT_SESSION_CUT, NULL);
    conn->link = NULL;
    if (conn->transfer)
        transfer_end(conn->transfer, why ? why : &cut);
    if (!conn->admitting)
        conn_free(conn);
    sweep(store);
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
    struct conn *oldest = NULL;
    size_t count = 0;

    for (struct conn *c = store->conns; c; c = c->next) {
        if (c->transfer || c->closing)
            continue;
        count++;
        oldest = c; /* new ones are put in front */
    }
    if (count > BULK_STRANGERS)
        conn_close(oldest, 0);
}

void bulk_store_adopt(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct bulk_store *store = user;
    struct conn *conn = store->closing ? NULL : calloc(1, sizeof *conn);

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
    watch_time(store);
    take_bytes(conn, data, length);
    sweep(store);
}

/* ---- offers ---- */

static bool transfer_fill(struct transfer *transfer, const struct bulk_transfer *wanted)
{
    size_t count = wanted->files->count, length = strlen(wanted->folder) + 1;

    transfer->files = calloc(count, sizeof *transfer->files);
    transfer->folder = malloc(length);
    if (!transfer->files || !transfer->folder)
        return false;
    memcpy(transfer->folder, wanted->folder, length);
    for (size_t i = 0; i < count; i++) {
        transfer->files[i].next = wanted->have[i].offset;
        transfer->files[i].complete = wanted->have[i].complete;
        transfer->complete_count += wanted->have[i].complete;
    }
    transfer->manifest = wanted->files;
    transfer->on_progress = wanted->on_progress;
    transfer->on_done = wanted->on_done;
    transfer->user = wanted->user;
    return secure_random(transfer->id, sizeof transfer->id) &&
           secure_random(transfer->key, sizeof transfer->key) &&
           uv_mutex_init(&transfer->lock) == 0;
}

static bool transfer_new(struct bulk_store *store,
                         const struct bulk_transfer *wanted,
                         struct transfer **ret_transfer,
                         struct err *err)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);

    if (!transfer || !transfer_fill(transfer, wanted)) {
        if (transfer) {
            free(transfer->files);
            free(transfer->folder);
        }
        free(transfer);
        return err_no_memory(err);
    }
    transfer->store = store;
    transfer->moved_ms = (int64_t)uv_now(store->loop);
    transfer->next = store->transfers;
    store->transfers = transfer;
    store->transfer_count++;
    watch_time(store);
    *ret_transfer = transfer;
    return true;
}

bool bulk_store_offer(struct bulk_store *store,
                      const struct bulk_transfer *wanted,
                      struct bulk_offer *ret_offer,
                      struct err *err)
{
    struct bulk_offer offer = {.count = wanted->files->count, .window_bytes = BULK_WINDOW};
    struct transfer *transfer = NULL;

    if (store->closing || store->transfer_count >= BULK_TRANSFERS)
        return err_set(err, ERR_BUSY, TEXT_BULK_TOO_MANY, NULL);
    offer.have = calloc(offer.count + 1, sizeof *offer.have);
    if (!offer.have)
        return err_no_memory(err);
    memcpy(offer.have, wanted->have, offer.count * sizeof *offer.have);
    if (!bulk_offer_is_complete(&offer)) {
        if (!transfer_new(store, wanted, &transfer, err)) {
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
    struct transfer *transfer = transfer_find(store, id);
    struct err err = ERR_INIT;

    if (!transfer)
        return;
    err_set(&err, ERR_CANCELLED, TEXT_BULK_INCOMPLETE, NULL);
    transfer_end(transfer, &err);
    sweep(store);
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

    for (const struct conn *c = store->conns; c; c = c->next)
        count++;
    return count;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct bulk_store *store = handle->data;

    store->timer_closed = true;
    sweep(store);
}

void bulk_store_close(struct bulk_store *store, void (*on_closed)(void *user), void *user)
{
    struct err err = ERR_INIT;

    store->closing = true;
    store->on_closed = on_closed;
    store->user = user;
    err_set(&err, ERR_CANCELLED, TEXT_BULK_INCOMPLETE, NULL);
    for (struct transfer *t = store->transfers; t; t = t->next)
        transfer_end(t, &err);
    for (struct conn *c = store->conns; c; c = c->next)
        conn_close(c, 0);
    uv_close((uv_handle_t *)&store->timer, on_timer_closed);
    sweep(store);
}
