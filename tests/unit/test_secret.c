/* Where passwords come from, and that nothing of a refused one stays. */
#include "tests/support/expect.h"

#include "common/fs.h"
#include "host/secret.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

static struct ui quiet(void)
{
    struct ui ui;
    struct ui_options options = {.json = true};

    ui_init(&ui, &options);
    ui.interactive = false;
    return ui;
}

static void password_comes_from_environment_or_file(void **state)
{
    struct ui ui = quiet();
    char out[64];

    (void)state;
    support_folder("secret");
    assert_int_equal(uv_os_setenv("GPUPV_TEST_PASSWORD", "from env"), 0);
    DO(secret_read(&ui, "env:GPUPV_TEST_PASSWORD", "u", "vm", out, sizeof out, &do_err));
    assert_string_equal(out, "from env");
    DO(fs_write_atomic("secret/a", "from file\r\nsecond", 17, FS_PRIVATE, &do_err));
    DO(secret_read(&ui, "file:secret/a", "u", "vm", out, sizeof out, &do_err));
    assert_string_equal(out, "from file");
}

static void password_that_is_not_there_is_a_usage_error(void **state)
{
    static const struct {
        const char *from;
        enum text_id why;
    } rows[] = {
        {"prompt", TEXT_BUILD_SECRET_NOBODY},
        {"env:GPUPV_TEST_NO_SUCH", TEXT_BUILD_SECRET_UNSET},
        {"env:", TEXT_BUILD_SECRET_FROM},
        {"hunter2", TEXT_BUILD_SECRET_FROM},
        {"file:secret/long", TEXT_BUILD_PASSWORD_BAD},
    };
    struct ui ui = quiet();
    char out[16], text[200];

    (void)state;
    support_folder("secret");
    memset(text, 'x', sizeof text);
    DO(fs_write_atomic("secret/long", text, sizeof text, FS_PRIVATE, &do_err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        memset(out, 'x', sizeof out);
        if (secret_read(&ui, rows[i].from, "u", "vm", out, sizeof out, &err) ||
            err.message != rows[i].why || err.kind != ERR_USAGE)
            fail_msg("%s: %s", rows[i].from, text_row(err.message)->name);
        for (size_t k = 0; k < sizeof out; k++)
            assert_int_equal(out[k], 0);
    }
}

static void made_passwords_differ(void **state)
{
    char a[40], b[40];

    (void)state;
    DO(secret_make(a, sizeof a, &do_err));
    DO(secret_make(b, sizeof b, &do_err));
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(password_comes_from_environment_or_file),
        cmocka_unit_test(password_that_is_not_there_is_a_usage_error),
        cmocka_unit_test(made_passwords_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
