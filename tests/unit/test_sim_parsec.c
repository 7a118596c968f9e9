/* The rules of the simulated Windows that concern Parsec and Easy-GPU-PV's leftovers. */
#include "tests/support/sim_bench.h"

#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

/* ---- Parsec ---- */

static void a_start_is_logged_and_read_by_the_state_of_things(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    assert_true(bench_log_has(&bench, "===== Parsec: Started ====="));
    assert_true(bench_log_has(&bench, "log: Parsec release15 (150-104, Service: 11, Loader: 14)"));
    assert_true(bench_log_has(&bench, "Virtual Display Driver State: OK"));
    assert_true(bench_log_has(&bench, "STUN reply from"));
    bench_edit(&bench, "display.adapter=missing");
    bench_edit(&bench, "network=dead");
    bench_restart_parsec(&bench);
    assert_true(bench_log_has(&bench, "Virtual Display Driver State: Not Installed"));
    assert_true(bench_log_has(&bench, "= -6101"));
    bench_close(&bench);
}

static void a_client_is_logged_with_its_stream_or_what_is_wrong(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "client=connected");
    assert_true(bench_log_has(&bench, "player#1234567 connected."));
    assert_true(bench_log_has(&bench, "encoder = nvidia"));
    assert_true(bench_log_has(&bench, "encode_x = 1920"));
    bench_edit(&bench, "client=none");
    assert_true(bench_log_has(&bench, "player#1234567 disconnected."));
    assert_false(bench_log_has(&bench, "-9000"));
    bench_edit(&bench, "audio.cable=missing");
    bench_edit(&bench, "gpu.driver=truncated");
    bench_edit(&bench, "client=connected");
    assert_true(bench_log_has(&bench, "acapture_start[87] = -9000"));
    assert_true(bench_log_has(&bench, "encode_init[412] = -15101"));
    bench_close(&bench);
}

static void nobody_connects_to_a_parsec_that_is_down_or_signed_out(void **state)
{
    struct bench bench;
    struct err err = ERR_INIT;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "parsec.account=signed_out");
    assert_false(machine_sim_edit(bench.machine, "client=connected", &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    bench_edit(&bench, "parsec.account=signed_in");
    bench_edit(&bench, "parsec.service=stopped");
    assert_false(machine_sim_edit(bench.machine, "client=connected", NULL));
    bench_close(&bench);
}

static void a_free_plan_loses_the_lines_when_parsec_starts(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "parsec.plan=free");
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_virtual_monitors"));
    bench_restart_parsec(&bench);
    assert_false(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_virtual_monitors"));
    assert_false(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_privacy_mode"));
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "encoder_bitrate"));
    bench_close(&bench);
}

static void a_rewrite_to_the_stock_file_happens_as_often_as_told(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "parsec.config=rewritten"); /* at the next start, once */
    bench_config_put(&bench, "host_privacy_mode = 1\n");
    bench_restart_parsec(&bench);
    assert_false(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_privacy_mode"));
    bench_config_put(&bench, "host_privacy_mode = 1\n");
    bench_restart_parsec(&bench);
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_privacy_mode"));
    bench_edit(&bench, "parsec.config=rewritten_always");
    for (int i = 0; i < 3; i++) {
        bench_config_put(&bench, "host_privacy_mode = 1\n");
        bench_restart_parsec(&bench);
        assert_false(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.txt", "host_privacy_mode"));
    }
    bench_close(&bench);
}

static void json_configuration_is_read_and_stripped_likewise(void **state)
{
    static const char text[] = "[\"keep it valid\", {\"host_virtual_monitors\": {\"value\": 2}, "
                               "\"encoder_fps\": {\"value\": 60}}]";
    struct bench bench;
    struct files_port *files;

    (void)state;
    bench_ready(&bench, "healthy");
    files = bench.machine->files;
    bench_world(&bench)->parsec.json_config = true;
    assert_true(
        files->ops->write(files, ROOT_PARSEC_SHARED, "config.json", text, strlen(text), NULL));
    bench_restart_parsec(&bench);
    bench_edit(&bench, "client=connected");
    assert_int_equal(bench_monitors(&bench), 2);
    bench_edit(&bench, "parsec.plan=free");
    bench_restart_parsec(&bench);
    assert_false(
        bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.json", "host_virtual_monitors"));
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "config.json", "encoder_fps"));
    bench_close(&bench);
}

