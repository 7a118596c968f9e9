/* Ports of services and scheduled tasks over the simulated Windows. */
#include "guest/machine/sim/core.h"

static struct sim *services_sim(struct services_port *port)
{
    return CORE_SIM(port, services);
}

static struct sim *tasks_sim(struct tasks_port *port)
{
    return CORE_SIM(port, tasks);
}

/* ---- services ---- */

static bool services_query(struct services_port *port,
                           const char *name,
                           struct service_status *ret_status,
                           struct err *err)
{
    struct core_call call;
    struct service_status status = {.state = SERVICE_STATE_ABSENT};
    const struct world_service *service;

    if (!core_read(&call, services_sim(port), "services.query", name, err))
        return false;
    service = call.lie ? NULL : world_service(call.world, name);
    if (service) {
        status.state = service->state;
        status.start = service->start;
    }
    if (!core_end(&call, true, err))
        return false;
    *ret_status = status;
    return true;
}

static struct world_service *find(struct core_call *call, const char *name, struct err *err)
{
    struct world_service *service = world_service(call->world, name);

    if (!service)
        err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_SERVICE, name, NULL);
    return service;
}

/* Waits, with the world free for others, until the service is in state; at most wait_ms. */
static bool wait_state(struct core_call *call,
                       const char *name,
                       enum service_state state,
                       int64_t wait_ms,
                       struct err *err)
{
    int64_t end_ms = call->env->now_ms + wait_ms, step_ms;
    struct world_service *service = world_service(call->world, name);

    while (service && service->state == SERVICE_STATE_PENDING && call->env->now_ms < end_ms) {
        step_ms = service->ready_at_ms - call->env->now_ms;
        if (call->env->now_ms + step_ms > end_ms)
            step_ms = end_ms - call->env->now_ms;
        if (!core_pause(call, err))
            return false;
        core_sleep(call, step_ms > 0 ? step_ms : 1);
        if (!core_resume(call, err))
            return false;
        service = world_service(call->world, name);
    }
    if (service && service->state == state)
        return core_end(call, true, err);
    return core_end(call, err_set(err, ERR_TIMEOUT, TEXT_SIM_SERVICE_SLOW, name, NULL), err);
}

/* Why Windows would not start it now, or 0. */
static int32_t start_refusal(const struct world_service *service)
{
    return service->start == SERVICE_START_DISABLED ? 1058 : service->start_error;
}

static bool
services_start(struct services_port *port, const char *name, int64_t wait_ms, struct err *err)
{
    struct core_call call;
    struct world_service *service;

    if (!core_act(&call, services_sim(port), "services.start", name, err))
        return false;
    if (call.lie)
        return core_end(&call, true, err);
    service = find(&call, name, err);
    if (!service)
        return core_end(&call, false, err);
    if (service->state == SERVICE_STATE_RUNNING)
        return core_end(&call, true, err);
    if (service->state == SERVICE_STATE_STOPPED && start_refusal(service)) {
        err_set_os(
            err, ERR_DOMAIN_WIN32, start_refusal(service), TEXT_SIM_SERVICE_START, name, NULL);
        return core_end(&call, false, err);
    }
    if (service->state == SERVICE_STATE_STOPPED) {
        service->state = SERVICE_STATE_PENDING;
        service->stopping = false;
        service->ready_at_ms = call.env->now_ms + service->start_ms;
    }
    return wait_state(&call, name, SERVICE_STATE_RUNNING, wait_ms, err);
}

static bool
services_stop(struct services_port *port, const char *name, int64_t wait_ms, struct err *err)
{
    struct core_call call;
    struct world_service *service;

    if (!core_act(&call, services_sim(port), "services.stop", name, err))
        return false;
    if (call.lie)
        return core_end(&call, true, err);
    service = find(&call, name, err);
    if (!service || service->state == SERVICE_STATE_STOPPED)
        return core_end(&call, service != NULL, err);
    if (!service->stopping) {
        service->state = SERVICE_STATE_PENDING;
        service->stopping = true;
        service->ready_at_ms = call.env->now_ms + service->stop_ms;
    }
    return wait_state(&call, name, SERVICE_STATE_STOPPED, wait_ms, err);
}

static bool services_set_start(struct services_port *port,
                               const char *name,
                               enum service_start start,
                               struct err *err)
{
    struct core_call call;
    struct world_service *service;

    if (!core_act(&call, services_sim(port), "services.set_start", name, err))
        return false;
    service = find(&call, name, err);
    if (service && !call.lie)
        service->start = start;
    return core_end(&call, service != NULL, err);
}

static const struct services_ops services_ops = {
    .query = services_query,
    .start = services_start,
    .stop = services_stop,
    .set_start = services_set_start,
};

/* ---- tasks ---- */

static bool
tasks_query(struct tasks_port *port, const char *name, struct task *ret_task, struct err *err)
{
    struct core_call call;
    struct task task = {.present = false};
    const struct world_task *found;

    if (!core_read(&call, tasks_sim(port), "tasks.query", name, err))
        return false;
    text_copy(task.name, sizeof(task.name), name);
    found = call.lie ? NULL : world_task(call.world, name);
    if (found) {
        task.present = true;
        task.enabled = found->enabled;
    }
    if (!core_end(&call, true, err))
        return false;
    *ret_task = task;
    return true;
}

static bool
tasks_set_enabled(struct tasks_port *port, const char *name, bool enabled, struct err *err)
{
    struct core_call call;
    struct world_task *task;

    if (!core_act(&call, tasks_sim(port), "tasks.set_enabled", name, err))
        return false;
    task = world_task(call.world, name);
    if (!task)
        err_set(err, ERR_NOT_FOUND, TEXT_SIM_NO_TASK, name, NULL);
    if (task && !call.lie) {
        task->enabled = enabled;
        task->run_at_ms = 0; /* a running or waiting one is stopped */
    }
    return core_end(&call, task != NULL, err);
}

static const struct tasks_ops tasks_ops = {
    .query = tasks_query,
    .set_enabled = tasks_set_enabled,
};

void port_services_init(struct sim *sim)
{
    sim->services.ops = &services_ops;
    sim->machine.services = &sim->services;
    sim->tasks.ops = &tasks_ops;
    sim->machine.tasks = &sim->tasks;
}
