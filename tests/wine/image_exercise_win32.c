/*
 * image_exercise: the disks of Windows made and used as the product does it, for the scripts.
 * Prints the error and its hint; exit code 0 or 1.
 *
 *   build OUT WIM|ISO INSIDE|- INDEX [CANCEL [ex]]   a whole disk with what the agent needs in it;
 *                                               cancelled from CANCEL permille on (0: never); `ex`:
 *                                               with the loader of the authority of 2023
 *   faults OUT WIM|ISO INSIDE|- FROM TO         the same with the n-th call of Windows failing, for
 *                                               each n: one error, nothing left
 *   calls                                       how many calls a build makes, after `build`
 *   child OUT PARENT                            a differencing disk
 *   copy OUT SOURCE [instant]                   a disk of its own
 *   preflight OUT                               whether a disk can be made there
 *   attach DISK read|write                      attaches, lists what the root folders hold, lets go
 *   hold ISO|DISK SECONDS                       keeps it attached
 */
#include "host/image/build.h"
#include "host/image/windows/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_BYTES ((uint64_t)2 << 30)
#define STATE_KEY  L"Software\\gpupv-emulator\\image"

/* Short enough for tests, which play what never ends. */
static const struct windows_limits limits = {
    .silence_ms = 3000, .tool_ms = 4000, .volume_ms = 2000};

static int say(bool ok, const struct err *err)
{
    char text[1024];

    if (ok) {
        puts("done");
        return 0;
    }
    printf("%s: %s\n", err_kind_name(err->kind), err_message(err, TEXT_EN, text, sizeof text));
    printf("hint: %s\n", err_hint_text(err, TEXT_EN, text, sizeof text));
    return 1;
}

static bool on_progress(const struct build_progress *progress, void *user)
{
    const unsigned *cancel = user;

    return !*cancel || progress->permille < *cancel;
}

/* What goes into a disk, in small: every kind of item of a plan. */
static bool make_plan(struct plan **ret_plan, struct err *err)
{
    struct plan_hive *hive;

    return plan_new(ret_plan, err) &&
           plan_folder(*ret_plan, "ProgramData/agent", IMAGE_ACL_PRIVATE, err) &&
           plan_data(*ret_plan, "ProgramData/agent/key", "key", 3, IMAGE_ACL_PRIVATE, 0, err) &&
           plan_folder(*ret_plan, "Program Files/agent", IMAGE_ACL_PROGRAM, err) &&
           plan_file(*ret_plan,
                     "Program Files/agent/program",
                     "program",
                     IMAGE_ACL_INHERIT,
                     PLAN_REPLACE,
                     err) &&
           plan_remove(*ret_plan, "Windows/old", err) &&
           plan_hive(*ret_plan, PLAN_SYSTEM, &hive, err) &&
           plan_set_dword(hive, "CurrentControlSet\\Services\\agent", "Start", 2, err);
}

static bool build(struct image_port *port,
                  char **words, /* OUT FILE INSIDE */
                  unsigned index,
                  unsigned cancel,
                  bool ex,
                  struct err *err)
{
    const char *out = words[0], *file = words[1], *inside = words[2];
    bool ok;
    struct build_request request = {
        .path = out,
        .size_bytes = SIZE_BYTES,
        .source = {.path = file, .inside = strcmp(inside, "-") ? inside : NULL, .index = index},
        .boot = {.locale = "en-US", .ca_2023 = ex}};
    struct build_watch watch = {.on_progress = on_progress, .user = &cancel};

    ok = make_plan(&request.plan, err) && build_disk(port, &request, &watch, err);
    plan_free(request.plan);
    return ok;
}

static DWORD state_number(const WCHAR *name)
{
    DWORD value = 0, size = sizeof value;

    RegGetValueW(HKEY_LOCAL_MACHINE, STATE_KEY, name, RRF_RT_REG_DWORD, NULL, &value, &size);
    return value;
}

static void set_state_number(const WCHAR *name, DWORD value)
{
    RegSetKeyValueW(HKEY_LOCAL_MACHINE, STATE_KEY, name, REG_DWORD, &value, sizeof value);
}

static DWORD open_count(void)
{
    HMODULE emulator = GetModuleHandleW(L"virtdisk.dll");
    FARPROC found = emulator ? GetProcAddress(emulator, "EmulatorOpenCount") : NULL;
    DWORD(WINAPI * count)(void);

    if (!found)
        return 0;
    memcpy(&count, &found, sizeof count);
    return count();
}

static bool is_missing(const char *path)
{
    struct fs_stat stat;

    return fs_stat(path, &stat, NULL) && stat.kind == FS_MISSING;
}

