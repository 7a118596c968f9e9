/* Drives and the devices of volumes: opening them and what DeviceIoControl does to them. Rules:
 * MicrosoftDocs/sdk-api, winioctl (IOCTL_DISK_CREATE_DISK, IOCTL_DISK_SET_DRIVE_LAYOUT_EX,
 * IOCTL_DISK_GET/SET_DISK_ATTRIBUTES, FSCTL_LOCK_VOLUME, FSCTL_DISMOUNT_VOLUME). */
#include "emulator.h"

#include "common/utf16.h"
#include "tests/support/gpt_write.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winioctl.h>

#define CONTROL_GET_ATTRIBUTES    0x700F0u
#define CONTROL_SET_ATTRIBUTES    0x7C0F4u
#define CONTROL_GET_INTEGRITY     0x9027Cu
#define CONTROL_SET_INTEGRITY     0x9C280u
#define CONTROL_DUPLICATE_EXTENTS 0x98344u
#define IS_OFFLINE                0x1u
#define IS_WRITE_LOCKED           0x2u
#define NOT_YET                   UINT64_MAX
#define CLUSTER_BYTES             4096u

enum { TABLE_ROWS = 128 };

struct request {
    struct object *object;
    const void *in;
    DWORD in_bytes;
    void *out;
    DWORD out_bytes;
    DWORD used; /* of out */
};

/* ---- opening ---- */

static bool drive_number(const wchar_t *path, DWORD *ret_number)
{
    static const wchar_t prefix[] = L"\\\\.\\PhysicalDrive";
    size_t length = wcslen(prefix);
    wchar_t *end;

    if (_wcsnicmp(path, prefix, length) || !path[length])
        return false;
    *ret_number = wcstoul(path + length, &end, 10);
    return !*end;
}

bool device_is_name(const wchar_t *path)
{
    struct volume_name name;
    DWORD number;

    return drive_number(path, &number) || (volume_name_parse(path, &name) && !*name.rest);
}

