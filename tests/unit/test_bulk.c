/* File data on a second connection: whole trees, breaks, and peers that try to get something in. */
#include "tests/support/rogue.h"

#include "common/bulk.h"
#include "common/bulk_chunk.h"
#include "common/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct pair pair;
    struct bulk_store *store;
    bool store_closed;
    struct manifest files;
    struct bulk_have *have;
    struct bulk_offer offer;
    bool got, sent; /* on_done of either side */
    struct err got_why, sent_why;
    uint64_t progress;
};

struct sample {
    const char *path;
    size_t size;
};

static const struct sample samples[] = {
    {"a/empty.inf", 0},
    {"a/one.dll", 1},
    {"a/deep/er/small.bin", 5000},
    {"b/exact.bin", 262144},
    {"b/more.bin", 262145},
    {"b/many.bin", 9 * 262144 + 17},
    {"top.sys", 3000000},
};

#define SAMPLES (sizeof samples / sizeof samples[0])

/* Where the last separator of either kind stands. */
static size_t last_slash(const char *path)
{
    size_t length = strlen(path);

    while (length > 0 && path[length - 1] != '/' && path[length - 1] != '\\')
        length--;
    return length > 0 ? length - 1 : 0;
}

static void write_samples(const char *folder)
{
    for (size_t i = 0; i < SAMPLES; i++) {
        char path[FS_PATH_BYTES], parent[FS_PATH_BYTES];
        uint8_t *data = malloc(samples[i].size + 1);

        assert_non_null(data);
        for (size_t at = 0; at < samples[i].size; at++)
            data[at] = (uint8_t)((at * 2654435761u) >> 11 ^ i);
        assert_true(fs_join(path, folder, samples[i].path, NULL));
        snprintf(parent, sizeof parent, "%s", path);
        parent[last_slash(parent)] = '\0';
        assert_true(fs_make_dirs(parent, FS_PRIVATE, NULL));
        assert_true(fs_write_atomic(path, data, samples[i].size, FS_PRIVATE, NULL));
        free(data);
    }
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct err err = ERR_INIT;

    assert_non_null(world);
    pair_start(&world->pair, "bulk", NULL, 0);
    assert_true(bulk_store_new(&world->pair.loop, &world->store, &err));
    session_server_set_bulk(world->pair.server, bulk_store_adopt, world->store);
    assert_true(fs_remove_tree("source", NULL) && fs_remove_tree("stage", NULL) &&
                fs_remove_tree("target", NULL));
    write_samples("source");
    assert_true(manifest_scan("source", MANIFEST_SHA256, NULL, &world->files, &err));
    world->have = calloc(world->files.count, sizeof *world->have);
    *state = world;
    return 0;
}

static void on_store_closed(void *user)
{
    *(bool *)user = true;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    bulk_store_close(world->store, on_store_closed, &world->store_closed);
    pair_until(&world->pair, &world->store_closed);
    pair_stop(&world->pair);
    bulk_offer_done(&world->offer);
    manifest_done(&world->files);
    free(world->have);
    free(world);
    return 0;
}

static void on_got(const struct err *why, void *user)
{
    struct world *world = user;

    assert_false(world->got);
    world->got = true;
    if (why)
        world->got_why = *why;
}

static void on_sent(const struct err *why, void *user)
{
    struct world *world = user;

    assert_false(world->sent);
    world->sent = true;
    if (why)
        world->sent_why = *why;
}

static void on_progress(uint64_t sent, uint64_t total, void *user)
{
    struct world *world = user;

    assert_true(sent <= total);
    assert_true(sent >= world->progress);
    world->progress = sent;
}

/* Looks what is staged and makes an offer; it goes through JSON, as between two machines. */
static void make_offer(struct world *world)
{
    const struct bulk_transfer transfer = {.folder = "stage",
                                           .files = &world->files,
                                           .have = world->have,
                                           .on_done = on_got,
                                           .user = world};
    struct bulk_offer made;
    struct err err = ERR_INIT;
    cJSON *json;

    world->got = world->sent = false;
    world->progress = 0;
    err_clear(&world->got_why);
    err_clear(&world->sent_why);
    bulk_offer_done(&world->offer);
    assert_true(bulk_scan("stage", &world->files, world->have, &err));
    assert_true(bulk_store_offer(world->store, &transfer, &made, &err));
    json = bulk_offer_to_json(&made);
    assert_non_null(json);
    assert_true(
        bulk_offer_from_json(json, made.key, sizeof made.key, &world->files, &world->offer, &err));
    cJSON_Delete(json);
    bulk_offer_done(&made);
}

