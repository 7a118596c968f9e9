/* The engine's pass over the simulated machine, in virtual time. */
#include "tests/support/support.h"

#include "guest/console.h"
#include "guest/engine.h"
#include "tests/support/parsec_bench.h"

#include <stdlib.h>
#include <string.h>

#define PASSES_MAX 400

struct rig {
    struct bench bench;
    struct engine *engine;
    struct engine_result *result;
    unsigned reboots;
    unsigned unseen; /* observations in which nobody could see the machine */
};

static void on_event(const struct engine_event *event, void *user)
{
    (void)event;
    (void)user;
}

static void open_engine(struct rig *rig)
{
    struct engine_setup setup = {
        .machine = rig->bench.machine, .parsec = rig->bench.parsec, .on_event = on_event};
    struct err damage = ERR_INIT, err = ERR_INIT;

    setup.journal_path = "data/journal";
    assert_true(engine_open(&setup, &rig->engine, &damage, &err));
    assert_false(err_is_set(&damage));
}

static void rig_open(struct rig *rig, const char *world)
{
    memset(rig, 0, sizeof *rig);
    bench_open(&rig->bench, world);
    bench_payloads(&rig->bench);
    rig->result = calloc(1, sizeof *rig->result);
    open_engine(rig);
}

static void rig_close(struct rig *rig)
{
    engine_free(rig->engine);
    free(rig->result);
    bench_close(&rig->bench);
}

/* What the machine itself says, not what the engine believes. */
static bool somebody_sees(struct rig *rig)
{
    struct facts *facts = calloc(1, sizeof *facts);
    bool sees;

    facts_read(rig->bench.machine, facts);
    sees = console_active(facts) || rig->result->plan.stream_ready;
    free(facts);
    return sees;
}

/* Windows restarts: the agent's process ends and starts with it. */
static void reboot(struct rig *rig)
{
    struct err err = ERR_INIT;

    rig->reboots++;
    engine_free(rig->engine);
    rig->engine = NULL;
    assert_true(machine_sim_boot(rig->bench.machine, &err));
    engine_first_aid(rig->bench.machine, &err);
    open_engine(rig);
}

/* Passes until time alone changes nothing any more. */
static enum health_level run(struct rig *rig, const struct engine_options *options)
{
    struct err err = ERR_INIT;

    for (unsigned i = 0; i < PASSES_MAX; i++) {
        assert_true(engine_pass(rig->engine, &rig->bench.profile, options, rig->result, &err));
        rig->unseen += !somebody_sees(rig);
        if (rig->result->rebooting)
            reboot(rig);
        else if (rig->result->next_in_ms >= ENGINE_SLOW_MS && rig->result->step_count == 0 &&
                 rig->result->health.level != LEVEL_REPAIRING &&
                 rig->result->health.level != LEVEL_STARTING)
            break;
        bench_pass(&rig->bench, rig->result->next_in_ms ? rig->result->next_in_ms : 1);
    }
    return rig->result->health.level;
}

static const struct engine_options nothing_special = {0};

static void bare_field_machine_heals_by_itself(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    bench_edit(&rig.bench, "network=ok");
    assert_int_equal(run(&rig, &nothing_special), LEVEL_HEALTHY);
    assert_int_equal(rig.unseen, 0);
    assert_in_range(rig.reboots, 0, rig.bench.profile.reboots.budget);
    rig_close(&rig);
}

static void healthy_machine_is_left_alone(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    bench_edit(&rig.bench, "network=ok");
    run(&rig, &nothing_special);
    for (int i = 0; i < 5; i++) {
        bench_pass(&rig.bench, ENGINE_SLOW_MS);
        assert_true(
            engine_pass(rig.engine, &rig.bench.profile, &nothing_special, rig.result, NULL));
        assert_int_equal(rig.result->step_count, 0);
    }
    rig_close(&rig);
}

