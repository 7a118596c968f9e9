/*
 * The build of a disk over the image port: what it makes, what it refuses before it begins, and
 * that nothing is left, attached or half-made, whichever call of the port fails and whenever
 * somebody cancels.
 */
#include "tests/support/support.h"

#include "host/image/build.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define GB ((uint64_t)1 << 30)

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

static struct plan *usual_plan(void)
{
    struct plan_hive *hive;
    struct plan *plan = NULL;

    DO(plan_new(&plan, &do_err));
    DO(plan_folder(plan, "ProgramData/gpupv-agent", IMAGE_ACL_PRIVATE, &do_err));
    DO(plan_data(plan, "ProgramData/gpupv-agent/key.json", "{}", 2, IMAGE_ACL_PRIVATE, 0, &do_err));
    DO(plan_hive(plan, PLAN_SYSTEM, &hive, &do_err));
    DO(plan_set_dword(hive, "CurrentControlSet\\Services\\gpupv-agent", "Start", 2, &do_err));
    return plan;
}

static struct build_request usual(const char *path, struct plan *plan)
{
    return (struct build_request){.path = path,
                                  .size_bytes = 32 * GB,
                                  .source = {.path = "", .index = 1},
                                  .boot = {.locale = "en-US"},
                                  .plan = plan};
}

static enum fs_kind kind_of(const char *path)
{
    struct fs_stat stat;

    DO(fs_stat(path, &stat, &do_err));
    return stat.kind;
}

/* A port that counts attached disks. */
static int attached;
static const struct image_disk_ops *inner_disk;

static bool count_attach(struct image_port *port,
                         const char *path,
                         enum image_access access,
                         struct image_disk **ret_disk,
                         struct err *err)
{
    bool ok = inner_disk->attach(port, path, access, ret_disk, err);

    attached += ok;
    return ok;
}

static bool count_detach(struct image_port *port, struct image_disk *disk, struct err *err)
{
    attached -= disk != NULL;
    return inner_disk->detach(port, disk, err);
}

static struct image_port *counting(void)
{
    static struct image_disk_ops ops;
    struct image_port *port = NULL;

    DO(image_open_dir(&port, &do_err));
    inner_disk = port->disk;
    ops = *port->disk;
    ops.attach = count_attach;
    ops.detach = count_detach;
    port->disk = &ops;
    attached = 0;
    return port;
}

struct seen {
    unsigned calls, last, stages;
    unsigned stop_at; /* call that cancels; 0: none */
};

static bool see(const struct build_progress *progress, void *user)
{
    struct seen *seen = user;

    if (progress->permille < seen->last || progress->permille > 1000)
        fail_msg("%u after %u", progress->permille, seen->last);
    seen->last = progress->permille;
    seen->stages |= 1u << progress->stage;
    return ++seen->calls != seen->stop_at;
}

static void disk_is_made_with_windows_and_what_the_plan_brings(void **state)
{
    struct plan *plan = usual_plan();
    struct build_request request = usual("made/disk", plan);
    struct image_port *port = counting();
    struct seen seen = {0};
    struct build_watch watch = {.on_progress = see, .user = &seen};
    struct image_look look;

    (void)state;
    support_folder("made");
    DO(build_disk(port, &request, &watch, &do_err));
    assert_int_equal(attached, 0);
    assert_int_equal(seen.stages, (1u << BUILD_STAGES) - 1);
    DO(port->file->inspect(port, "made/disk", &look, &do_err));
    assert_int_equal(look.part_count, 3);
    assert_int_equal(kind_of("made/disk/.esp/EFI/Boot/bootx64.efi"), FS_FILE);
    assert_int_equal(kind_of("made/disk/ProgramData/gpupv-agent/key.json"), FS_FILE);
    assert_false(build_disk(port, &request, NULL, NULL));
    assert_int_equal(kind_of("made/disk/ProgramData/gpupv-agent/key.json"), FS_FILE);
    plan_free(plan);
    image_free(port);
}

