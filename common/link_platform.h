/*
 * The little in which systems differ for links, chosen by CMake (link_platform_posix.c,
 * link_platform_win32.c). Any thread.
 */
#ifndef GPUPV_LINK_PLATFORM_H
#define GPUPV_LINK_PLATFORM_H

#include <stdbool.h>

/* Makes writing to a closed connection an error of the call, not the end of the process. */
void link_platform_init(void);

/* Writes the path of a socket for callers on this machine into out (LINK_PATH_BYTES): below folder
 * where sockets are files, else a pipe named by the token (letters and digits). False when it does
 * not fit. */
bool link_platform_local(const char *folder, const char *token, char *out);

#endif
