/* console: the window of Windows on VMs. */
#include "host/boot.h"
#include "host/screen.h"

#define LOOK_WIDTH  160
#define LOOK_HEIGHT 120

/* Says so when there is nothing to be seen: what a disabled Hyper-V Video looks like. */
static void warn(struct call *call, const struct target *target)
{
    struct picture picture;
    bool plain;

    if (!call->hypervisor->ops->picture(
            call->hypervisor, target->id, LOOK_WIDTH, LOOK_HEIGHT, &picture, NULL))
        return;
    plain = picture_is_plain(&picture);
    buf_done(&picture.pixels);
    if (plain && !call->ui.json)
        ui_say(&call->ui, TONE_WARN, TEXT_HV_PICTURE_PLAIN, target->name, NULL);
}

/* The simulation has no window: its picture lies beside its machine. */
static void show_simulated(struct call *call, struct target *target, struct outcome *outcome)
{
    struct err err = ERR_INIT;
    char path[FS_PATH_BYTES];

    if (store_path(call->store, target->id, "console.png", path, &err) &&
        screen_save(call->hypervisor, target->id, path, NULL, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_CONSOLE_SIM, path, NULL);
    else
        outcome_failed(outcome, &err);
}

static void console_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct err err = ERR_INIT;

    if (!boot_present(target, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    if (call->simulated) {
        show_simulated(call, target, outcome);
        return;
    }
    if (target->vm.state == VM_RUNNING)
        warn(call, target);
    if (screen_open_console(target->vm.settings.name, target->id, &err))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_CONSOLE_OPENED, NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_console = {
    .name = "console",
    .summary = TEXT_HV_HELP_CONSOLE,
    .args = "NAME...",
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_READ_ONLY,
    .each = console_each,
};
