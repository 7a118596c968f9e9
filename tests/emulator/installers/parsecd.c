/* Parsec's service and daemon, as far as they show: processes in session 0 and in the user's
 * session, log.txt, a configuration that is read at the start and rewritten, virtual monitors while
 * a client is connected, and the account.
 *
 *   HKLM\Software\gpupv-emulator\parsec
 *     Plan      REG_SZ     warp (default), free: lines of paid features vanish once it is signed in
 *     Rewrite   REG_SZ     plan (default), lines: they vanish in any case, all: the stock
 *                          configuration comes back
 *     SignIn    REG_DWORD  1: whoever sees its window signs in, a second later
 *     Client    REG_DWORD  1: somebody is connected
 *     Online    REG_DWORD  1
 *
 * Facts: guest.md sections 1.1 to 1.5. */
#include "installer.h"

#include "../common/state.h"
#include "../parsec_vdd/vdd.h"
#include "../pnp/pnp_state.h"
#include "../session/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define KEY    "parsec"
#define FOLDER L"%ProgramData%\\Parsec\\"

enum { LOOK_MS = 100, RESPAWN_MS = 500, CONFIG_BYTES = 65536, SIGN_IN_MS = 1000 };

static const char stock_config[] = "# All configuration settings must appear on a new line.\n"
                                   "# Settings given on the command line win over this file.\n"
                                   "app_host = 1\n"
                                   "app_run_level = 1\n"
                                   "app_first_run = 0\n"
                                   "encoder_bitrate = 50\n";

static const char *const paid[] = {"host_virtual_monitors", "host_privacy_mode"};

static void path_of(const wchar_t *name, wchar_t *ret_path)
{
    wchar_t text[INSTALLER_PATH];

    swprintf(text, INSTALLER_PATH, FOLDER L"%ls", name);
    installer_expand(text, ret_path);
}

