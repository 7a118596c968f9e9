/* Port of the GPU driver's places on Windows. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <aclapi.h>
#include <shlobj.h>
#include <winioctl.h>

#define LINK_UNITS  (2 * MAX_PATH)
#define STORE_BELOW "System32\\DriverStore\\FileRepository"

/* As in ntifs.h, which is not for programs. */
struct mount_point {
    DWORD tag;
    WORD length, reserved;
    WORD name_at, name_bytes, shown_at, shown_bytes;
    WCHAR text[2 * LINK_UNITS];
};

static bool folder_of(int id, char *out, struct err *err)
{
    WCHAR path[MAX_PATH];
    HRESULT code = SHGetFolderPathW(NULL, id, NULL, SHGFP_TYPE_CURRENT, path);

    return (SUCCEEDED(code) && utf16_to_utf8_into(path, utf16_len(path), out, FS_PATH_BYTES)) ||
           call_fail_com(FAILED(code) ? code : E_FAIL, TEXT_WINDOWS_FOLDER, "", err);
}

static bool
place(struct staging_port *port, enum driver_place which, char *ret_folder, struct err *err)
{
    static const struct {
        int id;
        const char *below;
    } rows[DRIVER_PLACES] = {
        [DRIVER_STORE] = {CSIDL_WINDOWS, "System32\\HostDriverStore\\FileRepository"},
        [DRIVER_SYSTEM32] = {CSIDL_WINDOWS, "System32"},
        [DRIVER_SYSWOW64] = {CSIDL_WINDOWS, "SysWOW64"},
        [DRIVER_PROGRAM_DATA] = {CSIDL_COMMON_APPDATA, NULL},
    };
    char base[FS_PATH_BYTES];

    (void)port;
    if (!folder_of(rows[which].id, base, err))
        return false;
    if (!rows[which].below)
        text_copy(ret_folder, FS_PATH_BYTES, base);
    else if (!fs_join(ret_folder, base, rows[which].below, err))
        return false;
    return fs_make_dirs(ret_folder, FS_SHARED, err);
}

/* ---- whose file ---- */

/* Files of Windows belong to its installer, which no driver and no administrator is. */
static bool owner_is_installer(const uint16_t *path)
{
    static const WCHAR installer[] = L"NT SERVICE\\TrustedInstaller";
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD sid_bytes = sizeof sid, domain_units = 64;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    WCHAR domain[64];
    SID_NAME_USE use;
    PSID owner = NULL;
    bool same;

    if (GetNamedSecurityInfoW((WCHAR *)path,
                              SE_FILE_OBJECT,
                              OWNER_SECURITY_INFORMATION,
                              &owner,
                              NULL,
                              NULL,
                              NULL,
                              &descriptor) != ERROR_SUCCESS)
        return false;
    same = owner &&
           LookupAccountNameW(NULL, installer, sid, &sid_bytes, domain, &domain_units, &use) &&
           EqualSid(owner, sid);
    LocalFree(descriptor);
    return same;
}

/* The list of protected files; no import library has it. */
static bool is_protected(const uint16_t *path)
{
    BOOL(WINAPI * ask)(HANDLE rpc, PCWSTR path) = NULL;

    call_store(&ask, call_find("sfc.dll", "SfcIsFileProtected"));
    return ask && ask(NULL, path);
}

static bool
is_windows(struct staging_port *port, const char *path, bool *ret_windows, struct err *err)
{
    uint16_t *wide = NULL;

    (void)port;
    if (!utf16_from_utf8(path, &wide, err))
        return false;
    *ret_windows = is_protected(wide) || owner_is_installer(wide);
    free(wide);
    return true;
}

/* ---- the link ---- */

static bool fail(const char *folder, const char *target, struct err *err)
{
    return err_set_os(
        err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_DRIVER_LINK, folder, target, NULL);
}

static bool fill(struct mount_point *point, const uint16_t *target)
{
    static const WCHAR prefix[] = L"\\??\\";
    size_t length = utf16_len(target), before = wcslen(prefix);
    WCHAR *at = point->text;

    if (before + length >= LINK_UNITS)
        return false;
    memset(point, 0, sizeof *point);
    point->tag = IO_REPARSE_TAG_MOUNT_POINT;
    point->name_bytes = (WORD)((before + length) * sizeof *at);
    point->shown_at = (WORD)(point->name_bytes + sizeof *at);
    point->shown_bytes = (WORD)(length * sizeof *at);
    memcpy(at, prefix, before * sizeof *at);
    memcpy(at + before, target, length * sizeof *at);
    memcpy(at + before + length + 1, target, length * sizeof *at);
    point->length = (WORD)(8 + point->shown_at + point->shown_bytes + sizeof *at);
    return true;
}

/* Makes the folder `path`, which is not there, a junction to target. */
static bool make_link(const char *path, const char *target, struct err *err)
{
    struct mount_point *point = calloc(1, sizeof *point);
    uint16_t *wide = NULL, *to = NULL;
    HANDLE handle = INVALID_HANDLE_VALUE;
    DWORD bytes;
    bool ok = false;

    if (!point || !utf16_from_utf8(path, &wide, err) || !utf16_from_utf8(target, &to, err) ||
        !fill(point, to))
        goto out;
    if (!CreateDirectoryW(wide, NULL)) {
        fail(path, target, err);
        goto out;
    }
    handle = CreateFileW(wide,
                         GENERIC_WRITE,
                         0,
                         NULL,
                         OPEN_EXISTING,
                         FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS,
                         NULL);
    ok = handle != INVALID_HANDLE_VALUE && DeviceIoControl(handle,
                                                           FSCTL_SET_REPARSE_POINT,
                                                           point,
                                                           (DWORD)point->length + 8,
                                                           NULL,
                                                           0,
                                                           &bytes,
                                                           NULL);
    if (!ok)
        fail(path, target, err);
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    if (!ok)
        RemoveDirectoryW(wide); /* an empty folder would stand for a package */

out:
    free(point);
    free(to);
    free(wide);
    return ok;
}

static bool remove_link(const char *path, struct err *err)
{
    uint16_t *wide = NULL;
    bool ok = utf16_from_utf8(path, &wide, err);

    ok = ok && (RemoveDirectoryW(wide) || fail(path, "", err));
    free(wide);
    return ok;
}

static bool change_link(struct staging_port *port, const char *folder, bool on, struct err *err)
{
    char windows[FS_PATH_BYTES], store[FS_PATH_BYTES], path[FS_PATH_BYTES], target[FS_PATH_BYTES];
    struct fs_stat stat;

    if (!folder_of(CSIDL_WINDOWS, windows, err) || !fs_join(store, windows, STORE_BELOW, err) ||
        !fs_join(path, store, folder, err) || !place(port, DRIVER_STORE, store, err) ||
        !fs_join(target, store, folder, err) || !fs_stat(path, &stat, err))
        return false;
    if (on)
        return stat.kind != FS_MISSING || make_link(path, target, err);
    return stat.kind != FS_LINK || remove_link(path, err);
}

static const struct staging_ops ops = {
    .place = place, .is_windows = is_windows, .link = change_link};

bool windows_staging_new(struct staging_port **ret_port, struct err *err)
{
    struct staging_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_staging_free(struct staging_port *port)
{
    free(port);
}
