/* Windows images by libwim, and the files that start what was unpacked. */
#include "tests/support/image_real.h"

#include "common/clock.h"
#include "host/image/udf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wimlib.h>

#define PIECE_BYTES ((size_t)1 << 20)
#define FILE_BYTES  ((size_t)64 << 20)
#define PERMILLE    1000
#define ESD_SUFFIX  ".swm"

struct unpacking {
    image_progress progress;
    void *user;
    int64_t pause_ms; /* IMAGE_REAL_PAUSE_MS: for tests that come in between */
    bool cancelled;
};

static enum wimlib_progress_status
on_progress(enum wimlib_progress_msg kind, union wimlib_progress_info *info, void *user)
{
    struct unpacking *unpacking = user;
    uint64_t total = info->extract.total_bytes;

    if (kind != WIMLIB_PROGRESS_MSG_EXTRACT_STREAMS || !unpacking->progress)
        return WIMLIB_PROGRESS_STATUS_CONTINUE;
    clock_sleep_ms(clock_system(), unpacking->pause_ms);
    if (unpacking->progress(total ? (unsigned)(info->extract.completed_bytes * PERMILLE / total)
                                  : 0,
                            unpacking->user))
        return WIMLIB_PROGRESS_STATUS_CONTINUE;
    unpacking->cancelled = true;
    return WIMLIB_PROGRESS_STATUS_ABORT;
}

static const struct {
    int code;
    enum err_kind kind;
} kinds[] = {
    {WIMLIB_ERR_INVALID_IMAGE, ERR_NOT_FOUND},
    {WIMLIB_ERR_OPEN, ERR_NOT_FOUND},
    {WIMLIB_ERR_NTFS_3G, ERR_IO},
    {WIMLIB_ERR_WRITE, ERR_IO},
    {WIMLIB_ERR_NOMEM, ERR_NO_MEMORY},
};

static bool failed(int code, const struct image_source *source, struct err *err)
{
    enum err_kind kind = ERR_BAD_INPUT;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].code == code)
            kind = kinds[i].kind;
    if (kind == ERR_NOT_FOUND)
        return err_set(err, kind, TEXT_HOST_NO_IMAGE, source->path, TEXT_NUM(source->index), NULL);
    fprintf(stderr,
            "wimlib: %s\n",
            (const char *)wimlib_get_error_string((enum wimlib_error_code)code));
    return err_set(err, kind, TEXT_DISK_SOURCE_DAMAGED, source->path, NULL);
}

/* The parts of a split image lie beside the first: name.swm, name2.swm ... */
static int add_parts(WIMStruct *wim, const char *path)
{
    char pattern[FS_PATH_BYTES];
    const char *const globs[] = {pattern};
    size_t length = strlen(path);

    if (length < sizeof ESD_SUFFIX || strcmp(path + length - 4, ESD_SUFFIX) != 0)
        return 0;
    snprintf(pattern, sizeof pattern, "%.*s*" ESD_SUFFIX, (int)(length - 4), path);
    return wimlib_reference_resource_files(wim, globs, 1, WIMLIB_REF_FLAG_GLOB_ENABLE, 0);
}

static bool unpack(const char *path,
                   const struct image_source *source,
                   struct image_volume *volume,
                   struct unpacking *unpacking,
                   struct err *err)
{
    WIMStruct *wim = NULL;
    int code = wimlib_open_wim_with_progress(path, 0, &wim, on_progress, unpacking);

    if (!code)
        code = add_parts(wim, path);
    if (!code)
        code =
            wimlib_extract_image(wim, (int)source->index, volume->file, WIMLIB_EXTRACT_FLAG_NTFS);
    wimlib_free(wim);
    if (unpacking->cancelled)
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    return !code || failed(code, source, err);
}

/* ---- out of the ISO ---- */

static bool
copy_file(struct source *from, const char *to, struct unpacking *unpacking, struct err *err)
{
    struct fs_file *file = NULL;
    uint8_t *piece = malloc(PIECE_BYTES);
    bool ok = (piece || err_no_memory(err)) && fs_file_open(to, FS_CREATE, FS_PRIVATE, &file, err);

    for (uint64_t at = 0; ok && at < from->size_bytes; at += PIECE_BYTES) {
        uint64_t left = from->size_bytes - at;
        size_t size = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;

        if (unpacking->progress && !unpacking->progress(0, unpacking->user))
            ok = err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
        ok = ok && source_read(from, at, piece, size, err) &&
             fs_file_write(file, at, piece, size, err);
    }
    fs_file_close(file);
    free(piece);
    return ok;
}

struct parts {
    struct udf *udf;
    const struct image_volume *volume;
    const char *folder; /* in the ISO */
    const char *first;  /* name of the first part without its ending */
    struct unpacking *unpacking;
    bool ok;
    struct err *err;
};

