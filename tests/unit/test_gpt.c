/*
 * Partition tables: the plan for Windows, what is read back from a table that the writer of the
 * tests wrote (sgdisk judges those in tests/image), and damaged tables.
 */
#include "tests/support/expect.h"

#include "common/fs.h"
#include "host/image/bytes.h"
#include "host/image/crc.h"
#include "host/image/gpt.h"
#include "host/image/gpt_format.h"
#include "tests/support/gpt_write.h"

#include <stdlib.h>
#include <string.h>

#define MIB   (UINT64_C(1) << 20)
#define DISK  "gpt.img"
#define BYTES (512 * MIB)

static void plan(uint64_t size_bytes, uint32_t sector_bytes, struct gpt *ret_gpt)
{
    DO(gpt_plan(
        size_bytes, sector_bytes, gpt_windows_layout, gpt_windows_layout_count, ret_gpt, &do_err));
}

/* An empty disk of BYTES with a table. */
static void make_disk(struct gpt *ret_gpt)
{
    struct fs_file *file = NULL;

    plan(BYTES, 512, ret_gpt);
    DO(fs_file_open(DISK, FS_CREATE, FS_SHARED, &file, &do_err));
    DO(fs_file_resize(file, BYTES, &do_err));
    fs_file_close(file);
    DO(gpt_write_raw(DISK, ret_gpt, &do_err));
}

static bool read_disk(struct gpt *ret_gpt, struct err *err)
{
    struct source *source = NULL;
    bool ok = source_open_file(DISK, &source, err) && gpt_read(source, 512, ret_gpt, err);

    source_free(source);
    return ok;
}

static void patch(uint64_t position, const void *data, size_t size)
{
    struct fs_file *file = NULL;

    DO(fs_file_open(DISK, FS_UPDATE, FS_SHARED, &file, &do_err));
    DO(fs_file_write(file, position, data, size, &do_err));
    fs_file_close(file);
}

/* Changes a number of a table and makes its checksums right again. */
static void
forge(uint64_t header_at, uint64_t table_at, size_t offset, uint64_t value, bool in_table)
{
    uint8_t *table = calloc(1, GPT_PARTITIONS * GPT_ENTRY_BYTES), header[512];
    struct fs_file *file = NULL;
    size_t got = 0, size = GPT_PARTITIONS * GPT_ENTRY_BYTES;

    assert_non_null(table);
    DO(fs_file_open(DISK, FS_UPDATE, FS_SHARED, &file, &do_err));
    DO(fs_file_read(file, table_at, table, size, &got, &do_err));
    DO(fs_file_read(file, header_at, header, sizeof header, &got, &do_err));
    if (in_table)
        bytes_put64(table + offset, value);
    bytes_put32(header + GPT_ENTRIES_CRC, crc32_ieee(0, table, size));
    if (!in_table)
        bytes_put64(header + offset, value);
    bytes_put32(header + GPT_HEADER_CRC, 0);
    bytes_put32(header + GPT_HEADER_CRC, crc32_ieee(0, header, GPT_HEADER_BYTES));
    DO(fs_file_write(file, table_at, table, size, &do_err));
    DO(fs_file_write(file, header_at, header, sizeof header, &do_err));
    fs_file_close(file);
    free(table);
}

/* ---- the plan ---- */

static void plan_gives_the_sizes_of_windows_aligned_to_a_mebibyte(void **state)
{
    static const uint32_t sectors[] = {512, 4096};
    static const uint64_t sizes[] = {UINT64_C(128) << 30, (UINT64_C(64) << 40) - 4096, 300 * MIB};

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        uint64_t size = sizes[i / 2];
        struct gpt gpt;

        plan(size, sectors[i % 2], &gpt);
        assert_int_equal(gpt.count, 3);
        assert_int_equal(gpt_offset(&gpt, 0), MIB);
        assert_int_equal(gpt_size(&gpt, 0), 260 * MIB);
        assert_int_equal(gpt_size(&gpt, 1), 16 * MIB);
        for (size_t p = 0; p < 3; p++)
            assert_int_equal(gpt_offset(&gpt, p) % MIB, 0);
        assert_int_equal(gpt_offset(&gpt, 2), gpt_offset(&gpt, 1) + 16 * MIB);
        assert_true(gpt_offset(&gpt, 2) + gpt_size(&gpt, 2) > size - 3 * MIB);
        assert_true(gpt.partitions[2].last_lba <= gpt.last_usable);
        assert_int_equal(gpt_find(&gpt, IMAGE_ESP, 0), 0);
        assert_int_equal(gpt_find(&gpt, IMAGE_MSR, 0), 1);
        assert_int_equal(gpt_find(&gpt, IMAGE_WINDOWS, 0), 2);
        assert_int_equal(gpt_find(&gpt, IMAGE_WINDOWS, 3), 3);
        assert_false(guid_equal(&gpt.partitions[0].id, &gpt.partitions[1].id));
    }
}

