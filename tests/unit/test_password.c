/* Passwords that lie readable in a guest, and how they are hidden. */
#include "tests/support/support.h"

#include "tests/support/parsec_bench.h"

#include "guest/answer_file.h"
#include "guest/password.h"

#include <stdlib.h>
#include <string.h>

#define GONE    ANSWER_FILE_DELETED
#define WRAP(x) "<unattend><a>" x "</a></unattend>"

/* ---- answer files ---- */

static void secrets_are_taken_out_and_nothing_else(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {WRAP("<Password><Value>a&amp;b</Value><PlainText>true</PlainText></Password>"),
         WRAP("<Password><Value>" GONE "</Value><PlainText>true</PlainText></Password>")},
        {WRAP("<Password>\n <Value> x </Value>\n</Password>"),
         WRAP("<Password>\n <Value> " GONE " </Value>\n</Password>")},
        {WRAP("<AdministratorPassword>x</AdministratorPassword><b>x</b>"),
         WRAP("<AdministratorPassword>" GONE "</AdministratorPassword><b>x</b>")},
        {WRAP("<u:password a='>'><u:value>x</u:value></u:password>"),
         WRAP("<u:password a='>'><u:value>" GONE "</u:value></u:password>")},
        {WRAP("<Credentials><Password>x</Password></Credentials>"),
         WRAP("<Credentials><Password>" GONE "</Password></Credentials>")},
        {WRAP("<Password><Value><![CDATA[x]]></Value></Password>"),
         WRAP("<Password><Value></Value></Password>")},
        {WRAP("<Password><Value>x<!-- y -->z</Value></Password>"),
         WRAP("<Password><Value>" GONE "</Value></Password>")},
        {WRAP("<Password><!-- x --><Value>x</Value></Password><!-- y -->"),
         WRAP("<Password><Value>" GONE "</Value></Password><!-- y -->")},
        {WRAP("<Password><Value>x</Value></Password><Password><Value>y</Value></Password>"),
         WRAP("<Password><Value>" GONE "</Value></Password><Password><Value>" GONE
              "</Value></Password>")},
        {WRAP("<ProductKey><Key>A-B</Key><WillShowUI>OnError</WillShowUI></ProductKey>"),
         WRAP("<ProductKey><Key>" GONE "</Key><WillShowUI>OnError</WillShowUI></ProductKey>")},
        {WRAP("<ProductKey>A-B</ProductKey>"), WRAP("<ProductKey>" GONE "</ProductKey>")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;

        buf_init(&out, 4096);
        assert_int_equal(answer_file_scrub(rows[i].in, strlen(rows[i].in), &out),
                         ANSWER_FILE_SECRET);
        assert_string_equal(buf_str(&out), rows[i].out);
        assert_int_equal(answer_file_scrub(out.data, out.len, NULL), ANSWER_FILE_CLEAN);
        buf_done(&out);
    }
}

