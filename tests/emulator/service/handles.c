/* Handles of services: Wine's own, with the name and access remembered, which it does not tell. */
#include "service.h"

#include "../common/state.h"
#include "../thunk/thunk.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#define KEY          "service"
#define SERVICES_KEY L"System\\CurrentControlSet\\Services\\"

enum { HANDLES = 64 };

static SRWLOCK lock = SRWLOCK_INIT;
static struct {
    SC_HANDLE handle;
    DWORD access;
    wchar_t name[SERVICE_NAME_CHARS];
} handles[HANDLES];

/* The real function of that name, as a pointer of the caller's type. */
static void real(const char *name, void *ret_function)
{
    thunk_function function = thunk_original(name);

    memcpy(ret_function, &function, sizeof(function));
}

/* Generic rights as the service manager maps them. */
static DWORD specific(DWORD access)
{
    if (access & (GENERIC_ALL | MAXIMUM_ALLOWED))
        return SERVICE_ALL_ACCESS;
    if (access & GENERIC_READ)
        access |= SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS | SERVICE_INTERROGATE |
                  SERVICE_ENUMERATE_DEPENDENTS;
    if (access & GENERIC_WRITE)
        access |= SERVICE_CHANGE_CONFIG;
    if (access & GENERIC_EXECUTE)
        access |=
            SERVICE_START | SERVICE_STOP | SERVICE_PAUSE_CONTINUE | SERVICE_USER_DEFINED_CONTROL;
    return access;
}

static SC_HANDLE remember(SC_HANDLE handle, const wchar_t *name, DWORD access)
{
    int i = 0;

    if (!handle)
        return NULL;
    AcquireSRWLockExclusive(&lock);
    while (i < HANDLES && handles[i].handle && handles[i].handle != handle)
        i++;
    if (i < HANDLES) {
        handles[i].handle = handle;
        handles[i].access = specific(access);
        swprintf(handles[i].name, SERVICE_NAME_CHARS, L"%.255ls", name);
    }
    ReleaseSRWLockExclusive(&lock);
    return handle;
}

bool service_of_handle(SC_HANDLE handle, wchar_t *ret_name, DWORD *ret_access)
{
    bool found = false;

    AcquireSRWLockShared(&lock);
    for (int i = 0; i < HANDLES && handle && !found; i++)
        if (handles[i].handle == handle) {
            wcscpy(ret_name, handles[i].name);
            *ret_access = handles[i].access;
            found = true;
        }
    ReleaseSRWLockShared(&lock);
    return found;
}

HKEY service_key(const wchar_t *name, REGSAM access)
{
    wchar_t path[SERVICE_NAME_CHARS + sizeof(SERVICES_KEY) / sizeof(wchar_t)];
    HKEY key;

    swprintf(path, sizeof(path) / sizeof(path[0]), SERVICES_KEY L"%ls", name);
    return RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, access, &key) ? NULL : key;
}

SC_HANDLE WINAPI emu_OpenServiceW(SC_HANDLE manager, const wchar_t *name, DWORD access)
{
    SC_HANDLE(WINAPI * open)(SC_HANDLE, const wchar_t *, DWORD);

    real("OpenServiceW", &open);
    return remember(open(manager, name, access), name, access);
}

SC_HANDLE WINAPI emu_CreateServiceW(SC_HANDLE manager,
                                    const wchar_t *name,
                                    const wchar_t *display,
                                    DWORD access,
                                    DWORD type,
                                    DWORD start,
                                    DWORD error,
                                    const wchar_t *path,
                                    const wchar_t *group,
                                    DWORD *tag,
                                    const wchar_t *dependencies,
                                    const wchar_t *account,
                                    const wchar_t *password)
{
    SC_HANDLE(WINAPI * create)
    (SC_HANDLE,
     const wchar_t *,
     const wchar_t *,
     DWORD,
     DWORD,
     DWORD,
     DWORD,
     const wchar_t *,
     const wchar_t *,
     DWORD *,
     const wchar_t *,
     const wchar_t *,
     const wchar_t *);
    DWORD fault = state_fault(KEY, "FailCreate");

    if (fault) {
        SetLastError(fault);
        return NULL;
    }
    real("CreateServiceW", &create);
    return remember(create(manager,
                           name,
                           display,
                           access,
                           type,
                           start,
                           error,
                           path,
                           group,
                           tag,
                           dependencies,
                           account,
                           password),
                    name,
                    access);
}

BOOL WINAPI emu_CloseServiceHandle(SC_HANDLE handle)
{
    BOOL(WINAPI * close)(SC_HANDLE);

    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < HANDLES; i++)
        if (handles[i].handle == handle)
            handles[i].handle = NULL;
    ReleaseSRWLockExclusive(&lock);
    real("CloseServiceHandle", &close);
    return close(handle);
}

static void delete_subkeys(const wchar_t *name)
{
    HKEY key = service_key(name, KEY_ALL_ACCESS);

    if (!key)
        return;
    RegDeleteTreeW(key, L"TriggerInfo");
    RegCloseKey(key);
}

BOOL WINAPI emu_DeleteService(SC_HANDLE handle)
{
    BOOL(WINAPI * delete)(SC_HANDLE);
    DWORD fault = state_fault(KEY, "FailDelete"), access;
    wchar_t name[SERVICE_NAME_CHARS];
    bool known = service_of_handle(handle, name, &access);
    BOOL done;

    if (fault) {
        SetLastError(fault);
        return FALSE;
    }
    real("DeleteService", &delete);
    done = delete (handle);
    if (done && known)
        delete_subkeys(name);
    return done;
}

BOOL WINAPI emu_StartServiceW(SC_HANDLE handle, DWORD count, const wchar_t **arguments)
{
    BOOL(WINAPI * start)(SC_HANDLE, DWORD, const wchar_t **);
    DWORD fault = state_fault(KEY, "FailStart");

    if (fault) {
        SetLastError(fault);
        return FALSE;
    }
    real("StartServiceW", &start);
    return start(handle, count, arguments);
}

static bool has_privilege(void)
{
    PRIVILEGE_SET wanted = {.PrivilegeCount = 1, .Control = PRIVILEGE_SET_ALL_NECESSARY};
    HANDLE token = NULL;
    BOOL has = FALSE;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    if (!LookupPrivilegeValueW(NULL, L"SeShutdownPrivilege", &wanted.Privilege[0].Luid) ||
        !PrivilegeCheck(token, &wanted, &has))
        has = FALSE;
    CloseHandle(token);
    return has;
}

/* Nothing restarts: the request is written down, C:\emulator\shutdown.log. */
BOOL WINAPI emu_InitiateSystemShutdownExW(
    wchar_t *machine, wchar_t *message, DWORD timeout_s, BOOL force, BOOL reboot, DWORD reason)
{
    DWORD fault = state_fault(KEY, "FailShutdown");

    if (!fault && machine)
        fault = ERROR_NOT_SUPPORTED;
    if (fault) {
        SetLastError(fault);
        return FALSE;
    }
    state_log("shutdown",
              "%ls in %lu s%s%s | %08lx | %ls",
              reboot ? L"restart" : L"shutdown",
              timeout_s,
              force ? ", forced" : "",
              has_privilege() ? "" : ", without the privilege",
              reason,
              message ? message : L"");
    return TRUE;
}
