/* Answers for exports that are not emulated: Wine's own would tell of other devices than ours, or
 * do nothing and say that all is well. Each is in the log. */
#include "refuse.h"

#include "machine.h"

CONFIGRET pnp_refuse_cr(const char *name)
{
    return call_cr(CR_CALL_NOT_IMPLEMENTED, "not emulated: %s", name);
}

BOOL pnp_refuse_bool(const char *name)
{
    return call_bool(ERROR_CALL_NOT_IMPLEMENTED, "not emulated: %s", name);
}

HANDLE pnp_refuse_handle(const char *name)
{
    call_bool(ERROR_CALL_NOT_IMPLEMENTED, "not emulated: %s", name);
    return INVALID_HANDLE_VALUE;
}
