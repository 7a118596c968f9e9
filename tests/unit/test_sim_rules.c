/* The rules of the simulated Windows, one by one, in memory. */
#include "tests/support/support.h"

#include "guest/machine/sim/sim.h"
#include "guest/machine/sim/world.h"

#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)

/* A machine in memory with its clock. */
struct bench {
    struct clock_manual clock;
    struct machine *machine;
};

static void bench_open(struct bench *bench, const char *world)
{
    struct err err = ERR_INIT;
    char text[512];

    clock_manual_init(&bench->clock, 1000, INT64_C(1760000000000));
    bench->machine = NULL;
    if (!machine_sim_open_memory(world, &bench->clock.base, &bench->machine, &err))
        fail_msg("%s: %s", world, err_message(&err, TEXT_EN, text, sizeof(text)));
}

/* Long enough for setup, logon and services. */
static void bench_settle(struct bench *bench, int64_t time_ms)
{
    struct system_state state;

    clock_manual_move(&bench->clock, time_ms);
    assert_true(bench->machine->system->ops->query(bench->machine->system, &state, NULL));
}

static void bench_edit(struct bench *bench, const char *edit)
{
    struct err err = ERR_INIT;
    char text[512];

    if (!machine_sim_edit(bench->machine, edit, &err))
        fail_msg("%s: %s", edit, err_message(&err, TEXT_EN, text, sizeof(text)));
}

static void bench_close(struct bench *bench)
{
    machine_free(bench->machine);
}

static struct display_list paths(struct bench *bench)
{
    struct display_list list;

    assert_true(bench->machine->displays->ops->paths(bench->machine->displays, &list, NULL));
    return list;
}

static struct device device_of(struct bench *bench, const char *hardware_id)
{
    struct device_list list;

    assert_true(
        bench->machine->devices->ops->list(bench->machine->devices, hardware_id, &list, NULL));
    assert_true(list.count > 0);
    return list.items[0];
}

static void hyperv_video_alone_shows_1024x768(void **state)
{
    struct bench bench;
    struct display_list list;

    (void)state;
    bench_open(&bench, "healthy");
    list = paths(&bench);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.items[0].kind, DISPLAY_HYPERV_VIDEO);
    assert_int_equal(list.items[0].width, 1024);
    assert_int_equal(list.items[0].height, 768);
    assert_true(list.items[0].primary);
    bench_close(&bench);
}

static void disabling_hyperv_video_lasts_until_the_next_boot(void **state)
{
    struct bench bench;
    struct device video;
    bool reboot = true;

    (void)state;
    bench_open(&bench, "healthy");
    video = device_of(&bench, WORLD_HYPERV_VIDEO);
    assert_true(bench.machine->devices->ops->disable(
        bench.machine->devices, video.instance, &reboot, NULL));
    assert_false(reboot);
    assert_int_equal(device_of(&bench, WORLD_HYPERV_VIDEO).problem, DEVICE_PROBLEM_DISABLED);
    assert_int_equal(paths(&bench).items[0].kind, DISPLAY_BASIC);
    assert_true(machine_sim_boot(bench.machine, NULL));
    assert_true(device_of(&bench, WORLD_HYPERV_VIDEO).started);
    bench_close(&bench);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hyperv_video_alone_shows_1024x768),
        cmocka_unit_test(disabling_hyperv_video_lasts_until_the_next_boot),
    };

    (void)bench_settle;
    (void)bench_edit;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