static struct bulk_send *start_sending(struct world *world, const char *folder)
{
    const struct bulk_send_job job = {.address = world->pair.address,
                                      .folder = folder,
                                      .files = &world->files,
                                      .offer = &world->offer,
                                      .on_progress = on_progress,
                                      .on_done = on_sent,
                                      .user = world};
    struct bulk_send *send;

    assert_true(bulk_send_start(&world->pair.loop, &job, &send, NULL));
    return send;
}

static void push(struct world *world)
{
    start_sending(world, "source");
    pair_until(&world->pair, &world->sent);
    pair_until(&world->pair, &world->got);
}

static bool same_trees(struct world *world, const char *folder)
{
    struct manifest there;
    bool same = true;

    assert_true(manifest_scan(folder, MANIFEST_SHA256, NULL, &there, NULL));
    same = there.count == world->files.count;
    for (size_t i = 0; same && i < there.count; i++)
        same = memcmp(there.entries[i].digest, world->files.entries[i].digest, 32) == 0 &&
               strcmp(manifest_path(&there, &there.entries[i]),
                      manifest_path(&world->files, &world->files.entries[i])) == 0;
    manifest_done(&there);
    return same;
}

/* ---- a peer that makes its own chunks ---- */

struct forger {
    struct raw raw;
    uint8_t bytes[BULK_HEADER_BYTES + BULK_CHUNK_MAX + BULK_TAG_BYTES];
};

/* Sends a chunk signed with key; `spoil` is a byte to change after signing, SIZE_MAX: none. */
static void forge(struct world *world,
                  struct forger *forger,
                  const struct bulk_header *header,
                  const uint8_t *key,
                  size_t spoil)
{
    size_t all = BULK_HEADER_BYTES + header->length + BULK_TAG_BYTES;
    uint8_t *data = forger->bytes + BULK_HEADER_BYTES;
    char path[FS_PATH_BYTES];
    struct fs_file *file;
    size_t got;

    memset(data, 'x', header->length);
    if (header->file < world->files.count) {
        assert_true(fs_join(path,
                            "source",
                            manifest_path(&world->files, &world->files.entries[header->file]),
                            NULL));
        assert_true(fs_file_open(path, FS_READ, FS_SHARED, &file, NULL));
        fs_file_read(file, header->offset, data, header->length, &got, NULL);
        fs_file_close(file);
    }
    bulk_header_write(BULK_TO_GUEST, header, forger->bytes);
    assert_true(bulk_tag_make(
        key, BULK_TO_GUEST, forger->bytes, data, header->length, data + header->length));
    if (spoil < all)
        forger->bytes[spoil] ^= 1;
    link_send(forger->raw.link, forger->bytes, all);
}

static struct bulk_header header_of(const struct world *world, uint32_t file, uint64_t offset)
{
    struct bulk_header header = {.file = file, .offset = offset};
    uint64_t left = world->files.entries[file].size_bytes - offset;

    header.length = (uint32_t)(left < BULK_CHUNK_MAX ? left : BULK_CHUNK_MAX);
    memcpy(header.transfer, world->offer.transfer, sizeof header.transfer);
    return header;
}

static uint32_t index_of(const struct world *world, const char *path)
{
    const struct manifest_entry *entry = manifest_find(&world->files, path);

    assert_non_null(entry);
    return (uint32_t)(entry - world->files.entries);
}

/* Somebody with the key still gets through. */
static void assert_transfer_lives(struct world *world)
{
    assert_false(world->got);
    push(world);
    assert_false(err_is_set(&world->sent_why));
    assert_true(same_trees(world, "stage"));
}

/* ---- failures ---- */

