/* Sockets with deadlines. */
#include "guest/machine/windows/network_socket_win32.h"

#include "common/utf16.h"

#include <stdio.h>
#include <stdlib.h>

#define ADDRESSES_TRIED 4
#define NAME_UNITS      8

bool network_resolve(const char *host, uint16_t port, int kind, ADDRINFOW **ret_addresses)
{
    ADDRINFOW hints = {.ai_family = AF_UNSPEC, .ai_socktype = kind};
    uint16_t *host16 = NULL;
    WCHAR service[NAME_UNITS];
    bool ok;

    if (!utf16_from_utf8(host, &host16, NULL))
        return false;
    swprintf(service, NAME_UNITS, L"%u", (unsigned)port);
    if (kind == SOCK_DGRAM)
        hints.ai_family = AF_INET; /* streams of Parsec are IPv4 */
    ok = GetAddrInfoW(host16, service, &hints, ret_addresses) == 0;
    free(host16);
    return ok;
}

/* Waits until the socket can be written (or read); false when it cannot in time or broke. */
static bool wait_for(SOCKET socket, bool write, int64_t wait_ms)
{
    TIMEVAL limit = {(long)(wait_ms / 1000), (long)(wait_ms % 1000) * 1000};
    fd_set ready, broken;

    FD_ZERO(&ready);
    FD_ZERO(&broken);
    FD_SET(socket, &ready);
    FD_SET(socket, &broken); /* a connection that is refused shows there */
    return select(0, write ? NULL : &ready, write ? &ready : NULL, &broken, &limit) > 0 &&
           FD_ISSET(socket, &ready);
}

static SOCKET connect_one(const ADDRINFOW *address)
{
    SOCKET made = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    u_long on = 1;

    if (made == INVALID_SOCKET)
        return INVALID_SOCKET;
    if (ioctlsocket(made, FIONBIO, &on) == 0 &&
        (connect(made, address->ai_addr, (int)address->ai_addrlen) == 0 ||
         (WSAGetLastError() == WSAEWOULDBLOCK && wait_for(made, true, NETWORK_STEP_MS))))
        return made;
    closesocket(made);
    return INVALID_SOCKET;
}

SOCKET network_connect(const ADDRINFOW *addresses)
{
    SOCKET made = INVALID_SOCKET;

    for (int i = 0; addresses && i < ADDRESSES_TRIED && made == INVALID_SOCKET; i++) {
        made = connect_one(addresses);
        addresses = addresses->ai_next;
    }
    return made;
}

bool network_send(SOCKET socket, const void *data, size_t length)
{
    const char *at = data;

    while (length) {
        int sent = send(socket, at, (int)length, 0);

        if (sent > 0) {
            at += sent;
            length -= (size_t)sent;
        } else if (WSAGetLastError() != WSAEWOULDBLOCK ||
                   !wait_for(socket, true, NETWORK_STEP_MS)) {
            return false;
        }
    }
    return true;
}

int network_receive(SOCKET socket, void *data, size_t size, int64_t wait_ms)
{
    if (!wait_for(socket, false, wait_ms))
        return -1;
    return recv(socket, data, (int)size, 0);
}
