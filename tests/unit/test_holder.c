/* The display holder: with virtual time step by step, with its thread in real time, and in a
 * process that is killed. */
#include "tests/support/sim_bench.h"

#include "guest/parsec/holder.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define SECOND INT64_C(1000)

#define CHILD_WORD "hold"
#define CHILD_MS   60000 /* a child that nobody kills ends by itself */

/* ---- virtual time ---- */

struct rig {
    struct bench bench;
    struct holder *holder;
};

static void rig_open(struct rig *rig, const char *world)
{
    bench_ready(&rig->bench, world);
    assert_true(holder_new(
        rig->bench.machine->vdd, &rig->bench.clock.base, HOLDER_STEPPED, &rig->holder, NULL));
}

static void rig_close(struct rig *rig)
{
    holder_free(rig->holder);
    bench_close(&rig->bench);
}

static bool rig_hold(struct rig *rig, struct err *err)
{
    return holder_hold(rig->holder, rig->bench.machine->displays, err);
}

static struct holder_status rig_status(struct rig *rig)
{
    struct holder_status status;

    holder_status(rig->holder, &status);
    return status;
}

/* Steps for time_ms; never more than one virtual monitor on the way. */
static void rig_run(struct rig *rig, int64_t time_ms)
{
    int64_t end_ms = clock_now_ms(&rig->bench.clock.base) + time_ms;

    while (clock_now_ms(&rig->bench.clock.base) < end_ms) {
        int64_t wait_ms = holder_step(rig->holder);

        assert_true(bench_monitors(&rig->bench) <= 1);
        clock_manual_move(&rig->bench.clock, wait_ms > 0 ? wait_ms : 1);
    }
}

static struct world_fault *rig_fault(struct rig *rig, const char *op, uint32_t call)
{
    struct world *world = bench_world(&rig->bench);
    struct world_fault *fault = &world->faults[world->fault_count++];

    memset(fault, 0, sizeof *fault);
    text_copy(fault->port, sizeof fault->port, "vdd");
    text_copy(fault->op, sizeof fault->op, op);
    fault->call = call;
    fault->count = 1;
    fault->kind = ERR_IO;
    fault->action = WORLD_FAULT_FAIL;
    return fault;
}

static void without_a_device_nothing_is_held(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "fresh");
    assert_false(rig_hold(&rig, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    assert_int_equal(rig_status(&rig).state, HOLDER_OFF);
    rig_close(&rig);
}

static void a_monitor_of_somebody_else_is_left_to_him(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "healthy");
    bench_edit(&rig.bench, "display.owner=other");
    assert_false(rig_hold(&rig, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    assert_int_equal(err.message, TEXT_PARSEC_HOLDER_OTHER);
    assert_int_equal(rig_status(&rig).state, HOLDER_OFF);
    assert_int_equal(rig_status(&rig).adds, 0);
    assert_int_equal(rig_status(&rig).pings, 0);
    assert_int_equal(bench_monitors(&rig.bench), 1);
    rig_close(&rig);
}

static void paths_that_cannot_be_read_are_no_free_adapter(void **state)
{
    struct rig rig;
    struct err err = ERR_INIT;

    (void)state;
    rig_open(&rig, "healthy");
    text_copy(rig_fault(&rig, "paths", 1)->port, 16, "displays");
    assert_false(rig_hold(&rig, &err));
    assert_int_equal(err.kind, ERR_IO);
    assert_int_equal(rig_status(&rig).adds, 0);
    rig_close(&rig);
}

static void the_first_add_waits_for_silence(void **state)
{
    struct rig rig;
    int64_t start_ms;

    (void)state;
    rig_open(&rig, "healthy");
    start_ms = clock_now_ms(&rig.bench.clock.base);
    clock_manual_move(&rig.bench.clock, 500); /* counts */
    assert_true(rig_hold(&rig, NULL));
    assert_int_equal(clock_now_ms(&rig.bench.clock.base) - start_ms, HOLDER_SILENCE_MS);
    assert_int_equal(rig_status(&rig).state, HOLDER_HOLDING);
    assert_int_equal(rig_status(&rig).driver_minor, 45);
    assert_int_equal(bench_monitors(&rig.bench), 1);
    rig_close(&rig);
}

static void the_monitor_of_a_dead_predecessor_does_not_count(void **state)
{
    struct rig rig;
    struct holder *second;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL)); /* and never stepped again: its process is dead */
    assert_true(
        holder_new(rig.bench.machine->vdd, &rig.bench.clock.base, HOLDER_STEPPED, &second, NULL));
    assert_true(holder_hold(second, rig.bench.machine->displays, NULL));
    assert_int_equal(bench_monitors(&rig.bench), 1);
    holder_free(second);
    rig_close(&rig);
}

