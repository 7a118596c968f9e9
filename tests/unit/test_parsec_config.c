/* Parsec's configuration files: what is wanted, and edits that leave everything else as it is. */
#include "tests/support/support.h"

#include "guest/parsec/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(struct config_lines *lines, const char *const *pairs)
{
    memset(lines, 0, sizeof *lines);
    for (; pairs[0]; pairs += 2)
        assert_true(config_lines_set(lines, pairs[0], pairs[1][0] == '-' ? NULL : pairs[1]));
}

static const char *const owner_lines[] = {
    "host_virtual_monitors", "1", "host_privacy_mode", "1", NULL, NULL};

struct merge_row {
    const char *name;
    enum config_format format;
    const char *const *wanted;
    const char *in;
    const char *out; /* NULL: the same as in */
    size_t differences;
};

static const char *const absent_lines[] = {"app_proxy", "-", NULL, NULL};
static const char *const proxy_lines[] = {
    "app_proxy", "true", "app_proxy_address", "127.0.0.1", "app_proxy_port", "7890", NULL, NULL};
static const char *const text_line[] = {"host_name", "a \"b\" \\", NULL, NULL};

#define WARN "[\"do not edit\", "

static const struct merge_row merge_rows[] = {
    {"an empty file gets the lines with Windows line ends",
     CONFIG_TEXT,
     owner_lines,
     "",
     "host_virtual_monitors = 1\r\nhost_privacy_mode = 1\r\n",
     2},
    {"lines that agree stay",
     CONFIG_TEXT,
     owner_lines,
     "# Parsec\nhost_privacy_mode=1\nhost_virtual_monitors =  01 \n",
     NULL,
     0},
    {"a switch may be written as a word",
     CONFIG_TEXT,
     owner_lines,
     "host_privacy_mode = true\nhost_virtual_monitors = 1\n",
     NULL,
     0},
    {"a comment is no line",
     CONFIG_TEXT,
     owner_lines,
     "# host_privacy_mode = 1\n  #host_virtual_monitors = 1\n",
     "# host_privacy_mode = 1\n  #host_virtual_monitors = 1\nhost_virtual_monitors = "
     "1\nhost_privacy_mode = 1\n",
     2},
    {"a changed value keeps indentation, spaces and place",
     CONFIG_TEXT,
     owner_lines,
     "a = 1\r\n\thost_virtual_monitors\t=   0  \r\nhost_privacy_mode = 1\r\n; odd\r\nz = 2\r\n",
     "a = 1\r\n\thost_virtual_monitors\t=   1  \r\nhost_privacy_mode = 1\r\n; odd\r\nz = 2\r\n",
     1},
    {"several lines of one key collapse to the first place",
     CONFIG_TEXT,
     owner_lines,
     "host_privacy_mode=0\nx=1\nhost_privacy_mode=1\nhost_virtual_monitors=1\nhost_privacy_mode="
     "0\n",
     "host_privacy_mode=1\nx=1\nhost_virtual_monitors=1\n",
     1},
    {"several equal lines do not call for an edit",
     CONFIG_TEXT,
     owner_lines,
     "host_privacy_mode=1\nhost_privacy_mode=1\nhost_virtual_monitors=1\n",
     NULL,
     0},
    {"unknown keys may stand twice",
     CONFIG_TEXT,
     owner_lines,
     "x=1\nx=2\nhost_privacy_mode=1\nhost_virtual_monitors=2\n",
     "x=1\nx=2\nhost_privacy_mode=1\nhost_virtual_monitors=1\n",
     1},
    {"a missing last line end stays missing, the file's style is taken over",
     CONFIG_TEXT,
     owner_lines,
     "a=1\nb=2",
     "a=1\nb=2\nhost_virtual_monitors=1\nhost_privacy_mode=1",
     2},
    {"a glued line is not what it looks like",
     CONFIG_TEXT,
     owner_lines,
     "app_host = 1host_virtual_monitors = 1\nhost_privacy_mode = 1\n",
     "app_host = 1host_virtual_monitors = 1\nhost_privacy_mode = 1\nhost_virtual_monitors = 1\n",
     1},
    {"a remark behind a value moves above the line",
     CONFIG_TEXT,
     owner_lines,
     "host_virtual_monitors = 2 # two\nhost_privacy_mode = 1\n",
     "# two\nhost_virtual_monitors = 1\nhost_privacy_mode = 1\n",
     1},
    {"a line without a value gets one",
     CONFIG_TEXT,
     owner_lines,
     "host_virtual_monitors =\nhost_privacy_mode = 1\n",
     "host_virtual_monitors =1\nhost_privacy_mode = 1\n",
     1},
    {"a line that must go goes",
     CONFIG_TEXT,
     absent_lines,
     "a = 1\napp_proxy = true\nb = 2\napp_proxy = false\n",
     "a = 1\nb = 2\n",
     1},
    {"nothing to take out", CONFIG_TEXT, absent_lines, "a = 1\n", NULL, 0},
    {"a byte order mark before a comment stays",
     CONFIG_TEXT,
     owner_lines,
     "\xEF\xBB\xBF# Parsec\nhost_privacy_mode = 1\n",
     "\xEF\xBB\xBF# Parsec\nhost_privacy_mode = 1\nhost_virtual_monitors = 1\n",
     1},
    {"a byte order mark before a wanted line goes",
     CONFIG_TEXT,
     owner_lines,
     "\xEF\xBB\xBFhost_privacy_mode = 1\nhost_virtual_monitors = 1\n",
     "host_privacy_mode = 1\nhost_virtual_monitors = 1\n",
     0},
    {"a line does not turn into a byte order mark",
     CONFIG_TEXT,
     absent_lines,
     "app_proxy=1\n\xFF\xFE = 1\n",
     "#\n\xFF\xFE = 1\n",
     1},
    {"bytes that are no text stay",
     CONFIG_TEXT,
     owner_lines,
     "\xFF\xC0 = \x01\nhost_privacy_mode = 1\n\xE2\x28\nhost_virtual_monitors = 0\n",
     "\xFF\xC0 = \x01\nhost_privacy_mode = 1\n\xE2\x28\nhost_virtual_monitors = 1\n",
     1},

    {"an empty config.json is made",
     CONFIG_JSON,
     owner_lines,
     " \n",
     "[\"Settings of Parsec. If this is not valid JSON, Parsec replaces the file by an empty "
     "one.\", {\"host_virtual_monitors\": {\"value\": 1},\"host_privacy_mode\": {\"value\": "
     "1}}]\n",
     2},
    {"json that agrees stays, whatever the types",
     CONFIG_JSON,
     owner_lines,
     WARN "{\"host_virtual_monitors\":{\"value\":\"1\"},\"host_privacy_mode\":{\"value\":true}}]",
     NULL,
     0},
    {"json values keep their types",
     CONFIG_JSON,
     owner_lines,
     WARN "{\"host_virtual_monitors\":{\"value\":\"0\"},\"host_privacy_mode\":{\"value\":false}}]",
     WARN "{\"host_virtual_monitors\":{\"value\":\"1\"},\"host_privacy_mode\":{\"value\":true}}]",
     2},
    {"new json members look like the last one",
     CONFIG_JSON,
     owner_lines,
     WARN "{\n\t\"app_host\": {\n\t\t\"value\" : true\n\t},\n\t\"host_privacy_mode\" : {\n\t\t"
          "\"value\" : 0\n\t}\n}]\n",
     WARN "{\n\t\"app_host\": {\n\t\t\"value\" : true\n\t},\n\t\"host_privacy_mode\" : {\n\t\t"
          "\"value\" : 1\n\t},\n\t\"host_virtual_monitors\" : {\n\t\t\"value\" : 1\n\t}\n}]\n",
     2},
    {"json: words, numbers and texts get their own types",
     CONFIG_JSON,
     proxy_lines,
     WARN "{}]",
     WARN "{\"app_proxy\": {\"value\": true},\"app_proxy_address\": {\"value\": "
          "\"127.0.0.1\"},\"app_proxy_port\": {\"value\": 7890}}]",
     3},
    {"json: quotes and backslashes are escaped",
     CONFIG_JSON,
     text_line,
     WARN "{}]",
     WARN "{\"host_name\": {\"value\": \"a \\\"b\\\" \\\\\"}}]",
     1},
    {"json: several members of one key collapse",
     CONFIG_JSON,
     owner_lines,
     WARN "{\"host_privacy_mode\":{\"value\":0} , \"x\":{\"value\":1e3} "
          ",\"host_privacy_mode\":{\"value\":1},\"host_virtual_monitors\":{\"value\":1}\n}]",
     WARN "{\"host_privacy_mode\":{\"value\":1} , \"x\":{\"value\":1e3} "
          ",\"host_virtual_monitors\":{\"value\":1}\n}]",
     1},
    {"json: other members of a setting stay",
     CONFIG_JSON,
     owner_lines,
     WARN "{\"host_privacy_mode\":{\"note\":[1,2],\"value\":0,\"z\":null},"
          "\"host_virtual_monitors\":{\"value\":1}}, {\"later\":1}]",
     WARN "{\"host_privacy_mode\":{\"note\":[1,2],\"value\":1,\"z\":null},"
          "\"host_virtual_monitors\":{\"value\":1}}, {\"later\":1}]",
     1},
    {"json: a setting of another form is replaced",
     CONFIG_JSON,
     owner_lines,
     WARN "{\"host_privacy_mode\": 1, \"host_virtual_monitors\": {\"value\":0,\"value\":1}}]",
     WARN "{\"host_privacy_mode\": {\"value\": 1}, \"host_virtual_monitors\": {\"value\": 1}}]",
     2},
    {"json: an escaped key is the same key",
     CONFIG_JSON,
     owner_lines,
     WARN "{\"host\\u005fprivacy_mode\":{\"value\":0},\"host_virtual_monitors\":{\"value\":1}}]",
     WARN "{\"host\\u005fprivacy_mode\":{\"value\":1},\"host_virtual_monitors\":{\"value\":1}}]",
     1},
    {"json: a zero in a key makes another key",
     CONFIG_JSON,
     absent_lines,
     WARN "{\"app_proxy\\u0000\":{\"value\":true}}]",
     NULL,
     0},
    {"json: a member that must go goes",
     CONFIG_JSON,
     absent_lines,
     WARN "{ \"app_proxy\":{\"value\":true}, \"b\":{\"value\":1}, \"app_proxy\":{\"value\":1} }]",
     WARN "{ \"b\":{\"value\":1} }]",
     1},
    {"json: the settings are made when only the warning is there",
     CONFIG_JSON,
     text_line,
     "[\"do not edit\"]",
     "[\"do not edit\", {\"host_name\": {\"value\": \"a \\\"b\\\" \\\\\"}}]",
     1},
    {"json: no byte order mark",
     CONFIG_JSON,
     absent_lines,
     "\xEF\xBB\xBF" WARN "{}]",
     WARN "{}]",
     0},
};

