/* The stable names and titles of checks, statuses and levels. */
#include "common/health.h"

#include <string.h>

static const struct {
    const char *name;
    enum text_id title;
} checks[CHECK_COUNT] = {
    [CHECK_GPU_PRESENT] = {"gpu.present", TEXT_TITLE_GPU_PRESENT},
    [CHECK_GPU_STATUS] = {"gpu.status", TEXT_TITLE_GPU_STATUS},
    [CHECK_GPU_DRIVER] = {"gpu.driver", TEXT_TITLE_GPU_DRIVER},
    [CHECK_GPU_ENCODE] = {"gpu.encode", TEXT_TITLE_GPU_ENCODE},
    [CHECK_DISPLAY_ADAPTER] = {"display.adapter", TEXT_TITLE_DISPLAY_ADAPTER},
    [CHECK_DISPLAY_MONITOR] = {"display.monitor", TEXT_TITLE_DISPLAY_MONITOR},
    [CHECK_DISPLAY_HYPERV_VIDEO] = {"display.hyperv_video", TEXT_TITLE_HYPERV_VIDEO},
    [CHECK_AUDIO_CABLE] = {"audio.cable", TEXT_TITLE_AUDIO_CABLE},
    [CHECK_AUDIO_SERVICE] = {"audio.service", TEXT_TITLE_AUDIO_SERVICE},
    [CHECK_AUDIO_DEFAULT] = {"audio.default", TEXT_TITLE_AUDIO_DEFAULT},
    [CHECK_PARSEC_INSTALLED] = {"parsec.installed", TEXT_TITLE_PARSEC_INSTALLED},
    [CHECK_PARSEC_SERVICE] = {"parsec.service", TEXT_TITLE_PARSEC_SERVICE},
    [CHECK_PARSEC_CONFIG] = {"parsec.config", TEXT_TITLE_PARSEC_CONFIG},
    [CHECK_PARSEC_ACCOUNT] = {"parsec.account", TEXT_TITLE_PARSEC_ACCOUNT},
    [CHECK_PARSEC_LOG] = {"parsec.log", TEXT_TITLE_PARSEC_LOG},
    [CHECK_PARSEC_NETWORK] = {"parsec.network", TEXT_TITLE_PARSEC_NETWORK},
    [CHECK_LEGACY_TASKS] = {"legacy.tasks", TEXT_TITLE_LEGACY_TASKS},
    [CHECK_LEGACY_SCRIPTS] = {"legacy.scripts", TEXT_TITLE_LEGACY_SCRIPTS},
    [CHECK_SESSION_DESKTOP] = {"session.desktop", TEXT_TITLE_SESSION_DESKTOP},
    [CHECK_SESSION_ENHANCED] = {"session.enhanced", TEXT_TITLE_SESSION_ENHANCED},
    [CHECK_SYSTEM_POWER] = {"system.power", TEXT_TITLE_SYSTEM_POWER},
    [CHECK_SYSTEM_MEDIA] = {"system.media", TEXT_TITLE_SYSTEM_MEDIA},
    [CHECK_SYSTEM_UAC] = {"system.uac", TEXT_TITLE_SYSTEM_UAC},
    [CHECK_SYSTEM_UPDATES] = {"system.updates", TEXT_TITLE_SYSTEM_UPDATES},
    [CHECK_SYSTEM_PASSWORD] = {"system.password", TEXT_TITLE_SYSTEM_PASSWORD},
    [CHECK_SYSTEM_REBOOT] = {"system.reboot", TEXT_TITLE_SYSTEM_REBOOT},
};

static const struct {
    const char *name;
    enum text_id title;
} statuses[STATUS_COUNT] = {
    [STATUS_UNKNOWN] = {"unknown", TEXT_STATUS_UNKNOWN},
    [STATUS_OK] = {"ok", TEXT_STATUS_OK},
    [STATUS_OFF] = {"off", TEXT_STATUS_OFF},
    [STATUS_WARNING] = {"warning", TEXT_STATUS_WARNING},
    [STATUS_BAD] = {"bad", TEXT_STATUS_BAD},
    [STATUS_REPAIRING] = {"repairing", TEXT_STATUS_REPAIRING},
    [STATUS_WAITING] = {"waiting", TEXT_STATUS_WAITING},
    [STATUS_GIVEN_UP] = {"given_up", TEXT_STATUS_GIVEN_UP},
};

static const struct {
    const char *name;
    enum text_id title;
    int exit_code;
} levels[LEVEL_COUNT] = {
    [LEVEL_STARTING] = {"starting", TEXT_LEVEL_STARTING, 1},
    [LEVEL_REPAIRING] = {"repairing", TEXT_LEVEL_REPAIRING, 1},
    [LEVEL_NEEDS_SIGN_IN] = {"needs_sign_in", TEXT_LEVEL_NEEDS_SIGN_IN, 4},
    [LEVEL_HEALTHY] = {"healthy", TEXT_LEVEL_HEALTHY, 0},
    [LEVEL_DEGRADED] = {"degraded", TEXT_LEVEL_DEGRADED, 1},
    [LEVEL_FAILED] = {"failed", TEXT_LEVEL_FAILED, 2},
};

const char *check_name(enum check_id id)
{
    return (unsigned)id < CHECK_COUNT ? checks[id].name : "unknown";
}

enum text_id check_title(enum check_id id)
{
    return (unsigned)id < CHECK_COUNT ? checks[id].title : TEXT_UNKNOWN;
}

bool check_parse(const char *name, enum check_id *ret_id)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (strcmp(checks[i].name, name) == 0) {
            *ret_id = (enum check_id)i;
            return true;
        }
    }
    return false;
}

const char *check_status_name(enum check_status status)
{
    return (unsigned)status < STATUS_COUNT ? statuses[status].name : "unknown";
}

enum text_id check_status_title(enum check_status status)
{
    return (unsigned)status < STATUS_COUNT ? statuses[status].title : TEXT_UNKNOWN;
}

bool check_status_parse(const char *name, enum check_status *ret_status)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        if (strcmp(statuses[i].name, name) == 0) {
            *ret_status = (enum check_status)i;
            return true;
        }
    }
    return false;
}

const char *health_level_name(enum health_level level)
{
    return (unsigned)level < LEVEL_COUNT ? levels[level].name : "unknown";
}

enum text_id health_level_title(enum health_level level)
{
    return (unsigned)level < LEVEL_COUNT ? levels[level].title : TEXT_UNKNOWN;
}

bool health_level_parse(const char *name, enum health_level *ret_level)
{
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(levels[i].name, name) == 0) {
            *ret_level = (enum health_level)i;
            return true;
        }
    }
    return false;
}

int health_exit_code(enum health_level level)
{
    return (unsigned)level < LEVEL_COUNT ? levels[level].exit_code : 2;
}
