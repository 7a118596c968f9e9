/* Writing to a closed socket raises a signal that would end the process. */
#include "common/link_platform.h"

#include <signal.h>

void link_platform_init(void)
{
    signal(SIGPIPE, SIG_IGN);
}
