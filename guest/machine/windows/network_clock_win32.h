/*
 * Whether this machine's clock can be right, by the Date that a server tells over HTTPS. Nothing is
 * sent but a request for headers, and nothing else is believed of the answer: certificates are not
 * checked, since a wrong clock is what makes that impossible. Blocking.
 */
#ifndef GPUPV_WINDOWS_NETWORK_CLOCK_WIN32_H
#define GPUPV_WINDOWS_NETWORK_CLOCK_WIN32_H

#include "guest/machine/sessions.h"
#include "guest/machine/windows/network_names_win32.h"

enum network_clock {
    NETWORK_CLOCK_RIGHT,
    NETWORK_CLOCK_OFF,    /* more than a day away from the server's */
    NETWORK_CLOCK_NO_TLS, /* the server speaks no HTTPS: somebody is in between */
    NETWORK_CLOCK_SILENT  /* HTTPS works, and the server tells no time */
};

/* Asks the server, through proxy when that is not NULL. */
enum network_clock network_clock_check(const struct network_name *server,
                                       const struct network_proxy *proxy);

#endif
