/* Hyper-V sockets on a system that has none. */
#include "../support/support.h"

#include "common/link.h"
#include "common/link_hyperv.h"

#include <uv.h>

static const struct link_address guest = {.kind = LINK_HYPERV};

static void listening_says_unsupported(void **state)
{
    struct link_listener *listener = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_false(link_listen(uv_default_loop(), &guest, NULL, NULL, &listener, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    assert_null(listener);
}

static void dialling_says_unsupported(void **state)
{
    struct link *link = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_false(link_dial(uv_default_loop(), &guest, 1000, NULL, NULL, &link, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    assert_null(link);
}

static void selftest_ends_at_once_and_measures_nothing(void **state)
{
    struct link_hyperv_selftest result = {.open_ms = -7};
    struct err err = ERR_INIT;

    (void)state;
    assert_false(link_hyperv_selftest(&result, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    assert_int_equal(result.open_ms, -7);
}

static void registration_says_unsupported(void **state)
{
    struct err err = ERR_INIT;
    bool registered = true;

    (void)state;
    assert_false(link_hyperv_register(&err));
    assert_false(link_hyperv_unregister(&err));
    assert_false(link_hyperv_is_registered(&registered, &err));
    assert_true(registered);
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listening_says_unsupported),
        cmocka_unit_test(dialling_says_unsupported),
        cmocka_unit_test(selftest_ends_at_once_and_measures_nothing),
        cmocka_unit_test(registration_says_unsupported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
