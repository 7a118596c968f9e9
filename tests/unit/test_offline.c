/*
 * Disks of VMs that are off: which of them may be changed, and where their Windows is. Everything
 * that could do harm is refused, with a sentence of its own and a way out, and nothing was attached
 * for writing then.
 */
#include "tests/support/expect.h"

#include "host/image/dir_label.h"
#include "host/image/dir_windows.h"
#include "host/image/offline.h"
#include "host/image/plan.h"

#include <stdio.h>
#include <string.h>

static const struct image_partition layout[] = {
    {IMAGE_ESP, 260u << 20},
    {IMAGE_MSR, 16u << 20},
    {IMAGE_WINDOWS, 0},
};

static struct image_port *open_port(void)
{
    struct image_port *port = NULL;

    DO(image_open_dir(&port, &do_err));
    return port;
}

/* A disk with partitions, and with Windows unless it is a data disk. */
static void make_disk(struct image_port *port, const char *path, bool windows)
{
    struct image_disk *disk = NULL;

    DO(port->disk->create(port, path, 1 << 30, &do_err));
    DO(port->disk->attach(port, path, IMAGE_WRITE, &disk, &do_err));
    DO(port->disk->layout(port, disk, layout, 3, &do_err));
    DO(port->disk->detach(port, disk, &do_err));
    if (windows)
        DO(dir_windows_make(path, &do_err));
}

static void put(const char *disk, const char *name, const char *content)
{
    char path[FS_PATH_BYTES];

    DO(fs_join(path, disk, name, &do_err));
    DO(fs_write_atomic(path, content, strlen(content), FS_PRIVATE, &do_err));
}

static void label(const char *disk, bool dirty, bool bitlocker)
{
    struct dir_label label;

    DO(dir_label_load(disk, &label, &do_err));
    label.dirty = dirty;
    label.bitlocker = bitlocker;
    DO(dir_label_renew(disk, &label, &do_err));
}

static void id_of(struct image_port *port, const char *disk, char out[IMAGE_ID_BYTES])
{
    struct image_look look;

    DO(port->file->inspect(port, disk, &look, &do_err));
    text_copy(out, IMAGE_ID_BYTES, look.id);
}

/* Expects a refusal, and that the disk was not opened for writing. */
static void refused(struct image_port *port,
                    const char *disk,
                    enum err_kind kind,
                    enum text_id why,
                    enum text_id hint)
{
    char before[IMAGE_ID_BYTES], after[IMAGE_ID_BYTES];
    struct image_volume *volume = NULL;
    struct image_disk *open = NULL;
    struct err err = ERR_INIT;

    id_of(port, disk, before);
    if (offline_open(port, disk, NULL, &open, &volume, &err))
        fail_msg("%s was opened", disk);
    if (err.kind != kind || err.message != why || err.hint != hint)
        fail_msg("%s: %s", disk, text_row(err.message)->name);
    assert_null(open);
    id_of(port, disk, after);
    assert_string_equal(before, after);
}

static void disk_with_windows_is_opened_at_its_volume(void **state)
{
    struct image_port *port = open_port();
    struct image_volume *volume = NULL;
    struct image_disk *disk = NULL;
    struct fs_stat stat;

    (void)state;
    support_folder("fine");
    make_disk(port, "fine/a.vhdx", true);
    put("fine/a.vhdx", "hiberfil.sys", "wake");
    DO(offline_open(port, "fine/a.vhdx", NULL, &disk, &volume, &do_err));
    DO(port->tree->stat(port, volume, PLAN_SYSTEM, &stat, &do_err));
    assert_int_equal(stat.kind, FS_FILE);
    DO(port->tree->put(port, volume, "new.txt", "x", 1, IMAGE_ACL_INHERIT, &do_err));
    DO(port->disk->detach(port, disk, &do_err));
    image_free(port);
}

