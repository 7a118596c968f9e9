/* VHDX: headers, regions, and the map of blocks of one file. */
#include "host/image/vhdx_inside.h"

#include "host/image/bytes.h"
#include "host/image/crc.h"

#include <stdlib.h>
#include <string.h>

#define FILE_MAGIC_BYTES 8
#define MAGIC_BYTES      4
#define BITS_PER_BYTE    8

/* The older format, VHD, has this at the end of the file, and dynamic ones at its beginning too. */
#define VHD_MAGIC        "conectix"
#define VHD_FOOTER_BYTES 512

bool vhdx_damaged(const struct vhdx *vhdx, const char *part, struct err *err)
{
    err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_VHDX_DAMAGED, vhdx->source->name, part, NULL);
    return err_hint(err, TEXT_IMAGE_VHDX_DAMAGED_HINT);
}

/* ---- headers ---- */

static bool is_vhd(struct source *source)
{
    char magic[FILE_MAGIC_BYTES];

    if (source_has(source, 0, VHD_FOOTER_BYTES) &&
        source_read(source, 0, magic, sizeof magic, NULL) &&
        !memcmp(magic, VHD_MAGIC, sizeof magic))
        return true;
    return source_has(source, 0, VHD_FOOTER_BYTES) &&
           source_read(source, source->size_bytes - VHD_FOOTER_BYTES, magic, sizeof magic, NULL) &&
           !memcmp(magic, VHD_MAGIC, sizeof magic);
}

static bool check_magic(struct vhdx *vhdx, struct err *err)
{
    struct source *source = vhdx->source;
    char magic[FILE_MAGIC_BYTES];

    if (source_has(source, 0, sizeof magic) && !source_read(source, 0, magic, sizeof magic, err))
        return false;
    if (source_has(source, 0, sizeof magic) && !memcmp(magic, VHDX_FILE_MAGIC, sizeof magic))
        return true;
    err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_NO_VHDX, source->name, NULL);
    return err_hint(err, is_vhd(source) ? TEXT_IMAGE_VHD_HINT : TEXT_IMAGE_NO_VHDX_HINT);
}

/* The checksum is over all bytes with its own field as zero. */
static bool sum_is_right(uint8_t *bytes, size_t length)
{
    uint32_t wanted = bytes_get32(bytes + VHDX_HEADER_CRC);

    bytes_put32(bytes + VHDX_HEADER_CRC, 0);
    return crc32_castagnoli(0, bytes, length) == wanted;
}

static void get_guid(const uint8_t *from, struct guid *ret_guid)
{
    memcpy(ret_guid->bytes, from, GUID_BYTES);
}

/* Reads both headers; the one with the larger sequence number among the whole ones counts. */
static bool read_headers(struct vhdx *vhdx, uint8_t current[VHDX_HEADER_BYTES], struct err *err)
{
    static const uint32_t places[] = {VHDX_HEADER_1, VHDX_HEADER_2};
    uint8_t header[VHDX_HEADER_BYTES];
    bool found = false;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!source_read(vhdx->source, places[i], header, sizeof header, err))
            return false;
        if (memcmp(header, VHDX_HEADER_MAGIC, MAGIC_BYTES) != 0 ||
            !sum_is_right(header, sizeof header))
            continue;
        if (found && bytes_get64(header + VHDX_HEADER_SEQUENCE) <=
                         bytes_get64(current + VHDX_HEADER_SEQUENCE))
            continue;
        memcpy(current, header, sizeof header);
        found = true;
    }
    return found || vhdx_damaged(vhdx, "header", err);
}

static bool take_header(struct vhdx *vhdx, const uint8_t *header, struct err *err)
{
    struct guid log;
    char number[24];

    if (bytes_get16(header + VHDX_HEADER_VERSION) != VHDX_VERSION)
        return err_set(err,
                       ERR_BAD_INPUT,
                       TEXT_IMAGE_VHDX_UNKNOWN,
                       vhdx->source->name,
                       text_num(number, bytes_get16(header + VHDX_HEADER_VERSION)),
                       NULL);
    vhdx->info.sequence = bytes_get64(header + VHDX_HEADER_SEQUENCE);
    get_guid(header + VHDX_HEADER_FILE_WRITE, &vhdx->info.file_write);
    get_guid(header + VHDX_HEADER_DATA_WRITE, &vhdx->info.data_write);
    get_guid(header + VHDX_HEADER_LOG, &log);
    if (!guid_is_zero(&log)) {
        err_set(err, ERR_CONFLICT, TEXT_IMAGE_VHDX_DIRTY, vhdx->source->name, NULL);
        return err_hint(err, TEXT_IMAGE_VHDX_DIRTY_HINT);
    }
    vhdx->log.offset = bytes_get64(header + VHDX_HEADER_LOG_OFFSET);
    vhdx->log.length = bytes_get32(header + VHDX_HEADER_LOG_BYTES);
    return true;
}

/* ---- regions ---- */

static bool range_is_possible(const struct vhdx *vhdx, const struct vhdx_range *range)
{
    return range->length && range->offset >= VHDX_MIB && range->offset % VHDX_MIB == 0 &&
           range->length % VHDX_MIB == 0 && source_has(vhdx->source, range->offset, range->length);
}

