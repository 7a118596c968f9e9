/* Virtual disk files through virtdisk.dll, which is loaded when it is needed. */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <virtdisk.h>

#define BLOCK_BYTES           (1u << 20) /* small ones keep the file small */
#define SECTOR_BYTES          512u
#define PHYSICAL_SECTOR_BYTES 4096u
#define DEVICE_PATH_UNITS     64
#define PROGRESS_MS           250
#define CANCEL_MS             30000
#define PERMILLE              1000
#define SUBTYPE_DIFFERENCING  4

/* Windows 10 1809; writes to a disk although policy forbids those without BitLocker. */
#define ATTACH_BYPASS_ENCRYPTION_POLICY 0x20u

/* CREATE_VIRTUAL_DISK_PARAMETERS, version 2. virtdisk.h of mingw-w64 10 lacks the physical sector
 * size, so that a parent would be read as part of it. */
struct create_parameters {
    uint32_t version, reserved;
    GUID unique_id;
    uint64_t maximum_size;
    uint32_t block_size, sector_size, physical_sector_size, reserved2;
    const WCHAR *parent, *source;
    uint32_t open_flags;
    VIRTUAL_STORAGE_TYPE parent_type, source_type;
    GUID resiliency_guid;
};

_Static_assert(offsetof(struct create_parameters, unique_id) == 8, "UniqueId");
_Static_assert(offsetof(struct create_parameters, maximum_size) == 24, "MaximumSize");
_Static_assert(offsetof(struct create_parameters, block_size) == 32, "BlockSizeInBytes");
_Static_assert(offsetof(struct create_parameters, sector_size) == 36, "SectorSizeInBytes");
_Static_assert(offsetof(struct create_parameters, physical_sector_size) == 40,
               "PhysicalSectorSize");
_Static_assert(offsetof(struct create_parameters, parent) == 48, "ParentPath");
_Static_assert(offsetof(struct create_parameters, source) == 56, "SourcePath");
_Static_assert(offsetof(struct create_parameters, open_flags) == 64, "OpenFlags");
_Static_assert(offsetof(struct create_parameters, parent_type) == 68, "ParentVirtualStorageType");
_Static_assert(offsetof(struct create_parameters, source_type) == 88, "SourceVirtualStorageType");
_Static_assert(offsetof(struct create_parameters, resiliency_guid) == 108, "ResiliencyGuid");
_Static_assert(sizeof(struct create_parameters) == 128, "CREATE_VIRTUAL_DISK_PARAMETERS");

struct api {
    DWORD(WINAPI *create)
    (VIRTUAL_STORAGE_TYPE *type,
     const WCHAR *path,
     VIRTUAL_DISK_ACCESS_MASK access,
     PSECURITY_DESCRIPTOR security,
     DWORD flags,
     ULONG provider_flags,
     const struct create_parameters *parameters,
     OVERLAPPED *overlapped,
     HANDLE *ret_handle);
    DWORD(WINAPI *open)
    (VIRTUAL_STORAGE_TYPE *type,
     const WCHAR *path,
     VIRTUAL_DISK_ACCESS_MASK access,
     DWORD flags,
     OPEN_VIRTUAL_DISK_PARAMETERS *parameters,
     HANDLE *ret_handle);
    DWORD(WINAPI *attach)
    (HANDLE disk,
     PSECURITY_DESCRIPTOR security,
     DWORD flags,
     ULONG provider_flags,
     ATTACH_VIRTUAL_DISK_PARAMETERS *parameters,
     OVERLAPPED *overlapped);
    DWORD(WINAPI *detach)(HANDLE disk, DWORD flags, ULONG provider_flags);
    DWORD(WINAPI *physical_path)(HANDLE disk, ULONG *size_bytes, WCHAR *out);
    DWORD(WINAPI *progress)(HANDLE disk, OVERLAPPED *overlapped, VIRTUAL_DISK_PROGRESS *out);
    DWORD(WINAPI *information)
    (HANDLE disk, ULONG *size_bytes, GET_VIRTUAL_DISK_INFO *out, ULONG *used_bytes);
};

static const char *const names[] = {
    "CreateVirtualDisk",
    "OpenVirtualDisk",
    "AttachVirtualDisk",
    "DetachVirtualDisk",
    "GetVirtualDiskPhysicalPath",
    "GetVirtualDiskOperationProgress",
    "GetVirtualDiskInformation",
};

#define CALLS (sizeof names / sizeof *names)
_Static_assert(sizeof(struct api) == CALLS * sizeof(FARPROC), "one name for each call");

