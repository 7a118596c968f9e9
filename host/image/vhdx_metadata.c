/* VHDX: the metadata region and the parent locator. */
#include "host/image/vhdx_inside.h"

#include "host/image/bytes.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_BYTES    8
#define LOCATOR_MAX    0x10000u /* bytes of a parent locator that we read */
#define LOCATOR_KEYS   64
#define KEY_BYTES      64
#define LINKAGE_BYTES  64
#define SECTOR_SMALL   512u
#define SECTOR_LARGE   4096u
#define PARAMETER_SIZE 8

enum item { PARAMETERS, SIZE, DISK, SECTOR, PHYSICAL, PARENT, ITEMS };

/* What each item is called and how long it is; 0: any length. */
static const struct {
    const char *name;
    uint32_t length;
} items[ITEMS] = {
    [PARAMETERS] = {VHDX_ITEM_PARAMETERS, PARAMETER_SIZE},
    [SIZE] = {VHDX_ITEM_SIZE, 8},
    [DISK] = {VHDX_ITEM_DISK, GUID_BYTES},
    [SECTOR] = {VHDX_ITEM_SECTOR, 4},
    [PHYSICAL] = {VHDX_ITEM_PHYSICAL_SECTOR, 4},
    [PARENT] = {VHDX_ITEM_PARENT, 0},
};

static bool damaged(const struct vhdx *vhdx, struct err *err)
{
    return vhdx_damaged(vhdx, "metadata", err);
}

/* ---- the parent locator ---- */

static bool
read_text(const uint8_t *bytes, uint32_t offset, uint16_t length, char *out, size_t out_size)
{
    uint16_t units[FS_PATH_BYTES];

    if (length % 2 || length / 2 > FS_PATH_BYTES)
        return false;
    for (size_t i = 0; i < length / 2u; i++)
        units[i] = bytes_get16(bytes + offset + 2 * i);
    return utf16_to_utf8_into(units, length / 2u, out, out_size);
}

/* One pair of the locator; keys that we do not use are passed over. */
static bool
take_pair(struct vhdx_parent *parent, const char *key, const uint8_t *bytes, uint32_t at)
{
    const struct {
        const char *key;
        char *out;
    } rows[] = {
        {"relative_path", parent->relative},
        {"absolute_win32_path", parent->absolute},
    };
    uint32_t offset = bytes_get32(bytes + at + 4);
    uint16_t length = bytes_get16(bytes + at + 10);
    char linkage[LINKAGE_BYTES];

    if (!strcmp(key, "parent_linkage"))
        return read_text(bytes, offset, length, linkage, sizeof linkage) &&
               guid_parse(linkage, &parent->linkage);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(key, rows[i].key))
            return read_text(bytes, offset, length, rows[i].out, FS_PATH_BYTES);
    return true;
}

static bool parse_locator(const uint8_t *bytes, uint32_t length, struct vhdx_parent *ret_parent)
{
    struct guid kind;
    uint16_t count;

    if (length < VHDX_LOCATOR_ROWS)
        return false;
    memcpy(kind.bytes, bytes, GUID_BYTES);
    count = bytes_get16(bytes + VHDX_LOCATOR_COUNT);
    if (!guid_is(&kind, VHDX_LOCATOR_KIND) || count > LOCATOR_KEYS ||
        VHDX_LOCATOR_ROWS + count * (uint32_t)VHDX_LOCATOR_ROW_BYTES > length)
        return false;
    for (uint16_t i = 0; i < count; i++) {
        uint32_t at = VHDX_LOCATOR_ROWS + i * (uint32_t)VHDX_LOCATOR_ROW_BYTES;
        uint32_t key_at = bytes_get32(bytes + at), value_at = bytes_get32(bytes + at + 4);
        uint16_t key_length = bytes_get16(bytes + at + 8);
        uint16_t value_length = bytes_get16(bytes + at + 10);
        char key[KEY_BYTES];

        if (key_at > length || key_length > length - key_at || value_at > length ||
            value_length > length - value_at)
            return false;
        if (!read_text(bytes, key_at, key_length, key, sizeof key))
            continue; /* too long to be one of ours */
        if (!take_pair(ret_parent, key, bytes, at))
            return false;
    }
    return !guid_is_zero(&ret_parent->linkage);
}

