/* Addresses and routers, through the IP helper. */
#include <winsock2.h>

#include <ws2tcpip.h>

#include "guest/machine/windows/network_nat_win32.h"

#include <iphlpapi.h>
#include <icmpapi.h>
#include <stdlib.h>
#include <string.h>

#define ADAPTERS_BYTES_MAX (1u << 20)
#define HOP_MS             1000
#define ECHO_BYTES         8
#define MAC_BYTES          6

/* The caller frees the list with free(); NULL when Windows does not tell. */
static IP_ADAPTER_ADDRESSES *read_adapters(void)
{
    ULONG flags = GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST | GAA_FLAG_SKIP_DNS_SERVER |
                  GAA_FLAG_INCLUDE_GATEWAYS;
    ULONG code = ERROR_BUFFER_OVERFLOW, bytes = 16384;
    IP_ADAPTER_ADDRESSES *list = NULL;

    while (code == ERROR_BUFFER_OVERFLOW && bytes <= ADAPTERS_BYTES_MAX) {
        free(list);
        list = malloc(bytes);
        if (!list)
            return NULL;
        code = GetAdaptersAddresses(AF_UNSPEC, flags, NULL, list, &bytes);
    }
    if (!code)
        return list;
    free(list);
    return NULL;
}

/* Not one that a machine gives itself when nobody answers. */
static bool leads_somewhere(const SOCKADDR *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        uint32_t ip = ntohl(v4->sin_addr.s_addr);

        return ip && ip >> 16 != 0xA9FE && ip >> 24 != 127;
    }
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

        return !IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr) && !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) &&
               !IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
    }
    return false;
}

bool network_has_address(void)
{
    IP_ADAPTER_ADDRESSES *list = read_adapters();
    bool found = !list; /* unknown: something else will tell */

    for (IP_ADAPTER_ADDRESSES *at = list; at && !found; at = at->Next)
        for (IP_ADAPTER_UNICAST_ADDRESS *address = at->FirstUnicastAddress;
             address && at->OperStatus == IfOperStatusUp && !found;
             address = address->Next)
            found = leads_somewhere(address->Address.lpSockaddr);
    free(list);
    return found;
}

/* The router that answers when a packet may make `ttl` steps; 0: none does. */
static uint32_t hop(HANDLE icmp, uint32_t to, uint8_t ttl)
{
    IP_OPTION_INFORMATION options = {.Ttl = ttl};
    uint8_t reply[sizeof(ICMP_ECHO_REPLY) + ECHO_BYTES + 64];
    uint8_t data[ECHO_BYTES] = {0};
    ICMP_ECHO_REPLY first;

    if (!IcmpSendEcho(icmp, htonl(to), data, sizeof data, &options, reply, sizeof reply, HOP_MS))
        return 0;
    memcpy(&first, reply, sizeof first);
    return first.Status == IP_TTL_EXPIRED_TRANSIT || first.Status == IP_SUCCESS
               ? ntohl(first.Address)
               : 0;
}

/* Addresses of Hyper-V's own virtual adapters; the Default Switch's gateway has one [probe]. */
static bool is_hyperv(uint32_t address)
{
    static const uint8_t prefix[3] = {0x00, 0x15, 0x5d};
    ULONG mac[2] = {0}, length = MAC_BYTES;
    uint8_t bytes[MAC_BYTES];

    if (SendARP(htonl(address), 0, mac, &length) != NO_ERROR || length != MAC_BYTES)
        return false;
    memcpy(bytes, mac, sizeof bytes);
    return memcmp(bytes, prefix, sizeof prefix) == 0;
}

static uint32_t gateway_to(uint32_t to)
{
    MIB_IPFORWARDROW route;

    memset(&route, 0, sizeof route);
    return GetBestRoute(htonl(to), 0, &route) == NO_ERROR ? ntohl(route.dwForwardNextHop) : 0;
}

void network_way_look(uint32_t to, struct network_way *way)
{
    HANDLE icmp = IcmpCreateFile();
    uint32_t gateway = gateway_to(to);

    if (icmp != INVALID_HANDLE_VALUE) {
        way->hops[0] = hop(icmp, to, 1);
        way->hops[1] = hop(icmp, to, 2);
        IcmpCloseHandle(icmp);
    }
    way->gateway_is_hyperv = gateway && gateway != way->local && is_hyperv(gateway);
}
