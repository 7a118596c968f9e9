#include "guest/repair/repair.h"

#include "guest/journal.h"

#include <assert.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)

static const struct repair rows[REPAIR_COUNT] = {
    [REPAIR_NONE] = {.id = REPAIR_NONE, .name = "none"},

    [REPAIR_GPU_ENABLE] = {.id = REPAIR_GPU_ENABLE,
                           .name = "gpu.enable",
                           .title = TEXT_REPAIR_GPU_ENABLE,
                           .disrupts = DISRUPTS_NOTHING,
                           .settle_ms = 5 * SECOND_MS,
                           .apply = repair_gpu_enable},
    [REPAIR_GPU_RESTART] = {.id = REPAIR_GPU_RESTART,
                            .name = "gpu.restart",
                            .title = TEXT_REPAIR_GPU_RESTART,
                            .disrupts = DISRUPTS_STREAM,
                            .drops_stream = true,
                            .settle_ms = 10 * SECOND_MS,
                            .apply = repair_gpu_restart,
                            .undo = repair_device_undo},

    [REPAIR_VDD_TIDY] = {.id = REPAIR_VDD_TIDY,
                         .name = "vdd.tidy",
                         .title = TEXT_REPAIR_VDD_TIDY,
                         .disrupts = DISRUPTS_STREAM,
                         .drops_stream = true,
                         .settle_ms = 5 * SECOND_MS,
                         .apply = repair_vdd_tidy},
    [REPAIR_VDD_ENABLE] = {.id = REPAIR_VDD_ENABLE,
                           .name = "vdd.enable",
                           .title = TEXT_REPAIR_VDD_ENABLE,
                           .disrupts = DISRUPTS_NOTHING,
                           .settle_ms = 5 * SECOND_MS,
                           .apply = repair_vdd_enable},
    [REPAIR_VDD_RESTART] = {.id = REPAIR_VDD_RESTART,
                            .name = "vdd.restart",
                            .title = TEXT_REPAIR_VDD_RESTART,
                            .disrupts = DISRUPTS_STREAM,
                            .drops_stream = true,
                            .settle_ms = 5 * SECOND_MS,
                            .apply = repair_vdd_restart,
                            .undo = repair_device_undo},
    [REPAIR_VDD_BIND] = {.id = REPAIR_VDD_BIND,
                         .name = "vdd.bind",
                         .title = TEXT_REPAIR_VDD_BIND,
                         .disrupts = DISRUPTS_STREAM,
                         .drops_stream = true,
                         .settle_ms = 10 * SECOND_MS,
                         .apply = repair_vdd_bind},
    [REPAIR_VDD_INSTALL] = {.id = REPAIR_VDD_INSTALL,
                            .name = "vdd.install",
                            .title = TEXT_REPAIR_VDD_INSTALL,
                            .disrupts = DISRUPTS_STREAM,
                            .drops_stream = true,
                            .settle_ms = 15 * SECOND_MS,
                            .apply = repair_vdd_install},
    [REPAIR_MONITOR_HOLD] = {.id = REPAIR_MONITOR_HOLD,
                             .name = "monitor.hold",
                             .title = TEXT_REPAIR_MONITOR_HOLD,
                             .disrupts = DISRUPTS_NOTHING,
                             .settle_ms = 5 * SECOND_MS,
                             .apply = repair_monitor_hold},
    [REPAIR_MONITOR_RELEASE] = {.id = REPAIR_MONITOR_RELEASE,
                                .name = "monitor.release",
                                .title = TEXT_REPAIR_MONITOR_RELEASE,
                                .disrupts = DISRUPTS_STREAM,
                                .drops_stream = true,
                                .settle_ms = 3 * SECOND_MS,
                                .apply = repair_monitor_release},
    [REPAIR_MONITOR_MODE] = {.id = REPAIR_MONITOR_MODE,
                             .name = "monitor.mode",
                             .title = TEXT_REPAIR_MONITOR_MODE,
                             .disrupts = DISRUPTS_STREAM,
                             .settle_ms = 3 * SECOND_MS,
                             .apply = repair_monitor_mode},
    [REPAIR_CONSOLE_GIVE] = {.id = REPAIR_CONSOLE_GIVE,
                             .name = "console.give",
                             .title = TEXT_REPAIR_CONSOLE_GIVE,
                             .disrupts = DISRUPTS_NOTHING,
                             .settle_ms = 3 * SECOND_MS,
                             .apply = repair_console_give},
    [REPAIR_CONSOLE_TAKE] = {.id = REPAIR_CONSOLE_TAKE,
                             .name = "console.take",
                             .title = TEXT_REPAIR_CONSOLE_TAKE,
                             .disrupts = DISRUPTS_STREAM,
                             .needs_hold = true,
                             .settle_ms = 3 * SECOND_MS,
                             .apply = repair_console_take},
    [REPAIR_PUBLISHER_TRUST] = {.id = REPAIR_PUBLISHER_TRUST,
                                .name = "publisher.trust",
                                .title = TEXT_REPAIR_PUBLISHER_TRUST,
                                .disrupts = DISRUPTS_NOTHING,
                                .undo = repair_publisher_undo},

    [REPAIR_CABLE_TIDY] = {.id = REPAIR_CABLE_TIDY,
                           .name = "cable.tidy",
                           .title = TEXT_REPAIR_CABLE_TIDY,
                           .disrupts = DISRUPTS_STREAM,
                           .settle_ms = 5 * SECOND_MS,
                           .apply = repair_cable_tidy},
    [REPAIR_CABLE_ENABLE] = {.id = REPAIR_CABLE_ENABLE,
                             .name = "cable.enable",
                             .title = TEXT_REPAIR_CABLE_ENABLE,
                             .disrupts = DISRUPTS_NOTHING,
                             .settle_ms = 5 * SECOND_MS,
                             .apply = repair_cable_enable},
    [REPAIR_CABLE_RESTART] = {.id = REPAIR_CABLE_RESTART,
                              .name = "cable.restart",
                              .title = TEXT_REPAIR_CABLE_RESTART,
                              .disrupts = DISRUPTS_STREAM,
                              .settle_ms = 5 * SECOND_MS,
                              .apply = repair_cable_restart,
                              .undo = repair_device_undo},
    [REPAIR_CABLE_BIND] = {.id = REPAIR_CABLE_BIND,
                           .name = "cable.bind",
                           .title = TEXT_REPAIR_CABLE_BIND,
                           .disrupts = DISRUPTS_NOTHING,
                           .settle_ms = 10 * SECOND_MS,
                           .apply = repair_cable_bind},
    [REPAIR_CABLE_INSTALL] = {.id = REPAIR_CABLE_INSTALL,
                              .name = "cable.install",
                              .title = TEXT_REPAIR_CABLE_INSTALL,
                              .disrupts = DISRUPTS_NOTHING,
                              .settle_ms = 15 * SECOND_MS,
                              .apply = repair_cable_install},
    [REPAIR_AUDIO_START] = {.id = REPAIR_AUDIO_START,
                            .name = "audio.start",
                            .title = TEXT_REPAIR_AUDIO_START,
                            .disrupts = DISRUPTS_NOTHING,
                            .settle_ms = 5 * SECOND_MS,
                            .apply = repair_audio_start},
    [REPAIR_AUDIO_DEFAULT] = {.id = REPAIR_AUDIO_DEFAULT,
                              .name = "audio.default",
                              .title = TEXT_REPAIR_AUDIO_DEFAULT,
                              .disrupts = DISRUPTS_NOTHING,
                              .settle_ms = 2 * SECOND_MS,
                              .apply = repair_audio_default},

    [REPAIR_PARSEC_INSTALL] = {.id = REPAIR_PARSEC_INSTALL,
                               .name = "parsec.install",
                               .title = TEXT_REPAIR_PARSEC_INSTALL,
                               .disrupts = DISRUPTS_STREAM,
                               .drops_stream = true,
                               .settle_ms = 15 * SECOND_MS,
                               .apply = repair_parsec_install},
    [REPAIR_PARSEC_AGAIN] = {.id = REPAIR_PARSEC_AGAIN,
                             .name = "parsec.again",
                             .title = TEXT_REPAIR_PARSEC_AGAIN,
                             .disrupts = DISRUPTS_STREAM,
                             .drops_stream = true,
                             .settle_ms = 15 * SECOND_MS,
                             .apply = repair_parsec_again},
    [REPAIR_PARSEC_START] = {.id = REPAIR_PARSEC_START,
                             .name = "parsec.start",
                             .title = TEXT_REPAIR_PARSEC_START,
                             .disrupts = DISRUPTS_NOTHING,
                             .settle_ms = 15 * SECOND_MS,
                             .apply = repair_parsec_start},
    [REPAIR_PARSEC_RESTART] = {.id = REPAIR_PARSEC_RESTART,
                               .name = "parsec.restart",
                               .title = TEXT_REPAIR_PARSEC_RESTART,
                               .disrupts = DISRUPTS_STREAM,
                               .drops_stream = true,
                               .settle_ms = 15 * SECOND_MS,
                               .apply = repair_parsec_restart},
    [REPAIR_PARSEC_CONFIG] = {.id = REPAIR_PARSEC_CONFIG,
                              .name = "parsec.config",
                              .title = TEXT_REPAIR_PARSEC_CONFIG,
                              .disrupts = DISRUPTS_STREAM,
                              .drops_stream = true,
                              .settle_ms = 15 * SECOND_MS,
                              .apply = repair_parsec_config,
                              .undo = repair_parsec_config_undo},
    [REPAIR_PARSEC_RESET] = {.id = REPAIR_PARSEC_RESET,
                             .name = "parsec.reset",
                             .title = TEXT_REPAIR_PARSEC_RESET,
                             .disrupts = DISRUPTS_STREAM,
                             .drops_stream = true,
                             .loses_account = true,
                             .settle_ms = 15 * SECOND_MS,
                             .apply = repair_parsec_reset},
    [REPAIR_PARSEC_LAYER] = {.id = REPAIR_PARSEC_LAYER,
                             .name = "parsec.layer",
                             .title = TEXT_REPAIR_PARSEC_LAYER,
                             .disrupts = DISRUPTS_NOTHING,
                             .apply = repair_parsec_layer,
                             .undo = repair_parsec_layer_undo},

    [REPAIR_LEGACY_SCRIPTS] = {.id = REPAIR_LEGACY_SCRIPTS,
                               .name = "legacy.scripts",
                               .title = TEXT_REPAIR_LEGACY_SCRIPTS,
                               .disrupts = DISRUPTS_NOTHING,
                               .apply = repair_legacy_scripts,
                               .undo = repair_legacy_scripts_undo},
    [REPAIR_LEGACY_TASKS] = {.id = REPAIR_LEGACY_TASKS,
                             .name = "legacy.tasks",
                             .title = TEXT_REPAIR_LEGACY_TASKS,
                             .disrupts = DISRUPTS_NOTHING,
                             .apply = repair_legacy_tasks,
                             .undo = repair_legacy_tasks_undo},

    [REPAIR_SESSION_CONSOLE] = {.id = REPAIR_SESSION_CONSOLE,
                                .name = "session.console",
                                .title = TEXT_REPAIR_SESSION_CONSOLE,
                                .disrupts = DISRUPTS_SESSION,
                                .settle_ms = 5 * SECOND_MS,
                                .apply = repair_session_console},

    [REPAIR_NO_SLEEP] = {.id = REPAIR_NO_SLEEP,
                         .name = "no_sleep",
                         .title = TEXT_REPAIR_NO_SLEEP,
                         .disrupts = DISRUPTS_NOTHING,
                         .apply = repair_no_sleep},
    [REPAIR_MEDIA] = {.id = REPAIR_MEDIA,
                      .name = "media",
                      .title = TEXT_REPAIR_MEDIA,
                      .disrupts = DISRUPTS_NOTHING,
                      .apply = repair_media},
    [REPAIR_NO_DRIVER_UPDATES] = {.id = REPAIR_NO_DRIVER_UPDATES,
                                  .name = "no_driver_updates",
                                  .title = TEXT_REPAIR_NO_DRIVER_UPDATES,
                                  .disrupts = DISRUPTS_NOTHING,
                                  .apply = repair_no_driver_updates},
    [REPAIR_REBOOT] = {.id = REPAIR_REBOOT,
                       .name = "reboot",
                       .title = TEXT_REPAIR_REBOOT,
                       .disrupts = DISRUPTS_MACHINE,
                       .apply = repair_reboot},
    [REPAIR_PASSWORD_HIDE] = {.id = REPAIR_PASSWORD_HIDE,
                              .name = "password.hide",
                              .title = TEXT_REPAIR_PASSWORD_HIDE,
                              .disrupts = DISRUPTS_NOTHING,
                              .apply = repair_password_hide},
};

