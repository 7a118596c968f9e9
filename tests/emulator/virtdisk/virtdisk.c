/* The functions of virtdisk.dll but CreateVirtualDisk. Rules and codes: MicrosoftDocs/sdk-api,
 * virtdisk (OpenVirtualDisk, AttachVirtualDisk, DetachVirtualDisk, GetVirtualDiskPhysicalPath,
 * GetVirtualDiskInformation). */
#include "emulator.h"

#include "common/utf16.h"
#include "host/image/vhdx.h"
#include "tests/support/ntfs_write.h"

#include <string.h>
#include <stdio.h>
#include <wchar.h>

#define CODE_PROVIDER_NOT_FOUND 0xC03A0014u
#define CODE_DISK_LIMITATION    0xC03A001Au
#define ATTACH_BYPASS           0x20u
#define ATTACH_KNOWN            0x3Fu

static const GUID vendor_microsoft = VENDOR_MICROSOFT_ID;
static const GUID vendor_unknown;

BOOL fail(DWORD code)
{
    SetLastError(code);
    return FALSE;
}

bool full_path(const wchar_t *path, wchar_t ret_path[DISKS_PATH])
{
    wchar_t full[DISKS_PATH];
    DWORD length;

    if (!path || wcslen(path) < 4)
        return false;
    if (!wcsncmp(path, L"\\\\?\\", 4))
        path += 4;
    /* "fully qualified": a letter and a path from its root on */
    if (path[1] != L':' || (path[2] != L'\\' && path[2] != L'/'))
        return false;
    length = GetFullPathNameW(path, DISKS_PATH, full, NULL);
    if (!length || length >= DISKS_PATH)
        return false;
    wcscpy(ret_path, full);
    return true;
}

static bool is_file(const wchar_t *path)
{
    DWORD attributes = GetFileAttributesW(path);

    return attributes != INVALID_FILE_ATTRIBUTES && !(attributes & FILE_ATTRIBUTE_DIRECTORY);
}

/* ISO 9660 and UDF both have "CD001" or "BEA01" in the sectors from 16 on. */
static bool is_iso_file(const wchar_t *path)
{
    char descriptor[6] = {0};
    LARGE_INTEGER at = {.QuadPart = 16 * 2048 + 1};
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    DWORD got = 0;
    bool is = false;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    if (SetFilePointerEx(file, at, NULL, FILE_BEGIN) && ReadFile(file, descriptor, 5, &got, NULL))
        is = !strcmp(descriptor, "CD001") || !strcmp(descriptor, "BEA01");
    CloseHandle(file);
    return is;
}

/* The storage type: ISO by name only, VHDX by name or, unknown, by looking. */
static DWORD check_type(const VIRTUAL_STORAGE_TYPE *type, bool *ret_iso)
{
    bool unknown = !type->DeviceId && !memcmp(&type->VendorId, &vendor_unknown, sizeof(GUID));

    if (!unknown && memcmp(&type->VendorId, &vendor_microsoft, sizeof(GUID)) != 0)
        return CODE_PROVIDER_NOT_FOUND;
    *ret_iso = type->DeviceId == VIRTUAL_STORAGE_TYPE_DEVICE_ISO;
    return unknown || *ret_iso || type->DeviceId == VIRTUAL_STORAGE_TYPE_DEVICE_VHDX
               ? 0
               : CODE_PROVIDER_NOT_FOUND;
}

/* Looks at the file of a disk through its chain. */
static DWORD check_vhdx(const wchar_t *path)
{
    uint8_t first[512];

    return disk_read(path, 0, first, sizeof(first));
}

static DWORD open_checks(const VIRTUAL_STORAGE_TYPE *type,
                         const wchar_t *path,
                         VIRTUAL_DISK_ACCESS_MASK access,
                         DWORD flags,
                         const OPEN_VIRTUAL_DISK_PARAMETERS *parameters,
                         struct object *object)
{
    struct attached attached;
    bool iso = false;
    DWORD code;

