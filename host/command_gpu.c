/* gpu: gives VMs that are off a partition, or takes it away for good. */
#include "host/boot.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    {"gpu", 0, OPTION_TEXT, "NAME|PATH", TEXT_HELP_OPTION_GPU, 0, 0},
    {"share", 0, OPTION_NUMBER, "PERCENT", TEXT_HV_HELP_SHARE, 1, 100},
    {0},
};

/* What the VM is to have: the GPU that was named, else the one it had, wherever it is now. */
static bool
choose(struct call *call, const struct target *target, struct gpu_info *ret, struct err *err)
{
    const struct gpu_info *gpu = NULL;
    const char *named = call_text(call, "gpu");
    const struct store_vm *record = &target->record;
    struct host_info *host = calloc(1, sizeof *host);
    bool ok =
        (host || err_no_memory(err)) && call->hypervisor->ops->host(call->hypervisor, host, err);

    if (ok && named)
        ok = hypervisor_choose_gpu(host, named, &gpu, err);
    else if (ok && *record->gpu)
        ok = boot_find_gpu(host, record, &gpu, err);
    else if (ok)
        ok = hypervisor_choose_gpu(host, record->spec.gpu.select, &gpu, err);
    if (ok)
        *ret = *gpu;
    free(host);
    return ok;
}

static bool
attach(struct call *call, struct target *target, const struct gpu_info *gpu, struct err *err)
{
    struct store_vm *record = &target->record;
    uint32_t *share = &record->spec.gpu.share_percent;

    text_copy(record->gpu, sizeof record->gpu, gpu->path);
    text_copy(record->gpu_name, sizeof record->gpu_name, gpu->name);
    *share = (uint32_t)call_number(call, "share", *share);
    record->gpu_held_back = true; /* boot_gpu saves the record when it is done */
    if (record->spec.gpu.attach == SPEC_ATTACH_NEVER)
        record->spec.gpu.attach = SPEC_ATTACH_AFTER_SETUP;
    return boot_gpu(call, target, true, err);
}

static void attach_each(struct call *call, struct target *target, struct outcome *outcome)
{
    uint32_t share = (uint32_t)call_number(call, "share", target->record.spec.gpu.share_percent);
    struct err err = ERR_INIT;
    struct gpu_info gpu;

    if (!boot_present(target, &err) || !choose(call, target, &gpu, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    if (call_flag(call, "dry-run"))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_WOULD_ATTACH, gpu.name, NULL);
    else if (!attach(call, target, &gpu, &err))
        outcome_failed(outcome, &err);
    else if (share && share < 100)
        outcome_done(
            outcome, &call->ui, CODE_OK, TEXT_HV_ATTACHED_SHARE, gpu.name, TEXT_NUM(share), NULL);
    else
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_ATTACHED, gpu.name, NULL);
}

static void detach_each(struct call *call, struct target *target, struct outcome *outcome)
{
    const struct gpu_wish none = {.path = NULL};
    struct store_vm *record = &target->record;
    struct err err = ERR_INIT;

    if (!boot_present(target, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    if (call_flag(call, "dry-run")) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_WOULD_DETACH, NULL);
        return;
    }
    *record->gpu = *record->gpu_name = 0;
    record->gpu_held_back = false;
    record->spec.gpu.attach = SPEC_ATTACH_NEVER;
    if (call->hypervisor->ops->gpu(call->hypervisor, target->id, &none, &err) &&
        store_save(call->store, record, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_DETACHED, NULL);
    else
        outcome_failed(outcome, &err);
}

static void gpu_each(struct call *call, struct target *target, struct outcome *outcome)
{
    if (!strcmp(call->verb->name, "attach"))
        attach_each(call, target, outcome);
    else
        detach_each(call, target, outcome);
}

static const struct command_verb gpu_verbs[] = {
    {"attach", "NAME...", TEXT_HV_HELP_GPU_ATTACH, 0},
    {"detach", "NAME...", TEXT_HV_HELP_GPU_DETACH, 0},
    {0},
};

const struct command command_gpu = {
    .name = "gpu",
    .summary = TEXT_HV_HELP_GPU,
    .args = "attach|detach NAME...",
    .options = options,
    .verbs = gpu_verbs,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .each = gpu_each,
};
