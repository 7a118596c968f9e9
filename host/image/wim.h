/*
 * The header of a Windows image file (WIM, ESD, SWM) and its XML description, which lies in it
 * uncompressed. Neither decompressor nor administrator rights are needed. The file is hostile
 * input: sizes are checked before anything is read.
 */
#ifndef GPUPV_IMAGE_WIM_H
#define GPUPV_IMAGE_WIM_H

#include "host/image/guid.h"
#include "host/image/source.h"

#include "common/buf.h"

#define WIM_MAGIC       "MSWIM\0\0"
#define WIM_MAGIC_BYTES 8
#define WIM_XML_BYTES   (UINT64_C(8) << 20) /* of the description as UTF-16 */
#define WIM_IMAGES_MAX  512u

enum wim_compression { WIM_NONE, WIM_XPRESS, WIM_LZX, WIM_LZMS };

struct wim_header {
    struct guid id; /* the same in all parts of a split image */
    uint32_t images;
    uint16_t part, parts; /* from 1 */
    enum wim_compression compression;
    bool solid; /* an ESD: files are compressed together */
    uint64_t xml_position, xml_bytes;
};

/* True when the source begins as a WIM. */
bool wim_is(struct source *source);

/* Reads the header. ERR_BAD_INPUT: no WIM, damaged, or of an unknown version. */
bool wim_read_header(struct source *source, struct wim_header *ret_header, struct err *err);

/* Appends the description to xml as UTF-8, without byte order mark. */
bool wim_read_xml(struct source *source,
                  const struct wim_header *header,
                  struct buf *xml,
                  struct err *err);

/* "none", "xpress", "lzx", "lzms". */
const char *wim_compression_name(enum wim_compression compression);

#endif
