/* Tables, bars and spans as people see them, in both languages. */
#include "tests/support/support.h"

#include "common/ui/progress.h"
#include "common/ui/table.h"

#include <string.h>

#define OUT_BYTES 8192

static const struct table_column columns[] = {
    {.title = TEXT_HOST_COLUMN_VM, .least = 6},
    {.title = TEXT_HOST_COLUMN_POWER},
    {.title = TEXT_HOST_COLUMN_DETAIL, .least = 10, .wrap = true},
};

static struct table *build(void)
{
    struct table *table = table_new(columns, 3);

    table_cell(table, TONE_PLAIN, "lab-1");
    table_cell(table, TONE_GOOD, "on");
    table_cell(table, TONE_PLAIN, "the virtual display is missing");
    table_cell(table, TONE_PLAIN, "\xe5\xae\xa2\xe5\x8e\x85");
    table_cell(table, TONE_BAD, "\xe5\x85\xb3");
    table_cell(table, TONE_PLAIN, "");
    return table;
}

static void expect_table(enum text_lang lang, unsigned width, bool colour, const char *wanted)
{
    struct table *table = build();
    struct buf out;

    buf_init(&out, OUT_BYTES);
    table_render(table, lang, width, colour, &out);
    assert_string_equal(buf_str(&out), wanted);
    buf_done(&out);
    table_free(table);
}

static void table_aligns_columns_by_display_cells(void **state)
{
    (void)state;
    expect_table(TEXT_EN,
                 0,
                 false,
                 "VM     Power  What\n"
                 "lab-1  on     the virtual display is missing\n"
                 "\xe5\xae\xa2\xe5\x8e\x85   \xe5\x85\xb3\n");
    expect_table(TEXT_ZH,
                 0,
                 false,
                 "\xe8\x99\x9a\xe6\x8b\x9f\xe6\x9c\xba  \xe7\x94\xb5\xe6\xba\x90  "
                 "\xe8\xaf\xb4\xe6\x98\x8e\n"
                 "lab-1   on    the virtual display is missing\n"
                 "\xe5\xae\xa2\xe5\x8e\x85    \xe5\x85\xb3\n");
}

static void table_wraps_at_words_when_the_terminal_is_narrow(void **state)
{
    (void)state;
    expect_table(TEXT_EN,
                 30,
                 false,
                 "VM     Power  What\n"
                 "lab-1  on     the virtual\n"
                 "              display is\n"
                 "              missing\n"
                 "\xe5\xae\xa2\xe5\x8e\x85   \xe5\x85\xb3\n");
}

static void table_colours_cells_without_moving_columns(void **state)
{
    (void)state;
    expect_table(TEXT_EN,
                 0,
                 true,
                 "\033[1mVM\033[0m     \033[1mPower\033[0m  \033[1mWhat\033[0m\n"
                 "lab-1  \033[32mon\033[0m     the virtual display is missing\n"
                 "\xe5\xae\xa2\xe5\x8e\x85   \033[31m\xe5\x85\xb3\033[0m\n");
}

static void table_cuts_at_character_boundaries(void **state)
{
    static const struct table_column one[] = {{.title = TEXT_NONE, .least = 2}};
    struct table *table = table_new(one, 1);
    struct buf out;

    (void)state;
    table_cell(table, TONE_PLAIN, "\xe8\x99\x9a\xe6\x8b\x9f\xe6\x9c\xba\xe5\x99\xa8");
    buf_init(&out, OUT_BYTES);
    table_render(table, TEXT_EN, 6, false, &out);
    /* five cells hold two characters of two cells, not two and a half */
    assert_string_equal(buf_str(&out), "\xe8\x99\x9a\xe6\x8b\x9f\xe2\x80\xa6\n");
    buf_done(&out);
    table_free(table);
}

static void table_makes_cells_of_a_guest_harmless(void **state)
{
    static const struct table_column one[] = {{.title = TEXT_NONE}};
    struct table *table = table_new(one, 1);
    struct buf out;

    (void)state;
    table_cell(table,
               TONE_PLAIN,
               "a\033[2J\xc2\x9b"
               "b\nc\xff");
    buf_init(&out, OUT_BYTES);
    table_render(table, TEXT_EN, 0, false, &out);
    assert_null(strchr(buf_str(&out), '\033'));
    assert_int_equal(strchr(buf_str(&out), '\n') - buf_str(&out), (int)out.len - 1);
    buf_done(&out);
    table_free(table);
}

static void table_survives_a_terminal_of_one_column(void **state)
{
    struct table *table = build();
    struct buf out;

    (void)state;
    buf_init(&out, OUT_BYTES);
    table_render(table, TEXT_ZH, 1, false, &out);
    assert_true(text_is_utf8(buf_str(&out), out.len));
    assert_true(out.len > 0);
    buf_done(&out);
    table_free(table);
}

static void bar_fits_the_terminal_and_shows_how_far_it_is(void **state)
{
    struct progress_line line = {.permille = 500, .started_ms = 1000};
    char out[512];

    (void)state;
    text_copy(line.text, sizeof line.text, "\xe6\xad\xa3\xe5\x9c\xa8\xe5\xae\x89\xe8\xa3\x85");
    progress_render(out, sizeof out, &line, 66000, 80);
    assert_string_equal(out,
                        "[############------------]  50 %  1:05  "
                        "\xe6\xad\xa3\xe5\x9c\xa8\xe5\xae\x89\xe8\xa3\x85");
    progress_render(out, sizeof out, &line, 66000, 43);
    assert_true(text_is_utf8(out, strlen(out)));
    assert_true(text_width(out) <= 43);
    progress_render(out, sizeof out, &line, 66000, 10);
    assert_int_equal(text_width(out), 10);
}

static void sizes_and_spans_are_short(void **state)
{
    char out[64];

    (void)state;
    assert_string_equal(ui_size_text(out, sizeof out, 0), "0 B");
    assert_string_equal(ui_size_text(out, sizeof out, 999), "999 B");
    assert_string_equal(ui_size_text(out, sizeof out, 1536), "1.5 KB");
    assert_string_equal(ui_size_text(out, sizeof out, 128ull << 30), "128 GB");
    assert_string_equal(ui_span_text(out, sizeof out, TEXT_EN, -5), "0 s");
    assert_string_equal(ui_span_text(out, sizeof out, TEXT_EN, 119000), "119 s");
    assert_string_equal(ui_span_text(out, sizeof out, TEXT_EN, 120000), "2 min");
    assert_string_equal(ui_span_text(out, sizeof out, TEXT_EN, 3 * 86400000LL), "3 d");
    assert_string_equal(ui_span_text(out, sizeof out, TEXT_ZH, 7200000),
                        "2 \xe5\xb0\x8f\xe6\x97\xb6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_aligns_columns_by_display_cells),
        cmocka_unit_test(table_wraps_at_words_when_the_terminal_is_narrow),
        cmocka_unit_test(table_colours_cells_without_moving_columns),
        cmocka_unit_test(table_cuts_at_character_boundaries),
        cmocka_unit_test(table_makes_cells_of_a_guest_harmless),
        cmocka_unit_test(table_survives_a_terminal_of_one_column),
        cmocka_unit_test(bar_fits_the_terminal_and_shows_how_far_it_is),
        cmocka_unit_test(sizes_and_spans_are_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