#define VENDOR_MICROSOFT                                                                           \
    {                                                                                              \
        0xEC984AEC, 0xA0F9, 0x47e9,                                                                \
        {                                                                                          \
            0x90, 0x1F, 0x71, 0x41, 0x5A, 0x66, 0x34, 0x5B                                         \
        }                                                                                          \
    }

static const VIRTUAL_STORAGE_TYPE type_any; /* VHDX or VHD: Windows looks */
static const VIRTUAL_STORAGE_TYPE type_vhdx = {VIRTUAL_STORAGE_TYPE_DEVICE_VHDX, VENDOR_MICROSOFT};
static const VIRTUAL_STORAGE_TYPE type_iso = {VIRTUAL_STORAGE_TYPE_DEVICE_ISO, VENDOR_MICROSOFT};

static bool load(struct api *ret_api, struct err *err)
{
    FARPROC calls[CALLS];

    if (!library_load("virtdisk.dll", names, CALLS, calls, err))
        return false;
    memcpy(ret_api, calls, sizeof *ret_api);
    return true;
}

bool virtdisk_check(struct err *err)
{
    struct api api;

    return load(&api, err);
}

/* ---- making ---- */

/* A request that Windows works on; on the heap, since it may outlive us when it cannot be stopped.
 */
struct pending {
    OVERLAPPED overlapped;
    HANDLE handle;
};

/* Waits for the end of a copy, with its progress. */
static DWORD follow(const struct api *api,
                    struct pending *pending,
                    const struct virtdisk_make *make,
                    bool *ret_stuck)
{
    VIRTUAL_DISK_PROGRESS progress = {.OperationStatus = ERROR_IO_PENDING};
    bool cancelled = false;
    DWORD code;

    for (;;) {
        unsigned permille = 0;

        if (WaitForSingleObject(pending->overlapped.hEvent, cancelled ? CANCEL_MS : PROGRESS_MS) ==
                WAIT_TIMEOUT &&
            cancelled) {
            *ret_stuck = true;
            return ERROR_CANCELLED;
        }
        code = api->progress(pending->handle, &pending->overlapped, &progress);
        if (code || progress.OperationStatus != ERROR_IO_PENDING)
            break;
        if (progress.CompletionValue)
            permille = (unsigned)(progress.CurrentValue * PERMILLE / progress.CompletionValue);
        if (!cancelled && make->progress &&
            !make->progress(permille < PERMILLE ? permille : PERMILLE, make->user)) {
            cancelled = true;
            CancelIoEx(pending->handle, &pending->overlapped);
        }
    }
    if (cancelled)
        return ERROR_CANCELLED;
    return code ? code : progress.OperationStatus;
}

static DWORD make_disk(const struct api *api,
                       const WCHAR *path16,
                       const struct create_parameters *parameters,
                       const struct virtdisk_make *make)
{
    struct pending *pending = calloc(1, sizeof *pending);
    VIRTUAL_STORAGE_TYPE type = type_vhdx;
    bool stuck = false;
    DWORD code;

    if (!pending)
        return ERROR_NOT_ENOUGH_MEMORY;
    pending->handle = INVALID_HANDLE_VALUE;
    pending->overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!pending->overlapped.hEvent) {
        free(pending);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    code = api->create(&type,
                       path16,
                       VIRTUAL_DISK_ACCESS_NONE,
                       NULL,
                       CREATE_VIRTUAL_DISK_FLAG_NONE,
                       0,
                       parameters,
                       make->source ? &pending->overlapped : NULL,
                       &pending->handle);
    if (code == ERROR_IO_PENDING)
        code = follow(api, pending, make, &stuck);
    if (pending->handle != INVALID_HANDLE_VALUE)
        CloseHandle(pending->handle);
    if (stuck)
        return code;
    CloseHandle(pending->overlapped.hEvent);
    free(pending);
    return code;
}

