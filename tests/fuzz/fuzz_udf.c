/*
 * UDF: the input is the beginnings of the blocks that matter, 512 bytes each; checksums are made
 * right, so that what they guard is reached. What is found must have the length that it claims.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/sparse_source.h"

#include "host/image/crc.h"
#include "host/image/udf_inside.h"

#include <stdlib.h>
#include <string.h>

#define PIECE  512u
#define BLOCKS 400u

/* anchor, volume, file set; then entries, folders and tables, one block after another */
static const uint32_t blocks[] = {256, 32, 33, 34, 36, 272};

#define NODES_AT 273u
#define NODES    18u
#define FIRST    (sizeof blocks / sizeof *blocks)

static void seal(uint8_t *tag, size_t room)
{
    size_t length = bytes_get16(tag + 10);
    unsigned sum = 0;

    if (length > room - UDF_TAG_BYTES)
        return;
    bytes_put16(tag + 8, crc16_udf(0, tag + UDF_TAG_BYTES, length));
    for (size_t i = 0; i < UDF_TAG_BYTES; i++)
        sum += i == 4 ? 0 : tag[i];
    tag[4] = (uint8_t)sum;
}

static void seal_piece(uint8_t *piece, size_t size)
{
    for (size_t at = 0; at + 40 <= size; at += 4) {
        uint16_t tag = bytes_get16(piece + at);

        if (at == 0 || tag == UDF_TAG_NAME)
            seal(piece + at, size - at);
    }
}

static bool count_one(const char *name, bool folder, void *user)
{
    unsigned *count = user;

    (void)folder;
    if (!*name || strlen(name) >= UDF_NAME_BYTES)
        abort();
    return ++*count < 10000;
}

static void read_some(struct source *file)
{
    static const uint64_t places[] = {0, 1, 2047, 2048, 100000, UINT64_C(1) << 32};
    uint8_t data[4096];

    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (source_has(file, places[i], sizeof data))
            source_read(file, places[i], data, sizeof data, NULL);
    if (file->size_bytes && !source_has(file, file->size_bytes - 1, 1))
        abort();
    if (source_read(file, file->size_bytes, data, 1, NULL))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"sources/install.wim", "a", "a/b/c/d"};
    uint8_t *copy = malloc(size + 1), *at = copy;
    struct sparse_source sparse;
    struct udf *udf = NULL;
    size_t left = size;
    unsigned count = 0;

    if (!copy)
        return 0;
    memcpy(copy, data, size);
    sparse_init(&sparse, BLOCKS * UDF_BLOCK_BYTES);
    for (size_t i = 0; left && i < FIRST + NODES; i++) {
        uint64_t block = i < FIRST ? blocks[i] : NODES_AT + i - FIRST;

        sparse_add(&sparse, block * UDF_BLOCK_BYTES, PIECE, &at, &left);
        seal_piece(sparse.pieces[i].data, sparse.pieces[i].size);
    }
    if (udf_open(&sparse.source, &udf, NULL)) {
        for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
            struct source *file = NULL;

            if (udf_open_file(udf, paths[i], &file, NULL) && file)
                read_some(file);
            source_free(file);
        }
        udf_list(udf, "", count_one, &count, NULL);
        udf_list(udf, "sources", count_one, &count, NULL);
    }
    udf_close(udf);
    free(copy);
    return 0;
}
