/* Processes on Windows. Children die with us through a job object; notices are named events; a
 * child is asked to end by a Ctrl+Break of its own process group in our hidden console. */
#include "host/process.h"

#include "common/command_line.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define COMMAND_LINE_UNITS 32767
#define EVENT_NAME_BYTES   160
#define TICK_MS            100

struct process_child {
    HANDLE process, job;
    DWORD pid;
};

static HANDLE notice_event;

static bool failed(DWORD code, const char *what, struct err *err)
{
    return err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_HOST_PROCESS_START, what, NULL);
}

static bool command_line(const char *const *args, uint16_t **ret_line, struct err *err)
{
    struct buf line;
    bool ok;

    buf_init(&line, COMMAND_LINE_UNITS);
    command_line_put_all(&line, args);
    ok = !line.failed && utf16_from_utf8(buf_str(&line), ret_line, err);
    if (line.failed)
        failed(ERROR_FILENAME_EXCED_RANGE, args[0], err);
    buf_done(&line);
    return ok;
}

/* Starts path with the three standard handles, the only ones that the new process inherits. */
static bool start(const char *path,
                  const char *const *args,
                  DWORD flags,
                  HANDLE in,
                  HANDLE out,
                  PROCESS_INFORMATION *ret_info,
                  struct err *err)
{
    uint16_t *path16 = NULL, *line = NULL;
    LPPROC_THREAD_ATTRIBUTE_LIST list = NULL;
    HANDLE inherited[2] = {in, out};
    STARTUPINFOEXW info = {.StartupInfo = {.cb = sizeof info}};
    SIZE_T size = 0;
    bool ok = false;

    if (!utf16_from_utf8(path, &path16, err) || !command_line(args, &line, err))
        goto out;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    list = malloc(size);
    if (!list) {
        err_no_memory(err);
        goto out;
    }
    if (!InitializeProcThreadAttributeList(list, 1, 0, &size) ||
        !UpdateProcThreadAttribute(list,
                                   0,
                                   PROC_THREAD_ATTRIBUTE_HANDLE_LIST,
                                   inherited,
                                   (in == out ? 1 : 2) * sizeof *inherited,
                                   NULL,
                                   NULL)) {
        failed(GetLastError(), path, err);
        goto out;
    }
    info.lpAttributeList = list;
    info.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    info.StartupInfo.hStdInput = in;
    info.StartupInfo.hStdOutput = info.StartupInfo.hStdError = out;
    ok = CreateProcessW((const WCHAR *)path16,
                        (WCHAR *)line,
                        NULL,
                        NULL,
                        TRUE,
                        flags | EXTENDED_STARTUPINFO_PRESENT,
                        NULL,
                        NULL,
                        &info.StartupInfo,
                        ret_info);
    if (!ok)
        failed(GetLastError(), path, err);

out:
    free(list);
    free(line);
    free(path16);
    return ok;
}

static HANDLE open_null(void)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};

    return CreateFileW(L"NUL",
                       GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE,
                       &inherit,
                       OPEN_EXISTING,
                       0,
                       NULL);
}

bool process_start_detached(const char *path,
                            const char *const *args,
                            int64_t *ret_pid,
                            struct err *err)
{
    PROCESS_INFORMATION info;
    HANDLE null = open_null();
    bool ok;

    if (null == INVALID_HANDLE_VALUE)
        return failed(GetLastError(), path, err);
    /* a hidden console of its own, through which the machine process can ask its child to end */
    ok = start(path, args, CREATE_NO_WINDOW | CREATE_BREAKAWAY_FROM_JOB, null, null, &info, NULL) ||
         start(path, args, CREATE_NO_WINDOW, null, null, &info, err);
    CloseHandle(null);
    if (!ok)
        return false;
    *ret_pid = (int64_t)info.dwProcessId;
    CloseHandle(info.hThread);
    CloseHandle(info.hProcess);
    return true;
}

/* Hands on what is there, or nothing; *ret_end at the end of the pipe. */
static bool drain(HANDLE pipe, process_output output, void *user, bool *ret_end, struct err *err)
{
    char bytes[4096];
    DWORD there = 0, got = 0;

    *ret_end = !PeekNamedPipe(pipe, NULL, 0, NULL, &there, NULL);
    if (there && !ReadFile(pipe, bytes, there < sizeof bytes ? there : sizeof bytes, &got, NULL))
        *ret_end = true;
    return output(bytes, got, user, err);
}

/* Waits for the end of the program, with its output. */
static bool follow(HANDLE process, HANDLE pipe, process_output output, void *user, struct err *err)
{
    bool end = false;
    DWORD there = 0;

    while (drain(pipe, output, user, &end, err)) {
        /* a pipe of this kind cannot be waited for together with a process */
        if (!end && PeekNamedPipe(pipe, NULL, 0, NULL, &there, NULL) && there)
            continue;
        if (WaitForSingleObject(process, TICK_MS) == WAIT_OBJECT_0 && end)
            return true;
    }
    return false;
}

bool process_watch(const char *path,
                   const char *const *args,
                   process_output output,
                   void *user,
                   int *ret_code,
                   struct err *err)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    HANDLE read_end = NULL, write_end = NULL, null = open_null();
    PROCESS_INFORMATION info = {0};
    DWORD code = 0;
    bool ok = false;

    if (null == INVALID_HANDLE_VALUE || !CreatePipe(&read_end, &write_end, &inherit, 1 << 16) ||
        !SetHandleInformation(read_end, HANDLE_FLAG_INHERIT, 0)) {
        failed(GetLastError(), path, err);
        goto out;
    }
    if (!start(path, args, CREATE_NO_WINDOW, null, write_end, &info, err))
        goto out;
    CloseHandle(write_end);
    write_end = NULL;
    ok = follow(info.hProcess, read_end, output, user, err) &&
         (GetExitCodeProcess(info.hProcess, &code) || failed(GetLastError(), path, err));

