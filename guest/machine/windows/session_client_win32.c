/* Starting the helper and talking to it. The pipe has a name instead of being inherited: handles do
 * not go from one session to another (documentation of CreateProcessAsUser). */
#include "guest/machine/windows/session_client_win32.h"

#include "guest/machine/machine.h"
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/process_run_win32.h"
#include "guest/machine/windows/session_helper_win32.h"
#include "guest/machine/windows/user_token_win32.h"

#include "common/clock.h"
#include "common/command_line.h"
#include "common/fs.h"
#include "common/secure.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <sddl.h>
#include <userenv.h>

#define START_MS    15000 /* for the helper to come up; a machine that boots is slow */
#define ANSWER_MS   20000 /* changing displays takes seconds */
#define NAME_RANDOM 16
#define NAME_BYTES  128
#define SDDL_UNITS  256
#define TRIES       2 /* the helper may end by itself just when it is asked */

struct session_client {
    SRWLOCK lock;
    char program[FS_PATH_BYTES];
    DWORD session; /* of the helper */
    bool as_user;
    HANDLE job, process, pipe, event;
    struct buf in;
};

bool session_client_new(const char *program, struct session_client **ret_client, struct err *err)
{
    struct session_client *client = calloc(1, sizeof *client);

    if (!client)
        return err_no_memory(err);
    InitializeSRWLock(&client->lock);
    buf_init(&client->in, SESSION_LINE_BYTES);
    client->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!client->event)
        call_fail(GetLastError(), TEXT_WINDOWS_HELPER_START, "", err);
    else if (program)
        text_copy(client->program, sizeof client->program, program);
    if (!client->event ||
        (!program && !fs_self_path(client->program, sizeof client->program, err))) {
        session_client_free(client);
        return false;
    }
    *ret_client = client;
    return true;
}

static void close_handle(HANDLE *handle)
{
    if (*handle)
        CloseHandle(*handle);
    *handle = NULL;
}

/* Ends the helper at once, with its job. */
static void end_helper(struct session_client *client)
{
    close_handle(&client->pipe);
    close_handle(&client->job);
    close_handle(&client->process);
    buf_clear(&client->in);
}

void session_client_free(struct session_client *client)
{
    if (!client)
        return;
    end_helper(client);
    close_handle(&client->event);
    buf_done(&client->in);
    free(client);
}

/* ---- the pipe ---- */

/* Ends an overlapped call within the deadline; otherwise cancels it. 0 or a Win32 code. */
static DWORD
finish(struct session_client *client, OVERLAPPED *call, BOOL done, int64_t end_ms, DWORD *ret_count)
{
    HANDLE waited[2] = {call->hEvent, client->process};
    DWORD code = done ? 0 : GetLastError(), count = client->process ? 2 : 1, result;
    int64_t left = end_ms - clock_now_ms(clock_system());

    if (!done && code == ERROR_PIPE_CONNECTED)
        return 0;
    if (!done && code != ERROR_IO_PENDING)
        return code;
    result = WaitForMultipleObjects(count, waited, FALSE, left > 0 ? (DWORD)left : 0);
    if (result != WAIT_OBJECT_0)
        CancelIoEx(client->pipe, call);
    if (GetOverlappedResult(client->pipe, call, ret_count, TRUE))
        return 0;
    code = GetLastError();
    if (code != ERROR_OPERATION_ABORTED)
        return code;
    return result == WAIT_TIMEOUT ? ERROR_TIMEOUT : ERROR_BROKEN_PIPE;
}

/* The user may use the pipe, and SYSTEM, and nobody else. */
static bool pipe_security(HANDLE token, SECURITY_ATTRIBUTES *security, struct err *err)
{
    BYTE room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    TOKEN_USER *user = (TOKEN_USER *)(void *)room;
    DWORD size = sizeof room;
    WCHAR sddl[SDDL_UNITS], *sid = NULL;
    bool ok;

    ok = GetTokenInformation(token, TokenUser, user, size, &size) &&
         ConvertSidToStringSidW(user->User.Sid, &sid);
    if (ok) {
        swprintf(sddl, SDDL_UNITS, L"D:P(A;;GA;;;SY)(A;;GRGW;;;%ls)", sid);
        ok = ConvertStringSecurityDescriptorToSecurityDescriptorW(
            sddl, SDDL_REVISION_1, &security->lpSecurityDescriptor, NULL);
    }
    if (!ok)
        call_fail(GetLastError(), TEXT_WINDOWS_HELPER_START, "", err);
    LocalFree(sid);
    return ok;
}

