/* Installing and removing the agent, dying at every step and in the middle of those that have one:
 * whatever was left, the next install or uninstall finishes.
 *
 *   install_exercise PROGRAM DISK             all of it
 *   install_exercise PROGRAM DISK die WHAT N  installs or uninstalls, and dies at the N-th mark
 *   install_exercise PROGRAM DISK acl         only the rules of who may change a program's path
 *   install_exercise PROGRAM DISK libraries   only where libraries are loaded from
 *   install_exercise PROGRAM DISK dumps       only what is written of a crash: DISK gets the dumps
 *   install_exercise PROGRAM DISK crash       crashes
 *   install_exercise PROGRAM DISK release     asks the agent that runs on the disk to release it,
 * as the host does, through the door for administrators
 */
#include "guest/crash.h"
#include "guest/folder.h"
#include "guest/install_service_win32.h"
#include "guest/install_trust_win32.h"
#include "guest/local_client.h"

#include "common/command_line.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/ui/console.h"
#include "common/utf16.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARKS_MAX   64
#define LEAST_MARKS 6
#define DIED        77
#define CHILD_MS    60000

static const char *program, *disk, *self;
static char data[FS_PATH_BYTES];
static unsigned marks, die_at;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static void must(bool ok, const char *what, const struct err *err)
{
    char text[1024];

    if (ok)
        return;
    printf("%s: %s\n", what, err_message(err, TEXT_EN, text, sizeof text));
    exit(1);
}

static void on_progress(const struct steps_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    if (++marks == die_at)
        TerminateProcess(GetCurrentProcess(), DIED);
}

static const struct steps_watch watch = {.on_progress = on_progress};

/* ---- the two works ---- */

static bool install_program(const char *path, struct err *err)
{
    struct install_options options = {.program = path,
                                      .folder = data,
                                      .args = {"--simulate", disk, "--listen", "none"},
                                      .watch = &watch};
    bool changed = false;

    return install_run(&options, &changed, err);
}

static bool do_install(struct err *err)
{
    return install_program(program, err);
}

static bool do_uninstall(struct err *err)
{
    struct uninstall_options options = {.folder = data, .watch = &watch};
    bool later = false;

    return uninstall_run(&options, &later, err) && !later;
}

static const struct work {
    const char *name;
    bool (*run)(struct err *err);
} works[] = {{"install", do_install}, {"uninstall", do_uninstall}};

static const struct work *const installing = &works[0], *const uninstalling = &works[1];

/* ---- what must hold ---- */

static bool is_there(const char *folder, const char *name)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    must(fs_join(path, folder, name, NULL), "join", NULL);
    return fs_stat(path, &stat, NULL) && stat.kind != FS_MISSING;
}

static bool event_source_is_there(void)
{
    HKEY key = NULL;
    LONG code =
        RegOpenKeyExW(HKEY_LOCAL_MACHINE,
                      L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\gpupv-agent",
                      0,
                      KEY_READ,
                      &key);

    if (key)
        RegCloseKey(key);
    return code == 0;
}

static bool count_entry(const char *name, enum fs_kind kind, void *user)
{
    (void)name;
    (void)kind;
    ++*(unsigned *)user;
    return true;
}

static void all_is_installed(void)
{
    char folder[FS_PATH_BYTES], digest[2][DIGEST_HEX_BYTES];
    struct install_state state;
    unsigned files = 0;
    bool trigger = false;

    CHECK(install_look(&state, NULL));
    CHECK(state.service == INSTALL_RUNNING && state.automatic);
    CHECK(strcmp(state.disk, disk) == 0);
    CHECK(install_trigger_is_set(&trigger, NULL) && trigger);
    CHECK(event_source_is_there());
    CHECK(folder_program(folder, NULL));
    CHECK(fs_list(folder, count_entry, &files, NULL) && files == 1);
    CHECK(digest_file(folder, AGENT_PROGRAM, digest[0], NULL, NULL));
    text_copy(folder, sizeof folder, program);
    fs_parent(folder);
    CHECK(digest_file(folder, AGENT_PROGRAM, digest[1], NULL, NULL));
    CHECK(strcmp(digest[0], digest[1]) == 0);
    CHECK(!is_there(data, INSTALL_STEPS));
}

