#include "tests/wine/repair_cases_win32.h"

#include "guest/parsec/config_apply.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

#define EMULATOR  "gpupv-emulator\\"
#define PNP_FAULT EMULATOR "pnp\\Faults"
#define VIDEO     EMULATOR "pnp\\Behaviour\\VMBUS#{da0a7802-e377-4aac-8e77-0558eb1073f8}"
#define POLICIES  "Software\\Policies\\Microsoft\\Windows"
#define CONFIG    "C:\\ProgramData\\Parsec\\config.txt"
#define CONFIG_2  "C:\\ProgramData\\Parsec\\other.txt"
#define WINLOGON  "Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
#define SCRIPT    "C:\\windows\\system32\\GroupPolicy\\User\\Scripts\\Logon\\Install.ps1"
#define PROGRAM   "C:\\Program Files\\Parsec\\parsecd.exe"
#define WAIT_MS   20000

/* ---- helpers ---- */

void case_set(const struct case_value *value, bool on)
{
    char key[256];
    LSTATUS status;

    if (!value->key)
        return;
    snprintf(key, sizeof key, "Software\\%s", value->key);
    if (!on)
        status = RegDeleteKeyValueA(HKEY_LOCAL_MACHINE, key, value->name);
    else if (value->text)
        status = RegSetKeyValueA(HKEY_LOCAL_MACHINE,
                                 key,
                                 value->name,
                                 REG_SZ,
                                 value->text,
                                 (DWORD)strlen(value->text) + 1);
    else
        status = RegSetKeyValueA(
            HKEY_LOCAL_MACHINE, key, value->name, REG_DWORD, &value->number, sizeof value->number);
    assert_int_equal(status, ERROR_SUCCESS);
}

static void run(const char *command)
{
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    char line[MAX_PATH];
    DWORD code = 255;

    snprintf(line, sizeof line, "%s", command);
    assert_true(CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process));
    WaitForSingleObject(process.hProcess, WAIT_MS);
    GetExitCodeProcess(process.hProcess, &code);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    if (code != 0)
        fail_msg("%s: exit code %lu", command, code);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static struct device_view look(struct machine *machine, const struct device_kind *kind)
{
    struct device_view view;

    assert_true(device_look(machine->devices, kind, &view, NULL));
    return view;
}

/* ---- devices ---- */

static void remove_all(struct machine *machine, const struct repair_case *row)
{
    struct device_view view = look(machine, row->kind);
    bool reboot;

    for (size_t i = 0; i < view.list.count; i++)
        assert_true(machine->devices->ops->remove(
            machine->devices, view.list.items[i].instance, &reboot, NULL));
}

static void add_one(struct machine *machine, const struct repair_case *row)
{
    assert_true(machine->devices->ops->create(
        machine->devices, row->kind->hardware_id, row->kind->device_class, NULL));
}

static void disable(struct machine *machine, const struct repair_case *row)
{
    struct device_view view = look(machine, row->kind);
    bool reboot;

    assert_true(machine->devices->ops->disable(
        machine->devices, view.list.items[0].instance, &reboot, NULL));
}

static void fail_43(struct machine *machine, const struct repair_case *row)
{
    struct device_view view = look(machine, row->kind);
    char command[MAX_PATH];

    snprintf(
        command, sizeof command, "C:\\faults\\pnp.exe fail \"%s\" 43", view.list.items[0].instance);
    run(command);
}

static bool works(struct machine *machine, const struct repair_case *row)
{
    struct device_view view = look(machine, row->kind);

    return view.best && device_works(view.best);
}

static bool is_disabled(struct machine *machine, const struct repair_case *row)
{
    return !works(machine, row);
}

/* ---- displays and sound ---- */

static void make_small(struct machine *machine, const struct repair_case *row)
{
    (void)row;
    assert_true(machine->displays->ops->set_mode(machine->displays, 1280, 720, 60, NULL));
}

static void stop_audio(struct machine *machine, const struct repair_case *row)
{
    struct err err = ERR_INIT;
    char text[512];

    (void)row;
    if (!machine->services->ops->stop(machine->services, "Audiosrv", WAIT_MS, &err))
        fail_msg("%s (%ld)", err_message(&err, TEXT_EN, text, sizeof text), (long)err.code);
}

