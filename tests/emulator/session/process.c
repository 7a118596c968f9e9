/* Which process is in which session. */
#include "session.h"

#include "../common/state.h"

#include <stdio.h>
#include <string.h>
#include <tlhelp32.h>

#define KEY "session\\Processes"

enum { PROCESSES = 256 };

/* A process id is used again; with its creation time it is one process for ever. */
struct adopted {
    uint64_t created;
    DWORD id;
    DWORD desktop;
};

struct running {
    DWORD id, parent;
    wchar_t file[MAX_PATH];
};

static uint64_t creation_of(HANDLE process)
{
    FILETIME created, exited, kernel, user;

    if (!GetProcessTimes(process, &created, &exited, &kernel, &user))
        return 0;
    return (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
}

void session_adopt(HANDLE process, DWORD process_id, DWORD id, bool desktop)
{
    struct adopted a = {.created = creation_of(process), .id = id, .desktop = desktop};
    char name[16];

    snprintf(name, sizeof(name), "%lu", process_id);
    state_set_bytes(KEY, true, name, &a, sizeof(a));
}

static bool adopted(DWORD process_id, struct adopted *ret_adopted)
{
    HANDLE process;
    char name[16];
    bool same;

    snprintf(name, sizeof(name), "%lu", process_id);
    if (!state_bytes(KEY, name, ret_adopted, sizeof(*ret_adopted)))
        return false;
    process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, process_id);
    if (!process)
        return false;
    same = creation_of(process) == ret_adopted->created;
    CloseHandle(process);
    return same;
}

/* PROCESSES at most; Wine's own helpers are a dozen. */
static size_t list(struct running *ret_all)
{
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry = {.dwSize = sizeof(entry)};
    size_t count = 0;

    if (snapshot == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Process32FirstW(snapshot, &entry); more && count < PROCESSES;
         more = Process32NextW(snapshot, &entry)) {
        ret_all[count].id = entry.th32ProcessID;
        ret_all[count].parent = entry.th32ParentProcessID;
        memcpy(ret_all[count].file, entry.szExeFile, sizeof(ret_all[count].file));
        count++;
    }
    CloseHandle(snapshot);
    return count;
}

static const struct running *find(const struct running *all, size_t count, DWORD id)
{
    for (size_t i = 0; i < count; i++)
        if (all[i].id == id)
            return &all[i];
    return NULL;
}

/* Walks up from the process: what somebody adopted, or the first that the service manager started.
 */
static DWORD walk(const struct running *all, size_t count, DWORD id, bool *ret_desktop)
{
    DWORD console = session_console();

    *ret_desktop = true;
    for (int depth = 0; depth < 32; depth++) {
        const struct running *process = find(all, count, id);
        const struct running *parent = process ? find(all, count, process->parent) : NULL;
        struct adopted a;

        if (process && adopted(id, &a)) {
            *ret_desktop = a.desktop;
            return a.id;
        }
        if (process && !_wcsicmp(process->file, L"services.exe"))
            return SESSION_SERVICES;
        if (!parent)
            break;
        if (!_wcsicmp(parent->file, L"services.exe"))
            return SESSION_SERVICES;
        id = parent->id;
    }
    return console == SESSION_NONE ? SESSION_FIRST : console;
}

static DWORD look(DWORD process_id, bool *ret_desktop)
{
    struct running *all =
        HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, PROCESSES * sizeof(struct running));
    DWORD found = SESSION_NONE;
    size_t count;

    if (!all)
        return SESSION_NONE;
    count = list(all);
    if (find(all, count, process_id))
        found = walk(all, count, process_id, ret_desktop);
    HeapFree(GetProcessHeap(), 0, all);
    return found;
}

DWORD session_of_process(DWORD process_id)
{
    bool desktop;

    return process_id == GetCurrentProcessId() ? session_of_self() : look(process_id, &desktop);
}

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static DWORD self;
static bool self_has_desktop;

static BOOL CALLBACK find_self(INIT_ONCE *unused, void *parameter, void **context)
{
    (void)unused;
    (void)parameter;
    (void)context;
    self = look(GetCurrentProcessId(), &self_has_desktop);
    return TRUE;
}

DWORD session_of_self(void)
{
    InitOnceExecuteOnce(&once, find_self, NULL, NULL);
    return self;
}

bool session_sees_console(void)
{
    struct session s;

    return session_of_self() != SESSION_SERVICES && self_has_desktop && self == session_console() &&
           session_get(self, &s) && s.protocol == WTS_PROTOCOL_TYPE_CONSOLE;
}
