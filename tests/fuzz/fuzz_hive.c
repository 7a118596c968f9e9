/*
 * Registry hives: everything in one is looked at, then it is changed as an injection does, and what
 * comes out must open again. Input: the minor version, the offset of the root, then the bins; the
 * base block is made here, since its checksum would stop every mutation.
 */
#include "tests/fuzz/fuzz.h"

#include "host/image/hive_inside.h"

#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 5
#define KEYS_MOST  200

struct look {
    const struct hive *hive;
    unsigned keys;
    uint32_t key;
};

static bool look_at_value(const char *name, uint32_t type, void *user)
{
    struct look *look = user;
    char text[64];
    struct buf data;

    (void)type;
    buf_init(&data, HIVE_VALUE_MAX);
    hive_get(look->hive, look->key, name, &type, &data, NULL);
    hive_get_text(look->hive, look->key, name, text, sizeof text, NULL);
    buf_done(&data);
    return ++look->keys < KEYS_MOST;
}

static bool look_at_key(const char *name, uint32_t key, void *user)
{
    struct look *look = user;

    (void)name;
    if (++look->keys > KEYS_MOST)
        return false;
    look->key = key;
    hive_each_value(look->hive, key, look_at_value, look, NULL);
    /* circles end with the count */
    hive_each_key(look->hive, key, look_at_key, look, NULL);
    return true;
}

static void change(struct hive *hive)
{
    static const uint8_t big[20000];
    uint32_t key = HIVE_NO_KEY;

    if (!hive_make_key(hive, hive_root(hive), "Services\\gpupv-agent", &key, NULL) ||
        !hive_set_dword(hive, key, "Start", 2, NULL) ||
        !hive_set(hive, key, "Big", HIVE_BINARY, big, sizeof big, NULL) ||
        !hive_set(hive, hive_root(hive), "", HIVE_BINARY, big, 100, NULL) ||
        !hive_remove_value(hive, key, "Big", NULL))
        return;
    hive_remove_key(hive, hive_root(hive), "Services", NULL);
    hive_remove_key(hive, hive_root(hive), "a", NULL);
}

static void make_file(const uint8_t *data, size_t size, struct buf *file)
{
    size_t bins = (size - HEAD_BYTES + HIVE_BIN_ALIGN - 1) / HIVE_BIN_ALIGN * HIVE_BIN_ALIGN;
    uint8_t *base;

    buf_init(file, HIVE_BASE + HIVE_BYTES_MAX);
    base = buf_reserve(file, HIVE_BASE + bins);
    if (!base)
        return;
    memset(base, 0, HIVE_BASE + bins);
    memcpy(base, "regf", 4);
    bytes_put32(base + BASE_MAJOR, 1);
    bytes_put32(base + BASE_MINOR, data[0]);
    bytes_put32(base + BASE_FORMAT, 1);
    memcpy(base + BASE_ROOT, data + 1, 4);
    bytes_put32(base + BASE_BINS, (uint32_t)bins);
    bytes_put32(base + BASE_CHECKSUM, hive_checksum(base));
    memcpy(base + HIVE_BASE, data + HEAD_BYTES, size - HEAD_BYTES);
    buf_added(file, HIVE_BASE + bins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hive *hive = NULL, *again = NULL;
    struct look look = {0};
    const uint8_t *bytes;
    size_t length;
    struct buf file;

    if (size <= HEAD_BYTES)
        return 0;
    make_file(data, size, &file);
    if (!hive_open(&file, "hive", &hive, NULL))
        return 0;
    look.hive = hive;
    look_at_key("", hive_root(hive), &look);
    hive_check_log(hive, data, size, NULL);
    change(hive);
    if (hive_finish(hive, &bytes, &length, NULL)) {
        buf_init(&file, HIVE_BASE + HIVE_BYTES_MAX);
        if (buf_put(&file, bytes, length) && !hive_open(&file, "hive", &again, NULL))
            abort();
        hive_free(again);
    }
    hive_free(hive);
    return 0;
}
