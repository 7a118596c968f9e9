/*
 * mbedtls as a memory filter. Its receive callback reads from the bytes that secure_feed was given,
 * its send callback appends to the caller's buffer; both are set only during a call.
 */
#include "common/secure.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <uv.h>

#include <stdlib.h>
#include <string.h>

/* mbedtls 2.28 has no name for its private members */
#ifndef MBEDTLS_PRIVATE
#define MBEDTLS_PRIVATE(member) member
#endif

struct secure {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    secure_find find;
    void *user;
    const uint8_t *input;
    size_t input_length;
    struct buf *out;
    bool is_client, ready, dead;
    char identity[SECURE_IDENTITY_BYTES];
};

static const int suites[] = {MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, 0};

bool secure_random(void *out, size_t length)
{
    return uv_random(NULL, NULL, out, length, 0, NULL) == 0;
}

void secure_wipe(void *data, size_t length)
{
    mbedtls_platform_zeroize(data, length);
}

/* ---- what mbedtls calls ---- */

static int random_for_tls(void *user, unsigned char *out, size_t length)
{
    (void)user;
    return secure_random(out, length) ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int receive_for_tls(void *user, unsigned char *out, size_t length)
{
    struct secure *secure = user;
    size_t n = length < secure->input_length ? length : secure->input_length;

    if (n == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(out, secure->input, n);
    secure->input += n;
    secure->input_length -= n;
    return (int)n;
}

static int send_for_tls(void *user, const unsigned char *data, size_t length)
{
    struct secure *secure = user;

    if (!secure->out || !buf_put(secure->out, data, length))
        return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    return (int)length;
}

static int
find_for_tls(void *user, mbedtls_ssl_context *ssl, const unsigned char *identity, size_t length)
{
    struct secure *secure = user;
    uint8_t secret[SECURE_SECRET_BYTES];
    char name[SECURE_IDENTITY_BYTES];
    int status = -1;

    if (length >= sizeof name || memchr(identity, 0, length))
        return -1;
    memcpy(name, identity, length);
    name[length] = '\0';
    if (secure->find(name, secret, secure->user)) {
        status = mbedtls_ssl_set_hs_psk(ssl, secret, sizeof secret);
        memcpy(secure->identity, name, sizeof name);
    }
    secure_wipe(secret, sizeof secret);
    return status;
}

/* ---- making ---- */

static void limit_protocol(mbedtls_ssl_config *config)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, 0};

    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE};

    mbedtls_ssl_conf_curves(config, curves);
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_max_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_ciphersuites(config, suites);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
    mbedtls_ssl_conf_session_tickets(config, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
    mbedtls_ssl_conf_legacy_renegotiation(config, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
}

static int set_up(struct secure *secure, const uint8_t *secret)
{
    int side = secure->is_client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER;
    int status = mbedtls_ssl_config_defaults(
        &secure->config, side, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

    if (status != 0)
        return status;
    limit_protocol(&secure->config);
    mbedtls_ssl_conf_rng(&secure->config, random_for_tls, NULL);
    if (secure->is_client)
        status = mbedtls_ssl_conf_psk(&secure->config,
                                      secret,
                                      SECURE_SECRET_BYTES,
                                      (const unsigned char *)secure->identity,
                                      strlen(secure->identity));
    else
        mbedtls_ssl_conf_psk_cb(&secure->config, find_for_tls, secure);
    if (status == 0)
        status = mbedtls_ssl_setup(&secure->ssl, &secure->config);
    mbedtls_ssl_set_bio(&secure->ssl, secure, send_for_tls, receive_for_tls, NULL);
    return status;
}

static bool secure_new(struct secure *secure,
                       const uint8_t *secret,
                       struct secure **ret_secure,
                       struct err *err)
{
    int status;

    mbedtls_ssl_init(&secure->ssl);
    mbedtls_ssl_config_init(&secure->config);
    status = set_up(secure, secret);
    if (status != 0) {
        secure_free(secure);
        if (status == MBEDTLS_ERR_SSL_ALLOC_FAILED)
            return err_no_memory(err);
        return err_set_os(err, ERR_DOMAIN_TLS, status, TEXT_SECURE_SETUP, NULL);
    }
    *ret_secure = secure;
    return true;
}

bool secure_server_new(secure_find find, void *user, struct secure **ret_secure, struct err *err)
{
    struct secure *secure = calloc(1, sizeof *secure);

    if (!secure)
        return err_no_memory(err);
    secure->find = find;
    secure->user = user;
    return secure_new(secure, NULL, ret_secure, err);
}

bool secure_client_new(const char *identity,
                       const uint8_t secret[SECURE_SECRET_BYTES],
                       struct secure **ret_secure,
                       struct err *err)
{
    struct secure *secure = calloc(1, sizeof *secure);

    if (!secure)
        return err_no_memory(err);
    secure->is_client = true;
    text_copy(secure->identity, sizeof secure->identity, identity);
    return secure_new(secure, secret, ret_secure, err);
}

void secure_free(struct secure *secure)
{
    if (!secure)
        return;
    mbedtls_ssl_free(&secure->ssl);
    mbedtls_ssl_config_free(&secure->config);
    secure_wipe(secure, sizeof *secure);
    free(secure);
}

/* ---- running ---- */

/* True when the handshake broke on the key and nothing else: the peer does not know the identity,
 * or the two derived different keys. */
static bool is_key_failure(const struct secure *secure, int status)
{
    int alert;

    if (status == MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY || status == MBEDTLS_ERR_SSL_INVALID_MAC)
        return true;
    if (status != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return false;
    alert = secure->ssl.MBEDTLS_PRIVATE(in_msg)[1];
    return alert == MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY ||
           alert == MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC ||
           alert == MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR;
}

static enum secure_result fail(struct secure *secure, int status, struct err *err)
{
    secure->dead = true;
    if (status == MBEDTLS_ERR_SSL_ALLOC_FAILED) {
        err_no_memory(err);
    } else if (secure->ready) {
        err_set_os(err, ERR_DOMAIN_TLS, status, TEXT_SECURE_DAMAGED, NULL);
        if (err)
            err->kind = ERR_BAD_INPUT;
    } else if (is_key_failure(secure, status)) {
        err_set_os(err, ERR_DOMAIN_TLS, status, TEXT_SECURE_WRONG_KEY, NULL);
        err_hint(err, TEXT_SECURE_WRONG_KEY_HINT);
        if (err)
            err->kind = ERR_AUTH;
    } else {
        err_set_os(err, ERR_DOMAIN_TLS, status, TEXT_SECURE_HANDSHAKE, NULL);
        if (err)
            err->kind = ERR_BAD_INPUT;
    }
    return SECURE_FAILED;
}

static enum secure_result handshake(struct secure *secure, struct err *err)
{
    int status = mbedtls_ssl_handshake(&secure->ssl);

    if (status == MBEDTLS_ERR_SSL_WANT_READ)
        return SECURE_MORE;
    if (status != 0)
        return fail(secure, status, err);
    secure->ready = true;
    return SECURE_READY;
}

static enum secure_result
decrypt(struct secure *secure, uint8_t *plain, size_t size, size_t *ret_plain, struct err *err)
{
    int status = mbedtls_ssl_read(&secure->ssl, plain, size);

    if (status > 0) {
        *ret_plain = (size_t)status;
        return SECURE_DATA;
    }
    if (status == MBEDTLS_ERR_SSL_WANT_READ)
        return SECURE_MORE;
    if (status == 0 || status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        secure->dead = true;
        return SECURE_ENDED;
    }
    return fail(secure, status, err);
}

bool secure_start(struct secure *secure, struct buf *out, struct err *err)
{
    enum secure_result result;

    secure->out = out;
    result = handshake(secure, err);
    secure->out = NULL;
    return result != SECURE_FAILED;
}

enum secure_result secure_feed(struct secure *secure,
                               const uint8_t **data,
                               size_t *length,
                               uint8_t *plain,
                               size_t size,
                               size_t *ret_plain,
                               struct buf *out,
                               struct err *err)
{
    enum secure_result result;

    if (secure->dead)
        return fail(secure, MBEDTLS_ERR_SSL_CONN_EOF, err);
    secure->input = *data;
    secure->input_length = *length;
    secure->out = out;
    result = secure->ready ? decrypt(secure, plain, size, ret_plain, err) : handshake(secure, err);
    *data = secure->input;
    *length = secure->input_length;
    secure->input = NULL;
    secure->input_length = 0;
    secure->out = NULL;
    return result;
}

bool secure_send(
    struct secure *secure, const void *data, size_t length, struct buf *out, struct err *err)
{
    const uint8_t *at = data;
    int n = 0;

    secure->out = out;
    while (length > 0 && !secure->dead) {
        n = mbedtls_ssl_write(&secure->ssl, at, length);
        if (n <= 0) {
            fail(secure, n, err);
            break;
        }
        at += n;
        length -= (size_t)n;
    }
    secure->out = NULL;
    return length == 0;
}

void secure_end(struct secure *secure, struct buf *out)
{
    if (!secure->ready || secure->dead)
        return;
    secure->out = out;
    mbedtls_ssl_close_notify(&secure->ssl);
    secure->out = NULL;
    secure->dead = true;
}

const char *secure_identity(const struct secure *secure)
{
    return secure->ready ? secure->identity : "";
}
