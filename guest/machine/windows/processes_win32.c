/* Port of processes: what runs, by the name of its executable or by its full path. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/process_run_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/clock.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#include <tlhelp32.h>

#define END_MS     10000
#define PATH_UNITS 32768

/* What is looked for. */
struct pattern {
    uint16_t *text;
    bool is_path;
    WCHAR *room; /* PATH_UNITS for paths to compare */
};

static void pattern_done(struct pattern *pattern)
{
    free(pattern->text);
    free(pattern->room);
}

static bool pattern_init(struct pattern *pattern, const char *name, struct err *err)
{
    *pattern = (struct pattern){.is_path = strpbrk(name, "/\\") != NULL};
    if (!utf16_from_utf8(name, &pattern->text, err))
        return false;
    for (uint16_t *at = pattern->text; *at; at++)
        if (*at == '/')
            *at = '\\';
    pattern->room = calloc(PATH_UNITS, sizeof *pattern->room);
    if (pattern->room)
        return true;
    pattern_done(pattern);
    return err_no_memory(err);
}

static bool same(const WCHAR *a, const WCHAR *b)
{
    return CompareStringOrdinal(a, -1, b, -1, TRUE) == CSTR_EQUAL;
}

/* The executable of a process that is held open, so that its id cannot be somebody else's. */
static bool runs_it(const struct pattern *pattern, HANDLE process)
{
    DWORD units = PATH_UNITS;
    const WCHAR *name;

    if (!QueryFullProcessImageNameW(process, 0, pattern->room, &units))
        return false;
    if (pattern->is_path)
        return same(pattern->room, pattern->text);
    name = wcsrchr(pattern->room, L'\\');
    return same(name ? name + 1 : pattern->room, pattern->text);
}

static bool runs_it_by_id(const struct pattern *pattern, DWORD id)
{
    HANDLE process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, id);
    bool found = process && runs_it(pattern, process);

    if (process)
        CloseHandle(process);
    return found;
}

/* Calls visit with the id of each process whose executable has that file name; the first error is
 * told, after all of them. */
static bool
each(const struct pattern *pattern,
     bool (*visit)(const struct pattern *pattern, DWORD id, void *user, struct err *err),
     void *user,
     struct err *err)
{
    PROCESSENTRY32W entry = {.dwSize = sizeof entry};
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    const WCHAR *name = wcsrchr(pattern->text, L'\\');
    bool ok = true;
    BOOL more;

    if (all == INVALID_HANDLE_VALUE)
        return call_fail(GetLastError(), TEXT_WINDOWS_PROCESS_LIST, "", err);
    name = name ? name + 1 : pattern->text;
    for (more = Process32FirstW(all, &entry); more; more = Process32NextW(all, &entry))
        if (same(entry.szExeFile, name))
            ok = visit(pattern, entry.th32ProcessID, user, ok ? err : NULL) && ok;
    CloseHandle(all);
    return ok;
}

static bool count_one(const struct pattern *pattern, DWORD id, void *user, struct err *err)
{
    unsigned *count = user;

    (void)err;
    *count += !pattern->is_path || runs_it_by_id(pattern, id);
    return true;
}

static bool
count(struct processes_port *port, const char *name, unsigned *ret_count, struct err *err)
{
    struct pattern pattern;
    unsigned found = 0;
    bool ok;

    (void)port;
    if (!pattern_init(&pattern, name, err))
        return false;
    ok = each(&pattern, count_one, &found, err);
    pattern_done(&pattern);
    if (ok)
        *ret_count = found;
    return ok;
}

/* One that ended by itself meanwhile is fine. */
static bool end_one(const struct pattern *pattern, DWORD id, void *user, struct err *err)
{
    HANDLE process =
        OpenProcess(PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE, FALSE, id);
    DWORD code = 0;

    if (!process) {
        code = GetLastError();
        return code == ERROR_INVALID_PARAMETER ||
               call_fail(code, TEXT_WINDOWS_PROCESS_END, user, err);
    }
    if (runs_it(pattern, process) && id != GetCurrentProcessId()) {
        if (!TerminateProcess(process, ERROR_PROCESS_ABORTED))
            code = GetLastError();
        if (WaitForSingleObject(process, code ? 0 : END_MS) == WAIT_OBJECT_0)
            code = 0;
        else if (!code)
            code = ERROR_TIMEOUT;
    }
    CloseHandle(process);
    return !code || call_fail(code, TEXT_WINDOWS_PROCESS_END, user, err);
}

static bool terminate(struct processes_port *port, const char *name, struct err *err)
{
    char shown[FS_NAME_BYTES];
    struct pattern pattern;
    bool ok;

    (void)port;
    if (!pattern_init(&pattern, name, err))
        return false;
    ok = each(&pattern, end_one, (void *)text_copy(shown, sizeof shown, name), err);
    pattern_done(&pattern);
    return ok;
}

static bool run(struct processes_port *port,
                const struct process_run *what,
                struct process_result *ret_result,
                struct err *err)
{
    (void)port;
    return process_run_to_end(what, ret_result, err);
}

static const struct processes_ops ops = {.count = count, .terminate = terminate, .run = run};

bool windows_processes_new(struct processes_port **ret_port, struct err *err)
{
    struct processes_port *port = calloc(1, sizeof *port);

    if (!port)
        return err_no_memory(err);
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_processes_free(struct processes_port *port)
{
    free(port);
}
