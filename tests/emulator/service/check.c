/* The rules of services that the emulator must keep, and a service to try them with.
 *
 *   check config | events | secrets   rules of these calls
 *   check install | remove            the service gpupv-check, started by hand
 *   check control NUMBER              sends a control to it
 *   check serve                       what the service manager runs: writes each control it gets to
 *                                     C:\emulator\check.log, dies on control 200, stops with an
 *                                     exit code on 201 */
#include "../../support/support.h"

#include "../common/state.h"
#include "../session/session.h"
#include "service.h"

#include <ntsecapi.h>
#include <ntstatus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define NAME L"gpupv-check"

enum { BUFFER_BYTES = 4096, DIE = 200, FAIL = 201, EXIT_CODE = 77 };

static SC_HANDLE manager;

static int open_manager(void **state)
{
    (void)state;
    manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_ALL_ACCESS);
    return manager ? 0 : -1;
}

static SC_HANDLE create(void)
{
    wchar_t path[2 * MAX_PATH], own[MAX_PATH];

    GetModuleFileNameW(NULL, own, MAX_PATH);
    swprintf(path, 2 * MAX_PATH, L"\"%ls\" serve", own);
    return CreateServiceW(manager,
                          NAME,
                          L"gpupv check",
                          SERVICE_ALL_ACCESS,
                          SERVICE_WIN32_OWN_PROCESS,
                          SERVICE_AUTO_START,
                          SERVICE_ERROR_NORMAL,
                          path,
                          NULL,
                          NULL,
                          NULL,
                          NULL,
                          NULL);
}

static int make_service(void **state)
{
    *state = create();
    return *state ? 0 : -1;
}

static int delete_service(void **state)
{
    DeleteService(*state);
    CloseServiceHandle(*state);
    return 0;
}

static void *query(SC_HANDLE service, DWORD level, void *buffer)
{
    DWORD needed = 0;

    assert_false(QueryServiceConfig2W(service, level, NULL, 0, &needed));
    assert_int_equal(GetLastError(), ERROR_INSUFFICIENT_BUFFER);
    assert_true(needed && needed <= BUFFER_BYTES);
    assert_false(QueryServiceConfig2W(service, level, buffer, needed - 1, &needed));
    assert_true(QueryServiceConfig2W(service, level, buffer, needed, &needed));
    return buffer;
}

static void numbers_are_kept_and_checked(void **state)
{
    static const struct {
        DWORD level, initial, good, bad;
    } rows[] = {
        {SERVICE_CONFIG_DELAYED_AUTO_START_INFO, 0, 1, 2},
        {SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, 0, 1, 7},
        {SERVICE_CONFIG_SERVICE_SID_INFO, SERVICE_SID_TYPE_NONE, SERVICE_SID_TYPE_UNRESTRICTED, 2},
    };
    DWORD buffer[BUFFER_BYTES / 4];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        DWORD good = rows[i].good, bad = rows[i].bad;

        assert_int_equal(*(DWORD *)query(*state, rows[i].level, buffer), rows[i].initial);
        assert_true(ChangeServiceConfig2W(*state, rows[i].level, &good));
        assert_false(ChangeServiceConfig2W(*state, rows[i].level, &bad));
        assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
        assert_int_equal(*(DWORD *)query(*state, rows[i].level, buffer), good);
    }
    assert_int_equal(*(DWORD *)query(*state, SERVICE_CONFIG_PRESHUTDOWN_INFO, buffer), 180000);
}

static void unknown_levels_are_refused(void **state)
{
    DWORD value[8] = {0};

    assert_false(ChangeServiceConfig2W(*state, 99, value));
    assert_int_equal(GetLastError(), ERROR_INVALID_LEVEL);
}

static void failure_actions_come_back_as_they_went(void **state)
{
    SC_ACTION actions[] = {
        {SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 60000}};
    SERVICE_FAILURE_ACTIONSW info = {.dwResetPeriod = 86400, .cActions = 3, .lpsaActions = actions};
    DWORD64 buffer[BUFFER_BYTES / 8];
    SERVICE_FAILURE_ACTIONSW *back;

    assert_true(ChangeServiceConfig2W(*state, SERVICE_CONFIG_FAILURE_ACTIONS, &info));
    back = query(*state, SERVICE_CONFIG_FAILURE_ACTIONS, buffer);
    assert_int_equal(back->dwResetPeriod, 86400);
    assert_int_equal(back->cActions, 3);
    assert_int_equal(back->lpsaActions[2].Delay, 60000);
    assert_int_equal(*back->lpCommand, 0);
    actions[1].Type = (SC_ACTION_TYPE)9;
    assert_false(ChangeServiceConfig2W(*state, SERVICE_CONFIG_FAILURE_ACTIONS, &info));
}