static bool ranges_meet(const struct vhdx_range *a, const struct vhdx_range *b)
{
    return a->offset < b->offset + b->length && b->offset < a->offset + a->length;
}

static bool take_region(struct vhdx *vhdx, const uint8_t *row, struct err *err)
{
    char name[GUID_TEXT_BYTES];
    struct vhdx_range *range;
    struct guid guid;

    get_guid(row, &guid);
    guid_text(&guid, name);
    if (!strcmp(name, VHDX_REGION_BAT))
        range = &vhdx->bat;
    else if (!strcmp(name, VHDX_REGION_METADATA))
        range = &vhdx->metadata;
    else if (bytes_get32(row + VHDX_REGION_FLAGS) & VHDX_REGIONS_REQUIRED)
        return err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_VHDX_UNKNOWN, vhdx->source->name, name, NULL);
    else
        return true;
    if (range->length)
        return vhdx_damaged(vhdx, "region table", err);
    range->offset = bytes_get64(row + VHDX_REGION_OFFSET);
    range->length = bytes_get32(row + VHDX_REGION_LENGTH);
    return range_is_possible(vhdx, range) || vhdx_damaged(vhdx, "region table", err);
}

static bool take_regions(struct vhdx *vhdx, const uint8_t *table, struct err *err)
{
    uint32_t count = bytes_get32(table + VHDX_REGIONS_COUNT);

    if (count > VHDX_ROWS_MAX)
        return vhdx_damaged(vhdx, "region table", err);
    for (uint32_t i = 0; i < count; i++)
        if (!take_region(vhdx, table + VHDX_REGIONS_ROWS + (size_t)i * VHDX_REGION_BYTES, err))
            return false;
    if (!vhdx->bat.length || !vhdx->metadata.length || ranges_meet(&vhdx->bat, &vhdx->metadata))
        return vhdx_damaged(vhdx, "region table", err);
    return true;
}

static bool read_regions(struct vhdx *vhdx, struct err *err)
{
    static const uint32_t places[] = {VHDX_REGIONS_1, VHDX_REGIONS_2};
    uint8_t *table = malloc(VHDX_REGIONS_BYTES);
    bool found = false, ok = true;

    if (!table)
        return err_no_memory(err);
    for (size_t i = 0; ok && !found && i < sizeof places / sizeof *places; i++) {
        ok = source_read(vhdx->source, places[i], table, VHDX_REGIONS_BYTES, err);
        found = ok && !memcmp(table, VHDX_REGIONS_MAGIC, MAGIC_BYTES) &&
                sum_is_right(table, VHDX_REGIONS_BYTES);
    }
    if (ok)
        ok = found ? take_regions(vhdx, table, err) : vhdx_damaged(vhdx, "region table", err);
    free(table);
    return ok;
}

/* ---- blocks ---- */

/* Blocks between two entries of sector bitmaps. */
static uint64_t chunk_blocks(const struct vhdx *vhdx)
{
    return VHDX_CHUNK_SECTORS * vhdx->info.sector_bytes / vhdx->info.block_bytes;
}

static bool table_is_long_enough(const struct vhdx *vhdx)
{
    uint64_t ratio = chunk_blocks(vhdx);
    uint64_t blocks = (vhdx->info.size_bytes - 1) / vhdx->info.block_bytes + 1;
    uint64_t chunks = (blocks - 1) / ratio + 1;
    uint64_t entries = vhdx->info.differencing ? chunks * (ratio + 1) : blocks + chunks - 1;

    return entries * VHDX_ENTRY_BYTES <= vhdx->bat.length;
}

/* Loads the piece of [start, start + length) of the file that holds offset. */
static bool window_at(struct vhdx *vhdx,
                      struct vhdx_window *window,
                      uint64_t start,
                      uint64_t length,
                      uint64_t offset,
                      struct err *err)
{
    uint64_t from = start + (offset - start) / sizeof window->bytes * sizeof window->bytes;
    uint64_t left = start + length - from;

    if (window->length && window->offset == from)
        return true;
    window->length = 0;
    if (left > sizeof window->bytes)
        left = sizeof window->bytes;
    if (!source_read(vhdx->source, from, window->bytes, (size_t)left, err))
        return false;
    window->offset = from;
    window->length = (uint32_t)left;
    return true;
}

static bool read_entry(struct vhdx *vhdx, uint64_t index, uint64_t *ret_entry, struct err *err)
{
    uint64_t offset = vhdx->bat.offset + index * VHDX_ENTRY_BYTES;

    if (!window_at(vhdx, &vhdx->entries, vhdx->bat.offset, vhdx->bat.length, offset, err))
        return false;
    *ret_entry = bytes_get64(vhdx->entries.bytes + (offset - vhdx->entries.offset));
    return true;
}

/* Blocks lie behind the headers and not in regions. */
static bool place_is_possible(const struct vhdx *vhdx, uint64_t offset, uint32_t length)
{
    const struct vhdx_range place = {offset, length};

    return offset >= VHDX_MIB && source_has(vhdx->source, offset, length) &&
           !ranges_meet(&place, &vhdx->bat) && !ranges_meet(&place, &vhdx->metadata);
}

