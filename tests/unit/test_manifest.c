/* Lists of files: hostile paths and pages are refused, what travels comes back, differences are
 * exact. */
#include "tests/support/support.h"

#include "common/fs.h"
#include "common/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct manifest *manifest, const char *path, uint64_t size, int64_t modified_ms)
{
    struct manifest_entry entry = {.size_bytes = size, .modified_ms = modified_ms};

    if (!manifest_add(manifest, path, &entry, NULL))
        fail_msg("cannot add %s", path);
}

/* A complete list of the paths, ended by NULL, with sizes 1, 2, 3 ... */
static struct manifest list_of(const char *const *paths)
{
    struct manifest manifest;
    struct err err = ERR_INIT;
    size_t i;

    manifest_init(&manifest, MANIFEST_PLAIN);
    for (i = 0; paths[i]; i++)
        add(&manifest, paths[i], i + 1, 1000);
    if (!manifest_complete(&manifest, &err))
        fail_msg("%s, %s", err.args[0], err.args[1]);
    return manifest;
}

static void paths_that_leave_the_root_or_windows_cannot_hold_are_refused(void **state)
{
    static const char *const paths[] = {
        "",      "/",    "/a",      "a/",   "a//b",     "..",    "../a",     "a/../b", ".",
        "a/./b", "C:/a", "c:a",     "a\\b", "nul",      "a/con", "a/b.",     "a/ ",    "a\tb",
        "a?",    "\xFF", "a/aux.h", "a:b",  "\\\\x\\y", "a/..",  "a/com1/b",
    };
    char deep[2 * MANIFEST_DEPTH_MAX + 8] = "a";
    char longest[MANIFEST_PATH_BYTES + 1];
    struct err err = ERR_INIT;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (manifest_check_path(paths[i], &err) || err.kind != ERR_UNSAFE)
            fail_msg("accepted %s", paths[i]);
    }
    for (i = 0; i < MANIFEST_DEPTH_MAX; i++)
        strcat(deep, "/a");
    assert_false(manifest_check_path(deep, NULL));
    assert_true(manifest_check_path(deep + 2, NULL));
    memset(longest, 'a', sizeof longest);
    for (i = 200; i < sizeof longest; i += 200)
        longest[i] = '/';
    longest[MANIFEST_PATH_BYTES] = '\0';
    assert_false(manifest_check_path(longest, NULL));
    longest[MANIFEST_PATH_BYTES - 1] = '\0';
    assert_true(manifest_check_path(longest, NULL));
}

static void values_out_of_range_are_refused(void **state)
{
    static const struct manifest_entry rows[] = {
        {.size_bytes = MANIFEST_SIZE_MAX + 1},
        {.size_bytes = UINT64_MAX},
        {.attributes = 0x8},
        {.attributes = 0x80000000},
        {.modified_ms = INT64_MAX},
        {.modified_ms = INT64_MIN},
    };
    struct manifest manifest;
    size_t i;

    (void)state;
    manifest_init(&manifest, MANIFEST_PLAIN);
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (manifest_add(&manifest, "a", &rows[i], NULL))
            fail_msg("accepted row %zu", i);
    }
    manifest_done(&manifest);
}

static void twins_and_files_in_the_place_of_folders_are_refused(void **state)
{
    static const struct {
        const char *a, *b;
    } rows[] = {
        {"a", "a"},
        {"a", "A"},
        {"data/x", "Data/y"},
        {"data/deep/x", "data/Deep/y"},
        {"a", "a/b"},
        {"A", "a/b"},
        {"x/a", "x/a/b"},
        {"\xC3\x84", "\xC3\xA4"},         /* Ae */
        {"\xD0\x96/1", "\xD0\xB6/2"},     /* Cyrillic Zhe */
        {"\xCE\xA9", "\xCF\x89"},         /* Omega */
        {"\xEF\xBC\xA1", "\xEF\xBD\x81"}, /* fullwidth A */
        {"\xC5\xBD", "\xC5\xBE"},         /* Z with caron */
    };
    static const char *const between[] = {"a b", "a!", "a0", "b", "x/a!", "x/a b", "zz", "data!"};
    size_t i;
    size_t j;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct manifest manifest;
        struct err err = ERR_INIT;

        manifest_init(&manifest, MANIFEST_PLAIN);
        add(&manifest, rows[i].b, 1, 0);
        for (j = 0; j < sizeof between / sizeof between[0]; j++)
            add(&manifest, between[j], 1, 0);
        add(&manifest, rows[i].a, 1, 0);
        if (manifest_complete(&manifest, &err) || err.kind != ERR_UNSAFE)
            fail_msg("accepted %s and %s", rows[i].a, rows[i].b);
        manifest_done(&manifest);
    }
}

