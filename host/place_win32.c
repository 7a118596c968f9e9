/* Places on Windows. */
#include "host/place.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
#include <shlobj.h>

static bool known_folder(REFKNOWNFOLDERID id, const char *below, char *out, struct err *err)
{
    char base[FS_PATH_BYTES];
    WCHAR *path = NULL;
    HRESULT result = SHGetKnownFolderPath(id, 0, NULL, &path);
    bool ok = SUCCEEDED(result) &&
              utf16_to_utf8_into(
                  (const uint16_t *)path, utf16_len((const uint16_t *)path), base, sizeof base);

    CoTaskMemFree(path);
    if (!ok)
        return err_set_os(
            err, ERR_DOMAIN_HRESULT, (int32_t)result, TEXT_HOST_NO_STATE_FOLDER, NULL);
    return fs_join(out, base, below, err);
}

bool place_state(char *out, struct err *err)
{
    return known_folder(&FOLDERID_ProgramData, "gpupv", out, err);
}

bool place_simulation(char *out, struct err *err)
{
    return known_folder(&FOLDERID_LocalAppData, "gpupv\\sim", out, err);
}

bool place_socket(const char *token, char out[LINK_PATH_BYTES], struct err *err)
{
    int n = snprintf(out, LINK_PATH_BYTES, "\\\\.\\pipe\\gpupv-sim-%s", token);

    if (n < 0 || n >= LINK_PATH_BYTES)
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_OPEN, token, NULL);
    return true;
}

/* A pipe ends with its last handle. */
void place_socket_remove(const char *address)
{
    (void)address;
}

const char *place_program_suffix(void)
{
    return ".exe";
}

bool place_absolute(const char *path, char *out, struct err *err)
{
    WCHAR full[FS_PATH_BYTES];
    uint16_t *wide = NULL;
    DWORD n;

    if (!utf16_from_utf8(path, &wide, err))
        return false;
    n = GetFullPathNameW((const WCHAR *)wide, FS_PATH_BYTES, full, NULL);
    free(wide);
    if (!n || n >= FS_PATH_BYTES ||
        !utf16_to_utf8_into((const uint16_t *)full, n, out, FS_PATH_BYTES))
        return err_set_os(
            err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_FILE_OPEN, path, NULL);
    return true;
}

bool place_tool(const char *name, char *out, struct err *err)
{
    WCHAR folder16[MAX_PATH];
    UINT length = GetSystemDirectoryW(folder16, MAX_PATH);
    char folder[FS_PATH_BYTES], file[FS_NAME_BYTES];
    struct fs_stat stat = {.kind = FS_MISSING};

    snprintf(file, sizeof file, "%s.exe", name);
    if (length && length < MAX_PATH &&
        utf16_to_utf8_into((const uint16_t *)folder16, length, folder, sizeof folder) &&
        fs_join(out, folder, file, NULL) && fs_stat(out, &stat, NULL) && stat.kind == FS_FILE)
        return true;
    return err_set(err, ERR_UNSUPPORTED, TEXT_SETUP_NO_TOOL, file, NULL);
}
