/* There is no Hyper-V whose consoles could be opened. */
#include "host/screen.h"

bool screen_open_console(const char *name, const char *id, struct err *err)
{
    (void)name;
    (void)id;
    err_set(err, ERR_UNSUPPORTED, TEXT_HV_NO_CONSOLE, NULL);
    return err_hint(err, TEXT_HV_NO_CONSOLE_HINT);
}

bool screen_open_parsec(struct err *err)
{
    err_set(err, ERR_NOT_FOUND, TEXT_HV_NO_PARSEC, NULL);
    return err_hint(err, TEXT_HV_NO_PARSEC_HINT);
}
