/*
 * The plan of an injection: checked whole before anything is written, replaces nothing that is not
 * ours, edits the registry of the control set that Windows starts with, can be applied again.
 */
#include "tests/support/support.h"

#include "host/image/hive_inside.h"
#include "host/image/plan.h"

#include <stdio.h>
#include <string.h>

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

/* An attached disk with the registry of a Windows, and a plan for it. */
struct bench {
    struct image_port *port;
    struct image_disk *disk;
    struct image_volume *volume;
    struct plan *plan;
    char path[FS_PATH_BYTES];
};

static void put(struct bench *b, const char *name, const void *data, size_t length)
{
    char folder[FS_PATH_BYTES];

    text_copy(folder, sizeof folder, name);
    fs_parent(folder);
    DO(b->port->tree->make_dir(b->port, b->volume, folder, IMAGE_ACL_INHERIT, &do_err));
    DO(b->port->tree->put(b->port, b->volume, name, data, length, IMAGE_ACL_INHERIT, &do_err));
}

static void put_hive(struct bench *b, const char *name, struct hive *hive)
{
    const uint8_t *data;
    size_t length;

    DO(hive_finish(hive, &data, &length, &do_err));
    put(b, name, data, length);
    hive_free(hive);
}

/* A SYSTEM hive whose Windows starts with control set 2. */
static struct hive *system_hive(void)
{
    struct hive *hive = NULL;
    uint32_t key;

    DO(hive_new("SYSTEM", &hive, &do_err));
    DO(hive_make_key(hive, hive_root(hive), "Select", &key, &do_err));
    DO(hive_set_dword(hive, key, "Default", 2, &do_err));
    DO(hive_make_key(hive, hive_root(hive), "ControlSet001\\Services", &key, &do_err));
    DO(hive_make_key(hive, hive_root(hive), "ControlSet002\\Services\\old\\below", &key, &do_err));
    return hive;
}

static void open_bench(struct bench *b, const char *folder)
{
    static const struct image_partition whole[] = {{IMAGE_WINDOWS, 0}};

    memset(b, 0, sizeof *b);
    support_folder(folder);
    DO(image_open_dir(&b->port, &do_err));
    DO(fs_join(b->path, folder, "disk", &do_err));
    DO(b->port->disk->create(b->port, b->path, 1 << 30, &do_err));
    DO(b->port->disk->attach(b->port, b->path, IMAGE_WRITE, &b->disk, &do_err));
    DO(b->port->disk->layout(b->port, b->disk, whole, 1, &do_err));
    DO(b->port->disk->volume(b->port, b->disk, IMAGE_WINDOWS, &b->volume, &do_err));
    put_hive(b, PLAN_SYSTEM, system_hive());
    DO(plan_new(&b->plan, &do_err));
}

static void close_bench(struct bench *b)
{
    plan_free(b->plan);
    DO(b->port->disk->detach(b->port, b->disk, &do_err));
    image_free(b->port);
}

static bool apply(struct bench *b, struct err *err)
{
    return plan_apply(b->plan, b->port, b->volume, NULL, NULL, err);
}

static void expect_content(struct bench *b, const char *name, const char *content)
{
    struct buf out;

    buf_init(&out, 4096);
    DO(b->port->tree->get(b->port, b->volume, name, &out, &do_err));
    assert_string_equal(buf_str(&out), content);
    buf_done(&out);
}

static void expect_missing(struct bench *b, const char *name)
{
    struct fs_stat stat;

    DO(b->port->tree->stat(b->port, b->volume, name, &stat, &do_err));
    assert_int_equal(stat.kind, FS_MISSING);
}

static struct hive *load(struct bench *b, const char *name)
{
    struct hive *hive = NULL;
    struct buf data;

    buf_init(&data, HIVE_BYTES_MAX);
    DO(b->port->tree->get(b->port, b->volume, name, &data, &do_err));
    DO(hive_open(&data, name, &hive, &do_err));
    return hive;
}