static void neighbours_that_only_look_alike_are_fine(void **state)
{
    static const char *const paths[] = {"a",
                                        "a b",
                                        "a.b",
                                        "b/a",
                                        "b/a.c/d",
                                        "b/a-d",
                                        "b-x/a",
                                        "b!",
                                        "bb",
                                        "c/C/c",
                                        "\xC3\x97",
                                        NULL};
    struct manifest manifest = list_of(paths);

    (void)state;
    assert_int_equal(manifest.count, 11);
    manifest_done(&manifest);
}

static void entries_are_found_by_path_and_by_twin(void **state)
{
    static const char *const paths[] = {"z", "a/b", "a/c", "Mid", "a b", NULL};
    struct manifest manifest = list_of(paths);
    size_t i;

    (void)state;
    for (i = 0; paths[i]; i++)
        assert_string_equal(manifest_path(&manifest, manifest_find(&manifest, paths[i])), paths[i]);
    assert_string_equal(manifest_path(&manifest, manifest_find(&manifest, "mid")), "Mid");
    assert_null(manifest_find(&manifest, "a"));
    assert_null(manifest_find(&manifest, ""));
    assert_null(manifest_find(&manifest, "zz"));
    assert_int_equal(manifest_bytes(&manifest), 15);
    manifest_done(&manifest);
}

/* What a walk over two lists told, as text. */
struct told {
    const struct manifest *have, *want;
    struct buf out;
};

static bool note_change(enum manifest_change change,
                        const struct manifest_entry *have,
                        const struct manifest_entry *want,
                        void *user)
{
    static const char names[] = "=+*~-";
    struct told *told = user;
    const char *path = want ? manifest_path(told->want, want) : manifest_path(told->have, have);

    assert_true((change == MANIFEST_ADDED) == !have && (change == MANIFEST_REMOVED) == !want);
    buf_printf(&told->out, "%s%c%s", told->out.len ? " " : "", names[change], path);
    return true;
}

static void expect_diff(struct manifest *have, struct manifest *want, const char *expected)
{
    struct told told = {.have = have, .want = want};

    buf_init(&told.out, 4096);
    assert_true(manifest_diff(have, want, true, note_change, &told));
    assert_string_equal(buf_str(&told.out), expected);
    buf_done(&told.out);
}

static void diff_by_size_and_time_tells_each_change(void **state)
{
    struct manifest have;
    struct manifest want;

    (void)state;
    manifest_init(&have, MANIFEST_PLAIN);
    manifest_init(&want, MANIFEST_PLAIN);
    add(&have, "gone", 1, 1);
    add(&want, "new", 1, 1);
    add(&have, "same", 1, 1);
    add(&want, "same", 1, 1);
    add(&have, "size", 1, 1);
    add(&want, "size", 2, 1);
    add(&have, "Spelling", 1, 1);
    add(&want, "spelling", 1, 1);
    add(&have, "time", 1, 1);
    add(&want, "time", 1, 2);
    assert_true(manifest_complete(&have, NULL) && manifest_complete(&want, NULL));
    expect_diff(&have, &want, "-gone +new =same *size ~spelling *time");
    manifest_done(&have);
    manifest_done(&want);
}

