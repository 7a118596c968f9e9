/* start, stop, restart: the power of VMs. */
#include "host/boot.h"
#include "host/report.h"

#define TIMEOUT_S_MOST 86400

static const struct option start_options[] = {
    {"no-gpu", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_GPU, 0, 0},
    {"no-wait", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_WAIT, 0, 0},
    {0},
};

static const struct option stop_options[] = {
    {"force", 'f', OPTION_FLAG, NULL, TEXT_HELP_OPTION_FORCE, 0, 0},
    {"timeout", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_TIMEOUT, 1, TIMEOUT_S_MOST},
    {0},
};

static bool
want(struct call *call, struct target *target, enum store_wanted wanted, struct err *err)
{
    if (target->record.wanted == wanted)
        return true;
    target->record.wanted = wanted;
    return store_save(call->store, &target->record, err);
}

static bool needs_present(const struct target *target, struct err *err)
{
    if (target->exists)
        return true;
    err_set(err, ERR_NOT_FOUND, TEXT_HOST_GONE, target->name, NULL);
    return err_hint(err, TEXT_HOST_GONE_HINT);
}

/* Switches on with or without the GPU and waits for the agent, unless told not to. */
static bool power_up(struct call *call,
                     struct target *target,
                     bool with_gpu,
                     const struct outcome *outcome,
                     struct err *err)
{
    struct hypervisor *h = call->hypervisor;
    struct progress progress;
    struct boot_stage stage = {call, &progress, 0, PROGRESS_FULL};
    bool ok;

    if (!boot_gpu(call, target, with_gpu, err) || !want(call, target, STORE_WANTED_RUNNING, err))
        return false;
    if (call_flag(call, "no-wait"))
        return h->ops->power(h, target->id, VM_POWER_ON, err);
    progress_begin(&progress, &call->ui, target->name, outcome->alone);
    ok = boot_start(call, target, &stage, NULL, err);
    progress_end(&progress);
    return ok;
}

static void start_each(struct call *call, struct target *target, struct outcome *outcome)
{
    bool with_gpu = !call_flag(call, "no-gpu");
    struct err err = ERR_INIT;

    if (!needs_present(target, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    if (target->vm.state != VM_OFF) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_RUNS_ALREADY, NULL);
        return;
    }
    if (call_flag(call, "dry-run")) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_WOULD_START, NULL);
        return;
    }
    if (power_up(call, target, with_gpu, outcome, &err))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     with_gpu || !*target->record.gpu ? TEXT_HOST_STARTED
                                                      : TEXT_HOST_STARTED_WITHOUT_GPU,
                     NULL);
    else
        outcome_failed(outcome, &err);
}

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
    if (needs_present(target, &err) && want(call, target, STORE_WANTED_OFF, &err) &&
        boot_stop(call, target, call_flag(call, "force"), timeout_ms, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_STOPPED_NOW, NULL);
    else
        outcome_failed(outcome, &err);
}

static void restart_each(struct call *call, struct target *target, struct outcome *outcome)
{
    int64_t timeout_ms = call_number(call, "timeout", BOOT_SHUTDOWN_MS / 1000) * 1000;
    bool with_gpu = !call_flag(call, "no-gpu");
    struct err err = ERR_INIT;

    if (call_flag(call, "dry-run")) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_WOULD_RESTART, NULL);
        return;
    }
    if (needs_present(target, &err) &&
        boot_stop(call, target, call_flag(call, "force"), timeout_ms, &err) &&
        power_up(call, target, with_gpu, outcome, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_RESTARTED, NULL);
    else
        outcome_failed(outcome, &err);
}

static const struct option restart_options[] = {
    {"force", 'f', OPTION_FLAG, NULL, TEXT_HELP_OPTION_FORCE, 0, 0},
    {"timeout", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_TIMEOUT, 1, TIMEOUT_S_MOST},
    {"no-gpu", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_GPU, 0, 0},
    {"no-wait", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NO_WAIT, 0, 0},
    {0},
};

#define POWER_FLAGS (COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN)

const struct command command_start = {
    .name = "start",
    .summary = TEXT_HELP_START,
    .args = "NAME...",
    .options = start_options,
    .flags = POWER_FLAGS,
    .each = start_each,
};

const struct command command_stop = {
    .name = "stop",
    .summary = TEXT_HELP_STOP,
    .args = "NAME...",
    .options = stop_options,
    .flags = POWER_FLAGS,
    .each = stop_each,
};

const struct command command_restart = {
    .name = "restart",
    .summary = TEXT_HELP_RESTART,
    .args = "NAME...",
    .options = restart_options,
    .flags = POWER_FLAGS,
    .each = restart_each,
};
