/* Cells of a hive: finding them, making new ones, giving them back. */
#include "host/image/hive_inside.h"

#include <stdlib.h>
#include <string.h>

#define CELL_ALIGN 8u
#define CELL_SIZE  4u /* the number before the content: negative while allocated */

static uint8_t *at(const struct hive *hive, uint32_t offset)
{
    return hive->data.data + HIVE_BASE + offset;
}

static int32_t cell_size(const struct hive *hive, uint32_t cell)
{
    return (int32_t)bytes_get32(at(hive, cell));
}

static bool is_start(const struct hive *hive, uint32_t cell)
{
    return cell % CELL_ALIGN == 0 && cell < hive->bins_size &&
           hive->starts[cell / CELL_ALIGN / 8] >> (cell / CELL_ALIGN % 8) & 1;
}

static void mark(struct hive *hive, uint32_t cell, bool on)
{
    uint8_t bit = (uint8_t)(1u << (cell / CELL_ALIGN % 8));

    if (on)
        hive->starts[cell / CELL_ALIGN / 8] |= bit;
    else
        hive->starts[cell / CELL_ALIGN / 8] &= (uint8_t)~bit;
}

uint8_t *
hive_cell(const struct hive *hive, uint32_t cell, size_t least, size_t *ret_size, struct err *err)
{
    size_t size;

    if (!is_start(hive, cell)) {
        hive_damaged(hive, cell, err);
        return NULL;
    }
    size = (size_t) - (int64_t)cell_size(hive, cell) - CELL_SIZE;
    if (size < least) {
        hive_damaged(hive, cell, err);
        return NULL;
    }
    if (ret_size)
        *ret_size = size;
    return at(hive, cell) + CELL_SIZE;
}

uint8_t *hive_record(const struct hive *hive,
                     uint32_t cell,
                     const char *letters,
                     size_t least,
                     size_t *ret_size,
                     struct err *err)
{
    uint8_t *p = hive_cell(hive, cell, least > 2 ? least : 2, ret_size, err);

    if (p && memcmp(p, letters, 2) != 0) {
        hive_damaged(hive, cell, err);
        return NULL;
    }
    return p;
}

/* Makes the map of starts as large as the bins. */
static bool fit_starts(struct hive *hive, struct err *err)
{
    size_t bytes = hive->bins_size / CELL_ALIGN / 8 + 1;
    uint8_t *starts;

    if (bytes <= hive->starts_bytes)
        return true;
    starts = realloc(hive->starts, bytes);
    if (!starts)
        return err_no_memory(err);
    memset(starts + hive->starts_bytes, 0, bytes - hive->starts_bytes);
    hive->starts = starts;
    hive->starts_bytes = bytes;
    return true;
}

/* The end of the bin at offset, 0 with err when it is damaged. */
static uint32_t bin_end(const struct hive *hive, uint32_t bin, struct err *err)
{
    const uint8_t *p = at(hive, bin);
    uint32_t size = bytes_get32(p + 8);

    if (memcmp(p, "hbin", 4) != 0 || bytes_get32(p + 4) != bin || !size || size % HIVE_BIN_ALIGN ||
        size > hive->bins_size - bin) {
        hive_damaged(hive, bin, err);
        return 0;
    }
    return bin + size;
}

/* The whole size of the cell, which is allocated or free; 0 with err when it is
 * damaged. */
static uint32_t whole_size(const struct hive *hive, uint32_t cell, uint32_t end, struct err *err)
{
    int64_t size = cell_size(hive, cell);
    int64_t whole = size < 0 ? -size : size;

    if (whole < (int64_t)CELL_ALIGN || whole % CELL_ALIGN || whole > (int64_t)(end - cell)) {
        hive_damaged(hive, cell, err);
        return 0;
    }
    return (uint32_t)whole;
}

bool hive_walk(struct hive *hive, struct err *err)
{
    uint32_t bin = 0;

    if (!fit_starts(hive, err))
        return false;
    while (bin < hive->bins_size) {
        uint32_t end = bin_end(hive, bin, err);
        uint32_t cell = bin + HIVE_BIN_HEADER;

        if (!end)
            return false;
        while (cell < end) {
            uint32_t whole = whole_size(hive, cell, end, err);

            if (!whole)
                return false;
            if (cell_size(hive, cell) < 0)
                mark(hive, cell, true);
            cell += whole;
        }
        bin = end;
    }
    return true;
}