    if (!type || !parameters || flags || !full_path(path, object->path))
        return ERROR_INVALID_PARAMETER;
    code = check_type(type, &iso);
    if (code)
        return code;
    if (!is_file(object->path))
        return ERROR_FILE_NOT_FOUND;
    object->is_iso = iso;
    if (parameters->Version == OPEN_VIRTUAL_DISK_VERSION_2) {
        /* "must be VIRTUAL_DISK_ACCESS_NONE"; an ISO knows version 1 only */
        if (access != VIRTUAL_DISK_ACCESS_NONE || iso)
            return ERROR_INVALID_PARAMETER;
        object->is_read_only = parameters->Version2.ReadOnly;
        object->is_info_only = parameters->Version2.GetInfoOnly;
        object->can_attach = !object->is_info_only;
    } else if (parameters->Version == OPEN_VIRTUAL_DISK_VERSION_1) {
        /* "ISO: only READ": anything that could write is refused */
        if (!iso || !access ||
            (access & ~(VIRTUAL_DISK_ACCESS_READ | VIRTUAL_DISK_ACCESS_GET_INFO)))
            return ERROR_ACCESS_DENIED;
        object->is_read_only = true;
        object->can_attach = access & VIRTUAL_DISK_ACCESS_ATTACH_RO;
    } else {
        return ERROR_INVALID_PARAMETER;
    }
    if (iso)
        return is_iso_file(object->path) ? 0 : ERROR_FILE_CORRUPT;
    if (!object->is_info_only && disks_find(object->path, &attached))
        return ERROR_SHARING_VIOLATION;
    return check_vhdx(object->path);
}

DWORD WINAPI emu_open(VIRTUAL_STORAGE_TYPE *type,
                      const WCHAR *path,
                      VIRTUAL_DISK_ACCESS_MASK access,
                      OPEN_VIRTUAL_DISK_FLAG flags,
                      OPEN_VIRTUAL_DISK_PARAMETERS *parameters,
                      HANDLE *ret_handle)
{
    DWORD code = disks_call("OpenVirtualDisk",
                            "%ls access=%x version=%d",
                            path ? path : L"",
                            (unsigned)access,
                            parameters ? (int)parameters->Version : 0);
    struct object opened = {0}, *object;

    if (!code)
        code = open_checks(type, path, access, (DWORD)flags, parameters, &opened);
    if (code)
        return code;
    object = object_add(OBJECT_DISK, object_handle());
    if (!object)
        return ERROR_NOT_ENOUGH_MEMORY;
    opened.kind = OBJECT_DISK;
    opened.handle = object->handle;
    *object = opened;
    *ret_handle = object->handle;
    return 0;
}

/* ---- attaching ---- */

static DWORD attach_checks(const struct object *object, DWORD flags)
{
    if (!object || object->kind != OBJECT_DISK)
        return ERROR_INVALID_HANDLE;
    if ((flags & ~ATTACH_KNOWN) || ((flags & ATTACH_BYPASS) && disks_setting("OldAttach", 0)))
        return ERROR_INVALID_PARAMETER;
    if (!object->can_attach)
        return ERROR_ACCESS_DENIED;
    /* "for an ISO it must be READ_ONLY" */
    if (object->is_iso && !(flags & ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY))
        return ERROR_INVALID_PARAMETER;
    if (object->is_read_only && !(flags & ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY))
        return ERROR_ACCESS_DENIED;
    if (!object->is_iso && !disks_privilege(L"SeManageVolumePrivilege"))
        return ERROR_PRIVILEGE_NOT_HELD;
    if (disks_setting("Packed", 0) && !object->is_iso)
        return CODE_DISK_LIMITATION;
    return 0;
}

/* What Windows does with the disks of a family: the second one stays offline. */
static bool has_twin(const struct attached *disk)
{
    struct attached other;
    struct gpt mine, theirs;

    if (disk->is_iso || !disks_table(disk, &mine))
        return false;
    for (DWORD i = 0; i < DISKS_MAX; i++)
        if (i != disk->number && disks_get(false, i, &other) && disks_table(&other, &theirs) &&
            guid_equal(&mine.disk, &theirs.disk))
            return true;
    return false;
}

DWORD WINAPI emu_attach(HANDLE disk,
                        PSECURITY_DESCRIPTOR security,
                        ATTACH_VIRTUAL_DISK_FLAG flags,
                        ULONG provider_flags,
                        ATTACH_VIRTUAL_DISK_PARAMETERS *parameters,
                        OVERLAPPED *overlapped)
{
    struct object *object = object_find(disk);
    struct attached attached = {.pid = GetCurrentProcessId()}, other;
    DWORD code = disks_call("AttachVirtualDisk", "flags=%x", (unsigned)flags);

    (void)security;
    if (!code)
        code = attach_checks(object, (DWORD)flags);
    if (!code && (provider_flags || overlapped ||
                  (parameters && parameters->Version != ATTACH_VIRTUAL_DISK_VERSION_1)))
        code = ERROR_INVALID_PARAMETER;
    if (code)
        return code;
    if (disks_find(object->path, &other))
        return ERROR_SHARING_VIOLATION;
    if (!(flags & ATTACH_VIRTUAL_DISK_FLAG_NO_DRIVE_LETTER))
        state_log("image", "LETTER %ls", object->path);
    if (flags & ATTACH_VIRTUAL_DISK_FLAG_PERMANENT_LIFETIME)
        state_log("image", "LEAK permanent %ls", object->path);
    wcscpy(attached.path, object->path);
    attached.is_iso = object->is_iso;
    attached.is_read_only = (flags & ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY) != 0;
    attached.is_bypassed = (flags & ATTACH_BYPASS) != 0;
    if (!attached.is_iso && disks_setting("ServerSan", 0))
        attached.is_offline = attached.is_write_locked = true;
    code = volumes_settle(&attached);
    if (code)
        return code;
    if (!disks_add(&attached))
        return ERROR_TOO_MANY_OPEN_FILES;
    if (has_twin(&attached)) {
        attached.is_offline = true;
        disks_set(&attached);
    }
    object->is_attached = true;
    object->attached = attached;
    return 0;
}