static void bulk_closes_on_strangers_and_the_transfer_lives(void **state)
{
    static const char *const what[] = {
        "wrong transfer", "wrong magic", "too long", "wrong tag", "wrong data", "wrong key"};
    struct world *world = *state;
    struct forger *forger = malloc(sizeof *forger);
    uint32_t many = index_of(world, "b/many.bin");
    uint8_t wrong_key[BULK_KEY_BYTES] = {1};

    assert_non_null(forger);
    make_offer(world);
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        struct bulk_header header = header_of(world, many, 0);
        static const size_t spoils[] = {
            20, 2, 7, BULK_HEADER_BYTES + BULK_CHUNK_MAX, 1000, SIZE_MAX};

        raw_dial(&world->pair, &forger->raw);
        forge(world, forger, &header, i == 5 ? wrong_key : world->offer.key, spoils[i]);
        for (int wait = 0; wait < 100 && !forger->raw.closed; wait++)
            pair_run_for(&world->pair, 5);
        if (!forger->raw.closed)
            fail_msg("still open: %s", what[i]);
        assert_int_equal(forger->raw.received, 0);
    }
    assert_transfer_lives(world);
    free(forger);
}

static void bulk_keeps_few_strangers_and_only_for_a_while(void **state)
{
    struct world *world = *state;
    struct raw raws[3 * BULK_STRANGERS];

    make_offer(world);
    for (size_t i = 0; i < 3 * BULK_STRANGERS; i++) {
        raw_dial(&world->pair, &raws[i]);
        link_send(raws[i].link, "GPB1", 4);
    }
    for (int i = 0; i < 100 && bulk_store_connections(world->store) > BULK_STRANGERS; i++)
        pair_run_for(&world->pair, 10);
    assert_true(bulk_store_connections(world->store) <= BULK_STRANGERS);
    for (size_t i = 0; i < 3 * BULK_STRANGERS; i++)
        pair_until(&world->pair, &raws[i].closed);
    assert_transfer_lives(world);
}

struct misuse {
    const char *name;
    const char *path;
    uint64_t offset;
    uint32_t file_plus;
    uint32_t length; /* 0: as much as fits */
    uint64_t counter;
};

/* What a peer with the key must not do after a good first chunk (counter 5, offset 0 of
 * b/many.bin). */
static const struct misuse misuses[] = {
    {"counter again", "b/many.bin", 262144, 0, 0, 5},
    {"counter before", "b/many.bin", 262144, 0, 0, 4},
    {"gap", "b/many.bin", 2 * 262144, 0, 0, 6},
    {"overlap", "b/many.bin", 0, 0, 0, 6},
    {"beyond the end", "a/one.dll", 0, 0, 2, 6},
    {"no such file", "a/one.dll", 0, 100, 1, 6},
    {"no data", "b/more.bin", 0, 0, UINT32_MAX, 6},
};

static void bulk_ends_a_transfer_that_breaks_the_rules(void **state)
{
    struct world *world = *state;
    struct forger *forger = malloc(sizeof *forger);

    assert_non_null(forger);
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
        const struct misuse *row = &misuses[i];
        struct bulk_header first, second;

        assert_true(fs_remove_tree("stage", NULL));
        make_offer(world);
        first = header_of(world, index_of(world, "b/many.bin"), 0);
        first.counter = 5;
        second = header_of(world, index_of(world, row->path), row->offset);
        second.file += row->file_plus;
        second.counter = row->counter;
        if (row->length)
            second.length = row->length == UINT32_MAX ? 0 : row->length;
        raw_dial(&world->pair, &forger->raw);
        forge(world, forger, &first, world->offer.key, SIZE_MAX);
        forge(world, forger, &second, world->offer.key, SIZE_MAX);
        pair_until(&world->pair, &world->got);
        if (world->got_why.kind != ERR_BAD_INPUT)
            fail_msg("%s: %s", row->name, err_kind_name(world->got_why.kind));
        pair_until(&world->pair, &forger->raw.closed);
    }
    free(forger);
}

static void bulk_ends_a_transfer_whose_later_chunk_was_changed(void **state)
{
    struct world *world = *state;
    struct forger *forger = malloc(sizeof *forger);
    struct bulk_header header;

    assert_non_null(forger);
    make_offer(world);
    header = header_of(world, index_of(world, "b/many.bin"), 0);
    raw_dial(&world->pair, &forger->raw);
    forge(world, forger, &header, world->offer.key, SIZE_MAX);
    header = header_of(world, index_of(world, "b/many.bin"), BULK_CHUNK_MAX);
    header.counter = 1;
    forge(world, forger, &header, world->offer.key, BULK_HEADER_BYTES + 77);
    pair_until(&world->pair, &world->got);
    assert_int_equal(world->got_why.kind, ERR_AUTH);
    pair_until(&world->pair, &forger->raw.closed);
    make_offer(world); /* the good part counts, the changed one does not */
    push(world);
    assert_false(err_is_set(&world->got_why));
    assert_true(same_trees(world, "stage"));
    free(forger);
}