static void expect_merge(const struct merge_row *row)
{
    const char *wanted_text = row->out ? row->out : row->in;
    struct config_lines wanted;
    struct config_diff diff;
    struct err err = ERR_INIT;
    struct buf out;

    fill(&wanted, row->wanted);
    buf_init(&out, CONFIG_MAX_BYTES);
    if (!config_merge(row->format, row->in, strlen(row->in), &wanted, &out, &diff, &err))
        fail_msg("%s: refused", row->name);
    if (diff.count != row->differences || strcmp(buf_str(&out), wanted_text) != 0)
        fail_msg("%s: %zu differences, got\n%s\nwanted\n%s",
                 row->name,
                 diff.count,
                 buf_str(&out),
                 wanted_text);
    buf_done(&out);
}

static void files_are_edited_in_place(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof merge_rows / sizeof merge_rows[0]; i++)
        expect_merge(&merge_rows[i]);
}

static void json_of_another_form_is_refused(void **state)
{
    static const char *const bad[] = {"{}",
                                      "[\"w\", {}",
                                      "[\"w\", {}] x",
                                      "[\"w\", {\"a\":{\"value\":01}}]",
                                      "[\"w\", {\"a\":{\"value\":1},}]",
                                      "[\"w\", {\"a\" {\"value\":1}}]",
                                      "[\"\xFF\", {}]",
                                      "[\"a\nb\", {}]",
                                      "[\"\\x\", {}]",
                                      "[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]",
                                      "\xFF\xFE[",
                                      "nul",
                                      "[nul]",
                                      "[-]",
                                      "[1.]",
                                      "[1e]",
                                      "[\"\\u12G4\"]"};
    struct config_lines wanted;
    struct config_diff diff;
    size_t i;

    (void)state;
    fill(&wanted, owner_lines);
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = ERR_INIT;

        if (config_merge(CONFIG_JSON, bad[i], strlen(bad[i]), &wanted, NULL, &diff, &err) ||
            err.kind != ERR_BAD_INPUT)
            fail_msg("accepted: %s", bad[i]);
    }
}

