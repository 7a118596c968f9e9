/* CreateVirtualDisk and the progress of what it does in the background. Rules:
 * MicrosoftDocs/sdk-api, CREATE_VIRTUAL_DISK_PARAMETERS and CreateVirtualDisk; the offsets are
 * those of the Windows SDK on x64, spelled out here a second time on purpose. */
#include "emulator.h"

#include "common/fs.h"
#include "common/utf16.h"
#include "host/image/vhdx.h"
#include "tests/support/vhdx_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define CODE_PROVIDER_NOT_FOUND 0xC03A0014u
#define CODE_INVALID_BLOCK_SIZE 0xC03A000Bu
#define CODE_PARENT_NOT_FOUND   0xC03A000Du
#define MIB                     ((uint64_t)1 << 20)
#define SIZE_LEAST              (3 * MIB)
#define SIZE_MOST               (64ull << 40)

enum {
    AT_VERSION = 0,
    AT_UNIQUE_ID = 8,
    AT_SIZE = 24,
    AT_BLOCK = 32,
    AT_SECTOR = 36,
    AT_PHYSICAL = 40,
    AT_PARENT = 48,
    AT_SOURCE = 56,
    AT_OPEN_FLAGS = 64,
    AT_PARENT_TYPE = 68,
    AT_SOURCE_TYPE = 88,
    AT_RESILIENCY = 108,
    PARAMETERS_BYTES = 124
};

static const GUID vendor_microsoft = VENDOR_MICROSOFT_ID;

struct wanted {
    uint64_t size;
    uint32_t block, sector, physical;
    const wchar_t *parent, *source;
};

struct copying {
    HANDLE thread, event; /* event: of the caller's OVERLAPPED */
    wchar_t to[DISKS_PATH], from[DISKS_PATH];
    volatile LONG permille, cancelled;
    volatile LONG code; /* ERROR_IO_PENDING while it runs */
};

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

static void take(const uint8_t *bytes, size_t at, void *out, size_t size)
{
    memcpy(out, bytes + at, size);
}

static DWORD read_parameters(const void *parameters, struct wanted *wanted)
{
    const uint8_t *bytes = parameters;
    uint32_t version;

    take(bytes, AT_VERSION, &version, sizeof(version));
    take(bytes, AT_SIZE, &wanted->size, sizeof(wanted->size));
    take(bytes, AT_BLOCK, &wanted->block, sizeof(wanted->block));
    take(bytes, AT_SECTOR, &wanted->sector, sizeof(wanted->sector));
    take(bytes, AT_PHYSICAL, &wanted->physical, sizeof(wanted->physical));
    take(bytes, AT_PARENT, &wanted->parent, sizeof(wanted->parent));
    take(bytes, AT_SOURCE, &wanted->source, sizeof(wanted->source));
    if (version != CREATE_VIRTUAL_DISK_VERSION_2 ||
        !is_zero(bytes + AT_OPEN_FLAGS, PARAMETERS_BYTES - AT_OPEN_FLAGS) ||
        !is_zero(bytes + AT_UNIQUE_ID, sizeof(GUID)))
        return ERROR_INVALID_PARAMETER;
    return 0;
}

static DWORD check_parameters(const struct wanted *wanted)
{
    bool from_other = wanted->parent || wanted->source;
    uint64_t blocks = wanted->block / MIB;

    if ((wanted->parent && wanted->source) || wanted->size % 512 ||
        (wanted->sector != 512 && wanted->sector != 4096) ||
        (wanted->physical && wanted->physical != 512 && wanted->physical != 4096))
        return ERROR_INVALID_PARAMETER;
    /* "must be zero" with a parent or source */
    if (from_other ? wanted->size != 0 : wanted->size < SIZE_LEAST || wanted->size > SIZE_MOST)
        return ERROR_INVALID_PARAMETER;
    if (wanted->block && (wanted->block % MIB || blocks > 256 || (blocks & (blocks - 1))))
        return CODE_INVALID_BLOCK_SIZE;
    return 0;
}

static bool utf8(const wchar_t *path, char out[FS_PATH_BYTES])
{
    return utf16_to_utf8_into((const uint16_t *)path, wcslen(path), out, FS_PATH_BYTES);
}

