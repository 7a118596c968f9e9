/* Servers of the network check, each connection on a thread. They live as long as the process. */
#include <winsock2.h>

#include <ws2tcpip.h>

#include "tests/support/net_world_win32.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HEAD_BYTES = 4096, STUN_BYTES = 576 };

static struct {
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
    mbedtls_ssl_config config;
} tls;

static struct net_world *served;

/* ---- TLS ---- */

/* A certificate of ourselves, valid in our own time. */
static bool make_certificate(void)
{
    static const unsigned char serial[] = {1};
    unsigned char text[2048];
    mbedtls_x509write_cert write;
    bool ok;

    mbedtls_x509write_crt_init(&write);
    mbedtls_x509write_crt_set_subject_key(&write, &tls.key);
    mbedtls_x509write_crt_set_issuer_key(&write, &tls.key);
    mbedtls_x509write_crt_set_md_alg(&write, MBEDTLS_MD_SHA256);
    ok = !mbedtls_x509write_crt_set_subject_name(&write, "CN=localhost") &&
         !mbedtls_x509write_crt_set_issuer_name(&write, "CN=localhost") &&
         !mbedtls_x509write_crt_set_serial_raw(&write, (unsigned char *)serial, sizeof serial) &&
         !mbedtls_x509write_crt_set_validity(&write, "20200101000000", "20491231235959") &&
         !mbedtls_x509write_crt_pem(
             &write, text, sizeof text, mbedtls_ctr_drbg_random, &tls.random) &&
         !mbedtls_x509_crt_parse(&tls.certificate, text, strlen((const char *)text) + 1);
    mbedtls_x509write_crt_free(&write);
    return ok;
}

static bool make_tls(void)
{
    mbedtls_entropy_init(&tls.entropy);
    mbedtls_ctr_drbg_init(&tls.random);
    mbedtls_pk_init(&tls.key);
    mbedtls_x509_crt_init(&tls.certificate);
    mbedtls_ssl_config_init(&tls.config);
    if (mbedtls_ctr_drbg_seed(&tls.random, mbedtls_entropy_func, &tls.entropy, NULL, 0) ||
        mbedtls_pk_setup(&tls.key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) ||
        mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1,
                            mbedtls_pk_ec(tls.key),
                            mbedtls_ctr_drbg_random,
                            &tls.random) ||
        !make_certificate() ||
        mbedtls_ssl_config_defaults(&tls.config,
                                    MBEDTLS_SSL_IS_SERVER,
                                    MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT))
        return false;
    mbedtls_ssl_conf_rng(&tls.config, mbedtls_ctr_drbg_random, &tls.random);
    mbedtls_ssl_conf_max_tls_version(&tls.config, MBEDTLS_SSL_VERSION_TLS1_2);
    return !mbedtls_ssl_conf_own_cert(&tls.config, &tls.certificate, &tls.key);
}

static int on_send(void *user, const unsigned char *data, size_t length)
{
    return send((SOCKET)(uintptr_t)user, (const char *)data, (int)length, 0);
}

static int on_receive(void *user, unsigned char *data, size_t size)
{
    return recv((SOCKET)(uintptr_t)user, (char *)data, (int)size, 0);
}

/* ---- HTTPS ---- */

