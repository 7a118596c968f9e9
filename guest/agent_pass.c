/* When passes are made, and what comes of them. */
#include "guest/agent_state.h"

#include "common/log.h"

#include <stdlib.h>

#define PASS_LEAST_MS 20 /* of real time between automatic passes */

void agent_on_event(const struct engine_event *event, void *user)
{
    struct agent *agent = user;

    if (event->phase == ENGINE_REPAIRING)
        log_write(LOG_INFO,
                  "engine",
                  "%s: repair %s",
                  check_name(event->check),
                  repair_row(event->repair)->name);
    else if (event->phase == ENGINE_REPAIRED && event->why && err_is_set(event->why))
        log_err(LOG_WARN, "engine", repair_row(event->repair)->name, event->why);
    if (!event->health && event->phase != ENGINE_REPAIRING)
        return;
    uv_mutex_lock(&agent->mailbox_lock);
    if (event->phase == ENGINE_REPAIRING)
        agent->mailbox_repair = event->repair;
    if (event->health) {
        agent->mailbox = *event->health;
        agent->mailbox.sequence = ++agent->sequence;
        agent->mailbox_full = true;
    }
    uv_mutex_unlock(&agent->mailbox_lock);
    uv_async_send(&agent->event_async);
}

static void tell_progress(struct request *request, enum repair_id repair)
{
    cJSON *progress = cJSON_CreateObject();

    if (progress && cJSON_AddStringToObject(progress, "repair", repair_row(repair)->name) &&
        cJSON_AddStringToObject(progress, "state", "running"))
        request_progress(request, progress);
    else
        cJSON_Delete(progress);
}

static void set_mailbox_request(struct agent *agent, struct request *request)
{
    uv_mutex_lock(&agent->mailbox_lock);
    agent->mailbox_request = request;
    uv_mutex_unlock(&agent->mailbox_lock);
}

void agent_on_mailbox(uv_async_t *async)
{
    struct agent *agent = async->data;
    bool fresh;

    uv_mutex_lock(&agent->mailbox_lock);
    fresh = agent->mailbox_full && agent->mailbox.sequence > agent->health.sequence;
    if (fresh)
        agent->health = agent->mailbox;
    agent->mailbox_full = false;
    if (agent->mailbox_repair != REPAIR_NONE && agent->mailbox_request)
        tell_progress(agent->mailbox_request, agent->mailbox_repair);
    agent->mailbox_repair = REPAIR_NONE;
    uv_mutex_unlock(&agent->mailbox_lock);
    if (!fresh)
        return;
    agent->health_known = true;
    agent_tell_health(agent);
}

int agent_power(struct agent *agent)
{
    return agent->options.power ? agent->options.power(agent->machine) : 0;
}

/* Puts the host's GPU driver in place when its time has come. */
static void settle_driver(struct agent_pass *pass)
{
    struct agent *agent = pass->agent;
    struct staged_moment moment;
    struct err err = ERR_INIT;

    agent_driver_moment(agent, &pass->profile, &moment);
    if (!staged_settle(agent->staged, &moment, &pass->again, &err))
        log_err(LOG_ERROR, "drivers", "GPU driver", &err);
    else if (pass->again)
        log_write(LOG_INFO, "drivers", "the host's GPU driver was put in place");
}

static void pass_work(void *user)
{
    struct agent_pass *pass = user;
    struct agent *agent = pass->agent;

    pass->power = agent_power(agent);
    if (pass->power) {
        err_set(&pass->err, ERR_CANCELLED, TEXT_JOB_STOPPING, NULL);
        return;
    }
    pairing_sweep(agent->options.folder, clock_system());
    set_mailbox_request(agent, pass->request);
    pass->ok =
        engine_pass(agent->engine, &pass->profile, &pass->options, &pass->result, &pass->err);
    pass->result.health.sequence = ++agent->sequence;
    if (!pass->options.dry_run) {
        settle_driver(pass);
        agent_publish(agent, &pass->result.health);
    }
    pass->power = agent_power(agent);
}

static void on_pass_timer(uv_timer_t *timer)
{
    agent_want_pass(timer->data);
}

static void schedule_next(struct agent *agent, int64_t next_in_ms)
{
    int64_t scale = agent->machine->time_scale > 1 ? agent->machine->time_scale : 1;
    int64_t wait_ms = next_in_ms / scale;

    if (agent->stopping)
        return;
    if (wait_ms < PASS_LEAST_MS)
        wait_ms = PASS_LEAST_MS;
    uv_timer_start(&agent->pass_timer, on_pass_timer, (uint64_t)wait_ms, 0);
}

static void pass_done(bool ran, void *user)
{
    struct agent_pass *pass = user;
    struct agent *agent = pass->agent;

    if (pass->automatic)
        agent->pass_queued = false;
    if (ran && pass->result.health.sequence) {
        if (!pass->ok)
            log_err(LOG_ERROR, "engine", "journal", &pass->err);
        agent->health = pass->result.health;
        agent->health_known = true;
        agent_tell_health(agent);
    } else if (!ran) {
        err_set(&pass->err, ERR_CANCELLED, TEXT_JOB_STOPPING, NULL);
    }
    set_mailbox_request(agent, NULL);
    if (pass->request)
        agent_answer_pass(pass);
    if (ran && pass->power) {
        agent_stop(agent, pass->power);
    } else if (ran && (agent->pass_again || pass->again)) {
        agent->pass_again = false;
        agent_want_pass(agent);
    } else if (ran) {
        schedule_next(agent, pass->result.next_in_ms);
    }
    free(pass);
}

static void
queue_pass(struct agent *agent, const struct engine_options *options, struct request *request)
{
    struct err err = ERR_INIT;
    struct agent_pass *pass = calloc(1, sizeof *pass);

    if (!pass) {
        err_no_memory(&err);
    } else {
        pass->agent = agent;
        pass->profile = agent->profile;
        pass->options = *options;
        pass->automatic = !request;
        pass->request = request;
        if (job_run(agent->jobs, pass_work, pass_done, pass, &err)) {
            agent->pass_queued |= pass->automatic;
            return;
        }
        free(pass);
    }
    log_err(LOG_ERROR, "agent", "pass", &err);
    if (request)
        request_fail(request, &err);
    else if (!agent->stopping)
        schedule_next(agent, ENGINE_SLOW_MS);
}

void agent_want_pass(struct agent *agent)
{
    static const struct engine_options options = {0};

    if (agent->stopping)
        return;
    uv_timer_stop(&agent->pass_timer);
    if (agent->pass_queued)
        agent->pass_again = true;
    else
        queue_pass(agent, &options, NULL);
}

void agent_request_pass(struct agent *agent,
                        const struct engine_options *options,
                        struct request *request)
{
    queue_pass(agent, options, request);
}
