/* The code that waits in the guest: its life, its attempts, and what a damaged file may cost. */
#include "tests/support/support.h"

#include "guest/pairing.h"

#include "common/fs.h"

#include <stdio.h>
#include <string.h>

#define FOLDER   "data"
#define FILE_    "data/" PAIRING_FILE
#define VM       "4f3c2a10-0000-4000-8000-00000000beef"
#define OTHER    "4f3c2a10-0000-4000-8000-00000000bee0"
#define IDENTITY "pair:" VM
#define CODE     "0123-4567-89AB-CDE4"
#define START_MS INT64_C(1000000000000)

static struct clock_manual time_now;
static uint8_t secret[KEY_SECRET_BYTES];

static int set_up(void **state)
{
    (void)state;
    support_folder(FOLDER);
    clock_manual_init(&time_now, 0, START_MS);
    memset(secret, 0, sizeof secret);
    assert_true(pairing_begin(FOLDER, CODE, &time_now.base, NULL));
    return 0;
}

static bool ask(struct err *err)
{
    return pairing_secret(FOLDER, IDENTITY, "", &time_now.base, secret, err);
}

static bool file_is_there(void)
{
    struct fs_stat stat;

    return fs_stat(FILE_, &stat, NULL) && stat.kind == FS_FILE;
}

static void put(const char *text)
{
    assert_true(fs_write_atomic(FILE_, text, strlen(text), FS_PRIVATE, NULL));
}

static void secret_is_the_host_s(void **state)
{
    uint8_t host[KEY_SECRET_BYTES];

    (void)state;
    assert_true(ask(NULL));
    assert_true(pair_secret(CODE, VM, host, NULL));
    assert_memory_equal(secret, host, sizeof host);
}

static void code_ends_after_its_life(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    clock_manual_move(&time_now, PAIR_LIFE_MS);
    assert_true(ask(NULL));
    clock_manual_move(&time_now, 1);
    assert_false(ask(&err));
    assert_int_equal(err.kind, ERR_AUTH);
    assert_int_equal(err.message, TEXT_PAIR_EXPIRED);
    assert_false(file_is_there());
}

static void code_ends_when_the_clock_goes_back(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    time_now.wall_offset_ms -= PAIRING_SLACK_MS;
    assert_true(ask(NULL));
    time_now.wall_offset_ms -= 1;
    assert_false(ask(&err));
    assert_int_equal(err.message, TEXT_PAIR_EXPIRED);
}

static void attempts_are_counted_on_disk(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    for (int i = 0; i < PAIRING_ATTEMPTS; i++)
        assert_true(ask(NULL));
    assert_false(ask(&err));
    assert_int_equal(err.kind, ERR_AUTH);
    assert_int_equal(err.message, TEXT_PAIR_USED_UP);
    assert_false(file_is_there());
    assert_false(ask(&err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void attempt_that_cannot_be_counted_is_refused(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    /* nothing can be written beside the file once its folder is gone */
    assert_true(fs_remove_tree(FOLDER, NULL));
    assert_false(ask(&err));
    assert_true(err_is_set(&err));
}

static void used_code_is_gone(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_true(ask(NULL));
    assert_true(pairing_end(FOLDER, NULL));
    assert_false(ask(&err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(pairing_end(FOLDER, NULL));
}

static void newer_code_replaces_the_older(void **state)
{
    uint8_t host[KEY_SECRET_BYTES];

    (void)state;
    assert_true(pairing_begin(FOLDER, "0123-4567-89AB-CDFK", &time_now.base, NULL));
    assert_true(ask(NULL));
    assert_true(pair_secret("0123-4567-89AB-CDFK", VM, host, NULL));
    assert_memory_equal(secret, host, sizeof host);
}

static void host_that_means_another_machine_is_refused(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_false(pairing_secret(FOLDER, IDENTITY, OTHER, &time_now.base, secret, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_true(pairing_secret(FOLDER, IDENTITY, VM, &time_now.base, secret, NULL));
}

static void damaged_file_is_refused_and_removed(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "[]",
        "{\"version\":2,\"code\":\"" CODE "\",\"made_ms\":1000000000000,\"attempts\":0}",
        "{\"version\":1,\"code\":\"0123-4567-89AB-CDE9\",\"made_ms\":1000000000000,\"attempts\":0}",
        "{\"version\":1,\"code\":\"" CODE "\",\"made_ms\":-1,\"attempts\":0}",
        "{\"version\":1,\"code\":\"" CODE "\",\"made_ms\":1000000000000,\"attempts\":-1}",
        "{\"version\":1,\"code\":\"" CODE "\",\"made_ms\":1000000000000}",
        "{\"version\":1,\"code\":\"" CODE "\",\"made_ms\":1000000000000,\"attempts\":0,\"x\":1}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = ERR_INIT;

        put(texts[i]);
        if (ask(&err))
            fail_msg("taken: %s", texts[i]);
        assert_false(file_is_there());
    }
}

static void sweep_removes_what_is_over_and_nothing_else(void **state)
{
    (void)state;
    pairing_sweep(FOLDER, &time_now.base);
    assert_true(file_is_there());
    clock_manual_move(&time_now, PAIR_LIFE_MS + 1);
    pairing_sweep(FOLDER, &time_now.base);
    assert_false(file_is_there());
    pairing_sweep(FOLDER, &time_now.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(secret_is_the_host_s, set_up),
        cmocka_unit_test_setup(code_ends_after_its_life, set_up),
        cmocka_unit_test_setup(code_ends_when_the_clock_goes_back, set_up),
        cmocka_unit_test_setup(attempts_are_counted_on_disk, set_up),
        cmocka_unit_test_setup(attempt_that_cannot_be_counted_is_refused, set_up),
        cmocka_unit_test_setup(used_code_is_gone, set_up),
        cmocka_unit_test_setup(newer_code_replaces_the_older, set_up),
        cmocka_unit_test_setup(host_that_means_another_machine_is_refused, set_up),
        cmocka_unit_test_setup(damaged_file_is_refused_and_removed, set_up),
        cmocka_unit_test_setup(sweep_removes_what_is_over_and_nothing_else, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
