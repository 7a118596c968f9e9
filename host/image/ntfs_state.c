/* Reading the state of an NTFS volume: records 3 ($Volume) and 2 ($LogFile) of its file table. */
#include "host/image/ntfs_state.h"

#include "host/image/bytes.h"

#include <stdlib.h>
#include <string.h>

/* boot sector */
#define BOOT_NAME            3
#define BOOT_SECTOR_BYTES    0x0B
#define BOOT_CLUSTER_SECTORS 0x0D
#define BOOT_TABLE_CLUSTER   0x30
#define BOOT_RECORD_SIZE     0x40
#define SECTOR_LEAST         256u
#define SECTOR_MOST          4096u
#define CLUSTER_MOST         ((uint64_t)2 << 20)
#define RECORD_LEAST         512u
#define RECORD_MOST          4096u

/* records of the file table */
#define RECORD_LOG              2
#define RECORD_VOLUME           3
#define RECORD_FIRST_ATTRIBUTE  0x14
#define STRIDE                  512u /* whose last two bytes are kept elsewhere */
#define ATTRIBUTE_LENGTH        4
#define ATTRIBUTE_ELSEWHERE     8
#define ATTRIBUTE_VALUE_LENGTH  0x10
#define ATTRIBUTE_VALUE         0x14
#define ATTRIBUTE_RUNS          0x20
#define ATTRIBUTE_LEAST         24u
#define TYPE_VOLUME_INFORMATION 0x70u
#define TYPE_DATA               0x80u
#define VOLUME_FLAGS            10 /* of the value */
#define VOLUME_FLAG_DIRTY       0x1u

/* restart pages of the journal */
#define RESTART_AREA        0x18
#define RESTART_PAGE_SIZE   0x10
#define AREA_CURRENT        0
#define AREA_CLIENTS_IN_USE 0x0C
#define AREA_FLAGS          0x0E
#define AREA_BYTES          0x10
#define AREA_IS_CLEAN       0x2u
#define NO_CLIENT           0xFFFFu
#define PAGE_BYTES          4096u

struct ntfs {
    struct source *volume;
    uint64_t cluster_bytes, table;
    uint32_t record_bytes;
};

static bool damaged(const struct ntfs *ntfs, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_DISK_NTFS_DAMAGED, ntfs->volume->name, NULL);
}

bool ntfs_is(const uint8_t boot[NTFS_BOOT_BYTES])
{
    return !memcmp(boot + BOOT_NAME, "NTFS    ", 8);
}

/* Sizes that are written as a count, or as the negative power of two. */
static uint64_t size_of(uint8_t byte, uint64_t unit)
{
    if (byte <= 0x80)
        return byte * unit;
    return byte >= 0xE1 ? (uint64_t)1 << (0x100 - byte) : 0;
}

static bool is_power_of_two(uint64_t n)
{
    return n && !(n & (n - 1));
}

static bool read_boot(struct ntfs *ntfs, struct err *err)
{
    uint8_t boot[NTFS_BOOT_BYTES];
    uint64_t sector, cluster, table;

    if (!source_read(ntfs->volume, 0, boot, sizeof boot, err))
        return false;
    sector = bytes_get16(boot + BOOT_SECTOR_BYTES);
    if (!ntfs_is(boot) || !is_power_of_two(sector) || sector < SECTOR_LEAST || sector > SECTOR_MOST)
        return damaged(ntfs, err);
    cluster = boot[BOOT_CLUSTER_SECTORS];
    cluster = cluster <= 0x80 ? cluster * sector
                              : sector << ((0x100 - cluster) & 31); /* large clusters */
    ntfs->cluster_bytes = cluster;
    ntfs->record_bytes = (uint32_t)size_of(boot[BOOT_RECORD_SIZE], cluster);
    table = bytes_get64(boot + BOOT_TABLE_CLUSTER);
    if (!is_power_of_two(cluster) || cluster > CLUSTER_MOST ||
        !is_power_of_two(ntfs->record_bytes) || ntfs->record_bytes < RECORD_LEAST ||
        ntfs->record_bytes > RECORD_MOST || table > ntfs->volume->size_bytes / cluster)
        return damaged(ntfs, err);
    ntfs->table = table * cluster;
    return true;
}

/* Puts the bytes back that a multi-sector structure keeps apart; false when they do not match: it
 * was torn. */
static bool undo_fixups(uint8_t *bytes, uint32_t size)
{
    uint32_t array = bytes_get16(bytes + 4), count = bytes_get16(bytes + 6);

    if (count != size / STRIDE + 1 || array + 2 * count > STRIDE - 2)
        return false;
    for (uint32_t i = 1; i < count; i++) {
        uint8_t *end = bytes + (size_t)i * STRIDE - 2;

        if (memcmp(end, bytes + array, 2) != 0)
            return false;
        memcpy(end, bytes + array + (size_t)2 * i, 2);
    }
    return true;
}

static bool
read_record(const struct ntfs *ntfs, unsigned number, uint8_t record[RECORD_MOST], struct err *err)
{
    uint64_t at = ntfs->table + (uint64_t)number * ntfs->record_bytes;

    if (!source_read(ntfs->volume, at, record, ntfs->record_bytes, err))
        return false;
    return (!memcmp(record, "FILE", 4) && undo_fixups(record, ntfs->record_bytes)) ||
           damaged(ntfs, err);
}

