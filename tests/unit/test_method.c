/* The method table, and the JSON-RPC text around it. */
#include "tests/support/support.h"

#include "common/method.h"
#include "common/rpc.h"

#include <stdlib.h>
#include <string.h>

#define SHA "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

/* ---- parameters ---- */

struct params_row {
    enum method_id method;
    const char *json; /* "" stands for no params */
    size_t body_length;
    enum err_kind kind; /* ERR_NONE: fine */
};

static const struct params_row params_rows[] = {
    {METHOD_PING, "", 1, ERR_BAD_INPUT},
    {METHOD_PROFILE_SET, "", 0, ERR_BAD_INPUT},
    {METHOD_PROFILE_SET, "{\"profile\":[]}", 0, ERR_BAD_INPUT},
    {METHOD_REPAIR_RUN, "{\"checks\":{}}", 0, ERR_BAD_INPUT},
    {METHOD_REPAIR_RUN, "{\"checks\":[1]}", 0, ERR_BAD_INPUT},
    {METHOD_REPAIR_RUN, "{\"now\":1}", 0, ERR_BAD_INPUT},
    {METHOD_RELAY_OPEN, "{\"port\":0}", 0, ERR_BAD_INPUT},
    {METHOD_RELAY_OPEN, "{\"port\":65536}", 0, ERR_BAD_INPUT},
    {METHOD_RELAY_OPEN, "{\"port\":1.5}", 0, ERR_BAD_INPUT},
    {METHOD_RELAY_OPEN, "{\"port\":\"80\"}", 0, ERR_BAD_INPUT},
    {METHOD_RELAY_OPEN, "{\"port\":1e300}", 0, ERR_BAD_INPUT},
    {METHOD_DRIVERS_ABORT, "{\"package\":\"..\"}", 0, ERR_UNSAFE},
    {METHOD_DRIVERS_ABORT, "{\"package\":\"a/b\"}", 0, ERR_UNSAFE},
    {METHOD_DRIVERS_ABORT, "{\"package\":\"a\\\\b\"}", 0, ERR_UNSAFE},
    {METHOD_DRIVERS_ABORT, "{\"package\":\"nul\"}", 0, ERR_UNSAFE},
    {METHOD_DRIVERS_ABORT, "{\"package\":\"\"}", 0, ERR_BAD_INPUT},
    {METHOD_PAYLOAD_PUT, "{\"name\":\"a\",\"size_bytes\":1,\"sha256\":\"00\"}", 1, ERR_BAD_INPUT},
    {METHOD_PAYLOAD_PUT,
     "{\"name\":\"a\",\"size_bytes\":-1,\"sha256\":\"" SHA "\"}",
     1,
     ERR_BAD_INPUT},
    {METHOD_PAYLOAD_PUT,
     "{\"name\":\"a\",\"size_bytes\":1,\"sha256\":"
     "\"00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff\"}",
     1,
     ERR_BAD_INPUT},
    {METHOD_PING, "", 0, ERR_NONE},
    {METHOD_PING, "{\"later\":true}", 0, ERR_NONE},
    {METHOD_REPAIR_RUN, "{\"checks\":[\"gpu.present\"],\"now\":true}", 0, ERR_NONE},
    {METHOD_RELAY_OPEN, "{\"port\":7890}", 0, ERR_NONE},
    {METHOD_PAYLOAD_PUT,
     "{\"name\":\"a.exe\",\"size_bytes\":1,\"sha256\":\"" SHA "\"}",
     1,
     ERR_NONE},
};

static void method_checks_parameters_against_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof params_rows / sizeof params_rows[0]; i++) {
        const struct params_row *row = &params_rows[i];
        cJSON *params = *row->json ? cJSON_Parse(row->json) : NULL;
        struct err err = ERR_INIT;
        bool ok = method_check(row->method, params, row->body_length, &err);

        if (ok != (row->kind == ERR_NONE) || err.kind != row->kind)
            fail_msg(
                "%s %s: %s", method_row(row->method)->name, row->json, err_kind_name(err.kind));
        cJSON_Delete(params);
    }
}