static void plan_that_does_not_fit_is_refused(void **state)
{
    static const struct image_partition rest_first[] = {{IMAGE_WINDOWS, 0}, {IMAGE_ESP, MIB}};
    static const struct image_partition huge[] = {{IMAGE_ESP, UINT64_MAX - 1}};
    static const uint64_t sizes[] = {0, 511, MIB, 2 * MIB, 277 * MIB, 278 * MIB - 1};
    struct gpt gpt;
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (gpt_plan(sizes[i], 512, gpt_windows_layout, gpt_windows_layout_count, &gpt, &err))
            fail_msg("%llu bytes were enough", (unsigned long long)sizes[i]);
        assert_int_equal(err.message, TEXT_IMAGE_DISK_SMALL);
    }
    assert_false(gpt_plan(BYTES, 512, rest_first, 2, &gpt, &err));
    assert_int_equal(err.message, TEXT_HOST_LAYOUT_BAD);
    assert_false(gpt_plan(BYTES, 512, huge, 1, &gpt, &err));
    assert_int_equal(err.message, TEXT_IMAGE_DISK_SMALL);
}

/* ---- reading ---- */

static void table_that_was_written_is_read_back(void **state)
{
    struct gpt wanted, found;
    struct err err = ERR_INIT;

    (void)state;
    make_disk(&wanted);
    expect_done(read_disk(&found, &err), &err);
    assert_false(found.from_backup);
    assert_int_equal(found.count, wanted.count);
    assert_true(guid_equal(&found.disk, &wanted.disk));
    for (size_t i = 0; i < found.count; i++) {
        assert_true(guid_equal(&found.partitions[i].id, &wanted.partitions[i].id));
        assert_int_equal(found.partitions[i].first_lba, wanted.partitions[i].first_lba);
        assert_int_equal(found.partitions[i].last_lba, wanted.partitions[i].last_lba);
        assert_int_equal(found.partitions[i].attributes, wanted.partitions[i].attributes);
        assert_string_equal(found.partitions[i].name, wanted.partitions[i].name);
    }
}

static void copy_at_the_end_serves_when_the_first_table_is_damaged(void **state)
{
    static const uint64_t places[] = {512, 512 + 60, 1024 + 40};
    struct gpt wanted, found;

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct err err = ERR_INIT;

        make_disk(&wanted);
        patch(places[i], "\xff\xff", 2);
        expect_done(read_disk(&found, &err), &err);
        assert_true(found.from_backup);
        assert_int_equal(found.count, 3);
    }
    patch(BYTES - 512 + 60, "\xff\xff", 2);
    {
        struct err err = ERR_INIT;

        assert_false(read_disk(&found, &err));
        assert_int_equal(err.kind, ERR_BAD_INPUT);
        assert_int_equal(err.message, TEXT_IMAGE_GPT_DAMAGED);
    }
}

