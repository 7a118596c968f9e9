/* Leftovers of Easy-GPU-PV: its tasks and its logon script, taken out and given back. */
#include "tests/support/sim_bench.h"

#include "guest/journal.h"
#include "guest/legacy.h"
#include "guest/parsec/parsec.h"

#include <stdio.h>
#include <string.h>

#define DATA    "data"
#define JOURNAL "data/journal"
#define SCRIPT  "User/Scripts/Logon/Install.ps1"
#define LIST    "User/Scripts/psscripts.ini"
#define POLICY  "gpt.ini"
#define CABLE   "Install VB Cable"

/* The agent's part that these checks and repairs work with. */
struct rig {
    struct bench bench;
    struct profile profile;
    struct findings findings;
    struct parsec *parsec;
    struct journal *journal;
    struct check_context check;
    struct repair_context repair;
};

/* The agent's process starts: everything that is not on the disk is gone. */
static void rig_start(struct rig *rig)
{
    struct err damage = ERR_INIT;

    assert_true(parsec_open(rig->bench.machine, DATA, NULL, &rig->parsec, NULL));
    assert_true(journal_open(JOURNAL, &rig->bench.clock.base, &rig->journal, &damage, NULL));
    assert_false(err_is_set(&damage));
    rig->check = (struct check_context){.machine = rig->bench.machine,
                                        .profile = &rig->profile,
                                        .parsec = rig->parsec,
                                        .journal = journal_state(rig->journal),
                                        .findings = &rig->findings};
    rig->repair = (struct repair_context){.check = &rig->check, .journal = rig->journal};
}

static void rig_stop(struct rig *rig)
{
    parsec_close(rig->parsec);
    journal_free(rig->journal);
}

static void rig_open(struct rig *rig, const char *world)
{
    memset(rig, 0, sizeof *rig);
    bench_ready(&rig->bench, world);
    profile_init(&rig->profile);
    support_folder(DATA);
    rig_start(rig);
}

static void rig_close(struct rig *rig)
{
    rig_stop(rig);
    bench_close(&rig->bench);
}

static struct finding rig_look(struct rig *rig, enum check_id id)
{
    struct finding finding = {.status = STATUS_UNKNOWN};

    check_row(id)->run(&rig->check, &finding);
    return finding;
}

static bool rig_repair(struct rig *rig, enum repair_id id, struct err *err)
{
    bool reboot = false, ok;

    rig->repair.repair = id;
    ok = repair_row(id)->apply(&rig->repair, &reboot, err);
    assert_false(reboot);
    return ok;
}

/* Takes back what the journal holds for this repair. */
static bool rig_revert(struct rig *rig, enum repair_id id, struct err *err)
{
    const struct journal_state *state = journal_state(rig->journal);
    bool ok = true;

    rig->repair.repair = id;
    for (size_t i = 0; i < JOURNAL_UNDOS; i++)
        if (state->undos[i].repair == id)
            ok = repair_row(id)->undo(&rig->repair, state->undos[i].text, ok ? err : NULL) && ok;
    return ok;
}

static unsigned rig_undos(struct rig *rig, enum repair_id id)
{
    const struct journal_state *state = journal_state(rig->journal);
    unsigned count = 0;

    for (size_t i = 0; i < JOURNAL_UNDOS; i++)
        count += state->undos[i].repair == id && state->undos[i].life == UNDO_AT_RELEASE;
    return count;
}

static struct world_fault *
rig_fault(struct rig *rig, const char *port, const char *op, enum world_fault_do action)
{
    struct world *world = bench_world(&rig->bench);
    struct world_fault *fault = &world->faults[world->fault_count++];

    memset(fault, 0, sizeof *fault);
    text_copy(fault->port, sizeof fault->port, port);
    text_copy(fault->op, sizeof fault->op, op);
    fault->call = 1;
    fault->count = 1;
    fault->kind = ERR_DENIED;
    fault->action = action;
    return fault;
}

static bool is_enabled(struct rig *rig, const char *name)
{
    const struct world_task *task = world_task(bench_world(&rig->bench), name);

    assert_non_null(task);
    return task->enabled;
}

static void add_task(struct rig *rig, const char *name)
{
    struct world_task *task = world_add_task(bench_world(&rig->bench));

    memset(task, 0, sizeof *task);
    text_copy(task->name, sizeof task->name, name);
    task->enabled = true;
}

