/* The image port of Windows: opening it, its private folder, and the disks as a whole. */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 256

static const struct windows_limits usual_limits = {
    .silence_ms = 10 * 60 * 1000,
    .tool_ms = 5 * 60 * 1000,
    .volume_ms = 30 * 1000,
};

bool windows_full_path(const char *path, uint16_t **ret_wide, struct err *err)
{
    uint16_t *wide = NULL;
    WCHAR *full = NULL;
    DWORD size;

    if (!fs_wide(path, &wide, err))
        return false;
    size = GetFullPathNameW((const WCHAR *)wide, 0, NULL, NULL);
    full = calloc((size_t)size + 1, sizeof *full);
    if (!full || !size || GetFullPathNameW((const WCHAR *)wide, size, full, NULL) >= size) {
        free(full);
        free(wide);
        return err_no_memory(err);
    }
    free(wide);
    *ret_wide = (uint16_t *)full;
    return true;
}

bool windows_full_name(const char *path, char *out, struct err *err)
{
    uint16_t *full16 = NULL;
    bool ok;

    if (!windows_full_path(path, &full16, err))
        return false;
    ok = utf16_to_utf8_into(full16, utf16_len(full16), out, FS_PATH_BYTES);
    free(full16);
    return ok || err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
}

/* ---- the private folder ---- */

/* Each run has a folder below work and a lock beside it, which says that it lives. */
static bool run_paths(const char *work, unsigned run, char *folder, char *lock, struct err *err)
{
    char name[32];

    snprintf(name, sizeof name, "run-%u", run);
    if (!fs_join(folder, work, name, err))
        return false;
    snprintf(name, sizeof name, "run-%u.lock", run);
    return fs_join(lock, work, name, err);
}

/* Takes away what runs that died left. */
static void sweep(const char *work)
{
    for (unsigned run = 0; run < RUNS_MAX; run++) {
        char folder[FS_PATH_BYTES], lock_path[FS_PATH_BYTES];
        struct fs_lock *lock = NULL;
        struct fs_stat stat;

        if (!run_paths(work, run, folder, lock_path, NULL) || !fs_stat(folder, &stat, NULL) ||
            stat.kind == FS_MISSING || !fs_lock(lock_path, 0, &lock, NULL))
            continue;
        mount_sweep(folder);
        fs_remove_tree(folder, NULL);
        fs_unlock(lock);
    }
}

bool windows_work(struct windows_port *port, struct err *err)
{
    char folder[FS_PATH_BYTES], lock[FS_PATH_BYTES];

    if (port->lock)
        return true;
    if (!fs_make_dirs(port->work, FS_PRIVATE, err))
        return false;
    for (unsigned run = 0; run < RUNS_MAX; run++) {
        struct err why = ERR_INIT;

        if (!run_paths(port->work, run, folder, lock, err))
            return false;
        if (!fs_lock(lock, 0, &port->lock, &why)) {
            if (why.kind == ERR_BUSY)
                continue;
            if (err)
                *err = why;
            return false;
        }
        mount_sweep(folder);
        if (!fs_remove_tree(folder, err) || !fs_make_dirs(folder, FS_PRIVATE, err)) {
            fs_unlock(port->lock);
            port->lock = NULL;
            return false;
        }
        text_copy(port->work, sizeof port->work, folder);
        return true;
    }
    return err_set(err, ERR_BUSY, TEXT_LOCK_BUSY, port->work, NULL);
}

static void windows_free(struct image_port *base)
{
    struct windows_port *port = (struct windows_port *)base;

    if (port->lock) {
        mount_sweep(port->work);
        fs_remove_tree(port->work, NULL);
        fs_unlock(port->lock);
    }
    free(port);
}

/* ---- disks ---- */

static bool is_missing(const char *path, bool *ret_missing, struct err *err)
{
    struct fs_stat stat;

    if (!fs_stat(path, &stat, err))
        return false;
    *ret_missing = stat.kind == FS_MISSING;
    return true;
}

static bool refuse_existing(const char *path, struct err *err)
{
    bool missing = false;

    return is_missing(path, &missing, err) &&
           (missing || err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, path, NULL));
}

static bool refuse_missing(const char *path, struct err *err)
{
    bool missing = true;

    return is_missing(path, &missing, err) &&
           (!missing || err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, path, NULL));
}

static bool
disk_create(struct image_port *port, const char *path, uint64_t size_bytes, struct err *err)
{
    struct virtdisk_make make = {.path = path, .size_bytes = size_bytes};

    (void)port;
    return refuse_existing(path, err) && virtdisk_create(&make, err);
}

static bool
disk_create_child(struct image_port *port, const char *path, const char *parent, struct err *err)
{
    struct virtdisk_make make = {.path = path, .parent = parent};

    (void)port;
    return refuse_missing(parent, err) && refuse_existing(path, err) && virtdisk_create(&make, err);
}

static void close_roots(struct image_disk *disk)
{
    for (size_t i = 0; i < disk->count; i++) {
        if (disk->volumes[i].root)
            CloseHandle(disk->volumes[i].root);
        disk->volumes[i].root = NULL;
    }
}

