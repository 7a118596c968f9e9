/* Our own places, on every system: what is written is there whole or not at all. */
#include "tests/support/support.h"

#include "common/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* Fails with the rendered error unless ok. */
static void expect_done(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

static void expect_content(const char *path, const char *content)
{
    struct err err = ERR_INIT;
    struct buf out;

    buf_init(&out, 4096);
    expect_done(fs_read(path, 4096, &out, &err), &err);
    assert_string_equal(buf_str(&out), content);
    buf_done(&out);
}

static void put(const char *path, const char *content)
{
    struct err err = ERR_INIT;

    expect_done(fs_write_atomic(path, content, strlen(content), FS_PRIVATE, &err), &err);
}

static bool count_entry(const char *name, enum fs_kind kind, void *user)
{
    (void)name;
    (void)kind;
    ++*(int *)user;
    return true;
}

static int entries_of(const char *folder)
{
    struct err err = ERR_INIT;
    int count = 0;

    expect_done(fs_list(folder, count_entry, &count, &err), &err);
    return count;
}

static void name_is_safe_refuses_what_any_system_refuses(void **state)
{
    static const char *const bad[] = {
        "",     ".",        "..",       "...",      "a/b",         "a\\b",
        "/",    "C:",       "a:stream", "nul",      "NUL.txt",     "con",
        "Con.", "aux .txt", "COM1",     "lpt9.log", "COM\xC2\xB2", "conin$",
        "a ",   "a.",       "a\n",      "a\x7F",    "\x1B[2J",     "a*",
        "a?",   "a\"",      "a<b",      "a|b",      "\xFF",        "\xED\xA0\x80",
        "com0",
    };
    static const char *const good[] = {
        "a",
        "config.txt",
        ".hidden",
        "console",
        "com10",
        "nul1",
        "名字.txt",
        "a b",
        "a..b",
        "..a",
        "lpt",
        "auxiliary.inf",
        "x~1",
    };
    char longest[FS_NAME_BYTES + 1];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (fs_name_is_safe(bad[i]))
            fail_msg("accepted row %zu: %s", i, bad[i]);
    }
    for (i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!fs_name_is_safe(good[i]))
            fail_msg("refused %s", good[i]);
    }
    memset(longest, 'a', sizeof longest);
    longest[FS_NAME_BYTES] = '\0';
    assert_false(fs_name_is_safe(longest));
    longest[FS_NAME_BYTES - 1] = '\0';
    assert_true(fs_name_is_safe(longest));
}