/* ---- files of the policy ---- */

static bool policy_exists(struct rig *rig, const char *name)
{
    struct fs_stat stat;

    assert_true(rig->bench.machine->files->ops->stat(
        rig->bench.machine->files, ROOT_GROUP_POLICY, name, &stat, NULL));
    return stat.kind == FS_FILE;
}

/* The whole file, valid until the next call. */
static const char *policy_text(struct rig *rig, const char *name)
{
    static char text[4096];
    struct files_port *files = rig->bench.machine->files;
    struct buf out;

    buf_init(&out, sizeof text - 1);
    assert_true(files->ops->read(files, ROOT_GROUP_POLICY, name, 0, sizeof text - 1, &out, NULL));
    text_copy(text, sizeof text, buf_str(&out));
    buf_done(&out);
    return text;
}

static void policy_put(struct rig *rig, const char *name, const char *text)
{
    struct files_port *files = rig->bench.machine->files;

    assert_true(files->ops->write(files, ROOT_GROUP_POLICY, name, text, strlen(text), NULL));
}

static unsigned long policy_version(struct rig *rig)
{
    unsigned long version = 0;
    const char *at = strstr(policy_text(rig, POLICY), "\nVersion=");

    assert_non_null(at);
    assert_int_equal(sscanf(at, "\nVersion=%lu", &version), 1);
    return version;
}

static bool copy_exists(const char *name)
{
    char path[FS_PATH_BYTES];
    struct fs_stat stat;

    snprintf(path, sizeof path, DATA "/" LEGACY_FOLDER "/%s", name);
    assert_true(fs_stat(path, &stat, NULL));
    return stat.kind == FS_FILE;
}

/* ---- checks ---- */

static void checks_say_what_is_there(void **state)
{
    struct rig rig;
    struct finding finding;

    (void)state;
    rig_open(&rig, "fresh");
    finding = rig_look(&rig, CHECK_LEGACY_TASKS);
    assert_int_equal(finding.cause, CAUSE_LEGACY_TASKS);
    assert_string_equal(finding.why.args[0], "3");
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_SCRIPTS).cause, CAUSE_LEGACY_SCRIPTS);
    rig.profile.legacy.remove_tasks = false;
    rig.profile.legacy.remove_scripts = false;
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_TASKS).status, STATUS_OFF);
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_SCRIPTS).status, STATUS_OFF);
    rig_close(&rig);
}

static void checks_are_right_without_leftovers(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_TASKS).status, STATUS_OK);
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_SCRIPTS).status, STATUS_OK);
    rig_close(&rig);
}

static void checks_that_cannot_look_say_unknown(void **state)
{
    static const struct {
        enum check_id check;
        const char *port, *op;
    } rows[] = {
        {CHECK_LEGACY_TASKS, "tasks", "query"},
        {CHECK_LEGACY_SCRIPTS, "files", "stat"},
        {CHECK_LEGACY_SCRIPTS, "files", "read"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig rig;
        struct finding finding;

        rig_open(&rig, "fresh");
        rig_fault(&rig, rows[i].port, rows[i].op, WORLD_FAULT_FAIL);
        finding = rig_look(&rig, rows[i].check);
        assert_int_equal(finding.status, STATUS_UNKNOWN);
        assert_int_equal(finding.why.kind, ERR_DENIED);
        rig_close(&rig);
    }
}

/* ---- tasks ---- */

static void exactly_the_known_tasks_are_disabled(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    add_task(&rig, "Install VB Cable 2");
    add_task(&rig, "Monitor Parsec");
    add_task(&rig, "DisableOneDriveAutostart");
    add_task(&rig, "Install ParsecVDA");
    assert_true(rig_repair(&rig, REPAIR_LEGACY_TASKS, NULL));
    assert_false(is_enabled(&rig, CABLE));
    assert_false(is_enabled(&rig, "Install Parsec Virtual Display Driver"));
    assert_false(is_enabled(&rig, "Monitor Parsec VDD State"));
    assert_false(is_enabled(&rig, "Install ParsecVDA"));
    assert_true(is_enabled(&rig, "Install VB Cable 2"));
    assert_true(is_enabled(&rig, "Monitor Parsec"));
    assert_true(is_enabled(&rig, "DisableOneDriveAutostart"));
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_TASKS).status, STATUS_OK);
    rig_close(&rig);
}

