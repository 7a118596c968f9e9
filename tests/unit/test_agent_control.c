/* Other threads and the agent's loop: stopping, waking, and telling a stall from an end. */
#include "tests/support/support.h"

#include "guest/agent_control.h"

#include <string.h>
#include <uv.h>

#define WAIT_MS INT64_C(20000) /* never waited for when all is well */

struct bench {
    struct agent_control *control;
    uv_loop_t loop;
    uv_async_t async;
    struct agent_wishes last;
    unsigned calls;
    bool stop_turning;
    enum agent_pulse pulse;
    uv_sem_t stalled, go_on;
};

static void on_async(uv_async_t *async)
{
    struct bench *bench = async->data;

    bench->last = agent_control_take(bench->control);
    bench->calls++;
    if (!bench->last.stop)
        return;
    agent_control_detach(bench->control);
    uv_close((uv_handle_t *)async, NULL);
}

static void on_stall(uv_async_t *async)
{
    struct bench *bench = async->data;

    uv_sem_post(&bench->stalled);
    uv_sem_wait(&bench->go_on);
    on_async(async);
}

static void start(struct bench *bench, uv_async_cb callback)
{
    memset(bench, 0, sizeof *bench);
    assert_true(agent_control_new(&bench->control, NULL));
    assert_int_equal(uv_loop_init(&bench->loop), 0);
    assert_int_equal(uv_async_init(&bench->loop, &bench->async, callback), 0);
    bench->async.data = bench;
}

static void finish(struct bench *bench)
{
    assert_int_equal(uv_loop_close(&bench->loop), 0);
    agent_control_free(bench->control);
}

static void stop_from_another_thread(void *user)
{
    struct bench *bench = user;

    bench->pulse = agent_control_pulse(bench->control, WAIT_MS);
    agent_control_stop(bench->control, 7);
}

static void loop_that_turns_beats_and_stops_when_told(void **state)
{
    struct bench bench;
    uv_thread_t thread;

    (void)state;
    start(&bench, on_async);
    agent_control_attach(bench.control, &bench.async);
    assert_int_equal(uv_thread_create(&thread, stop_from_another_thread, &bench), 0);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    uv_thread_join(&thread);
    assert_int_equal(bench.pulse, AGENT_PULSE_BEATS);
    assert_true(bench.last.stop);
    assert_int_equal(bench.last.exit_code, 7);
    finish(&bench);
}

static void stop_before_the_loop_is_not_lost(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, on_async);
    agent_control_wake(bench.control);
    agent_control_stop(bench.control, 0);
    agent_control_attach(bench.control, &bench.async);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    assert_true(bench.last.stop && bench.last.wake);
    finish(&bench);
}

static void without_a_loop_there_is_no_pulse(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, on_async);
    assert_int_equal(agent_control_pulse(bench.control, WAIT_MS), AGENT_PULSE_NONE);
    agent_control_stop(bench.control, 0);
    agent_control_attach(bench.control, &bench.async);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    assert_int_equal(agent_control_pulse(bench.control, WAIT_MS), AGENT_PULSE_NONE);
    finish(&bench);
}

static void watch_a_stall(void *user)
{
    struct bench *bench = user;

    agent_control_wake(bench->control);
    uv_sem_wait(&bench->stalled);
    bench->pulse = agent_control_pulse(bench->control, 1);
    agent_control_stop(bench->control, 0);
    uv_sem_post(&bench->go_on);
    uv_sem_post(&bench->go_on); /* its second turn */
}

static void loop_that_hangs_is_told_from_one_that_ended(void **state)
{
    struct bench bench;
    uv_thread_t thread;

    (void)state;
    start(&bench, on_stall);
    assert_int_equal(uv_sem_init(&bench.stalled, 0), 0);
    assert_int_equal(uv_sem_init(&bench.go_on, 0), 0);
    agent_control_attach(bench.control, &bench.async);
    assert_int_equal(uv_thread_create(&thread, watch_a_stall, &bench), 0);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    uv_thread_join(&thread);
    assert_int_equal(bench.pulse, AGENT_PULSE_STALLED);
    uv_sem_destroy(&bench.stalled);
    uv_sem_destroy(&bench.go_on);
    finish(&bench);
}

static void wake_is_told_once(void **state)
{
    struct bench bench;

    (void)state;
    start(&bench, on_async);
    agent_control_wake(bench.control);
    assert_true(agent_control_take(bench.control).wake);
    assert_false(agent_control_take(bench.control).wake);
    agent_control_stop(bench.control, 0);
    agent_control_attach(bench.control, &bench.async);
    uv_run(&bench.loop, UV_RUN_DEFAULT);
    finish(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_that_turns_beats_and_stops_when_told),
        cmocka_unit_test(stop_before_the_loop_is_not_lost),
        cmocka_unit_test(without_a_loop_there_is_no_pulse),
        cmocka_unit_test(loop_that_hangs_is_told_from_one_that_ended),
        cmocka_unit_test(wake_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
