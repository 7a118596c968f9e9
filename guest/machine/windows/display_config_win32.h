/*
 * The displays of the desktop that the calling process can see: what is connected and active, and
 * how it is arranged. Works in the console session only; the agent's service asks through its
 * helper. Changes last until the next boot or until Windows arranges anew. Blocking; one call at a
 * time.
 */
#ifndef GPUPV_WINDOWS_DISPLAY_CONFIG_WIN32_H
#define GPUPV_WINDOWS_DISPLAY_CONFIG_WIN32_H

#include "guest/machine/windows/session_wire.h"

/* The connected monitors. */
bool display_config_read(struct session_displays *ret_displays, struct err *err);

/* Extends the desktop to all connected monitors and makes main the primary one (without adapter:
 * what is primary stays); `only` leaves main alone. Already so: nothing is changed. ERR_NOT_FOUND
 * when main is not connected. */
bool display_config_arrange(const struct session_target *main, bool only, struct err *err);

/* Sets the mode of an active monitor; ERR_UNSUPPORTED for one that it does not have. */
bool display_config_mode(const struct session_target *display,
                         uint32_t width,
                         uint32_t height,
                         uint32_t hz,
                         struct err *err);

#endif
