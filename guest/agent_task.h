/*
 * Work of one request on the job thread: a copy of what the request says, and a result that the
 * loop sends back. Made by a handler, answered exactly once, freed by itself.
 */
#ifndef GPUPV_GUEST_AGENT_TASK_H
#define GPUPV_GUEST_AGENT_TASK_H

#include "guest/agent_state.h"

#define AGENT_BODY_BYTES (700 * 1024) /* of one answer */

struct agent_task {
    struct agent *agent;
    struct request *request;
    bool (*work)(struct agent_task *task, struct err *err); /* job */
    void (*after)(struct agent_task *task); /* loop, after success, before the answer, which it
                                             * makes an error by setting err; may be NULL */
    cJSON *result;                          /* NULL: an empty object */
    struct buf body;
    bool ok;
    struct err err;
    /* what the work needs, by handler */
    struct profile profile;
    struct key_file key;
    int64_t number;
    bool flag;
    void *more; /* freed with free_more, unless NULL */
    void (*free_more)(void *more);
};

/* Makes the task; without memory the request is answered and NULL returned. */
struct agent_task *agent_task_new(struct agent *agent,
                                  struct request *request,
                                  bool (*work)(struct agent_task *task, struct err *err));

/* Queues it; it answers by itself. */
void agent_task_run(struct agent_task *task);

/* Answers with an error (NULL: out of memory) instead, and frees it. */
void agent_task_fail(struct agent_task *task, const struct err *err);

/* Fields of the parameters, which session has checked: false, fallback and "" when absent. */
bool agent_flag(const struct request *request, const char *name);
int64_t agent_number(const struct request *request, const char *name, int64_t fallback);
const char *agent_text(const struct request *request, const char *name);

/* Answers with result, which is taken; NULL means out of memory. */
void agent_reply(struct request *request, cJSON *result);

#endif
