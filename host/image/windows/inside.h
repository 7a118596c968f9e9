/*
 * What the parts of the Windows image port share: its state, and one section per part below. UTF-8
 * inside, UTF-16 only on the line of a call. Nothing here needs drive letters, the mount manager's
 * automount, or PowerShell: volumes are reached through the names that the partition manager gives
 * them, files through handles relative to the root of their volume. Private to host/image/windows.
 */
#ifndef GPUPV_IMAGE_WINDOWS_INSIDE_H
#define GPUPV_IMAGE_WINDOWS_INSIDE_H

#include "common/fs_win32.h"
#include "common/utf16.h"
#include "host/image/image.h"

#include <windows.h>

#define WINDOWS_PARTITIONS 128 /* of a GPT as Windows makes it */
#define WINDOWS_NAME_BYTES 96  /* of a device or volume */

/* How long something may take before it counts as stuck. */
struct windows_limits {
    int64_t silence_ms; /* applying an image: nothing heard of it */
    int64_t tool_ms;    /* a program that runs for seconds */
    int64_t volume_ms;  /* a volume that was just made appears */
};

struct windows_port {
    struct image_port base;
    struct windows_limits limits;
    char work[FS_PATH_BYTES]; /* of this port alone; made with the first thing that goes there */
    struct fs_lock *lock;     /* says that work is in use */
};

struct image_volume {
    struct image_disk *disk;
    enum image_role role;
    unsigned number; /* of the partition, from 1 */
    uint64_t offset_bytes, size_bytes;
    char name[WINDOWS_NAME_BYTES]; /* \\?\GLOBALROOT\Device\Harddisk3\Partition1; "" until found */
    HANDLE root;                   /* of its file system; NULL until it is needed */
};

struct image_disk {
    HANDLE handle; /* attached as long as it is open */
    unsigned number;
    enum image_access access;
    char path[FS_PATH_BYTES];
    struct image_volume *volumes;
    size_t count;
};

/* Opens the port with other limits than image_open_system has. */
bool windows_open(const char *work,
                  const struct windows_limits *limits,
                  struct image_port **ret_port,
                  struct err *err);

/* The private folder of this port, made when missing. */
bool windows_work(struct windows_port *port, struct err *err);

/* path as UTF-16, from the root on: libraries do not know our current folder. The caller frees with
 * free(). */
bool windows_full_path(const char *path, uint16_t **ret_wide, struct err *err);

/* The same as UTF-8 into out (FS_PATH_BYTES). */
bool windows_full_name(const char *path, char *out, struct err *err);

/* ---- explain.c: what a code means to the person who reads it ---- */

/* Sets err from a Win32 code or HRESULT, with the hint that belongs to it, if any. what names the
 * object. Returns false. */
bool explain(DWORD code, enum text_id message, const char *what, struct err *err);

/* The same for what was read from a Windows image or ISO: damage is told as such. Returns false. */
bool explain_source(DWORD code, enum text_id message, const char *what, struct err *err);

/* ---- privilege.c ---- */

/* Switches on what attaching, applying and editing need; ERR_DENIED when this process may not. */
bool privilege_enable_all(struct err *err);

/* ---- retry.c: what others hold for a moment ---- */

struct retry {
    unsigned tries;
    DWORD pause_ms;
    int64_t began_ms;
};

/* After a call failed with code: true after a pause when it should be tried again, since an
 * indexer, a virus scanner or the volume manager may hold the thing. Begin with a zeroed retry. */
bool retry_again(struct retry *retry, DWORD code);

/* Waits before looking again for something that takes time to appear; false when deadline_ms have
 * passed. Begin with a zeroed retry. */
bool retry_wait(struct retry *retry, int64_t deadline_ms);

/* ---- library.c: libraries and programs that belong to Windows ---- */

/* Loads a library of the system folder with the named functions (count of them) into functions;
 * ERR_UNSUPPORTED names what is missing. It stays loaded. */
bool library_load(
    const char *name, const char *const *names, size_t count, FARPROC *functions, struct err *err);

/* The path of a program in the system folder; false when there is none. */
bool library_program(const char *name, char out[FS_PATH_BYTES]);

/* ---- device.c: drives, partitions and volumes by their device names ---- */

