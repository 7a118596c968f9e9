/* Partitions of an attached disk as plain files: out of the chain, and what differs back into it.
 */
#include "tests/support/image_real.h"

#include "host/image/vhdx.h"
#include "host/process.h"
#include "tests/support/vhdx_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define GRAIN       ((size_t)4096) /* what differs is written back in these */
#define RUN_MS      120000
#define SAID_BYTES  200
#define PROGRAM     "/usr/bin/env"
#define SEARCH      "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
#define ARGS        24

/* ---- programs ---- */

static bool run(const char *const *args, struct buf *out, int *ret_code, struct err *err)
{
    const char *all[ARGS] = {"env", SEARCH, "MTOOLS_SKIP_CHECK=1", "LC_ALL=C.UTF-8"};
    size_t count = 4;

    while (*args && count < ARGS - 1)
        all[count++] = *args++;
    return process_run(PROGRAM, all, RUN_MS, out, ret_code, err);
}

bool real_run(const char *const *args, struct err *err)
{
    char said[SAID_BYTES];
    struct buf out;
    int code = -1;
    bool ok;

    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = run(args, &out, &code, err);
    text_copy(said, sizeof said, buf_str(&out));
    buf_done(&out);
    if (ok && code)
        fprintf(stderr, "%s: %s\n", args[0], said);
    return ok &&
           (!code ||
            err_set(err, ERR_FAILED, TEXT_DISK_PROGRAM_FAILED, args[0], TEXT_NUM(code), NULL));
}

bool real_try(const char *const *args)
{
    struct buf out;
    int code = -1;
    bool ok;

    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = run(args, &out, &code, NULL);
    buf_done(&out);
    return ok && !code;
}

/* ---- files of partitions ---- */

static bool io_failed(enum text_id message, const char *path, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_ERRNO, errno, message, path, NULL);
}

bool real_is_zero(const uint8_t *data, size_t size)
{
    return !data[0] && !memcmp(data, data + 1, size - 1);
}

