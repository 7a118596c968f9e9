/* stop: shuts VMs down. */
#include "host/boot.h"

static const struct option options[] = {
    {"force", 'f', OPTION_FLAG, NULL, TEXT_HELP_OPTION_FORCE, 0, 0},
    {"timeout", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_TIMEOUT, 1, BOOT_TIMEOUT_S},
    {0},
};

static void stop_each(struct call *call, struct target *target, struct outcome *outcome)
{
    int64_t timeout_ms = call_number(call, "timeout", BOOT_SHUTDOWN_MS / 1000) * 1000;
    struct err err = ERR_INIT;

    if (call_flag(call, "dry-run")) {
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     target->exists && target->vm.state != VM_OFF ? TEXT_HOST_WOULD_STOP
                                                                  : TEXT_HOST_IS_OFF,
                     NULL);
        return;
    }
    if (boot_present(target, &err) && boot_want(call, target, STORE_WANTED_OFF, &err) &&
        boot_stop(call, target, call_flag(call, "force"), timeout_ms, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_STOPPED_NOW, NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_stop = {
    .name = "stop",
    .summary = TEXT_HELP_STOP,
    .args = "NAME...",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .each = stop_each,
};
