/* Strict JSON: what cJSON lets pass is refused, limits hold before memory is spent. */
#include "tests/support/support.h"

#include "common/clock.h"
#include "common/fs.h"
#include "common/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *parse(const char *text)
{
    cJSON *json = NULL;
    struct err err = ERR_INIT;

    if (!json_parse(text, strlen(text), &json_limits_message, &json, &err))
        fail_msg("%s: %s at %s:%s", text, text_row(err.message)->name, err.args[0], err.args[1]);
    return json;
}

/* Parses a copy that is exactly as long as the text, so that the sanitizer sees any read past it.
 */
static bool accepts(const char *text, size_t length, struct err *err)
{
    char *copy = malloc(length ? length : 1);
    cJSON *json = NULL;
    bool ok;

    assert_non_null(copy);
    memcpy(copy, text, length);
    ok = json_parse(copy, length, &json_limits_message, &json, err);
    assert_int_equal(ok, json != NULL);
    cJSON_Delete(json);
    free(copy);
    return ok;
}

static void malformed_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        " ",
        "{",
        "}",
        "[",
        "]",
        "{]",
        "[}",
        "nul",
        "nulll",
        "True",
        "tru",
        "fals",
        "truefalse",
        "{}{}",
        "{} x",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\" 1}",
        "{1:2}",
        "{\"a\":1 \"b\":2}",
        "[1]]",
        "//x\n1",
        "/**/1",
        "1 // x",
        "\"",
        "\"a",
        "a\"",
        "'a'",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\\u",
        "\"\\",
        "\"\t\"",
        "\"\n\"",
        "\"\x01\"",
        "\"\x1F\"",
        "\"\\u0000\"",
        /* surrogates */
        "\"\\uD800\"",
        "\"\\uDC00\"",
        "\"\\uD800\\u0041\"",
        "\"\\uD800\\uD800\"",
        "\"\\uD800x\"",
        "\"\\uD800\\\"",
        "\"\\uDBFF\\uE000\"",
        /* UTF-8 */
        "\"\x80\"",
        "\"\xC0\xAF\"",
        "\"\xED\xA0\x80\"",
        "\"\xF5\x80\x80\x80\"",
        "\"\xE4\xB8\"",
        "\"\xFF\"",
        "{\"\xFF\":1}",
        "\xEF\xBB\xBF{}",
        "\xC2\xA0 1",
        /* numbers */
        "-",
        "+1",
        "01",
        "-01",
        "00",
        "1.",
        ".1",
        "-.1",
        "1.e1",
        "1e",
        "1e+",
        "1e1.5",
        "0x10",
        "1e999",
        "-1e999",
        "1e309",
        "NaN",
        "Infinity",
        "-Infinity",
        "1_000",
        "--1",
        "1-",
        "1e--1",
        "1234567890123456789012345678901234567890123456789012345678901234",
        "\v1",
        "\f1",
        "1\v",
        "[1\f]",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = ERR_INIT;

        if (accepts(texts[i], strlen(texts[i]), &err))
            fail_msg("accepted row %zu: %s", i, texts[i]);
        if (err.kind != ERR_BAD_INPUT)
            fail_msg("row %zu: %s is %s", i, texts[i], err_kind_name(err.kind));
    }
}

static void zero_bytes_are_refused(void **state)
{
    (void)state;
    assert_false(accepts("1\0", 2, NULL));
    assert_false(accepts("\0", 1, NULL));
    assert_false(accepts("\"a\0b\"", 5, NULL));
    assert_false(accepts("{\"a\0\":1}", 8, NULL));
    assert_false(accepts("\"\\\0\"", 4, NULL));
}

static void error_names_line_and_column(void **state)
{
    static const char text[] = "{\n  \"中\": 1,\n  \"b\": x\n}";
    struct err err = ERR_INIT;

    (void)state;
    assert_false(accepts(text, sizeof text - 1, &err));
    assert_int_equal(err.message, TEXT_JSON_SYNTAX);
    assert_string_equal(err.args[0], "3");
    assert_string_equal(err.args[1], "8");
}

