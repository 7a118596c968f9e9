/* Files appended to this program: pack.py says how. They lie behind the last section, and the
 * signature behind them, so that both the program and its files are what was signed. */
#include "installer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static const char magic[8] = {'G', 'P', 'V', 'P', 'A', 'C', 'K', '1'};

static BYTE *read_self(DWORD *ret_size)
{
    wchar_t own[INSTALLER_PATH];
    BYTE *bytes = NULL;
    HANDLE file;

    installer_self(own);
    file = CreateFileW(
        own, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    *ret_size = GetFileSize(file, NULL);
    bytes = malloc(*ret_size);
    if (bytes && !ReadFile(file, bytes, *ret_size, ret_size, NULL)) {
        free(bytes);
        bytes = NULL;
    }
    CloseHandle(file);
    return bytes;
}

static DWORD end_of_sections(const BYTE *bytes)
{
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)(const void *)bytes;
    const IMAGE_NT_HEADERS *nt = (const IMAGE_NT_HEADERS *)(const void *)(bytes + dos->e_lfanew);
    const IMAGE_SECTION_HEADER *section = IMAGE_FIRST_SECTION(nt);
    DWORD end = 0;

    for (WORD i = 0; i < nt->FileHeader.NumberOfSections; i++)
        if (section[i].PointerToRawData + section[i].SizeOfRawData > end)
            end = section[i].PointerToRawData + section[i].SizeOfRawData;
    return end;
}

static uint32_t number(const BYTE *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool write_file(const wchar_t *folder, const char *name, const BYTE *bytes, DWORD size)
{
    wchar_t path[INSTALLER_PATH];
    HANDLE file;
    DWORD written;
    BOOL done;

    swprintf(path, INSTALLER_PATH, L"%ls\\%hs", folder, name);
    installer_write(path, ""); /* makes its folder */
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    done = WriteFile(file, bytes, size, &written, NULL);
    CloseHandle(file);
    return done;
}

int package_unpack(const char *prefix, const wchar_t *folder)
{
    size_t prefix_length = strlen(prefix);
    DWORD size = 0, at;
    BYTE *bytes = read_self(&size);
    int unpacked = 0;
    uint32_t count;

    if (!bytes)
        return 0;
    at = end_of_sections(bytes);
    if (at + 12 > size || memcmp(bytes + at, magic, sizeof(magic)))
        goto out;
    count = number(bytes + at + 8);
    at += 12;
    while (count-- && at + 8 < size) {
        uint32_t name_size = number(bytes + at), file_size = number(bytes + at + 4);
        const char *name = (const char *)bytes + at + 8;

        if (name_size > 200 || at + 8 + name_size + file_size > size)
            goto out;
        if (!strncmp(name, prefix, prefix_length) &&
            write_file(folder, name + prefix_length, bytes + at + 8 + name_size, file_size))
            unpacked++;
        at += 8 + name_size + file_size;
    }

out:
    free(bytes);
    return unpacked;
}
