/*
 * Blocking work off the loop. A queue runs its jobs one at a time, in the order in which they were
 * given, on a thread of its own, so that one that takes minutes holds up nothing that uses libuv's
 * pool; `work` sees no loop, `done` runs on the loop's thread. So the code that calls Windows is
 * plain blocking C, and what it works with (the guest's machine, say) needs no lock as long as one
 * queue serves it.
 *
 * All functions are for the loop's thread.
 */
#ifndef GPUPV_JOB_H
#define GPUPV_JOB_H

#include "common/err.h"

struct job_queue;
struct uv_loop_s;

/* Makes an empty queue. The caller ends it with job_queue_close. */
bool job_queue_new(struct uv_loop_s *loop, struct job_queue **ret_queue, struct err *err);

/* Queues work(user), then done(user) on the loop; done (never NULL) is called exactly once when
 * this returns true. `ran` is false when the queue was closed before work began. */
bool job_run(struct job_queue *queue,
             void (*work)(void *user),
             void (*done)(bool ran, void *user),
             void *user,
             struct err *err);

/* Jobs that wait or run. */
size_t job_queue_length(const struct job_queue *queue);

/* Lets the running job end, cancels the others (their done comes first, with ran false), then
 * calls on_closed (may be NULL) and frees the queue. */
void job_queue_close(struct job_queue *queue, void (*on_closed)(void *user), void *user);

#endif
