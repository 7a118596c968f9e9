/* Open files on POSIX systems. */
#include "common/fs_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct fs_file {
    int fd;
    bool append;
    char path[FS_PATH_BYTES]; /* for messages only */
};

bool fs_file_open(const char *path,
                  enum fs_mode mode,
                  enum fs_access access,
                  struct fs_file **ret_file,
                  struct err *err)
{
    static const int flags[] = {
        [FS_READ] = O_RDONLY,
        [FS_CREATE] = O_RDWR | O_CREAT,
        [FS_UPDATE] = O_RDWR | O_CREAT,
        [FS_APPEND] = O_RDWR | O_CREAT | O_APPEND,
        [FS_FOLLOW] = O_RDONLY,
    };
    struct fs_file *file = malloc(sizeof *file);
    struct stat found;

    if (!file)
        return err_no_memory(err);
    file->append = mode == FS_APPEND;
    text_copy(file->path, sizeof file->path, path);
    file->fd =
        open(path,
             flags[mode] | (mode == FS_FOLLOW ? 0 : O_NOFOLLOW) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
             access == FS_PRIVATE ? 0600 : 0666);
    if (file->fd < 0) {
        if (errno == ELOOP || errno == ENXIO)
            fs_unsafe(path, err);
        else
            fs_fail(TEXT_FILE_OPEN, path, err);
        free(file);
        return false;
    }
    /* emptied only now, when it is known to be a plain file */
    if (fstat(file->fd, &found) < 0 || !S_ISREG(found.st_mode)) {
        fs_unsafe(path, err);
    } else if (mode == FS_CREATE && found.st_size > 0 && ftruncate(file->fd, 0) < 0) {
        fs_fail(TEXT_FILE_WRITE, path, err);
    } else {
        *ret_file = file;
        return true;
    }
    fs_file_close(file);
    return false;
}

bool fs_file_read(struct fs_file *file,
                  uint64_t position,
                  void *data,
                  size_t size,
                  size_t *ret_read,
                  struct err *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = pread(file->fd, (char *)data + done, size - done, (off_t)(position + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fs_fail(TEXT_FILE_READ, file->path, err);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *ret_read = done;
    return true;
}

bool fs_file_write(
    struct fs_file *file, uint64_t position, const void *data, size_t size, struct err *err)
{
    size_t done = 0;

    if (file->append)
        return fs_fd_write(file->fd, file->path, data, size, err);
    while (done < size) {
        ssize_t n =
            pwrite(file->fd, (const char *)data + done, size - done, (off_t)(position + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fs_fail(TEXT_FILE_WRITE, file->path, err);
        done += (size_t)n;
    }
    return true;
}

bool fs_file_resize(struct fs_file *file, uint64_t size_bytes, struct err *err)
{
    return ftruncate(file->fd, (off_t)size_bytes) == 0 || fs_fail(TEXT_FILE_WRITE, file->path, err);
}

bool fs_file_flush(struct fs_file *file, struct err *err)
{
    return fsync(file->fd) == 0 || fs_fail(TEXT_FILE_WRITE, file->path, err);
}

bool fs_file_stat(struct fs_file *file, struct fs_stat *ret_stat, struct err *err)
{
    struct stat found;

    if (fstat(file->fd, &found) < 0)
        return fs_fail(TEXT_FILE_READ, file->path, err);
    fs_stat_from(&found, ret_stat);
    return true;
}

bool fs_file_set_modified(struct fs_file *file, int64_t modified_ms, struct err *err)
{
    int64_t part_ms = (modified_ms % 1000 + 1000) % 1000;
    struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = (time_t)((modified_ms - part_ms) / 1000), .tv_nsec = (long)part_ms * 1000000},
    };

    return futimens(file->fd, times) == 0 || fs_fail(TEXT_FILE_WRITE, file->path, err);
}

void fs_file_close(struct fs_file *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file);
}
