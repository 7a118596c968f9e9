/* See disks.h: the content of disks and the folders of their volumes. */
#include "disks.h"

#include "common/fs_win32.h"
#include "common/utf16.h"
#include "host/image/vhdx.h"
#include "tests/support/ntfs_write.h"
#include "tests/support/vhdx_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define VOLUMES "image\\volumes"
#define FOLDERS L"C:\\emulator\\volumes"

enum { KEY_BYTES = 16, DEPTH_MAX = 40 };

DWORD disks_code(const struct err *err)
{
    if (err->domain == ERR_DOMAIN_WIN32)
        return (DWORD)err->code;
    switch (err->kind) {
    case ERR_NOT_FOUND:
        return ERROR_FILE_NOT_FOUND;
    case ERR_EXISTS:
        return ERROR_FILE_EXISTS;
    case ERR_BAD_INPUT:
        return 0xC03A0015u; /* ERROR_VIRTDISK_NOT_VIRTUAL_DISK */
    case ERR_CONFLICT:
        return 0xC03A000Eu; /* ERROR_VHD_CHILD_PARENT_ID_MISMATCH */
    default:
        return ERROR_GEN_FAILURE;
    }
}

static bool utf8_path(const wchar_t *path, char out[FS_PATH_BYTES])
{
    return utf16_to_utf8_into((const uint16_t *)path, wcslen(path), out, FS_PATH_BYTES);
}

DWORD disk_read(const wchar_t *path, uint64_t position, void *data, size_t size)
{
    struct vhdx_chain *chain = NULL;
    struct err err = ERR_INIT;
    char path8[FS_PATH_BYTES];
    DWORD code = 0;

    if (!utf8_path(path, path8))
        return ERROR_INVALID_NAME;
    if (!vhdx_chain_open(path8, &chain, &err) ||
        !source_read(vhdx_chain_source(chain), position, data, size, &err))
        code = disks_code(&err);
    vhdx_chain_free(chain);
    return code;
}

DWORD disk_write(const wchar_t *path, uint64_t position, const void *data, size_t size)
{
    struct vhdx_writer *writer = NULL;
    struct err err = ERR_INIT;
    char path8[FS_PATH_BYTES];
    bool ok;

    if (!utf8_path(path, path8))
        return ERROR_INVALID_NAME;
    ok = vhdx_write_open(path8, &writer, &err) && vhdx_write_at(writer, position, data, size, &err);
    ok = vhdx_write_close(writer, ok ? &err : NULL) && ok;
    return ok ? 0 : disks_code(&err);
}

bool disks_table(const struct attached *disk, struct gpt *ret_table)
{
    struct vhdx_chain *chain = NULL;
    char path8[FS_PATH_BYTES];
    bool ok;

    if (!utf8_path(disk->path, path8) || !vhdx_chain_open(path8, &chain, NULL))
        return false;
    ok = gpt_read(
        vhdx_chain_source(chain), vhdx_chain_info(chain, 0)->sector_bytes, ret_table, NULL);
    vhdx_chain_free(chain);
    return ok;
}

static void folder_of(uint32_t serial, wchar_t ret_folder[DISKS_PATH])
{
    swprintf(ret_folder, DISKS_PATH, FOLDERS L"\\%08x", (unsigned)serial);
}

/* The serial number in the first sector of a partition; 0: no file system. */
static uint32_t serial_of(const struct attached *disk, uint64_t offset)
{
    uint8_t boot[BOOT_WRITE_BYTES];

    return disk_read(disk->path, offset, boot, sizeof(boot)) ? 0 : boot_serial(boot);
}

DWORD volume_folder(const struct volume_name *name, wchar_t ret_folder[DISKS_PATH])
{
    struct attached disk;
    struct gpt table;
    uint8_t boot[BOOT_WRITE_BYTES];
    DWORD code = volume_find(name, &disk);

    if (code)
        return code;
    if (name->is_iso)
        return swprintf(ret_folder, DISKS_PATH, L"%ls.tree", disk.path) < 0
                   ? ERROR_FILENAME_EXCED_RANGE
                   : 0;
    if (!disks_table(&disk, &table))
        return ERROR_FILE_NOT_FOUND;
    code = disk_read(disk.path, gpt_offset(&table, name->partition - 1), boot, sizeof(boot));
    if (code)
        return code;
    if (!boot_serial(boot))
        return ERROR_UNRECOGNIZED_VOLUME;
    if (!memcmp(boot + 3, "-FVE-FS-", 8))
        return 0x80310000u; /* FVE_E_LOCKED_VOLUME */
    folder_of(boot_serial(boot), ret_folder);
    return 0;
}

/* Makes the folder with its parents. */
static DWORD make_folder(const wchar_t *folder)
{
    CreateDirectoryW(L"C:\\emulator", NULL);
    CreateDirectoryW(FOLDERS, NULL);
    return CreateDirectoryW(folder, NULL) || GetLastError() == ERROR_ALREADY_EXISTS
               ? 0
               : GetLastError();
}

static void owner_key(uint32_t serial, char out[KEY_BYTES])
{
    snprintf(out, KEY_BYTES, "%08x", (unsigned)serial);
}

