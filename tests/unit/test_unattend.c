/*
 * The answer file: read back by xmllint, an XML parser that we did not write, element by element;
 * what Windows would refuse is refused. Where xmllint is missing only the latter is tested.
 */
#include "tests/support/support.h"

#include "common/fs.h"
#include "common/secure.h"
#include "guest/answer_file.h"
#include "host/image/unattend.h"
#include "host/image/xml_write.h"
#include "host/process.h"

#include <mbedtls/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_MS 60000
#define PASS   "/*[local-name()='unattend']/*[local-name()='settings'][@pass='%s']"

static const struct unattend usual = {
    .architecture = "amd64",
    .computer = "DEMO",
    .user = "player",
    .password = "p<&\"'>\xE5\xAF\x86",
    .autologon = true,
    .language = "zh-CN",
    .locale = "de-DE",
    .keyboard = "0407:00000407",
    .time_zone = "China Standard Time",
};

static void expect_done(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

#define DO(call)                                                                                   \
    do {                                                                                           \
        struct err do_err = ERR_INIT;                                                              \
        expect_done((call), &do_err);                                                              \
    } while (0)

static bool have_xmllint(void)
{
    struct fs_stat stat;

    /* a Windows program finds it too, under Wine, and cannot start it */
    return !getenv("WINEPREFIX") && fs_stat("/usr/bin/xmllint", &stat, NULL) &&
           stat.kind == FS_FILE;
}

static void save(const struct unattend *unattend)
{
    struct buf out;

    buf_init(&out, 2 * UNATTEND_BYTES);
    DO(unattend_write(unattend, &out, &do_err));
    DO(fs_write_atomic("unattend/a.xml", out.data, out.len, FS_PRIVATE, &do_err));
    secure_wipe(out.data, out.len);
    buf_done(&out);
}

/* What an XPath expression says of the file that was saved. */
static const char *ask(struct buf *out, const char *expression)
{
    const char *args[] = {"xmllint", "--nonet", "--xpath", expression, "unattend/a.xml", NULL};
    int code = -1;

    buf_clear(out);
    DO(process_run("/usr/bin/xmllint", args, RUN_MS, out, &code, &do_err));
    if (code)
        fail_msg("%s: %d %s", expression, code, buf_str(out));
    while (out->len && out->data[out->len - 1] == '\n')
        out->data[--out->len] = 0;
    return buf_str(out);
}

/* Path of an element: names separated by '/', below the component of that name. */
static const char *
element(struct buf *out, const char *pass, const char *component, const char *path)
{
    char expression[1024];
    int n = snprintf(expression,
                     sizeof expression,
                     "string(" PASS "/*[@name='%s'][@processorArchitecture='amd64']",
                     pass,
                     component);

    while (*path) {
        size_t length = strcspn(path, "/");

        n += snprintf(expression + n,
                      sizeof expression - (size_t)n,
                      "/*[local-name()='%.*s']",
                      (int)length,
                      path);
        path += length + (path[length] == '/');
    }
    snprintf(expression + n, sizeof expression - (size_t)n, ")");
    return ask(out, expression);
}

static void every_element_stands_where_setup_looks_for_it(void **state)
{
    static const char shell[] = "Microsoft-Windows-Shell-Setup";
    static const char core[] = "Microsoft-Windows-International-Core";
    static const struct {
        const char *pass, *component, *path, *value;
    } rows[] = {
        {"specialize", shell, "ComputerName", "DEMO"},
        {"specialize", shell, "TimeZone", "China Standard Time"},
        {"oobeSystem", core, "UILanguage", "zh-CN"},
        {"oobeSystem", core, "UserLocale", "de-DE"},
        {"oobeSystem", core, "SystemLocale", "de-DE"},
        {"oobeSystem", core, "InputLocale", "0407:00000407"},
        {"oobeSystem", shell, "OOBE/HideEULAPage", "true"},
        {"oobeSystem", shell, "OOBE/HideOnlineAccountScreens", "true"},
        {"oobeSystem", shell, "OOBE/HideWirelessSetupInOOBE", "true"},
        {"oobeSystem", shell, "OOBE/ProtectYourPC", "3"},
        {"oobeSystem", shell, "AutoLogon/Enabled", "true"},
        {"oobeSystem", shell, "AutoLogon/Username", "player"},
        {"oobeSystem", shell, "AutoLogon/Password/PlainText", "false"},
        {"oobeSystem", shell, "UserAccounts/LocalAccounts/LocalAccount/Name", "player"},
        {"oobeSystem", shell, "UserAccounts/LocalAccounts/LocalAccount/Group", "Administrators"},
        {"oobeSystem",
         shell,
         "UserAccounts/LocalAccounts/LocalAccount/Password/PlainText",
         "false"},
        /* deprecated: leaves machines half set up */
        {"oobeSystem", shell, "OOBE/SkipMachineOOBE", ""},
        {"oobeSystem", shell, "OOBE/SkipUserOOBE", ""},
    };
    struct buf out;

    (void)state;
    if (!have_xmllint())
        skip();
    support_folder("unattend");
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    save(&usual);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(element(&out, rows[i].pass, rows[i].component, rows[i].path), rows[i].value) !=
            0)
            fail_msg("%s: %s", rows[i].path, buf_str(&out));
    assert_string_equal(ask(&out, "string(//*[local-name()='LocalAccount']/@*)"), "add");
    assert_string_equal(ask(&out, "count(//*[local-name()='component'])"), "3");
    assert_string_equal(ask(&out, "namespace-uri(/*)"), "urn:schemas-microsoft-com:unattend");
    buf_done(&out);
}

