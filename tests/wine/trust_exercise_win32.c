/*
 * Exercises the trust in files, for the script trust.sh. Prints one line, and ends with 0, or with
 * 1 and the name of the error's kind.
 *
 *   check FILE SHA256|- PUBLISHERS|-   opens, checks, says who signed it
 *   hold FILE                          tries, while it is held, what would swap it; then starts it
 *   held-by-writer FILE                checks it while somebody has it open for writing
 */
#include "common/trust_win32.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISHER "Parsec Cloud, Inc."

static int fail(const struct err *err)
{
    char text[512];

    printf("%s: %s\n", err_kind_name(err->kind), err_message(err, TEXT_EN, text, sizeof text));
    return 1;
}

static const char *given(const char *argument)
{
    return strcmp(argument, "-") == 0 ? NULL : argument;
}

static int check(const char *path, const char *sha256, const char *publishers)
{
    struct trust_file *file = NULL;
    struct err err = ERR_INIT;

    if (!trust_file_open(path, given(sha256), given(publishers), &file, &err))
        return fail(&err);
    printf("trusted, signed by '%s'\n", trust_file_signer(file));
    trust_file_close(file);
    return 0;
}

/* Each way to put something else at the place of path fails. */
static bool is_safe(const uint16_t *path, const uint16_t *other)
{
    HANDLE handle = CreateFileW(path,
                                GENERIC_WRITE,
                                FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                                NULL,
                                OPEN_EXISTING,
                                0,
                                NULL);
    bool safe = handle == INVALID_HANDLE_VALUE;

    if (!safe)
        CloseHandle(handle);
    printf("%s %s %s %s; ",
           safe ? "not-written" : "WRITTEN",
           DeleteFileW(path) ? "DELETED" : "not-deleted",
           MoveFileExW(path, other, MOVEFILE_REPLACE_EXISTING) ? "RENAMED" : "not-renamed",
           CopyFileW(other, path, FALSE) ? "OVERWRITTEN" : "not-overwritten");
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES && safe;
}

static int start(const uint16_t *path)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD code = 255;

    if (!CreateProcessW(path, NULL, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process))
        return -1;
    WaitForSingleObject(process.hProcess, 20000);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return (int)code;
}

static int hold(const char *path)
{
    struct trust_file *file = NULL;
    struct err err = ERR_INIT;
    uint16_t *wide = NULL, *other = NULL;
    char beside[FS_PATH_BYTES];
    bool safe;

    if (!trust_file_open(path, NULL, PUBLISHER, &file, &err))
        return fail(&err);
    snprintf(beside, sizeof beside, "%s.swap", trust_file_path(file));
    if (!utf16_from_utf8(trust_file_path(file), &wide, &err) ||
        !utf16_from_utf8(beside, &other, &err))
        return fail(&err);
    safe = is_safe(wide, other);
    printf("started: %d\n", start(wide));
    trust_file_close(file);
    free(wide);
    free(other);
    return safe ? 0 : 1;
}

static int held_by_writer(const char *path)
{
    uint16_t *wide = NULL;
    struct err err = ERR_INIT;
    HANDLE writer;
    int code;

    if (!utf16_from_utf8(path, &wide, &err))
        return fail(&err);
    writer = CreateFileW(wide,
                         GENERIC_READ | GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                         NULL,
                         OPEN_EXISTING,
                         0,
                         NULL);
    code = check(path, "-", PUBLISHER);
    if (writer != INVALID_HANDLE_VALUE)
        CloseHandle(writer);
    free(wide);
    return code;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "check") == 0)
        return check(argv[2], argv[3], argv[4]);
    if (argc == 3 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2]);
    if (argc == 3 && strcmp(argv[1], "held-by-writer") == 0)
        return held_by_writer(argv[2]);
    return 64;
}
