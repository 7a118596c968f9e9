/* The version that CMake's project() names. */
#include "common/version.h"

const char *version_text(void)
{
    return GPUPV_VERSION;
}
