/* What the contract tests of the Windows machine run and have running. By its file name or first
 * word it is
 *
 *   (nothing)   a program that takes two seconds
 *   sleep       one that goes on for ever: parsecd.exe
 *   service     a service that takes a while to start, and keeps a parsecd.exe beside it
 *   dism.exe    Windows' own, as far as Media Foundation goes: HKLM\Software\gpupv-contract
 *                 DismCode  REG_DWORD  its exit code; 0 and 3010 bring mfplat.dll
 *   child N     a program that ends at once and leaves one behind that takes N ms, then writes
 *               child.txt beside it
 */
#include <windows.h>
#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

enum { RUN_MS = 2000, START_MS = 600, PATH_UNITS = 600 };

static SERVICE_STATUS_HANDLE service;
static HANDLE stop_event;

static void beside(const wchar_t *name, wchar_t *ret_path)
{
    wchar_t *slash;

    ret_path[0] = 0;
    GetModuleFileNameW(NULL, ret_path, PATH_UNITS - 64);
    slash = wcsrchr(ret_path, L'\\');
    wcscpy(slash ? slash + 1 : ret_path, name);
}

static HANDLE start(const wchar_t *program, const wchar_t *words)
{
    PROCESS_INFORMATION info = {0};
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    wchar_t line[PATH_UNITS + 64];

    swprintf(line, PATH_UNITS + 64, L"\"%ls\" %ls", program, words);
    if (!CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info))
        return NULL;
    CloseHandle(info.hThread);
    return info.hProcess;
}

static void tell(DWORD state)
{
    SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
                             .dwCurrentState = state,
                             .dwControlsAccepted =
                                 state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0,
                             .dwWaitHint = 5000};

    SetServiceStatus(service, &status);
}

static void WINAPI on_control(DWORD control)
{
    if (control != SERVICE_CONTROL_STOP)
        return;
    tell(SERVICE_STOP_PENDING);
    SetEvent(stop_event);
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
    wchar_t path[PATH_UNITS];
    HANDLE child;

    (void)argc;
    (void)argv;
    service = RegisterServiceCtrlHandlerW(L"Parsec", on_control);
    tell(SERVICE_START_PENDING);
    Sleep(START_MS);
    beside(L"parsecd.exe", path);
    child = start(path, L"sleep");
    tell(SERVICE_RUNNING);
    WaitForSingleObject(stop_event, INFINITE);
    if (child) {
        TerminateProcess(child, 0);
        WaitForSingleObject(child, INFINITE);
    }
    tell(SERVICE_STOPPED);
}

static int serve(void)
{
    static wchar_t name[] = L"Parsec";
    SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};

    stop_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    return StartServiceCtrlDispatcherW(table) ? 0 : 1;
}

static bool touch(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    if (file == INVALID_HANDLE_VALUE)
        return false;
    CloseHandle(file);
    return true;
}

static int dism(void)
{
    DWORD code = 0, size = sizeof(code);
    wchar_t path[PATH_UNITS];

    RegGetValueW(HKEY_LOCAL_MACHINE,
                 L"Software\\gpupv-contract",
                 L"DismCode",
                 RRF_RT_REG_DWORD,
                 NULL,
                 &code,
                 &size);
    GetSystemDirectoryW(path, PATH_UNITS - 16);
    wcscat(path, L"\\mfplat.dll");
    if (!code || code == 3010)
        touch(path);
    return (int)code;
}

static int child(const wchar_t *time_ms)
{
    wchar_t path[PATH_UNITS], words[64];

    GetModuleFileNameW(NULL, path, PATH_UNITS);
    swprintf(words, 64, L"late %ls", time_ms);
    return start(path, words) ? 7 : 1;
}

static int late(const wchar_t *time_ms)
{
    wchar_t path[PATH_UNITS];

    Sleep((DWORD)_wtoi(time_ms));
    beside(L"child.txt", path);
    return touch(path) ? 0 : 1;
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    wchar_t path[PATH_UNITS] = L"";

    GetModuleFileNameW(NULL, path, PATH_UNITS);
    if (wcslen(path) > 9 && !_wcsicmp(path + wcslen(path) - 9, L"\\dism.exe"))
        return dism();
    if (argc > 1 && !wcscmp(argv[1], L"service"))
        return serve();
    if (argc > 1 && !wcscmp(argv[1], L"sleep"))
        Sleep(INFINITE);
    if (argc > 2 && !wcscmp(argv[1], L"child"))
        return child(argv[2]);
    if (argc > 2 && !wcscmp(argv[1], L"late"))
        return late(argv[2]);
    if (argc > 2 && !wcscmp(argv[1], L"code"))
        return (int)wcstoul(argv[2], NULL, 0);
    Sleep(RUN_MS);
    return 0;
}
