/* UDF: from the anchor to the root folder. */
#include "host/image/udf_inside.h"

#include "host/image/crc.h"

#include <stdlib.h>
#include <string.h>

#define ANCHOR_BLOCK   256u
#define SEQUENCE_MOST  64u /* blocks of a volume descriptor sequence that are looked at */
#define FOUND_MOST     4u  /* partition descriptors */
#define MAP_PLAIN      1u
#define MAP_PLAIN_SIZE 6u
#define ISO9660_AT     UINT64_C(32769)
#define ISO9660_MAGIC  "CD001"

/* fields */
#define TAG_CHECKSUM     4
#define TAG_CRC          8
#define TAG_CRC_LENGTH   10
#define ANCHOR_MAIN      16
#define ANCHOR_RESERVE   24
#define SEQUENCE_NUMBER  16
#define PARTITION_NUMBER 22
#define PARTITION_FIRST  188
#define PARTITION_BLOCKS 192
#define VOLUME_BLOCK     212
#define VOLUME_CONTENTS  248
#define VOLUME_MAP_BYTES 264
#define VOLUME_MAP_COUNT 268
#define VOLUME_MAPS      440
#define FILE_SET_ROOT    400

/* What a sequence of volume descriptors says; the larger sequence number counts. */
struct sequence {
    uint8_t volume[UDF_BLOCK_BYTES];
    bool has_volume;
    struct found {
        uint32_t number;
        uint16_t partition;
        uint32_t first, blocks;
    } found[FOUND_MOST];
    size_t count;
};

bool udf_damaged(const struct udf *udf, const char *part, struct err *err)
{
    err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_UDF_DAMAGED, udf->iso->name, part, NULL);
    return err_hint(err, TEXT_IMAGE_DAMAGED_HINT);
}

bool udf_unsupported(const struct udf *udf, const char *feature, struct err *err)
{
    err_set(err, ERR_BAD_INPUT, TEXT_IMAGE_UDF_UNKNOWN, udf->iso->name, feature, NULL);
    return err_hint(err, TEXT_IMAGE_UDF_UNKNOWN_HINT);
}

bool udf_tag_is(const uint8_t *bytes, size_t length, enum udf_tag tag)
{
    unsigned sum = 0, crc_length;

    if (length < UDF_TAG_BYTES || bytes_get16(bytes) != tag)
        return false;
    for (size_t i = 0; i < UDF_TAG_BYTES; i++)
        if (i != TAG_CHECKSUM)
            sum += bytes[i];
    crc_length = bytes_get16(bytes + TAG_CRC_LENGTH);
    return (sum & 0xff) == bytes[TAG_CHECKSUM] && crc_length <= length - UDF_TAG_BYTES &&
           crc16_udf(0, bytes + UDF_TAG_BYTES, crc_length) == bytes_get16(bytes + TAG_CRC);
}

/* ---- the volume ---- */

static bool read_block(struct udf *udf, uint64_t block, uint8_t *bytes, struct err *err)
{
    return source_read(udf->iso, block * UDF_BLOCK_BYTES, bytes, UDF_BLOCK_BYTES, err);
}

/* No anchor: say what it is instead. */
static bool no_udf(struct udf *udf, struct err *err)
{
    char magic[sizeof ISO9660_MAGIC - 1];
    bool iso9660 = source_has(udf->iso, ISO9660_AT, sizeof magic) &&
                   source_read(udf->iso, ISO9660_AT, magic, sizeof magic, NULL) &&
                   !memcmp(magic, ISO9660_MAGIC, sizeof magic);

    if (!iso9660) {
        err_set(err, ERR_NOT_FOUND, TEXT_IMAGE_UNKNOWN, udf->iso->name, NULL);
        return err_hint(err, TEXT_IMAGE_NOT_THERE_HINT);
    }
    err_set(err, ERR_NOT_FOUND, TEXT_IMAGE_NO_UDF, udf->iso->name, NULL);
    return err_hint(err, TEXT_IMAGE_NO_UDF_HINT);
}

/* The anchor is in two of three places (ECMA-167 3/8.4.2.1); the first is where ISOs have it. */
static bool find_anchor(struct udf *udf, uint8_t *bytes, struct err *err)
{
    uint64_t blocks = udf->iso->size_bytes / UDF_BLOCK_BYTES;
    const uint64_t places[] = {ANCHOR_BLOCK, blocks - 1, blocks - 1 - ANCHOR_BLOCK};

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (places[i] >= blocks)
            continue;
        if (!read_block(udf, places[i], bytes, err))
            return false;
        if (udf_tag_is(bytes, UDF_BLOCK_BYTES, UDF_TAG_ANCHOR))
            return true;
    }
    return no_udf(udf, err);
}

static void take_partition(struct sequence *sequence, const uint8_t *bytes)
{
    struct found found = {
        .number = bytes_get32(bytes + SEQUENCE_NUMBER),
        .partition = bytes_get16(bytes + PARTITION_NUMBER),
        .first = bytes_get32(bytes + PARTITION_FIRST),
        .blocks = bytes_get32(bytes + PARTITION_BLOCKS),
    };

    for (size_t i = 0; i < sequence->count; i++)
        if (sequence->found[i].partition == found.partition) {
            if (found.number >= sequence->found[i].number)
                sequence->found[i] = found;
            return;
        }
    if (sequence->count < FOUND_MOST)
        sequence->found[sequence->count++] = found;
}

