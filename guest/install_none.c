/* This build has no services to install. */
#include "guest/install.h"

bool install_look(struct install_state *ret_state, struct err *err)
{
    (void)ret_state;
    return err_set(err, ERR_UNSUPPORTED, TEXT_INSTALL_ONLY_WINDOWS, NULL);
}
