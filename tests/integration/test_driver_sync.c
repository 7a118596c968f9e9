/*
 * The host's GPU driver on its way into a running guest: the real agent in a process of its own, a
 * middle between the two that cuts the bulk connection, spoils it, or kills the agent at every
 * chunk of a small package. The guest always has one whole package, and in the end the new one.
 */
#include "tests/support/support.h"

#include "common/clock.h"
#include "common/key.h"
#include "guest/machine/sim/sim.h"
#include "host/driver/driver_make.h"
#include "host/driver/sync.h"
#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#define DISK        "disk"
#define STORE       "disk/files/driver_store"
#define VM          "4f3c2a10-0000-4000-8000-00000000beef"
#define GPU         "PCI\\VEN_1AF4&DEV_1050\\0"
#define OPEN_MS     20000
#define TRIES       200
#define TRY_MS      50
#define HEADER      48
#define TAG         16
#define LARGE_BYTES 600000 /* three chunks */

enum harm { HARM_NONE, HARM_CUT, HARM_SPOIL, HARM_KILL };

/* ---- the agent ---- */

struct bench {
    struct process_child *agent;
    struct link_address agent_address, middle_address;
    struct key_file key;
    struct client *client;
    struct driver_port *port;
    struct driver_package *packages[2];
    /* the middle */
    uv_thread_t thread;
    uv_loop_t loop;
    uv_pipe_t listener;
    uv_async_t stop;
    enum harm harm;
    unsigned at_chunk, chunks; /* to be harmed; seen so far */
    bool harmed, whole;        /* whole: a whole package stood when it was */
};

static char agent_program[FS_PATH_BYTES];

