/* The real path, and who may change what stands on it. */
#include "guest/install_trust_win32.h"

#include "common/utf16.h"

#include <aclapi.h>
#include <stdlib.h>
#include <string.h>

#define LONG_PREFIX   "\\\\?\\"
#define REMOTE_PREFIX "\\\\?\\UNC\\"

/* Adding files to a folder further up, as everybody may at C:\, harms nobody: the service's path is
 * quoted. Moving a folder away does. */
static const ACCESS_MASK harmful[] = {
    [INSTALL_PLACE_PROGRAM] = FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE | WRITE_DAC |
                              WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL,
    [INSTALL_PLACE_FOLDER] = FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY | FILE_DELETE_CHILD | DELETE |
                             WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL,
    [INSTALL_PLACE_ANCESTOR] =
        FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_WRITE | GENERIC_ALL,
};

bool install_acl_is_safe(enum install_place place, PSID owner, PACL acl, PSID user)
{
    return fs_is_ours(owner, acl, harmful[place], user);
}

static HANDLE open_to_look(const char *path, struct err *err)
{
    HANDLE handle = INVALID_HANDLE_VALUE;
    uint16_t *wide = NULL;

    if (!fs_wide(path, &wide, err))
        return handle;
    handle = CreateFileW((const WCHAR *)wide,
                         READ_CONTROL | FILE_READ_ATTRIBUTES,
                         FS_SHARE_ALL,
                         NULL,
                         OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS,
                         NULL);
    if (handle == INVALID_HANDLE_VALUE)
        fs_fail(GetLastError(), TEXT_FILE_OPEN, path, err);
    free(wide);
    return handle;
}

static bool real_path(HANDLE handle, const char *path, char *out, struct err *err)
{
    WCHAR wide[FS_PATH_BYTES];
    char full[FS_PATH_BYTES];
    DWORD n = GetFinalPathNameByHandleW(handle, wide, FS_PATH_BYTES, VOLUME_NAME_DOS);

    if (!n || n >= FS_PATH_BYTES ||
        !utf16_to_utf8_into((const uint16_t *)wide, n, full, sizeof full))
        return fs_fail(n ? ERROR_FILENAME_EXCED_RANGE : GetLastError(), TEXT_FILE_OPEN, path, err);
    if (strncmp(full, REMOTE_PREFIX, strlen(REMOTE_PREFIX)) == 0)
        return err_set(err, ERR_UNSAFE, TEXT_INSTALL_PATH_REMOTE, path, NULL);
    text_copy(out,
              FS_PATH_BYTES,
              strncmp(full, LONG_PREFIX, strlen(LONG_PREFIX)) == 0 ? full + strlen(LONG_PREFIX)
                                                                   : full);
    return true;
}

static bool
check_one(HANDLE handle, const char *path, enum install_place place, PSID user, struct err *err)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    PSID owner = NULL;
    PACL acl = NULL;
    DWORD code = GetSecurityInfo(handle,
                                 SE_FILE_OBJECT,
                                 OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
                                 &owner,
                                 NULL,
                                 &acl,
                                 NULL,
                                 &descriptor);
    bool ok = true;

    if (code)
        return fs_fail(code, TEXT_PERMISSIONS, path, err);
    if (!install_acl_is_safe(place, owner, acl, user)) {
        err_set(err, ERR_UNSAFE, TEXT_INSTALL_PATH_OPEN, path, NULL);
        ok = err_hint(err, TEXT_INSTALL_PATH_HINT);
    }
    LocalFree(descriptor);
    return ok;
}

/* Cuts path to the folder above; false at the root of the drive. */
static bool go_up(char *path)
{
    char *last = strrchr(path, '\\');

    if (!last || last[1] == '\0')
        return false;
    last[last == path + 2 ? 1 : 0] = '\0'; /* "C:\x" becomes "C:\" */
    return true;
}

bool install_path_check(const char *path, enum install_place place, char *ret_real, struct err *err)
{
    char real[FS_PATH_BYTES], above[FS_PATH_BYTES];
    TOKEN_USER *user = NULL;
    HANDLE handle;
    bool ok = false;

    if (!fs_current_user(&user, err) || !user)
        return false;
    handle = open_to_look(path, err);
    if (handle != INVALID_HANDLE_VALUE)
        ok = real_path(handle, path, real, err) &&
             check_one(handle, real, place, user->User.Sid, err);
    if (ok)
        text_copy(above, sizeof above, real);
    while (ok && go_up(above)) {
        if (place != INSTALL_PLACE_ANCESTOR)
            place++;
        CloseHandle(handle);
        handle = open_to_look(above, err);
        ok = handle != INVALID_HANDLE_VALUE && check_one(handle, above, place, user->User.Sid, err);
    }
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(user);
    if (ok)
        text_copy(ret_real, FS_PATH_BYTES, real);
    return ok;
}