static void disk_without_table_is_told_from_one_with_an_old_one(void **state)
{
    static const char nothing[1024];
    struct gpt wanted, found;
    struct err err = ERR_INIT;

    (void)state;
    make_disk(&wanted);
    patch(0, nothing, sizeof nothing);
    patch(BYTES - 512, nothing, 512);
    assert_false(read_disk(&found, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(err.hint, TEXT_NONE);
    patch(510, "\x55\xaa", 2);
    assert_false(read_disk(&found, &err));
    assert_int_equal(err.message, TEXT_IMAGE_NO_GPT);
    assert_int_equal(err.hint, TEXT_IMAGE_MBR_HINT);
}

/* With right checksums: a program made these, not a fault of the disk. Both tables are forged. */
static void numbers_that_cannot_be_are_refused(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
        uint64_t value;
        bool in_table;
    } rows[] = {
        {"entries behind the disk", GPT_ENTRIES_LBA, UINT64_MAX, false},
        {"entry count", GPT_ENTRIES_COUNT, UINT64_C(128) << 32 | 1025, false},
        {"entry length", GPT_ENTRIES_COUNT, UINT64_C(100) << 32 | 128, false},
        {"entry length no power", GPT_ENTRIES_COUNT, UINT64_C(384) << 32 | 128, false},
        {"entry length huge", GPT_ENTRIES_COUNT, UINT64_C(0x80000000) << 32 | 1024, false},
        {"last usable", GPT_LAST_USABLE, UINT64_MAX, false},
        {"first usable", GPT_FIRST_USABLE, UINT64_C(1) << 40, false},
        {"header length", GPT_HEADER_LENGTH, 4000, false},
        {"partition behind the disk", GPT_ENTRY_LAST, UINT64_MAX, true},
        {"partition turned round", GPT_ENTRY_FIRST, 600000, true},
        {"partition in the table", GPT_ENTRY_FIRST, 3, true},
        {"partitions overlap", GPT_ENTRY_BYTES + GPT_ENTRY_FIRST, 4096, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gpt wanted, found;
        struct err err = ERR_INIT;

        make_disk(&wanted);
        forge(512, 1024, rows[i].offset, rows[i].value, rows[i].in_table);
        forge(BYTES - 512, BYTES - 33 * 512, rows[i].offset, rows[i].value, rows[i].in_table);
        if (read_disk(&found, &err))
            fail_msg("%s was not refused", rows[i].name);
        if (err.message != TEXT_IMAGE_GPT_DAMAGED)
            fail_msg("%s: %s", rows[i].name, text_row(err.message)->name);
    }
}

static void name_that_is_no_text_is_left_out(void **state)
{
    struct gpt wanted, found;
    struct err err = ERR_INIT;

    (void)state;
    make_disk(&wanted);
    forge(512, 1024, GPT_ENTRY_NAME, UINT64_C(0xdc00d800d800dc00), true);
    expect_done(read_disk(&found, &err), &err);
    assert_false(found.from_backup);
    assert_string_equal(found.partitions[0].name, "");
}

static void every_truncation_is_survived(void **state)
{
    struct gpt wanted, found;
    struct buf head;

    (void)state;
    make_disk(&wanted);
    buf_init(&head, 64 * 1024);
    {
        struct fs_file *file = NULL;
        size_t got = 0;

        DO(fs_file_open(DISK, FS_READ, FS_SHARED, &file, &do_err));
        DO(fs_file_read(file, 0, buf_reserve(&head, 40000), 40000, &got, &do_err));
        buf_added(&head, got);
        fs_file_close(file);
    }
    for (size_t length = 0; length <= head.len; length += 251) {
        struct source *source = NULL;
        struct err err = ERR_INIT;

        DO(source_open_memory(head.data, length, "cut", &source, &do_err));
        assert_false(gpt_read(source, 512, &found, &err));
        assert_true(err.kind == ERR_NOT_FOUND || err.kind == ERR_BAD_INPUT);
        source_free(source);
    }
    buf_done(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_gives_the_sizes_of_windows_aligned_to_a_mebibyte),
        cmocka_unit_test(plan_that_does_not_fit_is_refused),
        cmocka_unit_test(table_that_was_written_is_read_back),
        cmocka_unit_test(copy_at_the_end_serves_when_the_first_table_is_damaged),
        cmocka_unit_test(disk_without_table_is_told_from_one_with_an_old_one),
        cmocka_unit_test(numbers_that_cannot_be_are_refused),
        cmocka_unit_test(name_that_is_no_text_is_left_out),
        cmocka_unit_test(every_truncation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
