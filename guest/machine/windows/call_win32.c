/* Around calls of Windows. */
#include "guest/machine/windows/call_win32.h"

#include "common/utf16.h"

#include <shlobj.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_UNITS 1024

FARPROC call_find(const char *dll, const char *name)
{
    HMODULE module = LoadLibraryExA(dll, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

    return module ? GetProcAddress(module, name) : NULL;
}

void call_store(void *ret_function, FARPROC function)
{
    memcpy(ret_function,
           &function,
           sizeof function); /* every type of function pointer has this size */
}

const char *call_text(char *out, size_t size, const uint16_t *text)
{
    size_t units = text ? utf16_len(text) : 0;

    if (units && utf16_to_utf8_into(text, units, out, size))
        return out;
    out[0] = 0;
    /* Too long rather than malformed: the front of it says more than nothing. */
    if (units >= size && size && !utf16_to_utf8_into(text, (size - 1) / 3, out, size))
        out[0] = 0;
    return out;
}

bool call_machine_text(const uint16_t *key, const uint16_t *name, char *out, size_t size)
{
    uint16_t text[VALUE_UNITS];
    DWORD bytes = sizeof text;

    return RegGetValueW(HKEY_LOCAL_MACHINE,
                        key,
                        name,
                        RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY,
                        NULL,
                        text,
                        &bytes) == ERROR_SUCCESS &&
           utf16_to_utf8_into(text, utf16_len(text), out, size);
}

bool call_machine_number(const uint16_t *key, const uint16_t *name, uint32_t *ret_number)
{
    DWORD number, bytes = sizeof number;

    if (RegGetValueW(HKEY_LOCAL_MACHINE,
                     key,
                     name,
                     RRF_RT_REG_DWORD | RRF_SUBKEY_WOW6464KEY,
                     NULL,
                     &number,
                     &bytes) != ERROR_SUCCESS)
        return false;
    *ret_number = number;
    return true;
}

bool call_machine_key_exists(const uint16_t *key)
{
    HKEY opened;

    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_READ | KEY_WOW64_64KEY, &opened))
        return false;
    RegCloseKey(opened);
    return true;
}

bool call_privilege(const uint16_t *name)
{
    TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1,
                               .Privileges = {{.Attributes = SE_PRIVILEGE_ENABLED}}};
    HANDLE token = NULL;
    bool ok;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES | TOKEN_QUERY, &token))
        return false;
    ok = LookupPrivilegeValueW(NULL, name, &wanted.Privileges[0].Luid) &&
         AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL) &&
         GetLastError() == ERROR_SUCCESS; /* not all assigned is a success of the call */
    CloseHandle(token);
    return ok;
}

bool call_known_folder(const GUID *id, HANDLE token, char *out, size_t size, struct err *err)
{
    uint16_t *path = NULL;
    HRESULT result = SHGetKnownFolderPath(id, KF_FLAG_DONT_VERIFY, token, &path);
    bool ok = SUCCEEDED(result) && utf16_to_utf8_into(path, utf16_len(path), out, size);

    CoTaskMemFree(path);
    return ok ||
           call_fail_com(FAILED(result) ? result : HRESULT_FROM_WIN32(ERROR_FILENAME_EXCED_RANGE),
                         TEXT_WINDOWS_FOLDER,
                         "",
                         err);
}
