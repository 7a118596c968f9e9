/* The number by which display and graphics calls name an adapter: another one after each start of
 * its device, and the same in both. */
#ifndef GPUPV_TESTS_LUID_H
#define GPUPV_TESTS_LUID_H

#include <windows.h>

#include "../pnp/pnp_state.h"

LUID adapter_luid(const struct pnp_device *device);

#endif
