/* ZIP archives: what is refused, and what is unpacked. */
#include "tests/support/support.h"

#include "common/inflate.h"
#include "common/zip.h"
#include "tests/support/zip_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARCHIVE_MAX ((size_t)64 * 1024)

struct refused_row {
    const char *why;
    struct zip_row row;
    enum err_kind kind;
};

static const struct refused_row refused_rows[] = {
    {"a path upwards", {.name = "../evil.exe", .content = "x"}, ERR_UNSAFE},
    {"a path upwards inside", {.name = "a/../../evil.exe", .content = "x"}, ERR_UNSAFE},
    {"a path from the root", {.name = "/etc/passwd", .content = "x"}, ERR_UNSAFE},
    {"a drive", {.name = "C:/x", .content = "x"}, ERR_UNSAFE},
    {"a stream", {.name = "x.txt:evil", .content = "x"}, ERR_UNSAFE},
    {"backslashes", {.name = "..\\evil.exe", .content = "x"}, ERR_UNSAFE},
    {"a device", {.name = "sub/CON.txt", .content = "x"}, ERR_UNSAFE},
    {"a trailing dot", {.name = "a./b", .content = "x"}, ERR_UNSAFE},
    {"an empty component", {.name = "a//b", .content = "x"}, ERR_UNSAFE},
    {"bad UTF-8", {.name = "\xFF", .content = "x"}, ERR_UNSAFE},
    {"too deep", {.name = "1/2/3/4/5/6/7/8/9/10", .content = "x"}, ERR_UNSAFE},
    {"encryption", {.name = "a", .content = "x", .flags = 1}, ERR_UNSAFE},
    {"another method", {.name = "a", .content = "x", .method = 12}, ERR_UNSAFE},
    {"a link",
     {.name = "a", .content = "/etc/passwd", .made_by = 3 << 8, .unix_mode = 0120777},
     ERR_UNSAFE},
    {"a device node",
     {.name = "a", .content = "", .made_by = 3 << 8, .unix_mode = 0020666},
     ERR_UNSAFE},
    {"a folder with content", {.name = "a/", .content = "x"}, ERR_UNSAFE},
    {"another name in the local header",
     {.name = "a", .content = "x", .local_name = "b"},
     ERR_BAD_INPUT},
    {"a stored size that is not the size",
     {.name = "a", .content = "x", .claim_bytes = 2},
     ERR_BAD_INPUT},
    {"more than fits",
     {.name = "a", .content = "x", .method = 8, .claim_bytes = 200u * 1024 * 1024},
     ERR_TOO_LARGE},
};

static void what_is_not_accepted_is_refused(void **state)
{
    size_t i;

    (void)state;
    for (i = 0; i < sizeof refused_rows / sizeof refused_rows[0]; i++) {
        const struct zip_row rows[] = {refused_rows[i].row, {.name = NULL}};
        struct err err = ERR_INIT;
        struct zip zip;
        struct buf data;

        buf_init(&data, ARCHIVE_MAX);
        zip_build(&data, rows);
        if (zip_open(data.data, data.len, &zip, &err))
            fail_msg("accepted: %s", refused_rows[i].why);
        if (err.kind != refused_rows[i].kind)
            fail_msg("%s: %s", refused_rows[i].why, err_kind_name(err.kind));
        buf_done(&data);
    }
}

