/* Drives and volumes by the names that the system gives them itself, whatever the mount manager was
 * told: the partition manager links every partition as \Device\HarddiskN\PartitionM. */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winioctl.h>

/* winioctl.h of mingw-w64 10 has neither these two nor their structure. */
#define CONTROL_GET_DISK_ATTRIBUTES                                                                \
    CTL_CODE(IOCTL_DISK_BASE, 0x3c, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define CONTROL_SET_DISK_ATTRIBUTES                                                                \
    CTL_CODE(IOCTL_DISK_BASE, 0x3d, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
#define DISK_IS_OFFLINE   0x1u
#define DISK_IS_READ_ONLY 0x2u

#define DRIVES_MAX  128 /* looked at for a twin */
#define TYPE_DATA   0x07
#define TYPE_HIDDEN 0x27
#define TYPE_EFI    0xEF

struct disk_attributes {
    DWORD version, reserved;
    uint64_t attributes;
};

struct disk_attributes_change {
    DWORD version;
    BYTE persist, reserved[3];
    uint64_t attributes, mask;
    DWORD reserved2[4];
};

_Static_assert(sizeof(struct disk_attributes) == 16, "GET_DISK_ATTRIBUTES");
_Static_assert(sizeof(struct disk_attributes_change) == 40, "SET_DISK_ATTRIBUTES");

static const struct {
    GUID type;
    enum image_role role;
} gpt_roles[] = {
    {{0xC12A7328, 0xF81F, 0x11D2, {0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B}}, IMAGE_ESP},
    {{0xE3C9E316, 0x0B5C, 0x4DB8, {0x81, 0x7D, 0xF9, 0x2D, 0xF0, 0x02, 0x15, 0xAE}}, IMAGE_MSR},
    {{0xEBD0A0A2, 0xB9E5, 0x4433, {0x87, 0xC0, 0x68, 0xB6, 0xB7, 0x26, 0x99, 0xC7}}, IMAGE_WINDOWS},
    {{0xDE94BBA4, 0x06D1, 0x4D40, {0xA1, 0x6A, 0xBF, 0xD5, 0x01, 0x79, 0xD6, 0xAC}},
     IMAGE_RECOVERY},
};

HANDLE device_open(const char *name, DWORD access, DWORD *ret_code)
{
    uint16_t *name16 = NULL;
    HANDLE device;

    *ret_code = ERROR_NOT_ENOUGH_MEMORY;
    if (!utf16_from_utf8(name, &name16, NULL))
        return INVALID_HANDLE_VALUE;
    device = CreateFileW((const WCHAR *)name16,
                         access,
                         FILE_SHARE_READ | FILE_SHARE_WRITE,
                         NULL,
                         OPEN_EXISTING,
                         FILE_ATTRIBUTE_NORMAL,
                         NULL);
    *ret_code = device == INVALID_HANDLE_VALUE ? GetLastError() : 0;
    free(name16);
    return device;
}

DWORD device_control(HANDLE device,
                     DWORD control,
                     const void *in,
                     size_t in_bytes,
                     void *out,
                     size_t out_bytes,
                     size_t *ret_bytes)
{
    DWORD got = 0;
    void *copy = NULL;
    DWORD code = 0;

    /* the call takes what it only reads as not const */
    if (in_bytes) {
        copy = malloc(in_bytes);
        if (!copy)
            return ERROR_NOT_ENOUGH_MEMORY;
        memcpy(copy, in, in_bytes);
    }
    if (!DeviceIoControl(device, control, copy, (DWORD)in_bytes, out, (DWORD)out_bytes, &got, NULL))
        code = GetLastError();
    free(copy);
    if (!code && ret_bytes)
        *ret_bytes = got;
    return code;
}

static HANDLE open_drive(unsigned number, DWORD access, DWORD *ret_code)
{
    char name[WINDOWS_NAME_BYTES];

    snprintf(name, sizeof name, "\\\\.\\PhysicalDrive%u", number);
    return device_open(name, access, ret_code);
}

bool device_open_drive(const struct image_disk *disk, HANDLE *ret_drive, struct err *err)
{
    struct retry retry = {0};
    DWORD code;

    do {
        *ret_drive = open_drive(disk->number, GENERIC_READ | GENERIC_WRITE, &code);
    } while (*ret_drive == INVALID_HANDLE_VALUE && retry_again(&retry, code));
    return *ret_drive != INVALID_HANDLE_VALUE || explain(code, TEXT_DISK_DRIVE, disk->path, err);
}

/* The partition table of a drive; the caller frees *ret_layout. 0 or a Win32 code. */
static DWORD read_layout(HANDLE drive, DRIVE_LAYOUT_INFORMATION_EX **ret_layout)
{
    size_t size = offsetof(DRIVE_LAYOUT_INFORMATION_EX, PartitionEntry) +
                  WINDOWS_PARTITIONS * sizeof(PARTITION_INFORMATION_EX);
    DRIVE_LAYOUT_INFORMATION_EX *layout = calloc(1, size);
    DWORD code;

    if (!layout)
        return ERROR_NOT_ENOUGH_MEMORY;
    code = device_control(drive, IOCTL_DISK_GET_DRIVE_LAYOUT_EX, NULL, 0, layout, size, NULL);
    if (!code && layout->PartitionCount > WINDOWS_PARTITIONS)
        code = ERROR_INVALID_DATA;
    if (code)
        free(layout);
    else
        *ret_layout = layout;
    return code;
}

static enum image_role role_of(const PARTITION_INFORMATION_EX *entry)
{
    if (entry->PartitionStyle == PARTITION_STYLE_MBR) {
        switch (entry->Mbr.PartitionType) {
        case TYPE_DATA:
            return IMAGE_WINDOWS;
        case TYPE_HIDDEN:
            return IMAGE_RECOVERY;
        case TYPE_EFI:
            return IMAGE_ESP;
        default:
            return IMAGE_OTHER;
        }
    }
    for (size_t i = 0; i < sizeof gpt_roles / sizeof *gpt_roles; i++)
        if (!memcmp(&entry->Gpt.PartitionType, &gpt_roles[i].type, sizeof(GUID)))
            return gpt_roles[i].role;
    return IMAGE_OTHER;
}

bool device_role_type(enum image_role role, GUID *ret_type)
{
    for (size_t i = 0; i < sizeof gpt_roles / sizeof *gpt_roles; i++)
        if (gpt_roles[i].role == role) {
            *ret_type = gpt_roles[i].type;
            return true;
        }
    return false;
}

bool device_read_volumes(struct image_disk *disk, struct err *err)
{
    DRIVE_LAYOUT_INFORMATION_EX *layout = NULL;
    struct image_volume *volumes = NULL;
    HANDLE drive = INVALID_HANDLE_VALUE;
    size_t count = 0;
    DWORD code;

    drive = open_drive(disk->number, GENERIC_READ, &code);
    if (drive == INVALID_HANDLE_VALUE)
        return explain(code, TEXT_DISK_DRIVE, disk->path, err);
    code = read_layout(drive, &layout);
    CloseHandle(drive);
    if (code)
        return explain(code, TEXT_DISK_TABLE_READ, disk->path, err);
    volumes = calloc(layout->PartitionCount + 1, sizeof *volumes);
    for (DWORD i = 0; volumes && i < layout->PartitionCount; i++) {
        const PARTITION_INFORMATION_EX *entry = &layout->PartitionEntry[i];

        if (!entry->PartitionNumber) /* an unused or extended entry of an MBR */
            continue;
        volumes[count].disk = disk;
        volumes[count].role = role_of(entry);
        volumes[count].number = entry->PartitionNumber;
        volumes[count].offset_bytes = (uint64_t)entry->StartingOffset.QuadPart;
        volumes[count].size_bytes = (uint64_t)entry->PartitionLength.QuadPart;
        count++;
    }
    free(layout);
    if (!volumes)
        return err_no_memory(err);
    free(disk->volumes);
    disk->volumes = volumes;
    disk->count = count;
    return true;
}

/* True when another drive has the same GPT id: a disk of the same family, which keeps ours offline.
 * Bringing it online would give it a new id, and its Windows would not start any more. */
static bool has_twin(unsigned number, const GUID *id)
{
    for (unsigned i = 0; i < DRIVES_MAX; i++) {
        DRIVE_LAYOUT_INFORMATION_EX *layout = NULL;
        HANDLE drive;
        bool same;
        DWORD code;

        if (i == number)
            continue;
        drive = open_drive(i, GENERIC_READ, &code);
        if (drive == INVALID_HANDLE_VALUE)
            continue;
        same = !read_layout(drive, &layout) && layout->PartitionStyle == PARTITION_STYLE_GPT &&
               !memcmp(&layout->Gpt.DiskId, id, sizeof *id);
        free(layout);
        CloseHandle(drive);
        if (same)
            return true;
    }
    return false;
}

static bool check_twin(const struct image_disk *disk, HANDLE drive, struct err *err)
{
    DRIVE_LAYOUT_INFORMATION_EX *layout = NULL;
    bool twin;

    if (read_layout(drive, &layout))
        return true; /* not even a table: nothing to collide */
    twin = layout->PartitionStyle == PARTITION_STYLE_GPT &&
           has_twin(disk->number, &layout->Gpt.DiskId);
    free(layout);
    if (!twin)
        return true;
    err_set(err, ERR_BUSY, TEXT_DISK_TWIN, disk->path, NULL);
    return err_hint(err, TEXT_DISK_HINT_TWIN);
}

bool device_bring_online(struct image_disk *disk, struct err *err)
{
    struct disk_attributes_change change = {.version = sizeof change};
    struct disk_attributes found = {0};
    HANDLE drive = INVALID_HANDLE_VALUE;
    bool ok = false;
    DWORD code;

    if (!device_open_drive(disk, &drive, err))
        return false;
    code = device_control(drive, CONTROL_GET_DISK_ATTRIBUTES, NULL, 0, &found, sizeof found, NULL);
    if (code) {
        explain(code, TEXT_DISK_ONLINE, disk->path, err);
        goto out;
    }
    change.mask = found.attributes & DISK_IS_OFFLINE;
    if (disk->access == IMAGE_WRITE)
        change.mask |= found.attributes & DISK_IS_READ_ONLY;
    if (!change.mask) {
        ok = true;
        goto out;
    }
    if ((change.mask & DISK_IS_OFFLINE) && !check_twin(disk, drive, err))
        goto out;
    code =
        device_control(drive, CONTROL_SET_DISK_ATTRIBUTES, &change, sizeof change, NULL, 0, NULL);
    if (!code)
        code = device_control(drive, IOCTL_DISK_UPDATE_PROPERTIES, NULL, 0, NULL, 0, NULL);
    ok = code == 0 || explain(code, TEXT_DISK_ONLINE, disk->path, err);

out:
    CloseHandle(drive);
    return ok;
}

/* The names of a partition: that of the NT device, and the link to it that Win32 has [probe: both
 * exist for partitions of a virtual disk]. */
static bool volume_name(const struct image_volume *volume, unsigned form, char *out, size_t size)
{
    switch (form) {
    case 0:
        snprintf(out,
                 size,
                 "\\\\?\\GLOBALROOT\\Device\\Harddisk%u\\Partition%u",
                 volume->disk->number,
                 volume->number);
        return true;
    case 1:
        snprintf(out, size, "\\\\?\\Harddisk%uPartition%u", volume->disk->number, volume->number);
        return true;
    default:
        return false;
    }
}

/* Volumes that nobody gave a letter or folder stay offline where automount is off. */
static void bring_volume_online(const char *name)
{
    DWORD code;
    HANDLE device = device_open(name, GENERIC_READ | GENERIC_WRITE, &code);

    if (device == INVALID_HANDLE_VALUE)
        return;
    device_control(device, IOCTL_VOLUME_ONLINE, NULL, 0, NULL, 0, NULL);
    CloseHandle(device);
}

bool device_find_volume(struct windows_port *port, struct image_volume *volume, struct err *err)
{
    struct retry retry = {0};
    char name[WINDOWS_NAME_BYTES];
    DWORD code = ERROR_FILE_NOT_FOUND;

    if (*volume->name)
        return true;
    do {
        for (unsigned form = 0; volume_name(volume, form, name, sizeof name); form++) {
            HANDLE device = device_open(name, FILE_READ_ATTRIBUTES, &code);

            if (device == INVALID_HANDLE_VALUE)
                continue;
            CloseHandle(device);
            bring_volume_online(name);
            text_copy(volume->name, sizeof volume->name, name);
            return true;
        }
    } while (retry_wait(&retry, port->limits.volume_ms));
    return explain(code, TEXT_DISK_VOLUME_MISSING, volume->disk->path, err);
}

DWORD device_volume_guid(const char *name, char out[WINDOWS_NAME_BYTES])
{
    char root[WINDOWS_NAME_BYTES + 1];
    WCHAR guid16[WINDOWS_NAME_BYTES];
    uint16_t *root16 = NULL;
    size_t length;
    DWORD code = 0;

    snprintf(root, sizeof root, "%s\\", name);
    if (!utf16_from_utf8(root, &root16, NULL))
        return ERROR_NOT_ENOUGH_MEMORY;
    if (!GetVolumeNameForVolumeMountPointW((const WCHAR *)root16, guid16, WINDOWS_NAME_BYTES))
        code = GetLastError();
    free(root16);
    if (!code && !utf16_to_utf8_into(guid16, wcslen(guid16), out, WINDOWS_NAME_BYTES))
        code = ERROR_INVALID_NAME;
    length = code ? 0 : strlen(out);
    if (length && out[length - 1] == '\\')
        out[length - 1] = 0;
    return code;
}

bool device_dismount(struct image_volume *volume, struct err *err)
{
    struct retry retry = {0};
    HANDLE device;
    DWORD code;

    device = device_open(volume->name, GENERIC_READ | GENERIC_WRITE, &code);
    if (device == INVALID_HANDLE_VALUE)
        return explain(code, TEXT_DISK_FLUSH, volume->disk->path, err);
    if (!FlushFileBuffers(device)) {
        code = GetLastError();
        CloseHandle(device);
        return explain(code, TEXT_DISK_FLUSH, volume->disk->path, err);
    }
    do {
        code = device_control(device, FSCTL_LOCK_VOLUME, NULL, 0, NULL, 0, NULL);
    } while (code && retry_again(&retry, code));
    /* also without the lock: whoever still has a file open there loses it, as with the disk */
    code = device_control(device, FSCTL_DISMOUNT_VOLUME, NULL, 0, NULL, 0, NULL);
    CloseHandle(device);
    return code == 0 || explain(code, TEXT_DISK_FLUSH, volume->disk->path, err);
}