static bool has_key(struct bench *b, const char *path)
{
    struct hive *hive = load(b, PLAN_SYSTEM);
    uint32_t key = HIVE_NO_KEY;

    DO(hive_find(hive, hive_root(hive), path, &key, &do_err));
    hive_free(hive);
    return key != HIVE_NO_KEY;
}

static void add_usual(struct bench *b)
{
    struct plan_hive *hive;

    DO(fs_write_atomic("source.txt", "from a file", 11, FS_PRIVATE, &do_err));
    DO(plan_folder(b->plan, "ProgramData/gpupv-agent/payloads", IMAGE_ACL_PRIVATE, &do_err));
    DO(plan_file(b->plan,
                 "ProgramData/gpupv-agent/a.txt",
                 "source.txt",
                 IMAGE_ACL_INHERIT,
                 PLAN_REPLACE,
                 &do_err));
    DO(plan_data(b->plan,
                 "ProgramData/gpupv-agent/key.json",
                 "key",
                 3,
                 IMAGE_ACL_PRIVATE,
                 PLAN_REPLACE,
                 &do_err));
    DO(plan_hive(b->plan, PLAN_SYSTEM, &hive, &do_err));
    DO(plan_set_dword(hive, "CurrentControlSet\\Services\\gpupv-agent", "Start", 2, &do_err));
    DO(plan_set_text(hive,
                     "CurrentControlSet\\Services\\gpupv-agent",
                     "ImagePath",
                     HIVE_EXPAND_SZ,
                     "\"x\"",
                     &do_err));
    DO(plan_set_binary(hive, "Setup", "Bytes", "\1\2\3\4\5", 5, &do_err));
    DO(plan_remove_key(hive, "CurrentControlSet\\Services\\old", &do_err));
    DO(plan_remove_key(hive, "CurrentControlSet\\Nowhere\\old", &do_err));
}

static void everything_arrives_and_again_changes_nothing(void **state)
{
    struct buf first, second;
    struct bench b;
    char text[32];
    struct hive *hive;
    uint32_t key;

    (void)state;
    open_bench(&b, "all");
    add_usual(&b);
    put(&b, "ProgramData/gpupv-agent/a.txt", "older", 5);
    DO(apply(&b, &do_err));
    expect_content(&b, "ProgramData/gpupv-agent/a.txt", "from a file");
    expect_content(&b, "ProgramData/gpupv-agent/key.json", "key");
    assert_true(has_key(&b, "ControlSet002\\Services\\gpupv-agent"));
    assert_false(has_key(&b, "ControlSet001\\Services\\gpupv-agent"));
    assert_false(has_key(&b, "ControlSet002\\Services\\old"));
    assert_false(has_key(&b, "ControlSet002\\Nowhere"));
    hive = load(&b, PLAN_SYSTEM);
    DO(hive_find(hive, hive_root(hive), "ControlSet002\\Services\\gpupv-agent", &key, &do_err));
    DO(hive_get_text(hive, key, "ImagePath", text, sizeof text, &do_err));
    assert_string_equal(text, "\"x\"");
    hive_free(hive);

    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    DO(b.port->tree->get(b.port, b.volume, PLAN_SYSTEM, &first, &do_err));
    DO(apply(&b, &do_err));
    DO(b.port->tree->get(b.port, b.volume, PLAN_SYSTEM, &second, &do_err));
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    buf_done(&first);
    buf_done(&second);
    close_bench(&b);
}

