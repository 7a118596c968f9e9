/*
 * The records of golden parents as files, and their locks; shared by golden*.c.
 */
#ifndef GPUPV_GOLDEN_RECORD_H
#define GPUPV_GOLDEN_RECORD_H

#include "host/image/golden.h"

#define GOLDEN_RECORD ".json"
#define GOLDEN_STEPS  ".steps"

/* "<folder>/<key><suffix>" into out (FS_PATH_BYTES). */
bool golden_path(
    char *out, const char *folder, const char *key, const char *suffix, struct err *err);

/* True for a key as golden_key makes it. */
bool golden_is_key(const char *text);

/* Writes the record. */
bool golden_save(const char *folder, const struct golden *golden, struct err *err);

/* Adds a child to *golden, unless it is in already. */
bool golden_add_child(struct golden *golden, const char *path, struct err *err);

/* Takes a child out of *golden; true when it was in. */
bool golden_drop_child(struct golden *golden, const char *path);

/* Locks one parent. ERR_BUSY after wait_ms. */
bool golden_lock(const char *folder,
                 const char *key,
                 int64_t wait_ms,
                 struct fs_lock **ret_lock,
                 struct err *err);

#endif
