/* Writing VHDX files: the layout is log at 1 MiB, metadata at 2 MiB, BAT at 3 MiB, then blocks. */
#include "tests/support/vhdx_write.h"

#include "common/fs.h"
#include "common/secure.h"
#include "host/image/bytes.h"
#include "host/image/crc.h"
#include "host/image/vhdx_inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_DEFAULT UINT32_C(0x200000)
#define PHYSICAL      4096u
#define LOG_OFFSET    VHDX_MIB
#define META_OFFSET   (2 * VHDX_MIB)
#define BAT_OFFSET    (3 * VHDX_MIB)
#define ITEMS_OFFSET  VHDX_METADATA_TABLE_BYTES
#define META_USED     (ITEMS_OFFSET + 0x10000u)
#define COPY_BYTES    ((size_t)1 << 20)
#define SLOTS         2

struct vhdx_writer {
    struct fs_file *file;
    struct vhdx_info info;
    uint64_t bat_offset, end; /* where the next block goes */
    uint8_t *bat;
    size_t entries;
    bool changed;
    char path[FS_PATH_BYTES];
};

static bool fail(struct err *err, const char *path, const char *what)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_VHDX_DAMAGED, path, what, NULL);
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) / to * to;
}

static void put_guid(uint8_t *to, const struct guid *guid)
{
    memcpy(to, guid->bytes, GUID_BYTES);
}

static void put_name(uint8_t *to, const char *name)
{
    struct guid guid;
    bool ok = guid_parse(name, &guid);

    assert(ok);
    (void)ok;
    put_guid(to, &guid);
}

static bool new_guid(struct guid *guid, const char *path, struct err *err)
{
    if (!secure_random(guid->bytes, GUID_BYTES))
        return fail(err, path, "random numbers");
    guid->bytes[7] = (uint8_t)((guid->bytes[7] & 0x0f) | 0x40);
    guid->bytes[8] = (uint8_t)((guid->bytes[8] & 0x3f) | 0x80);
    return true;
}

static size_t entry_count(const struct vhdx_info *info)
{
    uint64_t ratio = VHDX_CHUNK_SECTORS * info->sector_bytes / info->block_bytes;
    uint64_t blocks = (info->size_bytes - 1) / info->block_bytes + 1;
    uint64_t chunks = (blocks - 1) / ratio + 1;

    return (size_t)(info->differencing ? chunks * (ratio + 1) : blocks + chunks - 1);
}

/* ---- headers and tables ---- */

static bool write_header(struct fs_file *file,
                         uint32_t place,
                         const struct vhdx_info *info,
                         const struct guid *log,
                         struct err *err)
{
    uint8_t header[VHDX_HEADER_BYTES] = {0};

    memcpy(header, VHDX_HEADER_MAGIC, 4);
    bytes_put64(header + VHDX_HEADER_SEQUENCE, info->sequence);
    put_guid(header + VHDX_HEADER_FILE_WRITE, &info->file_write);
    put_guid(header + VHDX_HEADER_DATA_WRITE, &info->data_write);
    put_guid(header + VHDX_HEADER_LOG, log);
    bytes_put16(header + VHDX_HEADER_VERSION, VHDX_VERSION);
    bytes_put32(header + VHDX_HEADER_LOG_BYTES, (uint32_t)VHDX_MIB);
    bytes_put64(header + VHDX_HEADER_LOG_OFFSET, LOG_OFFSET);
    bytes_put32(header + VHDX_HEADER_CRC, crc32_castagnoli(0, header, sizeof header));
    return fs_file_write(file, place, header, sizeof header, err);
}

/* Both headers, the second one newer by one. */
static bool write_headers(struct fs_file *file, struct vhdx_info *info, struct err *err)
{
    static const uint32_t places[SLOTS] = {VHDX_HEADER_1, VHDX_HEADER_2};
    const struct guid no_log = {{0}};

    for (size_t i = 0; i < SLOTS; i++) {
        info->sequence++;
        if (!write_header(file, places[i], info, &no_log, err))
            return false;
    }
    return true;
}

