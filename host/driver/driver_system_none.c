/* No driver store but Windows'. */
#include "host/driver/driver.h"

bool driver_open_system(struct driver_port **ret_port, struct err *err)
{
    (void)ret_port;
    return err_set(err, ERR_UNSUPPORTED, TEXT_DRIVER_UNSUPPORTED, NULL);
}
