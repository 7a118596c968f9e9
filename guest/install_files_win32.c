/* Nothing here follows a link: the folder was checked with every folder above it. */
#include "guest/install_files_win32.h"

#include "common/digest.h"
#include "common/fs_win32.h"
#include "common/utf16.h"
#include "guest/agent_files.h"
#include "guest/install.h"
#include "guest/install_trust_win32.h"
#include "guest/pairing.h"

#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_BYTES  ((size_t)256 << 10)
#define LEFT_NEW    "gpupv-agent.new.exe"
#define LEFT_OLD    "gpupv-agent.old-"
#define LEFT_SUFFIX ".exe"

static const WCHAR program_sddl[] =
    L"O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)";

/* ---- paths ---- */

bool install_full_path(const char *path, char *out, struct err *err)
{
    WCHAR full[FS_PATH_BYTES];
    uint16_t *wide = NULL;
    DWORD n;

    if (!utf16_from_utf8(path, &wide, err))
        return false;
    n = GetFullPathNameW((const WCHAR *)wide, FS_PATH_BYTES, full, NULL);
    free(wide);
    return (n && n < FS_PATH_BYTES &&
            utf16_to_utf8_into((const uint16_t *)full, n, out, FS_PATH_BYTES)) ||
           fs_fail(ERROR_FILENAME_EXCED_RANGE, TEXT_FILE_OPEN, path, err);
}

struct content {
    bool anything, known;
};

static bool on_content(const char *name, enum fs_kind kind, void *user)
{
    /* what the agent always makes, and what an uninstall keeps to its end */
    static const char *const marks[] = {
        AGENT_LOCK_FILE, AGENT_KEY_FILE, PAIRING_FILE, INSTALL_STEPS};
    struct content *content = user;

    content->anything = true;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        content->known |= kind == FS_FILE && strcmp(name, marks[i]) == 0;
    return !content->known;
}

bool install_data_is_ours(const char *folder, struct err *err)
{
    struct content content = {.anything = false};

    if (!fs_list(folder, on_content, &content, err))
        return false;
    return !content.anything || content.known ||
           err_set(err, ERR_UNSAFE, TEXT_INSTALL_DATA_FOREIGN, folder, NULL);
}

/* ---- the folder ---- */

static DWORD make_folder(const uint16_t *wide)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};
    DWORD code = 0;

    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
            program_sddl, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL))
        return GetLastError();
    if (!CreateDirectoryW((const WCHAR *)wide, &attributes))
        code = GetLastError();
    LocalFree(attributes.lpSecurityDescriptor);
    return code;
}

bool install_folder_make(const char *folder, struct err *err)
{
    char real[FS_PATH_BYTES];
    uint16_t *wide = NULL;
    DWORD code;

    if (!fs_wide(folder, &wide, err))
        return false;
    code = make_folder(wide);
    free(wide);
    if (code && code != ERROR_ALREADY_EXISTS)
        return fs_fail(code, TEXT_FOLDER_CREATE, folder, err);
    return install_path_check(folder, INSTALL_PLACE_FOLDER, real, err);
}

bool install_folder_remove(const char *folder, struct err *err)
{
    uint16_t *wide = NULL;
    DWORD code = 0;

    if (!fs_wide(folder, &wide, err))
        return false;
    if (!RemoveDirectoryW((const WCHAR *)wide))
        code = GetLastError();
    free(wide);
    return !code || code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ||
           code == ERROR_DIR_NOT_EMPTY || /* of the host's program, say */
           fs_fail(code, TEXT_FILE_REMOVE, folder, err);
}

/* ---- the program ---- */

static bool copy_bytes(struct fs_file *from, struct fs_file *to, struct err *err)
{
    uint8_t *block = malloc(COPY_BYTES);
    uint64_t at = 0;
    size_t count = 0;
    bool ok = block != NULL;

    if (!ok)
        err_no_memory(err);
    do {
        ok = ok && fs_file_read(from, at, block, COPY_BYTES, &count, err) &&
             fs_file_write(to, at, block, count, err);
        at += count;
    } while (ok && count == COPY_BYTES);
    free(block);
    return ok && fs_file_resize(to, at, err) && fs_file_flush(to, err);
}

