/* release: ends the management of a VM and leaves everything else as it is (flow F6). */
#include "host/boot.h"
#include "host/hypervisor/sim_state.h"
#include "host/inject.h"

#include <string.h>

static const struct option options[] = {
    {"restore-tasks", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_RESTORE_TASKS, 0, 0},
    {0},
};

#define TASKS_BYTES ((size_t)1 << 20)

/* Whether Easy-GPU-PV's scheduled tasks are in the guest and disabled. */
static bool tasks_are_disabled(struct call *call, const struct target *target)
{
    static const char *const args[] = {"show", "tasks", NULL};
    const cJSON *task;
    cJSON *json = NULL;
    bool disabled = false, enabled;
    struct buf out;

    buf_init(&out, TASKS_BYTES);
    if (sim_agent_edit(call->state, target->id, args, &out, NULL) &&
        json_parse(buf_str(&out), out.len, &json_limits_file, &json, NULL))
        cJSON_ArrayForEach(task, json)
        {
            enabled = false;
            json_bool(task, "enabled", &enabled, NULL);
            disabled = disabled || !enabled;
        }
    cJSON_Delete(json);
    buf_done(&out);
    return disabled;
}

static bool restore_tasks(struct call *call, const struct target *target, struct err *err)
{
    static const char *const args[] = {"break", "legacy.tasks=present", NULL};
    struct buf out;
    bool ok;

    buf_init(&out, TASKS_BYTES);
    ok = sim_agent_edit(call->state, target->id, args, &out, err);
    buf_done(&out);
    return ok;
}

static bool release(struct call *call, struct target *target, bool *ret_tasks, struct err *err)
{
    bool gone = !target->exists;

    if (!gone && target->vm.state != VM_OFF) {
        err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, target->name, NULL);
        return err_hint(err, TEXT_HOST_MUST_BE_OFF_HINT);
    }
    if (!gone) {
        *ret_tasks = tasks_are_disabled(call, target) && !call_flag(call, "restore-tasks");
        if (call_flag(call, "restore-tasks") && !restore_tasks(call, target, err))
            return false;
        if (!inject_remove(call, target, err))
            return false;
    }
    return store_remove(call->store, target->id, err);
}

static void release_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct err err = ERR_INIT;
    bool tasks = false;

    if (call_flag(call, "dry-run"))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_WOULD_RELEASE, NULL);
    else if (release(call, target, &tasks, &err))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     tasks ? TEXT_HOST_RELEASED_TASKS : TEXT_HOST_RELEASED,
                     target->name,
                     NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_release = {
    .name = "release",
    .summary = TEXT_HELP_RELEASE,
    .args = "NAME...",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .each = release_each,
};
