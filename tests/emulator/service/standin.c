/* A service that does nothing but run, for those of Windows that Wine lacks:
 *
 *   standin install NAME [auto|manual|disabled] [DISPLAY-NAME]   makes it, and starts it when auto
 *   standin serve NAME                        what the service manager runs */
#include <windows.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

static SERVICE_STATUS_HANDLE handle;
static HANDLE stopped;
static const wchar_t *name;

static void set_status(DWORD state)
{
    SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
                             .dwCurrentState = state,
                             .dwControlsAccepted = SERVICE_ACCEPT_STOP};

    SetServiceStatus(handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD event, void *data, void *context)
{
    (void)event;
    (void)data;
    (void)context;
    if (control == SERVICE_CONTROL_STOP)
        SetEvent(stopped);
    return control == SERVICE_CONTROL_STOP || control == SERVICE_CONTROL_INTERROGATE
               ? NO_ERROR
               : ERROR_CALL_NOT_IMPLEMENTED;
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
    (void)argc;
    (void)argv;
    stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
    handle = RegisterServiceCtrlHandlerExW(name, on_control, NULL);
    set_status(SERVICE_RUNNING);
    WaitForSingleObject(stopped, INFINITE);
    set_status(SERVICE_STOPPED);
}

static DWORD start_of(const wchar_t *word)
{
    return !wcscmp(word, L"auto")     ? SERVICE_AUTO_START
           : !wcscmp(word, L"manual") ? SERVICE_DEMAND_START
                                      : SERVICE_DISABLED;
}

static int install(const wchar_t *start, const wchar_t *display)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS), service;
    wchar_t own[MAX_PATH], path[2 * MAX_PATH];

    GetModuleFileNameW(NULL, own, MAX_PATH);
    swprintf(path, 2 * MAX_PATH, L"\"%ls\" serve %ls", own, name);
    service = CreateServiceW(manager,
                             name,
                             display,
                             SERVICE_ALL_ACCESS,
                             SERVICE_WIN32_OWN_PROCESS,
                             start_of(start),
                             SERVICE_ERROR_NORMAL,
                             path,
                             NULL,
                             NULL,
                             NULL,
                             NULL,
                             NULL);
    if (!service || (start_of(start) == SERVICE_AUTO_START && !StartServiceW(service, 0, NULL))) {
        fprintf(stderr, "standin: %ls: error %lu\n", name, GetLastError());
        return 1;
    }
    return 0;
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    wchar_t empty[] = L"";
    SERVICE_TABLE_ENTRYW table[] = {{empty, service_main}, {NULL, NULL}};

    if (argc < 3)
        return 64;
    name = argv[2];
    if (!wcscmp(argv[1], L"install"))
        return install(argc > 3 ? argv[3] : L"auto", argc > 4 ? argv[4] : name);
    return StartServiceCtrlDispatcherW(table) ? 0 : 1;
}
