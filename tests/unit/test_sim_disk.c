/*
 * The simulated Windows on disk: several processes, crashes at any moment, damaged files, and time.
 * The program starts itself as other processes: argv[1] names the part, argv[2] the disk.
 */
#include "tests/support/support.h"

#include "guest/machine/sim/sim.h"
#include "guest/machine/sim/sim_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DISK       "sim-disk"
#define WRITES     150
#define KILLS      15
#define LIFE_MS    1000
#define SLACK_MS   600 /* of a busy machine */
#define COUNT_KEY  "HKLM\\SOFTWARE\\count"
#define CHILD_FAIL 99
#define STARTS_MS  20000 /* a process that starts on a busy machine, under Wine */

static void must(bool ok, const char *what, const struct err *err)
{
    char text[512];

    if (!ok)
        fail_msg("%s: %s", what, err_message(err, TEXT_EN, text, sizeof(text)));
}

static void make_disk(const char *world)
{
    struct err err = ERR_INIT;

    must(fs_remove_tree(DISK, &err), "removing", &err);
    must(machine_sim_init(DISK, world, &err), world, &err);
}

static struct machine *open_disk(void)
{
    struct machine *machine = NULL;
    struct err err = ERR_INIT;

    must(machine_open_sim(DISK, &machine, &err), "opening", &err);
    return machine;
}

static void edit(const char *what)
{
    const char *const edits[] = {what, NULL};
    struct err err = ERR_INIT;

    must(machine_sim_edit_disk(DISK, edits, &err), what, &err);
}

/* Whether the world on the disk has this text. */
static bool shows(const char *text)
{
    struct err err = ERR_INIT;
    struct buf out;
    bool found;

    buf_init(&out, 4 * 1024 * 1024);
    must(machine_sim_show_disk(DISK, &out, &err), "showing", &err);
    found = strstr(buf_str(&out), text) != NULL;
    buf_done(&out);
    return found;
}

static uint64_t generation(void)
{
    struct buf out;
    const char *at;
    uint64_t value;

    buf_init(&out, 4 * 1024 * 1024);
    assert_true(machine_sim_show_disk(DISK, &out, NULL));
    at = strstr(buf_str(&out), "\"generation\": ");
    value = at ? strtoull(at + 14, NULL, 10) : 0;
    buf_done(&out);
    return value;
}

static unsigned monitors(struct machine *machine)
{
    struct display_list list;
    unsigned count = 0;

    assert_true(machine->displays->ops->paths(machine->displays, &list, NULL));
    for (size_t i = 0; i < list.count; i++)
        count += list.items[i].kind == DISPLAY_PARSEC;
    return count;
}

static int64_t now_ms(void)
{
    return clock_now_ms(clock_system());
}

static void sleep_ms(int64_t time_ms)
{
    clock_sleep_ms(clock_system(), time_ms);
}

/* ---- other processes ---- */

struct child {
    uv_loop_t loop;
    uv_process_t process;
    int64_t status;
    int signal;
    bool ended;
};

static void on_exit_child(uv_process_t *process, int64_t status, int signal)
{
    struct child *child = process->data;

    child->status = status;
    child->signal = signal;
    child->ended = true;
    uv_close((uv_handle_t *)process, NULL);
}

static void child_start(struct child *child, const char *part)
{
    static char self[FS_PATH_BYTES], disk[] = DISK;
    char word[64];
    char *args[] = {self, word, disk, NULL};
    uv_stdio_container_t stdio[] = {
        {.flags = UV_IGNORE}, {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = 2}};
    uv_process_options_t options = {
        .file = self, .args = args, .exit_cb = on_exit_child, .stdio_count = 3, .stdio = stdio};

    memset(child, 0, sizeof(*child));
    text_copy(word, sizeof(word), part);
    assert_true(fs_self_path(self, sizeof(self), NULL));
    assert_int_equal(uv_loop_init(&child->loop), 0);
    child->process.data = child;
    assert_int_equal(uv_spawn(&child->loop, &child->process, &options), 0);
}

static void child_wait(struct child *child)
{
    uv_run(&child->loop, UV_RUN_DEFAULT);
    assert_true(child->ended);
    uv_loop_close(&child->loop);
}

static void child_kill(struct child *child)
{
    uv_process_kill(&child->process, SIGKILL);
    child_wait(child);
}

