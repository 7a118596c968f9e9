/* start: switches VMs on. */
#include "host/boot.h"
#include "host/report.h"

static const struct option options[] = {
    {"no-gpu", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_GPU, 0, 0},
    {"no-wait", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_WAIT, 0, 0},
    {0},
};

/* A start that hangs has its way back here: without the GPU. Any other `start` says what is wrong
 * with it. */
static bool leave_stuck(struct call *call, struct target *target, struct err *err)
{
    if (!call_flag(call, "no-gpu"))
        return report_boot_stuck(call, &target->vm, err);
    return call_flag(call, "dry-run") || boot_stop(call, target, true, BOOT_SHUTDOWN_MS, err);
}

static void start_each(struct call *call, struct target *target, struct outcome *outcome)
{
    /* a VM that `create` made has its first boot without the GPU, whoever starts it */
    bool early = target->record.set_up || target->record.spec.gpu.attach == SPEC_ATTACH_AT_CREATION;
    bool with_gpu = !call_flag(call, "no-gpu") && early;
    struct err err = ERR_INIT;

    if (!boot_present(target, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    if (boot_is_stuck(call, target)) {
        if (!leave_stuck(call, target, &err)) {
            outcome_failed(outcome, &err);
            return;
        }
    } else if (target->vm.state != VM_OFF) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_RUNS_ALREADY, NULL);
        return;
    }
    if (call_flag(call, "dry-run")) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_WOULD_START, NULL);
        return;
    }
    if (boot_up(call, target, with_gpu, outcome->alone, &err))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     with_gpu || !*target->record.gpu ? TEXT_HOST_STARTED
                                                      : TEXT_HOST_STARTED_WITHOUT_GPU,
                     NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_start = {
    .name = "start",
    .summary = TEXT_HELP_START,
    .args = "NAME...",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .each = start_each,
};