static void a_held_monitor_stays_for_an_hour(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL));
    rig_run(&rig, 3600 * SECOND);
    assert_int_equal(rig_status(&rig).adds, 1);
    assert_int_equal(rig_status(&rig).missed, 0);
    assert_true(rig_status(&rig).pings >= 3600 * SECOND / HOLDER_PING_MS);
    assert_int_equal(bench_monitors(&rig.bench), 1);
    rig_close(&rig);
}

static void the_monitor_goes_with_the_keep_alives(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL));
    rig_run(&rig, SECOND);
    clock_manual_move(&rig.bench.clock, 1100);
    assert_int_equal(bench_monitors(&rig.bench), 0);
    rig_close(&rig);
}

static void release_takes_the_monitor_away_at_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL));
    rig_run(&rig, SECOND);
    holder_release(rig.holder);
    assert_int_equal(bench_monitors(&rig.bench), 0);
    assert_int_equal(rig_status(&rig).state, HOLDER_OFF);
    holder_release(rig.holder);
    assert_true(rig_hold(&rig, NULL)); /* and again */
    assert_int_equal(bench_monitors(&rig.bench), 1);
    rig_close(&rig);
}

static void hold_twice_is_one_monitor(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL));
    assert_true(rig_hold(&rig, NULL));
    assert_int_equal(rig_status(&rig).adds, 1);
    rig_close(&rig);
}

/* Keep-alives serve all monitors of the driver, so one that is left behind would stay for ever. */
static void a_keep_alive_that_fails_never_leaves_two_monitors(void **state)
{
    static const struct {
        const char *op;
        uint32_t call;
    } rows[] = {{"ping", 1}, {"ping", 5}, {"version", 1}, {"add", 2}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rig rig;

        rig_open(&rig, "healthy");
        rig_fault(&rig, rows[i].op, rows[i].call);
        if (strcmp(rows[i].op, "add") == 0)
            rig_fault(&rig, "ping", 5);
        if (!rig_hold(&rig, NULL)) {
            assert_int_equal(rig_status(&rig).state, HOLDER_OFF);
            assert_true(rig_hold(&rig, NULL));
        }
        rig_run(&rig, 5 * SECOND);
        assert_int_equal(rig_status(&rig).state, HOLDER_HOLDING);
        assert_int_equal(bench_monitors(&rig.bench), 1);
        rig_close(&rig);
    }
}

static void a_device_that_vanishes_is_told_and_held_again_when_it_is_back(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL));
    bench_edit(&rig.bench, "display.adapter=missing");
    rig_run(&rig, 10 * SECOND);
    assert_int_equal(rig_status(&rig).state, HOLDER_LOST);
    assert_int_equal(rig_status(&rig).why.kind, ERR_NOT_FOUND);
    bench_edit(&rig.bench, "display.adapter=ok");
    rig_run(&rig, HOLDER_RETRY_MS + HOLDER_PING_MS);
    assert_int_equal(rig_status(&rig).state, HOLDER_HOLDING);
    assert_int_equal(rig_status(&rig).adds, 2);
    assert_int_equal(rig_status(&rig).why.kind, ERR_NONE);
    assert_int_equal(bench_monitors(&rig.bench), 1);
    rig_close(&rig);
}

static void release_of_a_lost_monitor_ends_the_tries(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL));
    bench_edit(&rig.bench, "display.adapter=missing");
    rig_run(&rig, 2 * SECOND);
    holder_release(rig.holder);
    assert_int_equal(rig_status(&rig).state, HOLDER_OFF);
    bench_edit(&rig.bench, "display.adapter=ok");
    assert_int_equal(bench_monitors(&rig.bench), 0);
    rig_close(&rig);
}

