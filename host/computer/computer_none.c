/* Hyper-V runs on Windows only. */
#include "host/computer/computer.h"

bool computer_open_system(const char *state, struct computer **ret_computer, struct err *err)
{
    (void)state;
    *ret_computer = NULL;
    err_set(err, ERR_UNSUPPORTED, TEXT_HOST_NO_HYPERVISOR, NULL);
    return err_hint(err, TEXT_HOST_NO_HYPERVISOR_HINT);
}
