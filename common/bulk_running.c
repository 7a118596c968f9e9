/*
 * One transfer: chunks that the pool verifies and writes side by side, while the loop keeps their
 * order, the window and what follows.
 */
#include "common/bulk_inside.h"

#include "common/bulk_stage.h"
#include "common/secure.h"

#include <stdlib.h>
#include <string.h>

#define ACK_BYTES    (BULK_WINDOW / 8)
#define ACK_FLUSH_MS 1000

#define PIECE_BYTES (BULK_HEADER_BYTES + BULK_CHUNK_MAX + BULK_TAG_BYTES)
#define FULL_FROM   (BULK_CHUNK_MAX / 4) /* shorter chunks get what they need */
#define SPARE_MAX   (BULK_WINDOW / BULK_CHUNK_MAX)

/* ---- room for chunks ---- */

struct bulk_piece *bulk_piece_new(struct bulk_running *transfer, size_t length)
{
    bool full_size = length >= FULL_FROM;
    struct bulk_piece *chunk = full_size ? transfer->spare : NULL;
    size_t bytes = full_size ? PIECE_BYTES : BULK_HEADER_BYTES + length + BULK_TAG_BYTES;

    if (chunk) {
        transfer->spare = chunk->next_spare;
        transfer->spare_count--;
    } else {
        chunk = malloc(sizeof *chunk + bytes);
    }
    if (!chunk)
        return NULL;
    memset(chunk, 0, sizeof *chunk);
    chunk->transfer = transfer;
    chunk->full_size = full_size;
    return chunk;
}

void bulk_piece_done(struct bulk_running *transfer, struct bulk_piece *chunk)
{
    if (!chunk->full_size || transfer->ending || transfer->spare_count >= SPARE_MAX) {
        free(chunk);
        return;
    }
    chunk->next_spare = transfer->spare;
    transfer->spare = chunk;
    transfer->spare_count++;
}

static void free_spare(struct bulk_running *transfer)
{
    while (transfer->spare) {
        struct bulk_piece *next = transfer->spare->next_spare;

        free(transfer->spare);
        transfer->spare = next;
    }
}

/* ---- the end ---- */

void bulk_running_free(struct bulk_running *transfer)
{
    struct bulk_store *store = transfer->store;
    struct bulk_running **at = &store->transfers;

    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
    store->transfer_count--;
    for (size_t i = 0; i < transfer->manifest->count; i++)
        fs_file_close(transfer->files[i].handle);
    transfer->on_done(err_is_set(&transfer->why) ? &transfer->why : NULL, transfer->user);
    free_spare(transfer);
    uv_mutex_destroy(&transfer->lock);
    secure_wipe(transfer->key, sizeof transfer->key);
    free(transfer->files);
    free(transfer->folder);
    free(transfer);
}

void bulk_running_end(struct bulk_running *transfer, const struct err *why)
{
    if (transfer->ending)
        return;
    transfer->ending = true;
    if (why)
        transfer->why = *why;
    if (transfer->conn) {
        transfer->conn->transfer = NULL;
        bulk_conn_close(transfer->conn, ACK_FLUSH_MS);
        transfer->conn = NULL;
    }
}

/* ---- acknowledgements ---- */

static void send_ack(struct bulk_running *transfer, enum bulk_status status, uint32_t file)
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

static void file_failed(struct bulk_running *transfer, uint32_t file, const struct err *why)
{
    send_ack(transfer, BULK_FILE_FAILED, file);
    bulk_running_end(transfer, why);
}

static void file_completed(struct bulk_running *transfer, uint32_t file)
{
    transfer->files[file].complete = true;
    transfer->complete_count++;
    if (transfer->complete_count < transfer->manifest->count)
        return;
    send_ack(transfer, BULK_ALL_COMPLETE, file);
    bulk_running_end(transfer, NULL);
}

/* ---- the pool's part: verify, write, finish ---- */

