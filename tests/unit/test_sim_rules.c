/* The rules of the simulated Windows, one by one, in memory: boots, displays, devices, installers.
 */
#include "tests/support/sim_bench.h"

#include <string.h>

#define SECOND      INT64_C(1000)
#define MINUTE      (60 * SECOND)
#define VDD_SETUP   "parsec-vdd-0.45.0.0.exe"
#define CABLE_SETUP "VBCABLE_Setup_x64.exe"

/* ---- boot, setup, logon ---- */

static void setup_comes_before_the_first_logon_only(void **state)
{
    struct bench bench;
    struct system_state now;
    struct session_state session;

    (void)state;
    bench_open(&bench, "healthy");
    assert_true(bench.machine->system->ops->query(bench.machine->system, &now, NULL));
    assert_true(now.setup_running && now.oobe_running);
    bench_pass(&bench, 21 * SECOND);
    assert_true(bench.machine->system->ops->query(bench.machine->system, &now, NULL));
    assert_false(now.setup_running || now.oobe_running);
    assert_true(bench.machine->sessions->ops->query(bench.machine->sessions, &session, NULL));
    assert_false(session.user_logged_on);
    bench_pass(&bench, 12 * SECOND);
    assert_true(bench.machine->sessions->ops->query(bench.machine->sessions, &session, NULL));
    assert_true(session.user_logged_on);
    assert_int_equal(session.desktop_age_ms, SECOND); /* since it was due, not since we looked */
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_true(bench.machine->system->ops->query(bench.machine->system, &now, NULL));
    assert_false(now.setup_running);
    bench_close(&bench);
}

static void a_boot_ends_session_processes_monitors_and_pending_reboot(void **state)
{
    struct bench bench;
    uint32_t index;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "system.reboot=pending");
    bench_edit(&bench, "client=connected");
    assert_true(bench.machine->vdd->ops->open(bench.machine->vdd, NULL));
    assert_true(bench.machine->vdd->ops->add(bench.machine->vdd, &index, NULL));
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_int_equal(bench_monitors(&bench), 0);
    assert_int_equal(bench_world(&bench)->process_count, 0);
    assert_false(bench_world(&bench)->system.reboot_pending);
    assert_false(bench_world(&bench)->parsec.client);
    assert_false(bench_world(&bench)->session.logged_on);
    assert_false(bench.machine->vdd->ops->ping(bench.machine->vdd, NULL)); /* a new process */
    bench_close(&bench);
}

static void a_device_disabled_for_good_stays_disabled_over_boots(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "display.hyperv_video=disabled_for_good");
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_int_equal(bench_devices(&bench, WORLD_HYPERV_VIDEO).items[0].problem,
                     DEVICE_PROBLEM_DISABLED);
    bench_close(&bench);
}

/* ---- displays ---- */

static void hyperv_video_alone_shows_1024x768(void **state)
{
    struct bench bench;
    struct display_list list;

    (void)state;
    bench_ready(&bench, "healthy");
    list = bench_paths(&bench);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].kind, DISPLAY_HYPERV_VIDEO);
    assert_int_equal(list.items[0].width, 1024);
    assert_int_equal(list.items[0].height, 768);
    bench_close(&bench);
}

static void disabling_hyperv_video_lasts_until_the_next_boot(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_disable(&bench, WORLD_HYPERV_VIDEO);
    assert_int_equal(bench_paths(&bench).items[0].kind, DISPLAY_BASIC);
    bench_edit(&bench, "display.basic=off");
    assert_int_equal(bench_paths(&bench).count, 0);
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_int_equal(bench_paths(&bench).items[0].kind, DISPLAY_HYPERV_VIDEO);
    bench_close(&bench);
}

static void an_enhanced_session_shows_the_remote_display_only(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "session=enhanced");
    assert_int_equal(bench_paths(&bench).count, 1);
    assert_int_equal(bench_paths(&bench).items[0].kind, DISPLAY_REMOTE);
    bench_close(&bench);
}

