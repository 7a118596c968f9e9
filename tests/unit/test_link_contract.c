/* What every implementation of links keeps to.
 *
 *   test_link_contract hyperv          Hyper-V socket over the loopback of this machine
 *   test_link_contract PATH [shared]   unix socket or named pipe; shared: the system lets two
 * servers have one name, as Wine does */
#include "../support/support.h"

#include "common/link.h"

#include <uv.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

enum { LIMIT_MS = 20000, QUIET_MS = 250, DIAL_MS = 5000, LINKS_MAX = 40, PATTERN_BYTES = 65521 };

static struct link_address address;
static const char *address_text;
static bool shares_names;

/* One side of a connection and all that happened to it. */
struct side {
    struct world *world;
    struct link *link; /* NULL after on_close */
    int opened, closed, drained;
    bool failed;
    enum err_kind why;
    size_t received;
    bool damaged;
    bool echoes, closes_on_data, after_close;
};

struct world {
    uv_loop_t loop;
    uv_timer_t tick; /* wakes the loop so that waiting has an end */
    struct link_listener *listener;
    struct side dialled[LINKS_MAX], accepted[LINKS_MAX];
    int accepts, listener_closed;
    bool refuses, pauses; /* what on_accept does */
};

static uint8_t pattern[PATTERN_BYTES * 2];

/* ---- events ---- */

static void on_open(struct link *link, void *user)
{
    (void)link;
    ((struct side *)user)->opened++;
}

static bool is_pattern(size_t at, const uint8_t *data, size_t length)
{
    while (length) {
        size_t part = length < PATTERN_BYTES ? length : PATTERN_BYTES;

        if (memcmp(data, pattern + at % PATTERN_BYTES, part) != 0)
            return false;
        data += part;
        at += part;
        length -= part;
    }
    return true;
}

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    struct side *s = user;

    s->after_close |= s->closed > 0;
    s->damaged |= !is_pattern(s->received, data, length);
    s->received += length;
    if (s->echoes)
        link_send(link, data, length);
    if (s->closes_on_data)
        link_close(link, 0);
}

static void on_drain(struct link *link, void *user)
{
    (void)link;
    ((struct side *)user)->drained++;
}

static void on_close(struct link *link, const struct err *why, void *user)
{
    struct side *s = user;

    (void)link;
    s->link = NULL;
    s->closed++;
    s->failed = why != NULL;
    s->why = why ? why->kind : ERR_NONE;
}

static const struct link_events events = {
    .on_open = on_open,
    .on_data = on_data,
    .on_drain = on_drain,
    .on_close = on_close,
};

static void on_accept(struct link *link, void *user)
{
    struct world *w = user;
    struct side *s = &w->accepted[w->accepts++];

    if (w->refuses)
        return;
    s->world = w;
    s->link = link;
    link_attach(link, &events, s);
    if (w->pauses)
        link_pause(link, true);
}

static void on_error(const struct err *err, void *user)
{
    (void)err;
    (void)user;
}

static void on_listener_closed(void *user)
{
    struct world *w = user;

    w->listener_closed++;
    w->listener = NULL;
}

static const struct link_listen_events listen_events = {
    .on_accept = on_accept,
    .on_error = on_error,
    .on_closed = on_listener_closed,
};

/* ---- the world ---- */

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Another address for each case, so that a case that fails spoils no other. */
static void next_address(void)
{
    static unsigned number;

    number++;
    if (address.kind == LINK_UV)
        snprintf(address.path, sizeof address.path, "%s-%u", address_text, number);
    address.service = link_service_id;
    address.service.bytes[3] = (uint8_t)number;
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    next_address();
    assert_int_equal(uv_loop_init(&w->loop), 0);
    uv_timer_init(&w->loop, &w->tick);
    uv_timer_start(&w->tick, on_tick, 10, 10);
    return w;
}

static struct world *world_listening(void)
{
    struct world *w = world_new();
    struct err err = ERR_INIT;

    assert_true(link_listen(&w->loop, &address, &listen_events, w, &w->listener, &err));
    return w;
}

static struct side *world_dial(struct world *w, int index)
{
    struct side *s = &w->dialled[index];
    struct err err = ERR_INIT;

    s->world = w;
    assert_true(link_dial(&w->loop, &address, DIAL_MS, &events, s, &s->link, &err));
    return s;
}

/* Turns the loop until the condition holds; the test fails after LIMIT_MS. */
#define UNTIL(w, condition)                                                                        \
    do {                                                                                           \
        uint64_t end_ms = uv_hrtime() / 1000000 + LIMIT_MS;                                        \
        while (!(condition)) {                                                                     \
            assert_true(uv_hrtime() / 1000000 < end_ms);                                           \
            uv_run(&(w)->loop, UV_RUN_ONCE);                                                       \
        }                                                                                          \
    } while (0)