HANDLE device_create(const wchar_t *path, DWORD access)
{
    DWORD code = disks_call("CreateFileW", "%ls access=%x", path, (unsigned)access);
    struct object *object = NULL;
    struct volume_name name = {0};
    struct attached disk;
    enum object_kind kind = OBJECT_DRIVE;
    DWORD number;

    if (!code && drive_number(path, &number)) {
        code = disks_get(false, number, &disk) ? 0 : ERROR_FILE_NOT_FOUND;
    } else if (!code) {
        kind = OBJECT_DEVICE;
        code = volume_name_parse(path, &name) ? volume_find(&name, &disk) : ERROR_INVALID_NAME;
    }
    if (!code) {
        object = object_add(kind, object_handle());
        code = object ? 0 : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (code) {
        SetLastError(code);
        return INVALID_HANDLE_VALUE;
    }
    object->attached = disk;
    object->volume = name;
    object->may_write = access & (GENERIC_WRITE | FILE_WRITE_DATA);
    return object->handle;
}

/* ---- the partition table ---- */

static void to_guid(const struct guid *from, GUID *to)
{
    memcpy(to, from->bytes, sizeof(*to));
}

static void from_guid(const GUID *from, struct guid *to)
{
    memcpy(to->bytes, from, sizeof(*from));
}

static DWORD write_table(const struct attached *disk, const struct gpt *table)
{
    struct vhdx_writer *writer = NULL;
    struct err err = ERR_INIT;
    char path[FS_PATH_BYTES];
    bool ok;

    if (!utf16_to_utf8_into((const uint16_t *)disk->path, wcslen(disk->path), path, sizeof(path)))
        return ERROR_INVALID_NAME;
    ok = vhdx_write_open(path, &writer, &err) && gpt_write_vhdx(writer, table, &err);
    ok = vhdx_write_close(writer, ok ? &err : NULL) && ok;
    return ok ? 0 : disks_code(&err);
}

static DWORD disk_size(const struct attached *disk, uint64_t *ret_bytes, uint32_t *ret_sector)
{
    struct vhdx_writer *writer = NULL;
    char path[FS_PATH_BYTES];

    if (!utf16_to_utf8_into((const uint16_t *)disk->path, wcslen(disk->path), path, sizeof(path)) ||
        !vhdx_write_open(path, &writer, NULL))
        return ERROR_IO_DEVICE;
    *ret_bytes = vhdx_write_size(writer);
    *ret_sector = vhdx_write_sector(writer);
    vhdx_write_close(writer, NULL);
    return 0;
}

/* Rights of the handle and of the drive. */
static DWORD check_writable(const struct request *request, struct attached *disk)
{
    if (!request->object->may_write)
        return ERROR_ACCESS_DENIED;
    if (!disks_get(false, request->object->attached.number, disk))
        return ERROR_DEV_NOT_EXIST;
    return disk->is_read_only || disk->is_write_locked ? ERROR_WRITE_PROTECT : 0;
}

static DWORD create_disk(struct request *request)
{
    static const struct image_partition none[] = {{IMAGE_WINDOWS, 1u << 20}};
    const CREATE_DISK *wanted = request->in;
    struct attached disk;
    static struct gpt table;
    uint64_t bytes;
    uint32_t sector;
    DWORD code = check_writable(request, &disk);

    if (code)
        return code;
    if (request->in_bytes != sizeof(*wanted) || wanted->PartitionStyle != PARTITION_STYLE_GPT ||
        wanted->Gpt.MaxPartitionCount != TABLE_ROWS)
        return ERROR_INVALID_PARAMETER;
    code = disk_size(&disk, &bytes, &sector);
    if (code)
        return code;
    /* a plan for the numbers of the disk, without its partition */
    if (!gpt_plan(bytes, sector, none, 1, &table, NULL))
        return ERROR_DISK_FULL;
    table.count = 0;
    from_guid(&wanted->Gpt.DiskId, &table.disk);
    if (guid_is_zero(&table.disk))
        return ERROR_INVALID_PARAMETER;
    disk.laid_out_ms = NOT_YET;
    disks_set(&disk);
    return write_table(&disk, &table);
}

static DWORD take_row(const PARTITION_INFORMATION_EX *row,
                      DWORD number,
                      uint32_t sector,
                      struct gpt_partition *partition)
{
    uint64_t start = (uint64_t)row->StartingOffset.QuadPart;
    uint64_t length = (uint64_t)row->PartitionLength.QuadPart;

    if (row->PartitionStyle != PARTITION_STYLE_GPT || !row->RewritePartition ||
        row->PartitionNumber != number || !length || start % sector || length % sector)
        return ERROR_INVALID_PARAMETER;
    memset(partition, 0, sizeof(*partition));
    from_guid(&row->Gpt.PartitionType, &partition->type);
    from_guid(&row->Gpt.PartitionId, &partition->id);
    if (guid_is_zero(&partition->type) || guid_is_zero(&partition->id))
        return ERROR_INVALID_PARAMETER;
    partition->first_lba = start / sector;
    partition->last_lba = (start + length) / sector - 1;
    partition->attributes = row->Gpt.Attributes;
    utf16_to_utf8_into((const uint16_t *)row->Gpt.Name,
                       wcsnlen(row->Gpt.Name, 36),
                       partition->name,
                       sizeof(partition->name));
    return 0;
}

static bool fits(const struct gpt *table, const struct gpt_partition *partition)
{
    if (partition->first_lba < table->first_usable || partition->last_lba > table->last_usable)
        return false;
    for (size_t i = 0; i < table->count; i++)
        if ((partition->first_lba <= table->partitions[i].last_lba &&
             table->partitions[i].first_lba <= partition->last_lba) ||
            guid_equal(&partition->id, &table->partitions[i].id))
            return false;
    return true;
}

static DWORD set_layout(struct request *request)
{
    const DRIVE_LAYOUT_INFORMATION_EX *layout = request->in;
    size_t head = offsetof(DRIVE_LAYOUT_INFORMATION_EX, PartitionEntry);
    struct attached disk;
    static struct gpt table;
    struct guid id;
    DWORD code = check_writable(request, &disk);

    if (code)
        return code;
    if (request->in_bytes < head || layout->PartitionStyle != PARTITION_STYLE_GPT ||
        !layout->PartitionCount || layout->PartitionCount > TABLE_ROWS ||
        request->in_bytes < head + layout->PartitionCount * sizeof(*layout->PartitionEntry))
        return ERROR_INVALID_PARAMETER;
    if (!disks_table(&disk, &table))
        return ERROR_NOT_READY; /* a table must have been made before */
    from_guid(&layout->Gpt.DiskId, &id);
    if (!guid_equal(&id, &table.disk))
        return ERROR_INVALID_PARAMETER;
    table.count = 0;
    for (DWORD i = 0; i < layout->PartitionCount; i++) {
        struct gpt_partition partition;

        code = take_row(&layout->PartitionEntry[i], i + 1, table.sector_bytes, &partition);
        if (!code && !fits(&table, &partition))
            code = ERROR_INVALID_PARAMETER;
        if (code)
            return code;
        table.partitions[table.count++] = partition;
    }
    disk.laid_out_ms = NOT_YET;
    disks_set(&disk);
    return write_table(&disk, &table);
}

static DWORD get_layout(struct request *request)
{
    DRIVE_LAYOUT_INFORMATION_EX *layout = request->out;
    size_t head = offsetof(DRIVE_LAYOUT_INFORMATION_EX, PartitionEntry), size;
    static struct gpt table;
    struct attached disk;

    if (!disks_get(false, request->object->attached.number, &disk))
        return ERROR_DEV_NOT_EXIST;
    if (request->out_bytes < sizeof(*layout))
        return ERROR_INSUFFICIENT_BUFFER;
    memset(layout, 0, sizeof(*layout));
    if (!disks_table(&disk, &table)) {
        layout->PartitionStyle = PARTITION_STYLE_RAW;
        request->used = sizeof(*layout);
        return 0;
    }
    size = head + table.count * sizeof(*layout->PartitionEntry);
    if (request->out_bytes < size)
        return ERROR_INSUFFICIENT_BUFFER;
    layout->PartitionStyle = PARTITION_STYLE_GPT;
    layout->PartitionCount = (DWORD)table.count;
    to_guid(&table.disk, &layout->Gpt.DiskId);
    layout->Gpt.StartingUsableOffset.QuadPart = (LONGLONG)(table.first_usable * table.sector_bytes);
    layout->Gpt.UsableLength.QuadPart =
        (LONGLONG)((table.last_usable - table.first_usable + 1) * table.sector_bytes);
    layout->Gpt.MaxPartitionCount = TABLE_ROWS;
    for (size_t i = 0; i < table.count; i++) {
        PARTITION_INFORMATION_EX *row = &layout->PartitionEntry[i];

        memset(row, 0, sizeof(*row));
        row->PartitionStyle = PARTITION_STYLE_GPT;
        row->PartitionNumber = (DWORD)i + 1;
        row->StartingOffset.QuadPart = (LONGLONG)gpt_offset(&table, i);
        row->PartitionLength.QuadPart = (LONGLONG)gpt_size(&table, i);
        to_guid(&table.partitions[i].type, &row->Gpt.PartitionType);
        to_guid(&table.partitions[i].id, &row->Gpt.PartitionId);
        row->Gpt.Attributes = table.partitions[i].attributes;
    }
    request->used = (DWORD)(size > sizeof(*layout) ? size : sizeof(*layout));
    return 0;
}

/* What was laid out shows from now on. */
static DWORD update_properties(struct request *request)
{
    struct attached disk;

    if (!disks_get(false, request->object->attached.number, &disk))
        return ERROR_DEV_NOT_EXIST;
    if (disk.laid_out_ms == NOT_YET) {
        disk.laid_out_ms = state_now_ms();
        disks_set(&disk);
    }
    return 0;
}

/* ---- attributes ---- */

struct attributes {
    DWORD version, reserved;
    uint64_t attributes;
};

struct attributes_change {
    DWORD version;
    BYTE persist, reserved[3];
    uint64_t attributes, mask;
    DWORD reserved2[4];
};

static DWORD get_attributes(struct request *request)
{
    struct attributes *out = request->out;
    struct attached disk;

    if (!disks_get(false, request->object->attached.number, &disk))
        return ERROR_DEV_NOT_EXIST;
    if (request->out_bytes < sizeof(*out))
        return ERROR_INSUFFICIENT_BUFFER;
    out->version = sizeof(*out);
    out->reserved = 0;
    out->attributes = (disk.is_offline ? IS_OFFLINE : 0) |
                      (disk.is_write_locked || disk.is_read_only ? IS_WRITE_LOCKED : 0);
    request->used = sizeof(*out);
    return 0;
}

/* Online again with a twin beside it, a disk gets another id: that would be the end of its Windows.
 */
static DWORD set_attributes(struct request *request)
{
    const struct attributes_change *in = request->in;
    struct attached disk;

    if (!request->object->may_write)
        return ERROR_ACCESS_DENIED;
    if (!disks_get(false, request->object->attached.number, &disk))
        return ERROR_DEV_NOT_EXIST;
    if (request->in_bytes < sizeof(*in) || in->version != sizeof(*in) || in->persist > 1 ||
        (in->mask & ~(uint64_t)(IS_OFFLINE | IS_WRITE_LOCKED)))
        return ERROR_INVALID_PARAMETER;
    if (in->mask & IS_OFFLINE) {
        if (disk.is_offline && !disks_setting("ServerSan", 0))
            state_log("image", "LEAK the id of %ls was changed", disk.path);
        disk.is_offline = (in->attributes & IS_OFFLINE) != 0;
    }
    if (in->mask & IS_WRITE_LOCKED)
        disk.is_write_locked = (in->attributes & IS_WRITE_LOCKED) != 0;
    disks_set(&disk);
    return 0;
}

/* ---- volumes ---- */

static DWORD lock_volume(struct request *request)
{
    struct object *object = request->object;

    /* "if there are open files on the volume, it fails" */
    if (object_count(OBJECT_FILE, &object->attached, object->volume.partition) ||
        object_count(OBJECT_DEVICE, &object->attached, object->volume.partition) > 1)
        return ERROR_ACCESS_DENIED;
    object->is_locked = true;
    return 0;
}

static DWORD dismount_volume(struct request *request)
{
    struct object *object = request->object;

    if (object->is_flushed || object->is_locked)
        object_touch(&object->attached, object->volume.partition, false);
    return 0;
}

static DWORD volume_online(struct request *request)
{
    return request->object->may_write ? 0 : ERROR_ACCESS_DENIED;
}

static const struct {
    DWORD control;
    enum object_kind kind;
    const char *name;
    DWORD (*run)(struct request *request);
} controls[] = {
    {IOCTL_DISK_CREATE_DISK, OBJECT_DRIVE, "IOCTL_DISK_CREATE_DISK", create_disk},
    {IOCTL_DISK_SET_DRIVE_LAYOUT_EX, OBJECT_DRIVE, "IOCTL_DISK_SET_DRIVE_LAYOUT_EX", set_layout},
    {IOCTL_DISK_GET_DRIVE_LAYOUT_EX, OBJECT_DRIVE, "IOCTL_DISK_GET_DRIVE_LAYOUT_EX", get_layout},
    {IOCTL_DISK_UPDATE_PROPERTIES, OBJECT_DRIVE, "IOCTL_DISK_UPDATE_PROPERTIES", update_properties},
    {CONTROL_GET_ATTRIBUTES, OBJECT_DRIVE, "IOCTL_DISK_GET_DISK_ATTRIBUTES", get_attributes},
    {CONTROL_SET_ATTRIBUTES, OBJECT_DRIVE, "IOCTL_DISK_SET_DISK_ATTRIBUTES", set_attributes},
    {FSCTL_LOCK_VOLUME, OBJECT_DEVICE, "FSCTL_LOCK_VOLUME", lock_volume},
    {FSCTL_DISMOUNT_VOLUME, OBJECT_DEVICE, "FSCTL_DISMOUNT_VOLUME", dismount_volume},
    {IOCTL_VOLUME_ONLINE, OBJECT_DEVICE, "IOCTL_VOLUME_ONLINE", volume_online},
};

static DWORD control_ours(DWORD control, struct request *request)
{
    DWORD code;

    for (size_t i = 0; i < sizeof(controls) / sizeof(*controls); i++)
        if (controls[i].control == control && controls[i].kind == request->object->kind) {
            code = disks_call(controls[i].name, "%ls", request->object->attached.path);
            return code ? code : controls[i].run(request);
        }
    disks_call("DeviceIoControl", "%x unknown", (unsigned)control);
    return ERROR_INVALID_FUNCTION;
}

/* ---- shared blocks of files of this computer (ReFS) ---- */

struct integrity {
    uint16_t algorithm, reserved;
    uint32_t flags, chunk_bytes, cluster_bytes;
};

struct duplicate {
    HANDLE source;
    int64_t source_offset, target_offset, byte_count;
};

static DWORD copy_range(HANDLE from, HANDLE to, const struct duplicate *range)
{
    enum { STEP = 1 << 20 };
    char *step = malloc(STEP);
    LARGE_INTEGER size;
    int64_t end = range->source_offset + range->byte_count;
    DWORD code = 0;

    if (!step || !GetFileSizeEx(from, &size))
        code = ERROR_NOT_ENOUGH_MEMORY;
    else if (end > size.QuadPart)
        end = size.QuadPart;
    for (int64_t at = range->source_offset; !code && at < end; at += STEP) {
        DWORD length = end - at < STEP ? (DWORD)(end - at) : STEP, done = 0;
        OVERLAPPED place = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};

        if (!ReadFile(from, step, length, &done, &place) || done != length)
            code = ERROR_READ_FAULT;
        else if (!WriteFile(to, step, length, &done, &place) || done != length)
            code = ERROR_WRITE_FAULT;
    }
    free(step);
    return code;
}

