/* Calls of the service manager, each with the least rights that it needs. */
#include "guest/install_service_win32.h"

#include "common/agent_service.h"
#include "common/clock.h"
#include "common/options.h"
#include "common/utf16.h"
#include "guest/event_log.h"

#include <stdlib.h>
#include <string.h>

#include <shellapi.h>

#define POLL_MS        50
#define MULTI_SZ_UNITS 2048
#define EVENTS_KEY                                                                                 \
    L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\" AGENT_EVENT_SOURCE

/* The service id of common/link.c as Windows writes it: 47505056-facb-11e6-bd58-64006a7986d3. */
static const GUID socket_service = {
    0x47505056, 0xfacb, 0x11e6, {0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3}};

/* mingw-w64's winsvc.h lacks these (Windows 7): SERVICE_TRIGGER and SERVICE_TRIGGER_INFO. */
struct trigger {
    DWORD type, action;
    GUID *subtype;
    DWORD data_count;
    void *data;
};

struct trigger_info {
    DWORD count;
    struct trigger *all;
    BYTE *reserved;
};

static bool fail(DWORD code, enum text_id message, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, message, NULL);
}

/* ---- handles ---- */

struct handles {
    SC_HANDLE manager, service;
};

static void close_handles(struct handles *handles)
{
    if (handles->service)
        CloseServiceHandle(handles->service);
    if (handles->manager)
        CloseServiceHandle(handles->manager);
    handles->service = handles->manager = NULL;
}

/* Opens the service; service is NULL when there is none (true). */
static bool open_service(struct handles *handles, DWORD access, struct err *err)
{
    DWORD code = 0;

    handles->service = NULL;
    handles->manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    if (!handles->manager)
        return fail(GetLastError(), TEXT_INSTALL_MANAGER, err);
    handles->service = OpenServiceW(handles->manager, L"" AGENT_SERVICE, access);
    if (!handles->service)
        code = GetLastError();
    if (!code || code == ERROR_SERVICE_DOES_NOT_EXIST)
        return true;
    close_handles(handles);
    return fail(code, TEXT_INSTALL_MANAGER, err);
}

static bool query(SC_HANDLE service, SERVICE_STATUS_PROCESS *ret_status, struct err *err)
{
    DWORD size = 0;

    return QueryServiceStatusEx(
               service, SC_STATUS_PROCESS_INFO, (BYTE *)ret_status, sizeof *ret_status, &size) ||
           fail(GetLastError(), TEXT_INSTALL_MANAGER, err);
}

/* ---- looking ---- */

/* The options of the service's command: which data it works on. */
static void read_command(struct install_state *state)
{
    static const struct option options[] = {
        {.name = "simulate", .kind = OPTION_TEXT},
        {.name = "data", .kind = OPTION_TEXT},
        {.name = "listen", .kind = OPTION_TEXT},
        {.name = NULL},
    };
    struct arguments args = {.tables = {options}};
    char *words[INSTALL_ARGS + 2] = {NULL};
    uint16_t *wide = NULL;
    WCHAR **split = NULL;
    int count = 0, kept = 0;

    if (utf16_from_utf8(state->command, &wide, NULL))
        split = CommandLineToArgvW((const WCHAR *)wide, &count);
    for (; split && kept < count && kept < INSTALL_ARGS + 2; kept++)
        if (!utf16_to_utf8((const uint16_t *)split[kept],
                           utf16_len((const uint16_t *)split[kept]),
                           &words[kept],
                           NULL))
            break;
    if (options_parse(&args, kept, (const char *const *)words, 0, NULL)) {
        const char *disk = arguments_get(&args, "simulate")->text;
        const char *data = arguments_get(&args, "data")->text;

        text_copy(state->disk, sizeof state->disk, disk ? disk : "");
        text_copy(state->data, sizeof state->data, data ? data : "");
    }
    arguments_done(&args);
    while (kept > 0)
        free(words[--kept]);
    LocalFree(split);
    free(wide);
}