static void answer_text(char *out, size_t size)
{
    time_t now = time(NULL) + (time_t)served->date_off_s;
    char date[64] = "";
    struct tm *utc = gmtime(&now);

    if (served->https != NET_HTTPS_NO_DATE && utc)
        strftime(date, sizeof date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", utc);
    snprintf(out,
             size,
             "HTTP/1.1 404 Not Found\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n",
             date);
}

static void speak_tls(SOCKET client)
{
    mbedtls_ssl_context ssl;
    unsigned char head[HEAD_BYTES];
    char answer[256];

    mbedtls_ssl_init(&ssl);
    if (!mbedtls_ssl_setup(&ssl, &tls.config)) {
        mbedtls_ssl_set_bio(&ssl, (void *)(uintptr_t)client, on_send, on_receive, NULL);
        if (!mbedtls_ssl_handshake(&ssl) && mbedtls_ssl_read(&ssl, head, sizeof head) > 0) {
            answer_text(answer, sizeof answer);
            mbedtls_ssl_write(&ssl, (const unsigned char *)answer, strlen(answer));
            mbedtls_ssl_close_notify(&ssl);
        }
    }
    mbedtls_ssl_free(&ssl);
}

static DWORD WINAPI https_client(void *parameter)
{
    static const char plain[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    SOCKET client = (SOCKET)(uintptr_t)parameter;
    char head[HEAD_BYTES];

    if (served->https == NET_HTTPS_PLAIN) {
        recv(client, head, sizeof head, 0);
        send(client, plain, (int)strlen(plain), 0);
    } else {
        speak_tls(client);
    }
    shutdown(client, SD_SEND);
    closesocket(client);
    return 0;
}

/* ---- proxy ---- */

static SOCKET dial(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    SOCKET made = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(made, (struct sockaddr *)&address, sizeof address) == 0)
        return made;
    closesocket(made);
    return INVALID_SOCKET;
}

/* Whatever was asked for is our HTTPS server. */
static void tunnel(SOCKET client)
{
    static const char ok[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    SOCKET server = dial(served->https_port);
    SOCKET ends[2] = {client, server};
    char bytes[HEAD_BYTES];
    int count = 1;

    send(client, ok, (int)strlen(ok), 0);
    while (server != INVALID_SOCKET && count > 0) {
        fd_set ready;

        FD_ZERO(&ready);
        FD_SET(client, &ready);
        FD_SET(server, &ready);
        if (select(0, &ready, NULL, NULL, NULL) <= 0)
            break;
        for (int i = 0; i < 2 && count > 0; i++) {
            if (!FD_ISSET(ends[i], &ready))
                continue;
            count = recv(ends[i], bytes, sizeof bytes, 0);
            if (count > 0)
                send(ends[1 - i], bytes, count, 0);
        }
    }
    if (server != INVALID_SOCKET)
        closesocket(server);
}

static DWORD WINAPI proxy_client(void *parameter)
{
    static const char *const answers[] = {
        [NET_PROXY_DENIES] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        [NET_PROXY_NO_WAY] = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
        [NET_PROXY_BABBLES] = "220 mail ready\r\n\r\n",
    };
    SOCKET client = (SOCKET)(uintptr_t)parameter;
    char head[HEAD_BYTES];

    if (recv(client, head, sizeof head, 0) > 0) {
        if (served->proxy == NET_PROXY_TUNNELS)
            tunnel(client);
        else
            send(client, answers[served->proxy], (int)strlen(answers[served->proxy]), 0);
    }
    shutdown(client, SD_SEND);
    closesocket(client);
    return 0;
}

/* ---- STUN ---- */

static void put_32(uint8_t *at, uint32_t value)
{
    value = htonl(value);
    memcpy(at, &value, sizeof value);
}

/* Turns a binding request into its success answer with one XOR-MAPPED-ADDRESS. */
static int stun_answer(uint8_t *data)
{
    static const uint8_t type[] = {0x01, 0x01, 0, 12};
    static const uint8_t attribute[] = {0, 0x20, 0, 8, 0, 1, 0x21, 0x12};

    memcpy(data, type, sizeof type);
    if (served->stun == NET_STUN_FOREIGN)
        data[8] ^= 1;
    memcpy(data + 20, attribute, sizeof attribute);
    put_32(data + 28, served->mapped ^ 0x2112A442u);
    return 32;
}

static DWORD WINAPI stun_main(void *parameter)
{
    SOCKET socket = (SOCKET)(uintptr_t)parameter;
    uint8_t data[STUN_BYTES];
    int count = 0;

    while (count != SOCKET_ERROR || WSAGetLastError() == WSAECONNRESET) {
        struct sockaddr_in from;
        int size = sizeof from;

        count = recvfrom(socket, (char *)data, sizeof data, 0, (struct sockaddr *)&from, &size);

        if (count >= 20 && served->stun != NET_STUN_SILENT)
            sendto(socket,
                   (const char *)data,
                   stun_answer(data),
                   0,
                   (const struct sockaddr *)&from,
                   size);
    }
    return 0;
}

/* ---- listening ---- */

static SOCKET bound(int type, uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    SOCKET made = socket(AF_INET, type, 0);
    int size = sizeof address;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(made, (struct sockaddr *)&address, sizeof address) ||
        getsockname(made, (struct sockaddr *)&address, &size) ||
        (type == SOCK_STREAM && listen(made, 8))) {
        closesocket(made);
        return INVALID_SOCKET;
    }
    *ret_port = ntohs(address.sin_port);
    return made;
}

struct listener {
    SOCKET socket;
    LPTHREAD_START_ROUTINE client;
};

static DWORD WINAPI listen_main(void *parameter)
{
    struct listener *listener = parameter;
    DWORD patience_ms = 10000; /* nobody hangs because of a client that says nothing */

    for (;;) {
        SOCKET client = accept(listener->socket, NULL, NULL);
        HANDLE thread;

        if (client == INVALID_SOCKET)
            return 0;
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, (const char *)&patience_ms, sizeof patience_ms);
        thread = CreateThread(NULL, 0, listener->client, (void *)(uintptr_t)client, 0, NULL);
        if (thread)
            CloseHandle(thread);
    }
}

static bool serve(LPTHREAD_START_ROUTINE main, void *parameter)
{
    HANDLE thread = CreateThread(NULL, 0, main, parameter, 0, NULL);

    if (thread)
        CloseHandle(thread);
    return thread != NULL;
}

bool net_world_start(struct net_world *world)
{
    static struct listener https = {.client = https_client}, proxy = {.client = proxy_client};
    SOCKET stun, closed;
    WSADATA data;

    memset(world, 0, sizeof *world);
    world->mapped = 0x7F000001u;
    served = world;
    if (WSAStartup(MAKEWORD(2, 2), &data) || !make_tls())
        return false;
    https.socket = bound(SOCK_STREAM, &world->https_port);
    proxy.socket = bound(SOCK_STREAM, &world->proxy_port);
    stun = bound(SOCK_DGRAM, &world->stun_port);
    closed = bound(SOCK_STREAM, &world->closed_port);
    if (https.socket == INVALID_SOCKET || proxy.socket == INVALID_SOCKET ||
        stun == INVALID_SOCKET || closed == INVALID_SOCKET)
        return false;
    closesocket(closed);
    return serve(listen_main, &https) && serve(listen_main, &proxy) &&
           serve(stun_main, (void *)(uintptr_t)stun);
}
