/* Profiles: every refusal names the field, what is accepted is complete, and files survive. */
#include "tests/support/support.h"

#include "common/fs.h"
#include "common/profile.h"

#include <stdio.h>
#include <string.h>

static bool parse(const char *text, struct profile *ret_profile, struct err *err)
{
    cJSON *json = NULL;
    bool ok = json_parse(text, strlen(text), &json_limits_file, &json, err) &&
              profile_parse(json, ret_profile, err);

    cJSON_Delete(json);
    return ok;
}

static struct profile parsed(const char *text)
{
    struct profile profile;
    struct err err = ERR_INIT;
    char message[512];

    if (!parse(text, &profile, &err))
        fail_msg("%s: %s", text, err_message(&err, TEXT_EN, message, sizeof message));
    return profile;
}

static void profile_refuses_with_the_path_of_the_field(void **state)
{
    static const struct {
        const char *text;
        const char *path;
        enum text_id message;
    } rows[] = {
        {"[]", "profile", TEXT_JSON_TYPE},
        {"null", "profile", TEXT_JSON_TYPE},
        {"{\"version\":2}", "2", TEXT_PROFILE_VERSION},
        {"{\"version\":\"1\"}", "version", TEXT_JSON_TYPE},
        {"{\"modes\":\"repair\"}", "modes", TEXT_JSON_UNKNOWN_FIELD},
        {"{\"Mode\":\"repair\"}", "Mode", TEXT_JSON_UNKNOWN_FIELD},
        {"{\"mode\":\"heal\"}", "mode", TEXT_JSON_CHOICE},
        {"{\"mode\":1}", "mode", TEXT_JSON_TYPE},
        {"{\"idle_minutes\":0}", "idle_minutes", TEXT_JSON_RANGE},
        {"{\"idle_minutes\":2.5}", "idle_minutes", TEXT_JSON_TYPE},
        {"{\"idle_minutes\":\"10\"}", "idle_minutes", TEXT_JSON_TYPE},
        {"{\"display\":[]}", "display", TEXT_JSON_TYPE},
        {"{\"display\":{\"stratgy\":\"auto\"}}", "display.stratgy", TEXT_JSON_UNKNOWN_FIELD},
        {"{\"display\":{\"strategy\":\"both\"}}", "display.strategy", TEXT_JSON_CHOICE},
        {"{\"display\":{\"hyperv_video\":true}}", "display.hyperv_video", TEXT_JSON_TYPE},
        {"{\"display\":{\"ready_hold_s\":0}}", "display.ready_hold_s", TEXT_JSON_RANGE},
        {"{\"display\":{\"privacy\":1}}", "display.privacy", TEXT_JSON_TYPE},
        {"{\"display\":{\"virtual_monitors\":4}}", "display.virtual_monitors", TEXT_JSON_RANGE},
        {"{\"display\":{\"virtual_monitors\":-1}}", "display.virtual_monitors", TEXT_JSON_RANGE},
        {"{\"display\":{\"virtual_monitors\":1e300}}", "display.virtual_monitors", TEXT_JSON_RANGE},
        {"{\"display\":{\"modes\":{}}}", "display.modes", TEXT_JSON_TYPE},
        {"{\"display\":{\"modes\":[]}}", "display.modes", TEXT_PROFILE_COUNT},
        {"{\"display\":{\"modes\":[\"640x480\",\"800x600\",\"1024x768\",\"1280x720\","
         "\"1600x900\",\"1920x1080\"]}}",
         "display.modes",
         TEXT_PROFILE_COUNT},
        {"{\"display\":{\"modes\":[\"1920x1080\",7]}}", "display.modes[1]", TEXT_PROFILE_MODE},
        {"{\"display\":{\"modes\":[\"1920x1080\",\"1920x1080@60\"]}}",
         "display.modes[1]",
         TEXT_PROFILE_MODE},
        {"{\"display\":{\"strategy\":\"hold\",\"privacy\":true}}",
         "display.privacy",
         TEXT_PROFILE_CONFLICT},
        {"{\"display\":{\"strategy\":\"hold\",\"virtual_monitors\":1}}",
         "display.virtual_monitors",
         TEXT_PROFILE_CONFLICT},
        {"{\"display\":{\"strategy\":\"hold\"},"
         "\"parsec\":{\"config\":{\"host_virtual_monitor_fallback\":true}}}",
         "parsec.config.host_virtual_monitor_fallback",
         TEXT_PROFILE_CONFLICT},
        {"{\"audio\":{\"device\":\"x\"}}", "audio.device", TEXT_JSON_UNKNOWN_FIELD},
        {"{\"parsec\":{\"scope\":\"all\"}}", "parsec.scope", TEXT_JSON_CHOICE},
        {"{\"parsec\":{\"config\":[]}}", "parsec.config", TEXT_JSON_TYPE},
        {"{\"parsec\":{\"config\":{\"a b\":1}}}", "parsec.config.a b", TEXT_PROFILE_LINE},
        {"{\"parsec\":{\"config\":{\"\":1}}}", "parsec.config", TEXT_PROFILE_LINE},
        {"{\"parsec\":{\"config\":{\"a\":null}}}", "parsec.config.a", TEXT_PROFILE_LINE},
        {"{\"parsec\":{\"config\":{\"a\":{}}}}", "parsec.config.a", TEXT_PROFILE_LINE},
        {"{\"parsec\":{\"config\":{\"a\":\"1\\nb = 2\"}}}", "parsec.config.a", TEXT_PROFILE_LINE},
        {"{\"parsec\":{\"config\":{\"a\":\" 1\"}}}", "parsec.config.a", TEXT_PROFILE_LINE},
        {"{\"parsec\":{\"config\":{\"host_privacy_mode\":1}}}",
         "parsec.config.host_privacy_mode",
         TEXT_PROFILE_OWNED_LINE},
        {"{\"parsec\":{\"config\":{\"app_proxy_address\":\"127.0.0.1\"}}}",
         "parsec.config.app_proxy_address",
         TEXT_PROFILE_OWNED_LINE},
        {"{\"parsec\":{\"installer\":\"/silent\"}}", "parsec.installer", TEXT_JSON_TYPE},
        {"{\"parsec\":{\"installer\":[1]}}", "parsec.installer[0]", TEXT_PROFILE_SWITCH},
        {"{\"parsec\":{\"installer\":[\"/a\",\"silent\"]}}",
         "parsec.installer[1]",
         TEXT_PROFILE_SWITCH},
        {"{\"parsec\":{\"installer\":[\"/\"]}}", "parsec.installer[0]", TEXT_PROFILE_SWITCH},
        {"{\"parsec\":{\"installer\":[\"/a b\"]}}", "parsec.installer[0]", TEXT_PROFILE_SWITCH},
        {"{\"parsec\":{\"installer\":[\"/a=\\\"b\"]}}", "parsec.installer[0]", TEXT_PROFILE_SWITCH},
        {"{\"parsec\":{\"installer\":[\"/currentuser\"]}}",
         "parsec.installer[0]",
         TEXT_PROFILE_SWITCH},
        {"{\"parsec\":{\"installer\":[\"/team_computer_key=x\"]}}",
         "parsec.installer[0]",
         TEXT_PROFILE_SWITCH},
        {"{\"parsec\":{\"installer\":[\"/a\",\"/a\",\"/a\",\"/a\",\"/a\",\"/a\",\"/a\",\"/a\","
         "\"/a\"]}}",
         "parsec.installer",
         TEXT_PROFILE_COUNT},
        {"{\"parsec\":{\"proxy\":\"http://x\"}}", "parsec.proxy", TEXT_JSON_TYPE},
        {"{\"parsec\":{\"proxy\":{}}}", "parsec.proxy.via", TEXT_JSON_MISSING},
        {"{\"parsec\":{\"proxy\":{\"via\":\"vpn\"}}}", "parsec.proxy.via", TEXT_JSON_CHOICE},
        {"{\"parsec\":{\"proxy\":{\"via\":\"host\"}}}", "parsec.proxy.port", TEXT_JSON_MISSING},
        {"{\"parsec\":{\"proxy\":{\"via\":\"host\",\"port\":0}}}",
         "parsec.proxy.port",
         TEXT_JSON_RANGE},
        {"{\"parsec\":{\"proxy\":{\"via\":\"host\",\"port\":65536}}}",
         "parsec.proxy.port",
         TEXT_JSON_RANGE},
        {"{\"parsec\":{\"proxy\":{\"via\":\"host\",\"port\":7890,\"address\":\"10.0.0.1\"}}}",
         "parsec.proxy.address",
         TEXT_PROFILE_CONFLICT},
        {"{\"parsec\":{\"proxy\":{\"via\":\"direct\",\"port\":7890}}}",
         "parsec.proxy.address",
         TEXT_JSON_MISSING},
        {"{\"parsec\":{\"proxy\":{\"via\":\"direct\",\"port\":7890,\"address\":\"a b\"}}}",
         "parsec.proxy.address",
         TEXT_PROFILE_ADDRESS},
        {"{\"legacy\":{\"remove_tasks\":\"yes\"}}", "legacy.remove_tasks", TEXT_JSON_TYPE},
        {"{\"drivers\":{\"when\":\"later\"}}", "drivers.when", TEXT_JSON_CHOICE},
        {"{\"reboots\":{\"budget\":21}}", "reboots.budget", TEXT_JSON_RANGE},
        {"{\"policy\":{\"sleep\":true}}", "policy.sleep", TEXT_JSON_UNKNOWN_FIELD},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct profile profile;
        struct err err = ERR_INIT;

        if (parse(rows[i].text, &profile, &err))
            fail_msg("accepted %s", rows[i].text);
        if (err.message != rows[i].message || strcmp(err.args[0], rows[i].path) != 0)
            fail_msg("%s: %s(%s)", rows[i].text, text_row(err.message)->name, err.args[0]);
    }
}

