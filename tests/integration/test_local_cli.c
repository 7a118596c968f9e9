/*
 * `gpupv-agent status`, `check`, `repair` and `selftest` as a person runs them: beside a running
 * agent, alone, after one that died, and when somebody else waits where the agent should.
 */
#include "tests/support/support.h"

#include "common/json.h"
#include "guest/local_door.h"
#include "guest/machine/sim/sim.h"
#include "guest/selftest.h"
#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DISK   "disk"
#define FOLDER "disk/agent"
#define RUN_MS 60000
#define TRIES  200
#define TRY_MS 100

struct bench {
    struct process_child *agent;
    struct buf out;
    int code;
    cJSON *json;
};

static void edit(const char *text)
{
    const char *const edits[] = {text, NULL};
    struct err err = ERR_INIT;
    char why[512];

    if (!machine_sim_edit_disk(DISK, edits, &err))
        fail_msg("%s: %s", text, err_message(&err, TEXT_EN, why, sizeof why));
}

static int set_up(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);

    assert_non_null(bench);
    assert_true(fs_remove_tree(DISK, NULL));
    assert_true(machine_sim_init(DISK, "healthy", NULL));
    edit("clock.scale=60");
    buf_init(&bench->out, 1 << 20);
    *state = bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    process_child_free(bench->agent);
    cJSON_Delete(bench->json);
    buf_done(&bench->out);
    free(bench);
    return 0;
}

static void run(struct bench *bench, const char *command, const char *option)
{
    const char *agent = getenv("GPUPV_TEST_AGENT");
    const char *args[] = {agent, command, "--simulate", DISK, "--json", option, NULL};

    cJSON_Delete(bench->json);
    bench->json = NULL;
    buf_clear(&bench->out);
    assert_true(process_run(agent, args, RUN_MS, &bench->out, &bench->code, NULL));
    json_parse(buf_str(&bench->out), bench->out.len, &json_limits_file, &bench->json, NULL);
    if (!bench->json)
        fail_msg("%s: %s", command, buf_str(&bench->out));
}

static bool flag(const struct bench *bench, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(bench->json, name));
}

static const char *check_status(const struct bench *bench, const char *check)
{
    const cJSON *health = cJSON_GetObjectItemCaseSensitive(bench->json, "health");
    const cJSON *checks = cJSON_GetObjectItemCaseSensitive(health, "checks");
    const cJSON *row = cJSON_GetObjectItemCaseSensitive(checks, check);
    const char *status = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, "status"));

    return status ? status : "none";
}

static size_t step_count(const struct bench *bench)
{
    return (size_t)cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(bench->json, "steps"));
}

static void agent_start(struct bench *bench)
{
    const char *agent = getenv("GPUPV_TEST_AGENT");
    const char *args[] = {agent, "run", "--simulate", DISK, "--listen", "none", NULL};

    assert_true(process_child_start(agent, args, "agent-output.log", &bench->agent, NULL));
    for (int i = 0; i < TRIES; i++) {
        run(bench, "status", NULL);
        if (flag(bench, "running"))
            return;
        clock_sleep_ms(clock_system(), TRY_MS);
    }
    fail_msg("the agent does not answer");
}

static bool door_is_told(void)
{
    struct fs_stat stat;

    return fs_stat(FOLDER "/" LOCAL_DOOR_FILE, &stat, NULL) && stat.kind == FS_FILE;
}

/* Nothing is repaired while the simulated Windows still starts. */
static void wait_for_desktop(struct bench *bench)
{
    for (int i = 0; i < TRIES; i++) {
        run(bench, "check", NULL);
        if (strcmp(check_status(bench, "session.desktop"), "ok") == 0)
            return;
        clock_sleep_ms(clock_system(), TRY_MS);
    }
    fail_msg("no desktop");
}

static void status_without_an_agent_says_so(void **state)
{
    struct bench *bench = *state;

    run(bench, "status", NULL);
    assert_false(flag(bench, "running"));
    assert_int_equal(bench->code, 3);
}

static void status_shows_what_the_running_agent_found(void **state)
{
    struct bench *bench = *state;

    agent_start(bench);
    assert_non_null(cJSON_GetObjectItemCaseSensitive(bench->json, "health"));
    assert_non_null(cJSON_GetObjectItemCaseSensitive(bench->json, "build"));
}

static void check_lets_the_running_agent_look_anew(void **state)
{
    struct bench *bench = *state;

    agent_start(bench);
    run(bench, "check", NULL);
    assert_string_equal(check_status(bench, "audio.cable"), "ok");
    edit("audio.cable=missing");
    run(bench, "check", NULL);
    assert_string_equal(check_status(bench, "audio.cable"), "bad");
    assert_int_equal(bench->code, 1);
}

