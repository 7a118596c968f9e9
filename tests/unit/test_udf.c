/*
 * The UDF reader on images that the builder of the tests makes, in every shape that the format has,
 * and on ones that lie. Images made by other people's programs are read in test_images.
 */
#include "tests/support/expect.h"

#include "common/fs.h"
#include "host/image/udf.h"
#include "tests/support/udf_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ISO     "test.iso"
#define BLOCKS  4000u
#define CONTENT ((size_t)300 * 1024 + 77)

static const struct udf_shape plain;

/* An open image. */
struct bench {
    struct source *source;
    struct udf *udf;
};

static uint8_t *content(size_t size)
{
    uint8_t *data = malloc(size);

    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    return data;
}

static void open_bench(struct bench *b)
{
    DO(source_open_file(ISO, &b->source, &do_err));
    DO(udf_open(b->source, &b->udf, &do_err));
}

static void close_bench(struct bench *b)
{
    udf_close(b->udf);
    source_free(b->source);
}

/* An image with sources/install.wim of these shapes, and small files around it. */
static void make_iso(const uint8_t *data,
                     size_t size,
                     const struct udf_shape *file,
                     const struct udf_shape *folder)
{
    struct udf_build *build = udf_build_open(ISO, BLOCKS);
    uint32_t wim = udf_build_file(build, 0, data, size, file);
    uint32_t text = udf_build_file(build, 0, "hello", 5, &plain);
    const struct udf_build_entry in_sources[] = {
        {"boot.wim", text, false, false, false},
        {"install.wim", text, false, true, false}, /* deleted: an older one */
        {"Install.WIM", wim, false, false, true},
    };
    uint32_t sources = udf_build_folder(build, 0, in_sources, 3, folder);
    const struct udf_build_entry in_root[] = {
        {"readme.txt", text, false, false, false},
        {"SOURCES", sources, true, false, false},
    };

    udf_build_close(build, udf_build_folder(build, 0, in_root, 2, folder));
}

static void expect_content(const char *path, const uint8_t *wanted, size_t size)
{
    uint8_t *found = malloc(size + 1);
    struct source *file = NULL;
    struct bench b;

    assert_non_null(found);
    open_bench(&b);
    DO(udf_open_file(b.udf, path, &file, &do_err));
    if (!file)
        fail_msg("%s was not found", path);
    assert_int_equal(file->size_bytes, size);
    DO(source_read(file, 0, found, size, &do_err));
    assert_memory_equal(found, wanted, size);
    for (size_t at = 1; at + 5000 < size; at += 40009) {
        DO(source_read(file, at, found, 5000, &do_err));
        assert_memory_equal(found, wanted + at, 5000);
    }
    source_free(file);
    close_bench(&b);
    free(found);
}

/* Opening the image or finding the file in it fails with this message. */
static void expect_refused(const char *name, enum text_id message)
{
    struct source *source = NULL, *file = NULL;
    struct udf *udf = NULL;
    struct err err = ERR_INIT;
    bool ok;

    DO(source_open_file(ISO, &source, &do_err));
    ok = udf_open(source, &udf, &err) && udf_open_file(udf, "sources/install.wim", &file, &err);
    if (ok)
        fail_msg("%s was not refused", name);
    if (err.message != message)
        fail_msg("%s: %s", name, text_row(err.message)->name);
    source_free(file);
    udf_close(udf);
    source_free(source);
}

static void patch(uint64_t position, const void *data, size_t size)
{
    struct fs_file *file = NULL;

    DO(fs_file_open(ISO, FS_UPDATE, FS_SHARED, &file, &do_err));
    DO(fs_file_write(file, position, data, size, &do_err));
    fs_file_close(file);
}

/* ---- shapes ---- */

