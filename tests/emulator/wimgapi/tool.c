/* See tool.h. */
#include "tool.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

const wchar_t *tool_begin(const char *name, int argc, wchar_t **argv)
{
    static wchar_t mode[32];
    char line[1024] = "";
    size_t length = 0;
    DWORD code;

    for (int i = 1; i < argc && length < sizeof(line) - 1; i++)
        length += (size_t)snprintf(
            line + length, sizeof(line) - length, "%s%ls", i > 1 ? " " : "", argv[i]);
    code = disks_call(name, "%s", line);
    if (code)
        ExitProcess(code);
    if (!state_text("image", name, mode, 32))
        wcscpy(mode, L"ok");
    while (!wcscmp(mode, L"hang"))
        Sleep(100);
    return mode;
}

const wchar_t *tool_value(const wchar_t *argument, const wchar_t *prefix)
{
    size_t length = wcslen(prefix);

    return _wcsnicmp(argument, prefix, length) ? NULL : argument + length;
}

void tool_print(const char *text)
{
    DWORD written;

    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, (DWORD)strlen(text), &written, NULL);
}

static bool join(const wchar_t *folder, const wchar_t *name, wchar_t out[DISKS_PATH])
{
    return swprintf(out, DISKS_PATH, L"%ls\\%ls", folder, name) > 0;
}

bool tool_exists(const wchar_t *folder, const wchar_t *name)
{
    wchar_t path[DISKS_PATH];

    return join(folder, name, path) && GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

bool tool_write(const wchar_t *folder, const wchar_t *name, const void *bytes, DWORD size)
{
    wchar_t path[DISKS_PATH];
    HANDLE file;
    DWORD written = 0;

    if (!join(folder, name, path))
        return false;
    file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    WriteFile(file, bytes, size, &written, NULL);
    CloseHandle(file);
    return written == size;
}

bool tool_copy(const wchar_t *from_folder,
               const wchar_t *from,
               const wchar_t *to_folder,
               const wchar_t *to)
{
    wchar_t source[DISKS_PATH], target[DISKS_PATH];

    return join(from_folder, from, source) && join(to_folder, to, target) &&
           CopyFileW(source, target, FALSE);
}
