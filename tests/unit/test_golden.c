/*
 * Golden parents: made once and found again by what they are made of, verified, used by children,
 * never removed under a child, and taken back whole when their making fails or dies.
 */
#include "tests/support/expect.h"

#include "host/image/golden_record.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define GB ((uint64_t)1 << 30)

static const struct golden_origin usual = {
    .image = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    .file_bytes = 5000000000,
    .file_modified_ms = 1700000000000,
    .index = 6,
    .edition = "Professional",
    .build = 26100,
    .revision = 1742,
    .size_gb = 128,
};

static struct image_port *open_port(void)
{
    struct image_port *port = NULL;

    DO(image_open_dir(&port, &do_err));
    return port;
}

static struct golden describe(const char *folder)
{
    struct golden golden = {.name = "Windows 11 Pro", .source = "a.iso", .origin = usual};
    char file[64];

    DO(golden_key(&golden.origin, golden.key, &do_err));
    text_copy(file, sizeof file, golden.key);
    text_copy(file + strlen(file), sizeof file - strlen(file), GOLDEN_SUFFIX);
    DO(fs_join(golden.disk, folder, file, &do_err));
    return golden;
}

static struct build_request request(void)
{
    return (struct build_request){
        .size_bytes = 128 * GB, .source = {.path = "", .index = 1}, .boot = {.locale = "en-US"}};
}

static bool
make(struct image_port *port, const char *folder, struct golden *golden, struct err *err)
{
    struct build_request how = request();

    return golden_make(port, folder, golden, &how, NULL, err);
}

/* A parent that stands. */
static struct golden made(struct image_port *port, const char *folder)
{
    struct golden golden;

    support_folder(folder);
    golden = describe(folder);
    DO(make(port, folder, &golden, &do_err));
    return golden;
}

static enum fs_kind kind_of(const char *path)
{
    struct fs_stat stat;

    DO(fs_stat(path, &stat, &do_err));
    return stat.kind;
}

static void key_depends_on_everything_it_is_made_of(void **state)
{
    struct golden_origin rows[9];
    char keys[9][GOLDEN_KEY_BYTES];

    (void)state;
    for (int i = 0; i < 9; i++)
        rows[i] = usual;
    text_copy(rows[1].image, sizeof rows[1].image, "another");
    rows[2].file_bytes++;
    rows[3].file_modified_ms++;
    rows[4].index++;
    text_copy(rows[5].edition, sizeof rows[5].edition, "Core");
    rows[6].build++;
    rows[7].revision++;
    rows[8].size_gb++;
    for (int i = 0; i < 9; i++) {
        DO(golden_key(&rows[i], keys[i], &do_err));
        assert_true(golden_is_key(keys[i]));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(keys[i], keys[k]);
    }
}

static void second_making_finds_the_first(void **state)
{
    struct image_port *port = open_port();
    struct golden first = made(port, "twice"), second = describe("twice");

    (void)state;
    assert_true(first.made_ms > 0);
    DO(make(port, "twice", &second, &do_err));
    assert_string_equal(second.id, first.id);
    assert_int_equal(second.made_ms, first.made_ms);
    assert_int_equal(kind_of("twice/.disk.json"), FS_MISSING);
    golden_done(&first);
    golden_done(&second);
    image_free(port);
}

