/* Disks of their own from others: shared blocks where the file system has them (ReFS, Dev Drive),
 * else a copy that Windows makes. */
#include "host/image/windows/inside.h"

#include <stdlib.h>
#include <string.h>
#include <winioctl.h>

/* ReFS's requests are not in winioctl.h of mingw-w64 10. */
#define CONTROL_GET_INTEGRITY                                                                      \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 159, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CONTROL_SET_INTEGRITY                                                                      \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 160, METHOD_BUFFERED, FILE_READ_DATA | FILE_WRITE_DATA)
#define CONTROL_DUPLICATE_EXTENTS                                                                  \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 209, METHOD_BUFFERED, FILE_WRITE_DATA)
#define SHARES_BLOCKS 0x08000000u         /* FILE_SUPPORTS_BLOCK_REFCOUNTING */
#define STEP_BYTES    ((uint64_t)1 << 30) /* less than 4 GiB, on whole clusters */
#define PERMILLE      1000

struct integrity {
    uint16_t algorithm, reserved;
    uint32_t flags;
    uint32_t chunk_bytes, cluster_bytes; /* not in what is set */
};

#define INTEGRITY_SET_BYTES offsetof(struct integrity, chunk_bytes)

struct duplicate_extents {
    HANDLE source;
    int64_t source_offset, target_offset, byte_count;
};

_Static_assert(sizeof(struct integrity) == 16, "FSCTL_GET_INTEGRITY_INFORMATION_BUFFER");
_Static_assert(INTEGRITY_SET_BYTES == 8, "FSCTL_SET_INTEGRITY_INFORMATION_BUFFER");
_Static_assert(sizeof(struct duplicate_extents) == 32, "DUPLICATE_EXTENTS_DATA");

struct clone {
    HANDLE from, to;
    uint64_t size_bytes;
    image_progress progress;
    void *user;
};

static bool shares_blocks(HANDLE file)
{
    DWORD flags = 0;

    return GetVolumeInformationByHandleW(file, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
           (flags & SHARES_BLOCKS);
}

/* Shares the blocks from begin to end; 0 or a Win32 code. */
static DWORD share(const struct clone *clone, uint64_t cluster_bytes)
{
    for (uint64_t at = 0; at < clone->size_bytes; at += STEP_BYTES) {
        uint64_t left = clone->size_bytes - at, step = left < STEP_BYTES ? left : STEP_BYTES;
        struct duplicate_extents request = {
            .source = clone->from, .source_offset = (int64_t)at, .target_offset = (int64_t)at};
        DWORD code;

        /* the last cluster as a whole */
        step = (step + cluster_bytes - 1) / cluster_bytes * cluster_bytes;
        request.byte_count = (int64_t)step;
        code = device_control(
            clone->to, CONTROL_DUPLICATE_EXTENTS, &request, sizeof request, NULL, 0, NULL);
        if (code)
            return code;
        if (clone->progress &&
            !clone->progress((unsigned)(at * PERMILLE / clone->size_bytes), clone->user))
            return ERROR_CANCELLED;
    }
    return 0;
}

/* The target must have its size and the same integrity before blocks can be shared. */
static DWORD prepare(const struct clone *clone, uint64_t *ret_cluster_bytes)
{
    FILE_END_OF_FILE_INFO end = {.EndOfFile = {.QuadPart = (LONGLONG)clone->size_bytes}};
    struct integrity integrity = {0};
    DWORD code = device_control(
        clone->from, CONTROL_GET_INTEGRITY, NULL, 0, &integrity, sizeof integrity, NULL);

    if (!code)
        code = device_control(
            clone->to, CONTROL_SET_INTEGRITY, &integrity, INTEGRITY_SET_BYTES, NULL, 0, NULL);
    if (!code && !integrity.cluster_bytes)
        code = ERROR_INVALID_DATA;
    if (!code && !SetFileInformationByHandle(clone->to, FileEndOfFileInfo, &end, sizeof end))
        code = GetLastError();
    *ret_cluster_bytes = integrity.cluster_bytes;
    return code;
}

/* Makes path share everything with the open source; 0 or a Win32 code, with nothing left. */
static DWORD clone_to(const WCHAR *path16, struct clone *clone)
{
    uint64_t cluster_bytes = 1;
    LARGE_INTEGER size;
    DWORD code;

    if (!shares_blocks(clone->from))
        return ERROR_NOT_SUPPORTED;
    if (!GetFileSizeEx(clone->from, &size))
        return GetLastError();
    clone->size_bytes = (uint64_t)size.QuadPart;
    clone->to = CreateFileW(path16,
                            GENERIC_READ | GENERIC_WRITE | DELETE,
                            0,
                            NULL,
                            CREATE_NEW,
                            FILE_ATTRIBUTE_NORMAL,
                            NULL);
    if (clone->to == INVALID_HANDLE_VALUE)
        return GetLastError();
    code = prepare(clone, &cluster_bytes);
    if (!code)
        code = share(clone, cluster_bytes);
    if (!code && !FlushFileBuffers(clone->to))
        code = GetLastError();
    if (code)
        fs_handle_remove(clone->to);
    CloseHandle(clone->to);
    return code;
}

/* 0 or a Win32 code. */
static DWORD clone_file(const char *path, const char *source, image_progress progress, void *user)
{
    struct clone clone = {.progress = progress, .user = user};
    uint16_t *path16 = NULL, *source16 = NULL;
    DWORD code = ERROR_NOT_ENOUGH_MEMORY;

    if (fs_wide(path, &path16, NULL) && fs_wide(source, &source16, NULL)) {
        clone.from = CreateFileW((const WCHAR *)source16,
                                 GENERIC_READ,
                                 FILE_SHARE_READ,
                                 NULL,
                                 OPEN_EXISTING,
                                 FILE_ATTRIBUTE_NORMAL,
                                 NULL);
        if (clone.from == INVALID_HANDLE_VALUE) {
            code = GetLastError();
        } else {
            code = clone_to((const WCHAR *)path16, &clone);
            CloseHandle(clone.from);
        }
    }
    free(path16);
    free(source16);
    return code;
}

bool file_copy(struct image_port *port,
               const char *path,
               const char *source,
               bool instant,
               image_progress progress,
               void *user,
               struct err *err)
{
    struct virtdisk_make make = {
        .path = path, .source = source, .progress = progress, .user = user};
    DWORD code = ERROR_NOT_SUPPORTED;
    struct fs_stat from, to;
    bool child = false;

    (void)port;
    if (!fs_stat(source, &from, err) || !fs_stat(path, &to, err))
        return false;
    if (from.kind == FS_MISSING)
        return err_set(err, ERR_NOT_FOUND, TEXT_HOST_NO_DISK, source, NULL);
    if (to.kind != FS_MISSING)
        return err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, path, NULL);
    if (!virtdisk_is_child(source, &child, err))
        return false;
    if (!child)
        code = clone_file(path, source, progress, user);
    if (code == ERROR_CANCELLED)
        return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    if (!code)
        return true;
    if (instant)
        return err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_CLONE, path, NULL);
    if (!virtdisk_create(&make, err))
        return false;
    if (!progress || progress(PERMILLE, user))
        return true;
    port->disk->remove(port, path, NULL);
    return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
}
