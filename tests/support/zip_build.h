/* Builds ZIP archives for tests, stored or with whatever is wrong with them. Test code only. */
#ifndef GPUPV_TESTS_ZIP_BUILD_H
#define GPUPV_TESTS_ZIP_BUILD_H

#include "common/buf.h"

/* One entry; zero means the usual. */
struct zip_row {
    const char *name;
    const char *content;
    uint16_t flags;
    uint16_t method;  /* the content is written as it stands */
    uint16_t made_by; /* 3 << 8: Unix */
    uint32_t unix_mode;
    uint32_t claim_bytes; /* uncompressed size to claim */
    const char *local_name;
    uint32_t crc_xor;
};

/* Appends an archive of rows (ended by a row without a name) to out. */
void zip_build(struct buf *out, const struct zip_row *rows);

#endif
