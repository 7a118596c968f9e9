/* A stand-in for Windows in a plain folder. */
#include "host/image/dir_windows.h"

#include "common/fs.h"
#include "host/image/hive.h"

#include <string.h>

static bool
put(const char *root, const char *name, const void *data, size_t length, struct err *err)
{
    char path[FS_PATH_BYTES], folder[FS_PATH_BYTES];

    if (!fs_join(path, root, name, err))
        return false;
    text_copy(folder, sizeof folder, path);
    fs_parent(folder);
    return fs_make_dirs(folder, FS_PRIVATE, err) &&
           fs_write_atomic(path, data, length, FS_PRIVATE, err);
}

static bool fill_system(struct hive *hive, struct err *err)
{
    uint32_t key;

    return hive_make_key(hive, hive_root(hive), "Select", &key, err) &&
           hive_set_dword(hive, key, "Default", 1, err) &&
           hive_make_key(hive, hive_root(hive), "ControlSet001\\Services", &key, err) &&
           hive_make_key(hive, hive_root(hive), "ControlSet001\\Control", &key, err);
}

static bool fill_software(struct hive *hive, struct err *err)
{
    uint32_t key;

    return hive_make_key(
        hive, hive_root(hive), "Microsoft\\Windows NT\\CurrentVersion\\Winlogon", &key, err);
}

bool dir_windows_make(const char *root, struct err *err)
{
    static const struct {
        const char *name;
        bool (*fill)(struct hive *hive, struct err *err);
    } hives[] = {
        {"SYSTEM", fill_system},
        {"SOFTWARE", fill_software},
    };

    for (size_t i = 0; i < sizeof hives / sizeof *hives; i++) {
        char name[FS_NAME_BYTES] = "Windows/System32/config/";
        struct hive *hive = NULL;
        const uint8_t *data;
        size_t length;
        bool ok;

        text_copy(name + strlen(name), sizeof name - strlen(name), hives[i].name);
        ok = hive_new(hives[i].name, &hive, err) && hives[i].fill(hive, err) &&
             hive_finish(hive, &data, &length, err) && put(root, name, data, length, err);
        hive_free(hive);
        if (!ok)
            return false;
    }
    return true;
}

bool dir_windows_start(const char *root, const char *locale, struct err *err)
{
    static const char *const files[] = {
        "EFI/Microsoft/Boot/bootmgfw.efi", "EFI/Microsoft/Boot/BCD", "EFI/Boot/bootx64.efi"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!put(root, files[i], locale, strlen(locale), err))
            return false;
    return true;
}
