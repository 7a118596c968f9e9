/* Packages come into the driver store. */
#include "store.h"

#include "inf.h"
#include "verify.h"

#include <setupapi.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

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

static void folder_of(const wchar_t *path, wchar_t *ret_folder)
{
    swprintf(ret_folder, PATH_CHARS, L"%.*ls", (int)(wcsrchr(path, L'\\') - path), path);
}

/* Whether the package in the store has the catalogue that lies beside the INF. */
static bool same_catalog(const wchar_t *path, const wchar_t *catalog, const struct driver *driver)
{
    wchar_t folder[PATH_CHARS], ours[PATH_CHARS], theirs[PATH_CHARS];

    folder_of(path, folder);
    store_join(ours, folder, catalog);
    store_join(folder, STORE_FOLDER, driver->folder);
    store_join(theirs, folder, catalog);
    return same_content(ours, theirs);
}

/* The package that has the very same INF and catalogue (SetupCopyOEMInf compares bytes; an equal
 * INF with another catalogue is another package). */
static bool find_same(const wchar_t *path, struct driver *ret_driver)
{
    wchar_t name[64], published[PATH_CHARS];
    struct inf inf;

    if (inf_read(path, &inf))
        return false;
    for (DWORD i = 0; reg_child(PNP_DRIVERS, i, name, 64); i++) {
        store_join(published, INF_FOLDER, name);
        if (same_content(path, published) && driver_load(name, ret_driver) &&
            same_catalog(path, inf.catalog, ret_driver))
            return true;
    }
    return false;
}

static DWORD find_files(const wchar_t *path, const struct inf *inf)
{
    wchar_t folder[PATH_CHARS], file[PATH_CHARS];

    folder_of(path, folder);
    for (const wchar_t *name = inf->files; *name; name += wcslen(name) + 1) {
        store_join(file, folder, name);
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
    store_join(from, from_folder, inf->catalog);
    store_name_folder(driver, path, from);
    store_join(to_folder, STORE_FOLDER, driver->folder);
    store_make_folders(to_folder);
    for (const wchar_t *name = names; *name; name += wcslen(name) + 1) {
        store_join(from, from_folder, name);
        store_join(to, to_folder, name);
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
        store_join(to, INF_FOLDER, driver->inf);
        path_join(row, PNP_DRIVERS, driver->inf);
    } while (GetFileAttributesW(to) != INVALID_FILE_ATTRIBUTES || reg_exists(row));
    store_make_folders(INF_FOLDER);
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