/* Counts up a value of its own, one operation each. */
static int part_count(struct machine *machine, const char *name, unsigned times)
{
    struct registry_value value = {.type = REGISTRY_DWORD};
    struct err err = ERR_INIT;
    char text[512];

    for (unsigned i = 1; i <= times; i++) {
        value.dword = i;
        if (machine->registry->ops->set(machine->registry, COUNT_KEY, name, &value, &err))
            continue;
        fprintf(stderr, "%s\n", err_message(&err, TEXT_EN, text, sizeof(text)));
        return CHILD_FAIL;
    }
    return 0;
}

static int part_count_a(struct machine *machine)
{
    return part_count(machine, "a", WRITES);
}

static int part_count_b(struct machine *machine)
{
    return part_count(machine, "b", WRITES);
}

/* About half of the time in the middle of a write, and the lock free for others in between. */
static int part_count_for_ever(struct machine *machine)
{
    while (part_count(machine, "c", 1) == 0)
        sleep_ms(1);
    return CHILD_FAIL;
}

/* Holds a monitor until it is killed. */
static int part_hold(struct machine *machine)
{
    struct vdd_port *vdd = machine->vdd;
    uint32_t index;

    if (!vdd->ops->open(vdd, NULL) || !vdd->ops->add(vdd, &index, NULL))
        return CHILD_FAIL;
    for (;;) {
        sleep_ms(50);
        if (!vdd->ops->ping(vdd, NULL))
            return CHILD_FAIL;
    }
}

/* Stops Parsec: a fault of the world may kill this process. */
static int part_stop(struct machine *machine)
{
    return machine->services->ops->stop(machine->services, "Parsec", 60000, NULL) ? 0 : CHILD_FAIL;
}

/* Waits for changes until one comes that is not its own start. */
static int part_wait(struct machine *machine)
{
    struct system_port *port = machine->system;
    bool changed;

    for (;;)
        if (!port->ops->wait_change(port, -1, &changed, NULL))
            return CHILD_FAIL;
}

static const struct {
    const char *name;
    int (*run)(struct machine *machine);
} parts[] = {
    {"count-a", part_count_a},
    {"count-b", part_count_b},
    {"count-for-ever", part_count_for_ever},
    {"hold", part_hold},
    {"stop", part_stop},
    {"wait", part_wait},
};

static int run_part(const char *name, const char *disk)
{
    struct machine *machine = NULL;
    int code = CHILD_FAIL;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(parts[i].name, name) == 0 && machine_open_sim(disk, &machine, NULL))
            code = parts[i].run(machine);
    machine_free(machine);
    return code;
}

/* ---- tests ---- */

