/*
 * The version in a program or library: the fixed part of its version resource, found by its
 * signature. Blocking; the file is not trusted.
 */
#ifndef GPUPV_FILE_VERSION_H
#define GPUPV_FILE_VERSION_H

#include "common/fs.h"

/* Reads the version as one number; 0 when the file has none. */
bool file_version(const char *path, uint64_t *ret_version, struct err *err);

/* The same from a block in memory; false when there is none in it. */
bool file_version_find(const uint8_t *data, size_t length, uint64_t *ret_version);

#endif