/* Opens a device; INVALID_HANDLE_VALUE with *ret_code. */
HANDLE device_open(const char *name, DWORD access, DWORD *ret_code);

/* DeviceIoControl; 0 or a Win32 code. ret_bytes may be NULL. */
DWORD device_control(HANDLE device,
                     DWORD control,
                     const void *in,
                     size_t in_bytes,
                     void *out,
                     size_t out_bytes,
                     size_t *ret_bytes);

/* Opens the drive of an attached disk for reading and writing of its table. */
bool device_open_drive(const struct image_disk *disk, HANDLE *ret_drive, struct err *err);

/* The GPT type of a role; false for IMAGE_OTHER. */
bool device_role_type(enum image_role role, GUID *ret_type);

/* Reads the partition table of the disk into its volumes. */
bool device_read_volumes(struct image_disk *disk, struct err *err);

/* Makes sure that a disk attached for writing is online and can be written (servers keep new disks
 * offline). */
bool device_bring_online(struct image_disk *disk, struct err *err);

/* Waits until the volume exists and fills in its name. */
bool device_find_volume(struct windows_port *port, struct image_volume *volume, struct err *err);

/* The name that the mount manager gave a device ("\\?\Volume{...}", no backslash at its end). 0 or
 * a Win32 code. */
DWORD device_volume_guid(const char *name, char out[WINDOWS_NAME_BYTES]);

/* Flushes, locks and dismounts the volume, so that nothing of it is left in memory. Nobody being
 * able to lock it is no error as long as it was flushed. */
bool device_dismount(struct image_volume *volume, struct err *err);

/* ---- virtdisk.c: virtual disk files ---- */

/* Whether virtdisk.dll is there. */
bool virtdisk_check(struct err *err);

struct virtdisk_make {
    const char *path;
    uint64_t size_bytes; /* 0 with a parent or source */
    const char *parent;  /* NULL: none */
    const char *source;  /* NULL: none */
    image_progress progress;
    void *user;
};

/* Makes a dynamic disk; nothing is left behind when it fails. */
bool virtdisk_create(const struct virtdisk_make *make, struct err *err);

/* Attaches a VHDX until ret_handle is closed, without a drive letter; *ret_number is that of
 * \\.\PhysicalDriveN. */
bool virtdisk_attach(const char *path,
                     enum image_access access,
                     HANDLE *ret_handle,
                     unsigned *ret_number,
                     struct err *err);

/* Attaches an ISO, or finds out where it is attached already; *ret_number is that of \\.\CDROMN.
 * Close the handle with virtdisk_release. */
bool virtdisk_attach_iso(
    const char *path, HANDLE *ret_handle, unsigned *ret_number, bool *ret_ours, struct err *err);

/* Detaches (with `attached`) and closes; closes also when detaching fails. */
bool virtdisk_release(HANDLE handle, const char *path, bool attached, struct err *err);

/* Whether the disk at path has a parent. */
bool virtdisk_is_child(const char *path, bool *ret_child, struct err *err);

/* ---- volume.c ---- */

/* The handle of the root of the volume's file system, opened at first use. */
bool volume_root(struct image_port *port,
                 struct image_volume *volume,
                 HANDLE *ret_root,
                 struct err *err);

/* False with ERR_DENIED when the disk was attached for reading. */
bool volume_may_write(const struct image_volume *volume, struct err *err);

/* ---- mount.c: for programs that want a folder ---- */

struct mount {
    char folder[FS_PATH_BYTES]; /* "": none */
};

/* Shows the volume of that device name as a private, empty folder below work. */
bool mount_add(struct windows_port *port,
               const char *name,
               const char *label,
               struct mount *ret_mount,
               struct err *err);

/* Takes the folder away; a mount without one is fine. */
bool mount_remove(struct mount *mount, struct err *err);

/* Takes away every mount that a process which died left below folder. */
void mount_sweep(const char *folder);

/* ---- origin.c: where the image is ---- */

struct origin {
    const struct image_source *from;
    char device[WINDOWS_NAME_BYTES]; /* of the ISO's volume; "" when it is no ISO */
    char file[FS_PATH_BYTES];        /* a full path, or below the ISO's root with backslashes */
    HANDLE iso;                      /* NULL: none */
    bool ours;                       /* we attached it */
};

