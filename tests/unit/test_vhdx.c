/*
 * The VHDX reader on disks that the writer of the tests makes (whose disks other people's programs
 * judge in tests/image): content through chains, and every way in which a file can be wrong.
 */
#include "tests/support/expect.h"

#include "common/fs.h"
#include "host/image/bytes.h"
#include "host/image/crc.h"
#include "host/image/vhdx.h"
#include "host/image/vhdx_format.h"
#include "tests/support/vhdx_write.h"

#include <stdlib.h>
#include <string.h>

#define MIB      (UINT64_C(1) << 20)
#define SECTOR   512u
#define METADATA (2 * MIB) /* where the writer puts it */
#define BAT      (3 * MIB)

/* ---- builders ---- */

static void write_range(const char *path, uint64_t position, size_t size, uint8_t fill)
{
    struct vhdx_writer *writer = NULL;
    uint8_t *data = malloc(size);

    assert_non_null(data);
    memset(data, fill, size);
    DO(vhdx_write_open(path, &writer, &do_err));
    DO(vhdx_write_at(writer, position, data, size, &do_err));
    DO(vhdx_write_close(writer, &do_err));
    free(data);
}

/* A disk of 64 MiB in which 3 MiB + 1 sector from 5 MiB on are 'a'. */
static void make_parent(const char *path)
{
    DO(vhdx_write_create(path, 64 * MIB, (uint32_t)MIB, 0, &do_err));
    write_range(path, 5 * MIB, (size_t)(3 * MIB) + SECTOR, 'a');
}

static void make_child(const char *path, const char *parent, const char *relative)
{
    DO(vhdx_write_create_child(path, parent, relative, NULL, (uint32_t)(2 * MIB), &do_err));
}

static void expect_bytes(struct vhdx_chain *chain, uint64_t position, uint64_t size, uint8_t wanted)
{
    uint8_t *data = malloc((size_t)size);

    assert_non_null(data);
    DO(source_read(vhdx_chain_source(chain), position, data, (size_t)size, &do_err));
    for (size_t i = 0; i < size; i++)
        if (data[i] != wanted)
            fail_msg(
                "byte %llu is %u, not %u", (unsigned long long)(position + i), data[i], wanted);
    free(data);
}

static void expect_refused(const char *path, enum err_kind kind, enum text_id message)
{
    struct vhdx_chain *chain = NULL;
    struct err err = ERR_INIT;
    char text[512];

    if (vhdx_chain_open(path, &chain, &err))
        fail_msg("%s was not refused", path);
    assert_null(chain);
    if (err.kind != kind || err.message != message)
        fail_msg("%s: %s", path, err_message(&err, TEXT_EN, text, sizeof text));
}

/* Changes bytes of a file. */
static void patch(const char *path, uint64_t position, const void *data, size_t size)
{
    struct fs_file *file = NULL;

    DO(fs_file_open(path, FS_UPDATE, FS_SHARED, &file, &do_err));
    DO(fs_file_write(file, position, data, size, &do_err));
    fs_file_close(file);
}

static void patch32(const char *path, uint64_t position, uint32_t value)
{
    uint8_t bytes[4];

    bytes_put32(bytes, value);
    patch(path, position, bytes, sizeof bytes);
}

/* Makes the checksum at 4 of a structure right again. */
static void sum_again(const char *path, uint64_t position, size_t size)
{
    uint8_t *bytes = malloc(size);
    struct fs_file *file = NULL;
    size_t got = 0;

    assert_non_null(bytes);
    DO(fs_file_open(path, FS_READ, FS_SHARED, &file, &do_err));
    DO(fs_file_read(file, position, bytes, size, &got, &do_err));
    fs_file_close(file);
    bytes_put32(bytes + 4, 0);
    patch32(path, position + 4, crc32_castagnoli(0, bytes, size));
    free(bytes);
}

/* ---- content ---- */