/* A disk that was written is another one from now on: the id of its content changes. */
static void renew_content_id(const struct attached *disk)
{
    uint8_t first[512];

    if (!disk_read(disk->path, 0, first, sizeof(first)))
        disk_write(disk->path, 0, first, sizeof(first));
}

void disk_detach(struct object *object)
{
    if (!object->is_attached)
        return;
    if (mounts_any(&object->attached))
        state_log("image", "LEAK mounted folder of %ls", object->path);
    if (object_is_touched(&object->attached))
        state_log("image", "LEAK changes of %ls that were not written out", object->path);
    if (!object->attached.is_read_only)
        renew_content_id(&object->attached);
    disks_remove(&object->attached);
    object->is_attached = false;
}

DWORD WINAPI emu_detach(HANDLE disk, DETACH_VIRTUAL_DISK_FLAG flags, ULONG provider_flags)
{
    struct object *object = object_find(disk);
    DWORD code = disks_call("DetachVirtualDisk", "flags=%x", (unsigned)flags);

    if (code)
        return code;
    if (!object || object->kind != OBJECT_DISK)
        return ERROR_INVALID_HANDLE;
    if (flags || provider_flags)
        return ERROR_INVALID_PARAMETER;
    if (!object->is_attached)
        return ERROR_NOT_FOUND;
    if (object_count(OBJECT_FILE, &object->attached, 0) ||
        object_count(OBJECT_DEVICE, &object->attached, 0) ||
        object_count(OBJECT_DRIVE, &object->attached, 0))
        return ERROR_SHARING_VIOLATION;
    disk_detach(object);
    return 0;
}

DWORD WINAPI emu_physical_path(HANDLE disk, ULONG *size_bytes, WCHAR *out)
{
    struct object *object = object_find(disk);
    struct attached attached;
    wchar_t path[64];
    size_t bytes;
    DWORD code = disks_call("GetVirtualDiskPhysicalPath", "%s", "");

    if (code)
        return code;
    if (!object || object->kind != OBJECT_DISK || !size_bytes)
        return ERROR_INVALID_PARAMETER;
    /* "must be attached": by this handle or another */
    if (!disks_find(object->path, &attached))
        return ERROR_DEV_NOT_EXIST;
    swprintf(path,
             64,
             attached.is_iso ? L"\\\\.\\CDROM%u" : L"\\\\.\\PhysicalDrive%u",
             (unsigned)attached.number);
    bytes = (wcslen(path) + 1) * sizeof(*path);
    if (*size_bytes < bytes) {
        *size_bytes = (ULONG)bytes;
        return ERROR_INSUFFICIENT_BUFFER;
    }
    memcpy(out, path, bytes);
    *size_bytes = (ULONG)bytes;
    return 0;
}

DWORD WINAPI emu_information(HANDLE disk,
                             ULONG *size_bytes,
                             GET_VIRTUAL_DISK_INFO *info,
                             ULONG *used_bytes)
{
    struct object *object = object_find(disk);
    struct vhdx_chain *chain = NULL;
    char path8[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    DWORD code =
        disks_call("GetVirtualDiskInformation", "version=%d", info ? (int)info->Version : 0);

    if (code)
        return code;
    if (!object || object->kind != OBJECT_DISK || !size_bytes || !info ||
        info->Version != GET_VIRTUAL_DISK_INFO_PROVIDER_SUBTYPE)
        return ERROR_INVALID_PARAMETER;
    if (*size_bytes < sizeof(*info))
        return ERROR_INSUFFICIENT_BUFFER;
    if (!utf16_to_utf8_into(
            (const uint16_t *)object->path, wcslen(object->path), path8, sizeof(path8)))
        return ERROR_INVALID_NAME;
    if (!vhdx_chain_open(path8, &chain, &err))
        return disks_code(&err);
    info->ProviderSubtype = vhdx_chain_info(chain, 0)->differencing ? 4 : 3;
    if (used_bytes)
        *used_bytes = sizeof(*info);
    vhdx_chain_free(chain);
    return 0;
}