static void profile_refuses_loopback_proxies_and_points_to_the_host(void **state)
{
    static const char *const addresses[] = {
        "127.0.0.1",
        "127.9.9.9",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "::1",
        "[::1]",
        "0.0.0.0",
        "::ffff:127.0.0.1",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct profile profile;
        struct err err = ERR_INIT;
        char text[200];

        snprintf(text,
                 sizeof text,
                 "{\"parsec\":{\"proxy\":{\"via\":\"direct\",\"port\":1,\"address\":\"%s\"}}}",
                 addresses[i]);
        if (parse(text, &profile, &err))
            fail_msg("accepted %s", addresses[i]);
        assert_int_equal(err.message, TEXT_PROFILE_LOOPBACK);
        assert_int_equal(err.hint, TEXT_PROFILE_HINT_VIA_HOST);
        assert_string_equal(err.args[0], "parsec.proxy.address");
    }
}

static void profile_refuses_more_lines_than_it_holds(void **state)
{
    char text[4096] = "{\"parsec\":{\"config\":{";
    struct profile profile;
    struct err err = ERR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i <= PROFILE_CONFIG_LINES; i++)
        snprintf(text + strlen(text), 32, "%s\"k%zu\":%zu", i ? "," : "", i, i);
    strcat(text, "}}}");
    assert_false(parse(text, &profile, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
}

static void profile_is_untouched_when_refused(void **state)
{
    struct profile profile;
    struct profile before;

    (void)state;
    memset(&profile, 0x5A, sizeof profile);
    before = profile;
    assert_false(parse("{\"mode\":\"observe\",\"idle_minutes\":0}", &profile, NULL));
    assert_memory_equal(&profile, &before, sizeof profile);
}

static void modes_outside_the_driver_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "1920",
        "1920x",
        "1920x1080@",
        "1920x1080@x",
        "1920X1080",
        "1920x1080 ",
        " 1920x1080",
        "639x480",
        "640x479",
        "7681x4320",
        "7680x4321",
        "640x480@23",
        "640x480@241",
        "01920x1080",
        "1920x1080@060",
        "-640x480",
        "1920x1080@60@60",
        "99999999999x1080",
    };
    struct profile_display_mode mode;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (profile_mode_parse(bad[i], &mode))
            fail_msg("accepted %s", bad[i]);
    }
    assert_true(profile_mode_parse("2560x1440@144", &mode));
    assert_int_equal(mode.width, 2560);
    assert_int_equal(mode.height, 1440);
    assert_int_equal(mode.hz, 144);
}