static void nothing_is_left(void)
{
    char folder[FS_PATH_BYTES];
    struct install_state state;

    CHECK(install_look(&state, NULL) && state.service == INSTALL_ABSENT);
    CHECK(!event_source_is_there());
    CHECK(folder_program(folder, NULL));
    CHECK(!is_there(folder, ""));
    CHECK(!is_there(data, ""));
}

/* ---- dying ---- */

/* Runs this program with more words, ended by NULL; its exit code. */
static DWORD run_child(const char *const *more)
{
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    uint16_t *line = NULL;
    DWORD code = 0;
    const char *args[8] = {self, program, disk};
    struct buf words;

    for (size_t i = 0; more[i]; i++)
        args[3 + i] = more[i];
    buf_init(&words, 4096);
    command_line_put_all(&words, args);
    CHECK(utf16_from_utf8(buf_str(&words), &line, NULL));
    buf_done(&words);
    CHECK(CreateProcessW(NULL, (WCHAR *)line, NULL, NULL, FALSE, 0, NULL, NULL, &start, &process));
    free(line);
    CHECK(WaitForSingleObject(process.hProcess, CHILD_MS) == WAIT_OBJECT_0);
    CHECK(GetExitCodeProcess(process.hProcess, &code));
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return code;
}

/* Runs `what` in a process that dies at its n-th mark; false when it came to its end before. */
static bool dies(const char *what, unsigned n)
{
    const char *const more[] = {"die", what, TEXT_NUM(n), NULL};
    DWORD code = run_child(more);

    CHECK(code == DIED || code == 0);
    return code == DIED;
}

/* From a machine with `before` installed (NULL: nothing): dies at each mark, then finished by an
 * install and an uninstall in turn, `first` first. */
static void die_everywhere(const char *before, const struct work *work, const struct work *first)
{
    struct err err = ERR_INIT;
    unsigned n = 1;

    for (; n < MARKS_MAX; n++) {
        const struct work *next = n % 2 ? first : first == installing ? uninstalling : installing;

        if (before)
            must(install_program(before, &err), "install before", &err);
        if (!dies(work->name, n))
            break;
        must(next->run(&err), next->name, &err);
        if (next == installing) {
            all_is_installed();
            must(do_uninstall(&err), "uninstall after", &err);
        }
        nothing_is_left();
    }
    must(do_uninstall(&err), "uninstall at the end", &err);
    printf("%s died at %u marks\n", work->name, n - 1);
    fflush(stdout);
    CHECK(n > LEAST_MARKS);
}

/* The same program with another digest: bytes behind the end of a program are not looked at. */
static void make_older(char *path)
{
    struct buf bytes;

    buf_init(&bytes, (size_t)64 << 20);
    snprintf(path, FS_PATH_BYTES, "%s.older.exe", program);
    CHECK(fs_read(program, bytes.max, &bytes, NULL) && buf_puts(&bytes, "older"));
    CHECK(fs_write_atomic(path, bytes.data, bytes.len, FS_PRIVATE, NULL));
    buf_done(&bytes);
}

/* ---- who may change a path ---- */