static void turn_for(struct world *w, uint64_t time_ms)
{
    uint64_t end_ms = uv_hrtime() / 1000000 + time_ms;

    while (uv_hrtime() / 1000000 < end_ms)
        uv_run(&w->loop, UV_RUN_ONCE);
}

/* Closes everything and checks that nothing of it is left and no callback came twice. */
static void world_end(struct world *w)
{
    if (w->listener)
        link_listener_close(w->listener);
    for (int i = 0; i < LINKS_MAX; i++) {
        if (w->dialled[i].link)
            link_close(w->dialled[i].link, 0);
        if (w->accepted[i].link)
            link_close(w->accepted[i].link, 0);
    }
    uv_close((uv_handle_t *)&w->tick, NULL);
    assert_int_equal(uv_run(&w->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    for (int i = 0; i < LINKS_MAX; i++) {
        assert_int_equal(w->dialled[i].closed, w->dialled[i].world ? 1 : 0);
        assert_int_equal(w->accepted[i].closed, w->accepted[i].world ? 1 : 0);
        assert_false(w->dialled[i].after_close || w->accepted[i].after_close);
    }
    free(w);
}

/* A connection with both sides open. */
static struct world *world_connected(void)
{
    struct world *w = world_listening();

    world_dial(w, 0);
    UNTIL(w, w->dialled[0].opened && w->accepts == 1);
    return w;
}

/* Sends total bytes of the pattern from at on, as fast as the link drains. */
static void send_all(struct world *w, struct side *s, size_t total)
{
    size_t at = 0;

    while (at < total) {
        size_t part = total - at < 60000 ? total - at : 60000;
        enum link_sent sent = link_send(s->link, pattern + at % PATTERN_BYTES, part);
        int drained = s->drained;

        assert_int_not_equal(sent, LINK_REFUSED);
        at += part;
        if (sent == LINK_FULL)
            UNTIL(w, s->drained > drained || s->closed);
    }
}

/* Sends until the link says full; how many bytes it took. */
static size_t send_until_full(struct side *s)
{
    size_t at = 0;
    enum link_sent sent = LINK_SENT;

    while (sent == LINK_SENT) {
        sent = link_send(s->link, pattern + at % PATTERN_BYTES, 60000);
        at += 60000;
    }
    assert_int_equal(sent, LINK_FULL);
    return at;
}

/* ---- failures ---- */

static void dial_to_nobody_ends_as_unreachable(void **state)
{
    struct world *w = world_new();
    struct side *s = world_dial(w, 0);

    (void)state;
    UNTIL(w, s->closed);
    assert_int_equal(s->opened, 0);
    assert_int_equal(s->why, ERR_UNREACHABLE);
    world_end(w);
}

static void second_listener_on_the_address_is_refused(void **state)
{
    struct world *w = world_listening();
    struct link_listener *second = NULL;
    struct err err = ERR_INIT;

    (void)state;
    if (shares_names) {
        world_end(w);
        skip();
    }
    assert_false(link_listen(&w->loop, &address, &listen_events, w, &second, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    assert_null(second);
    world_end(w);
}

static void address_is_free_again_after_its_listener(void **state)
{
    struct world *w = world_listening();
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 1; i < 4; i++) {
        link_listener_close(w->listener);
        UNTIL(w, w->listener_closed == i);
        assert_true(link_listen(&w->loop, &address, &listen_events, w, &w->listener, &err));
    }
    world_end(w);
}

static void link_that_is_not_attached_is_closed(void **state)
{
    struct world *w = world_listening();
    struct side *s;

    (void)state;
    w->refuses = true;
    s = world_dial(w, 0);
    UNTIL(w, s->closed);
    assert_int_equal(s->received, 0);
    world_end(w);
}

static void close_while_connecting_comes_without_an_error(void **state)
{
    struct world *w = world_listening();
    struct side *s = world_dial(w, 0);

    (void)state;
    link_close(s->link, 0);
    assert_int_equal(s->closed, 0); /* never from inside the call */
    UNTIL(w, s->closed);
    assert_int_equal(s->opened, 0);
    assert_false(s->failed);
    world_end(w);
}

static void send_above_the_hard_limit_is_refused_and_takes_nothing(void **state)
{
    struct world *w = world_connected();
    uint8_t *much = calloc(1, LINK_SEND_HARD + 1);
    size_t queued = link_queued(w->dialled[0].link);

    (void)state;
    assert_non_null(much);
    assert_int_equal(link_send(w->dialled[0].link, much, LINK_SEND_HARD + 1), LINK_REFUSED);
    assert_int_equal(link_queued(w->dialled[0].link), queued);
    free(much);
    world_end(w);
}

static void send_after_close_is_refused(void **state)
{
    struct world *w = world_connected();
    struct link *link = w->dialled[0].link;

    (void)state;
    link_send(link, pattern, 1000);
    link_close(link, 1000);
    assert_int_equal(link_send(link, pattern, 1), LINK_REFUSED);
    world_end(w);
}

static void flush_to_a_peer_that_does_not_read_has_a_time_limit(void **state)
{
    struct world *w = world_connected();
    struct side *s = &w->dialled[0];
    uint64_t start_ms = uv_hrtime() / 1000000;

    (void)state;
    link_pause(w->accepted[0].link, true);
    for (int i = 0; i < 6; i++) {
        send_until_full(s);
        turn_for(w, 50);
    }
    link_close(s->link, 300);
    UNTIL(w, s->closed);
    assert_false(s->failed);
    assert_in_range(uv_hrtime() / 1000000 - start_ms, 300, 5000);
    world_end(w);
}

/* ---- bytes ---- */

static void bytes_arrive_in_order_both_ways(void **state)
{
    struct world *w = world_connected();
    struct side *d = &w->dialled[0], *a = &w->accepted[0];

    (void)state;
    a->echoes = true;
    send_all(w, d, 3 * MIB);
    UNTIL(w, d->received == 3 * MIB);
    assert_int_equal(a->received, 3 * MIB);
    assert_false(a->damaged || d->damaged);
    world_end(w);
}

static void data_sent_before_open_arrives(void **state)
{
    struct world *w = world_listening();
    struct side *s = world_dial(w, 0);

    (void)state;
    assert_int_equal(link_send(s->link, pattern, 100), LINK_SENT);
    UNTIL(w, w->accepted[0].received == 100);
    assert_false(w->accepted[0].damaged);
    world_end(w);
}

static void many_small_sends_keep_their_order(void **state)
{
    struct world *w = world_connected();

    (void)state;
    for (size_t i = 0; i < 20000; i++)
        assert_int_not_equal(link_send(w->dialled[0].link, pattern + i * 7 % PATTERN_BYTES, 7),
                             LINK_REFUSED);
    UNTIL(w, w->accepted[0].received == 140000);
    assert_false(w->accepted[0].damaged);
    world_end(w);
}

static void many_links_live_side_by_side(void **state)
{
    struct world *w = world_listening();
    int done = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_int_equal(link_send(world_dial(w, i)->link, pattern, 5000), LINK_SENT);
    while (done < 20) {
        uv_run(&w->loop, UV_RUN_ONCE);
        done = 0;
        for (int i = 0; i < 20; i++)
            done += w->accepted[i].received == 5000 && !w->accepted[i].damaged;
    }
    world_end(w);
}

/* ---- back-pressure ---- */

static void full_is_said_and_drain_follows(void **state)
{
    struct world *w = world_connected();
    struct side *s = &w->dialled[0];

    (void)state;
    link_pause(w->accepted[0].link, true);
    do {
        s->drained = 0;
        send_until_full(s);
        turn_for(w, QUIET_MS);
    } while (s->drained);
    link_pause(w->accepted[0].link, false);
    UNTIL(w, s->drained > 0);
    assert_true(link_queued(s->link) <= LINK_SEND_HIGH);
    world_end(w);
}

static void paused_reader_stops_the_sender_within_bounds(void **state)
{
    struct world *w = world_connected();
    struct side *d = &w->dialled[0], *a = &w->accepted[0];
    size_t taken = 0, before = 1;

    (void)state;
    link_pause(a->link, true);
    while (taken != before && taken < 64 * MIB) {
        before = taken;
        while (link_queued(d->link) <= LINK_SEND_HIGH) {
            assert_int_not_equal(link_send(d->link, pattern + taken % PATTERN_BYTES, 60000),
                                 LINK_REFUSED);
            taken += 60000;
        }
        turn_for(w, QUIET_MS);
    }
    assert_true(taken < 8 * MIB);
    assert_int_equal(a->received, 0);
    link_pause(a->link, false);
    UNTIL(w, a->received == taken);
    assert_false(a->damaged);
    world_end(w);
}

static void paused_link_gets_its_data_before_the_end(void **state)
{
    struct world *w = world_connected();
    struct side *a = &w->accepted[0];

    (void)state;
    link_pause(a->link, true);
    link_send(w->dialled[0].link, pattern, 50000);
    link_close(w->dialled[0].link, 2000);
    UNTIL(w, w->dialled[0].closed);
    turn_for(w, QUIET_MS);
    assert_int_equal(a->received, 0);
    assert_int_equal(a->closed, 0);
    link_pause(a->link, false);
    UNTIL(w, a->closed);
    assert_int_equal(a->received, 50000);
    assert_false(a->failed);
    world_end(w);
}

/* ---- the end ---- */

static void close_after_flush_delivers_everything(void **state)
{
    struct world *w = world_connected();
    struct side *d = &w->dialled[0], *a = &w->accepted[0];

    (void)state;
    for (size_t at = 0; at < 6000000; at += 60000)
        assert_int_not_equal(link_send(d->link, pattern + at % PATTERN_BYTES, 60000), LINK_REFUSED);
    link_close(d->link, 5000);
    UNTIL(w, a->closed && d->closed);
    assert_int_equal(a->received, 6000000);
    assert_false(a->damaged || a->failed || d->failed);
    world_end(w);
}

static void close_after_flush_survives_what_the_peer_sends(void **state)
{
    struct world *w = world_connected();
    struct side *d = &w->dialled[0], *a = &w->accepted[0];

    (void)state;
    link_send(a->link, pattern, 60000);
    link_send(d->link, pattern, 60000);
    link_close(d->link, 2000);
    UNTIL(w, a->closed && d->closed);
    assert_int_equal(a->received, 60000);
    world_end(w);
}

static void end_of_stream_is_no_error(void **state)
{
    struct world *w = world_connected();

    (void)state;
    link_close(w->dialled[0].link, 0);
    UNTIL(w, w->dialled[0].closed && w->accepted[0].closed);
    assert_false(w->dialled[0].failed || w->accepted[0].failed);
    world_end(w);
}

static void close_inside_on_data_is_allowed(void **state)
{
    struct world *w = world_connected();
    struct side *a = &w->accepted[0];

    (void)state;
    a->closes_on_data = true;
    send_until_full(&w->dialled[0]);
    UNTIL(w, a->closed && w->dialled[0].closed);
    assert_false(a->failed);
    world_end(w);
}

static void closing_twice_closes_once_and_at_once(void **state)
{
    struct world *w = world_connected();
    struct side *s = &w->dialled[0];

    (void)state;
    link_pause(w->accepted[0].link, true);
    send_until_full(s);
    send_until_full(s);
    link_close(s->link, 60000);
    link_close(s->link, 60000);
    link_close(s->link, 0);
    UNTIL(w, s->closed);
    world_end(w);
}

static void accepted_links_outlive_their_listener(void **state)
{
    struct world *w = world_connected();

    (void)state;
    link_listener_close(w->listener);
    UNTIL(w, w->listener_closed == 1);
    w->accepted[0].echoes = true;
    link_send(w->dialled[0].link, pattern, 1000);
    UNTIL(w, w->dialled[0].received == 1000);
    world_end(w);
}

/* ---- main ---- */

static void fill_pattern(void)
{
    uint32_t value = 12345;

    for (size_t i = 0; i < PATTERN_BYTES; i++) {
        value = value * 1664525u + 1013904223u;
        pattern[i] = pattern[PATTERN_BYTES + i] = (uint8_t)(value >> 24);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dial_to_nobody_ends_as_unreachable),
        cmocka_unit_test(second_listener_on_the_address_is_refused),
        cmocka_unit_test(address_is_free_again_after_its_listener),
        cmocka_unit_test(link_that_is_not_attached_is_closed),
        cmocka_unit_test(close_while_connecting_comes_without_an_error),
        cmocka_unit_test(send_above_the_hard_limit_is_refused_and_takes_nothing),
        cmocka_unit_test(send_after_close_is_refused),
        cmocka_unit_test(flush_to_a_peer_that_does_not_read_has_a_time_limit),
        cmocka_unit_test(bytes_arrive_in_order_both_ways),
        cmocka_unit_test(data_sent_before_open_arrives),
        cmocka_unit_test(many_small_sends_keep_their_order),
        cmocka_unit_test(many_links_live_side_by_side),
        cmocka_unit_test(full_is_said_and_drain_follows),
        cmocka_unit_test(paused_reader_stops_the_sender_within_bounds),
        cmocka_unit_test(paused_link_gets_its_data_before_the_end),
        cmocka_unit_test(close_after_flush_delivers_everything),
        cmocka_unit_test(close_after_flush_survives_what_the_peer_sends),
        cmocka_unit_test(end_of_stream_is_no_error),
        cmocka_unit_test(close_inside_on_data_is_allowed),
        cmocka_unit_test(closing_twice_closes_once_and_at_once),
        cmocka_unit_test(accepted_links_outlive_their_listener),
    };

    if (argc < 2)
        return 2;
    fill_pattern();
    address_text = argv[1];
    address.kind = strcmp(address_text, "hyperv") ? LINK_UV : LINK_HYPERV;
    address.vm = link_vm_loopback;
    shares_names = argc > 2 && !strcmp(argv[2], "shared");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
