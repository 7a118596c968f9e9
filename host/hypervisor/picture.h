/*
 * The picture on a VM's console, as Hyper-V hands it out: 16 bits a pixel (5 red, 6 green, 5 blue,
 * little endian), rows from the top without padding; and as a PNG file. Pure.
 */
#ifndef GPUPV_HYPERVISOR_PICTURE_H
#define GPUPV_HYPERVISOR_PICTURE_H

#include "common/buf.h"
#include "common/err.h"

#define PICTURE_SIDE_MAX  4096u
#define PICTURE_BYTES_MAX ((size_t)PICTURE_SIDE_MAX * PICTURE_SIDE_MAX * 4)

struct picture {
    uint32_t width, height;
    struct buf pixels; /* width * height * 2 bytes */
};

/* Appends the picture as a PNG file. ERR_BAD_INPUT when its size does not fit its pixels. */
bool picture_png(const struct picture *picture, struct buf *out, struct err *err);

/* True when every pixel has the same colour: a console that shows nothing. */
bool picture_is_plain(const struct picture *picture);

#endif