static void the_service_brings_a_killed_parsecd_back_and_drops_the_client(void **state)
{
    struct bench bench;
    struct processes_port *port;
    unsigned count;

    (void)state;
    bench_ready(&bench, "healthy");
    port = bench.machine->processes;
    bench_edit(&bench, "client=connected");
    assert_true(port->ops->terminate(port, "parsecd.exe", NULL));
    assert_false(bench_world(&bench)->parsec.client);
    bench_pass(&bench, SECOND);
    assert_true(port->ops->count(port, "parsecd.exe", &count, NULL));
    assert_int_equal(count, 0);
    bench_pass(&bench, 2 * SECOND);
    assert_true(port->ops->count(port, "parsecd.exe", &count, NULL));
    assert_int_equal(count, 2);
    bench_close(&bench);
}

static void the_log_is_rotated_at_about_a_megabyte(void **state)
{
    struct bench bench;
    struct files_port *files;
    static char big[1100 * 1024];

    (void)state;
    bench_ready(&bench, "healthy");
    files = bench.machine->files;
    memset(big, 'x', sizeof(big));
    assert_true(files->ops->write(files, ROOT_PARSEC_SHARED, "log.txt", big, sizeof(big), NULL));
    bench_restart_parsec(&bench);
    assert_true(bench_log_has(&bench, "Started"));
    assert_true(bench_file_has(&bench, ROOT_PARSEC_SHARED, "log.1.txt", "xxxx"));
    bench_close(&bench);
}

static void somebody_signs_in_when_the_window_opens_and_the_network_works(void **state)
{
    struct bench bench;
    struct sessions_port *port;
    struct fs_stat stat;

    (void)state;
    bench_ready(&bench, "fresh-unsigned");
    port = bench.machine->sessions;
    bench_edit(&bench, "sign_in.person=30");
    assert_true(port->ops->start_program(port, "C:\\x\\parsecd.exe", NULL));
    bench_pass(&bench, MINUTE);
    assert_int_equal(bench_world(&bench)->parsec.account, WORLD_SIGNED_OUT); /* no network yet */
    bench_edit(&bench, "network=ok");
    assert_true(port->ops->start_program(port, "C:\\x\\parsecd.exe", NULL));
    bench_pass(&bench, 29 * SECOND);
    assert_int_equal(bench_world(&bench)->parsec.account, WORLD_SIGNED_OUT);
    bench_pass(&bench, 2 * SECOND);
    assert_int_equal(bench_world(&bench)->parsec.account, WORLD_SIGNED_IN);
    assert_true(bench.machine->files->ops->stat(
        bench.machine->files, ROOT_PARSEC_SHARED, "user.bin", &stat, NULL));
    assert_int_equal(stat.kind, FS_FILE);
    bench_close(&bench);
}

static void parsec_reaches_its_servers_through_the_configured_proxy(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "healthy");
    bench_edit(&bench, "network=proxy");
    bench_edit(&bench, "parsec.log=missing");
    bench_restart_parsec(&bench);
    assert_true(bench_log_has(&bench, "-6101"));
    bench_edit(&bench, "parsec.log=missing");
    bench_config_put(&bench,
                     "app_proxy = true\napp_proxy_scheme = http\n"
                     "app_proxy_address = 127.0.0.1\napp_proxy_port = 7890\n");
    bench_restart_parsec(&bench);
    assert_false(bench_log_has(&bench, "-6101"));
    bench_close(&bench);
}

/* ---- Easy-GPU-PV's leftovers ---- */

