/* restart: shuts VMs down and switches them on again. */
#include "host/boot.h"

static const struct option options[] = {
    {"force", 'f', OPTION_FLAG, NULL, TEXT_HELP_OPTION_FORCE, 0, 0},
    {"timeout", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_TIMEOUT, 1, BOOT_TIMEOUT_S},
    {"no-gpu", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_GPU, 0, 0},
    {"no-wait", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_WAIT, 0, 0},
    {0},
};

static void restart_each(struct call *call, struct target *target, struct outcome *outcome)
{
    int64_t timeout_ms = call_number(call, "timeout", BOOT_SHUTDOWN_MS / 1000) * 1000;
    bool with_gpu = !call_flag(call, "no-gpu");
    struct err err = ERR_INIT;

    if (call_flag(call, "dry-run")) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_WOULD_RESTART, NULL);
        return;
    }
    if (boot_present(target, &err) &&
        boot_stop(call, target, call_flag(call, "force"), timeout_ms, &err) &&
        boot_up(call, target, with_gpu, outcome->alone, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_RESTARTED, NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_restart = {
    .name = "restart",
    .summary = TEXT_HELP_RESTART,
    .args = "NAME...",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .each = restart_each,
};