static void a_name_may_not_stand_twice(void **state)
{
    static const struct zip_row rows[] = {{.name = "Setup.exe", .content = "good"},
                                          {.name = "setup.EXE", .content = "evil"},
                                          {.name = NULL}};
    struct err err = ERR_INIT;
    struct zip zip;
    struct buf data;

    (void)state;
    buf_init(&data, ARCHIVE_MAX);
    zip_build(&data, rows);
    assert_false(zip_open(data.data, data.len, &zip, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    buf_done(&data);
}

static void every_truncation_and_every_flipped_byte_is_survived(void **state)
{
    static const struct zip_row rows[] = {{.name = "a/", .content = ""},
                                          {.name = "a/setup.exe", .content = "content"},
                                          {.name = NULL}};
    struct buf data;
    struct zip zip;
    size_t i, bit;

    (void)state;
    buf_init(&data, ARCHIVE_MAX);
    zip_build(&data, rows);
    for (i = 0; i < data.len; i++)
        assert_false(zip_open(data.data, i, &zip, NULL));
    for (i = 0; i < data.len * 8; i++) {
        bit = (size_t)1 << (i % 8);
        data.data[i / 8] ^= (uint8_t)bit;
        if (zip_open(data.data, data.len, &zip, NULL))
            zip_done(&zip);
        data.data[i / 8] ^= (uint8_t)bit;
    }
    assert_true(zip_open(data.data, data.len, &zip, NULL));
    zip_done(&zip);
    buf_done(&data);
}

static void content_with_another_checksum_is_refused(void **state)
{
    static const struct zip_row rows[] = {{.name = "a", .content = "x", .crc_xor = 1},
                                          {.name = NULL}};
    struct err err = ERR_INIT;
    struct buf data, out;
    struct zip zip;

    (void)state;
    buf_init(&data, ARCHIVE_MAX);
    buf_init(&out, ARCHIVE_MAX);
    zip_build(&data, rows);
    assert_true(zip_open(data.data, data.len, &zip, &err));
    assert_false(zip_read(&zip, &zip.entries[0], &out, &err));
    assert_int_equal(err.kind, ERR_BAD_INPUT);
    assert_int_equal(out.len, 0);
    zip_done(&zip);
    buf_done(&data);
    buf_done(&out);
}

/* The bytes that the sample archive was made of. */
static uint8_t sample_byte(uint32_t i)
{
    return (uint8_t)((((i * i) >> 5 ^ i * 7) & 0x3f) + 32);
}

static void read_sample(const char *name, struct buf *out)
{
    char *path = support_data_path(name);

    buf_init(out, ARCHIVE_MAX);
    assert_true(fs_read(path, ARCHIVE_MAX, out, NULL));
    free(path);
}

static void an_archive_of_another_program_is_unpacked(void **state)
{
    struct buf data, content;
    struct zip zip;
    uint32_t i;

    (void)state;
    read_sample("fuzz/corpus/zip/deflated.zip", &data);
    assert_true(zip_open(data.data, data.len, &zip, NULL));
    assert_int_equal(zip.count, 5);
    assert_true(zip.entries[1].folder);
    assert_true(fs_remove_tree("unpacked", NULL));
    assert_true(fs_make_dirs("unpacked", FS_PRIVATE, NULL));
    assert_true(zip_unpack(&zip, "unpacked", NULL));
    buf_init(&content, ARCHIVE_MAX);
    assert_true(fs_read("unpacked/sub/data.bin", ARCHIVE_MAX, &content, NULL));
    assert_int_equal(content.len, 20000);
    for (i = 0; i < content.len; i++) {
        if (content.data[i] != sample_byte(i))
            fail_msg("byte %u", i);
    }
    buf_clear(&content);
    assert_true(fs_read("unpacked/fixed", ARCHIVE_MAX, &content, NULL));
    assert_string_equal(buf_str(&content), "abc");
    buf_clear(&content);
    assert_true(fs_read("unpacked/empty", ARCHIVE_MAX, &content, NULL));
    assert_int_equal(content.len, 0);
    buf_done(&content);
    zip_done(&zip);
    buf_done(&data);
    assert_true(fs_remove_tree("unpacked", NULL));
}

/* Packed samples: four bytes of size, then what zlib made of the sample bytes. */
static void every_kind_of_block_is_inflated(void **state)
{
    static const char *const names[] = {"dynamic", "huffman"};
    size_t n;

    (void)state;
    for (n = 0; n < 2; n++) {
        char name[64];
        struct buf data;
        uint8_t *out;
        uint32_t size, i;

        snprintf(name, sizeof name, "fuzz/corpus/inflate/%s", names[n]);
        read_sample(name, &data);
        size = data.data[0] | (uint32_t)data.data[1] << 8;
        out = calloc(size + 1, 1);
        assert_non_null(out);
        assert_true(inflate_block(data.data + 4, data.len - 4, out, size));
        for (i = 0; i < size; i++) {
            if (out[i] != sample_byte(i))
                fail_msg("%s: byte %u", names[n], i);
        }
        /* a byte less, a byte more, or a byte left over is damage */
        assert_false(inflate_block(data.data + 4, data.len - 4, out, size - 1));
        assert_false(inflate_block(data.data + 4, data.len - 4, out, size + 1));
        assert_false(inflate_block(data.data + 4, data.len - 5, out, size));
        free(out);
        buf_done(&data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_accepted_is_refused),
        cmocka_unit_test(a_name_may_not_stand_twice),
        cmocka_unit_test(every_truncation_and_every_flipped_byte_is_survived),
        cmocka_unit_test(content_with_another_checksum_is_refused),
        cmocka_unit_test(an_archive_of_another_program_is_unpacked),
        cmocka_unit_test(every_kind_of_block_is_inflated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
