/* Folders that others can write, on POSIX systems: everything goes through checked descriptors. */
#include "common/fs_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_TRIES     3
#define TREE_DEPTH_MAX 64
#define TREE_PASSES    100 /* over one folder, until it is empty */

struct fs_dir {
    int fd;
    char path[FS_PATH_BYTES]; /* for messages only */
};

/* Path of name below dir for messages; returns out. */
static const char *path_below(const struct fs_dir *dir, const char *name, char out[FS_PATH_BYTES])
{
    if (!fs_join(out, dir->path, name, NULL))
        text_copy(out, FS_PATH_BYTES, name);
    return out;
}

/* Sets err from errno, or ERR_UNSAFE where the system refused to follow a link or to open a
 * socket. */
static bool
dir_fail(enum text_id message, const struct fs_dir *dir, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES];
    int code = errno;

    path_below(dir, name, path);
    errno = code;
    return code == ELOOP || code == ENXIO ? fs_unsafe(path, err) : fs_fail(message, path, err);
}

static bool dir_unsafe(const struct fs_dir *dir, const char *name, struct err *err)
{
    char path[FS_PATH_BYTES];

    return fs_unsafe(path_below(dir, name, path), err);
}

static bool dir_new(int fd, const char *path, struct fs_dir **ret_dir, struct err *err)
{
    struct fs_dir *dir = malloc(sizeof *dir);

    if (!dir) {
        close(fd);
        return err_no_memory(err);
    }
    dir->fd = fd;
    text_copy(dir->path, sizeof dir->path, path);
    *ret_dir = dir;
    return true;
}

/* Opens a folder below parent without following a link; -1 and err. */
static int folder_open(int parent, const char *name, const char *path, struct err *err)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        /* a link or a file in the folder's place reads ENOTDIR, as does a file further up */
        struct stat found;
        int code = errno;

        if (code == ELOOP ||
            (code == ENOTDIR && fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) == 0)) {
            fs_unsafe(path, err);
        } else {
            errno = code;
            fs_fail(TEXT_FILE_OPEN, path, err);
        }
    }
    return fd;
}

bool fs_dir_open(const char *path, struct fs_dir **ret_dir, struct err *err)
{
    char bare[FS_PATH_BYTES];
    size_t length = strlen(path);
    int fd;

    if (length >= sizeof bare)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
    text_copy(bare, sizeof bare, path);
    while (length > 1 && bare[length - 1] == '/')
        bare[--length] = '\0'; /* a slash at the end would make the system follow a link */
    fd = folder_open(AT_FDCWD, bare, bare, err);
    return fd >= 0 && dir_new(fd, bare, ret_dir, err);
}

bool fs_dir_open_sub(
    struct fs_dir *dir, const char *name, bool create, struct fs_dir **ret_dir, struct err *err)
{
    char path[FS_PATH_BYTES];
    int fd;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    if (create && mkdirat(dir->fd, name, 0777) < 0 && errno != EEXIST)
        return dir_fail(TEXT_FOLDER_CREATE, dir, name, err);
    path_below(dir, name, path);
    fd = folder_open(dir->fd, name, path, err);
    return fd >= 0 && dir_new(fd, path, ret_dir, err);
}

void fs_dir_close(struct fs_dir *dir)
{
    if (!dir)
        return;
    close(dir->fd);
    free(dir);
}

bool fs_dir_stat(struct fs_dir *dir, const char *name, struct fs_stat *ret_stat, struct err *err)
{
    struct stat found;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    if (fstatat(dir->fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno != ENOENT)
            return dir_fail(TEXT_FILE_READ, dir, name, err);
        memset(ret_stat, 0, sizeof *ret_stat);
        ret_stat->kind = FS_MISSING;
        return true;
    }
    fs_stat_from(&found, ret_stat);
    return true;
}

static bool is_plain(const struct stat *found)
{
    return S_ISREG(found->st_mode) && found->st_nlink == 1;
}

/* The path under which the kernel holds fd, "" when it cannot be told. */
static void kernel_path(int fd, char out[FS_PATH_BYTES])
{
    char link[64];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, out, FS_PATH_BYTES - 1);
    out[n > 0 ? n : 0] = '\0';
}

/* True when fd is a plain file whose only name is `name` in this folder. The number of links alone
 * does not tell: after we came through a link to a file of somebody else's, that link may be taken
 * away before we count. So first count; then wait for whoever is just removing something here (a
 * renaming to the same name changes nothing, but takes the folder's lock); then the kernel must
 * still hold fd under this name, which it never does again once the name is gone. */
static bool is_only_name(const struct fs_dir *dir, const char *name, int fd)
{
    char folder[FS_PATH_BYTES];
    char file[FS_PATH_BYTES];
    struct stat found;
    size_t length;

    if (fstat(fd, &found) < 0 || !is_plain(&found))
        return false;
    if (renameat(dir->fd, name, dir->fd, name) < 0 && errno != ENOENT)
        return false;
    kernel_path(dir->fd, folder);
    kernel_path(fd, file);
    length = strlen(folder);
    return length > 0 && strncmp(file, folder, length) == 0 && file[length] == '/' &&
           strcmp(file + length + 1, name) == 0;
}

/* Opens a plain file for reading; -1 and err. */
static int file_open(const struct fs_dir *dir, const char *name, struct err *err)
{
    int i;

    /* once more when its owner replaced it just then */
    for (i = 0; i < OPEN_TRIES; i++) {
        int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

        if (fd < 0) {
            dir_fail(TEXT_FILE_OPEN, dir, name, err);
            return -1;
        }
        if (is_only_name(dir, name, fd))
            return fd;
        close(fd);
    }
    dir_unsafe(dir, name, err);
    return -1;
}

