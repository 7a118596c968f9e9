/*
 * Where the agent lives on this computer. Asked of Windows itself, not of the environment, which
 * whoever starts an elevated program may have set.
 */
#ifndef GPUPV_GUEST_FOLDER_H
#define GPUPV_GUEST_FOLDER_H

#include "common/err.h"

/* The agent's data, "C:\ProgramData\gpupv-agent", into out (FS_PATH_BYTES). Elsewhere there is no
 * such place: ERR_USAGE. */
bool folder_data(char *out, struct err *err);

/* Where its program is installed, "C:\Program Files\gpupv", into out (FS_PATH_BYTES). */
bool folder_program(char *out, struct err *err);

#endif