static void empty_profile_is_the_default(void **state)
{
    struct profile profile = parsed("{}");
    struct profile defaults;

    (void)state;
    profile_init(&defaults);
    assert_true(profile_equal(&profile, &defaults));
    assert_int_equal(profile.mode, PROFILE_REPAIR);
    assert_int_equal(profile.display.strategy, PROFILE_STRATEGY_AUTO);
    assert_int_equal(profile.display.hyperv_video, PROFILE_VIDEO_DISABLE);
    assert_true(profile.display.privacy);
    assert_int_equal(profile.display.virtual_monitors, 1);
    assert_int_equal(profile.display.mode_count, 1);
}

static void hold_takes_the_monitor_from_parsec(void **state)
{
    struct profile profile = parsed("{\"display\":{\"strategy\":\"hold\"}}");

    (void)state;
    assert_false(profile.display.privacy);
    assert_int_equal(profile.display.virtual_monitors, 0);
}

static void privacy_and_virtual_monitors_are_independent(void **state)
{
    struct profile a = parsed("{\"display\":{\"strategy\":\"parsec\",\"privacy\":false}}");
    struct profile b = parsed("{\"display\":{\"strategy\":\"parsec\",\"virtual_monitors\":2}}");

    (void)state;
    assert_false(a.display.privacy);
    assert_int_equal(a.display.virtual_monitors, 1);
    assert_true(b.display.privacy);
    assert_int_equal(b.display.virtual_monitors, 2);
}