/* A name that nobody can guess and occupy. */
static bool pipe_name(char name[NAME_BYTES], struct err *err)
{
    uint8_t random[NAME_RANDOM];
    char hex[2 * NAME_RANDOM + 1];

    if (!secure_random(random, sizeof random))
        return err_set(err, ERR_FAILED, TEXT_WINDOWS_HELPER_START, NULL);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(hex + 2 * i, 3, "%02x", random[i]);
    snprintf(name, NAME_BYTES, SESSION_PIPE_PREFIX "%s", hex);
    return true;
}

static bool
make_pipe(struct session_client *client, HANDLE token, const char *name, struct err *err)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof security};
    uint16_t *name16 = NULL;
    HANDLE pipe;

    if (!utf16_from_utf8(name, &name16, err) || !pipe_security(token, &security, err)) {
        free(name16);
        return false;
    }
    pipe = CreateNamedPipeW(
        name16,
        PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
        1,
        SESSION_LINE_BYTES,
        SESSION_LINE_BYTES,
        0,
        &security);
    client->pipe = pipe == INVALID_HANDLE_VALUE ? NULL : pipe;
    if (!client->pipe)
        call_fail(GetLastError(), TEXT_WINDOWS_HELPER_START, "", err);
    LocalFree(security.lpSecurityDescriptor);
    free(name16);
    return client->pipe != NULL;
}

/* ---- starting ---- */

static bool
make_line(const struct session_client *client, const char *pipe, WCHAR **ret_line, struct err *err)
{
    const char *words[] = {client->program, MACHINE_SESSION_HELPER, pipe, NULL};
    struct buf line;
    bool ok;

    buf_init(&line, FS_PATH_BYTES + NAME_BYTES + 64);
    command_line_put_all(&line, words);
    ok = line.failed ? err_no_memory(err) : utf16_from_utf8(buf_str(&line), ret_line, err);
    buf_done(&line);
    return ok;
}

/* Starts the program in the session of the token, alone in a job: it can start nothing. */
static bool
start_process(struct session_client *client, HANDLE token, const char *pipe, struct err *err)
{
    static WCHAR desktop[] = L"winsta0\\default";
    STARTUPINFOW startup = {.cb = sizeof startup, .lpDesktop = desktop};
    uint16_t *program = NULL, *line = NULL;
    PROCESS_INFORMATION info = {0};
    void *environment = NULL;
    bool ok = false;

    if (!utf16_from_utf8(client->program, &program, err) || !make_line(client, pipe, &line, err))
        goto out;
    client->job = process_job_new(client->program, err);
    if (!client->job)
        goto out;
    if (!CreateEnvironmentBlock(&environment, token, FALSE))
        environment = NULL;
    ok = CreateProcessAsUserW(token,
                              program,
                              line,
                              NULL,
                              NULL,
                              FALSE,
                              CREATE_SUSPENDED | CREATE_NO_WINDOW |
                                  (environment ? CREATE_UNICODE_ENVIRONMENT : 0),
                              environment,
                              NULL,
                              &startup,
                              &info) &&
         AssignProcessToJobObject(client->job, info.hProcess) &&
         ResumeThread(info.hThread) != (DWORD)-1;
    if (!ok)
        call_fail(GetLastError(), TEXT_WINDOWS_HELPER_START, "", err);
    if (!ok && info.hProcess)
        TerminateProcess(info.hProcess, 1);
    client->process = info.hProcess;
    if (info.hThread)
        CloseHandle(info.hThread);

out:
    if (environment)
        DestroyEnvironmentBlock(environment);
    free(line);
    free(program);
    return ok;
}

/* Waits for the helper itself at the other end: the user could start something faster. */
static bool meet(struct session_client *client, struct err *err)
{
    OVERLAPPED call = {.hEvent = client->event};
    int64_t end_ms = clock_now_ms(clock_system()) + START_MS;
    DWORD count = 0, code;
    ULONG peer = 0;
    BOOL done = ConnectNamedPipe(client->pipe, &call);

    code = finish(client, &call, done, end_ms, &count);
    if (code)
        return call_fail(code, TEXT_WINDOWS_HELPER_START, "", err);
    if (!GetNamedPipeClientProcessId(client->pipe, &peer) || peer != GetProcessId(client->process))
        return err_set(err, ERR_UNSAFE, TEXT_WINDOWS_HELPER_ANSWER, NULL);
    return true;
}

static bool start_helper(struct session_client *client, DWORD session, struct err *err)
{
    char name[NAME_BYTES];
    HANDLE token = NULL;
    bool ok;

    if (!user_token_open(session, &token, err))
        return false;
    client->as_user = token != NULL;
    client->session = session;
    if (!token && !user_token_system(session, &token, err))
        return false;
    ok = pipe_name(name, err) && make_pipe(client, token, name, err) &&
         start_process(client, token, name, err) && meet(client, err);
    CloseHandle(token);
    if (!ok)
        end_helper(client);
    return ok;
}

