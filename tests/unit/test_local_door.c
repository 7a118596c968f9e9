/* What an agent tells of its door is what a command finds, and nothing damaged is entered. */
#include "tests/support/support.h"

#include "common/fs.h"
#include "guest/local_door.h"

#include <string.h>

#define FOLDER "data"
#define FILE_  "data/" LOCAL_DOOR_FILE
#define HEX32  "00112233445566778899aabbccddeeff"

static int set_up(void **state)
{
    (void)state;
    support_folder(FOLDER);
    return 0;
}

static void put(const char *text)
{
    assert_true(fs_write_atomic(FILE_, text, strlen(text), FS_PRIVATE, NULL));
}

static void door_is_found_as_it_was_told(void **state)
{
    struct local_door made, found;

    (void)state;
    assert_true(local_door_make(FOLDER, &made, NULL));
    assert_true(local_door_tell(FOLDER, &made, NULL));
    assert_true(local_door_find(FOLDER, &found, NULL));
    assert_int_equal(found.address.kind, LINK_UV);
    assert_string_equal(found.address.path, made.address.path);
    assert_memory_equal(found.secret, made.secret, sizeof made.secret);
}

static void each_start_has_another_door(void **state)
{
    struct local_door one, two;

    (void)state;
    assert_true(local_door_make(FOLDER, &one, NULL) && local_door_make(FOLDER, &two, NULL));
    assert_string_not_equal(one.token, two.token);
    assert_memory_not_equal(one.secret, two.secret, sizeof one.secret);
}

static void forgotten_door_is_not_found(void **state)
{
    struct local_door door;
    struct err err = ERR_INIT;

    (void)state;
    assert_true(local_door_make(FOLDER, &door, NULL) && local_door_tell(FOLDER, &door, NULL));
    local_door_forget(FOLDER);
    assert_false(local_door_find(FOLDER, &door, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void damaged_door_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "{}",
        "1",
        "{\"version\":1,\"token\":\"" HEX32 "\",\"secret\":\"" HEX32 "\"}",
        "{\"version\":2,\"token\":\"" HEX32 "\",\"secret\":\"" HEX32 HEX32 "\"}",
        "{\"version\":1,\"token\":\"..\\\\..\\\\x\",\"secret\":\"" HEX32 HEX32 "\"}",
        "{\"version\":1,\"token\":\"" HEX32 "\",\"secret\":\"" HEX32 HEX32 "00\"}",
        "{\"version\":1,\"token\":\"" HEX32 "\",\"secret\":1}",
    };
    struct local_door door;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct err err = ERR_INIT;

        put(texts[i]);
        if (local_door_find(FOLDER, &door, &err))
            fail_msg("entered: %s", texts[i]);
        assert_int_equal(err.kind, ERR_BAD_INPUT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(door_is_found_as_it_was_told, set_up),
        cmocka_unit_test_setup(each_start_has_another_door, set_up),
        cmocka_unit_test_setup(forgotten_door_is_not_found, set_up),
        cmocka_unit_test_setup(damaged_door_is_refused, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