static bool copy_part(struct source *disk, const struct image_volume *volume, struct err *err)
{
    int file = open(volume->file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    uint8_t *piece = malloc(PIECE_BYTES);
    bool ok = piece || err_no_memory(err);

    if (file < 0 || ftruncate(file, (off_t)volume->size_bytes))
        ok = io_failed(TEXT_FILE_WRITE, volume->file, err);
    for (uint64_t at = 0; ok && at < volume->size_bytes; at += PIECE_BYTES) {
        uint64_t left = volume->size_bytes - at;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        ok = source_read(disk, volume->offset_bytes + at, piece, size, err);
        if (ok && !real_is_zero(piece, size) &&
            pwrite(file, piece, size, (off_t)at) != (ssize_t)size)
            ok = io_failed(TEXT_FILE_WRITE, volume->file, err);
    }
    free(piece);
    if (file >= 0)
        close(file);
    return ok;
}

bool real_copy_out(struct image_volume *volume, struct err *err)
{
    struct vhdx_chain *chain = NULL;
    bool ok;

    if (volume->copied)
        return true;
    if (!vhdx_chain_open(volume->disk->path, &chain, err))
        return false;
    ok = copy_part(vhdx_chain_source(chain), volume, err);
    vhdx_chain_free(chain);
    volume->copied = ok;
    return ok;
}

/* Writes the grains of a piece that differ, runs of them at once. */
static bool write_changes(struct vhdx_writer *writer,
                          uint64_t position,
                          const uint8_t *now,
                          const uint8_t *before,
                          size_t size,
                          struct err *err)
{
    size_t from = size; /* of a run; size: none */

    for (size_t at = 0; at <= size; at += GRAIN) {
        size_t grain = size - at < GRAIN ? size - at : GRAIN;
        bool differs = at < size && memcmp(now + at, before + at, grain) != 0;

        if (differs && from == size)
            from = at;
        if (!differs && from < size) {
            if (!vhdx_write_at(writer, position + from, now + from, at - from, err))
                return false;
            from = size;
        }
        if (at < size && grain < GRAIN)
            return from == size ||
                   vhdx_write_at(writer, position + from, now + from, size - from, err);
    }
    return true;
}

static bool put_back(struct image_volume *volume,
                     struct source *before,
                     struct vhdx_writer *writer,
                     struct err *err)
{
    int file = open(volume->file, O_RDONLY | O_CLOEXEC);
    uint8_t *now = malloc(PIECE_BYTES), *old = malloc(PIECE_BYTES);
    bool ok = (now && old) || err_no_memory(err);

    if (ok && file < 0)
        ok = io_failed(TEXT_FILE_READ, volume->file, err);
    for (uint64_t at = 0; ok && at < volume->size_bytes; at += PIECE_BYTES) {
        uint64_t left = volume->size_bytes - at;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        off_t data = lseek(file, (off_t)at, SEEK_DATA);
        bool hole = data < 0 || (uint64_t)data >= at + size;

        if (hole && !volume->fresh) /* was zero, and nobody makes new ones */
            continue;
        if (hole)
            memset(now, 0, size);
        else if (pread(file, now, size, (off_t)at) != (ssize_t)size)
            ok = io_failed(TEXT_FILE_READ, volume->file, err);
        ok = ok && source_read(before, volume->offset_bytes + at, old, size, err) &&
             write_changes(writer, volume->offset_bytes + at, now, old, size, err);
    }
    free(now);
    free(old);
    if (file >= 0)
        close(file);
    return ok;
}

bool real_write_back(struct image_disk *disk, struct err *err)
{
    struct vhdx_chain *before = NULL;
    struct vhdx_writer *writer = NULL;
    bool ok =
        vhdx_chain_open(disk->path, &before, err) && vhdx_write_open(disk->path, &writer, err);

    for (size_t i = 0; ok && i < disk->count; i++)
        if (disk->volumes[i].copied)
            ok = put_back(&disk->volumes[i], vhdx_chain_source(before), writer, err);
    ok = vhdx_write_close(writer, ok ? err : NULL) && ok;
    vhdx_chain_free(before);
    return ok;
}

/* ---- file systems ---- */

bool real_may_write(const struct image_volume *volume, struct err *err)
{
    return volume->disk->access == IMAGE_WRITE ||
           err_set(err, ERR_DENIED, TEXT_DISK_READ_ONLY, volume->disk->path, NULL);
}

bool real_fs_of(struct image_volume *volume, struct real_fs **ret_fs, struct err *err)
{
    uint8_t boot[512] = {0};
    struct fs_file *file = NULL;
    size_t got = 0;
    bool ok;

    if (volume->fs) {
        *ret_fs = volume->fs;
        return true;
    }
    if (!real_copy_out(volume, err) || !fs_file_open(volume->file, FS_READ, FS_PRIVATE, &file, err))
        return false;
    ok = fs_file_read(file, 0, boot, sizeof boot, &got, err);
    fs_file_close(file);
    if (!ok)
        return false;
    if (!memcmp(boot + 3, "NTFS    ", 8))
        ok = real_ntfs_open(volume->file, volume->disk->access == IMAGE_READ, &volume->fs, err);
    else if (!memcmp(boot + 0x52, "FAT32", 5))
        ok = real_fat_open(volume->file, &volume->fs, err);
    else
        ok = err_set(err, ERR_BAD_INPUT, TEXT_DISK_VOLUME_OPEN, volume->disk->path, NULL);
    if (ok)
        *ret_fs = volume->fs;
    return ok;
}

bool real_fs_close(struct image_volume *volume, struct err *err)
{
    struct real_fs *fs = volume->fs;

    volume->fs = NULL;
    return !fs || fs->ops->close(fs, err);
}

bool real_format(struct image_volume *volume, enum image_fs fs, const char *label, struct err *err)
{
    const char *const fat[] = {"mkfs.vfat", "-F", "32", volume->file, NULL};
    char start[24], text[24];
    const char *const ntfs[] = {"mkntfs",
                                "-F",
                                "-Q",
                                "-q",
                                "-s",
                                "512",
                                "-p",
                                start,
                                "-H",
                                "255",
                                "-S",
                                "63",
                                "-L",
                                text,
                                volume->file,
                                NULL};
    int file;

    snprintf(start, sizeof start, "%llu", (unsigned long long)volume->offset_bytes / 512);
    snprintf(text, sizeof text, "%s", label);
    text_copy(volume->label, sizeof volume->label, label);
    if (!real_fs_close(volume, err))
        return false;
    file = open(volume->file, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, (off_t)volume->size_bytes))
        return io_failed(TEXT_FILE_WRITE, volume->file, err);
    close(file);
    volume->copied = volume->fresh = true;
    return real_run(fs == IMAGE_NTFS ? ntfs : fat, err);
}
