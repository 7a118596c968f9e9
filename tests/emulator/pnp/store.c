/* The driver store's files. */
#include "store.h"

#include "inf.h"

#include <setupapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void store_join(wchar_t *ret_path, const wchar_t *folder, const wchar_t *name)
{
    swprintf(ret_path, PATH_CHARS, L"%ls\\%ls", folder, name);
}

void store_make_folders(const wchar_t *path)
{
    wchar_t part[PATH_CHARS];

    for (const wchar_t *at = wcschr(path, L'\\'); at; at = wcschr(at + 1, L'\\')) {
        swprintf(part, PATH_CHARS, L"%.*ls", (int)(at - path), path);
        CreateDirectoryW(part, NULL);
    }
    CreateDirectoryW(path, NULL);
}

static uint64_t hash_file(uint64_t hash, const wchar_t *path)
{
    FILE *file = _wfopen(path, L"rb");
    int c;

    if (!file)
        return hash;
    while ((c = fgetc(file)) != EOF)
        hash = (hash ^ (uint64_t)c) * 0x100000001b3ULL;
    fclose(file);
    return hash;
}

/* "mm.inf_amd64_0123456789abcdef", after what the package is. */
void store_name_folder(struct driver *driver, const wchar_t *inf, const wchar_t *catalog)
{
    uint64_t hash = hash_file(hash_file(0xcbf29ce484222325ULL, inf), catalog);

    swprintf(driver->folder, 128, L"%ls_amd64_%016llx", driver->original, (unsigned long long)hash);
    _wcslwr(driver->folder);
}

void store_inf_path(const struct driver *driver, wchar_t *ret_path)
{
    wchar_t folder[PATH_CHARS];

    store_join(folder, STORE_FOLDER, driver->folder);
    store_join(ret_path, folder, driver->original);
}

bool store_find(const wchar_t *path, struct driver *ret_driver)
{
    wchar_t name[64], full[PATH_CHARS];
    struct driver driver;

    for (DWORD i = 0; reg_child(PNP_DRIVERS, i, name, 64); i++) {
        if (!driver_load(name, &driver))
            continue;
        store_join(full, INF_FOLDER, driver.inf);
        if (!_wcsicmp(path, full) || !_wcsicmp(path, driver.inf)) {
            *ret_driver = driver;
            return true;
        }
        store_inf_path(&driver, full);
        if (!_wcsicmp(path, full)) {
            *ret_driver = driver;
            return true;
        }
    }
    return false;
}

/* ---- rows of a seed ---- */

void store_materialize(void)
{
    wchar_t name[64], published[PATH_CHARS], path[PATH_CHARS], folder[PATH_CHARS];
    struct driver driver;

    for (DWORD i = 0; reg_child(PNP_DRIVERS, i, name, 64); i++) {
        if (!driver_load(name, &driver) || *driver.folder)
            continue;
        store_join(published, INF_FOLDER, driver.inf);
        store_make_folders(INF_FOLDER);
        DeleteFileW(
            published); /* Wine has some of these names; its files are links to a template */
        if (!inf_write(published, &driver))
            continue;
        store_name_folder(&driver, published, L"");
        store_join(folder, STORE_FOLDER, driver.folder);
        store_make_folders(folder);
        store_inf_path(&driver, path);
        CopyFileW(published, path, FALSE);
        driver_save(&driver);
    }
}

/* ---- removal ---- */

static bool in_use(const struct driver *driver)
{
    struct tree tree;
    struct driver used;
    bool found = false;

    tree_load(&tree);
    for (size_t i = 0; i < tree.count && !found; i++)
        found = node_driver(&tree.items[i], &used) && !_wcsicmp(used.inf, driver->inf);
    tree_done(&tree);
    return found;
}

static void delete_folder(const wchar_t *folder)
{
    wchar_t path[PATH_CHARS];
    WIN32_FIND_DATAW found;
    HANDLE search;

    store_join(path, folder, L"*");
    search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        store_join(path, folder, found.cFileName);
        DeleteFileW(path);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    RemoveDirectoryW(folder);
}

static void delete_package(const struct driver *driver)
{
    wchar_t path[PATH_CHARS];

    store_join(path, INF_FOLDER, driver->inf);
    DeleteFileW(path);
    if (*driver->folder) {
        store_join(path, STORE_FOLDER, driver->folder);
        delete_folder(path);
    }
    path_join(path, PNP_DRIVERS, driver->inf);
    reg_delete(path);
}

DWORD store_remove(const wchar_t *published, bool force)
{
    struct driver driver;

    /* Only what an OEM brought can go (SetupUninstallOEMInf). */
    if (_wcsnicmp(published, L"oem", 3) || !driver_load(published, &driver))
        return ERROR_NOT_AN_INSTALLED_OEM_INF;
    if (!force && in_use(&driver))
        return ERROR_INF_IN_USE_BY_DEVICES;
    delete_package(&driver);
    return 0;
}

void store_clear(void)
{
    wchar_t name[64];
    struct driver driver;

    while (reg_child(PNP_DRIVERS, 0, name, 64)) {
        wchar_t path[PATH_CHARS];

        if (driver_load(name, &driver))
            delete_package(&driver);
        path_join(path, PNP_DRIVERS, name);
        reg_delete(path);
    }
}
