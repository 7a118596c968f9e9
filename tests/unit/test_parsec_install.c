/* Installers on the simulated guest: success is what is there afterwards, whatever they say. */
#include "tests/support/support.h"

#include "tests/support/parsec_bench.h"

#include "guest/device.h"
#include "guest/parsec/installed.h"
#include "guest/parsec/layer.h"
#include "guest/parsec/leftovers.h"

#include <stdio.h>
#include <string.h>

static bool run(struct bench *bench, enum installer_job job, struct err *err)
{
    struct installer_result result;

    return installer_run(&bench->repair, bench->parsec->payloads, job, &result, err);
}

static struct world_program *program(struct bench *bench, const char *file, const char *args)
{
    struct world *world = machine_sim_world(bench->machine);
    uint32_t i;

    for (i = 0; i < world->program_count; i++) {
        if (strcmp(world->programs[i].file, file) == 0 &&
            strcmp(world->programs[i].args, args) == 0)
            return &world->programs[i];
    }
    fail_msg("no program %s", file);
    return NULL;
}

/* Takes the package out of the driver store: only the installer brings it. */
static void unstage(struct bench *bench, const char *hardware_id)
{
    struct world_package *package =
        world_package_for(machine_sim_world(bench->machine), hardware_id, true);

    if (package) {
        package->staged = false;
        package->published[0] = 0;
    }
}

static bool works(struct bench *bench, const struct device_kind *kind)
{
    struct device_view view;

    assert_true(device_look(bench->machine->devices, kind, &view, NULL));
    return view.best && device_works(view.best) && view.extra == 0;
}

static bool has_file(struct bench *bench, const char *name)
{
    struct fs_stat stat = {.kind = FS_MISSING};

    assert_true(bench->machine->files->ops->stat(
        bench->machine->files, ROOT_PARSEC_SHARED, name, &stat, NULL));
    return stat.kind == FS_FILE;
}

static void without_a_payload_nothing_runs(void **state)
{
    struct bench bench;
    int job;

    (void)state;
    bench_open(&bench, "fresh");
    for (job = 0; job < INSTALLER_JOBS; job++) {
        struct err err = ERR_INIT;

        assert_false(run(&bench, (enum installer_job)job, &err));
        assert_int_equal(err.kind, ERR_NOT_FOUND);
    }
    assert_true(has_file(&bench, "user.bin"));
    bench_close(&bench);
}

