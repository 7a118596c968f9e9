/* The process that asks, and what its exit code means. */
#include "guest/machine/windows/gpu_encode_win32.h"
#include "guest/machine/windows/gpu_adapter_win32.h"
#include "guest/machine/windows/gpu_nvenc_win32.h"
#include "guest/machine/windows/gpu_vendor_win32.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wtsapi32.h>

#define VENDOR_NVIDIA 0x10DEu

/* Numbers that nothing else ends with. */
enum { EXIT_OPENS = 40, EXIT_FAILS = 41, EXIT_LIBRARY = 42, EXIT_UNKNOWN = 43 };

static const struct {
    DWORD code;
    int32_t status;
} exits[] = {
    {EXIT_OPENS, GPU_ENCODE_OK},
    {EXIT_FAILS, GPU_ENCODE_FAILED},
    {EXIT_LIBRARY, GPU_ENCODE_LIBRARY},
};

#define CRASH 0xC0000000u /* exit codes from here on are exceptions: the driver's doing */

/* ---- the process that asks ---- */

int machine_encode_probe(void)
{
    struct gpu_kernel_facts *facts = calloc(1, sizeof *facts);
    enum gpu_encoder encoder = GPU_ENCODER_UNKNOWN;

    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    if (facts && gpu_kernel_query(facts, NULL) && facts->present)
        encoder = facts->vendor == VENDOR_NVIDIA ? gpu_nvenc_open(&facts->luid)
                                                 : gpu_vendor_open(facts->vendor, &facts->luid);
    free(facts);
    switch (encoder) {
    case GPU_ENCODER_OPENS:
        return EXIT_OPENS;
    case GPU_ENCODER_FAILS:
        return EXIT_FAILS;
    case GPU_ENCODER_LIBRARY:
        return EXIT_LIBRARY;
    default:
        return EXIT_UNKNOWN;
    }
}

/* ---- the agent's side ---- */

/* Our own token in the console session: encoders may refuse session 0 [probe]. NULL where we are
 * not the system, or nobody has a console; the process then runs where we do. */
static HANDLE console_token(void)
{
    DWORD session = WTSGetActiveConsoleSessionId(), own = 0;
    HANDLE mine = NULL, token = NULL;

    if (session == 0xFFFFFFFF || !ProcessIdToSessionId(GetCurrentProcessId(), &own) ||
        own == session)
        return NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &mine))
        return NULL;
    if (DuplicateTokenEx(
            mine, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, &token) &&
        !SetTokenInformation(token, TokenSessionId, &session, sizeof session)) {
        CloseHandle(token);
        token = NULL;
    }
    CloseHandle(mine);
    return token;
}

/* Suspended, so that it is in the job before it does anything. */
static bool create(const uint16_t *path, uint16_t *command, PROCESS_INFORMATION *ret_process)
{
    const DWORD flags = CREATE_SUSPENDED | CREATE_NO_WINDOW | BELOW_NORMAL_PRIORITY_CLASS;
    STARTUPINFOW startup = {.cb = sizeof startup};
    HANDLE token = console_token();
    bool ok =
        token &&
        CreateProcessAsUserW(
            token, path, command, NULL, NULL, FALSE, flags, NULL, NULL, &startup, ret_process);

    if (token)
        CloseHandle(token);
    return ok || CreateProcessW(
                     path, command, NULL, NULL, FALSE, flags, NULL, NULL, &startup, ret_process);
}

static HANDLE make_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {.BasicLimitInformation.LimitFlags =
                                                       JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
                                                       JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    if (job &&
        !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits)) {
        CloseHandle(job);
        job = NULL;
    }
    return job;
}

/* The process's exit code; EXIT_FAILS for one that does not come to an end: neither would Parsec.
 */
static DWORD await(HANDLE job, PROCESS_INFORMATION *process)
{
    DWORD code = EXIT_FAILS;

    if (!AssignProcessToJobObject(job, process->hProcess)) {
        TerminateProcess(process->hProcess, EXIT_UNKNOWN);
        code = EXIT_UNKNOWN;
    } else {
        ResumeThread(process->hThread);
        if (WaitForSingleObject(process->hProcess, GPU_ENCODE_MS) == WAIT_OBJECT_0)
            GetExitCodeProcess(process->hProcess, &code);
    }
    CloseHandle(process->hThread);
    CloseHandle(process->hProcess);
    return code;
}

static bool run(const char *program, DWORD *ret_code, struct err *err)
{
    uint16_t *path = NULL, command[FS_PATH_BYTES + 32];
    PROCESS_INFORMATION process;
    HANDLE job = NULL;
    bool ok = false;

    if (!utf16_from_utf8(program, &path, err))
        return false;
    swprintf(
        command, sizeof command / sizeof command[0], L"\"%ls\" %hs", path, GPU_ENCODE_ARGUMENT);
    job = make_job();
    if (!job || !create(path, command, &process)) {
        err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)GetLastError(), TEXT_DEVICE_PROBE_START, NULL);
        goto out;
    }
    *ret_code = await(job, &process);
    ok = true;

out:
    if (job)
        CloseHandle(job);
    free(path);
    return ok;
}

bool gpu_encode_run(int32_t *ret_status, struct err *err)
{
    struct gpu_kernel_facts *facts = calloc(1, sizeof *facts);
    char program[FS_PATH_BYTES];
    DWORD code = EXIT_UNKNOWN;
    bool ok, present;

    if (!facts)
        return err_no_memory(err);
    ok = gpu_kernel_query(facts, err);
    present = ok && facts->present;
    free(facts);
    if (!ok)
        return false;
    if (!present) { /* nothing to open one on */
        *ret_status = GPU_ENCODE_FAILED;
        return true;
    }
    if (!fs_self_path(program, sizeof program, err) || !run(program, &code, err))
        return false;
    if (code >= CRASH)
        code = EXIT_FAILS;
    for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++) {
        if (exits[i].code == code) {
            *ret_status = exits[i].status;
            return true;
        }
    }
    return err_set(err, ERR_UNSUPPORTED, TEXT_DEVICE_PROBE_OPEN, NULL);
}
