/* Sign-in mode: the console given, the window opened, and how the mode ends. */
#include "tests/support/sim_bench.h"

#include "guest/check/check.h"
#include "guest/parsec/parsec.h"

#include <string.h>

#define SECOND INT64_C(1000)
#define NEVER  1000000 /* a fault that only counts calls */

struct rig {
    struct bench bench;
    struct holder *holder;
    struct signin signin;
};

static void rig_open(struct rig *rig, const char *world)
{
    memset(rig, 0, sizeof *rig);
    bench_ready(&rig->bench, world);
    assert_true(holder_new(
        rig->bench.machine->vdd, &rig->bench.clock.base, HOLDER_STEPPED, &rig->holder, NULL));
}

static void rig_close(struct rig *rig)
{
    holder_free(rig->holder);
    bench_close(&rig->bench);
}

static bool rig_begin(struct rig *rig, struct err *err)
{
    return signin_begin(&rig->signin, rig->bench.machine, rig->holder, err);
}

static bool rig_step(struct rig *rig, enum account account, struct err *err)
{
    return signin_step(&rig->signin, rig->bench.machine, account, err);
}

static enum holder_state rig_holder(struct rig *rig)
{
    struct holder_status status;

    holder_status(rig->holder, &status);
    return status.state;
}

static struct world_fault *rig_fault(struct rig *rig, const char *port, const char *op)
{
    struct world *world = bench_world(&rig->bench);
    struct world_fault *fault = &world->faults[world->fault_count++];

    memset(fault, 0, sizeof *fault);
    text_copy(fault->port, sizeof fault->port, port);
    text_copy(fault->op, sizeof fault->op, op);
    fault->call = 1;
    fault->count = 1;
    fault->kind = ERR_DENIED;
    fault->action = WORLD_FAULT_FAIL;
    return fault;
}

/* Counts the programs that are started: fault->seen. */
static struct world_fault *rig_count_starts(struct rig *rig)
{
    struct world_fault *fault = rig_fault(rig, "sessions", "start_program");

    fault->call = NEVER;
    return fault;
}

static void without_parsec_nothing_begins(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "healthy");
    bench_edit(&rig.bench, "parsec.install=missing");
    assert_true(holder_hold(rig.holder, rig.bench.machine->displays, NULL));
    assert_false(rig_begin(&rig, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_false(signin_is_active(&rig.signin));
    assert_int_equal(rig_holder(&rig), HOLDER_HOLDING);
    rig_close(&rig);
}

static void without_the_console_the_monitor_is_kept(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "healthy");
    bench_edit(&rig.bench, "display.hyperv_video=disabled");
    assert_true(holder_hold(rig.holder, rig.bench.machine->displays, NULL));
    rig_fault(&rig, "devices", "enable");
    assert_false(rig_begin(&rig, &err));
    assert_int_equal(err.kind, ERR_DENIED);
    assert_false(signin_is_active(&rig.signin));
    assert_int_equal(rig_holder(&rig), HOLDER_HOLDING);
    rig_close(&rig);
}

static void the_console_is_given_and_primary(void **state)
{
    struct rig rig;
    struct display_list paths;

    (void)state;
    rig_open(&rig, "healthy");
    bench_edit(&rig.bench, "display.hyperv_video=disabled");
    assert_true(holder_hold(rig.holder, rig.bench.machine->displays, NULL));
    assert_true(rig.bench.machine->displays->ops->set_topology(
        rig.bench.machine->displays, DISPLAY_VIRTUAL_MAIN, NULL));
    assert_true(rig_begin(&rig, NULL));
    assert_true(signin_is_active(&rig.signin));
    assert_int_equal(rig_holder(&rig), HOLDER_OFF);
    paths = bench_paths(&rig.bench);
    assert_int_equal(paths.count, 1);
    assert_int_equal(paths.items[0].kind, DISPLAY_HYPERV_VIDEO);
    assert_true(paths.items[0].primary);
    rig_close(&rig);
}

static void it_begins_before_anybody_is_logged_on(void **state)
{
    struct rig rig;
    struct world_fault *starts;

    (void)state;
    rig_open(&rig, "healthy");
    bench_edit(&rig.bench, "session=logged_off");
    rig_fault(&rig, "displays", "set_topology"); /* no desktop to arrange */
    starts = rig_count_starts(&rig);
    assert_true(rig_begin(&rig, NULL));
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    bench_pass(&rig.bench, 60 * SECOND);
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_int_equal(starts->seen, 0);
    bench_edit(&rig.bench, "session=logged_on");
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_int_equal(starts->seen, 1);
    assert_true(rig.signin.window);
    rig_close(&rig);
}

static void the_window_is_opened_once(void **state)
{
    struct rig rig;
    struct world_fault *starts;

    (void)state;
    rig_open(&rig, "healthy");
    starts = rig_count_starts(&rig);
    assert_true(rig_begin(&rig, NULL));
    for (int i = 0; i < 20; i++) {
        assert_true(rig_step(&rig, ACCOUNT_LOST, NULL));
        bench_pass(&rig.bench, 10 * SECOND);
    }
    assert_int_equal(starts->seen, 1);
    assert_true(signin_is_active(&rig.signin));
    rig_close(&rig);
}

