/* Two TLS endpoints back to back in memory, and peers that want something else. */
#include "tests/support/support.h"

#include "common/secure.h"

#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

#include <stdlib.h>
#include <string.h>

#define IDENTITY "4f3c2a10-0000-4000-8000-00000000beef:3"

static const uint8_t right_key[SECURE_SECRET_BYTES] = {1, 2, 3};
static const uint8_t wrong_key[SECURE_SECRET_BYTES] = {3, 2, 1};

static bool find(const char *identity, uint8_t *ret_secret, void *user)
{
    (void)user;
    if (strcmp(identity, IDENTITY) != 0)
        return false;
    memcpy(ret_secret, right_key, sizeof right_key);
    return true;
}

/* One end: what it got, what it must send. */
struct end {
    struct secure *secure;
    struct buf out, plain;
    bool ready, ended, failed;
    struct err err;
};

static void end_init(struct end *end)
{
    memset(end, 0, sizeof *end);
    buf_init(&end->out, (size_t)64 << 20);
    buf_init(&end->plain, (size_t)64 << 20);
}

static void end_done(struct end *end)
{
    secure_free(end->secure);
    buf_done(&end->out);
    buf_done(&end->plain);
}

/* Gives `end` bytes, at most `piece` at a time. */
static void end_feed(struct end *end, const uint8_t *data, size_t length, size_t piece)
{
    uint8_t plain[SECURE_RECORD_BYTES];

    while (length > 0 && !end->failed && !end->ended) {
        size_t n = length < piece ? length : piece, got = 0, left = n;
        const uint8_t *at = data;
        enum secure_result result;

        do {
            result = secure_feed(
                end->secure, &at, &left, plain, sizeof plain, &got, &end->out, &end->err);
            end->ready = end->ready || result == SECURE_READY;
            if (result == SECURE_DATA)
                assert_true(buf_put(&end->plain, plain, got));
        } while (result == SECURE_DATA || result == SECURE_READY);
        end->ended = result == SECURE_ENDED;
        end->failed = result == SECURE_FAILED;
        data += n;
        length -= n;
    }
}

/* Carries bytes both ways until nobody has any. */
static void carry(struct end *a, struct end *b, size_t piece)
{
    while (a->out.len || b->out.len) {
        struct buf from_a = a->out, from_b = b->out;

        buf_init(&a->out, from_a.max);
        buf_init(&b->out, from_b.max);
        end_feed(b, from_a.data, from_a.len, piece);
        end_feed(a, from_b.data, from_b.len, piece);
        buf_done(&from_a);
        buf_done(&from_b);
    }
}

struct two {
    struct end client, server;
};

static void two_start(struct two *two, const char *identity, const uint8_t *key)
{
    end_init(&two->client);
    end_init(&two->server);
    assert_true(secure_server_new(find, NULL, &two->server.secure, NULL));
    assert_true(secure_client_new(identity, key, &two->client.secure, NULL));
    assert_true(secure_start(two->server.secure, &two->server.out, NULL));
    assert_true(secure_start(two->client.secure, &two->client.out, NULL));
}

static void two_done(struct two *two)
{
    end_done(&two->client);
    end_done(&two->server);
}

static void two_open(struct two *two)
{
    two_start(two, IDENTITY, right_key);
    carry(&two->client, &two->server, SIZE_MAX);
    assert_true(two->client.ready && two->server.ready);
}

/* ---- keys ---- */

static void secure_fails_with_auth_on_both_sides_for_a_wrong_key(void **state)
{
    struct two two;

    (void)state;
    two_start(&two, IDENTITY, wrong_key);
    carry(&two.client, &two.server, SIZE_MAX);
    assert_true(two.client.failed && two.server.failed);
    assert_int_equal(two.client.err.kind, ERR_AUTH);
    assert_int_equal(two.server.err.kind, ERR_AUTH);
    assert_string_equal(secure_identity(two.server.secure), "");
    two_done(&two);
}

static void secure_fails_with_auth_for_an_identity_nobody_knows(void **state)
{
    static const char *const identities[] = {
        "4f3c2a10-0000-4000-8000-00000000beef:4", "", "x", IDENTITY "0"};

    (void)state;
    for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++) {
        struct two two;

        if (!*identities[i])
            continue; /* mbedtls does not send an empty one */
        two_start(&two, identities[i], right_key);
        carry(&two.client, &two.server, SIZE_MAX);
        assert_true(two.client.failed && two.server.failed);
        assert_int_equal(two.client.err.kind, ERR_AUTH);
        two_done(&two);
    }
}

static void secure_tells_the_identity_only_after_the_handshake(void **state)
{
    struct two two;

    (void)state;
    two_start(&two, IDENTITY, right_key);
    assert_string_equal(secure_identity(two.server.secure), "");
    carry(&two.client, &two.server, SIZE_MAX);
    assert_string_equal(secure_identity(two.server.secure), IDENTITY);
    assert_string_equal(secure_identity(two.client.secure), IDENTITY);
    two_done(&two);
}