static void damaged_utf16_is_refused(void **state)
{
    static const char odd[] = "\xFF\xFE"
                              "a";
    struct config_lines wanted;
    struct config_diff diff;
    struct err err = ERR_INIT;

    (void)state;
    fill(&wanted, owner_lines);
    assert_false(config_merge(CONFIG_TEXT, odd, sizeof odd - 1, &wanted, NULL, &diff, &err));
    assert_int_equal(err.kind, ERR_BAD_INPUT);
}

static void too_large_files_are_refused(void **state)
{
    char *big = calloc(1, CONFIG_MAX_BYTES + 1);
    struct config_lines wanted;
    struct config_diff diff;
    struct err err = ERR_INIT;

    (void)state;
    assert_non_null(big);
    fill(&wanted, owner_lines);
    assert_false(config_merge(CONFIG_TEXT, big, CONFIG_MAX_BYTES + 1, &wanted, NULL, &diff, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    free(big);
}

static void an_edit_that_does_not_fit_is_an_error(void **state)
{
    struct config_lines wanted;
    struct config_diff diff;
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    fill(&wanted, owner_lines);
    buf_init(&out, 20);
    assert_false(config_merge(CONFIG_TEXT, "", 0, &wanted, &out, &diff, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    buf_done(&out);
}

/* What PowerShell's >> makes. */
static void utf16_files_become_utf8(void **state)
{
    static const char utf16[] = "\xFF\xFE"
                                "a\0=\0\x2D\x4E\r\0\n\0";
    struct config_lines wanted;
    struct config_diff diff;
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    fill(&wanted, absent_lines);
    buf_init(&out, CONFIG_MAX_BYTES);
    assert_true(config_merge(CONFIG_TEXT, utf16, sizeof utf16 - 1, &wanted, &out, &diff, &err));
    assert_true(diff.encoding);
    assert_string_equal(buf_str(&out), "a=\xE4\xB8\xAD\r\n");
    buf_done(&out);
}

static void differences_name_what_stands_there(void **state)
{
    static const char in[] = "host_virtual_monitors = 2\x1b[31m\n";
    struct config_lines wanted;
    struct config_diff diff;
    struct err err = ERR_INIT;

    (void)state;
    fill(&wanted, owner_lines);
    assert_true(config_merge(CONFIG_TEXT, in, sizeof in - 1, &wanted, NULL, &diff, &err));
    assert_int_equal(diff.count, 2);
    assert_string_equal(diff.items[0].key, "host_virtual_monitors");
    assert_string_equal(diff.items[0].found, "2?[31m");
    assert_string_equal(diff.items[0].wanted, "1");
    assert_true(diff.items[0].present);
    assert_string_equal(diff.items[1].key, "host_privacy_mode");
    assert_false(diff.items[1].present);
}

static void one_value_can_be_read(void **state)
{
    static const char text[] = "a = 1\na = 2\n";
    static const char json[] = "[\"w\", {\"a\": {\"value\": \"x\"}}]";
    struct err err = ERR_INIT;
    char value[8];
    bool present;

    (void)state;
    assert_true(
        config_read(CONFIG_TEXT, text, sizeof text - 1, "a", value, sizeof value, &present, &err));
    assert_true(present);
    assert_string_equal(value, "2");
    assert_true(
        config_read(CONFIG_JSON, json, sizeof json - 1, "a", value, sizeof value, &present, &err));
    assert_string_equal(value, "x");
    assert_true(
        config_read(CONFIG_JSON, json, sizeof json - 1, "b", value, sizeof value, &present, &err));
    assert_false(present);
    assert_false(config_read(
        CONFIG_JSON, json, sizeof json - 1, "b c", value, sizeof value, &present, &err));
}

static void keys_and_values_that_would_break_a_line_are_refused(void **state)
{
    struct config_lines lines = {.count = 0};
    char name[16];
    int i;

    (void)state;
    assert_false(config_lines_set(&lines, "", "1"));
    assert_false(config_lines_set(&lines, "a b", "1"));
    assert_false(config_lines_set(&lines, "a", "1\nb = 2"));
    assert_false(config_lines_set(&lines, "a", " 1"));
    assert_false(config_lines_set(&lines, "a", "\xFF"));
    assert_int_equal(lines.count, 0);
    for (i = 0; i < CONFIG_LINES; i++) {
        snprintf(name, sizeof name, "k%d", i);
        assert_true(config_lines_set(&lines, name, "1"));
    }
    assert_false(config_lines_set(&lines, "one_more", "1"));
    assert_true(config_lines_set(&lines, "k0", "2"));
}

static struct profile make_profile(void)
{
    struct profile profile;

    memset(&profile, 0, sizeof profile);
    profile.display.mode_count = 1;
    profile.display.modes[0] = (struct profile_display_mode){2560, 1440, 60};
    profile.display.virtual_monitors = 1;
    profile.display.privacy = true;
    return profile;
}

static void expect_line(const struct config_lines *lines, const char *key, const char *value)
{
    const struct config_line *line = config_lines_find(lines, key);

    if (!line || strcmp(line->value, value) != 0)
        fail_msg("%s is %s, not %s", key, line ? line->value : "absent", value);
}

static void the_owners_lines_are_two_options(void **state)
{
    struct profile profile = make_profile();
    struct config_lines lines;

    (void)state;
    config_wanted(&profile, CONFIG_STRATEGY_PARSEC, &lines);
    expect_line(&lines, "host_virtual_monitors", "1");
    expect_line(&lines, "host_privacy_mode", "1");
    expect_line(&lines, "app_first_run", "0");
    expect_line(&lines, "server_resolution_x", "2560");
    assert_null(config_lines_find(&lines, "app_proxy"));
    assert_null(config_lines_find(&lines, "host_virtual_monitor_fallback"));
    profile.display.privacy = false;
    profile.display.virtual_monitors = 2;
    config_wanted(&profile, CONFIG_STRATEGY_PARSEC, &lines);
    expect_line(&lines, "host_virtual_monitors", "2");
    expect_line(&lines, "host_privacy_mode", "0");
}

static void holding_takes_both_options_from_parsec(void **state)
{
    struct profile profile = make_profile();
    struct config_lines lines;

    (void)state;
    config_wanted(&profile, CONFIG_STRATEGY_HOLD, &lines);
    expect_line(&lines, "host_virtual_monitors", "0");
    expect_line(&lines, "host_privacy_mode", "0");
    expect_line(&lines, "host_virtual_monitor_fallback", "false");
}

static void the_users_lines_win_only_where_they_do_not_contradict(void **state)
{
    struct profile profile = make_profile();
    struct config_lines lines;

    (void)state;
    profile.parsec.config_count = 3;
    profile.parsec.config[0] = (struct profile_line){"host_virtual_monitors", "3"};
    profile.parsec.config[1] = (struct profile_line){"server_resolution_x", "65535"};
    profile.parsec.config[2] = (struct profile_line){"encoder_bitrate", "50"};
    config_wanted(&profile, CONFIG_STRATEGY_HOLD, &lines);
    expect_line(&lines, "host_virtual_monitors", "0");
    expect_line(&lines, "server_resolution_x", "65535");
    expect_line(&lines, "encoder_bitrate", "50");
}

static void the_proxy_of_the_host_is_reached_on_the_guests_loopback(void **state)
{
    struct profile profile = make_profile();
    struct config_lines lines;

    (void)state;
    profile.parsec.proxy = PROFILE_PROXY_HOST;
    profile.parsec.proxy_port = 7890;
    config_wanted(&profile, CONFIG_STRATEGY_PARSEC, &lines);
    expect_line(&lines, "app_proxy", "true");
    expect_line(&lines, "app_proxy_scheme", "http");
    expect_line(&lines, "app_proxy_address", "127.0.0.1");
    expect_line(&lines, "app_proxy_port", "7890");
    profile.parsec.proxy = PROFILE_PROXY_DIRECT;
    text_copy(profile.parsec.proxy_address, sizeof profile.parsec.proxy_address, "192.168.1.5");
    config_wanted(&profile, CONFIG_STRATEGY_PARSEC, &lines);
    expect_line(&lines, "app_proxy_address", "192.168.1.5");
}

/* ---- properties ---- */

static uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* A file of pieces that matter: keys of ours, others, separators, line ends, odd bytes. */
static void random_text(uint32_t *seed, struct buf *out)
{
    static const char *const pieces[] = {"host_virtual_monitors",
                                         "host_privacy_mode",
                                         "app_proxy",
                                         "=",
                                         " = ",
                                         "\n",
                                         "\r\n",
                                         "\r",
                                         "#",
                                         "1",
                                         "0",
                                         "true",
                                         " ",
                                         "\t",
                                         "x",
                                         "\xFF",
                                         "\xE4\xB8\xAD",
                                         "\\",
                                         "\"",
                                         " # y"};
    uint32_t count = random_next(seed) % 40;

    while (count-- > 0)
        buf_puts(out, pieces[random_next(seed) % (sizeof pieces / sizeof pieces[0])]);
}

static void random_json(uint32_t *seed, struct buf *out)
{
    static const char *const keys[] = {"host_virtual_monitors",
                                       "host_privacy_mode",
                                       "app_proxy",
                                       "other",
                                       "host\\u005fprivacy_mode"};
    static const char *const values[] = {"{\"value\":1}",
                                         "{ \"value\" : \"0\" }",
                                         "1",
                                         "{}",
                                         "null",
                                         "{\"value\":true,\"z\":[{}]}",
                                         "{\"value\":{\"value\":1}}",
                                         "{\"value\":1,\"value\":0}"};
    static const char *const blanks[] = {"", " ", "\n\t", "\r\n"};
    uint32_t count = random_next(seed) % 6, i;

    buf_puts(out, random_next(seed) % 2 ? "[\"w\",{" : "[{");
    for (i = 0; i < count; i++) {
        buf_printf(out,
                   "%s%s\"%s\"%s:%s%s",
                   i > 0 ? "," : "",
                   blanks[random_next(seed) % 4],
                   keys[random_next(seed) % 5],
                   blanks[random_next(seed) % 4],
                   blanks[random_next(seed) % 4],
                   values[random_next(seed) % 8]);
        buf_puts(out, blanks[random_next(seed) % 4]);
    }
    buf_puts(out, "}]");
}

static void random_wanted(uint32_t *seed, struct config_lines *lines)
{
    static const char *const keys[] = {
        "host_virtual_monitors", "host_privacy_mode", "app_proxy", "x"};
    static const char *const values[] = {"1", "0", "true", "text # y", "", NULL};
    size_t i;

    memset(lines, 0, sizeof *lines);
    for (i = 0; i < 4; i++) {
        if (random_next(seed) % 3)
            config_lines_set(lines, keys[i], values[random_next(seed) % 6]);
    }
}

/* Merging twice is merging once, and afterwards nothing differs. */
static void check_idempotent(enum config_format format, const struct buf *in, uint32_t seed)
{
    struct config_lines wanted;
    struct config_diff diff, again;
    struct err err = ERR_INIT;
    struct buf once, twice;
    uint32_t start = seed;

    random_wanted(&seed, &wanted);
    buf_init(&once, CONFIG_MAX_BYTES);
    buf_init(&twice, CONFIG_MAX_BYTES);
    assert_true(config_merge(format, in->data, in->len, &wanted, &once, &diff, &err));
    assert_true(config_merge(format, once.data, once.len, &wanted, &twice, &again, &err));
    if (again.count > 0 || again.encoding || once.len != twice.len ||
        (once.len > 0 && memcmp(once.data, twice.data, once.len) != 0))
        fail_msg("seed %u, %zu still differ: in\n%s\nonce\n%s\ntwice\n%s",
                 start,
                 again.count,
                 buf_str(in),
                 buf_str(&once),
                 buf_str(&twice));
    if (diff.count == 0 && !diff.encoding)
        assert_true(once.len == in->len &&
                    (in->len == 0 || memcmp(once.data, in->data, in->len) == 0));
    buf_done(&once);
    buf_done(&twice);
}

static void merging_twice_is_merging_once(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < 20000; i++) {
        uint32_t seed = i * 7919u + 1;
        struct buf in;

        buf_init(&in, CONFIG_MAX_BYTES);
        if (i % 2 == 0)
            random_text(&seed, &in);
        else
            random_json(&seed, &in);
        check_idempotent(i % 2 == 0 ? CONFIG_TEXT : CONFIG_JSON, &in, seed);
        buf_done(&in);
    }
}

/* The lines of the text that are not of the wanted keys, glued together. */
static void others(const struct buf *text, struct buf *out)
{
    const char *p = buf_str(text);

    while (*p) {
        size_t length = strcspn(p, "\n");
        const char *key = p + strspn(p, " \t");

        if (strncmp(key, "keep", 4) == 0 || *key == '#')
            buf_put(out, p, length);
        p += length + (p[length] == '\n');
    }
}

static void other_lines_survive_random_edits(void **state)
{
    uint32_t i;

    (void)state;
    for (i = 0; i < 5000; i++) {
        static const char *const lines[] = {"keep_a = 1",
                                            "  keep b",
                                            "# note",
                                            "x = 3",
                                            "keep=\xFF",
                                            "app_proxy = 0",
                                            "\thost_privacy_mode=1",
                                            "keep_a = 2"};
        uint32_t seed = i + 17, count = random_next(&seed) % 12;
        struct buf in, out, before, after;
        struct config_lines wanted;
        struct config_diff diff;
        struct err err = ERR_INIT;

        buf_init(&in, 4096), buf_init(&out, 4096), buf_init(&before, 4096), buf_init(&after, 4096);
        while (count-- > 0)
            buf_printf(
                &in, "%s%s", lines[random_next(&seed) % 8], random_next(&seed) % 2 ? "\n" : "\r\n");
        random_wanted(&seed, &wanted);
        assert_true(config_merge(CONFIG_TEXT, in.data, in.len, &wanted, &out, &diff, &err));
        others(&in, &before);
        others(&out, &after);
        assert_string_equal(buf_str(&before), buf_str(&after));
        buf_done(&in), buf_done(&out), buf_done(&before), buf_done(&after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_of_another_form_is_refused),
        cmocka_unit_test(damaged_utf16_is_refused),
        cmocka_unit_test(too_large_files_are_refused),
        cmocka_unit_test(an_edit_that_does_not_fit_is_an_error),
        cmocka_unit_test(keys_and_values_that_would_break_a_line_are_refused),
        cmocka_unit_test(files_are_edited_in_place),
        cmocka_unit_test(utf16_files_become_utf8),
        cmocka_unit_test(differences_name_what_stands_there),
        cmocka_unit_test(one_value_can_be_read),
        cmocka_unit_test(the_owners_lines_are_two_options),
        cmocka_unit_test(holding_takes_both_options_from_parsec),
        cmocka_unit_test(the_users_lines_win_only_where_they_do_not_contradict),
        cmocka_unit_test(the_proxy_of_the_host_is_reached_on_the_guests_loopback),
        cmocka_unit_test(merging_twice_is_merging_once),
        cmocka_unit_test(other_lines_survive_random_edits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