static void prefer_other(struct machine *machine, const struct repair_case *row)
{
    static const struct case_value extra = {EMULATOR "audio", "Extra", "Remote Audio", 0};

    (void)machine;
    (void)row;
    RegDeleteKeyValueA(HKEY_LOCAL_MACHINE, "Software\\" EMULATOR "audio", "Default00");
    case_set(&extra, true);
}

/* ---- Parsec ---- */

static void stop_parsec(struct machine *machine, const struct repair_case *row)
{
    (void)row;
    assert_true(machine->services->ops->stop(machine->services, PARSEC_SERVICE, WAIT_MS, NULL));
    assert_true(machine->processes->ops->terminate(machine->processes, PARSEC_PROCESS, NULL));
}

static void damage_parsec(struct machine *machine, const struct repair_case *row)
{
    stop_parsec(machine, row);
    assert_true(DeleteFileA(PROGRAM));
}

static void forget_lines(struct machine *machine, const struct repair_case *row)
{
    (void)machine;
    (void)row;
    write_file(CONFIG, "app_host = 1\r\n");
}

/* The file has a second name: what is written could be somebody else's. */
static void link_config(bool on)
{
    assert_true(on ? CreateHardLinkA(CONFIG_2, CONFIG, NULL) : DeleteFileA(CONFIG_2));
}

static bool parsec_runs(struct machine *machine, const struct repair_case *row)
{
    struct service_status status;

    (void)row;
    return machine->services->ops->query(machine->services, PARSEC_SERVICE, &status, NULL) &&
           status.state == SERVICE_STATE_RUNNING;
}

/* ---- leftovers, session, system ---- */

