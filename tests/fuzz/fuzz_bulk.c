/*
 * The bulk connection. The first byte says what the rest is: 0 the JSON of an offer, 1 raw bytes
 * for a connection, else a row of chunks that are signed with the right key: counter, file, offset
 * in units of 7, length, spoiled byte (0: none).
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/plain_link.h"

#include "common/bulk.h"
#include "common/bulk_chunk.h"
#include "common/fs.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "fuzz_bulk_stage"

static const struct {
    const char *path;
    uint64_t size;
} samples[] = {{"a/empty", 0}, {"a/small", 100}, {"b", 700}};

#define SAMPLES (sizeof samples / sizeof samples[0])

static bool done;

static void make_files(struct manifest *files)
{
    manifest_init(files, MANIFEST_PLAIN);
    for (size_t i = 0; i < SAMPLES; i++) {
        const struct manifest_entry entry = {.size_bytes = samples[i].size};

        if (!manifest_add(files, samples[i].path, &entry, NULL))
            abort();
    }
    if (!manifest_complete(files, NULL))
        abort();
}

static void read_offer(const struct manifest *files, const uint8_t *data, size_t size)
{
    uint8_t key[BULK_KEY_BYTES] = {0};
    struct bulk_offer offer;
    cJSON *json, *again;

    if (!json_parse((const char *)data, size, &json_limits_message, &json, NULL))
        return;
    if (bulk_offer_from_json(json, key, sizeof key, files, &offer, NULL)) {
        for (size_t i = 0; i < offer.count; i++) {
            if (offer.have[i].offset > files->entries[i].size_bytes)
                abort();
        }
        again = bulk_offer_to_json(&offer);
        cJSON_Delete(again);
        bulk_offer_done(&offer);
    }
    cJSON_Delete(json);
}

static void feed_chunk(struct link *link, const struct bulk_offer *offer, const uint8_t *input)
{
    uint8_t bytes[BULK_HEADER_BYTES + 255 + BULK_TAG_BYTES];
    struct bulk_header header = {
        .counter = input[0], .file = input[1], .offset = input[2] * 7u, .length = input[3]};

    memcpy(header.transfer, offer->transfer, sizeof header.transfer);
    bulk_header_write(BULK_TO_GUEST, &header, bytes);
    memset(bytes + BULK_HEADER_BYTES, 'x', header.length);
    if (!bulk_tag_make(offer->key,
                       BULK_TO_GUEST,
                       bytes,
                       bytes + BULK_HEADER_BYTES,
                       header.length,
                       bytes + BULK_HEADER_BYTES + header.length))
        abort();
    if (input[4])
        bytes[input[4] % (BULK_HEADER_BYTES + header.length + BULK_TAG_BYTES)] ^= 1;
    plain_link_feed(link, bytes, BULK_HEADER_BYTES + header.length + BULK_TAG_BYTES);
}

static void on_done(const struct err *why, void *user)
{
    (void)why;
    (void)user;
    if (done)
        abort();
    done = true;
}

static void feed_store(const struct manifest *files, bool raw, const uint8_t *data, size_t size)
{
    struct bulk_have have[SAMPLES] = {{0}};
    const struct bulk_transfer transfer = {
        .folder = STAGE, .files = files, .have = have, .on_done = on_done};
    struct bulk_offer offer;
    struct bulk_store *store;
    struct link *link;
    uv_loop_t loop;

    if (uv_loop_init(&loop) < 0)
        return;
    done = false;
    if (!bulk_store_new(&loop, &store, NULL) || !bulk_store_offer(store, &transfer, &offer, NULL))
        abort();
    link = plain_link_new(&loop);
    bulk_store_adopt(link, (const uint8_t *)"G", raw ? 1 : 0, store);
    for (size_t at = 0; raw && at < size && bulk_store_connections(store); at++)
        plain_link_feed(link, data + at, 1);
    for (; !raw && size >= 5 && bulk_store_connections(store); size -= 5, data += 5) {
        feed_chunk(link, &offer, data);
        for (int i = 0; i < 3; i++)
            uv_run(&loop, UV_RUN_NOWAIT);
    }
    bulk_store_close(store, NULL, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (!done || uv_loop_close(&loop) < 0)
        abort();
    bulk_offer_done(&offer);
    fs_remove_tree(STAGE, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct manifest files;

    if (size == 0)
        return 0;
    make_files(&files);
    if (data[0] == 0)
        read_offer(&files, data + 1, size - 1);
    else
        feed_store(&files, data[0] == 1, data + 1, size - 1);
    manifest_done(&files);
    return 0;
}