static void windows_that_was_not_shut_down_is_refused(void **state)
{
    static const char *const asleep[] = {"hibr....", "HIBR", "rstr", "RSTR"};
    struct image_port *port = open_port();

    (void)state;
    support_folder("open");
    make_disk(port, "open/a.vhdx", true);
    for (size_t i = 0; i < sizeof asleep / sizeof *asleep; i++) {
        put("open/a.vhdx", "hiberfil.sys", asleep[i]);
        refused(
            port, "open/a.vhdx", ERR_CONFLICT, TEXT_BUILD_HIBERNATED, TEXT_BUILD_SHUT_DOWN_HINT);
    }
    put("open/a.vhdx", "hiberfil.sys", "");
    label("open/a.vhdx", true, false);
    refused(port, "open/a.vhdx", ERR_CONFLICT, TEXT_BUILD_VOLUME_DIRTY, TEXT_BUILD_SHUT_DOWN_HINT);
    image_free(port);
}

static void encrypted_windows_and_data_disks_are_explained(void **state)
{
    struct image_port *port = open_port();

    (void)state;
    support_folder("other");
    make_disk(port, "other/locked.vhdx", true);
    label("other/locked.vhdx", false, true);
    refused(port,
            "other/locked.vhdx",
            ERR_UNSUPPORTED,
            TEXT_BUILD_BITLOCKER,
            TEXT_BUILD_BITLOCKER_HINT);
    make_disk(port, "other/data.vhdx", false);
    refused(port, "other/data.vhdx", ERR_NOT_FOUND, TEXT_BUILD_DATA_DISK, TEXT_NONE);
    image_free(port);
}

static void disk_with_checkpoint_child_or_old_format_is_refused(void **state)
{
    struct image_port *port = open_port();
    static const char *const far[] = {"elsewhere/b.vhdx"};
    static const struct offline_others others = {far, 1};
    struct image_look look;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("chain");
    support_folder("elsewhere");
    make_disk(port, "chain/a.vhdx", true);
    make_disk(port, "chain/a_1.AVHDX", true);
    make_disk(port, "chain/a.vhd", true);
    refused(
        port, "chain/a_1.AVHDX", ERR_CONFLICT, TEXT_BUILD_CHECKPOINT, TEXT_BUILD_CHECKPOINT_HINT);
    refused(
        port, "chain/a.vhd", ERR_UNSUPPORTED, TEXT_BUILD_OLD_FORMAT, TEXT_BUILD_OLD_FORMAT_HINT);
    /* a child elsewhere is known when somebody names it */
    DO(port->disk->create_child(port, "elsewhere/b.vhdx", "chain/a.vhdx", &do_err));
    DO(offline_check(port, "chain/a.vhdx", NULL, &look, &do_err));
    assert_false(offline_check(port, "chain/a.vhdx", &others, &look, &err));
    assert_int_equal(err.message, TEXT_BUILD_HAS_CHILD);
    /* one beside it is found */
    DO(port->disk->create_child(port, "chain/c.vhdx", "chain/a.vhdx", &do_err));
    refused(port, "chain/a.vhdx", ERR_CONFLICT, TEXT_BUILD_HAS_CHILD, TEXT_BUILD_HAS_CHILD_HINT);
    /* the child itself is fine */
    DO(offline_check(port, "chain/c.vhdx", &others, &look, &do_err));
    image_free(port);
}

static void child_whose_parent_was_changed_is_refused(void **state)
{
    struct image_port *port = open_port();

    (void)state;
    support_folder("changed");
    make_disk(port, "changed/a.vhdx", true);
    DO(port->disk->create_child(port, "changed/c.vhdx", "changed/a.vhdx", &do_err));
    label("changed/a.vhdx", false, false);
    {
        struct image_volume *volume = NULL;
        struct image_disk *open = NULL;
        struct err err = ERR_INIT;

        assert_false(offline_open(port, "changed/c.vhdx", NULL, &open, &volume, &err));
        assert_int_equal(err.message, TEXT_BUILD_PARENT_CHANGED);
    }
    image_free(port);
}

