/* Errors carry ids and bounded arguments; what a hostile peer sends stays harmless. */
#include "tests/support/support.h"

#include "common/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct err from_json(const char *text)
{
    struct err err;
    cJSON *json = NULL;

    memset(&err, 0x5A, sizeof err);
    if (!json_parse(text, strlen(text), &json_limits_message, &json, NULL))
        fail_msg("%s", text);
    err_from_json(&err, json);
    cJSON_Delete(json);
    return err;
}

static const char *message_of(const struct err *err, enum text_lang lang)
{
    static char out[2048];

    return err_message(err, lang, out, sizeof out);
}

static void setters_take_a_null_and_return_false(void **state)
{
    (void)state;
    assert_false(err_set(NULL, ERR_IO, TEXT_FILE_OPEN, "x", NULL));
    assert_false(err_set_os(NULL, ERR_DOMAIN_ERRNO, ENOENT, TEXT_FILE_OPEN, "x", NULL));
    assert_false(err_no_memory(NULL));
    assert_false(err_hint(NULL, TEXT_FILE_OPEN));
    assert_false(err_context(NULL, TEXT_FILE_READING, "x"));
    err_clear(NULL);
    assert_false(err_is_set(NULL));
}

static void long_and_surplus_arguments_are_cut(void **state)
{
    char longest[1000];
    struct err err = ERR_INIT;

    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    memcpy(longest + ERR_ARG_BYTES - 2, "\xE4\xB8\xAD", 3); /* across the end */
    err_set(&err, ERR_IO, TEXT_FILE_OPEN, longest, "2", "3", "4", "5", "6", NULL);
    assert_int_equal(err.arg_count, ERR_ARGS);
    assert_int_equal(strlen(err.args[0]), ERR_ARG_BYTES - 2);
    assert_true(text_is_utf8(err.args[0], strlen(err.args[0])));
}

static void a_new_error_forgets_the_old_one(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set_os(&err, ERR_DOMAIN_WIN32, 5, TEXT_FILE_OPEN, "x", NULL);
    err_hint(&err, TEXT_FILE_READ);
    err_context(&err, TEXT_FILE_READING, "y");
    err_set(&err, ERR_BUSY, TEXT_LOCK_BUSY, "z", NULL);
    assert_int_equal(err.domain, ERR_DOMAIN_GPUPV);
    assert_int_equal(err.code, 0);
    assert_int_equal(err.hint, TEXT_NONE);
    assert_int_equal(err.context, TEXT_NONE);
}

static void kinds_follow_from_codes(void **state)
{
    static const struct {
        enum err_domain domain;
        int32_t code;
        enum err_kind kind;
    } rows[] = {
        {ERR_DOMAIN_ERRNO, ENOENT, ERR_NOT_FOUND},
        {ERR_DOMAIN_ERRNO, EACCES, ERR_DENIED},
        {ERR_DOMAIN_ERRNO, ENOSPC, ERR_NO_SPACE},
        {ERR_DOMAIN_ERRNO, ENOMEM, ERR_NO_MEMORY},
        {ERR_DOMAIN_ERRNO, ECONNREFUSED, ERR_UNREACHABLE},
        {ERR_DOMAIN_WIN32, 2, ERR_NOT_FOUND},
        {ERR_DOMAIN_WIN32, 5, ERR_DENIED},
        {ERR_DOMAIN_WIN32, 112, ERR_NO_SPACE},
        {ERR_DOMAIN_WIN32, 10061, ERR_UNREACHABLE},
        {ERR_DOMAIN_WIN32, 10060, ERR_TIMEOUT},
        {ERR_DOMAIN_HRESULT, (int32_t)0x80070005, ERR_DENIED}, /* E_ACCESSDENIED */
        {ERR_DOMAIN_HRESULT, (int32_t)0x80070002, ERR_NOT_FOUND},
        {ERR_DOMAIN_HRESULT, (int32_t)0x80041002, ERR_NOT_FOUND},
        {ERR_DOMAIN_HRESULT, (int32_t)0x80041010, ERR_UNSUPPORTED},
        {ERR_DOMAIN_CONFIGRET, 0x0D, ERR_NOT_FOUND},
        {ERR_DOMAIN_TLS, -0x7780, ERR_AUTH},
        {ERR_DOMAIN_WIN32, 4711, ERR_FAILED},
        {ERR_DOMAIN_TLS, 1, ERR_FAILED},
        {ERR_DOMAIN_GPUPV, 3, ERR_FAILED},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = ERR_INIT;

        err_set_os(&err, rows[i].domain, rows[i].code, TEXT_FILE_OPEN, "x", NULL);
        if (err.kind != rows[i].kind)
            fail_msg("%s %d is %s",
                     err_domain_name(rows[i].domain),
                     (int)rows[i].code,
                     err_kind_name(err.kind));
    }
}

