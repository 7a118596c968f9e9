/* The rules of sessions that the emulator must keep.
 *
 *   check services nobody|user|enhanced|switching   run in session 0, where services are
 *   check console                                   run by a person at the console
 *   check report                                    prints "session N" of this process, and whether
 * it sees displays */
#include "../../support/support.h"

#include "session.h"

#include <stdio.h>
#include <string.h>
#include <userenv.h>
#include <wchar.h>

static const char *role;
static wchar_t own_path[MAX_PATH];

static DWORD own_session(void)
{
    DWORD id = 99;

    assert_true(ProcessIdToSessionId(GetCurrentProcessId(), &id));
    return id;
}

static USHORT protocol_of(DWORD id)
{
    USHORT protocol;
    wchar_t *buffer;
    DWORD size;

    assert_true(WTSQuerySessionInformationW(
        WTS_CURRENT_SERVER_HANDLE, id, WTSClientProtocolType, &buffer, &size));
    assert_int_equal(size, sizeof(protocol));
    memcpy(&protocol, buffer, sizeof(protocol));
    WTSFreeMemory(buffer);
    return protocol;
}

static void user_of(DWORD id, wchar_t *ret_user)
{
    wchar_t *buffer;
    DWORD size;

    assert_true(
        WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, id, WTSUserName, &buffer, &size));
    wcscpy(ret_user, buffer);
    WTSFreeMemory(buffer);
}

static void services_are_in_session_0(void **state)
{
    (void)state;
    assert_int_equal(own_session(), 0);
}

static void a_person_is_in_the_session_at_the_console(void **state)
{
    (void)state;
    assert_int_equal(own_session(), WTSGetActiveConsoleSessionId());
}

static void queries_are_checked(void **state)
{
    WTS_SESSION_INFOW *rows;
    wchar_t *buffer;
    DWORD count, size;

    (void)state;
    assert_false(WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 2, &rows, &count));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_false(WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 1, 1, &rows, &count));
    assert_false(
        WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, 77, WTSUserName, &buffer, &size));
    assert_int_equal(GetLastError(), ERROR_FILE_NOT_FOUND);
    assert_false(ProcessIdToSessionId(0x7FFFFFF0, &size));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
}

static void the_console_is_listed(void **state)
{
    WTS_SESSION_INFOW *rows;
    DWORD count, console = WTSGetActiveConsoleSessionId();
    bool found = false;

    (void)state;
    assert_true(WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &rows, &count));
    assert_int_equal(rows[0].SessionId, 0);
    for (DWORD i = 0; i < count; i++)
        found =
            found || (rows[i].SessionId == console && !wcscmp(rows[i].pWinStationName, L"Console"));
    WTSFreeMemory(rows);
    assert_true(found);
}

static void nobody_has_no_token(void **state)
{
    HANDLE token;

    (void)state;
    assert_false(WTSQueryUserToken(WTSGetActiveConsoleSessionId(), &token));
    assert_int_equal(GetLastError(), ERROR_NO_TOKEN);
}

static void a_person_may_not_ask_for_tokens(void **state)
{
    HANDLE token;

    (void)state;
    assert_false(WTSQueryUserToken(WTSGetActiveConsoleSessionId(), &token));
    assert_int_equal(GetLastError(), ERROR_PRIVILEGE_NOT_HELD);
}

static void the_user_is_named(void **state)
{
    wchar_t user[SESSION_TEXT];
    WTSINFOW *info;
    DWORD size;
    int64_t age_s;

    (void)state;
    user_of(1, user);
    assert_int_equal(wcscmp(user, L"alice"), 0);
    assert_true(WTSQuerySessionInformationW(
        WTS_CURRENT_SERVER_HANDLE, 1, WTSSessionInfo, (wchar_t **)(void *)&info, &size));
    assert_int_equal(size, sizeof(*info));
    age_s = (info->CurrentTime.QuadPart - info->LogonTime.QuadPart) / 10000000;
    WTSFreeMemory(info);
    assert_true(age_s >= 600 && age_s < 900);
}

