/* The registry as the emulator uses it: values below HKEY_LOCAL_MACHINE, named by path, missing
 * ones are no error. Keys below PNP_LIVE are made volatile: they go with the Wine server, as the
 * kernel's state goes with a boot. */
#ifndef GPUPV_TESTS_PNP_REGISTRY_H
#define GPUPV_TESTS_PNP_REGISTRY_H

#include <windows.h>
#include <stdbool.h>
#include <stddef.h>

#define PNP_ROOT      L"Software\\gpupv-emulator\\pnp"
#define PNP_LIVE      PNP_ROOT L"\\Live"
#define PNP_HARDWARE  PNP_ROOT L"\\Hardware"
#define PNP_DRIVERS   PNP_ROOT L"\\Drivers"
#define PNP_BEHAVIOUR PNP_ROOT L"\\Behaviour"
#define PNP_FAULTS    PNP_ROOT L"\\Faults"
#define PNP_SETTINGS  PNP_ROOT L"\\Settings"
#define PNP_SIGNERS   PNP_ROOT L"\\Signers"
#define ENUM_ROOT     L"System\\CurrentControlSet\\Enum"
#define CLASS_ROOT    L"System\\CurrentControlSet\\Control\\Class"
#define DEVCLASS_ROOT L"System\\CurrentControlSet\\Control\\DeviceClasses"

enum {
    PATH_CHARS = 600,
    LIST_CHARS = 2048 /* a list of ids, each ended by a zero, an empty one at the end */
};

/* Joins two parts of a path with a backslash. */
void path_join(wchar_t *ret_path, const wchar_t *folder, const wchar_t *name);

/* The key of an id below folder, with # for each backslash of the id. */
void path_of_id(wchar_t *ret_path, const wchar_t *folder, const wchar_t *id);

/* An id from a key's name, # back to backslashes. */
void id_of_key(wchar_t *ret_id, size_t max, const wchar_t *key);

/* Whether there is a key of that path. */
bool reg_exists(const wchar_t *path);

/* Opens a key for reading and writing, made when create says so. NULL: not possible. */
HKEY reg_open(const wchar_t *path, bool create);

/* A text, empty when it is missing. true: it is there. */
bool reg_text(const wchar_t *path, const wchar_t *value, wchar_t *ret_text, size_t max);

/* A number, otherwise when it is missing. */
DWORD reg_number(const wchar_t *path, const wchar_t *value, DWORD otherwise);

/* Whether the key has a value of that name. */
bool reg_has(const wchar_t *path, const wchar_t *value);

/* A list of texts, from a REG_MULTI_SZ or from a REG_SZ with ; between; ret_list has LIST_CHARS. */
bool reg_list(const wchar_t *path, const wchar_t *value, wchar_t *ret_list);

/* Writes a value; the key is made when it is missing. An empty text deletes the value. */
void reg_set_text(const wchar_t *path, const wchar_t *value, const wchar_t *text);

/* The same for a number. */
void reg_set_number(const wchar_t *path, const wchar_t *value, DWORD number);

/* The same for a list, as REG_MULTI_SZ. */
void reg_set_list(const wchar_t *path, const wchar_t *value, const wchar_t *list);

/* Deletes a value. */
void reg_clear(const wchar_t *path, const wchar_t *value);

/* Deletes a key with all below it. */
void reg_delete(const wchar_t *path);

/* The name of the index-th key below path. false: there is none. */
bool reg_child(const wchar_t *path, DWORD index, wchar_t *ret_name, size_t max);

/* The same two of a key that is open already; NULL will do. */
bool reg_child_of(HKEY key, DWORD index, wchar_t *ret_name, size_t max);
DWORD reg_number_of(HKEY key, const wchar_t *value, DWORD otherwise);

/* Bytes of a list with its last zero. */
size_t list_bytes(const wchar_t *list);

/* The place of an id in a list, compared without case; -1: not in it. */
int list_find(const wchar_t *list, const wchar_t *id);

/* Adds an id to a list of LIST_CHARS that has room for it. */
void list_add(wchar_t *list, const wchar_t *id);

#endif