static void content_is_what_was_written_and_zero_elsewhere(void **state)
{
    struct vhdx_chain *chain = NULL;

    (void)state;
    support_folder("plain");
    make_parent("plain/a.vhdx");
    DO(vhdx_chain_open("plain/a.vhdx", &chain, &do_err));
    assert_int_equal(vhdx_chain_count(chain), 1);
    assert_int_equal(vhdx_chain_source(chain)->size_bytes, 64 * MIB);
    expect_bytes(chain, 0, 5 * MIB, 0);
    expect_bytes(chain, 5 * MIB, 3 * MIB + SECTOR, 'a');
    expect_bytes(chain, 8 * MIB + SECTOR, MIB, 0);
    expect_bytes(chain, 64 * MIB - 1, 1, 0);
    vhdx_chain_free(chain);
}

static void child_shows_its_sectors_over_those_of_its_parents(void **state)
{
    struct vhdx_chain *chain = NULL;

    (void)state;
    support_folder("chain");
    support_folder("chain/below");
    make_parent("chain/a.vhdx");
    make_child("chain/below/b.vhdx", "chain/a.vhdx", "..\\a.vhdx");
    write_range("chain/below/b.vhdx", 6 * MIB + SECTOR, 3 * SECTOR, 'b');
    make_child("chain/c.vhdx", "chain/below/b.vhdx", ".\\below\\b.vhdx");
    write_range("chain/c.vhdx", 7 * MIB, SECTOR, 'c');
    write_range("chain/c.vhdx", 32 * MIB, (size_t)(4 * MIB), 'c');
    DO(vhdx_chain_open("chain/c.vhdx", &chain, &do_err));
    assert_int_equal(vhdx_chain_count(chain), 3);
    assert_true(vhdx_chain_info(chain, 0)->differencing);
    assert_false(vhdx_chain_info(chain, 2)->differencing);
    expect_bytes(chain, 5 * MIB, MIB + SECTOR, 'a');
    expect_bytes(chain, 6 * MIB + SECTOR, 3 * SECTOR, 'b');
    expect_bytes(chain, 6 * MIB + 4 * SECTOR, MIB - 4 * SECTOR, 'a');
    expect_bytes(chain, 7 * MIB, SECTOR, 'c');
    expect_bytes(chain, 7 * MIB + SECTOR, MIB, 'a');
    expect_bytes(chain, 32 * MIB, 4 * MIB, 'c');
    expect_bytes(chain, 36 * MIB, 28 * MIB, 0);
    vhdx_chain_free(chain);
}

/* 4 GiB of sectors make one chunk with 512 bytes; the entry of its bitmap shifts those behind. */
static void content_beyond_one_chunk_of_the_table_is_found(void **state)
{
    static const uint64_t positions[] = {0,
                                         (UINT64_C(4) << 30) - 4096,
                                         UINT64_C(4) << 30,
                                         (UINT64_C(9) << 30) + 4096,
                                         (UINT64_C(20) << 30) - 4096};
    static const uint32_t sectors[] = {512, 4096};

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        struct vhdx_chain *chain = NULL;

        support_folder("chunks");
        DO(vhdx_write_create(
            "chunks/a.vhdx", UINT64_C(20) << 30, (uint32_t)(2 * MIB), sectors[s], &do_err));
        make_child("chunks/b.vhdx", "chunks/a.vhdx", "a.vhdx");
        for (size_t i = 0; i < 5; i++)
            write_range("chunks/b.vhdx", positions[i], 4096, (uint8_t)('0' + i));
        DO(vhdx_chain_open("chunks/b.vhdx", &chain, &do_err));
        for (size_t i = 0; i < 5; i++)
            expect_bytes(chain, positions[i], 4096, (uint8_t)('0' + i));
        expect_bytes(chain, (UINT64_C(4) << 30) + 4096, 65536, 0);
        vhdx_chain_free(chain);
    }
}

