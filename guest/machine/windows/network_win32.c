/* Port of the network: the way to Parsec's servers, step by step; the first trouble wins. */
#include "guest/machine/windows/network_socket_win32.h"

#include "guest/machine/windows/call_win32.h"
#include "guest/machine/windows/network_clock_win32.h"
#include "guest/machine/windows/network_names_win32.h"
#include "guest/machine/windows/network_nat_win32.h"
#include "guest/machine/windows/network_wire.h"
#include "guest/machine/windows/windows.h"

#include "common/clock.h"
#include "common/secure.h"

#include <stdlib.h>
#include <string.h>

#define STUN_TRIES 3
#define STUN_MS    1000
#define STUN_BYTES 1024

/* One check. */
struct check {
    struct network_names names;
    const struct network_proxy *proxy; /* NULL: directly */
    struct network_result *result;
};

/* Notes the trouble. Returns false. */
static bool trouble(struct check *check, enum network_trouble what, const char *target)
{
    check->result->trouble = what;
    text_copy(check->result->target, sizeof check->result->target, target);
    return false;
}

/* A failure of names or connections has a simpler reason on a machine without an address. */
static bool unreachable(struct check *check, enum network_trouble what, const char *target)
{
    if (!network_has_address())
        return trouble(check, NETWORK_NO_ADDRESS, "");
    return trouble(check, what, target);
}

static bool proxy_trouble(struct check *check, enum network_trouble what)
{
    char target[sizeof check->proxy->address + 8];

    snprintf(target, sizeof target, "%s:%u", check->proxy->address, (unsigned)check->proxy->port);
    return unreachable(check, what, target);
}

/* ---- TCP ---- */

static bool reach_directly(struct check *check, const struct network_name *name)
{
    ADDRINFOW *addresses = NULL;
    SOCKET made;

    if (!network_resolve(name->host, name->port, SOCK_STREAM, &addresses))
        return unreachable(check, NETWORK_NO_NAMES, name->host);
    made = network_connect(addresses);
    FreeAddrInfoW(addresses);
    if (made == INVALID_SOCKET)
        return unreachable(check, NETWORK_BLOCKED, name->host);
    closesocket(made);
    return true;
}

/* The status of the proxy's answer to CONNECT; 0: it says nothing, or no HTTP. */
static unsigned ask_proxy(SOCKET proxy, const struct network_name *name)
{
    int64_t end_ms = clock_now_ms(clock_system()) + NETWORK_STEP_MS;
    char text[NETWORK_HEAD_BYTES];
    size_t length = 0;
    unsigned status = 0;

    snprintf(text,
             sizeof text,
             "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n",
             name->host,
             (unsigned)name->port,
             name->host,
             (unsigned)name->port);
    if (!network_send(proxy, text, strlen(text)))
        return 0;
    while (!network_proxy_answer(text, length, &status)) {
        int64_t left_ms = end_ms - clock_now_ms(clock_system());
        int count =
            left_ms > 0 ? network_receive(proxy, text + length, sizeof text - length, left_ms) : -1;

        if (count <= 0)
            return 0;
        length += (size_t)count;
    }
    return status;
}

static bool reach_through_proxy(struct check *check, const struct network_name *name)
{
    ADDRINFOW *addresses = NULL;
    unsigned status;
    SOCKET made;

    if (!network_resolve(check->proxy->address, check->proxy->port, SOCK_STREAM, &addresses))
        return proxy_trouble(check, NETWORK_PROXY_REFUSED);
    made = network_connect(addresses);
    FreeAddrInfoW(addresses);
    if (made == INVALID_SOCKET)
        return proxy_trouble(check, NETWORK_PROXY_REFUSED);
    status = ask_proxy(made, name);
    closesocket(made);
    if (status / 100 == 2)
        return true;
    if (!status)
        return proxy_trouble(check, NETWORK_PROXY_REFUSED);
    if (status == 502 || status == 503 || status == 504) /* it tried */
        return trouble(check, NETWORK_BLOCKED, name->host);
    return proxy_trouble(check, NETWORK_PROXY_DENIED);
}

static bool reach(struct check *check, const struct network_name *name)
{
    return check->proxy ? reach_through_proxy(check, name) : reach_directly(check, name);
}

