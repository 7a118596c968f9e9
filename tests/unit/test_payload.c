/* The payload store: what is refused, puts in pieces, crashes, programs. */
#include "tests/support/support.h"

#include "guest/payload.h"
#include "tests/support/zip_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "data"

/* A store in a fresh folder. */
static struct payload_store *fresh_store(void)
{
    struct payload_store *store = NULL;

    assert_true(fs_remove_tree(FOLDER, NULL));
    assert_true(fs_make_dirs(FOLDER, FS_PRIVATE, NULL));
    assert_true(payload_store_open(FOLDER, &store, NULL));
    return store;
}

static struct payload_info make_info(enum payload_id id, const char *file, const char *content)
{
    struct payload_info info = {.id = id, .size_bytes = strlen(content)};

    text_copy(info.file, sizeof info.file, file);
    text_copy(info.version, sizeof info.version, "1.0");
    text_copy(info.publisher, sizeof info.publisher, "Parsec Cloud, Inc.");
    assert_true(digest_data(content, strlen(content), info.sha256, NULL));
    return info;
}

static bool put_all(struct payload_store *store,
                    const struct payload_info *info,
                    const char *content,
                    struct err *err)
{
    uint64_t next;
    bool done = false;

    return payload_put(store, info, 0, content, strlen(content), &next, &done, err) && done;
}

static bool is_present(struct payload_store *store, enum payload_id id, const char *version)
{
    struct payload_info info;
    bool present = false;

    assert_true(payload_find(store, id, &info, &present, NULL));
    return present && strcmp(info.version, version) == 0;
}

static void infos_that_cannot_be_are_refused(void **state)
{
    struct payload_store *store = fresh_store();
    static const char *const files[] = {"../x.exe",
                                        "a/b.exe",
                                        "a\\b.exe",
                                        "x.exe:y.exe",
                                        "con.exe",
                                        ".exe",
                                        "x.bat",
                                        "x.exe.",
                                        "",
                                        "x.exe "};
    struct err err = ERR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct payload_info info = make_info(PAYLOAD_PARSEC_VDD, files[i], "content");

        if (put_all(store, &info, "content", &err) || err.kind != ERR_BAD_INPUT)
            fail_msg("accepted: %s", files[i]);
    }
    payload_store_free(store);
}

