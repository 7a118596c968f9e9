/* Programs that are run to their end. */
#include "guest/machine/windows/process_run_win32.h"

#include "guest/machine/windows/call_win32.h"
#include "common/trust_win32.h"

#include "common/clock.h"
#include "common/command_line.h"
#include "common/fs.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define LINE_BYTES  32767 /* CreateProcess takes as many units */
#define POLL_MS     50
#define KILL_MS     10000 /* for killed processes to be gone */
#define TEMP_FOLDER "gpupv-agent\\temp"

void *process_job_new(const char *what, struct err *err)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation = {.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                                                JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION}};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    if (job &&
        SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
        return job;
    call_fail(GetLastError(), TEXT_WINDOWS_PROGRAM_START, what, err);
    if (job)
        CloseHandle(job);
    return NULL;
}

/* ---- surroundings ---- */

/* The folder for temporary files: %windir%\Temp, which SYSTEM has, can be written by everybody. */
static bool make_temp(char path[FS_PATH_BYTES], struct err *err)
{
    char base[FS_PATH_BYTES];

    if (!fs_env("ProgramData", base, sizeof base))
        return call_fail(ERROR_ENVVAR_NOT_FOUND, TEXT_WINDOWS_FOLDER, "ProgramData", err);
    return fs_join(path, base, TEMP_FOLDER, err) && fs_make_dirs(path, FS_PRIVATE, err);
}

/* The length of the name of an entry "NAME=value"; names may begin with '='. */
static int name_units(const WCHAR *entry)
{
    const WCHAR *equals = *entry ? wcschr(entry + 1, L'=') : NULL;

    return equals ? (int)(equals - entry) : (int)wcslen(entry);
}

static int compare_names(const WCHAR *a, const WCHAR *b)
{
    return CompareStringOrdinal(a, name_units(a), b, name_units(b), TRUE) - CSTR_EQUAL;
}

static void put_entry(WCHAR **at, const WCHAR *entry)
{
    size_t units = wcslen(entry) + 1;

    memcpy(*at, entry, units * sizeof *entry);
    *at += units;
}

/* Our environment with the two entries instead of their namesakes, in the order of names that
 * Windows wants; the caller frees it. NULL when out of memory. */
static WCHAR *environment_with(const WCHAR *const entries[2])
{
    WCHAR *ours = GetEnvironmentStringsW();
    const WCHAR *from = ours;
    WCHAR *block, *at;
    size_t units = 1, next = 0;

    if (!ours)
        return NULL;
    while (*from)
        from += wcslen(from) + 1;
    units += (size_t)(from - ours) + wcslen(entries[0]) + wcslen(entries[1]) + 2;
    block = at = calloc(units, sizeof *block);
    for (from = ours; block && *from; from += wcslen(from) + 1) {
        while (next < 2 && compare_names(entries[next], from) < 0)
            put_entry(&at, entries[next++]);
        if (compare_names(from, entries[0]) != 0 && compare_names(from, entries[1]) != 0)
            put_entry(&at, from);
    }
    while (block && next < 2)
        put_entry(&at, entries[next++]);
    FreeEnvironmentStringsW(ours);
    return block;
}

static bool make_environment(const char *temp, WCHAR **ret_block, struct err *err)
{
    uint16_t *entries[2] = {NULL, NULL};
    char text[FS_PATH_BYTES + 8];
    WCHAR *block = NULL;
    static const char *const names[2] = {"TEMP", "TMP"};

    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%s=%s", names[i], temp);
        if (!utf16_from_utf8(text, &entries[i], err))
            goto out;
    }
    block = environment_with((const WCHAR *const *)entries);
    if (!block)
        err_no_memory(err);

out:
    free(entries[0]);
    free(entries[1]);
    *ret_block = block;
    return block != NULL;
}

static bool
make_line(const struct process_run *run, const char *path, WCHAR **ret_line, struct err *err)
{
    struct buf line;
    bool ok;

    buf_init(&line, LINE_BYTES - 1);
    command_line_put(&line, path);
    for (size_t i = 0; i < PROCESS_ARGS && run->args[i]; i++) {
        buf_puts(&line, " ");
        command_line_put(&line, run->args[i]);
    }
    ok = line.failed ? call_fail(ERROR_FILENAME_EXCED_RANGE, TEXT_WINDOWS_PROGRAM_START, path, err)
                     : utf16_from_utf8(buf_str(&line), ret_line, err);
    buf_done(&line);
    return ok;
}

