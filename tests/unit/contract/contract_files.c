/* Contract of the port of files. */
#include "tests/unit/contract/contract.h"

#include <string.h>

static struct fs_stat stat_of(struct contract *contract, enum file_root root, const char *name)
{
    struct files_port *port = contract->machine->files;
    struct fs_stat stat;

    assert_true(port->ops->stat(port, root, name, &stat, NULL));
    return stat;
}

static void put(struct contract *contract, const char *name, const char *text)
{
    struct files_port *port = contract->machine->files;

    assert_true(port->ops->write(port, ROOT_EASY_GPU, name, text, strlen(text), NULL));
}

static void assert_text(struct contract *contract, const char *name, const char *text)
{
    struct files_port *port = contract->machine->files;
    struct buf out;

    buf_init(&out, 4096);
    assert_true(port->ops->read(port, ROOT_EASY_GPU, name, 0, 4096, &out, NULL));
    assert_string_equal(buf_str(&out), text);
    buf_done(&out);
}

static void a_missing_file_is_missing_to_stat_and_not_found_to_read(void **state)
{
    struct contract *contract = contract_looking(state);
    struct files_port *port = contract->machine->files;
    struct err err = ERR_INIT;
    struct buf out;

    buf_init(&out, 16);
    assert_int_equal(stat_of(contract, ROOT_EASY_GPU, "no-such-file").kind, FS_MISSING);
    assert_int_equal(stat_of(contract, ROOT_EASY_GPU, "no/such/file").kind, FS_MISSING);
    assert_false(port->ops->read(port, ROOT_EASY_GPU, "no-such-file", 0, 16, &out, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(out.len, 0);
}

static void names_that_leave_the_root_are_unsafe(void **state)
{
    static const char *const names[] = {
        "..", "../x", "a/../b", "a//b", "/a", "a/", "a\\b", "C:", "CON", "a/NUL.txt", "x\x01"};
    struct contract *contract = contract_looking(state);
    struct files_port *port = contract->machine->files;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct err err = ERR_INIT;
        struct fs_stat stat = {.kind = FS_OTHER};

        if (port->ops->stat(port, ROOT_EASY_GPU, names[i], &stat, &err))
            fail_msg("%s was accepted", names[i]);
        assert_int_equal(err.kind, ERR_UNSAFE);
        assert_int_equal(stat.kind, FS_OTHER);
    }
}

static void what_was_written_is_read_back(void **state)
{
    struct contract *contract = contract_acting(state);
    struct fs_stat stat;

    put(contract, "note.txt", "first");
    put(contract, "note.txt", "second line");
    assert_text(contract, "note.txt", "second line");
    stat = stat_of(contract, ROOT_EASY_GPU, "note.txt");
    assert_int_equal(stat.kind, FS_FILE);
    assert_int_equal(stat.size_bytes, strlen("second line"));
}

static void an_empty_file_is_a_file(void **state)
{
    struct contract *contract = contract_acting(state);

    put(contract, "empty.txt", "");
    assert_text(contract, "empty.txt", "");
    assert_int_equal(stat_of(contract, ROOT_EASY_GPU, "empty.txt").kind, FS_FILE);
}

static void writing_makes_the_folders_above(void **state)
{
    struct contract *contract = contract_acting(state);

    put(contract, "one/two/three.txt", "x");
    assert_text(contract, "one/two/three.txt", "x");
    assert_int_equal(stat_of(contract, ROOT_EASY_GPU, "one/two").kind, FS_FOLDER);
    assert_int_equal(stat_of(contract, ROOT_EASY_GPU, "").kind, FS_FOLDER);
}

static void reading_takes_a_piece_from_an_offset(void **state)
{
    struct contract *contract = contract_acting(state);
    struct files_port *port = contract->machine->files;
    struct buf out;

    buf_init(&out, 4096);
    put(contract, "long.txt", "0123456789");
    assert_true(port->ops->read(port, ROOT_EASY_GPU, "long.txt", 3, 4, &out, NULL));
    assert_string_equal(buf_str(&out), "3456");
    assert_true(port->ops->read(port, ROOT_EASY_GPU, "long.txt", 8, 64, &out, NULL));
    assert_string_equal(buf_str(&out), "345689");
    assert_true(port->ops->read(port, ROOT_EASY_GPU, "long.txt", 99, 64, &out, NULL));
    assert_string_equal(buf_str(&out), "345689");
    buf_done(&out);
}

static void removing_removes_and_a_missing_file_is_fine(void **state)
{
    struct contract *contract = contract_acting(state);
    struct files_port *port = contract->machine->files;

    put(contract, "gone.txt", "x");
    assert_true(port->ops->remove(port, ROOT_EASY_GPU, "gone.txt", NULL));
    assert_int_equal(stat_of(contract, ROOT_EASY_GPU, "gone.txt").kind, FS_MISSING);
    assert_true(port->ops->remove(port, ROOT_EASY_GPU, "gone.txt", NULL));
    assert_true(port->ops->remove(port, ROOT_EASY_GPU, "no/such.txt", NULL));
}

struct seen {
    unsigned files, folders, all;
    unsigned stop_after;
};

static bool see(const char *name, enum fs_kind kind, void *user)
{
    struct seen *seen = user;

    assert_true(fs_name_is_safe(name));
    seen->files += kind == FS_FILE;
    seen->folders += kind == FS_FOLDER;
    seen->all++;
    return seen->all != seen->stop_after;
}

static void a_missing_folder_lists_nothing(void **state)
{
    struct contract *contract = contract_looking(state);
    struct files_port *port = contract->machine->files;
    struct seen seen = {0};

    assert_true(port->ops->list(port, ROOT_EASY_GPU, "no-such-folder", see, &seen, NULL));
    assert_int_equal(seen.all, 0);
}

static void listing_shows_each_entry_once_and_stops_when_told(void **state)
{
    struct contract *contract = contract_acting(state);
    struct files_port *port = contract->machine->files;
    struct seen seen = {0}, two = {.stop_after = 2};

    put(contract, "list/a.txt", "x");
    put(contract, "list/b.txt", "x");
    put(contract, "list/deep/c.txt", "x");
    put(contract, "list/deep/d.txt", "x");
    assert_true(port->ops->list(port, ROOT_EASY_GPU, "list", see, &seen, NULL));
    assert_int_equal(seen.files, 2);
    assert_int_equal(seen.folders, 1);
    assert_true(port->ops->list(port, ROOT_EASY_GPU, "list", see, &two, NULL));
    assert_int_equal(two.all, 2);
}

static void a_root_that_does_not_exist_has_no_path(void **state)
{
    struct contract *contract = contract_acting(state);
    struct files_port *port = contract->machine->files;
    char path[FS_PATH_BYTES] = "untouched";

    contract_arrange(contract, "parsec.install=missing");
    assert_true(port->ops->path(port, ROOT_PARSEC_PROGRAM, path, sizeof(path), NULL));
    assert_string_equal(path, "");
    put(contract, "x.txt", "x");
    assert_true(port->ops->path(port, ROOT_EASY_GPU, path, sizeof(path), NULL));
    assert_true(path[0] != 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_missing_file_is_missing_to_stat_and_not_found_to_read),
    cmocka_unit_test(names_that_leave_the_root_are_unsafe),
    cmocka_unit_test(a_missing_folder_lists_nothing),
    cmocka_unit_test(a_root_that_does_not_exist_has_no_path),
    cmocka_unit_test(what_was_written_is_read_back),
    cmocka_unit_test(an_empty_file_is_a_file),
    cmocka_unit_test(writing_makes_the_folders_above),
    cmocka_unit_test(reading_takes_a_piece_from_an_offset),
    cmocka_unit_test(removing_removes_and_a_missing_file_is_fine),
    cmocka_unit_test(listing_shows_each_entry_once_and_stops_when_told),
};

const struct contract_tests contract_files = {"files", tests, sizeof(tests) / sizeof(tests[0])};
