/* What can be learnt of the routers in front of this machine. Blocking; a few seconds at most. */
#ifndef GPUPV_WINDOWS_NETWORK_NAT_WIN32_H
#define GPUPV_WINDOWS_NETWORK_NAT_WIN32_H

#include "guest/machine/windows/network_wire.h"

/* True when an adapter that is up has an address that leads somewhere. */
bool network_has_address(void);

/* Fills in the routers on the way to an address (host order). */
void network_way_look(uint32_t to, struct network_way *way);

#endif
