/* What an export that is not emulated jumps to, with its name as the only argument (make_thunk.py).
 */
#ifndef GPUPV_TESTS_PNP_REFUSE_H
#define GPUPV_TESTS_PNP_REFUSE_H

#include <windows.h>
#include <cfgmgr32.h>

/* CR_CALL_NOT_IMPLEMENTED. */
CONFIGRET pnp_refuse_cr(const char *name);

/* FALSE, ERROR_CALL_NOT_IMPLEMENTED. */
BOOL pnp_refuse_bool(const char *name);

/* INVALID_HANDLE_VALUE, ERROR_CALL_NOT_IMPLEMENTED. */
HANDLE pnp_refuse_handle(const char *name);

#endif
