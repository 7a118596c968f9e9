#include "tests/wine/machine_world_win32.h"

#include "guest/machine/windows/windows.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

#include <windows.h>

#define FOLDER      "C:\\contract\\"
#define TOOL        "C:\\contract\\pnp.exe"
#define MERGED      FOLDER "merged.reg"
#define UMD         FOLDER "umd.dll"
#define STORE       "C:\\windows\\system32\\HostDriverStore\\FileRepository\\"
#define STAGED      STORE "nv_dispi.inf_amd64_1234567890abcdef\\nvldumdx.dll"
#define OWNER_EVENT "gpupv-contract-owner"
#define START_TRIES 5
#define RUN_MS      30000
#define OWNER_MS    15000
#define PING_MS     100
#define LINE_CHARS  (MAX_PATH + 32)

/* What arrangements are made of: registry files on top of the fresh machine. */
static const struct {
    const char *edit;
    const char *seeds[WORLD_SEEDS];
} arrangements[] = {
    {"display.adapter=ok", {"adapter.reg"}},
    {"display.adapter=missing", {NULL}},
    {"display.adapter=phantom", {"adapter.reg", "phantom.reg"}},
    {"display.adapter=code31", {"adapter.reg", "code31.reg"}},
    {"display.adapter=code43", {"adapter.reg", "code43.reg"}},
    {"display.driver=staged", {"store.reg"}},
    {"display.hyperv_video=enabled", {"adapter.reg"}},
    {"gpu.status=ok", {"adapter.reg"}},
    {"gpu.status=missing", {"adapter.reg", "nogpu.reg"}},
    {"gpu.driver=stale", {"adapter.reg", "stale.reg"}},
    {"audio.cable=ok", {"adapter.reg", "cable.reg"}},
    {"audio.cable=missing", {"adapter.reg"}},
    {"audio.cable=disabled", {"adapter.reg", "cable.reg", "nocable.reg"}},
};

static HANDLE owner;

/* ---- programs ---- */

static void start(const char *command, PROCESS_INFORMATION *ret_process)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    char line[LINE_CHARS];
    int tries = START_TRIES;

    /* under Wine a start was seen to fail on a busy machine, and not when tried again */
    do
        snprintf(line, sizeof line, "%s", command);
    while (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, ret_process) &&
           --tries);
    if (!tries)
        fail_msg("%s: not started, %lu", command, GetLastError());
    CloseHandle(ret_process->hThread);
}

static void run(const char *command)
{
    PROCESS_INFORMATION process;
    DWORD code = 255;

    start(command, &process);
    WaitForSingleObject(process.hProcess, RUN_MS);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hProcess);
    if (code != 0)
        fail_msg("%s: exit code %lu", command, code);
}

/* ---- the registry ---- */

/* Adds a file's keys to the merged one, without the line that every file begins with. */
static void append(FILE *merged, const char *name)
{
    char path[MAX_PATH], line[4096];
    FILE *file;

    snprintf(path, sizeof path, FOLDER "%s", name);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("%s: missing", path);
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "REGEDIT4", 8) != 0)
            fputs(line, merged);
    if (file)
        fclose(file);
    fputs("\r\n", merged);
}

/* All files as one: each start of a program costs. */
static void merge(const char *first, const char *const seeds[WORLD_SEEDS])
{
    FILE *merged = fopen(MERGED, "wb");

    assert_non_null(merged);
    fputs("REGEDIT4\r\n\r\n", merged);
    append(merged, first);
    for (size_t i = 0; i < WORLD_SEEDS && seeds[i]; i++)
        append(merged, seeds[i]);
    fclose(merged);
}

void world_make(const char *const seeds[WORLD_SEEDS])
{
    merge("fresh.reg", seeds);
    assert_true(CopyFileA(UMD, STAGED, FALSE));
    run(TOOL " renew " MERGED);
}

/* ---- another owner of the virtual display ---- */