/* FSCTL_DUPLICATE_EXTENTS_TO_FILE: whole clusters, both offsets equal here, less than 4 GiB, within
 * the target; the last cluster of the source counts as whole. */
static DWORD duplicate(HANDLE to, const struct duplicate *range, DWORD size)
{
    LARGE_INTEGER target, source;

    if (size != sizeof(*range) || range->source_offset % CLUSTER_BYTES ||
        range->target_offset % CLUSTER_BYTES || range->byte_count % CLUSTER_BYTES ||
        range->source_offset != range->target_offset || range->byte_count <= 0 ||
        range->byte_count >= (int64_t)4 << 30)
        return ERROR_INVALID_PARAMETER;
    if (!GetFileSizeEx(to, &target) || !GetFileSizeEx(range->source, &source))
        return ERROR_INVALID_HANDLE;
    if (range->source_offset + range->byte_count >= source.QuadPart + CLUSTER_BYTES ||
        range->target_offset + range->byte_count >= target.QuadPart + CLUSTER_BYTES)
        return ERROR_INVALID_PARAMETER;
    return copy_range(range->source, to, range);
}

/* 0 or a code; *ret_known: it is one of these. */
static DWORD control_host(HANDLE file,
                          DWORD control,
                          const void *in,
                          DWORD in_bytes,
                          void *out,
                          DWORD out_bytes,
                          bool *ret_known)
{
    DWORD code = 0;

    *ret_known = control == CONTROL_GET_INTEGRITY || control == CONTROL_SET_INTEGRITY ||
                 control == CONTROL_DUPLICATE_EXTENTS;
    if (!*ret_known)
        return 0;
    if (!disks_setting("BlockClone", 0))
        return ERROR_INVALID_FUNCTION;
    code = disks_call("DeviceIoControl", "ReFS %x", (unsigned)control);
    if (code)
        return code;
    if (control == CONTROL_DUPLICATE_EXTENTS)
        return duplicate(file, in, in_bytes);
    if (control == CONTROL_SET_INTEGRITY)
        return in_bytes == 8 ? 0 : ERROR_INVALID_PARAMETER;
    if (out_bytes < sizeof(struct integrity))
        return ERROR_INSUFFICIENT_BUFFER;
    memset(out, 0, sizeof(struct integrity));
    ((struct integrity *)out)->cluster_bytes = CLUSTER_BYTES;
    return 0;
}

static BOOL WINAPI on_device_control(HANDLE device,
                                     DWORD control,
                                     void *in,
                                     DWORD in_bytes,
                                     void *out,
                                     DWORD out_bytes,
                                     DWORD *ret_bytes,
                                     OVERLAPPED *overlapped)
{
    struct request request = {.object = object_find(device),
                              .in = in,
                              .in_bytes = in_bytes,
                              .out = out,
                              .out_bytes = out_bytes};
    bool known = false;
    DWORD code;

    if (!request.object || request.object->kind == OBJECT_FILE) {
        code = control_host(device, control, in, in_bytes, out, out_bytes, &known);
        if (!known)
            return DeviceIoControl(
                device, control, in, in_bytes, out, out_bytes, ret_bytes, overlapped);
    } else {
        code = overlapped ? ERROR_INVALID_PARAMETER : control_ours(control, &request);
    }
    if (code)
        return fail(code);
    if (ret_bytes)
        *ret_bytes = request.used;
    return TRUE;
}

const struct hook device_hooks[] = {
    {"kernel32", "DeviceIoControl", (hook_function)on_device_control, NULL},
};
const size_t device_hook_count = sizeof(device_hooks) / sizeof(*device_hooks);
