/*
 * The disks of guests as a call sees them: the port that serves them, which of them is a child of
 * which golden parent, and locks, so that never two disks of one family are attached to this
 * computer at a time: they have the same ids, and Windows would change those of the second.
 * Blocking.
 */
#ifndef GPUPV_HOST_DISK_H
#define GPUPV_HOST_DISK_H

#include "host/image/image.h"
#include "host/image/offline.h"
#include "host/many.h"

/* The port of disks: plain folders in the simulation, else the operating system's. Caller frees
 * with image_free. */
bool disk_open_port(struct call *call, struct image_port **ret_port, struct err *err);

/* Locks the family of a disk; *ret_lock is NULL for one without parent. Waits for others. Release
 * with fs_unlock. */
bool disk_lock_family(struct call *call,
                      struct image_port *port,
                      const char *path,
                      struct fs_lock **ret_lock,
                      struct err *err);

/* Locks a family by the id of its first parent. */
bool disk_lock_id(struct call *call, const char *id, struct fs_lock **ret_lock, struct err *err);

/* The disks of all VMs, which may be children of one. */
struct disk_list {
    char (*paths)[FS_PATH_BYTES];
    const char **rows;
    size_t count;
};

/* Fills the list; end with disk_list_done. */
bool disk_list(struct call *call, struct disk_list *list, struct err *err);
void disk_list_done(struct disk_list *list);

/* Refuses unless the VM is off, neither saved nor paused. ERR_CONFLICT. */
bool disk_needs_off(const struct target *target, struct err *err);

/* The Windows of a VM that is off, attached. */
struct disk_session {
    struct image_port *port;
    struct image_disk *disk;
    struct image_volume *volume;
    struct fs_lock *lock;
};

/* Opens it, with every check of offline.h, under the lock of its family. End with disk_close. */
bool disk_open(struct call *call,
               const struct target *target,
               struct disk_session *s,
               struct err *err);

/* Detaches and releases; ok is what the work in between came to: its error stays. Returns whether
 * everything went well. */
bool disk_close(struct disk_session *s, bool ok, struct err *err);

#endif