const struct repair *repair_row(enum repair_id id)
{
    assert((unsigned)id < REPAIR_COUNT);
    return &rows[id];
}

bool repair_parse(const char *name, enum repair_id *ret_id)
{
    for (int i = REPAIR_NONE + 1; i < REPAIR_COUNT; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *ret_id = (enum repair_id)i;
            return true;
        }
    }
    return false;
}

static bool
undo_is_known(const struct journal_state *state, enum repair_id repair, const char *data)
{
    for (size_t i = 0; i < JOURNAL_UNDOS; i++) {
        if (state->undos[i].repair == repair && strcmp(state->undos[i].text, data) == 0)
            return true;
    }
    return false;
}

static bool undo_has_room(const struct journal_state *state)
{
    for (size_t i = 0; i < JOURNAL_UNDOS; i++) {
        if (state->undos[i].repair == REPAIR_NONE)
            return true;
    }
    return false;
}

bool repair_will_undo(struct repair_context *context,
                      enum undo_life life,
                      const char *data,
                      struct err *err)
{
    struct journal_record record = {
        .event = JOURNAL_UNDO,
        .repair = context->repair,
        .life = life,
    };
    const struct journal_state *state = journal_state(context->journal);

    if (undo_is_known(state, context->repair, data))
        return true;
    if (strlen(data) >= sizeof record.text || !undo_has_room(state))
        return err_set(err, ERR_TOO_LARGE, TEXT_JOURNAL_FULL, NULL);
    text_copy(record.text, sizeof record.text, data);
    return journal_append(context->journal, record, err);
}

bool repair_is_ours(const struct journal_state *state, enum repair_id repair)
{
    for (size_t i = 0; state && i < JOURNAL_UNDOS; i++)
        if (state->undos[i].repair == repair)
            return true;
    return false;
}

bool repair_forget_undo(struct repair_context *context, const char *data, struct err *err)
{
    struct journal_record record = {.event = JOURNAL_UNDONE, .repair = context->repair};

    text_copy(record.text, sizeof record.text, data);
    return journal_append(context->journal, record, err);
}