static void duplicate_keys_are_refused_however_they_are_written(void **state)
{
    static const char *const texts[] = {
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\/\":1,\"/\":2}",
        "{\"\\uD83D\\uDE00\":1,\"\xF0\x9F\x98\x80\":2}",
        "{\"\":1,\"\":2}",
        "[{\"x\":{\"k\":1,\"y\":[],\"k\":2}}]",
        "{\"o\":{\"a\":1},\"b\":{},\"o\":1}",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = ERR_INIT;

        if (accepts(texts[i], strlen(texts[i]), &err) || err.message != TEXT_JSON_DUPLICATE_KEY)
            fail_msg("%s", texts[i]);
    }
}

static void same_keys_in_different_objects_and_cases_are_fine(void **state)
{
    static const char *const texts[] = {
        "{\"a\":{\"a\":{\"a\":1}}}",
        "[{\"a\":1},{\"a\":1}]",
        "{\"a\":1,\"A\":2}",
        "{\"a\":1,\"a \":2,\"aa\":3}",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cJSON_Delete(parse(texts[i]));
}

/* An object with n keys k0.., the last of them once more when twice is set. */
static struct buf wide_object(size_t n, bool twice)
{
    struct buf out;
    size_t i;

    buf_init(&out, 1024 * 1024);
    buf_puts(&out, "{");
    for (i = 0; i < n; i++)
        buf_printf(&out, "%s\"k%zu\":0", i ? "," : "", i);
    if (twice)
        buf_printf(&out, ",\"\\u006B%zu\":0", n - 1);
    buf_puts(&out, "}");
    assert_false(out.failed);
    return out;
}

static void duplicates_are_found_in_objects_of_any_width(void **state)
{
    static const size_t widths[] = {1, 2, 15, 16, 17, 63, 64, 65, 200, 5000};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        struct buf good = wide_object(widths[i], false);
        struct buf bad = wide_object(widths[i], true);
        struct err err = ERR_INIT;

        if (!accepts(buf_str(&good), good.len, NULL) || accepts(buf_str(&bad), bad.len, &err) ||
            err.message != TEXT_JSON_DUPLICATE_KEY)
            fail_msg("width %zu", widths[i]);
        buf_done(&good);
        buf_done(&bad);
    }
}

/* Comparing each key with each would take minutes here under the sanitizer. */
static void twenty_thousand_keys_do_not_take_quadratic_time(void **state)
{
    struct buf text = wide_object(19998, false);
    int64_t start = clock_now_ms(clock_system());

    (void)state;
    assert_true(text.len < json_limits_message.bytes);
    assert_true(accepts(buf_str(&text), text.len, NULL));
    assert_true(clock_now_ms(clock_system()) - start < 2000);
    buf_done(&text);
}

static void depth_is_limited(void **state)
{
    char text[2 * 17 + 1];
    struct err err = ERR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < 17; i++) {
        text[i] = '[';
        text[33 - i] = ']';
    }
    assert_true(accepts(text + 1, 32, NULL));
    assert_false(accepts(text, 34, &err));
    assert_int_equal(err.message, TEXT_JSON_TOO_DEEP);
    assert_int_equal(err.kind, ERR_TOO_LARGE);
}

static void hundred_thousand_open_brackets_do_no_harm(void **state)
{
    char *text = malloc(100000);
    struct err err = ERR_INIT;

    (void)state;
    assert_non_null(text);
    memset(text, '[', 100000);
    assert_false(accepts(text, 100000, &err));
    assert_int_equal(err.message, TEXT_JSON_TOO_DEEP);
    free(text);
}

static void bytes_and_values_are_limited(void **state)
{
    struct buf text;
    struct err err = ERR_INIT;
    size_t i;

    (void)state;
    buf_init(&text, 1024 * 1024);
    buf_puts(&text, "[0");
    for (i = 1; i < json_limits_message.elements; i++)
        buf_puts(&text, ",0");
    buf_puts(&text, "]");
    assert_false(accepts(buf_str(&text), text.len, &err));
    assert_int_equal(err.message, TEXT_JSON_TOO_MANY);
    while (text.len <= json_limits_message.bytes)
        buf_puts(&text, " ");
    assert_false(accepts(buf_str(&text), text.len, &err));
    assert_int_equal(err.message, TEXT_JSON_TOO_LARGE);
    buf_done(&text);
}