static bool open_handle(struct bulk_running *transfer, uint32_t index, struct err *err)
{
    struct bulk_file *file = &transfer->files[index];
    bool ok = true;

    uv_mutex_lock(&transfer->lock);
    if (!file->handle)
        ok = bulk_stage_open(transfer->folder,
                             transfer->shared,
                             transfer->manifest,
                             index,
                             transfer->last_folder,
                             &file->handle,
                             err);
    uv_mutex_unlock(&transfer->lock);
    return ok;
}

bool bulk_piece_is_right(struct bulk_piece *chunk)
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

static bool is_whole_file(const struct bulk_piece *chunk)
{
    return chunk->header.offset == 0 &&
           chunk->header.length ==
               chunk->transfer->manifest->entries[chunk->header.file].size_bytes;
}

static bool finish(struct bulk_piece *chunk, const uint8_t *data)
{
    struct bulk_running *transfer = chunk->transfer;
    struct fs_file *handle = transfer->files[chunk->header.file].handle;

    transfer->files[chunk->header.file].handle = NULL;
    chunk->finished = true;
    return bulk_stage_finish(
        transfer->folder, transfer->manifest, chunk->header.file, handle, data, &chunk->err);
}

static bool store_chunk(struct bulk_piece *chunk)
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

static void work_store(uv_work_t *work)
{
    struct bulk_piece *chunk = work->data;

    if (chunk->finish)
        chunk->ok = finish(chunk, NULL);
    else
        chunk->ok = (chunk->verified || bulk_piece_is_right(chunk)) && store_chunk(chunk);
}

/* ---- the loop's part: order, window, what follows ---- */

static void on_stored(uv_work_t *work, int status);

/* Queues work; when even that fails the transfer does. */
static void queue(struct bulk_piece *chunk)
{
    struct bulk_running *transfer = chunk->transfer;
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
    bulk_running_end(transfer, &err);
}

/* All bytes of a file are written: its digest is the pool's work too. */
static void queue_finish(struct bulk_running *transfer, uint32_t index)
{
    struct bulk_piece *chunk = calloc(1, sizeof *chunk);
    struct err err = ERR_INIT;

    if (!chunk) {
        err_no_memory(&err);
        bulk_running_end(transfer, &err);
        return;
    }
    chunk->transfer = transfer;
    chunk->header.file = index;
    chunk->finish = true;
    queue(chunk);
}

static void chunk_done(struct bulk_running *transfer, const struct bulk_piece *chunk)
{
    const struct manifest_entry *entry = &transfer->manifest->entries[chunk->header.file];
    struct bulk_file *file = &transfer->files[chunk->header.file];

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
    struct bulk_piece *chunk = work->data;
    struct bulk_running *transfer = chunk->transfer;

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
            bulk_running_end(transfer, &chunk->err);
    }
    bulk_piece_done(transfer, chunk);
    if (transfer->conn)
        bulk_conn_resume(transfer->conn);
    bulk_store_sweep(transfer->store);
}

/* Checks where a chunk belongs; false with err when the peer broke the rules. */
static bool
place_chunk(struct bulk_running *transfer, const struct bulk_header *header, struct err *err)
{
    const struct manifest *manifest = transfer->manifest;
    struct bulk_file *file;
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

void bulk_running_accept(struct bulk_running *transfer, struct bulk_piece *chunk)
{
    struct err err = ERR_INIT;

    if (place_chunk(transfer, &chunk->header, &err)) {
        queue(chunk);
        return;
    }
    free(chunk);
    bulk_running_end(transfer, &err);
}

/* ---- making ---- */

static bool transfer_fill(struct bulk_running *transfer, const struct bulk_transfer *wanted)
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
    transfer->shared = wanted->shared;
    transfer->on_progress = wanted->on_progress;
    transfer->on_done = wanted->on_done;
    transfer->user = wanted->user;
    return secure_random(transfer->id, sizeof transfer->id) &&
           secure_random(transfer->key, sizeof transfer->key) &&
           uv_mutex_init(&transfer->lock) == 0;
}

bool bulk_running_new(struct bulk_store *store,
                      const struct bulk_transfer *wanted,
                      struct bulk_running **ret_transfer,
                      struct err *err)
{
    struct bulk_running *transfer = calloc(1, sizeof *transfer);

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
    bulk_store_watch_time(store);
    *ret_transfer = transfer;
    return true;
}