static bool read_config(SC_HANDLE service, struct install_state *state, struct err *err)
{
    QUERY_SERVICE_CONFIGW *config = NULL;
    DWORD size = 0;
    bool ok;

    QueryServiceConfigW(service, NULL, 0, &size);
    config = malloc(size ? size : 1);
    if (!config)
        return err_no_memory(err);
    ok = QueryServiceConfigW(service, config, size, &size) &&
         utf16_to_utf8_into((const uint16_t *)config->lpBinaryPathName,
                            utf16_len((const uint16_t *)config->lpBinaryPathName),
                            state->command,
                            sizeof state->command);
    if (ok)
        state->automatic = config->dwStartType == SERVICE_AUTO_START;
    else
        fail(GetLastError(), TEXT_INSTALL_MANAGER, err);
    free(config);
    return ok;
}

bool install_look(struct install_state *ret_state, struct err *err)
{
    struct install_state state = {.service = INSTALL_ABSENT};
    SERVICE_STATUS_PROCESS status;
    struct handles handles;
    bool ok;

    if (!open_service(&handles, SERVICE_QUERY_CONFIG | SERVICE_QUERY_STATUS, err))
        return false;
    ok = !handles.service ||
         (query(handles.service, &status, err) && read_config(handles.service, &state, err));
    if (ok && handles.service) {
        state.service = status.dwCurrentState == SERVICE_STOPPED   ? INSTALL_STOPPED
                        : status.dwCurrentState == SERVICE_RUNNING ? INSTALL_RUNNING
                                                                   : INSTALL_CHANGING;
        read_command(&state);
    }
    close_handles(&handles);
    if (ok)
        *ret_state = state;
    return ok;
}

/* ---- making and removing ---- */

static bool marked_for_delete(struct err *err)
{
    fail(ERROR_SERVICE_MARKED_FOR_DELETE, TEXT_INSTALL_MARKED, err);
    return err_hint(err, TEXT_INSTALL_MARKED_HINT);
}

static DWORD create(const WCHAR *command, const WCHAR *title)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
    SC_HANDLE service = manager ? CreateServiceW(manager,
                                                 L"" AGENT_SERVICE,
                                                 title,
                                                 SERVICE_QUERY_STATUS,
                                                 SERVICE_WIN32_OWN_PROCESS,
                                                 SERVICE_AUTO_START,
                                                 SERVICE_ERROR_NORMAL,
                                                 command,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL,
                                                 NULL)
                                : NULL;
    DWORD code = service ? 0 : GetLastError();

    if (service)
        CloseServiceHandle(service);
    if (manager)
        CloseServiceHandle(manager);
    return code;
}

static DWORD change(SC_HANDLE service, const WCHAR *command, const WCHAR *title)
{
    return ChangeServiceConfigW(service,
                                SERVICE_WIN32_OWN_PROCESS,
                                SERVICE_AUTO_START,
                                SERVICE_ERROR_NORMAL,
                                command,
                                NULL,
                                NULL,
                                NULL,
                                L"LocalSystem",
                                NULL,
                                title)
               ? 0
               : GetLastError();
}

bool install_service_make(const char *command, struct err *err)
{
    struct handles handles = {.service = NULL};
    uint16_t *wide = NULL, *title = NULL;
    DWORD code = 0;
    bool ok = false;

    if (!utf16_from_utf8(command, &wide, err) ||
        !utf16_from_utf8(text_raw(TEXT_INSTALL_TITLE, text_lang()), &title, err) ||
        !open_service(&handles, SERVICE_CHANGE_CONFIG, err))
        goto out;
    code = handles.service ? change(handles.service, (WCHAR *)wide, (WCHAR *)title)
                           : create((WCHAR *)wide, (WCHAR *)title);
    if (code == ERROR_SERVICE_MARKED_FOR_DELETE)
        marked_for_delete(err);
    else
        ok = !code || fail(code, TEXT_INSTALL_MAKE, err);

out:
    close_handles(&handles);
    free(title);
    free(wide);
    return ok;
}

