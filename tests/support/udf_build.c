/* Building UDF images: volume at 32, anchor at 256, partition from 272 on. */
#include "tests/support/udf_build.h"

#include "common/fs.h"
#include "host/image/crc.h"
#include "tests/support/expect.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK           UDF_BLOCK_BYTES
#define MAIN_AT         32u
#define RESERVE_AT      48u
#define SEQUENCE        16u
#define ANCHOR_AT       256u
#define PARTITION       272u
#define INTEGRITY       64u
#define TAG_UNALLOCATED 7
#define TAG_INTEGRITY   9
#define EMBEDDED_AT     176u
#define FOLDER_MOST     ((size_t)4 << 20)

struct udf_build {
    struct fs_file *file;
    uint32_t blocks, next; /* of the whole image; next free one of the partition */
};

/* Descriptors of one file while they are made. */
struct descriptors {
    uint8_t *bytes;
    size_t length, size_each;
    uint64_t recorded; /* blocks */
};

uint64_t udf_build_position(uint32_t block)
{
    return (uint64_t)(PARTITION + block) * BLOCK;
}

/* ---- descriptors ---- */

static void seal(uint8_t *bytes, uint16_t tag, size_t size, uint32_t location)
{
    unsigned sum = 0;

    bytes_put16(bytes, tag);
    bytes_put16(bytes + 2, 2);
    bytes[4] = 0;
    bytes_put16(bytes + 8, crc16_udf(0, bytes + UDF_TAG_BYTES, size - UDF_TAG_BYTES));
    bytes_put16(bytes + 10, (uint16_t)(size - UDF_TAG_BYTES));
    bytes_put32(bytes + 12, location);
    for (size_t i = 0; i < UDF_TAG_BYTES; i++)
        sum += bytes[i];
    bytes[4] = (uint8_t)sum;
}

static void put(struct udf_build *build, uint64_t position, const void *data, size_t size)
{
    DO(fs_file_write(build->file, position, data, size, &do_err));
}

static void put_descriptor(struct udf_build *build,
                           uint32_t sector,
                           uint8_t bytes[BLOCK],
                           uint16_t tag,
                           size_t size,
                           uint32_t location)
{
    seal(bytes, tag, size, location);
    put(build, (uint64_t)sector * BLOCK, bytes, BLOCK);
}

static void put_name(uint8_t *field, size_t size, const char *text)
{
    size_t length = strlen(text);

    field[0] = 8;
    memcpy(field + 1, text, length);
    field[size - 1] = (uint8_t)(length + 1);
}

static void put_charset(uint8_t *field)
{
    memcpy(field + 1, "OSTA Compressed Unicode", 23);
}

/* Identifier of an entity; the domain's with the revision 1.02. */
static void put_identifier(uint8_t *field, const char *text)
{
    memcpy(field + 1, text, strlen(text));
    bytes_put16(field + 24, 0x0102);
}

static void put_recognition(struct udf_build *build)
{
    static const char *const names[] = {"BEA01", "NSR02", "TEA01"};

    for (uint32_t i = 0; i < 3; i++) {
        uint8_t bytes[BLOCK] = {0};

        memcpy(bytes + 1, names[i], 5);
        bytes[6] = 1;
        put(build, (uint64_t)(16 + i) * BLOCK, bytes, BLOCK);
    }
}

