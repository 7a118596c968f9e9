/* Builds ZIP archives for tests. */
#include "tests/support/zip_build.h"

#include <string.h>

static void put16(struct buf *out, unsigned value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

    buf_put(out, bytes, sizeof bytes);
}

static void put32(struct buf *out, uint32_t value)
{
    put16(out, value & 0xFFFF);
    put16(out, value >> 16);
}

static uint32_t crc32_of(const char *data, size_t length)
{
    uint32_t crc = 0xFFFFFFFF;
    unsigned bit;

    while (length-- > 0) {
        crc ^= (uint8_t)*data++;
        for (bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
    }
    return ~crc;
}

/* The fields that local and central header share. */
static void put_common(struct buf *out, const struct zip_row *row, const char *name)
{
    size_t length = strlen(row->content);

    put16(out, 20);
    put16(out, row->flags);
    put16(out, row->method);
    put32(out, 0);
    put32(out, crc32_of(row->content, length) ^ row->crc_xor);
    put32(out, (uint32_t)length);
    put32(out, row->claim_bytes ? row->claim_bytes : (uint32_t)length);
    put16(out, (unsigned)strlen(name));
    put16(out, 0);
}

static void put_local(struct buf *out, const struct zip_row *row)
{
    const char *name = row->local_name ? row->local_name : row->name;

    put32(out, 0x04034b50);
    put_common(out, row, name);
    buf_puts(out, name);
    buf_puts(out, row->content);
}

static void put_central(struct buf *out, const struct zip_row *row, uint32_t local_at)
{
    put32(out, 0x02014b50);
    put16(out, row->made_by);
    put_common(out, row, row->name);
    put16(out, 0);
    put16(out, 0);
    put16(out, 0);
    put32(out, row->unix_mode << 16);
    put32(out, local_at);
    buf_puts(out, row->name);
}

void zip_build(struct buf *out, const struct zip_row *rows)
{
    struct buf central;
    size_t start = out->len, count = 0, directory;

    buf_init(&central, 1024 * 1024);
    for (; rows[count].name; count++) {
        put_central(&central, &rows[count], (uint32_t)(out->len - start));
        put_local(out, &rows[count]);
    }
    directory = out->len - start;
    buf_put(out, central.data, central.len);
    put32(out, 0x06054b50);
    put32(out, 0);
    put16(out, (unsigned)count);
    put16(out, (unsigned)count);
    put32(out, (uint32_t)central.len);
    put32(out, (uint32_t)directory);
    put16(out, 0);
    buf_done(&central);
}
