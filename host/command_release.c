/* release: ends the management of a VM and leaves everything else as it is (flow F6). */
#include "host/boot.h"
#include "host/inject.h"

static const struct option options[] = {
    {"offline", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_OFFLINE, 0, 0},
    {0},
};

/* The agent takes back what it changed, and goes. */
static bool release_online(struct call *call, struct target *target, struct err *err)
{
    struct client *client = NULL;
    bool ok = boot_connect(call, target, &client, err) &&
              connect_call(client, METHOD_AGENT_RELEASE, NULL, NULL, err);

    client_close(client);
    return ok;
}

static bool release(struct call *call, struct target *target, struct err *err)
{
    bool off = target->exists && target->vm.state == VM_OFF, ok = true;

    if (call_flag(call, "offline") && target->exists && !off) {
        err_set(err, ERR_CONFLICT, TEXT_HOST_VM_MUST_BE_OFF, target->name, NULL);
        return err_hint(err, TEXT_HOST_MUST_BE_OFF_HINT);
    }
    if (off && !call_flag(call, "offline")) {
        err_set(err, ERR_CONFLICT, TEXT_HOST_RELEASE_IS_OFF, target->name, NULL);
        return err_hint(err, TEXT_HOST_RELEASE_IS_OFF_HINT);
    }
    if (target->exists)
        ok = off ? inject_remove(call, target, err) : release_online(call, target, err);
    return ok && store_remove(call->store, target->id, err);
}

static void release_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct err err = ERR_INIT;

    if (call_flag(call, "dry-run"))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_WOULD_RELEASE, NULL);
    else if (release(call, target, &err))
        outcome_done(outcome,
                     &call->ui,
                     CODE_OK,
                     call_flag(call, "offline") ? TEXT_HOST_RELEASED_OFFLINE : TEXT_HOST_RELEASED,
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
