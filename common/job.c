/* One at a time by construction: the next job is handed to libuv when the last one is done. */
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
    uv_work_t request;
    struct job *first, **end; /* first runs while `running` */
    size_t length;
    bool running, closing;
    uv_timer_t closer; /* so that on_closed never runs inside job_queue_close */
    void (*on_closed)(void *user);
    void *closed_user;
};

bool job_queue_new(uv_loop_t *loop, struct job_queue **ret_queue, struct err *err)
{
    struct job_queue *queue = calloc(1, sizeof *queue);

    if (!queue)
        return err_no_memory(err);
    queue->loop = loop;
    queue->end = &queue->first;
    queue->request.data = queue;
    uv_timer_init(loop, &queue->closer);
    queue->closer.data = queue;
    *ret_queue = queue;
    return true;
}

static void on_work(uv_work_t *request)
{
    struct job_queue *queue = request->data;

    queue->first->work(queue->first->user);
}

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

static void on_closer_closed(uv_handle_t *handle)
{
    struct job_queue *queue = handle->data;

    if (queue->on_closed)
        queue->on_closed(queue->closed_user);
    free(queue);
}

static void on_close_now(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, on_closer_closed);
}

static void start_next(struct job_queue *queue);

static void on_after_work(uv_work_t *request, int status)
{
    struct job_queue *queue = request->data;

    (void)status; /* work is never cancelled once it is libuv's */
    queue->running = false;
    finish_first(queue, true);
    start_next(queue);
}

static void start_next(struct job_queue *queue)
{
    while (!queue->running && queue->first) {
        if (!queue->closing &&
            uv_queue_work(queue->loop, &queue->request, on_work, on_after_work) == 0) {
            queue->running = true;
            return;
        }
        finish_first(queue, false);
    }
    if (queue->closing && !queue->running)
        uv_timer_start(&queue->closer, on_close_now, 0, 0);
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
