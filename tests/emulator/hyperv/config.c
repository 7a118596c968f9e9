/* See config.h. Facts: hyperv-wmi.md §15, §22 (trap 22). */
#include "config.h"

#include "hyperv.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATH_UNITS = 512 };

static bool wide(const char *text, wchar_t *ret_wide)
{
    return MultiByteToWideChar(CP_UTF8, 0, text, -1, ret_wide, PATH_UNITS) > 0;
}

/* All folders of a path. */
static void make_folders(const char *path)
{
    wchar_t folder[PATH_UNITS];

    if (!wide(path, folder))
        return;
    for (wchar_t *at = folder + 3; *at; at++)
        if (*at == L'\\') {
            *at = L'\0';
            CreateDirectoryW(folder, NULL);
            *at = L'\\';
        }
    CreateDirectoryW(folder, NULL);
}

static char *file_of(const char *root, const char *id, const char *ending)
{
    return emulator_print("%s\\Virtual Machines\\%s%s", root, id, ending);
}

static bool make_file(const char *root, const char *id, const char *ending)
{
    char *path = file_of(root, id, ending);
    wchar_t name[PATH_UNITS];
    HANDLE file = INVALID_HANDLE_VALUE;

    if (wide(path, name))
        file =
            CreateFileW(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    free(path);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    CloseHandle(file);
    return true;
}

bool config_make(const char *root, const char *id)
{
    char *folder = emulator_print("%s\\Virtual Machines", root);

    make_folders(folder);
    free(folder);
    return make_file(root, id, ".vmcx") && make_file(root, id, ".vmgs");
}

static void remove_file(const char *root, const char *id, const char *ending)
{
    char *path = file_of(root, id, ending);
    wchar_t name[PATH_UNITS];

    if (wide(path, name))
        DeleteFileW(name);
    free(path);
}

void config_remove(const char *root, const char *id, bool sealed)
{
    remove_file(root, id, ".vmcx");
    if (!sealed)
        remove_file(root, id, ".vmgs");
}