static void acl_rules(void)
{
    static const struct {
        const char *sddl;
        bool safe[3]; /* as program, as its folder, as a folder above */
    } rows[] = {
        /* C:\Program Files */
        {"O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
         "D:PAI(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)"
         "(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)"
         "(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)(A;;0x1200a9;;;AC)",
         {true, true, true}},
        /* C:\ : everybody who logged on may add folders */
        {"O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)"
         "(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)",
         {false, false, true}},
        /* C:\ProgramData: users may add files */
        {"O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)"
         "(A;CI;DCLCRPCR;;;BU)",
         {false, false, true}},
        {"O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)", {true, true, true}},
        {"O:BUD:P(A;;FA;;;SY)(A;;FA;;;BA)", {false, false, false}}, /* its owner is anybody */
        {"O:BAD:P(A;;FA;;;WD)", {false, false, false}},
        {"O:BAD:P(A;;0x1301bf;;;BU)", {false, false, false}}, /* modify */
        {"O:BAD:P(A;;SD;;;BU)", {false, false, false}},
        {"O:BAD:P(A;;WD;;;BU)", {false, false, false}},
        {"O:BAD:P(A;;WO;;;AU)", {false, false, false}},
        {"O:BAD:P(A;;DT;;;BU)", {true, false, false}}, /* delete child: of folders */
        {"O:BAD:P(A;;0x1200a9;;;BU)", {true, true, true}},
        {"O:BAD:P(D;;FA;;;BU)(A;;FA;;;BA)", {true, true, true}},
        {"O:BAD:P(A;OICIIO;FA;;;BU)", {true, true, true}}, /* only what is made below */
        {"O:BAD:P(XA;;FA;;;BU;(Member_of {BU}))", {false, false, false}},
        {"D:P(A;;FA;;;BA)", {false, false, false}}, /* no owner */
    };
    SID_IDENTIFIER_AUTHORITY nt = SECURITY_NT_AUTHORITY;
    PSID user = NULL;

    CHECK(AllocateAndInitializeSid(&nt, 5, 21, 1, 2, 3, 1001, 0, 0, 0, &user));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PSECURITY_DESCRIPTOR descriptor = NULL;
        BOOL present = FALSE, defaulted;
        uint16_t *sddl = NULL;
        PSID owner = NULL;
        PACL acl = NULL;

        CHECK(utf16_from_utf8(rows[i].sddl, &sddl, NULL));
        if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(
                (WCHAR *)sddl, SDDL_REVISION_1, &descriptor, NULL)) {
            printf("not understood here: %s\n", rows[i].sddl);
            free(sddl);
            continue;
        }
        GetSecurityDescriptorOwner(descriptor, &owner, &defaulted);
        GetSecurityDescriptorDacl(descriptor, &present, &acl, &defaulted);
        for (int place = 0; place < 3; place++)
            if (install_acl_is_safe((enum install_place)place, owner, acl, user) !=
                rows[i].safe[place]) {
                printf("place %d is judged wrongly: %s\n", place, rows[i].sddl);
                exit(1);
            }
        LocalFree(descriptor);
        free(sddl);
    }
    /* no list at all: everybody may do everything */
    CHECK(!install_acl_is_safe(INSTALL_PLACE_ANCESTOR, user, NULL, user));
    FreeSid(user);
}

/* ---- libraries ---- */

/* One that somebody put beside the program and into the folder that it is started in. */
static bool loads_planted(void)
{
    HMODULE module = LoadLibraryW(L"gpupv-planted.dll");

    if (module)
        FreeLibrary(module);
    return module != NULL;
}

static void library_rules(void)
{
    WCHAR source[MAX_PATH];
    HMODULE windows;

    CHECK(GetSystemDirectoryW(source, MAX_PATH - 16) != 0);
    CHECK(SetCurrentDirectoryW(L"C:\\") != FALSE);
    CHECK(CopyFileW(wcscat(source, L"\\version.dll"), L"gpupv-planted.dll", FALSE) != FALSE);
    CHECK(loads_planted());
    console_open();
    CHECK(!loads_planted());
    windows = LoadLibraryW(L"version.dll");
    CHECK(windows != NULL); /* Windows' own are still found */
    if (windows)
        FreeLibrary(windows);
    CHECK(DeleteFileW(L"gpupv-planted.dll") != FALSE);
}

/* ---- dumps ---- */

/* Nobody but the system and administrators may read the file, whatever its folder passes on. */
static void is_private(const char *path)
{
    static const WCHAR *const many[] = {L";;;WD)", L";;;BU)", L";;;AU)", L";;;IU)", L";;;BG)"};
    PSECURITY_DESCRIPTOR descriptor = NULL;
    WCHAR *text = NULL;
    uint16_t *wide = NULL;

    CHECK(utf16_from_utf8(path, &wide, NULL));
    CHECK(GetNamedSecurityInfoW((WCHAR *)wide,
                                SE_FILE_OBJECT,
                                DACL_SECURITY_INFORMATION,
                                NULL,
                                NULL,
                                NULL,
                                NULL,
                                &descriptor) == ERROR_SUCCESS);
    CHECK(ConvertSecurityDescriptorToStringSecurityDescriptorW(
              descriptor, SDDL_REVISION_1, DACL_SECURITY_INFORMATION, &text, NULL) != FALSE);
    printf("%ls\n", text);
    /* Wine tells the owner, whom it stands for, in the place of administrators */
    CHECK(wcsstr(text, L";;;SY)") != NULL);
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++)
        CHECK(!wcsstr(text, many[i]));
    LocalFree(text);
    LocalFree(descriptor);
    free(wide);
}

