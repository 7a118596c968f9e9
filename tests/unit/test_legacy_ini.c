/* The texts of the local group policy. */
#include "tests/support/support.h"

#include "guest/legacy.h"
#include "guest/legacy_ini.h"

#include <string.h>

static const struct legacy_entry logon = {
    .section = "Logon",
    .script = "Install.ps1",
    .path = "\\GroupPolicy\\User\\Scripts\\Logon\\Install.ps1",
};

/* A text with 0 bytes in it. */
struct bytes {
    const char *data;
    size_t length;
};

#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static void bytes_equal(const struct buf *out, struct bytes expected, const char *row)
{
    if (out->len != expected.length || memcmp(buf_str(out), expected.data, out->len) != 0)
        fail_msg("%s gave \"%s\"", row, buf_str(out));
}

static void entries_are_found_where_windows_would_run_them(void **state)
{
    static const struct {
        const char *row;
        struct bytes in, out;
        bool found;
    } rows[] = {
        {"empty", BYTES(""), BYTES(""), false},
        {"no section", BYTES("0CmdLine=Install.ps1\n"), BYTES("0CmdLine=Install.ps1\n"), false},
        {"other section",
         BYTES("[Logoff]\n0CmdLine=Install.ps1\n"),
         BYTES("[Logoff]\n0CmdLine=Install.ps1\n"),
         false},
        {"other script",
         BYTES("[Logon]\n0CmdLine=MyInstall.ps1\n"),
         BYTES("[Logon]\n0CmdLine=MyInstall.ps1\n"),
         false},
        {"other path",
         BYTES("[Logon]\n0CmdLine=D:\\tools\\Install.ps1\n"),
         BYTES("[Logon]\n0CmdLine=D:\\tools\\Install.ps1\n"),
         false},
        {"in the parameters",
         BYTES("[Logon]\n0CmdLine=a.ps1\n0Parameters=Install.ps1\n"),
         BYTES("[Logon]\n0CmdLine=a.ps1\n0Parameters=Install.ps1\n"),
         false},
        {"as shipped",
         BYTES("\n[Logon]\n0CmdLine=Install.ps1\n0Parameters=-team_id 1 -key 2\n"),
         BYTES("\n[Logon]\n"),
         true},
        {"no last newline",
         BYTES("[Logon]\n0CmdLine=Install.ps1\n0Parameters="),
         BYTES("[Logon]\n"),
         true},
        {"case and spaces",
         BYTES(" [ logon ] \r\n 0cmdline = INSTALL.PS1 \r\n;x\r\n"),
         BYTES(" [ logon ] \r\n;x\r\n"),
         true},
        {"quoted path",
         BYTES("[Logon]\n0CmdLine=\"C:\\Windows\\System32\\GroupPolicy\\User\\Scripts\\Logon\\"
               "Install.ps1\"\n"),
         BYTES("[Logon]\n"),
         true},
        {"middle of three",
         BYTES("[Logon]\n0CmdLine=a\n0Parameters=\n1CmdLine=Install.ps1\n1Parameters=\n"
               "2CmdLine=b\n2Parameters=x=y\n[Logoff]\n2CmdLine=c\n"),
         BYTES("[Logon]\n0CmdLine=a\n0Parameters=\n1CmdLine=b\n1Parameters=x=y\n"
               "[Logoff]\n2CmdLine=c\n"),
         true},
        {"twice, parameters first",
         BYTES("[Logon]\n0Parameters=p\n0CmdLine=Install.ps1\n1CmdLine=Install.ps1\n2CmdLine=b\n"),
         BYTES("[Logon]\n0CmdLine=b\n"),
         true},
        {"huge number",
         BYTES("[Logon]\n99999999999CmdLine=Install.ps1\n"),
         BYTES("[Logon]\n99999999999CmdLine=Install.ps1\n"),
         false},
        {"mark of UTF-8",
         BYTES("\xef\xbb\xbf[Logon]\n0CmdLine=Install.ps1\n"),
         BYTES("\xef\xbb\xbf[Logon]\n"),
         true},
        {"UTF-16",
         BYTES("\xff\xfe[\0L\0o\0g\0o\0n\0]\0\n\0"
               "0\0C\0m\0d\0L\0i\0n\0e\0=\0I\0n\0s\0t\0a\0l\0l\0.\0p\0s\0"
               "1\0\n\0;\0\x2d\x4e\n\0"),
         BYTES("\xff\xfe[\0L\0o\0g\0o\0n\0]\0\n\0;\0\x2d\x4e\n\0"),
         true},
        {"0 bytes stay",
         BYTES("[Logon]\nx\0y\n0CmdLine=Install.ps1\n"),
         BYTES("[Logon]\nx\0y\n"),
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        bool found = !rows[i].found;

        buf_init(&out, 4096);
        assert_true(
            legacy_ini_remove(rows[i].in.data, rows[i].in.length, &logon, &out, &found, NULL));
        bytes_equal(&out, rows[i].out, rows[i].row);
        if (found != rows[i].found)
            fail_msg("%s: found is wrong", rows[i].row);
        buf_done(&out);
    }
}

static void only_the_version_is_raised(void **state)
{
    static const struct {
        const char *row;
        struct bytes in, out;
        bool user_part;
    } rows[] = {
        {"empty", BYTES(""), BYTES(""), true},
        {"user",
         BYTES("[General]\r\nVersion=131074\r\n"),
         BYTES("[General]\r\nVersion=196610\r\n"),
         true},
        {"machine", BYTES("[General]\nVersion=131074"), BYTES("[General]\nVersion=131075"), false},
        {"user wraps",
         BYTES("[General]\nVersion=4294901763"),
         BYTES("[General]\nVersion=65539"),
         true},
        {"machine wraps", BYTES("[General]\nVersion=65535"), BYTES("[General]\nVersion=1"), false},
        {"another key that ends so",
         BYTES("[General]\ngPCFunctionalityVersion=2\nVersion=1\n"),
         BYTES("[General]\ngPCFunctionalityVersion=2\nVersion=2\n"),
         false},
        {"another section", BYTES("[Other]\nVersion=1\n"), BYTES("[Other]\nVersion=1\n"), true},
        {"no number", BYTES("[General]\nVersion=one\n"), BYTES("[General]\nVersion=one\n"), true},
        {"too large",
         BYTES("[General]\nVersion=4294967296\n"),
         BYTES("[General]\nVersion=4294967296\n"),
         true},
        {"UTF-16",
         BYTES("\xff\xfe[\0G\0e\0n\0e\0r\0a\0l\0]\0\n\0V\0e\0r\0s\0i\0o\0n\0=\0"
               "4\0"),
         BYTES("\xff\xfe[\0G\0e\0n\0e\0r\0a\0l\0]\0\n\0V\0e\0r\0s\0i\0o\0n\0=\0"
               "5\0"),
         false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;

        buf_init(&out, 4096);
        assert_true(
            legacy_ini_raise(rows[i].in.data, rows[i].in.length, rows[i].user_part, &out, NULL));
        bytes_equal(&out, rows[i].out, rows[i].row);
        buf_done(&out);
    }
}

static void what_would_not_come_back_whole_is_refused(void **state)
{
    static const struct bytes rows[] = {
        BYTES("\xff\xfe\x00\xd8"),   /* half a character */
        BYTES("\xff\xfex\0y"),       /* half a unit */
        BYTES("\xff\xfex\0\0\0y\0"), /* an end in the middle */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = ERR_INIT;
        struct buf out;
        bool found = true;

        buf_init(&out, 64);
        assert_false(legacy_ini_remove(rows[i].data, rows[i].length, &logon, &out, &found, &err));
        assert_int_equal(err.kind, ERR_BAD_INPUT);
        assert_true(found); /* untouched */
        assert_false(legacy_ini_raise(rows[i].data, rows[i].length, true, &out, NULL));
        assert_int_equal(out.len, 0);
        buf_done(&out);
    }
}

static void output_that_does_not_fit_is_an_error(void **state)
{
    static const char list[] = "[Logon]\n0CmdLine=Install.ps1\n";
    struct buf out;
    bool found;

    (void)state;
    buf_init(&out, 4);
    assert_false(legacy_ini_remove(list, sizeof list - 1, &logon, &out, &found, NULL));
    assert_false(legacy_ini_raise("[General]\nVersion=1", 19, true, &out, NULL));
    buf_done(&out);
}

static void scripts_are_known_by_what_they_do(void **state)
{
    static const struct {
        struct bytes text;
        bool ours;
    } rows[] = {
        {BYTES(""), false},
        {BYTES("Register-ScheduledTask \"Install VB Cable\""), false},
        {BYTES("# Easy-GPU-PV was here"), false},
        {BYTES("%programdata%\\Easy-GPU-P\\x.ps1 'Monitor Parsec VDD State'"), true},
        {BYTES("%programdata%\\EASY-GPU-P\\x.ps1 'install parsecvda'"), true},
        {BYTES("C:\\ProgramData\\Easy-GPU-P\\parsecpublic.cer"), true},
        {BYTES("\xff\xfe"
               "E\0a\0s\0y\0-\0G\0P\0U\0-\0P\0 \0I\0n\0s\0t\0a\0l\0l\0 \0V\0B\0 \0"
               "C\0a\0b\0l\0e\0"),
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(legacy_is_script(rows[i].text.data, rows[i].text.length), rows[i].ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_would_not_come_back_whole_is_refused),
        cmocka_unit_test(output_that_does_not_fit_is_an_error),
        cmocka_unit_test(entries_are_found_where_windows_would_run_them),
        cmocka_unit_test(only_the_version_is_raised),
        cmocka_unit_test(scripts_are_known_by_what_they_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
