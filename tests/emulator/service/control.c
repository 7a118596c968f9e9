/* Controls that Wine's service manager never sends. A thread beside the handler of each service
 * watches what the test's people do (session/tool.c) and calls the handler, when the service said
 * that it accepts the control. */
#include "service.h"

#include "../common/state.h"
#include "../session/session.h"
#include "../thunk/thunk.h"

#include <string.h>

enum { SERVICES = 4, WATCH_MS = 50 };

static SRWLOCK lock = SRWLOCK_INIT;
static struct handled {
    SERVICE_STATUS_HANDLE handle;
    LPHANDLER_FUNCTION_EX handler;
    void *context;
    DWORD accepted;
    DWORD seen; /* events before it registered do not concern it */
} services[SERVICES];

static const struct {
    DWORD code, control, event, accepted;
} controls[] = {
    {SESSION_SHUTDOWN, SERVICE_CONTROL_PRESHUTDOWN, 0, SERVICE_ACCEPT_PRESHUTDOWN},
    {SESSION_SHUTDOWN, SERVICE_CONTROL_SHUTDOWN, 0, SERVICE_ACCEPT_SHUTDOWN},
    {SESSION_SUSPEND, SERVICE_CONTROL_POWEREVENT, PBT_APMSUSPEND, SERVICE_ACCEPT_POWEREVENT},
    {SESSION_RESUME, SERVICE_CONTROL_POWEREVENT, PBT_APMRESUMEAUTOMATIC, SERVICE_ACCEPT_POWEREVENT},
};

/* A service that takes the early notice of a shutdown gets no other one. */
static void deliver(const struct handled *s, const struct session_event *event)
{
    WTSSESSION_NOTIFICATION session = {.cbSize = sizeof(session), .dwSessionId = event->id};

    if (event->code < SESSION_SHUTDOWN) {
        if (s->accepted & SERVICE_ACCEPT_SESSIONCHANGE)
            s->handler(SERVICE_CONTROL_SESSIONCHANGE, event->code, &session, s->context);
        return;
    }
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
        if (controls[i].code == event->code && s->accepted & controls[i].accepted) {
            s->handler(controls[i].control, controls[i].event, NULL, s->context);
            return;
        }
}

static DWORD WINAPI watch(void *unused)
{
    (void)unused;
    for (;; Sleep(WATCH_MS)) {
        DWORD count = session_event_count();

        for (int i = 0; i < SERVICES; i++)
            while (services[i].handler && services[i].seen < count) {
                struct session_event event;

                if (session_event(services[i].seen++, &event))
                    deliver(&services[i], &event);
            }
    }
    return 0;
}

SERVICE_STATUS_HANDLE WINAPI emu_RegisterServiceCtrlHandlerExW(const wchar_t *name,
                                                               LPHANDLER_FUNCTION_EX handler,
                                                               void *context)
{
    SERVICE_STATUS_HANDLE(WINAPI * real)(const wchar_t *, LPHANDLER_FUNCTION_EX, void *);
    thunk_function function = thunk_original("RegisterServiceCtrlHandlerExW");
    static bool watching;
    SERVICE_STATUS_HANDLE handle;

    memcpy(&real, &function, sizeof(real));
    handle = real(name, handler, context);
    if (!handle)
        return NULL;
    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < SERVICES; i++)
        if (!services[i].handler) {
            services[i] = (struct handled){
                .handle = handle, .context = context, .seen = session_event_count()};
            services[i].handler = handler;
            break;
        }
    if (!watching) {
        HANDLE thread = CreateThread(NULL, 0, watch, NULL, 0, NULL);

        watching = thread;
        if (thread)
            CloseHandle(thread);
    }
    ReleaseSRWLockExclusive(&lock);
    return handle;
}

BOOL WINAPI emu_SetServiceStatus(SERVICE_STATUS_HANDLE handle, SERVICE_STATUS *status)
{
    BOOL(WINAPI * real)(SERVICE_STATUS_HANDLE, SERVICE_STATUS *);
    thunk_function function = thunk_original("SetServiceStatus");

    memcpy(&real, &function, sizeof(real));
    for (int i = 0; i < SERVICES && status; i++)
        if (services[i].handle == handle)
            services[i].accepted = status->dwControlsAccepted;
    return real(handle, status);
}
