/* Policies of flow F16: no sleep, Media Foundation, no drivers from Windows Update. */
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/process_run_win32.h"
#include "guest/machine/windows/system_power_win32.h"
#include "guest/machine/windows/system_state_win32.h"

#include "common/fs.h"
#include "common/utf16.h"

#include <stdio.h>
#include <string.h>

#define UPDATES_KEY     L"SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate"
#define PRODUCT_KEY     L"SYSTEM\\CurrentControlSet\\Control\\ProductOptions"
#define DISM_MS         (INT64_C(30) * 60 * 1000) /* it may download 300 MB */
#define DISM_REBOOT     3010
#define CBS_UNKNOWN     ((int32_t)0x800f080c) /* CBS_E_UNKNOWN_UPDATE: no such feature here */
#define CBS_NOT_OFFERED ((int32_t)0x800f0954) /* a policy keeps optional features away */

static bool no_driver_updates(struct err *err)
{
    DWORD one = 1;
    HKEY key = NULL;
    LSTATUS code = RegCreateKeyExW(HKEY_LOCAL_MACHINE,
                                   UPDATES_KEY,
                                   0,
                                   NULL,
                                   0,
                                   KEY_SET_VALUE | KEY_WOW64_64KEY,
                                   NULL,
                                   &key,
                                   NULL);

    if (!code) {
        code = RegSetValueExW(
            key, L"ExcludeWUDriversInQualityUpdate", 0, REG_DWORD, (const BYTE *)&one, sizeof one);
        RegCloseKey(key);
    }
    return !code ||
           call_fail((DWORD)code, TEXT_WINDOWS_VALUE_WRITE, "ExcludeWUDriversInQualityUpdate", err);
}

static bool is_server(void)
{
    char product[32] = "";

    return call_machine_text(PRODUCT_KEY, L"ProductType", product, sizeof product) &&
           _stricmp(product, "WinNT") != 0;
}

/* N editions of a client take a capability, a server a feature. */
static bool run_dism(struct process_result *ret_result, struct err *err)
{
    char folder[FS_PATH_BYTES], path[FS_PATH_BYTES];
    WCHAR system[MAX_PATH];
    bool server = is_server();
    struct process_run run = {
        .path = path,
        .args = {"/Online",
                 "/Quiet",
                 "/NoRestart",
                 server ? "/Enable-Feature" : "/Add-Capability",
                 server ? "/FeatureName:ServerMediaFoundation"
                        : "/CapabilityName:Media.MediaFeaturePack~~~~0.0.1.0"},
        .deadline_ms = DISM_MS,
    };

    if (!GetSystemDirectoryW(system, MAX_PATH))
        return call_fail(GetLastError(), TEXT_WINDOWS_FOLDER, "", err);
    call_text(folder, sizeof folder, system);
    return fs_join(path, folder, "dism.exe", err) && process_run_to_end(&run, ret_result, err);
}

static bool add_media(bool *ret_reboot, struct err *err)
{
    struct process_result result = {0};

    if (system_has_media())
        return true;
    if (!run_dism(&result, err))
        return false;
    if (result.timed_out)
        return err_set(err, ERR_TIMEOUT, TEXT_WINDOWS_MEDIA_SLOW, NULL);
    if (result.exit_code == CBS_UNKNOWN || result.exit_code == CBS_NOT_OFFERED) {
        err_set(err, ERR_UNSUPPORTED, TEXT_WINDOWS_NO_MEDIA, NULL);
        return err_hint(err, TEXT_WINDOWS_NO_MEDIA_HINT);
    }
    if (result.exit_code != 0 && result.exit_code != DISM_REBOOT) {
        err_set_os(err, ERR_DOMAIN_HRESULT, result.exit_code, TEXT_WINDOWS_MEDIA_FAILED, NULL);
        return err_hint(err, TEXT_WINDOWS_MEDIA_FAILED_HINT);
    }
    /* some builds bring its files only at the next start without saying so */
    *ret_reboot = result.exit_code == DISM_REBOOT || !system_has_media();
    return true;
}

bool system_setting_apply(enum system_setting setting, bool *ret_reboot, struct err *err)
{
    *ret_reboot = false;
    switch (setting) {
    case SYSTEM_NO_SLEEP:
        return system_power_never_sleep(err);
    case SYSTEM_MEDIA:
        return add_media(ret_reboot, err);
    default:
        return no_driver_updates(err);
    }
}