bool virtdisk_create(const struct virtdisk_make *make, struct err *err)
{
    struct create_parameters parameters = {.version = CREATE_VIRTUAL_DISK_VERSION_2,
                                           .maximum_size = make->size_bytes,
                                           .sector_size = SECTOR_BYTES,
                                           .physical_sector_size = PHYSICAL_SECTOR_BYTES};
    uint16_t *path16 = NULL, *parent16 = NULL, *source16 = NULL;
    struct api api;
    DWORD code;
    bool ok = false;

    if (!load(&api, err) || !windows_full_path(make->path, &path16, err) ||
        (make->parent && !windows_full_path(make->parent, &parent16, err)) ||
        (make->source && !windows_full_path(make->source, &source16, err)))
        goto out;
    /* a child's default suits it better */
    if (!make->parent)
        parameters.block_size = BLOCK_BYTES;
    parameters.parent = (const WCHAR *)parent16;
    parameters.source = (const WCHAR *)source16;
    code = make_disk(&api, (const WCHAR *)path16, &parameters, make);
    if (code == ERROR_FILE_EXISTS || code == ERROR_ALREADY_EXISTS)
        err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, make->path, NULL);
    else if (code == ERROR_CANCELLED)
        err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    else if (code) {
        DeleteFileW((const WCHAR *)path16);
        explain(code, TEXT_DISK_CREATE, make->path, err);
    }
    if (code == ERROR_CANCELLED)
        DeleteFileW((const WCHAR *)path16);
    ok = code == 0;

out:
    free(path16);
    free(parent16);
    free(source16);
    return ok;
}

/* ---- attaching ---- */

/* The number at the end of "\\.\PhysicalDrive12". */
static bool device_number(const WCHAR *path16, const char *prefix, unsigned *ret_number)
{
    char path[DEVICE_PATH_UNITS * 3], *end;
    size_t length = strlen(prefix);
    unsigned long number;

    if (!utf16_to_utf8_into(path16, wcslen(path16), path, sizeof path) ||
        _strnicmp(path, prefix, length) || !path[length])
        return false;
    number = strtoul(path + length, &end, 10);
    *ret_number = (unsigned)number;
    return !*end && number < 10000;
}

/* 0 or a Win32 code. */
static DWORD where(const struct api *api, HANDLE handle, const char *prefix, unsigned *ret_number)
{
    WCHAR path[DEVICE_PATH_UNITS] = {0};
    ULONG size_bytes = sizeof path - sizeof *path;
    DWORD code = api->physical_path(handle, &size_bytes, path);

    if (code)
        return code;
    return device_number(path, prefix, ret_number) ? 0 : ERROR_BAD_DEVICE;
}

/* Whether this computer lets nobody write to fixed disks without BitLocker. */
static bool policy_denies_writing(void)
{
    DWORD value = 0, size = sizeof value;

    return RegGetValueW(HKEY_LOCAL_MACHINE,
                        L"SYSTEM\\CurrentControlSet\\Policies\\Microsoft\\FVE",
                        L"FDVDenyWriteAccess",
                        RRF_RT_REG_DWORD,
                        NULL,
                        &value,
                        &size) == ERROR_SUCCESS &&
           value == 1;
}

/* 0 or a Win32 code. */
static DWORD attach_once(const struct api *api, HANDLE handle, DWORD flags)
{
    ATTACH_VIRTUAL_DISK_PARAMETERS parameters = {.Version = ATTACH_VIRTUAL_DISK_VERSION_1};
    DWORD code = api->attach(handle, NULL, flags, 0, &parameters, NULL);

    /* a Windows that does not know the flag refuses it */
    if (code == ERROR_INVALID_PARAMETER && (flags & ATTACH_BYPASS_ENCRYPTION_POLICY))
        code = api->attach(
            handle, NULL, flags & ~ATTACH_BYPASS_ENCRYPTION_POLICY, 0, &parameters, NULL);
    return code;
}

static DWORD attach_retrying(const struct api *api, HANDLE handle, DWORD flags)
{
    struct retry retry = {0};
    DWORD code;

    do {
        code = attach_once(api, handle, flags);
    } while (code && retry_again(&retry, code));
    return code;
}

/* Opens for attaching; 0 or a Win32 code. */
static DWORD
open_disk(const struct api *api, const WCHAR *path16, bool info, bool read_only, HANDLE *ret_handle)
{
    OPEN_VIRTUAL_DISK_PARAMETERS parameters = {.Version = OPEN_VIRTUAL_DISK_VERSION_2};
    VIRTUAL_STORAGE_TYPE type = type_any;
    struct retry retry = {0};
    DWORD code;

    parameters.Version2.GetInfoOnly = info;
    parameters.Version2.ReadOnly = read_only;
    do {
        code = api->open(&type,
                         path16,
                         VIRTUAL_DISK_ACCESS_NONE,
                         OPEN_VIRTUAL_DISK_FLAG_NONE,
                         &parameters,
                         ret_handle);
    } while (code && retry_again(&retry, code));
    return code;
}