static void repair_is_done_by_the_running_agent(void **state)
{
    struct bench *bench = *state;

    agent_start(bench);
    wait_for_desktop(bench);
    edit("audio.cable=missing");
    run(bench, "repair", "--dry-run");
    assert_string_equal(check_status(bench, "audio.cable"), "bad");
    run(bench, "repair", "--now");
    assert_true(step_count(bench) > 0);
    assert_string_equal(check_status(bench, "audio.cable"), "ok");
}

static void repair_works_alone(void **state)
{
    struct bench *bench = *state;

    wait_for_desktop(bench);
    edit("audio.cable=missing");
    run(bench, "repair", "--now");
    assert_true(step_count(bench) > 0);
    assert_string_equal(check_status(bench, "audio.cable"), "ok");
}

/* Without a package and a payload the adapter stays away: each way is tried, and that is it. */
static void repair_that_cannot_help_ends(void **state)
{
    struct bench *bench = *state;

    wait_for_desktop(bench);
    edit("display.driver=missing");
    edit("display.adapter=missing");
    run(bench, "repair", "--now");
    assert_int_not_equal(bench->code, 0);
    assert_in_range(step_count(bench), 3, 15);
}

static void agent_that_died_does_not_stand_in_the_way(void **state)
{
    struct bench *bench = *state;

    agent_start(bench);
    process_child_free(bench->agent); /* killed: the door stays */
    bench->agent = NULL;
    assert_true(door_is_told());
    run(bench, "status", NULL);
    assert_false(flag(bench, "running"));
    run(bench, "check", NULL);
    assert_string_equal(check_status(bench, "audio.cable"), "ok");
}

static void damaged_door_does_not_stand_in_the_way(void **state)
{
    struct bench *bench = *state;

    assert_true(fs_make_dirs(FOLDER, FS_PRIVATE, NULL));
    assert_true(fs_write_atomic(FOLDER "/" LOCAL_DOOR_FILE, "{", 1, FS_PRIVATE, NULL));
    run(bench, "check", NULL);
    assert_string_equal(check_status(bench, "audio.cable"), "ok");
}

/* ---- somebody else in the agent's place ---- */

struct impostor {
    uv_loop_t loop;
    uv_async_t end;
    struct link_listener *listener;
    struct link_address address;
    uv_sem_t ready;
    unsigned accepted;
};

static void on_data(struct link *link, const uint8_t *data, size_t length, void *user)
{
    (void)user;
    link_send(link, data, length); /* whatever it is, it is no proof */
}

static void on_link_close(struct link *link, const struct err *why, void *user)
{
    (void)link;
    (void)why;
    (void)user;
}

static const struct link_events link_events = {.on_data = on_data, .on_close = on_link_close};

static void on_accept(struct link *link, void *user)
{
    ((struct impostor *)user)->accepted++;
    link_attach(link, &link_events, user);
}

static void on_error(const struct err *err, void *user)
{
    (void)err;
    (void)user;
}

static void on_closed(void *user)
{
    (void)user;
}

static const struct link_listen_events listen_events = {
    .on_accept = on_accept, .on_error = on_error, .on_closed = on_closed};

static void on_end(uv_async_t *async)
{
    struct impostor *impostor = async->data;

    link_listener_close(impostor->listener);
    uv_close((uv_handle_t *)async, NULL);
}

static void impostor_main(void *user)
{
    struct impostor *impostor = user;

    link_listen(
        &impostor->loop, &impostor->address, &listen_events, impostor, &impostor->listener, NULL);
    uv_sem_post(&impostor->ready);
    uv_run(&impostor->loop, UV_RUN_DEFAULT);
}

static void impostor_is_not_believed(void **state)
{
    struct bench *bench = *state;
    struct impostor impostor = {.accepted = 0};
    struct local_door door;
    const cJSON *error;
    uv_thread_t thread;

    assert_true(fs_make_dirs(FOLDER, FS_PRIVATE, NULL));
    assert_true(local_door_make(FOLDER, &door, NULL) && local_door_tell(FOLDER, &door, NULL));
    impostor.address = door.address;
    uv_loop_init(&impostor.loop);
    uv_async_init(&impostor.loop, &impostor.end, on_end);
    impostor.end.data = &impostor;
    uv_sem_init(&impostor.ready, 0);
    assert_int_equal(uv_thread_create(&thread, impostor_main, &impostor), 0);
    uv_sem_wait(&impostor.ready);
    run(bench, "status", NULL);
    uv_async_send(&impostor.end);
    uv_thread_join(&thread);
    uv_loop_close(&impostor.loop);
    uv_sem_destroy(&impostor.ready);
    error = cJSON_GetObjectItemCaseSensitive(bench->json, "error");
    assert_non_null(error);
    assert_int_equal(impostor.accepted, 1);
    assert_int_not_equal(bench->code, 0);
    assert_false(flag(bench, "running"));
}

