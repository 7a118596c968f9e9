/* The driver store: packages with a published INF in C:\windows\inf and a folder in FileRepository.
 */
#ifndef GPUPV_TESTS_PNP_STORE_H
#define GPUPV_TESTS_PNP_STORE_H

#include "machine.h"

#define INF_FOLDER   L"C:\\windows\\inf"
#define STORE_FOLDER L"C:\\windows\\System32\\DriverStore\\FileRepository"

enum {
    STORE_INTERACTIVE = 0,
    STORE_NONINTERACTIVE = 1 /* a question ends the import instead of being asked */
};

/* Adds the package of the INF at that full path to the store, after judging its signature and
 * finding its files. A package that is there already is not added again: *ret_existed. 0 or the
 * error. Not called with the lock held: a person may have to be asked. */
DWORD store_import(const wchar_t *path, int how, struct driver *ret_driver, bool *ret_existed);

/* Takes a package out. ERROR_INF_IN_USE_BY_DEVICES unless force says so. */
DWORD store_remove(const wchar_t *published, bool force);

/* The package to which a path belongs: a published INF's name or path, or an INF in its folder. */
bool store_find(const wchar_t *path, struct driver *ret_driver);

/* Full path of a package's INF in FileRepository. */
void store_inf_path(const struct driver *driver, wchar_t *ret_path);

/* Joins a folder and a name. */
void store_join(wchar_t *ret_path, const wchar_t *folder, const wchar_t *name);

/* Makes a folder and those above it. */
void store_make_folders(const wchar_t *path);

/* Names the folder of a package after its INF and its catalogue. */
void store_name_folder(struct driver *driver, const wchar_t *inf, const wchar_t *catalog);

/* Makes the files of rows that a seed brought. */
void store_materialize(void);

/* Deletes the files of all rows. */
void store_clear(void);

#endif
