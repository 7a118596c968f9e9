/* What would stop the making of a disk, found before it begins. */
#include "host/image/windows/inside.h"

#include "host/image/inspect.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_SUFFIX ".gpupv-probe"

/* The folder that path would be made in, or the nearest one above that exists. */
static bool nearest_folder(const char *path, char out[FS_PATH_BYTES], struct err *err)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    if (!windows_full_name(path, out, err))
        return false;
    while (stat.kind != FS_FOLDER && *out) {
        fs_parent(out);
        if (*out && !fs_stat(out, &stat, err))
            return false;
    }
    return *out || err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, path, NULL);
}

static bool check_attributes(const char *folder, struct err *err)
{
    uint16_t *folder16 = NULL;
    DWORD attributes;

    if (!fs_wide(folder, &folder16, err))
        return false;
    attributes = GetFileAttributesW((const WCHAR *)folder16);
    free(folder16);
    if (attributes == INVALID_FILE_ATTRIBUTES ||
        !(attributes & (FILE_ATTRIBUTE_COMPRESSED | FILE_ATTRIBUTE_ENCRYPTED)))
        return true;
    err_set(err, ERR_UNSUPPORTED, TEXT_DISK_FOLDER_PACKED, folder, NULL);
    return err_hint(err, TEXT_DISK_HINT_PLAIN_FILE);
}

static bool check_file_system(const char *folder, struct err *err)
{
    static const WCHAR *const too_small[] = {L"FAT", L"FAT32"};
    WCHAR volume[MAX_PATH], name[MAX_PATH + 1] = {0};
    uint16_t *folder16 = NULL;
    bool known;

    if (!fs_wide(folder, &folder16, err))
        return false;
    known = GetVolumePathNameW((const WCHAR *)folder16, volume, MAX_PATH) &&
            GetVolumeInformationW(volume, NULL, 0, NULL, NULL, NULL, name, MAX_PATH);
    free(folder16);
    for (size_t i = 0; known && i < sizeof too_small / sizeof *too_small; i++)
        if (!_wcsicmp(name, too_small[i])) {
            err_set(err, ERR_UNSUPPORTED, TEXT_DISK_FILE_SYSTEM, folder, NULL);
            return err_hint(err, TEXT_DISK_HINT_FILE_SYSTEM);
        }
    return true;
}

/* Whether a file can be made there at all: rights, Controlled Folder Access, a full disk. */
static bool probe_writing(const char *folder, struct err *err)
{
    char probe[FS_PATH_BYTES];
    uint16_t *probe16 = NULL;
    HANDLE file;
    DWORD code = 0;

    if (!fs_join(probe, folder, PROBE_SUFFIX, err) || !fs_wide(probe, &probe16, err))
        return false;
    file = CreateFileW((const WCHAR *)probe16,
                       GENERIC_WRITE | DELETE,
                       0,
                       NULL,
                       CREATE_ALWAYS,
                       FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE,
                       NULL);
    if (file == INVALID_HANDLE_VALUE)
        code = GetLastError();
    else
        CloseHandle(file);
    free(probe16);
    return code == 0 || explain(code, TEXT_DISK_FOLDER_WRITE, folder, err);
}

static bool file_preflight(struct image_port *port, const char *path, struct err *err)
{
    char folder[FS_PATH_BYTES];
    struct fs_stat stat;

    (void)port;
    if (!fs_stat(path, &stat, err))
        return false;
    if (stat.kind != FS_MISSING)
        return err_set(err, ERR_EXISTS, TEXT_HOST_DISK_EXISTS, path, NULL);
    return virtdisk_check(err) && privilege_enable_all(err) && volume_format_check(err) &&
           (wimgapi_check(NULL) || dism_check(NULL) || wimgapi_check(err)) && boot_check(err) &&
           nearest_folder(path, folder, err) && check_file_system(folder, err) &&
           check_attributes(folder, err) && probe_writing(folder, err);
}

static bool file_inspect(struct image_port *port,
                         const char *path,
                         struct image_look *ret_look,
                         struct err *err)
{
    (void)port;
    return inspect_vhdx(path, ret_look, err);
}

const struct image_file_ops windows_file_ops = {
    .preflight = file_preflight,
    .inspect = file_inspect,
    .copy = file_copy,
};
