/*
 * Writes VHDX files, for tests only: dynamic disks and differencing ones, as [MS-VHDX] describes
 * them and as qemu-img, libvhdi and 7-Zip accept them. The product never writes one; on Windows the
 * system does. What is wrong is an error of the test's set-up, so messages are plain.
 *
 * A disk is made, then opened for writing; every write session gives it a new DataWriteGuid when it
 * is closed after a write, so children made before refuse their parent, as with the real thing.
 */
#ifndef GPUPV_TESTS_VHDX_WRITE_H
#define GPUPV_TESTS_VHDX_WRITE_H

#include "common/err.h"

#include <stddef.h>

struct vhdx_writer;

/* Makes an empty dynamic disk; path must not exist. block_bytes: a power of two, 1 to 256 MiB, 0: 2
 * MiB. sector_bytes: 512 or 4096, 0: 512. */
bool vhdx_write_create(const char *path,
                       uint64_t size_bytes,
                       uint32_t block_bytes,
                       uint32_t sector_bytes,
                       struct err *err);

/* Makes a child of the disk at parent; relative (".\\parent.vhdx") and absolute ("C:\\...", may be
 * NULL) are stored as its names. */
bool vhdx_write_create_child(const char *path,
                             const char *parent,
                             const char *relative,
                             const char *absolute,
                             uint32_t block_bytes,
                             struct err *err);

/* Opens a disk of this writer, or of another one when its log is empty. Caller ends it with
 * vhdx_write_close. */
bool vhdx_write_open(const char *path, struct vhdx_writer **ret_writer, struct err *err);

/* Size of the disk, and of its sectors. */
uint64_t vhdx_write_size(const struct vhdx_writer *writer);
uint32_t vhdx_write_sector(const struct vhdx_writer *writer);

/* Writes whole sectors. Zeros for blocks that are not there in a disk without parent take no room.
 */
bool vhdx_write_at(
    struct vhdx_writer *writer, uint64_t position, const void *data, size_t size, struct err *err);

/* Writes tables and headers, and frees, also when it returns false. NULL is fine. */
bool vhdx_write_close(struct vhdx_writer *writer, struct err *err);

/* Makes a dynamic disk with the content of a plain file, whose size is a multiple of the sector. */
bool vhdx_write_from_raw(const char *path,
                         const char *raw,
                         uint32_t block_bytes,
                         uint32_t sector_bytes,
                         struct err *err);

/* Marks the file as one with a log to replay, as a crash of its user leaves it. */
bool vhdx_write_dirty(const char *path, struct err *err);

#endif
