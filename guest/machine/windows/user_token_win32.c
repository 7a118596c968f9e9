/* Sessions and tokens of users. */
#include "guest/machine/windows/user_token_win32.h"

#include "guest/machine/windows/call_win32.h"

#include <stdlib.h>
#include <string.h>

#include <wtsapi32.h>

#define FILETIME_EPOCH_MS INT64_C(11644473600000) /* 1601 to 1970 */

/* ---- sessions ---- */

/* One piece of information about a session; the caller frees it with WTSFreeMemory. NULL when it
 * cannot be had, or is shorter than least bytes. */
static void *session_info(DWORD session, WTS_INFO_CLASS class, size_t least)
{
    WCHAR *info = NULL;
    DWORD size = 0;

    if (!WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, session, class, &info, &size))
        return NULL;
    if (size >= least)
        return info;
    WTSFreeMemory(info);
    return NULL;
}

static void session_user(DWORD session, char *out, size_t size)
{
    WCHAR *name = session_info(session, WTSUserName, sizeof *name);

    call_text(out, size, name);
    WTSFreeMemory(name);
}

static bool session_is_remote(DWORD session)
{
    USHORT *protocol = session_info(session, WTSClientProtocolType, sizeof *protocol);
    bool remote = protocol && *protocol == USER_PROTOCOL_RDP;

    WTSFreeMemory(protocol);
    return remote;
}

static int64_t session_logon_ms(DWORD session)
{
    WTSINFOW *info = session_info(session, WTSSessionInfo, sizeof *info);
    int64_t at_ms = 0;

    if (info && info->LogonTime.QuadPart > 0)
        at_ms = info->LogonTime.QuadPart / 10000 - FILETIME_EPOCH_MS;
    WTSFreeMemory(info);
    return at_ms > 0 ? at_ms : 0;
}

static void describe(DWORD id, struct user_session *session)
{
    char user[USER_NAME_BYTES];

    session_user(id, user, sizeof user);
    if (!user[0])
        return;
    session->id = id;
    text_copy(session->user, sizeof session->user, user);
    session->at_console = id == session->console;
    session->remote = session_is_remote(id);
    session->logged_on_at_ms = session_logon_ms(id);
}

bool user_session_find(struct user_session *ret_session, struct err *err)
{
    struct user_session session = {.id = USER_NO_SESSION,
                                   .console = WTSGetActiveConsoleSessionId()};
    WTS_SESSION_INFOW *rows = NULL;
    DWORD count = 0;

    if (session.console != USER_NO_SESSION)
        describe(session.console, &session);
    if (session.id == USER_NO_SESSION) {
        if (!WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &rows, &count))
            return call_fail(GetLastError(), TEXT_WINDOWS_SESSION_QUERY, "", err);
        for (DWORD i = 0; i < count && session.id == USER_NO_SESSION; i++)
            if (rows[i].State == WTSActive && rows[i].SessionId != session.console)
                describe(rows[i].SessionId, &session);
        WTSFreeMemory(rows);
    }
    *ret_session = session;
    return true;
}

/* ---- tokens ---- */

static bool own_token(DWORD access, HANDLE *ret_token, struct err *err)
{
    return OpenProcessToken(GetCurrentProcess(), access, ret_token) ||
           call_fail(GetLastError(), TEXT_WINDOWS_TOKEN, "", err);
}

/* A person's own program has no right to ask for tokens, and needs none for his own session. */
static bool token_of_own_session(DWORD session, DWORD code, HANDLE *ret_token, struct err *err)
{
    DWORD own = 0;

    if (code != ERROR_PRIVILEGE_NOT_HELD || !ProcessIdToSessionId(GetCurrentProcessId(), &own) ||
        own != session)
        return call_fail(code, TEXT_WINDOWS_TOKEN, "", err);
    return own_token(
        TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_IMPERSONATE, ret_token, err);
}

bool user_token_open(DWORD session, HANDLE *ret_token, struct err *err)
{
    HANDLE token = NULL;
    DWORD code = 0;

    if (!WTSQueryUserToken(session, &token))
        code = GetLastError();
    if (code == ERROR_NO_TOKEN || code == ERROR_FILE_NOT_FOUND) {
        *ret_token = NULL;
        return true;
    }
    if (code)
        return token_of_own_session(session, code, ret_token, err);
    *ret_token = token;
    return true;
}

bool user_token_system(DWORD session, HANDLE *ret_token, struct err *err)
{
    HANDLE own = NULL, token = NULL;
    bool ok;

    /* tokens of services hold it, switched off */
    call_privilege(L"SeTcbPrivilege");
    if (!own_token(TOKEN_DUPLICATE | TOKEN_QUERY, &own, err))
        return false;
    ok = DuplicateTokenEx(own,
                          TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY |
                              TOKEN_ADJUST_SESSIONID | TOKEN_ADJUST_DEFAULT,
                          NULL,
                          SecurityImpersonation,
                          TokenPrimary,
                          &token) &&
         SetTokenInformation(token, TokenSessionId, &session, sizeof session);
    if (!ok)
        call_fail(GetLastError(), TEXT_WINDOWS_TOKEN, "", err);
    CloseHandle(own);
    if (ok)
        *ret_token = token;
    else if (token)
        CloseHandle(token);
    return ok;
}

bool user_impersonate(HANDLE token, struct err *err)
{
    return ImpersonateLoggedOnUser(token) || call_fail(GetLastError(), TEXT_WINDOWS_TOKEN, "", err);
}

void user_revert(void)
{
    /* what follows would run with somebody else's rights */
    if (!RevertToSelf())
        abort();
}