/* A helper that still runs where somebody sits now, as whom it should. */
static bool helper_fits(const struct session_client *client, DWORD session)
{
    HANDLE token = NULL;
    bool as_user;

    if (!client->pipe || client->session != session ||
        WaitForSingleObject(client->process, 0) != WAIT_TIMEOUT ||
        !user_token_open(session, &token, NULL))
        return false;
    as_user = token != NULL;
    if (token)
        CloseHandle(token);
    return as_user == client->as_user;
}

/* ---- asking ---- */

static DWORD send_line(struct session_client *client, struct buf *out, int64_t end_ms)
{
    while (out->len) {
        OVERLAPPED call = {.hEvent = client->event};
        DWORD count = 0, code;
        BOOL done = WriteFile(client->pipe, out->data, (DWORD)out->len, NULL, &call);

        code = finish(client, &call, done, end_ms, &count);
        if (code)
            return code;
        buf_consume(out, count);
    }
    return 0;
}

/* Reads until a line is complete; its length without the end in *ret_length. Anything that was sent
 * unasked is in the way and fails the parser. */
static DWORD receive_line(struct session_client *client, int64_t end_ms, size_t *ret_length)
{
    const uint8_t *end = NULL;

    while (!client->in.len || !(end = memchr(client->in.data, '\n', client->in.len))) {
        OVERLAPPED call = {.hEvent = client->event};
        DWORD count = 0, code;
        uint8_t *to = buf_reserve(&client->in, 4096);
        BOOL done;

        if (!to)
            return ERROR_FILE_TOO_LARGE;
        done = ReadFile(client->pipe, to, 4096, NULL, &call);
        code = finish(client, &call, done, end_ms, &count);
        if (code)
            return code;
        buf_added(&client->in, count);
    }
    *ret_length = (size_t)(end - client->in.data);
    return 0;
}

/* One question to a helper that runs. *ret_gone: it was not there any more to hear it. */
static bool ask(struct session_client *client,
                const struct session_request *request,
                cJSON **ret_answer,
                bool *ret_gone,
                struct err *err)
{
    int64_t end_ms = clock_now_ms(clock_system()) + ANSWER_MS;
    size_t length = 0;
    struct buf out;
    DWORD code;
    bool ok;

    buf_init(&out, SESSION_LINE_BYTES);
    if (!session_request_print(request, &out)) {
        buf_done(&out);
        return err_no_memory(err);
    }
    code = send_line(client, &out, end_ms);
    buf_done(&out);
    if (!code)
        code = receive_line(client, end_ms, &length);
    *ret_gone = code && code != ERROR_TIMEOUT && code != ERROR_FILE_TOO_LARGE;
    if (code) {
        end_helper(client);
        return call_fail(code, TEXT_WINDOWS_HELPER_ANSWER, "", err);
    }
    ok = session_reply_parse((const char *)client->in.data, length, ret_answer, err);
    if (client->in.len != length + 1) /* more than was asked for */
        end_helper(client);
    else
        buf_clear(&client->in);
    return ok;
}

/* True when this process sits at the console itself: a person's own, not the service. */
static bool sits_there(DWORD session)
{
    DWORD own = 0;

    return ProcessIdToSessionId(GetCurrentProcessId(), &own) && own == session;
}

static bool call_locked(struct session_client *client,
                        const struct session_request *request,
                        cJSON **ret_answer,
                        struct err *err)
{
    DWORD session = WTSGetActiveConsoleSessionId();
    bool gone = true, ok = false;

    if (session == USER_NO_SESSION)
        return err_set(err, ERR_UNREACHABLE, TEXT_WINDOWS_NO_CONSOLE, NULL);
    if (sits_there(session))
        return session_answer(request, ret_answer, err);
    for (int i = 0; i < TRIES && gone; i++) {
        gone = false;
        if (!helper_fits(client, session)) {
            end_helper(client);
            if (!start_helper(client, session, err))
                return false;
        }
        ok = ask(client, request, ret_answer, &gone, err);
    }
    return ok;
}

bool session_client_call(struct session_client *client,
                         const struct session_request *request,
                         cJSON **ret_answer,
                         struct err *err)
{
    cJSON *answer = NULL;
    bool ok;

    AcquireSRWLockExclusive(&client->lock);
    ok = call_locked(client, request, &answer, err);
    ReleaseSRWLockExclusive(&client->lock);
    if (ok)
        *ret_answer = answer;
    return ok;
}
