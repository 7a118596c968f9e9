/*
 * Reads ZIP archives and unpacks them into a private folder: VB-Cable comes as one. Windows' own
 * tar.exe could unpack too, but it is neither in the simulation nor under Wine, and the names of
 * the archive would have to be judged here all the same. Only what a program's archive needs is
 * accepted: files and folders, stored or deflated, with names that are safe on every system; no
 * encryption, no links, no ZIP64, no parts, no name twice. Sizes are bounded and checked before
 * anything is written, contents by CRC-32. Input is not trusted.
 */
#ifndef GPUPV_ZIP_H
#define GPUPV_ZIP_H

#include "common/fs.h"

#define ZIP_ENTRIES        512
#define ZIP_DEPTH          8 /* folders above a file */
#define ZIP_UNPACKED_BYTES ((uint64_t)128 * 1024 * 1024)

struct zip_entry {
    char name[FS_NAME_BYTES * 2]; /* components separated by '/'; folders end with it */
    bool folder;
    uint32_t crc;
    uint32_t packed_bytes, bytes;
    uint16_t method;
    size_t at; /* where the packed bytes begin */
};

struct zip {
    const uint8_t *data; /* the caller's, valid as long as the zip is used */
    size_t length;
    struct zip_entry *entries;
    size_t count;
};

/* Reads the directory of an archive. ERR_BAD_INPUT when it is damaged, ERR_UNSAFE when it holds
 * something that is not accepted, ERR_TOO_LARGE. The caller ends it with zip_done. */
bool zip_open(const void *data, size_t length, struct zip *ret_zip, struct err *err);

/* Frees the entries; a zeroed zip is fine. */
void zip_done(struct zip *zip);

/* Appends the content of a file to out. */
bool zip_read(const struct zip *zip,
              const struct zip_entry *entry,
              struct buf *out,
              struct err *err);

/* Writes all files below folder, which exists, with private permissions. */
bool zip_unpack(const struct zip *zip, const char *folder, struct err *err);

#endif
