/* What the emulated wimgapi.dll and dism.exe share: the header of a Windows image file, which is
 * real, and what they unpack. The files of image n of x.wim lie in x.wim.tree\n, which the test has
 * made. Header: "Windows Imaging File Format (WIM)", Microsoft, 2007. */
#ifndef GPUPV_TESTS_IMAGES_H
#define GPUPV_TESTS_IMAGES_H

#include "../virtdisk/disks.h"

struct image_file {
    wchar_t path[DISKS_PATH]; /* in the prefix */
    GUID id;
    DWORD images;
    WORD part, parts;
    bool is_solid;
};

/* Reads the header of the file, whatever name leads to it. 0 or a Win32 code: 11 no image, 1392
 * shorter than it says. */
DWORD image_file_read(const wchar_t *path, struct image_file *ret_file);

/* How many files and folders an image has. */
DWORD image_entries(const struct image_file *file, DWORD index);

/* Unpacks into a folder; told is asked before each entry. 0 or a Win32 code. */
DWORD image_unpack(const struct image_file *file,
                   DWORD index,
                   const wchar_t *folder,
                   bool (*told)(const wchar_t *path, void *user),
                   void *user);

#endif
