/*
 * The sending side: the pool reads and signs several chunks at once, the loop sends them in the
 * order of their counters, within the window that acknowledgements open.
 */
#include "common/bulk_chunk.h"
#include "common/fs.h"
#include "common/secure.h"

#include <uv.h>

#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 10000
#define STALL_MS   60000
#define TICK_MS    1000
#define PIECES     8 /* being read and signed */

struct source {
    struct fs_file *file; /* opened by the first piece, under the lock */
    unsigned pieces;      /* that use it */
    bool all_taken;
};

struct piece {
    uv_work_t work;
    struct bulk_send *send;
    struct bulk_header header;
    bool busy, ready;
    struct err err;
    uint8_t *bytes; /* header, data, tag */
};

struct bulk_send {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct link *link; /* NULL: closed */
    struct bulk_send_job job;
    uint8_t transfer[BULK_TRANSFER_BYTES], key[BULK_KEY_BYTES];
    char *folder;
    uint64_t window;
    struct bulk_have *have;
    struct source *sources;
    uv_mutex_t lock;
    struct piece pieces[PIECES];
    unsigned head, count; /* pieces in the order of their counters */
    unsigned jobs;
    size_t file; /* of the next piece */
    uint64_t offset;
    uint64_t counter, ack_counter;
    uint64_t issued, acked, total, total_had;
    bool open, full, ending, done, timer_closed;
    int64_t moved_ms;
    struct err why;
    uint8_t ack[BULK_ACK_BYTES];
    size_t ack_filled;
};

static void pump(struct bulk_send *send);

/* ---- the end ---- */

static void send_free(struct bulk_send *send)
{
    secure_wipe(send->key, sizeof send->key);
    for (size_t i = 0; i < PIECES; i++)
        free(send->pieces[i].bytes);
    free(send->folder);
    free(send->have);
    free(send->sources);
    free(send);
}

/* When link, timer and pool are all done with it. */
static void free_if_done(struct bulk_send *send)
{
    if (!send->ending || send->link || send->jobs > 0 || !send->timer_closed)
        return;
    for (size_t i = 0; i < send->job.files->count; i++)
        fs_file_close(send->sources[i].file);
    uv_mutex_destroy(&send->lock);
    send->job.on_done(err_is_set(&send->why) ? &send->why : NULL, send->job.user);
    send_free(send);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct bulk_send *send = handle->data;

    send->timer_closed = true;
    free_if_done(send);
}

static void finish(struct bulk_send *send, const struct err *why)
{
    if (send->ending)
        return;
    send->ending = true;
    if (why)
        send->why = *why;
    if (send->link)
        link_close(send->link, 0);
    uv_close((uv_handle_t *)&send->timer, on_timer_closed);
}

static void fail(struct bulk_send *send, enum err_kind kind, enum text_id message, const char *arg)
{
    struct err err = ERR_INIT;

    err_set(&err, kind, message, arg, NULL);
    finish(send, &err);
}

/* ---- the pool's part: open, read, sign ---- */

static bool open_source(struct bulk_send *send, size_t index, struct err *err)
{
    const char *name = manifest_path(send->job.files, &send->job.files->entries[index]);
    char path[FS_PATH_BYTES];
    bool ok = true;

    uv_mutex_lock(&send->lock);
    if (!send->sources[index].file)
        ok = (send->job.locate ? send->job.locate(name, path, send->job.user, err)
                               : fs_join(path, send->folder, name, err)) &&
             fs_file_open(path, FS_READ, FS_SHARED, &send->sources[index].file, err);
    uv_mutex_unlock(&send->lock);
    return ok;
}

static bool read_piece(struct piece *piece)
{
    struct bulk_send *send = piece->send;
    const struct manifest *files = send->job.files;
    size_t got = 0;

    if (!open_source(send, piece->header.file, &piece->err) ||
        !fs_file_read(send->sources[piece->header.file].file,
                      piece->header.offset,
                      piece->bytes + BULK_HEADER_BYTES,
                      piece->header.length,
                      &got,
                      &piece->err))
        return false;
    if (got == piece->header.length)
        return true;
    return err_set(&piece->err,
                   ERR_CONFLICT,
                   TEXT_BULK_SOURCE_CHANGED,
                   manifest_path(files, &files->entries[piece->header.file]),
                   NULL);
}

