/* This build has no service manager. */
#include "guest/command.h"

int command_service(struct agent_call *call)
{
    err_set(&call->err, ERR_UNSUPPORTED, TEXT_INSTALL_ONLY_WINDOWS, NULL);
    return 2;
}
