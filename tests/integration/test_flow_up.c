/*
 * How people get a VM: flows F1 to F4, and the promises around `up`: it survives being killed at
 * any step, two of them do not get in each other's way, and it changes nothing that is well.
 */
#include "tests/support/expect.h"
#include "tests/support/flow.h"

#include "common/clock.h"
#include "common/key.h"
#include "common/steps.h"
#include "common/ui/console.h"
#include "host/exit_code.h"
#include "host/hypervisor/sim_state.h"
#include "host/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_WAIT_MS 60000

static void up_from_nothing_is_healthy_and_heals_after_a_reboot(void **state)
{
    struct flow flow;

    (void)state;
    flow_open(&flow, "simple");
    flow_expect(&flow, 0, "up", "demo", NULL);
    flow_expect(&flow, 0, "status", "--json", NULL);
    assert_string_equal(flow_text(&flow, "schema"), "gpupv.status");
    assert_string_equal(flow_text(&flow, "vms.0.level"), "healthy");
    assert_string_equal(flow_text(&flow, "vms.0.power"), "running");
    flow_expect(&flow, 0, "stop", "demo", NULL);
    flow_expect(&flow,
                0,
                "sim",
                "break",
                "demo",
                "display.adapter=missing",
                "audio.cable=missing",
                "parsec.config=stock",
                NULL);
    flow_expect(&flow, 0, "status", NULL);
    flow_expect(&flow, 0, "start", "demo", NULL);
    flow_wait_level(&flow, "demo", "healthy");
    assert_string_equal(flow_check(&flow, "demo", "display.adapter"), "ok");
    assert_string_equal(flow_check(&flow, "demo", "audio.cable"), "ok");
    assert_string_equal(flow_check(&flow, "demo", "legacy.tasks"), "ok");
    flow_expect(&flow, 0, "up", "demo", "--json", NULL);
    flow_says(&flow, "\"changed\":false");
    flow_expect(&flow, 0, "remove", "demo", "--yes", NULL);
    flow_expect(&flow, 0, "status", NULL);
    flow_close(&flow);
}

/* F8, F9: the host's driver changes under a guest that runs, and under one that is off. */
static void driver_of_the_host_comes_over_live_and_offline(void **state)
{
    struct flow flow;

    (void)state;
    flow_open(&flow, "driver");
    flow_expect(&flow, 0, "up", "demo", NULL);
    flow_expect(&flow, 0, "drivers", "status", NULL);
    flow_expect(&flow, 0, "sim", "host-driver", "32.0.16.1000", NULL);
    flow_wait_level(&flow, "demo", "degraded");
    assert_string_equal(flow_check(&flow, "demo", "gpu.driver"), "bad");
    flow_expect(&flow, 1, "drivers", "status", "--json", NULL);
    assert_string_equal(flow_text(&flow, "vms.0.driver_guest"), "32.0.15.6094");
    flow_expect(&flow, 0, "drivers", "sync", "demo", "--dry-run", NULL);
    flow_says(&flow, "would be sent");
    flow_expect(&flow, 0, "drivers", "sync", "demo", NULL);
    flow_wait_level(&flow, "demo", "healthy");
    assert_string_equal(flow_text(&flow, "vms.0.driver_guest"), "32.0.16.1000");
    assert_string_equal(flow_text(&flow, "vms.0.driver_host"), "32.0.16.1000");
    flow_expect(&flow, 0, "drivers", "sync", "demo", NULL);
    flow_says(&flow, "is up to date");
    flow_expect(&flow, 0, "stop", "demo", NULL);
    flow_expect(&flow, 0, "sim", "host-driver", "32.0.16.2000", NULL);
    flow_expect(&flow, 1, "drivers", "status", NULL);
    flow_expect(&flow, 0, "start", "demo", NULL); /* brings it into the disk first */
    flow_wait_level(&flow, "demo", "healthy");
    assert_string_equal(flow_text(&flow, "vms.0.driver_guest"), "32.0.16.2000");
    flow_expect(&flow, 0, "drivers", "status", "--full", NULL);
    flow_close(&flow);
}

/* F1 */
static void up_never_waits_for_a_person_and_signin_does(void **state)
{
    struct flow flow;

    (void)state;
    flow_open(&flow, "signin");
    flow_expect(&flow, 4, "up", "demo", "--world", "fresh-unsigned", NULL);
    flow_says(&flow, "gpupv signin demo");
    flow_expect(&flow, 4, "status", NULL);
    flow_expect(&flow, 4, "signin", "demo", "--timeout", "2", NULL);
    flow_expect(&flow, 0, "sim", "break", "demo", "sign_in.person=30", NULL);
    flow_expect(&flow, 0, "signin", "demo", "--timeout", "60", NULL);
    flow_wait_level(&flow, "demo", "healthy");
    /* whoever is signed in is not asked again */
    flow_expect(&flow, 0, "signin", "demo", NULL);
    flow_close(&flow);
}