static void a_task_is_on_record_before_it_is_disabled(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    rig_fault(&rig, "tasks", "set_enabled", WORLD_FAULT_KILL);
    assert_false(rig_repair(&rig, REPAIR_LEGACY_TASKS, NULL));
    rig_stop(&rig);
    machine_sim_restart(rig.bench.machine);
    rig_start(&rig);
    assert_true(rig_undos(&rig, REPAIR_LEGACY_TASKS) >= 1);
    assert_true(rig_repair(&rig, REPAIR_LEGACY_TASKS, NULL));
    assert_int_equal(rig_undos(&rig, REPAIR_LEGACY_TASKS), 3);
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_TASKS).status, STATUS_OK);
    rig_close(&rig);
}

static void a_task_that_cannot_be_recorded_stays_enabled(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "fresh");
    rig.repair.repair = REPAIR_GPU_RESTART;
    for (int i = 0; i < JOURNAL_UNDOS; i++) {
        char text[24];

        snprintf(text, sizeof text, "device %d", i);
        assert_true(repair_will_undo(&rig.repair, UNDO_AT_RELEASE, text, NULL));
    }
    assert_false(rig_repair(&rig, REPAIR_LEGACY_TASKS, &err));
    assert_int_equal(err.message, TEXT_JOURNAL_FULL);
    assert_true(is_enabled(&rig, CABLE));
    rig_close(&rig);
}

static void one_task_that_windows_refuses_does_not_save_the_others(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;
    char first[TASK_NAME_BYTES];
    unsigned count;

    (void)state;
    rig_open(&rig, "fresh");
    rig_fault(&rig, "tasks", "set_enabled", WORLD_FAULT_FAIL);
    assert_false(rig_repair(&rig, REPAIR_LEGACY_TASKS, &err));
    assert_int_equal(err.kind, ERR_DENIED);
    assert_true(legacy_count_tasks(rig.bench.machine->tasks, &count, first, NULL));
    assert_int_equal(count, 1);
    assert_string_equal(first, "Monitor Parsec VDD State");
    rig_close(&rig);
}

static void tasks_made_anew_at_logon_are_disabled_again(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    bench_edit(&rig.bench, "network=ok");
    assert_true(rig_repair(&rig, REPAIR_LEGACY_TASKS, NULL));
    bench_edit(&rig.bench, "session=logged_off");
    bench_edit(&rig.bench, "session=logged_on"); /* the script is still there */
    assert_true(is_enabled(&rig, CABLE));
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_TASKS).cause, CAUSE_LEGACY_TASKS);
    assert_true(rig_repair(&rig, REPAIR_LEGACY_TASKS, NULL));
    assert_false(is_enabled(&rig, CABLE));
    assert_int_equal(rig_undos(&rig, REPAIR_LEGACY_TASKS), 3);
    rig_close(&rig);
}

static void tasks_are_given_back_as_they_were(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    world_task(bench_world(&rig.bench), CABLE)->enabled = false; /* by its owner */
    assert_true(rig_repair(&rig, REPAIR_LEGACY_TASKS, NULL));
    world_remove_task(bench_world(&rig.bench),
                      world_task(bench_world(&rig.bench), "Monitor Parsec VDD State"));
    assert_true(rig_revert(&rig, REPAIR_LEGACY_TASKS, NULL));
    assert_false(is_enabled(&rig, CABLE));
    assert_true(is_enabled(&rig, "Install Parsec Virtual Display Driver"));
    rig_close(&rig);
}

/* ---- the script ---- */

static void a_script_of_somebody_else_is_not_touched(void **state)
{
    static const char *const scripts[] = {
        "Write-Host 'Install VB Cable'\n",             /* names a task, not the folder */
        "Get-ChildItem C:\\ProgramData\\Easy-GPU-P\n", /* the other way round */
        "",
    };

    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        struct rig rig;
        char list[256];

        rig_open(&rig, "fresh");
        policy_put(&rig, SCRIPT, scripts[i]);
        text_copy(list, sizeof list, policy_text(&rig, LIST));
        assert_int_equal(rig_look(&rig, CHECK_LEGACY_SCRIPTS).status, STATUS_OK);
        assert_true(legacy_remove_scripts(rig.bench.machine->files, DATA, NULL));
        assert_string_equal(policy_text(&rig, SCRIPT), scripts[i]);
        assert_string_equal(policy_text(&rig, LIST), list);
        assert_int_equal(policy_version(&rig), 131074);
        assert_false(copy_exists("user-Install.ps1"));
        rig_close(&rig);
    }
}