/* The first attribute of a type; *ret_size are its bytes. NULL: none, or damaged. */
static const uint8_t *
find_attribute(const struct ntfs *ntfs, const uint8_t *record, uint32_t type, uint32_t *ret_size)
{
    uint32_t at = bytes_get16(record + RECORD_FIRST_ATTRIBUTE);

    while (at <= ntfs->record_bytes - ATTRIBUTE_LEAST) {
        uint32_t size = bytes_get32(record + at + ATTRIBUTE_LENGTH);

        if (size < ATTRIBUTE_LEAST || size > ntfs->record_bytes - at)
            return NULL;
        if (bytes_get32(record + at) == type) {
            *ret_size = size;
            return record + at;
        }
        at += size;
    }
    return NULL;
}

static bool read_volume_flags(const struct ntfs *ntfs, bool *ret_dirty, struct err *err)
{
    uint8_t record[RECORD_MOST];
    const uint8_t *attribute;
    uint32_t size = 0, value, length;

    if (!read_record(ntfs, RECORD_VOLUME, record, err))
        return false;
    attribute = find_attribute(ntfs, record, TYPE_VOLUME_INFORMATION, &size);
    if (!attribute || attribute[ATTRIBUTE_ELSEWHERE])
        return damaged(ntfs, err);
    value = bytes_get16(attribute + ATTRIBUTE_VALUE);
    length = bytes_get32(attribute + ATTRIBUTE_VALUE_LENGTH);
    if (length < VOLUME_FLAGS + 2 || value > size || length > size - value)
        return damaged(ntfs, err);
    *ret_dirty = bytes_get16(attribute + value + VOLUME_FLAGS) & VOLUME_FLAG_DIRTY;
    return true;
}

/* Where the first run of an attribute that lies elsewhere begins, in bytes of the volume. */
static bool first_run(const struct ntfs *ntfs,
                      const uint8_t *attribute,
                      uint32_t size,
                      uint64_t *ret_at,
                      struct err *err)
{
    uint32_t runs;
    unsigned length_bytes, start_bytes;
    uint64_t cluster = 0;

    if (!attribute[ATTRIBUTE_ELSEWHERE] || size < ATTRIBUTE_RUNS + 2)
        return damaged(ntfs, err);
    runs = bytes_get16(attribute + ATTRIBUTE_RUNS);
    if (runs >= size)
        return damaged(ntfs, err);
    length_bytes = attribute[runs] & 0x0F;
    start_bytes = attribute[runs] >> 4;
    if (!start_bytes || start_bytes > 8 || length_bytes + start_bytes >= size - runs)
        return damaged(ntfs, err);
    for (unsigned i = 0; i < start_bytes; i++)
        cluster |= (uint64_t)attribute[runs + 1 + length_bytes + i] << (8 * i);
    if (cluster > ntfs->volume->size_bytes / ntfs->cluster_bytes)
        return damaged(ntfs, err);
    *ret_at = cluster * ntfs->cluster_bytes;
    return true;
}

/* What one restart page says. */
struct restart {
    bool valid, clean;
    uint64_t current; /* the page with the higher number is newer */
    uint32_t page_bytes;
};

/* Pages that are not written yet are clean, torn ones count as not there. */
static struct restart look_at_page(uint8_t page[PAGE_BYTES])
{
    struct restart found = {.page_bytes = PAGE_BYTES};
    uint32_t area;

    if (memcmp(page, "RSTR", 4) != 0 || !undo_fixups(page, PAGE_BYTES))
        return found;
    area = bytes_get16(page + RESTART_AREA);
    if (area > PAGE_BYTES - AREA_BYTES)
        return found;
    found.valid = true;
    found.page_bytes = bytes_get32(page + RESTART_PAGE_SIZE);
    found.current = bytes_get64(page + area + AREA_CURRENT);
    found.clean = bytes_get16(page + area + AREA_CLIENTS_IN_USE) == NO_CLIENT ||
                  (bytes_get16(page + area + AREA_FLAGS) & AREA_IS_CLEAN);
    return found;
}

static bool is_unwritten(const uint8_t page[PAGE_BYTES])
{
    for (size_t i = 0; i < PAGE_BYTES; i++)
        if (page[i] != 0xFF)
            return false;
    return true;
}

static bool read_log(const struct ntfs *ntfs, bool *ret_clean, struct err *err)
{
    uint8_t record[RECORD_MOST], page[PAGE_BYTES];
    struct restart first, second;
    const uint8_t *attribute;
    uint32_t size = 0;
    uint64_t at = 0;

    if (!read_record(ntfs, RECORD_LOG, record, err))
        return false;
    attribute = find_attribute(ntfs, record, TYPE_DATA, &size);
    if (!attribute)
        return damaged(ntfs, err);
    if (!first_run(ntfs, attribute, size, &at, err) ||
        !source_read(ntfs->volume, at, page, sizeof page, err))
        return false;
    if (is_unwritten(page)) {
        *ret_clean = true; /* as a new file system has it */
        return true;
    }
    first = look_at_page(page);
    if (!source_read(ntfs->volume, at + PAGE_BYTES, page, sizeof page, err))
        return false;
    second = look_at_page(page);
    if (first.valid && second.valid)
        *ret_clean = first.current >= second.current ? first.clean : second.clean;
    else
        *ret_clean = (first.valid && first.clean) || (second.valid && second.clean);
    return true;
}

bool ntfs_state(struct source *volume, bool *ret_dirty, struct err *err)
{
    struct ntfs ntfs = {.volume = volume};
    bool dirty = false, clean = false;

    if (!read_boot(&ntfs, err) || !read_volume_flags(&ntfs, &dirty, err) ||
        !read_log(&ntfs, &clean, err))
        return false;
    *ret_dirty = dirty || !clean;
    return true;
}