/* "..\golden\a.vhdx": from the folder of path to parent, on the same drive. */
static void relative_name(const char *path, const char *parent, char out[FS_PATH_BYTES])
{
    size_t common = 0;

    for (size_t i = 0; path[i] && parent[i] && (path[i] | 0x20) == (parent[i] | 0x20); i++)
        if (path[i] == '\\')
            common = i + 1;
    text_copy(out, FS_PATH_BYTES, strchr(path + common, '\\') ? "" : ".\\");
    for (const char *at = path + common; (at = strchr(at, '\\')); at++)
        strcat(out, "..\\");
    strcat(out, parent + common);
}

static DWORD create_child(const char *path, const wchar_t *parent16, uint32_t block)
{
    char parent[FS_PATH_BYTES], relative[FS_PATH_BYTES];
    struct attached attached;
    struct err err = ERR_INIT;

    if (!utf8(parent16, parent))
        return ERROR_INVALID_NAME;
    if (GetFileAttributesW(parent16) == INVALID_FILE_ATTRIBUTES)
        return CODE_PARENT_NOT_FOUND;
    if (disks_find(parent16, &attached) && !attached.is_read_only)
        return ERROR_SHARING_VIOLATION;
    relative_name(path, parent, relative);
    return vhdx_write_create_child(path, parent, relative, parent, block, &err) ? 0
                                                                                : disks_code(&err);
}

/* ---- copies ---- */

static DWORD copy_content(struct copying *copying)
{
    enum { STEP = 1 << 20 };
    struct vhdx_chain *chain = NULL;
    struct vhdx_writer *writer = NULL;
    char from[FS_PATH_BYTES], to[FS_PATH_BYTES];
    uint8_t *step = malloc(STEP);
    struct err err = ERR_INIT;
    uint64_t size = 0;
    bool ok = step && utf8(copying->from, from) && utf8(copying->to, to) &&
              vhdx_chain_open(from, &chain, &err);

    if (ok) {
        size = vhdx_chain_info(chain, 0)->size_bytes;
        ok = vhdx_write_create(to, size, 0, 0, &err) && vhdx_write_open(to, &writer, &err);
    }
    for (uint64_t at = 0; ok && at < size; at += STEP) {
        size_t length = size - at < STEP ? (size_t)(size - at) : STEP;

        if (copying->cancelled)
            break;
        ok = source_read(vhdx_chain_source(chain), at, step, length, &err) &&
             vhdx_write_at(writer, at, step, length, &err);
        InterlockedExchange(&copying->permille, (LONG)(at * 1000 / size));
        if (disks_setting("CopySlowMs", 0) && at % (64ull << 20) == 0)
            Sleep(disks_setting("CopySlowMs", 0));
    }
    ok = vhdx_write_close(writer, ok ? &err : NULL) && ok;
    vhdx_chain_free(chain);
    free(step);
    if (copying->cancelled || !ok)
        DeleteFileW(copying->to);
    if (copying->cancelled)
        return ERROR_OPERATION_ABORTED;
    return ok ? 0 : disks_code(&err);
}

static DWORD WINAPI copy_thread(void *user)
{
    struct copying *copying = user;
    DWORD code = copy_content(copying);

    InterlockedExchange(&copying->code, (LONG)code);
    if (copying->event)
        SetEvent(copying->event);
    return 0;
}

void copying_end(struct object *object)
{
    if (!object->copying)
        return;
    WaitForSingleObject(object->copying->thread, INFINITE);
    CloseHandle(object->copying->thread);
    free(object->copying);
    object->copying = NULL;
}

bool copying_cancel(struct object *object)
{
    if (!object->copying || object->copying->code != ERROR_IO_PENDING)
        return false;
    InterlockedExchange(&object->copying->cancelled, 1);
    return true;
}

