/*
 * `check` and `repair` on this machine without a host. They use the agent's own data under its
 * lock, so that an agent and a person never repair at the same time; a look needs no lock and keeps
 * no memory.
 */
#include "guest/agent_state.h"
#include "guest/command.h"
#include "guest/engine_json.h"

#include "guest/health_table.h"

#include <stdlib.h>
#include <string.h>

#define REPAIR_PASSES                                                                              \
    20 /* passes of one `repair`: each ends with something done or nothing to do */

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

static bool add_steps(cJSON *document, const struct local *local)
{
    cJSON *list = cJSON_AddArrayToObject(document, "steps");

    for (size_t i = 0; list && i < local->result.step_count; i++)
        if (!cJSON_AddItemToArray(list, engine_step_to_json(&local->result.steps[i])))
            return false;
    return list != NULL;
}

/* Shows what was found (and done) and returns the exit code of the level. */
static int show(struct agent_call *call, const struct local *local, const char *schema)
{
    const struct health *health = &local->result.health;
    cJSON *document;

    if (!call->ui.json) {
        health_table_steps(&call->ui, local->result.steps, local->result.step_count);
        health_table_print(&call->ui, health, call->ui.verbose);
        return health_exit_code(health->level);
    }
    document = ui_document_new(schema);
    if (!document || !add_steps(document, local) ||
        !cJSON_AddItemToObject(document, "health", health_to_json(health)))
        err_no_memory(&call->err);
    ui_document(&call->ui, document, &call->err);
    return health_exit_code(health->level);
}

static struct local *local_new(struct agent_call *call, bool acts)
{
    struct local *local = calloc(1, sizeof *local);

    if (!local)
        err_no_memory(&call->err);
    else if (local_open(local, call, acts, &call->err))
        return local;
    local_close(local);
    return NULL;
}

int command_check(struct agent_call *call)
{
    static const struct engine_options look = {.dry_run = true};
    struct local *local = local_new(call, false);
    int code = 2;

    if (local && engine_pass(local->engine, &local->profile, &look, &local->result, &call->err))
        code = show(call, local, "agent.check");
    local_close(local);
    return code;
}

int command_repair(struct agent_call *call)
{
    struct engine_options options = {.dry_run = arguments_get(&call->args, "dry-run")->set,
                                     .now = arguments_get(&call->args, "now")->set,
                                     .reset_parsec =
                                         arguments_get(&call->args, "reset-parsec")->set};
    struct local *local = NULL;
    int code = 2;

    if (options.reset_parsec && !options.dry_run &&
        !ui_confirm(&call->ui, TEXT_AGENT_ASK_RESET, NULL)) {
        err_set(&call->err, ERR_CANCELLED, TEXT_AGENT_NOT_CONFIRMED, NULL);
        return code;
    }
    local = local_new(call, !options.dry_run);
    if (!local)
        return code;
    for (int pass = 0; pass < REPAIR_PASSES; pass++) {
        if (!engine_pass(local->engine, &local->profile, &options, &local->result, &call->err))
            break;
        code = health_exit_code(local->result.health.level);
        options.reset_parsec = false;
        if (options.dry_run || local->result.rebooting || !local->result.step_count)
            break;
    }
    if (!err_is_set(&call->err))
        code = show(call, local, "agent.repair");
    local_close(local);
    return code;
}
