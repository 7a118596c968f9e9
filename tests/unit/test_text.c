/* The catalogue is complete in both languages; text for terminals is measured, cut and cleaned. */
#include "tests/support/support.h"

#include "common/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Calls each for every row; a failure names the row. */
static void each_row(void (*each)(const struct text_row *row))
{
    const struct text_section *const *section;
    size_t i;

    for (section = text_sections(); *section; section++) {
        for (i = 0; i < (*section)->count; i++)
            each(&(*section)->rows[i]);
    }
}

static void sections_have_a_row_for_each_id(void **state)
{
    const struct text_section *const *section;
    int last = 0;

    (void)state;
    for (section = text_sections(); *section; section++) {
        if ((size_t)((*section)->end - (*section)->first) != (*section)->count)
            fail_msg("section of %s: %d ids, %zu rows",
                     (*section)->rows[0].name,
                     (int)((*section)->end - (*section)->first),
                     (*section)->count);
        assert_true((int)(*section)->first > last);
        last = (int)(*section)->end;
    }
}

static void expect_complete(const struct text_row *row)
{
    if (!row->name || !row->name[0] || !row->en || !row->en[0] || !row->zh || !row->zh[0])
        fail_msg("row %s is incomplete", row->name ? row->name : "without a name");
    if (!text_is_utf8(row->en, strlen(row->en)) || !text_is_utf8(row->zh, strlen(row->zh)))
        fail_msg("row %s is not UTF-8", row->name);
}

static void rows_have_both_languages(void **state)
{
    (void)state;
    each_row(expect_complete);
}

/* A bit for each placeholder; 0x100 when a brace is anything else. */
static unsigned placeholders(const char *text)
{
    unsigned bits = 0;

    while ((text = strchr(text, '{')) != NULL) {
        if (text[1] < '0' || text[1] >= '0' + TEXT_ARGS || text[2] != '}')
            return 0x100;
        bits |= 1u << (text[1] - '0');
        text += 3;
    }
    return bits;
}

static void expect_same_placeholders(const struct text_row *row)
{
    if (placeholders(row->en) == 0x100 || placeholders(row->zh) == 0x100)
        fail_msg("row %s: a brace that is not {0}..{3}", row->name);
    if (placeholders(row->en) != placeholders(row->zh))
        fail_msg("row %s: the languages use different placeholders", row->name);
}

static void rows_use_the_same_placeholders_in_both_languages(void **state)
{
    (void)state;
    each_row(expect_same_placeholders);
}

/* True for texts that are the same in every language: one word (a name, an option) with
 * placeholders, numbers and signs around it. */
static bool is_token(const char *text)
{
    unsigned words = 0;
    bool inside = false;

    for (; *text; text++) {
        bool letter = (*text | 0x20) >= 'a' && (*text | 0x20) <= 'z';

        words += letter && !inside;
        inside = *text != ' ' && (letter || inside);
    }
    return words <= 1;
}

static bool has_han(const char *text)
{
    size_t left = strlen(text);

    while (left) {
        uint32_t c = 0;
        size_t n = text_decode(text, left, &c);

        if (c >= 0x3400 && c <= 0x9FFF)
            return true;
        text += n;
        left -= n;
    }
    return false;
}

static void expect_chinese(const struct text_row *row)
{
    if (has_han(row->en))
        fail_msg("row %s: Chinese in the English text", row->name);
    if (!has_han(row->zh) && !(is_token(row->en) && strcmp(row->en, row->zh) == 0))
        fail_msg("row %s: no Chinese in the Chinese text", row->name);
}

static void rows_are_chinese_in_chinese_unless_a_token(void **state)
{
    (void)state;
    each_row(expect_chinese);
}

static void expect_one_line(const struct text_row *row)
{
    char safe[4096];

    if (strcmp(text_safe(safe, sizeof safe, row->en), row->en) != 0 && !strchr(row->en, '\n'))
        fail_msg("row %s: control characters", row->name);
    if (row->en[strlen(row->en) - 1] == '\n' || row->zh[strlen(row->zh) - 1] == '\n')
        fail_msg("row %s ends with a line end", row->name);
}

