/*
 * The beginning of an NTFS volume, for tests: boot sector, the first records of the file table and
 * the restart pages of the journal, as far as they tell the state that the volume was left in.
 * There are no files in it. Also the first sectors of other file systems.
 */
#ifndef GPUPV_TESTS_NTFS_WRITE_H
#define GPUPV_TESTS_NTFS_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NTFS_WRITE_BYTES ((size_t)64 << 10)
#define BOOT_WRITE_BYTES 512

struct ntfs_write {
    uint64_t size_bytes; /* of the volume */
    uint32_t serial;
    bool dirty;    /* asks for a check */
    bool log_used; /* the journal was opened ... */
    bool log_open; /* ... and not closed */
};

/* Fills the first NTFS_WRITE_BYTES of a volume. */
void ntfs_write(const struct ntfs_write *what, uint8_t out[NTFS_WRITE_BYTES]);

/* Fills the first sector of a FAT32 volume, or of one that BitLocker encrypted. */
void fat32_write(uint32_t serial, uint8_t out[BOOT_WRITE_BYTES]);
void bitlocker_write(uint32_t serial, uint8_t out[BOOT_WRITE_BYTES]);

/* The serial number in a first sector of one of these; 0: none of them. */
uint32_t boot_serial(const uint8_t boot[BOOT_WRITE_BYTES]);

#endif