/* ---- damage ---- */

static void secure_fails_on_bytes_that_are_not_tls(void **state)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\n\r\n", "{\"execute\":\"guest-ping\"}\n", "\x16\x03\x01\xff\xff garbage"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct end end;

        end_init(&end);
        assert_true(secure_server_new(find, NULL, &end.secure, NULL));
        end_feed(&end, (const uint8_t *)texts[i], strlen(texts[i]), SIZE_MAX);
        assert_true(end.failed);
        assert_int_equal(end.err.kind, ERR_BAD_INPUT);
        end_done(&end);
    }
}

static void secure_fails_on_a_changed_byte(void **state)
{
    for (size_t at = 5; at < 40; at += 7) {
        struct two two;

        (void)state;
        two_open(&two);
        assert_true(secure_send(two.client.secure, "hello there", 11, &two.client.out, NULL));
        two.client.out.data[at % two.client.out.len] ^= 1;
        carry(&two.client, &two.server, SIZE_MAX);
        assert_true(two.server.failed);
        assert_int_equal(two.server.plain.len, 0);
        assert_false(secure_send(two.server.secure, "x", 1, &two.server.out, &two.server.err));
        two_done(&two);
    }
}

static void secure_fails_on_a_record_that_comes_twice(void **state)
{
    struct two two;
    struct buf copy;

    (void)state;
    two_open(&two);
    buf_init(&copy, 1000);
    assert_true(secure_send(two.client.secure, "once", 4, &two.client.out, NULL));
    assert_true(buf_put(&copy, two.client.out.data, two.client.out.len));
    carry(&two.client, &two.server, SIZE_MAX);
    assert_int_equal(two.server.plain.len, 4);
    end_feed(&two.server, copy.data, copy.len, SIZE_MAX);
    assert_true(two.server.failed);
    assert_int_equal(two.server.plain.len, 4);
    buf_done(&copy);
    two_done(&two);
}

/* ---- other suites, versions, curves: a plain mbedtls client asks for them ---- */

struct asker {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    struct buf out;
    const uint8_t *in;
    size_t in_length;
};

static int asker_random(void *user, unsigned char *out, size_t length)
{
    (void)user;
    return secure_random(out, length) ? 0 : -1;
}

static int asker_send(void *user, const unsigned char *data, size_t length)
{
    struct asker *asker = user;

    return buf_put(&asker->out, data, length) ? (int)length : -1;
}