/* Dismounts what was attached for writing and detaches; keeps the first error. */
static bool let_go(struct image_disk *disk, struct err *err)
{
    bool ok = true;

    close_roots(disk);
    for (size_t i = 0; disk->access == IMAGE_WRITE && i < disk->count; i++)
        if (*disk->volumes[i].name && disk->volumes[i].role != IMAGE_MSR)
            ok = device_dismount(&disk->volumes[i], ok ? err : NULL) && ok;
    ok = virtdisk_release(disk->handle, disk->path, true, ok ? err : NULL) && ok;
    free(disk->volumes);
    free(disk);
    return ok;
}

static bool disk_attach(struct image_port *port,
                        const char *path,
                        enum image_access access,
                        struct image_disk **ret_disk,
                        struct err *err)
{
    struct image_disk *disk = NULL;

    (void)port;
    if (!refuse_missing(path, err) || !privilege_enable_all(err))
        return false;
    disk = calloc(1, sizeof *disk);
    if (!disk)
        return err_no_memory(err);
    disk->access = access;
    text_copy(disk->path, sizeof disk->path, path);
    if (!virtdisk_attach(path, access, &disk->handle, &disk->number, err)) {
        free(disk);
        return false;
    }
    if (!device_bring_online(disk, err) || !device_read_volumes(disk, err)) {
        let_go(disk, NULL);
        return false;
    }
    *ret_disk = disk;
    return true;
}

static bool disk_volume(struct image_port *port,
                        struct image_disk *disk,
                        enum image_role role,
                        struct image_volume **ret_volume,
                        struct err *err)
{
    for (size_t i = 0; i < disk->count; i++) {
        if (disk->volumes[i].role != role)
            continue;
        if (role != IMAGE_MSR &&
            !device_find_volume((struct windows_port *)port, &disk->volumes[i], err))
            return false;
        *ret_volume = &disk->volumes[i];
        return true;
    }
    return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
}

static bool disk_partition(struct image_port *port,
                           struct image_disk *disk,
                           size_t index,
                           struct image_volume **ret_volume,
                           struct err *err)
{
    if (index >= disk->count)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_VOLUME, disk->path, NULL);
    if (disk->volumes[index].role != IMAGE_MSR &&
        !device_find_volume((struct windows_port *)port, &disk->volumes[index], err))
        return false;
    *ret_volume = &disk->volumes[index];
    return true;
}

static bool disk_detach(struct image_port *port, struct image_disk *disk, struct err *err)
{
    (void)port;
    return !disk || let_go(disk, err);
}

/* What begins as a disk file does, or is what a killed creation leaves: nothing at all. */
static bool is_disk_file(const char *path, bool *ret_is, struct err *err)
{
    static const char magic[] = "vhdxfile";
    struct fs_file *file = NULL;
    char begin[sizeof magic - 1] = {0};
    size_t got = 0;
    bool ok;

    if (!fs_file_open(path, FS_READ, FS_SHARED, &file, err))
        return false;
    ok = fs_file_read(file, 0, begin, sizeof begin, &got, err);
    fs_file_close(file);
    *ret_is = !got || (got == sizeof begin && !memcmp(begin, magic, sizeof begin));
    return ok;
}

static bool disk_remove(struct image_port *port, const char *path, struct err *err)
{
    struct retry retry = {0};
    struct fs_stat stat;
    bool is = false;
    DWORD code = 0;
    uint16_t *path16;

    (void)port;
    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind == FS_MISSING)
        return true;
    if (stat.kind == FS_FILE && !is_disk_file(path, &is, err))
        return false;
    if (!is)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, path, NULL);
    if (!fs_wide(path, &path16, err))
        return false;
    SetFileAttributesW((const WCHAR *)path16, FILE_ATTRIBUTE_NORMAL); /* a parent is read-only */
    do {
        code = DeleteFileW((const WCHAR *)path16) ? 0 : GetLastError();
    } while (code && retry_again(&retry, code));
    free(path16);
    return code == 0 || code == ERROR_FILE_NOT_FOUND || explain(code, TEXT_FILE_REMOVE, path, err);
}

const struct image_disk_ops windows_disk_ops = {
    .create = disk_create,
    .create_child = disk_create_child,
    .attach = disk_attach,
    .layout = disk_layout,
    .volume = disk_volume,
    .partition = disk_partition,
    .detach = disk_detach,
    .remove = disk_remove,
};

bool windows_open(const char *work,
                  const struct windows_limits *limits,
                  struct image_port **ret_port,
                  struct err *err)
{
    struct windows_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    if (!windows_full_name(work, port->work, err)) {
        free(port);
        return false;
    }
    port->base = (struct image_port){&windows_file_ops,
                                     &windows_disk_ops,
                                     &windows_volume_ops,
                                     &windows_apply_ops,
                                     &windows_tree_ops,
                                     windows_free};
    port->limits = *limits;
    sweep(port->work);
    *ret_port = &port->base;
    return true;
}

bool image_open_system(const char *work, struct image_port **ret_port, struct err *err)
{
    return windows_open(work, &usual_limits, ret_port, err);
}
