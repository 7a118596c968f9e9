/*
 * Where gpupv keeps things on this machine, by the rules of the operating system. One
 * implementation per system (place_posix.c, place_win32.c). Any thread.
 */
#ifndef GPUPV_HOST_PLACE_H
#define GPUPV_HOST_PLACE_H

#include "common/err.h"
#include "common/link.h"

/* The folder of all state of the controller (out: FS_PATH_BYTES): %ProgramData%\gpupv. */
bool place_state(char *out, struct err *err);

/* The default folder of the simulation: per user, %LocalAppData%\gpupv\sim or
 * $XDG_STATE_HOME/gpupv/sim. */
bool place_simulation(char *out, struct err *err);

/* Where the agent of a simulated VM listens; token is short and unique to VM and state folder. */
bool place_socket(const char *token, char out[LINK_PATH_BYTES], struct err *err);

/* Removes what a listener at address left behind. */
void place_socket_remove(const char *address);

/* The file name of a program of this name on this system: "gpupv-agent.exe". */
const char *place_program_suffix(void);

/* The folder of the repository's build where the agent lies, relative to ours, is
 * ../guest; the path of a file is absolute and normalised into out (FS_PATH_BYTES). */
bool place_absolute(const char *path, char *out, struct err *err);

/* The path of a program that comes with the system ("curl"): %SystemRoot%\System32, /usr/bin; never
 * found by PATH. ERR_UNSUPPORTED when it is not there. out: FS_PATH_BYTES. */
bool place_tool(const char *name, char *out, struct err *err);

#endif
