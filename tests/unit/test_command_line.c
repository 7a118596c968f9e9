/* Tests of quoting against a reader written from the documented rules. */
#include "tests/support/support.h"

#include "common/command_line.h"

#include <string.h>

#define WORDS 8

/* Splits line as the documentation of CommandLineToArgvW says; returns the number of words. */
static size_t split(const char *line, char words[WORDS][64])
{
    size_t count = 0, length = 0, slashes = 0;
    bool quoted = false, inside = false;

    for (;; line++) {
        char c = *line;

        if (c == '\\') {
            slashes++;
            inside = true;
            continue;
        }
        if (c == '"') {
            for (size_t i = 0; i < slashes / 2; i++)
                words[count][length++] = '\\';
            if (slashes % 2)
                words[count][length++] = '"';
            else
                quoted = !quoted;
            slashes = 0;
            inside = true;
            continue;
        }
        for (; slashes; slashes--)
            words[count][length++] = '\\';
        if (!c || (c == ' ' && !quoted)) {
            if (inside)
                words[count++][length] = 0;
            length = 0;
            inside = false;
            if (!c)
                return count;
            continue;
        }
        words[count][length++] = c;
        inside = true;
    }
}

static void arguments_come_back_as_they_were_given(void **state)
{
    static const char *const rows[][WORDS] = {
        {"C:\\Program Files\\a.exe", "/silent", NULL},
        {"a", "", "b c", NULL},
        {"a", "\"", "\\\"", "\\\\\"", NULL},
        {"a", "end\\", "end\\\\", "mid\\dle", NULL},
        {"a", "a\\\"b c\\", "\\", "\\\\ \\", NULL},
        {"a", "%PATH% & calc | more > x", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char words[WORDS][64] = {{0}};
        struct buf line;
        size_t count = 0;

        buf_init(&line, 512);
        command_line_put_all(&line, rows[i]);
        while (rows[i][count])
            count++;
        if (split(buf_str(&line), words) != count)
            fail_msg("%s: another number of words", buf_str(&line));
        for (size_t j = 0; j < count; j++)
            assert_string_equal(words[j], rows[i][j]);
        buf_done(&line);
    }
}

static void a_line_above_the_limit_fails(void **state)
{
    static const char *const args[] = {"program", "argument", NULL};
    struct buf line;

    (void)state;
    buf_init(&line, 12);
    command_line_put_all(&line, args);
    assert_true(line.failed);
    buf_done(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_come_back_as_they_were_given),
        cmocka_unit_test(a_line_above_the_limit_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