bool virtdisk_attach(const char *path,
                     enum image_access access,
                     HANDLE *ret_handle,
                     unsigned *ret_number,
                     struct err *err)
{
    DWORD flags = ATTACH_VIRTUAL_DISK_FLAG_NO_DRIVE_LETTER;
    HANDLE handle = INVALID_HANDLE_VALUE;
    uint16_t *path16 = NULL;
    struct api api;
    DWORD code;

    if (access == IMAGE_READ)
        flags |= ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY;
    else if (policy_denies_writing())
        flags |= ATTACH_BYPASS_ENCRYPTION_POLICY;
    if (!load(&api, err) || !windows_full_path(path, &path16, err))
        return false;
    code = open_disk(&api, (const WCHAR *)path16, false, access == IMAGE_READ, &handle);
    free(path16);
    if (code)
        return explain(code, TEXT_DISK_ATTACH, path, err);
    code = attach_retrying(&api, handle, flags);
    if (!code) {
        code = where(&api, handle, "\\\\.\\PhysicalDrive", ret_number);
        if (code)
            api.detach(handle, DETACH_VIRTUAL_DISK_FLAG_NONE, 0);
    }
    if (code) {
        CloseHandle(handle);
        return explain(code, TEXT_DISK_ATTACH, path, err);
    }
    *ret_handle = handle;
    return true;
}

bool virtdisk_attach_iso(
    const char *path, HANDLE *ret_handle, unsigned *ret_number, bool *ret_ours, struct err *err)
{
    OPEN_VIRTUAL_DISK_PARAMETERS parameters = {.Version = OPEN_VIRTUAL_DISK_VERSION_1};
    VIRTUAL_STORAGE_TYPE type = type_iso;
    HANDLE handle = INVALID_HANDLE_VALUE;
    uint16_t *path16 = NULL;
    bool ours = false;
    struct api api;
    DWORD code;

    if (!load(&api, err) || !windows_full_path(path, &path16, err))
        return false;
    code = api.open(&type,
                    (const WCHAR *)path16,
                    VIRTUAL_DISK_ACCESS_READ | VIRTUAL_DISK_ACCESS_GET_INFO,
                    OPEN_VIRTUAL_DISK_FLAG_NONE,
                    &parameters,
                    &handle);
    free(path16);
    if (code)
        return explain_source(code, TEXT_DISK_ATTACH, path, err);
    /* it may be attached already, by somebody's double click [probe: this handle can tell where] */
    code = where(&api, handle, "\\\\.\\CDROM", ret_number);
    if (code) {
        code = attach_retrying(&api,
                               handle,
                               ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY |
                                   ATTACH_VIRTUAL_DISK_FLAG_NO_DRIVE_LETTER);
        ours = code == 0;
        if (!code || code == ERROR_SHARING_VIOLATION)
            code = where(&api, handle, "\\\\.\\CDROM", ret_number);
    }
    if (code) {
        if (ours)
            api.detach(handle, DETACH_VIRTUAL_DISK_FLAG_NONE, 0);
        CloseHandle(handle);
        return explain_source(code, TEXT_DISK_ATTACH, path, err);
    }
    *ret_handle = handle;
    *ret_ours = ours;
    return true;
}

bool virtdisk_release(HANDLE handle, const char *path, bool attached, struct err *err)
{
    struct retry retry = {0};
    struct api api;
    DWORD code = 0;

    if (attached && load(&api, NULL))
        do {
            code = api.detach(handle, DETACH_VIRTUAL_DISK_FLAG_NONE, 0);
        } while (code && retry_again(&retry, code));
    /* detaches too, whatever was answered */
    CloseHandle(handle);
    return code == 0 || explain(code, TEXT_DISK_DETACH, path, err);
}

bool virtdisk_is_child(const char *path, bool *ret_child, struct err *err)
{
    GET_VIRTUAL_DISK_INFO info = {.Version = GET_VIRTUAL_DISK_INFO_PROVIDER_SUBTYPE};
    HANDLE handle = INVALID_HANDLE_VALUE;
    ULONG size_bytes = sizeof info;
    uint16_t *path16 = NULL;
    struct api api;
    DWORD code;

    if (!load(&api, err) || !windows_full_path(path, &path16, err))
        return false;
    code = open_disk(&api, (const WCHAR *)path16, true, true, &handle);
    free(path16);
    if (!code) {
        code = api.information(handle, &size_bytes, &info, NULL);
        CloseHandle(handle);
    }
    if (code)
        return explain(code, TEXT_DISK_INFO, path, err);
    *ret_child = info.ProviderSubtype == SUBTYPE_DIFFERENCING;
    return true;
}
