/* Tests of the lines between the agent and its helper: the helper is not believed. */
#include "tests/support/support.h"

#include "guest/machine/windows/session_wire.h"

#include <stdio.h>
#include <string.h>

#define GOOD                                                                                       \
    "{\"displays\":[{\"adapter\":\"-4294967297\",\"target\":256,\"path\":\"\\\\\\\\?\\\\A\","      \
    "\"monitor\":\"m\",\"active\":true,\"primary\":true,\"width\":1920,\"height\":1080,\"hz\":60}" \
    ","                                                                                            \
    "{\"adapter\":\"7\",\"target\":1,\"path\":\"p\",\"monitor\":\"\"}]}"

static bool displays_of(const char *line, struct session_displays *ret_displays, struct err *err)
{
    cJSON *answer = NULL;
    bool ok = session_reply_parse(line, strlen(line), &answer, err) &&
              session_displays_from_json(answer, ret_displays, err);

    cJSON_Delete(answer);
    return ok;
}

static void a_request_comes_back_as_it_was_sent(void **state)
{
    const struct session_request requests[] = {
        {.call = SESSION_CALL_IDLE},
        {.call = SESSION_CALL_DISPLAYS},
        {.call = SESSION_CALL_ARRANGE, .display = {INT64_MIN + 1, UINT32_MAX}, .only = true},
        {.call = SESSION_CALL_MODE,
         .display = {INT64_MAX, 7},
         .width = 3840,
         .height = 2160,
         .hz = 144},
    };

    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct session_request back;
        struct buf line;

        buf_init(&line, SESSION_LINE_BYTES);
        assert_true(session_request_print(&requests[i], &line));
        assert_int_equal(line.data[line.len - 1], '\n');
        assert_true(session_request_parse(buf_str(&line), line.len - 1, &back, NULL));
        assert_int_equal(back.call, requests[i].call);
        assert_true(back.display.adapter == requests[i].display.adapter);
        assert_int_equal(back.display.target, requests[i].display.target);
        assert_int_equal(back.only, requests[i].only);
        assert_int_equal(back.width, requests[i].width);
        assert_int_equal(back.hz, requests[i].hz);
        buf_done(&line);
    }
}

static void displays_come_back_as_they_were_sent(void **state)
{
    struct session_displays displays, back;
    struct buf line;
    cJSON *json;

    (void)state;
    assert_true(displays_of(GOOD, &displays, NULL));
    assert_int_equal(displays.count, 2);
    assert_true(displays.items[0].id.adapter == -INT64_C(4294967297));
    assert_int_equal(displays.items[0].id.target, 256);
    assert_string_equal(displays.items[0].adapter, "\\\\?\\A");
    assert_true(displays.items[0].primary && !displays.items[1].active);
    buf_init(&line, SESSION_LINE_BYTES);
    json = session_displays_to_json(&displays);
    assert_true(session_reply_print(json, NULL, &line));
    assert_true(displays_of(buf_str(&line), &back, NULL));
    assert_memory_equal(&displays, &back, sizeof back);
    cJSON_Delete(json);
    buf_done(&line);
}

static void an_error_of_the_helper_is_the_error_of_the_call(void **state)
{
    struct err told = ERR_INIT, err = ERR_INIT;
    cJSON *answer = NULL;
    struct buf line;

    (void)state;
    buf_init(&line, SESSION_LINE_BYTES);
    err_set_os(&told, ERR_DOMAIN_WIN32, 1610, TEXT_WINDOWS_DISPLAY_CHANGE, NULL);
    assert_true(session_reply_print(NULL, &told, &line));
    assert_false(session_reply_parse(buf_str(&line), line.len - 1, &answer, &err));
    assert_int_equal(err.message, TEXT_WINDOWS_DISPLAY_CHANGE);
    assert_int_equal(err.code, 1610);
    assert_null(answer);
    buf_done(&line);
}

static void an_error_that_is_none_is_an_error_all_the_same(void **state)
{
    static const char *const lines[] = {
        "{\"error\":{}}", "{\"error\":null}", "{\"error\":{\"kind\":\"none\",\"id\":\"\"}}"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct err err = ERR_INIT;
        cJSON *answer = NULL;

        assert_false(session_reply_parse(lines[i], strlen(lines[i]), &answer, &err));
        if (!err_is_set(&err))
            fail_msg("%s sets no error", lines[i]);
    }
}

