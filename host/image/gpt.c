/* Partition tables: reading and checking. */
#include "host/image/gpt.h"

#include "host/image/bytes.h"
#include "host/image/crc.h"
#include "host/image/gpt_format.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR_MOST   4096u
#define ENTRIES_MOST  1024u             /* of a table that we read */
#define ENTRIES_BYTES ((size_t)1 << 20) /* all of them */
#define MBR_BYTES     512

/* What one header says that the checks need. */
struct header {
    uint64_t entries_lba;
    uint32_t count, length, crc;
};

enum verdict { GOOD, ABSENT, DAMAGED, FAILED };

static const struct {
    const char *type;
    enum image_role role;
} roles[] = {
    {GPT_TYPE_ESP, IMAGE_ESP},
    {GPT_TYPE_MSR, IMAGE_MSR},
    {GPT_TYPE_BASIC, IMAGE_WINDOWS},
    {GPT_TYPE_RECOVERY, IMAGE_RECOVERY},
};

/* ---- reading ---- */

static bool header_is_sound(uint8_t *bytes, const struct gpt *gpt, uint64_t lba)
{
    uint32_t length = bytes_get32(bytes + GPT_HEADER_LENGTH);
    uint32_t wanted = bytes_get32(bytes + GPT_HEADER_CRC);

    if (bytes_get32(bytes + GPT_REVISION) != GPT_REVISION_1 || length < GPT_HEADER_BYTES ||
        length > gpt->sector_bytes)
        return false;
    bytes_put32(bytes + GPT_HEADER_CRC, 0);
    return crc32_ieee(0, bytes, length) == wanted && bytes_get64(bytes + GPT_MY_LBA) == lba;
}

/* Takes the numbers of a sound header; false when they cannot be. */
static bool take_header(const uint8_t *bytes, struct gpt *gpt, struct header *header)
{
    uint64_t table_sectors;

    memcpy(gpt->disk.bytes, bytes + GPT_DISK_ID, GUID_BYTES);
    gpt->first_usable = bytes_get64(bytes + GPT_FIRST_USABLE);
    gpt->last_usable = bytes_get64(bytes + GPT_LAST_USABLE);
    header->entries_lba = bytes_get64(bytes + GPT_ENTRIES_LBA);
    header->count = bytes_get32(bytes + GPT_ENTRIES_COUNT);
    header->length = bytes_get32(bytes + GPT_ENTRY_LENGTH);
    header->crc = bytes_get32(bytes + GPT_ENTRIES_CRC);
    if (header->count > ENTRIES_MOST || header->length < GPT_ENTRY_BYTES ||
        (header->length & (header->length - 1)) ||
        header->length > ENTRIES_BYTES / (header->count ? header->count : 1))
        return false;
    table_sectors =
        ((uint64_t)header->count * header->length + gpt->sector_bytes - 1) / gpt->sector_bytes;
    return gpt->first_usable <= gpt->last_usable && gpt->last_usable < gpt->sectors &&
           header->entries_lba < gpt->sectors &&
           table_sectors <= gpt->sectors - header->entries_lba;
}

static void take_entry(const uint8_t *bytes, struct gpt_partition *partition)
{
    uint16_t name[GPT_NAME_UNITS];
    size_t units = 0;

    memcpy(partition->type.bytes, bytes + GPT_ENTRY_TYPE, GUID_BYTES);
    memcpy(partition->id.bytes, bytes + GPT_ENTRY_ID, GUID_BYTES);
    partition->first_lba = bytes_get64(bytes + GPT_ENTRY_FIRST);
    partition->last_lba = bytes_get64(bytes + GPT_ENTRY_LAST);
    partition->attributes = bytes_get64(bytes + GPT_ENTRY_ATTRIBUTES);
    for (; units < GPT_NAME_UNITS; units++) {
        name[units] = bytes_get16(bytes + GPT_ENTRY_NAME + 2 * units);
        if (!name[units])
            break;
    }
    if (!utf16_to_utf8_into(name, units, partition->name, sizeof partition->name))
        partition->name[0] = 0; /* a name is no reason to refuse a disk */
}

static bool partition_fits(const struct gpt *gpt, const struct gpt_partition *partition)
{
    if (partition->first_lba > partition->last_lba || partition->first_lba < gpt->first_usable ||
        partition->last_lba > gpt->last_usable)
        return false;
    for (size_t i = 0; i < gpt->count; i++)
        if (partition->first_lba <= gpt->partitions[i].last_lba &&
            gpt->partitions[i].first_lba <= partition->last_lba)
            return false;
    return true;
}

