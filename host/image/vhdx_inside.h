/*
 * What the files of the VHDX reader share. Private to vhdx*.c.
 */
#ifndef GPUPV_IMAGE_VHDX_INSIDE_H
#define GPUPV_IMAGE_VHDX_INSIDE_H

#include "host/image/vhdx.h"
#include "host/image/vhdx_format.h"

/* A region or an item: a range of the file. */
struct vhdx_range {
    uint64_t offset;
    uint32_t length; /* 0: there is none */
};

/* A piece of a table that is too large to be held. */
struct vhdx_window {
    uint64_t offset; /* in the file */
    uint32_t length; /* 0: empty */
    uint8_t bytes[4096];
};

struct vhdx {
    struct source *source; /* borrowed */
    struct vhdx_info info;
    struct vhdx_range bat, metadata, log;
    struct vhdx_window entries, bits;
};

/* Sets "damaged" with the part that is. Returns false. */
bool vhdx_damaged(const struct vhdx *vhdx, const char *part, struct err *err);

/* Fills info from the metadata region. */
bool vhdx_read_metadata(struct vhdx *vhdx, struct err *err);

#endif