bool fs_dir_read(struct fs_dir *dir,
                 const char *name,
                 uint64_t offset,
                 size_t max,
                 struct buf *out,
                 struct err *err)
{
    char path[FS_PATH_BYTES];
    bool ok;
    int fd;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    fd = file_open(dir, name, err);
    if (fd < 0)
        return false;
    ok = fs_fd_read(fd, path_below(dir, name, path), offset, max, false, out, err);
    close(fd);
    return ok;
}

/* Gives the new file what a file made by the folder's owner would have. */
static bool take_after_folder(int fd, int folder)
{
    struct stat found;

    if (fstat(folder, &found) < 0 || fchmod(fd, found.st_mode & 0666) < 0)
        return false;
    return geteuid() != 0 || fchown(fd, found.st_uid, found.st_gid) == 0;
}

/* The file that is to be replaced must be missing or plain. */
static bool check_target(struct fs_dir *dir, const char *name, struct err *err)
{
    struct stat found;

    if (fstatat(dir->fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || dir_fail(TEXT_FILE_WRITE, dir, name, err);
    return is_plain(&found) || dir_unsafe(dir, name, err);
}

bool fs_dir_write(
    struct fs_dir *dir, const char *name, const void *data, size_t length, struct err *err)
{
    char temp[FS_NAME_BYTES + 64];
    char path[FS_PATH_BYTES];
    bool ok;
    int fd;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    if (!check_target(dir, name, err) || !fs_dir_temp_name(name, temp, sizeof temp, err))
        return false;
    fs_dir_sweep(dir, name);
    path_below(dir, name, path);
    fd = openat(dir->fd, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fs_fail(TEXT_FILE_WRITE, path, err);
    ok = fs_fd_write(fd, path, data, length, err) &&
         ((take_after_folder(fd, dir->fd) && fsync(fd) == 0 &&
           renameat(dir->fd, temp, dir->fd, name) == 0) ||
          fs_fail(TEXT_FILE_WRITE, path, err));
    if (!ok)
        unlinkat(dir->fd, temp, 0);
    close(fd);
    return ok && (fsync(dir->fd) == 0 || fs_fail(TEXT_FILE_WRITE, path, err));
}

bool fs_dir_remove(struct fs_dir *dir, const char *name, struct err *err)
{
    struct stat found;

    if (!fs_name_is_safe(name))
        return dir_unsafe(dir, name, err);
    if (fstatat(dir->fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || dir_fail(TEXT_FILE_REMOVE, dir, name, err);
    if (!is_plain(&found))
        return dir_unsafe(dir, name, err);
    return unlinkat(dir->fd, name, 0) == 0 || errno == ENOENT ||
           dir_fail(TEXT_FILE_REMOVE, dir, name, err);
}

bool fs_dir_list(struct fs_dir *dir,
                 bool (*visit)(const char *name, enum fs_kind kind, void *user),
                 void *user,
                 struct err *err)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fs_fail(TEXT_FILE_OPEN, dir->path, err);
    return fs_fd_list(fd, dir->path, visit, user, err);
}

struct tree {
    int fd;
    dev_t volume;
    unsigned depth;
    const char *path;
    struct err *err;
    bool ok;
};

static bool tree_visit(const char *name, enum fs_kind kind, void *user);

/* Removes what the open folder holds; some file systems skip entries of a listing when others go
 * meanwhile, so the caller looks whether it is empty. */
static bool tree_empty(struct tree *tree)
{
    int fd = openat(tree->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fs_fail(TEXT_FILE_REMOVE, tree->path, tree->err);
    tree->ok = true;
    return fs_fd_list(fd, tree->path, tree_visit, tree, tree->err) && tree->ok;
}

/* Empties the folder name below parent, then removes it. Another volume mounted there is refused.
 */
static bool tree_remove(const struct tree *parent, const char *name)
{
    struct tree tree = *parent;
    struct stat found;
    bool ok = true;
    int i;

    tree.fd = folder_open(parent->fd, name, parent->path, parent->err);
    if (tree.fd < 0)
        return false;
    if (fstat(tree.fd, &found) < 0 || found.st_dev != parent->volume ||
        ++tree.depth > TREE_DEPTH_MAX)
        ok = fs_unsafe(parent->path, parent->err);
    for (i = 0; ok && i < TREE_PASSES; i++) {
        ok = tree_empty(&tree);
        if (!ok || unlinkat(parent->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            break;
        if ((errno != ENOTEMPTY && errno != EEXIST) || i == TREE_PASSES - 1)
            ok = fs_fail(TEXT_FILE_REMOVE, parent->path, parent->err);
    }
    close(tree.fd);
    return ok;
}

static bool tree_visit(const char *name, enum fs_kind kind, void *user)
{
    struct tree *tree = user;

    if (kind == FS_FOLDER)
        tree->ok = tree_remove(tree, name);
    else
        tree->ok = unlinkat(tree->fd, name, 0) == 0 || errno == ENOENT ||
                   fs_fail(TEXT_FILE_REMOVE, tree->path, tree->err);
    return tree->ok;
}

bool fs_remove_tree(const char *path, struct err *err)
{
    struct tree tree = {.fd = AT_FDCWD, .path = path, .err = err, .ok = true};
    struct stat found;

    if (lstat(path, &found) < 0)
        return errno == ENOENT || fs_fail(TEXT_FILE_REMOVE, path, err);
    if (!S_ISDIR(found.st_mode))
        return fs_remove(path, err);
    tree.volume = found.st_dev;
    return tree_remove(&tree, path);
}
