/*
 * The agent as a Windows service. It says RUNNING at once, since the service manager's database is
 * locked for others while a service starts, and does its work afterwards. Three threads: the
 * dispatcher of Windows, which calls the handler; the service's own, which runs the agent; and a
 * watcher, which asks the agent's loop for its pulse, leaves a dump when there is none and ends the
 * process so that the service manager starts it anew, and which sees a stop through: whoever stops
 * the service gets the console picture back although a repair may still run.
 */
#include "guest/agent.h"
#include "guest/agent_control.h"
#include "guest/command.h"
#include "guest/crash.h"
#include "guest/event_log.h"
#include "guest/install.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#define PULSE_PERIOD_MS 30000
#define PULSE_WAIT_MS   15000
#define PULSES_LOST     2      /* in a row: a machine that was paused loses one */
#define START_LIMIT_MS  300000 /* until the loop runs */
#define RESCUE_AFTER_MS 5000   /* of a stop that takes long */
#define STOP_LIMIT_MS   60000  /* below the pre-shutdown timeout that the installer asks for */
#define STOP_TICK_MS    1000
#define STOP_HINT_MS    10000
#define EXIT_STALLED    198

#define ACCEPTED                                                                                   \
    (SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PRESHUTDOWN |                  \
     SERVICE_ACCEPT_SESSIONCHANGE | SERVICE_ACCEPT_POWEREVENT)

/* There is one per process, and the entries that Windows calls have no argument for it. */
static struct {
    struct agent_call *call;
    struct agent_control *control;
    SERVICE_STATUS_HANDLE handle;
    SRWLOCK lock; /* of status */
    SERVICE_STATUS status;
    HANDLE stop_asked, ended; /* events, manual reset */
    volatile LONG rescue;     /* enum rescue */
} service;

enum rescue { RESCUE_NOT_NEEDED, RESCUE_RUNS, RESCUE_DONE, RESCUE_FAILED };

/* ---- what the service manager is told ---- */

static void report(DWORD state, DWORD error, DWORD specific)
{
    AcquireSRWLockExclusive(&service.lock);
    if (service.status.dwCurrentState != SERVICE_STOPPED) {
        service.status.dwCheckPoint =
            state == SERVICE_STOP_PENDING ? service.status.dwCheckPoint + 1 : 0;
        service.status.dwWaitHint = state == SERVICE_STOP_PENDING ? STOP_HINT_MS : 0;
        service.status.dwCurrentState = state;
        service.status.dwControlsAccepted = state == SERVICE_RUNNING ? ACCEPTED : 0;
        service.status.dwWin32ExitCode = error;
        service.status.dwServiceSpecificExitCode = specific;
        SetServiceStatus(service.handle, &service.status);
    }
    ReleaseSRWLockExclusive(&service.lock);
}

static void ask_to_stop(void)
{
    report(SERVICE_STOP_PENDING, NO_ERROR, 0);
    agent_control_stop(service.control, 0);
    SetEvent(service.stop_asked);
}

