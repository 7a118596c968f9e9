/* Disk files that nobody has attached: what they say of themselves, and refusals of damaged ones.
 */
#include "tests/support/gpt_write.h"
#include "tests/support/ntfs_write.h"
#include "tests/support/support.h"

#include "host/image/inspect.h"
#include "host/image/ntfs_state.h"

#include <stdlib.h>
#include <string.h>

#define DISK_BYTES ((uint64_t)1 << 30)

static void expect_done(bool ok, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s", err_message(err, TEXT_EN, text, sizeof text));
}

#define DO(call)                                                                                   \
    do {                                                                                           \
        struct err do_err = ERR_INIT;                                                              \
        expect_done((call), &do_err);                                                              \
    } while (0)

/* ---- the state of a volume ---- */

/* Runs ntfs_state over bytes; *ret_dirty as it says. */
static bool state_of(const uint8_t *bytes, size_t size, bool *ret_dirty)
{
    struct source *source = NULL;
    struct err err = ERR_INIT;
    bool ok;

    DO(source_open_memory(bytes, size, "volume", &source, &do_err));
    ok = ntfs_state(source, ret_dirty, &err);
    assert_true(ok || err.kind == ERR_BAD_INPUT);
    source_free(source);
    return ok;
}

static void volume_is_dirty_when_it_says_so_or_its_journal_was_not_closed(void **state)
{
    static const struct {
        const char *name;
        struct ntfs_write what;
        bool dirty;
    } rows[] = {
        {"new", {.size_bytes = DISK_BYTES}, false},
        {"used and closed", {.size_bytes = DISK_BYTES, .log_used = true}, false},
        {"to be checked", {.size_bytes = DISK_BYTES, .dirty = true}, true},
        {"not closed", {.size_bytes = DISK_BYTES, .log_used = true, .log_open = true}, true},
        {"both",
         {.size_bytes = DISK_BYTES, .dirty = true, .log_used = true, .log_open = true},
         true},
    };
    uint8_t bytes[NTFS_WRITE_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool dirty = !rows[i].dirty;

        ntfs_write(&rows[i].what, bytes);
        if (!state_of(bytes, sizeof bytes, &dirty) || dirty != rows[i].dirty)
            fail_msg("%s", rows[i].name);
    }
}

static void damaged_volume_is_refused(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
    } rows[] = {
        {"no NTFS", 3, 'X'},
        {"sectors of no size", 0x0C, 0},
        {"sectors of 3 bytes", 0x0C, 3},
        {"clusters of 3 sectors", 0x0D, 3},
        {"table beyond the end", 0x35, 0xFF},
        {"records of no size", 0x40, 0},
        {"records of 2 GiB", 0x40, 0xE1},
        {"no record", 4 * 4096 + 3 * 1024, 'X'},
        {"torn record", 4 * 4096 + 3 * 1024 + 510, 0x77},
        {"array of fixups outside", 4 * 4096 + 3 * 1024 + 5, 0x77},
        {"attribute outside", 4 * 4096 + 3 * 1024 + 0x15, 0xFF},
        {"attribute without end", 4 * 4096 + 3 * 1024 + 0x38 + 5, 0xFF},
        {"attribute of no size", 4 * 4096 + 3 * 1024 + 0x38 + 4, 0},
        {"value outside", 4 * 4096 + 3 * 1024 + 0x38 + 0x15, 0xFF},
        {"value too short", 4 * 4096 + 3 * 1024 + 0x38 + 0x10, 2},
        {"journal in the record", 4 * 4096 + 2 * 1024 + 0x38 + 8, 0},
        {"runs outside", 4 * 4096 + 2 * 1024 + 0x38 + 0x21, 0xFF},
        {"run too long", 4 * 4096 + 2 * 1024 + 0x38 + 0x40, 0xFF},
        {"run without place", 4 * 4096 + 2 * 1024 + 0x38 + 0x40, 0x01},
        {"journal beyond the end", 4 * 4096 + 2 * 1024 + 0x38 + 0x42, 0x7F},
    };
    const struct ntfs_write good = {.size_bytes = DISK_BYTES};
    uint8_t bytes[NTFS_WRITE_BYTES];
    bool dirty;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ntfs_write(&good, bytes);
        bytes[rows[i].at] = rows[i].byte;
        if (rows[i].at == 0x0C && !rows[i].byte)
            bytes[0x0B] = 0;
        if (state_of(bytes, sizeof bytes, &dirty))
            fail_msg("%s", rows[i].name);
    }
    ntfs_write(&good, bytes);
    for (size_t size = 0; size < sizeof bytes; size += 4000)
        assert_false(size < 36864 && state_of(bytes, size, &dirty));
}

/* ---- disks ---- */

static void put_at(const char *path, uint64_t at, const void *bytes, size_t size)
{
    struct vhdx_writer *writer = NULL;

    DO(vhdx_write_open(path, &writer, &do_err));
    DO(vhdx_write_at(writer, at, bytes, size, &do_err));
    DO(vhdx_write_close(writer, &do_err));
}