static void password_is_disguised_as_windows_wants_it(void **state)
{
    uint8_t bytes[256];
    size_t length = 0;
    char text[256];
    struct buf out;

    (void)state;
    if (!have_xmllint())
        skip();
    support_folder("unattend");
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    save(&usual);
    for (int i = 0; i < 2; i++) {
        const char *value = element(&out,
                                    "oobeSystem",
                                    "Microsoft-Windows-Shell-Setup",
                                    i ? "AutoLogon/Password/Value"
                                      : "UserAccounts/LocalAccounts/LocalAccount/Password/Value");

        assert_int_equal(
            mbedtls_base64_decode(
                bytes, sizeof bytes, &length, (const unsigned char *)value, strlen(value)),
            0);
        /* as UTF-16: the password, then the name of the element */
        assert_int_equal(length, 2 * (7 + 8));
        for (size_t k = 0; k < length / 2; k++)
            text[k] = bytes[2 * k + 1] ? '?' : (char)bytes[2 * k];
        text[length / 2] = 0;
        assert_string_equal(text, "p<&\"'>?Password");
        assert_int_equal(bytes[12] | bytes[13] << 8, 0x5BC6);
    }
    assert_string_equal(ask(&out, "count(//*[contains(text(), 'p<')])"), "0");
    buf_done(&out);
}

static void
a_server_gets_the_password_of_its_administrator_and_a_key_where_there_is_one(void **state)
{
    static const char shell[] = "Microsoft-Windows-Shell-Setup";
    static const char disguised[] = "AdministratorPassword/Value";
    struct unattend unattend = usual;
    char path[64];
    uint8_t bytes[256];
    size_t length = 0;
    struct buf out;

    (void)state;
    if (!have_xmllint())
        skip();
    support_folder("unattend");
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    save(&unattend);
    assert_string_equal(ask(&out, "count(//*[local-name()='AdministratorPassword'])"), "0");
    assert_string_equal(ask(&out, "count(//*[local-name()='ProductKey'])"), "0");
    unattend.administrator = true;
    unattend.password = "secret";
    unattend.product_key = "ABCDE-12345-FGHIJ-67890-KLMNO";
    save(&unattend);
    assert_string_equal(element(&out, "specialize", shell, "ProductKey"), unattend.product_key);
    snprintf(path, sizeof path, "UserAccounts/%s", disguised);
    element(&out, "oobeSystem", shell, path);
    assert_int_equal(mbedtls_base64_decode(bytes, sizeof bytes, &length, out.data, out.len), 0);
    assert_int_equal(length, 2 * strlen("secretAdministratorPassword"));
    for (size_t i = 0; i < length / 2; i++)
        assert_int_equal(bytes[2 * i], "secretAdministratorPassword"[i]);
    buf_done(&out);
}

static void what_is_no_product_key_is_refused_and_not_told(void **state)
{
    static const char *const bad[] = {"ABCDE",
                                      "ABCDE-12345-FGHIJ-67890-KLMNO-",
                                      "abcde-12345-fghij-67890-klmno",
                                      "ABCDE 12345 FGHIJ 67890 KLMNO",
                                      "ABCDE-12345-FGHIJ-67890-KLM<O",
                                      "ABCD-E12345-FGHIJ-67890-KLMNO"};
    struct unattend unattend = usual;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = ERR_INIT;
        char text[512];
        struct buf out;

        buf_init(&out, UNATTEND_BYTES);
        unattend.product_key = bad[i];
        if (unattend_write(&unattend, &out, &err) || err.kind != ERR_USAGE || out.len)
            fail_msg("%s", bad[i]);
        assert_null(strstr(err_message(&err, TEXT_EN, text, sizeof text), bad[i]));
        buf_done(&out);
    }
}

