/* The state of Windows as a whole. */
#include "guest/machine/windows/system_state_win32.h"

#include "guest/machine/windows/call_win32.h"

#include "common/secure.h"
#include "common/utf16.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_KEY  L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
#define SETUP_KEY    L"SYSTEM\\Setup"
#define POLICY_KEY   L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System"
#define UPDATES_KEY  L"SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate"
#define KVP_HOST_KEY L"SOFTWARE\\Microsoft\\Virtual Machine\\Guest\\Parameters"
#define BOOT_KEY     L"SOFTWARE\\gpupv-agent\\boot"
#define BOOT_UNITS   40
#define BOOT_RANDOM  16

/* What says that servicing or Windows Update wants a restart. PendingFileRenameOperations is not
 * among them: any program leaves something there, often for good. */
static const WCHAR *const reboot_keys[] = {
    L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending",
    L"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired",
};

static uint32_t number(const WCHAR *key, const WCHAR *name, uint32_t otherwise)
{
    uint32_t value;

    return call_machine_number(key, name, &value) ? value : otherwise;
}

static bool reboot_pending(void)
{
    for (size_t i = 0; i < sizeof reboot_keys / sizeof reboot_keys[0]; i++)
        if (call_machine_key_exists(reboot_keys[i]))
            return true;
    return false;
}

/* "10.0.26100.4946": what the kernel says, and the revision that only the registry has. */
static void read_build(char *out, size_t size)
{
    typedef LONG(WINAPI * version_function)(OSVERSIONINFOW *);
    FARPROC found = call_find("ntdll.dll", "RtlGetVersion");
    OSVERSIONINFOW version = {.dwOSVersionInfoSize = sizeof version};
    version_function get_version = NULL;

    memcpy(&get_version, &found, sizeof get_version);
    if (!get_version || get_version(&version) != 0)
        return;
    snprintf(out,
             size,
             "%lu.%lu.%lu.%u",
             version.dwMajorVersion,
             version.dwMinorVersion,
             version.dwBuildNumber,
             (unsigned)number(VERSION_KEY, L"UBR", 0));
}

/* ---- boot id ---- */

static bool random_text(WCHAR out[BOOT_UNITS], struct err *err)
{
    uint8_t random[BOOT_RANDOM];

    if (!secure_random(random, sizeof random))
        return err_set(err, ERR_FAILED, TEXT_WINDOWS_BOOT_ID, NULL);
    for (size_t i = 0; i < sizeof random; i++)
        swprintf(out + 2 * i, 3, L"%02x", random[i]);
    return true;
}

/* A key that Windows forgets with the boot. Its class is the id: key and class are made in one
 * step, so that two processes which ask at the same time get the same. */
static bool read_boot_id(char *out, size_t size, struct err *err)
{
    WCHAR wanted[BOOT_UNITS], found[BOOT_UNITS] = {0};
    DWORD units = BOOT_UNITS;
    HKEY key = NULL;
    LSTATUS code;

    code = RegOpenKeyExW(HKEY_LOCAL_MACHINE, BOOT_KEY, 0, KEY_READ | KEY_WOW64_64KEY, &key);
    if (code == ERROR_FILE_NOT_FOUND) {
        if (!random_text(wanted, err))
            return false;
        code = RegCreateKeyExW(HKEY_LOCAL_MACHINE,
                               BOOT_KEY,
                               0,
                               wanted,
                               REG_OPTION_VOLATILE,
                               KEY_READ | KEY_WOW64_64KEY,
                               NULL,
                               &key,
                               NULL);
    }
    if (!code) {
        code = RegQueryInfoKeyW(
            key, found, &units, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
        RegCloseKey(key);
    }
    if (code)
        return call_fail((DWORD)code, TEXT_WINDOWS_BOOT_ID, "", err);
    call_text(out, size, found);
    return out[0] || err_set(err, ERR_FAILED, TEXT_WINDOWS_BOOT_ID, NULL);
}

/* ---- policies ---- */

bool system_has_media(void)
{
    WCHAR path[MAX_PATH];
    UINT units = GetSystemDirectoryW(path, MAX_PATH);

    if (!units || units + 12 > MAX_PATH)
        return false;
    wcscat(path, L"\\mfplat.dll");
    return GetFileAttributesW(path) != INVALID_FILE_ATTRIBUTES;
}

/* Windows asks on a desktop of its own, which nobody sees who is connected from afar. */
static bool asks_on_secure_desktop(void)
{
    return number(POLICY_KEY, L"EnableLUA", 1) && number(POLICY_KEY, L"PromptOnSecureDesktop", 1) &&
           number(POLICY_KEY, L"ConsentPromptBehaviorAdmin", 5) != 0;
}

static void read_computer(char *out, size_t size)
{
    WCHAR name[MAX_COMPUTERNAME_LENGTH + 1] = {0};
    DWORD units = MAX_COMPUTERNAME_LENGTH + 1;

    if (GetComputerNameExW(ComputerNameNetBIOS, name, &units))
        call_text(out, size, name);
}

bool system_state_read(struct system_state *ret_state, struct err *err)
{
    struct system_state state;

    memset(&state, 0, sizeof state);
    if (!read_boot_id(state.boot_id, sizeof state.boot_id, err))
        return false;
    state.setup_running = number(SETUP_KEY, L"SystemSetupInProgress", 0) != 0;
    state.oobe_running = number(SETUP_KEY, L"OOBEInProgress", 0) != 0;
    state.reboot_pending = reboot_pending();
    state.uptime_ms = (int64_t)GetTickCount64();
    read_computer(state.computer, sizeof state.computer);
    read_build(state.build, sizeof state.build);
    if (!call_machine_text(KVP_HOST_KEY, L"VirtualMachineId", state.vm_id, sizeof state.vm_id))
        state.vm_id[0] = 0;
    state.sleep_allowed = system_may_sleep();
    state.media_present = system_has_media();
    state.uac_secure_desktop = asks_on_secure_desktop();
    state.driver_updates = number(UPDATES_KEY, L"ExcludeWUDriversInQualityUpdate", 0) == 0;
    *ret_state = state;
    return true;
}
