/* Log lines to stderr or to a file with one predecessor. */
#include "common/log.h"

#include "common/clock.h"
#include "common/fs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define LINE_BYTES 2048

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static struct {
    uv_once_t once;
    uv_mutex_t lock;
    enum log_level level;
    struct fs_file *file;
    uint64_t size_bytes;
    char path[FS_PATH_BYTES]; /* "": stderr is wanted */
} log_state = {.once = UV_ONCE_INIT, .level = LOG_INFO};

static void make_lock(void)
{
    uv_mutex_init(&log_state.lock);
}

static void lock(void)
{
    uv_once(&log_state.once, make_lock);
    uv_mutex_lock(&log_state.lock);
}

static void unlock(void)
{
    uv_mutex_unlock(&log_state.lock);
}

/* Opens the file; the caller holds the lock. */
static bool open_file(const char *path, struct err *err)
{
    struct fs_file *file;
    struct fs_stat found;

    if (!fs_file_open(path, FS_APPEND, FS_PRIVATE, &file, err))
        return false;
    if (!fs_file_stat(file, &found, err)) {
        fs_file_close(file);
        return false;
    }
    log_state.file = file;
    log_state.size_bytes = found.size_bytes;
    return true;
}

/* "name.log" -> "name.1.log", "name" -> "name.1". */
static bool older_path(char *out, const char *path)
{
    const char *dot = strrchr(path, '.');
    size_t stem;

    if (!dot || strpbrk(dot, "/\\"))
        dot = path + strlen(path);
    stem = (size_t)(dot - path);
    return (size_t)snprintf(out, FS_PATH_BYTES, "%.*s.1%s", (int)stem, path, dot) < FS_PATH_BYTES;
}

/* Starts a new file; when that fails the next line tries again, and this one goes to stderr. */
static void rotate(void)
{
    char older[FS_PATH_BYTES];

    fs_file_close(log_state.file);
    log_state.file = NULL;
    if (older_path(older, log_state.path))
        fs_rename(log_state.path, older, NULL);
    open_file(log_state.path, NULL);
}

bool log_open(const char *path, struct err *err)
{
    bool ok;

    if (strlen(path) >= FS_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", path, NULL);
    lock();
    fs_file_close(log_state.file);
    log_state.file = NULL;
    text_copy(log_state.path, sizeof log_state.path, path);
    ok = open_file(path, err);
    if (!ok)
        log_state.path[0] = '\0';
    unlock();
    return ok;
}

void log_close(void)
{
    lock();
    fs_file_close(log_state.file);
    log_state.file = NULL;
    log_state.path[0] = '\0';
    unlock();
}

void log_set_level(enum log_level level)
{
    lock();
    log_state.level = level;
    unlock();
}

/* Days since 1970 to a date (proleptic Gregorian); gmtime is not safe on any thread everywhere. */
static void date_of(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t shifted = days + 719468; /* from 0000-03-01 */
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    *ret_day = (int)(of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = (int)(year + era * 400 + (*ret_month <= 2));
}

static size_t stamp(char *out, size_t size)
{
    int64_t now_ms = clock_wall_ms(clock_system());
    int64_t of_day = now_ms % 86400000;
    int year, month, day;
    int n;

    date_of(now_ms / 86400000, &year, &month, &day);
    n = snprintf(out,
                 size,
                 "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                 year,
                 month,
                 day,
                 (int)(of_day / 3600000),
                 (int)(of_day / 60000 % 60),
                 (int)(of_day / 1000 % 60),
                 (int)(of_day % 1000));
    return (size_t)n;
}

static void write_line(enum log_level level, const char *area, const char *message)
{
    char line[LINE_BYTES];
    size_t n = stamp(line, sizeof line);

    n += (size_t)snprintf(line + n, sizeof line - n, " %-5s %.32s: ", level_names[level], area);
    text_safe(line + n, sizeof line - n - 1, message);
    n += strlen(line + n);
    line[n++] = '\n';
    if (log_state.file && log_state.size_bytes + n > LOG_FILE_BYTES)
        rotate();
    else if (!log_state.file && log_state.path[0])
        open_file(log_state.path, NULL);
    if (log_state.file && fs_file_write(log_state.file, 0, line, n, NULL)) {
        log_state.size_bytes += n;
    } else {
        fwrite(line, 1, n, stderr);
        fflush(stderr);
    }
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
    char message[LINE_BYTES];
    va_list list;

    lock();
    if (level <= log_state.level) {
        va_start(list, format);
        vsnprintf(message, sizeof message, format, list);
        va_end(list);
        write_line(level, area, message);
    }
    unlock();
}

void log_err(enum log_level level, const char *area, const char *what, const struct err *err)
{
    char message[LINE_BYTES];

    log_write(level, area, "%s: %s", what, err_message(err, TEXT_EN, message, sizeof message));
}