static void a_disk_without_a_world_is_not_found_with_a_hint(void **state)
{
    struct machine *machine = NULL;
    struct err err = ERR_INIT;

    (void)state;
    assert_false(machine_open_sim("no-such-disk", &machine, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(err.hint, TEXT_SIM_NO_WORLD_HINT);
    assert_null(machine);
}

static void a_damaged_world_gives_one_error_that_names_the_file(void **state)
{
    static const char *const texts[] = {"", "{\"name\": \"x", "garbage", "{\"scale\": \"fast\"}"};
    struct machine *machine = NULL;
    char text[512];

    (void)state;
    make_disk("healthy");
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct err err = ERR_INIT;

        assert_true(
            fs_write_atomic(DISK "/world.json", texts[i], strlen(texts[i]), FS_PRIVATE, NULL));
        assert_false(machine_open_sim(DISK, &machine, &err));
        assert_int_equal(err.kind, ERR_BAD_INPUT);
        assert_non_null(strstr(err_message(&err, TEXT_EN, text, sizeof(text)), "world.json"));
        assert_null(machine);
    }
}

static void a_world_is_not_made_over_another(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    make_disk("healthy");
    assert_false(machine_sim_init(DISK, "fresh", &err));
    assert_int_equal(err.kind, ERR_EXISTS);
    assert_true(shows("\"healthy\""));
}

static void a_world_is_made_from_a_file_or_not_at_all(void **state)
{
    static const char good[] = "{\"base\": \"healthy\", \"edits\": [\"computer=FROMFILE\"]}";
    static const char bad[] = "{\"base\": \"healthy\", \"edits\": [\"colour=red\"]}";
    struct err err = ERR_INIT;
    struct fs_stat stat;

    (void)state;
    assert_true(fs_remove_tree(DISK, NULL));
    assert_true(fs_write_atomic("world-in.json", bad, strlen(bad), FS_PRIVATE, NULL));
    assert_false(machine_sim_init(DISK, "world-in.json", &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_true(fs_stat(DISK "/world.json", &stat, NULL));
    assert_int_equal(stat.kind, FS_MISSING);
    assert_true(fs_write_atomic("world-in.json", good, strlen(good), FS_PRIVATE, NULL));
    assert_true(machine_sim_init(DISK, "world-in.json", NULL));
    assert_true(shows("\"FROMFILE\""));
}

static void one_bad_edit_among_several_changes_nothing(void **state)
{
    static const char *const unknown[] = {"computer=NEW", "colour=red", NULL};
    static const char *const impossible[] = {"computer=NEW", "client=connected", NULL};
    struct err err = ERR_INIT;

    (void)state;
    make_disk("healthy");
    assert_false(machine_sim_edit_disk(DISK, unknown, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    assert_false(machine_sim_edit_disk(DISK, impossible, &err)); /* it is switched off */
    assert_false(shows("\"NEW\""));
}

static void opening_starts_a_new_world_once(void **state)
{
    struct machine *machine;
    struct system_state one, two;

    (void)state;
    make_disk("healthy");
    machine = open_disk();
    assert_true(machine->system->ops->query(machine->system, &one, NULL));
    machine_free(machine);
    machine = open_disk();
    assert_true(machine->system->ops->query(machine->system, &two, NULL));
    machine_free(machine);
    assert_string_equal(one.boot_id, two.boot_id);
    assert_true(machine_sim_boot_disk(DISK, NULL));
    machine = open_disk();
    assert_true(machine->system->ops->query(machine->system, &two, NULL));
    machine_free(machine);
    assert_string_not_equal(one.boot_id, two.boot_id);
}

static void machine_time_goes_on_while_nobody_looks(void **state)
{
    struct machine *machine;
    struct system_state before, after;

    (void)state;
    make_disk("healthy");
    edit("clock.scale=1000");
    machine = open_disk();
    assert_true(machine->system->ops->query(machine->system, &before, NULL));
    machine_free(machine);
    sleep_ms(60);
    machine = open_disk();
    assert_true(machine->system->ops->query(machine->system, &after, NULL));
    machine_free(machine);
    assert_true(after.uptime_ms - before.uptime_ms >= 50000);
    assert_true(shows("\"logged_on\": true")); /* and what was due has happened */
}

static void a_change_of_the_scale_makes_no_jump(void **state)
{
    struct machine *machine;
    int64_t wall_ms, mono_ms;

    (void)state;
    make_disk("healthy");
    machine = open_disk();
    wall_ms = clock_wall_ms(machine->clock);
    mono_ms = clock_now_ms(machine->clock);
    assert_true(machine_sim_edit(machine, "clock.scale=1", NULL));
    assert_in_range(clock_wall_ms(machine->clock) - wall_ms, 0, 60000);
    assert_in_range(clock_now_ms(machine->clock) - mono_ms, 0, 60000);
    machine_free(machine);
}

static void a_reboot_that_windows_was_asked_for_gives_its_exit_code(void **state)
{
    struct machine *machine;

    (void)state;
    make_disk("healthy");
    machine = open_disk();
    assert_int_equal(machine_sim_exit_code(machine), 0);
    assert_true(machine->system->ops->reboot(machine->system, "test", NULL));
    assert_int_equal(machine_sim_exit_code(machine), SIM_EXIT_REBOOT);
    machine_free(machine);
    assert_true(machine_sim_boot_disk(DISK, NULL));
    machine = open_disk();
    assert_int_equal(machine_sim_exit_code(machine), 0);
    edit("power=shutdown");
    assert_int_equal(machine_sim_exit_code(machine), SIM_EXIT_SHUTDOWN);
    machine_free(machine);
}

static void the_summary_is_a_file_until_it_is_taken_back(void **state)
{
    struct machine *machine;
    struct fs_stat stat;

    (void)state;
    make_disk("healthy");
    machine = open_disk();
    assert_true(machine->system->ops->publish(machine->system, "starting", NULL));
    assert_true(fs_stat(DISK "/kvp.txt", &stat, NULL));
    assert_int_equal(stat.size_bytes, 8);
    assert_true(machine->system->ops->publish(machine->system, "", NULL));
    assert_true(fs_stat(DISK "/kvp.txt", &stat, NULL));
    assert_int_equal(stat.kind, FS_MISSING);
    machine_free(machine);
}

static void two_processes_lose_none_of_their_changes(void **state)
{
    struct child a, b;
    uint64_t before;

    (void)state;
    make_disk("healthy");
    machine_free(open_disk());
    edit("parsec.service=stopped");
    sleep_ms(5000); /* longer than everything that happens by itself after the start */
    before = generation();
    child_start(&a, "count-a");
    child_start(&b, "count-b");
    child_wait(&a);
    child_wait(&b);
    assert_int_equal(a.status, 0);
    assert_int_equal(b.status, 0);
    assert_int_equal(generation() - before, 2 * WRITES);
    assert_true(shows("\"dword\": 150"));
}

static void a_process_killed_at_any_moment_leaves_a_world_that_can_be_read(void **state)
{
    (void)state;
    make_disk("healthy");
    machine_free(open_disk());
    for (int i = 0; i < KILLS; i++) {
        struct child child;
        uint64_t before = generation();

        child_start(&child, "count-for-ever");
        for (int tries = 0; generation() == before && tries < STARTS_MS / 20; tries++)
            sleep_ms(20);
        sleep_ms(i % 9); /* it is in the middle of its writes */
        child_kill(&child);
        assert_true(generation() > before);
        edit("system.uac=secure"); /* nobody holds the lock any more */
    }
    assert_true(shows("\"c\"")); /* they did write */
}

static void a_killed_holders_monitor_vanishes_after_a_second(void **state)
{
    struct machine *machine;
    struct child child;
    int64_t killed_ms, left_ms;

    (void)state;
    make_disk("healthy");
    machine = open_disk();
    child_start(&child, "hold");
    sleep_ms(2 * LIFE_MS);
    assert_int_equal(monitors(machine), 1); /* alive for longer than a second */
    child_kill(&child);
    killed_ms = now_ms();
    assert_int_equal(monitors(machine), 1);
    while (monitors(machine) && now_ms() - killed_ms < 5 * LIFE_MS)
        sleep_ms(10);
    left_ms = now_ms() - killed_ms;
    if (left_ms < LIFE_MS - 200 || left_ms > LIFE_MS + SLACK_MS)
        fail_msg("vanished after %d ms", (int)left_ms);
    machine_free(machine);
}

static void keep_alives_do_not_write_the_world(void **state)
{
    struct child child;
    uint64_t before;

    (void)state;
    make_disk("healthy");
    machine_free(open_disk());
    child_start(&child, "hold");
    sleep_ms(3000);
    before = generation();
    sleep_ms(1000);
    assert_int_equal(generation(), before);
    child_kill(&child);
}

static const char killing[] = "{\"base\": \"healthy\", \"edits\": [\"fault=services.stop:kill\"]}";

static void a_fault_kills_the_process_once(void **state)
{
    struct child child;

    (void)state;
    assert_true(fs_remove_tree(DISK, NULL));
    assert_true(machine_sim_init_text(DISK, killing, strlen(killing), NULL));
    machine_free(open_disk());
    sleep_ms(500);
    child_start(&child, "stop");
    child_wait(&child);
    assert_true(child.signal == SIGKILL || child.status == 137);
    assert_true(shows("\"running\""));
    child_start(&child, "stop");
    child_wait(&child);
    assert_int_equal(child.status, 0);
    assert_int_equal(child.signal, 0);
}

static void a_power_cut_from_outside_ends_a_waiting_process_at_once(void **state)
{
    struct child child;
    int64_t start_ms;

    (void)state;
    make_disk("healthy");
    machine_free(open_disk());
    child_start(&child, "wait");
    sleep_ms(300);
    edit("power=cut");
    start_ms = now_ms();
    child_wait(&child);
    assert_int_equal(child.status, SIM_EXIT_CUT);
    assert_true(now_ms() - start_ms < 1000);
}

/* Forgets what happened before. */
static void settle(struct machine *machine)
{
    bool changed = true;

    while (changed)
        assert_true(machine->system->ops->wait_change(machine->system, 400, &changed, NULL));
}

struct later {
    uv_thread_t thread;
    void (*run)(void);
};

static void run_later(void *user)
{
    const struct later *later = user;

    sleep_ms(150);
    later->run();
}

static void edit_world(void)
{
    edit("display.adapter=disabled");
}

static void edit_file(void)
{
    FILE *file = fopen(DISK "/files/parsec_shared/config.txt", "a");

    if (file) {
        fputs("by_hand = 1\n", file);
        fclose(file);
    }
}

static void assert_wakes(void (*change)(void))
{
    struct later later = {.run = change};
    struct machine *machine;
    bool changed = false;
    int64_t start_ms;

    make_disk("healthy");
    machine = open_disk();
    edit("clock.scale=1");
    sleep_ms(300);
    settle(machine);
    assert_int_equal(uv_thread_create(&later.thread, run_later, &later), 0);
    start_ms = now_ms();
    assert_true(machine->system->ops->wait_change(machine->system, 10000, &changed, NULL));
    assert_true(changed);
    assert_true(now_ms() - start_ms < 2000);
    uv_thread_join(&later.thread);
    machine_free(machine);
}

static void waiting_ends_when_another_process_changes_the_world(void **state)
{
    (void)state;
    assert_wakes(edit_world);
}

static void waiting_ends_when_a_file_is_edited_by_hand(void **state)
{
    (void)state;
    if (getenv("WINEPREFIX")) /* Wine tells no changes inside the folders of a watched folder */
        skip();
    assert_wakes(edit_file);
}

static void waiting_for_nothing_wakes_nobody(void **state)
{
    struct machine *machine;
    uv_rusage_t before, after;
    bool changed = true;

    (void)state;
    make_disk("healthy");
    machine = open_disk();
    edit("session=logged_off");
    edit("clock.scale=1");
    sleep_ms(3000); /* services have started */
    settle(machine);
    uv_getrusage(&before);
    assert_true(machine->system->ops->wait_change(machine->system, 1500, &changed, NULL));
    uv_getrusage(&after);
    assert_false(changed);
    assert_true(after.ru_nvcsw - before.ru_nvcsw <= 4);
    machine_free(machine);
}

static int command(const char *words[], int count)
{
    char *argv[8];

    for (int i = 0; i < count; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    return sim_command(count, argv);
}

static void the_command_answers_with_exit_codes(void **state)
{
    static const char *init[] = {"sim", DISK, "init", "fresh"};
    static const char *unknown[] = {"sim", DISK, "init", "frehs"};
    static const char *good[] = {"sim", DISK, "break", "computer=X", "vm_id=1"};
    static const char *bad[] = {"sim", DISK, "break", "computr=X"};
    static const char *form[] = {"sim", DISK, "break", "computer"};
    static const char *show[] = {"sim", DISK, "show", "system.computer"};
    static const char *nothing[] = {"sim", DISK, "show", "system.no_such_field"};
    static const char *words[] = {"sim", DISK, "explode"};
    static const char *boot[] = {"sim", DISK, "boot"};
    static const char *cut[] = {"sim", DISK, "power-cut"};

    (void)state;
    assert_true(fs_remove_tree(DISK, NULL));
    assert_int_equal(command(show, 4), 2);
    assert_int_equal(command(unknown, 4), 2);
    assert_int_equal(command(init, 4), 0);
    assert_int_equal(command(init, 4), 2);
    assert_int_equal(command(bad, 4), 64);
    assert_int_equal(command(form, 4), 64);
    assert_int_equal(command(words, 3), 64);
    assert_int_equal(command(words, 2), 64);
    assert_int_equal(command(nothing, 4), 2);
    assert_int_equal(command(good, 5), 0);
    assert_int_equal(command(show, 4), 0);
    assert_int_equal(command(boot, 3), 0);
    assert_true(shows("\"power\": \"on\""));
    assert_int_equal(command(cut, 3), 0);
    assert_true(shows("\"power\": \"cut\""));
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_without_a_world_is_not_found_with_a_hint),
        cmocka_unit_test(a_damaged_world_gives_one_error_that_names_the_file),
        cmocka_unit_test(a_world_is_not_made_over_another),
        cmocka_unit_test(a_world_is_made_from_a_file_or_not_at_all),
        cmocka_unit_test(one_bad_edit_among_several_changes_nothing),
        cmocka_unit_test(opening_starts_a_new_world_once),
        cmocka_unit_test(machine_time_goes_on_while_nobody_looks),
        cmocka_unit_test(a_change_of_the_scale_makes_no_jump),
        cmocka_unit_test(a_reboot_that_windows_was_asked_for_gives_its_exit_code),
        cmocka_unit_test(the_summary_is_a_file_until_it_is_taken_back),
        cmocka_unit_test(two_processes_lose_none_of_their_changes),
        cmocka_unit_test(a_process_killed_at_any_moment_leaves_a_world_that_can_be_read),
        cmocka_unit_test(a_killed_holders_monitor_vanishes_after_a_second),
        cmocka_unit_test(keep_alives_do_not_write_the_world),
        cmocka_unit_test(a_fault_kills_the_process_once),
        cmocka_unit_test(a_power_cut_from_outside_ends_a_waiting_process_at_once),
        cmocka_unit_test(waiting_ends_when_another_process_changes_the_world),
        cmocka_unit_test(waiting_ends_when_a_file_is_edited_by_hand),
        cmocka_unit_test(waiting_for_nothing_wakes_nobody),
        cmocka_unit_test(the_command_answers_with_exit_codes),
    };

    if (argc == 3)
        return run_part(argv[1], argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