static void file_of_windows_is_not_replaced_and_nothing_is_written(void **state)
{
    struct err err = ERR_INIT;
    struct bench b;

    (void)state;
    open_bench(&b, "foreign");
    put(&b, "Windows/System32/nvapi64.dll", "theirs", 6);
    DO(plan_data(b.plan, "first.txt", "x", 1, IMAGE_ACL_INHERIT, 0, &do_err));
    DO(plan_data(b.plan, "windows/system32/NVAPI64.dll", "ours", 4, IMAGE_ACL_INHERIT, 0, &do_err));
    assert_false(apply(&b, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    assert_int_equal(err.message, TEXT_BUILD_FOREIGN_FILE);
    expect_content(&b, "Windows/System32/nvapi64.dll", "theirs");
    expect_missing(&b, "first.txt");
    close_bench(&b);
}

static void file_that_is_there_already_is_no_conflict(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, "same");
    put(&b, "Windows/System32/nvapi64.dll", "ours", 4);
    DO(fs_write_atomic("source.txt", "ours", 4, FS_PRIVATE, &do_err));
    DO(plan_data(b.plan, "Windows/System32/nvapi64.dll", "ours", 4, IMAGE_ACL_INHERIT, 0, &do_err));
    DO(plan_file(
        b.plan, "Windows/System32/nvapi64.dll", "source.txt", IMAGE_ACL_INHERIT, 0, &do_err));
    DO(apply(&b, &do_err));
    close_bench(&b);
}

static void driver_folder_and_marked_files_are_replaced(void **state)
{
    struct bench b;

    (void)state;
    open_bench(&b, "replace");
    put(&b, "Windows/System32/HostDriverStore/FileRepository/nv/a.dll", "old", 3);
    put(&b, "Windows/System32/nvapi64.dll", "old", 3);
    DO(plan_data(b.plan,
                 "Windows/System32/HostDriverStore/FileRepository/nv/a.dll",
                 "new",
                 3,
                 IMAGE_ACL_INHERIT,
                 0,
                 &do_err));
    DO(plan_data(b.plan,
                 "Windows/System32/nvapi64.dll",
                 "new",
                 3,
                 IMAGE_ACL_INHERIT,
                 PLAN_REPLACE,
                 &do_err));
    DO(apply(&b, &do_err));
    expect_content(&b, "Windows/System32/HostDriverStore/FileRepository/nv/a.dll", "new");
    expect_content(&b, "Windows/System32/nvapi64.dll", "new");
    close_bench(&b);
}

static void folder_in_the_place_of_a_file_is_refused(void **state)
{
    struct err err = ERR_INIT;
    struct bench b;

    (void)state;
    open_bench(&b, "folder");
    put(&b, "there/below.txt", "x", 1);
    DO(plan_data(b.plan, "there", "x", 1, IMAGE_ACL_INHERIT, PLAN_REPLACE, &do_err));
    assert_false(apply(&b, &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    close_bench(&b);
}

static void registry_that_cannot_be_changed_stops_everything(void **state)
{
    enum { GONE, DIRTY, NEWER_LOG, DAMAGED, ROWS };
    static const enum err_kind kinds[ROWS] = {
        ERR_NOT_FOUND, ERR_CONFLICT, ERR_CONFLICT, ERR_BAD_INPUT};

    (void)state;
    for (int row = 0; row < ROWS; row++) {
        struct err err = ERR_INIT;
        uint8_t log[1024] = "regf";
        struct bench b;
        struct buf data;

        open_bench(&b, "registry");
        add_usual(&b);
        buf_init(&data, 1 << 20);
        DO(b.port->tree->get(b.port, b.volume, PLAN_SYSTEM, &data, &do_err));
        if (row == DIRTY)
            data.data[BASE_PRIMARY]++;
        else if (row == DAMAGED)
            data.len = 5000;
        bytes_put32(data.data + BASE_CHECKSUM, hive_checksum(data.data));
        DO(b.port->tree->remove(b.port, b.volume, PLAN_SYSTEM, &do_err));
        if (row != GONE)
            put(&b, PLAN_SYSTEM, data.data, data.len);
        if (row == NEWER_LOG) {
            bytes_put32(log + BASE_TYPE, 6);
            memcpy(log + 512, "HvLE", 4);
            bytes_put32(log + 516, 512);
            bytes_put32(log + 524, 1000);
            put(&b, PLAN_SYSTEM ".LOG2", log, sizeof log);
        }
        if (apply(&b, &err) || err.kind != kinds[row])
            fail_msg("row %d: %s", row, err_kind_name(err.kind));
        expect_missing(&b, "ProgramData");
        buf_done(&data);
        close_bench(&b);
    }
}

static bool little_space(struct image_port *port,
                         struct image_volume *volume,
                         uint64_t *ret_bytes,
                         struct err *err)
{
    (void)port;
    (void)volume;
    (void)err;
    *ret_bytes = 1000;
    return true;
}

static void full_volume_is_noticed_before_anything_is_written(void **state)
{
    static const struct image_volume_ops full = {.free_space = little_space};
    struct err err = ERR_INIT;
    struct bench b;

    (void)state;
    open_bench(&b, "full");
    add_usual(&b);
    b.port->volume = &full;
    assert_false(apply(&b, &err));
    assert_int_equal(err.kind, ERR_NO_SPACE);
    assert_int_equal(err.message, TEXT_BUILD_VOLUME_FULL);
    expect_missing(&b, "ProgramData");
    close_bench(&b);
}

static bool cancel_at_once(unsigned permille, void *user)
{
    (void)permille;
    (void)user;
    return false;
}

static void plan_can_be_cancelled_and_missing_sources_are_named(void **state)
{
    struct err err = ERR_INIT;
    char text[512];
    struct bench b;

    (void)state;
    open_bench(&b, "cancel");
    add_usual(&b);
    assert_false(plan_apply(b.plan, b.port, b.volume, cancel_at_once, NULL, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    expect_missing(&b, "ProgramData");
    DO(plan_file(b.plan, "x", "nowhere.txt", IMAGE_ACL_INHERIT, 0, &do_err));
    assert_false(plan_check(b.plan, b.port, b.volume, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_non_null(strstr(err_message(&err, TEXT_EN, text, sizeof text), "nowhere.txt"));
    close_bench(&b);
}

static void plan_takes_out_what_it_brought(void **state)
{
    struct plan_hive *hive;
    struct plan *out = NULL;
    struct bench b;

    (void)state;
    open_bench(&b, "out");
    add_usual(&b);
    DO(apply(&b, &do_err));
    DO(plan_new(&out, &do_err));
    DO(plan_hive(out, PLAN_SYSTEM, &hive, &do_err));
    DO(plan_remove_key(hive, "CurrentControlSet\\Services\\gpupv-agent", &do_err));
    DO(plan_remove(out, "ProgramData/gpupv-agent", &do_err));
    DO(plan_apply(out, b.port, b.volume, NULL, NULL, &do_err));
    DO(plan_apply(out, b.port, b.volume, NULL, NULL, &do_err));
    expect_missing(&b, "ProgramData/gpupv-agent");
    assert_false(has_key(&b, "ControlSet002\\Services\\gpupv-agent"));
    plan_free(out);
    close_bench(&b);
}

static void many_items_and_names_outside_are_handled(void **state)
{
    struct err err = ERR_INIT;
    struct bench b;
    char name[64];

    (void)state;
    open_bench(&b, "many");
    DO(plan_folder(b.plan, "many", IMAGE_ACL_INHERIT, &do_err));
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "many/%d.txt", i);
        DO(plan_data(b.plan, name, name, strlen(name), IMAGE_ACL_INHERIT, 0, &do_err));
    }
    DO(apply(&b, &do_err));
    expect_content(&b, "many/69.txt", "many/69.txt");
    DO(plan_data(b.plan, "../x", "x", 1, IMAGE_ACL_INHERIT, 0, &do_err));
    assert_false(apply(&b, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_and_again_changes_nothing),
        cmocka_unit_test(file_of_windows_is_not_replaced_and_nothing_is_written),
        cmocka_unit_test(file_that_is_there_already_is_no_conflict),
        cmocka_unit_test(driver_folder_and_marked_files_are_replaced),
        cmocka_unit_test(folder_in_the_place_of_a_file_is_refused),
        cmocka_unit_test(registry_that_cannot_be_changed_stops_everything),
        cmocka_unit_test(full_volume_is_noticed_before_anything_is_written),
        cmocka_unit_test(plan_can_be_cancelled_and_missing_sources_are_named),
        cmocka_unit_test(plan_takes_out_what_it_brought),
        cmocka_unit_test(many_items_and_names_outside_are_handled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