out:
    if (info.hProcess) {
        if (!ok) {
            TerminateProcess(info.hProcess, 1);
            WaitForSingleObject(info.hProcess, INFINITE);
        }
        CloseHandle(info.hProcess);
        CloseHandle(info.hThread);
    }
    if (read_end)
        CloseHandle(read_end);
    if (write_end)
        CloseHandle(write_end);
    if (null != INVALID_HANDLE_VALUE)
        CloseHandle(null);
    if (ok)
        *ret_code = (int)code;
    return ok;
}

int64_t process_self(void)
{
    return (int64_t)GetCurrentProcessId();
}

static HANDLE named_event(const char *token, bool create)
{
    char name[EVENT_NAME_BYTES];
    uint16_t *name16;
    HANDLE event;

    snprintf(name, sizeof name, "Local\\gpupv-%s", token);
    if (!utf16_from_utf8(name, &name16, NULL))
        return NULL;
    event = create ? CreateEventW(NULL, FALSE, FALSE, (const WCHAR *)name16)
                   : OpenEventW(EVENT_MODIFY_STATE, FALSE, (const WCHAR *)name16);
    free(name16);
    return event;
}

bool process_serve(const char *token, struct err *err)
{
    notice_event = named_event(token, true);
    return notice_event || failed(GetLastError(), token, err);
}

bool process_notice(int64_t pid, const char *token, struct err *err)
{
    HANDLE event = named_event(token, false);
    DWORD code = event ? 0 : GetLastError();

    (void)pid;
    if (!event)
        return code == ERROR_FILE_NOT_FOUND || failed(code, token, err);
    SetEvent(event);
    CloseHandle(event);
    return true;
}

bool process_kill(int64_t pid, struct err *err)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, (DWORD)pid);
    DWORD code = process ? 0 : GetLastError();
    char number[24];

    text_num(number, pid);
    if (!process)
        return code == ERROR_INVALID_PARAMETER ||
               err_set_os(
                   err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_HOST_PROCESS_END, number, NULL);
    TerminateProcess(process, 1);
    WaitForSingleObject(process, INFINITE);
    CloseHandle(process);
    return true;
}

static HANDLE job_new(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation = {.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE}};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    if (job)
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return job;
}

static HANDLE open_log(const char *path)
{
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    HANDLE log = INVALID_HANDLE_VALUE;
    uint16_t *path16;

    if (!utf16_from_utf8(path, &path16, NULL))
        return INVALID_HANDLE_VALUE;
    log = CreateFileW((const WCHAR *)path16,
                      FILE_APPEND_DATA,
                      FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                      &inherit,
                      OPEN_ALWAYS,
                      FILE_ATTRIBUTE_NORMAL,
                      NULL);
    free(path16);
    return log;
}

bool process_child_start(const char *path,
                         const char *const *args,
                         const char *log_path,
                         struct process_child **ret_child,
                         struct err *err)
{
    struct process_child *child = calloc(1, sizeof *child);
    HANDLE null = open_null(), log = open_log(log_path);
    PROCESS_INFORMATION info = {0};
    bool ok = false;

    if (!child) {
        err_no_memory(err);
        goto out;
    }
    child->job = job_new();
    if (!child->job || null == INVALID_HANDLE_VALUE || log == INVALID_HANDLE_VALUE) {
        failed(GetLastError(), log_path, err);
        goto out;
    }
    if (!start(path, args, CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP, null, log, &info, err))
        goto out;
    child->process = info.hProcess;
    child->pid = info.dwProcessId;
    if (!AssignProcessToJobObject(child->job, info.hProcess)) {
        failed(GetLastError(), path, err);
        goto out;
    }
    ResumeThread(info.hThread);
    ok = true;

out:
    if (info.hThread)
        CloseHandle(info.hThread);
    if (null != INVALID_HANDLE_VALUE)
        CloseHandle(null);
    if (log != INVALID_HANDLE_VALUE)
        CloseHandle(log);
    if (ok)
        *ret_child = child;
    else
        process_child_free(child);
    return ok;
}

bool process_child_wait(struct process_child *child,
                        int64_t timeout_ms,
                        enum process_event *ret_event,
                        int *ret_code,
                        struct err *err)
{
    HANDLE handles[2] = {notice_event, child ? child->process : NULL};
    DWORD count = handles[1] ? 2 : 1, code = 0;
    DWORD timeout = timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms;

    switch (WaitForMultipleObjects(count, handles, FALSE, timeout)) {
    case WAIT_OBJECT_0:
        *ret_event = PROCESS_NOTICED;
        return true;
    case WAIT_OBJECT_0 + 1:
        if (!child || !GetExitCodeProcess(child->process, &code))
            break;
        CloseHandle(child->process);
        child->process = NULL;
        *ret_event = PROCESS_EXITED;
        *ret_code = (int)code;
        return true;
    case WAIT_TIMEOUT:
        *ret_event = PROCESS_TIMEOUT;
        return true;
    default:
        break;
    }
    return failed(GetLastError(), "wait", err);
}

int64_t process_child_id(const struct process_child *child)
{
    return child ? (int64_t)child->pid : 0;
}

void process_child_ask(struct process_child *child)
{
    if (child && child->process)
        GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, child->pid);
}

void process_child_free(struct process_child *child)
{
    if (!child)
        return;
    if (child->process) {
        TerminateProcess(child->process, 1);
        WaitForSingleObject(child->process, INFINITE);
        CloseHandle(child->process);
    }
    if (child->job)
        CloseHandle(child->job);
    free(child);
}
