/* The world on disk. */
#include "guest/machine/sim/store.h"

#include "common/json.h"
#include "guest/machine/sim/os.h"
#include "guest/machine/sim/world_json.h"

#include <stdlib.h>
#include <string.h>

#define LOCK_WAIT_MS   30000
#define LIVE_READS_MAX 5 /* tries when a write was seen half done */

struct store {
    char disk[FS_PATH_BYTES];
    char world_path[FS_PATH_BYTES], lock_path[FS_PATH_BYTES], files_path[FS_PATH_BYTES];
    char generation_path[FS_PATH_BYTES];
    struct os_record *generation, *live;
    struct os_watch *watch;
    struct fs_lock *lock;
    uint64_t seen; /* counter of the world that was read last; 0: none */
};

static uint64_t get64(const unsigned char *bytes)
{
    uint64_t value = 0;

    for (int i = 8; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static void put64(unsigned char *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

bool store_path(struct store *store, const char *name, char *out, struct err *err)
{
    return fs_join(out, store->disk, name, err);
}

static bool open_records(struct store *store, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct os_watched watched = {
        .disk = store->disk, .record = store->generation_path, .tree = store->files_path};

    return os_record_open(store->generation_path, &store->generation, err) &&
           store_path(store, "vdd.live", path, err) && os_record_open(path, &store->live, err) &&
           os_watch_open(&watched, &store->watch, err);
}

bool store_open(const char *disk, struct store **ret_store, struct err *err)
{
    struct store *store = calloc(1, sizeof(*store));
    struct fs_stat stat;
    bool ok = false;

    if (!store)
        return err_no_memory(err);
    text_copy(store->disk, sizeof(store->disk), disk);
    if (!fs_join(store->world_path, disk, "world.json", err) ||
        !fs_join(store->lock_path, disk, "world.lock", err) ||
        !fs_join(store->generation_path, disk, "world.gen", err) ||
        !fs_join(store->files_path, disk, "files", err) || !fs_stat(store->world_path, &stat, err))
        goto out;
    if (stat.kind == FS_MISSING) {
        err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_WORLD, disk, NULL);
        err_hint(err, TEXT_SIM_NO_WORLD_HINT);
        goto out;
    }
    ok = open_records(store, err);

out:
    if (ok)
        *ret_store = store;
    else
        store_free(store);
    return ok;
}

void store_free(struct store *store)
{
    if (!store)
        return;
    store_unlock(store);
    os_watch_close(store->watch);
    os_record_close(store->live);
    os_record_close(store->generation);
    free(store);
}

static bool write_world(const char *path, const struct world *world, struct err *err)
{
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = world_print(world, &text, err) && os_replace(path, text.data, text.len, err);
    buf_done(&text);
    return ok;
}

bool store_create(const char *disk, const struct world *world, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!fs_make_dirs(disk, FS_PRIVATE, err) || !fs_join(path, disk, "world.json", err) ||
        !fs_stat(path, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return err_set(err, ERR_EXISTS, TEXT_SIM_WORLD_EXISTS, disk, NULL);
    return write_world(path, world, err);
}

static uint64_t counter(struct store *store)
{
    unsigned char bytes[OS_RECORD_BYTES];

    return os_record_get(store->generation, bytes) ? get64(bytes) + 1 : 0;
}

bool store_is_current(struct store *store)
{
    return store->seen && counter(store) == store->seen;
}

bool store_lock(struct store *store, struct err *err)
{
    return fs_lock(store->lock_path, LOCK_WAIT_MS, &store->lock, err) ||
           err_context(err, TEXT_FILE_READING, store->world_path);
}

void store_unlock(struct store *store)
{
    fs_unlock(store->lock);
    store->lock = NULL;
}

bool store_load(struct store *store, struct world *world, struct err *err)
{
    uint64_t now = counter(store);
    struct world_live live = world->live;
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    ok = fs_read(store->world_path, json_limits_file.bytes, &text, err) &&
         world_parse(buf_str(&text), text.len, false, world, err);
    buf_done(&text);
    if (!ok)
        return err_context(err, TEXT_FILE_READING, store->world_path);
    world->live = live;
    store->seen = now;
    return true;
}

bool store_save(struct store *store, struct world *world, struct err *err)
{
    unsigned char bytes[OS_RECORD_BYTES] = {0};

    /* first the counter: who reads now waits for the lock, and a crash in between costs others
     * nothing but one read */
    put64(bytes, counter(store));
    store->seen = 0;
    if (!os_record_put(store->generation, bytes))
        return err_set(err, ERR_IO, TEXT_FILE_WRITE, "world.gen", NULL);
    if (!write_world(store->world_path, world, err))
        return false;
    store->seen = counter(store);
    return true;
}

void store_forget(struct store *store)
{
    store->seen = 0;
}

static uint64_t live_sum(const unsigned char *bytes)
{
    uint64_t sum = 0x9e3779b97f4a7c15u;

    for (int i = 0; i < 16; i++)
        sum = (sum ^ bytes[i]) * 0x100000001b3u;
    return sum;
}

void store_live_get(struct store *store, struct world_live *ret_live)
{
    unsigned char bytes[OS_RECORD_BYTES];

    memset(ret_live, 0, sizeof(*ret_live));
    for (int i = 0; i < LIVE_READS_MAX; i++) {
        if (!os_record_get(store->live, bytes) || get64(bytes + 16) != live_sum(bytes))
            continue;
        ret_live->boots = (uint32_t)get64(bytes);
        ret_live->monitors = (uint32_t)(get64(bytes) >> 32);
        ret_live->ping_ms = (int64_t)get64(bytes + 8);
        return;
    }
}

bool store_live_put(struct store *store, const struct world_live *live, struct err *err)
{
    unsigned char bytes[OS_RECORD_BYTES] = {0};

    put64(bytes, (uint64_t)live->monitors << 32 | live->boots);
    put64(bytes + 8, (uint64_t)live->ping_ms);
    put64(bytes + 16, live_sum(bytes));
    return os_record_put(store->live, bytes) ||
           err_set(err, ERR_IO, TEXT_FILE_WRITE, "vdd.live", NULL);
}

bool store_wait(struct store *store, int64_t timeout_ms)
{
    return os_watch_wait(store->watch, timeout_ms);
}

void store_wake(struct store *store)
{
    os_watch_wake(store->watch);
}