static void must(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

static void address_of(struct link_address *address, const char *name)
{
    memset(address, 0, sizeof *address);
    address->kind = LINK_UV;
    if (strstr(agent_program, ".exe"))
        snprintf(address->path,
                 sizeof address->path,
                 "\\\\.\\pipe\\gpupv-%s-%d",
                 name,
                 (int)process_self());
    else
        snprintf(address->path, sizeof address->path, "%s.socket", name);
}

static void agent_start(struct bench *bench)
{
    char listen[LINK_PATH_BYTES + 8];
    const char *args[] = {agent_program, "run", "--simulate", DISK, "--listen", listen, NULL};

    snprintf(listen, sizeof listen, "uv:%s", bench->agent_address.path);
    assert_true(process_child_start(agent_program, args, "agent-output.log", &bench->agent, NULL));
}

/* ---- whether the guest has one whole package ---- */

static bool file_stands(const struct driver_package *package, size_t index)
{
    const struct manifest_entry *entry = &package->files.entries[index];
    const char *tree = manifest_path(&package->files, entry);
    uint8_t digest[MANIFEST_DIGEST_BYTES];
    char path[FS_PATH_BYTES];

    if (strncmp(tree, "store/", 6) != 0)
        return true;
    snprintf(path, sizeof path, STORE "/%s", tree + 6);
    return manifest_digest_file(path, MANIFEST_XXH3, digest, NULL) &&
           memcmp(digest, entry->digest, 8) == 0;
}

static bool package_stands(const struct driver_package *package)
{
    for (size_t i = 0; i < package->files.count; i++)
        if (!file_stands(package, i))
            return false;
    return true;
}

/* ---- the middle ---- */

struct way {
    struct bench *bench;
    uv_pipe_t host_side, agent_side;
    uv_connect_t connect;
    struct buf held; /* from the host, before it is handed on */
    uint8_t head[HEADER];
    size_t in_head; /* bytes of the header that came */
    uint64_t left;  /* bytes of the chunk that are still to come */
    bool open, closing;
    int handles;
};

static void on_way_closed(uv_handle_t *handle)
{
    struct way *way = handle->data;

    if (--way->handles == 0) {
        buf_done(&way->held);
        free(way);
    }
}

static void way_close(struct way *way)
{
    if (way->closing)
        return;
    way->closing = true;
    uv_close((uv_handle_t *)&way->host_side, on_way_closed);
    uv_close((uv_handle_t *)&way->agent_side, on_way_closed);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    (void)handle;
    out->base = malloc(size);
    out->len = out->base ? size : 0;
}

struct hand {
    uv_write_t request;
    char *data;
};

static void on_written(uv_write_t *request, int status)
{
    struct hand *hand = request->data;

    (void)status;
    free(hand->data);
    free(hand);
}

/* Hands bytes on; they are taken. */
static void hand_on(struct way *way, uv_pipe_t *to, char *data, size_t length)
{
    struct hand *hand = calloc(1, sizeof *hand);
    uv_buf_t piece = uv_buf_init(data, (unsigned)length);

    assert_non_null(hand);
    hand->data = data;
    hand->request.data = hand;
    if (way->closing || uv_write(&hand->request, (uv_stream_t *)to, &piece, 1, on_written) != 0)
        on_written(&hand->request, 0);
}

/* The chunk that is to be harmed begins: false when nothing goes on. */
static bool do_harm(struct way *way, char *first)
{
    struct bench *bench = way->bench;

    bench->harmed = true;
    bench->whole = package_stands(bench->packages[0]) || package_stands(bench->packages[1]);
    if (bench->harm == HARM_SPOIL) {
        *first ^= 1;
        return true;
    }
    if (bench->harm == HARM_KILL) {
        process_child_free(bench->agent);
        agent_start(bench);
    }
    way_close(way);
    return false;
}

/* Follows the stream of chunks; false when it was cut. The byte that is spoiled is the last of the
 * chunk, of its tag. */
static bool follow(struct way *way, char *data, size_t length)
{
    struct bench *bench = way->bench;

    for (size_t i = 0; i < length; i++) {
        if (way->left == 0) {
            way->head[way->in_head++] = (uint8_t)data[i];
            if (way->in_head == 8)
                way->left = (uint64_t)(way->head[4] | way->head[5] << 8 | way->head[6] << 16) +
                            HEADER + TAG - 8;
            continue;
        }
        if (--way->left > 0)
            continue;
        way->in_head = 0;
        if (!bench->harmed && bench->harm != HARM_NONE && bench->chunks++ == bench->at_chunk &&
            !do_harm(way, &data[i]))
            return false;
    }
    return true;
}

static void on_near(uv_stream_t *stream, ssize_t length, const uv_buf_t *data)
{
    struct way *way = stream->data;

    if (length > 0 && follow(way, data->base, (size_t)length)) {
        hand_on(way, &way->agent_side, data->base, (size_t)length);
        return;
    }
    free(data->base);
    if (length < 0)
        way_close(way);
}

static void on_far(uv_stream_t *stream, ssize_t length, const uv_buf_t *data)
{
    struct way *way = stream->data;

    if (length > 0) {
        hand_on(way, &way->host_side, data->base, (size_t)length);
        return;
    }
    free(data->base);
    if (length < 0)
        way_close(way);
}

static void on_far_connected(uv_connect_t *request, int status)
{
    struct way *way = request->data;

    if (status != 0 || way->closing) {
        way_close(way);
        return;
    }
    uv_read_start((uv_stream_t *)&way->host_side, on_alloc, on_near);
    uv_read_start((uv_stream_t *)&way->agent_side, on_alloc, on_far);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct bench *bench = listener->data;
    struct way *way = calloc(1, sizeof *way);

    assert_int_equal(status, 0);
    assert_non_null(way);
    way->bench = bench;
    way->handles = 2;
    buf_init(&way->held, 1);
    uv_pipe_init(&bench->loop, &way->host_side, 0);
    uv_pipe_init(&bench->loop, &way->agent_side, 0);
    way->host_side.data = way->agent_side.data = way->connect.data = way;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&way->host_side), 0);
    uv_pipe_connect(&way->connect, &way->agent_side, bench->agent_address.path, on_far_connected);
}