static void work_piece(uv_work_t *work)
{
    struct piece *piece = work->data;
    uint8_t *data = piece->bytes + BULK_HEADER_BYTES;
    size_t length = piece->header.length;

    if (!read_piece(piece))
        return;
    bulk_header_write(BULK_TO_GUEST, &piece->header, piece->bytes);
    if (!bulk_tag_make(piece->send->key, BULK_TO_GUEST, piece->bytes, data, length, data + length))
        err_set(&piece->err, ERR_FAILED, TEXT_BULK_TAG, NULL);
}

/* ---- the loop's part: which piece is next, order, window ---- */

static void release_source(struct bulk_send *send, size_t index)
{
    struct source *source = &send->sources[index];

    if (--source->pieces > 0 || !source->all_taken)
        return;
    fs_file_close(source->file);
    source->file = NULL;
}

static void send_ready(struct bulk_send *send)
{
    while (send->count > 0 && send->pieces[send->head].ready && !send->full && !send->ending) {
        struct piece *piece = &send->pieces[send->head];
        enum link_sent sent = link_send(
            send->link, piece->bytes, BULK_HEADER_BYTES + piece->header.length + BULK_TAG_BYTES);

        piece->ready = piece->busy = false;
        send->head = (send->head + 1) % PIECES;
        send->count--;
        if (sent == LINK_FULL)
            send->full = true;
        if (sent == LINK_REFUSED)
            fail(send, ERR_CLOSED, TEXT_LINK_LOST, NULL);
    }
}

static void on_piece(uv_work_t *work, int status)
{
    struct piece *piece = work->data;
    struct bulk_send *send = piece->send;

    (void)status;
    send->jobs--;
    release_source(send, piece->header.file);
    piece->ready = true;
    if (err_is_set(&piece->err))
        finish(send, &piece->err);
    if (!send->ending)
        pump(send);
    free_if_done(send);
}

/* Moves on to the next file that lacks something; false when there is none. */
static bool next_file(struct bulk_send *send)
{
    const struct manifest *files = send->job.files;

    while (send->file < files->count &&
           (send->have[send->file].complete || send->sources[send->file].all_taken)) {
        send->file++;
        if (send->file < files->count)
            send->offset = send->have[send->file].offset;
    }
    return send->file < files->count;
}

/* Gives the next chunk to the pool. */
static bool issue(struct bulk_send *send)
{
    struct piece *piece = &send->pieces[(send->head + send->count) % PIECES];
    uint64_t size = send->job.files->entries[send->file].size_bytes;
    uint64_t left = size - send->offset;
    int status;

    memset(&piece->header, 0, sizeof piece->header);
    err_clear(&piece->err);
    piece->header.length = (uint32_t)(left < BULK_CHUNK_MAX ? left : BULK_CHUNK_MAX);
    piece->header.counter = send->counter++;
    memcpy(piece->header.transfer, send->transfer, sizeof send->transfer);
    piece->header.file = (uint32_t)send->file;
    piece->header.offset = send->offset;
    send->offset += piece->header.length;
    send->issued += piece->header.length;
    send->sources[send->file].pieces++;
    send->sources[send->file].all_taken = send->offset == size;
    piece->busy = true;
    piece->work.data = piece;
    status = uv_queue_work(send->loop, &piece->work, work_piece, on_piece);
    if (status < 0) {
        fail(send, ERR_FAILED, TEXT_BULK_REFUSED, NULL);
        return false;
    }
    send->jobs++;
    send->count++;
    return true;
}

static void pump(struct bulk_send *send)
{
    send_ready(send);
    while (send->open && !send->ending && send->count < PIECES &&
           send->issued - send->acked + BULK_CHUNK_MAX <= send->window && next_file(send)) {
        if (!issue(send))
            return;
    }
}

/* ---- acknowledgements ---- */

static bool ack_is_right(struct bulk_send *send, struct bulk_header *ret_header)
{
    return bulk_header_read(BULK_TO_HOST, send->ack, ret_header, NULL) &&
           memcmp(ret_header->transfer, send->transfer, sizeof send->transfer) == 0 &&
           ret_header->counter >= send->ack_counter && ret_header->offset >= send->acked &&
           ret_header->offset <= send->issued &&
           bulk_tag_is_right(
               send->key, BULK_TO_HOST, send->ack, NULL, 0, send->ack + BULK_HEADER_BYTES);
}

static const char *file_name(const struct bulk_send *send, uint32_t index)
{
    const struct manifest *files = send->job.files;

    return index < files->count ? manifest_path(files, &files->entries[index]) : "";
}