/* Takes `whole` bytes of the free cell, which has `there`. */
static void take(struct hive *hive, uint32_t cell, uint32_t whole, uint32_t there)
{
    if (there - whole >= CELL_ALIGN)
        bytes_put32(at(hive, cell + whole), there - whole);
    else
        whole = there;
    bytes_put32(at(hive, cell), 0 - whole);
    memset(at(hive, cell) + CELL_SIZE, 0, whole - CELL_SIZE);
    mark(hive, cell, true);
}

/* The first free room in a bin, joining what lies side by side; 0: none. */
static uint32_t room_in_bin(struct hive *hive, uint32_t bin, uint32_t end, uint32_t whole)
{
    uint32_t cell = bin + HIVE_BIN_HEADER;

    while (cell < end) {
        int32_t size = cell_size(hive, cell);

        if (size < 0) {
            cell += (uint32_t) - (int64_t)size;
            continue;
        }
        while (cell + (uint32_t)size < end && cell_size(hive, cell + (uint32_t)size) > 0)
            size += cell_size(hive, cell + (uint32_t)size);
        bytes_put32(at(hive, cell), (uint32_t)size);
        if ((uint32_t)size >= whole)
            return cell;
        cell += (uint32_t)size;
    }
    return 0;
}

/* Adds a bin with one free cell of at least `whole` bytes. */
static bool add_bin(struct hive *hive, uint32_t whole, uint32_t *ret_cell, struct err *err)
{
    uint32_t size =
        (whole + HIVE_BIN_HEADER + HIVE_BIN_ALIGN - 1) / HIVE_BIN_ALIGN * HIVE_BIN_ALIGN;
    uint32_t bin = hive->bins_size;
    uint8_t *p;

    if (size > HIVE_BYTES_MAX - bin)
        return err_set(
            err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, hive->name, TEXT_NUM(HIVE_BYTES_MAX), NULL);
    /* Windows may keep a tail behind the bins; it means nothing */
    hive->data.len = HIVE_BASE + (size_t)bin;
    if (!buf_reserve(&hive->data, size))
        return err_no_memory(err);
    buf_added(&hive->data, size);
    hive->bins_size += size;
    if (!fit_starts(hive, err))
        return false;
    p = at(hive, bin);
    memset(p, 0, size);
    memcpy(p, "hbin", 4);
    bytes_put32(p + 4, bin);
    bytes_put32(p + 8, size);
    bytes_put64(p + 20, hive->time);
    bytes_put32(p + HIVE_BIN_HEADER, size - HIVE_BIN_HEADER);
    *ret_cell = bin + HIVE_BIN_HEADER;
    return true;
}

bool hive_alloc(struct hive *hive, size_t size, uint32_t *ret_cell, struct err *err)
{
    uint32_t whole, cell = 0, bin = 0;

    if (size > HIVE_VALUE_MAX * 2)
        return err_set(
            err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, hive->name, TEXT_NUM(HIVE_VALUE_MAX), NULL);
    whole = (uint32_t)(size + CELL_SIZE + CELL_ALIGN - 1) / CELL_ALIGN * CELL_ALIGN;
    while (!cell && bin < hive->bins_size) {
        uint32_t end = bin_end(hive, bin, err);

        if (!end)
            return false;
        cell = room_in_bin(hive, bin, end, whole);
        bin = end;
    }
    if (!cell && !add_bin(hive, whole, &cell, err))
        return false;
    take(hive, cell, whole, (uint32_t)cell_size(hive, cell));
    *ret_cell = cell;
    return true;
}

bool hive_release(struct hive *hive, uint32_t cell, struct err *err)
{
    if (!is_start(hive, cell))
        return hive_damaged(hive, cell, err);
    bytes_put32(at(hive, cell), 0 - bytes_get32(at(hive, cell)));
    mark(hive, cell, false);
    return true;
}