static void a_payload_of_another_publisher_does_not_run(void **state)
{
    struct err err = ERR_INIT;
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_payloads(&bench);
    text_copy(program(&bench, "parsec-vdd-*.exe", "")->publisher, 64, "Mallory Ltd.");
    assert_false(run(&bench, INSTALLER_DISPLAY, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_false(works(&bench, &device_vdd));
    bench_close(&bench);
}

static void a_driver_of_another_publisher_is_not_trusted(void **state)
{
    struct world_package *package;
    struct err err = ERR_INIT;
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_payloads(&bench);
    package = world_package_for(machine_sim_world(bench.machine), "Root\\Parsec\\VDA", false);
    assert_non_null(package);
    text_copy(package->signer, sizeof package->signer, "Mallory Ltd.");
    assert_false(run(&bench, INSTALLER_DISPLAY, &err));
    assert_int_equal(err.kind, ERR_UNSAFE);
    assert_false(works(&bench, &device_vdd));
    bench_close(&bench);
}

static void an_installer_that_lies_is_a_failure(void **state)
{
    static const struct {
        enum installer_job job;
        const char *file, *args;
    } rows[] = {{INSTALLER_CABLE, "VBCABLE_Setup_x64.exe", "-i"},
                {INSTALLER_PARSEC, "parsec-windows.exe", ""}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct err err = ERR_INIT;
        struct bench bench;

        bench_open(&bench, "new");
        bench_payloads(&bench);
        unstage(&bench, device_cable.hardware_id);
        program(&bench, rows[i].file, rows[i].args)->lies = true;
        assert_false(run(&bench, rows[i].job, &err));
        assert_int_equal(err.kind, ERR_FAILED);
        bench_close(&bench);
    }
}

static void an_installer_that_hangs_is_ended(void **state)
{
    struct err err = ERR_INIT;
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_payloads(&bench);
    unstage(&bench, device_cable.hardware_id);
    program(&bench, "VBCABLE_Setup_x64.exe", "-i")->hangs = true;
    assert_false(run(&bench, INSTALLER_CABLE, &err));
    assert_int_equal(err.kind, ERR_TIMEOUT);
    assert_false(works(&bench, &device_cable));
    bench_close(&bench);
}

static void an_exit_code_is_not_believed_either_way(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_payloads(&bench);
    program(&bench, "VBCABLE_Setup_x64.exe", "-i")->exit_code = 13;
    assert_true(run(&bench, INSTALLER_CABLE, NULL));
    assert_true(works(&bench, &device_cable));
    bench_close(&bench);
}

/* Nobody can answer Windows' question in session 0: the installer only unpacks, and the driver step
 * is done by the agent, with the publisher's certificate added first. */
static void a_driver_that_would_ask_is_bound_without_asking(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_payloads(&bench);
    assert_false(works(&bench, &device_vdd));
    assert_true(run(&bench, INSTALLER_DISPLAY, NULL));
    assert_true(works(&bench, &device_vdd));
    assert_true(run(&bench, INSTALLER_DISPLAY, NULL)); /* again does no harm */
    assert_true(works(&bench, &device_vdd));
    bench_close(&bench);
}

static bool is_trusted(struct bench *bench, const char *publisher)
{
    return world_publisher_trusted(machine_sim_world(bench->machine), publisher);
}

static const char *publisher_on_record(struct bench *bench)
{
    const struct journal_state *state = journal_state(bench->journal);

    for (size_t i = 0; i < JOURNAL_UNDOS; i++)
        if (state->undos[i].repair == REPAIR_PUBLISHER_TRUST)
            return state->undos[i].text;
    return NULL;
}

/* "fresh" trusts nobody yet, "healthy" trusts the publisher already. */
static void a_publisher_that_the_agent_trusted_is_given_up_at_the_release(void **state)
{
    static const char publisher[] = "Parsec Cloud, Inc.";
    struct bench bench;

    (void)state;
    bench_open(&bench, "fresh");
    bench_payloads(&bench);
    assert_false(is_trusted(&bench, publisher));
    assert_true(run(&bench, INSTALLER_DISPLAY, NULL));
    assert_true(is_trusted(&bench, publisher));
    assert_string_equal(publisher_on_record(&bench), publisher);
    assert_true(
        repair_row(REPAIR_PUBLISHER_TRUST)->undo(&bench.repair, publisher_on_record(&bench), NULL));
    assert_false(is_trusted(&bench, publisher));
    assert_true(
        repair_row(REPAIR_PUBLISHER_TRUST)->undo(&bench.repair, publisher_on_record(&bench), NULL));
    bench_close(&bench);
}

static void a_publisher_that_somebody_trusted_before_stays(void **state)
{
    struct world *world;
    struct bench bench;
    bool reboot = false;

    (void)state;
    bench_open(&bench, "healthy");
    world = machine_sim_world(bench.machine);
    assert_true(is_trusted(&bench, "Parsec Cloud, Inc."));
    world_remove_device(world, world_device_like(world, "Root\\Parsec\\VDA"));
    assert_true(bench_repair(&bench, REPAIR_VDD_BIND, &reboot, NULL));
    assert_null(publisher_on_record(&bench));
    bench_close(&bench);
}

/* What cannot be put on record is not done. */
static void no_publisher_is_trusted_that_could_not_be_given_up_again(void **state)
{
    static const char *const ops[] = {"signer", "trust_signer"};

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        struct err err = ERR_INIT;
        struct bench bench;

        bench_open(&bench, "fresh");
        bench_payloads(&bench);
        bench_edit(&bench, "legacy.scripts=absent"); /* which would trust the publisher as well */
        bench_edit(&bench, "legacy.tasks=absent");
        bench_fault(&bench, "drivers", ops[i], 1, ERR_IO);
        assert_false(run(&bench, INSTALLER_DISPLAY, &err));
        assert_int_equal(err.kind, ERR_IO);
        assert_false(is_trusted(&bench, "Parsec Cloud, Inc."));
        assert_true(run(&bench, INSTALLER_DISPLAY, NULL));
        if (!publisher_on_record(&bench))
            fail_msg("%s: not on record", ops[i]);
        bench_close(&bench);
    }
}

static void installing_over_keeps_the_account_and_the_lines(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    bench_payloads(&bench);
    bench_write(&bench, ROOT_PARSEC_SHARED, "config.txt", "app_host = 1\nmine = 1\n");
    assert_true(run(&bench, INSTALLER_PARSEC, NULL));
    assert_true(has_file(&bench, "user.bin"));
    assert_non_null(strstr(bench_text(&bench, ROOT_PARSEC_SHARED, "config.txt"), "mine = 1"));
    bench_close(&bench);
}

static void uninstalling_first_keeps_the_account_too(void **state)
{
    struct service_status status;
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    bench_payloads(&bench);
    assert_true(run(&bench, INSTALLER_PARSEC_AGAIN, NULL));
    assert_true(has_file(&bench, "user.bin"));
    assert_true(bench.machine->services->ops->query(
        bench.machine->services, PARSEC_SERVICE, &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_RUNNING);
    bench_close(&bench);
}

static void parsec_is_not_removed_before_its_successor_is_there(void **state)
{
    struct service_status status;
    struct err err = ERR_INIT;
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    assert_false(run(&bench, INSTALLER_PARSEC_AGAIN, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_true(bench.machine->services->ops->query(
        bench.machine->services, PARSEC_SERVICE, &status, NULL));
    assert_int_equal(status.state, SERVICE_STATE_RUNNING);
    bench_close(&bench);
}

static void an_uninstaller_that_does_nothing_is_noticed(void **state)
{
    struct err err = ERR_INIT;
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    bench_payloads(&bench);
    program(&bench, "uninstall.exe", "/silent")->lies = true;
    assert_false(run(&bench, INSTALLER_PARSEC_AGAIN, &err));
    assert_int_equal(err.kind, ERR_FAILED);
    assert_true(has_file(&bench, "user.bin"));
    bench_close(&bench);
}

static void an_installation_without_its_uninstaller_is_installed_over(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    bench_payloads(&bench);
    assert_true(bench.machine->files->ops->remove(
        bench.machine->files, ROOT_PARSEC_PROGRAM, "uninstall.exe", NULL));
    assert_true(run(&bench, INSTALLER_PARSEC_AGAIN, NULL));
    bench_close(&bench);
}

static void only_a_reset_signs_out(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    bench_payloads(&bench);
    assert_true(run(&bench, INSTALLER_PARSEC_RESET, NULL));
    assert_false(has_file(&bench, "user.bin"));
    bench_close(&bench);
}

/* The list of what goes, and what was never Parsec's. */
static void a_reset_takes_the_leftovers_of_the_list_and_nothing_else(void **state)
{
    static const enum file_root roots[] = {ROOT_PARSEC_SHARED, ROOT_PARSEC_USER};
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    bench_payloads(&bench);
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        for (const char *const *name = parsec_leftovers; *name; name++)
            bench_write(&bench, roots[i], *name, "old");
        bench_write(&bench, roots[i], "mine.txt", "old");
    }
    assert_true(run(&bench, INSTALLER_PARSEC_AGAIN, NULL));
    assert_string_equal(bench_text(&bench, ROOT_PARSEC_USER, "user.bin"), "old");
    assert_true(run(&bench, INSTALLER_PARSEC_RESET, NULL));
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        for (const char *const *name = parsec_leftovers; *name; name++)
            if (strcmp(bench_text(&bench, roots[i], *name), "old") == 0)
                fail_msg("%s is still there", *name);
        assert_string_equal(bench_text(&bench, roots[i], "mine.txt"), "old");
    }
    bench_close(&bench);
}

static void a_reset_that_cannot_take_a_leftover_installs_nothing(void **state)
{
    static const char *const ops[][2] = {
        {"files", "remove"}, {"processes", "terminate"}, {"services", "query"}};

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        struct err err = ERR_INIT;
        struct bench bench;

        bench_open(&bench, "healthy");
        bench_payloads(&bench);
        /* the uninstaller's end is looked for by the first of them */
        bench_fault(&bench, ops[i][0], ops[i][1], strcmp(ops[i][0], "services") ? 1 : 2, ERR_IO);
        assert_false(run(&bench, INSTALLER_PARSEC_RESET, &err));
        assert_int_equal(err.kind, ERR_IO);
        assert_int_equal(bench_check(&bench, CHECK_PARSEC_INSTALLED)->cause, CAUSE_PARSEC_MISSING);
        assert_true(run(&bench, INSTALLER_PARSEC_RESET, NULL));
        bench_close(&bench);
    }
}

/* Without the driver's switch there is no display; without "silent" the simulated installer would
 * wait for a person, without "nocleanuser" it signs out. */
static void switches_of_the_profile_take_the_place_of_the_usual_ones(void **state)
{
    static const struct {
        const char *switches[PROFILE_SWITCHES];
        bool display;
    } rows[] = {
        {{NULL}, true},
        {{"/allusers"}, false},
        {{"/allusers", "/vdd"}, true},
        {{"/silent", "/norun", "/percomputer", "/vdd", "/nocleanuser"}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;

        bench_open(&bench, "healthy");
        bench_payloads(&bench);
        bench_edit(&bench, "display.adapter=missing");
        for (unsigned j = 0; j < PROFILE_SWITCHES && rows[i].switches[j]; j++) {
            text_copy(bench.profile.parsec.installer[j], PROFILE_SWITCH_BYTES, rows[i].switches[j]);
            bench.profile.parsec.installer_count = j + 1;
        }
        assert_true(run(&bench, INSTALLER_PARSEC, NULL));
        assert_true(has_file(&bench, "user.bin"));
        if (works(&bench, &device_vdd) != rows[i].display)
            fail_msg("row %u", (unsigned)i);
        assert_true(run(&bench, INSTALLER_PARSEC_RESET, NULL));
        assert_false(has_file(&bench, "user.bin"));
        bench_close(&bench);
    }
}

/* ---- who it is installed for ---- */

static void the_computers_list_the_service_and_the_program_tell_who_has_parsec(void **state)
{
    static const struct {
        const char *edit;
        enum cause cause;
        enum parsec_scope scope;
        bool listed;
    } rows[] = {
        {"parsec.install=present", CAUSE_NONE, PARSEC_SCOPE_SHARED, true},
        {"parsec.install=missing", CAUSE_PARSEC_MISSING, PARSEC_SCOPE_NONE, false},
        {"parsec.install=per_user", CAUSE_PARSEC_PER_USER, PARSEC_SCOPE_USER, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsec_installed installed;
        struct bench bench;

        bench_open(&bench, "healthy");
        bench_edit(&bench, rows[i].edit);
        assert_true(parsec_installed_look(bench.machine, &installed, NULL));
        assert_int_equal(installed.scope, rows[i].scope);
        assert_int_equal(installed.listed, rows[i].listed);
        assert_int_equal(bench_check(&bench, CHECK_PARSEC_INSTALLED)->cause, rows[i].cause);
        bench_close(&bench);
    }
}

/* Configuration stays behind when Parsec is removed: it tells nothing. */
static void configuration_alone_is_no_installation(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    bench_edit(&bench, "parsec.install=missing");
    bench_write(&bench, ROOT_PARSEC_USER, "config.txt", "app_host = 1\n");
    assert_int_equal(bench_check(&bench, CHECK_PARSEC_INSTALLED)->cause, CAUSE_PARSEC_MISSING);
    bench_close(&bench);
}

static void what_is_listed_without_its_service_is_damaged(void **state)
{
    struct world *world;
    struct bench bench;

    (void)state;
    bench_open(&bench, "healthy");
    world = machine_sim_world(bench.machine);
    world_remove_service(world, world_service(world, PARSEC_SERVICE));
    assert_int_equal(bench_check(&bench, CHECK_PARSEC_INSTALLED)->cause, CAUSE_PARSEC_DAMAGED);
    bench_close(&bench);
}

/* ---- the layer ---- */

static struct registry_value layer_value(struct bench *bench)
{
    struct registry_port *registry = bench->machine->registry;
    struct registry_value value = {.type = REGISTRY_ABSENT};
    char name[FS_PATH_BYTES], folder[FS_PATH_BYTES];

    assert_true(bench->machine->files->ops->path(
        bench->machine->files, ROOT_PARSEC_PROGRAM, folder, sizeof folder, NULL));
    assert_true(fs_join(name, folder, PARSEC_PROCESS, NULL));
    assert_true(registry->ops->get(registry, PARSEC_LAYER_KEY, name, &value, NULL));
    return value;
}

static void layer_put(struct bench *bench, const char *text)
{
    struct registry_port *registry = bench->machine->registry;
    struct registry_value value = {.type = REGISTRY_STRING};
    char name[FS_PATH_BYTES], folder[FS_PATH_BYTES];

    assert_true(bench->machine->files->ops->path(
        bench->machine->files, ROOT_PARSEC_PROGRAM, folder, sizeof folder, NULL));
    assert_true(fs_join(name, folder, PARSEC_PROCESS, NULL));
    text_copy(value.text, sizeof value.text, text);
    assert_true(registry->ops->set(registry, PARSEC_LAYER_KEY, name, &value, NULL));
}

static enum cause layer_cause(struct bench *bench)
{
    return bench_check(bench, CHECK_PARSEC_CONFIG)->cause;
}

static void the_layer_is_set_on_request_and_given_back(void **state)
{
    static const struct {
        const char *before, *set, *after;
    } rows[] = {
        {NULL, "~ RUNASADMIN", NULL},
        {"~ WIN8RTM", "~ WIN8RTM RUNASADMIN", "~ WIN8RTM"},
        {"HIGHDPIAWARE", "HIGHDPIAWARE RUNASADMIN", "HIGHDPIAWARE"},
        {"~ RUNASADMINISH", "~ RUNASADMINISH RUNASADMIN", "~ RUNASADMINISH"},
    };
    bool reboot;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench bench;

        bench_open(&bench, "healthy");
        assert_true(bench_repair(&bench, REPAIR_PARSEC_CONFIG, &reboot, NULL));
        if (rows[i].before)
            layer_put(&bench, rows[i].before);
        assert_int_equal(layer_cause(&bench), CAUSE_NONE); /* off: nobody asked for it */
        bench.profile.parsec.run_as_admin = true;
        assert_int_equal(layer_cause(&bench), CAUSE_PARSEC_LAYER);
        assert_true(bench_repair(&bench, REPAIR_PARSEC_LAYER, &reboot, NULL));
        assert_string_equal(layer_value(&bench).text, rows[i].set);
        assert_int_equal(layer_cause(&bench), CAUSE_NONE);
        assert_true(repair_row(REPAIR_PARSEC_LAYER)->undo(&bench.repair, "layer", NULL));
        if (rows[i].after)
            assert_string_equal(layer_value(&bench).text, rows[i].after);
        else
            assert_int_equal(layer_value(&bench).type, REGISTRY_ABSENT);
        bench_close(&bench);
    }
}

static void a_layer_that_is_no_longer_wanted_goes_when_it_is_ours(void **state)
{
    struct bench bench;
    bool reboot;

    (void)state;
    bench_open(&bench, "healthy");
    assert_true(bench_repair(&bench, REPAIR_PARSEC_CONFIG, &reboot, NULL));
    layer_put(&bench, "~ RUNASADMIN"); /* somebody's own */
    assert_int_equal(layer_cause(&bench), CAUSE_NONE);
    layer_put(&bench, "~");
    bench.profile.parsec.run_as_admin = true;
    assert_true(bench_repair(&bench, REPAIR_PARSEC_LAYER, &reboot, NULL));
    bench.profile.parsec.run_as_admin = false;
    assert_int_equal(layer_cause(&bench), CAUSE_PARSEC_LAYER);
    assert_true(bench_repair(&bench, REPAIR_PARSEC_LAYER, &reboot, NULL));
    assert_int_equal(layer_value(&bench).type, REGISTRY_ABSENT);
    assert_int_equal(layer_cause(&bench), CAUSE_NONE);
    layer_put(&bench, "~ RUNASADMIN"); /* theirs again */
    assert_int_equal(layer_cause(&bench), CAUSE_NONE);
    bench_close(&bench);
}

static void a_layer_that_cannot_be_set_changes_nothing(void **state)
{
    static const char *const ops[][2] = {
        {"registry", "get"}, {"registry", "set"}, {"files", "path"}};
    bool reboot;

    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        struct err err = ERR_INIT;
        struct bench bench;

        bench_open(&bench, "healthy");
        bench.profile.parsec.run_as_admin = true;
        bench_fault(&bench, ops[i][0], ops[i][1], 1, ERR_IO);
        assert_false(bench_repair(&bench, REPAIR_PARSEC_LAYER, &reboot, &err));
        assert_int_equal(err.kind, ERR_IO);
        assert_int_equal(layer_value(&bench).type, REGISTRY_ABSENT);
        assert_true(bench_repair(&bench, REPAIR_PARSEC_LAYER, &reboot, NULL));
        bench_close(&bench);
    }
}

static void a_new_machine_gets_everything(void **state)
{
    struct bench bench;

    (void)state;
    bench_open(&bench, "new");
    bench_payloads(&bench);
    assert_true(run(&bench, INSTALLER_DISPLAY, NULL));
    assert_true(run(&bench, INSTALLER_CABLE, NULL));
    assert_true(run(&bench, INSTALLER_PARSEC, NULL));
    assert_true(works(&bench, &device_vdd));
    assert_true(works(&bench, &device_cable));
    bench_close(&bench);
}

static void names_and_payloads_are_in_the_table(void **state)
{
    int i, j;

    (void)state;
    for (i = 0; i < INSTALLER_JOBS; i++) {
        assert_non_null(installer_name((enum installer_job)i));
        assert_true(installer_payload((enum installer_job)i) < PAYLOAD_COUNT);
        for (j = 0; j < i; j++)
            assert_string_not_equal(installer_name((enum installer_job)i),
                                    installer_name((enum installer_job)j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_payload_nothing_runs),
        cmocka_unit_test(a_payload_of_another_publisher_does_not_run),
        cmocka_unit_test(a_driver_of_another_publisher_is_not_trusted),
        cmocka_unit_test(an_installer_that_lies_is_a_failure),
        cmocka_unit_test(an_installer_that_hangs_is_ended),
        cmocka_unit_test(parsec_is_not_removed_before_its_successor_is_there),
        cmocka_unit_test(an_uninstaller_that_does_nothing_is_noticed),
        cmocka_unit_test(an_exit_code_is_not_believed_either_way),
        cmocka_unit_test(a_driver_that_would_ask_is_bound_without_asking),
        cmocka_unit_test(a_publisher_that_the_agent_trusted_is_given_up_at_the_release),
        cmocka_unit_test(a_publisher_that_somebody_trusted_before_stays),
        cmocka_unit_test(no_publisher_is_trusted_that_could_not_be_given_up_again),
        cmocka_unit_test(installing_over_keeps_the_account_and_the_lines),
        cmocka_unit_test(uninstalling_first_keeps_the_account_too),
        cmocka_unit_test(an_installation_without_its_uninstaller_is_installed_over),
        cmocka_unit_test(only_a_reset_signs_out),
        cmocka_unit_test(a_reset_takes_the_leftovers_of_the_list_and_nothing_else),
        cmocka_unit_test(a_reset_that_cannot_take_a_leftover_installs_nothing),
        cmocka_unit_test(switches_of_the_profile_take_the_place_of_the_usual_ones),
        cmocka_unit_test(the_computers_list_the_service_and_the_program_tell_who_has_parsec),
        cmocka_unit_test(configuration_alone_is_no_installation),
        cmocka_unit_test(what_is_listed_without_its_service_is_damaged),
        cmocka_unit_test(the_layer_is_set_on_request_and_given_back),
        cmocka_unit_test(a_layer_that_is_no_longer_wanted_goes_when_it_is_ours),
        cmocka_unit_test(a_layer_that_cannot_be_set_changes_nothing),
        cmocka_unit_test(a_new_machine_gets_everything),
        cmocka_unit_test(names_and_payloads_are_in_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