/* F2 */
static void start_that_hangs_with_the_gpu_is_named_and_has_a_way_back(void **state)
{
    struct flow flow;

    (void)state;
    flow_open(&flow, "stuck");
    flow_expect(&flow, 0, "create", "demo", NULL);
    flow_expect(&flow, 0, "sim", "break", "demo", "boot.stuck_with_gpu=true", NULL);
    flow_expect(&flow, 2, "up", "demo", NULL);
    flow_says(&flow, "no sign of life");
    flow_says(&flow, "gpupv start demo --no-gpu");
    flow_says(&flow, "10.0.26100.4946");
    /* it is left running without the GPU, where its agent can be reached */
    flow_run(&flow, "status", "demo", "--json", NULL);
    assert_string_equal(flow_text(&flow, "vms.0.gpu"), "");
    assert_string_equal(flow_text(&flow, "vms.0.power"), "running");
    flow_expect(&flow, 0, "stop", "demo", NULL);
    flow_expect(&flow, 2, "start", "demo", NULL);
    flow_expect(&flow, 2, "status", "demo", "--json", NULL);
    assert_string_equal(flow_text(&flow, "vms.0.level"), "boot_stuck");
    /* a second start does not call that running; the way back is the one that was named */
    flow_expect(&flow, 2, "start", "demo", NULL);
    flow_says(&flow, "gpupv start demo --no-gpu");
    flow_expect(&flow, 0, "start", "demo", "--no-gpu", NULL);
    flow_says(&flow, "without its GPU");
    /* up attaches it again; and frees one that hangs, once its cause is gone */
    flow_expect(&flow, 0, "sim", "break", "demo", "boot.stuck_with_gpu=false", NULL);
    flow_expect(&flow, 0, "up", "demo", NULL);
    flow_expect(&flow, 0, "sim", "break", "demo", "boot.stuck_with_gpu=true", NULL);
    flow_expect(&flow, 2, "restart", "demo", NULL);
    flow_expect(&flow, 0, "sim", "break", "demo", "boot.stuck_with_gpu=false", NULL);
    flow_expect(&flow, 0, "up", "demo", NULL);
    flow_run(&flow, "status", "demo", "--json", NULL);
    assert_string_not_equal(flow_text(&flow, "vms.0.gpu"), "");
    flow_close(&flow);
}

/* F3 */
static void payloads_are_asked_for_before_anything_is_made(void **state)
{
    struct flow flow, other;
    char path[FS_PATH_BYTES];

    (void)state;
    flow_open(&other, "payloads-source");
    flow_expect(&other, 0, "create", "x", NULL);
    flow_open(&flow, "payloads");
    flow_expect(&flow, 64, "sim", "host", "offline=yes", NULL);
    flow_expect(&flow, 0, "sim", "host", "offline=1", NULL);
    flow_expect(&flow, 2, "up", "demo", NULL);
    flow_says(&flow, "https://builds.parsec.app/");
    flow_says(&flow, "gpupv payload add");
    flow_expect(&flow, 0, "status", "--json", NULL);
    flow_says(&flow, "\"vms\":[]");
    flow_expect(&flow, 2, "payload", "add", flow.root, NULL);
    flow_expect(&flow, 0, "payload", "list", NULL);
    flow_says(&flow, "missing");
    assert_true(fs_join(path, other.root, "payloads", NULL));
    flow_run(&other, "payload", "list", "--json", NULL);
    for (int i = 0; i < 3; i++) {
        static const char *const files[] = {
            "parsec-windows.exe", "parsec-vdd-0.45.0.0.exe", "VBCABLE_Driver_Pack45.zip"};
        char field[32], folder[FS_PATH_BYTES], file[FS_PATH_BYTES], name[64];

        snprintf(field, sizeof field, "payloads.%d.name", i);
        text_copy(name, sizeof name, flow_text(&other, field));
        snprintf(field, sizeof field, "payloads.%d.sha256", i);
        snprintf(name + strlen(name), 18, "-%.16s", flow_text(&other, field));
        assert_true(fs_join(folder, path, name, NULL) && fs_join(file, folder, files[i], NULL));
        flow_expect(&flow, 0, "payload", "add", i == 1 ? folder : file, NULL);
    }
    flow_expect(&flow, 0, "up", "demo", NULL);
    flow_close(&flow);
    flow_close(&other);
}