static void child_is_made_and_keeps_its_parent_alive(void **state)
{
    struct image_port *port = open_port();
    struct golden golden = made(port, "child"), again;
    struct image_look look;
    struct err err = ERR_INIT;
    bool child = false;

    (void)state;
    DO(golden_child(port, "child", golden.key, "child/vm", &child, &do_err));
    assert_true(child);
    DO(port->file->inspect(port, "child/vm", &look, &do_err));
    assert_string_equal(look.parent, golden.disk);
    assert_false(golden_remove(port, "child", golden.key, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_int_equal(kind_of(golden.disk), FS_FOLDER);
    /* without asking first nobody's disk is overwritten */
    err_clear(&err);
    assert_false(golden_child(port, "child", golden.key, "child/vm", &child, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    /* a child that is gone does not count */
    DO(port->disk->remove(port, "child/vm", &do_err));
    DO(golden_load("child", golden.key, &again, &do_err));
    assert_int_equal(again.child_count, 1);
    golden_prune(port, &again);
    assert_int_equal(again.child_count, 0);
    golden_done(&again);
    DO(golden_remove(port, "child", golden.key, &do_err));
    assert_int_equal(kind_of(golden.disk), FS_MISSING);
    assert_false(golden_load("child", golden.key, &again, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    golden_done(&golden);
    image_free(port);
}

static void forgotten_child_does_not_count(void **state)
{
    struct image_port *port = open_port();
    struct golden golden = made(port, "forget"), again;
    bool child = false;

    (void)state;
    DO(golden_child(port, "forget", golden.key, "forget/vm", &child, &do_err));
    DO(golden_forget("forget", "forget/vm", &do_err));
    DO(golden_forget("forget", "forget/nothing", &do_err));
    DO(golden_load("forget", golden.key, &again, &do_err));
    assert_int_equal(again.child_count, 0);
    golden_done(&again);
    golden_done(&golden);
    image_free(port);
}

static bool instant_copy(struct image_port *port,
                         const char *path,
                         const char *source,
                         bool instant,
                         image_progress progress,
                         void *user,
                         struct err *err)
{
    (void)instant;
    return port->disk->create_child(port, path, source, err) || (progress && progress(0, user));
}

static void file_system_that_shares_blocks_gives_a_disk_of_its_own(void **state)
{
    struct image_port *port = open_port();
    struct image_file_ops ops = *port->file;
    struct golden golden = made(port, "clone"), again;
    bool child = true;

    (void)state;
    ops.copy = instant_copy;
    port->file = &ops;
    DO(golden_child(port, "clone", golden.key, "clone/vm", &child, &do_err));
    assert_false(child);
    DO(golden_load("clone", golden.key, &again, &do_err));
    assert_int_equal(again.child_count, 0);
    golden_done(&again);
    golden_done(&golden);
    image_free(port);
}

static void parent_that_was_changed_or_is_missing_is_refused(void **state)
{
    struct image_port *port = open_port();
    struct golden golden = made(port, "changed"), again = describe("changed");
    struct image_disk *disk = NULL;
    struct err err = ERR_INIT;
    bool child = false;

    (void)state;
    DO(golden_verify(port, &golden, &do_err));
    DO(port->disk->attach(port, golden.disk, IMAGE_WRITE, &disk, &do_err));
    DO(port->disk->detach(port, disk, &do_err));
    assert_false(golden_child(port, "changed", golden.key, "changed/vm", &child, &err));
    assert_int_equal(err.message, TEXT_BUILD_GOLDEN_CHANGED);
    assert_int_equal(kind_of("changed/vm"), FS_MISSING);
    assert_false(make(port, "changed", &again, &err));
    assert_int_equal(err.message, TEXT_BUILD_GOLDEN_CHANGED);
    DO(port->disk->remove(port, golden.disk, &do_err));
    assert_false(golden_child(port, "changed", golden.key, "changed/vm", &child, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    /* removing the record mends it */
    DO(golden_remove(port, "changed", golden.key, &do_err));
    golden_done(&again);
    again = describe("changed");
    DO(make(port, "changed", &again, &do_err));
    golden_done(&again);
    golden_done(&golden);
    image_free(port);
}

static void list_tells_all_and_leaves_out_what_is_broken(void **state)
{
    struct image_port *port = open_port();
    struct golden first = made(port, "list"), second = describe("list"), *list = NULL;
    size_t count = 0;

    (void)state;
    second.origin.size_gb = 64;
    DO(golden_key(&second.origin, second.key, &do_err));
    text_copy(second.disk, sizeof second.disk, "list/elsewhere/b.vhdx");
    DO(make(port, "list", &second, &do_err));
    DO(fs_write_atomic("list/0123456789abcdef.json", "{", 1, FS_PRIVATE, &do_err));
    DO(fs_write_atomic("list/notes.txt", "x", 1, FS_PRIVATE, &do_err));
    DO(golden_list("list", &list, &count, &do_err));
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "Windows 11 Pro");
    assert_int_equal(list[0].origin.build, 26100);
    for (size_t i = 0; i < count; i++)
        golden_done(&list[i]);
    free(list);
    list = NULL;
    DO(golden_list("list/nowhere", &list, &count, &do_err));
    assert_int_equal(count, 0);
    free(list);
    assert_false(golden_remove(port, "list", "../../etc", NULL));
    golden_done(&first);
    golden_done(&second);
    image_free(port);
}

/* Dies in the middle: what the process would have done later never happens. */
static bool die(const struct build_progress *progress, void *user)
{
    unsigned *left = user;

    (void)progress;
    if (!--*left)
        _Exit(3);
    return true;
}

static unsigned told_count;
static char self_path[FS_PATH_BYTES];

static void count_told(const char *disk, void *user)
{
    (void)disk;
    (void)user;
    told_count++;
}

static void on_exit_code(uv_process_t *process, int64_t code, int signal)
{
    (void)signal;
    *(int64_t *)process->data = code;
}

/* Runs the making in a process of its own that dies at the call'th report of progress; false when
 * it was done before. */
static bool make_and_die(const char *folder, unsigned call)
{
    char number[16], data[FS_PATH_BYTES];
    char *args[] = {self_path, (char *)(uintptr_t) "die", data, number, NULL};
    uv_process_options_t options = {.file = self_path, .args = args, .exit_cb = on_exit_code};
    int64_t code = -1;
    uv_process_t process;
    uv_loop_t loop;

    text_copy(data, sizeof data, folder);
    snprintf(number, sizeof number, "%u", call);
    uv_loop_init(&loop);
    process.data = &code;
    assert_int_equal(uv_spawn(&loop, &process, &options), 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&process, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    assert_true(code == 0 || code == 3);
    return code == 3;
}

static void making_that_died_is_taken_back(void **state)
{
    struct image_port *port = open_port();
    unsigned call = 0;
    bool died = true;

    (void)state;
    while (died) {
        struct golden golden;

        support_folder("died");
        golden = describe("died");
        died = make_and_die("died", ++call);
        if (died && call % 2) {
            /* cleaning */
            DO(golden_clean(port, "died", count_told, NULL, &do_err));
            assert_int_equal(kind_of(golden.disk), FS_MISSING);
        }
        /* or simply making it again */
        DO(make(port, "died", &golden, &do_err));
        DO(golden_verify(port, &golden, &do_err));
        DO(golden_clean(port, "died", NULL, NULL, &do_err));
        assert_int_equal(kind_of(golden.disk), FS_FOLDER);
        golden_done(&golden);
    }
    assert_true(call > BUILD_STAGES && told_count > 1);
    image_free(port);
}

static void disk_that_no_record_names_is_cleaned_away(void **state)
{
    struct image_port *port = open_port();
    struct golden golden = made(port, "orphan");
    char path[FS_PATH_BYTES];

    (void)state;
    DO(golden_path(path, "orphan", golden.key, GOLDEN_RECORD, &do_err));
    DO(fs_remove(path, &do_err));
    DO(golden_clean(port, "orphan", NULL, NULL, &do_err));
    assert_int_equal(kind_of(golden.disk), FS_MISSING);
    golden_done(&golden);
    image_free(port);
}

static void any_call_may_fail_and_no_half_parent_is_left(void **state)
{
    struct image_port *plain = open_port(), *port = NULL;
    struct image_fault fault = {0};
    struct golden golden;
    unsigned calls;

    (void)state;
    support_folder("faults");
    golden = describe("faults");
    DO(image_open_fault(plain, &fault, &port, &do_err));
    DO(make(port, "faults", &golden, &do_err));
    calls = image_fault_calls(port);
    image_free(port);
    DO(golden_remove(plain, "faults", golden.key, &do_err));
    for (unsigned call = 1; call <= calls; call++)
        for (int after = 0; after < 2; after++) {
            struct golden *list = NULL;
            struct err err = ERR_INIT;
            size_t count = 9;

            fault = (struct image_fault){.call = call, .kind = ERR_IO, .after = after};
            DO(image_open_fault(plain, &fault, &port, &do_err));
            if (make(port, "faults", &golden, &err) || err.kind != ERR_IO)
                fail_msg("call %u, after %d: %s", call, after, err_kind_name(err.kind));
            DO(golden_list("faults", &list, &count, &do_err));
            if (kind_of(golden.disk) != FS_MISSING || count)
                fail_msg("call %u, after %d: something is left", call, after);
            free(list);
            image_free(port);
        }
    golden_done(&golden);
    image_free(plain);
}

static void any_call_of_a_child_may_fail_and_no_half_child_is_left(void **state)
{
    struct image_port *plain = open_port(), *port = NULL;
    struct image_fault fault = {0};
    struct golden golden = made(plain, "half");
    unsigned calls;
    bool child;

    (void)state;
    DO(image_open_fault(plain, &fault, &port, &do_err));
    DO(golden_child(port, "half", golden.key, "half/vm", &child, &do_err));
    calls = image_fault_calls(port);
    image_free(port);
    for (unsigned call = 1; call <= calls; call++)
        for (int after = 0; after < 2; after++) {
            struct err err = ERR_INIT;

            DO(plain->disk->remove(plain, "half/vm", &do_err));
            fault = (struct image_fault){.call = call, .kind = ERR_IO, .after = after};
            DO(image_open_fault(plain, &fault, &port, &do_err));
            if (golden_child(port, "half", golden.key, "half/vm", &child, &err)) {
                /* the copy that shares blocks failed as it would have anyway */
                assert_true(!child || call == 3);
            } else {
                assert_int_equal(err.kind, ERR_IO);
                if (kind_of("half/vm") != FS_MISSING)
                    fail_msg("call %u, after %d: something is left", call, after);
            }
            image_free(port);
        }
    DO(plain->disk->remove(plain, "half/vm", &do_err));
    DO(golden_remove(plain, "half", golden.key, &do_err));
    golden_done(&golden);
    image_free(plain);
}

/* The process that dies. */
static int die_main(const char *folder, unsigned call)
{
    struct image_port *port = open_port();
    struct golden golden = describe(folder);
    struct build_request how = request();
    struct build_watch watch = {.on_progress = die, .user = &call};

    golden_make(port, folder, &golden, &how, &watch, NULL);
    golden_done(&golden);
    image_free(port);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_depends_on_everything_it_is_made_of),
        cmocka_unit_test(second_making_finds_the_first),
        cmocka_unit_test(child_is_made_and_keeps_its_parent_alive),
        cmocka_unit_test(forgotten_child_does_not_count),
        cmocka_unit_test(file_system_that_shares_blocks_gives_a_disk_of_its_own),
        cmocka_unit_test(parent_that_was_changed_or_is_missing_is_refused),
        cmocka_unit_test(list_tells_all_and_leaves_out_what_is_broken),
        cmocka_unit_test(making_that_died_is_taken_back),
        cmocka_unit_test(disk_that_no_record_names_is_cleaned_away),
        cmocka_unit_test(any_call_may_fail_and_no_half_parent_is_left),
        cmocka_unit_test(any_call_of_a_child_may_fail_and_no_half_child_is_left),
    };

    if (argc == 4 && !strcmp(argv[1], "die"))
        return die_main(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
    if (!fs_self_path(self_path, sizeof self_path, NULL))
        return 1;
    /* hundreds of flushed files */
    if (support_ram_folder()[0] == '/')
        (void)uv_chdir(support_ram_folder());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