static bool digest_of(const char *path, char *ret_hex, struct err *err)
{
    char folder[FS_PATH_BYTES];
    const char *name = strrchr(path, '\\');

    text_copy(folder, sizeof folder, path);
    fs_parent(folder);
    return digest_file(folder, name ? name + 1 : path, ret_hex, NULL, err);
}

bool install_is_same(const char *one, const char *two)
{
    char first[DIGEST_HEX_BYTES], second[DIGEST_HEX_BYTES];

    return digest_of(one, first, NULL) && digest_of(two, second, NULL) &&
           strcmp(first, second) == 0;
}

bool install_copy(const char *from, const char *to, struct err *err)
{
    struct fs_file *source = NULL, *target = NULL;
    bool ok = fs_file_open(from, FS_READ, FS_SHARED, &source, err) && fs_remove(to, err) &&
              fs_file_open(to, FS_CREATE, FS_SHARED, &target, err) &&
              copy_bytes(source, target, err);

    fs_file_close(source);
    fs_file_close(target);
    if (ok && !install_is_same(from, to))
        ok = err_set(err, ERR_IO, TEXT_INSTALL_COPY_DIFFERS, to, NULL);
    return ok;
}

/* ---- removing ---- */

/* A program that runs cannot be removed, but renamed on its volume, with its permissions; Windows
 * removes it from there when nothing runs yet. */
static DWORD remove_at_start(const uint16_t *wide)
{
    WCHAR away[MAX_PATH + 64], windows[MAX_PATH];
    UINT n = GetSystemWindowsDirectoryW(windows, MAX_PATH);
    const WCHAR *last = (const WCHAR *)wide;

    if (!n || n >= MAX_PATH)
        return ERROR_PATH_NOT_FOUND;
    _snwprintf(away,
               sizeof away / sizeof away[0],
               L"%ls\\Temp\\gpupv-agent-%lu-%lu.tmp",
               windows,
               (unsigned long)GetCurrentProcessId(),
               (unsigned long)GetTickCount());
    if (MoveFileExW((const WCHAR *)wide, away, 0))
        last = away;
    return MoveFileExW(last, NULL, MOVEFILE_DELAY_UNTIL_REBOOT) ? 0 : GetLastError();
}

bool install_remove_file(const char *path, bool *ret_later, struct err *err)
{
    uint16_t *wide = NULL;
    DWORD code = 0;

    if (!fs_wide(path, &wide, err))
        return false;
    if (!DeleteFileW((const WCHAR *)wide))
        code = GetLastError();
    if (code == ERROR_ACCESS_DENIED || code == ERROR_SHARING_VIOLATION ||
        code == ERROR_USER_MAPPED_FILE) {
        code = remove_at_start(wide);
        if (!code)
            *ret_later = true;
    }
    free(wide);
    return !code || code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND ||
           fs_fail(code, TEXT_FILE_REMOVE, path, err);
}

struct sweep {
    const char *folder;
    bool later, ok;
    struct err *err;
};

static bool on_file(const char *name, enum fs_kind kind, void *user)
{
    struct sweep *sweep = user;
    size_t length = strlen(name);
    char path[FS_PATH_BYTES];
    bool old = strncmp(name, LEFT_OLD, strlen(LEFT_OLD)) == 0 && length > strlen(LEFT_SUFFIX) &&
               strcmp(name + length - strlen(LEFT_SUFFIX), LEFT_SUFFIX) == 0;

    if (kind == FS_FILE && (old || strcmp(name, LEFT_NEW) == 0))
        sweep->ok = fs_join(path, sweep->folder, name, sweep->err) &&
                    install_remove_file(path, &sweep->later, sweep->err) && sweep->ok;
    return true;
}

bool install_sweep(const char *folder, bool *ret_later, struct err *err)
{
    struct sweep sweep = {.folder = folder, .ok = true, .err = err};

    if (!fs_list(folder, on_file, &sweep, err))
        return false;
    *ret_later |= sweep.later;
    return sweep.ok;
}
