/* Registry hives: opening, closing, and making an empty one. */
#include "host/image/hive_inside.h"

#include "common/clock.h"

#include <stdlib.h>
#include <string.h>

#define FILETIME_1970 UINT64_C(116444736000000000) /* 1970 in units of 100 ns since 1601 */
#define MINOR_LEAST   3                            /* Windows NT 4; later ones up to 6 */
#define MINOR_MOST    6
#define MINOR_NEW     5 /* what Windows gives SYSTEM and SOFTWARE */

void hive_damage(const struct hive *hive, uint32_t where, struct err *err)
{
    err_set(err, ERR_BAD_INPUT, TEXT_BUILD_HIVE_DAMAGED, hive->name, TEXT_NUM(where), NULL);
}

bool hive_unclosed(const struct hive *hive, struct err *err)
{
    err_set(err, ERR_CONFLICT, TEXT_BUILD_HIVE_OPEN, hive->name, NULL);
    return err_hint(err, TEXT_BUILD_SHUT_DOWN_HINT);
}

uint32_t hive_checksum(const uint8_t *base)
{
    uint32_t sum = 0;

    for (size_t at = 0; at < BASE_CHECKSUM; at += 4)
        sum ^= bytes_get32(base + at);
    /* 0 and all ones are never written */
    return sum == UINT32_MAX ? UINT32_MAX - 1 : sum == 0 ? 1 : sum;
}

static bool check_base(const struct hive *hive, struct err *err)
{
    const uint8_t *base = hive->data.data;
    uint32_t minor;

    if (hive->data.len < HIVE_BASE || memcmp(base, "regf", 4) != 0)
        return err_set(err, ERR_BAD_INPUT, TEXT_BUILD_HIVE_FOREIGN, hive->name, NULL);
    /* a base block that was not written whole is mended from the logs, as Windows
     * would */
    if (bytes_get32(base + BASE_CHECKSUM) != hive_checksum(base) ||
        bytes_get32(base + BASE_PRIMARY) != bytes_get32(base + BASE_SECONDARY))
        return hive_unclosed(hive, err);
    minor = bytes_get32(base + BASE_MINOR);
    if (bytes_get32(base + BASE_MAJOR) != 1 || minor < MINOR_LEAST || minor > MINOR_MOST ||
        bytes_get32(base + BASE_TYPE) != 0 || bytes_get32(base + BASE_FORMAT) != 1)
        return err_set(err, ERR_BAD_INPUT, TEXT_BUILD_HIVE_FOREIGN, hive->name, NULL);
    if (hive->bins_size % HIVE_BIN_ALIGN || hive->bins_size > HIVE_BYTES_MAX ||
        hive->bins_size > hive->data.len - HIVE_BASE)
        return hive_damaged(hive, BASE_BINS, err);
    return true;
}

static bool check_root(const struct hive *hive, struct err *err)
{
    const uint8_t *nk = hive_record(hive, hive_root(hive), "nk", NK_NAME, NULL, err);

    return nk &&
           (bytes_get16(nk + NK_FLAGS) & NK_IS_ROOT || hive_damaged(hive, hive_root(hive), err));
}

static struct hive *hive_alloc_struct(const char *name)
{
    struct hive *hive = calloc(1, sizeof *hive);

    if (!hive)
        return NULL;
    text_copy(hive->name, sizeof hive->name, name);
    hive->time = FILETIME_1970 + (uint64_t)clock_wall_ms(clock_system()) * 10000;
    return hive;
}

bool hive_open(struct buf *data, const char *name, struct hive **ret_hive, struct err *err)
{
    struct hive *hive = hive_alloc_struct(name);

    if (!hive) {
        buf_done(data);
        return err_no_memory(err);
    }
    hive->data = *data;
    hive->data.max = HIVE_BASE + HIVE_BYTES_MAX;
    buf_init(data, data->max);
    if (hive->data.len >= HIVE_BASE)
        hive->bins_size = bytes_get32(hive->data.data + BASE_BINS);
    if (!check_base(hive, err) || !hive_walk(hive, err) || !check_root(hive, err)) {
        hive_free(hive);
        return false;
    }
    *ret_hive = hive;
    return true;
}

void hive_free(struct hive *hive)
{
    if (!hive)
        return;
    buf_done(&hive->data);
    free(hive->starts);
    free(hive);
}

uint32_t hive_root(const struct hive *hive)
{
    return bytes_get32(hive->data.data + BASE_ROOT);
}

bool hive_is_changed(const struct hive *hive)
{
    return hive->changed;
}

/* Looks at what was changed as a reader will. Cells of a damaged hive may overlap, so that a change
 * of one spoils another; such a hive must not be written. */