static bool is_gone(void)
{
    struct handles handles;
    bool gone = open_service(&handles, SERVICE_QUERY_STATUS, NULL) && !handles.service;

    close_handles(&handles);
    return gone;
}

bool install_service_remove(int64_t wait_ms, struct err *err)
{
    int64_t end_ms = clock_now_ms(clock_system()) + wait_ms;
    struct handles handles;
    DWORD code = 0;

    if (!open_service(&handles, DELETE, err))
        return false;
    if (handles.service && !DeleteService(handles.service))
        code = GetLastError();
    close_handles(&handles);
    if (code && code != ERROR_SERVICE_MARKED_FOR_DELETE)
        return fail(code, TEXT_INSTALL_REMOVE, err);
    while (!is_gone()) { /* somebody else has it open */
        if (clock_now_ms(clock_system()) >= end_ms)
            return marked_for_delete(err);
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    return true;
}

/* ---- what ChangeServiceConfig2 sets ---- */

/* The privileges as the service manager takes them. */
static const WCHAR *privileges(WCHAR out[MULTI_SZ_UNITS])
{
    size_t used = 0;

    for (size_t i = 0; agent_service_privileges[i]; i++) {
        for (const char *at = agent_service_privileges[i]; *at && used < MULTI_SZ_UNITS - 2; at++)
            out[used++] = (WCHAR)*at;
        out[used++] = 0;
    }
    out[used] = 0;
    return out;
}

bool install_service_configure(struct err *err)
{
    SC_ACTION actions[AGENT_SERVICE_RESTARTS];
    WCHAR list[MULTI_SZ_UNITS];
    SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = AGENT_SERVICE_RESET_S,
                                        .cActions = AGENT_SERVICE_RESTARTS,
                                        .lpsaActions = actions};
    SERVICE_FAILURE_ACTIONS_FLAG flag = {.fFailureActionsOnNonCrashFailures = TRUE};
    SERVICE_SID_INFO sid = {.dwServiceSidType = SERVICE_SID_TYPE_UNRESTRICTED};
    SERVICE_PRESHUTDOWN_INFO preshutdown = {.dwPreshutdownTimeout = AGENT_SERVICE_PRESHUTDOWN_MS};
    SERVICE_REQUIRED_PRIVILEGES_INFOW required = {.pmszRequiredPrivileges =
                                                      (WCHAR *)(uintptr_t)privileges(list)};
    SERVICE_DESCRIPTIONW description = {.lpDescription = NULL};
    const struct {
        DWORD level;
        void *info;
        enum text_id name; /* of what Windows refused */
    } levels[] = {
        {SERVICE_CONFIG_DESCRIPTION, &description, TEXT_INSTALL_LEVEL_DESCRIPTION},
        {SERVICE_CONFIG_FAILURE_ACTIONS, &failure, TEXT_INSTALL_LEVEL_FAILURE},
        {SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &flag, TEXT_INSTALL_LEVEL_FAILURE},
        {SERVICE_CONFIG_SERVICE_SID_INFO, &sid, TEXT_INSTALL_LEVEL_IDENTITY},
        {SERVICE_CONFIG_REQUIRED_PRIVILEGES_INFO, &required, TEXT_INSTALL_LEVEL_PRIVILEGES},
        {SERVICE_CONFIG_PRESHUTDOWN_INFO, &preshutdown, TEXT_INSTALL_LEVEL_PRESHUTDOWN},
    };
    struct handles handles;
    uint16_t *text = NULL;
    bool ok = true;

    for (size_t i = 0; i < AGENT_SERVICE_RESTARTS; i++)
        actions[i] = (SC_ACTION){SC_ACTION_RESTART, agent_service_restart_ms[i]};
    if (!utf16_from_utf8(text_raw(TEXT_INSTALL_DESCRIPTION, text_lang()), &text, err))
        return false;
    description.lpDescription = (WCHAR *)text;
    /* SERVICE_START: whoever lets the manager restart it must be allowed to start it */
    ok = open_service(&handles, SERVICE_CHANGE_CONFIG | SERVICE_START, err);
    if (ok && !handles.service)
        ok = fail(ERROR_SERVICE_DOES_NOT_EXIST, TEXT_INSTALL_MAKE, err);
    for (size_t i = 0; ok && i < sizeof levels / sizeof levels[0]; i++)
        if (!ChangeServiceConfig2W(handles.service, levels[i].level, levels[i].info))
            ok = fail(GetLastError(), levels[i].name, err);
    close_handles(&handles);
    free(text);
    return ok;
}

