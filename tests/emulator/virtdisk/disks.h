/* What the emulators of disks and their tools share, across DLLs and processes: which disks are
 * attached, which folder holds the files of which volume, which folder shows a volume.
 *
 * A disk is a real VHDX file with a real partition table and the first sectors of its file systems.
 * The files of a volume lie in a folder of the prefix, C:\emulator\volumes\<serial>, named after
 * the serial number in its first sector; a volume that came into being by copying a disk gets its
 * own folder when it is attached for writing. The files of an ISO lie beside it in <iso>.tree,
 * which the test unpacks.
 *
 * State in the registry, below HKLM\Software\gpupv-emulator:
 *   image             what tests set, see README.md
 *   image\fault       Name = code, TimesName = how often: function Name fails
 *   image\attached    (volatile) disk<n>, iso<n>: struct attached
 *   image\mounts      (volatile) folder = device name of the volume that it shows
 *   image\volumes     serial = path of the disk that it belongs to */
#ifndef GPUPV_TESTS_DISKS_H
#define GPUPV_TESTS_DISKS_H

#include "common/err.h"
#include "host/image/gpt.h"

#include <windows.h>
#include <stdbool.h>
#include <stdint.h>

#include "../common/state.h"

enum { DISKS_MAX = 24, DISKS_PATH = 320 };

struct attached {
    wchar_t path[DISKS_PATH];
    DWORD pid;
    DWORD number; /* of PhysicalDrive<n> or CDROM<n> */
    BOOL is_iso, is_read_only;
    BOOL is_bypassed;                 /* writes although the policy forbids them */
    BOOL is_offline, is_write_locked; /* attributes of the drive */
    uint64_t laid_out_ms;             /* when the partitions came to be */
};

/* Counts and logs a call; 0, or the code with which it has to fail. */
DWORD disks_call(const char *name, const char *format, ...) GPUPV_PRINTF(2, 3);

/* A setting of the test. */
DWORD disks_setting(const char *name, DWORD otherwise);

/* Whether a privilege is switched on in this process. */
bool disks_privilege(const wchar_t *name);

/* Whether nobody may write to the disk: read-only, locked, or forbidden by the policy about drives
 * without BitLocker. */
bool disks_protected(const struct attached *disk);

/* ---- attached disks ---- */

/* The attached disk or ISO of that number; false: none, or its process died. */
bool disks_get(bool is_iso, DWORD number, struct attached *ret_disk);

/* Where a file is attached. */
bool disks_find(const wchar_t *path, struct attached *ret_disk);

/* Gives the disk a number and keeps it; false: too many. */
bool disks_add(struct attached *disk);
void disks_set(const struct attached *disk);
void disks_remove(const struct attached *disk);

/* Reads the partition table; false: none. */
bool disks_table(const struct attached *disk, struct gpt *ret_table);

/* ---- names of volumes ---- */

enum naming { NAMING_DEVICE, NAMING_LINK, NAMING_GUID };

struct volume_name {
    enum naming naming;
    bool is_iso;
    DWORD number, partition; /* partition from 1, 0 for an ISO */
    const wchar_t *rest;     /* behind the name: "", "\", "\a\b" */
};

/* Takes the name of a volume apart, in any of its forms; false: it is none. */
bool volume_name_parse(const wchar_t *path, struct volume_name *ret_name);

/* "\\?\Volume{...}\" of a volume. */
void volume_name_guid(const struct volume_name *name, wchar_t ret_guid[64]);

/* The volume of a name: 0, or the Win32 code of opening it. */
DWORD volume_find(const struct volume_name *name, struct attached *ret_disk);

/* The folder with its files; 0, or the Win32 code (1005: no file system). */
DWORD volume_folder(const struct volume_name *name, wchar_t ret_folder[DISKS_PATH]);

/* Turns any path that leads into a volume, by its name or through a folder that shows it, into one
 * of the prefix; other paths are copied. 0 or a Win32 code. */
DWORD volume_translate(const wchar_t *path, wchar_t ret_path[DISKS_PATH]);

/* Writes an empty file system: first sectors into the disk, an empty folder for the files. 0 or a
 * Win32 code. */
DWORD volume_make(const struct volume_name *name, bool is_ntfs);

/* Gives volumes that were copied with their disk folders of their own. 0 or a Win32 code. */
DWORD volumes_settle(const struct attached *disk);

/* Reads and writes sectors of a disk file through its chain. 0 or a Win32 code. */
DWORD disk_read(const wchar_t *path, uint64_t position, void *data, size_t size);
DWORD disk_write(const wchar_t *path, uint64_t position, const void *data, size_t size);

/* The Win32 code that is nearest to err. */
DWORD disks_code(const struct err *err);

/* Copies a folder with everything below; 0 or a Win32 code. told may be NULL: is called for each
 * entry and cancels with false. */
DWORD copy_folder(const wchar_t *from,
                  const wchar_t *to,
                  bool (*told)(const wchar_t *path, void *user),
                  void *user);

/* ---- folders that show volumes ---- */

bool mounts_get(const wchar_t *folder, wchar_t ret_volume[64]);
void mounts_set(const wchar_t *folder, const wchar_t *volume); /* NULL: none any more */

/* Whether any folder shows a volume of the disk. */
bool mounts_any(const struct attached *disk);

#endif