static void method_names_are_unique_and_found_again(void **state)
{
    (void)state;
    for (int i = 0; i < METHOD_COUNT; i++) {
        enum method_id id = METHOD_COUNT;

        assert_true(strlen(method_row((enum method_id)i)->name) < METHOD_NAME_BYTES);
        assert_true(method_parse(method_row((enum method_id)i)->name, &id));
        assert_int_equal(id, i);
    }
}

static void method_that_does_not_exist_is_not_found(void **state)
{
    enum method_id id = METHOD_PING;

    (void)state;
    assert_false(method_parse("exec", &id));
    assert_false(method_parse("", &id));
    assert_int_equal(id, METHOD_PING);
}

/* A method that a restricted peer must not reach, but could because its row lacks a flag. */
static void method_that_changes_something_needs_rights(void **state)
{
    (void)state;
    for (int i = 0; i < METHOD_COUNT; i++) {
        const struct method *row = method_row((enum method_id)i);

        if (row->flags & METHOD_MUTATES)
            assert_true(row->flags & METHOD_ADMIN);
        if (row->flags & METHOD_SECRET)
            assert_true(row->flags & METHOD_BODY_IN);
        assert_true(row->deadline_ms > 0);
    }
}

static void every_method_is_documented(void **state)
{
    char *path = support_data_path("../common/PROTOCOL.md");
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 1 << 20);

    (void)state;
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    for (int i = 0; i < METHOD_COUNT; i++) {
        const struct method *row = method_row((enum method_id)i);
        char heading[64], name[64];
        const char *section, *end;

        snprintf(heading, sizeof heading, "### `%s`", row->name);
        section = strstr(text, heading);
        if (!section)
            fail_msg("no section for %s", row->name);
        end = strstr(section + 1, "\n##");
        for (const struct method_field *f = row->fields; f < row->fields + METHOD_FIELDS && f->name;
             f++) {
            const char *found;

            snprintf(name, sizeof name, "`%s`", f->name);
            found = strstr(section, name);
            if (!found || (end && found > end))
                fail_msg("%s: field %s is not documented", row->name, f->name);
        }
    }
    free(text);
    free(path);
}

/* ---- JSON-RPC ---- */

static const char *const bad_requests[] = {
    "",
    "{",
    "[]",
    "null",
    "{\"jsonrpc\":\"2.0\",\"id\":5}",
    "{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"ping\"}",
    "{\"id\":5,\"method\":\"ping\"}",
    "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"ping\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"5\",\"method\":\"ping\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":5}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"params\":[]}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\",\"params\":null}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"id\":5,\"method\":\"ping\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"ping\"}{}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"p\xff\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"a_name_that_is_longer_than_any_method_is\"}",
};

static void rpc_refuses_malformed_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_requests / sizeof bad_requests[0]; i++) {
        struct rpc_message message = {0};
        struct err err = ERR_INIT;

        if (rpc_read_message(bad_requests[i], strlen(bad_requests[i]), 5, &message, &err))
            fail_msg("accepted: %s", bad_requests[i]);
        assert_true(err_is_set(&err));
        assert_null(message.json);
    }
}

static const char *const bad_replies[] = {
    "{\"jsonrpc\":\"2.0\",\"id\":5}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":1}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":null}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{},\"error\":{}}",
    "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{}}",
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":\"no\"}",
};

static void rpc_refuses_malformed_replies(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_replies / sizeof bad_replies[0]; i++) {
        struct err failure = ERR_INIT, err = ERR_INIT;
        const cJSON *result = NULL;
        cJSON *json = NULL;

        if (rpc_read_reply(
                bad_replies[i], strlen(bad_replies[i]), 5, &json, &result, &failure, &err))
            fail_msg("accepted: %s", bad_replies[i]);
        assert_null(json);
    }
}