static void a_client_brings_parsecs_monitor_when_plan_and_lines_allow_it(void **state)
{
    static const struct {
        const char *plan, *config;
        unsigned monitors;
    } rows[] = {
        {"parsec.plan=warp", "host_virtual_monitors = 1\n", 1},
        {"parsec.plan=teams", "# x\nhost_virtual_monitors=2\r\n", 2},
        {"parsec.plan=warp", "host_virtual_monitors = 0\n", 0},
        {"parsec.plan=warp", "#host_virtual_monitors = 1\n", 0},
        {"parsec.plan=free", "host_virtual_monitors = 1\n", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bench bench;

        bench_ready(&bench, "healthy");
        bench_edit(&bench, rows[i].plan);
        bench_config_put(&bench, rows[i].config);
        bench_restart_parsec(&bench);
        assert_int_equal(bench_monitors(&bench), 0);
        bench_edit(&bench, "client=connected");
        if (bench_monitors(&bench) != rows[i].monitors)
            fail_msg("row %u: %u monitors", (unsigned)i, bench_monitors(&bench));
        bench_edit(&bench, "client=none");
        assert_int_equal(bench_monitors(&bench), 0);
        bench_close(&bench);
    }
}

static void privacy_mode_leaves_the_virtual_monitor_alone_while_a_client_is_there(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy"); /* its configuration has both lines */
    bench_edit(&bench, "client=connected");
    assert_int_equal(bench_paths(&bench).count, 1);
    assert_int_equal(bench_paths(&bench).items[0].kind, DISPLAY_PARSEC);
    bench_edit(&bench, "client=none");
    assert_int_equal(bench_paths(&bench).items[0].kind, DISPLAY_HYPERV_VIDEO);
    bench_close(&bench);
}

static void custom_modes_come_from_the_drivers_registry_key(void **state)
{
    struct bench bench;
    uint32_t index;
    struct registry_value value = {.type = REGISTRY_DWORD};
    static const struct {
        const char *name;
        uint32_t value;
    } mode[] = {{"width", 2388}, {"height", 1668}, {"hz", 120}};

    (void)state;
    bench_ready(&bench, "healthy");
    assert_true(bench.machine->vdd->ops->open(bench.machine->vdd, NULL));
    assert_true(bench.machine->vdd->ops->add(bench.machine->vdd, &index, NULL));
    assert_false(
        bench.machine->displays->ops->set_mode(bench.machine->displays, 2388, 1668, 120, NULL));
    for (size_t i = 0; i < 3; i++) {
        value.dword = mode[i].value;
        assert_true(bench.machine->registry->ops->set(
            bench.machine->registry, "HKLM\\SOFTWARE\\Parsec\\vdd\\0", mode[i].name, &value, NULL));
    }
    assert_true(
        bench.machine->displays->ops->set_mode(bench.machine->displays, 2388, 1668, 120, NULL));
    bench_close(&bench);
}

/* ---- devices ---- */

struct cure_row {
    const char *edit;
    bool restart, reinstall, boot; /* which of them cures it */
};

static const struct cure_row cure_rows[] = {
    {"display.adapter=code10", true, true, true},
    {"display.adapter=code43", true, true, true},
    {"display.adapter=code18", false, true, false},
    {"display.adapter=code31", false, true, false},
    {"display.adapter=code39", false, true, false},
    {"display.adapter=code14", false, false, true},
    {"display.adapter=code52", false, false, false},
};

static bool works_after_restart(struct bench *bench)
{
    struct devices_port *port = bench->machine->devices;
    bool reboot;

    bench_disable(bench, WORLD_VDA);
    assert_true(
        port->ops->enable(port, bench_devices(bench, WORLD_VDA).items[0].instance, &reboot, NULL));
    return bench_devices(bench, WORLD_VDA).items[0].started;
}

static bool works_after_reinstall(struct bench *bench)
{
    struct drivers_port *port = bench->machine->drivers;
    char inf[DEVICE_ID_BYTES];
    bool reboot;

    assert_true(port->ops->find(port, WORLD_VDA, inf, NULL));
    assert_true(port->ops->bind(port, WORLD_VDA, inf, &reboot, NULL));
    return bench_devices(bench, WORLD_VDA).items[0].started;
}

static bool works_after_boot(struct bench *bench)
{
    assert_true(machine_sim_boot(bench->machine, NULL));
    return bench_devices(bench, WORLD_VDA).items[0].started;
}

static void each_problem_has_its_cure(void **state)
{
    bool (*const cures[])(struct bench *) = {
        works_after_restart, works_after_reinstall, works_after_boot};

    (void)state;
    for (size_t i = 0; i < sizeof(cure_rows) / sizeof(cure_rows[0]); i++) {
        const struct cure_row *row = &cure_rows[i];
        const bool expected[] = {row->restart, row->reinstall, row->boot};

        for (size_t c = 0; c < 3; c++) {
            struct bench bench;

            bench_ready(&bench, "healthy");
            bench_edit(&bench, row->edit);
            if (cures[c](&bench) != expected[c])
                fail_msg("%s, cure %u", row->edit, (unsigned)c);
            bench_close(&bench);
        }
    }
}

static void the_gpu_shows_code_43_without_its_driver_until_restarted_with_it(void **state)
{
    struct bench bench;
    struct devices_port *port;
    struct device gpu;
    bool reboot;

    (void)state;
    bench_ready(&bench, "healthy");
    port = bench.machine->devices;
    assert_true(bench_devices(&bench, WORLD_GPU).items[0].started);
    bench_edit(&bench, "gpu.driver=missing"); /* in use: works until the device starts again */
    assert_true(bench_devices(&bench, WORLD_GPU).items[0].started);
    assert_true(machine_sim_boot(bench.machine, NULL));
    gpu = bench_devices(&bench, WORLD_GPU).items[0];
    assert_int_equal(gpu.problem, DEVICE_PROBLEM_FAILURE);
    bench_edit(&bench, "gpu.driver=current");
    assert_int_equal(bench_devices(&bench, WORLD_GPU).items[0].problem, DEVICE_PROBLEM_FAILURE);
    assert_true(port->ops->disable(port, gpu.instance, &reboot, NULL));
    assert_true(port->ops->enable(port, gpu.instance, &reboot, NULL));
    assert_true(bench_devices(&bench, WORLD_GPU).items[0].started);
    bench_close(&bench);
}

static void the_gpu_partition_comes_and_goes_with_boots(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "gpu.partition=absent");
    assert_true(bench_devices(&bench, WORLD_GPU).items[0].present);
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_int_equal(bench_devices(&bench, WORLD_GPU).items[0].problem, DEVICE_PROBLEM_PHANTOM);
    bench_edit(&bench, "gpu.partition=attached");
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_true(bench_devices(&bench, WORLD_GPU).items[0].started);
    bench_close(&bench);
}

