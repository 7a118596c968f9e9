/*
 * VHDX: the input is the beginnings of header, region table, metadata table, items, block table,
 * and then blocks; the checksums are made right. What is mapped lies in the file and covers what
 * was asked.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/sparse_source.h"

#include "host/image/bytes.h"
#include "host/image/crc.h"
#include "host/image/vhdx_inside.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES (16 * VHDX_MIB)

static const struct {
    uint64_t position;
    size_t size;
} places[] = {
    {VHDX_HEADER_1, 128},
    {VHDX_REGIONS_1, 128},
    {2 * VHDX_MIB, 256},
    {2 * VHDX_MIB + VHDX_METADATA_TABLE_BYTES, 512},
    {3 * VHDX_MIB, 256},
    {4 * VHDX_MIB, 256},
};

/* The checksum of a structure that is zero behind the piece. */
static void seal(struct sparse_piece *piece, size_t size)
{
    uint8_t *whole;

    if (piece->size < 8)
        return;
    whole = calloc(1, size);
    if (!whole)
        return;
    memcpy(whole, piece->data, piece->size);
    bytes_put32(whole + 4, 0);
    bytes_put32(piece->data + 4, crc32_castagnoli(0, whole, size));
    free(whole);
}

static void walk(struct vhdx *vhdx, struct source *source)
{
    const struct vhdx_info *info = vhdx_info(vhdx);
    uint64_t position = 0;

    for (unsigned i = 0; i < 64 && position < info->size_bytes; i++) {
        struct vhdx_extent extent;
        uint64_t left = info->size_bytes - position;

        if (!vhdx_map(vhdx, position, left < 3000000 ? left : 3000000, &extent, NULL))
            return;
        if (!extent.length || extent.length > left ||
            (extent.where == VHDX_HERE && !source_has(source, extent.offset, extent.length)) ||
            (extent.where == VHDX_PARENT && !info->differencing))
            abort();
        position += extent.length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t magic[] = VHDX_FILE_MAGIC;
    uint8_t *copy = malloc(size + 1), *at = copy, *first = magic;
    size_t left = size, eight = 8;
    struct sparse_source sparse;
    struct vhdx *vhdx = NULL;

    if (!copy)
        return 0;
    memcpy(copy, data, size);
    sparse_init(&sparse, FILE_BYTES);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        sparse_add(&sparse, places[i].position, places[i].size, &at, &left);
    seal(&sparse.pieces[0], VHDX_HEADER_BYTES);
    seal(&sparse.pieces[1], VHDX_REGIONS_BYTES);
    sparse_add(&sparse, 0, sizeof magic, &first, &eight);
    if (vhdx_open(&sparse.source, &vhdx, NULL))
        walk(vhdx, &sparse.source);
    vhdx_free(vhdx);
    free(copy);
    return 0;
}