static void rows_hold_no_control_characters(void **state)
{
    (void)state;
    each_row(expect_one_line);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void names_are_unique(void **state)
{
    const struct text_section *const *section;
    const char **names;
    size_t count = 0;
    size_t i;

    (void)state;
    for (section = text_sections(); *section; section++)
        count += (*section)->count;
    names = calloc(count, sizeof *names);
    assert_non_null(names);
    count = 0;
    for (section = text_sections(); *section; section++) {
        for (i = 0; i < (*section)->count; i++)
            names[count++] = (*section)->rows[i].name;
    }
    qsort(names, count, sizeof *names, by_name);
    for (i = 1; i < count; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            fail_msg("two rows are named %s", names[i]);
    }
    free(names);
}

static void names_lead_back_to_their_ids(void **state)
{
    const struct text_section *const *section;
    size_t i;

    (void)state;
    for (section = text_sections(); *section; section++) {
        for (i = 0; i < (*section)->count; i++) {
            enum text_id id = (enum text_id)((size_t)(*section)->first + i);

            assert_int_equal(text_by_name((*section)->rows[i].name), id);
            assert_ptr_equal(text_row(id), &(*section)->rows[i]);
        }
    }
}

static void unknown_ids_and_names_are_told(void **state)
{
    (void)state;
    assert_int_equal(text_by_name("no.such.text"), TEXT_NONE);
    assert_string_equal(text_row((enum text_id)0x7FFF)->name, "unknown");
    assert_string_equal(text_row(TEXT_NONE)->name, "unknown");
    assert_string_equal(text_raw(TEXT_NONE, TEXT_EN), "");
}

static void format_fills_placeholders_and_leaves_missing_ones_empty(void **state)
{
    const char *one[] = {"a"};
    char out[128];

    (void)state;
    text_format(out, sizeof out, TEXT_EN, TEXT_FILE_TOO_LARGE, one, 1);
    assert_string_equal(out, "a is larger than the  bytes allowed");
    text_format(out, sizeof out, TEXT_ZH, TEXT_FILE_OPEN, one, 1);
    assert_string_equal(out, "无法打开 a");
}

static void format_does_not_expand_placeholders_in_arguments(void **state)
{
    const char *args[] = {"{1}", "x"};
    char out[128];

    (void)state;
    text_format(out, sizeof out, TEXT_EN, TEXT_FILE_OPEN, args, 2);
    assert_string_equal(out, "cannot open {1}");
}

static void format_cuts_at_character_boundaries(void **state)
{
    const char *args[] = {"x"};
    size_t size;

    (void)state;
    for (size = 1; size < 20; size++) {
        char out[20];

        text_format(out, size, TEXT_ZH, TEXT_FILE_OPEN, args, 1);
        assert_true(strlen(out) < size);
        assert_true(text_is_utf8(out, strlen(out)));
    }
}

static void numbers_are_written_over_the_whole_range(void **state)
{
    (void)state;
    assert_string_equal(TEXT_NUM(0), "0");
    assert_string_equal(TEXT_NUM(-17), "-17");
    assert_string_equal(TEXT_NUM(INT64_MAX), "9223372036854775807");
    assert_string_equal(TEXT_NUM(INT64_MIN), "-9223372036854775808");
}

static void languages_are_recognised_with_regions_and_encodings(void **state)
{
    static const struct {
        const char *name;
        int lang; /* -1: neither */
    } rows[] = {
        {"en", TEXT_EN},
        {"en_US.UTF-8", TEXT_EN},
        {"EN-GB", TEXT_EN},
        {"zh", TEXT_ZH},
        {"zh-CN", TEXT_ZH},
        {"zh_CN.UTF-8", TEXT_ZH},
        {"zh-Hans-CN", TEXT_ZH},
        {"ZH", TEXT_ZH},
        {"", -1},
        {"z", -1},
        {"fr", -1},
        {"zhuang", -1},
        {"C", -1},
        {"english", -1},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum text_lang lang = TEXT_LANGS;
        bool known = text_lang_parse(rows[i].name, &lang);

        if (known != (rows[i].lang >= 0) || (known && (int)lang != rows[i].lang))
            fail_msg("language %s", rows[i].name);
    }
}

static void width_counts_cells(void **state)
{
    static const struct {
        const char *text;
        size_t cells;
    } rows[] = {
        {"", 0},
        {"abc", 3},
        {"中文", 4},
        {"e\xCC\x81", 1},        /* combining acute */
        {"\xF0\x9F\x98\x80", 2}, /* emoji */
        {"\xEF\xBC\xA1", 2},     /* fullwidth A */
        {"\xEF\xBD\xB1", 1},     /* halfwidth katakana */
        {"한글", 4},
        {"\xFF\x80", 2}, /* not UTF-8 */
        {"状态：ok", 8},
        {"─│", 2},
        {"✓ █░", 4},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_width(rows[i].text) != rows[i].cells)
            fail_msg("%s is %zu cells", rows[i].text, text_width(rows[i].text));
    }
}

