/* Volumes as folders, for programs that take no other name. Such a folder is empty, private, and
 * below work; a letter is never given. */
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SUFFIX "-mount" /* how sweeping knows them */

/* folder with a backslash at its end, as the calls want it; the caller frees *ret_wide. */
static bool with_backslash(const char *folder, uint16_t **ret_wide, struct err *err)
{
    char path[FS_PATH_BYTES];

    if (strlen(folder) + 2 > sizeof path)
        return err_set(err, ERR_TOO_LARGE, TEXT_PATH_TOO_LONG, "", folder, NULL);
    snprintf(path, sizeof path, "%s\\", folder);
    return windows_full_path(path, ret_wide, err);
}

bool mount_add(struct windows_port *port,
               const char *name,
               const char *label,
               struct mount *ret_mount,
               struct err *err)
{
    char guid[WINDOWS_NAME_BYTES], folder[FS_PATH_BYTES], part[64];
    uint16_t *folder16 = NULL, *guid16 = NULL;
    struct retry retry = {0};
    bool ok = false;
    DWORD code;

    snprintf(part, sizeof part, "%s" NAME_SUFFIX, label);
    if (!windows_work(port, err) || !fs_join(folder, port->work, part, err) ||
        !fs_make_dirs(folder, FS_PRIVATE, err))
        return false;
    code = device_volume_guid(name, guid);
    if (code) {
        explain(code, TEXT_DISK_MOUNT, folder, err);
        goto out;
    }
    if (!with_backslash(folder, &folder16, err) || !with_backslash(guid, &guid16, err))
        goto out;
    do {
        code = SetVolumeMountPointW((const WCHAR *)folder16, (const WCHAR *)guid16)
                   ? 0
                   : GetLastError();
    } while (code && retry_again(&retry, code));
    if (code)
        explain(code, TEXT_DISK_MOUNT, folder, err);
    ok = code == 0;

out:
    if (ok)
        text_copy(ret_mount->folder, sizeof ret_mount->folder, folder);
    else
        RemoveDirectoryW((const WCHAR *)folder16);
    free(folder16);
    free(guid16);
    return ok;
}

bool mount_remove(struct mount *mount, struct err *err)
{
    struct retry retry = {0};
    uint16_t *folder16 = NULL;
    DWORD code;

    if (!*mount->folder)
        return true;
    if (!with_backslash(mount->folder, &folder16, err))
        return false;
    do {
        code = DeleteVolumeMountPointW((const WCHAR *)folder16) ? 0 : GetLastError();
    } while (code && retry_again(&retry, code));
    /* one that is no mount any more is an empty folder */
    if (RemoveDirectoryW((const WCHAR *)folder16))
        code = 0;
    else if (!code)
        code = GetLastError();
    free(folder16);
    if (code)
        return explain(code, TEXT_DISK_UNMOUNT, mount->folder, err);
    *mount->folder = 0;
    return true;
}

struct sweep {
    const char *folder;
};

static bool sweep_one(const char *name, enum fs_kind kind, void *user)
{
    struct sweep *sweep = user;
    size_t length = strlen(name), suffix = strlen(NAME_SUFFIX);
    struct mount mount;

    (void)kind; /* a link while the volume is there */
    if (length > suffix && !strcmp(name + length - suffix, NAME_SUFFIX) &&
        fs_join(mount.folder, sweep->folder, name, NULL))
        mount_remove(&mount, NULL);
    return true;
}

void mount_sweep(const char *folder)
{
    struct sweep sweep = {folder};

    fs_list(folder, sweep_one, &sweep, NULL);
}
