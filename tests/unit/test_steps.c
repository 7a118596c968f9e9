/* Plans: whatever fails or dies, all is done or all is undone in the end. The world of these tests
 * is a folder; step N makes the file N in it. */
#include "tests/support/support.h"

#include "common/fs.h"
#include "common/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *root;
static char plan_file[256];

/* What the next callbacks do, and what they did. */
struct world {
    const char *fail_at; /* "act.b": fails before it did anything; "after.b": after it did it */
    bool cancel;
    int restored;
    unsigned last_permille;
    bool went_back;
    char calls[512];
};

static void note(struct world *world, const char *call)
{
    size_t used = strlen(world->calls);

    snprintf(world->calls + used, sizeof world->calls - used, "%s%s", used ? " " : "", call);
}

/* False with an error when this is where the test wants a failure. */
static bool pass(struct world *world, const char *what, const char *name, struct err *err)
{
    char call[40];

    snprintf(call, sizeof call, "%s.%s", what, name);
    if (strcmp(what, "after") != 0)
        note(world, call);
    if (world->fail_at && strcmp(world->fail_at, call) == 0)
        return err_set(err, ERR_IO, TEXT_FILE_WRITE, name, NULL);
    return true;
}

static void world_path(char out[256], const char *name)
{
    snprintf(out, 256, "%s/world/%s", root, name);
}

static bool exists(const char *name)
{
    struct fs_stat stat;
    char path[256];

    world_path(path, name);
    assert_true(fs_stat(path, &stat, NULL));
    return stat.kind != FS_MISSING;
}

static bool prepare_file(struct world *world, cJSON *record, const char *name, struct err *err)
{
    return pass(world, "prepare", name, err) && cJSON_AddStringToObject(record, "file", name);
}

static bool make_file(struct world *world, const char *name, struct err *err)
{
    char path[256];

    world_path(path, name);
    return pass(world, "act", name, err) && fs_write_atomic(path, "x", 1, FS_SHARED, err) &&
           pass(world, "after", name, err);
}

static bool undo_file(void *user, const cJSON *record, struct err *err)
{
    struct world *world = user;
    const char *name = "";
    char path[256];

    assert_true(json_string(record, "file", NULL, &name, NULL));
    world_path(path, name);
    return pass(world, "undo", name, err) && fs_remove(path, err);
}

static bool restore_file(void *user, const cJSON *record, struct err *err)
{
    const char *name;

    (void)err;
    assert_true(json_string(record, "found", NULL, &name, NULL));
    ((struct world *)user)->restored++;
    return true;
}

static bool prepare_a(void *user, cJSON *record, struct err *err)
{
    return prepare_file(user, record, "a", err);
}

static bool act_a(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    steps_advance(steps, 500);
    return cJSON_AddStringToObject(record, "found", "a") && make_file(user, "a", err);
}

static bool prepare_b(void *user, cJSON *record, struct err *err)
{
    return prepare_file(user, record, "b", err);
}

static bool act_b(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    return cJSON_AddStringToObject(record, "found", "b") && steps_save_record(steps, err) &&
           make_file(user, "b", err);
}

static bool prepare_c(void *user, cJSON *record, struct err *err)
{
    return prepare_file(user, record, "c", err);
}

static bool act_c(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)record;
    return make_file(user, "c", err);
}

static const struct step rows[] = {
    {.name = "make.a",
     .title = TEXT_FILE_WRITE,
     .weight = 2,
     .prepare = prepare_a,
     .act = act_a,
     .undo = undo_file,
     .restore = restore_file},
    {.name = "make.b",
     .title = TEXT_FILE_WRITE,
     .prepare = prepare_b,
     .act = act_b,
     .undo = undo_file,
     .restore = restore_file},
    {.name = "make.c",
     .title = TEXT_FILE_WRITE,
     .prepare = prepare_c,
     .act = act_c,
     .undo = undo_file},
};

static const struct steps_plan plan = {.name = "make abc", .rows = rows, .count = 3};

static void on_progress(const struct steps_progress *progress, void *user)
{
    struct world *world = user;

    if (!progress->undoing && progress->permille < world->last_permille)
        world->went_back = true;
    world->last_permille = progress->permille;
}

static bool is_cancelled(void *user)
{
    return ((struct world *)user)->cancel;
}

static struct world fresh_world(void)
{
    struct world world = {.fail_at = NULL};

    char path[256];

