/* The loopback self-test: an echo through a listener of our own, then a dial to nobody. */
#include "common/link_hyperv.h"

#include "common/link.h"

#include <uv.h>

#include <string.h>

#define ECHO_BYTES    ((uint64_t)4 << 20)
#define PIECE_BYTES   ((size_t)32 << 10)
#define PATTERN_BYTES 65521 /* a prime: no block of the link begins like another */

enum { TEST_LIMIT_MS = 15000, DIAL_LIMIT_MS = 5000, FLUSH_MS = 2000 };

struct selftest {
    uv_loop_t loop;
    uv_timer_t guard;
    struct link_address address;
    struct link_listener *listener;
    struct link *dialled, *accepted, *refused;
    uint64_t sent, received;
    uint64_t start_ms;
    bool saw_end;
    struct link_hyperv_selftest result;
    struct err err;
    uint8_t pattern[PATTERN_BYTES + PIECE_BYTES];
};

static int64_t elapsed_ms(struct selftest *t)
{
    int64_t elapsed = (int64_t)(uv_hrtime() / 1000000 - t->start_ms);

    t->start_ms = uv_hrtime() / 1000000;
    return elapsed;
}

/* Closes what is open, so that the loop runs out. The first error stays. */
static void finish(struct selftest *t, const struct err *why)
{
    if (why && !err_is_set(&t->err))
        t->err = *why;
    if (t->listener)
        link_listener_close(t->listener);
    t->listener = NULL;
    if (t->dialled)
        link_close(t->dialled, 0);
    if (t->accepted)
        link_close(t->accepted, 0);
    if (t->refused)
        link_close(t->refused, 0);
    if (!uv_is_closing((uv_handle_t *)&t->guard))
        uv_close((uv_handle_t *)&t->guard, NULL);
}

static void fail(struct selftest *t, enum err_kind kind, enum text_id message)
{
    struct err err = ERR_INIT;

    err_set(&err, kind, message, NULL);
    finish(t, &err);
}

static void on_guard(uv_timer_t *timer)
{
    fail(timer->data, ERR_TIMEOUT, TEXT_HYPERV_TEST_LATE);
}

/* ---- last step: nobody offers this service ---- */

static void on_refused(struct link *link, const struct err *why, void *user)
{
    struct selftest *t = user;

    (void)link;
    t->refused = NULL;
    t->result.refused_ms = elapsed_ms(t);
    if (!why || why->kind != ERR_UNREACHABLE)
        fail(t, ERR_FAILED, TEXT_HYPERV_TEST_NOT_REFUSED);
    else
        finish(t, NULL);
}

static void on_refused_open(struct link *link, void *user)
{
    (void)link;
    fail(user, ERR_FAILED, TEXT_HYPERV_TEST_NOT_REFUSED);
}

static void on_refused_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    (void)link;
    (void)data;
    (void)length;
    fail(user, ERR_FAILED, TEXT_HYPERV_TEST_NOT_REFUSED);
}

static const struct link_events refused_events = {
    .on_open = on_refused_open,
    .on_data = on_refused_data,
    .on_close = on_refused,
};

static void dial_nobody(struct selftest *t)
{
    struct link_address nobody = t->address;
    struct err err = ERR_INIT;

    nobody.service.bytes[3] ^= 0x55;
    elapsed_ms(t);
    if (!link_dial(&t->loop, &nobody, DIAL_LIMIT_MS, &refused_events, t, &t->refused, &err))
        finish(t, &err);
}

/* ---- the echoing end ---- */

static void on_echo_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    enum link_sent sent = link_send(link, data, length);

    if (sent == LINK_FULL)
        link_pause(link, true);
    else if (sent == LINK_REFUSED)
        fail(user, ERR_IO, TEXT_HYPERV_TEST_DATA);
}

static void on_echo_drain(struct link *link, void *user)
{
    (void)user;
    link_pause(link, false);
}

static void on_echo_close(struct link *link, const struct err *why, void *user)
{
    struct selftest *t = user;

    (void)link;
    t->accepted = NULL;
    t->saw_end = !why && t->received == ECHO_BYTES;
    if (why)
        finish(t, why);
    else if (!t->dialled && t->saw_end)
        dial_nobody(t);
}

static const struct link_events echo_events = {
    .on_data = on_echo_data,
    .on_drain = on_echo_drain,
    .on_close = on_echo_close,
};