struct dumps {
    char last[FS_PATH_BYTES];
    unsigned count;
};

static bool on_dump(const char *name, enum fs_kind kind, void *user)
{
    struct dumps *dumps = user;
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES];

    CHECK(kind == FS_FILE);
    dumps->count++;
    CHECK(fs_join(folder, disk, CRASH_FOLDER, NULL) && fs_join(path, folder, name, NULL));
    if (strcmp(path, dumps->last) > 0) /* names begin with their time */
        text_copy(dumps->last, sizeof dumps->last, path);
    return true;
}

static void count_dumps(struct dumps *dumps)
{
    char folder[FS_PATH_BYTES];

    memset(dumps, 0, sizeof *dumps);
    CHECK(fs_join(folder, disk, CRASH_FOLDER, NULL) && fs_list(folder, on_dump, dumps, NULL));
}

static void is_minidump(const char *path)
{
    struct buf dump;

    buf_init(&dump, 64u << 20);
    CHECK(fs_read(path, 64u << 20, &dump, NULL));
    CHECK(dump.len > 1000 && memcmp(dump.data, "MDMP", 4) == 0);
    buf_done(&dump);
}

static void make_old_dumps(void)
{
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES], name[64];

    CHECK(fs_join(folder, disk, CRASH_FOLDER, NULL) && fs_make_dirs(folder, FS_PRIVATE, NULL));
    for (int i = 0; i < CRASH_KEPT; i++) {
        snprintf(name, sizeof name, "agent-100000000000%d-1.dmp", i);
        CHECK(fs_join(path, folder, name, NULL) && fs_write_atomic(path, "x", 1, FS_PRIVATE, NULL));
    }
}

/* One of a process that lives, and one of a child that crashes: each private, and the oldest of
 * those before go. */
static void dump_rules(void)
{
    static const char *const crashing[] = {"crash", NULL};
    char path[FS_PATH_BYTES];
    struct err err = ERR_INIT;
    struct dumps dumps;

    make_old_dumps();
    must(crash_dump(disk, path, &err), "a dump of a process that lives", &err);
    is_minidump(path);
    is_private(path);
    CHECK(run_child(crashing) == EXCEPTION_ACCESS_VIOLATION);
    count_dumps(&dumps);
    CHECK(dumps.count == CRASH_KEPT);
    is_minidump(dumps.last);
    is_private(dumps.last);
}

static void release(void)
{
    struct local_client *client = NULL;
    struct err err = ERR_INIT;

    must(local_client_open(data, &client, &err), "the agent's door", &err);
    must(local_client_call(client, METHOD_AGENT_RELEASE, NULL, NULL, NULL, NULL, &err),
         "release",
         &err);
    local_client_close(client);
}

static void crash(void)
{
    crash_watch(disk);
    RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0, NULL);
}

int main(int argc, char **argv)
{
    char own[FS_PATH_BYTES], older[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    if (argc == 4 && strcmp(argv[3], "libraries") == 0) {
        library_rules();
        return 0;
    }
    console_open();
    if (argc < 3)
        return 64;
    program = argv[1];
    disk = argv[2];
    CHECK(fs_self_path(own, sizeof own, NULL));
    self = own;
    snprintf(data, sizeof data, "%s\\agent", disk);
    if (argc == 4 && strcmp(argv[3], "acl") == 0) {
        acl_rules();
        return 0;
    }
    if (argc == 4 && strcmp(argv[3], "dumps") == 0) {
        dump_rules();
        return 0;
    }
    if (argc == 4 && strcmp(argv[3], "release") == 0) {
        release();
        return 0;
    }
    if (argc == 4 && strcmp(argv[3], "crash") == 0) {
        crash();
        return 1;
    }
    if (argc == 6) {
        die_at = (unsigned)strtoul(argv[5], NULL, 10);
        must((strcmp(argv[4], "install") == 0 ? do_install : do_uninstall)(&err), argv[4], &err);
        return 0;
    }
    nothing_is_left();
    make_older(older);
    die_everywhere(NULL, installing, installing);
    die_everywhere(older, installing, uninstalling);
    die_everywhere(program, uninstalling, installing);
    return 0;
}