static void rpc_reads_an_error_without_our_data(void **state)
{
    static const char text[] =
        "{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{\"code\":-1,\"message\":\"no\"}}";
    struct err failure = ERR_INIT, err = ERR_INIT;
    const cJSON *result;
    cJSON *json;

    (void)state;
    assert_true(rpc_read_reply(text, strlen(text), 5, &json, &result, &failure, &err));
    assert_null(result);
    assert_int_equal(failure.message, TEXT_REMOTE_ERROR);
    assert_string_equal(failure.args[0], "no");
    cJSON_Delete(json);
}

static void rpc_writes_what_it_reads(void **state)
{
    struct buf out;
    struct rpc_message message;
    cJSON *params = cJSON_Parse("{\"a\":[1,2]}");
    struct err err = ERR_INIT;

    (void)state;
    buf_init(&out, FRAME_HEADER_BYTES + FRAME_JSON_MAX);
    assert_true(rpc_write_request(&out, 4294967295u, "ping", params, &err));
    assert_true(rpc_read_message((char *)out.data + FRAME_HEADER_BYTES,
                                 out.len - FRAME_HEADER_BYTES,
                                 4294967295u,
                                 &message,
                                 &err));
    assert_string_equal(message.method, "ping");
    assert_true(cJSON_Compare(message.params, params, true));
    rpc_message_done(&message);
    cJSON_Delete(params);
    buf_done(&out);
}

static void rpc_carries_errors_both_ways(void **state)
{
    struct buf out;
    struct err failure = ERR_INIT, back = ERR_INIT, err = ERR_INIT;
    const cJSON *result;
    cJSON *json;

    (void)state;
    err_set_os(&failure, ERR_DOMAIN_WIN32, 5, TEXT_FILE_OPEN, "C:\\x", NULL);
    buf_init(&out, FRAME_HEADER_BYTES + FRAME_JSON_MAX);
    assert_true(rpc_write_error(&out, 9, RPC_FAILED, &failure));
    assert_true(rpc_read_reply((char *)out.data + FRAME_HEADER_BYTES,
                               out.len - FRAME_HEADER_BYTES,
                               9,
                               &json,
                               &result,
                               &back,
                               &err));
    assert_int_equal(back.kind, ERR_DENIED);
    assert_int_equal(back.message, TEXT_FILE_OPEN);
    assert_int_equal(back.code, 5);
    assert_string_equal(back.args[0], "C:\\x");
    cJSON_Delete(json);
    buf_done(&out);
}

static void rpc_refuses_to_write_more_than_a_frame_holds(void **state)
{
    struct buf out;
    struct err err = ERR_INIT;
    char *much = malloc(FRAME_JSON_MAX + 1);
    cJSON *params = cJSON_CreateObject();

    (void)state;
    assert_non_null(much);
    memset(much, 'x', FRAME_JSON_MAX);
    much[FRAME_JSON_MAX] = '\0';
    cJSON_AddStringToObject(params, "x", much);
    buf_init(&out, 2 * FRAME_JSON_MAX);
    assert_false(rpc_write_request(&out, 1, "ping", params, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    buf_done(&out);
    buf_init(&out, FRAME_HEADER_BYTES + FRAME_JSON_MAX);
    assert_false(rpc_write_result(&out, 1, params, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    buf_done(&out);
    cJSON_Delete(params);
    free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_checks_parameters_against_its_row),
        cmocka_unit_test(method_that_does_not_exist_is_not_found),
        cmocka_unit_test(method_names_are_unique_and_found_again),
        cmocka_unit_test(method_that_changes_something_needs_rights),
        cmocka_unit_test(every_method_is_documented),
        cmocka_unit_test(rpc_refuses_malformed_requests),
        cmocka_unit_test(rpc_refuses_malformed_replies),
        cmocka_unit_test(rpc_refuses_to_write_more_than_a_frame_holds),
        cmocka_unit_test(rpc_reads_an_error_without_our_data),
        cmocka_unit_test(rpc_writes_what_it_reads),
        cmocka_unit_test(rpc_carries_errors_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
