/* Port of services: the service control manager. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/clock.h"
#include "common/utf16.h"

#include <stdlib.h>

#define STEP_MS 50

struct opened {
    SC_HANDLE manager, service;
};

static void close_service(struct opened *opened)
{
    if (opened->service)
        CloseServiceHandle(opened->service);
    if (opened->manager)
        CloseServiceHandle(opened->manager);
    *opened = (struct opened){0};
}

static bool open_service(const char *name, DWORD access, struct opened *ret_opened, struct err *err)
{
    struct opened opened = {0};
    uint16_t *name16 = NULL;
    DWORD code = 0;

    if (!utf16_from_utf8(name, &name16, err))
        return false;
    opened.manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    if (opened.manager)
        opened.service = OpenServiceW(opened.manager, name16, access);
    if (!opened.service)
        code = GetLastError();
    free(name16);
    if (code) {
        close_service(&opened);
        return call_fail(code,
                         code == ERROR_SERVICE_DOES_NOT_EXIST ? TEXT_WINDOWS_NO_SERVICE
                                                              : TEXT_WINDOWS_SERVICE_OPEN,
                         name,
                         err);
    }
    *ret_opened = opened;
    return true;
}

/* ---- looking ---- */

static bool read_status(SC_HANDLE service,
                        const char *name,
                        SERVICE_STATUS_PROCESS *ret_status,
                        struct err *err)
{
    DWORD size = 0;

    return QueryServiceStatusEx(
               service, SC_STATUS_PROCESS_INFO, (BYTE *)ret_status, sizeof *ret_status, &size) ||
           call_fail(GetLastError(), TEXT_WINDOWS_SERVICE_QUERY, name, err);
}

static enum service_state state_of(const SERVICE_STATUS_PROCESS *status)
{
    switch (status->dwCurrentState) {
    case SERVICE_STOPPED:
        return SERVICE_STATE_STOPPED;
    case SERVICE_RUNNING:
        return SERVICE_STATE_RUNNING;
    default:
        return SERVICE_STATE_PENDING; /* on its way, or paused */
    }
}

static bool
read_start(SC_HANDLE service, const char *name, enum service_start *ret_start, struct err *err)
{
    QUERY_SERVICE_CONFIGW *config = NULL;
    DWORD size = 0;
    bool ok;

    QueryServiceConfigW(service, NULL, 0, &size);
    config = malloc(size ? size : 1);
    if (!config)
        return err_no_memory(err);
    ok = QueryServiceConfigW(service, config, size, &size) ||
         call_fail(GetLastError(), TEXT_WINDOWS_SERVICE_QUERY, name, err);
    if (ok)
        *ret_start = config->dwStartType == SERVICE_DISABLED       ? SERVICE_START_DISABLED
                     : config->dwStartType == SERVICE_DEMAND_START ? SERVICE_START_MANUAL
                                                                   : SERVICE_START_AUTO;
    free(config);
    return ok;
}

static bool query(struct services_port *port,
                  const char *name,
                  struct service_status *ret_status,
                  struct err *err)
{
    struct service_status status = {.state = SERVICE_STATE_ABSENT};
    SERVICE_STATUS_PROCESS now;
    struct opened opened;
    struct err why = ERR_INIT;
    bool ok;

    (void)port;
    if (!open_service(name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG, &opened, &why)) {
        if (why.kind == ERR_NOT_FOUND) {
            *ret_status = status;
            return true;
        }
        if (err)
            *err = why;
        return false;
    }
    ok = read_status(opened.service, name, &now, err) &&
         read_start(opened.service, name, &status.start, err);
    close_service(&opened);
    if (!ok)
        return false;
    status.state = state_of(&now);
    *ret_status = status;
    return true;
}

/* ---- acting ---- */

/* A service that goes to a state, step by step. */
struct change {
    const char *name;
    SC_HANDLE service;
    int64_t end_ms;
    bool asked;
};

static bool too_late(const struct change *change, struct err *err)
{
    if (clock_now_ms(clock_system()) < change->end_ms) {
        Sleep(STEP_MS);
        return false;
    }
    err_set(err, ERR_TIMEOUT, TEXT_WINDOWS_SERVICE_SLOW, change->name, NULL);
    return true;
}

/* One that was asked to run and is stopped again says why. */
static bool fell_over(const SERVICE_STATUS_PROCESS *status, const char *name, struct err *err)
{
    DWORD code = status->dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR
                     ? status->dwServiceSpecificExitCode
                     : status->dwWin32ExitCode;

    return call_fail(code ? code : ERROR_PROCESS_ABORTED, TEXT_WINDOWS_SERVICE_START, name, err);
}

