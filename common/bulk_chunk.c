/* Headers and tags of chunks. */
#include "common/bulk_chunk.h"

#include "common/frame.h"

#include <mbedtls/chachapoly.h>

#include <string.h>

enum {
    AT_MAGIC = 0,
    AT_LENGTH = 4,
    AT_COUNTER = 8,
    AT_TRANSFER = 16,
    AT_FILE = 32,
    AT_STATUS = 36,
    AT_OFFSET = 40
};

static const char *magic_of(enum bulk_direction direction)
{
    return direction == BULK_TO_GUEST ? "GPB1" : "GPA1";
}

void bulk_header_write(enum bulk_direction direction,
                       const struct bulk_header *header,
                       uint8_t *out)
{
    memcpy(out + AT_MAGIC, magic_of(direction), 4);
    frame_put32(out + AT_LENGTH, header->length);
    frame_put64(out + AT_COUNTER, header->counter);
    memcpy(out + AT_TRANSFER, header->transfer, BULK_TRANSFER_BYTES);
    frame_put32(out + AT_FILE, header->file);
    frame_put32(out + AT_STATUS, header->status);
    frame_put64(out + AT_OFFSET, header->offset);
}

bool bulk_header_read(enum bulk_direction direction,
                      const uint8_t *bytes,
                      struct bulk_header *ret_header,
                      struct err *err)
{
    size_t length_max = direction == BULK_TO_GUEST ? BULK_CHUNK_MAX : 0;
    uint32_t status_max = direction == BULK_TO_GUEST ? 0 : BULK_ALL_COMPLETE;
    struct bulk_header header = {.length = frame_get32(bytes + AT_LENGTH),
                                 .counter = frame_get64(bytes + AT_COUNTER),
                                 .file = frame_get32(bytes + AT_FILE),
                                 .status = frame_get32(bytes + AT_STATUS),
                                 .offset = frame_get64(bytes + AT_OFFSET)};

    memcpy(header.transfer, bytes + AT_TRANSFER, BULK_TRANSFER_BYTES);
    if (memcmp(bytes + AT_MAGIC, magic_of(direction), 4) != 0)
        return err_set(err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "magic", NULL);
    if (header.length > length_max)
        return err_set(err,
                       ERR_TOO_LARGE,
                       TEXT_FRAME_TOO_LARGE,
                       TEXT_NUM(header.length),
                       TEXT_NUM(length_max),
                       NULL);
    if (header.status > status_max)
        return err_set(err, ERR_BAD_INPUT, TEXT_BULK_CHUNK, "status", NULL);
    *ret_header = header;
    return true;
}

bool bulk_tag_make(const uint8_t key[BULK_KEY_BYTES],
                   enum bulk_direction direction,
                   const uint8_t *header,
                   const uint8_t *data,
                   size_t length,
                   uint8_t *out)
{
    mbedtls_chachapoly_context context;
    uint8_t nonce[12];
    bool ok;

    frame_put32(nonce, (uint32_t)direction);
    memcpy(nonce + 4, header + AT_COUNTER, 8);
    mbedtls_chachapoly_init(&context);
    ok = mbedtls_chachapoly_setkey(&context, key) == 0 &&
         mbedtls_chachapoly_starts(&context, nonce, MBEDTLS_CHACHAPOLY_ENCRYPT) == 0 &&
         mbedtls_chachapoly_update_aad(&context, header, BULK_HEADER_BYTES) == 0 &&
         (length == 0 || mbedtls_chachapoly_update_aad(&context, data, length) == 0) &&
         mbedtls_chachapoly_finish(&context, out) == 0;
    mbedtls_chachapoly_free(&context);
    return ok;
}

bool bulk_same_bytes(const uint8_t *a, const uint8_t *b, size_t length)
{
    uint8_t difference = 0;

    for (size_t i = 0; i < length; i++)
        difference |= (uint8_t)(a[i] ^ b[i]);
    return difference == 0;
}

bool bulk_tag_is_right(const uint8_t key[BULK_KEY_BYTES],
                       enum bulk_direction direction,
                       const uint8_t *header,
                       const uint8_t *data,
                       size_t length,
                       const uint8_t *tag)
{
    uint8_t wanted[BULK_TAG_BYTES];

    return bulk_tag_make(key, direction, header, data, length, wanted) &&
           bulk_same_bytes(wanted, tag, BULK_TAG_BYTES);
}
