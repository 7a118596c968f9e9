/* See images.h. */
#include "images.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum {
    HEADER_BYTES = 208,
    AT_VERSION = 12,
    AT_ID = 24,
    AT_PART = 40,
    AT_PARTS = 42,
    AT_IMAGES = 44,
    AT_XML = 72, /* size and flags, place */
    VERSION_SOLID = 0xE00,
    VERSION_PLAIN = 0x10D00
};

DWORD image_file_read(const wchar_t *path, struct image_file *ret_file)
{
    struct image_file file = {0};
    unsigned char header[HEADER_BYTES];
    DWORD got = 0, version, code = volume_translate(path, file.path);
    uint64_t xml_bytes, xml_at;
    LARGE_INTEGER size;
    HANDLE opened;

    if (code)
        return code;
    opened = CreateFileW(file.path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (opened == INVALID_HANDLE_VALUE)
        return GetLastError();
    if (!ReadFile(opened, header, sizeof(header), &got, NULL) || !GetFileSizeEx(opened, &size))
        code = GetLastError();
    CloseHandle(opened);
    if (code)
        return code;
    memcpy(&version, header + AT_VERSION, sizeof(version));
    if (got < sizeof(header) || memcmp(header, "MSWIM\0\0\0", 8) != 0 ||
        (version != VERSION_PLAIN && version != VERSION_SOLID))
        return ERROR_BAD_FORMAT;
    memcpy(&file.id, header + AT_ID, sizeof(file.id));
    memcpy(&file.part, header + AT_PART, sizeof(file.part));
    memcpy(&file.parts, header + AT_PARTS, sizeof(file.parts));
    memcpy(&file.images, header + AT_IMAGES, sizeof(file.images));
    memcpy(&xml_bytes, header + AT_XML, sizeof(xml_bytes));
    memcpy(&xml_at, header + AT_XML + 8, sizeof(xml_at));
    xml_bytes &= 0x00FFFFFFFFFFFFFFull;
    file.is_solid = version == VERSION_SOLID;
    if (xml_at + xml_bytes > (uint64_t)size.QuadPart)
        return ERROR_FILE_CORRUPT;
    *ret_file = file;
    return 0;
}

static void tree_of(const struct image_file *file, DWORD index, wchar_t out[DISKS_PATH])
{
    swprintf(out, DISKS_PATH, L"%ls.tree\\%u", file->path, (unsigned)index);
}

static DWORD count_below(const wchar_t *folder)
{
    wchar_t path[DISKS_PATH];
    WIN32_FIND_DATAW found;
    DWORD count = 0;
    HANDLE find;

    swprintf(path, DISKS_PATH, L"%ls\\*", folder);
    find = FindFirstFileW(path, &found);
    if (find == INVALID_HANDLE_VALUE)
        return 0;
    do {
        if (!wcscmp(found.cFileName, L".") || !wcscmp(found.cFileName, L".."))
            continue;
        count++;
        swprintf(path, DISKS_PATH, L"%ls\\%ls", folder, found.cFileName);
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)
            count += count_below(path);
    } while (FindNextFileW(find, &found));
    FindClose(find);
    return count;
}

DWORD image_entries(const struct image_file *file, DWORD index)
{
    wchar_t tree[DISKS_PATH];

    tree_of(file, index, tree);
    return count_below(tree);
}

DWORD image_unpack(const struct image_file *file,
                   DWORD index,
                   const wchar_t *folder,
                   bool (*told)(const wchar_t *path, void *user),
                   void *user)
{
    wchar_t tree[DISKS_PATH];

    tree_of(file, index, tree);
    if (GetFileAttributesW(tree) == INVALID_FILE_ATTRIBUTES)
        return ERROR_FILE_CORRUPT; /* the image is named, but not there */
    return copy_folder(tree, folder, told, user);
}