    root = support_ram_folder();
    snprintf(plan_file, sizeof plan_file, "%s/steps", root);
    world_path(path, "");
    assert_true(fs_make_dirs(path, FS_SHARED, NULL));
    return world;
}

static bool run(struct world *world, struct err *err)
{
    struct steps_watch watch = {
        .on_progress = on_progress, .cancelled = is_cancelled, .user = world};

    world->calls[0] = '\0';
    world->last_permille = 0;
    return steps_run(&plan, plan_file, world, &watch, err);
}

static bool undo(struct world *world, struct err *err)
{
    world->calls[0] = '\0';
    return steps_undo(&plan, plan_file, world, NULL, err);
}

static bool file_stays(void)
{
    struct fs_stat stat;

    assert_true(fs_stat(plan_file, &stat, NULL));
    return stat.kind != FS_MISSING;
}

static void expect_all_done(void)
{
    if (!exists("a") || !exists("b") || !exists("c") || file_stays())
        fail_msg("not all is done");
}

static void expect_all_undone(void)
{
    if (exists("a") || exists("b") || exists("c") || file_stays())
        fail_msg("not all is undone");
}

static void put_plan(const char *text, size_t length)
{
    assert_true(fs_write_atomic(plan_file, text, length, FS_PRIVATE, NULL));
}

static void put_world(const char *name)
{
    char path[256];

    world_path(path, name);
    assert_true(fs_write_atomic(path, "x", 1, FS_SHARED, NULL));
}