static void close_walked(uv_handle_t *handle, void *user)
{
    struct bench *bench = user;

    if (uv_is_closing(handle))
        return;
    if (handle == (uv_handle_t *)&bench->listener || handle == (uv_handle_t *)&bench->stop)
        uv_close(handle, NULL);
    else
        way_close(handle->data);
}

static void on_stop(uv_async_t *async)
{
    uv_walk(async->loop, close_walked, async->data);
}

static void middle_main(void *user)
{
    uv_run(&((struct bench *)user)->loop, UV_RUN_DEFAULT);
}

static void middle_start(struct bench *bench)
{
    remove(bench->middle_address.path);
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_int_equal(uv_pipe_init(&bench->loop, &bench->listener, 0), 0);
    assert_int_equal(uv_async_init(&bench->loop, &bench->stop, on_stop), 0);
    bench->listener.data = bench->stop.data = bench;
    assert_int_equal(uv_pipe_bind(&bench->listener, bench->middle_address.path), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&bench->listener, 8, on_connection), 0);
    assert_int_equal(uv_thread_create(&bench->thread, middle_main, bench), 0);
}

static void middle_stop(struct bench *bench)
{
    uv_async_send(&bench->stop);
    uv_thread_join(&bench->thread);
    assert_int_equal(uv_loop_close(&bench->loop), 0);
}

/* ---- the bench ---- */

static void dial(struct bench *bench)
{
    struct client_target target = {.address = bench->agent_address};
    struct err err = ERR_INIT;
    bool ok = false;

    client_target_keys(&target, &bench->key);
    for (int i = 0; i < TRIES && !ok; i++) {
        err_clear(&err);
        ok = client_open(&target, OPEN_MS, &bench->client, &err);
        if (!ok)
            clock_sleep_ms(clock_system(), TRY_MS);
    }
    client_target_wipe(&target);
    must(ok, &err);
}