static bool ask_to_run(struct change *change, struct err *err)
{
    DWORD code;

    change->asked = true;
    if (StartServiceW(change->service, 0, NULL))
        return true;
    code = GetLastError();
    return code == ERROR_SERVICE_ALREADY_RUNNING ||
           call_fail(code, TEXT_WINDOWS_SERVICE_START, change->name, err);
}

static bool bring_up(struct change *change, struct err *err)
{
    SERVICE_STATUS_PROCESS now;

    for (;;) {
        if (!read_status(change->service, change->name, &now, err))
            return false;
        switch (state_of(&now)) {
        case SERVICE_STATE_RUNNING:
            return true;
        case SERVICE_STATE_STOPPED:
            if (change->asked)
                return fell_over(&now, change->name, err);
            if (!ask_to_run(change, err))
                return false;
            continue;
        default:
            break;
        }
        if (too_late(change, err))
            return false;
    }
}

static bool ask_to_stop(struct change *change, struct err *err)
{
    SERVICE_STATUS ignored;
    DWORD code;

    if (ControlService(change->service, SERVICE_CONTROL_STOP, &ignored)) {
        change->asked = true;
        return true;
    }
    code = GetLastError();
    if (code == ERROR_SERVICE_CANNOT_ACCEPT_CTRL) /* while it starts: asked again later */
        return true;
    return code == ERROR_SERVICE_NOT_ACTIVE ||
           call_fail(code, TEXT_WINDOWS_SERVICE_STOP, change->name, err);
}

static bool bring_down(struct change *change, struct err *err)
{
    SERVICE_STATUS_PROCESS now;

    for (;;) {
        if (!read_status(change->service, change->name, &now, err))
            return false;
        if (now.dwCurrentState == SERVICE_STOPPED)
            return true;
        if (!change->asked && now.dwCurrentState != SERVICE_STOP_PENDING &&
            !ask_to_stop(change, err))
            return false;
        if (!read_status(change->service, change->name, &now, err))
            return false;
        if (now.dwCurrentState == SERVICE_STOPPED)
            return true;
        if (too_late(change, err))
            return false;
    }
}

static bool act(const char *name,
                DWORD access,
                int64_t wait_ms,
                bool (*bring)(struct change *change, struct err *err),
                struct err *err)
{
    struct change change = {.name = name};
    struct opened opened;
    bool ok;

    if (!open_service(name, SERVICE_QUERY_STATUS | access, &opened, err))
        return false;
    change.service = opened.service;
    change.end_ms = clock_now_ms(clock_system()) + wait_ms;
    ok = bring(&change, err);
    close_service(&opened);
    return ok;
}

static bool start(struct services_port *port, const char *name, int64_t wait_ms, struct err *err)
{
    (void)port;
    return act(name, SERVICE_START, wait_ms, bring_up, err);
}

static bool stop(struct services_port *port, const char *name, int64_t wait_ms, struct err *err)
{
    (void)port;
    return act(name, SERVICE_STOP, wait_ms, bring_down, err);
}

static bool set_start(struct services_port *port,
                      const char *name,
                      enum service_start start_type,
                      struct err *err)
{
    static const DWORD types[] = {[SERVICE_START_AUTO] = SERVICE_AUTO_START,
                                  [SERVICE_START_MANUAL] = SERVICE_DEMAND_START,
                                  [SERVICE_START_DISABLED] = SERVICE_DISABLED};
    struct opened opened;
    bool ok;

    (void)port;
    if (!open_service(name, SERVICE_CHANGE_CONFIG, &opened, err))
        return false;
    ok = ChangeServiceConfigW(opened.service,
                              SERVICE_NO_CHANGE,
                              types[start_type],
                              SERVICE_NO_CHANGE,
                              NULL,
                              NULL,
                              NULL,
                              NULL,
                              NULL,
                              NULL,
                              NULL) ||
         call_fail(GetLastError(), TEXT_WINDOWS_SERVICE_CHANGE, name, err);
    close_service(&opened);
    return ok;
}

static const struct services_ops ops = {
    .query = query, .start = start, .stop = stop, .set_start = set_start};

bool windows_services_new(struct services_port **ret_port, struct err *err)
{
    struct services_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_services_free(struct services_port *port)
{
    free(port);
}
