/* Windows reports a closed connection by the call alone, and pipes are no files. */
#include "common/link_platform.h"

#include "common/link.h"

#include <stdio.h>

void link_platform_init(void)
{
}

bool link_platform_local(const char *folder, const char *token, char *out)
{
    int n = snprintf(out, LINK_PATH_BYTES, "\\\\.\\pipe\\gpupv-agent-%s", token);

    (void)folder;
    return n > 0 && n < LINK_PATH_BYTES;
}
