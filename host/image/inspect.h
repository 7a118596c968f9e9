/*
 * What the file of a disk says while nobody has it attached: its ids and parents, its partitions,
 * and what their first sectors and their file systems tell. On every system, since it only reads
 * bytes. Blocking.
 */
#ifndef GPUPV_IMAGE_INSPECT_H
#define GPUPV_IMAGE_INSPECT_H

#include "host/image/image.h"

/* The `inspect` of image ports whose disks are VHDX files. ERR_NOT_FOUND: no such file;
 * ERR_CONFLICT: a parent is missing or was changed; ERR_BAD_INPUT: no disk, or damaged. */
bool inspect_vhdx(const char *path, struct image_look *ret_look, struct err *err);

#endif