static void
put_region(uint8_t *table, unsigned row, const char *name, uint64_t offset, uint64_t length)
{
    uint8_t *at = table + VHDX_REGIONS_ROWS + row * VHDX_REGION_BYTES;

    put_name(at, name);
    bytes_put64(at + VHDX_REGION_OFFSET, offset);
    bytes_put32(at + VHDX_REGION_LENGTH, (uint32_t)length);
    bytes_put32(at + VHDX_REGION_FLAGS, VHDX_REGIONS_REQUIRED);
}

static bool write_regions(struct fs_file *file, uint64_t bat_bytes, struct err *err)
{
    uint8_t *table = calloc(1, VHDX_REGIONS_BYTES);
    bool ok;

    if (!table)
        return err_no_memory(err);
    memcpy(table, VHDX_REGIONS_MAGIC, 4);
    bytes_put32(table + VHDX_REGIONS_COUNT, 2);
    put_region(table, 0, VHDX_REGION_BAT, BAT_OFFSET, bat_bytes);
    put_region(table, 1, VHDX_REGION_METADATA, META_OFFSET, VHDX_MIB);
    bytes_put32(table + VHDX_HEADER_CRC, crc32_castagnoli(0, table, VHDX_REGIONS_BYTES));
    ok = fs_file_write(file, VHDX_REGIONS_1, table, VHDX_REGIONS_BYTES, err) &&
         fs_file_write(file, VHDX_REGIONS_2, table, VHDX_REGIONS_BYTES, err);
    free(table);
    return ok;
}

/* ---- metadata ---- */

/* The metadata region while it is filled. */
struct metadata {
    uint8_t *bytes;
    uint16_t count;
    uint32_t used;
};

static void
put_item(struct metadata *m, const char *name, const void *data, uint32_t length, uint32_t flags)
{
    uint8_t *row = m->bytes + VHDX_METADATA_ROWS + (size_t)m->count * VHDX_ITEM_BYTES;

    assert(m->used + length <= META_USED);
    put_name(row, name);
    bytes_put32(row + VHDX_ITEM_OFFSET, m->used);
    bytes_put32(row + VHDX_ITEM_LENGTH, length);
    bytes_put32(row + VHDX_ITEM_FLAGS, flags);
    memcpy(m->bytes + m->used, data, length);
    m->used = (uint32_t)round_up(m->used + length, 16);
    m->count++;
}

static uint32_t put_text(uint8_t *locator, uint32_t at, const char *ascii)
{
    for (; *ascii; ascii++, at += 2)
        bytes_put16(locator + at, (uint8_t)*ascii);
    return at;
}

/* parent_linkage in lower case: libvhdi reads zeros through a child that has it in upper case. */
static void put_locator(struct metadata *m, const struct vhdx_parent *parent)
{
    char linkage[GUID_TEXT_BYTES + 2], guid[GUID_TEXT_BYTES];
    const char *pairs[3][2] = {
        {"parent_linkage", linkage},
        {"relative_path", parent->relative},
        {"absolute_win32_path", parent->absolute},
    };
    uint8_t locator[8192] = {0};
    uint32_t at = VHDX_LOCATOR_ROWS + 3 * VHDX_LOCATOR_ROW_BYTES;
    uint16_t count = 0;

    snprintf(linkage, sizeof linkage, "{%s}", guid_text(&parent->linkage, guid));
    put_name(locator, VHDX_LOCATOR_KIND);
    for (size_t i = 0; i < 3; i++) {
        uint8_t *row = locator + VHDX_LOCATOR_ROWS + count * VHDX_LOCATOR_ROW_BYTES;
        uint32_t key = at, value = put_text(locator, at, pairs[i][0]);

        if (!*pairs[i][1])
            continue;
        at = put_text(locator, value, pairs[i][1]);
        bytes_put32(row, key);
        bytes_put32(row + 4, value);
        bytes_put16(row + 8, (uint16_t)(value - key));
        bytes_put16(row + 10, (uint16_t)(at - value));
        count++;
    }
    bytes_put16(locator + VHDX_LOCATOR_COUNT, count);
    put_item(m, VHDX_ITEM_PARENT, locator, at, VHDX_ITEM_REQUIRED);
}

