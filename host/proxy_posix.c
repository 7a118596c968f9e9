/* Here the environment says it all. */
#include "host/proxy.h"

bool proxy_system(char *out, size_t size)
{
    (void)size;
    *out = 0;
    return false;
}