static void a_restart_needs_the_right_to_start(void **state)
{
    SC_ACTION action = {SC_ACTION_RESTART, 1000};
    SERVICE_FAILURE_ACTIONSW info = {.dwResetPeriod = 1, .cActions = 1, .lpsaActions = &action};
    SC_HANDLE reader = OpenServiceW(manager, NAME, SERVICE_QUERY_CONFIG);
    SC_HANDLE changer = OpenServiceW(manager, NAME, SERVICE_CHANGE_CONFIG);

    (void)state;
    assert_false(ChangeServiceConfig2W(reader, SERVICE_CONFIG_FAILURE_ACTIONS, &info));
    assert_int_equal(GetLastError(), ERROR_ACCESS_DENIED);
    assert_false(ChangeServiceConfig2W(changer, SERVICE_CONFIG_FAILURE_ACTIONS, &info));
    assert_int_equal(GetLastError(), ERROR_ACCESS_DENIED);
    CloseServiceHandle(reader);
    CloseServiceHandle(changer);
}

static void triggers_come_back_as_they_went(void **state)
{
    GUID id = {0x47505056, 0xfacb, 0x11e6, {0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3}};
    struct service_trigger trigger = {.type = SERVICE_TRIGGER_TYPE_DEVICE_INTERFACE_ARRIVAL,
                                      .action = TRIGGER_STARTS,
                                      .subtype = &id};
    struct service_triggers info = {.count = 1, .all = &trigger}, none = {0};
    DWORD64 buffer[BUFFER_BYTES / 8];
    struct service_triggers *back;

    assert_true(ChangeServiceConfig2W(*state, SERVICE_CONFIG_TRIGGER_INFO, &info));
    back = query(*state, SERVICE_CONFIG_TRIGGER_INFO, buffer);
    assert_int_equal(back->count, 1);
    assert_memory_equal(back->all[0].subtype, &id, sizeof(id));
    trigger.action = 3;
    assert_false(ChangeServiceConfig2W(*state, SERVICE_CONFIG_TRIGGER_INFO, &info));
    assert_true(ChangeServiceConfig2W(*state, SERVICE_CONFIG_TRIGGER_INFO, &none));
    back = query(*state, SERVICE_CONFIG_TRIGGER_INFO, buffer);
    assert_int_equal(back->count, 0);
    assert_false(ChangeServiceConfig2W(*state, SERVICE_CONFIG_TRIGGER_INFO, &none));
}

static void deleting_takes_everything_along(void **state)
{
    GUID id = {0x47505056, 0, 0, {0}};
    struct service_trigger trigger = {.type = SERVICE_TRIGGER_TYPE_DEVICE_INTERFACE_ARRIVAL,
                                      .action = TRIGGER_STARTS,
                                      .subtype = &id};
    struct service_triggers info = {.count = 1, .all = &trigger};
    SC_HANDLE service = create();
    HKEY key;

    (void)state;
    assert_non_null(service);
    assert_true(ChangeServiceConfig2W(service, SERVICE_CONFIG_TRIGGER_INFO, &info));
    assert_true(DeleteService(service));
    CloseServiceHandle(service);
    assert_int_equal(
        RegOpenKeyExW(
            HKEY_LOCAL_MACHINE, L"System\\CurrentControlSet\\Services\\" NAME, 0, KEY_READ, &key),
        ERROR_FILE_NOT_FOUND);
}

