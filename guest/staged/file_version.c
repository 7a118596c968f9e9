#include "guest/staged/file_version.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)256 << 10)
#define FIXED_BYTES 16 /* signature, version of the structure, the version's two halves */
#define LOOK_BYTES  ((uint64_t)256 << 20)

static uint32_t get32(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool file_version_find(const uint8_t *data, size_t length, uint64_t *ret_version)
{
    for (size_t i = 0; i + FIXED_BYTES <= length; i += 4)
        if (get32(data + i) == 0xFEEF04BD && get32(data + i + 4) == 0x00010000) {
            *ret_version = (uint64_t)get32(data + i + 8) << 32 | get32(data + i + 12);
            return true;
        }
    return false;
}

bool file_version(const char *path, uint64_t *ret_version, struct err *err)
{
    uint8_t *block = malloc(BLOCK_BYTES);
    struct fs_file *file = NULL;
    uint64_t version = 0, at = 0;
    size_t got = BLOCK_BYTES;
    bool ok, found = false;

    if (!block)
        return err_no_memory(err);
    ok = fs_file_open(path, FS_READ, FS_SHARED, &file, err);
    /* blocks overlap, so that none cuts the structure in two */
    while (ok && !found && got == BLOCK_BYTES && at < LOOK_BYTES) {
        ok = fs_file_read(file, at, block, BLOCK_BYTES, &got, err);
        found = ok && file_version_find(block, got, &version);
        at += BLOCK_BYTES - FIXED_BYTES;
    }
    fs_file_close(file);
    free(block);
    if (ok)
        *ret_version = version;
    return ok;
}
