/*
 * One at a time by construction: the next job is handed to the queue's thread when the last one is
 * done. The thread begins with the first job and sleeps without a timer between two.
 */
#include "common/job.h"

#include <stdlib.h>
#include <uv.h>

struct job {
    struct job *next;
    void (*work)(void *user);
    void (*done)(bool ran, void *user);
    void *user;
};

struct job_queue {
    uv_loop_t *loop;
    struct job *first, **end; /* first runs while `running` */
    size_t length;
    bool running, closing, has_thread;
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t given;
    struct job *task;    /* under lock: what the thread shall do next */
    bool worked, ends;   /* under lock: it did so; it shall end */
    uv_async_t finished; /* holds the loop only while a job runs */
    uv_timer_t closer;   /* so that on_closed never runs inside job_queue_close */
    int handles;         /* open */
    void (*on_closed)(void *user);
    void *closed_user;
};

static void finish_first(struct job_queue *queue, bool ran)
{
    struct job *job = queue->first;

    queue->first = job->next;
    if (!queue->first)
        queue->end = &queue->first;
    queue->length--;
    job->done(ran, job->user);
    free(job);
}

/* ---- the thread ---- */

static void thread_main(void *user)
{
    struct job_queue *queue = user;

    uv_mutex_lock(&queue->lock);
    for (;;) {
        struct job *job = queue->task;

        if (!job && queue->ends)
            break;
        if (!job) {
            uv_cond_wait(&queue->given, &queue->lock);
            continue;
        }
        queue->task = NULL;
        uv_mutex_unlock(&queue->lock);
        job->work(job->user);
        uv_mutex_lock(&queue->lock);
        queue->worked = true;
        uv_async_send(&queue->finished);
    }
    uv_mutex_unlock(&queue->lock);
}

static bool give(struct job_queue *queue, struct job *job)
{
    if (!queue->has_thread && uv_thread_create(&queue->thread, thread_main, queue) != 0)
        return false;
    queue->has_thread = true;
    uv_mutex_lock(&queue->lock);
    queue->task = job;
    uv_cond_signal(&queue->given);
    uv_mutex_unlock(&queue->lock);
    uv_ref((uv_handle_t *)&queue->finished);
    return true;
}

static void end_thread(struct job_queue *queue)
{
    if (!queue->has_thread)
        return;
    uv_mutex_lock(&queue->lock);
    queue->ends = true;
    uv_cond_signal(&queue->given);
    uv_mutex_unlock(&queue->lock);
    uv_thread_join(&queue->thread);
}

/* ---- the loop ---- */

static void free_queue(struct job_queue *queue)
{
    uv_cond_destroy(&queue->given);
    uv_mutex_destroy(&queue->lock);
    free(queue);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct job_queue *queue = handle->data;

    if (--queue->handles)
        return;
    if (queue->on_closed)
        queue->on_closed(queue->closed_user);
    free_queue(queue);
}

static void on_close_now(uv_timer_t *timer)
{
    struct job_queue *queue = timer->data;

    end_thread(queue);
    uv_close((uv_handle_t *)&queue->closer, on_handle_closed);
    uv_close((uv_handle_t *)&queue->finished, on_handle_closed);
}

static void start_next(struct job_queue *queue)
{
    while (!queue->running && queue->first) {
        if (!queue->closing && give(queue, queue->first)) {
            queue->running = true;
            return;
        }
        finish_first(queue, false);
    }
    if (queue->closing && !queue->running)
        uv_timer_start(&queue->closer, on_close_now, 0, 0);
}

static void on_finished(uv_async_t *async)
{
    struct job_queue *queue = async->data;
    bool worked;

    uv_mutex_lock(&queue->lock);
    worked = queue->worked;
    queue->worked = false;
    uv_mutex_unlock(&queue->lock);
    if (!worked)
        return;
    uv_unref((uv_handle_t *)async);
    queue->running = false;
    finish_first(queue, true);
    start_next(queue);
}

static bool init_queue(struct job_queue *queue)
{
    if (uv_mutex_init(&queue->lock) != 0)
        return false;
    if (uv_cond_init(&queue->given) != 0) {
        uv_mutex_destroy(&queue->lock);
        return false;
    }
    if (uv_async_init(queue->loop, &queue->finished, on_finished) != 0) {
        uv_cond_destroy(&queue->given);
        uv_mutex_destroy(&queue->lock);
        return false;
    }
    uv_unref((uv_handle_t *)&queue->finished);
    uv_timer_init(queue->loop, &queue->closer);
    queue->finished.data = queue->closer.data = queue;
    queue->handles = 2;
    return true;
}

bool job_queue_new(uv_loop_t *loop, struct job_queue **ret_queue, struct err *err)
{
    struct job_queue *queue = calloc(1, sizeof *queue);

    if (!queue)
        return err_no_memory(err);
    queue->loop = loop;
    queue->end = &queue->first;
    if (!init_queue(queue)) {
        free(queue);
        return err_no_memory(err);
    }
    *ret_queue = queue;
    return true;
}

bool job_run(struct job_queue *queue,
             void (*work)(void *user),
             void (*done)(bool ran, void *user),
             void *user,
             struct err *err)
{
    struct job *job;

    if (queue->closing)
        return err_set(err, ERR_CANCELLED, TEXT_JOB_STOPPING, NULL);
    job = malloc(sizeof *job);
    if (!job)
        return err_no_memory(err);
    *job = (struct job){.work = work, .done = done, .user = user};
    *queue->end = job;
    queue->end = &job->next;
    queue->length++;
    start_next(queue);
    return true;
}

size_t job_queue_length(const struct job_queue *queue)
{
    return queue->length;
}

void job_queue_close(struct job_queue *queue, void (*on_closed)(void *user), void *user)
{
    struct job *waiting;

    queue->on_closed = on_closed;
    queue->closed_user = user;
    queue->closing = true;
    if (!queue->running) {
        start_next(queue);
        return;
    }
    waiting = queue->first->next; /* the running one ends by itself */
    queue->first->next = NULL;
    queue->end = &queue->first->next;
    while (waiting) {
        struct job *job = waiting;

        waiting = job->next;
        queue->length--;
        job->done(false, job->user);
        free(job);
    }
}