/* Copies in the background, or at once without OVERLAPPED. */
static DWORD create_copy(struct object *object,
                         const wchar_t *path,
                         const wchar_t *source,
                         const OVERLAPPED *overlapped)
{
    struct copying *copying = calloc(1, sizeof(*copying));
    struct attached attached;
    DWORD code;

    if (!copying)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (GetFileAttributesW(source) == INVALID_FILE_ATTRIBUTES ||
        (disks_find(source, &attached) && !attached.is_read_only)) {
        free(copying);
        return GetFileAttributesW(source) == INVALID_FILE_ATTRIBUTES ? ERROR_FILE_NOT_FOUND
                                                                     : ERROR_SHARING_VIOLATION;
    }
    wcscpy(copying->to, path);
    wcscpy(copying->from, source);
    copying->code = ERROR_IO_PENDING;
    if (!overlapped) {
        code = copy_content(copying);
        free(copying);
        return code;
    }
    copying->event = overlapped->hEvent;
    if (copying->event)
        ResetEvent(copying->event);
    copying->thread = CreateThread(NULL, 0, copy_thread, copying, 0, NULL);
    if (!copying->thread) {
        free(copying);
        return ERROR_NOT_ENOUGH_MEMORY;
    }
    object->copying = copying;
    return ERROR_IO_PENDING;
}

DWORD WINAPI emu_progress(HANDLE disk, OVERLAPPED *overlapped, VIRTUAL_DISK_PROGRESS *progress)
{
    struct object *object = object_find(disk);
    DWORD code = disks_call("GetVirtualDiskOperationProgress", "%s", "");

    if (code)
        return code;
    if (!object || !object->copying || !overlapped || !progress)
        return ERROR_INVALID_PARAMETER;
    progress->OperationStatus = (DWORD)object->copying->code;
    progress->CurrentValue = (ULONGLONG)object->copying->permille;
    progress->CompletionValue = 1000;
    return 0;
}

static DWORD create(const wchar_t *path,
                    const struct wanted *wanted,
                    const OVERLAPPED *overlapped,
                    struct object *object)
{
    wchar_t other[DISKS_PATH];
    char path8[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    if (!utf8(path, path8))
        return ERROR_INVALID_NAME;
    if (GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES)
        return ERROR_FILE_EXISTS;
    if (wanted->parent || wanted->source) {
        if (!full_path(wanted->parent ? wanted->parent : wanted->source, other))
            return ERROR_INVALID_PARAMETER;
        return wanted->parent ? create_child(path8, other, wanted->block)
                              : create_copy(object, path, other, overlapped);
    }
    return vhdx_write_create(path8, wanted->size, wanted->block, wanted->sector, &err)
               ? 0
               : disks_code(&err);
}

DWORD WINAPI emu_create(VIRTUAL_STORAGE_TYPE *type,
                        const WCHAR *path,
                        VIRTUAL_DISK_ACCESS_MASK access,
                        PSECURITY_DESCRIPTOR security,
                        CREATE_VIRTUAL_DISK_FLAG flags,
                        ULONG provider_flags,
                        CREATE_VIRTUAL_DISK_PARAMETERS *parameters,
                        OVERLAPPED *overlapped,
                        HANDLE *ret_handle)
{
    struct wanted wanted = {0};
    struct object *object;
    wchar_t full[DISKS_PATH];
    DWORD code;

    (void)security;
    if (!type || !parameters || !ret_handle || !full_path(path, full))
        return ERROR_INVALID_PARAMETER;
    code = disks_call("CreateVirtualDisk", "%ls", full);
    if (!code)
        code = read_parameters(parameters, &wanted);
    if (!code)
        code = check_parameters(&wanted);
    if (code)
        return code;
    if (type->DeviceId != VIRTUAL_STORAGE_TYPE_DEVICE_VHDX ||
        memcmp(&type->VendorId, &vendor_microsoft, sizeof(GUID)) != 0)
        return CODE_PROVIDER_NOT_FOUND;
    /* version 2: "must be VIRTUAL_DISK_ACCESS_NONE" */
    if (access != VIRTUAL_DISK_ACCESS_NONE || flags != CREATE_VIRTUAL_DISK_FLAG_NONE ||
        provider_flags)
        return ERROR_INVALID_PARAMETER;
    object = object_add(OBJECT_DISK, object_handle());
    if (!object)
        return ERROR_NOT_ENOUGH_MEMORY;
    wcscpy(object->path, full);
    object->can_attach = true;
    code = create(full, &wanted, overlapped, object);
    if (code && code != ERROR_IO_PENDING) {
        CloseHandle(object->handle);
        object_remove(object);
        return code;
    }
    *ret_handle = object->handle;
    return code;
}
