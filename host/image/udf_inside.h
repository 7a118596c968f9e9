/*
 * What the files of the UDF reader share. Private to udf*.c.
 */
#ifndef GPUPV_IMAGE_UDF_INSIDE_H
#define GPUPV_IMAGE_UDF_INSIDE_H

#include "host/image/bytes.h"
#include "host/image/udf.h"

#define UDF_BLOCK_BYTES 2048u
#define UDF_PARTITIONS  4 /* partition maps of one volume */

/* Tags of descriptors (ECMA-167 3/7.2.1, 4/7.2.1). */
enum udf_tag {
    UDF_TAG_ANCHOR = 2,
    UDF_TAG_PARTITION = 5,
    UDF_TAG_VOLUME = 6,
    UDF_TAG_END = 8,
    UDF_TAG_FILE_SET = 256,
    UDF_TAG_NAME = 257,
    UDF_TAG_EXTENTS = 258,
    UDF_TAG_FILE = 261,
    UDF_TAG_FILE_EXTENDED = 266
};

#define UDF_TAG_BYTES 16

/* A block of a partition. */
struct udf_block {
    uint32_t block;
    uint16_t partition; /* index into the maps of the volume */
};

struct udf {
    struct source *iso; /* borrowed */
    struct {
        uint64_t first, blocks;
    } partitions[UDF_PARTITIONS];
    size_t partition_count;
    struct udf_block root;
};

/* Sets "damaged" with the part that is. Returns false. */
bool udf_damaged(const struct udf *udf, const char *part, struct err *err);

/* Sets "not supported" with the feature. Returns false. */
bool udf_unsupported(const struct udf *udf, const char *feature, struct err *err);

/* True when bytes, of which length can be read, begin with a sound descriptor of this kind. */
bool udf_tag_is(const uint8_t *bytes, size_t length, enum udf_tag tag);

/* Where a range of a partition is in the ISO; ERR_BAD_INPUT when it is outside. */
bool udf_locate(const struct udf *udf,
                struct udf_block at,
                uint64_t length,
                uint64_t *ret_position,
                struct err *err);

/* The block address in a long allocation descriptor. */
struct udf_block udf_long_address(const uint8_t *descriptor);

/* Opens what a file entry describes, a file or a folder. Caller frees with source_free. */
bool udf_open_entry(struct udf *udf,
                    struct udf_block entry,
                    const char *name,
                    bool *ret_folder,
                    struct source **ret_source,
                    struct err *err);

#endif
