/*
 * What every test program includes first: the headers that cmocka needs before its own, and the few
 * helpers that tests of all areas share. Test code only; nothing here is linked into a release.
 */
#ifndef GPUPV_TESTS_SUPPORT_H
#define GPUPV_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Returns the path of a file below tests/, "data/name"; the test fails if memory runs out. Caller
 * frees with free. */
char *support_data_path(const char *relative);

/* Makes the folder `name` in the working folder of the test, empty, and returns name. */
const char *support_folder(const char *name);

/* An empty folder for tests that flush thousands of files: on a RAM disk where the system has one,
 * else in the working folder. Its path is absolute or relative, at most 200 bytes, and the same for
 * every call of one process, which removes it at its end. */
const char *support_ram_folder(void);

#endif