/* Counts how far the sectors from `sector` of the chunk on are all ours or all the parent's. */
static bool count_sectors(struct vhdx *vhdx,
                          uint64_t chunk,
                          uint64_t sector,
                          uint64_t most,
                          bool *ret_ours,
                          uint64_t *ret_count,
                          struct err *err)
{
    uint64_t entry = 0, place, count = 0;
    bool ours = false;

    if (!read_entry(vhdx, chunk * (chunk_blocks(vhdx) + 1) + chunk_blocks(vhdx), &entry, err))
        return false;
    place = entry & VHDX_ENTRY_OFFSET;
    if ((entry & VHDX_ENTRY_STATE) != VHDX_BITMAP_THERE ||
        !place_is_possible(vhdx, place, (uint32_t)VHDX_MIB))
        return vhdx_damaged(vhdx, "sector bitmap", err);
    for (; count < most; count++, sector++) {
        uint64_t offset = place + sector / BITS_PER_BYTE;
        bool bit;

        if (!window_at(vhdx, &vhdx->bits, place, VHDX_MIB, offset, err))
            return false;
        bit = vhdx->bits.bytes[offset - vhdx->bits.offset] >> sector % BITS_PER_BYTE & 1;
        if (count == 0)
            ours = bit;
        else if (bit != ours)
            break;
    }
    *ret_ours = ours;
    *ret_count = count;
    return true;
}

static bool map_partial(struct vhdx *vhdx,
                        uint64_t position,
                        uint64_t place,
                        struct vhdx_extent *extent,
                        struct err *err)
{
    uint32_t sector_bytes = vhdx->info.sector_bytes;
    uint64_t sector = position / sector_bytes, within = position % sector_bytes;
    uint64_t count = 0, most = (within + extent->length - 1) / sector_bytes + 1;
    bool ours = false;

    if (!count_sectors(vhdx,
                       sector / VHDX_CHUNK_SECTORS,
                       sector % VHDX_CHUNK_SECTORS,
                       most,
                       &ours,
                       &count,
                       err))
        return false;
    if (count * sector_bytes - within < extent->length)
        extent->length = count * sector_bytes - within;
    extent->where = ours ? VHDX_HERE : VHDX_PARENT;
    extent->offset = place;
    return true;
}

bool vhdx_map(struct vhdx *vhdx,
              uint64_t position,
              uint64_t length,
              struct vhdx_extent *ret_extent,
              struct err *err)
{
    uint32_t block_bytes = vhdx->info.block_bytes;
    uint64_t block = position / block_bytes, within = position % block_bytes;
    struct vhdx_extent extent = {VHDX_ZERO, 0, block_bytes - within};
    uint64_t entry = 0, place;
    unsigned state;

    if (extent.length > length)
        extent.length = length;
    if (!read_entry(vhdx, block + block / chunk_blocks(vhdx), &entry, err))
        return false;
    state = entry & VHDX_ENTRY_STATE;
    place = entry & VHDX_ENTRY_OFFSET;
    if (state == VHDX_BLOCK_NONE)
        extent.where = vhdx->info.differencing ? VHDX_PARENT : VHDX_ZERO;
    if (state == VHDX_BLOCK_FULL || state == VHDX_BLOCK_PARTIAL) {
        if (!place_is_possible(vhdx, place, block_bytes))
            return vhdx_damaged(vhdx, "BAT", err);
        extent.where = VHDX_HERE;
        extent.offset = place + within;
    }
    if (state == VHDX_BLOCK_PARTIAL) {
        if (!vhdx->info.differencing)
            return vhdx_damaged(vhdx, "BAT", err);
        if (!map_partial(vhdx, position, place + within, &extent, err))
            return false;
    } else if (state > VHDX_BLOCK_UNMAPPED && state != VHDX_BLOCK_FULL) {
        return vhdx_damaged(vhdx, "BAT", err);
    }
    *ret_extent = extent;
    return true;
}

/* ---- a file ---- */

bool vhdx_open(struct source *source, struct vhdx **ret_vhdx, struct err *err)
{
    struct vhdx *vhdx = calloc(1, sizeof *vhdx);
    uint8_t header[VHDX_HEADER_BYTES] = {0};
    bool ok = false;

    if (!vhdx)
        return err_no_memory(err);
    vhdx->source = source;
    if (!check_magic(vhdx, err) || !read_headers(vhdx, header, err) ||
        !take_header(vhdx, header, err) || !read_regions(vhdx, err) ||
        !vhdx_read_metadata(vhdx, err))
        goto out;
    ok = table_is_long_enough(vhdx) || vhdx_damaged(vhdx, "BAT", err);

out:
    if (ok)
        *ret_vhdx = vhdx;
    else
        vhdx_free(vhdx);
    return ok;
}

void vhdx_free(struct vhdx *vhdx)
{
    free(vhdx);
}

const struct vhdx_info *vhdx_info(const struct vhdx *vhdx)
{
    return &vhdx->info;
}
