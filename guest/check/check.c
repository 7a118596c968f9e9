#include "guest/check/check.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)

static const struct check rows[CHECK_COUNT] = {
    [CHECK_GPU_PRESENT] = {.id = CHECK_GPU_PRESENT, .run = check_gpu_present},
    [CHECK_GPU_STATUS] = {.id = CHECK_GPU_STATUS,
                          .needs = CHECK_BIT(CHECK_GPU_PRESENT) | CHECK_BIT(CHECK_GPU_DRIVER),
                          .run = check_gpu_status},
    [CHECK_GPU_DRIVER] = {.id = CHECK_GPU_DRIVER,
                          .needs = CHECK_BIT(CHECK_GPU_PRESENT),
                          .run = check_gpu_driver},
    [CHECK_GPU_ENCODE] = {.id = CHECK_GPU_ENCODE,
                          .needs = CHECK_BIT(CHECK_GPU_PRESENT) | CHECK_BIT(CHECK_GPU_DRIVER) |
                                   CHECK_BIT(CHECK_GPU_STATUS),
                          .keep_ms = 10 * MINUTE_MS,
                          .run = check_gpu_encode},
    [CHECK_DISPLAY_ADAPTER] = {.id = CHECK_DISPLAY_ADAPTER,
                               .critical = true,
                               .run = check_display_adapter},
    [CHECK_DISPLAY_MONITOR] = {.id = CHECK_DISPLAY_MONITOR,
                               .needs = CHECK_BIT(CHECK_DISPLAY_ADAPTER) |
                                        CHECK_BIT(CHECK_SESSION_DESKTOP),
                               .critical = true,
                               .run = check_display_monitor},
    [CHECK_DISPLAY_HYPERV_VIDEO] = {.id = CHECK_DISPLAY_HYPERV_VIDEO,
                                    .needs = CHECK_BIT(CHECK_DISPLAY_ADAPTER) |
                                             CHECK_BIT(CHECK_DISPLAY_MONITOR) |
                                             CHECK_BIT(CHECK_SESSION_DESKTOP) |
                                             CHECK_BIT(CHECK_SESSION_ENHANCED) |
                                             CHECK_BIT(CHECK_PARSEC_CONFIG) |
                                             CHECK_BIT(CHECK_PARSEC_ACCOUNT),
                                    .critical = true,
                                    .run = check_display_hyperv_video},
    [CHECK_AUDIO_CABLE] = {.id = CHECK_AUDIO_CABLE, .run = check_audio_cable},
    [CHECK_AUDIO_SERVICE] = {.id = CHECK_AUDIO_SERVICE, .run = check_audio_service},
    [CHECK_AUDIO_DEFAULT] = {.id = CHECK_AUDIO_DEFAULT,
                             .needs = CHECK_BIT(CHECK_AUDIO_CABLE) | CHECK_BIT(CHECK_AUDIO_SERVICE),
                             .run = check_audio_default},
    [CHECK_PARSEC_INSTALLED] = {.id = CHECK_PARSEC_INSTALLED,
                                .critical = true,
                                .run = check_parsec_installed},
    [CHECK_PARSEC_SERVICE] = {.id = CHECK_PARSEC_SERVICE,
                              .needs = CHECK_BIT(CHECK_PARSEC_INSTALLED),
                              .critical = true,
                              .run = check_parsec_service},
    [CHECK_PARSEC_CONFIG] = {.id = CHECK_PARSEC_CONFIG, .run = check_parsec_config},
    [CHECK_PARSEC_ACCOUNT] = {.id = CHECK_PARSEC_ACCOUNT, .run = check_parsec_account},
    [CHECK_PARSEC_LOG] = {.id = CHECK_PARSEC_LOG,
                          .needs = CHECK_BIT(CHECK_PARSEC_SERVICE),
                          .run = check_parsec_log},
    [CHECK_PARSEC_NETWORK] = {.id = CHECK_PARSEC_NETWORK,
                              .keep_ms = 5 * MINUTE_MS,
                              .run = check_parsec_network},
    [CHECK_LEGACY_TASKS] = {.id = CHECK_LEGACY_TASKS,
                            .needs = CHECK_BIT(CHECK_LEGACY_SCRIPTS),
                            .run = check_legacy_tasks},
    [CHECK_LEGACY_SCRIPTS] = {.id = CHECK_LEGACY_SCRIPTS, .run = check_legacy_scripts},
    [CHECK_SESSION_DESKTOP] = {.id = CHECK_SESSION_DESKTOP, .run = check_session_desktop},
    [CHECK_SESSION_ENHANCED] = {.id = CHECK_SESSION_ENHANCED, .run = check_session_enhanced},
    [CHECK_SYSTEM_POWER] = {.id = CHECK_SYSTEM_POWER, .run = check_system_power},
    [CHECK_SYSTEM_MEDIA] = {.id = CHECK_SYSTEM_MEDIA, .run = check_system_media},
    [CHECK_SYSTEM_UAC] = {.id = CHECK_SYSTEM_UAC, .run = check_system_uac},
    [CHECK_SYSTEM_UPDATES] = {.id = CHECK_SYSTEM_UPDATES, .run = check_system_updates},
    [CHECK_SYSTEM_PASSWORD] = {.id = CHECK_SYSTEM_PASSWORD,
                               .keep_ms = MINUTE_MS,
                               .run = check_system_password},
    [CHECK_SYSTEM_REBOOT] = {.id = CHECK_SYSTEM_REBOOT, .run = check_system_reboot},
};

