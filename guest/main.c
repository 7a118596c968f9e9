/* Entry of gpupv-agent. */
#include "common/version.h"

#include <stdio.h>

int main(void)
{
    return printf("gpupv-agent %s\n", version_text()) < 0;
}
