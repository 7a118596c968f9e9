/* See registry.h. */
#include "registry.h"

#include <string.h>
#include <wchar.h>

void path_join(wchar_t *ret_path, const wchar_t *folder, const wchar_t *name)
{
    swprintf(ret_path, PATH_CHARS, L"%ls\\%ls", folder, name);
}

void path_of_id(wchar_t *ret_path, const wchar_t *folder, const wchar_t *id)
{
    size_t start = wcslen(folder) + 1;

    path_join(ret_path, folder, id);
    for (wchar_t *at = ret_path + start; *at; at++)
        if (*at == L'\\')
            *at = L'#';
}

void id_of_key(wchar_t *ret_id, size_t max, const wchar_t *key)
{
    swprintf(ret_id, max, L"%ls", key);
    for (wchar_t *at = ret_id; *at; at++)
        if (*at == L'#')
            *at = L'\\';
}

HKEY reg_open(const wchar_t *path, bool create)
{
    bool live = !_wcsnicmp(path, PNP_LIVE, wcslen(PNP_LIVE));
    HKEY key = NULL;

    if (create)
        RegCreateKeyExW(HKEY_LOCAL_MACHINE,
                        path,
                        0,
                        NULL,
                        live ? REG_OPTION_VOLATILE : 0,
                        KEY_READ | KEY_WRITE,
                        NULL,
                        &key,
                        NULL);
    else
        RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ | KEY_WRITE, &key);
    return key;
}

bool reg_exists(const wchar_t *path)
{
    HKEY key = reg_open(path, false);

    if (key)
        RegCloseKey(key);
    return key;
}

bool reg_text(const wchar_t *path, const wchar_t *value, wchar_t *ret_text, size_t max)
{
    DWORD size = (DWORD)(max * sizeof(wchar_t));

    *ret_text = L'\0';
    return !RegGetValueW(HKEY_LOCAL_MACHINE, path, value, RRF_RT_REG_SZ, NULL, ret_text, &size);
}

DWORD reg_number(const wchar_t *path, const wchar_t *value, DWORD otherwise)
{
    DWORD number, size = sizeof(number);

    if (RegGetValueW(HKEY_LOCAL_MACHINE, path, value, RRF_RT_REG_DWORD, NULL, &number, &size))
        return otherwise;
    return number;
}

bool reg_has(const wchar_t *path, const wchar_t *value)
{
    return !RegGetValueW(HKEY_LOCAL_MACHINE, path, value, RRF_RT_ANY, NULL, NULL, NULL);
}

bool reg_list(const wchar_t *path, const wchar_t *value, wchar_t *ret_list)
{
    DWORD type, size = (LIST_CHARS - 2) * sizeof(wchar_t);

    memset(ret_list, 0, LIST_CHARS * sizeof(wchar_t));
    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     path,
                     value,
                     RRF_RT_REG_SZ | RRF_RT_REG_MULTI_SZ,
                     &type,
                     ret_list,
                     &size)) {
        *ret_list = L'\0';
        return false;
    }
    if (type == REG_SZ)
        for (wchar_t *at = ret_list; *at; at++)
            if (*at == L';')
                *at = L'\0';
    return true;
}

static void
set(const wchar_t *path, const wchar_t *value, DWORD type, const void *data, size_t size)
{
    HKEY key = reg_open(path, true);

    if (!key)
        return;
    RegSetValueExW(key, value, 0, type, data, (DWORD)size);
    RegCloseKey(key);
}

void reg_set_text(const wchar_t *path, const wchar_t *value, const wchar_t *text)
{
    if (*text)
        set(path, value, REG_SZ, text, (wcslen(text) + 1) * sizeof(wchar_t));
    else
        reg_clear(path, value);
}

void reg_set_number(const wchar_t *path, const wchar_t *value, DWORD number)
{
    set(path, value, REG_DWORD, &number, sizeof(number));
}

void reg_set_list(const wchar_t *path, const wchar_t *value, const wchar_t *list)
{
    if (*list)
        set(path, value, REG_MULTI_SZ, list, list_bytes(list));
    else
        reg_clear(path, value);
}

void reg_clear(const wchar_t *path, const wchar_t *value)
{
    HKEY key = reg_open(path, false);

    if (!key)
        return;
    RegDeleteValueW(key, value);
    RegCloseKey(key);
}

void reg_delete(const wchar_t *path)
{
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, path);
}

bool reg_child_of(HKEY key, DWORD index, wchar_t *ret_name, size_t max)
{
    DWORD len = (DWORD)max;

    return key && !RegEnumKeyExW(key, index, ret_name, &len, NULL, NULL, NULL, NULL);
}

DWORD reg_number_of(HKEY key, const wchar_t *value, DWORD otherwise)
{
    DWORD number, type, size = sizeof(number);

    if (!key || RegQueryValueExW(key, value, NULL, &type, (BYTE *)&number, &size) ||
        type != REG_DWORD)
        return otherwise;
    return number;
}

bool reg_child(const wchar_t *path, DWORD index, wchar_t *ret_name, size_t max)
{
    HKEY key = reg_open(path, false);
    bool ok = reg_child_of(key, index, ret_name, max);

    if (key)
        RegCloseKey(key);
    return ok;
}

size_t list_bytes(const wchar_t *list)
{
    const wchar_t *at = list;

    while (*at)
        at += wcslen(at) + 1;
    return (size_t)(at - list + 1) * sizeof(wchar_t);
}

int list_find(const wchar_t *list, const wchar_t *id)
{
    int index = 0;

    for (const wchar_t *at = list; *at; at += wcslen(at) + 1, index++)
        if (!_wcsicmp(at, id))
            return index;
    return -1;
}

void list_add(wchar_t *list, const wchar_t *id)
{
    wchar_t *at = list;

    while (*at)
        at += wcslen(at) + 1;
    if ((size_t)(at - list) + wcslen(id) + 2 > LIST_CHARS)
        return;
    wcscpy(at, id);
    at[wcslen(id) + 1] = L'\0';
}
