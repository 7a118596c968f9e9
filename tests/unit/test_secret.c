/* Where passwords come from, and that nothing of a refused one stays. */
#include "tests/support/expect.h"

#include "common/fs.h"
#include "host/key_export.h"
#include "host/secret.h"

#include <stdio.h>
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

/* ---- keys that travel ---- */

#define VM     "6f9619ff-8b86-d011-b42d-00c04fc964ff"
#define PHRASE "correct horse battery"

static void make_key(struct key_file *key)
{
    DO(key_new(VM, key, &do_err));
    DO(key_rotate_begin(key, &do_err));
}

static void exported_key_comes_back_with_all_generations(void **state)
{
    struct key_file key, other;

    (void)state;
    support_folder("export");
    make_key(&key);
    DO(key_export_write("export/key", &key, PHRASE, KEY_EXPORT_ROUNDS_MIN, &do_err));
    DO(key_export_read("export/key", PHRASE, &other, &do_err));
    assert_string_equal(other.vm, VM);
    assert_int_equal(other.current, key.current);
    assert_int_equal(other.count, 2);
    for (size_t i = 0; i < key.count; i++) {
        assert_int_equal(other.entries[i].generation, key.entries[i].generation);
        assert_memory_equal(other.entries[i].secret, key.entries[i].secret, KEY_SECRET_BYTES);
    }
    key_wipe(&key);
    key_wipe(&other);
}

static void export_holds_no_secret_and_replaces_no_file(void **state)
{
    struct err err = ERR_INIT;
    struct key_file key;
    struct buf text;
    char hex[KEY_SECRET_BYTES * 2 + 1];

    (void)state;
    support_folder("export");
    make_key(&key);
    assert_false(key_export_write("export/key", &key, "short", KEY_EXPORT_ROUNDS_MIN, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    DO(key_export_write("export/key", &key, PHRASE, KEY_EXPORT_ROUNDS_MIN, &do_err));
    assert_false(key_export_write("export/key", &key, PHRASE, KEY_EXPORT_ROUNDS_MIN, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    buf_init(&text, 65536);
    DO(fs_read("export/key", 65536, &text, &do_err));
    for (size_t i = 0; i < KEY_SECRET_BYTES; i++)
        snprintf(hex + i * 2, 3, "%02x", key.entries[0].secret[i]);
    assert_null(strstr(buf_str(&text), hex));
    buf_done(&text);
    key_wipe(&key);
}

/* Writes the exported text with the first character after `mark` changed. */
static void spoil(const char *text, const char *mark, char with)
{
    char copy[8192];
    char *at;

    text_copy(copy, sizeof copy, text);
    at = strstr(copy, mark);
    assert_non_null(at);
    at += strlen(mark);
    *at = *at == with ? (char)(with + 1) : with;
    DO(fs_write_atomic("export/key", copy, strlen(copy), FS_PRIVATE, &do_err));
}

static void another_passphrase_or_a_changed_file_is_refused(void **state)
{
    static const struct {
        const char *mark;
        char with;
        enum err_kind kind;
    } rows[] = {
        {"\"vm\": \"", '7', ERR_AUTH},
        {"\"rounds\": ", '2', ERR_AUTH},
        {"\"salt\": \"", '0', ERR_AUTH},
        {"\"nonce\": \"", '0', ERR_AUTH},
        {"\"sealed\": \"", '0', ERR_AUTH},
        {"\"sealed\": \"", 'x', ERR_BAD_INPUT},
        {"\"version\": ", '2', ERR_BAD_INPUT},
        {"\"rounds\": ", '0', ERR_BAD_INPUT},
        {"\"schema\": \"", 'x', ERR_BAD_INPUT},
    };
    struct err err = ERR_INIT;
    struct key_file key, other;
    struct buf text;

    (void)state;
    support_folder("export");
    make_key(&key);
    DO(key_export_write("export/key", &key, PHRASE, KEY_EXPORT_ROUNDS_MIN, &do_err));
    assert_false(key_export_read("export/key", "correct horse batterz", &other, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    buf_init(&text, 65536);
    DO(fs_read("export/key", 65536, &text, &do_err));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        spoil(buf_str(&text), rows[i].mark, rows[i].with);
        err_clear(&err);
        if (key_export_read("export/key", PHRASE, &other, &err) || err.kind != rows[i].kind)
            fail_msg("%s %c: %s", rows[i].mark, rows[i].with, err_kind_name(err.kind));
    }
    buf_done(&text);
    key_wipe(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(password_comes_from_environment_or_file),
        cmocka_unit_test(password_that_is_not_there_is_a_usage_error),
        cmocka_unit_test(made_passwords_differ),
        cmocka_unit_test(exported_key_comes_back_with_all_generations),
        cmocka_unit_test(export_holds_no_secret_and_replaces_no_file),
        cmocka_unit_test(another_passphrase_or_a_changed_file_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
