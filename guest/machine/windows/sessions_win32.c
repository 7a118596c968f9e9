/* Port of sessions: who is logged on where, and programs for him. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/process_run_win32.h"
#include "guest/machine/windows/session_client_win32.h"
#include "guest/machine/windows/user_token_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/clock.h"
#include "common/command_line.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <userenv.h>
#include <wtsapi32.h>

#define SWITCH_MS   15000 /* for a session to be at the console again */
#define SWITCH_STEP 100
#define TSCON_MS    INT64_C(15000)

struct sessions {
    struct sessions_port port;
    struct session_client *client;
};

static struct sessions *sessions_of(struct sessions_port *port)
{
    return (struct sessions *)(void *)port;
}

/* ---- looking ---- */

/* Since the last input at the console, -1 when the helper cannot be asked: the rest stands. */
static int64_t idle_ms(struct sessions *sessions)
{
    const struct session_request request = {.call = SESSION_CALL_IDLE};
    cJSON *answer = NULL;
    int64_t idle = -1;

    if (session_client_call(sessions->client, &request, &answer, NULL) &&
        !session_idle_from_json(answer, &idle, NULL))
        idle = -1;
    cJSON_Delete(answer);
    return idle;
}

static bool query(struct sessions_port *port, struct session_state *ret_state, struct err *err)
{
    struct session_state state = {.desktop_age_ms = -1, .input_idle_ms = -1};
    struct user_session session;

    if (!user_session_find(&session, err))
        return false;
    if (session.id != USER_NO_SESSION) {
        state.user_logged_on = session.at_console;
        state.enhanced = session.remote;
        text_copy(state.user, sizeof state.user, session.user);
        if (session.logged_on_at_ms) {
            int64_t age_ms = clock_wall_ms(clock_system()) - session.logged_on_at_ms;

            /* a clock that was set back since then: at least it has begun */
            state.desktop_age_ms = age_ms > 0 ? age_ms : 0;
        }
        /* in an enhanced session the input is somewhere else: nobody calls that idle */
        if (session.at_console)
            state.input_idle_ms = idle_ms(sessions_of(port));
    }
    *ret_state = state;
    return true;
}

/* ---- hand-back ---- */

static bool wait_at_console(DWORD session)
{
    int64_t end_ms = clock_now_ms(clock_system()) + SWITCH_MS;

    while (WTSGetActiveConsoleSessionId() != session) {
        if (clock_now_ms(clock_system()) >= end_ms)
            return false;
        Sleep(SWITCH_STEP);
    }
    return true;
}

/* Windows' own program for it, for what its function refuses (some builds want rights of it that a
 * service with few privileges has not). */
static bool run_tscon(DWORD session, struct err *err)
{
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES], number[16];
    struct process_result result = {0};
    struct process_run run = {
        .path = path, .args = {number, "/dest:console"}, .deadline_ms = TSCON_MS};
    WCHAR system[MAX_PATH];

    if (!GetSystemDirectoryW(system, MAX_PATH))
        return call_fail(GetLastError(), TEXT_WINDOWS_FOLDER, "", err);
    snprintf(number, sizeof number, "%lu", (unsigned long)session);
    return fs_join(path, call_text(folder, sizeof folder, system), "tscon.exe", err) &&
           process_run_to_end(&run, &result, err) && !result.timed_out && result.exit_code == 0;
}

static bool to_console(struct sessions_port *port, struct err *err)
{
    static WCHAR no_password[] = L""; /* which SYSTEM does not need */
    struct user_session session;

    (void)port;
    if (!user_session_find(&session, err))
        return false;
    if (session.id == USER_NO_SESSION || session.at_console)
        return true;
    if (session.console == USER_NO_SESSION)
        return err_set(err, ERR_BUSY, TEXT_WINDOWS_NO_CONSOLE, NULL);
    if (!WTSConnectSessionW(session.id, session.console, no_password, TRUE)) {
        DWORD code = GetLastError();

        if (!run_tscon(session.id, NULL))
            return call_fail(code, TEXT_WINDOWS_TO_CONSOLE, session.user, err);
    }
    return wait_at_console(session.id) ||
           err_set(err, ERR_TIMEOUT, TEXT_WINDOWS_TO_CONSOLE, session.user, NULL);
}

/* ---- programs ---- */

static bool make_line(const char *path, uint16_t **ret_line, struct err *err)
{
    struct buf line;
    bool ok;

    buf_init(&line, FS_PATH_BYTES + 8);
    command_line_put(&line, path);
    ok = line.failed ? err_set(err, ERR_BAD_INPUT, TEXT_WINDOWS_PROGRAM_START, path, NULL)
                     : utf16_from_utf8(buf_str(&line), ret_line, err);
    buf_done(&line);
    return ok;
}

static bool start_as(HANDLE token, const char *path, struct err *err)
{
    static WCHAR desktop[] = L"winsta0\\default";
    STARTUPINFOW startup = {.cb = sizeof startup, .lpDesktop = desktop};
    uint16_t *path16 = NULL, *folder16 = NULL, *line = NULL;
    PROCESS_INFORMATION info = {0};
    void *environment = NULL;
    char folder[FS_PATH_BYTES];
    bool ok = false;

    text_copy(folder, sizeof folder, path);
    fs_parent(folder);
    if (!utf16_from_utf8(path, &path16, err) || !utf16_from_utf8(folder, &folder16, err) ||
        !make_line(path, &line, err))
        goto out;
    if (!CreateEnvironmentBlock(&environment, token, FALSE))
        environment = NULL;
    ok = CreateProcessAsUserW(token,
                              path16,
                              line,
                              NULL,
                              NULL,
                              FALSE,
                              environment ? CREATE_UNICODE_ENVIRONMENT : 0,
                              environment,
                              folder16,
                              &startup,
                              &info);
    if (!ok)
        call_fail(GetLastError(), TEXT_WINDOWS_PROGRAM_START, path, err);
    if (info.hThread)
        CloseHandle(info.hThread);
    if (info.hProcess)
        CloseHandle(info.hProcess);
    if (environment)
        DestroyEnvironmentBlock(environment);

out:
    free(line);
    free(folder16);
    free(path16);
    return ok;
}

static bool start_program(struct sessions_port *port, const char *path, struct err *err)
{
    struct user_session session;
    HANDLE token = NULL;
    bool ok;

    (void)port;
    if (!user_session_find(&session, err))
        return false;
    if (session.at_console && !user_token_open(session.id, &token, err))
        return false;
    if (!token)
        return err_set(err, ERR_CONFLICT, TEXT_WINDOWS_NOBODY, NULL);
    ok = start_as(token, path, err);
    CloseHandle(token);
    return ok;
}

static const struct sessions_ops ops = {
    .query = query, .to_console = to_console, .start_program = start_program};

bool windows_sessions_new(struct session_client *client,
                          struct sessions_port **ret_port,
                          struct err *err)
{
    struct sessions *sessions = calloc(1, sizeof *sessions);

    if (!sessions)
        return err_no_memory(err);
    sessions->port.ops = &ops;
    sessions->client = client;
    *ret_port = &sessions->port;
    return true;
}

void windows_sessions_free(struct sessions_port *port)
{
    free(port);
}