static void
the_leftover_task_switches_hyperv_video_off_for_good_two_minutes_after_logon(void **state)
{
    struct bench bench;

    (void)state;
    bench_ready(&bench, "fresh");
    assert_true(bench_devices(&bench, WORLD_HYPERV_VIDEO).items[0].started);
    bench_pass(&bench, 2 * MINUTE);
    assert_int_equal(bench_devices(&bench, WORLD_HYPERV_VIDEO).items[0].problem,
                     DEVICE_PROBLEM_DISABLED);
    assert_int_equal(bench_devices(&bench, WORLD_VDA).count,
                     0); /* no network: nothing instead of it */
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_false(bench_devices(&bench, WORLD_HYPERV_VIDEO).items[0].started);
    bench_close(&bench);
}

static void a_disabled_task_does_nothing(void **state)
{
    struct bench bench;
    struct tasks_port *tasks;

    (void)state;
    bench_ready(&bench, "fresh");
    tasks = bench.machine->tasks;
    assert_true(
        tasks->ops->set_enabled(tasks, "Install Parsec Virtual Display Driver", false, NULL));
    bench_pass(&bench, 10 * MINUTE);
    assert_true(bench_devices(&bench, WORLD_HYPERV_VIDEO).items[0].started);
    bench_close(&bench);
}

static void the_logon_script_registers_the_tasks_again_at_each_logon(void **state)
{
    struct bench bench;
    struct tasks_port *tasks;
    struct task task;

    (void)state;
    bench_ready(&bench, "adopted");
    tasks = bench.machine->tasks;
    assert_true(tasks->ops->set_enabled(tasks, "Monitor Parsec VDD State", false, NULL));
    bench_edit(&bench, "session=logged_off");
    bench_edit(&bench, "session=logged_on");
    assert_true(tasks->ops->query(tasks, "Monitor Parsec VDD State", &task, NULL));
    assert_true(task.present && task.enabled);
    bench_edit(&bench, "legacy.scripts=absent");
    assert_true(tasks->ops->set_enabled(tasks, "Monitor Parsec VDD State", false, NULL));
    bench_edit(&bench, "session=logged_off");
    bench_edit(&bench, "session=logged_on");
    assert_true(tasks->ops->query(tasks, "Monitor Parsec VDD State", &task, NULL));
    assert_false(task.enabled);
    bench_close(&bench);
}

static void the_logon_script_waits_for_the_network(void **state)
{
    struct bench bench;
    struct tasks_port *tasks;
    struct task task;

    (void)state;
    bench_ready(&bench, "fresh");
    tasks = bench.machine->tasks;
    bench_edit(&bench, "legacy.tasks=absent");
    bench_pass(&bench, 5 * MINUTE);
    assert_true(tasks->ops->query(tasks, "Install VB Cable", &task, NULL));
    assert_false(task.present);
    bench_edit(&bench, "network=ok");
    assert_true(tasks->ops->query(tasks, "Install VB Cable", &task, NULL));
    assert_true(task.present);
    bench_pass(&bench, SECOND);
    assert_true(bench_devices(&bench, WORLD_CABLE).count == 1); /* and runs them */
    bench_close(&bench);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_is_logged_and_read_by_the_state_of_things),
        cmocka_unit_test(a_client_is_logged_with_its_stream_or_what_is_wrong),
        cmocka_unit_test(nobody_connects_to_a_parsec_that_is_down_or_signed_out),
        cmocka_unit_test(a_free_plan_loses_the_lines_when_parsec_starts),
        cmocka_unit_test(a_rewrite_to_the_stock_file_happens_as_often_as_told),
        cmocka_unit_test(json_configuration_is_read_and_stripped_likewise),
        cmocka_unit_test(the_service_brings_a_killed_parsecd_back_and_drops_the_client),
        cmocka_unit_test(the_log_is_rotated_at_about_a_megabyte),
        cmocka_unit_test(somebody_signs_in_when_the_window_opens_and_the_network_works),
        cmocka_unit_test(parsec_reaches_its_servers_through_the_configured_proxy),
        cmocka_unit_test(
            the_leftover_task_switches_hyperv_video_off_for_good_two_minutes_after_logon),
        cmocka_unit_test(a_disabled_task_does_nothing),
        cmocka_unit_test(the_logon_script_registers_the_tasks_again_at_each_logon),
        cmocka_unit_test(the_logon_script_waits_for_the_network),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
