/* This build has no ports for the computer it runs on: only simulated machines can be opened. */
#include "guest/machine/machine.h"

int machine_encode_probe(void)
{
    return 1;
}

bool machine_open_system(struct machine **ret_machine, struct err *err)
{
    (void)ret_machine;
    err_set(err, ERR_UNSUPPORTED, TEXT_SIM_ONLY, NULL);
    return err_hint(err, TEXT_SIM_ONLY_HINT);
}

int machine_session_helper(const char *pipe)
{
    (void)pipe;
    return 64;
}