static bool says_unclean(struct image_port *port,
                         const char *path,
                         struct image_look *ret_look,
                         struct err *err)
{
    (void)port;
    (void)path;
    (void)err;
    *ret_look = (struct image_look){.unclean = true};
    return true;
}

static void disk_file_that_was_not_closed_is_refused(void **state)
{
    struct image_port *port = open_port();
    struct image_file_ops ops = *port->file;
    struct image_look look;
    struct err err = ERR_INIT;

    (void)state;
    ops.inspect = says_unclean;
    port->file = &ops;
    assert_false(offline_check(port, "any.vhdx", NULL, &look, &err));
    assert_int_equal(err.message, TEXT_BUILD_DISK_UNCLEAN);
    image_free(port);
}

static void windows_is_found_among_several_disks(void **state)
{
    static const char *const disks[] = {"disks/data.vhdx", "disks/win.vhdx", "disks/more.vhdx"};
    struct image_port *port = open_port();
    struct err err = ERR_INIT;
    size_t index = 9;

    (void)state;
    support_folder("disks");
    make_disk(port, disks[0], false);
    make_disk(port, disks[1], true);
    make_disk(port, disks[2], false);
    DO(offline_find(port, disks, 3, &index, &do_err));
    assert_int_equal(index, 1);
    assert_false(offline_find(port, disks, 1, &index, &err));
    assert_int_equal(err.message, TEXT_BUILD_DATA_DISK);
    DO(dir_windows_make(disks[2], &do_err));
    assert_false(offline_find(port, disks, 3, &index, &err));
    assert_int_equal(err.message, TEXT_BUILD_TWO_WINDOWS);
    DO(port->disk->remove(port, disks[2], &do_err));
    label(disks[1], false, true);
    assert_false(offline_find(port, disks, 2, &index, &err));
    assert_int_equal(err.message, TEXT_BUILD_BITLOCKER);
    assert_int_equal(index, 1);
    image_free(port);
}

/* Every call made to fail once: one error, and nothing stays attached. */
static void any_call_may_fail_and_nothing_stays_open(void **state)
{
    struct image_port *plain = open_port(), *port = NULL;
    struct image_fault fault = {0};
    struct image_volume *volume = NULL;
    struct image_disk *disk = NULL;
    unsigned calls;

    (void)state;
    support_folder("faults");
    make_disk(plain, "faults/a.vhdx", true);
    put("faults/a.vhdx", "hiberfil.sys", "wake");
    DO(image_open_fault(plain, &fault, &port, &do_err));
    DO(offline_open(port, "faults/a.vhdx", NULL, &disk, &volume, &do_err));
    calls = image_fault_calls(port);
    DO(port->disk->detach(port, disk, &do_err));
    image_free(port);
    for (unsigned call = 1; call <= calls; call++)
        for (int after = 0; after < 2; after++) {
            struct err err = ERR_INIT;

            disk = NULL;
            fault = (struct image_fault){.call = call, .kind = ERR_IO, .after = after};
            DO(image_open_fault(plain, &fault, &port, &do_err));
            if (offline_open(port, "faults/a.vhdx", NULL, &disk, &volume, &err) ||
                err.kind != ERR_IO)
                fail_msg("call %u, after %d: %s", call, after, err_kind_name(err.kind));
            assert_null(disk);
            image_free(port);
        }
    image_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk_with_windows_is_opened_at_its_volume),
        cmocka_unit_test(windows_that_was_not_shut_down_is_refused),
        cmocka_unit_test(encrypted_windows_and_data_disks_are_explained),
        cmocka_unit_test(disk_with_checkpoint_child_or_old_format_is_refused),
        cmocka_unit_test(child_whose_parent_was_changed_is_refused),
        cmocka_unit_test(disk_file_that_was_not_closed_is_refused),
        cmocka_unit_test(windows_is_found_among_several_disks),
        cmocka_unit_test(any_call_may_fail_and_nothing_stays_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