/* A number that no other volume has. */
static uint32_t new_serial(void)
{
    wchar_t owner[DISKS_PATH];
    char key[KEY_BYTES];
    uint32_t serial;

    do {
        serial = state_number("image", "Serials", 0x5E000000) + 1;
        state_set_number("image", "Serials", serial);
        owner_key(serial, key);
    } while (state_text(VOLUMES, key, owner, DISKS_PATH));
    return serial;
}

static DWORD write_boot(const struct attached *disk,
                        const struct gpt *table,
                        size_t index,
                        bool is_ntfs,
                        uint32_t serial)
{
    static uint8_t bytes[NTFS_WRITE_BYTES];
    struct ntfs_write what = {
        .size_bytes = gpt_size(table, index), .serial = serial, .log_used = true};

    if (is_ntfs)
        ntfs_write(&what, bytes);
    else
        fat32_write(serial, bytes);
    return disk_write(
        disk->path, gpt_offset(table, index), bytes, is_ntfs ? NTFS_WRITE_BYTES : BOOT_WRITE_BYTES);
}

DWORD volume_make(const struct volume_name *name, bool is_ntfs)
{
    wchar_t folder[DISKS_PATH];
    struct attached disk;
    struct gpt table;
    char key[KEY_BYTES];
    uint32_t serial;
    DWORD code = volume_find(name, &disk);

    if (code)
        return code;
    if (name->is_iso || disks_protected(&disk))
        return ERROR_WRITE_PROTECT;
    if (!disks_table(&disk, &table))
        return ERROR_FILE_NOT_FOUND;
    state_lock();
    serial = new_serial();
    code = write_boot(&disk, &table, name->partition - 1, is_ntfs, serial);
    if (!code) {
        owner_key(serial, key);
        state_set_text(VOLUMES, key, disk.path);
        folder_of(serial, folder);
        code = make_folder(folder);
    }
    state_unlock();
    return code;
}

/* Gives one volume its own folder when another disk has it. */
static DWORD settle(const struct attached *disk, const struct gpt *table, size_t index)
{
    wchar_t owner[DISKS_PATH], from[DISKS_PATH], to[DISKS_PATH];
    uint8_t boot[BOOT_WRITE_BYTES];
    char key[KEY_BYTES];
    uint32_t serial = serial_of(disk, gpt_offset(table, index)), fresh;
    DWORD code = 0;

    if (!serial || disk_read(disk->path, gpt_offset(table, index), boot, sizeof(boot)))
        return 0;
    owner_key(serial, key);
    state_text(VOLUMES, key, owner, DISKS_PATH);
    if (!_wcsicmp(owner, disk->path))
        return 0;
    if (GetFileAttributesW(owner) == INVALID_FILE_ATTRIBUTES) {
        state_set_text(VOLUMES, key, disk->path); /* it was moved */
        return 0;
    }
    fresh = new_serial();
    folder_of(serial, from);
    folder_of(fresh, to);
    code = make_folder(to);
    if (!code)
        code = copy_folder(from, to, NULL, NULL);
    if (!code)
        code = write_boot(disk, table, index, !memcmp(boot + 3, "NTFS", 4), fresh);
    owner_key(fresh, key);
    if (!code)
        state_set_text(VOLUMES, key, disk->path);
    return code;
}

DWORD volumes_settle(const struct attached *disk)
{
    struct gpt table;
    DWORD code = 0;

    if (disk->is_iso || disk->is_read_only || !disks_table(disk, &table))
        return 0;
    state_lock();
    for (size_t i = 0; !code && i < table.count; i++)
        code = settle(disk, &table, i);
    state_unlock();
    return code;
}

/* ---- copying folders ---- */

static DWORD copy_below(const wchar_t *from,
                        const wchar_t *to,
                        bool (*told)(const wchar_t *path, void *user),
                        void *user,
                        unsigned depth)
{
    wchar_t pattern[DISKS_PATH];
    WIN32_FIND_DATAW found;
    DWORD code = 0;
    HANDLE find;

    if (depth > DEPTH_MAX || swprintf(pattern, DISKS_PATH, L"%ls\\*", from) < 0)
        return ERROR_FILENAME_EXCED_RANGE;
    find = FindFirstFileW(pattern, &found);
    if (find == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_FILE_NOT_FOUND ? 0 : GetLastError();
    do {
        wchar_t source[DISKS_PATH], target[DISKS_PATH];

        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
            continue;
        if (swprintf(source, DISKS_PATH, L"%ls\\%ls", from, found.cFileName) < 0 ||
            swprintf(target, DISKS_PATH, L"%ls\\%ls", to, found.cFileName) < 0)
            code = ERROR_FILENAME_EXCED_RANGE;
        else if (told && !told(target, user))
            code = ERROR_REQUEST_ABORTED;
        else if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            code = CreateDirectoryW(target, NULL) || GetLastError() == ERROR_ALREADY_EXISTS
                       ? copy_below(source, target, told, user, depth + 1)
                       : GetLastError();
        else if (!CopyFileW(source, target, FALSE))
            code = GetLastError();
    } while (!code && FindNextFileW(find, &found));
    FindClose(find);
    return code;
}

DWORD copy_folder(const wchar_t *from,
                  const wchar_t *to,
                  bool (*told)(const wchar_t *path, void *user),
                  void *user)
{
    return copy_below(from, to, told, user, 0);
}