int world_owner(void)
{
    HANDLE ready = OpenEventA(EVENT_MODIFY_STATE, FALSE, OWNER_EVENT);
    struct vdd_port *port = NULL;
    uint32_t index;

    if (!ready || !windows_vdd_new(&port, NULL) || !port->ops->open(port, NULL) ||
        !port->ops->add(port, &index, NULL))
        return 1;
    SetEvent(ready);
    while (port->ops->ping(port, NULL))
        Sleep(PING_MS);
    windows_vdd_free(port);
    return 0;
}

static bool begin_owner(void)
{
    HANDLE ready = CreateEventA(NULL, TRUE, FALSE, OWNER_EVENT);
    char self[MAX_PATH] = "", line[LINE_CHARS];
    PROCESS_INFORMATION process;
    DWORD waited;

    assert_non_null(ready);
    GetModuleFileNameA(NULL, self, sizeof self);
    snprintf(line, sizeof line, "\"%s\" " WORLD_OWNER, self);
    start(line, &process);
    owner = process.hProcess;
    waited = WaitForSingleObject(ready, OWNER_MS);
    CloseHandle(ready);
    assert_int_equal(waited, WAIT_OBJECT_0);
    return true;
}

void world_end(void)
{
    if (owner) {
        TerminateProcess(owner, 0);
        WaitForSingleObject(owner, RUN_MS);
        CloseHandle(owner);
    }
    owner = NULL;
}

/* ---- what is no registry file ---- */

static bool forget_publishers(void)
{
    LSTATUS status =
        RegDeleteTreeA(HKEY_LOCAL_MACHINE,
                       "Software\\Microsoft\\SystemCertificates\\TrustedPublisher\\Certificates");

    return status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND;
}

static bool stage_driver(void)
{
    return CopyFileA(UMD, STAGED, FALSE);
}

static bool truncate_driver(void)
{
    return DeleteFileA(STAGED);
}

static bool start_audio(void)
{
    struct services_port *services = NULL;
    bool ok = windows_services_new(&services, NULL) &&
              services->ops->start(services, "Audiosrv", RUN_MS, NULL);

    windows_services_free(services);
    return ok;
}

static bool stop_audio(void)
{
    struct services_port *services = NULL;
    bool ok = windows_services_new(&services, NULL) &&
              services->ops->stop(services, "Audiosrv", RUN_MS, NULL);

    windows_services_free(services);
    return ok;
}

/* One more endpoint, which was there first. */
static bool prefer_other(void)
{
    static const char *const seeds[WORLD_SEEDS] = {"adapter.reg", "cable.reg", "other.reg"};

    world_make(seeds);
    return start_audio();
}

/* Somebody disables it now: whoever watches hears of it. */
static bool disable_adapter(void)
{
    static const char *const seeds[WORLD_SEEDS] = {"adapter.reg"};
    struct devices_port *devices = NULL;
    struct device_list list = {.count = 0};
    bool reboot, ok;

    ok = windows_devices_new(&devices, NULL) &&
         devices->ops->list(devices, "Root\\Parsec\\VDA", &list, NULL);
    if (ok && !list.count) {
        world_make(seeds);
        ok = devices->ops->list(devices, "Root\\Parsec\\VDA", &list, NULL);
    }
    ok = ok && list.count == 1 &&
         devices->ops->disable(devices, list.items[0].instance, &reboot, NULL);
    windows_devices_free(devices);
    return ok;
}

static const struct {
    const char *edit;
    bool (*make)(void);
} acts[] = {
    {"display.adapter=disabled", disable_adapter},
    {"display.driver=untrusted", forget_publishers},
    {"display.owner=other", begin_owner},
    {"gpu.driver=current", stage_driver},
    {"gpu.driver=truncated", truncate_driver},
    {"audio.service=running", start_audio},
    {"audio.service=stopped", stop_audio},
    {"audio.default=other", prefer_other},
};

bool world_arrange(const char *edit)
{
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
        if (strcmp(acts[i].edit, edit) == 0)
            return acts[i].make();
    for (size_t i = 0; i < sizeof arrangements / sizeof arrangements[0]; i++) {
        if (strcmp(arrangements[i].edit, edit) != 0)
            continue;
        world_make(arrangements[i].seeds);
        return true;
    }
    return false;
}