static void add_digest(struct manifest *manifest, const char *path, uint8_t digest, int64_t time)
{
    struct manifest_entry entry = {.size_bytes = 1, .modified_ms = time, .digest = {digest}};

    assert_true(manifest_add(manifest, path, &entry, NULL));
}

static void diff_by_digest_sees_content_behind_equal_size_and_time(void **state)
{
    struct manifest have;
    struct manifest want;

    (void)state;
    manifest_init(&have, MANIFEST_XXH3);
    manifest_init(&want, MANIFEST_XXH3);
    add_digest(&have, "content", 1, 1);
    add_digest(&want, "content", 2, 1);
    add_digest(&have, "same", 1, 1);
    add_digest(&want, "same", 1, 1);
    add_digest(&have, "time", 1, 1);
    add_digest(&want, "time", 1, 2);
    assert_true(manifest_complete(&have, NULL) && manifest_complete(&want, NULL));
    expect_diff(&have, &want, "*content =same ~time");
    want.digest = MANIFEST_SHA256; /* not comparable: by size and time */
    expect_diff(&have, &want, "=content =same *time");
    manifest_done(&have);
    manifest_done(&want);
}

static bool stop(enum manifest_change change,
                 const struct manifest_entry *have,
                 const struct manifest_entry *want,
                 void *user)
{
    (void)change;
    (void)have;
    (void)want;
    return ++*(int *)user < 2;
}

static void diff_stops_when_told(void **state)
{
    static const char *const paths[] = {"a", "b", "c", NULL};
    static const char *const none[] = {NULL};
    struct manifest have = list_of(none);
    struct manifest want = list_of(paths);
    int calls = 0;

    (void)state;
    assert_false(manifest_diff(&have, &want, false, stop, &calls));
    assert_int_equal(calls, 2);
    manifest_done(&have);
    manifest_done(&want);
}

/* A list of n files with digests. */
static struct manifest many(enum manifest_digest digest, size_t n)
{
    struct manifest manifest;
    size_t i;

    manifest_init(&manifest, digest);
    for (i = 0; i < n; i++) {
        struct manifest_entry entry = {
            .size_bytes = i * 1000003, .modified_ms = (int64_t)i - 5, .attributes = i & 7};
        char path[64];

        if (digest != MANIFEST_PLAIN)
            memcpy(entry.digest, &i, sizeof i);
        snprintf(path, sizeof path, "folder %zu/file-%zu.dll", i % 17, i);
        assert_true(manifest_add(&manifest, path, &entry, NULL));
    }
    assert_true(manifest_complete(&manifest, NULL));
    return manifest;
}

static void pages_come_back_as_they_were(void **state)
{
    static const size_t counts[] = {0, 1, 100, 3000};
    size_t i;

    (void)state;
    for (i = 0; i < 4 * MANIFEST_DIGESTS; i++) {
        struct manifest list = many((enum manifest_digest)(i % MANIFEST_DIGESTS), counts[i / 3]);
        struct manifest back;
        struct buf page;
        size_t cursor = 0;
        bool last = false;
        bool read_last = false;

        manifest_init(&back, MANIFEST_PLAIN);
        buf_init(&page, 4096);
        while (!last) {
            buf_clear(&page);
            assert_true(manifest_write_page(&list, &cursor, 4096, &page, &last, NULL));
            assert_true(manifest_read_page(&back, page.data, page.len, &read_last, NULL));
            assert_int_equal(last, read_last);
        }
        assert_int_equal(back.digest, list.digest);
        assert_int_equal(back.count, list.count);
        for (cursor = 0; cursor < list.count; cursor++) {
            struct manifest_entry a = list.entries[cursor];
            struct manifest_entry b = back.entries[cursor];

            assert_string_equal(manifest_path(&list, &a), manifest_path(&back, &b));
            a.name_at = b.name_at = 0;
            assert_memory_equal(&a, &b, sizeof a);
        }
        buf_done(&page);
        manifest_done(&list);
        manifest_done(&back);
    }
}