static void bulk_lets_only_one_connection_into_a_transfer(void **state)
{
    struct world *world = *state;
    struct forger *forger = malloc(sizeof *forger), *second = malloc(sizeof *second);
    struct bulk_header header;

    assert_non_null(forger);
    assert_non_null(second);
    make_offer(world);
    header = header_of(world, index_of(world, "b/many.bin"), 0);
    raw_dial(&world->pair, &forger->raw);
    forge(world, forger, &header, world->offer.key, SIZE_MAX);
    pair_run_for(&world->pair, 100);
    raw_dial(&world->pair, &second->raw);
    header.counter = 9;
    forge(world, second, &header, world->offer.key, SIZE_MAX);
    pair_until(&world->pair, &second->raw.closed);
    assert_false(world->got);
    raw_close(&world->pair, &forger->raw);
    pair_until(&world->pair, &world->got);
    assert_int_equal(world->got_why.kind, ERR_CLOSED);
    free(forger);
    free(second);
}

static void bulk_says_which_file_changed_while_it_was_sent(void **state)
{
    struct world *world = *state;
    struct fs_file *file;

    make_offer(world);
    assert_true(fs_file_open("source/top.sys", FS_UPDATE, FS_PRIVATE, &file, NULL));
    assert_true(fs_file_write(file, 1234567, "changed", 7, NULL));
    fs_file_close(file);
    push(world);
    assert_int_equal(world->sent_why.message, TEXT_BULK_HASH);
    assert_string_equal(world->sent_why.args[0], "top.sys");
    assert_int_equal(world->got_why.message, TEXT_BULK_HASH);
}

static void bulk_says_which_file_became_shorter(void **state)
{
    struct world *world = *state;
    struct fs_file *file;

    make_offer(world);
    assert_true(fs_file_open("source/top.sys", FS_UPDATE, FS_PRIVATE, &file, NULL));
    assert_true(fs_file_resize(file, 1000, NULL));
    fs_file_close(file);
    push(world);
    assert_int_equal(world->sent_why.message, TEXT_BULK_SOURCE_CHANGED);
    assert_int_equal(world->got_why.kind, ERR_CLOSED);
}

static void bulk_says_unreachable_when_nobody_listens(void **state)
{
    struct world *world = *state;
    struct link_address here = world->pair.address;

    make_offer(world);
    pair_address(&world->pair.address, "nobody");
    start_sending(world, "source");
    pair_until(&world->pair, &world->sent);
    assert_int_equal(world->sent_why.kind, ERR_UNREACHABLE);
    world->pair.address = here;
    bulk_store_cancel(world->store, world->offer.transfer);
    assert_true(world->got);
    assert_int_equal(world->got_why.kind, ERR_CANCELLED);
}