static void file_of_every_shape_is_read(void **state)
{
    static const struct udf_shape shapes[] = {
        {.kind = UDF_BUILD_SHORT},
        {.kind = UDF_BUILD_LONG},
        {.kind = UDF_BUILD_EXTENDED},
        {.kind = UDF_BUILD_SHORT, .extended_entry = true},
        {.kind = UDF_BUILD_SHORT, .extent_bytes = 4096},
        {.kind = UDF_BUILD_LONG, .extent_bytes = 8192},
        {.kind = UDF_BUILD_SHORT, .extent_bytes = 2048, .in_entry = 20},
        {.kind = UDF_BUILD_LONG, .extent_bytes = 2048, .in_entry = 1},
        {.kind = UDF_BUILD_EXTENDED, .extent_bytes = 4096, .in_entry = 7, .extended_entry = true},
    };
    uint8_t *data = content(CONTENT);

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        make_iso(data, CONTENT, &shapes[i], &plain);
        expect_content("sources/install.wim", data, CONTENT);
        expect_content("README.TXT", (const uint8_t *)"hello", 5);
    }
    free(data);
}

static void folder_of_every_shape_is_read(void **state)
{
    static const struct udf_shape shapes[] = {
        {.kind = UDF_BUILD_EMBEDDED},
        {.kind = UDF_BUILD_EMBEDDED, .extended_entry = true},
        {.kind = UDF_BUILD_LONG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        make_iso((const uint8_t *)"wim", 3, &plain, &shapes[i]);
        expect_content("Sources/INSTALL.wim", (const uint8_t *)"wim", 3);
    }
}

static void extents_that_were_never_recorded_are_zero(void **state)
{
    static const struct udf_shape holes = {
        .kind = UDF_BUILD_SHORT, .extent_bytes = 4096, .in_entry = 30, .hole = true};
    uint8_t *data = content(CONTENT);

    (void)state;
    make_iso(data, CONTENT, &holes, &plain);
    for (size_t at = 4096; at < CONTENT; at += 8192)
        memset(data + at, 0, CONTENT - at < 4096 ? CONTENT - at : 4096);
    expect_content("sources/install.wim", data, CONTENT);
    free(data);
}

static void folder_with_thousands_of_entries_is_searched_to_its_end(void **state)
{
    static const struct udf_shape split = {
        .kind = UDF_BUILD_SHORT, .extent_bytes = 2048 * 3, .in_entry = 10};
    struct udf_build_entry *entries = calloc(5001, sizeof *entries);
    char(*names)[64] = calloc(5001, sizeof *names);
    struct udf_build *build = udf_build_open(ISO, BLOCKS);
    uint32_t file = udf_build_file(build, 0, "last", 4, &plain);

    (void)state;
    assert_non_null(entries);
    assert_non_null(names);
    for (size_t i = 0; i <= 5000; i++) {
        snprintf(names[i], sizeof names[i], "resource-with-a-long-name-%zu.dll", i);
        entries[i] = (struct udf_build_entry){names[i], file, false, false, i % 2 == 0};
    }
    entries[5000].name = "install.wim";
    {
        uint32_t sources = udf_build_folder(build, 0, entries, 5001, &split);
        const struct udf_build_entry root[] = {{"sources", sources, true, false, false}};

        udf_build_close(build, udf_build_folder(build, 0, root, 1, &plain));
    }
    expect_content("sources/install.wim", (const uint8_t *)"last", 4);
    free(names);
    free(entries);
}

/* A file longer than 4 GiB; nothing of it but its end is on the disk. */
static void file_beyond_four_gibibytes_is_read(void **state)
{
    const uint64_t size = (UINT64_C(4) << 30) + 12345;
    const struct udf_shape far = {.kind = UDF_BUILD_SHORT, .at_block = 200000};
    struct udf_build *build = udf_build_open(ISO, 2400000);
    uint32_t file = udf_build_file(build, 0, NULL, (size_t)size, &far);
    const struct udf_build_entry root[] = {{"big.wim", file, false, false, false}};
    struct source *source = NULL;
    struct bench b;
    char end[5] = "";

    (void)state;
    udf_build_close(build, udf_build_folder(build, 0, root, 1, &plain));
    patch(udf_build_position(200000) + size - 4, "tail", 4);
    open_bench(&b);
    DO(udf_open_file(b.udf, "big.wim", &source, &do_err));
    assert_non_null(source);
    assert_int_equal(source->size_bytes, size);
    DO(source_read(source, size - 4, end, 4, &do_err));
    assert_string_equal(end, "tail");
    DO(source_read(source, UINT64_C(4) << 30, end, 4, &do_err));
    assert_memory_equal(end, "\0\0\0\0", 4);
    assert_false(source_read(source, size - 3, end, 4, NULL));
    source_free(source);
    close_bench(&b);
    DO(fs_remove(ISO, &do_err));
}

/* ---- looking ---- */

static void what_is_missing_is_no_error(void **state)
{
    static const char *const paths[] = {"nothing",
                                        "sources/nothing",
                                        "nothing/install.wim",
                                        "readme.txt/install.wim",
                                        "sources",
                                        "sources/install.wi",
                                        "sources/install.wimm",
                                        ""};
    struct source *file = NULL;
    struct bench b;

    (void)state;
    make_iso((const uint8_t *)"wim", 3, &plain, &plain);
    open_bench(&b);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        DO(udf_open_file(b.udf, paths[i], &file, &do_err));
        if (file)
            fail_msg("\"%s\" was found", paths[i]);
    }
    close_bench(&b);
}