static void slow_passes_grow_rarer_until_something_happens(void **state)
{
    static const int64_t waits_ms[] = {
        2 * ENGINE_SLOW_MS, 4 * ENGINE_SLOW_MS, 8 * ENGINE_SLOW_MS, ENGINE_SLOWEST_MS};
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    bench_edit(&rig.bench, "network=ok");
    run(&rig, &nothing_special);
    bench_pass(&rig.bench, 1000);
    run(&rig, &nothing_special);
    assert_int_equal(rig.result->next_in_ms, ENGINE_SLOW_MS);
    for (size_t i = 0; i < sizeof waits_ms / sizeof waits_ms[0]; i++) {
        bench_pass(&rig.bench, rig.result->next_in_ms);
        run(&rig, &nothing_special);
        assert_int_equal(rig.result->next_in_ms, waits_ms[i]);
    }
    bench_pass(&rig.bench, 1000); /* somebody asked, or something changed */
    run(&rig, &nothing_special);
    assert_int_equal(rig.result->next_in_ms, ENGINE_SLOW_MS);
    bench_edit(&rig.bench, "parsec.account=lost");
    bench_pass(&rig.bench, rig.result->next_in_ms);
    assert_int_equal(run(&rig, &nothing_special), LEVEL_NEEDS_SIGN_IN);
    assert_int_equal(rig.result->next_in_ms, ENGINE_SLOW_MS);
    rig_close(&rig);
}

/* The first act of every start needs no engine, no journal and no check. */
static void first_aid_gives_a_lost_picture_back_and_nothing_else(void **state)
{
    struct err err = ERR_INIT;
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    assert_false(engine_first_aid(rig.bench.machine, &err)); /* the console has its picture */
    assert_false(err_is_set(&err));
    bench_edit(&rig.bench, "display.basic=off");
    bench_edit(&rig.bench, "display.hyperv_video=disabled");
    assert_false(somebody_sees(&rig));
    assert_true(engine_first_aid(rig.bench.machine, &err));
    assert_false(err_is_set(&err));
    assert_true(somebody_sees(&rig));
    assert_false(engine_first_aid(rig.bench.machine, &err));
    bench_edit(&rig.bench, "display.hyperv_video=disabled");
    bench_edit(&rig.bench, "fault=devices.enable:fail");
    assert_false(engine_first_aid(rig.bench.machine, &err));
    assert_true(err_is_set(&err));
    rig_close(&rig);
}

/* F8: Parsec rewrites its file while somebody streams in privacy mode, where the virtual monitor is
 * the only one. */
static void nobody_is_cut_off_because_a_file_changed_meanwhile(void **state)
{
    const struct health_check *config;
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    bench_edit(&rig.bench, "network=ok");
    assert_int_equal(run(&rig, &nothing_special), LEVEL_HEALTHY);
    rig.reboots = 0;
    bench_edit(&rig.bench, "client=connected");
    bench_edit(&rig.bench, "session=busy");
    run(&rig, &nothing_special);
    bench_edit(&rig.bench, "parsec.config=stock");
    run(&rig, &nothing_special);
    config = &rig.result->health.checks[CHECK_PARSEC_CONFIG];
    assert_int_equal(config->status, STATUS_WAITING);
    assert_int_equal(rig.result->health.stream.clients, 1);
    assert_int_equal(rig.reboots, 0);
    bench_edit(&rig.bench, "client=none");
    bench_edit(&rig.bench, "session=idle");
    bench_pass(&rig.bench, 3600 * 1000);
    assert_int_equal(run(&rig, &nothing_special), LEVEL_HEALTHY);
    assert_int_equal(config->status, STATUS_OK);
    assert_int_equal(rig.reboots, 0);
    rig_close(&rig);
}

