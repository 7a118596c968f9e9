/*
 * The Windows computer. Features are changed by dism.exe and the boot configuration by bcdedit.exe,
 * of which only the exit code counts: what they print is in the language of the person.
 */
#include "host/computer/computer_win32.h"

#include "host/place.h"
#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
#define POLICY_KEY  L"SOFTWARE\\Policies\\Microsoft\\Windows\\HyperV"
#define SECURE_NAME L"RequireSecureDeviceAssignment"
#define SUPPORTED   L"RequireSupportedDeviceAssignment"
#define MOUNT_KEY   L"SYSTEM\\CurrentControlSet\\Services\\mountmgr"
#define MOUNT_NAME  L"NoAutoMount"
#define PENDING_KEY                                                                                \
    L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"
#define VMWARE_KEY    L"SOFTWARE\\WOW6432Node\\VMware, Inc.\\VMware Workstation"
#define VBOX_KEY      L"SOFTWARE\\Oracle\\VirtualBox"
#define HYPERV_NAME   L"Microsoft-Hyper-V-All"
#define PLATFORM_NAME L"VirtualMachinePlatform"
#define TOOL_MS       (30 * 60 * 1000) /* a feature can take long */
#define CODE_RESTART  3010

struct computer_real {
    struct computer base;
    char state[FS_PATH_BYTES];
};

/* ---- facts ---- */

/* ntdll's, which tells the truth whatever the program's manifest says. */
static bool get_version(RTL_OSVERSIONINFOW *version)
{
    typedef LONG(WINAPI * get_fn)(RTL_OSVERSIONINFOW * version);
    FARPROC found = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlGetVersion");
    get_fn get;

    if (!found)
        return false;
    memcpy(&get, &found, sizeof get);
    return get(version) == 0;
}

static void read_version(struct computer_facts *facts)
{
    RTL_OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    char type[COMPUTER_TEXT_BYTES];
    DWORD revision = 0;

    computer_text(VERSION_KEY, L"EditionID", facts->edition, sizeof facts->edition);
    computer_text(VERSION_KEY, L"InstallationType", type, sizeof type);
    computer_number(VERSION_KEY, L"UBR", &revision);
    if (get_version(&version))
        snprintf(facts->build,
                 sizeof facts->build,
                 "%u.%u.%u.%u",
                 (unsigned)version.dwMajorVersion,
                 (unsigned)version.dwMinorVersion,
                 (unsigned)version.dwBuildNumber,
                 (unsigned)revision);
    if (*type)
        facts->server = !strncmp(type, "Server", 6) ? FACT_YES : FACT_NO;
}

/* A policy that is there decides; absent, Server restricts and a client does not. */
static enum fact read_policy(const wchar_t *name, enum fact server)
{
    DWORD value = 0;

    if (computer_number(POLICY_KEY, name, &value))
        return value ? FACT_YES : FACT_NO;
    return server;
}

static void read_neighbours(struct computer_facts *facts)
{
    enum service_life wsl = computer_service(L"WSLService");
    DWORD off = 0;

    if (wsl == SERVICE_LIFE_ABSENT)
        wsl = computer_service(L"LxssManager");
    facts->wsl = wsl == SERVICE_LIFE_UNKNOWN  ? FACT_UNKNOWN
                 : wsl == SERVICE_LIFE_ABSENT ? FACT_NO
                                              : FACT_YES;
    facts->vmware = computer_has_key(VMWARE_KEY) ? FACT_YES : FACT_NO;
    facts->virtualbox = computer_has_key(VBOX_KEY) ? FACT_YES : FACT_NO;
    facts->vmms = computer_service(L"vmms");
    facts->reboot_pending = computer_has_key(PENDING_KEY) ? FACT_YES : FACT_NO;
    facts->automount = computer_number(MOUNT_KEY, MOUNT_NAME, &off) && off ? FACT_NO : FACT_YES;
}

static bool real_facts(struct computer *c, struct computer_facts *ret_facts, struct err *err)
{
    struct computer_real *real = (struct computer_real *)c;
    struct computer_facts facts = {.firmware = FACT_UNKNOWN};
    char folder[FS_PATH_BYTES];
    uint64_t room = 0;

    (void)err;
    read_version(&facts);
    computer_read_machine(&facts);
    read_neighbours(&facts);
    facts.secure_policy = read_policy(SECURE_NAME, facts.server);
    facts.supported_policy = read_policy(SUPPORTED, facts.server);
    facts.hyperv = computer_feature(HYPERV_NAME);
    if (facts.hyperv == FEATURE_ABSENT)
        facts.hyperv = computer_feature(L"Microsoft-Hyper-V"); /* as Server calls it */
    facts.platform = computer_feature(PLATFORM_NAME);
    facts.launch = computer_launch();
    text_copy(folder, sizeof folder, real->state);
    while (*folder && !fs_free_space(folder, &room, NULL))
        fs_parent(folder); /* it may be the first run */
    if (*folder)
        facts.disk_free_gb = (uint32_t)(room >> 30);
    *ret_facts = facts;
    return true;
}

/* ---- settings ---- */

static bool run_tool(const char *tool, const char *const *args, bool *ret_reboot, struct err *err)
{
    char path[FS_PATH_BYTES], number[24];
    struct buf out;
    int code = 0;
    bool ok;

    buf_init(&out, PROCESS_OUTPUT_BYTES);
    ok = place_tool(tool, path, err) && process_run(path, args, TOOL_MS, &out, &code, err);
    buf_done(&out);
    if (!ok)
        return false;
    *ret_reboot = *ret_reboot || code == CODE_RESTART;
    snprintf(number, sizeof number, "%d", code);
    return code == 0 || code == CODE_RESTART ||
           err_set(err, ERR_FAILED, TEXT_SETUP_TOOL_FAILED, tool, number, NULL);
}

