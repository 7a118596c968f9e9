/*
 * Helpers that the POSIX halves of fs share. Private to fs_*_posix.c.
 */
#ifndef GPUPV_FS_POSIX_H
#define GPUPV_FS_POSIX_H

#include "fs_os.h"

#include <sys/stat.h>

/* Sets err from errno with the path as argument. Returns false. */
bool fs_fail(enum text_id message, const char *path, struct err *err);

/* Sets ERR_UNSAFE. Returns false. */
bool fs_unsafe(const char *path, struct err *err);

/* What lstat found. */
void fs_stat_from(const struct stat *from, struct fs_stat *ret_stat);

/* Appends at most max bytes from position of fd to out; `whole`: more than max is ERR_TOO_LARGE. */
bool fs_fd_read(int fd,
                const char *path,
                uint64_t position,
                size_t max,
                bool whole,
                struct buf *out,
                struct err *err);

/* Writes all bytes at the position of fd. */
bool fs_fd_write(int fd, const char *path, const void *data, size_t length, struct err *err);

/* Visits the entries of the open folder fd, which it closes. */
bool fs_fd_list(int fd,
                const char *path,
                bool (*visit)(const char *name, enum fs_kind kind, void *user),
                void *user,
                struct err *err);

#endif