static void the_script_is_taken_out_and_windows_is_told(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
    assert_false(policy_exists(&rig, SCRIPT));
    assert_string_equal(policy_text(&rig, LIST), "[Logon]\n");
    assert_int_equal(policy_version(&rig), 131074 + 65536);
    assert_true(copy_exists("user-Install.ps1"));
    assert_true(copy_exists("user-psscripts.ini"));
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_SCRIPTS).status, STATUS_OK);
    rig_close(&rig);
}

static void without_the_script_a_logon_makes_no_tasks(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
    assert_true(rig_repair(&rig, REPAIR_LEGACY_TASKS, NULL));
    bench_edit(&rig.bench, "network=ok"); /* a script that waits for it goes on */
    bench_edit(&rig.bench, "session=logged_off");
    bench_edit(&rig.bench, "session=logged_on");
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_TASKS).status, STATUS_OK);
    assert_int_equal(rig_look(&rig, CHECK_LEGACY_SCRIPTS).status, STATUS_OK);
    rig_close(&rig);
}

static void scripts_of_other_people_keep_running(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    policy_put(&rig,
               LIST,
               "[Logon]\r\n0CmdLine=Install.ps1\r\n0Parameters=a b\r\n1CmdLine=mine.ps1\r\n"
               "1Parameters=\r\n[Logoff]\r\n0CmdLine=bye.ps1\r\n0Parameters=\r\n");
    assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
    assert_string_equal(policy_text(&rig, LIST),
                        "[Logon]\r\n0CmdLine=mine.ps1\r\n0Parameters=\r\n"
                        "[Logoff]\r\n0CmdLine=bye.ps1\r\n0Parameters=\r\n");
    rig_close(&rig);
}

static void a_list_that_cannot_be_read_does_not_save_the_script(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    policy_put(&rig, LIST, "\xff\xfe\x00\xd8X"); /* half a surrogate, half a unit */
    assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
    assert_false(policy_exists(&rig, SCRIPT));
    rig_close(&rig);
}

static void without_a_copy_nothing_changes(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "fresh");
    assert_true(fs_write_atomic(DATA "/" LEGACY_FOLDER, "x", 1, FS_PRIVATE, NULL)); /* in the way */
    assert_false(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, &err));
    assert_true(policy_exists(&rig, SCRIPT));
    assert_non_null(strstr(policy_text(&rig, LIST), "0CmdLine=Install.ps1"));
    assert_int_equal(policy_version(&rig), 131074);
    rig_close(&rig);
}

