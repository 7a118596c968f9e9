/*
 * Parsec's servers on the loopback, for tests of the network check: an HTTPS server that tells the
 * time, an HTTP proxy, and a STUN server, each as good or bad as a test wants. Ports are chosen by
 * Windows; a port at which nobody listens belongs to it, too. One at a time; threads of its own.
 */
#ifndef GPUPV_TESTS_NET_WORLD_WIN32_H
#define GPUPV_TESTS_NET_WORLD_WIN32_H

#include <stdbool.h>
#include <stdint.h>

enum net_https { NET_HTTPS_GOOD, NET_HTTPS_NO_DATE, NET_HTTPS_PLAIN /* no TLS at all */ };
enum net_proxy { NET_PROXY_TUNNELS, NET_PROXY_DENIES, NET_PROXY_NO_WAY, NET_PROXY_BABBLES };
enum net_stun { NET_STUN_ANSWERS, NET_STUN_SILENT, NET_STUN_FOREIGN /* to another request */ };

struct net_world {
    enum net_https https;
    int64_t date_off_s; /* what the HTTPS server adds to its time */
    enum net_proxy proxy;
    enum net_stun stun;
    uint32_t mapped; /* what the STUN server says it sees; host order */

    uint16_t https_port, proxy_port, stun_port;
    uint16_t closed_port; /* refuses */
};

/* Starts the servers; everything is good at first. False when a socket or key cannot be made. */
bool net_world_start(struct net_world *world);

#endif