static bool check_clock(struct check *check)
{
    switch (network_clock_check(&check->names.api, check->proxy)) {
    case NETWORK_CLOCK_OFF:
        return trouble(check, NETWORK_CLOCK_WRONG, check->names.api.host);
    case NETWORK_CLOCK_NO_TLS:
        return trouble(check, NETWORK_BLOCKED, check->names.api.host);
    default:
        return true;
    }
}

/* ---- UDP ---- */

/* This end's address of a connected socket, in host order. */
static uint32_t local_address(SOCKET socket)
{
    struct sockaddr_in local;
    int size = sizeof local;

    memset(&local, 0, sizeof local);
    return getsockname(socket, (struct sockaddr *)&local, &size) == 0 ? ntohl(local.sin_addr.s_addr)
                                                                      : 0;
}

/* Asks until somebody answers; answers of others and to others are passed over. */
static bool ask_stun(SOCKET socket, uint32_t *ret_mapped)
{
    uint8_t id[NETWORK_STUN_ID_BYTES], request[NETWORK_STUN_REQUEST_BYTES], answer[STUN_BYTES];

    if (!secure_random(id, sizeof id))
        return false;
    network_stun_request(id, request);
    for (int i = 0; i < STUN_TRIES; i++) {
        int64_t end_ms = clock_now_ms(clock_system()) + STUN_MS;
        int64_t left_ms = STUN_MS;

        if (!network_send(socket, request, sizeof request))
            continue; /* an earlier packet was refused: asked again */
        while (left_ms > 0) {
            int count = network_receive(socket, answer, sizeof answer, left_ms);

            if (count > 0 && network_stun_answer(answer, (size_t)count, id, ret_mapped))
                return true;
            left_ms = end_ms - clock_now_ms(clock_system());
            if (count <= 0 && WSAGetLastError() == WSAECONNRESET)
                break; /* nobody listens there: no use in waiting */
        }
    }
    return false;
}

static bool check_stun(struct check *check)
{
    const struct network_name *name = &check->names.stun;
    struct network_way way = {0};
    ADDRINFOW *addresses = NULL;
    uint32_t server = 0;
    SOCKET made = INVALID_SOCKET;
    bool answered = false;

    if (network_resolve(name->host, name->port, SOCK_DGRAM, &addresses)) {
        const struct sockaddr_in *first = (const struct sockaddr_in *)(void *)addresses->ai_addr;

        server = ntohl(first->sin_addr.s_addr);
        made = network_connect(addresses);
        FreeAddrInfoW(addresses);
    }
    if (made != INVALID_SOCKET) {
        way.local = local_address(made);
        answered = ask_stun(made, &way.mapped);
        closesocket(made);
    }
    if (!answered)
        return trouble(check, NETWORK_NO_UDP, name->host);
    if (way.mapped != way.local && network_is_private(way.local))
        network_way_look(server, &way);
    return !network_is_double_nat(&way) || trouble(check, NETWORK_DOUBLE_NAT, name->host);
}

static bool check(struct network_port *port,
                  const struct network_proxy *proxy,
                  struct network_result *ret_result,
                  struct err *err)
{
    struct network_result result = {.trouble = NETWORK_OK};
    struct check one = {.proxy = proxy && proxy->enabled ? proxy : NULL, .result = &result};

    (void)port;
    (void)err;
    network_names_read(&one.names);
    if (reach(&one, &one.names.api) && reach(&one, &one.names.ws) && check_clock(&one))
        check_stun(&one);
    *ret_result = result;
    return true;
}

static const struct network_ops ops = {.check = check};

bool windows_network_new(struct network_port **ret_port, struct err *err)
{
    struct network_port *port = calloc(1, sizeof *port);
    WSADATA data;
    int code;

    if (!port)
        return err_no_memory(err);
    code = WSAStartup(MAKEWORD(2, 2), &data);
    if (code) {
        free(port);
        return call_fail((DWORD)code, TEXT_WINDOWS_SOCKETS, "", err);
    }
    port->ops = &ops;
    *ret_port = port;
    return true;
}

void windows_network_free(struct network_port *port)
{
    if (!port)
        return;
    WSACleanup();
    free(port);
}
