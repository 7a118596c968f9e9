/* The part of fs that is the same on every system: names, waiting for locks, leftovers. */
#include "common/fs_os.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define LOCK_POLL_MS 10
#define SWEEP_PASSES 10

#define RANDOM_DIGITS (2 * FS_RANDOM_BYTES)

/* Names of devices that Windows finds in every folder, with any extension. */
static bool is_device(const char *name)
{
    static const char *const devices[] = {
        "CON",  "PRN",  "AUX",  "NUL",  "COM0", "COM1", "COM2", "COM3", "COM4",   "COM5",    "COM6",
        "COM7", "COM8", "COM9", "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5",   "LPT6",    "LPT7",
        "LPT8", "LPT9", "COM¹", "COM²", "COM³", "LPT¹", "LPT²", "LPT³", "CONIN$", "CONOUT$",
    };
    size_t i;

    for (i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        size_t n = 0;

        while (devices[i][n] &&
               (name[n] == devices[i][n] || (devices[i][n] >= 'A' && devices[i][n] <= 'Z' &&
                                             (name[n] ^ 0x20) == devices[i][n])))
            n++;
        if (devices[i][n])
            continue;
        while (name[n] == ' ')
            n++;
        if (name[n] == '\0' || name[n] == '.')
            return true;
    }
    return false;
}

bool fs_name_is_safe(const char *name)
{
    size_t length = strlen(name);
    size_t i;

    if (length == 0 || length >= FS_NAME_BYTES || !text_is_utf8(name, length))
        return false;
    for (i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];

        if (c < 0x20 || c == 0x7F || strchr("<>:\"/\\|?*", c))
            return false;
    }
    if (name[length - 1] == '.' || name[length - 1] == ' ')
        return false; /* Windows drops them, so that two names would be one file; also "." and ".."
                       */
    return !is_device(name);
}

bool fs_join(char *out, const char *folder, const char *name, struct err *err)
{
    size_t length = strlen(folder);
    bool separator = length > 0 && !fs_is_separator(folder[length - 1]);
    size_t whole = length + separator + strlen(name);

    if (whole >= FS_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, folder, name, NULL);
    memmove(out, folder, length);
    if (separator)
        out[length++] = fs_separator;
    memcpy(out + length, name, strlen(name) + 1);
    return true;
}

bool fs_self_path(char *out, size_t size, struct err *err)
{
    size_t length = size;
    int code = uv_exepath(out, &length);

    if (code < 0)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_FILE_READ, "argv[0]", NULL);
    return true;
}

bool fs_env(const char *name, char *out, size_t size)
{
    size_t length = size;

    return uv_os_getenv(name, out, &length) == 0;
}

bool fs_lock(const char *path, int64_t wait_ms, struct fs_lock **ret_lock, struct err *err)
{
    uint64_t start = uv_hrtime();
    struct err failure = ERR_INIT;

    while (!fs_lock_try(path, ret_lock, &failure)) {
        if (failure.kind != ERR_BUSY || (int64_t)((uv_hrtime() - start) / 1000000) >= wait_ms) {
            if (err)
                *err = failure;
            return false;
        }
        uv_sleep(LOCK_POLL_MS);
    }
    return true;
}

struct sweep {
    const char *folder;
    struct err *err;
    size_t removed;
    bool ok;
};

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text);
    size_t b = strlen(end);

    return a > b && strcmp(text + a - b, end) == 0;
}

static bool sweep_entry(const char *name, enum fs_kind kind, void *user)
{
    struct sweep *sweep = user;
    char path[FS_PATH_BYTES];

    if (kind == FS_FILE && ends_with(name, FS_TEMP_SUFFIX))
        sweep->ok =
            fs_join(path, sweep->folder, name, sweep->err) && fs_temp_remove(path, sweep->err);
    return sweep->ok;
}

bool fs_sweep(const char *path, struct err *err)
{
    struct sweep sweep = {.folder = path, .err = err, .ok = true};
    int i;

    /* again when something went: a listing may skip entries then */
    for (i = 0; i < SWEEP_PASSES; i++) {
        sweep.removed = 0;
        if (!fs_list(path, sweep_entry, &sweep, err) || !sweep.ok)
            return false;
        if (sweep.removed == 0)
            break;
    }
    return true;
}

bool fs_dir_temp_name(const char *name, char *out, size_t size, struct err *err)
{
    unsigned char random[FS_RANDOM_BYTES];
    size_t at = strlen(name);
    size_t i;
    int code = uv_random(NULL, NULL, random, sizeof random, 0, NULL);

    if (code < 0)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_FILE_WRITE, name, NULL);
    if (at + 1 + RANDOM_DIGITS + sizeof FS_TEMP_SUFFIX > size)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", name, NULL);
    memcpy(out, name, at);
    out[at++] = '.';
    for (i = 0; i < sizeof random; i++)
        at += (size_t)snprintf(out + at, size - at, "%02x", random[i]);
    memcpy(out + at, FS_TEMP_SUFFIX, sizeof FS_TEMP_SUFFIX);
    return true;
}

bool fs_dir_is_temp(const char *entry, const char *name)
{
    size_t length = strlen(name);

    return strncmp(entry, name, length) == 0 && entry[length] == '.' &&
           strspn(entry + length + 1, "0123456789abcdef") == RANDOM_DIGITS &&
           strcmp(entry + length + 1 + RANDOM_DIGITS, FS_TEMP_SUFFIX) == 0;
}

struct dir_sweep {
    struct fs_dir *dir;
    const char *name;
};

static bool dir_sweep_entry(const char *entry, enum fs_kind kind, void *user)
{
    struct dir_sweep *sweep = user;

    if (kind == FS_FILE && fs_dir_is_temp(entry, sweep->name))
        fs_dir_remove(sweep->dir, entry, NULL);
    return true;
}

void fs_dir_sweep(struct fs_dir *dir, const char *name)
{
    struct dir_sweep sweep = {.dir = dir, .name = name};

    fs_dir_list(dir, dir_sweep_entry, &sweep, NULL);
}

void fs_parent(char *path)
{
    char *end = path + strlen(path);

    while (end > path && *end != '/' && *end != '\\')
        end--;
    *end = 0;
}
