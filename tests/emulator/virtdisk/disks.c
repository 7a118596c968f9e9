/* See disks.h: calls, attached disks, names of volumes, mounted folders. */
#include "disks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define ATTACHED "image\\attached"
#define MOUNTS   "image\\mounts"

enum { KEY_BYTES = 64, LINE_BYTES = 1024 };

DWORD disks_call(const char *name, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    DWORD number, code;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    state_lock();
    number = state_number("image", "Calls", 0) + 1;
    state_set_number("image", "Calls", number);
    code = state_fault("image\\fault", name);
    if (number == state_number("image", "FailCall", 0))
        code = state_number("image", "FailCode", ERROR_IO_DEVICE);
    state_log("image", "%lu %s %s%s", (unsigned long)number, name, line, code ? " FAILS" : "");
    state_unlock();
    return code;
}

DWORD disks_setting(const char *name, DWORD otherwise)
{
    return state_number("image", name, otherwise);
}

bool disks_privilege(const wchar_t *name)
{
    PRIVILEGE_SET set = {.PrivilegeCount = 1, .Control = PRIVILEGE_SET_ALL_NECESSARY};
    HANDLE token = NULL;
    BOOL is_on = FALSE;

    if (!LookupPrivilegeValueW(NULL, name, &set.Privilege[0].Luid) ||
        !OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    if (!PrivilegeCheck(token, &set, &is_on))
        is_on = FALSE;
    CloseHandle(token);
    return is_on;
}

static bool policy_forbids(const struct attached *disk)
{
    DWORD value = 0, size = sizeof(value);

    return !disk->is_iso && !disk->is_bypassed &&
           !RegGetValueW(HKEY_LOCAL_MACHINE,
                         L"SYSTEM\\CurrentControlSet\\Policies\\Microsoft\\FVE",
                         L"FDVDenyWriteAccess",
                         RRF_RT_REG_DWORD,
                         NULL,
                         &value,
                         &size) &&
           value == 1;
}

bool disks_protected(const struct attached *disk)
{
    return disk->is_read_only || disk->is_write_locked || policy_forbids(disk);
}

/* ---- attached disks ---- */

static void value_name(bool is_iso, DWORD number, char name[KEY_BYTES])
{
    snprintf(name, KEY_BYTES, "%s%lu", is_iso ? "iso" : "disk", (unsigned long)number);
}

static bool is_alive(DWORD pid)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, pid);
    bool alive = process && WaitForSingleObject(process, 0) == WAIT_TIMEOUT;

    if (process)
        CloseHandle(process);
    return alive;
}

bool disks_get(bool is_iso, DWORD number, struct attached *ret_disk)
{
    struct attached disk;
    char name[KEY_BYTES];

    value_name(is_iso, number, name);
    if (!state_bytes(ATTACHED, name, &disk, sizeof(disk)))
        return false;
    if (!is_alive(disk.pid)) {
        /* what is attached dies with the handles of its process */
        state_remove(ATTACHED, name);
        return false;
    }
    *ret_disk = disk;
    return true;
}

bool disks_find(const wchar_t *path, struct attached *ret_disk)
{
    struct attached disk;

    for (int iso = 0; iso < 2; iso++)
        for (DWORD i = 0; i < DISKS_MAX; i++)
            if (disks_get(iso, i, &disk) && !_wcsicmp(disk.path, path)) {
                *ret_disk = disk;
                return true;
            }
    return false;
}

void disks_set(const struct attached *disk)
{
    char name[KEY_BYTES];

    value_name(disk->is_iso, disk->number, name);
    state_set_bytes(ATTACHED, true, name, disk, sizeof(*disk));
}

bool disks_add(struct attached *disk)
{
    struct attached other;
    bool ok = false;

    state_lock();
    /* drive 0 is the computer's own */
    for (DWORD i = disk->is_iso ? 0 : 1; !ok && i < DISKS_MAX; i++) {
        if (disks_get(disk->is_iso, i, &other))
            continue;
        disk->number = i;
        disks_set(disk);
        ok = true;
    }
    state_unlock();
    return ok;
}

void disks_remove(const struct attached *disk)
{
    char name[KEY_BYTES];

    value_name(disk->is_iso, disk->number, name);
    state_remove(ATTACHED, name);
}

/* ---- names of volumes ---- */

/* Reads a number that stands at *at, which moves behind it. */
static bool take_number(const wchar_t **at, DWORD *ret_number)
{
    wchar_t *end;

    if (**at < L'0' || **at > L'9')
        return false;
    *ret_number = wcstoul(*at, &end, 10);
    *at = end;
    return true;
}

