/*
 * `check` and `repair` on this machine without a host. A running agent is asked; without one they
 * work alone on its data under its lock, so that an agent and a person never repair at the same
 * time; a look needs no lock and keeps no memory.
 */
#include "guest/agent_state.h"
#include "guest/command.h"
#include "guest/engine_json.h"

#include "guest/local_client.h"

#include <stdlib.h>
#include <string.h>

#define REPAIR_PASSES 20 /* passes of one `repair`, at most */
#define SHOWN_STEPS   128

/* The engine with what belongs to it. */
struct local {
    struct fs_lock *lock;
    struct parsec *parsec;
    struct engine *engine;
    struct profile profile;
    struct engine_result result;
};

static bool load_profile(const struct agent_call *call, struct profile *profile, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct err missing = ERR_INIT;

    profile_init(profile);
    if (!fs_join(path, call->folder, AGENT_PROFILE_FILE, err))
        return false;
    if (profile_load(path, profile, &missing))
        return true;
    if (missing.kind == ERR_NOT_FOUND)
        return true; /* a person asks: the defaults are what is wanted */
    *err = missing;
    return false;
}

static bool local_open(struct local *local, struct agent_call *call, bool acts, struct err *err)
{
    struct engine_setup setup = {.machine = call->machine};
    struct err damage = ERR_INIT;
    char path[FS_PATH_BYTES];

    if (acts) {
        if (!fs_make_dirs(call->folder, FS_PRIVATE, err) ||
            !fs_join(path, call->folder, AGENT_LOCK_FILE, err))
            return false;
        if (!fs_lock(path, 0, &local->lock, err))
            return err_hint(err, TEXT_AGENT_RUNS_HINT);
        if (!fs_join(path, call->folder, AGENT_JOURNAL_FILE, err))
            return false;
        setup.journal_path = path;
    }
    if (!load_profile(call, &local->profile, err) ||
        !parsec_open(call->machine, call->folder, clock_system(), &local->parsec, err))
        return false;
    setup.parsec = local->parsec;
    if (!engine_open(&setup, &local->engine, &damage, err))
        return false;
    if (err_is_set(&damage))
        ui_error(&call->ui, NULL, &damage);
    return true;
}

static void local_close(struct local *local)
{
    if (!local)
        return;
    engine_free(local->engine);
    parsec_close(local->parsec);
    fs_unlock(local->lock);
    free(local);
}

static struct local *local_new(struct agent_call *call, bool acts)
{
    struct local *local;

    if (!command_machine(call, &call->err))
        return NULL;
    local = calloc(1, sizeof *local);
    if (!local)
        err_no_memory(&call->err);
    else if (local_open(local, call, acts, &call->err))
        return local;
    local_close(local);
    return NULL;
}

/* ---- what is shown of many passes: all that was done, and what waits after the last ---- */

struct shown {
    struct engine_step steps[SHOWN_STEPS];
    size_t count;
};

static void show_steps(struct shown *shown, const struct engine_result *result, bool done)
{
    for (size_t i = 0; i < result->step_count; i++)
        if (result->steps[i].done == done && shown->count < SHOWN_STEPS)
            shown->steps[shown->count++] = result->steps[i];
}

/* What was mended may bring out something else; what failed would only be tried again. */
static bool mended_something(const struct engine_result *result)
{
    for (size_t i = 0; i < result->step_count; i++)
        if (result->steps[i].done && result->steps[i].outcome == OUTCOME_FIXED)
            return true;
    return false;
}

/* ---- alone ---- */

static int check_alone(struct agent_call *call)
{
    static const struct engine_options look = {.dry_run = true};
    struct local *local = local_new(call, false);
    int code = 2;

    if (local && engine_pass(local->engine, &local->profile, &look, &local->result, &call->err))
        code = command_show(call,
                            "agent.check",
                            &local->result.health,
                            local->result.steps,
                            local->result.step_count);
    local_close(local);
    return code;
}