/* Attaches the ISO where there is one and finds the file. End with origin_close. */
bool origin_open(struct windows_port *port,
                 const struct image_source *from,
                 struct origin *ret_origin,
                 struct err *err);

/* Also for one that origin_open failed on. */
bool origin_close(struct origin *origin, struct err *err);

/* ---- wimgapi.c, dism.c: two ways to apply ---- */

/* What an engine is given: names that it may take or not, see apply.c. */
struct apply {
    struct windows_port *port;
    const struct image_source *from; /* for messages */
    char file[FS_PATH_BYTES];        /* the WIM */
    char root[FS_PATH_BYTES];        /* where to, with a backslash at its end */
    image_progress progress;
    void *user;
};

/* Whether wimgapi.dll or dism.exe is there. */
bool wimgapi_check(struct err *err);
bool dism_check(struct err *err);

/* How an engine failed. */
enum apply_failure {
    APPLY_FOR_GOOD, /* the image, the disk, or somebody who cancelled */
    APPLY_NAMES,    /* at once, as if it did not like the names: others may do */
    APPLY_ENGINE    /* it does not work on this computer: the other one may do */
};

/* Applies through wimgapi.dll, or dism.exe. */
bool wimgapi_apply(const struct apply *apply, enum apply_failure *ret_failure, struct err *err);
bool dism_apply(const struct apply *apply, enum apply_failure *ret_failure, struct err *err);

/* ---- access_list.c ---- */

/* A security descriptor for something new; the caller frees with LocalFree. */
bool access_list(enum image_acl acl, PSECURITY_DESCRIPTOR *ret_descriptor, struct err *err);

/* ---- tree.c, tree_write.c: the files of a volume ---- */

/* A component of a name, opened; INVALID_HANDLE_VALUE when there is none. */
struct tree_place {
    HANDLE folder; /* close with tree_leave */
    bool is_root;  /* folder belongs to the volume */
    char leaf[FS_NAME_BYTES];
    uint16_t leaf16[FS_NAME_BYTES];
};

/* Opens the folder that name is in. A missing one is true with folder INVALID_HANDLE_VALUE. */
bool tree_enter(struct image_port *port,
                struct image_volume *volume,
                const char *name,
                struct tree_place *ret_place,
                struct err *err);

/* Also for a place that was not entered, when it began zeroed. */
void tree_leave(struct tree_place *place);

/* Opens what is at the place, never following a link; INVALID_HANDLE_VALUE with *ret_code.
 * descriptor is for what is made, NULL otherwise. */
HANDLE tree_open(const struct tree_place *place,
                 ACCESS_MASK access,
                 ULONG disposition,
                 ULONG options,
                 PSECURITY_DESCRIPTOR descriptor,
                 DWORD *ret_code);

/* tree_write.c */
bool tree_put(struct image_port *port,
              struct image_volume *volume,
              const char *name,
              const void *data,
              size_t length,
              enum image_acl acl,
              struct err *err);
bool tree_put_file(struct image_port *port,
                   struct image_volume *volume,
                   const char *name,
                   const char *source,
                   enum image_acl acl,
                   struct err *err);

/* ---- tables of the port ---- */

/* copy.c */
bool file_copy(struct image_port *port,
               const char *path,
               const char *source,
               bool instant,
               image_progress progress,
               void *user,
               struct err *err);

/* layout.c */
bool disk_layout(struct image_port *port,
                 struct image_disk *disk,
                 const struct image_partition *partitions,
                 size_t count,
                 struct err *err);

/* format.c; and whether a way to format is there */
bool volume_format(struct image_port *port,
                   struct image_volume *volume,
                   enum image_fs fs,
                   const char *label,
                   struct err *err);
bool volume_format_check(struct err *err);

/* boot.c; and whether bcdboot.exe is there */
bool boot_install(struct image_port *port,
                  struct image_volume *windows,
                  struct image_volume *esp,
                  const struct image_boot *boot,
                  struct err *err);
bool boot_check(struct err *err);

extern const struct image_file_ops windows_file_ops;
extern const struct image_disk_ops windows_disk_ops;
extern const struct image_volume_ops windows_volume_ops;
extern const struct image_apply_ops windows_apply_ops;
extern const struct image_tree_ops windows_tree_ops;

#endif