static void on_ack(struct bulk_send *send)
{
    struct bulk_header header;

    if (!ack_is_right(send, &header)) {
        fail(send, ERR_AUTH, TEXT_BULK_TAG, NULL);
        return;
    }
    send->ack_counter = header.counter + 1;
    send->acked = header.offset;
    send->moved_ms = (int64_t)uv_now(send->loop);
    if (send->job.on_progress)
        send->job.on_progress(send->total_had + send->acked, send->total, send->job.user);
    if (header.status == BULK_ALL_COMPLETE)
        finish(send, NULL);
    else if (header.status == BULK_FILE_FAILED)
        fail(send, ERR_BAD_INPUT, TEXT_BULK_HASH, file_name(send, header.file));
    else
        pump(send);
}

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct bulk_send *send = user;

    (void)link;
    while (length > 0 && !send->ending) {
        size_t n = sizeof send->ack - send->ack_filled;

        n = n < length ? n : length;
        memcpy(send->ack + send->ack_filled, data, n);
        send->ack_filled += n;
        data += n;
        length -= n;
        if (send->ack_filled == sizeof send->ack) {
            send->ack_filled = 0;
            on_ack(send);
        }
    }
}

/* ---- connection and time ---- */

static void on_open(struct link *link, void *user)
{
    struct bulk_send *send = user;

    (void)link;
    send->open = true;
    send->moved_ms = (int64_t)uv_now(send->loop);
    pump(send);
}

static void on_drain(struct link *link, void *user)
{
    struct bulk_send *send = user;

    (void)link;
    send->full = false;
    pump(send);
}

static void on_close(struct link *link, const struct err *why, void *user)
{
    struct bulk_send *send = user;

    (void)link;
    send->link = NULL;
    if (why)
        finish(send, why);
    else
        fail(send, ERR_CLOSED, TEXT_SESSION_CUT, NULL);
    free_if_done(send);
}

static const struct link_events link_events = {
    .on_open = on_open, .on_data = on_data, .on_drain = on_drain, .on_close = on_close};

static void on_tick(uv_timer_t *timer)
{
    struct bulk_send *send = timer->data;
    char seconds[24];

    if (send->open && (int64_t)uv_now(send->loop) - send->moved_ms >= STALL_MS)
        fail(send, ERR_TIMEOUT, TEXT_BULK_STALLED, text_num(seconds, STALL_MS / 1000));
}

/* ---- making ---- */

static bool copy_job(struct bulk_send *send, const struct bulk_send_job *job)
{
    const struct bulk_offer *offer = job->offer;
    size_t length = strlen(job->folder) + 1;

    send->job = *job;
    memcpy(send->transfer, offer->transfer, sizeof send->transfer);
    memcpy(send->key, offer->key, sizeof send->key);
    send->window = offer->window_bytes;
    send->folder = malloc(length);
    send->have = calloc(offer->count + 1, sizeof *send->have);
    send->sources = calloc(offer->count + 1, sizeof *send->sources);
    if (!send->folder || !send->have || !send->sources)
        return false;
    memcpy(send->folder, job->folder, length);
    memcpy(send->have, offer->have, offer->count * sizeof *send->have);
    for (size_t i = 0; i < PIECES; i++) {
        send->pieces[i].send = send;
        send->pieces[i].bytes = malloc(BULK_HEADER_BYTES + BULK_CHUNK_MAX + BULK_TAG_BYTES);
        if (!send->pieces[i].bytes)
            return false;
    }
    for (size_t i = 0; i < offer->count; i++)
        send->total_had += send->have[i].offset;
    send->total = manifest_bytes(job->files);
    send->offset = offer->count ? send->have[0].offset : 0;
    return true;
}

static void on_discarded(uv_handle_t *handle)
{
    send_free(handle->data);
}

bool bulk_send_start(uv_loop_t *loop,
                     const struct bulk_send_job *job,
                     struct bulk_send **ret_send,
                     struct err *err)
{
    struct bulk_send *send = calloc(1, sizeof *send);

    if (!send || !copy_job(send, job) || uv_mutex_init(&send->lock) < 0) {
        if (send)
            send_free(send);
        return err_no_memory(err);
    }
    send->loop = loop;
    uv_timer_init(loop, &send->timer);
    send->timer.data = send;
    if (!link_dial(loop, &job->address, CONNECT_MS, &link_events, send, &send->link, err)) {
        uv_mutex_destroy(&send->lock);
        uv_close((uv_handle_t *)&send->timer, on_discarded);
        return false;
    }
    uv_timer_start(&send->timer, on_tick, TICK_MS, TICK_MS);
    *ret_send = send;
    return true;
}

void bulk_send_cancel(struct bulk_send *send)
{
    fail(send, ERR_CANCELLED, TEXT_BULK_INCOMPLETE, NULL);
}
