/* The event log as a file, one event a line:
 *
 *   SOURCE TYPE ID [unregistered] | string | string
 *
 * "unregistered" when the source has no message file in the registry, so that nobody could read the
 * event on Windows. */
#include "service.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY     "service"
#define LOG_KEY L"System\\CurrentControlSet\\Services\\EventLog\\Application\\"

enum { SOURCES = 8, LINE_BYTES = 1500 };

static struct {
    bool used;
    wchar_t name[SERVICE_NAME_CHARS];
} sources[SOURCES];

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

HANDLE WINAPI emu_RegisterEventSourceW(const wchar_t *server, const wchar_t *source)
{
    if (server || !source || !*source) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    for (size_t i = 0; i < SOURCES; i++)
        if (!sources[i].used) {
            sources[i].used = true;
            swprintf(sources[i].name, SERVICE_NAME_CHARS, L"%.200ls", source);
            return (HANDLE)&sources[i];
        }
    SetLastError(ERROR_NO_SYSTEM_RESOURCES);
    return NULL;
}

static bool known(HANDLE handle, size_t *ret_index)
{
    for (size_t i = 0; i < SOURCES; i++)
        if (handle == (HANDLE)&sources[i] && sources[i].used) {
            *ret_index = i;
            return true;
        }
    return false;
}

BOOL WINAPI emu_DeregisterEventSource(HANDLE handle)
{
    size_t i;

    if (!known(handle, &i))
        return fail(ERROR_INVALID_HANDLE);
    sources[i].used = false;
    return TRUE;
}

static bool registered(const wchar_t *source)
{
    wchar_t path[sizeof(LOG_KEY) / sizeof(wchar_t) + SERVICE_NAME_CHARS], file[MAX_PATH];
    DWORD size = sizeof(file);

    swprintf(path, sizeof(path) / sizeof(path[0]), LOG_KEY L"%ls", source);
    return !RegGetValueW(HKEY_LOCAL_MACHINE,
                         path,
                         L"EventMessageFile",
                         RRF_RT_REG_SZ | RRF_RT_REG_EXPAND_SZ | RRF_NOEXPAND,
                         NULL,
                         file,
                         &size) &&
           *file;
}

BOOL WINAPI emu_ReportEventW(HANDLE handle,
                             WORD type,
                             WORD category,
                             DWORD id,
                             SID *sid,
                             WORD string_count,
                             DWORD byte_count,
                             const wchar_t **strings,
                             void *bytes)
{
    DWORD fault = state_fault(KEY, "FailReportEvent");
    char line[LINE_BYTES];
    int length = 0;
    size_t i;

    (void)category;
    (void)sid;
    if (fault)
        return fail(fault);
    if (!known(handle, &i))
        return fail(ERROR_INVALID_HANDLE);
    if ((string_count && !strings) || (byte_count && !bytes))
        return fail(ERROR_INVALID_PARAMETER);
    for (WORD k = 0; k < string_count; k++) {
        char text[LINE_BYTES];

        if (!WideCharToMultiByte(CP_UTF8, 0, strings[k], -1, text, sizeof(text), NULL, NULL))
            return fail(ERROR_INVALID_PARAMETER);
        length += snprintf(line + length, sizeof(line) - (size_t)length, " | %s", text);
        if (length >= (int)sizeof(line))
            length = (int)sizeof(line) - 1;
    }
    line[length] = '\0';
    state_log("events",
              "%ls %u %lu%s%s",
              sources[i].name,
              type,
              id & 0xFFFF,
              registered(sources[i].name) ? "" : " unregistered",
              line);
    return TRUE;
}