/* ---- installers ---- */

static void the_display_installer_takes_its_time_and_gives_a_working_device(void **state)
{
    struct bench bench;
    int64_t start_ms;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "display.adapter=missing");
    start_ms = bench.clock.time_ms;
    assert_int_equal(bench_run(&bench, VDD_SETUP, "/S").exit_code, 0);
    assert_int_equal(bench.clock.time_ms - start_ms, 18 * SECOND);
    assert_int_equal(bench_devices(&bench, WORLD_VDA).count, 1);
    assert_true(bench_devices(&bench, WORLD_VDA).items[0].started);
    assert_int_equal(bench_run(&bench, VDD_SETUP, "/S").exit_code, 0);
    assert_int_equal(bench_devices(&bench, WORLD_VDA).count, 2); /* once more, one more */
    bench_close(&bench);
}

static void an_installer_without_its_silent_switch_waits_for_a_person(void **state)
{
    struct bench bench;
    int64_t start_ms;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "display.adapter=missing");
    start_ms = bench.clock.time_ms;
    assert_true(bench_run(&bench, VDD_SETUP, "/x").timed_out);
    assert_int_equal(bench.clock.time_ms - start_ms, 5 * MINUTE);
    assert_int_equal(bench_devices(&bench, WORLD_VDA).count, 0);
    bench_close(&bench);
}