bool install_trigger_is_set(bool *ret_set, struct err *err)
{
    union {
        struct trigger_info info;
        BYTE bytes[4096];
    } *buffer = malloc(sizeof *buffer);
    struct handles handles = {.service = NULL};
    bool set = false, ok;
    DWORD size = 0;

    if (!buffer)
        return err_no_memory(err);
    ok = open_service(&handles, SERVICE_QUERY_CONFIG, err);
    if (ok && handles.service) {
        ok = QueryServiceConfig2W(handles.service,
                                  SERVICE_CONFIG_TRIGGER_INFO,
                                  buffer->bytes,
                                  sizeof buffer->bytes,
                                  &size) ||
             fail(GetLastError(), TEXT_INSTALL_TRIGGER, err);
        set = ok && buffer->info.count > 0;
    }
    close_handles(&handles);
    free(buffer);
    if (ok)
        *ret_set = set;
    return ok;
}

bool install_trigger_set(bool set, struct err *err)
{
    GUID subtype = socket_service;
    struct trigger trigger = {.type = AGENT_SERVICE_TRIGGER_DEVICE,
                              .action = AGENT_SERVICE_TRIGGER_STARTS,
                              .subtype = &subtype};
    struct trigger_info info = {.count = set ? 1 : 0, .all = set ? &trigger : NULL};
    struct handles handles;
    bool is_set = false, ok;

    /* taking away what is not there is an error (documentation of SERVICE_TRIGGER_INFO) */
    if (!install_trigger_is_set(&is_set, err))
        return false;
    if (set == is_set && !set)
        return true;
    if (!open_service(&handles, SERVICE_CHANGE_CONFIG, err))
        return false;
    ok = !handles.service ||
         ChangeServiceConfig2W(handles.service, SERVICE_CONFIG_TRIGGER_INFO, &info) ||
         fail(GetLastError(), TEXT_INSTALL_TRIGGER, err);
    close_handles(&handles);
    return ok;
}

/* ---- starting and stopping ---- */

/* Waits until the state is no longer `pending`. */
static bool wait_state(SC_HANDLE service,
                       DWORD pending,
                       int64_t wait_ms,
                       SERVICE_STATUS_PROCESS *ret_status,
                       struct err *err)
{
    int64_t end_ms = clock_now_ms(clock_system()) + wait_ms;

    for (;;) {
        if (!query(service, ret_status, err))
            return false;
        if (ret_status->dwCurrentState != pending)
            return true;
        if (clock_now_ms(clock_system()) >= end_ms)
            return err_set(err, ERR_TIMEOUT, TEXT_INSTALL_SLOW, TEXT_NUM(wait_ms / 1000), NULL);
        clock_sleep_ms(clock_system(), POLL_MS);
    }
}

