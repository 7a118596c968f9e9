/* The way of a request to the job thread and back. */
#include "guest/agent_task.h"

#include <stdlib.h>

static void task_free(struct agent_task *task)
{
    cJSON_Delete(task->result);
    buf_done(&task->body);
    key_wipe(&task->key);
    if (task->free_more)
        task->free_more(task->more);
    free(task);
}

static void task_work(void *user)
{
    struct agent_task *task = user;

    task->ok = task->work(task, &task->err);
}

static void task_done(bool ran, void *user)
{
    struct agent_task *task = user;

    if (!ran)
        err_set(&task->err, ERR_CANCELLED, TEXT_JOB_STOPPING, NULL);
    if (ran && task->ok && task->after)
        task->after(task);
    if (ran && task->ok && !err_is_set(&task->err)) {
        request_reply(task->request, task->result, task->body.data, task->body.len);
        task->result = NULL;
    } else {
        request_fail(task->request, &task->err);
    }
    task_free(task);
}

struct agent_task *agent_task_new(struct agent *agent,
                                  struct request *request,
                                  bool (*work)(struct agent_task *task, struct err *err))
{
    struct agent_task *task = calloc(1, sizeof *task);
    struct err err = ERR_INIT;

    if (!task) {
        err_no_memory(&err);
        request_fail(request, &err);
        return NULL;
    }
    task->agent = agent;
    task->request = request;
    task->work = work;
    buf_init(&task->body, AGENT_BODY_BYTES);
    return task;
}

void agent_task_run(struct agent_task *task)
{
    struct err err = ERR_INIT;

    if (job_run(task->agent->jobs, task_work, task_done, task, &err))
        return;
    request_fail(task->request, &err);
    task_free(task);
}

void agent_task_fail(struct agent_task *task, const struct err *err)
{
    struct err none = ERR_INIT;

    if (!err)
        err_no_memory(&none);
    request_fail(task->request, err ? err : &none);
    task_free(task);
}

static const cJSON *param(const struct request *request, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(request_params(request), name);
}

bool agent_flag(const struct request *request, const char *name)
{
    return cJSON_IsTrue(param(request, name));
}

int64_t agent_number(const struct request *request, const char *name, int64_t fallback)
{
    const cJSON *item = param(request, name);

    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : fallback;
}

const char *agent_text(const struct request *request, const char *name)
{
    const char *text = cJSON_GetStringValue(param(request, name));

    return text ? text : "";
}

void agent_reply(struct request *request, cJSON *result)
{
    struct err err = ERR_INIT;

    if (result) {
        request_reply(request, result, NULL, 0);
        return;
    }
    err_no_memory(&err);
    request_fail(request, &err);
}
