/*
 * Files that must survive crashes and hostile neighbours. Two halves:
 *
 * - Our own places (paths as UTF-8, either separator on Windows): read with a maximum, atomic
 * replace (write beside, flush, rename, flush the folder), private permissions (0600/0700; on
 * Windows a protected DACL of SYSTEM and Administrators, set before the first byte), locks between
 * processes.
 * - Places that an ordinary user can write (Parsec's data, temp): struct fs_dir is a checked handle
 * of a folder. Every access names one component below it, refuses reparse points and symbolic
 * links, files with more than one link and anything that is not a plain file, and works on the
 * opened handle, so swapping the folder behind it changes nothing (design, Hostile paths). Refusals
 * are ERR_UNSAFE.
 *
 * Blocking; run from job threads. No global state.
 */
#ifndef GPUPV_FS_H
#define GPUPV_FS_H

#include "buf.h"
#include "err.h"

#define FS_PATH_BYTES 1024
#define FS_NAME_BYTES 256

enum fs_access {
    FS_SHARED, /* the folder's own permissions */
    FS_PRIVATE /* owner only; Windows: SYSTEM and Administrators */
};

/* Reads the whole file, at most max bytes (else ERR_TOO_LARGE), appended to out. Missing:
 * ERR_NOT_FOUND. */
bool fs_read(const char *path, size_t max, struct buf *out, struct err *err);

/* Replaces path atomically with data and flushes it to the disk. On failure the old file stands
 * unchanged. */
bool fs_write_atomic(
    const char *path, const void *data, size_t length, enum fs_access access, struct err *err);

/* Removes what killed writers (fs_write_atomic) left in the folder; called once at a start. A
 * missing folder is fine. */
bool fs_sweep(const char *path, struct err *err);

/* Appends data to path in one write and flushes; creates it when missing. */
bool fs_append(
    const char *path, const void *data, size_t length, enum fs_access access, struct err *err);

/* Creates the folder and its missing parents; an existing folder is fine. FS_PRIVATE: an existing
 * one that belongs to another user or that everybody may write is ERR_UNSAFE, since somebody may
 * have planted it. */
bool fs_make_dirs(const char *path, enum fs_access access, struct err *err);

/* Renames a file or folder within one volume, replacing a file; flushes the parent. */
bool fs_rename(const char *from, const char *to, struct err *err);

/* Removes one file; missing is fine. */
bool fs_remove(const char *path, struct err *err);

/* Removes a folder with everything below, never following a link; missing is fine. */
bool fs_remove_tree(const char *path, struct err *err);

enum fs_kind { FS_MISSING, FS_FILE, FS_FOLDER, FS_LINK, FS_OTHER };

/* Attributes that both sides of a copy keep; on POSIX systems only the first exists. */
#define FS_READONLY   0x1u
#define FS_HIDDEN     0x2u
#define FS_SYSTEM     0x4u
#define FS_ATTRIBUTES 0x7u /* all of them */

struct fs_stat {
    enum fs_kind kind;
    unsigned attributes;
    uint64_t size_bytes;
    int64_t modified_ms; /* Unix time */
    unsigned links;
};

/* Looks at path without following a link at its end; a missing one is true with FS_MISSING. */
bool fs_stat(const char *path, struct fs_stat *ret_stat, struct err *err);

/* Sets or clears the mark that keeps people and programs from writing to a plain file; it is no
 * protection against their owner. A folder or link is ERR_UNSAFE. */
bool fs_set_read_only(const char *path, bool on, struct err *err);

/* Calls visit for each entry of the folder (no order, without . and ..) until it returns false. A
 * missing folder has none. */
bool fs_list(const char *path,
             bool (*visit)(const char *name, enum fs_kind kind, void *user),
             void *user,
             struct err *err);

/* Joins with one separator into out (FS_PATH_BYTES); false when too long. */
bool fs_join(char *out, const char *folder, const char *name, struct err *err);

/* Cuts the last component off path, in place: "a/b" becomes "a", "a" becomes "". Either separator.
 */
void fs_parent(char *path);

/* Free bytes on the volume that holds path. */
bool fs_free_space(const char *path, uint64_t *ret_bytes, struct err *err);

/* The absolute path of the running executable, and the folder it stands in. */
bool fs_self_path(char *out, size_t size, struct err *err);

