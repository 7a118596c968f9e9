/* Following log.txt as it grows and is rotated to log.1.txt. */
#include "guest/parsec/log.h"

#include <stdlib.h>
#include <string.h>

#define LOG_NAME     "log.txt"
#define LOG_OLD_NAME "log.1.txt"
#define CHUNK_BYTES  ((size_t)64 * 1024)
#define BACKLOG_BYTES                                                                              \
    ((uint64_t)4 * 1024 * 1024) /* Parsec rotates at 1 to 1.5 MB; more is skipped */
#define HEAD_BYTES 64           /* tells one log file from the next */

struct parsec_log {
    struct parsec_log_state state;
    bool have_root;
    enum file_root root;
    uint64_t offset; /* read so far */
    uint8_t head[HEAD_BYTES];
    size_t head_length;
    char line[PARSEC_LOG_LINE_BYTES]; /* begin of a line whose end was not read yet */
    size_t line_length;
    bool skipping; /* up to the next line end */
    struct buf chunk;
};

bool parsec_log_new(struct parsec_log **ret_log, struct err *err)
{
    struct parsec_log *log = calloc(1, sizeof *log);

    if (!log)
        return err_no_memory(err);
    parsec_log_init(&log->state);
    buf_init(&log->chunk, CHUNK_BYTES);
    *ret_log = log;
    return true;
}

void parsec_log_free(struct parsec_log *log)
{
    if (!log)
        return;
    buf_done(&log->chunk);
    free(log);
}

const struct parsec_log_state *parsec_log_state(const struct parsec_log *log)
{
    return &log->state;
}

bool parsec_log_root(const struct parsec_log *log, enum file_root *ret_root)
{
    if (log->have_root)
        *ret_root = log->root;
    return log->have_root;
}

/* The line is complete, or will never be. */
static void line_end(struct parsec_log *log)
{
    if (!log->skipping && log->line_length > 0)
        parsec_log_line(&log->state, log->line, log->line_length);
    log->line_length = 0;
    log->skipping = false;
}

static void feed(struct parsec_log *log, const char *data, size_t length)
{
    while (length > 0) {
        const char *newline = memchr(data, '\n', length);
        size_t piece = newline ? (size_t)(newline - data) : length;
        size_t room = sizeof log->line - log->line_length;

        memcpy(log->line + log->line_length, data, piece < room ? piece : room);
        log->line_length += piece < room ? piece : room;
        if (!newline)
            return;
        line_end(log);
        data += piece + 1;
        length -= piece + 1;
    }
}

/* Reads name from log->offset to size. A file that is longer than what Parsec writes is entered
 * near its end. */
static bool follow(struct parsec_log *log,
                   struct files_port *files,
                   const char *name,
                   uint64_t size,
                   struct err *err)
{
    if (size > log->offset && size - log->offset > BACKLOG_BYTES) {
        log->offset = size - BACKLOG_BYTES;
        log->line_length = 0;
        log->skipping = true;
    }
    while (log->offset < size) {
        buf_clear(&log->chunk);
        if (!files->ops->read(files, log->root, name, log->offset, CHUNK_BYTES, &log->chunk, err))
            return false;
        if (log->chunk.len == 0)
            return true;
        feed(log, (const char *)log->chunk.data, log->chunk.len);
        log->offset += log->chunk.len;
    }
    return true;
}

static bool stat_log(struct files_port *files,
                     enum file_root root,
                     const char *name,
                     struct fs_stat *ret_stat,
                     struct err *err)
{
    memset(ret_stat, 0, sizeof *ret_stat);
    return files->ops->stat(files, root, name, ret_stat, err);
}

/* Finds the place whose log is newest. One place that cannot be looked at is passed over: there may
 * be no user, or somebody planted something there. */
