/* Plays the people and the remote desktop service of a test's machine:
 *
 *   session nobody              the console shows the logon screen
 *   session user NAME [SECONDS] NAME has been logged on at the console, since so many seconds
 *   session enhanced            the user's session moves to an enhanced session (RDP)
 *   session console             and back to the console
 *   session switching           no session is at the console; `session user` or `nobody` ends it
 *   session lock | unlock       the user's session
 *   session idle SECONDS        nobody has typed for so long
 *   session shutdown            Windows shuts down in good order: services are told
 *   session suspend | resume    the machine goes to sleep and wakes up
 *   session show                one session a line
 *   session run ID PROGRAM...   runs a program in that session and gives its exit code
 *   session ID /dest:console    what tscon.exe does, which is a copy of this program
 *
 * Services that asked for it are told of changes. */
#include "session.h"

#include "../common/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define TICKS_PER_S UINT64_C(10000000)

enum { USAGE = 64 };

static bool find_user(struct session *ret_session)
{
    struct session all[SESSION_MAX];
    size_t count = session_list(all);

    for (size_t i = 0; i < count; i++)
        if (*all[i].user) {
            *ret_session = all[i];
            return true;
        }
    return false;
}

static void clear_sessions(void)
{
    struct session all[SESSION_MAX];
    size_t count = session_list(all);

    for (size_t i = 0; i < count; i++)
        if (all[i].id != SESSION_SERVICES)
            session_delete(all[i].id);
}

static int nobody(int argc, wchar_t **argv)
{
    struct session old;
    bool logged_on = find_user(&old);

    (void)argc;
    (void)argv;
    clear_sessions();
    session_set_console(SESSION_FIRST);
    if (logged_on)
        session_tell(WTS_SESSION_LOGOFF, old.id);
    return 0;
}