static void a_window_that_does_not_open_is_tried_again_later(void **state)
{
    struct rig rig;
    struct world_fault *starts;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "healthy");
    rig_fault(&rig, "sessions", "start_program");
    starts = rig_count_starts(&rig);
    assert_true(rig_begin(&rig, NULL));
    assert_false(rig_step(&rig, ACCOUNT_NO, &err));
    assert_int_equal(err.kind, ERR_DENIED);
    assert_true(signin_is_active(&rig.signin));
    bench_pass(&rig.bench, SIGNIN_RETRY_MS - 1);
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_int_equal(starts->seen, 1);
    bench_pass(&rig.bench, 1);
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_int_equal(starts->seen, 2);
    assert_true(rig.signin.window);
    rig_close(&rig);
}

static void a_session_that_cannot_be_read_leaves_the_mode_on(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_begin(&rig, NULL));
    rig_fault(&rig, "sessions", "query");
    assert_false(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_true(signin_is_active(&rig.signin));
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_true(rig.signin.window);
    rig_close(&rig);
}

static void it_ends_with_the_account(void **state)
{
    struct rig rig;
    struct world_fault *starts;

    (void)state;
    rig_open(&rig, "healthy");
    starts = rig_count_starts(&rig);
    assert_true(rig_begin(&rig, NULL));
    assert_true(rig_step(&rig, ACCOUNT_YES, NULL));
    assert_false(signin_is_active(&rig.signin));
    assert_int_equal(starts->seen, 0); /* nothing to open any more */
    rig_close(&rig);
}

static void it_ends_after_its_time(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_begin(&rig, NULL));
    bench_pass(&rig.bench, SIGNIN_LIMIT_MS - 1);
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_true(signin_is_active(&rig.signin));
    assert_true(rig_begin(&rig, NULL)); /* asked again: the time starts anew */
    bench_pass(&rig.bench, SIGNIN_LIMIT_MS - 1);
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_true(signin_is_active(&rig.signin));
    bench_pass(&rig.bench, 1);
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_false(signin_is_active(&rig.signin));
    rig_close(&rig);
}

static void it_ends_when_it_is_asked_to(void **state)
{
    struct rig rig;
    struct world_fault *starts;

    (void)state;
    rig_open(&rig, "healthy");
    starts = rig_count_starts(&rig);
    assert_true(rig_begin(&rig, NULL));
    signin_end(&rig.signin);
    signin_end(&rig.signin);
    assert_false(signin_is_active(&rig.signin));
    assert_true(rig_step(&rig, ACCOUNT_NO, NULL));
    assert_int_equal(starts->seen, 0);
    rig_close(&rig);
}

/* With everything that the agent has of Parsec: somebody signs in, and the mode ends by itself. */
static void a_person_signs_in(void **state)
{
    struct bench bench;
    struct parsec *parsec = NULL;
    struct profile profile;
    struct findings findings;
    struct check_context check = {.profile = &profile, .findings = &findings};
    int64_t spent_ms = 0;

    (void)state;
    memset(&findings, 0, sizeof findings);
    bench_ready(&bench, "fresh-unsigned");
    bench_edit(&bench, "network=ok");
    bench_edit(&bench, "sign_in.person=60");
    profile_init(&profile);
    assert_true(parsec_open(bench.machine, support_folder("data"), NULL, &parsec, NULL));
    check.machine = bench.machine;
    check.parsec = parsec;
    assert_true(signin_begin(&parsec->signin, bench.machine, parsec->holder, NULL));
    do {
        facts_read(bench.machine, &findings.facts);
        parsec_observe(parsec, &profile, &findings.facts);
        assert_int_equal(findings.facts.signing_in, signin_is_active(&parsec->signin));
        check_row(CHECK_PARSEC_ACCOUNT)->run(&check, &findings.checks[CHECK_PARSEC_ACCOUNT]);
        bench_pass(&bench, SECOND);
        spent_ms += SECOND;
    } while (findings.facts.signing_in && spent_ms < SIGNIN_LIMIT_MS);
    assert_in_range(spent_ms, 60 * SECOND, 70 * SECOND);
    assert_int_equal(findings.checks[CHECK_PARSEC_ACCOUNT].status, STATUS_OK);
    parsec_close(parsec);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_parsec_nothing_begins),
        cmocka_unit_test(without_the_console_the_monitor_is_kept),
        cmocka_unit_test(a_window_that_does_not_open_is_tried_again_later),
        cmocka_unit_test(a_session_that_cannot_be_read_leaves_the_mode_on),
        cmocka_unit_test(the_console_is_given_and_primary),
        cmocka_unit_test(it_begins_before_anybody_is_logged_on),
        cmocka_unit_test(the_window_is_opened_once),
        cmocka_unit_test(it_ends_with_the_account),
        cmocka_unit_test(it_ends_after_its_time),
        cmocka_unit_test(it_ends_when_it_is_asked_to),
        cmocka_unit_test(a_person_signs_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
