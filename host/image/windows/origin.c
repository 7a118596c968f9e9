/* Where a Windows image is: a file, or a file in an ISO, which is attached without a letter. */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* name with backslashes into out; false unless every component is a plain name. */
static bool inside_path(const char *name, char *out, struct err *err)
{
    const char *at = name;

    if (strlen(name) >= FS_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", name, NULL);
    while (*at) {
        size_t length = strcspn(at, "/\\");
        char part[FS_NAME_BYTES];

        if (length >= sizeof part)
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
        memcpy(part, at, length);
        part[length] = 0;
        if (!fs_name_is_safe(part))
            return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, name, NULL);
        at += length;
        at += *at != 0;
    }
    text_copy(out, FS_PATH_BYTES, name);
    for (; *out; out++)
        if (*out == '/')
            *out = '\\';
    return true;
}

/* Waits until the file system of the ISO is there. */
static bool
wait_for_volume(struct windows_port *port, const char *device, const char *path, struct err *err)
{
    struct retry retry = {0};
    DWORD code;

    do {
        HANDLE volume = device_open(device, FILE_READ_ATTRIBUTES, &code);

        if (volume != INVALID_HANDLE_VALUE) {
            CloseHandle(volume);
            return true;
        }
    } while (retry_wait(&retry, port->limits.volume_ms));
    return explain(code, TEXT_DISK_VOLUME_MISSING, path, err);
}

static bool find_file(const struct origin *origin, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!*origin->device)
        text_copy(path, sizeof path, origin->file);
    else if (!fs_join(path, origin->device, origin->file, err))
        return false;
    if (!fs_stat(path, &stat, err))
        return false;
    return stat.kind == FS_FILE || err_set(err,
                                           ERR_NOT_FOUND,
                                           TEXT_HOST_NO_IMAGE,
                                           origin->from->path,
                                           TEXT_NUM(origin->from->index),
                                           NULL);
}

static bool attach(struct windows_port *port, struct origin *origin, struct err *err)
{
    unsigned number = 0;
    struct fs_stat stat;

    if (!fs_stat(origin->from->path, &stat, err))
        return false;
    if (stat.kind != FS_FILE)
        return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, origin->from->path, NULL);
    if (!privilege_enable_all(err) ||
        !virtdisk_attach_iso(origin->from->path, &origin->iso, &number, &origin->ours, err))
        return false;
    snprintf(origin->device, sizeof origin->device, "\\\\?\\GLOBALROOT\\Device\\CdRom%u", number);
    return wait_for_volume(port, origin->device, origin->from->path, err);
}

bool origin_open(struct windows_port *port,
                 const struct image_source *from,
                 struct origin *ret_origin,
                 struct err *err)
{
    memset(ret_origin, 0, sizeof *ret_origin);
    ret_origin->from = from;
    if (from->inside)
        return inside_path(from->inside, ret_origin->file, err) && attach(port, ret_origin, err) &&
               find_file(ret_origin, err);
    return windows_full_name(from->path, ret_origin->file, err) && find_file(ret_origin, err);
}

bool origin_close(struct origin *origin, struct err *err)
{
    HANDLE iso = origin->iso;

    origin->iso = NULL;
    return !iso || virtdisk_release(iso, origin->from->path, origin->ours, err);
}