static int user(int argc, wchar_t **argv)
{
    struct session s = {.id = SESSION_FIRST, .state = WTSActive, .station = L"Console"};
    uint64_t ago_s = argc > 3 ? wcstoull(argv[3], NULL, 10) : 0;
    FILETIME now;

    if (argc < 3)
        return USAGE;
    GetSystemTimeAsFileTime(&now);
    s.logon_time = ((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) - ago_s * TICKS_PER_S;
    s.last_input_ms = state_now_ms() > ago_s * 1000 ? state_now_ms() - ago_s * 1000 : 0;
    swprintf(s.user, SESSION_TEXT, L"%.63ls", argv[2]);
    wcscpy(s.domain, L"GUEST");
    clear_sessions();
    session_put(&s);
    session_set_console(s.id);
    session_tell(WTS_SESSION_LOGON, s.id);
    return 0;
}

/* VMConnect's enhanced session takes the user's session off the console, which gets a logon screen
 * in a session of its own. */
static int enhanced(int argc, wchar_t **argv)
{
    struct session s, fresh = {.state = WTSConnected, .station = L"Console"};

    (void)argc;
    (void)argv;
    if (!find_user(&s) || s.protocol)
        return 1;
    session_tell(WTS_CONSOLE_DISCONNECT, s.id);
    s.protocol = WTS_PROTOCOL_TYPE_RDP;
    s.state = WTSActive;
    wcscpy(s.station, L"RDP-Tcp#0");
    fresh.id = s.id + 1;
    session_put(&s);
    session_put(&fresh);
    session_set_console(fresh.id);
    session_tell(WTS_REMOTE_CONNECT, s.id);
    session_tell(WTS_CONSOLE_CONNECT, fresh.id);
    return 0;
}

static int console(int argc, wchar_t **argv)
{
    struct session s;

    (void)argc;
    (void)argv;
    return find_user(&s) && !session_connect(s.id, session_console()) ? 0 : 1;
}

/* tscon ID /dest:console, for the user's session alone. */
static int tscon(int argc, wchar_t **argv)
{
    struct session s;
    wchar_t *end;
    unsigned long id = wcstoul(argv[1], &end, 10);

    if (argc != 3 || *end || _wcsicmp(argv[2], L"/dest:console") != 0)
        return USAGE;
    return find_user(&s) && s.id == id && !session_connect(s.id, session_console()) ? 0 : 1;
}

static int switching(int argc, wchar_t **argv)
{
    (void)argc;
    (void)argv;
    session_set_console(SESSION_NONE);
    return 0;
}

static int tell_user(DWORD code)
{
    struct session s;

    if (!find_user(&s))
        return 1;
    session_tell(code, s.id);
    return 0;
}

static int lock(int argc, wchar_t **argv)
{
    (void)argc;
    return tell_user(wcscmp(argv[1], L"lock") ? WTS_SESSION_UNLOCK : WTS_SESSION_LOCK);
}

static int idle(int argc, wchar_t **argv)
{
    struct session s;
    uint64_t now_ms = state_now_ms(), ago_ms;

    if (argc < 3)
        return USAGE;
    if (!find_user(&s))
        return 1;
    ago_ms = wcstoull(argv[2], NULL, 10) * 1000;
    s.last_input_ms = now_ms > ago_ms ? now_ms - ago_ms : 0;
    session_put(&s);
    return 0;
}

static int power(int argc, wchar_t **argv)
{
    (void)argc;
    session_tell(!wcscmp(argv[1], L"shutdown")  ? SESSION_SHUTDOWN
                 : !wcscmp(argv[1], L"suspend") ? SESSION_SUSPEND
                                                : SESSION_RESUME,
                 SESSION_SERVICES);
    return 0;
}

static int show(int argc, wchar_t **argv)
{
    static const char *const states[] = {"active", "connected", "query", "shadow", "disconnected"};
    struct session all[SESSION_MAX];
    size_t count = session_list(all);

    (void)argc;
    (void)argv;
    for (size_t i = 0; i < count; i++)
        printf("%lu %ls %s protocol %lu user %ls%s\n",
               all[i].id,
               *all[i].station ? all[i].station : L"-",
               (size_t)all[i].state < sizeof(states) / sizeof(states[0]) ? states[all[i].state]
                                                                         : "?",
               all[i].protocol,
               *all[i].user ? all[i].user : L"-",
               all[i].id == session_console() ? " console" : "");
    return 0;
}

/* Program and arguments as one command line; tests pass nothing that needs more than quotes. */
static wchar_t *command_line(int argc, wchar_t **argv)
{
    size_t length = 1;
    wchar_t *line;

    for (int i = 0; i < argc; i++)
        length += wcslen(argv[i]) + 3;
    line = calloc(length, sizeof(*line));
    for (int i = 0; line && i < argc; i++) {
        wcscat(line, i ? L" \"" : L"\"");
        wcscat(line, argv[i]);
        wcscat(line, L"\"");
    }
    return line;
}

static int run(int argc, wchar_t **argv)
{
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    DWORD id, code = USAGE;
    wchar_t *line;

    if (argc < 4)
        return USAGE;
    id = wcstoul(argv[2], NULL, 10);
    line = command_line(argc - 3, argv + 3);
    if (!line ||
        !CreateProcessW(
            NULL, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup, &process)) {
        fprintf(stderr, "session: cannot start %ls: error %lu\n", argv[3], GetLastError());
        free(line);
        return 1;
    }
    free(line);
    session_adopt(process.hProcess, process.dwProcessId, id, id != SESSION_SERVICES);
    ResumeThread(process.hThread);
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return (int)code;
}

static const struct {
    const wchar_t *name;
    int (*act)(int argc, wchar_t **argv);
} commands[] = {
    {L"nobody", nobody},
    {L"user", user},
    {L"enhanced", enhanced},
    {L"console", console},
    {L"switching", switching},
    {L"lock", lock},
    {L"unlock", lock},
    {L"idle", idle},
    {L"shutdown", power},
    {L"suspend", power},
    {L"resume", power},
    {L"show", show},
    {L"run", run},
};

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (!wcscmp(argv[1], commands[i].name))
            return commands[i].act(argc, argv);
    if (argc > 1 && argv[1][0] >= L'0' && argv[1][0] <= L'9')
        return tscon(argc, argv);
    fputs("session: unknown command, see session/tool.c\n", stderr);
    return USAGE;
}