static void put_sequence(struct udf_build *build, uint32_t at)
{
    uint8_t bytes[BLOCK];

    memset(bytes, 0, BLOCK);
    put_name(bytes + 24, 32, "GPUPV");
    bytes_put16(bytes + 56, 1);
    bytes_put16(bytes + 58, 1);
    put_name(bytes + 72, 128, "0123456789ABCDEF");
    put_charset(bytes + 200);
    put_charset(bytes + 264);
    put_descriptor(build, at, bytes, 1, 512, at);
    memset(bytes, 0, BLOCK);
    bytes_put32(bytes + 16, 1);
    bytes_put16(bytes + 20, 1);
    put_identifier(bytes + 24, "+NSR02");
    bytes_put32(bytes + 184, 1);
    bytes_put32(bytes + 188, PARTITION);
    bytes_put32(bytes + 192, build->blocks - PARTITION - 1);
    put_descriptor(build, at + 1, bytes, UDF_TAG_PARTITION, 512, at + 1);
    memset(bytes, 0, BLOCK);
    bytes_put32(bytes + 16, 2);
    put_charset(bytes + 20);
    put_name(bytes + 84, 128, "GPUPV");
    bytes_put32(bytes + 212, BLOCK);
    put_identifier(bytes + 216, "*OSTA UDF Compliant");
    bytes_put32(bytes + 248, BLOCK); /* the file set is in block 0 */
    bytes_put32(bytes + 264, 6);
    bytes_put32(bytes + 268, 1);
    bytes_put32(bytes + 432, BLOCK);
    bytes_put32(bytes + 436, INTEGRITY);
    memcpy(bytes + 440, "\x01\x06\x01\x00\x00\x00", 6);
    put_descriptor(build, at + 2, bytes, UDF_TAG_VOLUME, 446, at + 2);
    memset(bytes, 0, BLOCK);
    bytes_put32(bytes + 16, 3);
    put_descriptor(build, at + 3, bytes, TAG_UNALLOCATED, 24, at + 3);
    memset(bytes, 0, BLOCK);
    put_descriptor(build, at + 4, bytes, UDF_TAG_END, 512, at + 4);
}

/* The volume was closed in order: one partition, nothing free. */
static void put_integrity(struct udf_build *build)
{
    uint8_t bytes[BLOCK] = {0};

    bytes_put16(bytes + 16, 0x1000);
    bytes_put16(bytes + 18, 2026);
    bytes_put16(bytes + 20, 0x0101);
    bytes_put32(bytes + 28, 1);
    bytes_put64(bytes + 40, build->blocks);
    bytes_put32(bytes + 72, 1);
    bytes_put32(bytes + 76, 46);
    bytes_put32(bytes + 84, build->blocks - PARTITION - 1);
    put_identifier(bytes + 88, "*gpupv tests");
    bytes_put16(bytes + 128, 0x0102);
    bytes_put16(bytes + 130, 0x0102);
    bytes_put16(bytes + 132, 0x0102);
    put_descriptor(build, INTEGRITY, bytes, TAG_INTEGRITY, 134, INTEGRITY);
}

static void put_anchor(struct udf_build *build, uint32_t at)
{
    uint8_t bytes[BLOCK] = {0};

    bytes_put32(bytes + 16, SEQUENCE * BLOCK);
    bytes_put32(bytes + 20, MAIN_AT);
    bytes_put32(bytes + 24, SEQUENCE * BLOCK);
    bytes_put32(bytes + 28, RESERVE_AT);
    put_descriptor(build, at, bytes, UDF_TAG_ANCHOR, 512, at);
}

struct udf_build *udf_build_open(const char *path, uint32_t blocks)
{
    struct udf_build *build = calloc(1, sizeof *build);

    assert_non_null(build);
    build->blocks = blocks;
    build->next = 1;
    DO(fs_file_open(path, FS_CREATE, FS_SHARED, &build->file, &do_err));
    DO(fs_file_resize(build->file, (uint64_t)blocks * BLOCK, &do_err));
    put_recognition(build);
    put_sequence(build, MAIN_AT);
    put_sequence(build, RESERVE_AT);
    put_integrity(build);
    put_anchor(build, ANCHOR_AT);
    put_anchor(build, blocks - 1);
    return build;
}

uint32_t udf_build_reserve(struct udf_build *build)
{
    return build->next++;
}

/* ---- content ---- */

