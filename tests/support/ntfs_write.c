/* See ntfs_write.h. */
#include "tests/support/ntfs_write.h"

#include "host/image/bytes.h"

#include <string.h>

#define CLUSTER_BYTES    4096u
#define RECORD_BYTES     1024u
#define TABLE_CLUSTER    4u
#define LOG_CLUSTER      8u
#define LOG_PAGE         4096u
#define STRIDE           512u
#define NTFS_SERIAL      0x48
#define FAT_SERIAL       0x43
#define BITLOCKER_SERIAL 0x48
#define SIGNATURE        0x1FE

static void signature(uint8_t *boot)
{
    boot[SIGNATURE] = 0x55;
    boot[SIGNATURE + 1] = 0xAA;
}

/* Moves the last two bytes of each stride into the array and puts a number in their place. */
static void fix_up(uint8_t *bytes, uint32_t size, uint16_t array)
{
    uint16_t count = (uint16_t)(size / STRIDE + 1);

    bytes_put16(bytes + 4, array);
    bytes_put16(bytes + 6, count);
    bytes_put16(bytes + array, 1);
    for (uint16_t i = 1; i < count; i++) {
        uint8_t *end = bytes + (size_t)i * STRIDE - 2;

        memcpy(bytes + array + (size_t)2 * i, end, 2);
        memcpy(end, bytes + array, 2);
    }
}

static uint8_t *begin_record(uint8_t *record)
{
    memcpy(record, "FILE", 4);
    bytes_put16(record + 0x14, 0x38); /* first attribute */
    bytes_put16(record + 0x16, 1);    /* in use */
    bytes_put32(record + 0x1C, RECORD_BYTES);
    return record + 0x38;
}

static void end_record(uint8_t *record, uint8_t *attribute, uint32_t size)
{
    bytes_put32(attribute + 4, size);
    bytes_put32(attribute + size, 0xFFFFFFFF);
    bytes_put32(record + 0x18, (uint32_t)(attribute + size + 8 - record));
    fix_up(record, RECORD_BYTES, 0x30);
}

static void volume_record(uint8_t *record, bool dirty)
{
    uint8_t *attribute = begin_record(record);

    bytes_put32(attribute, 0x70); /* $VOLUME_INFORMATION */
    bytes_put32(attribute + 0x10, 12);
    bytes_put16(attribute + 0x14, 0x18);
    attribute[0x18 + 8] = 3;
    attribute[0x18 + 9] = 1;
    bytes_put16(attribute + 0x18 + 10, dirty);
    end_record(record, attribute, 0x28);
}

static void log_record(uint8_t *record)
{
    uint8_t *attribute = begin_record(record);

    bytes_put32(attribute, 0x80); /* $DATA, elsewhere */
    attribute[8] = 1;
    bytes_put16(attribute + 0x20, 0x40);
    attribute[0x40] = 0x11; /* one byte of length, one of place */
    attribute[0x41] = 2;
    attribute[0x42] = LOG_CLUSTER;
    end_record(record, attribute, 0x48);
}

static void restart_page(uint8_t *page, uint64_t current, bool open)
{
    uint8_t *area = page + 0x30;

    memcpy(page, "RSTR", 4);
    bytes_put32(page + 0x10, LOG_PAGE);
    bytes_put32(page + 0x14, LOG_PAGE);
    bytes_put16(page + 0x18, 0x30);
    bytes_put64(area, current);
    bytes_put16(area + 8, 1);
    bytes_put16(area + 0x0A, 0xFFFF);
    bytes_put16(area + 0x0C, open ? 0 : 0xFFFF);
    bytes_put16(area + 0x0E, open ? 0 : 2);
    fix_up(page, LOG_PAGE, 0x1E);
}

void ntfs_write(const struct ntfs_write *what, uint8_t out[NTFS_WRITE_BYTES])
{
    uint8_t *table = out + (size_t)TABLE_CLUSTER * CLUSTER_BYTES;
    uint8_t *log = out + (size_t)LOG_CLUSTER * CLUSTER_BYTES;

    memset(out, 0, NTFS_WRITE_BYTES);
    memcpy(out, "\xEB\x52\x90NTFS    ", 11);
    bytes_put16(out + 0x0B, 512);
    out[0x0D] = CLUSTER_BYTES / 512;
    out[0x15] = 0xF8;
    bytes_put64(out + 0x28, what->size_bytes / 512 - 1);
    bytes_put64(out + 0x30, TABLE_CLUSTER);
    bytes_put64(out + 0x38, TABLE_CLUSTER);
    out[0x40] = 0xF6; /* 2^10 */
    out[0x44] = 1;
    bytes_put64(out + NTFS_SERIAL, what->serial);
    signature(out);
    log_record(table + 2 * (size_t)RECORD_BYTES);
    volume_record(table + 3 * (size_t)RECORD_BYTES, what->dirty);
    if (!what->log_used) {
        memset(log, 0xFF, 2 * (size_t)LOG_PAGE);
        return;
    }
    /* the second page is the newer one */
    restart_page(log, 10, !what->log_open);
    restart_page(log + LOG_PAGE, 20, what->log_open);
}

void fat32_write(uint32_t serial, uint8_t out[BOOT_WRITE_BYTES])
{
    memset(out, 0, BOOT_WRITE_BYTES);
    memcpy(out, "\xEB\x58\x90MSDOS5.0", 11);
    bytes_put16(out + 0x0B, 512);
    out[0x0D] = 8;
    bytes_put32(out + FAT_SERIAL, serial);
    memcpy(out + 0x52, "FAT32   ", 8);
    signature(out);
}

void bitlocker_write(uint32_t serial, uint8_t out[BOOT_WRITE_BYTES])
{
    memset(out, 0, BOOT_WRITE_BYTES);
    memcpy(out, "\xEB\x58\x90-FVE-FS-", 11);
    bytes_put16(out + 0x0B, 512);
    bytes_put32(out + BITLOCKER_SERIAL, serial);
    signature(out);
}

uint32_t boot_serial(const uint8_t boot[BOOT_WRITE_BYTES])
{
    if (!memcmp(boot + 3, "NTFS    ", 8))
        return bytes_get32(boot + NTFS_SERIAL);
    if (!memcmp(boot + 3, "-FVE-FS-", 8))
        return bytes_get32(boot + BITLOCKER_SERIAL);
    return memcmp(boot + 0x52, "FAT32", 5) ? 0 : bytes_get32(boot + FAT_SERIAL);
}