static void failed_step_keeps_the_file_and_says_what_was_done(void **state)
{
    struct world world = fresh_world();
    struct err err = ERR_INIT;
    struct steps_left left;

    (void)state;
    world.fail_at = "act.b";
    assert_false(run(&world, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_int_equal(err.context, TEXT_FILE_WRITE);
    assert_true(steps_look(plan_file, &left, NULL));
    assert_string_equal(left.plan, "make abc");
    assert_string_equal(left.step, "make.b");
    assert_int_equal(left.done, 1);
    assert_false(left.undoing);
}

static void failed_prepare_leaves_its_step_out_of_the_file(void **state)
{
    struct world world = fresh_world();
    struct steps_left left;

    (void)state;
    world.fail_at = "prepare.b";
    assert_false(run(&world, NULL));
    assert_true(steps_look(plan_file, &left, NULL));
    assert_string_equal(left.step, "make.a");
    world.fail_at = NULL;
    assert_true(undo(&world, NULL));
    assert_string_equal(world.calls, "undo.a");
}

static void resuming_undoes_the_begun_step_and_skips_the_done_ones(void **state)
{
    struct world world = fresh_world();

    (void)state;
    world.fail_at = "after.b";
    assert_false(run(&world, NULL));
    world.fail_at = NULL;
    assert_true(run(&world, NULL));
    assert_string_equal(world.calls, "undo.b prepare.b act.b prepare.c act.c");
    assert_int_equal(world.restored, 1);
    expect_all_done();
}

static void undoing_goes_backwards_and_takes_the_begun_step_too(void **state)
{
    struct world world = fresh_world();

    (void)state;
    world.fail_at = "after.c";
    assert_false(run(&world, NULL));
    world.fail_at = NULL;
    assert_true(undo(&world, NULL));
    assert_string_equal(world.calls, "undo.c undo.b undo.a");
    expect_all_undone();
}

static void failed_undo_keeps_the_file_and_goes_on_there(void **state)
{
    struct world world = fresh_world();
    struct steps_left left;

    (void)state;
    world.fail_at = "after.c";
    assert_false(run(&world, NULL));
    world.fail_at = "undo.b";
    assert_false(undo(&world, NULL));
    assert_true(steps_look(plan_file, &left, NULL));
    assert_true(left.undoing);
    world.fail_at = NULL;
    assert_true(undo(&world, NULL));
    assert_string_equal(world.calls, "undo.b undo.a");
    expect_all_undone();
}

static void run_after_a_broken_undo_ends_the_undo_and_begins_anew(void **state)
{
    struct world world = fresh_world();

    (void)state;
    world.fail_at = "after.b";
    assert_false(run(&world, NULL));
    world.fail_at = "undo.a";
    assert_false(undo(&world, NULL));
    world.fail_at = NULL;
    assert_true(run(&world, NULL));
    assert_string_equal(world.calls, "undo.a prepare.a act.a prepare.b act.b prepare.c act.c");
    assert_int_equal(world.restored, 0);
    expect_all_done();
}

static void cancelled_run_stops_between_steps_and_can_go_on(void **state)
{
    struct world world = fresh_world();
    struct err err = ERR_INIT;

    (void)state;
    world.cancel = true;
    assert_false(run(&world, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    assert_string_equal(world.calls, "");
    world.cancel = false;
    assert_true(run(&world, NULL));
    expect_all_done();
}

static void file_of_another_plan_is_refused(void **state)
{
    struct world world = fresh_world();
    struct steps_plan other = plan;
    struct err err = ERR_INIT;

    (void)state;
    world.fail_at = "act.b";
    assert_false(run(&world, NULL));
    other.name = "remove x";
    assert_false(steps_run(&other, plan_file, &world, NULL, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_false(steps_undo(&other, plan_file, &world, NULL, &err));
    assert_true(file_stays());
}

static void file_with_unknown_steps_is_refused(void **state)
{
    struct world world = fresh_world();
    struct steps_plan shorter = plan;
    struct err err = ERR_INIT;

    (void)state;
    world.fail_at = "act.c";
    assert_false(run(&world, NULL));
    shorter.count = 2;
    assert_false(steps_undo(&shorter, plan_file, &world, NULL, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
    assert_true(exists("a"));
}

static void damaged_files_are_refused_and_change_nothing(void **state)
{
    static const char *const texts[] = {
        "x\n",
        "{}\n",
        "[]\n",
        "{\"plan\":\"\",\"version\":1}\n",
        "{\"plan\":\"make abc\"}\n",
        "{\"plan\":\"make abc\",\"version\":1}\ngarbage\n",
        "{\"plan\":\"make abc\",\"version\":1}\n{\"step\":\"make.a\"}\n",
        "{\"plan\":\"make abc\",\"version\":1}\n{\"step\":\"make.a\",\"event\":\"maybe\"}\n",
        "{\"plan\":\"make abc\",\"version\":1}\n{\"step\":1,\"event\":\"done\"}\n",
        "{\"plan\":\"make abc\",\"version\":1}\n{\"step\":\"make.a\",\"event\":\"done\","
        "\"record\":[]}\n",
        "{\"plan\":\"make abc\",\"version\":1}\n\n",
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct world world = fresh_world();
        struct err err = ERR_INIT;

        put_plan(texts[i], strlen(texts[i]));
        if (run(&world, &err) || err.kind != ERR_BAD_INPUT || undo(&world, &err) ||
            err.kind != ERR_BAD_INPUT || world.calls[0])
            fail_msg("row %zu", i);
        assert_true(file_stays());
    }
}

static void file_of_a_newer_version_is_refused(void **state)
{
    static const char text[] = "{\"plan\":\"make abc\",\"version\":2}\n";
    struct world world = fresh_world();
    struct err err = ERR_INIT;

    (void)state;
    put_plan(text, sizeof text - 1);
    assert_false(run(&world, &err));
    assert_int_equal(err.kind, ERR_UNSUPPORTED);
}

static bool prepare_secret(void *user, cJSON *record, struct err *err)
{
    cJSON *account = cJSON_AddObjectToObject(record, "account");

    (void)user;
    (void)err;
    return cJSON_AddStringToObject(account, "password", "hunter2") != NULL;
}

static bool act_nothing(struct steps *steps, void *user, cJSON *record, struct err *err)
{
    (void)steps;
    (void)record;
    (void)err;
    note(user, "act");
    return true;
}

static void record_with_a_secret_is_never_written(void **state)
{
    static const struct step secret[] = {
        {.name = "s", .title = TEXT_FILE_WRITE, .prepare = prepare_secret, .act = act_nothing}};
    static const struct steps_plan leak = {.name = "leak", .rows = secret, .count = 1};
    struct world world = fresh_world();
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    assert_false(steps_run(&leak, plan_file, &world, NULL, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_string_equal(world.calls, "");
    buf_init(&out, 1000);
    assert_true(fs_read(plan_file, 1000, &out, NULL));
    assert_null(strstr(buf_str(&out), "hunter2"));
    buf_done(&out);
}

static void undo_without_a_file_has_nothing_to_do(void **state)
{
    struct world world = fresh_world();
    struct steps_left left;

    (void)state;
    assert_true(undo(&world, NULL));
    assert_string_equal(world.calls, "");
    assert_true(steps_look(plan_file, &left, NULL));
    assert_string_equal(left.plan, "");
}

static void progress_only_grows_and_ends_at_the_end(void **state)
{
    struct world world = fresh_world();

    (void)state;
    assert_true(run(&world, NULL));
    assert_int_equal(world.last_permille, 1000);
    assert_false(world.went_back);
    expect_all_done();
}

/* The steps file as a run that failed after step c made its file leaves it. */
static struct buf full_file(void)
{
    struct world world = fresh_world();
    struct buf out;

    buf_init(&out, 4096);
    world.fail_at = "after.c";
    assert_false(run(&world, NULL));
    assert_true(fs_read(plan_file, 4096, &out, NULL));
    return out;
}

/* A crash may cut the file at any byte, and a power cut may fill the rest with zeros. The world
 * then holds at most what the file says has begun. */
static void file_cut_at_any_byte_leads_to_all_done_and_to_all_undone(void **state)
{
    struct buf full = full_file();
    size_t cut;
    int zeros;

    (void)state;
    for (cut = 0; cut <= full.len; cut++) {
        bool line_end = cut == full.len || (cut && full.data[cut - 1] == '\n');

        for (zeros = 0; zeros < 4; zeros++) {
            struct world world;
            char text[4096] = "";
            bool begun_b;
            bool begun_c;

            if (!line_end && zeros != (int)(cut & 3))
                continue; /* inside a line the variants take turns */
            world = fresh_world();
            memcpy(text, full.data, cut);
            begun_b = strstr(text, "make.b\",\"event\":\"begun\"") && strstr(text, "\"b\"}}\n");
            begun_c = strstr(text, "\"c\"}}\n") != NULL;
            if (strstr(text, "\"a\"}}\n"))
                put_world("a");
            if (begun_b)
                put_world("b");
            if (begun_c)
                put_world("c");
            put_plan(text, cut + (zeros & 1 ? 7 : 0));
            if (zeros & 2) {
                if (!undo(&world, NULL))
                    fail_msg("undo after a cut at %zu", cut);
                expect_all_undone();
            } else {
                if (!run(&world, NULL))
                    fail_msg("run after a cut at %zu", cut);
                expect_all_done();
            }
        }
    }
    buf_done(&full);
}

/* Fails at each place of a run, then at each place of the second try, and so on to the end. */
static void every_pair_of_failures_ends_well(void **state)
{
    static const char *const places[] = {
        "prepare.a",
        "act.a",
        "after.a",
        "prepare.b",
        "act.b",
        "after.b",
        "prepare.c",
        "act.c",
        "after.c",
        "undo.a",
        "undo.b",
        "undo.c",
    };
    const size_t count = sizeof places / sizeof places[0];
    size_t i;
    size_t j;
    int back;

    (void)state;
    for (i = 0; i < count; i++) {
        for (j = 0; j < count; j++) {
            for (back = 0; back < 4; back++) {
                struct world world = fresh_world();
                bool ok;

                world.fail_at = places[i];
                run(&world, NULL);
                world.fail_at = places[j];
                if (back & 1)
                    undo(&world, NULL);
                else
                    run(&world, NULL);
                world.fail_at = NULL;
                ok = back & 2 ? undo(&world, NULL) : run(&world, NULL);
                if (!ok)
                    fail_msg("%s, %s, %d", places[i], places[j], back);
                if (!(back & 2))
                    expect_all_done();
                else if (file_stays())
                    fail_msg("%s, %s, %d", places[i], places[j], back);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_step_keeps_the_file_and_says_what_was_done),
        cmocka_unit_test(failed_prepare_leaves_its_step_out_of_the_file),
        cmocka_unit_test(resuming_undoes_the_begun_step_and_skips_the_done_ones),
        cmocka_unit_test(undoing_goes_backwards_and_takes_the_begun_step_too),
        cmocka_unit_test(failed_undo_keeps_the_file_and_goes_on_there),
        cmocka_unit_test(run_after_a_broken_undo_ends_the_undo_and_begins_anew),
        cmocka_unit_test(cancelled_run_stops_between_steps_and_can_go_on),
        cmocka_unit_test(file_of_another_plan_is_refused),
        cmocka_unit_test(file_with_unknown_steps_is_refused),
        cmocka_unit_test(damaged_files_are_refused_and_change_nothing),
        cmocka_unit_test(file_of_a_newer_version_is_refused),
        cmocka_unit_test(record_with_a_secret_is_never_written),
        cmocka_unit_test(undo_without_a_file_has_nothing_to_do),
        cmocka_unit_test(progress_only_grows_and_ends_at_the_end),
        cmocka_unit_test(file_cut_at_any_byte_leads_to_all_done_and_to_all_undone),
        cmocka_unit_test(every_pair_of_failures_ends_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
