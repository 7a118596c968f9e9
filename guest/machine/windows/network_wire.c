/* Answers of proxies and STUN servers. */
#include "guest/machine/windows/network_wire.h"

#include <string.h>

#define STUN_MAGIC         0x2112A442u
#define STUN_REQUEST       0x0001u
#define STUN_SUCCESS       0x0101u
#define STUN_HEAD_BYTES    20
#define STUN_MAPPED        0x0001u
#define STUN_XOR_MAPPED    0x0020u
#define STUN_IPV4          1
#define STUN_ADDRESS_BYTES 8

/* ---- proxy ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "HTTP/1.x NNN": the number, 0 when it is not that. */
static unsigned status_of(const char *text, size_t length)
{
    if (length < 12 || memcmp(text, "HTTP/1.", 7) != 0 || !is_digit(text[7]) || text[8] != ' ' ||
        text[9] < '1' || text[9] > '5' || !is_digit(text[10]) || !is_digit(text[11]))
        return 0;
    return (unsigned)(text[9] - '0') * 100 + (unsigned)(text[10] - '0') * 10 +
           (unsigned)(text[11] - '0');
}

/* The empty line that ends the head. */
static bool head_ends(const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++)
        if (text[i] == '\n' &&
            (text[i + 1] == '\n' || (text[i + 1] == '\r' && i + 2 < length && text[i + 2] == '\n')))
            return true;
    return false;
}

bool network_proxy_answer(const char *text, size_t length, unsigned *ret_status)
{
    if (!head_ends(text, length)) {
        *ret_status = 0;
        return length >= NETWORK_HEAD_BYTES;
    }
    *ret_status = status_of(text, length);
    return true;
}

/* ---- STUN ---- */

static uint32_t read_16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t read_32(const uint8_t *at)
{
    return read_16(at) << 16 | read_16(at + 2);
}

static void write_16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void network_stun_request(const uint8_t id[NETWORK_STUN_ID_BYTES],
                          uint8_t out[NETWORK_STUN_REQUEST_BYTES])
{
    write_16(out, STUN_REQUEST);
    write_16(out + 2, 0);
    write_16(out + 4, STUN_MAGIC >> 16);
    write_16(out + 6, STUN_MAGIC & 0xFFFF);
    memcpy(out + 8, id, NETWORK_STUN_ID_BYTES);
}

/* One attribute with an address: the masked one is the one to believe, as routers rewrite addresses
 * that they recognise. */
static bool take_address(uint32_t type, const uint8_t *value, size_t length, uint32_t *address)
{
    if ((type != STUN_MAPPED && type != STUN_XOR_MAPPED) || length < STUN_ADDRESS_BYTES ||
        value[1] != STUN_IPV4)
        return false;
    *address = read_32(value + 4) ^ (type == STUN_XOR_MAPPED ? STUN_MAGIC : 0);
    return true;
}

bool network_stun_answer(const uint8_t *data,
                         size_t length,
                         const uint8_t id[NETWORK_STUN_ID_BYTES],
                         uint32_t *ret_address)
{
    uint32_t plain = 0, masked = 0;
    size_t at = STUN_HEAD_BYTES;

    if (length < STUN_HEAD_BYTES || read_16(data) != STUN_SUCCESS ||
        read_32(data + 4) != STUN_MAGIC || memcmp(data + 8, id, NETWORK_STUN_ID_BYTES) != 0 ||
        read_16(data + 2) != length - STUN_HEAD_BYTES)
        return false;
    while (length - at >= 4) {
        uint32_t type = read_16(data + at);
        size_t size = read_16(data + at + 2), padded = (size + 3) & ~(size_t)3;

        at += 4;
        if (size > length - at)
            return false;
        take_address(type, data + at, size, type == STUN_XOR_MAPPED ? &masked : &plain);
        at += padded < length - at ? padded : length - at;
    }
    if (!masked && !plain)
        return false;
    *ret_address = masked ? masked : plain;
    return true;
}

/* ---- NAT ---- */

bool network_is_private(uint32_t address)
{
    static const struct {
        uint32_t base, mask;
    } ranges[] = {
        {0x0A000000u, 0xFF000000u}, /* 10/8 */
        {0xAC100000u, 0xFFF00000u}, /* 172.16/12 */
        {0xC0A80000u, 0xFFFF0000u}, /* 192.168/16 */
        {0x64400000u, 0xFFC00000u}, /* 100.64/10: the provider's own NAT */
    };

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if ((address & ranges[i].mask) == ranges[i].base)
            return true;
    return false;
}

bool network_is_double_nat(const struct network_way *way)
{
    if (!way->mapped || !way->local || way->mapped == way->local || !network_is_private(way->local))
        return false;
    if (way->hops[1])
        return network_is_private(way->hops[1]);
    return way->gateway_is_hyperv;
}
