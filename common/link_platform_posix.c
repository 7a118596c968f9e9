/* Writing to a closed socket raises a signal that would end the process. */
#include "common/link_platform.h"

#include "common/link.h"

#include <signal.h>
#include <stdio.h>

void link_platform_init(void)
{
    signal(SIGPIPE, SIG_IGN);
}

bool link_platform_local(const char *folder, const char *token, char *out)
{
    int n = snprintf(out, LINK_PATH_BYTES, "%s/local.socket", folder);

    (void)token;
    return n > 0 && n < LINK_PATH_BYTES;
}
