/*
 * What the files of the edition list share. Private to editions*.c.
 */
#ifndef GPUPV_IMAGE_EDITIONS_INSIDE_H
#define GPUPV_IMAGE_EDITIONS_INSIDE_H

#include "host/image/editions.h"
#include "host/image/udf.h"

/* The image file that was found, and what it stands on. */
struct editions_place {
    struct source *file; /* what was given, or the image file in the folder */
    struct udf *udf;     /* of an ISO */
    struct source *wim;  /* the image file: `file` itself, or a file of the ISO */
};

/* Opens the image file at editions->path and fills kind and inside. End with editions_place_done,
 * also after a failure. */
bool editions_find(struct editions *editions, struct editions_place *place, struct err *err);

/* Opens another part of a split image; *ret_part is NULL when it is missing. Caller frees it unless
 * NULL with source_free. name (FS_PATH_BYTES) gets the part's name. */
bool editions_open_part(const struct editions *editions,
                        const struct editions_place *place,
                        unsigned part,
                        char *name,
                        struct source **ret_part,
                        struct err *err);

/* Closes everything. */
void editions_place_done(struct editions_place *place);

/* Fills the rows, which are there with their index, from the description. */
bool editions_parse(struct editions *editions, const struct buf *xml, struct err *err);

#endif
