/*
 * What the simulation needs of the real system beyond common/: a small shared record, waiting for
 * changes of folders, and dying. Implemented in os_posix.c and os_win32.c.
 */
#ifndef GPUPV_SIM_OS_H
#define GPUPV_SIM_OS_H

#include "common/err.h"

#include <stddef.h>

#define OS_RECORD_BYTES 64

/* Ends the process as if it were killed from outside: no clean-up of any kind. */
_Noreturn void os_kill_self(void);

/* Ends it at once with this exit code, without any clean-up either. */
_Noreturn void os_exit(int code);

/* A file of OS_RECORD_BYTES that several processes read and write without locking. */
struct os_record;

/* Opens it, made of zeroes when missing. The caller frees with os_record_close. */
bool os_record_open(const char *path, struct os_record **ret_record, struct err *err);

/* NULL is fine. */
void os_record_close(struct os_record *record);

/* Reads or writes all of it in one operation, unflushed. */
bool os_record_get(struct os_record *record, unsigned char *ret_bytes);
bool os_record_put(struct os_record *record, const unsigned char *bytes);

/* Replaces a file by rename without flushing: it survives the death of processes, not that of the
 * real machine. One writer at a time: the caller holds a lock. */
bool os_replace(const char *path, const void *data, size_t length, struct err *err);

/* Waits for changes of a simulated disk: of its world, and of anything that comes, goes or changes
 * in the folder `tree` and the folders in it. A new world is seen by the write to `record`, a
 * record in the folder `disk`, or, where single files cannot be watched, by the rename into `disk`.
 */
struct os_watch;

struct os_watched {
    const char *disk, *record, *tree;
};

/* A missing tree is watched from the time it exists. Under Wine only the tree's own entries are
 * seen, not those of the folders in it. The caller frees with os_watch_close. */
bool os_watch_open(const struct os_watched *what, struct os_watch **ret_watch, struct err *err);

/* NULL is fine. */
void os_watch_close(struct os_watch *watch);

/* Blocks until either changed, timeout_ms passed (-1: never) or os_watch_wake; true when the tree
 * changed since the last call. */
bool os_watch_wait(struct os_watch *watch, int64_t timeout_ms);
void os_watch_wake(struct os_watch *watch);

#endif