static int asker_receive(void *user, unsigned char *out, size_t length)
{
    struct asker *asker = user;
    size_t n = length < asker->in_length ? length : asker->in_length;

    if (n == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(out, asker->in, n);
    asker->in += n;
    asker->in_length -= n;
    return (int)n;
}

static void asker_init(struct asker *asker, const int *suites)
{
    memset(asker, 0, sizeof *asker);
    buf_init(&asker->out, 1 << 20);
    mbedtls_ssl_init(&asker->ssl);
    mbedtls_ssl_config_init(&asker->config);
    assert_int_equal(mbedtls_ssl_config_defaults(&asker->config,
                                                 MBEDTLS_SSL_IS_CLIENT,
                                                 MBEDTLS_SSL_TRANSPORT_STREAM,
                                                 MBEDTLS_SSL_PRESET_DEFAULT),
                     0);
    mbedtls_ssl_conf_rng(&asker->config, asker_random, NULL);
    if (suites)
        mbedtls_ssl_conf_ciphersuites(&asker->config, suites);
#if MBEDTLS_VERSION_MAJOR >= 3
    mbedtls_ssl_conf_max_tls_version(&asker->config, MBEDTLS_SSL_VERSION_TLS1_2);
#endif
    assert_int_equal(mbedtls_ssl_conf_psk(&asker->config,
                                          right_key,
                                          sizeof right_key,
                                          (const unsigned char *)IDENTITY,
                                          strlen(IDENTITY)),
                     0);
}

/* Runs the handshake against our server; true when both say it is done. */
static bool asker_meets_server(struct asker *asker)
{
    struct end server;
    bool done = false;
    int status = MBEDTLS_ERR_SSL_WANT_READ;

    assert_int_equal(mbedtls_ssl_setup(&asker->ssl, &asker->config), 0);
    mbedtls_ssl_set_bio(&asker->ssl, asker, asker_send, asker_receive, NULL);
    end_init(&server);
    assert_true(secure_server_new(find, NULL, &server.secure, NULL));
    for (int i = 0; i < 10 && status == MBEDTLS_ERR_SSL_WANT_READ; i++) {
        status = mbedtls_ssl_handshake(&asker->ssl);
        end_feed(&server, asker->out.data, asker->out.len, SIZE_MAX);
        buf_clear(&asker->out);
        asker->in = server.out.data;
        asker->in_length = server.out.len;
        if (status == MBEDTLS_ERR_SSL_WANT_READ && asker->in_length > 0)
            status = mbedtls_ssl_handshake(&asker->ssl);
        buf_clear(&server.out);
    }
    done = status == 0 && server.ready;
    end_done(&server);
    mbedtls_ssl_free(&asker->ssl);
    mbedtls_ssl_config_free(&asker->config);
    buf_done(&asker->out);
    return done;
}

static void secure_takes_the_one_suite_and_no_other(void **state)
{
    static const struct {
        int suite;
        bool taken;
    } rows[] = {
        {MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, false},
        {MBEDTLS_TLS_PSK_WITH_CHACHA20_POLY1305_SHA256, false},
        {MBEDTLS_TLS_DHE_PSK_WITH_CHACHA20_POLY1305_SHA256, false},
        {MBEDTLS_TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256, false},
        {MBEDTLS_TLS_PSK_WITH_NULL_SHA256, false},
        {MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, false},
        {MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const int suites[] = {rows[i].suite, 0};
        struct asker asker;

        asker_init(&asker, suites);
        if (asker_meets_server(&asker) != rows[i].taken)
            fail_msg("suite %x", (unsigned)rows[i].suite);
    }
}

static void secure_takes_only_curve_p256(void **state)
{
    static const int suites[] = {MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, 0};
    struct asker asker;

    (void)state;
    asker_init(&asker, suites);
#if MBEDTLS_VERSION_MAJOR >= 3
    static const uint16_t other[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, 0};
    mbedtls_ssl_conf_groups(&asker.config, other);
#else
    static const mbedtls_ecp_group_id other[] = {MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
    mbedtls_ssl_conf_curves(&asker.config, other);
#endif
    assert_false(asker_meets_server(&asker));
}

/* A ClientHello that offers our suite under an older version of the protocol. */
static void secure_refuses_older_versions(void **state)
{
    static const uint8_t minors[] = {0, 1, 2};

    (void)state;
    for (size_t i = 0; i < sizeof minors; i++) {
        uint8_t hello[] = {
            0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 0xee, [43] = 0, 0, 2, 0xcc, 0xac, 1, 0};
        struct end end;

        hello[10] = minors[i];
        end_init(&end);
        assert_true(secure_server_new(find, NULL, &end.secure, NULL));
        end_feed(&end, hello, sizeof hello, SIZE_MAX);
        assert_true(end.failed);
        assert_int_equal(end.err.kind, ERR_BAD_INPUT);
        assert_int_equal(end.out.data[0], 0x15); /* an alert, and nothing of a ServerHello */
        end_done(&end);
    }
}

/* ---- what works ---- */

static void secure_carries_bytes_both_ways_however_they_are_cut(void **state)
{
    static const size_t pieces[] = {1, 3, 17, 1000, SIZE_MAX};
    uint8_t data[70000];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 31 >> 3);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct two two;

        two_start(&two, IDENTITY, right_key);
        carry(&two.client, &two.server, pieces[i]);
        assert_true(secure_send(two.client.secure, data, sizeof data, &two.client.out, NULL));
        assert_true(secure_send(two.server.secure, data, 100, &two.server.out, NULL));
        carry(&two.client, &two.server, pieces[i]);
        assert_int_equal(two.server.plain.len, sizeof data);
        assert_memory_equal(two.server.plain.data, data, sizeof data);
        assert_int_equal(two.client.plain.len, 100);
        two_done(&two);
    }
}

static void secure_small_message_is_one_record(void **state)
{
    struct two two;

    (void)state;
    two_open(&two);
    assert_true(secure_send(two.client.secure, "0123456789", 10, &two.client.out, NULL));
    assert_true(two.client.out.len <= 10 + SECURE_RECORD_OVERHEAD);
    assert_true(two.client.out.len > 10);
    two_done(&two);
}

static void secure_end_is_told_from_a_cut(void **state)
{
    struct two two;

    (void)state;
    two_open(&two);
    secure_end(two.client.secure, &two.client.out);
    carry(&two.client, &two.server, SIZE_MAX);
    assert_true(two.server.ended);
    assert_false(two.server.failed);
    assert_false(secure_send(two.client.secure, "x", 1, &two.client.out, NULL));
    two_done(&two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secure_fails_with_auth_on_both_sides_for_a_wrong_key),
        cmocka_unit_test(secure_fails_with_auth_for_an_identity_nobody_knows),
        cmocka_unit_test(secure_fails_on_bytes_that_are_not_tls),
        cmocka_unit_test(secure_fails_on_a_changed_byte),
        cmocka_unit_test(secure_fails_on_a_record_that_comes_twice),
        cmocka_unit_test(secure_takes_the_one_suite_and_no_other),
        cmocka_unit_test(secure_takes_only_curve_p256),
        cmocka_unit_test(secure_refuses_older_versions),
        cmocka_unit_test(secure_tells_the_identity_only_after_the_handshake),
        cmocka_unit_test(secure_carries_bytes_both_ways_however_they_are_cut),
        cmocka_unit_test(secure_small_message_is_one_record),
        cmocka_unit_test(secure_end_is_told_from_a_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
