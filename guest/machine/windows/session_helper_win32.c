/* The helper in the console session. */
#include "guest/machine/windows/session_helper_win32.h"

#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/display_config_win32.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define REQUEST_BYTES 4096
#define QUIET_MS      60000 /* without a request: no process of ours stays for nothing */
#define EXIT_BAD_PIPE 2

/* ---- answers ---- */

static bool answer_idle(cJSON **ret_answer, struct err *err)
{
    LASTINPUTINFO last = {.cbSize = sizeof last};

    if (!GetLastInputInfo(&last))
        return call_fail(GetLastError(), TEXT_WINDOWS_SESSION_QUERY, "", err);
    /* both count in 32 bits and wrap together */
    *ret_answer = session_idle_to_json((int64_t)(DWORD)(GetTickCount() - last.dwTime));
    return *ret_answer || err_no_memory(err);
}

static bool answer_displays(cJSON **ret_answer, struct err *err)
{
    struct session_displays displays;

    if (!display_config_read(&displays, err))
        return false;
    *ret_answer = session_displays_to_json(&displays);
    return *ret_answer || err_no_memory(err);
}

bool session_answer(const struct session_request *request, cJSON **ret_answer, struct err *err)
{
    *ret_answer = NULL;
    switch (request->call) {
    case SESSION_CALL_IDLE:
        return answer_idle(ret_answer, err);
    case SESSION_CALL_DISPLAYS:
        return answer_displays(ret_answer, err);
    case SESSION_CALL_ARRANGE:
        return display_config_arrange(&request->display, request->only, err);
    case SESSION_CALL_MODE:
        return display_config_mode(
            &request->display, request->width, request->height, request->hz, err);
    default:
        return err_set(err, ERR_UNSUPPORTED, TEXT_WINDOWS_HELPER_ANSWER, NULL);
    }
}

/* ---- the pipe ---- */

static HANDLE open_pipe(const char *name)
{
    HANDLE pipe = INVALID_HANDLE_VALUE;
    uint16_t *name16 = NULL;

    if (strncmp(name, SESSION_PIPE_PREFIX, strlen(SESSION_PIPE_PREFIX)) != 0 ||
        !utf16_from_utf8(name, &name16, NULL))
        return INVALID_HANDLE_VALUE;
    /* whoever made the pipe may know who we are, and not act as us */
    pipe = CreateFileW(name16,
                       GENERIC_READ | GENERIC_WRITE,
                       0,
                       NULL,
                       OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION,
                       NULL);
    free(name16);
    return pipe;
}

/* Ends an overlapped call; false at the end of the pipe and when nothing comes for a while. */
static bool finish(HANDLE pipe, OVERLAPPED *call, BOOL done, DWORD *ret_count)
{
    if (!done && GetLastError() != ERROR_IO_PENDING)
        return false;
    if (WaitForSingleObject(call->hEvent, QUIET_MS) != WAIT_OBJECT_0)
        CancelIoEx(pipe, call);
    return GetOverlappedResult(pipe, call, ret_count, TRUE);
}

struct helper {
    HANDLE pipe, event;
    struct buf in, out;
};

static bool read_some(struct helper *helper)
{
    OVERLAPPED call = {.hEvent = helper->event};
    uint8_t *to = buf_reserve(&helper->in, REQUEST_BYTES / 4);
    DWORD count = 0;
    BOOL done;

    if (!to)
        return false;
    done = ReadFile(helper->pipe, to, REQUEST_BYTES / 4, NULL, &call);
    if (!finish(helper->pipe, &call, done, &count) || !count)
        return false;
    buf_added(&helper->in, count);
    return true;
}

static bool write_all(struct helper *helper)
{
    while (helper->out.len) {
        OVERLAPPED call = {.hEvent = helper->event};
        DWORD count = 0;
        BOOL done = WriteFile(helper->pipe, helper->out.data, (DWORD)helper->out.len, NULL, &call);

        if (!finish(helper->pipe, &call, done, &count) || !count)
            return false;
        buf_consume(&helper->out, count);
    }
    return true;
}

static bool answer_line(struct helper *helper, const char *line, size_t length)
{
    struct session_request request;
    struct err err = ERR_INIT;
    cJSON *answer = NULL;
    bool ok;

    if (session_request_parse(line, length, &request, &err))
        session_answer(&request, &answer, &err);
    ok = session_reply_print(answer, &err, &helper->out);
    cJSON_Delete(answer);
    return ok && write_all(helper);
}

/* Answers the lines that are complete. */
static bool answer_lines(struct helper *helper)
{
    const char *end;

    while (helper->in.len && (end = memchr(helper->in.data, '\n', helper->in.len))) {
        size_t length = (size_t)(end - (const char *)helper->in.data);

        if (!answer_line(helper, (const char *)helper->in.data, length))
            return false;
        buf_consume(&helper->in, length + 1);
    }
    return true;
}

int session_helper_run(const char *pipe)
{
    struct helper helper = {.pipe = open_pipe(pipe)};

    if (helper.pipe == INVALID_HANDLE_VALUE)
        return EXIT_BAD_PIPE;
    helper.event = CreateEventW(NULL, TRUE, FALSE, NULL);
    buf_init(&helper.in, REQUEST_BYTES);
    buf_init(&helper.out, SESSION_LINE_BYTES);
    while (helper.event && read_some(&helper) && answer_lines(&helper))
        ;
    buf_done(&helper.in);
    buf_done(&helper.out);
    if (helper.event)
        CloseHandle(helper.event);
    CloseHandle(helper.pipe);
    return 0;
}