static bool take_text(const wchar_t **at, const wchar_t *text)
{
    size_t length = wcslen(text);

    if (_wcsnicmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool parse_disk(const wchar_t *at,
                       const wchar_t *prefix,
                       const wchar_t *between,
                       struct volume_name *name)
{
    if (!take_text(&at, prefix) || !take_number(&at, &name->number) || !take_text(&at, between) ||
        !take_number(&at, &name->partition) || !name->partition)
        return false;
    name->rest = at;
    return true;
}

static bool parse_iso(const wchar_t *at, const wchar_t *prefix, struct volume_name *name)
{
    if (!take_text(&at, prefix) || !take_number(&at, &name->number))
        return false;
    name->is_iso = true;
    name->rest = at;
    return true;
}

static bool parse_guid(const wchar_t *at, struct volume_name *name)
{
    unsigned kind, number, partition;

    if (!take_text(&at, L"Volume{") || swscanf(at, L"%8x-%4x-%4x", &kind, &number, &partition) != 3)
        return false;
    at = wcschr(at, L'}');
    if (!at || (kind != 0xD15C0000 && kind != 0x150C0000))
        return false;
    name->naming = NAMING_GUID;
    name->is_iso = kind == 0x150C0000;
    name->number = number;
    name->partition = partition;
    name->rest = at + 1;
    return true;
}

bool volume_name_parse(const wchar_t *path, struct volume_name *ret_name)
{
    struct volume_name name = {0};
    const wchar_t *at = path;
    bool found;

    if (!take_text(&at, L"\\\\?\\") && !take_text(&at, L"\\\\.\\"))
        return false;
    if (parse_guid(at, &name)) {
        found = true;
    } else if (parse_disk(at, L"GLOBALROOT\\Device\\Harddisk", L"\\Partition", &name) ||
               parse_iso(at, L"GLOBALROOT\\Device\\CdRom", &name)) {
        name.naming = NAMING_DEVICE;
        found = true;
    } else {
        found = parse_disk(at, L"Harddisk", L"Partition", &name) || parse_iso(at, L"CDROM", &name);
        name.naming = NAMING_LINK;
    }
    if (!found || (*name.rest && *name.rest != L'\\'))
        return false;
    *ret_name = name;
    return true;
}

void volume_name_guid(const struct volume_name *name, wchar_t ret_guid[64])
{
    swprintf(ret_guid,
             64,
             L"\\\\?\\Volume{%08x-%04x-%04x-0000-000000000000}\\",
             name->is_iso ? 0x150C0000u : 0xD15C0000u,
             (unsigned)name->number,
             (unsigned)name->partition);
}

DWORD volume_find(const struct volume_name *name, struct attached *ret_disk)
{
    struct attached disk;
    struct gpt table;

    if (!disks_get(name->is_iso, name->number, &disk) ||
        (name->naming == NAMING_DEVICE && !name->is_iso && disks_setting("NoDeviceNames", 0)))
        return ERROR_PATH_NOT_FOUND;
    if (name->is_iso) {
        *ret_disk = disk;
        return 0;
    }
    if (disk.is_offline || !disks_table(&disk, &table) || name->partition > table.count ||
        guid_is(&table.partitions[name->partition - 1].type, GPT_TYPE_MSR))
        return ERROR_FILE_NOT_FOUND;
    if (state_now_ms() - disk.laid_out_ms < disks_setting("VolumeDelayMs", 0))
        return ERROR_FILE_NOT_FOUND;
    *ret_disk = disk;
    return 0;
}

DWORD volume_translate(const wchar_t *path, wchar_t ret_path[DISKS_PATH])
{
    wchar_t folder[DISKS_PATH], volume[64];
    struct volume_name name;
    const wchar_t *rest;
    size_t length;
    DWORD code;

    if (volume_name_parse(path, &name)) {
        code = volume_folder(&name, folder);
        if (code)
            return code;
        return swprintf(ret_path, DISKS_PATH, L"%ls%ls", folder, name.rest) < 0
                   ? ERROR_FILENAME_EXCED_RANGE
                   : 0;
    }
    /* the longest folder above that shows a volume */
    if (wcslen(path) >= DISKS_PATH)
        return ERROR_FILENAME_EXCED_RANGE;
    wcscpy(folder, path);
    for (length = wcslen(folder); length; length--) {
        if (folder[length] && folder[length] != L'\\')
            continue;
        folder[length] = 0;
        rest = path + length;
        if (!mounts_get(folder, volume))
            continue;
        if (!volume_name_parse(volume, &name))
            return ERROR_PATH_NOT_FOUND;
        code = volume_folder(&name, folder);
        if (code)
            return code;
        return swprintf(ret_path, DISKS_PATH, L"%ls%ls", folder, rest) < 0
                   ? ERROR_FILENAME_EXCED_RANGE
                   : 0;
    }
    wcscpy(ret_path, path);
    return 0;
}

/* ---- folders that show volumes ---- */

/* Value names without the backslash at the end. */
static bool mount_key(const wchar_t *folder, char out[KEY_BYTES * 8])
{
    int length = WideCharToMultiByte(CP_UTF8, 0, folder, -1, out, KEY_BYTES * 8, NULL, NULL);

    if (length <= 1)
        return false;
    length -= 2;
    while (length > 0 && out[length] == '\\')
        out[length--] = 0;
    CharLowerA(out);
    return true;
}

bool mounts_get(const wchar_t *folder, wchar_t ret_volume[64])
{
    char key[KEY_BYTES * 8];

    return mount_key(folder, key) && state_text(MOUNTS, key, ret_volume, 64);
}

void mounts_set(const wchar_t *folder, const wchar_t *volume)
{
    char key[KEY_BYTES * 8];
    HKEY made;

    if (!mount_key(folder, key))
        return;
    made = state_open(MOUNTS, true);
    if (made)
        RegCloseKey(made);
    if (volume)
        state_set_text(MOUNTS, key, volume);
    else
        state_remove(MOUNTS, key);
}

bool mounts_any(const struct attached *disk)
{
    HKEY key = state_open(MOUNTS, true);
    bool any = false;

    for (DWORD i = 0; key && !any; i++) {
        wchar_t name[DISKS_PATH], volume[64] = {0};
        DWORD name_length = DISKS_PATH, size = sizeof(volume) - sizeof(*volume);
        struct volume_name parsed;

        if (RegEnumValueW(key, i, name, &name_length, NULL, NULL, (BYTE *)volume, &size))
            break;
        any = volume_name_parse(volume, &parsed) && parsed.is_iso == (bool)disk->is_iso &&
              parsed.number == disk->number;
    }
    if (key)
        RegCloseKey(key);
    return any;
}
