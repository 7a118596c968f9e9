/*
 * Bytes of the network check: the answer of an HTTP proxy to CONNECT, and a STUN binding request
 * with its answer (RFC 8489). Whoever answers is a stranger. Pure and portable.
 */
#ifndef GPUPV_WINDOWS_NETWORK_WIRE_H
#define GPUPV_WINDOWS_NETWORK_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_STUN_ID_BYTES      12
#define NETWORK_STUN_REQUEST_BYTES 20
#define NETWORK_HEAD_BYTES         16384 /* of a proxy's answer; more is no answer */

/* Looks at what a proxy answered so far; false while the head is not complete, and *ret_status is
 * 0 when it is complete or too long but no HTTP. */
bool network_proxy_answer(const char *text, size_t length, unsigned *ret_status);

/* Writes a binding request. */
void network_stun_request(const uint8_t id[NETWORK_STUN_ID_BYTES],
                          uint8_t out[NETWORK_STUN_REQUEST_BYTES]);

/* Reads the success answer to the request of that id; *ret_address is the IPv4 address, in host
 * order, that the server saw. */
bool network_stun_answer(const uint8_t *data,
                         size_t length,
                         const uint8_t id[NETWORK_STUN_ID_BYTES],
                         uint32_t *ret_address);

/* True for addresses that only exist behind a NAT: RFC 1918 and 6598. Host order. */
bool network_is_private(uint32_t address);

/* What is known of the way out; 0: not known. Host order. */
struct network_way {
    uint32_t local;         /* this machine's own address */
    uint32_t mapped;        /* what the STUN server saw */
    uint32_t hops[2];       /* the first two routers */
    bool gateway_is_hyperv; /* the gateway is a Hyper-V host that translates */
};

/* True when two translators are in between: the first router's far side is private again, or the
 * first router is the Hyper-V host itself, which has a private address in nearly every home. */
bool network_is_double_nat(const struct network_way *way);

#endif
