/*
 * Builds UDF images block by block, for tests only: whole ones in every shape that the format
 * allows (libudfread and 7-Zip read them), and through the same calls ones that lie. The volume is
 * written by udf_build_open; files and folders are added from the leaves up, since each needs the
 * blocks of what it holds; udf_build_close names the root. Failures fail the test.
 */
#ifndef GPUPV_TESTS_UDF_BUILD_H
#define GPUPV_TESTS_UDF_BUILD_H

#include "host/image/udf_inside.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum udf_build_kind { UDF_BUILD_SHORT, UDF_BUILD_LONG, UDF_BUILD_EXTENDED, UDF_BUILD_EMBEDDED };

/* The shape of one file or folder; all zero is plain. */
struct udf_shape {
    enum udf_build_kind kind;
    bool extended_entry;   /* as UDF 2.x writes them */
    uint32_t extent_bytes; /* longer content is split; a multiple of the block; 0: not split */
    size_t in_entry;   /* descriptors in the file entry, the rest in tables of as many; 0: all */
    uint32_t at_block; /* where the content goes; 0: the next free block */
    bool hole;         /* every second extent is not recorded: zeros */
    bool endless;      /* the table of descriptors goes on in itself */
    uint16_t strategy; /* 0: 4 */
    uint64_t claims_bytes; /* length that the entry states; 0: the true one */
};

/* What a folder holds. */
struct udf_build_entry {
    const char *name; /* ASCII */
    uint32_t block;   /* of its file entry */
    bool folder, deleted, wide;
};

struct udf_build;

/* Begins an image of `blocks` blocks at path. */
struct udf_build *udf_build_open(const char *path, uint32_t blocks);

/* Takes a block for a file entry that is written later. */
uint32_t udf_build_reserve(struct udf_build *build);

/* Writes a file with its entry in `block` (0: a new one) and returns the block of the entry. data
 * NULL: nothing is written, the file is zero there. */
uint32_t udf_build_file(struct udf_build *build,
                        uint32_t block,
                        const void *data,
                        size_t size,
                        const struct udf_shape *shape);

/* The same for a folder. */
uint32_t udf_build_folder(struct udf_build *build,
                          uint32_t block,
                          const struct udf_build_entry *entries,
                          size_t count,
                          const struct udf_shape *shape);

/* Writes the file set with the root, and closes. */
void udf_build_close(struct udf_build *build, uint32_t root);

/* Makes the descriptor at a byte of the file sound again after `bytes` of it were changed. */
void udf_build_seal(const char *path, uint64_t position, size_t size);

/* Where a block of the partition is in the file. */
uint64_t udf_build_position(uint32_t block);

#endif