static void plan_is_applied_to_a_disk_that_stands(void **state)
{
    struct plan *plan = usual_plan();
    struct build_request request = usual("child/parent", NULL);
    struct image_port *port = counting();

    (void)state;
    support_folder("child");
    DO(build_disk(port, &request, NULL, &do_err));
    DO(port->disk->create_child(port, "child/disk", "child/parent", &do_err));
    DO(build_inject(port, "child/disk", plan, NULL, &do_err));
    assert_int_equal(attached, 0);
    assert_int_equal(kind_of("child/disk/ProgramData/gpupv-agent/key.json"), FS_FILE);
    assert_int_equal(kind_of("child/parent/ProgramData"), FS_MISSING);
    plan_free(plan);
    image_free(port);
}

static void disk_without_room_is_refused_before_anything_is_made(void **state)
{
    static const struct {
        uint64_t size_bytes, needed_bytes;
        enum text_id why;
    } rows[] = {
        {20 * GB, 40 * GB, TEXT_BUILD_DISK_SMALL},
        {(uint64_t)1 << 60, (uint64_t)1 << 59, TEXT_BUILD_HOST_FULL},
    };
    struct image_port *port = counting();

    (void)state;
    support_folder("small");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct build_request request = usual("small/disk", NULL);
        struct err err = ERR_INIT;

        request.size_bytes = rows[i].size_bytes;
        request.needed_bytes = rows[i].needed_bytes;
        assert_false(build_disk(port, &request, NULL, &err));
        assert_int_equal(err.kind, ERR_NO_SPACE);
        assert_int_equal(err.message, rows[i].why);
        assert_int_equal(kind_of("small/disk"), FS_MISSING);
    }
    image_free(port);
}

static bool boot_that_does_nothing(struct image_port *port,
                                   struct image_volume *windows,
                                   struct image_volume *esp,
                                   const struct image_boot *boot,
                                   struct err *err)
{
    (void)port;
    (void)windows;
    (void)esp;
    (void)boot;
    (void)err;
    return true;
}

static void boot_files_that_were_not_made_are_noticed(void **state)
{
    struct build_request request = usual("noboot/disk", NULL);
    struct image_port *port = counting();
    struct image_apply_ops apply = *port->apply;
    struct err err = ERR_INIT;

    (void)state;
    support_folder("noboot");
    apply.boot = boot_that_does_nothing;
    port->apply = &apply;
    assert_false(build_disk(port, &request, NULL, &err));
    assert_int_equal(err.message, TEXT_BUILD_NO_START);
    assert_int_equal(kind_of("noboot/disk"), FS_MISSING);
    assert_int_equal(attached, 0);
    image_free(port);
}

static void cancelling_at_any_time_leaves_nothing(void **state)
{
    struct image_port *port = counting();
    struct seen all = {0};
    struct build_watch watch = {.on_progress = see, .user = &all};
    struct plan *plan = usual_plan();
    struct build_request request = usual("cancel/disk", plan);

    (void)state;
    support_folder("cancel");
    DO(build_disk(port, &request, &watch, &do_err));
    DO(port->disk->remove(port, "cancel/disk", &do_err));
    assert_true(all.calls > BUILD_STAGES);
    for (unsigned call = 1; call <= all.calls; call++) {
        struct seen seen = {.stop_at = call};
        struct err err = ERR_INIT;

        watch.user = &seen;
        if (build_disk(port, &request, &watch, &err) || err.kind != ERR_CANCELLED)
            fail_msg("call %u: %s", call, err_kind_name(err.kind));
        assert_int_equal(kind_of("cancel/disk"), FS_MISSING);
        assert_int_equal(attached, 0);
    }
    plan_free(plan);
    image_free(port);
}