static bool check_again(const struct hive *hive, struct err *err)
{
    struct hive *look = hive_alloc_struct(hive->name);
    bool ok;

    if (!look)
        return err_no_memory(err);
    look->data = hive->data; /* borrowed */
    look->bins_size = hive->bins_size;
    ok = check_base(look, err) && hive_walk(look, err) && check_root(look, err);
    buf_init(&look->data, 0);
    hive_free(look);
    return ok;
}

bool hive_finish(struct hive *hive, const uint8_t **ret_data, size_t *ret_length, struct err *err)
{
    uint8_t *base = hive->data.data;
    uint32_t sequence = bytes_get32(base + BASE_PRIMARY) + 1;

    if (hive->broken)
        return hive_damaged(hive, 0, err);
    if (hive->changed) {
        bytes_put32(base + BASE_PRIMARY, sequence);
        bytes_put32(base + BASE_SECONDARY, sequence);
        bytes_put64(base + BASE_TIME, hive->time);
        bytes_put32(base + BASE_BINS, hive->bins_size);
        bytes_put32(base + BASE_CHECKSUM, hive_checksum(base));
        if (!check_again(hive, err)) {
            hive->broken = true;
            return false;
        }
        hive->changed = false;
    }
    *ret_data = base;
    *ret_length = HIVE_BASE + (size_t)hive->bins_size;
    return true;
}

/* ---- an empty hive ---- */

/* SYSTEM and Administrators may do everything, with what lies below. */
static const uint8_t descriptor[] = {
    1,
    0,
    0x04,
    0x80,
    20,
    0,
    0,
    0,
    36,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    48,
    0,
    0,
    0,
    /* owner: Administrators */
    1,
    2,
    0,
    0,
    0,
    0,
    0,
    5,
    32,
    0,
    0,
    0,
    0x20,
    2,
    0,
    0,
    /* group: SYSTEM */
    1,
    1,
    0,
    0,
    0,
    0,
    0,
    5,
    18,
    0,
    0,
    0,
    /* the list, with two entries */
    2,
    0,
    52,
    0,
    2,
    0,
    0,
    0,
    0,
    2,
    20,
    0,
    0x3F,
    0,
    0x0F,
    0,
    1,
    1,
    0,
    0,
    0,
    0,
    0,
    5,
    18,
    0,
    0,
    0,
    0,
    2,
    24,
    0,
    0x3F,
    0,
    0x0F,
    0,
    1,
    2,
    0,
    0,
    0,
    0,
    0,
    5,
    32,
    0,
    0,
    0,
    0x20,
    2,
    0,
    0,
};

static bool make_root(struct hive *hive, struct err *err)
{
    static const char name[] = "ROOT";
    uint32_t root, security;
    uint8_t *p;

    if (!hive_alloc(hive, NK_NAME + sizeof name - 1, &root, err) ||
        !hive_alloc(hive, SK_DATA + sizeof descriptor, &security, err))
        return false;
    p = hive_cell(hive, security, SK_DATA, NULL, err);
    if (!p)
        return false;
    memcpy(p, "sk", 2);
    bytes_put32(p + SK_NEXT, security);
    bytes_put32(p + SK_BEFORE, security);
    bytes_put32(p + SK_USERS, 1);
    bytes_put32(p + SK_SIZE, sizeof descriptor);
    memcpy(p + SK_DATA, descriptor, sizeof descriptor);
    p = hive_cell(hive, root, NK_NAME, NULL, err);
    if (!p)
        return false;
    hive_key_init(hive, p, name, HIVE_NO_KEY, security);
    bytes_put16(p + NK_FLAGS, NK_IS_ASCII | NK_IS_ROOT | NK_NO_DELETE);
    bytes_put32(hive->data.data + BASE_ROOT, root);
    return true;
}

bool hive_new(const char *name, struct hive **ret_hive, struct err *err)
{
    struct hive *hive = hive_alloc_struct(name);
    uint8_t *base;

    if (!hive)
        return err_no_memory(err);
    buf_init(&hive->data, HIVE_BASE + HIVE_BYTES_MAX);
    base = buf_reserve(&hive->data, HIVE_BASE);
    if (!base) {
        hive_free(hive);
        return err_no_memory(err);
    }
    buf_added(&hive->data, HIVE_BASE);
    memset(base, 0, HIVE_BASE);
    memcpy(base, "regf", 4);
    bytes_put32(base + BASE_MAJOR, 1);
    bytes_put32(base + BASE_MINOR, MINOR_NEW);
    bytes_put32(base + BASE_FORMAT, 1);
    bytes_put32(base + BASE_CLUSTER, 1);
    hive->changed = true;
    if (!make_root(hive, err)) {
        hive_free(hive);
        return false;
    }
    *ret_hive = hive;
    return true;
}