static bool read_locator(struct vhdx *vhdx, const struct vhdx_range *item, struct err *err)
{
    uint8_t *bytes;
    bool ok;

    if (item->length > LOCATOR_MAX)
        return damaged(vhdx, err);
    bytes = malloc(item->length);
    if (!bytes)
        return err_no_memory(err);
    ok = source_read(vhdx->source, item->offset, bytes, item->length, err) &&
         (parse_locator(bytes, item->length, &vhdx->info.parent) ||
          vhdx_damaged(vhdx, "parent locator", err));
    free(bytes);
    return ok;
}

/* ---- items ---- */

static bool
take_row(struct vhdx *vhdx, const uint8_t *row, struct vhdx_range found[ITEMS], struct err *err)
{
    uint32_t offset = bytes_get32(row + VHDX_ITEM_OFFSET);
    uint32_t length = bytes_get32(row + VHDX_ITEM_LENGTH);
    char name[GUID_TEXT_BYTES];
    struct guid guid;
    size_t i = 0;

    memcpy(guid.bytes, row, GUID_BYTES);
    guid_text(&guid, name);
    while (i < ITEMS && strcmp(items[i].name, name) != 0)
        i++;
    if (i == ITEMS)
        return !(bytes_get32(row + VHDX_ITEM_FLAGS) & VHDX_ITEM_REQUIRED) ||
               err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_VHDX_UNKNOWN, vhdx->source->name, name, NULL);
    if (found[i].length || !length || (items[i].length && items[i].length != length) ||
        length > VHDX_ITEM_LENGTH_MAX || offset < VHDX_METADATA_TABLE_BYTES ||
        offset > vhdx->metadata.length || length > vhdx->metadata.length - offset)
        return damaged(vhdx, err);
    found[i].offset = vhdx->metadata.offset + offset;
    found[i].length = length;
    return true;
}

static bool find_items(struct vhdx *vhdx, struct vhdx_range found[ITEMS], struct err *err)
{
    uint8_t *table = malloc(VHDX_METADATA_TABLE_BYTES);
    uint16_t count = 0;
    bool ok;

    if (!table)
        return err_no_memory(err);
    ok = source_read(vhdx->source, vhdx->metadata.offset, table, VHDX_METADATA_TABLE_BYTES, err);
    if (ok) {
        count = bytes_get16(table + VHDX_METADATA_COUNT);
        ok = (!memcmp(table, VHDX_METADATA_MAGIC, MAGIC_BYTES) && count <= VHDX_ROWS_MAX) ||
             damaged(vhdx, err);
    }
    for (uint16_t i = 0; ok && i < count; i++)
        ok = take_row(vhdx, table + VHDX_METADATA_ROWS + (size_t)i * VHDX_ITEM_BYTES, found, err);
    for (size_t i = 0; ok && i < PARENT; i++)
        ok = found[i].length || damaged(vhdx, err);
    free(table);
    return ok;
}

static bool sector_is_possible(uint32_t bytes)
{
    return bytes == SECTOR_SMALL || bytes == SECTOR_LARGE;
}

static bool values_are_possible(const struct vhdx_info *info)
{
    return info->block_bytes >= VHDX_BLOCK_LEAST && info->block_bytes <= VHDX_BLOCK_MOST &&
           (info->block_bytes & (info->block_bytes - 1)) == 0 &&
           sector_is_possible(info->sector_bytes) &&
           sector_is_possible(info->physical_sector_bytes) && info->size_bytes &&
           info->size_bytes <= VHDX_DISK_MOST && info->size_bytes % info->sector_bytes == 0;
}

bool vhdx_read_metadata(struct vhdx *vhdx, struct err *err)
{
    struct vhdx_range found[ITEMS] = {{0, 0}};
    struct vhdx_info *info = &vhdx->info;
    uint8_t values[PARENT][GUID_BYTES];
    uint32_t flags;

    if (!find_items(vhdx, found, err))
        return false;
    for (size_t i = 0; i < PARENT; i++)
        if (!source_read(vhdx->source, found[i].offset, values[i], items[i].length, err))
            return false;
    info->block_bytes = bytes_get32(values[PARAMETERS]);
    flags = bytes_get32(values[PARAMETERS] + 4);
    info->differencing = (flags & VHDX_HAS_PARENT) != 0;
    info->size_bytes = bytes_get64(values[SIZE]);
    info->sector_bytes = bytes_get32(values[SECTOR]);
    info->physical_sector_bytes = bytes_get32(values[PHYSICAL]);
    memcpy(info->disk.bytes, values[DISK], GUID_BYTES);
    if (!values_are_possible(info))
        return damaged(vhdx, err);
    if (!info->differencing)
        return true;
    return found[PARENT].length ? read_locator(vhdx, &found[PARENT], err) : damaged(vhdx, err);
}
