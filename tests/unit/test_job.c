/* Jobs: order, exclusion, and what closing does to those that wait. */
#include "common/job.h"
#include "tests/support/support.h"

#include <string.h>
#include <uv.h>

struct scene {
    uv_loop_t loop;
    struct job_queue *queue;
    char log[64];
    int inside, most_inside, done, cancelled;
    bool closed;
};

struct task {
    struct scene *scene;
    char letter;
};

static void note(struct scene *scene, char letter)
{
    size_t length = strlen(scene->log);

    scene->log[length] = letter;
    scene->log[length + 1] = '\0';
}

static void work(void *user)
{
    struct task *task = user;

    if (++task->scene->inside > task->scene->most_inside)
        task->scene->most_inside = task->scene->inside;
    uv_sleep(2);
    note(task->scene, task->letter);
    task->scene->inside--;
}

static void done(bool ran, void *user)
{
    struct task *task = user;

    task->scene->done++;
    task->scene->cancelled += !ran;
}

static void on_closed(void *user)
{
    struct scene *scene = user;

    scene->closed = true;
}

static void scene_open(struct scene *scene)
{
    memset(scene, 0, sizeof *scene);
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_true(job_queue_new(&scene->loop, &scene->queue, NULL));
}

static void scene_finish(struct scene *scene)
{
    uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
}

static void jobs_run_one_at_a_time_in_their_order(void **state)
{
    struct scene scene;
    struct task tasks[4];

    (void)state;
    scene_open(&scene);
    for (int i = 0; i < 4; i++) {
        tasks[i] = (struct task){&scene, (char)('a' + i)};
        assert_true(job_run(scene.queue, work, done, &tasks[i], NULL));
    }
    while (scene.done < 4)
        uv_run(&scene.loop, UV_RUN_ONCE);
    job_queue_close(scene.queue, on_closed, &scene);
    scene_finish(&scene);
    assert_string_equal(scene.log, "abcd");
    assert_int_equal(scene.most_inside, 1);
    assert_int_equal(scene.cancelled, 0);
    assert_true(scene.closed);
}

static void closing_cancels_what_waits_and_lets_the_running_job_end(void **state)
{
    struct scene scene;
    struct task tasks[3];

    (void)state;
    scene_open(&scene);
    for (int i = 0; i < 3; i++) {
        tasks[i] = (struct task){&scene, (char)('a' + i)};
        assert_true(job_run(scene.queue, work, done, &tasks[i], NULL));
    }
    job_queue_close(scene.queue, on_closed, &scene);
    assert_int_equal(scene.cancelled, 2);
    assert_false(scene.closed);
    scene_finish(&scene);
    assert_string_equal(scene.log, "a");
    assert_int_equal(scene.done, 3);
    assert_true(scene.closed);
}

static void a_closing_queue_takes_no_jobs(void **state)
{
    struct scene scene;
    struct task task = {&scene, 'a'};
    struct err err = ERR_INIT;

    (void)state;
    scene_open(&scene);
    job_queue_close(scene.queue, on_closed, &scene);
    assert_false(job_run(scene.queue, work, done, &task, &err));
    assert_int_equal(err.kind, ERR_CANCELLED);
    scene_finish(&scene);
    assert_int_equal(scene.done, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_run_one_at_a_time_in_their_order),
        cmocka_unit_test(closing_cancels_what_waits_and_lets_the_running_job_end),
        cmocka_unit_test(a_closing_queue_takes_no_jobs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