/* ---- self-test ---- */

/* Whatever changes the machine is not there to be called. */
static void take_changes_away(struct machine *machine)
{
    static struct devices_ops devices;
    static struct drivers_ops drivers;
    static struct services_ops services;
    static struct processes_ops processes;
    static struct tasks_ops tasks;
    static struct files_ops files;
    static struct registry_ops registry;
    static struct vdd_ops vdd;
    static struct system_ops system;

    devices = (struct devices_ops){.list = machine->devices->ops->list};
    drivers = (struct drivers_ops){.find = machine->drivers->ops->find,
                                   .trust = machine->drivers->ops->trust};
    services = (struct services_ops){.query = machine->services->ops->query};
    processes = (struct processes_ops){.count = machine->processes->ops->count};
    tasks = (struct tasks_ops){.query = machine->tasks->ops->query};
    files = *machine->files->ops;
    files.write = NULL;
    files.remove = NULL;
    registry = (struct registry_ops){.get = machine->registry->ops->get};
    vdd = (struct vdd_ops){.open = machine->vdd->ops->open,
                           .close = machine->vdd->ops->close,
                           .version = machine->vdd->ops->version};
    system = (struct system_ops){.query = machine->system->ops->query,
                                 .audio = machine->system->ops->audio};
    machine->devices->ops = &devices;
    machine->drivers->ops = &drivers;
    machine->services->ops = &services;
    machine->processes->ops = &processes;
    machine->tasks->ops = &tasks;
    machine->files->ops = &files;
    machine->registry->ops = &registry;
    machine->vdd->ops = &vdd;
    machine->system->ops = &system;
}

static const char *ask(struct selftest_guest *guest, const char *id)
{
    struct selftest_answer answer = {.outcome = SELFTEST_UNKNOWN};
    const struct selftest_probe *rows;
    size_t count;

    rows = selftest_guest_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].id, id) == 0)
            rows[i].run(guest, &answer);
    return selftest_outcome_name(answer.outcome);
}

static const char *outcome_after(const char *const changes[2], const char *id)
{
    static struct selftest_guest guest;
    struct machine *machine = NULL;
    const char *outcome;

    assert_true(fs_remove_tree(DISK, NULL));
    assert_true(machine_sim_init(DISK, "healthy", NULL));
    for (size_t i = 0; i < 2 && changes[i]; i++)
        edit(changes[i]);
    assert_true(machine_open_sim(DISK, &machine, NULL));
    take_changes_away(machine);
    assert_true(selftest_guest_open(&guest, machine, FOLDER, NULL));
    outcome = ask(&guest, id);
    selftest_guest_done(&guest);
    machine_free(machine);
    return outcome;
}

static void probes_tell_what_the_machine_is_like(void **state)
{
    static const struct {
        const char *edits[2], *probe, *outcome;
    } rows[] = {
        {{"vm_id=5f1c7a52-0a3c-4d0e-9d0b-6c4f1a2b3c4d"}, "system.vm_id", "confirmed"},
        {{"vm_id="}, "system.vm_id", "unknown"},
        {{"gpu.driver=current"}, "gpu.driver_version", "confirmed"},
        {{"gpu.driver=missing"}, "gpu.driver_version", "unknown"},
        {{"gpu.driver=stale"}, "gpu.driver_folder", "confirmed"},
        {{"gpu.partition=absent"}, "gpu.driver_folder", "unknown"},
        {{"gpu.encode=-15000"}, "gpu.encode", "refuted"},
        {{"gpu.encode=ok"}, "gpu.encode", "confirmed"},
        {{"display.adapter=ok"}, "display.version", "confirmed"},
        {{"display.adapter=missing"}, "display.version", "unknown"},
        {{"display.adapter=ok"}, "display.interface", "confirmed"},
        {{"display.adapter=disabled"}, "display.interface", "unknown"},
        {{"fault=vdd.version:fail"}, "display.interface", "refuted"},
        {{"display.driver=staged"}, "display.signer", "confirmed"},
        {{"display.driver=missing"}, "display.signer", "unknown"},
        {{"display.hyperv_video=disabled_for_good"}, "display.hyperv_video", "confirmed"},
        {{"display.hyperv_video=enabled"}, "display.hyperv_video", "unknown"},
        {{"fault=displays.paths:fail"}, "display.paths", "refuted"},
        {{"fault=devices.list:fail:2"}, "system.devices", "refuted"},
        {{"fault=tasks.query:fail"}, "system.tasks", "refuted"},
        {{"fault=system.audio:fail"}, "audio.endpoints", "refuted"},
        {{"parsec.install=present"}, "parsec.shared", "confirmed"},
        {{"parsec.install=per_user"}, "parsec.shared", "refuted"},
        {{"parsec.install=missing"}, "parsec.shared", "unknown"},
        {{"parsec.config=stock"}, "parsec.config", "refuted"},
        /* a Parsec that comes up meanwhile would write the file anew */
        {{"parsec.service=disabled", "parsec.config=missing"}, "parsec.config", "unknown"},
        {{"parsec.log=started"}, "parsec.log", "confirmed"},
        {{"parsec.service=disabled", "parsec.log=missing"}, "parsec.log", "unknown"},
        {{"parsec.log=started"}, "parsec.capture", "unknown"},
        {{"client=none"}, "parsec.capture", "unknown"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *outcome = outcome_after(rows[i].edits, rows[i].probe);

        if (strcmp(outcome, rows[i].outcome) != 0)
            fail_msg("%s with %s: %s", rows[i].probe, rows[i].edits[0], outcome);
    }
}

static size_t outcomes(const cJSON *probes, const char *outcome)
{
    const cJSON *probe;
    size_t count = 0;

    cJSON_ArrayForEach(probe, probes)
    {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(probe, "outcome");

        count += strcmp(cJSON_GetStringValue(value), outcome) == 0;
    }
    return count;
}

static void every_probe_has_a_name_of_its_own_a_question_and_a_source(void **state)
{
    const struct selftest_probe *rows;
    size_t count;

    (void)state;
    rows = selftest_guest_rows(&count);
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(text_raw(rows[i].title, TEXT_ZH), "");
        assert_non_null(strstr(rows[i].source, ".md "));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(rows[i].id, rows[j].id);
    }
}

