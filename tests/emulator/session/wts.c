/* wtsapi32 and what kernel32 and user32 know of sessions. */
#include "session.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY "session"

enum { TICKS_PER_MS = 10000 };

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

static DWORD WINAPI on_active_console(void)
{
    return session_console();
}

static BOOL WINAPI on_process_to_session(DWORD process_id, DWORD *ret_id)
{
    DWORD id = ret_id ? session_of_process(process_id) : SESSION_NONE;

    if (id == SESSION_NONE)
        return fail(ERROR_INVALID_PARAMETER);
    *ret_id = id;
    return TRUE;
}

/* The caller frees results with WTSFreeMemory, which is Wine's: memory of the process heap. */
static void *copy(const void *bytes, size_t size)
{
    void *made = HeapAlloc(GetProcessHeap(), 0, size);

    if (made)
        memcpy(made, bytes, size);
    return made;
}

static BOOL WINAPI on_enumerate(HANDLE server,
                                DWORD reserved,
                                DWORD version,
                                WTS_SESSION_INFOW **ret_sessions,
                                DWORD *ret_count)
{
    struct session all[SESSION_MAX];
    size_t count, names = 0;
    WTS_SESSION_INFOW *rows;
    wchar_t *name;

    if (server != WTS_CURRENT_SERVER_HANDLE)
        return fail(ERROR_INVALID_HANDLE);
    if (reserved || version != 1 || !ret_sessions || !ret_count)
        return fail(ERROR_INVALID_PARAMETER);
    count = session_list(all);
    for (size_t i = 0; i < count; i++)
        names += wcslen(all[i].station) + 1;
    rows = HeapAlloc(
        GetProcessHeap(), HEAP_ZERO_MEMORY, count * sizeof(*rows) + names * sizeof(wchar_t));
    if (!rows)
        return fail(ERROR_NOT_ENOUGH_MEMORY);
    name = (wchar_t *)(rows + count);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (WTS_SESSION_INFOW){
            .SessionId = all[i].id, .pWinStationName = name, .State = all[i].state};
        wcscpy(name, all[i].station);
        name += wcslen(name) + 1;
    }
    *ret_sessions = rows;
    *ret_count = (DWORD)count;
    return TRUE;
}

