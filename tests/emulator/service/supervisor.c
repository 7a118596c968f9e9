/* Does to services what Wine's service manager does not: a service whose process ends without
 * SERVICE_STOPPED has failed and is restarted as its failure actions say; so has one that stopped
 * with an exit code, when FailureActionsOnNonCrashFailures is set. Runs until it is ended, and
 * writes C:\emulator\supervisor.log.
 *
 *   supervisor NAME...     looks after these services
 *
 * The n-th action is for the n-th failure, the last one for all after it; the count starts anew
 * when the reset period went by without a failure (guest.md section 6.1). */
#include "../common/state.h"

#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

enum { LOOK_MS = 100, SERVICES = 8, ACTIONS_MAX = 64, START_WAIT_MS = 10000 };

struct watched {
    const wchar_t *name;
    SC_HANDLE handle;
    HANDLE process;
    DWORD process_id;
    DWORD failures;
    uint64_t last_failure_ms;
};

struct actions {
    DWORD reset_s, count;
    struct {
        DWORD type, delay_ms;
    } all[ACTIONS_MAX];
};

static HKEY key_of(const wchar_t *name)
{
    wchar_t path[512];
    HKEY key;

    swprintf(path, 512, L"System\\CurrentControlSet\\Services\\%ls", name);
    return RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, KEY_READ, &key) ? NULL : key;
}

static bool read_actions(const wchar_t *name, struct actions *ret_actions)
{
    DWORD packed[5 + 2 * ACTIONS_MAX], size = sizeof(packed);
    HKEY key = key_of(name);
    bool found;

    if (!key)
        return false;
    found = !RegGetValueW(key, NULL, L"FailureActions", RRF_RT_REG_BINARY, NULL, packed, &size) &&
            size >= 20 && packed[3] <= ACTIONS_MAX && size >= 20 + 8 * packed[3];
    RegCloseKey(key);
    if (!found)
        return false;
    ret_actions->reset_s = packed[0];
    ret_actions->count = packed[3];
    memcpy(ret_actions->all, packed + 5, 8 * packed[3]);
    return true;
}

static bool counts_stops(const wchar_t *name)
{
    HKEY key = key_of(name);
    DWORD value = 0, size = sizeof(value);

    if (!key)
        return false;
    RegGetValueW(
        key, NULL, L"FailureActionsOnNonCrashFailures", RRF_RT_REG_DWORD, NULL, &value, &size);
    RegCloseKey(key);
    return value;
}

static bool query(struct watched *w, SERVICE_STATUS_PROCESS *ret_status)
{
    DWORD size;

    return QueryServiceStatusEx(
        w->handle, SC_STATUS_PROCESS_INFO, (BYTE *)ret_status, sizeof(*ret_status), &size);
}

static void restart(struct watched *w)
{
    struct actions actions;
    DWORD action;

    if (!read_actions(w->name, &actions) || !actions.count)
        return;
    if (state_now_ms() - w->last_failure_ms > (uint64_t)actions.reset_s * 1000)
        w->failures = 0;
    w->last_failure_ms = state_now_ms();
    action = w->failures < actions.count ? w->failures : actions.count - 1;
    w->failures++;
    state_log("supervisor",
              "%ls failed for the %lu. time: action %lu after %lu ms",
              w->name,
              w->failures,
              actions.all[action].type,
              actions.all[action].delay_ms);
    if (actions.all[action].type != SC_ACTION_RESTART)
        return;
    Sleep(actions.all[action].delay_ms);
    if (!StartServiceW(w->handle, 0, NULL))
        state_log("supervisor", "%ls does not start: error %lu", w->name, GetLastError());
}

/* The process has ended: did the service say goodbye? */
static void ended(struct watched *w)
{
    SERVICE_STATUS_PROCESS status;
    DWORD code = 0;
    bool failed;

    GetExitCodeProcess(w->process, &code);
    CloseHandle(w->process);
    w->process = NULL;
    if (!query(w, &status))
        return;
    if (status.dwCurrentState == SERVICE_STOPPED)
        failed = status.dwWin32ExitCode && counts_stops(w->name);
    else
        failed = true;
    state_log("supervisor",
              "%ls: process %lu ended with %lu, state %lu, exit code %lu",
              w->name,
              w->process_id,
              code,
              status.dwCurrentState,
              status.dwWin32ExitCode);
    if (failed)
        restart(w);
}

static void look(SC_HANDLE manager, struct watched *w)
{
    SERVICE_STATUS_PROCESS status;

    if (!w->handle)
        w->handle = OpenServiceW(manager, w->name, SERVICE_QUERY_STATUS | SERVICE_START);
    if (!w->handle)
        return;
    if (w->process) {
        if (WaitForSingleObject(w->process, 0) == WAIT_OBJECT_0)
            ended(w);
        return;
    }
    if (!query(w, &status)) { /* deleted: a service of that name may come again */
        CloseServiceHandle(w->handle);
        w->handle = NULL;
        return;
    }
    if (status.dwProcessId && status.dwCurrentState != SERVICE_STOPPED) {
        w->process_id = status.dwProcessId;
        w->process =
            OpenProcess(SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, status.dwProcessId);
    }
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    struct watched all[SERVICES] = {{0}};

    if (argc < 2 || argc - 1 > SERVICES || !manager)
        return 64;
    for (int i = 1; i < argc; i++)
        all[i - 1].name = argv[i];
    for (;; Sleep(LOOK_MS))
        for (int i = 0; i < argc - 1; i++)
            look(manager, &all[i]);
}