static void a_pause_of_the_machine_is_answered_by_adding_again(void **state)
{
    static const int64_t pauses_ms[] = {HOLDER_DROPPED_MS + 100, 1100, 5000, 3600000};

    (void)state;
    for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++) {
        struct rig rig;

        rig_open(&rig, "healthy");
        assert_true(rig_hold(&rig, NULL));
        rig_run(&rig, SECOND);
        clock_manual_move(&rig.bench.clock, pauses_ms[i]);
        (void)holder_step(rig.holder);
        assert_int_equal(bench_monitors(&rig.bench), 1);
        assert_int_equal(rig_status(&rig).adds, 2);
        assert_int_equal(rig_status(&rig).missed, 1);
        rig_close(&rig);
    }
}

static void a_driver_that_hangs_loses_the_monitor_only_for_that_time(void **state)
{
    struct rig rig;
    struct world_fault *fault;

    (void)state;
    rig_open(&rig, "healthy");
    fault = rig_fault(&rig, "ping", 10);
    fault->action = WORLD_FAULT_HANG;
    fault->hang_s = 3;
    assert_true(rig_hold(&rig, NULL));
    rig_run(&rig, 10 * SECOND);
    assert_int_equal(rig_status(&rig).state, HOLDER_HOLDING);
    assert_int_equal(rig_status(&rig).adds, 2);
    assert_int_equal(bench_monitors(&rig.bench), 1);
    rig_close(&rig);
}

static void since_counts_from_the_change_of_state(void **state)
{
    struct rig rig;
    int64_t held_ms;

    (void)state;
    rig_open(&rig, "healthy");
    assert_true(rig_hold(&rig, NULL));
    held_ms = clock_now_ms(&rig.bench.clock.base);
    rig_run(&rig, SECOND);
    assert_int_equal(rig_status(&rig).since_ms, held_ms);
    rig_close(&rig);
}

/* ---- modes ---- */

static void modes_are_written_once(void **state)
{
    struct rig rig;
    struct profile profile;
    struct registry_value value;
    bool changed = false;

    (void)state;
    rig_open(&rig, "healthy");
    profile_init(&profile);
    profile.display.modes[0] = (struct profile_display_mode){2560, 1440, 144};
    assert_true(holder_write_modes(rig.bench.machine->registry, &profile, &changed, NULL));
    assert_true(changed);
    assert_true(rig.bench.machine->registry->ops->get(
        rig.bench.machine->registry, "HKLM\\SOFTWARE\\Parsec\\vdd\\0", "hz", &value, NULL));
    assert_int_equal(value.dword, 144);
    assert_true(holder_write_modes(rig.bench.machine->registry, &profile, &changed, NULL));
    assert_false(changed);
    rig_close(&rig);
}

static void modes_that_cannot_be_written_are_an_error(void **state)
{
    static const char *const ops[] = {"get", "set"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rig rig;
        struct profile profile;
        struct err err = ERR_INIT;
        bool changed = true;

        rig_open(&rig, "healthy");
        profile_init(&profile);
        text_copy(rig_fault(&rig, ops[i], 1)->port, 16, "registry");
        assert_false(holder_write_modes(rig.bench.machine->registry, &profile, &changed, &err));
        assert_int_equal(err.kind, ERR_IO);
        assert_true(changed); /* untouched */
        rig_close(&rig);
    }
}

/* ---- the thread, in real time ---- */

struct live {
    struct machine *machine;
    struct holder *holder;
    uv_mutex_t lock;
    bool stop;
};

static void live_open(struct live *live, const char *world)
{
    memset(live, 0, sizeof *live);
    assert_true(machine_sim_open_memory(world, NULL, &live->machine, NULL));
    assert_true(holder_new(live->machine->vdd, clock_system(), HOLDER_THREAD, &live->holder, NULL));
    assert_int_equal(uv_mutex_init(&live->lock), 0);
}

