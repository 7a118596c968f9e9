/* Faults by data: each kind, when it strikes, and that it does not strike again. */
#include "tests/support/sim_bench.h"

#include <string.h>

#define SECOND INT64_C(1000)

/* Adds a fault to a machine in memory. */
static struct world_fault *
add_fault(struct bench *bench, const char *port, const char *op, enum world_fault_do action)
{
    struct world *world = bench_world(bench);
    struct world_fault *fault = &world->faults[world->fault_count++];

    memset(fault, 0, sizeof(*fault));
    text_copy(fault->port, sizeof(fault->port), port);
    text_copy(fault->op, sizeof(fault->op), op);
    fault->call = 1;
    fault->count = 1;
    fault->kind = ERR_FAILED;
    fault->action = action;
    return fault;
}

static bool disable_video(struct bench *bench, bool *ret_reboot, struct err *err)
{
    struct devices_port *port = bench->machine->devices;

    return port->ops->disable(
        port,
        "VMBUS\\{da0a7802-e377-4aac-8e77-0558eb1073f8}\\{5620e0c7-8062-4dce-aeb7-520c7ef76171}",
        ret_reboot,
        err);
}

static bool video_works(struct bench *bench)
{
    return bench_devices(bench, WORLD_HYPERV_VIDEO).items[0].started;
}

static void the_nth_call_fails_with_kind_and_code_and_changes_nothing(void **state)
{
    struct bench bench;
    struct world_fault *fault;
    struct err err = ERR_INIT;
    bool reboot = true;

    (void)state;
    bench_ready(&bench, "healthy");
    fault = add_fault(&bench, "devices", "disable", WORLD_FAULT_FAIL);
    fault->call = 2;
    fault->count = 2;
    fault->code = 5;
    assert_true(disable_video(&bench, &reboot, NULL));
    bench_edit(&bench, "display.hyperv_video=enabled");
    for (int i = 0; i < 2; i++) {
        err_clear(&err);
        assert_false(disable_video(&bench, &reboot, &err));
        assert_int_equal(err.kind, ERR_DENIED); /* what the code means */
        assert_int_equal(err.code, 5);
        assert_true(video_works(&bench));
    }
    assert_true(disable_video(&bench, &reboot, NULL));
    assert_false(video_works(&bench));
    bench_close(&bench);
}

static void a_kind_of_its_own_wins(void **state)
{
    struct bench bench;
    struct err err = ERR_INIT;
    struct service_status status;

    (void)state;
    bench_ready(&bench, "healthy");
    add_fault(&bench, "services", "query", WORLD_FAULT_FAIL)->kind = ERR_BUSY;
    assert_false(
        bench.machine->services->ops->query(bench.machine->services, "Parsec", &status, &err));
    assert_int_equal(err.kind, ERR_BUSY);
    assert_int_equal(err.message, TEXT_SIM_FAULT);
    assert_string_equal(err.args[0], "services.query");
    bench_close(&bench);
}

static void a_fault_for_ever_never_ends(void **state)
{
    struct bench bench;
    bool reboot;

    (void)state;
    bench_ready(&bench, "healthy");
    add_fault(&bench, "devices", "disable", WORLD_FAULT_FAIL)->count = 0;
    for (int i = 0; i < 20; i++)
        assert_false(disable_video(&bench, &reboot, NULL));
    bench_close(&bench);
}

static void only_calls_on_the_object_count(void **state)
{
    struct bench bench;
    struct services_port *port;
    struct service_status status;
    struct world_fault *fault;

    (void)state;
    bench_ready(&bench, "healthy");
    port = bench.machine->services;
    fault = add_fault(&bench, "services", "query", WORLD_FAULT_FAIL);
    text_copy(fault->object, sizeof(fault->object), "Audio");
    assert_true(port->ops->query(port, "Parsec", &status, NULL));
    assert_false(port->ops->query(port, "Audiosrv", &status, NULL));
    assert_true(port->ops->query(port, "Audiosrv", &status, NULL));
    bench_close(&bench);
}

static void a_lie_says_true_and_does_nothing(void **state)
{
    struct bench bench;
    bool reboot = true;

    (void)state;
    bench_ready(&bench, "healthy");
    add_fault(&bench, "devices", "disable", WORLD_FAULT_LIE);
    assert_true(disable_video(&bench, &reboot, NULL));
    assert_false(reboot);
    assert_true(video_works(&bench));
    bench_close(&bench);
}

static void a_reader_that_lies_finds_nothing(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    add_fault(&bench, "devices", "list", WORLD_FAULT_LIE);
    assert_int_equal(bench_devices(&bench, NULL).count, 0);
    assert_true(bench_devices(&bench, NULL).count > 2);
    bench_close(&bench);
}

static void a_wanted_reboot_comes_with_the_deed(void **state)
{
    struct bench bench;
    bool reboot = false;

    (void)state;
    bench_ready(&bench, "healthy");
    add_fault(&bench, "devices", "disable", WORLD_FAULT_REBOOT);
    assert_true(disable_video(&bench, &reboot, NULL));
    assert_true(reboot);
    assert_false(video_works(&bench));
    assert_true(bench_world(&bench)->system.reboot_pending);
    bench_close(&bench);
}