static void values_that_cannot_be_are_refused(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info good = make_info(PAYLOAD_PARSEC_VDD, "vdd.exe", "content"), bad;
    struct err err = ERR_INIT;

    (void)state;
    bad = good, bad.sha256[3] = 'X';
    assert_false(put_all(store, &bad, "content", &err));
    bad = good, bad.size_bytes = 0;
    assert_false(put_all(store, &bad, "content", &err));
    bad = good, bad.version[0] = '\x1b';
    assert_false(put_all(store, &bad, "content", &err));
    bad = good, bad.size_bytes = PAYLOAD_MAX_BYTES + 1;
    assert_false(put_all(store, &bad, "content", &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    bad = good, text_copy(bad.publisher, sizeof bad.publisher, "Parsec Cloud, Inc. (not)");
    assert_false(put_all(store, &bad, "content", &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    bad = good, bad.id = PAYLOAD_COUNT;
    assert_false(put_all(store, &bad, "content", &err));
    assert_false(is_present(store, PAYLOAD_PARSEC_VDD, "1.0"));
    payload_store_free(store);
}

static void content_with_another_hash_is_refused_and_forgotten(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC_VDD, "vdd.exe", "content");
    struct err err = ERR_INIT;
    uint64_t next = 99;
    bool done;

    (void)state;
    assert_false(payload_put(store, &info, 0, "CONTENT", 7, &next, &done, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_int_equal(next, 0);
    assert_false(is_present(store, PAYLOAD_PARSEC_VDD, "1.0"));
    assert_true(put_all(store, &info, "content", NULL));
    payload_store_free(store);
}

static void more_bytes_than_announced_are_refused(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC_VDD, "vdd.exe", "content");
    struct err err = ERR_INIT;
    uint64_t next;
    bool done;

    (void)state;
    assert_true(payload_put(store, &info, 0, "con", 3, &next, &done, &err));
    assert_false(payload_put(store, &info, 3, "tent+", 5, &next, &done, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    assert_int_equal(next, 3);
    payload_store_free(store);
}

static void pieces_out_of_order_say_where_to_go_on(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC_VDD, "vdd.exe", "content");
    struct err err = ERR_INIT;
    uint64_t next;
    bool done;

    (void)state;
    assert_true(payload_put(store, &info, 0, "con", 3, &next, &done, &err));
    assert_int_equal(next, 3);
    assert_false(payload_put(store, &info, 0, "con", 3, &next, &done, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_int_equal(next, 3);
    assert_true(payload_put(store, &info, 3, "tent", 4, &next, &done, &err));
    assert_true(done);
    assert_int_equal(next, 7);
    assert_true(is_present(store, PAYLOAD_PARSEC_VDD, "1.0"));
    payload_store_free(store);
}

static void a_put_goes_on_after_a_restart(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC_VDD, "vdd.exe", "content");
    uint64_t next = 0;
    bool done = true;

    (void)state;
    assert_true(payload_put(store, &info, 0, "conte", 5, &next, &done, NULL));
    payload_store_free(store);
    assert_true(payload_store_open(FOLDER, &store, NULL));
    assert_true(payload_put(store, &info, 0, NULL, 0, &next, &done, NULL));
    assert_int_equal(next, 5);
    assert_false(done);
    assert_true(payload_put(store, &info, 5, "nt", 2, &next, &done, NULL));
    assert_true(done);
    payload_store_free(store);
}

static void a_put_of_what_is_there_is_done_at_once(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC_VDD, "vdd.exe", "content");
    uint64_t next = 0;
    bool done = false;

    (void)state;
    assert_true(put_all(store, &info, "content", NULL));
    text_copy(info.version, sizeof info.version, "1.0.1");
    assert_true(payload_put(store, &info, 0, NULL, 0, &next, &done, NULL));
    assert_true(done);
    assert_int_equal(next, 7);
    assert_true(is_present(store, PAYLOAD_PARSEC_VDD, "1.0.1"));
    payload_store_free(store);
}

static bool count_entry(const char *name, enum fs_kind kind, void *user)
{
    (void)name;
    (void)kind;
    ++*(unsigned *)user;
    return true;
}

static unsigned entries(void)
{
    unsigned count = 0;

    assert_true(fs_list(FOLDER "/payloads", count_entry, &count, NULL));
    return count;
}

static void a_new_version_replaces_the_old_one(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info one = make_info(PAYLOAD_PARSEC, "parsec-windows.exe", "first");
    struct payload_info two = make_info(PAYLOAD_PARSEC, "parsec-windows.exe", "second");
    struct payload_info driver = make_info(PAYLOAD_PARSEC_VDD, "vdd.exe", "driver");

    (void)state;
    text_copy(two.version, sizeof two.version, "2.0");
    assert_true(put_all(store, &driver, "driver", NULL));
    assert_true(put_all(store, &one, "first", NULL));
    assert_true(put_all(store, &two, "second", NULL));
    assert_true(is_present(store, PAYLOAD_PARSEC, "2.0"));
    assert_true(is_present(store, PAYLOAD_PARSEC_VDD, "1.0"));
    assert_int_equal(entries(), 4);
    payload_store_free(store);
}

static void an_unfinished_put_leaves_the_old_version(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info one = make_info(PAYLOAD_PARSEC, "parsec-windows.exe", "first");
    struct payload_info two = make_info(PAYLOAD_PARSEC, "parsec-windows.exe", "second");
    char path[FS_PATH_BYTES], hash[DIGEST_HEX_BYTES];
    uint64_t next;
    bool done;

    (void)state;
    assert_true(put_all(store, &one, "first", NULL));
    assert_true(payload_put(store, &two, 0, "sec", 3, &next, &done, NULL));
    assert_true(payload_program(store, PAYLOAD_PARSEC, path, hash, NULL));
    assert_string_equal(hash, one.sha256);
    payload_store_free(store);
}

static void a_program_is_checked_again_before_it_is_given_out(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC, "parsec-windows.exe", "first");
    char path[FS_PATH_BYTES] = "", hash[DIGEST_HEX_BYTES];
    struct err err = ERR_INIT;

    (void)state;
    assert_false(payload_program(store, PAYLOAD_PARSEC, path, hash, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(put_all(store, &info, "first", NULL));
    assert_true(payload_program(store, PAYLOAD_PARSEC, path, hash, &err));
    assert_true(fs_write_atomic(path, "First", 5, FS_PRIVATE, NULL));
    err_clear(&err);
    assert_false(payload_program(store, PAYLOAD_PARSEC, path, hash, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_true(put_all(store, &info, "first", NULL));
    assert_true(payload_program(store, PAYLOAD_PARSEC, path, hash, NULL));
    payload_store_free(store);
}

static void a_damaged_record_is_reported_and_replaced_by_a_put(void **state)
{
    static const char *const records[] = {
        "",
        "{",
        "null",
        "{\"record\":2}",
        "{\"record\":1,\"file\":\"../x.exe\",\"version\":\"1\","
        "\"sha256\":\"00\",\"publisher\":\"x\",\"size_bytes\":1}"};
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC, "parsec-windows.exe", "first"), found;
    bool present;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof records / sizeof records[0]; i++) {
        struct err err = ERR_INIT;

        assert_true(fs_write_atomic(
            FOLDER "/payloads/parsec.json", records[i], strlen(records[i]), FS_PRIVATE, NULL));
        assert_false(payload_find(store, PAYLOAD_PARSEC, &found, &present, &err));
        assert_true(err_is_set(&err));
        assert_true(put_all(store, &info, "first", NULL));
        assert_true(is_present(store, PAYLOAD_PARSEC, "1.0"));
    }
    payload_store_free(store);
}

static void a_removed_payload_is_absent(void **state)
{
    struct payload_store *store = fresh_store();
    struct payload_info info = make_info(PAYLOAD_PARSEC, "parsec-windows.exe", "first");

    (void)state;
    assert_true(put_all(store, &info, "first", NULL));
    assert_true(payload_remove(store, PAYLOAD_PARSEC, NULL));
    assert_true(payload_remove(store, PAYLOAD_PARSEC, NULL));
    assert_false(is_present(store, PAYLOAD_PARSEC, "1.0"));
    assert_int_equal(entries(), 0);
    payload_store_free(store);
}

/* Puts an archive of rows as VB-Cable. */
static bool put_cable(struct payload_store *store, const struct zip_row *rows)
{
    struct payload_info info = {.id = PAYLOAD_VB_CABLE, .file = "pack.zip", .version = "45"};
    uint64_t next;
    bool done = false, ok;
    struct buf data;

    buf_init(&data, 65536);
    zip_build(&data, rows);
    info.size_bytes = data.len;
    text_copy(info.publisher, sizeof info.publisher, "vincent BUREL");
    ok = digest_data(data.data, data.len, info.sha256, NULL) &&
         payload_put(store, &info, 0, data.data, data.len, &next, &done, NULL);
    buf_done(&data);
    return ok && done;
}

static void the_cable_is_unpacked_with_its_files_beside_it(void **state)
{
    static const struct zip_row rows[] = {{.name = "VBCABLE_Setup_x64.exe", .content = "setup"},
                                          {.name = "vbMmeCable64_win10.inf", .content = "inf"},
                                          {.name = NULL}};
    char path[FS_PATH_BYTES], hash[DIGEST_HEX_BYTES], wanted[DIGEST_HEX_BYTES];
    struct payload_store *store = fresh_store();
    struct buf content;

    (void)state;
    assert_true(put_cable(store, rows));
    assert_true(payload_program(store, PAYLOAD_VB_CABLE, path, hash, NULL));
    assert_true(digest_data("setup", 5, wanted, NULL));
    assert_string_equal(hash, wanted);
    /* a changed unpacked file does not live on: it is unpacked anew */
    assert_true(fs_write_atomic(path, "evil", 4, FS_PRIVATE, NULL));
    assert_true(payload_program(store, PAYLOAD_VB_CABLE, path, hash, NULL));
    buf_init(&content, 64);
    assert_true(fs_read(path, 64, &content, NULL));
    assert_string_equal(buf_str(&content), "setup");
    buf_done(&content);
    payload_store_free(store);
}

static void a_cable_archive_with_tricks_is_not_unpacked(void **state)
{
    static const struct zip_row up[] = {{.name = "VBCABLE_Setup_x64.exe", .content = "setup"},
                                        {.name = "../../escaped", .content = "evil"},
                                        {.name = NULL}};
    static const struct zip_row other[] = {{.name = "readme.txt", .content = "x"}, {.name = NULL}};
    char path[FS_PATH_BYTES], hash[DIGEST_HEX_BYTES];
    struct payload_store *store = fresh_store();
    struct err err = ERR_INIT;
    struct fs_stat stat;

    (void)state;
    assert_true(put_cable(store, up));
    assert_false(payload_program(store, PAYLOAD_VB_CABLE, path, hash, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_true(fs_stat(FOLDER "/payloads/escaped", &stat, NULL));
    assert_int_equal(stat.kind, FS_MISSING);
    assert_true(put_cable(store, other));
    err_clear(&err);
    assert_false(payload_program(store, PAYLOAD_VB_CABLE, path, hash, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    payload_store_free(store);
}

static void names_are_unique_and_known(void **state)
{
    enum payload_id id = PAYLOAD_COUNT;
    unsigned i;

    (void)state;
    for (i = 0; i < PAYLOAD_COUNT; i++) {
        assert_true(payload_parse(payload_kind((enum payload_id)i)->name, &id));
        assert_int_equal(id, i);
    }
    assert_false(payload_parse("parsec-", &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(infos_that_cannot_be_are_refused),
        cmocka_unit_test(values_that_cannot_be_are_refused),
        cmocka_unit_test(content_with_another_hash_is_refused_and_forgotten),
        cmocka_unit_test(more_bytes_than_announced_are_refused),
        cmocka_unit_test(pieces_out_of_order_say_where_to_go_on),
        cmocka_unit_test(a_put_goes_on_after_a_restart),
        cmocka_unit_test(an_unfinished_put_leaves_the_old_version),
        cmocka_unit_test(a_program_is_checked_again_before_it_is_given_out),
        cmocka_unit_test(a_damaged_record_is_reported_and_replaced_by_a_put),
        cmocka_unit_test(a_cable_archive_with_tricks_is_not_unpacked),
        cmocka_unit_test(a_put_of_what_is_there_is_done_at_once),
        cmocka_unit_test(a_new_version_replaces_the_old_one),
        cmocka_unit_test(a_removed_payload_is_absent),
        cmocka_unit_test(the_cable_is_unpacked_with_its_files_beside_it),
        cmocka_unit_test(names_are_unique_and_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
