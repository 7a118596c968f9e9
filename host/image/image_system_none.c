/* No virtual disks of the operating system's own, where it is not Windows. */
#include "host/image/image.h"

bool image_open_system(const char *work, struct image_port **ret_port, struct err *err)
{
    (void)work;
    (void)ret_port;
    return err_set(err, ERR_UNSUPPORTED, TEXT_DISK_NO_SYSTEM, NULL);
}
