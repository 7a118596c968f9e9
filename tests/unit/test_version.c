/* The version is what an update compares, so its shape is fixed. */
#include "tests/support/support.h"

#include "common/version.h"

#include <stdio.h>

static void version_has_three_numbers_and_nothing_else(void **state)
{
    int major = -1, minor = -1, patch = -1, end = 0;
    const char *text = version_text();

    (void)state;
    assert_int_equal(sscanf(text, "%d.%d.%d%n", &major, &minor, &patch, &end), 3);
    assert_int_equal(text[end], '\0');
    assert_true(major >= 0 && minor >= 0 && patch >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_has_three_numbers_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
