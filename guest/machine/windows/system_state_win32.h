/*
 * What Windows as a whole tells and lets itself be told: states and policies of flow F16, each from
 * its documented place. Blocking; job threads only.
 */
#ifndef GPUPV_WINDOWS_SYSTEM_STATE_WIN32_H
#define GPUPV_WINDOWS_SYSTEM_STATE_WIN32_H

#include "guest/machine/sessions.h"

/* system_ops.query. */
bool system_state_read(struct system_state *ret_state, struct err *err);

/* system_ops.apply. */
bool system_setting_apply(enum system_setting setting, bool *ret_reboot, struct err *err);

/* system_ops.keep_password. */
bool system_secret_store(const char *password, struct err *err);

/* True when Media Foundation is there. */
bool system_has_media(void);

/* True when the active power scheme lets the machine or its displays go to sleep; false, too, where
 * Windows has no power schemes. */
bool system_may_sleep(void);

#endif
