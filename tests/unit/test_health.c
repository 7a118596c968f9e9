/* Health reports: what travels comes back, and what a hostile guest sends is bounded. */
#include "common/health.h"
#include "tests/support/support.h"

#include <stdio.h>
#include <string.h>

static struct health sick_health(void)
{
    struct health health = {.level = LEVEL_DEGRADED, .agent_up = true, .sequence = 7};

    text_copy(health.gpu_name, sizeof health.gpu_name, "NVIDIA GeForce RTX 4070");
    health.stream.width = 1920;
    health.wall_ms = 1790000000000;
    health.checks[CHECK_DISPLAY_ADAPTER].status = STATUS_REPAIRING;
    health.checks[CHECK_DISPLAY_ADAPTER].attempts = 2;
    health.checks[CHECK_DISPLAY_ADAPTER].remedy = TEXT_OUT_OF_MEMORY;
    err_set(&health.checks[CHECK_DISPLAY_ADAPTER].why, ERR_NOT_FOUND, TEXT_FILE_OPEN, "x", NULL);
    return health;
}

static struct health parsed(const char *text, bool expect)
{
    struct health health = {0};
    struct err err = ERR_INIT;
    cJSON *json = NULL;
    bool ok = json_parse(text, strlen(text), &json_limits_message, &json, &err) &&
              health_from_json(json, &health, &err);

    cJSON_Delete(json);
    if (ok != expect)
        fail_msg("%s: %s", text, err_kind_name(err.kind));
    return health;
}

static void a_report_comes_back_as_it_was(void **state)
{
    static struct health health, back;
    cJSON *json;

    (void)state;
    health = sick_health();
    json = health_to_json(&health);
    assert_true(health_from_json(json, &back, NULL));
    assert_memory_equal(&health, &back, sizeof health);
    cJSON_Delete(json);
}

static void checks_and_levels_of_a_newer_agent_are_kept_out(void **state)
{
    static struct health health;

    (void)state;
    health =
        parsed("{\"level\":\"healthy\",\"new\":1,\"checks\":{\"moon.phase\":{\"status\":\"ok\"},"
               "\"gpu.present\":{\"status\":\"shiny\"}}}",
               true);
    assert_int_equal(health.checks[CHECK_GPU_PRESENT].status, STATUS_UNKNOWN);
    parsed("{\"level\":\"splendid\"}", false);
}

static void wrong_types_and_numbers_out_of_range_are_refused(void **state)
{
    static const char *const rows[] = {
        "{}",
        "[]",
        "{\"level\":1}",
        "{\"level\":\"healthy\",\"agent_up\":1}",
        "{\"level\":\"healthy\",\"build\":7}",
        "{\"level\":\"healthy\",\"wall_ms\":-1}",
        "{\"level\":\"healthy\",\"stream\":{\"width\":5000000000}}",
        "{\"level\":\"healthy\",\"checks\":[]}",
        "{\"level\":\"healthy\",\"checks\":{\"gpu.present\":1}}",
        ("{\"level\":\"healthy\",\"checks\":{\"gpu.present\":{\"status\":\"ok\",\"attempts\":70000}"
         "}"
         "}"),
        "{\"level\":\"healthy\",\"checks\":{\"gpu.present\":{\"status\":\"ok\",\"why\":\"x\"}}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        parsed(rows[i], false);
}

static void long_texts_are_cut(void **state)
{
    static struct health health;
    char text[700];
    char name[500];

    (void)state;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(text, sizeof text, "{\"level\":\"healthy\",\"build\":\"%s\"}", name);
    health = parsed(text, true);
    assert_int_equal(strlen(health.build), sizeof health.build - 1);
}

static void names_are_unique_and_found_again(void **state)
{
    (void)state;
    for (int i = 0; i < CHECK_COUNT; i++) {
        enum check_id id;

        assert_true(check_parse(check_name((enum check_id)i), &id));
        assert_int_equal(id, i);
        assert_string_not_equal(text_raw(check_title(id), TEXT_EN), "");
    }
    for (int i = 0; i < STATUS_COUNT; i++) {
        enum check_status status;

        assert_true(check_status_parse(check_status_name((enum check_status)i), &status));
        assert_int_equal(status, i);
    }
    for (int i = 0; i < LEVEL_COUNT; i++) {
        enum health_level level;

        assert_true(health_level_parse(health_level_name((enum health_level)i), &level));
        assert_int_equal(level, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_comes_back_as_it_was),
        cmocka_unit_test(checks_and_levels_of_a_newer_agent_are_kept_out),
        cmocka_unit_test(wrong_types_and_numbers_out_of_range_are_refused),
        cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(names_are_unique_and_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