/* F4 */
static void proxy_on_the_host_reaches_the_guest(void **state)
{
    struct flow flow;

    (void)state;
    flow_open(&flow, "proxy");
    flow_expect(&flow, 64, "up", "demo", "--proxy", "7890", NULL);
    flow_expect(&flow, 2, "up", "demo", "--proxy", "127.0.0.1:7890", NULL);
    flow_says(&flow, "host");
    flow_expect(&flow, 1, "up", "demo", "--switch", "none", NULL);
    flow_expect(&flow, 0, "sim", "break", "demo", "network=proxy", NULL);
    flow_expect(&flow, 0, "config", "demo", "--proxy", "host:7890", NULL);
    flow_wait_level(&flow, "demo", "healthy");
    flow_expect(&flow, 0, "config", "demo", NULL);
    flow_says(&flow, "guest.parsec.proxy.via = \"host\"");
    flow_close(&flow);
}

/* ---- killed at every step ---- */

struct journal {
    const char *folder;
    char path[FS_PATH_BYTES];
};

static bool find_journal(const char *name, enum fs_kind kind, void *user)
{
    struct journal *journal = user;

    if (kind != FS_FILE || strncmp(name, "up-", 3) != 0 || strlen(name) > 24)
        return true;
    return !fs_join(journal->path, journal->folder, name, NULL);
}

static bool step_has_begun(const struct flow *flow, const char *step)
{
    char folder[FS_PATH_BYTES];
    struct journal journal = {.folder = folder};
    struct steps_left left;

    return fs_join(folder, flow->root, "store/journal", NULL) &&
           fs_list(folder, find_journal, &journal, NULL) && *journal.path &&
           steps_look(journal.path, &left, NULL) && !strcmp(left.step, step);
}

/* Starts gpupv with two or three words; process_child_free kills it. */
static struct process_child *
start(const struct flow *flow, const char *command, const char *name, const char *option)
{
    const char *program = getenv("GPUPV_TEST_HOST");
    char simulate[FS_PATH_BYTES + 16];
    const char *args[] = {program, simulate, command, name, option, NULL};
    struct process_child *child = NULL;
    struct err err = ERR_INIT;

    snprintf(simulate, sizeof simulate, "--simulate=%s", flow->root);
    assert_true(process_child_start(program, args, "killed.log", &child, &err));
    return child;
}

/* Starts `up demo` and kills it as soon as the step has begun and delay_ms passed. */
static void kill_at(struct flow *flow, const char *step, int64_t delay_ms)
{
    int64_t until = clock_now_ms(clock_system()) + STEP_WAIT_MS;
    struct process_child *child = start(flow, "up", "demo", NULL);

    while (!step_has_begun(flow, step)) {
        if (clock_now_ms(clock_system()) > until)
            fail_msg("the step %s never began", step);
        clock_sleep_ms(clock_system(), 1);
    }
    clock_sleep_ms(clock_system(), delay_ms);
    process_child_free(child);
}

static void up_goes_on_after_it_was_killed_at_any_step(void **state)
{
    static const struct {
        const char *step;
        int64_t delay_ms;
    } rows[] = {
        {"vm", 0},
        {"record", 0},
        {"record", 2},
        {"disk", 0},
        {"disk", 15},
        {"first_boot", 0},
        {"first_boot", 400},
        {"gpu", 0},
        {"gpu", 20},
        {"verify", 0},
        {"verify", 300},
    };
    struct flow flow;
    char id[64], again[64];

    (void)state;
    flow_open(&flow, "killed");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        kill_at(&flow, rows[i].step, rows[i].delay_ms);
        flow_run(&flow, "up", "demo", NULL);
        if (flow.code != 0)
            fail_msg("after a death in %s: %d\n%s", rows[i].step, flow.code, buf_str(&flow.out));
        flow_expect(&flow, 0, "status", "--json", NULL);
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(flow.json, "vms")), 1);
        flow_id(&flow, "demo", id);
        flow_expect(&flow, 0, "up", "demo", NULL);
        flow_id(&flow, "demo", again);
        assert_string_equal(id, again);
        flow_expect(&flow, 0, "remove", "demo", "--yes", NULL);
    }
    flow_close(&flow);
}

static int64_t generation_of(const struct flow *flow, const char *id)
{
    char path[FS_PATH_BYTES], relative[96];
    struct key_file key = {.count = 0};
    int64_t newest;

    snprintf(relative, sizeof relative, "store/vms/%s/key.json", id);
    assert_true(fs_join(path, flow->root, relative, NULL));
    assert_true(key_load(path, &key_seal_host, &key, NULL));
    newest = key.entries[0].generation;
    key_wipe(&key);
    return newest;
}