/* What a program started with the token reports of itself. */
static DWORD run_report(HANDLE token, wchar_t *desktop)
{
    STARTUPINFOW startup = {.cb = sizeof(startup), .lpDesktop = desktop};
    PROCESS_INFORMATION process;
    wchar_t command[2 * MAX_PATH];
    DWORD code, id;

    swprintf(command, 2 * MAX_PATH, L"\"%ls\" report", own_path);
    assert_true(CreateProcessAsUserW(
        token, NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    assert_true(ProcessIdToSessionId(process.dwProcessId, &id));
    assert_int_equal(WaitForSingleObject(process.hProcess, 30000), WAIT_OBJECT_0);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    assert_int_equal(code / 10, id);
    return code;
}

static void a_program_runs_in_the_session_of_its_token(void **state)
{
    HANDLE token, copy, impersonation;
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    void *environment;
    DWORD id, size;

    (void)state;
    assert_true(WTSQueryUserToken(1, &token));
    assert_true(DuplicateTokenEx(
        token, MAXIMUM_ALLOWED, NULL, SecurityIdentification, TokenPrimary, &copy));
    assert_true(GetTokenInformation(copy, TokenSessionId, &id, sizeof(id), &size));
    assert_int_equal(id, 1);
    assert_true(CreateEnvironmentBlock(&environment, copy, FALSE));
    DestroyEnvironmentBlock(environment);
    assert_int_equal(run_report(copy, (wchar_t[]){L"winsta0\\default"}), 11);
    assert_int_equal(run_report(copy, NULL), 10); /* no desktop, no displays */
    assert_true(DuplicateTokenEx(
        token, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenImpersonation, &impersonation));
    assert_false(CreateProcessAsUserW(
        impersonation, NULL, own_path, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    assert_int_equal(GetLastError(), ERROR_BAD_TOKEN_TYPE);
    CloseHandle(impersonation);
    CloseHandle(copy);
    CloseHandle(token);
}

static void a_system_token_can_be_put_into_the_console(void **state)
{
    DWORD console = WTSGetActiveConsoleSessionId(), wrong = 55;
    HANDLE own, token;

    (void)state;
    assert_true(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own));
    assert_true(
        DuplicateTokenEx(own, MAXIMUM_ALLOWED, NULL, SecurityIdentification, TokenPrimary, &token));
    assert_false(SetTokenInformation(token, TokenSessionId, &wrong, sizeof(wrong)));
    assert_true(SetTokenInformation(token, TokenSessionId, &console, sizeof(console)));
    assert_int_equal(run_report(token, (wchar_t[]){L"winsta0\\default"}), 10 * console + 1);
    CloseHandle(token);
    CloseHandle(own);
}

static void an_enhanced_session_is_rdp(void **state)
{
    (void)state;
    assert_int_equal(protocol_of(1), WTS_PROTOCOL_TYPE_RDP);
    assert_int_equal(WTSGetActiveConsoleSessionId(), 2);
    assert_int_equal(protocol_of(2), WTS_PROTOCOL_TYPE_CONSOLE);
}

static void an_enhanced_session_goes_back_to_the_console(void **state)
{
    wchar_t empty[] = L"";

    (void)state;
    assert_false(WTSConnectSessionW(7, 2, empty, TRUE));
    assert_int_equal(GetLastError(), ERROR_CTX_WINSTATION_NOT_FOUND);
    assert_false(WTSConnectSessionW(2, 1, empty, TRUE)); /* nobody is in it */
    assert_true(WTSConnectSessionW(1, WTSGetActiveConsoleSessionId(), empty, TRUE));
    assert_int_equal(WTSGetActiveConsoleSessionId(), 1);
    assert_int_equal(protocol_of(1), WTS_PROTOCOL_TYPE_CONSOLE);
}

static void no_session_is_at_the_console_while_it_switches(void **state)
{
    (void)state;
    assert_int_equal(WTSGetActiveConsoleSessionId(), 0xFFFFFFFF);
}

static void a_session_at_the_console_cannot_be_disconnected(void **state)
{
    (void)state;
    assert_false(WTSDisconnectSession(WTS_CURRENT_SERVER_HANDLE, 1, TRUE));
}

static void input_is_seen_from_within_the_session(void **state)
{
    LASTINPUTINFO info = {.cbSize = sizeof(info)};

    (void)state;
    assert_true(GetLastInputInfo(&info));
    assert_true(GetTickCount() - info.dwTime >= 600000);
    info.cbSize = 3;
    assert_false(GetLastInputInfo(&info));
}

/* Ten times the session, and one more when it sees displays. */
static int report(void)
{
    UINT32 paths, modes;
    DWORD id = 9;
    bool sees = !GetDisplayConfigBufferSizes(QDC_ONLY_ACTIVE_PATHS, &paths, &modes);

    ProcessIdToSessionId(GetCurrentProcessId(), &id);
    printf("session %lu%s\n", id, sees ? ", sees displays" : "");
    return (int)(10 * id + sees);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest nobody[] = {
        cmocka_unit_test(services_are_in_session_0),
        cmocka_unit_test(queries_are_checked),
        cmocka_unit_test(the_console_is_listed),
        cmocka_unit_test(nobody_has_no_token),
        cmocka_unit_test(a_system_token_can_be_put_into_the_console),
    };
    const struct CMUnitTest user[] = {
        cmocka_unit_test(services_are_in_session_0),
        cmocka_unit_test(the_console_is_listed),
        cmocka_unit_test(the_user_is_named),
        cmocka_unit_test(a_program_runs_in_the_session_of_its_token),
        cmocka_unit_test(a_system_token_can_be_put_into_the_console),
        cmocka_unit_test(a_session_at_the_console_cannot_be_disconnected),
    };
    const struct CMUnitTest enhanced[] = {
        cmocka_unit_test(an_enhanced_session_is_rdp),
        cmocka_unit_test(an_enhanced_session_goes_back_to_the_console),
        cmocka_unit_test(the_user_is_named),
    };
    const struct CMUnitTest switching[] = {
        cmocka_unit_test(no_session_is_at_the_console_while_it_switches),
    };
    const struct CMUnitTest console[] = {
        cmocka_unit_test(a_person_is_in_the_session_at_the_console),
        cmocka_unit_test(a_person_may_not_ask_for_tokens),
        cmocka_unit_test(input_is_seen_from_within_the_session),
    };

    GetModuleFileNameW(NULL, own_path, MAX_PATH);
    role = argc > 1 ? argv[argc - 1] : "";
    if (!strcmp(role, "report"))
        return report();
    if (!strcmp(role, "nobody"))
        return cmocka_run_group_tests(nobody, NULL, NULL);
    if (!strcmp(role, "user"))
        return cmocka_run_group_tests(user, NULL, NULL);
    if (!strcmp(role, "enhanced"))
        return cmocka_run_group_tests(enhanced, NULL, NULL);
    if (!strcmp(role, "switching"))
        return cmocka_run_group_tests(switching, NULL, NULL);
    return cmocka_run_group_tests(console, NULL, NULL);
}
