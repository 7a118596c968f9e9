/*
 * Runs the contracts of the ports that need no device manager against the Windows machine, in a
 * Wine prefix that machine_contract_system.sh prepares:
 *
 *   C:\contract\pservice.exe parsecd.exe   contract_program, unsigned
 *   C:\contract\program.exe                contract_program, signed; its hash and publisher are in
 *                                          CONTRACT_SHA256 and CONTRACT_PUBLISHER
 *   C:\windows\system32\dism.exe           contract_program
 *   C:\emulator\session.exe                plays the people
 */
#include "tests/unit/contract/contract.h"
#include "tests/wine/files_hostile_win32.h"

#include "tests/support/net_world_win32.h"

#include "guest/machine/windows/session_client_win32.h"
#include "guest/machine/windows/windows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#define SERVICE_BINARY   L"\"C:\\contract\\pservice.exe\" service"
#define STATE_MS         20000
#define NETWORK_SETTINGS L"SOFTWARE\\gpupv-agent\\settings\\network"
#define CONTRACT_KEY     L"Software\\gpupv-contract"

static struct machine machine;
static struct session_client *client;
static struct net_world net;

/* ---- the machine ---- */

static int open_machine(void **state)
{
    struct contract *contract = *state;

    memset(&machine, 0, sizeof machine);
    machine.clock = clock_system();
    machine.time_scale = 1;
    if (!session_client_new(NULL, &client, NULL) ||
        !windows_services_new(&machine.services, NULL) ||
        !windows_processes_new(&machine.processes, NULL) ||
        !windows_tasks_new(&machine.tasks, NULL) || !windows_files_new(&machine.files, NULL) ||
        !windows_registry_new(&machine.registry, NULL) ||
        !windows_displays_new(client, &machine.displays, NULL) ||
        !windows_sessions_new(client, &machine.sessions, NULL) ||
        !windows_network_new(&machine.network, NULL) || !windows_system_new(&machine.system, NULL))
        return 1;
    contract->machine = &machine;
    return 0;
}

static int close_machine(void **state)
{
    (void)state;
    windows_system_free(machine.system);
    windows_network_free(machine.network);
    windows_sessions_free(machine.sessions);
    windows_displays_free(machine.displays);
    windows_registry_free(machine.registry);
    windows_files_free(machine.files);
    windows_tasks_free(machine.tasks);
    windows_processes_free(machine.processes);
    windows_services_free(machine.services);
    session_client_free(client);
    return 0;
}

/* ---- programs ---- */

static bool run(const WCHAR *line, bool wait)
{
    PROCESS_INFORMATION info = {0};
    STARTUPINFOW startup = {.cb = sizeof startup};
    WCHAR copy[256];
    DWORD code = 1;

    wcscpy(copy, line);
    if (!CreateProcessW(NULL, copy, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &info))
        return false;
    if (wait) {
        WaitForSingleObject(info.hProcess, INFINITE);
        GetExitCodeProcess(info.hProcess, &code);
    }
    CloseHandle(info.hThread);
    CloseHandle(info.hProcess);
    return !wait || code == 0;
}

static bool session(const WCHAR *words)
{
    WCHAR line[128];

    swprintf(line, 128, L"C:\\emulator\\session.exe %ls", words);
    return run(line, true);
}

/* ---- services ---- */

static SC_HANDLE open_service(void)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    SC_HANDLE service = OpenServiceW(manager, L"Parsec", SERVICE_ALL_ACCESS);

    if (!service)
        service = CreateServiceW(manager,
                                 L"Parsec",
                                 L"Parsec",
                                 SERVICE_ALL_ACCESS,
                                 SERVICE_WIN32_OWN_PROCESS,
                                 SERVICE_AUTO_START,
                                 SERVICE_ERROR_NORMAL,
                                 SERVICE_BINARY,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL,
                                 NULL);
    CloseServiceHandle(manager);
    return service;
}

static bool reach(SC_HANDLE service, DWORD state)
{
    for (int left = STATE_MS; left > 0; left -= 20) {
        SERVICE_STATUS now;

        if (!QueryServiceStatus(service, &now))
            return false;
        if (now.dwCurrentState == state)
            return true;
        Sleep(20);
    }
    return false;
}