/* Two versions of a driver, both in the host's store. */
static void make_packages(struct bench *bench)
{
    static const char *const versions[] = {"32.0.15.6094", "32.0.16.1000"};
    struct err err = ERR_INIT;

    for (int i = 0; i < 2; i++) {
        struct driver_make what = {.gpus = {{GPU, "Card", versions[i]}},
                                   .gpu_count = 1,
                                   .files = 2,
                                   .file_bytes = 400,
                                   .large_bytes = LARGE_BYTES};

        must(driver_make("host", &what, &err), &err);
        driver_free(bench->port);
        must(driver_open_folder("host", &bench->port, &err), &err);
        must(driver_package_read(bench->port, GPU, "cache", NULL, &bench->packages[i], &err), &err);
    }
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    struct err err = ERR_INIT;

    assert_non_null(bench);
    must(fs_remove_tree(DISK, &err) && fs_remove_tree("host", &err) &&
             fs_remove_tree("cache", &err),
         &err);
    must(machine_sim_init(DISK, "healthy", &err), &err);
    must(fs_make_dirs(DISK "/agent", FS_PRIVATE, &err), &err);
    must(key_new(VM, &bench->key, &err), &err);
    must(key_save(DISK "/agent/key.json", &key_seal_plain, &bench->key, &err), &err);
    address_of(&bench->agent_address, "agent");
    address_of(&bench->middle_address, "middle");
    make_packages(bench);
    agent_start(bench);
    dial(bench);
    middle_start(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    client_close(bench->client);
    middle_stop(bench);
    process_child_free(bench->agent);
    driver_package_free(bench->packages[0]);
    driver_package_free(bench->packages[1]);
    driver_free(bench->port);
    free(bench);
    return 0;
}

/* Brings a package over, harmed at chunk `at`; true when there was such a chunk. */
static bool sync_with(struct bench *bench, int which, enum harm harm, unsigned at)
{
    const struct sync_options options = {.when = "now"};
    struct sync_result result;
    struct err err = ERR_INIT;

    bench->harm = harm;
    bench->at_chunk = at;
    bench->chunks = 0;
    bench->harmed = false;
    must(
        sync_run(
            bench->client, &bench->middle_address, bench->packages[which], &options, &result, &err),
        &err);
    assert_int_equal(result.state, SYNC_DONE);
    sync_done(&result);
    bench->harm = HARM_NONE;
    assert_true(package_stands(bench->packages[which]));
    return bench->harmed;
}

/* Nothing differs, whoever reads it. */
static void check_whole(struct bench *bench, int which)
{
    const struct sync_options options = {.full = true};
    struct sync_result result;
    struct err err = ERR_INIT;

    must(sync_compare(bench->client, bench->packages[which], &options, &result, &err), &err);
    assert_true(sync_is_complete(&result));
    sync_done(&result);
}

/* The folder of a package that is not in place goes, as after a good boot: all of it comes anew. */
static void forget(struct bench *bench, int which)
{
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    snprintf(path, sizeof path, STORE "/%s", bench->packages[which]->name);
    must(fs_remove_tree(path, &err), &err);
}

static void harm_at_every_chunk(struct bench *bench, enum harm harm)
{
    unsigned at = 0;

    sync_with(bench, 0, HARM_NONE, 0);
    for (bool more = true; more; at++) {
        int which = 1 - (int)at % 2;

        forget(bench, which);
        more = sync_with(bench, which, harm, at);
        assert_true(!more || bench->whole);
        check_whole(bench, which);
    }
    assert_true(at > 7); /* all of them were there */
}

static void link_that_is_cut_at_any_chunk_goes_on_where_it_was(void **state)
{
    harm_at_every_chunk(*state, HARM_CUT);
}

static void bytes_that_are_spoiled_never_get_into_a_package(void **state)
{
    harm_at_every_chunk(*state, HARM_SPOIL);
}

static void agent_that_is_killed_at_any_chunk_goes_on_where_it_was(void **state)
{
    harm_at_every_chunk(*state, HARM_KILL);
}

/* Nobody listens for bulk connections: everything goes through the session. */
static void without_a_bulk_connection_the_session_carries_it(void **state)
{
    const struct sync_options options = {.when = "now"};
    struct bench *bench = *state;
    struct link_address nowhere;
    struct sync_result result;
    struct err err = ERR_INIT;

    address_of(&nowhere, "nowhere");
    must(sync_run(bench->client, &nowhere, bench->packages[0], &options, &result, &err), &err);
    assert_int_equal(result.state, SYNC_DONE);
    sync_done(&result);
    check_whole(bench, 0);
}

static void file_of_the_host_that_changes_meanwhile_is_said(void **state)
{
    const struct sync_options options = {.when = "now"};
    struct bench *bench = *state;
    struct sync_result result;
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    sync_with(bench, 0, HARM_NONE, 0);
    must(fs_join(path, bench->packages[1]->folders[0].path, "nvlarge.bin", &err), &err);
    must(fs_write_atomic(path, "short", 5, FS_SHARED, &err), &err);
    assert_false(sync_run(
        bench->client, &bench->middle_address, bench->packages[1], &options, &result, &err));
    assert_int_equal(err.message, TEXT_DRIVER_CHANGED);
    check_whole(bench, 0);
    assert_true(package_stands(bench->packages[0]));
}

#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(link_that_is_cut_at_any_chunk_goes_on_where_it_was),
        WITH_BENCH(bytes_that_are_spoiled_never_get_into_a_package),
        WITH_BENCH(agent_that_is_killed_at_any_chunk_goes_on_where_it_was),
        WITH_BENCH(without_a_bulk_connection_the_session_carries_it),
        WITH_BENCH(file_of_the_host_that_changes_meanwhile_is_said),
    };
    const char *agent = getenv("GPUPV_TEST_AGENT");

    if (!agent)
        return 1;
    text_copy(agent_program, sizeof agent_program, agent);
    if (uv_chdir(support_ram_folder()) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