static void newer_header_counts_and_one_may_be_damaged(void **state)
{
    struct vhdx_chain *chain = NULL;
    uint64_t sequence;

    (void)state;
    support_folder("headers");
    make_parent("headers/a.vhdx");
    DO(vhdx_chain_open("headers/a.vhdx", &chain, &do_err));
    sequence = vhdx_chain_info(chain, 0)->sequence;
    vhdx_chain_free(chain);
    patch32("headers/a.vhdx", VHDX_HEADER_2 + 100, 1);
    DO(vhdx_chain_open("headers/a.vhdx", &chain, &do_err));
    assert_int_equal(vhdx_chain_info(chain, 0)->sequence, sequence - 1);
    vhdx_chain_free(chain);
    patch32("headers/a.vhdx", VHDX_HEADER_1 + 100, 1);
    expect_refused("headers/a.vhdx", ERR_BAD_INPUT, TEXT_IMAGE_VHDX_DAMAGED);
}

static void second_region_table_serves_when_the_first_is_damaged(void **state)
{
    struct vhdx_chain *chain = NULL;

    (void)state;
    support_folder("regions");
    make_parent("regions/a.vhdx");
    patch32("regions/a.vhdx", VHDX_REGIONS_1 + 4, 1);
    DO(vhdx_chain_open("regions/a.vhdx", &chain, &do_err));
    expect_bytes(chain, 5 * MIB, MIB, 'a');
    vhdx_chain_free(chain);
    patch32("regions/a.vhdx", VHDX_REGIONS_2 + 4, 1);
    expect_refused("regions/a.vhdx", ERR_BAD_INPUT, TEXT_IMAGE_VHDX_DAMAGED);
}

/* ---- parents ---- */

static void parent_that_was_written_to_is_refused(void **state)
{
    struct vhdx_chain *chain = NULL;

    (void)state;
    support_folder("changed");
    make_parent("changed/a.vhdx");
    make_child("changed/b.vhdx", "changed/a.vhdx", ".\\a.vhdx");
    DO(vhdx_chain_open("changed/b.vhdx", &chain, &do_err));
    vhdx_chain_free(chain);
    write_range("changed/a.vhdx", 0, SECTOR, 'x');
    expect_refused("changed/b.vhdx", ERR_CONFLICT, TEXT_IMAGE_VHDX_PARENT_CHANGED);
}