/* One page of two files "a" and "b/c". */
static struct buf good_page(void)
{
    static const char *const paths[] = {"a", "b/c", NULL};
    struct manifest list = list_of(paths);
    struct buf page;
    size_t cursor = 0;
    bool last;

    buf_init(&page, 4096);
    assert_true(manifest_write_page(&list, &cursor, 4096, &page, &last, NULL));
    manifest_done(&list);
    return page;
}

static bool reads(const uint8_t *data, size_t length)
{
    struct manifest manifest;
    bool last;
    bool ok;

    manifest_init(&manifest, MANIFEST_PLAIN);
    ok = manifest_read_page(&manifest, data, length, &last, NULL);
    manifest_done(&manifest);
    return ok;
}

static void cut_and_extended_pages_are_refused(void **state)
{
    struct buf page = good_page();
    size_t cut;

    (void)state;
    assert_true(reads(page.data, page.len));
    for (cut = 0; cut < page.len; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1); /* as long as the cut, for the sanitizer */

        assert_non_null(copy);
        memcpy(copy, page.data, cut);
        if (reads(copy, cut))
            fail_msg("accepted a cut at %zu", cut);
        free(copy);
    }
    buf_put(&page, "", 1);
    assert_false(reads(page.data, page.len));
    buf_done(&page);
}

static void pages_with_bad_fields_are_refused(void **state)
{
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
    } rows[] = {
        {"magic", 0, 'X'},
        {"version", 3, '2'},
        {"digest kind", 4, 3},
        {"digest that the entries lack", 4, 2},
        {"last flag", 5, 2},
        {"reserved", 6, 1},
        {"first index", 8, 1},
        {"too many entries", 12, 3},
        {"too few entries", 12, 1},
        {"huge count", 15, 0xFF},
        {"path length", 16, 0},
        {"path length", 17, 2},
        {"zero in the path", 18, 0},
        {"backslash", 18, '\\'},
        {"order", 18, 'z'},
        {"twin of the folder", 18, 'B'},
        {"attributes", 18 + 1 + 16, 8},
        {"size", 18 + 1 + 7, 0x80},
        {"time", 18 + 1 + 8 + 7, 0x7F},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf page = good_page();

        page.data[rows[i].at] = rows[i].value;
        if (reads(page.data, page.len))
            fail_msg("accepted a bad %s", rows[i].what);
        buf_done(&page);
    }
}

static void pages_after_the_last_and_empty_ones_before_it_are_refused(void **state)
{
    struct manifest manifest;
    struct buf page = good_page();
    bool last = false;

    (void)state;
    manifest_init(&manifest, MANIFEST_PLAIN);
    assert_true(manifest_read_page(&manifest, page.data, page.len, &last, NULL));
    assert_true(last);
    assert_false(manifest_read_page(&manifest, page.data, page.len, &last, NULL));
    manifest_done(&manifest);
    memset(page.data + 5, 0, 11); /* not the last, no entries */
    assert_false(reads(page.data, 16));
    buf_done(&page);
}

static void too_many_entries_are_refused(void **state)
{
    struct manifest manifest;
    struct manifest_entry entry = {.size_bytes = 1};
    struct err err = ERR_INIT;
    size_t i;

    (void)state;
    manifest_init(&manifest, MANIFEST_PLAIN);
    for (i = 0; i < MANIFEST_ENTRIES_MAX; i++) {
        char path[16];

        snprintf(path, sizeof path, "%zu", i);
        if (!manifest_add(&manifest, path, &entry, NULL))
            fail_msg("entry %zu", i);
    }
    assert_false(manifest_add(&manifest, "one more", &entry, &err));
    assert_int_equal(err.kind, ERR_TOO_LARGE);
    manifest_done(&manifest);
}

static void put(const char *path, const char *content)
{
    assert_true(fs_write_atomic(path, content, strlen(content), FS_SHARED, NULL));
}

static void scan_of_a_missing_folder_is_empty(void **state)
{
    struct manifest manifest;

    (void)state;
    support_folder("t");
    assert_true(manifest_scan("t/none", MANIFEST_XXH3, NULL, &manifest, NULL));
    assert_int_equal(manifest.count, 0);
    assert_true(manifest.complete);
    manifest_done(&manifest);
}