static bool write_metadata(struct fs_file *file, const struct vhdx_info *info, struct err *err)
{
    const uint32_t of_disk = VHDX_ITEM_REQUIRED | VHDX_ITEM_VIRTUAL_DISK;
    struct metadata m = {calloc(1, META_USED), 0, ITEMS_OFFSET};
    uint8_t number[8];
    bool ok;

    if (!m.bytes)
        return err_no_memory(err);
    memcpy(m.bytes, VHDX_METADATA_MAGIC, 8);
    bytes_put32(number, info->block_bytes);
    bytes_put32(number + 4, info->differencing ? VHDX_HAS_PARENT : 0);
    put_item(&m, VHDX_ITEM_PARAMETERS, number, 8, VHDX_ITEM_REQUIRED);
    bytes_put64(number, info->size_bytes);
    put_item(&m, VHDX_ITEM_SIZE, number, 8, of_disk);
    put_item(&m, VHDX_ITEM_DISK, info->disk.bytes, GUID_BYTES, of_disk);
    bytes_put32(number, info->sector_bytes);
    put_item(&m, VHDX_ITEM_SECTOR, number, 4, of_disk);
    bytes_put32(number, info->physical_sector_bytes);
    put_item(&m, VHDX_ITEM_PHYSICAL_SECTOR, number, 4, of_disk);
    if (info->differencing)
        put_locator(&m, &info->parent);
    bytes_put16(m.bytes + VHDX_METADATA_COUNT, m.count);
    ok = fs_file_write(file, META_OFFSET, m.bytes, META_USED, err);
    free(m.bytes);
    return ok;
}

/* ---- making a disk ---- */

static bool create(const char *path, struct vhdx_info *info, struct err *err)
{
    static const uint16_t creator[] = {'g', 'p', 'u', 'p', 'v', ' ', 't', 'e', 's', 't', 's'};
    uint64_t bat_bytes = round_up(entry_count(info) * VHDX_ENTRY_BYTES, VHDX_MIB);
    uint8_t identifier[8 + sizeof creator] = VHDX_FILE_MAGIC;
    struct fs_file *file = NULL;
    struct fs_stat stat;
    bool ok;

    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, path, NULL);
    for (size_t i = 0; i < sizeof creator / sizeof *creator; i++)
        bytes_put16(identifier + 8 + 2 * i, creator[i]);
    info->physical_sector_bytes = PHYSICAL;
    ok = new_guid(&info->file_write, path, err) && new_guid(&info->data_write, path, err) &&
         (!guid_is_zero(&info->disk) || new_guid(&info->disk, path, err)) &&
         fs_file_open(path, FS_CREATE, FS_SHARED, &file, err) &&
         fs_file_write(file, 0, identifier, sizeof identifier, err) &&
         write_headers(file, info, err) && write_regions(file, bat_bytes, err) &&
         write_metadata(file, info, err) && fs_file_resize(file, BAT_OFFSET + bat_bytes, err);
    fs_file_close(file);
    return ok;
}

bool vhdx_write_create(const char *path,
                       uint64_t size_bytes,
                       uint32_t block_bytes,
                       uint32_t sector_bytes,
                       struct err *err)
{
    struct vhdx_info info = {
        .size_bytes = size_bytes,
        .block_bytes = block_bytes ? block_bytes : BLOCK_DEFAULT,
        .sector_bytes = sector_bytes ? sector_bytes : 512,
    };

    if (!size_bytes || size_bytes % info.sector_bytes || size_bytes > VHDX_DISK_MOST)
        return fail(err, path, "size");
    return create(path, &info, err);
}

bool vhdx_write_create_child(const char *path,
                             const char *parent,
                             const char *relative,
                             const char *absolute,
                             uint32_t block_bytes,
                             struct err *err)
{
    struct source *source = NULL;
    struct vhdx *vhdx = NULL;
    struct vhdx_info info = {.differencing = true};
    bool ok = false;

    if (!source_open_file(parent, &source, err) || !vhdx_open(source, &vhdx, err))
        goto out;
    info.size_bytes = vhdx_info(vhdx)->size_bytes;
    info.block_bytes = block_bytes ? block_bytes : BLOCK_DEFAULT;
    info.sector_bytes = vhdx_info(vhdx)->sector_bytes;
    info.disk = vhdx_info(vhdx)->disk;
    info.parent.linkage = vhdx_info(vhdx)->data_write;
    text_copy(info.parent.relative, sizeof info.parent.relative, relative);
    text_copy(info.parent.absolute, sizeof info.parent.absolute, absolute ? absolute : "");
    ok = create(path, &info, err);

out:
    vhdx_free(vhdx);
    source_free(source);
    return ok;
}