static uint64_t now_time(void)
{
    FILETIME now;

    GetSystemTimeAsFileTime(&now);
    return (uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime;
}

static void *session_info(const struct session *s, DWORD *ret_size)
{
    WTSINFOW info = {.State = s->state, .SessionId = s->id};

    swprintf(info.WinStationName, WINSTATIONNAME_LENGTH, L"%ls", s->station);
    swprintf(info.Domain, DOMAIN_LENGTH, L"%.16ls", s->domain);
    swprintf(info.UserName, USERNAME_LENGTH + 1, L"%.20ls", s->user);
    info.LogonTime.QuadPart = (LONGLONG)s->logon_time;
    info.ConnectTime = info.LogonTime;
    info.CurrentTime.QuadPart = (LONGLONG)now_time();
    /* Windows fills this in for remote sessions only; at the console it stays zero [probe]. */
    if (s->protocol == WTS_PROTOCOL_TYPE_RDP)
        info.LastInputTime.QuadPart =
            info.CurrentTime.QuadPart -
            (LONGLONG)((state_now_ms() - s->last_input_ms) * TICKS_PER_MS);
    *ret_size = sizeof(info);
    return copy(&info, sizeof(info));
}

static void *text_info(const wchar_t *text, DWORD *ret_size)
{
    *ret_size = (DWORD)((wcslen(text) + 1) * sizeof(*text));
    return copy(text, *ret_size);
}

static void *number_info(DWORD number, DWORD *ret_size)
{
    *ret_size = sizeof(number);
    return copy(&number, sizeof(number));
}

static void *info_of(const struct session *s, WTS_INFO_CLASS class, DWORD *ret_size)
{
    USHORT protocol = (USHORT)s->protocol;

    switch (class) {
    case WTSUserName:
        return text_info(s->user, ret_size);
    case WTSDomainName:
        return text_info(s->domain, ret_size);
    case WTSWinStationName:
        return text_info(s->station, ret_size);
    case WTSSessionId:
        return number_info(s->id, ret_size);
    case WTSConnectState:
        return number_info((DWORD)s->state, ret_size);
    case WTSClientProtocolType: /* a USHORT, alone among these */
        *ret_size = sizeof(protocol);
        return copy(&protocol, sizeof(protocol));
    case WTSSessionInfo:
        return session_info(s, ret_size);
    default:
        return NULL;
    }
}

static BOOL WINAPI
on_query(HANDLE server, DWORD id, WTS_INFO_CLASS class, wchar_t **ret_buffer, DWORD *ret_size)
{
    struct session s;
    void *info;

    if (server != WTS_CURRENT_SERVER_HANDLE)
        return fail(ERROR_INVALID_HANDLE);
    if (!ret_buffer || !ret_size)
        return fail(ERROR_INVALID_USER_BUFFER);
    if (!session_get(id == WTS_CURRENT_SESSION ? session_of_self() : id, &s))
        return fail(ERROR_FILE_NOT_FOUND);
    info = info_of(&s, class, ret_size);
    if (!info) /* of the emulator: a class that it was never taught */
        return fail(ERROR_INVALID_PARAMETER);
    *ret_buffer = info;
    return TRUE;
}

/* A user's session is moved by the system, or by somebody who knows the user's password. */
static BOOL WINAPI on_connect(ULONG id, ULONG target, wchar_t *password, BOOL wait)
{
    DWORD error = state_fault(KEY, "FailConnectSession");

    (void)wait;
    if (!error && !password)
        error = ERROR_INVALID_PARAMETER;
    if (!error && session_of_self() != SESSION_SERVICES)
        error = ERROR_ACCESS_DENIED;
    if (!error)
        error = session_connect(id, target);
    return error ? fail(error) : TRUE;
}

static BOOL WINAPI on_disconnect(HANDLE server, DWORD id, BOOL wait)
{
    DWORD error;

    (void)wait;
    if (server != WTS_CURRENT_SERVER_HANDLE)
        return fail(ERROR_INVALID_HANDLE);
    error = session_disconnect(id == WTS_CURRENT_SESSION ? session_of_self() : id);
    return error ? fail(error) : TRUE;
}

/* Tells of the caller's own session; services have none that anybody types in. */
static BOOL WINAPI on_last_input(LASTINPUTINFO *ret_info)
{
    struct session s;

    if (!ret_info || ret_info->cbSize != sizeof(*ret_info))
        return fail(ERROR_INVALID_PARAMETER);
    ret_info->dwTime = session_get(session_of_self(), &s) ? (DWORD)s.last_input_ms : 0;
    return TRUE;
}

/* Not imported: user32 needs advapi32 while it starts, which is where this code lives. */
static int WINAPI on_system_metrics(int index)
{
    struct session s;
    FARPROC real = GetProcAddress(GetModuleHandleA("user32"), "GetSystemMetrics");
    int(WINAPI * metrics)(int);

    if (index == SM_REMOTESESSION)
        return session_get(session_of_self(), &s) && s.protocol == WTS_PROTOCOL_TYPE_RDP;
    memcpy(&metrics, &real, sizeof(metrics));
    return metrics(index);
}

const struct hook session_hooks[] = {
    {"kernel32", "WTSGetActiveConsoleSessionId", (hook_function)on_active_console, NULL},
    {"kernel32", "ProcessIdToSessionId", (hook_function)on_process_to_session, NULL},
    {"user32", "GetLastInputInfo", (hook_function)on_last_input, NULL},
    {"user32", "GetSystemMetrics", (hook_function)on_system_metrics, NULL},
    {"wtsapi32", "WTSConnectSessionW", (hook_function)on_connect, NULL},
    {"wtsapi32", "WTSDisconnectSession", (hook_function)on_disconnect, NULL},
    {"wtsapi32", "WTSEnumerateSessionsW", (hook_function)on_enumerate, NULL},
    {"wtsapi32", "WTSQuerySessionInformationW", (hook_function)on_query, NULL},
};
const size_t session_hook_count = sizeof(session_hooks) / sizeof(session_hooks[0]);