static bool take_part(const char *name, bool folder, void *user)
{
    struct parts *parts = user;
    char inside[FS_PATH_BYTES], to[FS_PATH_BYTES];
    struct source *file = NULL;

    if (folder || strncmp(name, parts->first, strlen(parts->first)) != 0)
        return true;
    parts->ok = fs_join(inside, parts->folder, name, parts->err) &&
                fs_join(to, parts->volume->disk->folder, name, parts->err) &&
                udf_open_file(parts->udf, inside, &file, parts->err) &&
                copy_file(file, to, parts->unpacking, parts->err);
    source_free(file);
    return parts->ok;
}

/* The image in an ISO, with its further parts, beside the files of the partitions. */
static bool take_out(const struct image_source *source,
                     const struct image_volume *volume,
                     struct unpacking *unpacking,
                     char out[FS_PATH_BYTES],
                     struct err *err)
{
    char folder[FS_PATH_BYTES], first[FS_NAME_BYTES];
    struct parts parts = {.volume = volume,
                          .folder = folder,
                          .first = first,
                          .unpacking = unpacking,
                          .ok = true,
                          .err = err};
    struct source *iso = NULL;
    const char *name = strrchr(source->inside, '/');
    bool ok;

    text_copy(folder, sizeof folder, source->inside);
    fs_parent(folder);
    name = name ? name + 1 : source->inside;
    text_copy(first, sizeof first, name);
    first[strcspn(first, ".")] = 0;
    ok = fs_join(out, volume->disk->folder, name, err) &&
         source_open_file(source->path, &iso, err) && udf_open(iso, &parts.udf, err) &&
         udf_list(parts.udf, folder, take_part, &parts, err) && parts.ok;
    udf_close(parts.udf);
    source_free(iso);
    return ok;
}

static bool apply(struct image_port *port,
                  const struct image_source *source,
                  struct image_volume *volume,
                  image_progress progress,
                  void *user,
                  struct err *err)
{
    const char *pause = getenv("IMAGE_REAL_PAUSE_MS");
    struct unpacking unpacking = {progress, user, pause ? atoi(pause) : 0, false};
    char path[FS_PATH_BYTES], label[IMAGE_LABEL_BYTES];
    struct fs_stat stat;

    if (!real_may_write(volume, err))
        return false;
    if (progress && !progress(0, user))
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    if (!port->tree->stat(port, volume, "Windows", &stat, err))
        return false;
    /* libwim writes over nothing, Windows does: begin again */
    text_copy(label, sizeof label, volume->label);
    if (stat.kind != FS_MISSING && !real_format(volume, IMAGE_NTFS, label, err))
        return false;
    text_copy(path, sizeof path, source->path);
    if ((source->inside && !take_out(source, volume, &unpacking, path, err)) ||
        !real_fs_close(volume, err) || !unpack(path, source, volume, &unpacking, err))
        return false;
    return !progress || progress(PERMILLE, user) ||
           err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
}

/* ---- boot files ---- */

static bool copy_between(struct image_port *port,
                         struct image_volume *windows,
                         const char *from,
                         struct image_volume *esp,
                         const char *to,
                         struct err *err)
{
    struct buf data;
    bool ok;

    buf_init(&data, FILE_BYTES);
    ok = port->tree->get(port, windows, from, &data, err) &&
         port->tree->put(port, esp, to, data.data, data.len, IMAGE_ACL_INHERIT, err);
    buf_done(&data);
    return ok;
}

static bool boot(struct image_port *port,
                 struct image_volume *windows,
                 struct image_volume *esp,
                 const struct image_boot *boot,
                 struct err *err)
{
    static const char ex[] = "Windows/Boot/EFI_EX/bootmgfw_EX.efi";
    const char *loader = "Windows/Boot/EFI/bootmgfw.efi";
    struct fs_stat stat;

    if (!real_may_write(esp, err) || !port->tree->stat(port, windows, ex, &stat, err))
        return false;
    if (boot->ca_2023 && stat.kind == FS_FILE)
        loader = ex;
    return port->tree->make_dir(port, esp, "EFI/Microsoft/Boot", IMAGE_ACL_INHERIT, err) &&
           port->tree->make_dir(port, esp, "EFI/Boot", IMAGE_ACL_INHERIT, err) &&
           copy_between(port, windows, loader, esp, "EFI/Microsoft/Boot/bootmgfw.efi", err) &&
           copy_between(port, windows, loader, esp, "EFI/Boot/bootx64.efi", err) &&
           copy_between(port,
                        windows,
                        "Windows/System32/config/BCD-Template",
                        esp,
                        "EFI/Microsoft/Boot/BCD",
                        err);
}

const struct image_apply_ops real_apply_ops = {
    .apply = apply,
    .boot = boot,
};
