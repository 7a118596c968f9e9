/* Writing partition tables. */
#include "tests/support/gpt_write.h"

#include "common/fs.h"
#include "common/utf16.h"
#include "host/image/bytes.h"
#include "host/image/crc.h"
#include "host/image/gpt_format.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_BYTES (GPT_PARTITIONS * GPT_ENTRY_BYTES)

/* Where the bytes go. */
struct target {
    struct fs_file *file;
    struct vhdx_writer *writer;
};

static bool
put(const struct target *target, uint64_t position, const void *data, size_t size, struct err *err)
{
    return target->file ? fs_file_write(target->file, position, data, size, err)
                        : vhdx_write_at(target->writer, position, data, size, err);
}

static bool put_entry(uint8_t *row, const struct gpt_partition *partition, struct err *err)
{
    uint16_t *name = NULL;

    if (!utf16_from_utf8(partition->name, &name, err))
        return false;
    memcpy(row + GPT_ENTRY_TYPE, partition->type.bytes, GUID_BYTES);
    memcpy(row + GPT_ENTRY_ID, partition->id.bytes, GUID_BYTES);
    bytes_put64(row + GPT_ENTRY_FIRST, partition->first_lba);
    bytes_put64(row + GPT_ENTRY_LAST, partition->last_lba);
    bytes_put64(row + GPT_ENTRY_ATTRIBUTES, partition->attributes);
    for (size_t i = 0; i < GPT_NAME_UNITS && name[i]; i++)
        bytes_put16(row + GPT_ENTRY_NAME + 2 * i, name[i]);
    free(name);
    return true;
}

static bool put_mbr(const struct target *target, const struct gpt *gpt, struct err *err)
{
    uint8_t mbr[4096] = {0}, *row = mbr + GPT_MBR_PARTITION;
    uint64_t sectors = gpt->sectors - 1;

    memcpy(row, "\x00\x00\x02\x00\xee\xff\xff\xff", 8);
    bytes_put32(row + GPT_MBR_FIRST, 1);
    bytes_put32(row + GPT_MBR_SECTORS, sectors > UINT32_MAX ? UINT32_MAX : (uint32_t)sectors);
    bytes_put16(mbr + GPT_MBR_SIGNATURE, 0xaa55);
    return put(target, 0, mbr, gpt->sector_bytes, err);
}

static bool put_table(const struct target *target,
                      const struct gpt *gpt,
                      const uint8_t *table,
                      uint64_t lba,
                      uint64_t other_lba,
                      uint64_t entries_lba,
                      struct err *err)
{
    uint8_t header[4096] = {0};

    memcpy(header, GPT_MAGIC, GPT_MAGIC_BYTES);
    bytes_put32(header + GPT_REVISION, GPT_REVISION_1);
    bytes_put32(header + GPT_HEADER_LENGTH, GPT_HEADER_BYTES);
    bytes_put64(header + GPT_MY_LBA, lba);
    bytes_put64(header + GPT_OTHER_LBA, other_lba);
    bytes_put64(header + GPT_FIRST_USABLE, gpt->first_usable);
    bytes_put64(header + GPT_LAST_USABLE, gpt->last_usable);
    memcpy(header + GPT_DISK_ID, gpt->disk.bytes, GUID_BYTES);
    bytes_put64(header + GPT_ENTRIES_LBA, entries_lba);
    bytes_put32(header + GPT_ENTRIES_COUNT, GPT_PARTITIONS);
    bytes_put32(header + GPT_ENTRY_LENGTH, GPT_ENTRY_BYTES);
    bytes_put32(header + GPT_ENTRIES_CRC, crc32_ieee(0, table, TABLE_BYTES));
    bytes_put32(header + GPT_HEADER_CRC, crc32_ieee(0, header, GPT_HEADER_BYTES));
    return put(target, entries_lba * gpt->sector_bytes, table, TABLE_BYTES, err) &&
           put(target, lba * gpt->sector_bytes, header, gpt->sector_bytes, err);
}

static bool write_all(const struct target *target, const struct gpt *gpt, struct err *err)
{
    uint64_t last = gpt->sectors - 1, table_sectors = TABLE_BYTES / gpt->sector_bytes;
    uint8_t *table = calloc(1, TABLE_BYTES);
    bool ok = table != NULL || err_no_memory(err);

    for (size_t i = 0; ok && i < gpt->count; i++)
        ok = put_entry(table + i * GPT_ENTRY_BYTES, &gpt->partitions[i], err);
    ok = ok && put_mbr(target, gpt, err) && put_table(target, gpt, table, 1, last, 2, err) &&
         put_table(target, gpt, table, last, 1, last - table_sectors, err);
    free(table);
    return ok;
}

bool gpt_write_raw(const char *path, const struct gpt *gpt, struct err *err)
{
    struct target target = {NULL, NULL};
    bool ok =
        fs_file_open(path, FS_UPDATE, FS_SHARED, &target.file, err) && write_all(&target, gpt, err);

    fs_file_close(target.file);
    return ok;
}

bool gpt_write_vhdx(struct vhdx_writer *writer, const struct gpt *gpt, struct err *err)
{
    const struct target target = {NULL, writer};

    return write_all(&target, gpt, err);
}