static void a_hang_takes_its_time_and_then_times_out(void **state)
{
    struct bench bench;
    struct err err = ERR_INIT;
    int64_t start_ms;
    bool reboot;

    (void)state;
    bench_ready(&bench, "healthy");
    add_fault(&bench, "devices", "disable", WORLD_FAULT_HANG)->hang_s = 300;
    start_ms = bench.clock.time_ms;
    assert_false(disable_video(&bench, &reboot, &err));
    assert_int_equal(err.kind, ERR_TIMEOUT);
    assert_int_equal(bench.clock.time_ms - start_ms, 300 * SECOND);
    assert_true(video_works(&bench));
    bench_close(&bench);
}

static void a_kill_before_or_after_the_deed_leaves_a_dead_machine_until_restarted(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        struct bench bench;
        struct err err = ERR_INIT;
        struct device_list list;
        bool reboot;

        bench_ready(&bench, "healthy");
        add_fault(&bench, "devices", "disable", WORLD_FAULT_KILL)->after = after != 0;
        assert_false(disable_video(&bench, &reboot, &err));
        assert_int_equal(err.kind, ERR_CANCELLED);
        assert_true(machine_sim_dead(bench.machine));
        assert_false(bench.machine->devices->ops->list(bench.machine->devices, NULL, &list, NULL));
        machine_sim_restart(bench.machine);
        assert_int_equal(video_works(&bench), !after);
        assert_true(disable_video(&bench, &reboot, NULL)); /* it does not strike twice */
        bench_close(&bench);
    }
}

static void a_power_cut_needs_a_boot(void **state)
{
    struct bench bench;
    bool reboot;

    (void)state;
    bench_ready(&bench, "healthy");
    add_fault(&bench, "devices", "disable", WORLD_FAULT_POWER)->after = true;
    assert_false(disable_video(&bench, &reboot, NULL));
    assert_int_equal(machine_sim_exit_code(bench.machine), SIM_EXIT_CUT);
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_false(machine_sim_dead(bench.machine));
    assert_true(video_works(&bench)); /* disabled until this boot only */
    bench_close(&bench);
}

static void an_installer_can_be_killed_half_way(void **state)
{
    struct process_run what = {
        .path = "parsec-vdd-0.45.0.0.exe", .args = {"/S"}, .deadline_ms = 300 * SECOND};
    struct bench bench;
    struct process_result result;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "display.adapter=missing");
    bench_edit(&bench, "display.driver=missing");
    add_fault(&bench, "processes", "run", WORLD_FAULT_KILL);
    assert_false(
        bench.machine->processes->ops->run(bench.machine->processes, &what, &result, NULL));
    machine_sim_restart(bench.machine);
    assert_int_equal(bench_devices(&bench, WORLD_VDA).count, 0);
    bench_close(&bench);
}

/* What 200 disables come to with this seed, one letter each. */
static void draw(uint32_t seed, char *out)
{
    struct bench bench;
    struct world *world;
    bool reboot;

    bench_ready(&bench, "healthy");
    world = bench_world(&bench);
    world->random = (struct world_random){
        .state = seed, .per_mille = 300, .left = 1000, .fail = true, .lie = true, .reboot = true};
    for (int i = 0; i < 200; i++) {
        bool ok = disable_video(&bench, &reboot, NULL), works = video_works(&bench);

        out[i] = (char)(!ok ? 'f' : works ? 'l' : reboot ? 'r' : '.');
        bench_edit(&bench, "display.hyperv_video=enabled");
    }
    out[200] = 0;
    bench_close(&bench);
}

static void faults_by_chance_are_repeatable_and_of_all_kinds(void **state)
{
    char one[201], again[201], other[201];

    (void)state;
    draw(7, one);
    draw(7, again);
    draw(8, other);
    assert_string_equal(one, again);
    assert_string_not_equal(one, other);
    assert_true(strchr(one, 'f') && strchr(one, 'l') && strchr(one, 'r') && strchr(one, '.'));
}

static void faults_by_chance_end_when_they_are_used_up(void **state)
{
    struct bench bench;
    struct world *world;
    unsigned failed = 0;
    bool reboot;

    (void)state;
    bench_ready(&bench, "healthy");
    world = bench_world(&bench);
    world->random = (struct world_random){.state = 3, .per_mille = 1000, .left = 5, .fail = true};
    for (int i = 0; i < 50; i++)
        failed += !disable_video(&bench, &reboot, NULL);
    assert_int_equal(failed, 5);
    bench_close(&bench);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nth_call_fails_with_kind_and_code_and_changes_nothing),
        cmocka_unit_test(a_kind_of_its_own_wins),
        cmocka_unit_test(a_fault_for_ever_never_ends),
        cmocka_unit_test(only_calls_on_the_object_count),
        cmocka_unit_test(a_lie_says_true_and_does_nothing),
        cmocka_unit_test(a_reader_that_lies_finds_nothing),
        cmocka_unit_test(a_wanted_reboot_comes_with_the_deed),
        cmocka_unit_test(a_hang_takes_its_time_and_then_times_out),
        cmocka_unit_test(a_kill_before_or_after_the_deed_leaves_a_dead_machine_until_restarted),
        cmocka_unit_test(a_power_cut_needs_a_boot),
        cmocka_unit_test(an_installer_can_be_killed_half_way),
        cmocka_unit_test(faults_by_chance_are_repeatable_and_of_all_kinds),
        cmocka_unit_test(faults_by_chance_end_when_they_are_used_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
