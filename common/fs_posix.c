/* Our own places on POSIX systems: reading, atomic replacing, folders, locks. */
#include "common/fs_posix.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define READ_STEP_BYTES 65536

const char fs_separator = '/';

struct fs_lock {
    int fd;
};

bool fs_is_separator(char c)
{
    return c == '/';
}

bool fs_fail(enum text_id message, const char *path, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_ERRNO, errno, message, path, NULL);
}

bool fs_unsafe(const char *path, struct err *err)
{
    return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, path, NULL);
}

void fs_stat_from(const struct stat *from, struct fs_stat *ret_stat)
{
    ret_stat->kind = S_ISREG(from->st_mode)   ? FS_FILE
                     : S_ISDIR(from->st_mode) ? FS_FOLDER
                     : S_ISLNK(from->st_mode) ? FS_LINK
                                              : FS_OTHER;
    ret_stat->attributes = from->st_mode & S_IWUSR ? 0 : FS_READONLY;
    ret_stat->size_bytes = (uint64_t)from->st_size;
    ret_stat->modified_ms = (int64_t)from->st_mtim.tv_sec * 1000 + from->st_mtim.tv_nsec / 1000000;
    ret_stat->links = (unsigned)from->st_nlink;
}

bool fs_fd_read(int fd,
                const char *path,
                uint64_t position,
                size_t max,
                bool whole,
                struct buf *out,
                struct err *err)
{
    size_t before = out->len;
    size_t left = max;

    for (;;) {
        size_t step = left < READ_STEP_BYTES ? left : READ_STEP_BYTES;
        char beyond;
        uint8_t *to = buf_reserve(out, step);
        ssize_t n;

        if (!to) {
            out->len = before;
            return err_no_memory(err);
        }
        do
            n = step ? pread(fd, to, step, (off_t)position)
                     : pread(fd, &beyond, whole, (off_t)position);
        while (n < 0 && errno == EINTR);
        if (n > 0 && step) {
            buf_added(out, (size_t)n);
            position += (uint64_t)n;
            left -= (size_t)n;
            continue;
        }
        if (n == 0)
            return true;
        out->len = before;
        if (n < 0)
            return fs_fail(TEXT_FILE_READ, path, err);
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, path, TEXT_NUM(max), NULL);
    }
}

bool fs_fd_write(int fd, const char *path, const void *data, size_t length, struct err *err)
{
    const char *from = data;

    while (length) {
        ssize_t n = write(fd, from, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fs_fail(TEXT_FILE_WRITE, path, err);
        from += n;
        length -= (size_t)n;
    }
    return true;
}

bool fs_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    /* O_NONBLOCK: a FIFO in place of the file must not hold us up before it is recognised */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat stat;
    bool ok;

    if (fd < 0)
        return fs_fail(TEXT_FILE_OPEN, path, err);
    if (fstat(fd, &stat) < 0)
        ok = fs_fail(TEXT_FILE_READ, path, err);
    else if (!S_ISREG(stat.st_mode))
        ok = fs_unsafe(path, err);
    else if (stat.st_size > 0 && (uint64_t)stat.st_size > max)
        ok = err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, path, TEXT_NUM(max), NULL);
    else
        ok = fs_fd_read(fd, path, 0, max, true, out, err);
    close(fd);
    return ok;
}

/* The folder part of path into out: "." when there is none. */
static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    if (!slash) {
        text_copy(out, FS_PATH_BYTES, ".");
        return;
    }
    length = length ? length : 1;
    memcpy(out, path, length);
    out[length] = '\0';
}

/* Makes the renames in the folder of path durable. */
static bool flush_folder_of(const char *path, struct err *err)
{
    char folder[FS_PATH_BYTES];
    int fd;
    bool ok;

    folder_of(path, folder);
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = fd >= 0 && fsync(fd) == 0;
    if (!ok)
        fs_fail(TEXT_FILE_WRITE, folder, err);
    if (fd >= 0)
        close(fd);
    return ok;
}

