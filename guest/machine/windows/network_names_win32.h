/*
 * Whom the network check asks: Parsec's hosts, each of which the registry can replace below
 *
 *   HKLM\SOFTWARE\gpupv-agent\settings\network   (which only administrators may write)
 *     ApiHost WsHost StunHost   REG_SZ
 *     ApiPort WsPort StunPort   REG_DWORD
 *
 * for people with relays of their own, and for tests.
 */
#ifndef GPUPV_WINDOWS_NETWORK_NAMES_WIN32_H
#define GPUPV_WINDOWS_NETWORK_NAMES_WIN32_H

#include <stdint.h>

struct network_name {
    char host[128];
    uint16_t port;
};

struct network_names {
    struct network_name api, ws, stun;
};

/* Reads them; what is missing or not usable is Parsec's. */
void network_names_read(struct network_names *ret_names);

#endif
