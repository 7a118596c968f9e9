/*
 * The little that a process must do once for its links, chosen by CMake (link_platform_posix.c,
 * link_platform_win32.c). Any thread.
 */
#ifndef GPUPV_LINK_PLATFORM_H
#define GPUPV_LINK_PLATFORM_H

/* Makes writing to a closed connection an error of the call, not the end of the process. */
void link_platform_init(void);

#endif