static bool collect(const char *name, bool folder, void *user)
{
    char *all = user;

    snprintf(all + strlen(all), 200 - strlen(all), "%s%s ", name, folder ? "/" : "");
    return true;
}

static void folder_is_listed_without_what_was_deleted(void **state)
{
    char all[200] = "";
    struct bench b;

    (void)state;
    make_iso((const uint8_t *)"wim", 3, &plain, &plain);
    open_bench(&b);
    DO(udf_list(b.udf, "", collect, all, &do_err));
    assert_string_equal(all, "readme.txt SOURCES/ ");
    all[0] = 0;
    DO(udf_list(b.udf, "sources", collect, all, &do_err));
    assert_string_equal(all, "boot.wim Install.WIM ");
    close_bench(&b);
}

static void anchor_at_the_end_and_reserve_sequence_serve(void **state)
{
    char nothing[16 * 2048] = "";

    (void)state;
    make_iso((const uint8_t *)"wim", 3, &plain, &plain);
    patch(256 * 2048, nothing, 2048);
    expect_content("sources/install.wim", (const uint8_t *)"wim", 3);
    patch(32 * 2048, nothing, sizeof nothing);
    expect_content("sources/install.wim", (const uint8_t *)"wim", 3);
    patch(48 * 2048, nothing, sizeof nothing);
    expect_refused("no sequence", TEXT_IMAGE_UDF_DAMAGED);
}

/* ---- lies ---- */

static void circle_of_folders_is_found(void **state)
{
    struct udf_build *build = udf_build_open(ISO, BLOCKS);
    uint32_t root = udf_build_reserve(build);
    const struct udf_build_entry entries[] = {{"sources", root, true, false, false}};

    (void)state;
    udf_build_folder(build, root, entries, 1, &plain);
    udf_build_close(build, root);
    expect_refused("circle", TEXT_IMAGE_UDF_DAMAGED);
}

static void circle_of_descriptor_tables_is_found(void **state)
{
    static const struct udf_shape shape = {.kind = UDF_BUILD_SHORT,
                                           .extent_bytes = 2048,
                                           .in_entry = 2,
                                           .endless = true,
                                           .claims_bytes = UINT64_C(1) << 50};
    uint8_t *data = content(CONTENT);

    (void)state;
    make_iso(data, 10000, &shape, &plain);
    expect_refused("tables", TEXT_IMAGE_UDF_DAMAGED);
    free(data);
}