static bool take_entries(const uint8_t *bytes, const struct header *header, struct gpt *gpt)
{
    gpt->count = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        struct gpt_partition partition;

        take_entry(bytes + (size_t)i * header->length, &partition);
        if (guid_is_zero(&partition.type))
            continue;
        if (gpt->count == GPT_PARTITIONS || !partition_fits(gpt, &partition))
            return false;
        gpt->partitions[gpt->count++] = partition;
    }
    return true;
}

static enum verdict
read_entries(struct source *disk, const struct header *header, struct gpt *gpt, struct err *err)
{
    size_t length = (size_t)header->count * header->length;
    uint8_t *bytes = malloc(length ? length : 1);
    enum verdict verdict = FAILED;

    if (!bytes) {
        err_no_memory(err);
        return FAILED;
    }
    if (source_read(disk, header->entries_lba * gpt->sector_bytes, bytes, length, err))
        verdict = crc32_ieee(0, bytes, length) == header->crc && take_entries(bytes, header, gpt)
                      ? GOOD
                      : DAMAGED;
    free(bytes);
    return verdict;
}

static enum verdict read_table(struct source *disk, uint64_t lba, struct gpt *gpt, struct err *err)
{
    uint8_t bytes[SECTOR_MOST];
    struct header header;

    if (!source_read(disk, lba * gpt->sector_bytes, bytes, gpt->sector_bytes, err))
        return FAILED;
    if (memcmp(bytes, GPT_MAGIC, GPT_MAGIC_BYTES) != 0)
        return ABSENT;
    if (!header_is_sound(bytes, gpt, lba) || !take_header(bytes, gpt, &header))
        return DAMAGED;
    return read_entries(disk, &header, gpt, err);
}

/* No table anywhere: an old one, or nothing. */
static bool no_table(struct source *disk, struct err *err)
{
    uint8_t mbr[MBR_BYTES];
    bool old = source_read(disk, 0, mbr, sizeof mbr, NULL) && mbr[GPT_MBR_SIGNATURE] == 0x55 &&
               mbr[GPT_MBR_SIGNATURE + 1] == 0xaa;

    err_set(err, ERR_NOT_FOUND, TEXT_IMAGE_NO_GPT, disk->name, NULL);
    return old ? err_hint(err, TEXT_IMAGE_MBR_HINT) : false;
}

bool gpt_read(struct source *disk, uint32_t sector_bytes, struct gpt *ret_gpt, struct err *err)
{
    struct gpt *gpt = calloc(1, sizeof *gpt);
    enum verdict first = ABSENT, second = ABSENT;

    if (!gpt)
        return err_no_memory(err);
    gpt->sector_bytes = sector_bytes;
    gpt->sectors = disk->size_bytes / sector_bytes;
    if (gpt->sectors > 2)
        first = read_table(disk, 1, gpt, err);
    if (gpt->sectors > 2 && first != GOOD && first != FAILED) {
        second = read_table(disk, gpt->sectors - 1, gpt, err);
        gpt->from_backup = second == GOOD;
    }
    if (first == GOOD || second == GOOD)
        *ret_gpt = *gpt;
    free(gpt);
    if (first == ABSENT && second == ABSENT)
        return no_table(disk, err);
    if (first == GOOD || second == GOOD)
        return true;
    return first == FAILED || second == FAILED
               ? false
               : err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_GPT_DAMAGED, disk->name, NULL);
}

/* ---- looking into a table ---- */

const char *gpt_type(enum image_role role)
{
    size_t i = 0;

    while (roles[i].role != role)
        i++;
    return roles[i].type;
}

size_t gpt_find(const struct gpt *gpt, enum image_role role, size_t from)
{
    const char *type = gpt_type(role);

    while (from < gpt->count && !guid_is(&gpt->partitions[from].type, type))
        from++;
    return from;
}

uint64_t gpt_offset(const struct gpt *gpt, size_t index)
{
    return gpt->partitions[index].first_lba * gpt->sector_bytes;
}

uint64_t gpt_size(const struct gpt *gpt, size_t index)
{
    const struct gpt_partition *partition = &gpt->partitions[index];

    return (partition->last_lba - partition->first_lba + 1) * gpt->sector_bytes;
}