static const char full_profile[] =
    "{\"version\":1,\"mode\":\"observe\",\"idle_minutes\":30,"
    "\"display\":{\"strategy\":\"parsec\",\"hyperv_video\":\"secondary\","
    "\"modes\":[\"2560x1440@144\",\"1920x1080\"],\"ready_hold_s\":5,\"privacy\":false,"
    "\"virtual_monitors\":2},"
    "\"audio\":{\"cable\":false,\"make_default\":false},"
    "\"parsec\":{\"scope\":\"user\",\"config\":{\"encoder_bitrate\":50,\"host_name\":\"机器\","
    "\"app_run_level\":true},\"proxy\":{\"via\":\"direct\",\"address\":\"192.168.1.2\","
    "\"port\":7890},\"run_as_admin\":true,\"team\":true,"
    "\"installer\":[\"/silent\",\"/team_id=a.1\"]},"
    "\"legacy\":{\"remove_tasks\":false,\"remove_scripts\":false},"
    "\"drivers\":{\"when\":\"boot\"},\"reboots\":{\"allowed\":false,\"budget\":1},"
    "\"policy\":{\"power\":false,\"updates\":false,\"media\":false}}";

static void values_become_the_text_of_config_txt(void **state)
{
    struct profile profile = parsed(full_profile);

    (void)state;
    assert_int_equal(profile.parsec.config_count, 3);
    assert_string_equal(profile.parsec.config[0].value, "50");
    assert_string_equal(profile.parsec.config[1].value, "机器");
    assert_string_equal(profile.parsec.config[2].value, "true");
}

static void profile_comes_back_from_json_as_it_was(void **state)
{
    struct profile profile = parsed(full_profile);
    struct profile back;
    cJSON *json = profile_to_json(&profile);

    (void)state;
    assert_non_null(json);
    assert_true(profile_parse(json, &back, NULL));
    assert_true(profile_equal(&profile, &back));
    cJSON_Delete(json);
}

