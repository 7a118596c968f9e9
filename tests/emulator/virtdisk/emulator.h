/* virtdisk.dll for programs under Wine: makes real VHDX files, attaches them as drives whose
 * volumes are folders of the prefix (disks.h), and takes the place of those functions of the
 * program through which drives, volumes and mounted folders are reached. It refuses what Windows
 * refuses (README.md names the sources) and writes down each call in C:\emulator\image.log; what a
 * program leaves open when it ends stands there as LEAK.
 *
 * Handles that it gives out are real ones, which only it knows the meaning of (object.c). */
#ifndef GPUPV_TESTS_VIRTDISK_EMULATOR_H
#define GPUPV_TESTS_VIRTDISK_EMULATOR_H

#include "disks.h"

#include <ntstatus.h>
#include <virtdisk.h>
#include <winternl.h>

#include "../common/hook.h"

/* Windows 10's; not in every header. */
#define VENDOR_MICROSOFT_ID                                                                        \
    {                                                                                              \
        0xEC984AEC, 0xA0F9, 0x47e9,                                                                \
        {                                                                                          \
            0x90, 0x1F, 0x71, 0x41, 0x5A, 0x66, 0x34, 0x5B                                         \
        }                                                                                          \
    }

/* ---- object.c ---- */

enum object_kind {
    OBJECT_NONE,
    OBJECT_DISK,   /* of OpenVirtualDisk and CreateVirtualDisk */
    OBJECT_DRIVE,  /* \\.\PhysicalDriveN */
    OBJECT_DEVICE, /* a volume without its file system */
    OBJECT_FILE    /* a file or folder of a volume, its root too */
};

/* A copy that CreateVirtualDisk makes while its caller waits. */
struct copying;

struct object {
    enum object_kind kind;
    HANDLE handle;
    wchar_t path[DISKS_PATH];  /* OBJECT_DISK */
    bool is_iso, is_read_only; /* OBJECT_DISK */
    bool is_info_only, can_attach;
    bool is_attached;          /* OBJECT_DISK: by this handle */
    struct attached attached;  /* OBJECT_DISK when attached; of which disk the others are */
    struct volume_name volume; /* OBJECT_DEVICE, OBJECT_FILE */
    bool may_write;
    bool is_flushed, is_locked; /* OBJECT_DEVICE */
    struct copying *copying;
};

/* Remembers a handle; the caller fills in the rest. NULL: too many. */
struct object *object_add(enum object_kind kind, HANDLE handle);

/* NULL: not ours. */
struct object *object_find(HANDLE handle);

/* Forgets it. */
void object_remove(struct object *object);

/* A handle that stands for nothing but itself. */
HANDLE object_handle(void);

/* How many open objects of that kind belong to an attached disk (partition 0: to any volume). */
unsigned object_count(enum object_kind kind, const struct attached *disk, DWORD partition);

/* Whether files of a writable volume were changed since it was dismounted. */
void object_touch(const struct attached *disk, DWORD partition, bool touched);
bool object_is_touched(const struct attached *disk);

/* Writes LEAK lines for what is open. */
void object_report(void);

/* An export of our own, for tests that live on after a failure: how much is open or mounted. */
DWORD WINAPI emu_open_count(void);

/* ---- the hooks, one table a subject ---- */

extern const struct hook device_hooks[];
extern const size_t device_hook_count;
extern const struct hook file_hooks[];
extern const size_t file_hook_count;
extern const struct hook mount_hooks[];
extern const size_t mount_hook_count;
extern const struct hook host_hooks[];
extern const size_t host_hook_count;

/* device.c: opens a drive or the device of a volume. INVALID_HANDLE_VALUE and the last error. */
HANDLE device_create(const wchar_t *path, DWORD access);

/* True for the names that device_create takes. */
bool device_is_name(const wchar_t *path);

/* create.c: waits for the copy of an object to end, and frees; closing a handle does it. */
void copying_end(struct object *object);

/* Asks it to end early; false: no copy is running. */
bool copying_cancel(struct object *object);

/* virtdisk.c: detaches what the object has attached. */
void disk_detach(struct object *object);

/* virtdisk.c, create.c: the exports. */
DWORD WINAPI emu_progress(HANDLE disk, OVERLAPPED *overlapped, VIRTUAL_DISK_PROGRESS *progress);
DWORD WINAPI emu_create(VIRTUAL_STORAGE_TYPE *type,
                        const WCHAR *path,
                        VIRTUAL_DISK_ACCESS_MASK access,
                        PSECURITY_DESCRIPTOR security,
                        CREATE_VIRTUAL_DISK_FLAG flags,
                        ULONG provider_flags,
                        CREATE_VIRTUAL_DISK_PARAMETERS *parameters,
                        OVERLAPPED *overlapped,
                        HANDLE *ret_handle);
DWORD WINAPI emu_open(VIRTUAL_STORAGE_TYPE *type,
                      const WCHAR *path,
                      VIRTUAL_DISK_ACCESS_MASK access,
                      OPEN_VIRTUAL_DISK_FLAG flags,
                      OPEN_VIRTUAL_DISK_PARAMETERS *parameters,
                      HANDLE *ret_handle);
DWORD WINAPI emu_attach(HANDLE disk,
                        PSECURITY_DESCRIPTOR security,
                        ATTACH_VIRTUAL_DISK_FLAG flags,
                        ULONG provider_flags,
                        ATTACH_VIRTUAL_DISK_PARAMETERS *parameters,
                        OVERLAPPED *overlapped);
DWORD WINAPI emu_detach(HANDLE disk, DETACH_VIRTUAL_DISK_FLAG flags, ULONG provider_flags);
DWORD WINAPI emu_physical_path(HANDLE disk, ULONG *size_bytes, WCHAR *out);
DWORD WINAPI emu_information(HANDLE disk,
                             ULONG *size_bytes,
                             GET_VIRTUAL_DISK_INFO *info,
                             ULONG *used_bytes);

/* Sets the last error and returns FALSE. */
BOOL fail(DWORD code);

/* The full path, without prefix; false when it is none that virtdisk takes. */
bool full_path(const wchar_t *path, wchar_t ret_path[DISKS_PATH]);

#endif