static void without_autologon_nobody_is_signed_in(void **state)
{
    struct unattend unattend = usual;
    struct buf out;

    (void)state;
    if (!have_xmllint())
        skip();
    support_folder("unattend");
    buf_init(&out, PROCESS_OUTPUT_BYTES);
    unattend.autologon = false;
    unattend.time_zone = "";
    save(&unattend);
    assert_string_equal(ask(&out, "count(//*[local-name()='AutoLogon'])"), "0");
    assert_string_equal(ask(&out, "count(//*[local-name()='TimeZone'])"), "0");
    assert_string_equal(ask(&out, "count(//*[local-name()='LocalAccount'])"), "1");
    buf_done(&out);
}

static void what_windows_would_refuse_is_refused(void **state)
{
    static const struct {
        size_t offset;
        const char *value;
    } rows[] = {
        {offsetof(struct unattend, user), "Administrator"},
        {offsetof(struct unattend, user), "a/b"},
        {offsetof(struct unattend, user), "demo"},
        {offsetof(struct unattend, computer), "NAME-OF-SIXTEEN-"},
        {offsetof(struct unattend, computer), "12345"},
        {offsetof(struct unattend, password), "a\tb"},
        {offsetof(struct unattend, locale), "a\x01"},
        {offsetof(struct unattend, time_zone), "\xFF"},
    };
    struct buf out;

    (void)state;
    buf_init(&out, 2 * UNATTEND_BYTES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct unattend unattend = usual;
        struct err err = ERR_INIT;

        memcpy((char *)&unattend + rows[i].offset, &rows[i].value, sizeof rows[i].value);
        if (unattend_write(&unattend, &out, &err) || !err_is_set(&err))
            fail_msg("%s was taken", rows[i].value);
    }
    buf_done(&out);
}

static void texts_of_all_kinds_survive_xml(void **state)
{
    static const char *const attributes[] = {"a", "<\"'&\n>", NULL};
    struct xml_writer xml;
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    xml_begin(&xml, &out);
    xml_open(&xml, "r", attributes);
    xml_leaf(&xml, "t", "]]>\t\xF0\x9F\x98\x80");
    DO(xml_finish(&xml, &do_err));
    assert_string_equal(buf_str(&out),
                        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                        "<r a=\"&lt;&quot;&apos;&amp;&#10;&gt;\">\n"
                        "  <t>]]&gt;&#9;\xF0\x9F\x98\x80</t>\n"
                        "</r>\n");
    buf_done(&out);
    buf_init(&out, 20);
    xml_begin(&xml, &out);
    assert_false(xml_finish(&xml, NULL));
    buf_done(&out);
}

/* What the agent does to the file once somebody was signed in. */
static void passwords_can_be_taken_out_again_and_nothing_else(void **state)
{
    struct unattend unattend = usual;
    struct buf in, out;
    const char *at;
    unsigned gone = 0;

    (void)state;
    buf_init(&in, UNATTEND_BYTES);
    buf_init(&out, UNATTEND_BYTES);
    unattend.password = "Tr0ub4dor&3";
    DO(unattend_write(&unattend, &in, &do_err));
    assert_int_equal(answer_file_scrub(in.data, in.len, &out), ANSWER_FILE_SECRET);
    for (at = buf_str(&out); (at = strstr(at, ANSWER_FILE_DELETED)) != NULL; at++)
        gone++;
    assert_int_equal(gone, 2); /* of the account, and of the automatic sign-in */
    assert_non_null(strstr(buf_str(&out), ">player<"));
    assert_null(strstr(buf_str(&out), "VAByADAAdQBi")); /* as they are disguised */
    assert_non_null(strstr(buf_str(&in), "VAByADAAdQBi"));
    buf_done(&in);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_stands_where_setup_looks_for_it),
        cmocka_unit_test(password_is_disguised_as_windows_wants_it),
        cmocka_unit_test(
            a_server_gets_the_password_of_its_administrator_and_a_key_where_there_is_one),
        cmocka_unit_test(what_is_no_product_key_is_refused_and_not_told),
        cmocka_unit_test(without_autologon_nobody_is_signed_in),
        cmocka_unit_test(what_windows_would_refuse_is_refused),
        cmocka_unit_test(passwords_can_be_taken_out_again_and_nothing_else),
        cmocka_unit_test(texts_of_all_kinds_survive_xml),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
