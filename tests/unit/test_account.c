/* Names of users and computers, and passwords, as Windows takes them. */
#include "tests/support/support.h"

#include "host/account.h"

#include <ctype.h>
#include <string.h>

static void names_of_users_are_taken_or_refused(void **state)
{
    static const struct {
        const char *user;
        enum text_id why; /* TEXT_NONE: taken */
    } rows[] = {
        {"player", TEXT_NONE},
        {"Li Ming", TEXT_NONE},
        {"\xE6\xB5\x8B\xE8\xAF\x95\xE7\x94\xA8\xE6\x88\xB7", TEXT_NONE},
        {"12345678901234567890", TEXT_NONE},
        {"123456789012345678901", TEXT_BUILD_USER_BAD},
        /* six characters beyond the first plane are twelve units, eleven are too many */
        {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F"
         "\x98\x80",
         TEXT_NONE},
        {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F"
         "\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98"
         "\x80",
         TEXT_BUILD_USER_BAD},
        {"", TEXT_BUILD_USER_BAD},
        {" x", TEXT_BUILD_USER_BAD},
        {"x ", TEXT_BUILD_USER_BAD},
        {"x.", TEXT_BUILD_USER_BAD},
        {"..", TEXT_BUILD_USER_BAD},
        {"a/b", TEXT_BUILD_USER_BAD},
        {"a\\b", TEXT_BUILD_USER_BAD},
        {"a&b", TEXT_BUILD_USER_BAD},
        {"a@b", TEXT_BUILD_USER_BAD},
        {"a[b", TEXT_BUILD_USER_BAD},
        {"a\nb", TEXT_BUILD_USER_BAD},
        {"con", TEXT_BUILD_USER_BAD},
        {"\xFF", TEXT_BUILD_USER_BAD},
        {"administrator", TEXT_BUILD_USER_RESERVED},
        {"GUEST", TEXT_BUILD_USER_RESERVED},
        {"Local Service", TEXT_BUILD_USER_RESERVED},
        {"wdagutilityaccount", TEXT_BUILD_USER_RESERVED},
        {"Public", TEXT_BUILD_USER_RESERVED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        if (account_check_user(rows[i].user, &err) != (rows[i].why == TEXT_NONE) ||
            err.message != rows[i].why || (err.message && !err.hint))
            fail_msg("\"%s\": %s", rows[i].user, text_row(err.message)->name);
    }
}

static void names_of_computers_are_taken_or_refused(void **state)
{
    static const struct {
        const char *computer;
        enum text_id why;
    } rows[] = {
        {"DEMO", TEXT_NONE},
        {"a-1", TEXT_NONE},
        {"123456789012345", TEXT_BUILD_COMPUTER_BAD},
        {"1234567890123-a", TEXT_NONE},
        {"1234567890123-ab", TEXT_BUILD_COMPUTER_BAD},
        {"", TEXT_BUILD_COMPUTER_BAD},
        {"-a", TEXT_BUILD_COMPUTER_BAD},
        {"a-", TEXT_BUILD_COMPUTER_BAD},
        {"a b", TEXT_BUILD_COMPUTER_BAD},
        {"a_b", TEXT_BUILD_COMPUTER_BAD},
        {"\xE6\xB5\x8B", TEXT_BUILD_COMPUTER_BAD},
        {"PLAYER", TEXT_HOST_USER_IS_COMPUTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        if (account_check_computer(rows[i].computer, "player", &err) !=
                (rows[i].why == TEXT_NONE) ||
            err.message != rows[i].why)
            fail_msg("\"%s\": %s", rows[i].computer, text_row(err.message)->name);
    }
}

static void computer_of_any_vm_is_a_name_and_not_the_user_s(void **state)
{
    static const struct {
        const char *vm, *user, *computer;
    } rows[] = {
        {"demo", "player", "demo"},
        {"My Games!", "player", "MyGames"},
        {"-x-", "player", "x"},
        {"a name that is much too long", "player", "anamethatismuch"},
        {"\xE5\xAE\xA2\xE5\x8E\x85", "player", "GPUPV-VM"},
        {"42", "player", "VM-42"},
        {"1234567890123456", "player", "VM-123456789012"},
        {"player", "Player", "player-VM"},
        {"a-very-long-one", "A-VERY-LONG-ONE", "a-very-long-VM"},
        {"\xE5\xAE\xA2", "gpupv-vm", "GPUPV-GUEST"},
        {"42", "vm-42", "42-VM"},
    };
    char out[ACCOUNT_COMPUTER_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err err = ERR_INIT;

        account_computer(rows[i].vm, rows[i].user, out);
        if (strcmp(out, rows[i].computer) != 0 || !account_check_computer(out, rows[i].user, &err))
            fail_msg("%s: %s", rows[i].vm, out);
    }
}

static void password_is_never_told(void **state)
{
    char longest[129], text[512];
    struct err err = ERR_INIT;

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[127] = 0;
    assert_true(account_check_password(longest, &err));
    assert_true(account_check_password("", &err));
    assert_true(account_check_password("<&\"'> \xE5\xAF\x86\xE7\xA0\x81", &err));
    longest[127] = 'x';
    longest[128] = 0;
    assert_false(account_check_password(longest, &err));
    assert_false(account_check_password("secret\n", &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_null(strstr(err_message(&err, TEXT_EN, text, sizeof text), "secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_users_are_taken_or_refused),
        cmocka_unit_test(names_of_computers_are_taken_or_refused),
        cmocka_unit_test(computer_of_any_vm_is_a_name_and_not_the_user_s),
        cmocka_unit_test(password_is_never_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