static void
put_extent(struct descriptors *d, const struct udf_shape *shape, uint32_t word, uint32_t block)
{
    uint8_t *at = d->bytes + d->length;

    bytes_put32(at, word);
    if (shape->kind == UDF_BUILD_EXTENDED) {
        bytes_put32(at + 4, word & 0x3fffffff);
        bytes_put32(at + 8, word & 0x3fffffff);
        bytes_put32(at + 12, block);
    } else {
        bytes_put32(at + 4, block);
    }
    d->length += d->size_each;
}

/* Writes the content and makes a descriptor for each extent. */
static void put_content(struct udf_build *build,
                        const uint8_t *data,
                        size_t size,
                        const struct udf_shape *shape,
                        struct descriptors *d)
{
    size_t piece = shape->extent_bytes ? shape->extent_bytes : 0x3ffff800, count = 0;
    uint32_t block = shape->at_block ? shape->at_block : build->next;

    for (size_t at = 0; at < size; at += piece, count++) {
        size_t length = size - at < piece ? size - at : piece;
        uint32_t blocks = (uint32_t)((length + BLOCK - 1) / BLOCK);

        if (shape->hole && count % 2) {
            put_extent(d, shape, 2u << 30 | (uint32_t)length, 0);
            continue;
        }
        if (data)
            put(build, udf_build_position(block), data + at, length);
        put_extent(d, shape, (uint32_t)length, block);
        d->recorded += blocks;
        block += blocks + (shape->extent_bytes ? 1 : 0); /* a gap, so that extents stay apart */
    }
    if (!shape->at_block)
        build->next = block;
}

/* Moves descriptors beyond the first in_entry into tables, each of which the one before names. */
static void
put_tables(struct udf_build *build, const struct udf_shape *shape, struct descriptors *d)
{
    size_t each = shape->in_entry * d->size_each, at = each;
    uint32_t table = build->next, first = table;
    struct descriptors head = {d->bytes, each, d->size_each, 0};
    uint8_t *rest = malloc(d->length);
    size_t length = d->length;

    assert_non_null(rest);
    memcpy(rest, d->bytes, d->length);
    build->next += (uint32_t)((length - at + each - 1) / each) + 1;
    put_extent(&head, shape, 3u << 30 | BLOCK, first);
    while (at < length) {
        size_t piece = length - at < each ? length - at : each;
        uint8_t bytes[BLOCK] = {0};
        struct descriptors more = {bytes, 24 + piece, d->size_each, 0};

        memcpy(bytes + 24, rest + at, piece);
        at += piece;
        if (at < length || shape->endless)
            put_extent(&more, shape, 3u << 30 | BLOCK, shape->endless ? first : table + 1);
        bytes_put32(bytes + 20, (uint32_t)more.length - 24);
        seal(bytes, UDF_TAG_EXTENTS, more.length, table);
        put(build, udf_build_position(table), bytes, BLOCK);
        table++;
    }
    d->length = head.length;
    free(rest);
}

static uint32_t put_node(struct udf_build *build,
                         uint32_t block,
                         const void *data,
                         size_t size,
                         const struct udf_shape *shape,
                         uint8_t type)
{
    static const size_t sizes[] = {8, 16, 20, 1};
    size_t base = shape->extended_entry ? 216 : EMBEDDED_AT;
    struct descriptors d = {calloc(1, 1 << 20), 0, sizes[shape->kind], 0};
    uint8_t bytes[BLOCK] = {0};

    assert_non_null(d.bytes);
    if (!block)
        block = udf_build_reserve(build);
    if (shape->kind == UDF_BUILD_EMBEDDED) {
        memcpy(d.bytes, data, size);
        d.length = size;
    } else {
        put_content(build, data, size, shape, &d);
        if (shape->in_entry && d.length > shape->in_entry * d.size_each)
            put_tables(build, shape, &d);
    }
    assert_true(base + d.length <= BLOCK);
    bytes_put16(bytes + 20, shape->strategy ? shape->strategy : 4);
    bytes_put16(bytes + 24, 1);
    bytes[27] = type;
    bytes_put16(bytes + 34, (uint16_t)shape->kind);
    bytes_put16(bytes + 48, 1);
    bytes_put64(bytes + 56, shape->claims_bytes ? shape->claims_bytes : size);
    if (shape->extended_entry)
        bytes_put64(bytes + 64, size);
    bytes_put64(bytes + (shape->extended_entry ? 72 : 64), d.recorded);
    bytes_put32(bytes + base - 4, (uint32_t)d.length);
    memcpy(bytes + base, d.bytes, d.length);
    seal(bytes,
         shape->extended_entry ? UDF_TAG_FILE_EXTENDED : UDF_TAG_FILE,
         base + d.length,
         block);
    put(build, udf_build_position(block), bytes, BLOCK);
    free(d.bytes);
    return block;
}

