/* Strict conversion in both directions. */
#include "tests/support/support.h"

#include "common/utf16.h"

#include <stdlib.h>
#include <string.h>

static void malformed_utf8_is_refused(void **state)
{
    static const char *const rows[] = {"\x80", "a\xFF", "\xED\xA0\x80", "\xC0\x80", "\xE4\xB8"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint16_t *text = NULL;
        struct err err = ERR_INIT;

        assert_false(utf16_from_utf8(rows[i], &text, &err));
        assert_int_equal(err.kind, ERR_BAD_INPUT);
        assert_null(text);
    }
}

static void lone_surrogates_and_zeros_are_refused(void **state)
{
    static const uint16_t rows[][3] = {
        {0xD800, 'a', 'b'},
        {'a', 0xDC00, 'b'},
        {'a', 'b', 0xDBFF},
        {0xD800, 0xD800, 0xDC00},
        {'a', 0, 'b'},
    };
    char out[20];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = NULL;

        if (utf16_to_utf8(rows[i], 3, &text, NULL) || utf16_to_utf8_into(rows[i], 3, out, 20))
            fail_msg("accepted row %zu", i);
        assert_string_equal(out, "");
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    static const uint16_t text[] = {'a', 0x4E2D};
    char out[5];

    (void)state;
    assert_false(utf16_to_utf8_into(text, 2, out, 0));
    assert_false(utf16_to_utf8_into(text, 2, out, 4));
    assert_true(utf16_to_utf8_into(text, 2, out, 5));
    assert_string_equal(out, "a\xE4\xB8\xAD");
}

static void text_comes_back_as_it_was(void **state)
{
    static const char *const rows[] = {
        "", "abc", "é中文", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF\x01"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint16_t *wide = NULL;
        char *back = NULL;

        assert_true(utf16_from_utf8(rows[i], &wide, NULL));
        assert_true(utf16_to_utf8(wide, utf16_len(wide), &back, NULL));
        assert_string_equal(back, rows[i]);
        free(wide);
        free(back);
    }
}

static void characters_beyond_16_bits_become_pairs(void **state)
{
    uint16_t *wide = NULL;

    (void)state;
    assert_true(utf16_from_utf8("\xF0\x9F\x98\x80", &wide, NULL));
    assert_int_equal(utf16_len(wide), 2);
    assert_int_equal(wide[0], 0xD83D);
    assert_int_equal(wide[1], 0xDE00);
    free(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_utf8_is_refused),
        cmocka_unit_test(lone_surrogates_and_zeros_are_refused),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(text_comes_back_as_it_was),
        cmocka_unit_test(characters_beyond_16_bits_become_pairs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