/* ---- writing into it ---- */

bool vhdx_write_open(const char *path, struct vhdx_writer **ret_writer, struct err *err)
{
    struct vhdx_writer *w = calloc(1, sizeof *w);
    struct source *source = NULL;
    struct vhdx *vhdx = NULL;
    bool ok = false;

    if (!w)
        return err_no_memory(err);
    text_copy(w->path, sizeof w->path, path);
    if (!source_open_file(path, &source, err) || !vhdx_open(source, &vhdx, err))
        goto out;
    w->info = *vhdx_info(vhdx);
    w->bat_offset = vhdx->bat.offset;
    w->entries = entry_count(&w->info);
    w->end = round_up(source->size_bytes, VHDX_MIB);
    w->bat = malloc(w->entries * VHDX_ENTRY_BYTES);
    if (!w->bat) {
        err_no_memory(err);
        goto out;
    }
    ok = source_read(source, w->bat_offset, w->bat, w->entries * VHDX_ENTRY_BYTES, err) &&
         fs_file_open(path, FS_UPDATE, FS_SHARED, &w->file, err);

out:
    vhdx_free(vhdx);
    source_free(source);
    if (ok) {
        *ret_writer = w;
        return true;
    }
    free(w->bat);
    free(w);
    return false;
}

uint64_t vhdx_write_size(const struct vhdx_writer *writer)
{
    return writer->info.size_bytes;
}

uint32_t vhdx_write_sector(const struct vhdx_writer *writer)
{
    return writer->info.sector_bytes;
}

static bool is_zero(const uint8_t *data, size_t size)
{
    return !size || (!data[0] && !memcmp(data, data + 1, size - 1));
}

static uint64_t ratio_of(const struct vhdx_writer *w)
{
    return VHDX_CHUNK_SECTORS * w->info.sector_bytes / w->info.block_bytes;
}

/* Makes room at the end of the file; it is zero there. */
static bool
allocate(struct vhdx_writer *w, uint64_t bytes, unsigned state, uint8_t *entry, struct err *err)
{
    if (!fs_file_resize(w->file, w->end + bytes, err))
        return false;
    bytes_put64(entry, w->end | state);
    w->end += bytes;
    return true;
}

/* Sets the bits of sectors that are now in this file and not in the parent. */
static bool mark_sectors(struct vhdx_writer *w, uint64_t position, size_t size, struct err *err)
{
    uint64_t first = position / w->info.sector_bytes;
    uint64_t last = (position + size - 1) / w->info.sector_bytes;
    uint64_t chunk = first / VHDX_CHUNK_SECTORS, ratio = ratio_of(w);
    uint8_t *entry = w->bat + (chunk * (ratio + 1) + ratio) * VHDX_ENTRY_BYTES;
    uint64_t from = first % VHDX_CHUNK_SECTORS, to = last % VHDX_CHUNK_SECTORS;
    size_t length = (size_t)(to / 8 - from / 8 + 1), got = 0;
    uint8_t *bits;
    uint64_t place;
    bool ok;

    if (!bytes_get64(entry) && !allocate(w, VHDX_MIB, VHDX_BITMAP_THERE, entry, err))
        return false;
    place = (bytes_get64(entry) & VHDX_ENTRY_OFFSET) + from / 8;
    bits = malloc(length);
    if (!bits)
        return err_no_memory(err);
    ok = fs_file_read(w->file, place, bits, length, &got, err) &&
         (got == length || fail(err, w->path, "sector bitmap"));
    for (uint64_t i = from; ok && i <= to; i++)
        bits[i / 8 - from / 8] |= (uint8_t)(1u << i % 8);
    ok = ok && fs_file_write(w->file, place, bits, length, err);
    free(bits);
    return ok;
}