static void files_without_a_secret_are_clean(void **state)
{
    static const char *const rows[] = {
        "",
        "nothing of XML",
        WRAP("<Value>x</Value>"),
        WRAP("<Password/><Password></Password><Password> \n</Password>"),
        WRAP("<Password><PlainText>false</PlainText></Password>"),
        WRAP("<Password><Value>" GONE "</Value></Password>"),
        WRAP("<!-- <Password>x</Password> -->"),
        WRAP("<PasswordHint>x</PasswordHint>"),
        WRAP("<SkipProductKey>x</SkipProductKey>"),
        "<broken><but harmless",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (answer_file_scrub(rows[i], strlen(rows[i]), NULL) != ANSWER_FILE_CLEAN)
            fail_msg("%s", rows[i]);
}

static void what_cannot_be_understood_is_strange(void **state)
{
    static const struct {
        const char *data;
        size_t length;
    } rows[] = {
        {"<Password><Value>x", 18},
        {"<a></b></a></c><Password>x</Password>", 37},
        {"<Password a='>x</Password>", 26},
        {"<Password><!-- x</Password>", 27},
        {"\xff\xfe<\0p\0a\0s\0s\0w\0o\0r\0d\0>\0x\0", 24},
        {"\0p\0A\0S\0s\0w\0o\0r\0d", 16},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (answer_file_scrub(rows[i].data, rows[i].length, NULL) != ANSWER_FILE_STRANGE)
            fail_msg("row %u", (unsigned)i);
}

/* ---- the guest ---- */

static struct registry_value winlogon(struct bench *bench, const char *name)
{
    struct registry_port *registry = bench->machine->registry;
    struct registry_value value = {.type = REGISTRY_ABSENT};

    assert_true(registry->ops->get(registry, PASSWORD_WINLOGON, name, &value, NULL));
    return value;
}

static void set_winlogon(struct bench *bench, const char *name, const char *text)
{
    struct registry_port *registry = bench->machine->registry;
    struct registry_value value = {.type = text ? REGISTRY_STRING : REGISTRY_ABSENT};

    text_copy(value.text, sizeof value.text, text ? text : "");
    assert_true(registry->ops->set(registry, PASSWORD_WINLOGON, name, &value, NULL));
}

static bool secret_is_kept(struct bench *bench)
{
    return machine_sim_world(bench->machine)->session.secret;
}

static bool hide(struct bench *bench, struct err *err)
{
    bool reboot;

    return bench_repair(bench, REPAIR_PASSWORD_HIDE, &reboot, err);
}

static void open_readable(struct bench *bench)
{
    bench_open(bench, "healthy");
    bench_edit(bench, "system.password=readable");
    assert_int_equal(bench_check(bench, CHECK_SYSTEM_PASSWORD)->cause, CAUSE_PASSWORD_READABLE);
}

static void a_guest_without_them_is_right(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->status, STATUS_OK);
    bench_close(&bench);
}

static void hidden_passwords_still_sign_in(void **state)
{
    struct bench bench;

    (void)state;
    open_readable(&bench);
    assert_true(hide(&bench, NULL));
    assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->status, STATUS_OK);
    assert_true(secret_is_kept(&bench));
    assert_int_equal(winlogon(&bench, "DefaultPassword").type, REGISTRY_ABSENT);
    assert_int_equal(winlogon(&bench, "AutoLogonCount").type, REGISTRY_ABSENT);
    assert_string_equal(winlogon(&bench, "AutoAdminLogon").text, "1");
    assert_non_null(strstr(bench_text(&bench, ROOT_PANTHER, "unattend.xml"), GONE));
    assert_null(strstr(bench_text(&bench, ROOT_PANTHER, "unattend.xml"), "Simulated-1"));
    bench_close(&bench);
}

static void a_leftover_without_automatic_sign_in_is_no_secret_to_keep(void **state)
{
    struct bench bench;

    (void)state;
    open_readable(&bench);
    set_winlogon(&bench, "AutoAdminLogon", "0");
    assert_true(hide(&bench, NULL));
    assert_false(secret_is_kept(&bench));
    assert_int_equal(winlogon(&bench, "DefaultPassword").type, REGISTRY_ABSENT);
    assert_int_equal(winlogon(&bench, "AutoLogonCount").type, REGISTRY_DWORD);
    bench_close(&bench);
}

static void every_place_of_setup_is_cleaned(void **state)
{
    static const struct {
        enum file_root root;
        const char *name;
    } rows[] = {
        {ROOT_PANTHER, "unattend.xml"},
        {ROOT_PANTHER, "unattend-original.xml"},
        {ROOT_PANTHER, "Unattend/unattend.xml"},
        {ROOT_PANTHER, "Unattend/autounattend.xml"},
        {ROOT_SYSPREP, "unattend.xml"},
        {ROOT_SYSPREP, "Panther/unattend.xml"},
        {ROOT_SYSTEM_DRIVE, "unattend.xml"},
        {ROOT_SYSTEM_DRIVE, "autounattend.xml"},
    };
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bench_write(&bench, rows[i].root, rows[i].name, WRAP("<Password>secret</Password>"));
        if (bench_check(&bench, CHECK_SYSTEM_PASSWORD)->cause != CAUSE_PASSWORD_READABLE)
            fail_msg("%s is not seen", rows[i].name);
        assert_true(hide(&bench, NULL));
        assert_string_equal(bench_text(&bench, rows[i].root, rows[i].name),
                            WRAP("<Password>" GONE "</Password>"));
    }
    bench_close(&bench);
}

