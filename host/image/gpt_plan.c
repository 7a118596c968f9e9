/* Partition tables: where partitions go on an empty disk. */
#include "host/image/gpt.h"

#include "host/image/gpt_format.h"

#include "common/secure.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)

const struct image_partition gpt_windows_layout[] = {
    {IMAGE_ESP, 260 * MIB}, /* FAT32 needs as much with sectors of 4096 bytes */
    {IMAGE_MSR, 16 * MIB},
    {IMAGE_WINDOWS, 0},
};

const size_t gpt_windows_layout_count = sizeof gpt_windows_layout / sizeof *gpt_windows_layout;

/* Names and attributes as Windows gives them. */
static const struct {
    const char *name;
    uint64_t attributes;
} looks[] = {
    [IMAGE_ESP] = {"EFI system partition", GPT_NO_DRIVE_LETTER},
    [IMAGE_MSR] = {"Microsoft reserved partition", GPT_NO_DRIVE_LETTER},
    [IMAGE_WINDOWS] = {"Basic data partition", 0},
    [IMAGE_RECOVERY] = {"Basic data partition", GPT_NO_DRIVE_LETTER | GPT_REQUIRED},
};

static bool new_id(struct guid *guid, struct err *err)
{
    if (!secure_random(guid->bytes, GUID_BYTES))
        return err_set(err, ERR_FAILED, TEXT_HOST_NO_RANDOM, NULL);
    guid->bytes[7] = (uint8_t)((guid->bytes[7] & 0x0f) | 0x40); /* version 4: random */
    guid->bytes[8] = (uint8_t)((guid->bytes[8] & 0x3f) | 0x80);
    return true;
}

static bool
place(struct gpt *gpt, const struct image_partition *wanted, uint64_t *next_lba, struct err *err)
{
    struct gpt_partition *partition = &gpt->partitions[gpt->count];
    uint64_t step = GPT_ALIGN / gpt->sector_bytes;
    uint64_t end = (gpt->last_usable + 1) / step * step; /* behind the last one that is aligned */
    uint64_t whole = wanted->size_bytes / GPT_ALIGN + (wanted->size_bytes % GPT_ALIGN != 0);
    uint64_t sectors = whole * step;

    if (*next_lba >= end || sectors > end - *next_lba)
        return err_set(err,
                       ERR_BAD_INPUT,
                       TEXT_IMAGE_DISK_SMALL,
                       TEXT_NUM(gpt->sectors * gpt->sector_bytes / MIB),
                       NULL);
    if (!wanted->size_bytes)
        sectors = end - *next_lba;
    if (!guid_parse(gpt_type(wanted->role), &partition->type) || !new_id(&partition->id, err))
        return false;
    partition->first_lba = *next_lba;
    partition->last_lba = *next_lba + sectors - 1;
    partition->attributes = looks[wanted->role].attributes;
    text_copy(partition->name, sizeof partition->name, looks[wanted->role].name);
    *next_lba += sectors;
    gpt->count++;
    return true;
}

bool gpt_plan(uint64_t size_bytes,
              uint32_t sector_bytes,
              const struct image_partition *partitions,
              size_t count,
              struct gpt *ret_gpt,
              struct err *err)
{
    uint64_t table = (GPT_ENTRIES_LEAST + sector_bytes - 1) / sector_bytes;
    uint64_t next_lba = GPT_ALIGN / sector_bytes;
    struct gpt gpt;

    memset(&gpt, 0, sizeof gpt);
    gpt.sector_bytes = sector_bytes;
    gpt.sectors = size_bytes / sector_bytes;
    if (count > GPT_PARTITIONS)
        return err_set(err, ERR_BAD_INPUT, TEXT_HOST_LAYOUT_BAD, TEXT_NUM(GPT_PARTITIONS), NULL);
    if (gpt.sectors < 2 * next_lba)
        return err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_DISK_SMALL, TEXT_NUM(size_bytes / MIB), NULL);
    gpt.first_usable = 2 + table;
    gpt.last_usable = gpt.sectors - 2 - table;
    if (!new_id(&gpt.disk, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!partitions[i].size_bytes && i + 1 < count)
            return err_set(err, ERR_BAD_INPUT, TEXT_HOST_LAYOUT_BAD, TEXT_NUM(i + 1), NULL);
        if (!place(&gpt, &partitions[i], &next_lba, err))
            return false;
    }
    *ret_gpt = gpt;
    return true;
}
