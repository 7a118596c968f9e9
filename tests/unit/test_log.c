/* Log lines are whole, harmless and bounded; time only moves as it should. */
#include "tests/support/support.h"

#include "common/clock.h"
#include "common/fs.h"
#include "common/log.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

/* The content of a file, at most 3 MiB; the caller ends it with buf_done. */
static struct buf content_of(const char *path)
{
    struct buf out;

    buf_init(&out, 3 * LOG_FILE_BYTES);
    if (!fs_read(path, 3 * LOG_FILE_BYTES, &out, NULL))
        fail_msg("cannot read %s", path);
    return out;
}

static void log_into_a_missing_folder_is_an_error(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    assert_false(log_open("t/none/x.log", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void line_has_time_level_area_and_no_control_characters(void **state)
{
    int year, month, day, hour, minute, second, ms;
    char rest[200];
    struct buf out;

    (void)state;
    support_folder("t");
    assert_true(log_open("t/x.log", NULL));
    log_write(LOG_WARN, "area", "two\nlines \x1B[31m %d", 7);
    log_close();
    out = content_of("t/x.log");
    assert_int_equal(sscanf(buf_str(&out),
                            "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %199[^\n]",
                            &year,
                            &month,
                            &day,
                            &hour,
                            &minute,
                            &second,
                            &ms,
                            rest),
                     8);
    assert_true(year >= 2024 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
    assert_string_equal(rest, "warn  area: two?lines ?[31m 7");
    assert_string_equal(strchr(buf_str(&out), '\n'), "\n");
    buf_done(&out);
}

static void entries_above_the_level_are_dropped(void **state)
{
    struct buf out;

    (void)state;
    support_folder("t");
    assert_true(log_open("t/x.log", NULL));
    log_write(LOG_DEBUG, "area", "first");
    log_set_level(LOG_DEBUG);
    log_write(LOG_DEBUG, "area", "second");
    log_set_level(LOG_ERROR);
    log_write(LOG_WARN, "area", "third");
    log_set_level(LOG_INFO);
    log_close();
    out = content_of("t/x.log");
    assert_null(strstr(buf_str(&out), "first"));
    assert_non_null(strstr(buf_str(&out), "second"));
    assert_null(strstr(buf_str(&out), "third"));
    buf_done(&out);
}

static void errors_are_written_in_english_with_their_context(void **state)
{
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    support_folder("t");
    text_set_lang(TEXT_ZH);
    assert_true(log_open("t/x.log", NULL));
    err_set_os(&err, ERR_DOMAIN_WIN32, 5, TEXT_FILE_OPEN, "x", NULL);
    log_err(LOG_ERROR, "area", "starting", &err);
    log_close();
    text_set_lang(TEXT_EN);
    out = content_of("t/x.log");
    assert_non_null(strstr(buf_str(&out), "error area: starting: cannot open x (win32 5)\n"));
    buf_done(&out);
}

static void overlong_entries_are_cut_to_one_line(void **state)
{
    char longest[10000];
    struct buf out;

    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    support_folder("t");
    assert_true(log_open("t/x.log", NULL));
    log_write(LOG_INFO, "area", "%s", longest);
    log_close();
    out = content_of("t/x.log");
    assert_true(out.len < 4096);
    assert_int_equal(out.data[out.len - 1], '\n');
    buf_done(&out);
}

static void file_is_rotated_and_keeps_one_predecessor(void **state)
{
    struct buf now;
    struct buf before;
    char line[1000];
    size_t i;

    (void)state;
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    support_folder("t");
    assert_true(log_open("t/x.log", NULL));
    for (i = 0; i < 2500; i++)
        log_write(LOG_INFO, "area", "%zu %s", i, line);
    log_close();
    now = content_of("t/x.log");
    before = content_of("t/x.1.log");
    assert_true(now.len <= LOG_FILE_BYTES && before.len <= LOG_FILE_BYTES);
    assert_true(now.len + before.len > LOG_FILE_BYTES);
    assert_non_null(strstr(buf_str(&now), "area: 2499 "));
    buf_done(&now);
    buf_done(&before);
}

static void reopened_file_goes_on(void **state)
{
    struct buf out;

    (void)state;
    support_folder("t");
    assert_true(log_open("t/x.log", NULL));
    log_write(LOG_INFO, "area", "one");
    assert_true(log_open("t/x.log", NULL));
    log_write(LOG_INFO, "area", "two");
    log_close();
    out = content_of("t/x.log");
    assert_non_null(strstr(buf_str(&out), "area: one\n"));
    assert_non_null(strstr(buf_str(&out), "area: two\n"));
    buf_done(&out);
}

static void write_many(void *user)
{
    int i;

    for (i = 0; i < 500; i++)
        log_write(LOG_INFO, "thread", "%s", (const char *)user);
}

static void lines_of_several_threads_do_not_mix(void **state)
{
    static char texts[4][64];
    uv_thread_t threads[4];
    struct buf out;
    char *line;
    size_t lines = 0;
    size_t i;

    (void)state;
    support_folder("t");
    assert_true(log_open("t/x.log", NULL));
    for (i = 0; i < 4; i++) {
        memset(texts[i], 'a' + (int)i, sizeof texts[i] - 1);
        assert_int_equal(uv_thread_create(&threads[i], write_many, texts[i]), 0);
    }
    for (i = 0; i < 4; i++)
        uv_thread_join(&threads[i]);
    log_close();
    out = content_of("t/x.log");
    for (line = (char *)out.data; *line; line = strchr(line, '\n') + 1) {
        const char *text = strstr(line, "thread: ") + 8;

        assert_int_equal(strspn(text, (char[2]){*text, 0}), sizeof texts[0] - 1);
        lines++;
    }
    assert_int_equal(lines, 2000);
    buf_done(&out);
}

static void manual_clock_moves_only_when_told(void **state)
{
    struct clock_manual clock;

    (void)state;
    clock_manual_init(&clock, 1000, 1700000000000);
    assert_int_equal(clock_now_ms(&clock.base), 1000);
    assert_int_equal(clock_wall_ms(&clock.base), 1700000001000);
    clock_sleep_ms(&clock.base, 250);
    clock_sleep_ms(&clock.base, -5);
    clock_manual_move(&clock, 50);
    assert_int_equal(clock_now_ms(&clock.base), 1300);
    assert_int_equal(clock_wall_ms(&clock.base), 1700000001300);
}

static void system_clock_sleeps_and_does_not_go_back(void **state)
{
    struct clock *clock = clock_system();
    int64_t before = clock_now_ms(clock);

    (void)state;
    clock_sleep_ms(clock, 20);
    assert_true(clock_now_ms(clock) - before >= 15);
    assert_true(clock_wall_ms(clock) > INT64_C(1700000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_into_a_missing_folder_is_an_error),
        cmocka_unit_test(line_has_time_level_area_and_no_control_characters),
        cmocka_unit_test(entries_above_the_level_are_dropped),
        cmocka_unit_test(errors_are_written_in_english_with_their_context),
        cmocka_unit_test(overlong_entries_are_cut_to_one_line),
        cmocka_unit_test(file_is_rotated_and_keeps_one_predecessor),
        cmocka_unit_test(reopened_file_goes_on),
        cmocka_unit_test(lines_of_several_threads_do_not_mix),
        cmocka_unit_test(manual_clock_moves_only_when_told),
        cmocka_unit_test(system_clock_sleeps_and_does_not_go_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