static bool exists(const wchar_t *name)
{
    wchar_t path[INSTALLER_PATH];

    path_of(name, path);
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

/* ---- the log ---- */

static void log_line(char level, const char *text)
{
    wchar_t path[INSTALLER_PATH];
    char line[512];
    SYSTEMTIME now;
    HANDLE file;
    DWORD written;
    int length;

    GetLocalTime(&now);
    length = snprintf(line,
                      sizeof(line),
                      "[%c %04u-%02u-%02u %02u:%02u:%02u] %s\n",
                      level,
                      now.wYear,
                      now.wMonth,
                      now.wDay,
                      now.wHour,
                      now.wMinute,
                      now.wSecond,
                      text);
    path_of(L"log.txt", path);
    file = CreateFileW(path,
                       FILE_APPEND_DATA,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL,
                       OPEN_ALWAYS,
                       0,
                       NULL);
    if (file == INVALID_HANDLE_VALUE)
        return;
    WriteFile(file, line, (DWORD)length, &written, NULL);
    CloseHandle(file);
}

static void log_account(void)
{
    if (!state_number(KEY, "Online", 1))
        log_line('D', "ws_connect[111] = -6101");
    else if (exists(L"user.bin"))
        log_line('D', "STUN reply from 198.51.100.7:40123, net = NAT");
}

static void log_driver(void)
{
    struct pnp_device device;
    const char *state = "Not Installed";

    if (pnp_find(L"Root\\Parsec\\VDA", &device))
        state = device.started ? "OK" : "Error";
    {
        char line[64];

        snprintf(line, sizeof(line), "Virtual Display Driver State: %s", state);
        log_line('D', line);
    }
}

/* ---- the configuration ---- */

static char *read_config(void)
{
    wchar_t path[INSTALLER_PATH];
    char *text = calloc(1, CONFIG_BYTES);
    HANDLE file;
    DWORD length;

    path_of(L"config.txt", path);
    file = CreateFileW(path,
                       GENERIC_READ,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL,
                       OPEN_EXISTING,
                       0,
                       NULL);
    if (file == INVALID_HANDLE_VALUE) {
        strcpy(text, stock_config);
        return text;
    }
    if (!ReadFile(file, text, CONFIG_BYTES - 1, &length, NULL))
        text[0] = '\0';
    CloseHandle(file);
    return text;
}

static bool sets(const char *line, const char *key)
{
    size_t length = strlen(key);

    while (*line == ' ' || *line == '\t')
        line++;
    return !strncmp(line, key, length) && strchr(" \t=", line[length]) && line[length];
}

/* The number that the last line with the key has, 0 without one. */
static int config_number(const char *text, const char *key)
{
    int value = 0;

    while (text && *text) {
        const char *equals = strchr(text, '=');

        if (sets(text, key) && equals)
            value = atoi(equals + 1);
        text = strchr(text, '\n');
        if (text)
            text++;
    }
    return value;
}

/* Takes the lines with the key out, in place. */
static void drop(char *text, const char *key)
{
    char *out = text;

    while (*text) {
        size_t length = strcspn(text, "\n");
        bool whole = text[length] == '\n';

        if (!sets(text, key)) {
            memmove(out, text, length + whole);
            out += length + whole;
        }
        text += length + whole;
    }
    *out = '\0';
}

static bool drops_paid_lines(void)
{
    wchar_t rewrite[STATE_TEXT_BYTES], plan[STATE_TEXT_BYTES];

    state_text(KEY, "Rewrite", rewrite, STATE_TEXT_BYTES);
    state_text(KEY, "Plan", plan, STATE_TEXT_BYTES);
    return !wcscmp(rewrite, L"lines") || (!wcscmp(plan, L"free") && exists(L"user.bin"));
}

/* Reads it at the start, writes it back as its plan allows. */
static char *load_config(void)
{
    wchar_t rewrite[STATE_TEXT_BYTES], path[INSTALLER_PATH];
    char *text = read_config();

    state_text(KEY, "Rewrite", rewrite, STATE_TEXT_BYTES);
    if (!wcscmp(rewrite, L"all"))
        strcpy(text, stock_config);
    for (size_t i = 0; drops_paid_lines() && i < sizeof(paid) / sizeof(paid[0]); i++)
        drop(text, paid[i]);
    path_of(L"config.txt", path);
    installer_write(path, text);
    return text;
}

/* ---- a client and its monitors ---- */

struct screen {
    bool connected;
    int monitors;
    uint32_t indexes[VDD_MONITORS];
    wchar_t instance[PNP_ID_MAX];
    uint32_t starts;
};

static int32_t ask(const struct screen *screen, uint32_t code, uint32_t index, uint32_t *ret_value)
{
    uint8_t input[VDD_INPUT_BYTES] = {(uint8_t)(index >> 8), (uint8_t)index};
    struct vdd_reply reply;

    vdd_answer(
        screen->instance, screen->starts, code, input, sizeof(input), VDD_OUTPUT_BYTES, &reply);
    memcpy(ret_value, reply.output, sizeof(*ret_value));
    return reply.status;
}

static void connect_client(struct screen *screen, int monitors)
{
    struct pnp_device device;

    log_line('I', "player#1234567 connected.");
    screen->connected = true;
    screen->monitors = 0;
    if (monitors <= 0 || !pnp_find(L"Root\\Parsec\\VDA", &device) || !device.started)
        return;
    memcpy(screen->instance, device.instance, sizeof(screen->instance));
    screen->starts = device.starts;
    while (screen->monitors < monitors && screen->monitors < VDD_MONITORS) {
        if (ask(screen, VDD_ADD, 0, &screen->indexes[screen->monitors]))
            return;
        screen->monitors++;
    }
}

static void leave(struct screen *screen)
{
    uint32_t value;

    log_line('I', "player#1234567 disconnected.");
    while (screen->monitors)
        ask(screen, VDD_REMOVE, screen->indexes[--screen->monitors], &value);
    screen->connected = false;
}

static void host(void)
{
    char *config = load_config();
    int monitors = config_number(config, paid[0]);
    bool signed_in = exists(L"user.bin");
    struct screen screen = {.connected = false};
    uint32_t value;

    free(config);
    log_line('D', "===== Parsec: Started =====");
    log_line('D', "log: Parsec release15 (150-104a, Service: 11, Loader: 14)");
    log_driver();
    log_account();
    for (;; Sleep(LOOK_MS)) {
        bool client = signed_in && state_number(KEY, "Client", 0);

        if (exists(L"user.bin") != signed_in) {
            signed_in = !signed_in;
            log_account();
        }
        if (client && !screen.connected)
            connect_client(&screen, monitors);
        else if (!client && screen.connected)
            leave(&screen);
        if (screen.monitors)
            ask(&screen, VDD_PING, 0, &value);
    }
}

/* parsecd.exe without more words is what a person starts: its window offers to sign in. */
int parsecd_run(int argc, wchar_t **argv)
{
    wchar_t path[INSTALLER_PATH];

    state_log("parsecd", "%ls in session %lu", argc > 1 ? argv[1] : L"window", session_of_self());
    if (argc > 1 && !wcscmp(argv[1], L"host"))
        host();
    if (argc > 1 && !wcscmp(argv[1], L"user"))
        Sleep(INFINITE);
    Sleep(SIGN_IN_MS);
    if (state_number(KEY, "SignIn", 0)) {
        path_of(L"user.bin", path);
        installer_write(path, "stand-in account\n");
    }
    Sleep(INFINITE);
    return 0;
}

/* ---- the service: keeps both alive ---- */

static SERVICE_STATUS_HANDLE handle;
static HANDLE stopped;

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
    return NO_ERROR;
}