bool install_service_start(int64_t wait_ms, struct err *err)
{
    SERVICE_STATUS_PROCESS status = {.dwCurrentState = 0};
    struct handles handles;
    bool ok = false;

    if (!open_service(&handles, SERVICE_START | SERVICE_QUERY_STATUS, err))
        return false;
    if (!handles.service)
        fail(ERROR_SERVICE_DOES_NOT_EXIST, TEXT_INSTALL_START, err);
    else if (!StartServiceW(handles.service, 0, NULL) &&
             GetLastError() != ERROR_SERVICE_ALREADY_RUNNING)
        fail(GetLastError(), TEXT_INSTALL_START, err);
    else
        ok = wait_state(handles.service, SERVICE_START_PENDING, wait_ms, &status, err);
    if (ok && status.dwCurrentState != SERVICE_RUNNING)
        ok = fail(status.dwWin32ExitCode, TEXT_INSTALL_START, err);
    close_handles(&handles);
    return ok;
}

/* The service says STOPPED a moment before its process, and its hold on the program file, ends. */
static void wait_process(DWORD id, int64_t wait_ms)
{
    HANDLE process = id ? OpenProcess(SYNCHRONIZE, FALSE, id) : NULL;

    if (!process)
        return;
    WaitForSingleObject(process, (DWORD)wait_ms);
    CloseHandle(process);
}

bool install_service_stop(int64_t wait_ms, struct err *err)
{
    SERVICE_STATUS_PROCESS status = {.dwCurrentState = SERVICE_STOPPED};
    SERVICE_STATUS answer;
    struct handles handles;
    DWORD process = 0, code = 0;
    bool ok;

    if (!open_service(&handles, SERVICE_STOP | SERVICE_QUERY_STATUS, err))
        return false;
    ok = !handles.service ||
         (query(handles.service, &status, err) &&
          wait_state(handles.service, SERVICE_START_PENDING, wait_ms, &status, err));
    if (ok && status.dwCurrentState == SERVICE_RUNNING) {
        process = status.dwProcessId;
        if (!ControlService(handles.service, SERVICE_CONTROL_STOP, &answer))
            code = GetLastError();
        if (code && code != ERROR_SERVICE_NOT_ACTIVE)
            ok = fail(code, TEXT_INSTALL_STOP, err);
        else
            status.dwCurrentState = SERVICE_STOP_PENDING;
    }
    if (ok && status.dwCurrentState == SERVICE_STOP_PENDING) {
        ok = wait_state(handles.service, SERVICE_STOP_PENDING, wait_ms, &status, err);
        wait_process(process, wait_ms);
    }
    close_handles(&handles);
    return ok;
}

/* ---- the event source ---- */

bool install_events_make(const char *program, struct err *err)
{
    DWORD types = EVENTLOG_ERROR_TYPE | EVENTLOG_WARNING_TYPE | EVENTLOG_INFORMATION_TYPE;
    uint16_t *wide = NULL;
    HKEY key = NULL;
    LONG code;

    if (!utf16_from_utf8(program, &wide, err))
        return false;
    code = RegCreateKeyExW(
        HKEY_LOCAL_MACHINE, EVENTS_KEY, 0, NULL, 0, KEY_SET_VALUE, NULL, &key, NULL);
    if (!code)
        code = RegSetValueExW(key,
                              L"EventMessageFile",
                              0,
                              REG_EXPAND_SZ,
                              (const BYTE *)wide,
                              (DWORD)((utf16_len(wide) + 1) * sizeof *wide));
    if (!code)
        code = RegSetValueExW(
            key, L"TypesSupported", 0, REG_DWORD, (const BYTE *)&types, sizeof types);
    if (key)
        RegCloseKey(key);
    free(wide);
    return !code || fail((DWORD)code, TEXT_INSTALL_EVENTS, err);
}

bool install_events_remove(struct err *err)
{
    LONG code = RegDeleteKeyW(HKEY_LOCAL_MACHINE, EVENTS_KEY);

    return !code || code == ERROR_FILE_NOT_FOUND || fail((DWORD)code, TEXT_INSTALL_EVENTS, err);
}
