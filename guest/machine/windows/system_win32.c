/* Port of the system as a whole. */
#include "guest/machine/windows/audio_win32.h"
#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/change_watch_win32.h"
#include "guest/machine/windows/system_state_win32.h"
#include "guest/machine/windows/windows.h"

#include "common/health.h"
#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

#define KVP_KEY     L"SOFTWARE\\Microsoft\\Virtual Machine\\Guest"
#define PUBLISH_MAX 1000
#define SCHEDULED   1190 /* ERROR_SHUTDOWN_IS_SCHEDULED, which mingw-w64's header lacks */
#define REBOOT_WHY                                                                                 \
    (SHTDN_REASON_MAJOR_APPLICATION | SHTDN_REASON_MINOR_MAINTENANCE | SHTDN_REASON_FLAG_PLANNED)

struct system {
    struct system_port port;
    struct change_watch *watch;
};

static struct system *system_of(struct system_port *port)
{
    return (struct system *)(void *)port;
}

static bool query(struct system_port *port, struct system_state *ret_state, struct err *err)
{
    (void)port;
    return system_state_read(ret_state, err);
}

static bool
apply(struct system_port *port, enum system_setting setting, bool *ret_reboot, struct err *err)
{
    (void)port;
    return system_setting_apply(setting, ret_reboot, err);
}

static bool reboot(struct system_port *port, const char *reason, struct err *err)
{
    char message[256];
    uint16_t *message16 = NULL;
    DWORD code = 0;

    (void)port;
    snprintf(message, sizeof message, "gpupv-agent: %s", reason);
    if (!utf16_from_utf8(message, &message16, err))
        return false;
    call_privilege(L"SeShutdownPrivilege");
    if (!InitiateSystemShutdownExW(NULL, message16, 0, TRUE, TRUE, REBOOT_WHY))
        code = GetLastError();
    free(message16);
    /* somebody else asked first: it happens */
    return !code || code == ERROR_SHUTDOWN_IN_PROGRESS || code == SCHEDULED ||
           call_fail(code, TEXT_WINDOWS_REBOOT, "", err);
}

static bool keep_password(struct system_port *port, const char *password, struct err *err)
{
    (void)port;
    return system_secret_store(password, err);
}

static LSTATUS write_summary(HKEY key, const uint16_t *name16, const char *text, struct err *err)
{
    uint16_t *text16 = NULL;
    LSTATUS code;

    if (!text[0]) {
        code = RegDeleteValueW(key, name16);
        return code == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS : code;
    }
    if (!utf16_from_utf8(text, &text16, err))
        return ERROR_NO_UNICODE_TRANSLATION;
    code = RegSetValueExW(key,
                          name16,
                          0,
                          REG_SZ,
                          (const BYTE *)text16,
                          (DWORD)((utf16_len(text16) + 1) * sizeof *text16));
    free(text16);
    return code;
}

static bool publish(struct system_port *port, const char *text, struct err *err)
{
    uint16_t *name16 = NULL;
    HKEY key = NULL;
    LSTATUS code;

    (void)port;
    if (strlen(text) > PUBLISH_MAX)
        return err_set(err, ERR_TOO_LARGE, TEXT_FILE_TOO_LARGE, "KVP", TEXT_NUM(PUBLISH_MAX), NULL);
    if (!utf16_from_utf8(HEALTH_KVP_NAME, &name16, err))
        return false;
    code = RegCreateKeyExW(
        HKEY_LOCAL_MACHINE, KVP_KEY, 0, NULL, 0, KEY_SET_VALUE | KEY_WOW64_64KEY, NULL, &key, NULL);
    if (!code) {
        code = write_summary(key, name16, text, err);
        RegCloseKey(key);
    }
    free(name16);
    return !code || call_fail((DWORD)code, TEXT_WINDOWS_VALUE_WRITE, HEALTH_KVP_NAME, err);
}

static bool audio(struct system_port *port,
                  bool make_default,
                  bool *ret_present,
                  bool *ret_default,
                  struct err *err)
{
    (void)port;
    return audio_cable(make_default, ret_present, ret_default, err);
}

static bool
wait_change(struct system_port *port, int64_t timeout_ms, bool *ret_changed, struct err *err)
{
    return change_watch_wait(system_of(port)->watch, timeout_ms, ret_changed, err);
}

static void wake(struct system_port *port)
{
    change_watch_wake(system_of(port)->watch);
}

static const struct system_ops ops = {.query = query,
                                      .apply = apply,
                                      .reboot = reboot,
                                      .keep_password = keep_password,
                                      .publish = publish,
                                      .audio = audio,
                                      .wait_change = wait_change,
                                      .wake = wake};

bool windows_system_new(struct system_port **ret_port, struct err *err)
{
    struct system *system = calloc(1, sizeof *system);

    if (!system)
        return err_no_memory(err);
    system->port.ops = &ops;
    if (!change_watch_start(&system->watch, err)) {
        free(system);
        return false;
    }
    *ret_port = &system->port;
    return true;
}

void windows_system_free(struct system_port *port)
{
    if (!port)
        return;
    change_watch_stop(system_of(port)->watch);
    free(port);
}
