/* Entry of gpupv. */
#include "common/version.h"

#include <stdio.h>

int main(void)
{
    return printf("gpupv %s\n", version_text()) < 0;
}