static void open_script(bool on)
{
    static HANDLE file;

    if (on)
        file = CreateFileA(SCRIPT, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    assert_true(file != INVALID_HANDLE_VALUE);
    if (!on)
        CloseHandle(file);
}

static void enter_enhanced(struct machine *machine, const struct repair_case *row)
{
    (void)machine;
    (void)row;
    run("C:\\emulator\\session.exe enhanced");
}

static void let_sleep(struct machine *machine, const struct repair_case *row)
{
    static const struct case_value sleep = {EMULATOR "power", "Sleep", NULL, 1};

    (void)machine;
    (void)row;
    case_set(&sleep, true);
}

static void take_media(struct machine *machine, const struct repair_case *row)
{
    (void)machine;
    (void)row;
    assert_true(DeleteFileA("C:\\windows\\system32\\mfplat.dll"));
}

static void allow_updates(struct machine *machine, const struct repair_case *row)
{
    (void)machine;
    (void)row;
    RegDeleteTreeA(HKEY_LOCAL_MACHINE, POLICIES);
}

/* Below a key that lives only until the next start none can be made that would live longer. */
static void block_key(const char *above, const char *name, bool on)
{
    HKEY parent = NULL, key = NULL;

    assert_int_equal(RegCreateKeyA(HKEY_LOCAL_MACHINE, above, &parent), ERROR_SUCCESS);
    RegDeleteTreeA(parent, name);
    if (on)
        assert_int_equal(
            RegCreateKeyExA(
                parent, name, 0, NULL, REG_OPTION_VOLATILE, KEY_ALL_ACCESS, NULL, &key, NULL),
            ERROR_SUCCESS);
    if (key)
        RegCloseKey(key);
    RegCloseKey(parent);
}

static void block_policies(bool on)
{
    block_key("Software\\Policies\\Microsoft", "Windows", on);
}

static void block_layers(bool on)
{
    block_key("Software\\Microsoft\\Windows NT\\CurrentVersion", "AppCompatFlags", on);
}

/* As an answer file leaves them. */
static void leave_password(struct machine *machine, const struct repair_case *row)
{
    static const struct case_value values[] = {{WINLOGON, "AutoAdminLogon", "1", 0},
                                               {WINLOGON, "DefaultUserName", "alice", 0},
                                               {WINLOGON, "DefaultPassword", "secret", 0}};

    (void)machine;
    (void)row;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        case_set(&values[i], true);
}

static bool nothing_to_mend(struct machine *machine, const struct repair_case *row)
{
    (void)machine;
    (void)row;
    return true;
}

/* ---- the table ---- */

#define PNP(function, code)                                                                        \
    {                                                                                              \
        PNP_FAULT, (function), "*:" #code, 0                                                       \
    }
#define NUMBER(part, value_name, value)                                                            \
    {                                                                                              \
        EMULATOR part, (value_name), NULL, (value)                                                 \
    }
#define MODE(installer, mode)                                                                      \
    {                                                                                              \
        EMULATOR "installers\\" installer, "Mode", (mode), 0                                       \
    }

/* In the order in which they run: each leaves a machine in which its check is satisfied. */
const struct repair_case repair_cases[] = {
    {.repair = REPAIR_VDD_INSTALL, .cause = CAUSE_VDD_MISSING, .faults = {MODE("vdd", "nothing")}},
    {.repair = REPAIR_VDD_BIND,
     .cause = CAUSE_VDD_MISSING,
     .kind = &device_vdd,
     .drift = remove_all,
     .faults = {PNP("UpdateDriverForPlugAndPlayDevicesW", 5)}},
    {.repair = REPAIR_VDD_TIDY,
     .cause = CAUSE_VDD_EXTRA,
     .kind = &device_vdd,
     .drift = add_one,
     .faults = {PNP("DiUninstallDevice", 5)}},
    {.repair = REPAIR_VDD_ENABLE,
     .cause = CAUSE_VDD_DISABLED,
     .kind = &device_vdd,
     .drift = disable,
     .faults = {PNP("CM_Enable_DevNode", 51)}},
    {.repair = REPAIR_VDD_RESTART,
     .cause = CAUSE_VDD_FAILED,
     .kind = &device_vdd,
     .drift = fail_43,
     .faults = {PNP("CM_Disable_DevNode", 51)}},
    {.repair = REPAIR_CABLE_INSTALL,
     .cause = CAUSE_CABLE_MISSING,
     .faults = {MODE("cable", "fail")}},
    {.repair = REPAIR_CABLE_BIND,
     .cause = CAUSE_CABLE_MISSING,
     .kind = &device_cable,
     .drift = remove_all,
     .faults = {PNP("UpdateDriverForPlugAndPlayDevicesW", 5)}},
    {.repair = REPAIR_CABLE_TIDY,
     .cause = CAUSE_CABLE_EXTRA,
     .kind = &device_cable,
     .drift = add_one,
     .faults = {PNP("DiUninstallDevice", 5)}},
    {.repair = REPAIR_CABLE_ENABLE,
     .cause = CAUSE_CABLE_DISABLED,
     .kind = &device_cable,
     .drift = disable,
     .faults = {PNP("CM_Enable_DevNode", 51)}},
    {.repair = REPAIR_CABLE_RESTART,
     .cause = CAUSE_CABLE_FAILED,
     .kind = &device_cable,
     .drift = fail_43,
     .faults = {PNP("CM_Disable_DevNode", 51)}},
    {.repair = REPAIR_AUDIO_START,
     .cause = CAUSE_AUDIO_STOPPED,
     .drift = stop_audio,
     .faults = {NUMBER("service", "FailStart", ERROR_SERVICE_REQUEST_TIMEOUT)}},
    {.repair = REPAIR_AUDIO_DEFAULT,
     .cause = CAUSE_AUDIO_NOT_DEFAULT,
     .drift = prefer_other,
     .faults = {NUMBER("audio", "FailPolicy", 0x80070005)}},
    {.repair = REPAIR_GPU_ENABLE,
     .cause = CAUSE_GPU_DISABLED,
     .kind = &device_gpu,
     .drift = disable,
     .faults = {PNP("CM_Enable_DevNode", 51)}},
    {.repair = REPAIR_GPU_RESTART,
     .cause = CAUSE_GPU_FAILED,
     .kind = &device_gpu,
     .drift = fail_43,
     .faults = {PNP("CM_Disable_DevNode", 51)}},
    {.repair = REPAIR_MONITOR_HOLD,
     .cause = CAUSE_MONITOR_ABSENT,
     .hold = true,
     .faults = {NUMBER("vdd", "FailAdd", ERROR_NO_SYSTEM_RESOURCES)}},
    {.repair = REPAIR_MONITOR_MODE,
     .cause = CAUSE_MONITOR_MODE,
     .hold = true,
     .drift = make_small,
     .faults = {NUMBER("display", "FailChange", 1), NUMBER("display", "FailSet", 31)}},
    {.repair = REPAIR_MONITOR_RELEASE,
     .cause = CAUSE_MONITOR_HELD,
     .fails = FAILS_NOT,
     .faults = {NUMBER("vdd", "FailRemove", ERROR_GEN_FAILURE)}},
    {.repair = REPAIR_LEGACY_SCRIPTS, .cause = CAUSE_LEGACY_SCRIPTS, .fault = open_script},
    {.repair = REPAIR_LEGACY_TASKS,
     .cause = CAUSE_LEGACY_TASKS,
     .faults = {NUMBER("tasks\\Install VB Cable", "FailChange", 0x80070005)}},
    {.repair = REPAIR_PARSEC_CONFIG,
     .cause = CAUSE_CONFIG_LINES,
     .drift = forget_lines,
     .fault = link_config},
    {.repair = REPAIR_PARSEC_LAYER,
     .cause = CAUSE_PARSEC_LAYER,
     .as_admin = true,
     .fault = block_layers},
    {.repair = REPAIR_PARSEC_START,
     .cause = CAUSE_SERVICE_STOPPED,
     .drift = stop_parsec,
     .faults = {NUMBER("service", "FailStart", ERROR_SERVICE_REQUEST_TIMEOUT)},
     .mended = parsec_runs},
    {.repair = REPAIR_PARSEC_RESTART,
     .cause = CAUSE_SERVICE_DEAD,
     .any = true,
     .faults = {NUMBER("service", "FailStart", ERROR_SERVICE_REQUEST_TIMEOUT)},
     .mended = parsec_runs},
    {.repair = REPAIR_PARSEC_INSTALL,
     .cause = CAUSE_PARSEC_DAMAGED,
     .drift = damage_parsec,
     .fails = FAILS_WITH_FINDING,
     .faults = {MODE("parsec", "nothing")}},
    {.repair = REPAIR_PARSEC_AGAIN,
     .cause = CAUSE_PARSEC_DAMAGED,
     .drift = damage_parsec,
     .faults = {MODE("parsec", "fail")}},
    {.repair = REPAIR_PARSEC_RESET,
     .cause = CAUSE_PARSEC_RESET,
     .any = true,
     .no_guard = true,
     .faults = {MODE("parsec", "fail")},
     .mended = parsec_runs},
    {.repair = REPAIR_SESSION_CONSOLE,
     .cause = CAUSE_ENHANCED_SESSION,
     .drift = enter_enhanced,
     .faults = {NUMBER("session", "FailConnectSession", ERROR_ACCESS_DENIED)}},
    {.repair = REPAIR_NO_SLEEP,
     .cause = CAUSE_SLEEP_ALLOWED,
     .drift = let_sleep,
     .faults = {NUMBER("power", "FailWrite", ERROR_ACCESS_DENIED)}},
    {.repair = REPAIR_MEDIA,
     .cause = CAUSE_MEDIA_MISSING,
     .drift = take_media,
     .faults = {{"gpupv-contract", "DismCode", NULL, 0x800f081f}}},
    {.repair = REPAIR_NO_DRIVER_UPDATES,
     .cause = CAUSE_DRIVER_UPDATES,
     .drift = allow_updates,
     .fault = block_policies},
    {.repair = REPAIR_PASSWORD_HIDE,
     .cause = CAUSE_PASSWORD_READABLE,
     .drift = leave_password,
     .faults = {NUMBER("service", "FailStoreSecret", 0xC0000022)}},
    {.repair = REPAIR_REBOOT,
     .cause = CAUSE_GPU_NEED_RESTART,
     .any = true,
     .faults = {NUMBER("service", "FailShutdown", ERROR_ACCESS_DENIED)},
     .mended = nothing_to_mend},
    {.repair = REPAIR_CONSOLE_TAKE,
     .cause = CAUSE_VIDEO_ON,
     .kind = &device_video,
     .faults = {{VIDEO, "VetoDisable", NULL, 6}},
     .mended = is_disabled},
    {.repair = REPAIR_CONSOLE_GIVE,
     .cause = CAUSE_VIDEO_WANTED,
     .any = true,
     .kind = &device_video,
     .faults = {PNP("CM_Enable_DevNode", 51)},
     .mended = works},
};
const size_t repair_case_count = sizeof repair_cases / sizeof repair_cases[0];
