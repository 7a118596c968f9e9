/* See luid.h. */
#include "luid.h"

#include <wctype.h>

LUID adapter_luid(const struct pnp_device *device)
{
    uint32_t hash = 2166136261u;

    for (const wchar_t *c = device->instance; *c; c++)
        hash = (hash ^ (uint32_t)towupper(*c)) * 16777619u;
    hash = (hash ^ device->starts) * 16777619u;
    return (LUID){.LowPart = 0x10000u | (hash & 0x7FFFFFFFu), .HighPart = 0};
}
