/* The file system of a volume as a whole. */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <winternl.h>

#define ROOT_ACCESS (FILE_LIST_DIRECTORY | FILE_TRAVERSE | FILE_READ_ATTRIBUTES)

/* FILE_FS_FULL_SIZE_INFORMATION */
struct full_size {
    LARGE_INTEGER total_units, caller_units, actual_units;
    ULONG unit_sectors, sector_bytes;
};

bool volume_may_write(const struct image_volume *volume, struct err *err)
{
    return volume->disk->access == IMAGE_WRITE ||
           err_set(err, ERR_DENIED, TEXT_DISK_READ_ONLY, volume->disk->path, NULL);
}

bool volume_root(struct image_port *port,
                 struct image_volume *volume,
                 HANDLE *ret_root,
                 struct err *err)
{
    char path[WINDOWS_NAME_BYTES + 1];
    uint16_t *path16 = NULL;
    struct retry retry = {0};
    HANDLE root;
    DWORD code;

    if (volume->root) {
        *ret_root = volume->root;
        return true;
    }
    if (!device_find_volume((struct windows_port *)port, volume, err))
        return false;
    snprintf(path, sizeof path, "%s\\", volume->name);
    if (!utf16_from_utf8(path, &path16, err))
        return false;
    do {
        root = CreateFileW((const WCHAR *)path16,
                           ROOT_ACCESS,
                           FS_SHARE_ALL,
                           NULL,
                           OPEN_EXISTING,
                           FILE_FLAG_BACKUP_SEMANTICS,
                           NULL);
        code = root == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    } while (code && retry_again(&retry, code));
    free(path16);
    if (code)
        return explain(code, TEXT_DISK_VOLUME_OPEN, volume->disk->path, err);
    volume->root = *ret_root = root;
    return true;
}

static bool volume_free_space(struct image_port *port,
                              struct image_volume *volume,
                              uint64_t *ret_bytes,
                              struct err *err)
{
    struct full_size size = {0};
    IO_STATUS_BLOCK status;
    NTSTATUS result;
    HANDLE root;

    if (!volume_root(port, volume, &root, err))
        return false;
    result =
        NtQueryVolumeInformationFile(root, &status, &size, sizeof size, FileFsFullSizeInformation);
    if (result)
        return explain(
            RtlNtStatusToDosError(result), TEXT_DISK_VOLUME_OPEN, volume->disk->path, err);
    *ret_bytes = (uint64_t)size.caller_units.QuadPart * size.unit_sectors * size.sector_bytes;
    return true;
}

const struct image_volume_ops windows_volume_ops = {
    .format = volume_format,
    .free_space = volume_free_space,
};
