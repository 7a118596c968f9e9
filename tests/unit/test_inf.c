/* Which models of a driver package are for this Windows, and which package is the newer one. */
#include "tests/support/support.h"

#include "guest/inf.h"

#include <string.h>

static const struct inf_machine windows_11 = {
    .major = 10, .minor = 0, .build = 22631, .product_type = 1, .suite_mask = 0x100};

static void targets_serve_this_windows_or_not(void **state)
{
    static const struct {
        const char *target;
        bool serves;
    } rows[] = {
        {"NTamd64", true},
        {"ntAMD64", true},
        {"NTamd64.6.1", true},
        {"NTamd64.10.0", true},
        {"NTamd64.10.0...19041", true},
        {"NTamd64.10.0...22631", true},
        {"NTamd64.10.0...22632", false},
        {"NTamd64.10.0...26100", false},
        {"NTamd64.10.1", false},
        {"NTamd64.11", false},
        {"NTamd64.6.3...99999", true}, /* a build counts within its version only */
        {"NTamd64.10.0.1", true},
        {"NTamd64.10.0.3", false},
        {"NTamd64.10.0.1.0x100", true},
        {"NTamd64.10.0.1.0x200", false},
        {"NTamd64.10.0.1.256.17763", true},
        {"NTamd64...3", false},
        {"NTarm64.10.0", false},
        {"NTx86", false},
        {"NT", false},
        {"NT.6.0", false},
        {"", false},
        {"NTamd64x", false},
        {"NTamd64.ten", false},
        {"NTamd64.10.0.1.0x", false},
        {"NTamd64.10.0.1.1.1.1", false},
        {"NTamd64.99999999999", false},
        {"NTamd64.4294967295", false},
        {"NTamd64 .10", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (inf_target_serves(rows[i].target, &windows_11) != rows[i].serves)
            fail_msg("%s: expected %d", rows[i].target, rows[i].serves);
}

static void versions_are_read(void **state)
{
    struct inf_version version;

    (void)state;
    assert_true(inf_version_parse("05/20/2023", "0.45.0.0", &version));
    assert_int_equal(version.year, 2023);
    assert_int_equal(version.month, 5);
    assert_int_equal(version.day, 20);
    assert_int_equal(version.parts[1], 45);
    assert_true(inf_version_parse("10-7-2024", "3.3", &version));
    assert_int_equal(version.parts[1], 3);
    assert_int_equal(version.parts[3], 0);
    assert_true(inf_version_parse("10/07/2024", "", &version));
}

static void malformed_versions_are_refused(void **state)
{
    static const struct {
        const char *date, *version;
    } rows[] = {
        {"", "1.0"},
        {"13/01/2023", "1.0"},
        {"00/01/2023", "1.0"},
        {"01/32/2023", "1.0"},
        {"01/01/10000", "1.0"},
        {"01/01", "1.0"},
        {"01/01/2023 ", "1.0"},
        {"01/01/2023", "1.0.0.0.0"},
        {"01/01/2023", "1..0"},
        {"01/01/2023", "1."},
        {"01/01/2023", "65536"},
        {"01/01/2023", "-1"},
        {"01/01/2023", "a"},
        {"0x1/01/2023", "1.0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct inf_version version = {.year = 1};

        if (inf_version_parse(rows[i].date, rows[i].version, &version) || version.year != 1)
            fail_msg("%s,%s was taken", rows[i].date, rows[i].version);
    }
}

static void the_date_counts_before_the_version(void **state)
{
    static const struct {
        const char *date, *version;
    } rows[] = {
        {"05/20/2023", "9.0.0.0"},
        {"05/21/2023", "1.0.0.0"},
        {"05/21/2023", "1.0.0.1"},
        {"05/21/2023", "1.1"},
        {"06/01/2023", "0.1"},
        {"01/01/2024", "0.0.0.1"},
    };
    const size_t count = sizeof rows / sizeof rows[0];

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            struct inf_version one, other;

            assert_true(inf_version_parse(rows[i].date, rows[i].version, &one));
            assert_true(inf_version_parse(rows[j].date, rows[j].version, &other));
            assert_int_equal(inf_version_compare(&one, &other), i < j ? -1 : i > j);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_serve_this_windows_or_not),
        cmocka_unit_test(versions_are_read),
        cmocka_unit_test(malformed_versions_are_refused),
        cmocka_unit_test(the_date_counts_before_the_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