static void observe_mode_changes_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    rig.bench.profile.mode = PROFILE_OBSERVE;
    assert_true(engine_pass(rig.engine, &rig.bench.profile, &nothing_special, rig.result, NULL));
    assert_true(rig.result->step_count > 0);
    for (size_t i = 0; i < rig.result->step_count; i++)
        assert_false(rig.result->steps[i].done);
    assert_true(rig.result->health.observe_only);
    rig_close(&rig);
}

static void shut_setup_gate_changes_nothing(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    bench_edit(&rig.bench, "session=logged_off");
    machine_sim_world(rig.bench.machine)->system.setup_stuck = true;
    assert_true(engine_pass(rig.engine, &rig.bench.profile, &nothing_special, rig.result, NULL));
    assert_int_equal(rig.result->step_count, 0);
    assert_int_equal(rig.result->health.level, LEVEL_STARTING);
    rig_close(&rig);
}

/* The console is off; then the sign-in is lost. */
static void lost_sign_in_gives_the_console_back_in_one_pass(void **state)
{
    struct facts *facts = calloc(1, sizeof *facts);
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    bench_edit(&rig.bench, "network=ok");
    run(&rig, &nothing_special);
    facts_read(rig.bench.machine, facts);
    assert_int_equal(facts->video, VIDEO_DISABLED);
    bench_edit(&rig.bench, "parsec.account=lost");
    assert_true(engine_pass(rig.engine, &rig.bench.profile, &nothing_special, rig.result, NULL));
    facts_read(rig.bench.machine, facts);
    assert_int_equal(facts->video, VIDEO_ENABLED);
    assert_true(console_active(facts));
    assert_int_equal(rig.result->steps[0].repair, REPAIR_CONSOLE_GIVE);
    assert_int_equal(rig.result->health.level, LEVEL_NEEDS_SIGN_IN);
    free(facts);
    rig_close(&rig);
}

static void unsigned_machine_keeps_the_console_and_asks_for_sign_in(void **state)
{
    struct facts *facts = calloc(1, sizeof *facts);
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh-unsigned");
    bench_edit(&rig.bench, "network=ok");
    assert_int_equal(run(&rig, &nothing_special), LEVEL_NEEDS_SIGN_IN);
    facts_read(rig.bench.machine, facts);
    assert_int_equal(facts->video, VIDEO_ENABLED);
    free(facts);
    rig_close(&rig);
}

static void given_up_is_tried_again_when_a_person_asks(void **state)
{
    const struct engine_options now = {.now = true};
    struct rig rig;

    (void)state;
    rig_open(&rig, "new");
    bench_edit(&rig.bench, "network=ok");
    for (enum payload_id id = 0; id < PAYLOAD_COUNT; id++)
        assert_true(payload_remove(rig.bench.parsec->payloads, id, NULL));
    assert_int_equal(run(&rig, &nothing_special), LEVEL_FAILED);
    assert_int_equal(rig.result->health.checks[CHECK_PARSEC_INSTALLED].status, STATUS_GIVEN_UP);
    bench_payloads(&rig.bench);
    assert_true(engine_pass(rig.engine, &rig.bench.profile, &now, rig.result, NULL));
    if (rig.result->rebooting)
        reboot(&rig);
    assert_int_equal(run(&rig, &nothing_special), LEVEL_NEEDS_SIGN_IN);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shut_setup_gate_changes_nothing),
        cmocka_unit_test(slow_passes_grow_rarer_until_something_happens),
        cmocka_unit_test(first_aid_gives_a_lost_picture_back_and_nothing_else),
        cmocka_unit_test(nobody_is_cut_off_because_a_file_changed_meanwhile),
        cmocka_unit_test(observe_mode_changes_nothing),
        cmocka_unit_test(given_up_is_tried_again_when_a_person_asks),
        cmocka_unit_test(lost_sign_in_gives_the_console_back_in_one_pass),
        cmocka_unit_test(unsigned_machine_keeps_the_console_and_asks_for_sign_in),
        cmocka_unit_test(bare_field_machine_heals_by_itself),
        cmocka_unit_test(healthy_machine_is_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