static void entries_that_lie_are_refused(void **state)
{
    static const struct {
        const char *name;
        struct udf_shape shape;
        enum text_id message;
    } rows[] = {
        {"longer than its extents", {.claims_bytes = 4000000}, TEXT_IMAGE_UDF_DAMAGED},
        {"longest", {.claims_bytes = UINT64_MAX}, TEXT_IMAGE_UDF_DAMAGED},
        {"embedded and longer",
         {.kind = UDF_BUILD_EMBEDDED, .claims_bytes = 5000},
         TEXT_IMAGE_UDF_DAMAGED},
        {"strategy", {.strategy = 4096}, TEXT_IMAGE_UDF_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make_iso((const uint8_t *)"content", 7, &rows[i].shape, &plain);
        expect_refused(rows[i].name, rows[i].message);
    }
}

/* Numbers in sealed descriptors: someone made them so. The file entry of install.wim is block 1. */
static void numbers_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *name;
        uint64_t position, seal_at;
        size_t seal_size;
        const char *bytes;
        size_t size;
        enum text_id message;
    } rows[] = {
        {"block size", 34 * 2048 + 212, 34 * 2048, 446, "\0\2\0\0", 4, TEXT_IMAGE_UDF_UNKNOWN},
        {"no maps", 34 * 2048 + 268, 34 * 2048, 446, "\0\0\0\0", 4, TEXT_IMAGE_UDF_DAMAGED},
        {"many maps",
         34 * 2048 + 268,
         34 * 2048,
         446,
         "\xff\xff\xff\xff",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"long maps",
         34 * 2048 + 264,
         34 * 2048,
         446,
         "\xff\xff\xff\xff",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"kind of map", 34 * 2048 + 440, 34 * 2048, 446, "\x02\x40", 2, TEXT_IMAGE_UDF_UNKNOWN},
        {"other partition", 34 * 2048 + 444, 34 * 2048, 446, "\x05", 1, TEXT_IMAGE_UDF_DAMAGED},
        {"file set outside",
         34 * 2048 + 252,
         34 * 2048,
         446,
         "\xff\xff\xff\x7f",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"file set elsewhere",
         34 * 2048 + 252,
         34 * 2048,
         446,
         "\1\0\0\0",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"root outside",
         272 * 2048 + 404,
         272 * 2048,
         512,
         "\xff\xff\xff\x7f",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"root elsewhere",
         272 * 2048 + 404,
         272 * 2048,
         512,
         "\0\0\0\0",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"root in another partition",
         272 * 2048 + 408,
         272 * 2048,
         512,
         "\1",
         1,
         TEXT_IMAGE_UDF_DAMAGED},
        {"attributes too long",
         273 * 2048 + 168,
         273 * 2048,
         184,
         "\xff\xff\xff\xff",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"descriptors too long",
         273 * 2048 + 172,
         273 * 2048,
         184,
         "\xff\xff\xff\xff",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"extent outside",
         273 * 2048 + 180,
         273 * 2048,
         184,
         "\xff\xff\xff\xff",
         4,
         TEXT_IMAGE_UDF_DAMAGED},
        {"kind of descriptors",
         273 * 2048 + 34,
         273 * 2048,
         184,
         "\x05",
         1,
         TEXT_IMAGE_UDF_DAMAGED},
        {"a folder inside", 273 * 2048 + 27, 273 * 2048, 184, "\x04", 1, TEXT_IMAGE_UDF_DAMAGED},
        {"a device", 273 * 2048 + 27, 273 * 2048, 184, "\x06", 1, TEXT_IMAGE_UDF_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make_iso((const uint8_t *)"wim", 3, &plain, &plain);
        patch(rows[i].position, rows[i].bytes, rows[i].size);
        udf_build_seal(ISO, rows[i].seal_at, rows[i].seal_size);
        expect_refused(rows[i].name, rows[i].message);
    }
}

static void damage_that_a_checksum_shows_is_refused(void **state)
{
    static const uint64_t places[] = {272 * 2048 + 300, 273 * 2048 + 100, 273 * 2048 + 4};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        make_iso((const uint8_t *)"wim", 3, &plain, &plain);
        patch(places[i], "\xa5", 1);
        expect_refused("checksum", TEXT_IMAGE_UDF_DAMAGED);
    }
}

