/* Tests of what strangers answer to the network check, and of judging translators. */
#include "tests/support/support.h"

#include "guest/machine/windows/network_wire.h"

#include <string.h>

static const uint8_t id[NETWORK_STUN_ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

/* The head of a success answer with a body of that length, and the body behind it. */
static size_t answer(uint8_t *out, const uint8_t *body, size_t length)
{
    static const uint8_t head[] = {1, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};

    memcpy(out, head, sizeof head);
    out[3] = (uint8_t)length;
    memcpy(out + 8, id, sizeof id);
    memcpy(out + 20, body, length);
    return 20 + length;
}

static void a_request_is_a_binding_request_with_its_id(void **state)
{
    static const uint8_t head[] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    uint8_t out[NETWORK_STUN_REQUEST_BYTES];

    (void)state;
    network_stun_request(id, out);
    assert_memory_equal(out, head, sizeof head);
    assert_memory_equal(out + 8, id, sizeof id);
}

static void the_masked_address_wins(void **state)
{
    static const uint8_t body[] = {
        0x80,       0x22,     0,          3,        'a', 'b', 'c', 0, /* unknown, padded */
        0,          1,        0,          8,        0,   1,   0,   80,
        10,         0,        0,          1, /* MAPPED-ADDRESS 10.0.0.1 */
        0,          0x20,     0,          8,        0,   1,   0,   80,
        0x21 ^ 203, 0x12 ^ 0, 0xa4 ^ 113, 0x42 ^ 5,
    };
    uint8_t data[64];
    uint32_t address = 0;
    size_t length = answer(data, body, sizeof body);

    (void)state;
    assert_true(network_stun_answer(data, length, id, &address));
    assert_int_equal(address, 0xCB007105u); /* 203.0.113.5 */
    length = answer(data, body, 20);        /* an old server knows only the plain one */
    assert_true(network_stun_answer(data, length, id, &address));
    assert_int_equal(address, 0x0A000001u);
}

static void foreign_and_broken_answers_are_passed_over(void **state)
{
    static const uint8_t body[] = {0, 0x20, 0, 8, 0, 1, 0, 80, 1, 2, 3, 4};
    uint8_t good[64], data[64];
    uint32_t address = 77;
    size_t length = answer(good, body, sizeof body);

    (void)state;
    assert_true(network_stun_answer(good, length, id, &address));
    address = 77;
    for (size_t i = 0; i < length; i++) /* cut anywhere */
        assert_false(network_stun_answer(good, i, id, &address));
    for (size_t i = 0; i < 20; i++) { /* and changed anywhere in the head */
        memcpy(data, good, length);
        data[i] ^= 0x40;
        assert_false(network_stun_answer(data, length, id, &address));
    }
    memcpy(data, good, length);
    data[25] = 2; /* an IPv6 address of four bytes */
    assert_false(network_stun_answer(data, length, id, &address));
    data[25] = 1;
    data[23] = 200; /* an attribute longer than the message */
    assert_false(network_stun_answer(data, length, id, &address));
    assert_int_equal(address, 77);
}

static void a_proxy_is_understood_when_its_head_is_complete(void **state)
{
    static const struct {
        const char *text;
        bool complete;
        unsigned status;
    } rows[] = {
        {"", false, 0},
        {"HTTP/1.1 200", false, 0},
        {"HTTP/1.1 200 OK\r\n", false, 0},
        {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", true, 200},
        {"HTTP/1.0 407 Proxy Authentication Required\n\n", true, 407},
        {"HTTP/1.1 502 Bad\r\n\r\nbody", true, 502},
        {"HTTP/2 200\r\n\r\n", true, 0},
        {"HTTP/1.1 999 ?\r\n\r\n", true, 0},
        {"HTTP/1.1 20\r\n\r\n", true, 0},
        {"SSH-2.0-x\r\n\r\n", true, 0},
        {"\r\n\r\n", true, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned status = 7;
        bool complete = network_proxy_answer(rows[i].text, strlen(rows[i].text), &status);

        if (complete != rows[i].complete || status != rows[i].status)
            fail_msg("row %d: %d %u", (int)i, complete, status);
    }
}

static void a_proxy_that_never_ends_its_head_is_none(void **state)
{
    static char text[NETWORK_HEAD_BYTES];
    unsigned status = 7;

    (void)state;
    memset(text, 'x', sizeof text);
    assert_false(network_proxy_answer(text, sizeof text - 1, &status));
    assert_true(network_proxy_answer(text, sizeof text, &status));
    assert_int_equal(status, 0);
}

static void two_translators_are_told_from_one(void **state)
{
    static const struct {
        const char *what;
        struct network_way way;
        bool twice;
    } rows[] = {
        {"a public address of its own", {.local = 0x08080808, .mapped = 0x08080808}, false},
        {"a private network without a way out", {.local = 0xC0A80105, .mapped = 0xC0A80105}, false},
        {"an external switch: the router is the only one",
         {.local = 0xC0A80105, .mapped = 0xCB007105, .hops = {0xC0A80101, 0xCB007101}},
         false},
        {"the Default Switch behind a router",
         {.local = 0xAC1B0102,
          .mapped = 0xCB007105,
          .hops = {0xAC1B0101, 0xC0A80101},
          .gateway_is_hyperv = true},
         true},
        {"the Default Switch of a host with a public address",
         {.local = 0xAC1B0102,
          .mapped = 0xCB007105,
          .hops = {0xAC1B0101, 0xCB007101},
          .gateway_is_hyperv = true},
         false},
        {"a provider that translates, too",
         {.local = 0xC0A80105, .mapped = 0xCB007105, .hops = {0xC0A80101, 0x64400001}},
         true},
        {"routers that say nothing, and a Hyper-V host",
         {.local = 0xAC1B0102, .mapped = 0xCB007105, .gateway_is_hyperv = true},
         true},
        {"routers that say nothing", {.local = 0xC0A80105, .mapped = 0xCB007105}, false},
        {"nothing is known", {.local = 0}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (network_is_double_nat(&rows[i].way) != rows[i].twice)
            fail_msg("%s", rows[i].what);
}

static void private_ranges_have_exact_ends(void **state)
{
    static const uint32_t inside[] = {0x0A000000,
                                      0x0AFFFFFF,
                                      0xAC100000,
                                      0xAC1FFFFF,
                                      0xC0A80000,
                                      0xC0A8FFFF,
                                      0x64400000,
                                      0x647FFFFF};
    static const uint32_t outside[] = {0x09FFFFFF,
                                       0x0B000000,
                                       0xAC0FFFFF,
                                       0xAC200000,
                                       0xC0A7FFFF,
                                       0xC0A90000,
                                       0x643FFFFF,
                                       0x64800000};

    (void)state;
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        assert_true(network_is_private(inside[i]));
        assert_false(network_is_private(outside[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_a_binding_request_with_its_id),
        cmocka_unit_test(the_masked_address_wins),
        cmocka_unit_test(foreign_and_broken_answers_are_passed_over),
        cmocka_unit_test(a_proxy_is_understood_when_its_head_is_complete),
        cmocka_unit_test(a_proxy_that_never_ends_its_head_is_none),
        cmocka_unit_test(two_translators_are_told_from_one),
        cmocka_unit_test(private_ranges_have_exact_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