static void live_close(struct live *live)
{
    holder_free(live->holder);
    uv_mutex_destroy(&live->lock);
    machine_free(live->machine);
}

static unsigned live_monitors(struct live *live)
{
    struct displays_port *displays = live->machine->displays;
    struct display_list list;
    unsigned count = 0;

    assert_true(displays->ops->paths(displays, &list, NULL));
    for (size_t i = 0; i < list.count; i++)
        count += list.items[i].kind == DISPLAY_PARSEC;
    return count;
}

static void live_wait(struct live *live, enum holder_state wanted)
{
    struct holder_status status = {.state = HOLDER_STATES};

    for (int i = 0; i < 500 && status.state != wanted; i++) {
        uv_sleep(10);
        holder_status(live->holder, &status);
    }
    assert_int_equal(status.state, wanted);
}

/* What the rest of the agent does meanwhile: calls to the machine without end. */
static void rival(void *user)
{
    struct live *live = user;
    struct device_list *devices = malloc(sizeof *devices);
    struct display_list paths;
    bool stop = !devices;

    while (!stop) {
        for (int i = 0; i < 50; i++) {
            (void)live->machine->displays->ops->paths(live->machine->displays, &paths, NULL);
            (void)live->machine->devices->ops->list(live->machine->devices, NULL, devices, NULL);
        }
        uv_sleep(1);
        uv_mutex_lock(&live->lock);
        stop = live->stop;
        uv_mutex_unlock(&live->lock);
    }
    free(devices);
}

static void the_thread_keeps_its_monitor_under_load(void **state)
{
    struct live live;
    struct holder_status status;
    uv_thread_t rivals[3];

    (void)state;
    live_open(&live, "healthy");
    for (int i = 0; i < 3; i++)
        assert_int_equal(uv_thread_create(&rivals[i], rival, &live), 0);
    assert_true(holder_hold(live.holder, live.machine->displays, NULL));
    for (int i = 0; i < 100; i++) {
        assert_int_equal(live_monitors(&live), 1);
        holder_status(live.holder, &status);
        assert_int_equal(status.state, HOLDER_HOLDING);
        uv_sleep(10);
    }
    uv_mutex_lock(&live.lock);
    live.stop = true;
    uv_mutex_unlock(&live.lock);
    for (int i = 0; i < 3; i++)
        assert_int_equal(uv_thread_join(&rivals[i]), 0);
    holder_status(live.holder, &status);
    print_message("%u keep-alives, %u late\n", (unsigned)status.pings, (unsigned)status.missed);
    assert_int_equal(status.adds, 1);
    assert_true(status.missed <= status.pings / 10); /* other people's load is not ours */
    live_close(&live);
}

static void the_thread_ends_with_its_monitor(void **state)
{
    struct live live;

    (void)state;
    live_open(&live, "healthy");
    assert_true(holder_hold(live.holder, live.machine->displays, NULL));
    assert_int_equal(live_monitors(&live), 1);
    holder_release(live.holder);
    assert_int_equal(live_monitors(&live), 0);
    live_close(&live);
}

static void the_thread_finds_a_driver_that_comes_back(void **state)
{
    struct live live;

    (void)state;
    live_open(&live, "healthy");
    assert_true(holder_hold(live.holder, live.machine->displays, NULL));
    assert_true(machine_sim_edit(live.machine, "display.adapter=missing", NULL));
    live_wait(&live, HOLDER_LOST);
    assert_true(machine_sim_edit(live.machine, "display.adapter=ok", NULL));
    live_wait(&live, HOLDER_HOLDING);
    assert_int_equal(live_monitors(&live), 1);
    live_close(&live); /* holding */
}

static void the_thread_ends_when_there_is_no_driver(void **state)
{
    struct live live;
    struct err err = ERR_INIT;

    (void)state;
    live_open(&live, "fresh");
    assert_false(holder_hold(live.holder, live.machine->displays, &err));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
    live_close(&live);
}

/* ---- a process that is killed ---- */

static int child(const char *disk)
{
    struct machine *machine = NULL;
    struct holder *holder = NULL;

    if (!machine_open_sim(disk, &machine, NULL) ||
        !holder_new(machine->vdd, clock_system(), HOLDER_THREAD, &holder, NULL) ||
        !holder_hold(holder, machine->displays, NULL))
        return 1;
    uv_sleep(CHILD_MS);
    return 2;
}