static void a_file_that_cannot_be_edited_goes(void **state)
{
    struct bench bench;
    struct fs_stat stat;

    (void)state;
    bench_open(&bench, "healthy");
    bench_write(&bench, ROOT_PANTHER, "unattend.xml", "<Password><Value>secret");
    assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->cause, CAUSE_PASSWORD_READABLE);
    assert_true(hide(&bench, NULL));
    assert_true(bench.machine->files->ops->stat(
        bench.machine->files, ROOT_PANTHER, "unattend.xml", &stat, NULL));
    assert_int_equal(stat.kind, FS_MISSING);
    bench_close(&bench);
}

static void setup_keeps_its_answers_until_somebody_was_signed_in(void **state)
{
    struct bench bench;

    (void)state;
    open_readable(&bench);
    bench_edit(&bench, "session=logged_off");
    assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->status, STATUS_OFF);
    set_winlogon(&bench, "AutoAdminLogon", "0"); /* nobody will be: nothing to wait for */
    assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->cause, CAUSE_PASSWORD_READABLE);
    bench_edit(&bench, "system.setup=running");
    assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->status, STATUS_OFF);
    bench_close(&bench);
}

/* The value goes last, and only when Windows has the secret. */
static void a_failure_anywhere_loses_no_sign_in_and_is_done_again(void **state)
{
    static const struct {
        const char *port, *op;
        uint32_t call;
        bool value_stays;
    } rows[] = {
        {"registry", "get", 1, true},
        {"registry", "get", 2, true},
        {"system", "keep_password", 1, true},
        {"registry", "set", 1, true},
        {"registry", "set", 2, true},
        {"files", "stat", 1, false},
        {"files", "read", 1, false},
        {"files", "write", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = ERR_INIT;
        struct bench bench;

        open_readable(&bench);
        bench_fault(&bench, rows[i].port, rows[i].op, rows[i].call, ERR_IO);
        assert_false(hide(&bench, &err));
        assert_int_equal(err.kind, ERR_IO);
        if ((winlogon(&bench, "DefaultPassword").type == REGISTRY_STRING) != rows[i].value_stays)
            fail_msg("%s.%s", rows[i].port, rows[i].op);
        assert_true(rows[i].value_stays || secret_is_kept(&bench));
        assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->cause,
                         CAUSE_PASSWORD_READABLE);
        assert_true(hide(&bench, NULL));
        assert_true(secret_is_kept(&bench));
        assert_int_equal(bench_check(&bench, CHECK_SYSTEM_PASSWORD)->status, STATUS_OK);
        bench_close(&bench);
    }
}

static void what_cannot_be_read_is_unknown(void **state)
{
    static const char *const ops[][2] = {{"registry", "get"}, {"files", "stat"}, {"files", "read"}};

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        const struct finding *finding;
        struct bench bench;

        bench_open(&bench, "healthy");
        bench_write(&bench, ROOT_PANTHER, "unattend.xml", WRAP(""));
        facts_read(bench.machine, &bench.findings.facts);
        bench_fault(&bench, ops[i][0], ops[i][1], 1, ERR_IO);
        check_run(&bench.check, CHECK_BIT(CHECK_SYSTEM_PASSWORD));
        finding = &bench.findings.checks[CHECK_SYSTEM_PASSWORD];
        assert_int_equal(finding->status, STATUS_UNKNOWN);
        assert_int_equal(finding->why.kind, ERR_IO);
        bench_close(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_taken_out_and_nothing_else),
        cmocka_unit_test(files_without_a_secret_are_clean),
        cmocka_unit_test(what_cannot_be_understood_is_strange),
        cmocka_unit_test(a_guest_without_them_is_right),
        cmocka_unit_test(hidden_passwords_still_sign_in),
        cmocka_unit_test(a_leftover_without_automatic_sign_in_is_no_secret_to_keep),
        cmocka_unit_test(every_place_of_setup_is_cleaned),
        cmocka_unit_test(a_file_that_cannot_be_edited_goes),
        cmocka_unit_test(setup_keeps_its_answers_until_somebody_was_signed_in),
        cmocka_unit_test(a_failure_anywhere_loses_no_sign_in_and_is_done_again),
        cmocka_unit_test(what_cannot_be_read_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