/* Writes a piece that lies within one block. */
static bool write_piece(
    struct vhdx_writer *w, uint64_t position, const uint8_t *data, size_t size, struct err *err)
{
    uint64_t block = position / w->info.block_bytes, within = position % w->info.block_bytes;
    uint8_t *entry = w->bat + (block + block / ratio_of(w)) * VHDX_ENTRY_BYTES;
    unsigned state = bytes_get64(entry) & VHDX_ENTRY_STATE;
    bool whole = size == w->info.block_bytes || position + size == w->info.size_bytes;
    uint64_t place;

    whole = whole && !within;
    if (state != VHDX_BLOCK_FULL && state != VHDX_BLOCK_PARTIAL) {
        if (!w->info.differencing && is_zero(data, size))
            return true;
        state = !w->info.differencing || whole ? VHDX_BLOCK_FULL : VHDX_BLOCK_PARTIAL;
        if (!allocate(w, w->info.block_bytes, state, entry, err))
            return false;
    }
    place = (bytes_get64(entry) & VHDX_ENTRY_OFFSET) + within;
    return fs_file_write(w->file, place, data, size, err) &&
           (state != VHDX_BLOCK_PARTIAL || mark_sectors(w, position, size, err));
}

bool vhdx_write_at(
    struct vhdx_writer *writer, uint64_t position, const void *data, size_t size, struct err *err)
{
    const uint8_t *from = data;

    if (position % writer->info.sector_bytes || size % writer->info.sector_bytes ||
        position > writer->info.size_bytes || size > writer->info.size_bytes - position)
        return fail(err, writer->path, "write outside of sectors");
    while (size) {
        size_t left = (size_t)(writer->info.block_bytes - position % writer->info.block_bytes);
        size_t piece = size < left ? size : left;

        if (!write_piece(writer, position, from, piece, err))
            return false;
        writer->changed = true;
        position += piece;
        from += piece;
        size -= piece;
    }
    return true;
}

static bool finish(struct vhdx_writer *w, struct err *err)
{
    return !w->changed ||
           (fs_file_write(w->file, w->bat_offset, w->bat, w->entries * VHDX_ENTRY_BYTES, err) &&
            new_guid(&w->info.file_write, w->path, err) &&
            new_guid(&w->info.data_write, w->path, err) && write_headers(w->file, &w->info, err));
}

bool vhdx_write_close(struct vhdx_writer *writer, struct err *err)
{
    bool ok;

    if (!writer)
        return true;
    ok = finish(writer, err);
    fs_file_close(writer->file);
    free(writer->bat);
    free(writer);
    return ok;
}

static bool
copy_raw(struct fs_file *raw, uint64_t size_bytes, struct vhdx_writer *writer, struct err *err)
{
    uint8_t *piece = malloc(COPY_BYTES);
    bool ok = piece != NULL || err_no_memory(err);

    for (uint64_t at = 0; ok && at < size_bytes; at += COPY_BYTES) {
        size_t got = 0;

        ok = fs_file_read(raw, at, piece, COPY_BYTES, &got, err) &&
             (is_zero(piece, got) || vhdx_write_at(writer, at, piece, got, err));
    }
    free(piece);
    return ok;
}

bool vhdx_write_from_raw(
    const char *path, const char *raw, uint32_t block_bytes, uint32_t sector_bytes, struct err *err)
{
    struct vhdx_writer *writer = NULL;
    struct fs_file *file = NULL;
    struct fs_stat stat = {.kind = FS_MISSING};
    bool ok;

    ok = fs_file_open(raw, FS_READ, FS_SHARED, &file, err) && fs_file_stat(file, &stat, err) &&
         vhdx_write_create(path, stat.size_bytes, block_bytes, sector_bytes, err) &&
         vhdx_write_open(path, &writer, err) && copy_raw(file, stat.size_bytes, writer, err);
    ok = vhdx_write_close(writer, ok ? err : NULL) && ok;
    fs_file_close(file);
    return ok;
}

bool vhdx_write_dirty(const char *path, struct err *err)
{
    struct vhdx_writer *w = NULL;
    struct guid log;
    bool ok;

    if (!vhdx_write_open(path, &w, err))
        return false;
    w->info.sequence++;
    ok = new_guid(&log, path, err) && write_header(w->file, VHDX_HEADER_1, &w->info, &log, err);
    return vhdx_write_close(w, NULL) && ok;
}