/* True when fd is (still) what stands at path. */
static bool is_at(int fd, const char *path)
{
    struct stat a;
    struct stat b;

    return fstat(fd, &a) == 0 && lstat(path, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Takes away the temporary file of another writer: waits while he lives, removes what he left. */
static bool temp_clear(const char *path, bool wait, struct err *err)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool ok = true;

    if (fd < 0)
        return errno == ENOENT || fs_fail(TEXT_FILE_OPEN, path, err);
    if (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) == 0 && is_at(fd, path))
        ok = unlink(path) == 0 || errno == ENOENT || fs_fail(TEXT_FILE_REMOVE, path, err);
    close(fd);
    return ok;
}

bool fs_temp_remove(const char *path, struct err *err)
{
    return temp_clear(path, false, err);
}

/* Creates the temporary file and holds its lock, so that two writers never mix; returns -1 with err
 * set. */
static int temp_open(const char *temp, enum fs_access access, struct err *err)
{
    for (;;) {
        int fd = open(temp,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                      access == FS_PRIVATE ? 0600 : 0666);

        if (fd >= 0) {
            if (flock(fd, LOCK_EX) == 0 && is_at(fd, temp))
                return fd;
            close(fd); /* another writer took it for a leftover before it was locked */
        } else if (errno != EEXIST) {
            fs_fail(TEXT_FILE_WRITE, temp, err);
            return -1;
        } else if (!temp_clear(temp, true, err)) {
            return -1;
        }
    }
}

bool fs_write_atomic(
    const char *path, const void *data, size_t length, enum fs_access access, struct err *err)
{
    char temp[FS_PATH_BYTES];
    bool ok;
    int fd;

    if (strlen(path) + sizeof FS_TEMP_SUFFIX > sizeof temp)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
    text_copy(temp, sizeof temp, path);
    strcat(temp, FS_TEMP_SUFFIX);
    fd = temp_open(temp, access, err);
    if (fd < 0)
        return false;
    ok = fs_fd_write(fd, path, data, length, err) &&
         (fsync(fd) == 0 || fs_fail(TEXT_FILE_WRITE, path, err)) &&
         (rename(temp, path) == 0 || fs_fail(TEXT_FILE_WRITE, path, err));
    if (!ok)
        unlink(temp);
    close(fd);
    return ok && flush_folder_of(path, err);
}

bool fs_append(
    const char *path, const void *data, size_t length, enum fs_access access, struct err *err)
{
    int fd = open(path,
                  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                  access == FS_PRIVATE ? 0600 : 0666);
    bool ok;

    if (fd < 0)
        return fs_fail(TEXT_FILE_OPEN, path, err);
    ok = fs_fd_write(fd, path, data, length, err) &&
         (fsync(fd) == 0 || fs_fail(TEXT_FILE_WRITE, path, err));
    close(fd);
    return ok;
}

/* An existing folder is good for private files when nobody else can have planted or change it. */
static bool check_folder(const char *path, enum fs_access access, struct err *err)
{
    struct stat stat;

    if (lstat(path, &stat) < 0)
        return fs_fail(TEXT_FOLDER_CREATE, path, err);
    if (access == FS_SHARED && S_ISLNK(stat.st_mode) && fstatat(AT_FDCWD, path, &stat, 0) < 0)
        return fs_fail(TEXT_FOLDER_CREATE, path, err);
    if (!S_ISDIR(stat.st_mode))
        return access == FS_PRIVATE ? fs_unsafe(path, err)
                                    : err_set(err, ERR_EXISTS, TEXT_FOLDER_CREATE, path, NULL);
    if (access == FS_PRIVATE && ((stat.st_uid != geteuid() && stat.st_uid != 0) ||
                                 (stat.st_mode & (S_IWOTH | S_ISVTX)) == S_IWOTH))
        return err_set(err, ERR_UNSAFE, TEXT_FOLDER_FOREIGN, path, NULL);
    return true;
}

bool fs_make_dirs(const char *path, enum fs_access access, struct err *err)
{
    char part[FS_PATH_BYTES];
    mode_t mode = access == FS_PRIVATE ? 0700 : 0777;
    size_t length = strlen(path);
    size_t i;

    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0 || length >= sizeof part)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
    memcpy(part, path, length);
    part[length] = '\0';
    for (i = 1; i <= length; i++) {
        char kept = part[i];

        if (kept != '/' && kept != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST && errno != EISDIR)
            return fs_fail(TEXT_FOLDER_CREATE, part, err);
        part[i] = kept;
    }
    return check_folder(part, access, err);
}