static bool find_root(struct files_port *files,
                      enum file_root *ret_root,
                      struct fs_stat *ret_stat,
                      struct err *err)
{
    struct fs_stat shared, user;
    struct err why = ERR_INIT;
    bool shared_ok = stat_log(files, ROOT_PARSEC_SHARED, LOG_NAME, &shared, &why);
    bool user_ok = stat_log(files, ROOT_PARSEC_USER, LOG_NAME, &user, NULL);

    if (!shared_ok && !user_ok) {
        if (err)
            *err = why;
        return false;
    }
    if (user.kind != FS_FILE)
        user.modified_ms = INT64_MIN;
    if (shared.kind != FS_FILE)
        shared.modified_ms = INT64_MIN;
    *ret_root = user.modified_ms > shared.modified_ms ? ROOT_PARSEC_USER : ROOT_PARSEC_SHARED;
    *ret_stat = *ret_root == ROOT_PARSEC_USER ? user : shared;
    return true;
}

static void forget(struct parsec_log *log)
{
    parsec_log_init(&log->state);
    log->offset = 0;
    log->head_length = 0;
    log->line_length = 0;
    log->skipping = false;
}

/* The first bytes of a file; fewer when it is short. */
static bool
read_head(struct parsec_log *log, struct files_port *files, const char *name, struct err *err)
{
    buf_clear(&log->chunk);
    return files->ops->read(files, log->root, name, 0, HEAD_BYTES, &log->chunk, err);
}

/* True when the head that was just read belongs to the file read so far. */
static bool same_head(const struct parsec_log *log)
{
    return log->chunk.len >= log->head_length &&
           (log->head_length == 0 || memcmp(log->chunk.data, log->head, log->head_length) == 0);
}

static void keep_head(struct parsec_log *log)
{
    log->head_length = log->chunk.len < HEAD_BYTES ? log->chunk.len : HEAD_BYTES;
    if (log->head_length > 0)
        memcpy(log->head, log->chunk.data, log->head_length);
}

/* log.txt is another file now: what was written to the old one since stands in log.1.txt, unless
 * that is another file too. */
static bool finish_old(struct parsec_log *log, struct files_port *files, struct err *err)
{
    struct fs_stat old;

    if (!stat_log(files, log->root, LOG_OLD_NAME, &old, err))
        return false;
    if (old.kind == FS_FILE && old.size_bytes >= log->offset) {
        if (!read_head(log, files, LOG_OLD_NAME, err))
            return false;
        if (same_head(log) && !follow(log, files, LOG_OLD_NAME, old.size_bytes, err))
            return false;
    }
    line_end(log);
    log->offset = 0;
    log->head_length = 0;
    return true;
}

/* The first look: the older file comes first, so that who is connected is known. */
static bool begin(struct parsec_log *log, struct files_port *files, struct err *err)
{
    struct fs_stat old;

    forget(log);
    if (stat_log(files, log->root, LOG_OLD_NAME, &old, NULL) && old.kind == FS_FILE &&
        !follow(log, files, LOG_OLD_NAME, old.size_bytes, err))
        return false;
    line_end(log);
    log->offset = 0;
    return true;
}

bool parsec_log_read(struct parsec_log *log, struct files_port *files, struct err *err)
{
    enum file_root root;
    struct fs_stat stat;

    if (!find_root(files, &root, &stat, err))
        return false;
    if (stat.kind != FS_FILE) {
        forget(log);
        log->have_root = false;
        return true;
    }
    if (!log->have_root || root != log->root) {
        log->root = root;
        log->have_root = true;
        if (!begin(log, files, err)) {
            log->have_root = false;
            return false;
        }
    }
    if (!read_head(log, files, LOG_NAME, err))
        return false;
    if (stat.size_bytes < log->offset || !same_head(log)) {
        if (!finish_old(log, files, err) || !read_head(log, files, LOG_NAME, err))
            return false;
    }
    keep_head(log);
    log->state.found = true;
    return follow(log, files, LOG_NAME, stat.size_bytes, err);
}