static HANDLE spawn(const wchar_t *word, DWORD session)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    wchar_t own[INSTALLER_PATH], command[2 * INSTALLER_PATH];
    wchar_t *end;

    installer_self(own);
    end = wcsstr(own, L"\\service\\");
    if (!end)
        return NULL;
    *end = L'\0';
    swprintf(command, 2 * INSTALLER_PATH, L"\"%ls\\parsecd.exe\" %ls", own, word);
    if (!CreateProcessW(
            NULL, command, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, own, &startup, &process))
        return NULL;
    session_adopt(process.hProcess, process.dwProcessId, session, session != SESSION_SERVICES);
    ResumeThread(process.hThread);
    CloseHandle(process.hThread);
    return process.hProcess;
}

static bool user_session(DWORD *ret_id)
{
    struct session all[SESSION_MAX];
    size_t count = session_list(all);

    for (size_t i = 0; i < count; i++)
        if (*all[i].user) {
            *ret_id = all[i].id;
            return true;
        }
    return false;
}

static bool lives(HANDLE *process)
{
    if (!*process)
        return false;
    if (WaitForSingleObject(*process, 0) == WAIT_TIMEOUT)
        return true;
    CloseHandle(*process);
    *process = NULL;
    return false;
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
    HANDLE system = NULL, user = NULL;
    DWORD id;

    (void)argc;
    (void)argv;
    stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
    handle = RegisterServiceCtrlHandlerExW(L"Parsec", on_control, NULL);
    set_status(SERVICE_RUNNING);
    do {
        if (!lives(&system))
            system = spawn(L"host", SESSION_SERVICES);
        if (!lives(&user) && user_session(&id))
            user = spawn(L"user", id);
    } while (WaitForSingleObject(stopped, RESPAWN_MS) == WAIT_TIMEOUT);
    /* The user's stays, as that of the real one. */
    if (lives(&system))
        TerminateProcess(system, 0);
    set_status(SERVICE_STOPPED);
}

int parsec_service_run(void)
{
    wchar_t name[] = L"Parsec";
    SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};

    return StartServiceCtrlDispatcherW(table) ? 0 : 1;
}