static void cut_texts_are_refused_at_every_byte(void **state)
{
    static const char text[] =
        " {\"a\\u00e9\\uD83D\\uDE00\": [-1.5e+3, true, false, null, \"中\\n\"], \"b\": {}}";
    size_t cut;

    (void)state;
    assert_true(accepts(text, sizeof text - 1, NULL));
    for (cut = 0; cut < sizeof text - 1; cut++) {
        if (accepts(text, cut, NULL))
            fail_msg("accepted a cut at %zu", cut);
    }
}

static void numbers_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"9007199254740991", 9007199254740991.0},
        {"-9007199254740991", -9007199254740991.0},
        {"1e-999", 0},
        {"1.5E+2", 150},
        {"1e308", 1e308},
        {"1.7976931348623157e308", 1.7976931348623157e308},
        {"0.1", 0.1},
        {"123456789012345678901234567890123456789012345678901234567890123", 1.2345678901234568e62},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cJSON *json = parse(rows[i].text);

        if (!cJSON_IsNumber(json) || json->valuedouble != rows[i].value)
            fail_msg("%s", rows[i].text);
        cJSON_Delete(json);
    }
}

static void written_text_is_ascii_and_comes_back(void **state)
{
    static const char text[] = "{\"中\":[\"é\xF0\x9F\x98\x80\\u007f\\b\\f\\n\\r\\t\\\"\\\\\\/\","
                               "1,-2.5,1e+300,0.1,true,false,null,{},[]]}";
    cJSON *json = parse(text);
    cJSON *back;
    struct buf out;
    size_t i;

    (void)state;
    buf_init(&out, 1000);
    assert_true(json_write(json, &out));
    for (i = 0; i < out.len; i++)
        assert_true(out.data[i] >= 0x20 && out.data[i] < 0x7F);
    assert_string_equal(buf_str(&out),
                        "{\"\\u4e2d\":[\"\\u00e9\\ud83d\\ude00\\u007f\\b\\f\\n\\r\\t\\\"\\\\/\","
                        "1,-2.5,1e+300,0.1,true,false,null,{},[]]}");
    back = parse(buf_str(&out));
    assert_true(cJSON_Compare(json, back, true));
    cJSON_Delete(json);
    cJSON_Delete(back);
    buf_done(&out);
}

static void pretty_text_keeps_utf8_and_comes_back(void **state)
{
    cJSON *json = parse("{\"中\":[1,{\"a\":\"\\u0085\"}],\"e\":{}}");
    cJSON *back;
    struct buf out;

    (void)state;
    buf_init(&out, 1000);
    assert_true(json_write_pretty(json, &out));
    assert_string_equal(buf_str(&out),
                        "{\n  \"中\": [\n    1,\n    {\n      \"a\": \"\\u0085\"\n    }\n  ],\n"
                        "  \"e\": {}\n}\n");
    back = parse(buf_str(&out));
    assert_true(cJSON_Compare(json, back, true));
    cJSON_Delete(json);
    cJSON_Delete(back);
    buf_done(&out);
}

static void strings_that_are_not_utf8_are_written_so_that_they_can_be_read(void **state)
{
    cJSON *json = cJSON_CreateString("a\xFFz\xED\xA0\x80");
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    assert_true(json_write(json, &out));
    assert_string_equal(buf_str(&out), "\"a\\ufffdz\\ufffd\\ufffd\\ufffd\"");
    cJSON_Delete(json);
    buf_done(&out);
}

static void numbers_that_are_not_finite_are_written_as_null(void **state)
{
    cJSON *json = cJSON_CreateArray();
    struct buf out;

    (void)state;
    cJSON_AddItemToArray(json, cJSON_CreateNumber(INFINITY));
    cJSON_AddItemToArray(json, cJSON_CreateNumber(NAN));
    buf_init(&out, 100);
    assert_true(json_write(json, &out));
    assert_string_equal(buf_str(&out), "[null,null]");
    cJSON_Delete(json);
    buf_done(&out);
}

