/* The driver store's files. */
#include "store.h"

#include "inf.h"
#include "verify.h"

#include <setupapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void join(wchar_t *ret_path, const wchar_t *folder, const wchar_t *name)
{
    swprintf(ret_path, PATH_CHARS, L"%ls\\%ls", folder, name);
}

static void make_folders(const wchar_t *path)
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
static void name_folder(struct driver *driver, const wchar_t *inf, const wchar_t *catalog)
{
    uint64_t hash = hash_file(hash_file(0xcbf29ce484222325ULL, inf), catalog);

    swprintf(driver->folder, 128, L"%ls_amd64_%016llx", driver->original, (unsigned long long)hash);
    _wcslwr(driver->folder);
}

void store_inf_path(const struct driver *driver, wchar_t *ret_path)
{
    wchar_t folder[PATH_CHARS];

    join(folder, STORE_FOLDER, driver->folder);
    join(ret_path, folder, driver->original);
}

bool store_find(const wchar_t *path, struct driver *ret_driver)
{
    wchar_t name[64], full[PATH_CHARS];
    struct driver driver;

    for (DWORD i = 0; reg_child(PNP_DRIVERS, i, name, 64); i++) {
        if (!driver_load(name, &driver))
            continue;
        join(full, INF_FOLDER, driver.inf);
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
        join(published, INF_FOLDER, driver.inf);
        make_folders(INF_FOLDER);
        DeleteFileW(
            published); /* Wine has some of these names; its files are links to a template */
        if (!inf_write(published, &driver))
            continue;
        name_folder(&driver, published, L"");
        join(folder, STORE_FOLDER, driver.folder);
        make_folders(folder);
        store_inf_path(&driver, path);
        CopyFileW(published, path, FALSE);
        driver_save(&driver);
    }
}

/* ---- import ---- */

static bool same_content(const wchar_t *a, const wchar_t *b)
{
    FILE *file_a = _wfopen(a, L"rb"), *file_b = _wfopen(b, L"rb");
    bool same = file_a && file_b;
    int c = 0;

    while (same && c != EOF) {
        c = fgetc(file_a);
        same = c == fgetc(file_b);
    }
    if (file_a)
        fclose(file_a);
    if (file_b)
        fclose(file_b);
    return same;
}

/* The package that has the very same INF (SetupCopyOEMInf compares sizes, then bytes). */
static bool find_same(const wchar_t *path, struct driver *ret_driver)
{
    wchar_t name[64], published[PATH_CHARS];

    for (DWORD i = 0; reg_child(PNP_DRIVERS, i, name, 64); i++) {
        join(published, INF_FOLDER, name);
        if (same_content(path, published) && driver_load(name, ret_driver))
            return true;
    }
    return false;
}

static void folder_of(const wchar_t *path, wchar_t *ret_folder)
{
    swprintf(ret_folder, PATH_CHARS, L"%.*ls", (int)(wcsrchr(path, L'\\') - path), path);
}

static DWORD find_files(const wchar_t *path, const struct inf *inf)
{
    wchar_t folder[PATH_CHARS], file[PATH_CHARS];

    folder_of(path, folder);
    for (const wchar_t *name = inf->files; *name; name += wcslen(name) + 1) {
        join(file, folder, name);
        if (GetFileAttributesW(file) == INVALID_FILE_ATTRIBUTES)
            return ERROR_FILE_NOT_FOUND;
    }
    return 0;
}

static DWORD copy_files(const wchar_t *path, const struct inf *inf, struct driver *driver)
{
    wchar_t from_folder[PATH_CHARS], to_folder[PATH_CHARS], from[PATH_CHARS], to[PATH_CHARS];
    wchar_t names[LIST_CHARS];

    memcpy(names, inf->files, sizeof(names));
    list_add(names, driver->original);
    list_add(names, inf->catalog);
    folder_of(path, from_folder);
    join(from, from_folder, inf->catalog);
    name_folder(driver, path, from);
    join(to_folder, STORE_FOLDER, driver->folder);
    make_folders(to_folder);
    for (const wchar_t *name = names; *name; name += wcslen(name) + 1) {
        join(from, from_folder, name);
        join(to, to_folder, name);
        if (!CopyFileW(from, to, FALSE))
            return GetLastError();
    }
    return 0;
}

static void publish(const wchar_t *path, struct driver *driver, const struct verdict *verdict)
{
    wchar_t to[PATH_CHARS], row[PATH_CHARS];
    int n = 0;

    do {
        swprintf(driver->inf, 64, L"oem%d.inf", n++);
        join(to, INF_FOLDER, driver->inf);
        path_join(row, PNP_DRIVERS, driver->inf);
    } while (GetFileAttributesW(to) != INVALID_FILE_ATTRIBUTES || reg_exists(row));
    make_folders(INF_FOLDER);
    CopyFileW(path, to, FALSE);
    driver_save(driver);
    reg_set_text(row, L"Trust", verdict->code ? L"vendor" : L"microsoft");
    reg_set_text(row, L"Signer", verdict->signer);
    reg_set_text(row, L"Certificate", verdict->certificate);
}

/* A person's answer to "Would you like to install this device software?". */
static DWORD ask(int how)
{
    wchar_t answer[16];

    reg_text(PNP_SETTINGS, L"Prompt", answer, 16);
    if (how == STORE_NONINTERACTIVE)
        return ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED;
    while (!_wcsicmp(answer, L"hang"))
        Sleep(INFINITE);
    return _wcsicmp(answer, L"accept") ? ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED : 0;
}

static DWORD judge(const wchar_t *path, int how, struct verdict *ret_verdict)
{
    verify_inf(path, ret_verdict);
    if (!ret_verdict->code || ret_verdict->code == ERROR_AUTHENTICODE_TRUSTED_PUBLISHER)
        return 0;
    return ret_verdict->code == ERROR_AUTHENTICODE_TRUST_NOT_ESTABLISHED ? ask(how)
                                                                         : ret_verdict->code;
}

static DWORD add(const wchar_t *path,
                 const struct inf *inf,
                 const struct verdict *verdict,
                 struct driver *driver)
{
    DWORD code = copy_files(path, inf, driver);

    if (!code)
        publish(path, driver, verdict);
    return code;
}

DWORD store_import(const wchar_t *path, int how, struct driver *ret_driver, bool *ret_existed)
{
    struct verdict verdict;
    struct driver driver;
    struct inf inf;
    DWORD code;

    *ret_existed = false;
    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
        return ERROR_FILE_NOT_FOUND;
    machine_enter();
    *ret_existed = store_find(path, &driver) || find_same(path, &driver);
    machine_leave();
    if (*ret_existed) {
        *ret_driver = driver;
        return 0;
    }
    code = inf_read(path, &inf);
    if (!code)
        code = judge(path, how, &verdict);
    if (!code)
        code = find_files(path, &inf);
    if (code)
        return code;
    driver = inf.driver;
    machine_enter();
    code = add(path, &inf, &verdict, &driver);
    machine_leave();
    if (!code)
        *ret_driver = driver;
    return code;
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

    join(path, folder, L"*");
    search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        join(path, folder, found.cFileName);
        DeleteFileW(path);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    RemoveDirectoryW(folder);
}

static void delete_package(const struct driver *driver)
{
    wchar_t path[PATH_CHARS];

    join(path, INF_FOLDER, driver->inf);
    DeleteFileW(path);
    if (*driver->folder) {
        join(path, STORE_FOLDER, driver->folder);
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