/* A disk as Windows is installed on it. */
static void make_disk(const char *path, const struct ntfs_write *windows)
{
    struct vhdx_writer *writer = NULL;
    uint8_t bytes[NTFS_WRITE_BYTES];
    struct gpt gpt;

    DO(vhdx_write_create(path, DISK_BYTES, 0, 0, &do_err));
    DO(gpt_plan(DISK_BYTES, 512, gpt_windows_layout, gpt_windows_layout_count, &gpt, &do_err));
    DO(vhdx_write_open(path, &writer, &do_err));
    DO(gpt_write_vhdx(writer, &gpt, &do_err));
    fat32_write(1, bytes);
    DO(vhdx_write_at(writer, gpt_offset(&gpt, 0), bytes, BOOT_WRITE_BYTES, &do_err));
    ntfs_write(windows, bytes);
    DO(vhdx_write_at(writer, gpt_offset(&gpt, 2), bytes, sizeof bytes, &do_err));
    DO(vhdx_write_close(writer, &do_err));
}

static void disk_says_what_its_partitions_hold(void **state)
{
    const struct ntfs_write windows = {.size_bytes = DISK_BYTES};
    struct image_look look;

    (void)state;
    support_folder("look");
    make_disk("look/a.vhdx", &windows);
    DO(inspect_vhdx("look/a.vhdx", &look, &do_err));
    assert_int_equal(look.size_bytes, DISK_BYTES);
    assert_string_equal(look.parent, "");
    assert_int_equal(look.part_count, 3);
    assert_int_equal(look.parts[0].role, IMAGE_ESP);
    assert_int_equal(look.parts[0].content, IMAGE_CONTENT_FAT);
    assert_int_equal(look.parts[1].role, IMAGE_MSR);
    assert_int_equal(look.parts[1].content, IMAGE_CONTENT_OTHER);
    assert_int_equal(look.parts[2].role, IMAGE_WINDOWS);
    assert_int_equal(look.parts[2].content, IMAGE_CONTENT_NTFS);
    assert_false(look.parts[2].dirty);
}

static void dirty_and_encrypted_volumes_are_told(void **state)
{
    const struct ntfs_write windows = {.size_bytes = DISK_BYTES, .dirty = true};
    uint8_t boot[BOOT_WRITE_BYTES];
    struct image_look look;

    (void)state;
    support_folder("dirty");
    make_disk("dirty/a.vhdx", &windows);
    DO(inspect_vhdx("dirty/a.vhdx", &look, &do_err));
    assert_true(look.parts[2].dirty);
    bitlocker_write(1, boot);
    put_at("dirty/a.vhdx", look.parts[2].offset_bytes, boot, sizeof boot);
    DO(inspect_vhdx("dirty/a.vhdx", &look, &do_err));
    assert_int_equal(look.parts[2].content, IMAGE_CONTENT_BITLOCKER);
    /* an NTFS that nobody understands counts as dirty */
    memcpy(boot + 3, "NTFS    ", 8);
    put_at("dirty/a.vhdx", look.parts[2].offset_bytes, boot, sizeof boot);
    DO(inspect_vhdx("dirty/a.vhdx", &look, &do_err));
    assert_true(look.parts[2].content == IMAGE_CONTENT_NTFS && look.parts[2].dirty);
}

static void child_is_looked_at_through_its_parent(void **state)
{
    const struct ntfs_write windows = {.size_bytes = DISK_BYTES};
    struct image_look parent, child;
    struct err err = ERR_INIT;
    uint8_t boot[BOOT_WRITE_BYTES];

    (void)state;
    support_folder("chain");
    make_disk("chain/a.vhdx", &windows);
    DO(vhdx_write_create_child("chain/b.vhdx", "chain/a.vhdx", ".\\a.vhdx", NULL, 0, &do_err));
    DO(inspect_vhdx("chain/a.vhdx", &parent, &do_err));
    DO(inspect_vhdx("chain/b.vhdx", &child, &do_err));
    assert_string_equal(child.parent_id, parent.id);
    assert_non_null(strstr(child.parent, "a.vhdx"));
    assert_int_equal(child.part_count, 3);
    assert_int_equal(child.parts[2].content, IMAGE_CONTENT_NTFS);
    fat32_write(7, boot);
    put_at("chain/a.vhdx", 0, boot, sizeof boot);
    assert_false(inspect_vhdx("chain/b.vhdx", &child, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    err_clear(&err);
    DO(fs_remove("chain/a.vhdx", &do_err));
    assert_false(inspect_vhdx("chain/b.vhdx", &child, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    err_clear(&err);
    assert_false(inspect_vhdx("chain/a.vhdx", &child, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void empty_disk_has_no_partitions_and_a_foreign_file_is_no_disk(void **state)
{
    struct image_look look;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("empty");
    DO(vhdx_write_create("empty/a.vhdx", DISK_BYTES, 0, 0, &do_err));
    DO(inspect_vhdx("empty/a.vhdx", &look, &do_err));
    assert_int_equal(look.part_count, 0);
    DO(fs_write_atomic("empty/b.vhdx", "letters", 7, FS_SHARED, &do_err));
    assert_false(inspect_vhdx("empty/b.vhdx", &look, &err));
    assert_int_equal(err.kind, ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volume_is_dirty_when_it_says_so_or_its_journal_was_not_closed),
        cmocka_unit_test(damaged_volume_is_refused),
        cmocka_unit_test(disk_says_what_its_partitions_hold),
        cmocka_unit_test(dirty_and_encrypted_volumes_are_told),
        cmocka_unit_test(child_is_looked_at_through_its_parent),
        cmocka_unit_test(empty_disk_has_no_partitions_and_a_foreign_file_is_no_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