static void events_need_a_source(void **state)
{
    const wchar_t *strings[] = {L"one", L"zw\u00f6lf"};
    HANDLE source = RegisterEventSourceW(NULL, L"gpupv-check");

    (void)state;
    assert_non_null(source);
    assert_true(
        ReportEventW(source, EVENTLOG_WARNING_TYPE, 0, 0x80000007, NULL, 2, 0, strings, NULL));
    assert_false(ReportEventW(source, EVENTLOG_WARNING_TYPE, 0, 7, NULL, 2, 0, NULL, NULL));
    assert_true(DeregisterEventSource(source));
    assert_false(DeregisterEventSource(source));
    assert_false(ReportEventW(source, EVENTLOG_WARNING_TYPE, 0, 7, NULL, 0, 0, NULL, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_HANDLE);
    assert_null(RegisterEventSourceW(NULL, NULL));
}

static LSA_UNICODE_STRING lsa_string(wchar_t *text)
{
    USHORT bytes = (USHORT)(wcslen(text) * sizeof(*text));

    return (LSA_UNICODE_STRING){.Length = bytes, .MaximumLength = bytes, .Buffer = text};
}

static void secrets_are_kept_until_they_are_removed(void **state)
{
    wchar_t name_text[] = L"DefaultPassword", secret_text[] = L"p\u00e4ss";
    LSA_UNICODE_STRING name = lsa_string(name_text), secret = lsa_string(secret_text), *back;
    LSA_OBJECT_ATTRIBUTES attributes = {.Length = sizeof(attributes)};
    LSA_HANDLE policy;

    (void)state;
    assert_int_equal(
        LsaOpenPolicy(
            NULL, &attributes, POLICY_CREATE_SECRET | POLICY_GET_PRIVATE_INFORMATION, &policy),
        STATUS_SUCCESS);
    assert_int_equal(LsaRetrievePrivateData(policy, &name, &back), STATUS_OBJECT_NAME_NOT_FOUND);
    assert_int_equal(LsaStorePrivateData(policy, &name, &secret), STATUS_SUCCESS);
    assert_int_equal(LsaRetrievePrivateData(policy, &name, &back), STATUS_SUCCESS);
    assert_int_equal(back->Length, secret.Length);
    assert_memory_equal(back->Buffer, secret_text, secret.Length);
    LsaFreeMemory(back);
    assert_int_equal(LsaStorePrivateData(policy, &name, NULL), STATUS_SUCCESS);
    assert_int_equal(LsaRetrievePrivateData(policy, &name, &back), STATUS_OBJECT_NAME_NOT_FOUND);
    LsaClose(policy);
}

/* ---- the service ---- */

static SERVICE_STATUS_HANDLE status_handle;
static HANDLE stopped;
static DWORD exit_code;

static void set_status(DWORD state)
{
    SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
                             .dwCurrentState = state,
                             .dwControlsAccepted =
                                 SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SESSIONCHANGE |
                                 SERVICE_ACCEPT_PRESHUTDOWN | SERVICE_ACCEPT_POWEREVENT,
                             .dwWin32ExitCode = exit_code};

    SetServiceStatus(status_handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD event, void *data, void *context)
{
    const WTSSESSION_NOTIFICATION *session = data;

    (void)context;
    if (control == SERVICE_CONTROL_INTERROGATE)
        return NO_ERROR;
    state_log("check",
              "control %lu event %lu session %ld",
              control,
              event,
              control == SERVICE_CONTROL_SESSIONCHANGE ? (long)session->dwSessionId : -1L);
    if (control == DIE)
        TerminateProcess(GetCurrentProcess(), 3);
    if (control == FAIL)
        exit_code = EXIT_CODE;
    if (control == SERVICE_CONTROL_STOP || control == SERVICE_CONTROL_PRESHUTDOWN ||
        control == FAIL)
        SetEvent(stopped);
    return NO_ERROR;
}

static void WINAPI service_main(DWORD argc, wchar_t **argv)
{
    DWORD session = 99;

    (void)argc;
    (void)argv;
    stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
    status_handle = RegisterServiceCtrlHandlerExW(NAME, on_control, NULL);
    ProcessIdToSessionId(GetCurrentProcessId(), &session);
    set_status(SERVICE_RUNNING);
    state_log("check", "started in session %lu", session);
    WaitForSingleObject(stopped, INFINITE);
    state_log("check", "stopped");
    set_status(SERVICE_STOPPED);
}

static int serve(void)
{
    wchar_t name[] = NAME;
    SERVICE_TABLE_ENTRYW table[] = {{name, service_main}, {NULL, NULL}};

    return StartServiceCtrlDispatcherW(table) ? 0 : 1;
}

static int install(void)
{
    SC_ACTION actions[] = {{SC_ACTION_RESTART, 100}, {SC_ACTION_RESTART, 200}};
    SERVICE_FAILURE_ACTIONSW info = {.dwResetPeriod = 86400, .cActions = 2, .lpsaActions = actions};
    DWORD on = 1;
    SC_HANDLE service = create();

    return service && ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &info) &&
                   ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, &on) &&
                   StartServiceW(service, 0, NULL)
               ? 0
               : (int)GetLastError();
}

static int control(DWORD number)
{
    SC_HANDLE service = OpenServiceW(manager, NAME, SERVICE_ALL_ACCESS);
    SERVICE_STATUS status;

    return ControlService(service, number, &status) || number == DIE ? 0 : (int)GetLastError();
}

static int remove_service(void)
{
    SC_HANDLE service = OpenServiceW(manager, NAME, SERVICE_ALL_ACCESS);

    return DeleteService(service) ? 0 : (int)GetLastError();
}

#define WITH_SERVICE(name) cmocka_unit_test_setup_teardown(name, make_service, delete_service)

int main(int argc, char **argv)
{
    const struct CMUnitTest config[] = {
        WITH_SERVICE(numbers_are_kept_and_checked),
        WITH_SERVICE(unknown_levels_are_refused),
        WITH_SERVICE(failure_actions_come_back_as_they_went),
        WITH_SERVICE(a_restart_needs_the_right_to_start),
        WITH_SERVICE(triggers_come_back_as_they_went),
        cmocka_unit_test(deleting_takes_everything_along),
    };
    const struct CMUnitTest events[] = {
        cmocka_unit_test(events_need_a_source),
    };
    const struct CMUnitTest secrets[] = {
        cmocka_unit_test(secrets_are_kept_until_they_are_removed),
    };
    const char *role = argc > 1 ? argv[1] : "";

    if (!strcmp(role, "serve"))
        return serve();
    if (open_manager(NULL))
        return 1;
    if (!strcmp(role, "install"))
        return install();
    if (!strcmp(role, "remove"))
        return remove_service();
    if (!strcmp(role, "control") && argc > 2)
        return control(strtoul(argv[2], NULL, 10));
    if (!strcmp(role, "events"))
        return cmocka_run_group_tests(events, NULL, NULL);
    if (!strcmp(role, "secrets"))
        return cmocka_run_group_tests(secrets, NULL, NULL);
    return cmocka_run_group_tests(config, NULL, NULL);
}