/* Host and guest die at moments all over a rotation; they always meet again, and the rotation is
 * ended by whoever asks next. */
static void rotation_killed_at_any_moment_is_met_again(void **state)
{
    static const int64_t delays_ms[] = {0, 2, 4, 6, 9, 13, 20};
    int64_t first, last;
    struct flow flow;
    char id[64];

    (void)state;
    flow_open(&flow, "rotation");
    flow_expect(&flow, 0, "up", "demo", "--world", "healthy", NULL);
    flow_id(&flow, "demo", id);
    first = generation_of(&flow, id);
    for (size_t i = 0; i < 2 * sizeof delays_ms / sizeof *delays_ms; i++) {
        bool guest = i % 2;
        struct process_child *child = start(&flow, "adopt", "demo", "--rekey");

        clock_sleep_ms(clock_system(), delays_ms[i / 2]);
        if (guest)
            flow_expect(&flow, 0, "sim", "power-cut", "demo", NULL);
        process_child_free(child);
        if (guest)
            flow_expect(&flow, 0, "start", "demo", NULL);
        flow_wait_level(&flow, "demo", "healthy");
    }
    flow_expect(&flow, 0, "adopt", "demo", "--rekey", NULL);
    flow_wait_level(&flow, "demo", "healthy");
    last = generation_of(&flow, id);
    print_message("rotated from generation %d to %d\n", (int)first, (int)last);
    assert_true(last > first);
    flow_close(&flow);
}

static bool no_entry(const char *name, enum fs_kind kind, void *user)
{
    (void)kind;
    (void)user;
    fail_msg("%s is left", name);
    return false;
}

static void what_a_killed_up_left_is_removed_whole(void **state)
{
    static const char *const steps[] = {"vm", "record", "disk", "first_boot"};
    struct flow flow;
    char vms[FS_PATH_BYTES];

    (void)state;
    flow_open(&flow, "left");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        kill_at(&flow, steps[i], 5);
        flow_expect(&flow, 0, "remove", "demo", "--yes", NULL);
        flow_expect(&flow, 0, "status", "--json", NULL);
        flow_says(&flow, "\"vms\":[]");
        assert_true(fs_join(vms, flow.root, "vms", NULL));
        assert_true(fs_list(vms, no_entry, NULL, NULL));
    }
    flow_close(&flow);
}

static void second_up_on_the_same_vm_is_told_to_wait(void **state)
{
    const char *program = getenv("GPUPV_TEST_HOST");
    char simulate[FS_PATH_BYTES + 16];
    const char *args[] = {program, simulate, "up", "demo", NULL};
    struct process_child *child = NULL;
    struct err err = ERR_INIT;
    struct flow flow;

    (void)state;
    flow_open(&flow, "twice");
    snprintf(simulate, sizeof simulate, "--simulate=%s", flow.root);
    assert_true(process_child_start(program, args, "twice.log", &child, &err));
    while (!step_has_begun(&flow, "first_boot"))
        clock_sleep_ms(clock_system(), 2);
    flow_expect(&flow, 2, "up", "demo", NULL);
    flow_says(&flow, "another gpupv command is changing demo");
    flow_expect(&flow, 2, "stop", "demo", NULL);
    flow_run(&flow, "status", NULL);
    flow_expect(&flow, 2, "up", "DEMO", NULL);
    process_child_free(child);
    flow_expect(&flow, 0, "up", "demo", NULL);
    flow_close(&flow);
}