static void writing_into_a_full_buffer_leaves_it_as_it_was(void **state)
{
    cJSON *json = parse("[\"0123456789\"]");
    struct buf out;

    (void)state;
    buf_init(&out, 12);
    buf_puts(&out, "x");
    assert_false(json_write(json, &out));
    assert_string_equal(buf_str(&out), "x");
    cJSON_Delete(json);
    buf_done(&out);
}

static void getters_name_the_field_and_leave_the_result(void **state)
{
    static const char *const choices[] = {"one", "two"};
    cJSON *json = parse("{\"s\":\"text\",\"n\":7,\"f\":1.5,\"big\":9007199254740992,\"b\":true,"
                        "\"o\":{},\"a\":[],\"null\":null}");
    const char *text = "before";
    const cJSON *item = json;
    int64_t number = 42;
    int index = 3;
    bool flag = true;
    char into[4] = "old";
    struct err err = ERR_INIT;

    (void)state;
    assert_false(json_string(json, "none", NULL, &text, &err));
    assert_int_equal(err.message, TEXT_JSON_MISSING);
    assert_string_equal(err.args[0], "none");
    assert_false(json_string(json, "n", "x", &text, &err));
    assert_int_equal(err.message, TEXT_JSON_TYPE);
    assert_false(json_string_into(json, "s", NULL, into, sizeof into, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_false(json_int(json, "s", 0, 9, &number, &err));
    assert_false(json_int(json, "f", 0, 9, &number, &err));
    assert_false(json_int(json, "n", 8, 9, &number, &err));
    assert_int_equal(err.message, TEXT_JSON_RANGE);
    assert_false(json_int(json, "n", 0, 6, &number, &err));
    assert_false(json_int(json, "big", INT64_MIN, INT64_MAX, &number, &err));
    assert_false(json_int(json, "null", 0, 9, &number, &err));
    assert_false(json_bool(json, "n", &flag, &err));
    assert_false(json_choice(json, "s", choices, 2, &index, &err));
    assert_string_equal(err.args[2], "one, two");
    assert_false(json_choice(json, "n", choices, 2, &index, &err));
    assert_false(json_object(json, "a", &item, &err));
    assert_false(json_array(json, "o", &item, &err));
    assert_string_equal(text, "before");
    assert_string_equal(into, "old");
    assert_int_equal(number, 42);
    assert_int_equal(index, 3);
    assert_ptr_equal(item, json);
    cJSON_Delete(json);
}

static void getters_read_what_is_there_and_default_what_is_not(void **state)
{
    static const char *const choices[] = {"text", "two"};
    cJSON *json = parse("{\"s\":\"text\",\"n\":-7,\"b\":false,\"o\":{},\"a\":[]}");
    const char *text = NULL;
    const cJSON *item = json;
    int64_t number = 42;
    int index = 3;
    bool flag = true;
    char into[5] = "";

    (void)state;
    assert_true(json_string(json, "s", NULL, &text, NULL));
    assert_string_equal(text, "text");
    assert_true(json_string(json, "S", "fallback", &text, NULL));
    assert_string_equal(text, "fallback");
    assert_true(json_string_into(json, "s", NULL, into, sizeof into, NULL));
    assert_string_equal(into, "text");
    assert_true(json_int(json, "none", 0, 9, &number, NULL));
    assert_int_equal(number, 42);
    assert_true(json_int(json, "n", -7, -7, &number, NULL));
    assert_int_equal(number, -7);
    assert_true(json_bool(json, "b", &flag, NULL));
    assert_false(flag);
    assert_true(json_choice(json, "s", choices, 2, &index, NULL));
    assert_int_equal(index, 0);
    assert_true(json_object(json, "none", &item, NULL));
    assert_null(item);
    assert_true(json_object(json, "o", &item, NULL));
    assert_non_null(item);
    assert_true(json_array(json, "a", &item, NULL));
    assert_non_null(item);
    cJSON_Delete(json);
}

static void getters_take_what_is_no_object_as_empty(void **state)
{
    static const char *const known[] = {"a", NULL};
    cJSON *json = parse("[{\"a\":1}]");
    const char *text;
    int64_t number = 42;

    (void)state;
    assert_false(json_string(json, "a", NULL, &text, NULL));
    assert_true(json_int(NULL, "a", 0, 1, &number, NULL));
    assert_true(json_only_known(json, known, NULL));
    assert_true(json_only_known(NULL, known, NULL));
    assert_int_equal(number, 42);
    cJSON_Delete(json);
}

static void unknown_fields_are_named_with_the_nearest_known_one(void **state)
{
    static const char *const known[] = {"memory_mb", "cpus", "name", NULL};
    cJSON *json = parse("{\"name\":1,\"memory\":2}");
    struct err err = ERR_INIT;

    (void)state;
    assert_false(json_only_known(json, known, &err));
    assert_int_equal(err.message, TEXT_JSON_UNKNOWN_FIELD);
    assert_string_equal(err.args[0], "memory");
    assert_string_equal(err.args[1], "memory_mb");
    cJSON_Delete(json);
}

static void parents_are_put_in_front_of_the_field(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "hz", NULL);
    assert_false(json_in_item("modes", 2, &err));
    assert_false(json_in("display", &err));
    assert_string_equal(err.args[0], "display.modes[2].hz");
    err_set(&err, ERR_NO_MEMORY, TEXT_OUT_OF_MEMORY, NULL);
    assert_false(json_in("display", &err));
    assert_int_equal(err.arg_count, 0);
    assert_false(json_in("display", NULL));
}

static void whole_numbers_beyond_a_double_are_not_added(void **state)
{
    cJSON *json = cJSON_CreateObject();

    (void)state;
    assert_true(json_add_int(json, "a", JSON_INT_MAX));
    assert_true(json_add_int(json, "b", -JSON_INT_MAX));
    assert_false(json_add_int(json, "c", JSON_INT_MAX + 1));
    assert_false(json_add_int(json, "c", INT64_MIN));
    assert_int_equal(cJSON_GetArraySize(json), 2);
    cJSON_Delete(json);
}

static void files_are_read_with_their_path_in_the_error(void **state)
{
    struct err err = ERR_INIT;
    cJSON *json = NULL;

    (void)state;
    support_folder("t");
    assert_false(json_read_file("t/none", &json_limits_file, &json, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(fs_write_atomic("t/f", "{x", 2, FS_SHARED, NULL));
    err_clear(&err);
    assert_false(json_read_file("t/f", &json_limits_file, &json, &err));
    assert_int_equal(err.message, TEXT_JSON_SYNTAX);
    assert_string_equal(err.context_arg, "t/f");
    assert_null(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_texts_are_refused),
        cmocka_unit_test(zero_bytes_are_refused),
        cmocka_unit_test(error_names_line_and_column),
        cmocka_unit_test(duplicate_keys_are_refused_however_they_are_written),
        cmocka_unit_test(same_keys_in_different_objects_and_cases_are_fine),
        cmocka_unit_test(duplicates_are_found_in_objects_of_any_width),
        cmocka_unit_test(twenty_thousand_keys_do_not_take_quadratic_time),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(hundred_thousand_open_brackets_do_no_harm),
        cmocka_unit_test(bytes_and_values_are_limited),
        cmocka_unit_test(cut_texts_are_refused_at_every_byte),
        cmocka_unit_test(numbers_are_read_exactly),
        cmocka_unit_test(written_text_is_ascii_and_comes_back),
        cmocka_unit_test(pretty_text_keeps_utf8_and_comes_back),
        cmocka_unit_test(strings_that_are_not_utf8_are_written_so_that_they_can_be_read),
        cmocka_unit_test(numbers_that_are_not_finite_are_written_as_null),
        cmocka_unit_test(writing_into_a_full_buffer_leaves_it_as_it_was),
        cmocka_unit_test(getters_name_the_field_and_leave_the_result),
        cmocka_unit_test(getters_read_what_is_there_and_default_what_is_not),
        cmocka_unit_test(getters_take_what_is_no_object_as_empty),
        cmocka_unit_test(unknown_fields_are_named_with_the_nearest_known_one),
        cmocka_unit_test(parents_are_put_in_front_of_the_field),
        cmocka_unit_test(whole_numbers_beyond_a_double_are_not_added),
        cmocka_unit_test(files_are_read_with_their_path_in_the_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
