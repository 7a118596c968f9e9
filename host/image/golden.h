/*
 * Golden parents: disks with an applied Windows and the agent's program, of which the disks of VMs
 * are children, so that a second VM needs no second apply. They hold nothing of a VM (no key,
 * profile, answer file, password or GPU driver), are never started and never written again: marked
 * read-only, and verified by their id before each use. One is found by what it was made of: the
 * image, the edition, the size of the disk and our own version of all this.
 *
 * A folder keeps one record per parent (<key>.json), the journal of one that is being made
 * (<key>.steps), a lock, and the disks unless they lie elsewhere. A child is on record before it is
 * made; children that are gone are forgotten. Removing a parent that has children is refused.
 * Blocking; several processes may work on one folder.
 */
#ifndef GPUPV_GOLDEN_H
#define GPUPV_GOLDEN_H

#include "host/image/build.h"

#define GOLDEN_KEY_BYTES  17
#define GOLDEN_TEXT_BYTES 256
#define GOLDEN_CHILDREN   1024
#define GOLDEN_SUFFIX     ".vhdx"

/* What a parent is made of. */
struct golden_origin {
    char image[IMAGE_ID_BYTES]; /* the id in the header of the Windows image */
    uint64_t file_bytes;        /* of the file that holds it */
    int64_t file_modified_ms;
    unsigned index;
    char edition[GOLDEN_TEXT_BYTES];
    unsigned build, revision;
    uint32_t size_gb; /* of the disk */
};

struct golden {
    char key[GOLDEN_KEY_BYTES];
    char disk[FS_PATH_BYTES];
    char id[IMAGE_ID_BYTES]; /* that the disk must still have */
    char source[FS_PATH_BYTES];
    char name[GOLDEN_TEXT_BYTES]; /* "Windows 11 Pro" */
    struct golden_origin origin;
    int64_t made_ms; /* Unix time */
    size_t child_count;
    char (*children)[FS_PATH_BYTES];
};

/* The key of what a parent is made of; out: GOLDEN_KEY_BYTES. */
bool golden_key(const struct golden_origin *origin, char *out, struct err *err);

/* Frees what the functions below put into *golden. */
void golden_done(struct golden *golden);

/* One parent; ERR_NOT_FOUND. End with golden_done. */
bool golden_load(const char *folder, const char *key, struct golden *ret_golden, struct err *err);

/* All of them; a record that cannot be read is left out. Caller frees each with golden_done, then
 * the array. */
bool golden_list(const char *folder, struct golden **ret_list, size_t *ret_count, struct err *err);

/* Fails unless the disk is there and was not changed. ERR_CONFLICT. */
bool golden_verify(struct image_port *port, const struct golden *golden, struct err *err);

/* Makes the parent unless it stands already (then verifies it): request, whose path is set to
 * golden->disk, says how; golden says everything but id, time and children, which are filled in.
 * Somebody else who makes the same one is waited for. What a death left is taken back first. */
bool golden_make(struct image_port *port,
                 const char *folder,
                 struct golden *golden,
                 struct build_request *request,
                 const struct build_watch *watch,
                 struct err *err);

/* Makes a disk at path from the parent: a copy that shares its blocks where the file system can
 * (*ret_child false), else a child. */
bool golden_child(struct image_port *port,
                  const char *folder,
                  const char *key,
                  const char *path,
                  bool *ret_child,
                  struct err *err);

/* The child at path is gone, or stands alone now; true when it is no child of any. */
bool golden_forget(const char *folder, const char *path, struct err *err);

/* Drops the children that are gone from *golden. One that cannot be read counts as there. */
void golden_prune(struct image_port *port, struct golden *golden);

/* Deletes a parent without children. ERR_BUSY names one. */
bool golden_remove(struct image_port *port, const char *folder, const char *key, struct err *err);

/* Takes away what makings that died left, and disks that no record names; told (may be NULL) is
 * called with each. One that is being made is left alone. */
bool golden_clean(struct image_port *port,
                  const char *folder,
                  void (*told)(const char *disk, void *user),
                  void *user,
                  struct err *err);

#endif