static void answers_that_make_no_sense_are_refused(void **state)
{
    static const char *const lines[] = {
        "",
        "[]",
        "{}",
        "{\"displays\":{}}",
        "{\"displays\":[1]}",
        "{\"displays\":[{\"active\":true}]}",
        "{\"displays\":[{\"primary\":true,\"width\":1,\"height\":1}]}",
        "{\"displays\":[{\"active\":true,\"width\":65536,\"height\":1}]}",
        "{\"displays\":[{\"active\":true,\"width\":-1,\"height\":1}]}",
        "{\"displays\":[{\"adapter\":7}]}",
        "{\"displays\":[{\"adapter\":\"\"}]}",
        "{\"displays\":[{\"adapter\":\"-\"}]}",
        "{\"displays\":[{\"adapter\":\"9223372036854775808\"}]}",
        "{\"displays\":[{\"adapter\":\"1x\"}]}",
        "{\"displays\":[{\"active\":true,\"width\":1,\"height\":1}]}",
        "{\"displays\":[]} trailing",
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct session_displays displays = {.count = 99};
        struct err err = ERR_INIT;

        if (displays_of(lines[i], &displays, &err))
            fail_msg("%s was accepted", lines[i]);
        assert_true(err_is_set(&err));
        assert_int_equal(displays.count, 99);
    }
}

static void two_primaries_or_too_many_displays_are_refused(void **state)
{
    static const char primary[] = "{\"active\":true,\"primary\":true,\"width\":1,\"height\":1}";
    struct session_displays displays;
    char line[SESSION_DISPLAYS * 4 + 64];
    size_t at;

    (void)state;
    snprintf(line, sizeof line, "{\"displays\":[%s,%s]}", primary, primary);
    assert_false(displays_of(line, &displays, NULL));
    at = (size_t)snprintf(line, sizeof line, "{\"displays\":[{}");
    for (int i = 0; i < SESSION_DISPLAYS; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, ",{}");
    snprintf(line + at, sizeof line - at, "]}");
    assert_false(displays_of(line, &displays, NULL));
}

static void idleness_has_bounds(void **state)
{
    static const struct {
        const char *line;
        int64_t idle_ms; /* -1: refused */
    } rows[] = {
        {"{\"idle_ms\":0}", 0},
        {"{\"idle_ms\":4294967295}", INT64_C(4294967295)},
        {"{\"idle_ms\":4294967296}", -1},
        {"{\"idle_ms\":-1}", -1},
        {"{\"idle_ms\":\"1\"}", -1},
        {"{}", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t idle_ms = -1;
        cJSON *answer = NULL;

        assert_true(session_reply_parse(rows[i].line, strlen(rows[i].line), &answer, NULL));
        assert_int_equal(session_idle_from_json(answer, &idle_ms, NULL), rows[i].idle_ms >= 0);
        assert_true(idle_ms == rows[i].idle_ms);
        cJSON_Delete(answer);
    }
}

static void requests_that_make_no_sense_are_refused(void **state)
{
    static const char *const lines[] = {"",
                                        "{}",
                                        "{\"call\":\"format\"}",
                                        "{\"call\":\"mode\",\"hz\":100000}",
                                        "{\"call\":\"arrange\",\"only\":1}",
                                        "{\"call\":\"arrange\",\"target\":-1}"};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct session_request request;

        if (session_request_parse(lines[i], strlen(lines[i]), &request, NULL))
            fail_msg("%s was accepted", lines[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_comes_back_as_it_was_sent),
        cmocka_unit_test(displays_come_back_as_they_were_sent),
        cmocka_unit_test(an_error_of_the_helper_is_the_error_of_the_call),
        cmocka_unit_test(an_error_that_is_none_is_an_error_all_the_same),
        cmocka_unit_test(answers_that_make_no_sense_are_refused),
        cmocka_unit_test(two_primaries_or_too_many_displays_are_refused),
        cmocka_unit_test(idleness_has_bounds),
        cmocka_unit_test(requests_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