static void fit_never_splits_a_character_or_passes_the_cells(void **state)
{
    static const char text[] = "a中b文c";
    size_t cells;

    (void)state;
    for (cells = 0; cells < 9; cells++) {
        char cut[sizeof text];
        size_t n = text_fit(text, cells);

        memcpy(cut, text, n);
        cut[n] = '\0';
        assert_true(text_is_utf8(cut, n));
        assert_true(text_width(cut) <= cells);
    }
    assert_int_equal(text_fit(text, 2), 1);
    assert_int_equal(text_fit(text, 3), 4);
    assert_int_equal(text_fit(text, 100), sizeof text - 1);
}

static void bad_utf8_is_recognised(void **state)
{
    static const char *const rows[] = {
        "\x80",
        "\xC0\xAF", /* overlong */
        "\xC1\x81",
        "\xE0\x80\xAF",
        "\xED\xA0\x80", /* surrogate */
        "\xED\xBF\xBF",
        "\xF0\x80\x80\xAF",
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF8\x88\x80\x80\x80",
        "\xE4\xB8", /* cut */
        "a\xFFz",
        "\xFE",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (text_is_utf8(rows[i], strlen(rows[i])))
            fail_msg("row %zu was taken for UTF-8", i);
    }
    assert_true(text_is_utf8("\xF4\x8F\xBF\xBF\xEE\x80\x80\xED\x9F\xBF", 10));
}

static void safe_removes_escapes_and_direction_changes(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"plain 中文", "plain 中文"},
        {"\x1B[31mred", "?[31mred"},
        {"a\r\nb\tc", "a??b?c"},
        {"\xC2\x9B"
         "2J",
         "?2J"}, /* C1 CSI */
        {"\x7F", "?"},
        {"\xE2\x80\xAE"
         "abc",
         "?abc"},                /* right-to-left override */
        {"\xE2\x81\xA6x", "?x"}, /* isolate */
        {"\xFF\xC3", "??"},
        {"\xE4\xB8", "??"},
        {"x\xE2\x80\xA8y", "x?y"}, /* line separator */
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];

        assert_string_equal(text_safe(out, sizeof out, rows[i].in), rows[i].out);
    }
}

static void safe_and_copy_cut_at_character_boundaries(void **state)
{
    size_t size;

    (void)state;
    for (size = 1; size < 10; size++) {
        char a[10];
        char b[10];

        text_safe(a, size, "中文字");
        text_copy(b, size, "中文字");
        assert_int_equal(strlen(a), (size - 1) / 3 * 3);
        assert_string_equal(a, b);
    }
}

static void names_are_found_in_lists_whole_and_without_case(void **state)
{
    static const struct {
        const char *names, *name;
        bool listed;
    } rows[] = {
        {"Parsec Cloud, Inc.|Unity Technologies SF", "Parsec Cloud, Inc.", true},
        {"Parsec Cloud, Inc.|Unity Technologies SF", "unity TECHNOLOGIES sf", true},
        {"Parsec Cloud, Inc.|Unity Technologies SF", "Parsec Cloud", false},
        {"Parsec Cloud, Inc.|Unity Technologies SF", "Cloud, Inc.", false},
        {"Parsec Cloud, Inc.|Unity Technologies SF", "Unity Technologies SF Ltd", false},
        {"Parsec Cloud, Inc.|Unity", "Parsec Cloud, Inc.|Unity", false},
        {"One", "One", true},
        {"|", "", false},
        {"", "", false},
        {"", "One", false},
        {"One||Two", "Two", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (text_is_listed(rows[i].names, rows[i].name) != rows[i].listed)
            fail_msg("%s in %s: expected %d", rows[i].name, rows[i].names, rows[i].listed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_have_a_row_for_each_id),
        cmocka_unit_test(rows_have_both_languages),
        cmocka_unit_test(rows_use_the_same_placeholders_in_both_languages),
        cmocka_unit_test(rows_are_chinese_in_chinese_unless_a_token),
        cmocka_unit_test(rows_hold_no_control_characters),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(names_lead_back_to_their_ids),
        cmocka_unit_test(unknown_ids_and_names_are_told),
        cmocka_unit_test(format_fills_placeholders_and_leaves_missing_ones_empty),
        cmocka_unit_test(format_does_not_expand_placeholders_in_arguments),
        cmocka_unit_test(format_cuts_at_character_boundaries),
        cmocka_unit_test(numbers_are_written_over_the_whole_range),
        cmocka_unit_test(languages_are_recognised_with_regions_and_encodings),
        cmocka_unit_test(width_counts_cells),
        cmocka_unit_test(fit_never_splits_a_character_or_passes_the_cells),
        cmocka_unit_test(bad_utf8_is_recognised),
        cmocka_unit_test(safe_removes_escapes_and_direction_changes),
        cmocka_unit_test(safe_and_copy_cut_at_character_boundaries),
        cmocka_unit_test(names_are_found_in_lists_whole_and_without_case),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
