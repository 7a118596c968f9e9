/* Stand-ins for installers. */
#include "host/guest/stand_in.h"

#include "common/text.h"

#include <string.h>

#define MARK       "gpupv stand-in, runs only in the simulation\n"
#define ZIP_DATE   0x5a21 /* a fixed date: the same stand-in has the same hash */
#define ZIP_LOCAL  0x04034b50u
#define ZIP_ENTRY  0x02014b50u
#define ZIP_END    0x06054b50u
#define ZIP_NEEDS  20
#define SCAN_BYTES 4096

static void put_number(struct buf *out, uint32_t value, size_t bytes)
{
    uint8_t b[4];

    for (size_t i = 0; i < bytes; i++)
        b[i] = (uint8_t)(value >> (8 * i));
    buf_put(out, b, bytes);
}

static uint32_t crc32_of(const uint8_t *data, size_t length)
{
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < length; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

/* The fields that a local header and a directory entry share. */
static void put_common(struct buf *out, const struct buf *content, const char *name)
{
    put_number(out, ZIP_NEEDS, 2);
    put_number(out, 0, 2); /* flags */
    put_number(out, 0, 2); /* stored */
    put_number(out, 0, 2); /* time */
    put_number(out, ZIP_DATE, 2);
    put_number(out, crc32_of(content->data, content->len), 4);
    put_number(out, (uint32_t)content->len, 4);
    put_number(out, (uint32_t)content->len, 4);
    put_number(out, (uint32_t)strlen(name), 2);
    put_number(out, 0, 2); /* extra */
}

static void put_zip(struct buf *out, const struct buf *content, const char *name)
{
    uint32_t directory;

    put_number(out, ZIP_LOCAL, 4);
    put_common(out, content, name);
    buf_puts(out, name);
    buf_put(out, content->data, content->len);
    directory = (uint32_t)out->len;
    put_number(out, ZIP_ENTRY, 4);
    put_number(out, ZIP_NEEDS, 2);
    put_common(out, content, name);
    put_number(out, 0, 2); /* comment */
    put_number(out, 0, 2); /* disk */
    put_number(out, 0, 2); /* attributes */
    put_number(out, 0, 4);
    put_number(out, 0, 4); /* where the local header is */
    buf_puts(out, name);
    put_number(out, ZIP_END, 4);
    put_number(out, 0, 4);
    put_number(out, 1, 2);
    put_number(out, 1, 2);
    put_number(out, (uint32_t)out->len - 12 - directory, 4);
    put_number(out, directory, 4);
    put_number(out, 0, 2);
}

bool stand_in_write(struct buf *out,
                    const char *program,
                    const char *publisher,
                    const char *version)
{
    struct buf content;

    buf_init(&content, SCAN_BYTES);
    buf_printf(&content, MARK "publisher: %s\nversion: %s\n", publisher, version);
    if (program)
        put_zip(out, &content, program);
    else
        buf_put(out, content.data, content.len);
    if (content.failed)
        out->failed = true;
    buf_done(&content);
    return !out->failed;
}

/* The rest of the line behind key, after the mark. */
static void find(const char *text, size_t length, const char *key, char *out, size_t size)
{
    size_t key_length = strlen(key);

    for (size_t i = 0; i + key_length < length; i++) {
        size_t end = i + key_length;

        if (memcmp(text + i, key, key_length) != 0)
            continue;
        while (end < length && text[end] != '\n')
            end++;
        end -= i + key_length;
        text_copy(out, end + 1 < size ? end + 1 : size, text + i + key_length);
        return;
    }
}

void stand_in_read(const struct buf *data,
                   char *ret_publisher,
                   size_t publisher_size,
                   char *ret_version,
                   size_t version_size)
{
    size_t length = data->len < SCAN_BYTES ? data->len : SCAN_BYTES, mark = strlen(MARK);
    const char *text = (const char *)data->data;

    *ret_publisher = *ret_version = 0;
    for (size_t i = 0; i + mark < length; i++)
        if (!memcmp(text + i, MARK, mark)) {
            find(text + i + mark, length - i - mark, "publisher: ", ret_publisher, publisher_size);
            find(text + i + mark, length - i - mark, "version: ", ret_version, version_size);
            return;
        }
}