static void join_refuses_what_does_not_fit_and_adds_one_separator(void **state)
{
    char out[FS_PATH_BYTES];
    char folder[FS_PATH_BYTES];
    struct err err = ERR_INIT;

    (void)state;
    memset(folder, 'a', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    assert_false(fs_join(out, folder, "b", &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_true(fs_join(out, "x/", "b", NULL));
    assert_string_equal(out, "x/b");
    assert_true(fs_join(out, "x", "b", NULL));
    assert_int_equal(strlen(out), 3);
    assert_true(fs_join(out, "", "b", NULL));
    assert_string_equal(out, "b");
}

static void read_names_a_missing_file(void **state)
{
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    buf_init(&out, 10);
    assert_false(fs_read("no such file", 10, &out, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_string_equal(err.args[0], "no such file");
    buf_done(&out);
}

static void read_refuses_more_than_the_maximum_and_leaves_the_buffer(void **state)
{
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    support_folder("t");
    put("t/f", "0123456789");
    buf_init(&out, 100);
    buf_puts(&out, "before");
    assert_false(fs_read("t/f", 9, &out, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_string_equal(buf_str(&out), "before");
    assert_true(fs_read("t/f", 10, &out, NULL));
    assert_string_equal(buf_str(&out), "before0123456789");
    buf_done(&out);
}

static void read_refuses_a_folder(void **state)
{
    struct buf out;

    (void)state;
    support_folder("t");
    buf_init(&out, 100);
    assert_false(fs_read("t", 100, &out, NULL));
    buf_done(&out);
}

static void write_atomic_into_a_missing_folder_fails(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    assert_false(fs_write_atomic("t/none/f", "x", 1, FS_PRIVATE, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(entries_of("t"), 0);
}

static void write_atomic_onto_a_folder_fails_and_leaves_nothing(void **state)
{
    (void)state;
    support_folder("t");
    assert_true(fs_make_dirs("t/f", FS_SHARED, NULL));
    assert_false(fs_write_atomic("t/f", "x", 1, FS_PRIVATE, NULL));
    assert_int_equal(entries_of("t"), 1);
    assert_int_equal(entries_of("t/f"), 0);
}

static void write_atomic_replaces_and_leaves_one_file(void **state)
{
    (void)state;
    support_folder("t");
    put("t/f", "old and longer");
    put("t/f", "new");
    expect_content("t/f", "new");
    assert_int_equal(entries_of("t"), 1);
}

static void write_atomic_takes_over_what_a_killed_writer_left(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    put("t/f", "old");
    put("t/f.gpupv-new", "half");
    put("t/f", "new");
    expect_content("t/f", "new");
    put("t/g.gpupv-new", "half");
    expect_done(fs_sweep("t", &err), &err);
    assert_int_equal(entries_of("t"), 1);
}

static void sweep_of_a_missing_folder_is_fine(void **state)
{
    (void)state;
    assert_true(fs_sweep("no such folder", NULL));
}

static void append_adds_to_the_end(void **state)
{
    (void)state;
    support_folder("t");
    assert_true(fs_append("t/f", "ab", 2, FS_PRIVATE, NULL));
    assert_true(fs_append("t/f", "cd", 2, FS_PRIVATE, NULL));
    expect_content("t/f", "abcd");
}

static void make_dirs_over_a_file_fails(void **state)
{
    (void)state;
    support_folder("t");
    put("t/f", "x");
    assert_false(fs_make_dirs("t/f", FS_SHARED, NULL));
    assert_false(fs_make_dirs("t/f/g", FS_PRIVATE, NULL));
    expect_content("t/f", "x");
}

static void make_dirs_makes_parents_and_may_be_repeated(void **state)
{
    struct err err = ERR_INIT;
    struct fs_stat stat;

    (void)state;
    support_folder("t");
    expect_done(fs_make_dirs("t/a/b/c/", FS_PRIVATE, &err), &err);
    expect_done(fs_make_dirs("t/a/b/c", FS_PRIVATE, &err), &err);
    assert_true(fs_stat("t/a/b/c", &stat, NULL));
    assert_int_equal(stat.kind, FS_FOLDER);
}

static void stat_tells_missing_file_and_folder(void **state)
{
    struct fs_stat stat;

    (void)state;
    support_folder("t");
    put("t/f", "12345");
    assert_true(fs_stat("t/none", &stat, NULL));
    assert_int_equal(stat.kind, FS_MISSING);
    assert_true(fs_stat("t/none/none", &stat, NULL));
    assert_int_equal(stat.kind, FS_MISSING);
    assert_true(fs_stat("t/f", &stat, NULL));
    assert_int_equal(stat.kind, FS_FILE);
    assert_int_equal(stat.size_bytes, 5);
    assert_int_equal(stat.links, 1);
    assert_true(stat.modified_ms > INT64_C(1600000000000));
}

static void rename_replaces_a_file_and_names_a_missing_one(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    put("t/a", "a");
    put("t/b", "b");
    assert_false(fs_rename("t/none", "t/a", &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    expect_content("t/a", "a");
    expect_done(fs_rename("t/a", "t/b", &err), &err);
    expect_content("t/b", "a");
    assert_int_equal(entries_of("t"), 1);
}

static void remove_of_a_missing_file_is_fine_but_not_of_a_folder(void **state)
{
    (void)state;
    support_folder("t");
    put("t/f", "x");
    assert_true(fs_make_dirs("t/d", FS_SHARED, NULL));
    assert_true(fs_remove("t/none", NULL));
    assert_true(fs_remove("t/f", NULL));
    assert_false(fs_remove("t/d", NULL));
    assert_int_equal(entries_of("t"), 1);
}

static void remove_tree_removes_all_below(void **state)
{
    struct err err = ERR_INIT;
    struct fs_stat stat;

    (void)state;
    support_folder("t");
    assert_true(fs_make_dirs("t/d/e/f", FS_SHARED, NULL));
    put("t/d/e/x", "x");
    put("t/d/y", "y");
    expect_done(fs_remove_tree("t/d", &err), &err);
    expect_done(fs_remove_tree("t/d", &err), &err);
    assert_true(fs_stat("t/d", &stat, NULL));
    assert_int_equal(stat.kind, FS_MISSING);
}

static void list_stops_when_told_and_takes_a_missing_folder_as_empty(void **state)
{
    (void)state;
    support_folder("t");
    assert_int_equal(entries_of("t/none"), 0);
    put("t/a", "");
    put("t/b", "");
    assert_int_equal(entries_of("t"), 2);
}

static void lock_is_busy_until_released(void **state)
{
    struct fs_lock *first = NULL;
    struct fs_lock *second = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    expect_done(fs_lock("t/lock", 0, &first, &err), &err);
    assert_false(fs_lock("t/lock", 0, &second, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_false(fs_lock("t/lock", 30, &second, &err));
    assert_null(second);
    fs_unlock(first);
    expect_done(fs_lock("t/lock", 0, &second, &err), &err);
    fs_unlock(second);
    fs_unlock(NULL);
}

static void file_reads_and_writes_at_positions(void **state)
{
    struct fs_file *file = NULL;
    struct fs_stat stat;
    struct err err = ERR_INIT;
    char data[8] = "";
    size_t n = 0;

    (void)state;
    support_folder("t");
    assert_false(fs_file_open("t/f", FS_READ, FS_PRIVATE, &file, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    put("t/f", "emptied by FS_CREATE");
    expect_done(fs_file_open("t/f", FS_CREATE, FS_PRIVATE, &file, &err), &err);
    assert_true(fs_file_write(file, 2, "cd", 2, NULL));
    assert_true(fs_file_write(file, 0, "ab", 2, NULL));
    assert_true(fs_file_read(file, 1, data, sizeof data, &n, NULL));
    assert_int_equal(n, 3);
    assert_memory_equal(data, "bcd", 3);
    assert_true(fs_file_resize(file, 3, NULL));
    assert_true(fs_file_flush(file, NULL));
    assert_true(fs_file_set_modified(file, INT64_C(1700000000123), NULL));
    assert_true(fs_file_stat(file, &stat, NULL));
    assert_int_equal(stat.modified_ms, INT64_C(1700000000123));
    assert_int_equal(stat.size_bytes, 3);
    fs_file_close(file);
    expect_content("t/f", "abc");
}

static void file_appends_whatever_the_position(void **state)
{
    struct fs_file *file = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    put("t/f", "ab");
    expect_done(fs_file_open("t/f", FS_APPEND, FS_PRIVATE, &file, &err), &err);
    assert_true(fs_file_write(file, 0, "cd", 2, NULL));
    fs_file_close(file);
    expect_content("t/f", "abcd");
    expect_done(fs_file_open("t/f", FS_UPDATE, FS_PRIVATE, &file, &err), &err);
    assert_true(fs_file_write(file, 0, "x", 1, NULL));
    fs_file_close(file);
    fs_file_close(NULL);
    expect_content("t/f", "xbcd");
}

static void dir_refuses_unsafe_names(void **state)
{
    static const char *const names[] = {"..", ".", "a/b", "a\\b", "/etc", "C:x", "", "nul", "f:s"};
    struct fs_dir *dir = NULL;
    struct fs_dir *sub = NULL;
    struct fs_stat stat;
    struct buf out;
    size_t i;

    (void)state;
    support_folder("t");
    buf_init(&out, 10);
    assert_true(fs_dir_open("t", &dir, NULL));
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct err err = ERR_INIT;

        assert_false(fs_dir_open_sub(dir, names[i], true, &sub, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_false(fs_dir_read(dir, names[i], 0, 10, &out, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_false(fs_dir_write(dir, names[i], "x", 1, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_false(fs_dir_remove(dir, names[i], &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_false(fs_dir_stat(dir, names[i], &stat, &err));
        assert_int_equal(err.kind, ERR_UNSAFE);
    }
    assert_int_equal(entries_of("t"), 0);
    fs_dir_close(dir);
}

static void dir_of_a_missing_folder_is_not_found(void **state)
{
    struct fs_dir *dir = NULL;
    struct fs_dir *sub = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    assert_false(fs_dir_open("t/none", &dir, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(fs_dir_open("t", &dir, NULL));
    assert_false(fs_dir_open_sub(dir, "none", false, &sub, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    fs_dir_close(dir);
    fs_dir_close(NULL);
}

static void dir_refuses_a_file_in_the_place_of_a_folder(void **state)
{
    struct fs_dir *dir = NULL;
    struct fs_dir *sub = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    put("t/f", "x");
    assert_false(fs_dir_open("t/f", &dir, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_true(fs_dir_open("t", &dir, NULL));
    assert_false(fs_dir_open_sub(dir, "f", true, &sub, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    fs_dir_close(dir);
}

static void dir_reads_writes_lists_and_removes(void **state)
{
    struct fs_dir *dir = NULL;
    struct fs_dir *sub = NULL;
    struct fs_stat stat;
    struct err err = ERR_INIT;
    struct buf out;
    int count = 0;

    (void)state;
    support_folder("t");
    buf_init(&out, 100);
    expect_done(fs_dir_open("t/", &dir, &err), &err);
    expect_done(fs_dir_open_sub(dir, "sub", true, &sub, &err), &err);
    assert_false(fs_dir_read(sub, "f", 0, 10, &out, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    expect_done(fs_dir_write(sub, "f", "first and longer", 16, &err), &err);
    expect_done(fs_dir_write(sub, "f", "0123456789", 10, &err), &err);
    expect_done(fs_dir_read(sub, "f", 3, 4, &out, &err), &err);
    assert_string_equal(buf_str(&out), "3456");
    expect_done(fs_dir_list(sub, count_entry, &count, &err), &err);
    assert_int_equal(count, 1);
    expect_done(fs_dir_stat(sub, "f", &stat, &err), &err);
    assert_int_equal(stat.size_bytes, 10);
    expect_done(fs_dir_remove(sub, "f", &err), &err);
    expect_done(fs_dir_remove(sub, "f", &err), &err);
    expect_done(fs_dir_stat(sub, "f", &stat, &err), &err);
    assert_int_equal(stat.kind, FS_MISSING);
    assert_false(fs_dir_remove(dir, "sub", &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    buf_done(&out);
    fs_dir_close(sub);
    fs_dir_close(dir);
}

static void dir_refuses_files_with_several_names(void **state)
{
    struct fs_dir *dir = NULL;
    struct err err = ERR_INIT;
    struct buf out;
    uv_fs_t request;

    (void)state;
    support_folder("t");
    put("t/outside", "secret");
    assert_int_equal(uv_fs_link(NULL, &request, "t/outside", "t/f", NULL), 0);
    uv_fs_req_cleanup(&request);
    buf_init(&out, 100);
    expect_done(fs_dir_open("t", &dir, &err), &err);
    assert_false(fs_dir_read(dir, "f", 0, 100, &out, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_false(fs_dir_write(dir, "f", "x", 1, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_false(fs_dir_remove(dir, "f", &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    expect_content("t/outside", "secret");
    buf_done(&out);
    fs_dir_close(dir);
}

static void dir_write_clears_what_a_killed_writer_left(void **state)
{
    struct fs_dir *dir = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    put("t/f.0123456789abcdef.gpupv-new", "half");
    put("t/f.0123456789abcde.gpupv-new", "somebody else's");
    expect_done(fs_dir_open("t", &dir, &err), &err);
    expect_done(fs_dir_write(dir, "f", "x", 1, &err), &err);
    assert_int_equal(entries_of("t"), 2);
    fs_dir_close(dir);
}

static void read_only_mark_is_set_and_cleared_on_plain_files(void **state)
{
    struct err err = ERR_INIT;
    struct fs_stat stat;

    (void)state;
    support_folder("marked");
    put("marked/a", "x");
    expect_done(fs_set_read_only("marked/a", true, &err), &err);
    expect_done(fs_stat("marked/a", &stat, &err), &err);
    assert_true(stat.attributes & FS_READONLY);
    expect_done(fs_set_read_only("marked/a", false, &err), &err);
    expect_done(fs_stat("marked/a", &stat, &err), &err);
    assert_false(stat.attributes & FS_READONLY);
    put("marked/a", "y");
    assert_false(fs_set_read_only("marked", true, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    err_clear(&err);
    assert_false(fs_set_read_only("marked/b", true, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void surroundings_are_known(void **state)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;
    uint64_t space = 0;

    (void)state;
    assert_true(fs_self_path(path, sizeof path, NULL));
    assert_true(fs_stat(path, &stat, NULL));
    assert_int_equal(stat.kind, FS_FILE);
    assert_true(fs_free_space(".", &space, NULL));
    assert_true(space > 0);
    assert_false(fs_free_space("no such folder", &space, NULL));
    assert_false(fs_env("GPUPV_NO_SUCH_VARIABLE", path, sizeof path));
    assert_true(fs_env("PATH", path, sizeof path) || strlen(getenv("PATH")) >= sizeof path);
}

static void the_parent_of_a_path_ends_before_its_last_separator(void **state)
{
    static const char *const rows[][2] = {
        {"a/b/c", "a/b"}, {"a\\b", "a"}, {"a/b\\c", "a/b"}, {"a", ""}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[16];

        text_copy(path, sizeof path, rows[i][0]);
        fs_parent(path);
        assert_string_equal(path, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parent_of_a_path_ends_before_its_last_separator),
        cmocka_unit_test(name_is_safe_refuses_what_any_system_refuses),
        cmocka_unit_test(join_refuses_what_does_not_fit_and_adds_one_separator),
        cmocka_unit_test(read_names_a_missing_file),
        cmocka_unit_test(read_refuses_more_than_the_maximum_and_leaves_the_buffer),
        cmocka_unit_test(read_refuses_a_folder),
        cmocka_unit_test(write_atomic_into_a_missing_folder_fails),
        cmocka_unit_test(write_atomic_onto_a_folder_fails_and_leaves_nothing),
        cmocka_unit_test(write_atomic_replaces_and_leaves_one_file),
        cmocka_unit_test(write_atomic_takes_over_what_a_killed_writer_left),
        cmocka_unit_test(sweep_of_a_missing_folder_is_fine),
        cmocka_unit_test(append_adds_to_the_end),
        cmocka_unit_test(make_dirs_over_a_file_fails),
        cmocka_unit_test(make_dirs_makes_parents_and_may_be_repeated),
        cmocka_unit_test(stat_tells_missing_file_and_folder),
        cmocka_unit_test(rename_replaces_a_file_and_names_a_missing_one),
        cmocka_unit_test(remove_of_a_missing_file_is_fine_but_not_of_a_folder),
        cmocka_unit_test(remove_tree_removes_all_below),
        cmocka_unit_test(list_stops_when_told_and_takes_a_missing_folder_as_empty),
        cmocka_unit_test(lock_is_busy_until_released),
        cmocka_unit_test(file_reads_and_writes_at_positions),
        cmocka_unit_test(file_appends_whatever_the_position),
        cmocka_unit_test(dir_refuses_unsafe_names),
        cmocka_unit_test(dir_of_a_missing_folder_is_not_found),
        cmocka_unit_test(dir_refuses_a_file_in_the_place_of_a_folder),
        cmocka_unit_test(dir_reads_writes_lists_and_removes),
        cmocka_unit_test(dir_refuses_files_with_several_names),
        cmocka_unit_test(dir_write_clears_what_a_killed_writer_left),
        cmocka_unit_test(read_only_mark_is_set_and_cleared_on_plain_files),
        cmocka_unit_test(surroundings_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
