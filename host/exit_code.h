/*
 * The exit codes of gpupv (README has the same table, made from exit_code_rows). Several VMs: the
 * worst counts. Pure.
 */
#ifndef GPUPV_HOST_EXIT_CODE_H
#define GPUPV_HOST_EXIT_CODE_H

#include "common/err.h"

#include <stddef.h>

enum exit_code {
    CODE_OK = 0,
    CODE_DEGRADED = 1,
    CODE_FAILED = 2,
    CODE_UNREACHABLE = 3,
    CODE_NEEDS_SIGN_IN = 4,
    CODE_USAGE = 64,
    CODE_UNAVAILABLE = 69,
    CODE_NOT_PERMITTED = 77,
    CODE_REBOOT = 3010 /* becomes 10 where exit codes have 8 bits */
};

struct exit_code_row {
    enum exit_code code;
    unsigned rank; /* how bad: of several VMs the worst counts */
    enum text_id meaning;
};

extern const struct exit_code_row exit_code_rows[];
extern const size_t exit_code_count;

/* The worse of two. */
enum exit_code exit_code_worse(enum exit_code a, enum exit_code b);

/* The code of an error; CODE_FAILED when it has none of its own. */
enum exit_code exit_code_of(const struct err *err);

#endif
