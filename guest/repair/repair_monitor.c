#include "guest/parsec/parsec.h"
#include "guest/repair/repair.h"

static bool holder_find(struct repair_context *context, struct holder **ret_holder, struct err *err)
{
    if (!context->check->parsec)
        return err_set(err, ERR_UNSUPPORTED, TEXT_HOLDER_NONE, NULL);
    *ret_holder = context->check->parsec->holder;
    return true;
}

bool repair_monitor_hold(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct machine *machine = context->check->machine;
    struct holder *holder = NULL;
    bool changed;

    (void)ret_reboot;
    if (!holder_find(context, &holder, err) ||
        !holder_write_modes(machine->registry, context->check->profile, &changed, err))
        return false;
    /* one that is held and does not show is plugged in anew */
    holder_release(holder);
    return holder_hold(holder, machine->displays, err);
}

bool repair_monitor_release(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct holder *holder = NULL;

    (void)ret_reboot;
    if (!holder_find(context, &holder, err))
        return false;
    holder_release(holder);
    return true;
}

bool repair_monitor_mode(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct machine *machine = context->check->machine;
    const struct profile_display_mode *mode = &context->check->profile->display.modes[0];
    struct holder *holder = NULL;
    bool changed = false;

    (void)ret_reboot;
    if (!holder_find(context, &holder, err) ||
        !holder_write_modes(machine->registry, context->check->profile, &changed, err))
        return false;
    if (changed) { /* the driver reads them at plug-in */
        holder_release(holder);
        if (!holder_hold(holder, machine->displays, err))
            return false;
    }
    return machine->displays->ops->set_mode(
        machine->displays, mode->width, mode->height, mode->hz, err);
}