bool fs_rename(const char *from, const char *to, struct err *err)
{
    if (rename(from, to) < 0)
        return fs_fail(TEXT_FILE_WRITE, errno == ENOENT ? from : to, err);
    return flush_folder_of(to, err) && flush_folder_of(from, err);
}

bool fs_remove(const char *path, struct err *err)
{
    return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR ||
           fs_fail(TEXT_FILE_REMOVE, path, err);
}

bool fs_stat(const char *path, struct fs_stat *ret_stat, struct err *err)
{
    struct stat found;

    if (lstat(path, &found) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return fs_fail(TEXT_FILE_READ, path, err);
        memset(ret_stat, 0, sizeof *ret_stat);
        ret_stat->kind = FS_MISSING;
        return true;
    }
    fs_stat_from(&found, ret_stat);
    return true;
}

bool fs_set_read_only(const char *path, bool on, struct err *err)
{
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat found;
    bool ok;

    if (file < 0)
        return fs_fail(TEXT_PERMISSIONS, path, err);
    ok = fstat(file, &found) == 0;
    if (ok && !S_ISREG(found.st_mode)) {
        close(file);
        return err_set(err, ERR_UNSAFE, TEXT_FILE_UNSAFE, path, NULL);
    }
    /* only the owner gets it back: others never had it in our places */
    ok = ok && fchmod(file,
                      on ? found.st_mode & ~(mode_t)(S_IWUSR | S_IWGRP | S_IWOTH)
                         : found.st_mode | S_IWUSR) == 0;
    ok = ok || fs_fail(TEXT_PERMISSIONS, path, err);
    close(file);
    return ok;
}

static enum fs_kind kind_of_entry(int folder, const struct dirent *entry)
{
    struct fs_stat found;
    struct stat stat;

    if (entry->d_type == DT_REG)
        return FS_FILE;
    if (entry->d_type == DT_DIR)
        return FS_FOLDER;
    if (entry->d_type == DT_LNK)
        return FS_LINK;
    if (entry->d_type != DT_UNKNOWN ||
        fstatat(folder, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
        return FS_OTHER;
    fs_stat_from(&stat, &found);
    return found.kind;
}

bool fs_fd_list(int fd,
                const char *path,
                bool (*visit)(const char *name, enum fs_kind kind, void *user),
                void *user,
                struct err *err)
{
    DIR *folder = fdopendir(fd);
    struct dirent *entry;
    bool ok = true;

    if (!folder) {
        fs_fail(TEXT_FILE_READ, path, err);
        close(fd);
        return false;
    }
    for (;;) {
        errno = 0;
        entry = readdir(folder);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!visit(entry->d_name, kind_of_entry(fd, entry), user))
            break;
    }
    if (!entry && errno)
        ok = fs_fail(TEXT_FILE_READ, path, err);
    closedir(folder);
    return ok;
}

bool fs_list(const char *path,
             bool (*visit)(const char *name, enum fs_kind kind, void *user),
             void *user,
             struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || fs_fail(TEXT_FILE_OPEN, path, err);
    return fs_fd_list(fd, path, visit, user, err);
}

bool fs_free_space(const char *path, uint64_t *ret_bytes, struct err *err)
{
    struct statvfs volume;

    if (statvfs(path, &volume) < 0)
        return fs_fail(TEXT_FILE_READ, path, err);
    *ret_bytes = (uint64_t)volume.f_bavail * volume.f_frsize;
    return true;
}

bool fs_lock_try(const char *path, struct fs_lock **ret_lock, struct err *err)
{
    struct fs_lock *lock = malloc(sizeof *lock);

    if (!lock)
        return err_no_memory(err);
    lock->fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (lock->fd < 0) {
        fs_fail(TEXT_FILE_OPEN, path, err);
    } else if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            err_set(err, ERR_BUSY, TEXT_LOCK_BUSY, path, NULL);
        else
            fs_fail(TEXT_FILE_OPEN, path, err);
        close(lock->fd);
    } else {
        *ret_lock = lock;
        return true;
    }
    free(lock);
    return false;
}

void fs_unlock(struct fs_lock *lock)
{
    if (!lock)
        return;
    close(lock->fd);
    free(lock);
}
