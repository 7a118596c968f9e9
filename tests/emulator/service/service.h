/* What Wine's service manager lacks, for programs that see this advapi32: the levels of
 * ChangeServiceConfig2 are kept where Windows keeps them, below the service's own key, so that
 * deleting the service takes them along; controls that a test asks for (session changes, suspend,
 * shutdown) reach the handlers of services; the event log is a file, C:\emulator\events.log;
 * private data of LSA lies in the registry. Restarting what crashed is supervisor.c.
 *
 *   HKLM\Software\gpupv-emulator\service
 *     Fail<Call>  REG_DWORD  a Win32 error; Call: Create Config2 Start Delete ReportEvent
 *                            Shutdown; an NTSTATUS for StoreSecret */
#ifndef GPUPV_TESTS_SERVICE_H
#define GPUPV_TESTS_SERVICE_H

#include <windows.h>
#include <stdbool.h>

enum { SERVICE_NAME_CHARS = 256 };

/* What mingw-w64's winsvc.h lacks. */
struct service_trigger_data {
    DWORD type, size;
    BYTE *bytes;
};

struct service_trigger {
    DWORD type, action;
    GUID *subtype;
    DWORD data_count;
    struct service_trigger_data *data;
};

struct service_triggers {
    DWORD count;
    struct service_trigger *all;
    BYTE *reserved;
};

enum { TRIGGER_STARTS = 1, TRIGGER_STOPS = 2 };

/* ---- handles.c: whose handle it is ---- */

/* The name of the service and the access its handle was opened with. false: not one of a service.
 */
bool service_of_handle(SC_HANDLE handle, wchar_t *ret_name, DWORD *ret_access);

/* The key of a service; NULL when it has none. */
HKEY service_key(const wchar_t *name, REGSAM access);

SC_HANDLE WINAPI emu_OpenServiceW(SC_HANDLE manager, const wchar_t *name, DWORD access);
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
                                    const wchar_t *password);
BOOL WINAPI emu_CloseServiceHandle(SC_HANDLE handle);
BOOL WINAPI emu_DeleteService(SC_HANDLE handle);
BOOL WINAPI emu_StartServiceW(SC_HANDLE handle, DWORD count, const wchar_t **arguments);

BOOL WINAPI emu_InitiateSystemShutdownExW(
    wchar_t *machine, wchar_t *message, DWORD timeout_s, BOOL force, BOOL reboot, DWORD reason);

/* ---- config.c ---- */

BOOL WINAPI emu_ChangeServiceConfig2W(SC_HANDLE handle, DWORD level, void *info);
BOOL WINAPI emu_QueryServiceConfig2W(
    SC_HANDLE handle, DWORD level, BYTE *buffer, DWORD size, DWORD *ret_needed);

/* ---- control.c ---- */

SERVICE_STATUS_HANDLE WINAPI emu_RegisterServiceCtrlHandlerExW(const wchar_t *name,
                                                               LPHANDLER_FUNCTION_EX handler,
                                                               void *context);
BOOL WINAPI emu_SetServiceStatus(SERVICE_STATUS_HANDLE handle, SERVICE_STATUS *status);

/* ---- events.c ---- */

HANDLE WINAPI emu_RegisterEventSourceW(const wchar_t *server, const wchar_t *source);
BOOL WINAPI emu_DeregisterEventSource(HANDLE handle);
BOOL WINAPI emu_ReportEventW(HANDLE handle,
                             WORD type,
                             WORD category,
                             DWORD id,
                             SID *sid,
                             WORD string_count,
                             DWORD byte_count,
                             const wchar_t **strings,
                             void *bytes);

#endif
