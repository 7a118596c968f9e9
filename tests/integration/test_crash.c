/*
 * The agent's engine killed by SIGKILL after each of its journal writes and at each boundary of a
 * repair, in a process of its own on a simulated machine on disk: started again, it comes to the
 * same end, and somebody sees the machine within RESTART_MS of the start.
 */
#include "tests/support/support.h"

#include "guest/console.h"
#include "guest/engine.h"
#include "guest/machine/sim/sim.h"
#include "guest/parsec/parsec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DISK       "disk"
#define FOLDER     "disk/agent"
#define JOURNAL    "disk/agent/journal"
#define SCALE      "clock.scale=240"
#define RESTART_MS 2000
#define CHILD_S    40 /* of real time until a child gives up */
#define POINTS_MAX 400
#define STARTS_MAX 12

#define EXIT_OTHER 3 /* ended, but not healthy */

static unsigned points, die_at;

/* A place at which the process may die. */
static void point(void *user)
{
    (void)user;
    if (++points == die_at)
        kill(getpid(), SIGKILL);
}

static void on_event(const struct engine_event *event, void *user)
{
    if (event->phase != ENGINE_OBSERVED)
        point(user);
}

static bool is_final(const struct engine_result *result)
{
    return result->step_count == 0 && result->next_in_ms >= ENGINE_SLOW_MS &&
           result->health.level != LEVEL_REPAIRING && result->health.level != LEVEL_STARTING;
}

/* The agent without its protocol: first aid, then passes until nothing is left to do. */
static int agent_main(void)
{
    struct engine_setup setup = {.journal_path = JOURNAL, .on_event = on_event};
    static const struct engine_options options = {0};
    struct engine_result *result = calloc(1, sizeof *result);
    struct engine *engine = NULL;
    struct err err = ERR_INIT;
    struct profile profile;
    bool final = false;

    alarm(CHILD_S);
    profile_init(&profile);
    profile.display.strategy = PROFILE_STRATEGY_HOLD;
    if (!result || !machine_open_sim(DISK, &setup.machine, &err))
        return EXIT_OTHER;
    engine_first_aid(setup.machine, &err);
    if (!parsec_open(setup.machine, FOLDER, clock_system(), &setup.parsec, &err) ||
        !engine_open(&setup, &engine, &err, &err))
        return EXIT_OTHER;
    engine_set_journal_hook(engine, point, NULL);
    while (!final) {
        int power = machine_sim_exit_code(setup.machine);

        if (power)
            _exit(power);
        if (!engine_pass(engine, &profile, &options, result, &err))
            return EXIT_OTHER;
        final = is_final(result);
        if (!final && result->next_in_ms)
            clock_sleep_ms(setup.machine->clock,
                           result->next_in_ms < 5000 ? result->next_in_ms : 5000);
    }
    /* the end state is read by the parent; the monitor must outlive this process for that */
    printf("%s %d\n", health_level_name(result->health.level), (int)result->plan.stream_ready);
    fflush(stdout);
    _exit(result->health.level == LEVEL_HEALTHY ? 0 : EXIT_OTHER);
}

static pid_t start_agent(unsigned at)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        points = 0;
        die_at = at;
        (void)!freopen("/dev/null", "w", stdout);
        _exit(agent_main());
    }
    assert_true(child > 0);
    return child;
}

static int wait_agent(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void fresh_disk(void)
{
    static const char *const edits[] = {SCALE,
                                        "display.adapter=missing",
                                        "audio.cable=missing",
                                        "parsec.config=stock",
                                        "legacy.tasks=present",
                                        "legacy.scripts=present",
                                        NULL};
    struct err err = ERR_INIT;

    assert_true(fs_remove_tree(DISK, NULL));
    assert_true(machine_sim_init(DISK, "healthy", &err));
    assert_true(machine_sim_edit_disk(DISK, edits, &err));
    assert_true(fs_make_dirs(FOLDER, FS_PRIVATE, NULL));
    assert_true(machine_sim_boot_disk(DISK, &err));
}

static bool somebody_sees(void)
{
    struct machine *machine = NULL;
    struct display_list paths = {.count = 0};
    struct err err = ERR_INIT;
    bool ok;

    assert_true(machine_open_sim(DISK, &machine, &err));
    ok = machine->displays->ops->paths(machine->displays, &paths, &err);
    machine_free(machine);
    return ok && paths.count > 0;
}

/* Starts the agent until it has ended well; the picture is looked for after each start but the
 * first. Returns how many starts it took. */
static unsigned run_to_end(unsigned die_first_at, bool *ret_killed)
{
    *ret_killed = false;
    for (unsigned starts = 1; starts <= STARTS_MAX; starts++) {
        pid_t child = start_agent(starts == 1 ? die_first_at : 0);
        int status;

        if (*ret_killed && starts == 2) {
            usleep(RESTART_MS * 1000);
            assert_true(somebody_sees());
        }
        status = wait_agent(child);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return starts;
        if (WIFEXITED(status) && WEXITSTATUS(status) == SIM_EXIT_REBOOT)
            assert_true(machine_sim_boot_disk(DISK, NULL));
        else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
            *ret_killed = true;
        else
            fail_msg("the agent ended with status %d", status);
    }
    fail_msg("the agent did not come to an end");
    return 0;
}

static void agent_killed_anywhere_comes_to_the_same_end(void **state)
{
    unsigned at = 1;
    bool killed = true;

    (void)state;
    for (; killed && at < POINTS_MAX; at++) {
        fresh_disk();
        run_to_end(at, &killed);
    }
    printf("killed at %u points\n", at - 2);
    assert_in_range(at, 10, POINTS_MAX - 1);
    assert_true(fs_remove_tree(DISK, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agent_killed_anywhere_comes_to_the_same_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