static void names_of_kinds_lead_back_and_unknown_ones_are_failed(void **state)
{
    unsigned i;

    (void)state;
    for (i = 0; i < ERR_KINDS; i++)
        assert_int_equal(err_kind_parse(err_kind_name((enum err_kind)i)), i);
    assert_int_equal(err_kind_parse("no such kind"), ERR_FAILED);
    assert_string_equal(err_kind_name((enum err_kind)999), "failed");
    assert_string_equal(err_domain_name((enum err_domain)999), "gpupv");
}

static void message_says_context_object_and_code_in_either_language(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_string_equal(message_of(&err, TEXT_EN), "");
    err_set_os(&err, ERR_DOMAIN_WIN32, 5, TEXT_FILE_OPEN, "x", NULL);
    assert_string_equal(message_of(&err, TEXT_EN), "cannot open x (win32 5)");
    err_context(&err, TEXT_FILE_READING, "p.json");
    err_context(&err, TEXT_FILE_WRITE, "the outer context is not taken");
    assert_string_equal(message_of(&err, TEXT_EN), "reading p.json: cannot open x (win32 5)");
    assert_string_equal(message_of(&err, TEXT_ZH), "读取 p.json：无法打开 x (win32 5)");
    err_set_os(&err, ERR_DOMAIN_HRESULT, (int32_t)0x80070005, TEXT_FILE_OPEN, "x", NULL);
    assert_string_equal(message_of(&err, TEXT_EN), "cannot open x (hresult 0x80070005)");
}

static void message_fits_any_size(void **state)
{
    struct err err = ERR_INIT;
    size_t size;

    (void)state;
    err_set_os(&err, ERR_DOMAIN_WIN32, 5, TEXT_FILE_OPEN, "文件", NULL);
    err_context(&err, TEXT_FILE_READING, "配置");
    err_hint(&err, TEXT_FILE_OPEN);
    for (size = 1; size < 80; size++) {
        char *out = malloc(size); /* exactly so long, for the sanitizer */

        assert_non_null(out);
        err_message(&err, TEXT_ZH, out, size);
        assert_true(strlen(out) < size && text_is_utf8(out, strlen(out)));
        err_hint_text(&err, TEXT_ZH, out, size);
        assert_true(strlen(out) < size && text_is_utf8(out, strlen(out)));
        free(out);
    }
    assert_string_equal(err_message(&err, TEXT_EN, NULL, 0), "");
}

static void message_is_safe_for_a_terminal(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    err_set(&err, ERR_IO, TEXT_FILE_OPEN, "\x1B]0;owned\x07", NULL);
    err_context(&err, TEXT_FILE_READING, "a\r\nb");
    assert_string_equal(message_of(&err, TEXT_EN), "reading a??b: cannot open ?]0;owned?");
}