/* With an argument only the tests that its pattern names are run. */
/* F17 */
static void host_is_checked_mended_and_set_back(void **state)
{
    struct flow flow;

    (void)state;
    flow_open(&flow, "host");
    flow_expect(&flow, 0, "check", "--json", NULL);
    assert_string_equal(flow_text(&flow, "schema"), "gpupv.check");
    flow_expect(&flow,
                0,
                "sim",
                "computer",
                "hyperv=disabled",
                "launch=off",
                "hypervisor=no",
                "secure_policy=yes",
                "supported_policy=yes",
                NULL);
    flow_expect(&flow, 2, "check", NULL);
    flow_says(&flow, "gpupv check --fix");
    /* nobody says yes: nothing is changed */
    flow_expect(&flow, 2, "check", "--fix", NULL);
    flow_expect(&flow, 0, "host", "changes", NULL);
    flow_says(&flow, "changed nothing");
    flow_expect(&flow, console_exit_code(CODE_REBOOT), "check", "--fix", "--yes", NULL);
    flow_expect(&flow, 0, "sim", "computer", "reboot=1", NULL);
    flow_expect(&flow, 0, "check", NULL);
    flow_expect(&flow, 0, "host", "changes", "--json", NULL);
    assert_string_equal(flow_text(&flow, "changes.0.before"), "disabled");
    assert_string_equal(flow_text(&flow, "changes.3.setting"),
                        "policy.RequireSupportedDeviceAssignment");
    flow_expect(&flow, console_exit_code(CODE_REBOOT), "hypervisor", "off", "--yes", NULL);
    flow_expect(&flow, 0, "hypervisor", "status", "--json", NULL);
    flow_says(&flow, "\"running\":true,\"starts\":false");
    flow_expect(&flow, console_exit_code(CODE_REBOOT), "host", "revert", "--yes", NULL);
    flow_expect(&flow, 0, "sim", "computer", "reboot=1", NULL);
    flow_expect(&flow, 2, "check", "--json", NULL);
    assert_string_equal(flow_text(&flow, "facts.hyperv"), "disabled");
    assert_string_equal(flow_text(&flow, "facts.launch"), "off");
    flow_expect(&flow, 64, "sim", "computer", "hyperv=maybe", NULL);
    flow_close(&flow);
}

/* F13 */
static void key_moves_under_a_passphrase(void **state)
{
    char file[FS_PATH_BYTES], phrase[FS_PATH_BYTES], from[FS_PATH_BYTES + 8], record[FS_PATH_BYTES];
    struct flow flow;
    char id[40];

    (void)state;
    flow_open(&flow, "key");
    flow_expect(&flow, 0, "up", "demo", NULL);
    flow_id(&flow, "demo", id);
    DO(fs_join(file, flow.root, "demo.key", &do_err));
    DO(fs_join(phrase, flow.root, "phrase", &do_err));
    DO(fs_write_atomic(phrase, "correct horse battery\n", 22, FS_PRIVATE, &do_err));
    snprintf(from, sizeof from, "file:%s", phrase);
    flow_expect(&flow, 64, "key", "export", "demo", file, NULL);
    flow_says(&flow, "--passphrase-from");
    flow_expect(&flow, 0, "key", "export", "demo", file, "--passphrase-from", from, NULL);
    flow_expect(&flow, 2, "key", "export", "demo", file, "--passphrase-from", from, NULL);
    /* Windows was installed anew: nothing is known any more */
    DO(fs_join(record, flow.root, "store", &do_err));
    DO(fs_remove_tree(record, &do_err));
    flow_run(&flow, "status", "demo", NULL);
    assert_int_not_equal(flow.code, 0);
    flow_expect(&flow, 0, "key", "import", "demo", file, "--passphrase-from", from, NULL);
    flow_wait_level(&flow, "demo", "healthy");
    /* over a key that is there only when somebody says so */
    flow_expect(&flow, 2, "key", "import", "demo", file, "--passphrase-from", from, NULL);
    flow_expect(&flow, 0, "key", "import", "demo", file, "--yes", "--passphrase-from", from, NULL);
    flow_expect(&flow, 0, "sim", "new", "other", NULL);
    flow_expect(&flow, 2, "key", "import", "other", file, "--passphrase-from", from, NULL);
    flow_says(&flow, id);
    DO(fs_write_atomic(phrase, "another horse battery\n", 22, FS_PRIVATE, &do_err));
    flow_expect(&flow, 3, "key", "import", "demo", file, "--yes", "--passphrase-from", from, NULL);
    flow_says(&flow, "passphrase is wrong");
    flow_close(&flow);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        FLOW_TEST(up_from_nothing_is_healthy_and_heals_after_a_reboot),
        FLOW_TEST(driver_of_the_host_comes_over_live_and_offline),
        FLOW_TEST(up_never_waits_for_a_person_and_signin_does),
        FLOW_TEST(start_that_hangs_with_the_gpu_is_named_and_has_a_way_back),
        FLOW_TEST(payloads_are_asked_for_before_anything_is_made),
        FLOW_TEST(host_is_checked_mended_and_set_back),
        FLOW_TEST(key_moves_under_a_passphrase),
        FLOW_TEST(proxy_on_the_host_reaches_the_guest),
        FLOW_TEST(second_up_on_the_same_vm_is_told_to_wait),
        FLOW_TEST(what_a_killed_up_left_is_removed_whole),
        FLOW_TEST(up_goes_on_after_it_was_killed_at_any_step),
        FLOW_TEST(rotation_killed_at_any_moment_is_met_again),
    };

    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    if (argc > 2)
        cmocka_set_skip_filter(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