/* Each text differs from {} in one field, so each must be unequal. */
static void profiles_differ_when_any_field_differs(void **state)
{
    static const char *const texts[] = {
        "{\"mode\":\"observe\"}",
        "{\"idle_minutes\":11}",
        "{\"display\":{\"strategy\":\"parsec\"}}",
        "{\"display\":{\"hyperv_video\":\"leave\"}}",
        "{\"display\":{\"ready_hold_s\":21}}",
        "{\"display\":{\"privacy\":false}}",
        "{\"display\":{\"virtual_monitors\":2}}",
        "{\"display\":{\"modes\":[\"1920x1080@59\"]}}",
        "{\"display\":{\"modes\":[\"1920x1080\",\"1280x720\"]}}",
        "{\"audio\":{\"cable\":false}}",
        "{\"audio\":{\"make_default\":false}}",
        "{\"parsec\":{\"scope\":\"user\"}}",
        "{\"parsec\":{\"run_as_admin\":true}}",
        "{\"parsec\":{\"installer\":[\"/silent\"]}}",
        "{\"parsec\":{\"installer\":[\"/norun\"]}}",
        "{\"parsec\":{\"team\":true}}",
        "{\"parsec\":{\"config\":{\"a\":1}}}",
        "{\"parsec\":{\"config\":{\"a\":2}}}",
        "{\"parsec\":{\"proxy\":{\"via\":\"host\",\"port\":1}}}",
        "{\"parsec\":{\"proxy\":{\"via\":\"host\",\"port\":2}}}",
        "{\"parsec\":{\"proxy\":{\"via\":\"direct\",\"port\":2,\"address\":\"a\"}}}",
        "{\"parsec\":{\"proxy\":{\"via\":\"direct\",\"port\":2,\"address\":\"b\"}}}",
        "{\"legacy\":{\"remove_tasks\":false}}",
        "{\"legacy\":{\"remove_scripts\":false}}",
        "{\"drivers\":{\"when\":\"now\"}}",
        "{\"reboots\":{\"allowed\":false}}",
        "{\"reboots\":{\"budget\":4}}",
        "{\"policy\":{\"power\":false}}",
        "{\"policy\":{\"updates\":false}}",
        "{\"policy\":{\"media\":false}}",
        "{}",
    };
    const size_t count = sizeof texts / sizeof texts[0];
    size_t i;
    size_t j;

    (void)state;
    for (i = 0; i < count; i++) {
        struct profile a = parsed(texts[i]);

        for (j = 0; j < count; j++) {
            struct profile b = parsed(texts[j]);

            if (profile_equal(&a, &b) != (i == j))
                fail_msg("%s and %s", texts[i], texts[j]);
        }
    }
}

static void damaged_files_are_refused_with_their_path(void **state)
{
    static const char *const contents[] = {
        "", "{", "{}x", "\x00\x01", "{\"mode\":1}", "{\"mode\":\"repair\",\"mode\":\"repair\"}"};
    struct profile profile;
    size_t i;

    (void)state;
    support_folder("t");
    for (i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct err err = ERR_INIT;

        assert_true(
            fs_write_atomic("t/p.json", contents[i], strlen(contents[i]), FS_PRIVATE, NULL));
        assert_false(profile_load("t/p.json", &profile, &err));
        assert_int_equal(err.kind, ERR_BAD_INPUT);
        assert_string_equal(err.context_arg, "t/p.json");
    }
}

static void missing_file_is_not_found(void **state)
{
    struct profile profile;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    assert_false(profile_load("t/p.json", &profile, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void saved_profile_is_loaded_as_it_was(void **state)
{
    struct profile profile = parsed(full_profile);
    struct profile back;

    (void)state;
    support_folder("t");
    assert_true(profile_save("t/p.json", &profile, NULL));
    assert_true(profile_load("t/p.json", &back, NULL));
    assert_true(profile_equal(&profile, &back));
}

static void file_may_begin_with_the_mark_of_an_editor(void **state)
{
    static const char text[] = "\xEF\xBB\xBF{\"mode\":\"observe\"}\r\n";
    struct profile profile;

    (void)state;
    support_folder("t");
    assert_true(fs_write_atomic("t/p.json", text, sizeof text - 1, FS_PRIVATE, NULL));
    assert_true(profile_load("t/p.json", &profile, NULL));
    assert_int_equal(profile.mode, PROFILE_OBSERVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profile_refuses_with_the_path_of_the_field),
        cmocka_unit_test(profile_refuses_loopback_proxies_and_points_to_the_host),
        cmocka_unit_test(profile_refuses_more_lines_than_it_holds),
        cmocka_unit_test(profile_is_untouched_when_refused),
        cmocka_unit_test(modes_outside_the_driver_are_refused),
        cmocka_unit_test(empty_profile_is_the_default),
        cmocka_unit_test(hold_takes_the_monitor_from_parsec),
        cmocka_unit_test(privacy_and_virtual_monitors_are_independent),
        cmocka_unit_test(values_become_the_text_of_config_txt),
        cmocka_unit_test(profile_comes_back_from_json_as_it_was),
        cmocka_unit_test(profiles_differ_when_any_field_differs),
        cmocka_unit_test(damaged_files_are_refused_with_their_path),
        cmocka_unit_test(missing_file_is_not_found),
        cmocka_unit_test(saved_profile_is_loaded_as_it_was),
        cmocka_unit_test(file_may_begin_with_the_mark_of_an_editor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