/* The value of an environment variable as UTF-8; false when unset or too long. */
bool fs_env(const char *name, char *out, size_t size);

/* ---- open files, for what is too large or too frequent for the functions above ---- */

struct fs_file;

enum fs_mode {
    FS_READ,   /* an existing plain file; positions anywhere */
    FS_CREATE, /* made, or emptied when it exists; positions anywhere */
    FS_UPDATE, /* made when missing, kept when it exists; positions anywhere */
    FS_APPEND, /* made when missing; writes go to the end, position is ignored */
    FS_FOLLOW  /* like FS_READ, through links: for a file that a person named */
};

/* Opens path; links at its end are ERR_UNSAFE, but with FS_FOLLOW. access matters only when the
 * file is made. */
bool fs_file_open(const char *path,
                  enum fs_mode mode,
                  enum fs_access access,
                  struct fs_file **ret_file,
                  struct err *err);

/* Reads up to size bytes at position; *ret_read is less only at the end of the file. */
bool fs_file_read(struct fs_file *file,
                  uint64_t position,
                  void *data,
                  size_t size,
                  size_t *ret_read,
                  struct err *err);

/* Writes all of data at position. */
bool fs_file_write(
    struct fs_file *file, uint64_t position, const void *data, size_t size, struct err *err);

/* Cuts or extends the file to size_bytes. */
bool fs_file_resize(struct fs_file *file, uint64_t size_bytes, struct err *err);

/* Flushes content and size to the disk. */
bool fs_file_flush(struct fs_file *file, struct err *err);

/* Size, time and links of the open file. */
bool fs_file_stat(struct fs_file *file, struct fs_stat *ret_stat, struct err *err);

/* Sets the time of the last change (Unix milliseconds). */
bool fs_file_set_modified(struct fs_file *file, int64_t modified_ms, struct err *err);

/* Closes without flushing; NULL is fine. */
void fs_file_close(struct fs_file *file);

/* A lock between processes on the file at path (created when missing, never removed); released by
 * fs_unlock and when the process dies. */
struct fs_lock;

/* Waits at most wait_ms (0: one try); ERR_BUSY when somebody else holds it. */
bool fs_lock(const char *path, int64_t wait_ms, struct fs_lock **ret_lock, struct err *err);

/* Releases; NULL is fine. */
void fs_unlock(struct fs_lock *lock);

/* True when name can be one component of a path on every system: no separators, no "." "..", no
 * device names (CON, NUL, COM1 ...), no ':' or control characters, no trailing dot or space, at
 * most FS_NAME_BYTES - 1 bytes of UTF-8. */
bool fs_name_is_safe(const char *name);

/* ---- folders that others can write ---- */

struct fs_dir;

/* Opens the folder at path; the folder itself must not be a link or reparse point. A missing one is
 * ERR_NOT_FOUND. */
bool fs_dir_open(const char *path, struct fs_dir **ret_dir, struct err *err);

/* Opens (create: makes when missing) a folder below dir. */
bool fs_dir_open_sub(
    struct fs_dir *dir, const char *name, bool create, struct fs_dir **ret_dir, struct err *err);

/* NULL is fine. */
void fs_dir_close(struct fs_dir *dir);

/* Looks at an entry without following it; a missing one is true with FS_MISSING. */
bool fs_dir_stat(struct fs_dir *dir, const char *name, struct fs_stat *ret_stat, struct err *err);

/* Reads at most max bytes from offset, appended to out; a missing file is ERR_NOT_FOUND, a link or
 * a file with several links ERR_UNSAFE. */
bool fs_dir_read(struct fs_dir *dir,
                 const char *name,
                 uint64_t offset,
                 size_t max,
                 struct buf *out,
                 struct err *err);

/* Replaces the file atomically (new file beside it, flushed, renamed within the handle); keeps the
 * permissions of the folder. */
bool fs_dir_write(
    struct fs_dir *dir, const char *name, const void *data, size_t length, struct err *err);

/* Removes a plain file; missing is fine; a link is ERR_UNSAFE. */
bool fs_dir_remove(struct fs_dir *dir, const char *name, struct err *err);

/* Calls visit for each entry until it returns false. */
bool fs_dir_list(struct fs_dir *dir,
                 bool (*visit)(const char *name, enum fs_kind kind, void *user),
                 void *user,
                 struct err *err);

#endif