static void an_untrusted_driver_is_only_unpacked_or_waits_for_a_person(void **state)
{
    struct bench bench;

    (void)state;
    for (int unpacks = 0; unpacks < 2; unpacks++) {
        bench_ready(&bench, "fresh");
        for (uint32_t i = 0; i < bench_world(&bench)->program_count; i++)
            bench_world(&bench)->programs[i].unpacks = unpacks != 0;
        assert_int_equal(bench_run(&bench, VDD_SETUP, "/S").timed_out, !unpacks);
        assert_int_equal(bench_devices(&bench, WORLD_VDA).count, 0);
        assert_true(bench_file_has(&bench, ROOT_VDD_PROGRAM, "driver/mm.inf", "Parsec"));
        bench_close(&bench);
    }
}

static void an_installer_may_lie_hang_fail_or_want_a_reboot(void **state)
{
    struct bench bench;
    struct world_program *program;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "audio.cable=missing");
    for (program = bench_world(&bench)->programs;
         strcmp(program->file, CABLE_SETUP) != 0 || program->effect != WORLD_EFFECT_CABLE;)
        program++;
    program->lies = true;
    assert_int_equal(bench_run(&bench, CABLE_SETUP, "-i -h").exit_code, 0);
    assert_int_equal(bench_devices(&bench, WORLD_CABLE).count, 0);
    program->hangs = true;
    assert_true(bench_run(&bench, CABLE_SETUP, "-i -h").timed_out);
    assert_int_equal(bench_devices(&bench, WORLD_CABLE).count, 0);
    program->hangs = program->lies = false;
    program->exit_code = 3010;
    program->needs_reboot = true;
    assert_int_equal(bench_run(&bench, CABLE_SETUP, "-i -h").exit_code, 3010);
    assert_int_equal(bench_devices(&bench, WORLD_CABLE).count, 1);
    assert_true(bench_world(&bench)->system.reboot_pending);
    assert_int_equal(bench_run(&bench, CABLE_SETUP, "-u -h").exit_code, 0);
    assert_int_equal(bench_devices(&bench, WORLD_CABLE).count, 0);
    bench_close(&bench);
}