static void hint_uses_the_same_arguments(void **state)
{
    struct err err = ERR_INIT;
    char out[200];

    (void)state;
    assert_string_equal(err_hint_text(&err, TEXT_EN, out, sizeof out), "");
    err_set(&err, ERR_IO, TEXT_FILE_OPEN, "x", NULL);
    assert_string_equal(err_hint_text(&err, TEXT_EN, out, sizeof out), "");
    err_hint(&err, TEXT_FILE_READING);
    assert_string_equal(err_hint_text(&err, TEXT_EN, out, sizeof out), "reading x");
}

static void error_comes_back_from_json_as_it_was(void **state)
{
    struct err err = ERR_INIT;
    struct err back;
    cJSON *json;

    (void)state;
    err_set_os(&err, ERR_DOMAIN_HRESULT, (int32_t)0x80041002, TEXT_FILE_TOO_LARGE, "中", "2", NULL);
    err_hint(&err, TEXT_FILE_READ);
    err_context(&err, TEXT_FILE_READING, "y");
    json = err_to_json(&err);
    assert_non_null(json);
    err_from_json(&back, json);
    assert_memory_equal(&err, &back, sizeof err);
    cJSON_Delete(json);
}

static void hostile_json_gives_a_harmless_error(void **state)
{
    static const char *const texts[] = {
        "null",
        "[]",
        "7",
        "\"x\"",
        "{}",
        "{\"kind\":\"none\"}",
        "{\"kind\":7,\"id\":[],\"args\":{},\"hint\":{},\"context\":1,\"code\":\"x\",\"domain\":7}",
        "{\"id\":\"file.open\",\"args\":[1,null,{},[],\"five\",\"six\"]}",
        "{\"id\":\"file.open\",\"code\":1e300,\"domain\":\"win32\"}",
        "{\"id\":\"file.open\",\"code\":5,\"domain\":\"martian\"}",
        "{\"id\":\"no.such.id\",\"args\":[\"x\"],\"hint\":\"file.open\"}",
        "{\"kind\":\"no_such_kind\",\"id\":\"\"}",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = from_json(texts[i]);

        if (!err_is_set(&err) || err.kind >= ERR_KINDS || err.domain >= ERR_DOMAINS ||
            err.arg_count > ERR_ARGS || !message_of(&err, TEXT_EN)[0])
            fail_msg("%s", texts[i]);
    }
}

static void unknown_id_of_a_peer_is_shown_by_name(void **state)
{
    struct err err =
        from_json("{\"kind\":\"busy\",\"id\":\"moon.\\u001b[2Jfull\",\"args\":[\"x\"]}");

    (void)state;
    assert_int_equal(err.kind, ERR_BUSY);
    assert_int_equal(err.message, TEXT_REMOTE_ERROR);
    assert_non_null(strstr(message_of(&err, TEXT_EN), "moon.?[2Jfull"));
}

static void code_without_a_known_domain_is_dropped(void **state)
{
    struct err err = from_json("{\"id\":\"file.open\",\"code\":5,\"domain\":\"martian\"}");

    (void)state;
    assert_int_equal(err.domain, ERR_DOMAIN_GPUPV);
    assert_int_equal(err.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setters_take_a_null_and_return_false),
        cmocka_unit_test(long_and_surplus_arguments_are_cut),
        cmocka_unit_test(a_new_error_forgets_the_old_one),
        cmocka_unit_test(kinds_follow_from_codes),
        cmocka_unit_test(names_of_kinds_lead_back_and_unknown_ones_are_failed),
        cmocka_unit_test(message_says_context_object_and_code_in_either_language),
        cmocka_unit_test(message_fits_any_size),
        cmocka_unit_test(message_is_safe_for_a_terminal),
        cmocka_unit_test(hint_uses_the_same_arguments),
        cmocka_unit_test(error_comes_back_from_json_as_it_was),
        cmocka_unit_test(hostile_json_gives_a_harmless_error),
        cmocka_unit_test(unknown_id_of_a_peer_is_shown_by_name),
        cmocka_unit_test(code_without_a_known_domain_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