/* One sentence, in which no argument is missing. */
static bool tells_once(unsigned n, const struct err *err)
{
    char text[1024];

    err_message(err, TEXT_EN, text, sizeof text);
    if (*text && !strchr(text, '\n') && !strchr(text, '{'))
        return true;
    printf("call %u: %s\n", n, text);
    return false;
}

/* One build whose n-th call fails. Some calls may fail without harm: then the disk is whole. */
static bool faulty_build(struct image_port *port, char **words, unsigned n, unsigned *failures)
{
    struct err err = ERR_INIT;
    bool ok;

    set_state_number(L"FailCall", state_number(L"Calls") + n);
    ok = build(port, words, 1, 0, false, &err);
    set_state_number(L"FailCall", 0);
    if (open_count()) {
        printf("call %u: %lu things are open\n", n, (unsigned long)open_count());
        return false;
    }
    if (ok) {
        if (!port->disk->remove(port, words[0], &err))
            return say(false, &err) == 0;
        return true;
    }
    ++*failures;
    if (!err_is_set(&err) || err.message == TEXT_NONE || !is_missing(words[0])) {
        printf("call %u: no error, or the disk is still there\n", n);
        return false;
    }
    return tells_once(n, &err);
}

static int faults(struct image_port *port, char **words)
{
    unsigned from = (unsigned)atoi(words[3]), to = (unsigned)atoi(words[4]), failures = 0;

    for (unsigned n = from; n <= to; n++)
        if (!faulty_build(port, words, n, &failures))
            return 1;
    printf("%u of %u builds failed as they should\n", failures, to - from + 1);
    return failures * 2 > to - from ? 0 : 1;
}

static bool attach(struct image_port *port, const char *path, bool write, struct err *err)
{
    struct image_disk *disk = NULL;
    struct image_volume *volume = NULL;
    struct fs_stat stat;
    bool ok = port->disk->attach(port, path, write ? IMAGE_WRITE : IMAGE_READ, &disk, err) &&
              port->disk->volume(port, disk, IMAGE_WINDOWS, &volume, err) &&
              port->tree->stat(port, volume, "Windows", &stat, err);

    if (ok)
        printf("Windows is %s\n", stat.kind == FS_FOLDER ? "there" : "missing");
    return port->disk->detach(port, disk, ok ? err : NULL) && ok;
}

static bool hold(const char *path, unsigned seconds, struct err *err)
{
    size_t length = strlen(path);
    HANDLE handle = NULL;
    unsigned number = 0;
    bool ours = true, iso = length > 4 && !_stricmp(path + length - 4, ".iso");

    if (!privilege_enable_all(err))
        return false;
    if (!(iso ? virtdisk_attach_iso(path, &handle, &number, &ours, err)
              : virtdisk_attach(path, IMAGE_WRITE, &handle, &number, err)))
        return false;
    puts("held");
    fflush(stdout);
    Sleep(seconds * 1000);
    return virtdisk_release(handle, path, ours, err);
}

static int run(struct image_port *port, int count, char **words)
{
    struct err err = ERR_INIT;
    const char *what = words[0];

    if (!strcmp(what, "build") && count >= 5)
        return say(build(port,
                         words + 1,
                         (unsigned)atoi(words[4]),
                         count > 5 ? (unsigned)atoi(words[5]) : 0,
                         count > 6 && !strcmp(words[6], "ex"),
                         &err),
                   &err);
    if (!strcmp(what, "faults") && count == 6)
        return faults(port, words + 1);
    if (!strcmp(what, "calls"))
        return printf("%lu\n", (unsigned long)state_number(L"Calls")) < 0;
    if (!strcmp(what, "child") && count == 3)
        return say(port->disk->create_child(port, words[1], words[2], &err), &err);
    if (!strcmp(what, "copy") && count >= 3)
        return say(port->file->copy(port, words[1], words[2], count > 3, NULL, NULL, &err), &err);
    if (!strcmp(what, "preflight") && count == 2)
        return say(port->file->preflight(port, words[1], &err), &err);
    if (!strcmp(what, "attach") && count == 3)
        return say(attach(port, words[1], !strcmp(words[2], "write"), &err), &err);
    if (!strcmp(what, "hold") && count == 3)
        return say(hold(words[1], (unsigned)atoi(words[2]), &err), &err);
    return 64;
}

int main(int argc, char **argv)
{
    struct image_port *port = NULL;
    struct err err = ERR_INIT;
    int code;

    if (argc < 2 || !windows_open("work", &limits, &port, &err))
        return argc < 2 ? 64 : say(false, &err);
    code = run(port, argc - 1, argv + 1);
    image_free(port);
    return code;
}