/* Reads the extent of descriptors named at `extent`; the caller looks whether all was found. */
static bool
read_sequence(struct udf *udf, const uint8_t *extent, struct sequence *sequence, struct err *err)
{
    uint32_t count = bytes_get32(extent) / UDF_BLOCK_BYTES, first = bytes_get32(extent + 4);
    uint8_t bytes[UDF_BLOCK_BYTES];

    memset(sequence, 0, sizeof *sequence);
    for (uint32_t i = 0; i < count && i < SEQUENCE_MOST; i++) {
        if (!source_has(udf->iso, ((uint64_t)first + i) * UDF_BLOCK_BYTES, UDF_BLOCK_BYTES))
            return true;
        if (!read_block(udf, (uint64_t)first + i, bytes, err))
            return false;
        if (udf_tag_is(bytes, sizeof bytes, UDF_TAG_END))
            return true;
        if (udf_tag_is(bytes, sizeof bytes, UDF_TAG_PARTITION)) {
            take_partition(sequence, bytes);
        } else if (udf_tag_is(bytes, sizeof bytes, UDF_TAG_VOLUME) &&
                   (!sequence->has_volume || bytes_get32(bytes + SEQUENCE_NUMBER) >=
                                                 bytes_get32(sequence->volume + SEQUENCE_NUMBER))) {
            memcpy(sequence->volume, bytes, sizeof bytes);
            sequence->has_volume = true;
        }
    }
    return true;
}

/* One partition map: which of the partitions that were found the volume means. */
static bool
take_map(struct udf *udf, const struct sequence *sequence, const uint8_t *map, struct err *err)
{
    uint16_t partition = bytes_get16(map + 4);
    size_t i = 0;

    if (map[0] != MAP_PLAIN || map[1] != MAP_PLAIN_SIZE)
        return udf_unsupported(udf, "partition map", err);
    while (i < sequence->count && sequence->found[i].partition != partition)
        i++;
    if (i == sequence->count)
        return udf_damaged(udf, "UDF partition", err);
    udf->partitions[udf->partition_count].first = sequence->found[i].first;
    udf->partitions[udf->partition_count].blocks = sequence->found[i].blocks;
    udf->partition_count++;
    return true;
}

static bool take_volume(struct udf *udf, const struct sequence *sequence, struct err *err)
{
    const uint8_t *volume = sequence->volume;
    uint32_t count = bytes_get32(volume + VOLUME_MAP_COUNT);
    uint32_t length = bytes_get32(volume + VOLUME_MAP_BYTES), at = 0;

    if (bytes_get32(volume + VOLUME_BLOCK) != UDF_BLOCK_BYTES)
        return udf_unsupported(udf, "block size", err);
    if (!count || count > UDF_PARTITIONS || length > UDF_BLOCK_BYTES - VOLUME_MAPS)
        return udf_damaged(udf, "UDF volume", err);
    for (uint32_t i = 0; i < count; i++, at += MAP_PLAIN_SIZE) {
        if (length - at < MAP_PLAIN_SIZE)
            return udf_damaged(udf, "UDF volume", err);
        if (!take_map(udf, sequence, volume + VOLUME_MAPS + at, err))
            return false;
    }
    return true;
}

static bool find_root(struct udf *udf, const uint8_t *contents, struct err *err)
{
    uint8_t bytes[UDF_BLOCK_BYTES];
    uint64_t position = 0;

    if (!udf_locate(udf, udf_long_address(contents), UDF_BLOCK_BYTES, &position, err) ||
        !source_read(udf->iso, position, bytes, sizeof bytes, err))
        return false;
    if (!udf_tag_is(bytes, sizeof bytes, UDF_TAG_FILE_SET))
        return udf_damaged(udf, "UDF file set", err);
    udf->root = udf_long_address(bytes + FILE_SET_ROOT);
    return true;
}

static bool read_volume(struct udf *udf, struct err *err)
{
    static const size_t places[] = {ANCHOR_MAIN, ANCHOR_RESERVE};
    uint8_t anchor[UDF_BLOCK_BYTES];
    struct sequence *sequence = malloc(sizeof *sequence);
    bool ok, found = false;

    if (!sequence)
        return err_no_memory(err);
    ok = find_anchor(udf, anchor, err);
    for (size_t i = 0; ok && !found && i < sizeof places / sizeof *places; i++) {
        ok = read_sequence(udf, anchor + places[i], sequence, err);
        found = ok && sequence->has_volume && sequence->count;
    }
    ok = ok && (found || udf_damaged(udf, "UDF volume", err)) && take_volume(udf, sequence, err) &&
         find_root(udf, sequence->volume + VOLUME_CONTENTS, err);
    free(sequence);
    return ok;
}

bool udf_open(struct source *iso, struct udf **ret_udf, struct err *err)
{
    struct udf *udf = calloc(1, sizeof *udf);

    if (!udf)
        return err_no_memory(err);
    udf->iso = iso;
    if (!read_volume(udf, err)) {
        free(udf);
        return false;
    }
    *ret_udf = udf;
    return true;
}

void udf_close(struct udf *udf)
{
    free(udf);
}

/* ---- addresses ---- */

struct udf_block udf_long_address(const uint8_t *descriptor)
{
    const struct udf_block at = {bytes_get32(descriptor + 4), bytes_get16(descriptor + 8)};

    return at;
}

bool udf_locate(const struct udf *udf,
                struct udf_block at,
                uint64_t length,
                uint64_t *ret_position,
                struct err *err)
{
    uint64_t blocks = (length + UDF_BLOCK_BYTES - 1) / UDF_BLOCK_BYTES;

    if (at.partition >= udf->partition_count || at.block >= udf->partitions[at.partition].blocks ||
        blocks > udf->partitions[at.partition].blocks - at.block)
        return udf_damaged(udf, "UDF address", err);
    *ret_position = (udf->partitions[at.partition].first + at.block) * UDF_BLOCK_BYTES;
    return true;
}