static void missing_parent_is_named(void **state)
{
    struct err err = ERR_INIT;
    struct vhdx_chain *chain = NULL;

    (void)state;
    support_folder("missing");
    make_parent("missing/a.vhdx");
    make_child("missing/b.vhdx", "missing/a.vhdx", ".\\a.vhdx");
    DO(fs_remove("missing/a.vhdx", &do_err));
    assert_false(vhdx_chain_open("missing/b.vhdx", &chain, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(err.message, TEXT_IMAGE_VHDX_PARENT_MISSING);
    assert_string_equal(err.args[1], ".\\a.vhdx");
    assert_int_not_equal(err.hint, TEXT_NONE);
}

/* Names that lead to other computers or to the root are not followed, even when something is there.
 */
static void names_of_parents_that_lead_elsewhere_are_not_followed(void **state)
{
    static const char *const names[] = {
        "\\a.vhdx", "\\\\server\\share\\a.vhdx", "/a.vhdx", "C:a.vhdx", "a.vhdx:stream", ""};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        support_folder("elsewhere");
        make_parent("elsewhere/a.vhdx");
        DO(vhdx_write_create_child("elsewhere/b.vhdx",
                                   "elsewhere/a.vhdx",
                                   names[i],
                                   "\\\\server\\share\\a.vhdx",
                                   0,
                                   &do_err));
        expect_refused("elsewhere/b.vhdx", ERR_NOT_FOUND, TEXT_IMAGE_VHDX_PARENT_MISSING);
    }
}

/* A copy of a child in the place of its parent closes the circle when the linkage says so. */
static void circle_of_parents_is_found(void **state)
{
    struct vhdx_chain *chain = NULL;
    uint8_t linkage[72];
    char text[GUID_TEXT_BYTES];

    (void)state;
    support_folder("circle");
    make_parent("circle/a.vhdx");
    make_child("circle/b.vhdx", "circle/a.vhdx", ".\\b.vhdx");
    DO(fs_remove("circle/a.vhdx", &do_err));
    /* its own DataWriteGuid, as UTF-16 without braces, over that of the parent in the locator */
    {
        struct source *source = NULL;
        struct vhdx *vhdx = NULL;

        DO(source_open_file("circle/b.vhdx", &source, &do_err));
        DO(vhdx_open(source, &vhdx, &do_err));
        guid_text(&vhdx_info(vhdx)->data_write, text);
        vhdx_free(vhdx);
        source_free(source);
    }
    for (size_t i = 0; i < 36; i++)
        bytes_put16(linkage + 2 * i, (uint16_t)text[i]);
    {
        struct buf file;
        static const char key[] = "p\0a\0r\0e\0n\0t\0_\0l\0i\0n\0k\0a\0g\0e\0{";
        size_t at = 0;

        buf_init(&file, (size_t)(8 * MIB));
        DO(fs_read("circle/b.vhdx", (size_t)(8 * MIB), &file, &do_err));
        while (at + sizeof key < file.len && memcmp(file.data + at, key, sizeof key - 1) != 0)
            at++;
        assert_true(at + sizeof key < file.len);
        patch("circle/b.vhdx", at + sizeof key, linkage, sizeof linkage);
        buf_done(&file);
    }
    assert_null(chain);
    expect_refused("circle/b.vhdx", ERR_CONFLICT, TEXT_IMAGE_VHDX_CYCLE);
}

static void chain_that_is_too_deep_is_refused(void **state)
{
    char path[64], parent[64], name[64];

    (void)state;
    support_folder("deep");
    DO(vhdx_write_create("deep/0.vhdx", 4 * MIB, (uint32_t)MIB, 0, &do_err));
    for (int i = 1; i <= VHDX_CHAIN_MAX; i++) {
        snprintf(path, sizeof path, "deep/%d.vhdx", i);
        snprintf(parent, sizeof parent, "deep/%d.vhdx", i - 1);
        snprintf(name, sizeof name, ".\\%d.vhdx", i - 1);
        make_child(path, parent, name);
    }
    {
        struct vhdx_chain *chain = NULL;

        snprintf(path, sizeof path, "deep/%d.vhdx", VHDX_CHAIN_MAX - 1);
        DO(vhdx_chain_open(path, &chain, &do_err));
        assert_int_equal(vhdx_chain_count(chain), VHDX_CHAIN_MAX);
        vhdx_chain_free(chain);
    }
    snprintf(path, sizeof path, "deep/%d.vhdx", VHDX_CHAIN_MAX);
    expect_refused(path, ERR_TOO_LARGE, TEXT_IMAGE_VHDX_DEEP);
}

/* ---- what is refused ---- */

static void file_with_a_log_to_replay_is_refused_with_a_hint(void **state)
{
    struct vhdx_chain *chain = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("dirty");
    make_parent("dirty/a.vhdx");
    DO(vhdx_write_dirty("dirty/a.vhdx", &do_err));
    assert_false(vhdx_chain_open("dirty/a.vhdx", &chain, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_int_equal(err.message, TEXT_IMAGE_VHDX_DIRTY);
    assert_int_equal(err.hint, TEXT_IMAGE_VHDX_DIRTY_HINT);
}

static void what_is_no_vhdx_is_told_apart(void **state)
{
    char vhd[1024] = "conectix";
    struct vhdx_chain *chain = NULL;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("other");
    DO(fs_write_atomic("other/a.vhd", vhd, sizeof vhd, FS_SHARED, &do_err));
    assert_false(vhdx_chain_open("other/a.vhd", &chain, &err));
    assert_int_equal(err.message, TEXT_IMAGE_NO_VHDX);
    assert_int_equal(err.hint, TEXT_IMAGE_VHD_HINT);
    DO(fs_write_atomic("other/b", "x", 1, FS_SHARED, &do_err));
    assert_false(vhdx_chain_open("other/b", &chain, &err));
    assert_int_equal(err.hint, TEXT_IMAGE_NO_VHDX_HINT);
    DO(fs_write_atomic("other/c", NULL, 0, FS_SHARED, &do_err));
    expect_refused("other/c", ERR_BAD_INPUT, TEXT_IMAGE_NO_VHDX);
    DO(fs_write_atomic("other/d", VHDX_FILE_MAGIC, 8, FS_SHARED, &do_err));
    expect_refused("other/d", ERR_BAD_INPUT, TEXT_IMAGE_SHORT);
}

/* Each row damages one number of a whole disk. */
static void every_number_that_cannot_be_is_refused(void **state)
{
    static const struct {
        const char *name;
        uint64_t position, sum_at;
        size_t sum_size;
        uint32_t value;
        enum text_id message;
    } rows[] = {
        {"header version", VHDX_HEADER_2 + 66, VHDX_HEADER_2, 4096, 7, TEXT_IMAGE_VHDX_UNKNOWN},
        {"region count", VHDX_REGIONS_1 + 8, VHDX_REGIONS_1, 65536, 2048, TEXT_IMAGE_VHDX_DAMAGED},
        {"no regions", VHDX_REGIONS_1 + 8, VHDX_REGIONS_1, 65536, 0, TEXT_IMAGE_VHDX_DAMAGED},
        {"region missing", VHDX_REGIONS_1 + 8, VHDX_REGIONS_1, 65536, 1, TEXT_IMAGE_VHDX_DAMAGED},
        {"region name", VHDX_REGIONS_1 + 16, VHDX_REGIONS_1, 65536, 1, TEXT_IMAGE_VHDX_UNKNOWN},
        {"region place", VHDX_REGIONS_1 + 32, VHDX_REGIONS_1, 65536, 512, TEXT_IMAGE_VHDX_DAMAGED},
        {"region behind the end",
         VHDX_REGIONS_1 + 36,
         VHDX_REGIONS_1,
         65536,
         9,
         TEXT_IMAGE_VHDX_DAMAGED},
        {"regions overlap",
         VHDX_REGIONS_1 + 32,
         VHDX_REGIONS_1,
         65536,
         2 << 20,
         TEXT_IMAGE_VHDX_DAMAGED},
        {"metadata magic", METADATA, 0, 0, 0, TEXT_IMAGE_VHDX_DAMAGED},
        {"item count", METADATA + 10, 0, 0, 0xffff, TEXT_IMAGE_VHDX_DAMAGED},
        {"items missing", METADATA + 10, 0, 0, 2, TEXT_IMAGE_VHDX_DAMAGED},
        {"item name", METADATA + 32, 0, 0, 1, TEXT_IMAGE_VHDX_UNKNOWN},
        {"item in the table", METADATA + 48, 0, 0, 1, TEXT_IMAGE_VHDX_DAMAGED},
        {"item outside", METADATA + 48, 0, 0, 0x100000, TEXT_IMAGE_VHDX_DAMAGED},
        {"item length", METADATA + 52, 0, 0, 9, TEXT_IMAGE_VHDX_DAMAGED},
        {"block size", METADATA + 65536, 0, 0, 12345, TEXT_IMAGE_VHDX_DAMAGED},
        {"block size zero", METADATA + 65536, 0, 0, 0, TEXT_IMAGE_VHDX_DAMAGED},
        {"disk size odd", METADATA + 65536 + 16, 0, 0, 1, TEXT_IMAGE_VHDX_DAMAGED},
        {"disk size", METADATA + 65536 + 22, 0, 0, 0x7fff, TEXT_IMAGE_VHDX_DAMAGED},
        {"disk larger than its table",
         METADATA + 65536 + 20,
         0,
         0,
         0x1000,
         TEXT_IMAGE_VHDX_DAMAGED},
        {"sector size", METADATA + 65536 + 48, 0, 0, 520, TEXT_IMAGE_VHDX_DAMAGED},
        {"parent without locator", METADATA + 65536 + 4, 0, 0, 2, TEXT_IMAGE_VHDX_DAMAGED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vhdx_chain *chain = NULL;
        struct err err = ERR_INIT;

        support_folder("numbers");
        make_parent("numbers/a.vhdx");
        patch32("numbers/a.vhdx", rows[i].position, rows[i].value);
        if (rows[i].sum_at)
            sum_again("numbers/a.vhdx", rows[i].sum_at, rows[i].sum_size);
        if (vhdx_chain_open("numbers/a.vhdx", &chain, &err))
            fail_msg("%s was not refused", rows[i].name);
        if (err.message != rows[i].message || err.kind != ERR_BAD_INPUT)
            fail_msg("%s: %s", rows[i].name, text_row(err.message)->name);
    }
}

static void block_outside_of_the_file_or_inside_of_tables_is_refused(void **state)
{
    static const uint64_t entries[] = {
        (UINT64_C(1) << 40) | 6, /* behind the end */
        (3 * MIB) | 6,           /* the table itself */
        (2 * MIB) | 6,           /* metadata */
        6,                       /* headers */
        (8 * MIB) | 7,           /* partial without parent */
        (8 * MIB) | 4,           /* no such state */
        (8 * MIB) | 5,
    };

    (void)state;
    support_folder("blocks");
    make_parent("blocks/a.vhdx");
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        struct vhdx_chain *chain = NULL;
        struct err err = ERR_INIT;
        uint8_t bytes[8], data[SECTOR];

        bytes_put64(bytes, entries[i]);
        patch("blocks/a.vhdx", BAT + 5 * 8, bytes, sizeof bytes);
        DO(vhdx_chain_open("blocks/a.vhdx", &chain, &do_err));
        if (source_read(vhdx_chain_source(chain), 5 * MIB, data, sizeof data, &err))
            fail_msg("entry %zu was not refused", i);
        assert_int_equal(err.kind, ERR_BAD_INPUT);
        vhdx_chain_free(chain);
    }
}

/* Every length that a broken copy can have ends in an error or in a disk, never in a crash. */
static void every_truncation_is_survived(void **state)
{
    struct buf whole;

    (void)state;
    support_folder("cut");
    make_parent("cut/a.vhdx");
    make_child("cut/b.vhdx", "cut/a.vhdx", ".\\a.vhdx");
    write_range("cut/b.vhdx", 0, SECTOR, 'b');
    buf_init(&whole, (size_t)(32 * MIB));
    DO(fs_read("cut/b.vhdx", (size_t)(32 * MIB), &whole, &do_err));
    for (size_t length = 0; length < whole.len; length += length < 1024 ? 97 : 61441) {
        struct source *source = NULL;
        struct vhdx *vhdx = NULL;
        struct err err = ERR_INIT;

        DO(source_open_memory(whole.data, length, "cut", &source, &do_err));
        if (vhdx_open(source, &vhdx, &err)) {
            struct vhdx_extent extent;

            vhdx_map(vhdx, 0, MIB, &extent, &err);
        } else {
            assert_int_equal(err.kind, ERR_BAD_INPUT);
        }
        vhdx_free(vhdx);
        source_free(source);
    }
    buf_done(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_is_what_was_written_and_zero_elsewhere),
        cmocka_unit_test(child_shows_its_sectors_over_those_of_its_parents),
        cmocka_unit_test(content_beyond_one_chunk_of_the_table_is_found),
        cmocka_unit_test(newer_header_counts_and_one_may_be_damaged),
        cmocka_unit_test(second_region_table_serves_when_the_first_is_damaged),
        cmocka_unit_test(parent_that_was_written_to_is_refused),
        cmocka_unit_test(missing_parent_is_named),
        cmocka_unit_test(names_of_parents_that_lead_elsewhere_are_not_followed),
        cmocka_unit_test(circle_of_parents_is_found),
        cmocka_unit_test(chain_that_is_too_deep_is_refused),
        cmocka_unit_test(file_with_a_log_to_replay_is_refused_with_a_hint),
        cmocka_unit_test(what_is_no_vhdx_is_told_apart),
        cmocka_unit_test(every_number_that_cannot_be_is_refused),
        cmocka_unit_test(block_outside_of_the_file_or_inside_of_tables_is_refused),
        cmocka_unit_test(every_truncation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