static void on_child_exit(uv_process_t *process, int64_t status, int signal)
{
    (void)status;
    (void)signal;
    uv_close((uv_handle_t *)process, NULL);
}

static void child_start(uv_loop_t *loop, uv_process_t *process, char *disk)
{
    char self[FS_PATH_BYTES], word[] = CHILD_WORD;
    char *args[] = {self, word, disk, NULL};
    uv_process_options_t options = {.exit_cb = on_child_exit, .file = self, .args = args};

    assert_true(fs_self_path(self, sizeof self, NULL));
    assert_int_equal(uv_loop_init(loop), 0);
    assert_int_equal(uv_spawn(loop, process, &options), 0);
}

/* Waits until the disk shows so many monitors; returns after how many ms, -1: never. */
static int64_t wait_monitors(struct live *live, unsigned count, int64_t limit_ms)
{
    int64_t start_ms = clock_now_ms(clock_system()), spent_ms = 0;

    while (spent_ms < limit_ms) {
        if (live_monitors(live) == count)
            return spent_ms;
        uv_sleep(20);
        spent_ms = clock_now_ms(clock_system()) - start_ms;
    }
    return -1;
}

static void the_monitor_of_a_killed_process_is_gone_after_a_second(void **state)
{
    struct live live = {.machine = NULL};
    char disk[] = "disk";
    uv_process_t process;
    uv_loop_t loop;
    int64_t gone_ms;

    (void)state;
    support_folder(disk);
    assert_true(machine_sim_init(disk, "healthy", NULL));
    assert_true(machine_open_sim(disk, &live.machine, NULL));
    assert_int_equal(live_monitors(&live), 0);
    child_start(&loop, &process, disk);
    assert_true(wait_monitors(&live, 1, 20 * SECOND) >= 0);
    assert_int_equal(uv_process_kill(&process, SIGKILL), 0);
    gone_ms = wait_monitors(&live, 0, 20 * SECOND);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    print_message("gone after %d ms\n", (int)gone_ms);
    assert_true(gone_ms >= 0 && gone_ms < HOLDER_SILENCE_MS);
    machine_free(live.machine);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_device_nothing_is_held),
        cmocka_unit_test(a_monitor_of_somebody_else_is_left_to_him),
        cmocka_unit_test(paths_that_cannot_be_read_are_no_free_adapter),
        cmocka_unit_test(the_first_add_waits_for_silence),
        cmocka_unit_test(the_monitor_of_a_dead_predecessor_does_not_count),
        cmocka_unit_test(a_held_monitor_stays_for_an_hour),
        cmocka_unit_test(the_monitor_goes_with_the_keep_alives),
        cmocka_unit_test(release_takes_the_monitor_away_at_once),
        cmocka_unit_test(hold_twice_is_one_monitor),
        cmocka_unit_test(a_keep_alive_that_fails_never_leaves_two_monitors),
        cmocka_unit_test(a_device_that_vanishes_is_told_and_held_again_when_it_is_back),
        cmocka_unit_test(release_of_a_lost_monitor_ends_the_tries),
        cmocka_unit_test(a_pause_of_the_machine_is_answered_by_adding_again),
        cmocka_unit_test(a_driver_that_hangs_loses_the_monitor_only_for_that_time),
        cmocka_unit_test(since_counts_from_the_change_of_state),
        cmocka_unit_test(modes_are_written_once),
        cmocka_unit_test(modes_that_cannot_be_written_are_an_error),
        cmocka_unit_test(the_thread_keeps_its_monitor_under_load),
        cmocka_unit_test(the_thread_ends_with_its_monitor),
        cmocka_unit_test(the_thread_finds_a_driver_that_comes_back),
        cmocka_unit_test(the_thread_ends_when_there_is_no_driver),
        cmocka_unit_test(the_monitor_of_a_killed_process_is_gone_after_a_second),
    };

    if (argc == 3 && strcmp(argv[1], CHILD_WORD) == 0)
        return child(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