static bool cancel(const char *path, uint64_t done_bytes, void *user)
{
    (void)path;
    (void)user;
    return done_bytes == 0;
}

static void scan_can_be_cancelled(void **state)
{
    struct manifest_watch watch = {.on_file = cancel};
    struct manifest manifest;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("t");
    put("t/a", "1");
    put("t/b", "2");
    assert_false(manifest_scan("t", MANIFEST_PLAIN, &watch, &manifest, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
}

static void scan_lists_files_below_folders_with_their_digests(void **state)
{
    /* printf abc | sha256sum; XXH3_64bits of abc with seed 0 */
    static const uint8_t sha[4] = {0xBA, 0x78, 0x16, 0xBF};
    static const uint8_t xxh3[8] = {0x50, 0x39, 0x2F, 0x89, 0x94, 0x5F, 0xAF, 0x78};
    struct manifest manifest;
    const struct manifest_entry *entry;
    uint8_t digest[MANIFEST_DIGEST_BYTES];

    (void)state;
    support_folder("t");
    assert_true(fs_make_dirs("t/x/y", FS_SHARED, NULL));
    assert_true(fs_make_dirs("t/empty", FS_SHARED, NULL));
    put("t/x/y/abc", "abc");
    put("t/top", "");
    assert_true(manifest_scan("t", MANIFEST_SHA256, NULL, &manifest, NULL));
    assert_int_equal(manifest.count, 2);
    entry = manifest_find(&manifest, "x/y/abc");
    assert_non_null(entry);
    assert_int_equal(entry->size_bytes, 3);
    assert_memory_equal(entry->digest, sha, sizeof sha);
    assert_true(manifest_digest_file("t/x/y/abc", MANIFEST_XXH3, digest, NULL));
    assert_memory_equal(digest, xxh3, sizeof xxh3);
    manifest_done(&manifest);
}

static void digest_of_a_file_larger_than_one_piece_is_whole(void **state)
{
    static uint8_t data[600 * 1024];
    uint8_t first[MANIFEST_DIGEST_BYTES];
    uint8_t second[MANIFEST_DIGEST_BYTES];

    (void)state;
    support_folder("t");
    assert_true(fs_write_atomic("t/f", data, sizeof data, FS_SHARED, NULL));
    assert_true(manifest_digest_file("t/f", MANIFEST_XXH3, first, NULL));
    data[sizeof data - 1] = 1;
    assert_true(fs_write_atomic("t/f", data, sizeof data, FS_SHARED, NULL));
    assert_true(manifest_digest_file("t/f", MANIFEST_XXH3, second, NULL));
    assert_memory_not_equal(first, second, 8);
    assert_false(manifest_digest_file("t/none", MANIFEST_XXH3, second, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_leave_the_root_or_windows_cannot_hold_are_refused),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(twins_and_files_in_the_place_of_folders_are_refused),
        cmocka_unit_test(neighbours_that_only_look_alike_are_fine),
        cmocka_unit_test(entries_are_found_by_path_and_by_twin),
        cmocka_unit_test(diff_by_size_and_time_tells_each_change),
        cmocka_unit_test(diff_by_digest_sees_content_behind_equal_size_and_time),
        cmocka_unit_test(diff_stops_when_told),
        cmocka_unit_test(pages_come_back_as_they_were),
        cmocka_unit_test(cut_and_extended_pages_are_refused),
        cmocka_unit_test(pages_with_bad_fields_are_refused),
        cmocka_unit_test(pages_after_the_last_and_empty_ones_before_it_are_refused),
        cmocka_unit_test(too_many_entries_are_refused),
        cmocka_unit_test(scan_of_a_missing_folder_is_empty),
        cmocka_unit_test(scan_can_be_cancelled),
        cmocka_unit_test(scan_lists_files_below_folders_with_their_digests),
        cmocka_unit_test(digest_of_a_file_larger_than_one_piece_is_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
