/* Parsec's configuration on the simulated guest: which files count, the edit, what Parsec does to
 * it, and every step of it failing. */
#include "tests/support/support.h"

#include "tests/support/parsec_bench.h"

#include <stdio.h>
#include <string.h>

#define SHARED ROOT_PARSEC_SHARED
#define USER   ROOT_PARSEC_USER

static struct config_job job_of(struct bench *bench, bool force)
{
    return (struct config_job){.machine = bench->machine,
                               .profile = &bench->profile,
                               .log = bench->parsec->log,
                               .state = &bench->parsec->state,
                               .folder = bench->parsec->folder,
                               .force = force};
}

static bool apply(struct bench *bench, bool force, struct err *err)
{
    struct config_job job = job_of(bench, force);

    return config_apply(&job, err);
}

static size_t differences(struct bench *bench)
{
    struct config_view view;
    bool changed;

    assert_true(parsec_log_read(bench->parsec->log, bench->machine->files, NULL));
    assert_true(config_look(bench->machine,
                            &bench->profile,
                            bench->parsec->log,
                            &bench->parsec->state,
                            &changed,
                            &view,
                            NULL));
    return view.differences;
}

static void expect_running(struct bench *bench)
{
    struct service_status status;

    assert_true(bench->machine->services->ops->query(
        bench->machine->services, PARSEC_SERVICE, &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_RUNNING);
}

static void expect_has(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("no \"%s\" in\n%s", line, text);
}

static void a_fresh_guest_gets_the_owners_lines(void **state)
{
    struct bench bench;
    const char *text;

    (void)state;
    bench_open(&bench, "fresh");
    assert_true(differences(&bench) >= 2);
    assert_true(apply(&bench, false, NULL));
    text = bench_text(&bench, SHARED, "config.txt");
    expect_has(text, "host_virtual_monitors = 1");
    expect_has(text, "host_privacy_mode = 1");
    assert_int_equal(differences(&bench), 0);
    expect_running(&bench);
    bench_close(&bench);
}

static void a_guest_that_agrees_is_left_alone(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    assert_true(apply(&bench, false, NULL));
    bench_fault(&bench, "services", "stop", 1, ERR_FAILED);
    assert_true(apply(&bench, false, NULL));
    bench_close(&bench);
}

static void nobody_is_thrown_out(void **state)
{
    struct err err = ERR_INIT;
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_edit(&bench, "client=connected");
    assert_false(apply(&bench, false, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    expect_running(&bench);
    assert_true(apply(&bench, true, NULL));
    assert_int_equal(differences(&bench), 0);
    bench_close(&bench);
}

/* Each call of the edit fails in turn: there is an error, Parsec runs or its check will say so, the
 * account stays, the file is the old or the new one, and a second try does it. */
static void every_step_may_fail(void **state)
{
    static const struct {
        const char *port, *op;
        unsigned calls;
    } steps[] = {{"services", "query", 2},
                 {"services", "stop", 1},
                 {"services", "start", 1},
                 {"processes", "count", 1},
                 {"processes", "terminate", 1},
                 {"files", "stat", 12},
                 {"files", "read", 6},
                 {"files", "write", 1}};
    unsigned failures = 0;
    size_t i;
    uint32_t call;

    (void)state;
    for (i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (call = 1; call <= steps[i].calls; call++) {
            struct bench bench;
            struct fs_stat account = {.kind = FS_MISSING};

            bench_open(&bench, "fresh");
            bench_fault(&bench, steps[i].port, steps[i].op, call, ERR_IO);
            failures += !apply(&bench, false, NULL);
            machine_sim_world(bench.machine)->fault_count = 0;
            expect_has(bench_text(&bench, SHARED, "config.txt"), "app_host");
            assert_true(bench.machine->files->ops->stat(
                bench.machine->files, SHARED, "user.bin", &account, NULL));
            assert_int_equal(account.kind, FS_FILE);
            if (strcmp(steps[i].op, "start") != 0)
                expect_running(&bench);
            assert_true(apply(&bench, false, NULL));
            assert_int_equal(differences(&bench), 0);
            bench_close(&bench);
        }
    }
    assert_true(failures >= 8);
}

static void the_service_is_not_started_when_it_did_not_run(void **state)
{
    struct service_status status;
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_edit(&bench, "parsec.service=stopped");
    assert_true(apply(&bench, false, NULL));
    assert_true(bench.machine->services->ops->query(
        bench.machine->services, PARSEC_SERVICE, &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_STOPPED);
    bench_close(&bench);
}

static void both_formats_are_edited_where_both_exist(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_write(&bench, SHARED, "config.json", "[\"w\", {\"app_host\": {\"value\": 1}}]");
    bench_write(&bench, USER, "config.txt", "# mine\nhost_privacy_mode = 0\n");
    assert_true(apply(&bench, false, NULL));
    expect_has(bench_text(&bench, SHARED, "config.txt"), "host_privacy_mode = 1");
    expect_has(bench_text(&bench, SHARED, "config.json"), "\"host_privacy_mode\": {\"value\": 1}");
    expect_has(bench_text(&bench, USER, "config.txt"), "# mine\nhost_privacy_mode = 1");
    assert_string_equal(bench_text(&bench, USER, "config.json"), "");
    bench_close(&bench);
}

static void the_scope_keeps_the_other_place_untouched(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench.profile.parsec.scope = PROFILE_SCOPE_SHARED;
    bench_write(&bench, USER, "config.txt", "host_privacy_mode = 0\n");
    assert_true(apply(&bench, false, NULL));
    assert_string_equal(bench_text(&bench, USER, "config.txt"), "host_privacy_mode = 0\n");
    bench_close(&bench);
}

static void a_missing_file_is_made_where_parsec_looks(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_edit(&bench, "parsec.config=missing");
    assert_true(apply(&bench, false, NULL));
    expect_has(bench_text(&bench, SHARED, "config.txt"), "host_virtual_monitors = 1");
    bench_close(&bench);
}

static void a_broken_file_is_replaced_and_a_copy_kept(void **state)
{
    struct bench bench;
    struct buf copy;

    (void)state;
    bench_open(&bench, "fresh");
    bench_write(&bench, SHARED, "config.json", "{ broken");
    assert_true(differences(&bench) > 0);
    assert_true(apply(&bench, false, NULL));
    expect_has(bench_text(&bench, SHARED, "config.json"), "\"host_privacy_mode\": {\"value\": 1}");
    buf_init(&copy, 64);
    assert_true(fs_read("data/broken-shared-config.json", 64, &copy, NULL));
    assert_string_equal(buf_str(&copy), "{ broken");
    buf_done(&copy);
    assert_int_equal(differences(&bench), 0);
    bench_close(&bench);
}

static void lines_that_are_no_longer_wanted_are_given_back(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_write(&bench, SHARED, "config.txt", "app_host = 1\napp_proxy_port = 1\n");
    bench.profile.parsec.proxy = PROFILE_PROXY_HOST;
    bench.profile.parsec.proxy_port = 7890;
    assert_true(apply(&bench, false, NULL));
    expect_has(bench_text(&bench, SHARED, "config.txt"), "app_proxy_address = 127.0.0.1");
    bench.profile.parsec.proxy = PROFILE_PROXY_NONE;
    assert_true(differences(&bench) > 0);
    assert_true(apply(&bench, false, NULL));
    expect_has(bench_text(&bench, SHARED, "config.txt"), "app_proxy_port = 1\n");
    assert_null(strstr(bench_text(&bench, SHARED, "config.txt"), "app_proxy_address"));
    assert_null(strstr(bench_text(&bench, SHARED, "config.txt"), "app_proxy ="));
    bench_close(&bench);
}

static void a_release_gives_everything_back(void **state)
{
    static const char before[] = "# mine\napp_host = 1\nhost_privacy_mode = 0\n";
    struct config_job job;
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_write(&bench, SHARED, "config.txt", before);
    assert_true(apply(&bench, false, NULL));
    job = job_of(&bench, true);
    assert_true(config_give_back(&job, NULL));
    assert_string_equal(bench_text(&bench, SHARED, "config.txt"), before);
    assert_int_equal(bench.parsec->state.before.count, 0);
    bench_close(&bench);
}

static void what_stood_there_before_is_known_after_a_restart(void **state)
{
    struct parsec_state remembered;
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_write(&bench, SHARED, "config.txt", "host_privacy_mode = 0\n");
    bench_fault(&bench, "files", "write", 1, ERR_IO);
    assert_false(apply(&bench, false, NULL));
    assert_true(parsec_state_load("data", &remembered, NULL));
    assert_string_equal(config_lines_find(&remembered.before, "host_privacy_mode")->value, "0");
    assert_true(config_lines_find(&remembered.before, "host_virtual_monitors")->absent);
    assert_int_equal(remembered.applied.count, 0);
    bench_close(&bench);
}

static void a_plan_without_virtual_displays_leads_to_holding(void **state)
{
    struct bench bench;
    int i;

    (void)state;
    bench_open(&bench, "fresh");
    bench_edit(&bench, "parsec.plan=free");
    for (i = 0; i < STRATEGY_REMOVALS; i++) {
        assert_int_equal(bench.parsec->state.strategy, CONFIG_STRATEGY_PARSEC);
        assert_true(apply(&bench, false, NULL));
        (void)differences(&bench);
    }
    assert_int_equal(bench.parsec->state.strategy, CONFIG_STRATEGY_HOLD);
    assert_int_equal(bench.parsec->state.evidence, PARSEC_EVIDENCE_LINES_REMOVED);
    assert_int_equal(strategy_reason(&bench.profile, &bench.parsec->state), TEXT_PARSEC_HOLD_LINES);
    assert_true(apply(&bench, false, NULL));
    expect_has(bench_text(&bench, SHARED, "config.txt"), "host_virtual_monitor_fallback = false");
    bench_close(&bench);
}

static void one_removal_is_only_written_again(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    assert_true(apply(&bench, false, NULL));
    bench_write(&bench, SHARED, "config.txt", "app_host = 1\n");
    assert_true(differences(&bench) > 0);
    assert_int_equal(bench.parsec->state.removals, 1);
    (void)differences(&bench); /* the same removal is not counted again */
    assert_int_equal(bench.parsec->state.removals, 1);
    assert_int_equal(bench.parsec->state.strategy, CONFIG_STRATEGY_PARSEC);
    assert_true(apply(&bench, false, NULL));
    assert_int_equal(differences(&bench), 0);
    bench_close(&bench);
}

static void other_lines_that_vanish_are_no_evidence(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    assert_true(apply(&bench, false, NULL));
    bench_write(&bench, SHARED, "config.txt", "host_virtual_monitors = 1\nhost_privacy_mode = 1\n");
    assert_true(differences(&bench) > 0);
    assert_int_equal(bench.parsec->state.removals, 0);
    bench_close(&bench);
}

static void the_live_value_is_read_where_parsec_looks(void **state)
{
    struct bench bench;
    char value[32];

    (void)state;
    bench_open(&bench, "fresh");
    bench_write(&bench, SHARED, "config.txt", "app_proxy_address = 10.0.0.2\n");
    assert_true(config_live_value(bench.machine,
                                  &bench.profile,
                                  bench.parsec->log,
                                  "app_proxy_address",
                                  value,
                                  sizeof value,
                                  NULL));
    assert_string_equal(value, "10.0.0.2");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_thrown_out),
        cmocka_unit_test(every_step_may_fail),
        cmocka_unit_test(a_broken_file_is_replaced_and_a_copy_kept),
        cmocka_unit_test(what_stood_there_before_is_known_after_a_restart),
        cmocka_unit_test(the_service_is_not_started_when_it_did_not_run),
        cmocka_unit_test(a_fresh_guest_gets_the_owners_lines),
        cmocka_unit_test(a_guest_that_agrees_is_left_alone),
        cmocka_unit_test(both_formats_are_edited_where_both_exist),
        cmocka_unit_test(the_scope_keeps_the_other_place_untouched),
        cmocka_unit_test(a_missing_file_is_made_where_parsec_looks),
        cmocka_unit_test(lines_that_are_no_longer_wanted_are_given_back),
        cmocka_unit_test(a_release_gives_everything_back),
        cmocka_unit_test(a_plan_without_virtual_displays_leads_to_holding),
        cmocka_unit_test(one_removal_is_only_written_again),
        cmocka_unit_test(other_lines_that_vanish_are_no_evidence),
        cmocka_unit_test(the_live_value_is_read_where_parsec_looks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