static void on_accept(struct link *link, void *user)
{
    struct selftest *t = user;

    t->accepted = link;
    link_attach(link, &echo_events, t);
}

static void on_accept_error(const struct err *err, void *user)
{
    finish(user, err);
}

static const struct link_listen_events listen_events = {
    .on_accept = on_accept,
    .on_error = on_accept_error,
};

/* ---- the dialling end ---- */

static void pump(struct link *link, void *user)
{
    struct selftest *t = user;
    enum link_sent sent = LINK_SENT;

    while (t->sent < ECHO_BYTES && sent == LINK_SENT) {
        sent = link_send(link, t->pattern + t->sent % PATTERN_BYTES, PIECE_BYTES);
        if (sent != LINK_REFUSED)
            t->sent += PIECE_BYTES;
    }
    if (sent == LINK_REFUSED)
        fail(t, ERR_IO, TEXT_HYPERV_TEST_DATA);
}

static void on_open(struct link *link, void *user)
{
    struct selftest *t = user;

    t->result.open_ms = elapsed_ms(t);
    pump(link, t);
}

static bool is_pattern(const struct selftest *t, const uint8_t *data, size_t length)
{
    uint64_t at = t->received;

    while (length) {
        size_t part = length < PIECE_BYTES ? length : PIECE_BYTES;

        if (memcmp(data, t->pattern + at % PATTERN_BYTES, part) != 0)
            return false;
        data += part;
        length -= part;
        at += part;
    }
    return true;
}

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct selftest *t = user;

    if (length > ECHO_BYTES - t->received || !is_pattern(t, data, length)) {
        fail(t, ERR_IO, TEXT_HYPERV_TEST_DATA);
        return;
    }
    t->received += length;
    if (t->received < ECHO_BYTES)
        return;
    t->result.echo_ms = elapsed_ms(t);
    t->result.echo_bytes = ECHO_BYTES;
    link_close(link, FLUSH_MS);
}

static void on_close(struct link *link, const struct err *why, void *user)
{
    struct selftest *t = user;

    (void)link;
    t->dialled = NULL;
    if (why)
        finish(t, why);
    else if (t->received != ECHO_BYTES)
        fail(t, ERR_CLOSED, TEXT_HYPERV_TEST_DATA);
    else if (t->saw_end)
        dial_nobody(t);
}

static const struct link_events dial_events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_drain = pump,
    .on_close = on_close,
};

/* A service id that nobody else has, in the form that Linux guests know too. */
static bool random_address(struct link_address *ret_address, struct err *err)
{
    struct link_address a = {
        .kind = LINK_HYPERV, .vm = link_vm_loopback, .service = link_service_id};
    int code = uv_random(NULL, NULL, a.service.bytes, 4, 0, NULL);

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HYPERV_FAILED, NULL);
    a.service.bytes[0] &= 0x7f;
    *ret_address = a;
    return true;
}

static bool begin(struct selftest *t)
{
    uint32_t value = 1;

    for (size_t i = 0; i < sizeof t->pattern; i++) {
        value = i == PATTERN_BYTES ? 1 : value * 1664525u + 1013904223u;
        t->pattern[i] = i < PATTERN_BYTES ? (uint8_t)(value >> 24) : t->pattern[i - PATTERN_BYTES];
    }
    t->start_ms = uv_hrtime() / 1000000;
    return random_address(&t->address, &t->err) &&
           link_listen(&t->loop, &t->address, &listen_events, t, &t->listener, &t->err) &&
           link_dial(&t->loop, &t->address, DIAL_LIMIT_MS, &dial_events, t, &t->dialled, &t->err);
}

bool link_hyperv_selftest(struct link_hyperv_selftest *ret_result, struct err *err)
{
    static struct selftest test; /* 100 KiB, and only one at a time makes sense */
    struct selftest *t = &test;
    int code;

    memset(t, 0, sizeof *t);
    code = uv_loop_init(&t->loop);
    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HYPERV_FAILED, NULL);
    uv_timer_init(&t->loop, &t->guard);
    t->guard.data = t;
    uv_timer_start(&t->guard, on_guard, TEST_LIMIT_MS, 0);
    if (!begin(t))
        finish(t, NULL);
    uv_run(&t->loop, UV_RUN_DEFAULT);
    uv_loop_close(&t->loop);
    if (!err_is_set(&t->err)) {
        *ret_result = t->result;
        return true;
    }
    if (err)
        *err = t->err;
    return false;
}
