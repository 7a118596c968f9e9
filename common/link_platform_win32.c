/* Windows reports a closed connection by the call alone. */
#include "common/link_platform.h"

void link_platform_init(void)
{
}