/* Every call of the port once, before and after it was done. */
static void any_call_may_fail_with_one_error_and_nothing_left(void **state)
{
    struct image_port *plain = counting(), *port = NULL;
    struct image_fault fault = {0};
    struct plan *plan = usual_plan();
    struct build_request request = usual("faults/disk", plan);
    unsigned calls;

    (void)state;
    support_folder("faults");
    DO(image_open_fault(plain, &fault, &port, &do_err));
    DO(build_disk(port, &request, NULL, &do_err));
    calls = image_fault_calls(port);
    image_free(port);
    DO(plain->disk->remove(plain, "faults/disk", &do_err));
    assert_true(calls >= 20);
    for (unsigned call = 1; call <= calls; call++)
        for (int after = 0; after < 2; after++) {
            struct err err = ERR_INIT;

            fault = (struct image_fault){.call = call, .kind = ERR_IO, .after = after};
            DO(image_open_fault(plain, &fault, &port, &do_err));
            if (build_disk(port, &request, NULL, &err) || err.kind != ERR_IO)
                fail_msg("call %u, after %d: %s", call, after, err_kind_name(err.kind));
            if (kind_of("faults/disk") != FS_MISSING || attached)
                fail_msg("call %u, after %d: something is left", call, after);
            image_free(port);
        }
    plan_free(plan);
    image_free(plain);
}

static bool apply_in_time(struct image_port *port,
                          const struct image_source *source,
                          struct image_volume *volume,
                          image_progress progress,
                          void *user,
                          struct err *err)
{
    (void)port;
    (void)source;
    (void)volume;
    /* a tenth of it takes ten seconds of the clock of the next test */
    for (unsigned permille = 0; permille <= 1000; permille += 100)
        if (!progress(permille, user))
            return err_set(err, ERR_CANCELLED, TEXT_HOST_CANCELLED, NULL);
    return err_set(err, ERR_FAILED, TEXT_HOST_FAULT, "0", NULL);
}

struct eta {
    struct clock_manual clock;
    int64_t left_ms[16];
    unsigned count;
};

static bool see_eta(const struct build_progress *progress, void *user)
{
    struct eta *eta = user;

    if (progress->stage == BUILD_APPLY && eta->count < 16) {
        eta->left_ms[eta->count++] = progress->left_ms;
        clock_manual_move(&eta->clock, 10000);
    }
    return true;
}

static void time_that_applying_still_takes_is_told(void **state)
{
    struct build_request request = usual("eta/disk", NULL);
    struct image_port *port = counting();
    struct image_apply_ops apply = *port->apply;
    struct eta eta = {.count = 0};
    struct build_watch watch = {.on_progress = see_eta, .user = &eta, .clock = &eta.clock.base};

    (void)state;
    support_folder("eta");
    clock_manual_init(&eta.clock, 0, 0);
    apply.apply = apply_in_time;
    port->apply = &apply;
    assert_false(build_disk(port, &request, &watch, NULL));
    /* the stage itself, then 0, 100, 200 ... */
    assert_true(eta.count >= 12);
    assert_int_equal(eta.left_ms[0], -1);
    assert_int_equal(eta.left_ms[1], -1);
    assert_int_equal(eta.left_ms[2], 180000);
    assert_int_equal(eta.left_ms[6], 60000);
    assert_int_equal(eta.left_ms[11], 0);
    image_free(port);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk_is_made_with_windows_and_what_the_plan_brings),
        cmocka_unit_test(plan_is_applied_to_a_disk_that_stands),
        cmocka_unit_test(disk_without_room_is_refused_before_anything_is_made),
        cmocka_unit_test(boot_files_that_were_not_made_are_noticed),
        cmocka_unit_test(cancelling_at_any_time_leaves_nothing),
        cmocka_unit_test(any_call_may_fail_with_one_error_and_nothing_left),
        cmocka_unit_test(time_that_applying_still_takes_is_told),
    };

    /* hundreds of flushed files */
    if (support_ram_folder()[0] == '/')
        (void)uv_chdir(support_ram_folder());
    return cmocka_run_group_tests(tests, NULL, NULL);
}
