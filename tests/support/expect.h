/*
 * For the many calls of a test's set-up that must not fail: DO(call(..., &do_err)) fails the test
 * with the rendered error when the call returns false. Test code only.
 */
#ifndef GPUPV_TESTS_EXPECT_H
#define GPUPV_TESTS_EXPECT_H

#include "tests/support/support.h"

#include "common/err.h"

/* Fails the test with err unless ok. */
static inline void expect_done(bool ok, const struct err *err)
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

#endif