/* The last resort for a crash at any place: do it again, and everything can still be given back. */
static void a_crash_at_any_step_is_mended(void **state)
{
    (void)state;
    for (int after = 0; after < 2; after++) {
        for (uint32_t call = 1; call <= 3; call++) {
            struct rig rig;
            struct world_fault *fault;
            char script[1024], list[256];

            rig_open(&rig, "fresh");
            text_copy(script, sizeof script, policy_text(&rig, SCRIPT));
            text_copy(list, sizeof list, policy_text(&rig, LIST));
            /* list, version, then the script itself */
            fault = rig_fault(&rig, "files", call == 3 ? "remove" : "write", WORLD_FAULT_KILL);
            fault->call = call == 3 ? 1 : call;
            fault->after = after;
            assert_false(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
            rig_stop(&rig);
            machine_sim_restart(rig.bench.machine);
            rig_start(&rig);
            if (call != 3 || !after) /* else it was all done */
                assert_int_equal(rig_look(&rig, CHECK_LEGACY_SCRIPTS).cause, CAUSE_LEGACY_SCRIPTS);
            assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
            assert_false(policy_exists(&rig, SCRIPT));
            assert_string_equal(policy_text(&rig, LIST), "[Logon]\n");
            assert_true(policy_version(&rig) > 131074);
            assert_true(rig_revert(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
            assert_string_equal(policy_text(&rig, SCRIPT), script);
            assert_string_equal(policy_text(&rig, LIST), list);
            rig_close(&rig);
        }
    }
}

static void a_crash_while_giving_back_is_mended(void **state)
{
    (void)state;
    for (uint32_t call = 1; call <= 3; call++) {
        struct rig rig;
        unsigned long version;

        rig_open(&rig, "fresh");
        assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
        version = policy_version(&rig);
        rig_fault(&rig, "files", "write", WORLD_FAULT_KILL)->call = call;
        assert_false(rig_revert(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
        machine_sim_restart(rig.bench.machine);
        assert_true(rig_revert(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
        assert_true(policy_exists(&rig, SCRIPT));
        assert_non_null(strstr(policy_text(&rig, LIST), "0CmdLine=Install.ps1"));
        assert_true(policy_version(&rig) > version);
        assert_false(copy_exists("user-Install.ps1"));
        rig_close(&rig);
    }
}

static void what_somebody_changed_meanwhile_is_not_overwritten(void **state)
{
    static const char *const names[] = {SCRIPT, LIST};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;
        struct err err = ERR_INIT;

        rig_open(&rig, "fresh");
        assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
        policy_put(&rig, names[i], "[Logon]\n0CmdLine=mine.ps1\n");
        assert_false(rig_revert(&rig, REPAIR_LEGACY_SCRIPTS, &err));
        assert_int_equal(err.kind, ERR_CONFLICT);
        assert_string_equal(err.args[0], names[i]);
        assert_string_equal(policy_text(&rig, names[i]), "[Logon]\n0CmdLine=mine.ps1\n");
        assert_true(copy_exists("user-Install.ps1"));
        rig_close(&rig);
    }
}

static void a_script_that_comes_back_is_taken_out_again(void **state)
{
    struct rig rig;
    const char *anew = "# Easy-GPU-P, newer\nRegister-ScheduledTask \"Install VB Cable\"\n";

    (void)state;
    rig_open(&rig, "fresh");
    assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
    bench_edit(&rig.bench, "legacy.scripts=present");
    policy_put(&rig, SCRIPT, anew);
    assert_true(rig_repair(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
    assert_false(policy_exists(&rig, SCRIPT));
    assert_true(rig_revert(&rig, REPAIR_LEGACY_SCRIPTS, NULL));
    assert_string_equal(policy_text(&rig, SCRIPT), anew);
    rig_close(&rig);
}

static void nothing_to_give_back_is_fine(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "fresh");
    assert_true(legacy_restore_scripts(rig.bench.machine->files, DATA, NULL));
    assert_int_equal(policy_version(&rig), 131074);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_that_cannot_look_say_unknown),
        cmocka_unit_test(checks_say_what_is_there),
        cmocka_unit_test(checks_are_right_without_leftovers),
        cmocka_unit_test(a_task_is_on_record_before_it_is_disabled),
        cmocka_unit_test(a_task_that_cannot_be_recorded_stays_enabled),
        cmocka_unit_test(one_task_that_windows_refuses_does_not_save_the_others),
        cmocka_unit_test(exactly_the_known_tasks_are_disabled),
        cmocka_unit_test(tasks_made_anew_at_logon_are_disabled_again),
        cmocka_unit_test(tasks_are_given_back_as_they_were),
        cmocka_unit_test(a_script_of_somebody_else_is_not_touched),
        cmocka_unit_test(without_a_copy_nothing_changes),
        cmocka_unit_test(a_list_that_cannot_be_read_does_not_save_the_script),
        cmocka_unit_test(a_crash_at_any_step_is_mended),
        cmocka_unit_test(a_crash_while_giving_back_is_mended),
        cmocka_unit_test(what_somebody_changed_meanwhile_is_not_overwritten),
        cmocka_unit_test(the_script_is_taken_out_and_windows_is_told),
        cmocka_unit_test(without_the_script_a_logon_makes_no_tasks),
        cmocka_unit_test(scripts_of_other_people_keep_running),
        cmocka_unit_test(a_script_that_comes_back_is_taken_out_again),
        cmocka_unit_test(nothing_to_give_back_is_fine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