uint32_t udf_build_file(struct udf_build *build,
                        uint32_t block,
                        const void *data,
                        size_t size,
                        const struct udf_shape *shape)
{
    return put_node(build, block, data, size, shape, 5);
}

static size_t put_entry(uint8_t *at, uint32_t own, const struct udf_build_entry *entry)
{
    size_t letters = strlen(entry->name), length = 0;
    uint8_t *name = at + 38;

    if (letters) {
        name[length++] = entry->wide ? 16 : 8;
        for (size_t i = 0; i < letters; i++) {
            if (entry->wide)
                name[length++] = 0;
            name[length++] = (uint8_t)entry->name[i];
        }
    }
    bytes_put16(at + 16, 1);
    at[18] = (uint8_t)((entry->folder ? 2 : 0) | (entry->deleted ? 4 : 0) | (letters ? 0 : 8));
    at[19] = (uint8_t)length;
    bytes_put32(at + 20, BLOCK);
    bytes_put32(at + 24, entry->block);
    length = (38 + length + 3) & ~(size_t)3;
    seal(at, UDF_TAG_NAME, length, own);
    return length;
}

uint32_t udf_build_folder(struct udf_build *build,
                          uint32_t block,
                          const struct udf_build_entry *entries,
                          size_t count,
                          const struct udf_shape *shape)
{
    uint8_t *bytes = calloc(1, FOLDER_MOST);
    struct udf_build_entry parent = {"", 0, true, false, false};
    size_t size;

    assert_non_null(bytes);
    if (!block)
        block = udf_build_reserve(build);
    parent.block = block;
    size = put_entry(bytes, block, &parent);
    for (size_t i = 0; i < count; i++)
        size += put_entry(bytes + size, block, &entries[i]);
    put_node(build, block, bytes, size, shape, 4);
    free(bytes);
    return block;
}

/* ---- the end ---- */

void udf_build_close(struct udf_build *build, uint32_t root)
{
    uint8_t bytes[BLOCK] = {0};

    bytes_put16(bytes + 28, 3);
    bytes_put16(bytes + 30, 3);
    put_charset(bytes + 48);
    put_name(bytes + 112, 128, "GPUPV");
    put_charset(bytes + 240);
    put_name(bytes + 304, 32, "GPUPV");
    bytes_put32(bytes + 400, BLOCK);
    bytes_put32(bytes + 404, root);
    put_identifier(bytes + 416, "*OSTA UDF Compliant");
    put_descriptor(build, PARTITION, bytes, UDF_TAG_FILE_SET, 512, 0);
    fs_file_close(build->file);
    free(build);
}

void udf_build_seal(const char *path, uint64_t position, size_t size)
{
    struct fs_file *file = NULL;
    uint8_t bytes[BLOCK];
    size_t got = 0;

    DO(fs_file_open(path, FS_UPDATE, FS_SHARED, &file, &do_err));
    DO(fs_file_read(file, position, bytes, size, &got, &do_err));
    seal(bytes, bytes_get16(bytes), size, bytes_get32(bytes + 12));
    DO(fs_file_write(file, position, bytes, size, &do_err));
    fs_file_close(file);
}
