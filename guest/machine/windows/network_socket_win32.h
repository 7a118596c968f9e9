/*
 * Sockets with deadlines, for the network check. Blocking; any thread after WSAStartup.
 */
#ifndef GPUPV_WINDOWS_NETWORK_SOCKET_WIN32_H
#define GPUPV_WINDOWS_NETWORK_SOCKET_WIN32_H

#include <winsock2.h>

#include <ws2tcpip.h>

#include <stdbool.h>
#include <stdint.h>

#define NETWORK_STEP_MS 5000 /* for one connection, one answer */

/* The addresses of a host, in the order to try them; the caller frees *ret_addresses with
 * FreeAddrInfoW. False when the name does not resolve. kind: SOCK_STREAM or SOCK_DGRAM. */
bool network_resolve(const char *host, uint16_t port, int kind, ADDRINFOW **ret_addresses);

/* Connects to the first address that answers. INVALID_SOCKET: none does. */
SOCKET network_connect(const ADDRINFOW *addresses);

/* Sends all bytes within the deadline. */
bool network_send(SOCKET socket, const void *data, size_t length);

/* Receives what is there next, at most size bytes, waiting for it; -1: nothing came in time or the
 * connection broke, 0: its end. */
int network_receive(SOCKET socket, void *data, size_t size, int64_t wait_ms);

#endif
