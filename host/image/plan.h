/*
 * What goes into a volume that holds Windows, as one list that is checked whole before anything is
 * written: folders, files of this computer, bytes from memory, changes of the registry, and what is
 * to be removed. The same plan serves a new disk, the disk of a VM that is off, and the simulation.
 *
 * Nothing that Windows or a person put there is replaced, unless the item says so; only below
 * HostDriverStore, which no Windows ships, it always may. Files are written one by one, each whole
 * or not at all, in the order of the list, so the caller puts last what makes the rest count (the
 * key, then the registry). Hives are edited in memory from what is on the volume, with their logs
 * looked at. Applying a plan again is fine. Blocking; one thread.
 *
 * Bytes given to the plan are copied and wiped when it is freed.
 */
#ifndef GPUPV_PLAN_H
#define GPUPV_PLAN_H

#include "host/image/hive.h"
#include "host/image/image.h"

#define PLAN_SYSTEM   "Windows/System32/config/SYSTEM"
#define PLAN_SOFTWARE "Windows/System32/config/SOFTWARE"
#define PLAN_DRIVERS  "Windows/System32/HostDriverStore"

enum plan_flag {
    PLAN_REPLACE = 1 << 0 /* takes the place of what is there, whoever put it there */
};

struct plan;
struct plan_hive; /* changes of one hive; owned by its plan */

/* Makes an empty plan. The caller frees with plan_free. */
bool plan_new(struct plan **ret_plan, struct err *err);

/* NULL is fine. */
void plan_free(struct plan *plan);

/* A folder; one that is there gets the access list too, unless it is IMAGE_ACL_INHERIT. */
bool plan_folder(struct plan *plan, const char *name, enum image_acl acl, struct err *err);

/* A file with the content of one of this computer; its folder must be there or in the plan. */
bool plan_file(struct plan *plan,
               const char *name,
               const char *source,
               enum image_acl acl,
               unsigned flags,
               struct err *err);

/* A file with these bytes. */
bool plan_data(struct plan *plan,
               const char *name,
               const void *data,
               size_t length,
               enum image_acl acl,
               unsigned flags,
               struct err *err);

/* Removes a file or a whole folder; a missing one is fine. */
bool plan_remove(struct plan *plan, const char *name, struct err *err);

/* The changes of a hive of the volume; the first call puts it at the end of the list. */
bool plan_hive(struct plan *plan, const char *name, struct plan_hive **ret_hive, struct err *err);

/* Values; keys are made when missing. A key that begins with "CurrentControlSet\\" is that of the
 * control set which Windows starts with. */
bool plan_set_dword(
    struct plan_hive *hive, const char *key, const char *name, uint32_t number, struct err *err);
bool plan_set_text(struct plan_hive *hive,
                   const char *key,
                   const char *name,
                   enum hive_type type,
                   const char *text,
                   struct err *err);
bool plan_set_binary(struct plan_hive *hive,
                     const char *key,
                     const char *name,
                     const void *data,
                     size_t length,
                     struct err *err);

/* Removes a key with what is in it; a missing one is fine. */
bool plan_remove_key(struct plan_hive *hive, const char *key, struct err *err);

/* Checks the whole plan against the volume: what would be replaced, what is missing, hives that
 * cannot be changed, space. Writes nothing. ERR_EXISTS, ERR_NOT_FOUND, ERR_CONFLICT, ERR_NO_SPACE.
 */
bool plan_check(struct plan *plan,
                struct image_port *port,
                struct image_volume *volume,
                struct err *err);

/* Checks and then does it; progress may be NULL, cancelling leaves what was written. */
bool plan_apply(struct plan *plan,
                struct image_port *port,
                struct image_volume *volume,
                image_progress progress,
                void *user,
                struct err *err);

#endif