/* Called by Windows; must return quickly. */
static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *user)
{
    (void)type;
    (void)data;
    (void)user;
    switch (control) {
    case SERVICE_CONTROL_STOP:
    case SERVICE_CONTROL_SHUTDOWN:
    case SERVICE_CONTROL_PRESHUTDOWN:
        ask_to_stop();
        return NO_ERROR;
    case SERVICE_CONTROL_SESSIONCHANGE:
    case SERVICE_CONTROL_POWEREVENT:
        agent_control_wake(service.control);
        return NO_ERROR;
    case SERVICE_CONTROL_INTERROGATE:
        return NO_ERROR;
    default:
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
}

/* ---- the watcher ---- */

/* Gives the console back while the agent's own thread is busy, over ports of its own. */
static DWORD WINAPI rescue_main(void *user)
{
    struct err err = ERR_INIT;
    bool ok = command_rescue_console(service.call, &err);

    (void)user;
    if (!ok)
        log_err(LOG_ERROR, "service", "giving the console back", &err);
    InterlockedExchange(&service.rescue, ok ? RESCUE_DONE : RESCUE_FAILED);
    return 0;
}

static void start_rescue(void)
{
    HANDLE thread;

    InterlockedExchange(&service.rescue, RESCUE_RUNS);
    thread = CreateThread(NULL, 0, rescue_main, NULL, 0, NULL);
    if (thread)
        CloseHandle(thread);
    else
        InterlockedExchange(&service.rescue, RESCUE_FAILED);
}

static void end_late(void)
{
    static const char *const words[] = {[RESCUE_NOT_NEEDED] = "?",
                                        [RESCUE_RUNS] = "?",
                                        [RESCUE_DONE] = "on",
                                        [RESCUE_FAILED] = "failed"};
    char seconds[24];

    snprintf(seconds, sizeof seconds, "%d", STOP_LIMIT_MS / 1000);
    log_write(LOG_ERROR, "service", "did not stop within %s s: ended", seconds);
    event_log_report(EVENT_STOPPED_LATE, seconds, words[service.rescue]);
    report(SERVICE_STOPPED, NO_ERROR, 0);
    TerminateProcess(GetCurrentProcess(), 0);
}

static void see_stop_through(void)
{
    int64_t since_ms = clock_now_ms(clock_system());

    while (WaitForSingleObject(service.ended, STOP_TICK_MS) == WAIT_TIMEOUT) {
        int64_t waited_ms = clock_now_ms(clock_system()) - since_ms;

        report(SERVICE_STOP_PENDING, NO_ERROR, 0);
        if (waited_ms >= RESCUE_AFTER_MS && service.rescue == RESCUE_NOT_NEEDED)
            start_rescue();
        if (waited_ms >= STOP_LIMIT_MS)
            end_late();
    }
}

/* The process ends without saying STOPPED, so that the service manager starts it again. */
static void end_stalled(void)
{
    char path[FS_PATH_BYTES] = "-";
    struct err err = ERR_INIT;

    if (!crash_dump(service.call->folder, path, &err))
        log_err(LOG_ERROR, "service", "no dump", &err);
    log_write(LOG_ERROR, "service", "the agent's loop stands still: ended; dump %s", path);
    event_log_report(EVENT_STALLED, path, "");
    TerminateProcess(GetCurrentProcess(), EXIT_STALLED);
}

static DWORD WINAPI watcher_main(void *user)
{
    HANDLE events[] = {service.ended, service.stop_asked};
    int64_t without_since_ms = clock_now_ms(clock_system());
    int lost = 0;

    (void)user;
    for (;;) {
        DWORD wait_ms = lost ? 0 : PULSE_PERIOD_MS;
        DWORD which = WaitForMultipleObjects(2, events, FALSE, wait_ms);
        int64_t now_ms = clock_now_ms(clock_system());

        if (which == WAIT_OBJECT_0)
            return 0;
        if (which == WAIT_OBJECT_0 + 1) {
            see_stop_through();
            return 0;
        }
        switch (agent_control_pulse(service.control, PULSE_WAIT_MS)) {
        case AGENT_PULSE_BEATS:
            lost = 0;
            without_since_ms = now_ms;
            break;
        case AGENT_PULSE_STALLED:
            if (++lost >= PULSES_LOST)
                end_stalled();
            break;
        case AGENT_PULSE_NONE:
            lost = 0;
            if (now_ms - without_since_ms > START_LIMIT_MS)
                end_stalled();
            break;
        }
    }
}

/* ---- the service itself ---- */

/* Tells how it ended, in the event log and to the service manager. */
static void tell_end(const struct agent_call *call, int code)
{
    char text[UI_TEXT_BYTES];

    if (err_is_set(&call->err)) {
        event_log_report(EVENT_CANNOT_RUN, err_message(&call->err, TEXT_EN, text, sizeof text), "");
        report(SERVICE_STOPPED, ERROR_SERVICE_SPECIFIC_ERROR, (DWORD)code);
        return;
    }
    event_log_report(code == AGENT_EXIT_RELEASED ? EVENT_RELEASED : EVENT_STOPPED, "", "");
    report(SERVICE_STOPPED, NO_ERROR, 0);
}

static void WINAPI service_main(DWORD count, WCHAR **words)
{
    struct agent_call *call = service.call;
    HANDLE watcher;
    int code = 2;

    (void)count;
    (void)words;
    service.handle = RegisterServiceCtrlHandlerExW(L"" AGENT_SERVICE, on_control, NULL);
    if (!service.handle) {
        err_set_os(
            &call->err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_SERVICE_REGISTER, NULL);
        return;
    }
    report(SERVICE_RUNNING, NO_ERROR, 0);
    watcher = CreateThread(NULL, 0, watcher_main, NULL, 0, NULL);
    if (command_folder(call, &call->err)) {
        crash_watch(call->folder);
        event_log_report(EVENT_STARTED, version_text(), "");
        code = command_agent_serve(call, service.control);
    }
    SetEvent(service.ended);
    if (watcher) {
        WaitForSingleObject(watcher, INFINITE);
        CloseHandle(watcher);
    }
    if (code == AGENT_EXIT_RELEASED && !err_is_set(&call->err))
        install_remove_later(&call->err);
    tell_end(call, code);
}

int command_service(struct agent_call *call)
{
    static WCHAR name[] = L"" AGENT_SERVICE;
    SERVICE_TABLE_ENTRYW table[] = {{.lpServiceName = name, .lpServiceProc = service_main},
                                    {.lpServiceName = NULL}};
    DWORD code = 0;
    int exit_code = 2;

    service.call = call;
    service.status.dwServiceType = SERVICE_WIN32_OWN_PROCESS;
    service.stop_asked = CreateEventW(NULL, TRUE, FALSE, NULL);
    service.ended = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!service.stop_asked || !service.ended || !agent_control_new(&service.control, &call->err)) {
        if (!err_is_set(&call->err))
            err_no_memory(&call->err);
        return exit_code;
    }
    if (!StartServiceCtrlDispatcherW(table))
        code = GetLastError();
    if (code == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
        err_set(&call->err, ERR_UNSUPPORTED, TEXT_SERVICE_NOT_BY_HAND, NULL);
        err_hint(&call->err, TEXT_SERVICE_NOT_BY_HAND_HINT);
    } else if (code) {
        err_set_os(&call->err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_SERVICE_REGISTER, NULL);
    } else {
        exit_code = err_is_set(&call->err) ? 2 : 0;
    }
    agent_control_free(service.control);
    return exit_code;
}
