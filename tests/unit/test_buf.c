/* A buffer never passes its maximum and always ends with a zero. */
#include "tests/support/support.h"

#include "common/buf.h"

#include <stdlib.h>
#include <string.h>

static void put_above_the_maximum_changes_nothing_and_is_remembered(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    assert_true(buf_puts(&b, "abcd"));
    assert_false(b.failed);
    assert_false(buf_puts(&b, "e"));
    assert_true(b.failed);
    assert_string_equal(buf_str(&b), "abcd");
    assert_false(buf_printf(&b, "%d", 1));
    assert_false(buf_put(&b, "0123456789", 10));
    assert_string_equal(buf_str(&b), "abcd");
    buf_clear(&b);
    assert_false(b.failed);
    assert_true(buf_printf(&b, "%s", "wxyz"));
    buf_done(&b);
}

static void sizes_near_the_end_of_the_address_space_are_refused(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, SIZE_MAX);
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    buf_clear(&b);
    assert_true(buf_puts(&b, "x"));
    assert_null(buf_reserve(&b, SIZE_MAX - 1));
    assert_string_equal(buf_str(&b), "x");
    buf_done(&b);
}

static void maximum_of_zero_holds_nothing(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 0);
    assert_true(buf_put(&b, NULL, 0));
    assert_false(buf_put(&b, "x", 1));
    assert_string_equal(buf_str(&b), "");
    buf_done(&b);
}

static void empty_buffer_is_an_empty_string(void **state)
{
    struct buf b;
    char *text;

    (void)state;
    buf_init(&b, 10);
    assert_string_equal(buf_str(&b), "");
    buf_consume(&b, 0);
    text = buf_take(&b);
    assert_string_equal(text, "");
    free(text);
    buf_done(&b);
}

static void content_grows_to_the_maximum_and_stays_terminated(void **state)
{
    struct buf b;
    size_t i;

    (void)state;
    buf_init(&b, 1000);
    for (i = 0; i < 1000; i++) {
        assert_true(buf_put(&b, "x", 1));
        assert_int_equal(b.data[b.len], 0);
    }
    assert_false(buf_put(&b, "x", 1));
    assert_true(b.cap <= 1001);
    assert_int_equal(strlen(buf_str(&b)), 1000);
    buf_done(&b);
}

static void consume_takes_from_the_front(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 10);
    buf_puts(&b, "abcdef");
    buf_consume(&b, 2);
    assert_string_equal(buf_str(&b), "cdef");
    buf_consume(&b, 4);
    assert_string_equal(buf_str(&b), "");
    buf_done(&b);
}

static void reserve_gives_room_that_added_counts(void **state)
{
    struct buf b;
    uint8_t *to;

    (void)state;
    buf_init(&b, 10);
    to = buf_reserve(&b, 10);
    assert_non_null(to);
    memcpy(to, "0123456789", 10);
    buf_added(&b, 3);
    assert_string_equal(buf_str(&b), "012");
    buf_done(&b);
}

static void take_hands_over_the_memory(void **state)
{
    struct buf b;
    char *text;

    (void)state;
    buf_init(&b, 10);
    buf_puts(&b, "abc");
    text = buf_take(&b);
    assert_string_equal(text, "abc");
    assert_string_equal(buf_str(&b), "");
    assert_true(buf_puts(&b, "0123456789"));
    free(text);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_above_the_maximum_changes_nothing_and_is_remembered),
        cmocka_unit_test(sizes_near_the_end_of_the_address_space_are_refused),
        cmocka_unit_test(maximum_of_zero_holds_nothing),
        cmocka_unit_test(empty_buffer_is_an_empty_string),
        cmocka_unit_test(content_grows_to_the_maximum_and_stays_terminated),
        cmocka_unit_test(consume_takes_from_the_front),
        cmocka_unit_test(reserve_gives_room_that_added_counts),
        cmocka_unit_test(take_hands_over_the_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