static void download_that_was_cut_off_is_told_at_once(void **state)
{
    uint8_t *data = content(CONTENT);
    struct fs_file *file = NULL;
    static const struct udf_shape far = {.at_block = 3000};

    (void)state;
    make_iso(data, CONTENT, &far, &plain);
    DO(fs_file_open(ISO, FS_UPDATE, FS_SHARED, &file, &do_err));
    DO(fs_file_resize(file, udf_build_position(3000) + 1000, &do_err));
    fs_file_close(file);
    expect_refused("cut", TEXT_IMAGE_SHORT);
    free(data);
}

static void what_is_no_udf_is_told_apart(void **state)
{
    char iso9660[40000] = "";
    struct source *source = NULL;
    struct udf *udf = NULL;
    struct err err = ERR_INIT;

    (void)state;
    DO(source_open_memory(iso9660, sizeof iso9660, "zeros", &source, &do_err));
    assert_false(udf_open(source, &udf, &err));
    assert_int_equal(err.message, TEXT_IMAGE_UNKNOWN);
    source_free(source);
    memcpy(iso9660 + 32769, "CD001", 5);
    DO(source_open_memory(iso9660, sizeof iso9660, "iso", &source, &do_err));
    assert_false(udf_open(source, &udf, &err));
    assert_int_equal(err.message, TEXT_IMAGE_NO_UDF);
    assert_int_equal(err.hint, TEXT_IMAGE_NO_UDF_HINT);
    source_free(source);
}

/* Every block of a whole image zeroed in turn, and every truncation: an answer or an error. */
static void damage_anywhere_is_survived(void **state)
{
    struct buf whole;

    (void)state;
    make_iso((const uint8_t *)"wim", 3, &plain, &plain);
    buf_init(&whole, BLOCKS * UDF_BLOCK_BYTES);
    DO(fs_read(ISO, BLOCKS * UDF_BLOCK_BYTES, &whole, &do_err));
    for (size_t block = 0; block < 600; block++) {
        uint8_t saved[UDF_BLOCK_BYTES], *at = whole.data + block % 300 * UDF_BLOCK_BYTES;
        struct source *source = NULL, *file = NULL;
        struct udf *udf = NULL;
        size_t length = block < 300 ? whole.len : block % 300 * UDF_BLOCK_BYTES + 100;

        memcpy(saved, at, sizeof saved);
        if (block < 300)
            memset(at, 0, sizeof saved);
        DO(source_open_memory(whole.data, length, "damaged", &source, &do_err));
        if (udf_open(source, &udf, NULL) &&
            udf_open_file(udf, "sources/install.wim", &file, NULL) && file)
            assert_int_equal(file->size_bytes, 3);
        source_free(file);
        udf_close(udf);
        source_free(source);
        memcpy(at, saved, sizeof saved);
    }
    buf_done(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_of_every_shape_is_read),
        cmocka_unit_test(folder_of_every_shape_is_read),
        cmocka_unit_test(extents_that_were_never_recorded_are_zero),
        cmocka_unit_test(folder_with_thousands_of_entries_is_searched_to_its_end),
        cmocka_unit_test(file_beyond_four_gibibytes_is_read),
        cmocka_unit_test(what_is_missing_is_no_error),
        cmocka_unit_test(folder_is_listed_without_what_was_deleted),
        cmocka_unit_test(anchor_at_the_end_and_reserve_sequence_serve),
        cmocka_unit_test(circle_of_folders_is_found),
        cmocka_unit_test(circle_of_descriptor_tables_is_found),
        cmocka_unit_test(entries_that_lie_are_refused),
        cmocka_unit_test(numbers_that_cannot_be_are_refused),
        cmocka_unit_test(damage_that_a_checksum_shows_is_refused),
        cmocka_unit_test(download_that_was_cut_off_is_told_at_once),
        cmocka_unit_test(what_is_no_udf_is_told_apart),
        cmocka_unit_test(damage_anywhere_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