/* The leftovers come first: they undo display repairs. display.hyperv_video comes after all that
 * the stream needs. */
static const enum check_id order[CHECK_COUNT] = {
    CHECK_LEGACY_SCRIPTS,   CHECK_LEGACY_TASKS,         CHECK_SESSION_DESKTOP,
    CHECK_SESSION_ENHANCED, CHECK_GPU_PRESENT,          CHECK_GPU_DRIVER,
    CHECK_GPU_STATUS,       CHECK_GPU_ENCODE,           CHECK_PARSEC_INSTALLED,
    CHECK_DISPLAY_ADAPTER,  CHECK_PARSEC_SERVICE,       CHECK_PARSEC_CONFIG,
    CHECK_PARSEC_ACCOUNT,   CHECK_PARSEC_NETWORK,       CHECK_PARSEC_LOG,
    CHECK_DISPLAY_MONITOR,  CHECK_DISPLAY_HYPERV_VIDEO, CHECK_AUDIO_CABLE,
    CHECK_AUDIO_SERVICE,    CHECK_AUDIO_DEFAULT,        CHECK_SYSTEM_POWER,
    CHECK_SYSTEM_MEDIA,     CHECK_SYSTEM_UAC,           CHECK_SYSTEM_UPDATES,
    CHECK_SYSTEM_PASSWORD,  CHECK_SYSTEM_REBOOT,
};

const struct check *check_row(enum check_id id)
{
    assert((unsigned)id < CHECK_COUNT);
    return &rows[id];
}

enum check_id check_order(size_t position)
{
    assert(position < CHECK_COUNT);
    return order[position];
}

void check_run(struct check_context *context, uint32_t mask)
{
    static const struct err absent = {.kind = ERR_UNSUPPORTED, .message = TEXT_CHECK_ABSENT};

    for (size_t i = 0; i < CHECK_COUNT; i++) {
        enum check_id id = order[i];
        struct finding *finding = &context->findings->checks[id];

        if (!(mask & CHECK_BIT(id)))
            continue;
        finding_unknown(finding, &absent);
        if (rows[id].run)
            rows[id].run(context, finding);
    }
}

static void finding_plain(struct finding *finding, enum check_status status)
{
    finding->status = status;
    finding->cause = CAUSE_NONE;
    finding->detail = 0;
    err_clear(&finding->why);
}

void finding_ok(struct finding *finding)
{
    finding_plain(finding, STATUS_OK);
}

void finding_off(struct finding *finding)
{
    finding_plain(finding, STATUS_OFF);
}

void finding_unknown(struct finding *finding, const struct err *why)
{
    finding_plain(finding, STATUS_UNKNOWN);
    finding->why = *why;
}

void finding_set(struct finding *finding, enum cause cause, uint32_t detail, ...)
{
    const struct cause_row *row = cause_row(cause);
    const char *args[ERR_ARGS + 1] = {NULL};
    va_list list;

    va_start(list, detail);
    for (size_t i = 0; i < ERR_ARGS; i++) {
        args[i] = va_arg(list, const char *);
        if (!args[i])
            break;
    }
    va_end(list);
    finding->status = row->status;
    finding->cause = cause;
    finding->detail = detail;
    err_set(&finding->why, ERR_FAILED, row->message, args[0], args[1], args[2], args[3], NULL);
    err_hint(&finding->why, row->hint);
}