static void selftest_counts_its_answers_and_says_when_one_is_refuted(void **state)
{
    struct bench *bench = *state;
    const cJSON *probes;
    size_t count;

    edit("parsec.config=stock"); /* config.txt alone */
    run(bench, "selftest", NULL);
    probes = cJSON_GetObjectItemCaseSensitive(bench->json, "probes");
    selftest_guest_rows(&count);
    assert_int_equal(cJSON_GetArraySize(probes), count);
    assert_int_equal(cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(bench->json, "refuted")),
                     outcomes(probes, "refuted"));
    assert_true(outcomes(probes, "refuted") > 0 && outcomes(probes, "confirmed") > 8);
    assert_int_equal(bench->code, 1);
}

static void selftest_leaves_no_data_and_works_beside_a_running_agent(void **state)
{
    struct bench *bench = *state;
    struct fs_stat stat;

    run(bench, "selftest", NULL);
    assert_true(fs_stat(FOLDER, &stat, NULL) && stat.kind == FS_MISSING);
    agent_start(bench);
    run(bench, "selftest", NULL);
    assert_non_null(cJSON_GetObjectItemCaseSensitive(bench->json, "probes"));
}

static void report_holds_what_was_shown(void **state)
{
    struct bench *bench = *state;
    struct buf report;
    cJSON *json = NULL;

    buf_init(&report, 1 << 20);
    assert_true(fs_remove("report.json", NULL));
    run(bench, "selftest", "--report=report.json");
    assert_true(fs_read("report.json", 1 << 20, &report, NULL));
    assert_true(json_parse(buf_str(&report), report.len, &json_limits_file, &json, NULL));
    assert_true(cJSON_Compare(cJSON_GetObjectItemCaseSensitive(json, "confirmed"),
                              cJSON_GetObjectItemCaseSensitive(bench->json, "confirmed"),
                              true));
    cJSON_Delete(json);
    buf_done(&report);
}

static void report_that_cannot_be_written_is_one_clear_error(void **state)
{
    struct bench *bench = *state;

    run(bench, "selftest", "--report=no-such-folder/report.json");
    assert_non_null(cJSON_GetObjectItemCaseSensitive(bench->json, "error"));
    assert_int_equal(bench->code, 2);
}

#define CLI(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLI(status_without_an_agent_says_so),
        CLI(status_shows_what_the_running_agent_found),
        CLI(check_lets_the_running_agent_look_anew),
        CLI(repair_is_done_by_the_running_agent),
        CLI(repair_works_alone),
        CLI(repair_that_cannot_help_ends),
        CLI(agent_that_died_does_not_stand_in_the_way),
        CLI(damaged_door_does_not_stand_in_the_way),
        CLI(impostor_is_not_believed),
        cmocka_unit_test(every_probe_has_a_name_of_its_own_a_question_and_a_source),
        CLI(probes_tell_what_the_machine_is_like),
        CLI(selftest_counts_its_answers_and_says_when_one_is_refuted),
        CLI(selftest_leaves_no_data_and_works_beside_a_running_agent),
        CLI(report_holds_what_was_shown),
        CLI(report_that_cannot_be_written_is_one_clear_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
