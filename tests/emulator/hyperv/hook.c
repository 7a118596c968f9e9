/* Hooks of a test: commands that boot and stop a guest, and the files by which it answers. */
#include "machine.h"

#include "hyperv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_UNITS = 1024, PATH_BYTES = 256 };

bool hook_run(const char *hook, const char *word, const char *id)
{
    wchar_t command[COMMAND_UNITS], line[COMMAND_UNITS + 64];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;

    if (!state_text(HYPERV_KEY, hook, command, COMMAND_UNITS) || !command[0])
        return false;
    _snwprintf(line, COMMAND_UNITS + 63, L"%ls %hs %hs", command, word, id);
    line[COMMAND_UNITS + 63] = L'\0';
    if (!CreateProcessW(
            NULL, line, NULL, NULL, FALSE, DETACHED_PROCESS, NULL, NULL, &startup, &process)) {
        state_log("hyperv", "- %s %s %s: error %lu", hook, word, id, GetLastError());
        return true;
    }
    state_log("hyperv", "- %s %s %s", hook, word, id);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return true;
}

static void path_of(const char *kind, const char *id, char *ret_path)
{
    snprintf(ret_path, PATH_BYTES, HYPERV_FOLDER "\\%s\\%s", kind, id);
}

void hook_file(const char *kind, const char *id, char *ret_text, size_t size)
{
    char path[PATH_BYTES];
    HANDLE file;
    DWORD length = 0;

    path_of(kind, id, path);
    file = CreateFileA(path,
                       GENERIC_READ,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL,
                       OPEN_EXISTING,
                       0,
                       NULL);
    if (file != INVALID_HANDLE_VALUE) {
        if (!ReadFile(file, ret_text, (DWORD)size - 1, &length, NULL))
            length = 0;
        CloseHandle(file);
    }
    ret_text[length] = '\0';
}

void hook_forget(const char *id)
{
    static const char *const kinds[] = {"heartbeat", "kvp"};
    char path[PATH_BYTES];

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        path_of(kinds[i], id, path);
        DeleteFileA(path);
    }
}
