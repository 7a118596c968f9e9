/* A new partition table: GPT, everything on whole mebibytes. */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>
#include <winioctl.h>

#define ALIGN_BYTES ((uint64_t)1 << 20)

static const WCHAR *const partition_names[] = {[IMAGE_ESP] = L"EFI system partition",
                                               [IMAGE_MSR] = L"Microsoft reserved partition",
                                               [IMAGE_WINDOWS] = L"Basic data partition",
                                               [IMAGE_RECOVERY] = L"Recovery partition"};

/* Needed to start, and no letter. */
#define RECOVERY_ATTRIBUTES 0x8000000000000001ull

static bool new_guid(GUID *ret_guid, struct err *err)
{
    int code = uv_random(NULL, NULL, ret_guid, sizeof *ret_guid, 0, NULL);

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HOST_NO_RANDOM, NULL);
    ret_guid->Data3 = (ret_guid->Data3 & 0x0fffu) | 0x4000u; /* version 4: random */
    ret_guid->Data4[0] = (ret_guid->Data4[0] & 0x3fu) | 0x80u;
    return true;
}

static bool make_empty(HANDLE drive, const char *path, struct err *err)
{
    CREATE_DISK table = {.PartitionStyle = PARTITION_STYLE_GPT};
    DWORD code;

    table.Gpt.MaxPartitionCount = WINDOWS_PARTITIONS;
    if (!new_guid(&table.Gpt.DiskId, err))
        return false;
    code = device_control(drive, IOCTL_DISK_CREATE_DISK, &table, sizeof table, NULL, 0, NULL);
    if (!code)
        code = device_control(drive, IOCTL_DISK_UPDATE_PROPERTIES, NULL, 0, NULL, 0, NULL);
    return code == 0 || explain(code, TEXT_DISK_TABLE_WRITE, path, err);
}

/* Fills in entry i at *position, which moves on. */
static bool place(PARTITION_INFORMATION_EX *entry,
                  const struct image_partition *partition,
                  DWORD number,
                  uint64_t end,
                  uint64_t *position,
                  struct err *err)
{
    uint64_t size = partition->size_bytes;

    if (!size)
        size = end > *position ? end - *position : 0;
    size -= size % ALIGN_BYTES;
    if (!size || size > end - *position || partition->role >= IMAGE_OTHER)
        return err_set(err, ERR_BAD_INPUT, TEXT_DISK_TOO_SMALL, TEXT_NUM(number), NULL);
    entry->PartitionStyle = PARTITION_STYLE_GPT;
    entry->StartingOffset.QuadPart = (LONGLONG)*position;
    entry->PartitionLength.QuadPart = (LONGLONG)size;
    entry->PartitionNumber = number;
    entry->RewritePartition = TRUE;
    wcscpy(entry->Gpt.Name, partition_names[partition->role]);
    if (partition->role == IMAGE_RECOVERY)
        entry->Gpt.Attributes = RECOVERY_ATTRIBUTES;
    *position += size;
    return device_role_type(partition->role, &entry->Gpt.PartitionType) &&
           new_guid(&entry->Gpt.PartitionId, err);
}

/* Where partitions may lie, as the empty table says. */
static bool usable(HANDLE drive,
                   const char *path,
                   DRIVE_LAYOUT_INFORMATION_EX *layout,
                   size_t size,
                   uint64_t *ret_begin,
                   uint64_t *ret_end,
                   struct err *err)
{
    DWORD code = device_control(drive, IOCTL_DISK_GET_DRIVE_LAYOUT_EX, NULL, 0, layout, size, NULL);

    if (code || layout->PartitionStyle != PARTITION_STYLE_GPT)
        return explain(code ? code : ERROR_INVALID_DATA, TEXT_DISK_TABLE_READ, path, err);
    *ret_begin = (uint64_t)layout->Gpt.StartingUsableOffset.QuadPart + ALIGN_BYTES - 1;
    *ret_begin -= *ret_begin % ALIGN_BYTES;
    *ret_end =
        (uint64_t)(layout->Gpt.StartingUsableOffset.QuadPart + layout->Gpt.UsableLength.QuadPart);
    *ret_end -= *ret_end % ALIGN_BYTES;
    return true;
}

static bool write_table(HANDLE drive,
                        const char *path,
                        const struct image_partition *partitions,
                        size_t count,
                        struct err *err)
{
    size_t size = offsetof(DRIVE_LAYOUT_INFORMATION_EX, PartitionEntry) +
                  WINDOWS_PARTITIONS * sizeof(PARTITION_INFORMATION_EX);
    DRIVE_LAYOUT_INFORMATION_EX *layout = calloc(1, size);
    uint64_t position = 0, end = 0;
    bool ok;
    DWORD code;

    if (!layout)
        return err_no_memory(err);
    ok = usable(drive, path, layout, size, &position, &end, err);
    if (ok)
        memset(layout->PartitionEntry, 0, WINDOWS_PARTITIONS * sizeof *layout->PartitionEntry);
    for (size_t i = 0; ok && i < count; i++)
        ok = place(&layout->PartitionEntry[i], &partitions[i], (DWORD)i + 1, end, &position, err);
    if (ok) {
        layout->PartitionCount = (DWORD)count;
        code = device_control(drive,
                              IOCTL_DISK_SET_DRIVE_LAYOUT_EX,
                              layout,
                              offsetof(DRIVE_LAYOUT_INFORMATION_EX, PartitionEntry) +
                                  count * sizeof *layout->PartitionEntry,
                              NULL,
                              0,
                              NULL);
        if (!code)
            code = device_control(drive, IOCTL_DISK_UPDATE_PROPERTIES, NULL, 0, NULL, 0, NULL);
        ok = code == 0 || explain(code, TEXT_DISK_TABLE_WRITE, path, err);
    }
    free(layout);
    return ok;
}

bool disk_layout(struct image_port *port,
                 struct image_disk *disk,
                 const struct image_partition *partitions,
                 size_t count,
                 struct err *err)
{
    struct windows_port *windows = (struct windows_port *)port;
    HANDLE drive = INVALID_HANDLE_VALUE;
    bool ok;

    if (disk->access != IMAGE_WRITE)
        return err_set(err, ERR_DENIED, TEXT_DISK_READ_ONLY, disk->path, NULL);
    if (!count || count > IMAGE_PARTITIONS)
        return err_set(err, ERR_BAD_INPUT, TEXT_HOST_LAYOUT_BAD, TEXT_NUM(count), NULL);
    for (size_t i = 0; i + 1 < count; i++)
        if (!partitions[i].size_bytes)
            return err_set(err, ERR_BAD_INPUT, TEXT_HOST_LAYOUT_BAD, TEXT_NUM(i + 1), NULL);
    if (!device_open_drive(disk, &drive, err))
        return false;
    ok = make_empty(drive, disk->path, err) &&
         write_table(drive, disk->path, partitions, count, err);
    CloseHandle(drive);
    ok = ok && device_read_volumes(disk, err);
    for (size_t i = 0; ok && i < disk->count; i++)
        if (disk->volumes[i].role != IMAGE_MSR)
            ok = device_find_volume(windows, &disk->volumes[i], err);
    return ok;
}
