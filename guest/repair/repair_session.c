#include "guest/repair/repair.h"

bool repair_session_console(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct sessions_port *port = context->check->machine->sessions;

    (void)ret_reboot;
    return port->ops->to_console(port, err);
}
