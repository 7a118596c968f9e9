#include "guest/repair/repair.h"

#include "guest/password.h"

static bool apply(struct repair_context *context,
                  enum system_setting setting,
                  bool *ret_reboot,
                  struct err *err)
{
    struct system_port *port = context->check->machine->system;

    return port->ops->apply(port, setting, ret_reboot, err);
}

bool repair_no_sleep(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return apply(context, SYSTEM_NO_SLEEP, ret_reboot, err);
}

bool repair_media(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return apply(context, SYSTEM_MEDIA, ret_reboot, err);
}

bool repair_no_driver_updates(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return apply(context, SYSTEM_NO_DRIVER_UPDATES, ret_reboot, err);
}

bool repair_reboot(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct system_port *port = context->check->machine->system;
    char reason[ERR_ARG_BYTES];

    *ret_reboot = true;
    text_copy(reason, sizeof reason, cause_row(context->cause)->name);
    return port->ops->reboot(port, reason, err);
}

bool repair_password_hide(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    (void)ret_reboot;
    return password_hide(context->check->machine, err);
}
