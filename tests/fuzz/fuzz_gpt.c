/*
 * Partition tables: the input is the first sectors of a disk; the checksums are made right. What is
 * accepted lies on the disk and does not overlap.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/sparse_source.h"

#include "host/image/bytes.h"
#include "host/image/crc.h"
#include "host/image/gpt.h"
#include "host/image/gpt_format.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR     512u
#define DISK_BYTES (UINT64_C(64) << 20)

static void seal(uint8_t *input, size_t size)
{
    uint8_t *header = input + SECTOR;
    uint64_t entries, length;

    if (size < 2 * SECTOR || memcmp(header, GPT_MAGIC, GPT_MAGIC_BYTES) != 0)
        return;
    entries = bytes_get64(header + GPT_ENTRIES_LBA);
    length =
        (uint64_t)bytes_get32(header + GPT_ENTRIES_COUNT) * bytes_get32(header + GPT_ENTRY_LENGTH);
    if (entries < size / SECTOR && length <= size - entries * SECTOR)
        bytes_put32(header + GPT_ENTRIES_CRC,
                    crc32_ieee(0, input + entries * SECTOR, (size_t)length));
    length = bytes_get32(header + GPT_HEADER_LENGTH);
    if (length > SECTOR || length < GPT_HEADER_BYTES)
        return;
    bytes_put32(header + GPT_HEADER_CRC, 0);
    bytes_put32(header + GPT_HEADER_CRC, crc32_ieee(0, header, (size_t)length));
}

static void check(const struct gpt *gpt)
{
    if (gpt->count > GPT_PARTITIONS)
        abort();
    for (size_t i = 0; i < gpt->count; i++) {
        const struct gpt_partition *a = &gpt->partitions[i];

        if (a->first_lba > a->last_lba || a->last_lba >= gpt->sectors ||
            !text_is_utf8(a->name, strlen(a->name)))
            abort();
        for (size_t j = 0; j < i; j++)
            if (a->first_lba <= gpt->partitions[j].last_lba &&
                gpt->partitions[j].first_lba <= a->last_lba)
                abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1), *at = copy;
    struct sparse_source sparse;
    struct gpt *gpt = malloc(sizeof *gpt);
    size_t left = size;

    if (copy && gpt) {
        memcpy(copy, data, size);
        seal(copy, size);
        sparse_init(&sparse, DISK_BYTES);
        sparse_add(&sparse, 0, size, &at, &left);
        if (gpt_read(&sparse.source, SECTOR, gpt, NULL))
            check(gpt);
    }
    free(gpt);
    free(copy);
    return 0;
}