static void stop_service(SC_HANDLE service)
{
    SERVICE_STATUS now;

    reach(service, SERVICE_RUNNING); /* one that is just starting takes no control */
    ControlService(service, SERVICE_CONTROL_STOP, &now);
    reach(service, SERVICE_STOPPED);
}

/* stopped, disabled or running, with the user's own daemon beside it. */
static bool arrange_service(const char *value)
{
    SC_HANDLE service = open_service();
    DWORD start = strcmp(value, "disabled") == 0 ? SERVICE_DISABLED : SERVICE_AUTO_START;
    SERVICE_STATUS now;
    bool ok;

    if (QueryServiceStatus(service, &now) && now.dwCurrentState != SERVICE_STOPPED)
        stop_service(service);
    ok = ChangeServiceConfigW(service,
                              SERVICE_NO_CHANGE,
                              start,
                              SERVICE_NO_CHANGE,
                              NULL,
                              NULL,
                              NULL,
                              NULL,
                              NULL,
                              NULL,
                              NULL);
    if (ok && strcmp(value, "running") == 0)
        ok = machine.processes->ops->terminate(machine.processes, "parsecd.exe", NULL) &&
             StartServiceW(service, 0, NULL) && reach(service, SERVICE_RUNNING) &&
             run(L"C:\\contract\\parsecd.exe sleep", false);
    CloseServiceHandle(service);
    return ok;
}

/* ---- tasks ---- */

static bool set_number(const WCHAR *key, const WCHAR *name, DWORD number)
{
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, name, REG_DWORD, &number, sizeof number) == 0;
}

static bool arrange_tasks(const char *value)
{
    return strcmp(value, "present") == 0 &&
           set_number(L"Software\\gpupv-emulator\\tasks\\Install VB Cable", L"Enabled", 1);
}

/* ---- files, system, sessions ---- */

static bool arrange_install(const char *value)
{
    return strcmp(value, "missing") == 0 && fs_remove_tree("C:\\Program Files\\Parsec", NULL);
}

static bool arrange_updates(const char *value)
{
    struct registry_value absent = {.type = REGISTRY_ABSENT};

    return strcmp(value, "drivers") == 0 &&
           machine.registry->ops->set(machine.registry,
                                      "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate",
                                      "ExcludeWUDriversInQualityUpdate",
                                      &absent,
                                      NULL);
}

static bool arrange_media(const char *value)
{
    bool offered = strcmp(value, "missing") == 0;

    if (!offered && strcmp(value, "unavailable") != 0)
        return false;
    DeleteFileW(L"C:\\windows\\system32\\mfplat.dll");
    return set_number(CONTRACT_KEY, L"DismCode", offered ? 0 : 0x800f080c);
}

static bool arrange_sleep(const char *value)
{
    return strcmp(value, "allowed") == 0 &&
           set_number(L"Software\\gpupv-emulator\\power", L"Sleep", 1);
}

static int64_t user_since_s;

static bool arrange_session(const char *value)
{
    user_since_s = 700;
    if (strcmp(value, "logged_off") == 0)
        return session(L"nobody");
    if (strcmp(value, "logged_on") == 0)
        return session(L"user alice 700");
    return strcmp(value, "enhanced") == 0 && session(L"user alice 700") && session(L"enhanced");
}

/* ---- network ---- */

static bool set_text(const WCHAR *name, const WCHAR *text)
{
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE,
                           NETWORK_SETTINGS,
                           name,
                           REG_SZ,
                           text,
                           (DWORD)((wcslen(text) + 1) * sizeof *text)) == 0;
}

/* A label that no name server has to be asked about. */
#define NO_NAME L"a-label-that-is-longer-than-the-sixty-three-octets-which-a-name-server-takes.test"

struct net_row {
    const char *value;
    bool no_names, blocked, proxy_refuses;
    enum net_proxy proxy;
    enum net_stun stun;
    int64_t date_off_s;
};