static bool set_feature(const char *name, const char *value, bool *ret_reboot, struct err *err)
{
    char feature[COMPUTER_SETTING_BYTES * 2];
    bool on = !strcmp(value, "enabled");
    const char *const args[] = {"dism",
                                "/online",
                                "/quiet",
                                "/norestart",
                                on ? "/enable-feature" : "/disable-feature",
                                feature,
                                on ? "/all" : NULL,
                                NULL};

    snprintf(feature, sizeof feature, "/featurename:%s", strchr(name, '.') + 1);
    return run_tool("dism", args, ret_reboot, err);
}

/* The default entry, which computer_launch reads too. */
static bool set_launch(const char *value, bool *ret_reboot, struct err *err)
{
    bool unset = !strcmp(value, COMPUTER_UNSET);
    const char *const args[] = {"bcdedit",
                                unset ? "/deletevalue" : "/set",
                                "{default}",
                                "hypervisorlaunchtype",
                                unset ? NULL : value,
                                NULL};

    *ret_reboot = true;
    return run_tool("bcdedit", args, ret_reboot, err);
}

static bool set_number(const wchar_t *key, const wchar_t *name, const char *value, struct err *err)
{
    DWORD number = (DWORD)strtoul(value, NULL, 10);
    LSTATUS code;
    HKEY handle;

    code = RegCreateKeyExW(
        HKEY_LOCAL_MACHINE, key, 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &handle, NULL);
    if (code == ERROR_SUCCESS) {
        code =
            strcmp(value, COMPUTER_UNSET)
                ? RegSetValueExW(handle, name, 0, REG_DWORD, (const BYTE *)&number, sizeof number)
                : RegDeleteValueW(handle, name);
        if (code == ERROR_FILE_NOT_FOUND)
            code = ERROR_SUCCESS;
        RegCloseKey(handle);
    }
    return code == ERROR_SUCCESS ||
           err_set_os(err, ERR_DOMAIN_WIN32, (int32_t)code, TEXT_SETUP_REGISTRY, "HKLM", NULL);
}

static const struct registry {
    const char *setting;
    const wchar_t *key, *name;
    bool later;
} registries[] = {
    {COMPUTER_SECURE, POLICY_KEY, SECURE_NAME, false},
    {COMPUTER_SUPPORTED, POLICY_KEY, SUPPORTED, false},
    {COMPUTER_AUTOMOUNT, MOUNT_KEY, MOUNT_NAME, true},
};

static bool unknown(const char *setting, struct err *err)
{
    return err_set(err, ERR_BAD_INPUT, TEXT_HOST_SETTING_UNKNOWN, setting, NULL);
}

static bool get_feature(const wchar_t *name, char *out, struct err *err)
{
    enum feature_state state = computer_feature(name);

    if (state != FEATURE_ENABLED && state != FEATURE_DISABLED)
        return err_set(err, ERR_CONFLICT, TEXT_SETUP_FEATURE_UNCLEAR, NULL);
    text_copy(out, COMPUTER_VALUE_BYTES, state == FEATURE_ENABLED ? "enabled" : "disabled");
    return true;
}

static bool real_get(struct computer *c, const char *setting, char *out, struct err *err)
{
    static const char *const launches[] = {
        [LAUNCH_UNSET] = COMPUTER_UNSET, [LAUNCH_AUTO] = "auto", [LAUNCH_OFF] = "off"};
    enum launch_type launch;
    DWORD value = 0;

    (void)c;
    if (!strcmp(setting, COMPUTER_HYPERV))
        return get_feature(HYPERV_NAME, out, err);
    if (!strcmp(setting, COMPUTER_PLATFORM))
        return get_feature(PLATFORM_NAME, out, err);
    if (!strcmp(setting, COMPUTER_LAUNCH)) {
        launch = computer_launch();
        if (launch == LAUNCH_UNKNOWN)
            return err_set(err, ERR_DENIED, TEXT_SETUP_LAUNCH_UNCLEAR, NULL);
        text_copy(out, COMPUTER_VALUE_BYTES, launches[launch]);
        return true;
    }
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++)
        if (!strcmp(registries[i].setting, setting)) {
            if (computer_number(registries[i].key, registries[i].name, &value))
                snprintf(out, COMPUTER_VALUE_BYTES, "%u", (unsigned)value);
            else
                text_copy(out, COMPUTER_VALUE_BYTES, COMPUTER_UNSET);
            return true;
        }
    return unknown(setting, err);
}

static bool real_set(
    struct computer *c, const char *setting, const char *value, bool *ret_reboot, struct err *err)
{
    (void)c;
    *ret_reboot = false;
    if (!strcmp(setting, COMPUTER_HYPERV) || !strcmp(setting, COMPUTER_PLATFORM))
        return set_feature(setting, value, ret_reboot, err);
    if (!strcmp(setting, COMPUTER_LAUNCH))
        return set_launch(value, ret_reboot, err);
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++)
        if (!strcmp(registries[i].setting, setting)) {
            *ret_reboot = registries[i].later;
            return set_number(registries[i].key, registries[i].name, value, err);
        }
    return unknown(setting, err);
}

static void real_free(struct computer *c)
{
    free(c);
}

static const struct computer_ops real_ops = {real_facts, real_get, real_set, real_free};

bool computer_open_system(const char *state, struct computer **ret_computer, struct err *err)
{
    struct computer_real *real = calloc(1, sizeof *real);

    if (!real)
        return err_no_memory(err);
    real->base.ops = &real_ops;
    text_copy(real->state, sizeof real->state, state);
    *ret_computer = &real->base;
    return true;
}
