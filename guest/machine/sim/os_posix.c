/* What the simulation needs of a POSIX system (inotify: Linux). */
#include "guest/machine/sim/os.h"

#include "common/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#define RECORD_EVENTS (IN_MODIFY)
#define TREE_EVENTS                                                                                \
    (IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_CLOSE_WRITE | IN_ONLYDIR)

struct os_record {
    int fd;
};

struct os_watch {
    int notify, wake;
    int record; /* watch descriptor */
    char tree[FS_PATH_BYTES];
};

_Noreturn void os_kill_self(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

_Noreturn void os_exit(int code)
{
    _exit(code);
}

bool os_record_open(const char *path, struct os_record **ret_record, struct err *err)
{
    struct os_record *record = malloc(sizeof(*record));

    if (!record)
        return err_no_memory(err);
    record->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (record->fd < 0) {
        err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_FILE_OPEN, path, NULL);
        free(record);
        return false;
    }
    *ret_record = record;
    return true;
}

void os_record_close(struct os_record *record)
{
    if (!record)
        return;
    close(record->fd);
    free(record);
}

bool os_record_get(struct os_record *record, unsigned char *ret_bytes)
{
    ssize_t n;

    memset(ret_bytes, 0, OS_RECORD_BYTES);
    do
        n = pread(record->fd, ret_bytes, OS_RECORD_BYTES, 0);
    while (n < 0 && errno == EINTR);
    return n == 0 || n == OS_RECORD_BYTES;
}

bool os_record_put(struct os_record *record, const unsigned char *bytes)
{
    ssize_t n;

    do
        n = pwrite(record->fd, bytes, OS_RECORD_BYTES, 0);
    while (n < 0 && errno == EINTR);
    return n == OS_RECORD_BYTES;
}

bool os_replace(const char *path, const void *data, size_t length, struct err *err)
{
    char beside[FS_PATH_BYTES + 32];
    const char *from = data;
    ssize_t n = 0;
    int fd;

    snprintf(beside, sizeof(beside), "%s.new", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_FILE_OPEN, beside, NULL);
    while (length && (n = write(fd, from, length)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        from += n;
        length -= (size_t)n;
    }
    if (n < 0)
        err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_FILE_WRITE, beside, NULL);
    close(fd);
    if (!length && rename(beside, path) == 0)
        return true;
    if (!length)
        err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_FILE_WRITE, path, NULL);
    unlink(beside);
    return false;
}

bool os_watch_open(const struct os_watched *what, struct os_watch **ret_watch, struct err *err)
{
    struct os_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return err_no_memory(err);
    text_copy(watch->tree, sizeof(watch->tree), what->tree);
    watch->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    watch->record =
        watch->notify >= 0 ? inotify_add_watch(watch->notify, what->record, RECORD_EVENTS) : -1;
    if (watch->wake < 0 || watch->record < 0) {
        err_set_os(err, ERR_DOMAIN_ERRNO, errno, TEXT_FILE_OPEN, what->record, NULL);
        os_watch_close(watch);
        return false;
    }
    *ret_watch = watch;
    return true;
}

void os_watch_close(struct os_watch *watch)
{
    if (!watch)
        return;
    if (watch->notify >= 0)
        close(watch->notify);
    if (watch->wake >= 0)
        close(watch->wake);
    free(watch);
}

/* Adds what has come since the last time; a folder that is watched already stays so. */
static void watch_tree(struct os_watch *watch)
{
    char path[FS_PATH_BYTES + FS_NAME_BYTES];
    const struct dirent *entry;
    DIR *folder;

    if (inotify_add_watch(watch->notify, watch->tree, TREE_EVENTS) < 0)
        return;
    folder = opendir(watch->tree);
    while (folder && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", watch->tree, entry->d_name);
        (void)inotify_add_watch(watch->notify, path, TREE_EVENTS);
    }
    if (folder)
        closedir(folder);
}

/* Takes all events; true when one was of the tree. */
static bool drain(struct os_watch *watch)
{
    union {
        char bytes[4096];
        struct inotify_event align;
    } events;
    bool tree = false;
    ssize_t length;

    while ((length = read(watch->notify, events.bytes, sizeof(events.bytes))) > 0) {
        for (ssize_t at = 0; at < length;) {
            struct inotify_event event;

            memcpy(&event, events.bytes + at, sizeof(event));
            tree = tree || (event.wd != watch->record && !(event.mask & IN_IGNORED));
            at += (ssize_t)(sizeof(event) + event.len);
        }
    }
    return tree;
}

bool os_watch_wait(struct os_watch *watch, int64_t timeout_ms)
{
    struct pollfd fds[] = {
        {.fd = watch->notify, .events = POLLIN},
        {.fd = watch->wake, .events = POLLIN},
    };
    uint64_t count;

    watch_tree(watch);
    (void)poll(fds, 2, timeout_ms < 0 ? -1 : timeout_ms > 3600000 ? 3600000 : (int)timeout_ms);
    if (fds[1].revents && read(watch->wake, &count, sizeof(count)) < 0)
        count = 0;
    return drain(watch);
}

void os_watch_wake(struct os_watch *watch)
{
    const uint64_t one = 1;

    if (write(watch->wake, &one, sizeof(one)) < 0)
        return; /* the counter is full: it wakes anyhow */
}
