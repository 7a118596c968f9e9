/*
 * What Windows on a new disk comes from: the image that a person named, and the edition in it.
 * Blocking.
 */
#ifndef GPUPV_HOST_MEDIUM_H
#define GPUPV_HOST_MEDIUM_H

#include "host/image/editions.h"
#include "host/image/image.h"
#include "host/image/unattend.h"
#include "host/locale.h"

struct medium {
    struct editions *editions;     /* NULL: the simulation without an image */
    const struct edition *edition; /* of editions */
    char path[FS_PATH_BYTES];      /* of the file with the image */
    struct image_source source;    /* points into the others */
};

/* No image: what the simulation makes of it. */
void medium_init(struct medium *medium);

/* Reads the image at path (ISO, WIM, ESD, SWM or a folder) and chooses an edition by number, id or
 * name ("": the usual one). End with medium_done. *ret_medium must stay where it is. */
bool medium_open(const char *path, const char *edition, struct medium *ret_medium, struct err *err);

/* Frees; also what medium_init made. */
void medium_done(struct medium *medium);

/* The language of the edition, "en-US" when its image does not say. */
const char *medium_language(const struct medium *medium);

/* What the image and this computer say of an answer file: architecture, languages, keyboard and
 * time zone; the rest is empty. *ret_setup points into both. */
void medium_setup(const struct medium *medium,
                  const struct host_locale *host,
                  struct unattend *ret_setup);

#endif
