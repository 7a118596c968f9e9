/*
 * One chunk or acknowledgement of a bulk connection as bytes: header, data, tag. Pure functions,
 * for any thread; the format is in PROTOCOL.md.
 */
#ifndef GPUPV_BULK_CHUNK_H
#define GPUPV_BULK_CHUNK_H

#include "bulk.h"

#define BULK_HEADER_BYTES 48
#define BULK_TAG_BYTES    16
#define BULK_ACK_BYTES    (BULK_HEADER_BYTES + BULK_TAG_BYTES)

enum bulk_direction { BULK_TO_GUEST = 1, BULK_TO_HOST = 2 };

enum bulk_status { BULK_TAKEN, BULK_FILE_FAILED, BULK_ALL_COMPLETE };

struct bulk_header {
    uint32_t length; /* of the data, without the tag */
    uint64_t counter;
    uint8_t transfer[BULK_TRANSFER_BYTES];
    uint32_t file;
    uint32_t status; /* enum bulk_status in acknowledgements, 0 in chunks */
    uint64_t offset;
};

/* Writes a header of BULK_HEADER_BYTES. */
void bulk_header_write(enum bulk_direction direction,
                       const struct bulk_header *header,
                       uint8_t *out);

/* Reads a header and checks what can be checked without a key. ERR_BAD_INPUT, ERR_TOO_LARGE. */
bool bulk_header_read(enum bulk_direction direction,
                      const uint8_t *bytes,
                      struct bulk_header *ret_header,
                      struct err *err);

/* Computes the tag over the header and length bytes of data into out (BULK_TAG_BYTES). */
bool bulk_tag_make(const uint8_t key[BULK_KEY_BYTES],
                   enum bulk_direction direction,
                   const uint8_t *header,
                   const uint8_t *data,
                   size_t length,
                   uint8_t *out);

/* True when the tag is right. */
bool bulk_tag_is_right(const uint8_t key[BULK_KEY_BYTES],
                       enum bulk_direction direction,
                       const uint8_t *header,
                       const uint8_t *data,
                       size_t length,
                       const uint8_t *tag);

/* True when the bytes are equal; takes the same time wherever they differ. */
bool bulk_same_bytes(const uint8_t *a, const uint8_t *b, size_t length);

#endif