static void bulk_has_a_limit_of_transfers(void **state)
{
    struct world *world = *state;
    struct world others[BULK_TRANSFERS];
    const struct bulk_transfer transfer = {
        .folder = "stage", .files = &world->files, .have = world->have, .on_done = on_got};
    struct bulk_offer offer;
    struct err err = ERR_INIT;

    memset(others, 0, sizeof others);
    for (int i = 0; i < BULK_TRANSFERS; i++) {
        struct bulk_transfer one = transfer;

        one.user = &others[i];
        assert_true(bulk_store_offer(world->store, &one, &offer, &err));
        bulk_offer_done(&offer);
    }
    assert_false(bulk_store_offer(world->store, &transfer, &offer, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    bulk_store_close(world->store, NULL, NULL);
    for (int i = 0; i < BULK_TRANSFERS; i++)
        assert_int_equal(others[i].got_why.kind, ERR_CANCELLED);
    pair_run_for(&world->pair, 20);
    assert_true(bulk_store_new(&world->pair.loop, &world->store, &err));
}

static void offer_of_a_hostile_guest_is_refused(void **state)
{
#define OFFER(transfer, window, files, resume)                                                     \
    "{\"transfer\":\"" transfer "\",\"window_bytes\":" window ",\"files\":" files                  \
    ",\"resume\":" resume "}"
#define ID "00112233445566778899aabbccddeeff"
    static const char *const rows[] = {
        "{}",
        OFFER("00", "4194304", "7", "[]"),
        OFFER("zz112233445566778899aabbccddeeff", "4194304", "7", "[]"),
        OFFER(ID, "0", "7", "[]"),
        OFFER(ID, "1e18", "7", "[]"),
        OFFER(ID, "4194304", "6", "[]"),
        OFFER(ID, "4194304", "7", "{}"),
        OFFER(ID, "4194304", "7", "[[7,0]]"),
        OFFER(ID, "4194304", "7", "[[-1,0]]"),
        OFFER(ID, "4194304", "7", "[[0,99999999999]]"),
        OFFER(ID, "4194304", "7", "[[0.5,0]]"),
        OFFER(ID, "4194304", "7", "[5]")};
    struct world *world = *state;
    uint8_t key[BULK_KEY_BYTES] = {0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cJSON *json = cJSON_Parse(rows[i]);
        struct bulk_offer offer;

        assert_non_null(json);
        if (bulk_offer_from_json(json, key, sizeof key, &world->files, &offer, NULL))
            fail_msg("accepted: %s", rows[i]);
        cJSON_Delete(json);
    }
}

static void commit_refuses_an_incomplete_stage(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;

    assert_false(bulk_commit("stage", &world->files, "target", &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
}

/* ---- what works ---- */

static void bulk_carries_a_tree_and_commits_it(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;

    make_offer(world);
    push(world);
    assert_false(err_is_set(&world->got_why));
    assert_false(err_is_set(&world->sent_why));
    assert_true(same_trees(world, "stage"));
    assert_true(bulk_commit("stage", &world->files, "target", &err));
    assert_true(same_trees(world, "target"));
    assert_true(bulk_commit("stage", &world->files, "target", &err)); /* again: nothing to do */
    assert_true(same_trees(world, "target"));
}

static void bulk_keeps_the_time_of_files(void **state)
{
    struct world *world = *state;
    struct fs_stat stat;

    world->files.entries[index_of(world, "top.sys")].modified_ms = 1500000000000;
    make_offer(world);
    push(world);
    assert_true(fs_stat("stage/top.sys", &stat, NULL));
    assert_true(stat.modified_ms == 1500000000000);
}

static void bulk_offers_nothing_when_all_is_there(void **state)
{
    struct world *world = *state;

    make_offer(world);
    push(world);
    make_offer(world);
    assert_true(bulk_offer_is_complete(&world->offer));
    assert_false(world->got);
}

static void bulk_sends_again_what_was_damaged_in_the_stage(void **state)
{
    struct world *world = *state;
    struct fs_file *file;

    make_offer(world);
    push(world);
    assert_true(fs_file_open("stage/b/many.bin", FS_UPDATE, FS_PRIVATE, &file, NULL));
    assert_true(fs_file_write(file, 7, "damage", 6, NULL));
    fs_file_close(file);
    make_offer(world);
    assert_false(world->offer.have[index_of(world, "b/many.bin")].complete);
    assert_true(world->offer.have[index_of(world, "top.sys")].complete);
    push(world);
    assert_true(same_trees(world, "stage"));
}

/* A file of 40 MiB, broken off again and again. */
static void bulk_goes_on_where_it_broke_off(void **state)
{
    struct world *world = *state;
    uint8_t *block = calloc(1, 1 << 20);
    struct fs_file *file;
    struct err err = ERR_INIT;
    int breaks = 0;

    assert_non_null(block);
    assert_true(fs_file_open("source/large.bin", FS_CREATE, FS_PRIVATE, &file, NULL));
    for (uint64_t i = 0; i < 40; i++) {
        memset(block, (int)i, 1 << 20);
        assert_true(fs_file_write(file, i << 20, block, 1 << 20, NULL));
    }
    fs_file_close(file);
    manifest_done(&world->files);
    free(world->have);
    assert_true(manifest_scan("source", MANIFEST_XXH3, NULL, &world->files, &err));
    world->have = calloc(world->files.count, sizeof *world->have);
    make_offer(world);
    while (!bulk_offer_is_complete(&world->offer) && breaks < 20) {
        struct bulk_send *send = start_sending(world, "source");
        uint64_t had = world->offer.have[index_of(world, "large.bin")].offset;

        while (!world->sent && world->progress < had + (16 << 20))
            uv_run(&world->pair.loop, UV_RUN_ONCE);
        if (!world->sent) {
            breaks++;
            bulk_send_cancel(send);
        }
        pair_until(&world->pair, &world->sent);
        pair_until(&world->pair, &world->got);
        make_offer(world);
    }
    assert_true(breaks > 0);
    assert_true(bulk_offer_is_complete(&world->offer));
    manifest_done(&world->files);
    assert_true(manifest_scan("source", MANIFEST_SHA256, NULL, &world->files, &err));
    assert_true(same_trees(world, "stage"));
    free(block);
}

static void chunk_is_read_as_it_was_written(void **state)
{
    struct bulk_header in = {.length = 77,
                             .counter = 0x1122334455667788u,
                             .transfer = "0123456789abcde",
                             .file = 99,
                             .offset = 0x99887766554433u},
                       out;
    uint8_t bytes[BULK_HEADER_BYTES];

    (void)state;
    bulk_header_write(BULK_TO_GUEST, &in, bytes);
    assert_true(bulk_header_read(BULK_TO_GUEST, bytes, &out, NULL));
    assert_memory_equal(&in, &out, sizeof in);
    assert_false(bulk_header_read(BULK_TO_HOST, bytes, &out, NULL));
}

/* The value is Python's: ChaCha20Poly1305(bytes(range(32))).encrypt(nonce, b"", header + data), of
 * the package cryptography. */
static void tag_is_chacha20_poly1305_with_the_chunk_as_associated_data(void **state)
{
    static const uint8_t wanted[BULK_TAG_BYTES] = {0xa8,
                                                   0xdc,
                                                   0xb6,
                                                   0x56,
                                                   0x33,
                                                   0x3e,
                                                   0x41,
                                                   0xda,
                                                   0x9d,
                                                   0x60,
                                                   0xd6,
                                                   0xb4,
                                                   0x89,
                                                   0x98,
                                                   0x48,
                                                   0x74};
    const struct bulk_header header = {.length = 5, .counter = 7, .file = 1, .offset = 2};
    uint8_t key[BULK_KEY_BYTES], bytes[BULK_HEADER_BYTES], tag[BULK_TAG_BYTES];

    (void)state;
    for (uint8_t i = 0; i < BULK_KEY_BYTES; i++)
        key[i] = i;
    bulk_header_write(BULK_TO_GUEST, &header, bytes);
    assert_true(bulk_tag_make(key, BULK_TO_GUEST, bytes, (const uint8_t *)"hello", 5, tag));
    assert_memory_equal(tag, wanted, sizeof tag);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bulk_closes_on_strangers_and_the_transfer_lives),
        TEST(bulk_keeps_few_strangers_and_only_for_a_while),
        TEST(bulk_ends_a_transfer_that_breaks_the_rules),
        TEST(bulk_ends_a_transfer_whose_later_chunk_was_changed),
        TEST(bulk_lets_only_one_connection_into_a_transfer),
        TEST(bulk_says_which_file_changed_while_it_was_sent),
        TEST(bulk_says_which_file_became_shorter),
        TEST(bulk_says_unreachable_when_nobody_listens),
        TEST(bulk_has_a_limit_of_transfers),
        TEST(offer_of_a_hostile_guest_is_refused),
        TEST(commit_refuses_an_incomplete_stage),
        TEST(bulk_carries_a_tree_and_commits_it),
        TEST(bulk_keeps_the_time_of_files),
        TEST(bulk_offers_nothing_when_all_is_there),
        TEST(bulk_sends_again_what_was_damaged_in_the_stage),
        TEST(bulk_goes_on_where_it_broke_off),
        cmocka_unit_test(chunk_is_read_as_it_was_written),
        cmocka_unit_test(tag_is_chacha20_poly1305_with_the_chunk_as_associated_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