static bool pass_alone(void *user,
                       const struct engine_options *options,
                       struct engine_result *result,
                       struct err *err)
{
    struct local *local = user;

    return engine_pass(local->engine, &local->profile, options, result, err);
}

/* ---- by the running agent ---- */

static cJSON *repair_params(const struct engine_options *options)
{
    cJSON *params = cJSON_CreateObject();

    if (cJSON_AddBoolToObject(params, "dry_run", options->dry_run) &&
        cJSON_AddBoolToObject(params, "now", options->now) &&
        cJSON_AddBoolToObject(params, "reset_parsec", options->reset_parsec))
        return params;
    cJSON_Delete(params);
    return NULL;
}

/* One pass of the agent; what it did and found goes into result. */
static bool pass_by_agent(void *user,
                          const struct engine_options *options,
                          struct engine_result *result,
                          struct err *err)
{
    struct local_client *client = user;
    cJSON *params = repair_params(options), *answer = NULL;
    const cJSON *actions = NULL, *action;
    bool ok =
        params ? local_client_call(client, METHOD_REPAIR_RUN, params, NULL, NULL, &answer, err) &&
                     json_array(answer, "actions", &actions, err) &&
                     health_from_json(
                         cJSON_GetObjectItemCaseSensitive(answer, "health"), &result->health, err)
               : err_no_memory(err);

    result->step_count = 0;
    cJSON_ArrayForEach(action, actions)
    {
        if (ok && result->step_count < ENGINE_STEPS &&
            engine_step_from_json(action, &result->steps[result->step_count]))
            result->step_count++;
    }
    cJSON_Delete(answer);
    cJSON_Delete(params);
    return ok;
}

/* ---- commands ---- */

/* Passes until one mends nothing more. */
static int repair(struct agent_call *call,
                  struct engine_options options,
                  bool (*make_pass)(void *user,
                                    const struct engine_options *options,
                                    struct engine_result *result,
                                    struct err *err),
                  void *user)
{
    struct engine_result *result = calloc(1, sizeof *result);
    struct shown *shown = calloc(1, sizeof *shown);
    int code = 2;

    if (!result || !shown)
        err_no_memory(&call->err);
    for (int pass = 0; result && shown && pass < REPAIR_PASSES; pass++) {
        if (!make_pass(user, &options, result, &call->err))
            break;
        show_steps(shown, result, true);
        options.reset_parsec = false;
        if (options.dry_run || result->rebooting || !mended_something(result))
            break;
    }
    if (result && shown && !err_is_set(&call->err)) {
        show_steps(shown, result, false);
        code = command_show(call, "agent.repair", &result->health, shown->steps, shown->count);
    }
    free(result);
    free(shown);
    return code;
}

int command_check(struct agent_call *call)
{
    struct local_client *client = NULL;
    struct health health;
    int code = 2;

    if (!command_agent(call, &client))
        return code;
    if (!client)
        return check_alone(call);
    if (command_agent_health(call, client, true, &health))
        code = command_show(call, "agent.check", &health, NULL, 0);
    local_client_close(client);
    return code;
}

int command_repair(struct agent_call *call)
{
    struct engine_options options = {.asked = true,
                                     .dry_run = arguments_get(&call->args, "dry-run")->set,
                                     .now = arguments_get(&call->args, "now")->set,
                                     .reset_parsec =
                                         arguments_get(&call->args, "reset-parsec")->set};
    struct local_client *client = NULL;
    struct local *local = NULL;
    int code = 2;

    if (options.reset_parsec && !options.dry_run &&
        !ui_confirm(&call->ui, TEXT_AGENT_ASK_RESET, NULL)) {
        err_set(&call->err, ERR_CANCELLED, TEXT_AGENT_NOT_CONFIRMED, NULL);
        return code;
    }
    if (!command_agent(call, &client))
        return code;
    if (client)
        code = repair(call, options, pass_by_agent, client);
    else if ((local = local_new(call, !options.dry_run)) != NULL)
        code = repair(call, options, pass_alone, local);
    local_client_close(client);
    local_close(local);
    return code;
}