static const struct net_row net_rows[] = {
    {.value = "ok"},
    {.value = "dead", .no_names = true, .proxy_refuses = true},
    {.value = "no_names", .no_names = true},
    {.value = "proxy", .blocked = true},
    {.value = "proxy_refused", .blocked = true, .proxy_refuses = true},
    {.value = "proxy_denied", .blocked = true, .proxy = NET_PROXY_DENIES},
    {.value = "blocked", .blocked = true, .proxy_refuses = true},
    {.value = "clock_wrong", .date_off_s = 3 * 24 * 3600},
    {.value = "no_udp", .stun = NET_STUN_SILENT},
};

static bool arrange_network(struct contract *contract, const char *value)
{
    const struct net_row *row = NULL;
    DWORD port;

    for (size_t i = 0; i < sizeof net_rows / sizeof net_rows[0]; i++)
        if (strcmp(net_rows[i].value, value) == 0)
            row = &net_rows[i];
    if (!row)
        return false;
    net.proxy = row->proxy;
    net.stun = row->stun;
    net.date_off_s = row->date_off_s;
    port = row->blocked ? net.closed_port : net.https_port;
    contract->proxy_port = row->proxy_refuses ? net.closed_port : net.proxy_port;
    /* not the proxy's own name, which Wine would not ask for a connection to itself */
    return set_text(L"ApiHost", row->no_names ? NO_NAME : L"localhost") &&
           set_text(L"WsHost", row->no_names ? NO_NAME : L"localhost") &&
           set_text(L"StunHost", L"127.0.0.1") && set_number(NETWORK_SETTINGS, L"ApiPort", port) &&
           set_number(NETWORK_SETTINGS, L"WsPort", port) &&
           set_number(NETWORK_SETTINGS, L"StunPort", net.stun_port);
}

/* ---- arranging ---- */

static bool arrange(struct contract *contract, const char *edit)
{
    static const struct {
        const char *key;
        bool (*set)(const char *value);
    } rows[] = {
        {"parsec.service=", arrange_service},
        {"parsec.install=", arrange_install},
        {"legacy.tasks=", arrange_tasks},
        {"session=", arrange_session},
        {"system.media=", arrange_media},
        {"system.sleep=", arrange_sleep},
        {"system.updates=", arrange_updates},
    };

    if (strncmp(edit, "network=", 8) == 0)
        return arrange_network(contract, edit + 8);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strncmp(edit, rows[i].key, strlen(rows[i].key)) == 0)
            return rows[i].set(edit + strlen(rows[i].key));
    return false;
}

/* Time cannot be moved, but the emulator of sessions can be told how long ago things were. */
static void later(struct contract *contract, int64_t time_ms)
{
    WCHAR words[64];

    (void)contract;
    Sleep(time_ms > 1500 ? 1500 : (DWORD)time_ms);
    if (!user_since_s)
        return;
    user_since_s += time_ms / 1000 + 1;
    swprintf(words, 64, L"user alice %lld", (long long)user_since_s);
    session(words);
    swprintf(words, 64, L"idle %lld", (long long)(time_ms / 1000 + 1));
    session(words);
}

static const struct {
    const char *word;
    const struct contract_tests *tests;
} ports[] = {
    {"services", &contract_services},
    {"processes", &contract_processes},
    {"tasks", &contract_tasks},
    {"files", &contract_files},
    {"hostile", &files_hostile},
    {"registry", &contract_registry},
    {"sessions", &contract_sessions},
    {"network", &contract_network},
    {"system", &contract_system},
};

int main(int argc, char **argv)
{
    static struct contract contract = {.name = "Windows",
                                       .arrange = arrange,
                                       .later = later,
                                       .later_real = later,
                                       .program = "C:\\contract\\program.exe",
                                       .program_seconds = 2,
                                       .may_act = true};
    int failed = 0;

    if (argc == 3 && strcmp(argv[1], MACHINE_SESSION_HELPER) == 0)
        return machine_session_helper(argv[2]);
    contract.program_sha256 = getenv("CONTRACT_SHA256");
    contract.program_publisher = getenv("CONTRACT_PUBLISHER");
    if (!net_world_start(&net))
        return 2;
    contract.proxy_port = net.proxy_port;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        for (int k = 1; k < argc; k++)
            if (strcmp(argv[k], ports[i].word) == 0)
                failed += contract_run(ports[i].tests, &contract, open_machine, close_machine);
    return failed;
}
