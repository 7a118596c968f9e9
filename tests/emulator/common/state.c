/* See state.h. */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 256, LINE_BYTES = 2048 };

static bool path_of(const char *key, char *ret_path)
{
    return snprintf(ret_path, PATH_BYTES, STATE_ROOT "\\%s", key) < PATH_BYTES;
}

static HKEY open_to_read(const char *key)
{
    char path[PATH_BYTES];
    HKEY opened;

    if (!path_of(key, path) || RegOpenKeyExA(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &opened))
        return NULL;
    return opened;
}

static HKEY create(const char *key, DWORD options)
{
    char path[PATH_BYTES];
    HKEY opened;

    if (!path_of(key, path) ||
        RegCreateKeyExA(
            HKEY_LOCAL_MACHINE, path, 0, NULL, options, KEY_ALL_ACCESS, NULL, &opened, NULL))
        return NULL;
    return opened;
}

/* Nothing that is kept can lie below a volatile key, so only the last part of the name is one. */
HKEY state_open(const char *key, bool volatile_key)
{
    char parent[PATH_BYTES];
    const char *end = strrchr(key, '\\');
    HKEY opened;

    if (!volatile_key)
        return create(key, 0);
    if (end) {
        snprintf(parent, sizeof(parent), "%.*s", (int)(end - key), key);
        opened = create(parent, 0);
        if (opened)
            RegCloseKey(opened);
    }
    return create(key, REG_OPTION_VOLATILE);
}

DWORD state_number(const char *key, const char *name, DWORD otherwise)
{
    HKEY opened = open_to_read(key);
    DWORD value, size = sizeof(value);
    LSTATUS status;

    if (!opened)
        return otherwise;
    status = RegGetValueA(opened, NULL, name, RRF_RT_REG_DWORD, NULL, &value, &size);
    RegCloseKey(opened);
    return status ? otherwise : value;
}

static bool wide(const char *name, wchar_t *ret_name, int size)
{
    return MultiByteToWideChar(CP_UTF8, 0, name, -1, ret_name, size) > 0;
}

bool state_text(const char *key, const char *name, wchar_t *ret_text, size_t size)
{
    HKEY opened = open_to_read(key);
    wchar_t name_utf16[PATH_BYTES];
    DWORD bytes = (DWORD)(size * sizeof(*ret_text));
    LSTATUS status = ERROR_FILE_NOT_FOUND;

    if (opened && wide(name, name_utf16, PATH_BYTES))
        status = RegGetValueW(opened, NULL, name_utf16, RRF_RT_REG_SZ, NULL, ret_text, &bytes);
    if (opened)
        RegCloseKey(opened);
    if (status)
        *ret_text = L'\0';
    return !status;
}

void state_strings(const char *key, const char *name, wchar_t *ret_text, size_t size)
{
    HKEY opened = open_to_read(key);
    wchar_t name_utf16[PATH_BYTES];
    DWORD bytes = (DWORD)(size * sizeof(*ret_text));
    LSTATUS status = ERROR_FILE_NOT_FOUND;

    if (opened && wide(name, name_utf16, PATH_BYTES))
        status =
            RegGetValueW(opened, NULL, name_utf16, RRF_RT_REG_MULTI_SZ, NULL, ret_text, &bytes);
    if (opened)
        RegCloseKey(opened);
    if (status)
        ret_text[0] = ret_text[1] = L'\0';
}

bool state_bytes(const char *key, const char *name, void *ret_bytes, DWORD size)
{
    HKEY opened = open_to_read(key);
    DWORD length = size;
    LSTATUS status;

    if (!opened)
        return false;
    status = RegGetValueA(opened, NULL, name, RRF_RT_REG_BINARY, NULL, ret_bytes, &length);
    RegCloseKey(opened);
    return !status && length == size;
}

static void set(HKEY opened, const char *name, DWORD type, const void *bytes, DWORD size)
{
    wchar_t name_utf16[PATH_BYTES];

    if (!opened)
        return;
    if (wide(name, name_utf16, PATH_BYTES))
        RegSetValueExW(opened, name_utf16, 0, type, bytes, size);
    RegCloseKey(opened);
}

void state_set_number(const char *key, const char *name, DWORD value)
{
    set(state_open(key, false), name, REG_DWORD, &value, sizeof(value));
}

void state_set_bytes(
    const char *key, bool volatile_key, const char *name, const void *bytes, DWORD size)
{
    set(state_open(key, volatile_key), name, REG_BINARY, bytes, size);
}

void state_set_text(const char *key, const char *name, const wchar_t *text)
{
    set(state_open(key, false), name, REG_SZ, text, (DWORD)((wcslen(text) + 1) * sizeof(*text)));
}

void state_remove(const char *key, const char *name)
{
    char path[PATH_BYTES];

    if (path_of(key, path))
        RegDeleteKeyValueA(HKEY_LOCAL_MACHINE, path, name);
}

DWORD state_fault(const char *key, const char *name)
{
    DWORD fault = state_number(key, name, 0);
    char times[PATH_BYTES];
    DWORD left;

    if (!fault)
        return 0;
    snprintf(times, sizeof(times), "Times%s", name);
    left = state_number(key, times, MAXDWORD);
    if (left == MAXDWORD)
        return fault;
    if (left)
        state_set_number(key, times, left - 1);
    return left ? fault : 0;
}

static HANDLE mutex(void)
{
    static HANDLE made;
    HANDLE fresh;

    if (!made) {
        fresh = CreateMutexA(NULL, FALSE, "Global\\gpupv-emulator");
        if (InterlockedCompareExchangePointer(&made, fresh, NULL))
            CloseHandle(fresh);
    }
    return made;
}

void state_lock(void)
{
    WaitForSingleObject(mutex(), INFINITE);
}

void state_unlock(void)
{
    ReleaseMutex(mutex());
}

uint64_t state_now_ms(void)
{
    return GetTickCount64();
}

void state_log(const char *name, const char *format, ...)
{
    char path[PATH_BYTES], line[LINE_BYTES];
    va_list arguments;
    HANDLE file;
    DWORD written;
    int length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    if (length < 0 || snprintf(path, sizeof(path), "C:\\emulator\\%s.log", name) >= PATH_BYTES)
        return;
    if (length > (int)sizeof(line) - 2)
        length = (int)sizeof(line) - 2;
    line[length++] = '\n';
    file = CreateFileA(path,
                       FILE_APPEND_DATA,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL,
                       OPEN_ALWAYS,
                       0,
                       NULL);
    if (file == INVALID_HANDLE_VALUE)
        return;
    WriteFile(file, line, (DWORD)length, &written, NULL);
    CloseHandle(file);
}