/* ---- starting and waiting ---- */

struct running {
    const char *path;
    HANDLE job, process;
    int64_t end_ms;
};

/* Starts the program in a job that it cannot leave. */
static bool start(const struct process_run *run,
                  const char *path,
                  const char *temp,
                  struct running *running,
                  struct err *err)
{
    STARTUPINFOW startup = {
        .cb = sizeof startup, .dwFlags = STARTF_USESHOWWINDOW, .wShowWindow = SW_HIDE};
    uint16_t *path16 = NULL, *folder16 = NULL;
    WCHAR *line = NULL, *environment = NULL;
    PROCESS_INFORMATION info = {0};
    char folder[FS_PATH_BYTES];
    bool ok = false;

    text_copy(folder, sizeof folder, run->folder ? run->folder : path);
    if (!run->folder)
        fs_parent(folder);
    if (!utf16_from_utf8(path, &path16, err) || !utf16_from_utf8(folder, &folder16, err) ||
        !make_line(run, path, &line, err) || !make_environment(temp, &environment, err))
        goto out;
    running->job = process_job_new(path, err);
    if (!running->job)
        goto out;
    ok = CreateProcessW(path16,
                        line,
                        NULL,
                        NULL,
                        FALSE,
                        CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT,
                        environment,
                        folder16,
                        &startup,
                        &info) &&
         AssignProcessToJobObject(running->job, info.hProcess) &&
         ResumeThread(info.hThread) != (DWORD)-1;
    if (!ok)
        call_fail(GetLastError(), TEXT_WINDOWS_PROGRAM_START, path, err);
    if (!ok && info.hProcess)
        TerminateProcess(info.hProcess, 1);
    running->process = info.hProcess;
    if (info.hThread)
        CloseHandle(info.hThread);

out:
    free(environment);
    free(line);
    free(folder16);
    free(path16);
    return ok;
}

static DWORD time_left(const struct running *running)
{
    int64_t left = running->end_ms - clock_now_ms(clock_system());

    if (left <= 0)
        return 0;
    return left < INT32_MAX ? (DWORD)left : INT32_MAX;
}

static bool job_is_empty(HANDLE job)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION info;

    return !QueryInformationJobObject(
               job, JobObjectBasicAccountingInformation, &info, sizeof info, NULL) ||
           info.ActiveProcesses == 0;
}

/* A job tells reliably how many processes it has, but not when the last one goes. */
static bool wait_for_children(const struct running *running)
{
    while (!job_is_empty(running->job)) {
        if (!time_left(running))
            return false;
        Sleep(POLL_MS);
    }
    return true;
}

static bool
wait_for_end(const struct running *running, struct process_result *result, struct err *err)
{
    DWORD code = 0;

    switch (WaitForSingleObject(running->process, time_left(running))) {
    case WAIT_OBJECT_0:
        result->timed_out = !wait_for_children(running);
        break;
    case WAIT_TIMEOUT:
        result->timed_out = true;
        break;
    default:
        return call_fail(GetLastError(), TEXT_WINDOWS_PROGRAM_WAIT, running->path, err);
    }
    if (result->timed_out) {
        TerminateJobObject(running->job, ERROR_TIMEOUT);
        WaitForSingleObject(running->process, KILL_MS);
    }
    if (!GetExitCodeProcess(running->process, &code))
        return call_fail(GetLastError(), TEXT_WINDOWS_PROGRAM_WAIT, running->path, err);
    result->exit_code = (int32_t)code;
    return true;
}

bool process_run_to_end(const struct process_run *run,
                        struct process_result *ret_result,
                        struct err *err)
{
    struct process_result result = {0};
    struct running running = {.path = run->path};
    struct trust_file *file = NULL;
    char temp[FS_PATH_BYTES] = "";
    bool ok;

    if (!trust_file_open(run->path, run->sha256, run->publishers, &file, err))
        return false;
    running.end_ms = clock_now_ms(clock_system()) + run->deadline_ms;
    ok = make_temp(temp, err) && start(run, trust_file_path(file), temp, &running, err) &&
         wait_for_end(&running, &result, err);
    if (running.job)
        CloseHandle(running.job);
    if (running.process)
        CloseHandle(running.process);
    trust_file_close(file);
    /* what is left of a program that was killed; in use: next time */
    if (temp[0])
        fs_remove_tree(temp, NULL);
    if (ok)
        *ret_result = result;
    return ok;
}
