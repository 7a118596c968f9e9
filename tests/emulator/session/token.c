/* Tokens that belong to a session, and processes started with them. A token is Wine's own, that of
 * this process; what session it carries is remembered by its handle. */
#include "session.h"

#include "../common/state.h"

#include <string.h>

#define KEY "session"

enum { TOKENS = 64 };

static SRWLOCK lock = SRWLOCK_INIT;
static struct {
    HANDLE token;
    DWORD id;
} tokens[TOKENS];

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

static void remember(HANDLE token, DWORD id)
{
    int free_row = -1;

    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < TOKENS; i++) {
        if (tokens[i].token == token) {
            free_row = i;
            break;
        }
        if (!tokens[i].token && free_row < 0)
            free_row = i;
    }
    if (free_row >= 0) {
        tokens[free_row].token = token;
        tokens[free_row].id = id;
    }
    ReleaseSRWLockExclusive(&lock);
}

static DWORD session_of_token(HANDLE token)
{
    DWORD id = session_of_self();

    AcquireSRWLockShared(&lock);
    for (int i = 0; i < TOKENS; i++)
        if (token && tokens[i].token == token)
            id = tokens[i].id;
    ReleaseSRWLockShared(&lock);
    return id;
}

/* Needs SE_TCB_NAME, which LocalSystem alone has: services, here. */
static BOOL WINAPI on_query_user_token(ULONG id, HANDLE *ret_token)
{
    DWORD error = state_fault(KEY, "FailQueryUserToken");
    struct session s;
    HANDLE mine, token;
    BOOL done;

    if (error)
        return fail(error);
    if (!ret_token)
        return fail(ERROR_INVALID_PARAMETER);
    if (session_of_self() != SESSION_SERVICES)
        return fail(ERROR_PRIVILEGE_NOT_HELD);
    if (!session_get(id == WTS_CURRENT_SESSION ? session_of_self() : id, &s))
        return fail(ERROR_FILE_NOT_FOUND);
    if (!*s.user)
        return fail(ERROR_NO_TOKEN);
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &mine))
        return FALSE;
    done =
        DuplicateTokenEx(mine, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenPrimary, &token);
    CloseHandle(mine);
    if (!done)
        return FALSE;
    remember(token, s.id);
    *ret_token = token;
    return TRUE;
}

static BOOL WINAPI on_duplicate_token(HANDLE token,
                                      DWORD access,
                                      SECURITY_ATTRIBUTES *security,
                                      SECURITY_IMPERSONATION_LEVEL level,
                                      TOKEN_TYPE type,
                                      HANDLE *ret_token)
{
    BOOL done = DuplicateTokenEx(token, access, security, level, type, ret_token);

    if (done)
        remember(*ret_token, session_of_token(token));
    return done;
}

static BOOL WINAPI on_set_token_information(HANDLE token,
                                            TOKEN_INFORMATION_CLASS class,
                                            void *information,
                                            DWORD size)
{
    DWORD id;
    struct session s;

    if (class != TokenSessionId)
        return SetTokenInformation(token, class, information, size);
    if (size != sizeof(id))
        return fail(ERROR_BAD_LENGTH);
    if (session_of_self() != SESSION_SERVICES)
        return fail(ERROR_PRIVILEGE_NOT_HELD);
    memcpy(&id, information, sizeof(id));
    if (!session_get(id, &s))
        return fail(ERROR_INVALID_PARAMETER);
    remember(token, id);
    return TRUE;
}

static BOOL WINAPI on_get_token_information(
    HANDLE token, TOKEN_INFORMATION_CLASS class, void *information, DWORD size, DWORD *ret_size)
{
    DWORD id = session_of_token(token);

    if (class != TokenSessionId)
        return GetTokenInformation(token, class, information, size, ret_size);
    if (!ret_size)
        return fail(ERROR_NOACCESS);
    *ret_size = sizeof(id);
    if (size < sizeof(id))
        return fail(ERROR_INSUFFICIENT_BUFFER);
    memcpy(information, &id, sizeof(id));
    return TRUE;
}

/* "winsta0\default": without it the program shares the window station of the caller, which has no
 * screen when that is a service. */
static bool names_desktop(const STARTUPINFOW *startup)
{
    return startup && startup->lpDesktop && !_wcsnicmp(startup->lpDesktop, L"winsta0\\", 8);
}

static BOOL WINAPI on_create_process(HANDLE token,
                                     const wchar_t *path,
                                     wchar_t *command,
                                     SECURITY_ATTRIBUTES *process_security,
                                     SECURITY_ATTRIBUTES *thread_security,
                                     BOOL inherit,
                                     DWORD flags,
                                     void *environment,
                                     const wchar_t *folder,
                                     STARTUPINFOW *startup,
                                     PROCESS_INFORMATION *ret_process)
{
    DWORD error = state_fault(KEY, "FailCreateProcess"), id = session_of_token(token);
    bool desktop = names_desktop(startup) || session_of_self() != SESSION_SERVICES;
    wchar_t *asked = startup ? startup->lpDesktop : NULL;
    DWORD type, size;
    BOOL done;

    if (error)
        return fail(error);
    if (session_of_self() != SESSION_SERVICES)
        return fail(ERROR_PRIVILEGE_NOT_HELD);
    if (!GetTokenInformation(token, TokenType, &type, sizeof(type), &size))
        return FALSE;
    if (type != TokenPrimary)
        return fail(ERROR_BAD_TOKEN_TYPE);
    if (!startup || !ret_process)
        return fail(ERROR_NOACCESS);
    startup->lpDesktop = NULL; /* Wine would look for the window station among its own */
    done = CreateProcessW(path,
                          command,
                          process_security,
                          thread_security,
                          inherit,
                          flags | CREATE_SUSPENDED,
                          environment,
                          folder,
                          startup,
                          ret_process);
    startup->lpDesktop = asked;
    if (!done)
        return FALSE;
    session_adopt(ret_process->hProcess, ret_process->dwProcessId, id, desktop);
    if (!(flags & CREATE_SUSPENDED))
        ResumeThread(ret_process->hThread);
    return TRUE;
}

const struct hook token_hooks[] = {
    {"advapi32", "CreateProcessAsUserW", (hook_function)on_create_process, NULL},
    {"advapi32", "DuplicateTokenEx", (hook_function)on_duplicate_token, NULL},
    {"advapi32", "GetTokenInformation", (hook_function)on_get_token_information, NULL},
    {"advapi32", "SetTokenInformation", (hook_function)on_set_token_information, NULL},
    {"wtsapi32", "WTSQueryUserToken", (hook_function)on_query_user_token, NULL},
};
const size_t token_hook_count = sizeof(token_hooks) / sizeof(token_hooks[0]);