static void installing_parsec_keeps_the_account_only_with_nocleanuser(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    assert_int_equal(
        bench_run(&bench, "parsec-windows.exe", "/silent /norun /nocleanuser").exit_code, 0);
    assert_int_equal(bench_world(&bench)->parsec.account, WORLD_SIGNED_IN);
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_privacy_mode"));
    assert_int_equal(bench_run(&bench, "parsec-windows.exe", "/silent /norun").exit_code, 0);
    assert_int_equal(bench_world(&bench)->parsec.account, WORLD_SIGNED_OUT);
    assert_false(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_privacy_mode"));
    bench_close(&bench);
}

static void parsec_is_installed_and_uninstalled_with_service_files_and_registry(void **state)
{
    static const char key[] =
        "HKLM32\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Parsec";
    struct bench bench;
    struct service_status status;
    struct registry_value value;

    (void)state;
    bench_ready(&bench, "new");
    assert_true(
        bench.machine->services->ops->query(bench.machine->services, "Parsec", &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_ABSENT);
    assert_int_equal(bench_run(&bench, "parsec-windows.exe", "/silent /norun").exit_code, 0);
    assert_true(
        bench.machine->services->ops->query(bench.machine->services, "Parsec", &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_RUNNING);
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "app_host"));
    assert_true(bench.machine->registry->ops->get(
        bench.machine->registry, key, "DisplayName", &value, NULL));
    assert_string_equal(value.text, "Parsec");
    assert_int_equal(bench_run(&bench, "uninstall.exe", "/silent").exit_code, 0);
    assert_true(
        bench.machine->services->ops->query(bench.machine->services, "Parsec", &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_ABSENT);
    assert_true(bench.machine->registry->ops->get(
        bench.machine->registry, key, "DisplayName", &value, NULL));
    assert_int_equal(value.type, REGISTRY_ABSENT);
    bench_close(&bench);
}

/* ---- drift ---- */

static void drift_strikes_at_its_boot_and_time(void **state)
{
    struct bench bench;
    struct world_drift *drift;

    (void)state;
    bench_ready(&bench, "healthy");
    drift = &bench_world(&bench)->drifts[bench_world(&bench)->drift_count++];
    *drift = (struct world_drift){
        .at_boot = 3, .after_s = 90, .key = "display.adapter", .value = "code43"};
    assert_true(machine_sim_boot(bench.machine, NULL));
    bench_pass(&bench, 10 * MINUTE);
    assert_true(bench_devices(&bench, WORLD_VDA).items[0].started);
    assert_true(machine_sim_boot(bench.machine, NULL));
    bench_pass(&bench, 89 * SECOND);
    assert_true(bench_devices(&bench, WORLD_VDA).items[0].started);
    bench_pass(&bench, 2 * SECOND);
    assert_int_equal(bench_devices(&bench, WORLD_VDA).items[0].problem, DEVICE_PROBLEM_FAILURE);
    bench_close(&bench);
}

static void waiting_goes_on_until_something_happens_by_itself(void **state)
{
    struct bench bench;
    struct system_port *system;
    bool changed = true;
    int64_t start_ms;

    (void)state;
    bench_ready(&bench, "fresh");
    system = bench.machine->system;
    while (changed)
        assert_true(system->ops->wait_change(system, 0, &changed, NULL));
    start_ms = bench.clock.time_ms;
    assert_true(system->ops->wait_change(system, 60 * MINUTE, &changed, NULL));
    assert_true(changed); /* the leftover tasks ran */
    assert_in_range(bench.clock.time_ms - start_ms, 1, 2 * MINUTE);
    bench_close(&bench);
}

static void a_reset_machine_is_as_its_original_and_apart_from_it(void **state)
{
    struct bench bench;
    struct machine *clone = NULL;
    struct clock_manual clock = {0};

    (void)state;
    bench_ready(&bench, "healthy");
    clock_manual_init(&clock, bench.clock.time_ms, bench.clock.wall_offset_ms);
    assert_true(machine_sim_clone(bench.machine, &clock.base, &clone, NULL));
    for (int i = 0; i < 100; i++) {
        assert_true(machine_sim_edit(clone, "display.adapter=missing", NULL));
        assert_true(machine_sim_edit(clone, "parsec.config=garbage", NULL));
        machine_sim_reset(clone, bench.machine);
        assert_int_equal(machine_sim_world(clone)->device_count, bench_world(&bench)->device_count);
    }
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_privacy_mode"));
    machine_free(clone);
    bench_close(&bench);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_comes_before_the_first_logon_only),
        cmocka_unit_test(a_boot_ends_session_processes_monitors_and_pending_reboot),
        cmocka_unit_test(a_device_disabled_for_good_stays_disabled_over_boots),
        cmocka_unit_test(hyperv_video_alone_shows_1024x768),
        cmocka_unit_test(disabling_hyperv_video_lasts_until_the_next_boot),
        cmocka_unit_test(an_enhanced_session_shows_the_remote_display_only),
        cmocka_unit_test(a_client_brings_parsecs_monitor_when_plan_and_lines_allow_it),
        cmocka_unit_test(privacy_mode_leaves_the_virtual_monitor_alone_while_a_client_is_there),
        cmocka_unit_test(custom_modes_come_from_the_drivers_registry_key),
        cmocka_unit_test(each_problem_has_its_cure),
        cmocka_unit_test(the_gpu_shows_code_43_without_its_driver_until_restarted_with_it),
        cmocka_unit_test(the_gpu_partition_comes_and_goes_with_boots),
        cmocka_unit_test(the_display_installer_takes_its_time_and_gives_a_working_device),
        cmocka_unit_test(an_installer_without_its_silent_switch_waits_for_a_person),
        cmocka_unit_test(an_untrusted_driver_is_only_unpacked_or_waits_for_a_person),
        cmocka_unit_test(an_installer_may_lie_hang_fail_or_want_a_reboot),
        cmocka_unit_test(installing_parsec_keeps_the_account_only_with_nocleanuser),
        cmocka_unit_test(parsec_is_installed_and_uninstalled_with_service_files_and_registry),
        cmocka_unit_test(drift_strikes_at_its_boot_and_time),
        cmocka_unit_test(waiting_goes_on_until_something_happens_by_itself),
        cmocka_unit_test(a_reset_machine_is_as_its_original_and_apart_from_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
