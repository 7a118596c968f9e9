/* dbghelp is loaded when it is needed: an agent that is well does without it. */
#include "guest/crash.h"

#include "common/clock.h"
#include "common/fs_win32.h"
#include "common/log.h"
#include "guest/event_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dbghelp.h>

#define PREFIX "agent-"
#define SUFFIX ".dmp"

/* Stack memory is written only as far as a stack trace needs it: it may hold keys. */
#define DUMP_TYPE                                                                                  \
    (MiniDumpFilterMemory | MiniDumpWithThreadInfo | MiniDumpWithUnloadedModules |                 \
     MiniDumpIgnoreInaccessibleMemory)

typedef BOOL(WINAPI *write_dump)(HANDLE,
                                 DWORD,
                                 HANDLE,
                                 MINIDUMP_TYPE,
                                 PMINIDUMP_EXCEPTION_INFORMATION,
                                 PMINIDUMP_USER_STREAM_INFORMATION,
                                 PMINIDUMP_CALLBACK_INFORMATION);

static char watched_folder[FS_PATH_BYTES];
static volatile LONG crashing;

/* ---- keeping few ---- */

struct oldest {
    char name[FS_NAME_BYTES];
    unsigned count;
};

static bool on_entry(const char *name, enum fs_kind kind, void *user)
{
    struct oldest *oldest = user;
    size_t length = strlen(name);

    if (kind != FS_FILE || strncmp(name, PREFIX, strlen(PREFIX)) != 0 || length < strlen(SUFFIX) ||
        strcmp(name + length - strlen(SUFFIX), SUFFIX) != 0)
        return true;
    oldest->count++;
    if (!oldest->name[0] || strcmp(name, oldest->name) < 0) /* names begin with their time */
        text_copy(oldest->name, sizeof oldest->name, name);
    return true;
}

static void prune(const char *folder)
{
    for (int i = 0; i < CRASH_KEPT; i++) {
        struct oldest oldest = {.count = 0};
        char path[FS_PATH_BYTES];

        if (!fs_list(folder, on_entry, &oldest, NULL) || oldest.count < CRASH_KEPT ||
            !fs_join(path, folder, oldest.name, NULL) || !fs_remove(path, NULL))
            return;
    }
}

/* ---- writing ---- */

static HANDLE create_private(const char *path, struct err *err)
{
    struct fs_security security = {.use = NULL};
    HANDLE file = INVALID_HANDLE_VALUE;
    uint16_t *wide = NULL;

    if (fs_security_init(&security, FS_PRIVATE, err) && fs_wide(path, &wide, err)) {
        file = CreateFileW((const WCHAR *)wide,
                           GENERIC_READ | GENERIC_WRITE,
                           FILE_SHARE_READ,
                           security.use,
                           CREATE_NEW,
                           FILE_ATTRIBUTE_NORMAL,
                           NULL);
        if (file == INVALID_HANDLE_VALUE)
            fs_fail(GetLastError(), TEXT_FILE_WRITE, path, err);
    }
    free(wide);
    fs_security_done(&security);
    return file;
}

static bool make_path(const char *folder, char *ret_path, struct err *err)
{
    char name[64], below[FS_PATH_BYTES];

    /* milliseconds since 1970 have the same number of digits for centuries: names sort by time */
    snprintf(name,
             sizeof name,
             PREFIX "%lld-%lu" SUFFIX,
             (long long)clock_wall_ms(clock_system()),
             (unsigned long)GetCurrentProcessId());
    if (!fs_join(below, folder, CRASH_FOLDER, err) || !fs_make_dirs(below, FS_PRIVATE, err))
        return false;
    prune(below);
    return fs_join(ret_path, below, name, err);
}

static bool write_to(const char *path, EXCEPTION_POINTERS *pointers, struct err *err)
{
    MINIDUMP_EXCEPTION_INFORMATION exception = {
        .ThreadId = GetCurrentThreadId(), .ExceptionPointers = pointers, .ClientPointers = FALSE};
    HMODULE library = LoadLibraryExW(L"dbghelp.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);
    FARPROC address = library ? GetProcAddress(library, "MiniDumpWriteDump") : NULL;
    write_dump write = NULL;
    HANDLE file;
    DWORD code = 0;

    if (!address)
        return fs_fail(GetLastError(), TEXT_CRASH_DUMP, path, err);
    memcpy(&write, &address, sizeof write);
    file = create_private(path, err);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    if (!write(GetCurrentProcess(),
               GetCurrentProcessId(),
               file,
               (MINIDUMP_TYPE)DUMP_TYPE,
               pointers ? &exception : NULL,
               NULL,
               NULL))
        code = GetLastError() ? GetLastError() : ERROR_GEN_FAILURE;
    if (!code)
        FlushFileBuffers(file);
    CloseHandle(file);
    return !code || err_set_os(err, ERR_DOMAIN_HRESULT, (int32_t)code, TEXT_CRASH_DUMP, path, NULL);
}

bool crash_dump(const char *folder, char *ret_path, struct err *err)
{
    return make_path(folder, ret_path, err) && write_to(ret_path, NULL, err);
}

/* ---- crashes ---- */

static void crashed(EXCEPTION_POINTERS *pointers, DWORD exception)
{
    char path[FS_PATH_BYTES] = "", code[16];
    struct err err = ERR_INIT;

    if (InterlockedExchange(&crashing, 1))
        return; /* the dump itself crashed, or a second thread did */
    if (!make_path(watched_folder, path, &err) || !write_to(path, pointers, &err)) {
        log_err(LOG_ERROR, "crash", "no dump", &err);
        text_copy(path, sizeof path, "-");
    }
    snprintf(code, sizeof code, "0x%08lX", (unsigned long)exception);
    log_write(LOG_ERROR, "crash", "exception %s: %s", code, path);
    event_log_report(EVENT_CRASHED, code, path);
}

static LONG WINAPI on_exception(EXCEPTION_POINTERS *pointers)
{
    DWORD code = pointers->ExceptionRecord->ExceptionCode;

    crashed(pointers, code);
    TerminateProcess(GetCurrentProcess(), code);
    return EXCEPTION_EXECUTE_HANDLER;
}

void crash_watch(const char *folder)
{
    text_copy(watched_folder, sizeof watched_folder, folder);
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    SetUnhandledExceptionFilter(on_exception);
}
