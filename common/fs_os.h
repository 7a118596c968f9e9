/*
 * What fs.c needs from the file of the operating system. Private to fs*.c.
 */
#ifndef GPUPV_FS_OS_H
#define GPUPV_FS_OS_H

#include "fs.h"

#define FS_TEMP_SUFFIX  ".gpupv-new" /* a file of fs_write_atomic before its rename */
#define FS_RANDOM_BYTES 8

/* Between folder and name in paths that we build. */
extern const char fs_separator;

/* One try for the lock; ERR_BUSY when somebody holds it. */
bool fs_lock_try(const char *path, struct fs_lock **ret_lock, struct err *err);

/* Removes the temporary file at path when no living writer holds it. */
bool fs_temp_remove(const char *path, struct err *err);

/* True when the next bytes of path separate components: '/', on Windows '\\' too. */
bool fs_is_separator(char c);

/* The temporary name of fs_dir_write for name: hard to guess, recognised by fs_dir_is_temp. */
bool fs_dir_temp_name(const char *name, char *out, size_t size, struct err *err);

/* True when entry is a temporary file of name. */
bool fs_dir_is_temp(const char *entry, const char *name);

/* Removes leftovers of killed writers of name below dir; failures are ignored, the next writer
 * tries again. */
void fs_dir_sweep(struct fs_dir *dir, const char *name);

#endif
