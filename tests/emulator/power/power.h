/* Power schemes, which Wine lacks: one scheme, active, whose times are values of
 *
 *   HKLM\Software\gpupv-emulator\power
 *     Sleep      REG_DWORD  1: as a client comes, everything sleeps some time; 0 (default): nothing
 *     Stored...  Active...  written by the calls; what is stored counts when the scheme is made
 *                           active (documentation of PowerWriteACValueIndex)
 *     NoStandby  REG_DWORD  1: the firmware has no standby: its settings are missing
 *     FailWrite  REG_DWORD  Win32 error
 *     Changes    REG_DWORD  how often the scheme was made active */
#ifndef GPUPV_TESTS_POWER_H
#define GPUPV_TESTS_POWER_H

#include <stddef.h>

#include "../common/hook.h"

extern const struct hook power_hooks[];
extern const size_t power_hook_count;

#endif
