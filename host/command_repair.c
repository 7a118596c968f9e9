/* repair: asks the agent to repair now, or what it would do. */
#include "host/boot.h"
#include "common/ui/table.h"

#include <stdlib.h>

static const struct option repair_options[] = {
    {"now", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NOW, 0, 0},
    {"reset-parsec", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_RESET_PARSEC, 0, 0},
    {"check", 0, OPTION_TEXT, "ID", TEXT_HELP_OPTION_CHECK, 0, 0},
    {0},
};

static cJSON *repair_params(const struct call *call, struct err *err)
{
    cJSON *params = cJSON_CreateObject(), *checks = NULL;
    const char *check = call_text(call, "check");
    enum check_id id;
    bool ok = cJSON_AddBoolToObject(params, "dry_run", call_flag(call, "dry-run")) &&
              cJSON_AddBoolToObject(params, "now", call_flag(call, "now")) &&
              cJSON_AddBoolToObject(params, "reset_parsec", call_flag(call, "reset-parsec"));

    if (!ok)
        err_no_memory(err);
    if (ok && check && !check_parse(check, &id)) {
        err_set(err, ERR_USAGE, TEXT_HOST_CHECK_UNKNOWN, check, NULL);
        ok = err_hint(err, TEXT_HOST_CHECK_UNKNOWN_HINT);
    }
    if (ok && check) {
        checks = cJSON_AddArrayToObject(params, "checks");
        if (!cJSON_AddItemToArray(checks, cJSON_CreateString(check)))
            ok = err_no_memory(err);
    }
    if (!ok) {
        cJSON_Delete(params);
        return NULL;
    }
    return params;
}

/* The check's title in the reader's language, or the id as it was sent. */
static const char *title_of(const char *check, enum text_lang lang)
{
    enum check_id id;

    return check_parse(check, &id) ? text_raw(check_title(id), lang) : check;
}

static void show_actions(struct call *call, const cJSON *actions)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_REPAIR},
        {.title = TEXT_HOST_COLUMN_CHECK, .least = 16},
        {.title = TEXT_HOST_COLUMN_STATUS},
        {.title = TEXT_HOST_COLUMN_DETAIL, .least = 20, .wrap = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    char text[UI_TEXT_BYTES];
    const cJSON *action;

    cJSON_ArrayForEach(action, actions)
    {
        const char *repair = "?", *check = "", *state = "";
        const cJSON *why = NULL;
        struct err reason = ERR_INIT;

        json_string(action, "repair", "?", &repair, NULL);
        json_string(action, "check", "", &check, NULL);
        json_string(action, "state", "", &state, NULL);
        if (json_object(action, "why", &why, NULL) && why)
            err_from_json(&reason, why);
        table_cell(table, TONE_PLAIN, repair);
        table_cell(table, TONE_PLAIN, title_of(check, call->ui.lang));
        table_cell(table, TONE_PLAIN, state);
        table_cell(table, TONE_PLAIN, err_message(&reason, call->ui.lang, text, sizeof text));
    }
    table_print(table, &call->ui);
    table_free(table);
}

struct repair_watch {
    struct progress progress;
    enum text_lang lang;
};

static void on_repair(const cJSON *params, void *user)
{
    struct repair_watch *watch = user;
    const char *repair = "";

    if (json_string(params, "repair", "", &repair, NULL))
        progress_step(&watch->progress, PROGRESS_FULL / 2, TEXT_HOST_STEP_REPAIRING, repair, NULL);
}

/* A guest that was only watched so far is to be repaired from now on, if asked to repair at all. */
static bool
leave_observe(struct call *call, struct target *target, struct client *client, struct err *err)
{
    struct profile *guest = &target->record.spec.guest;
    cJSON *params, *profile;
    bool ok;

    if (guest->mode != PROFILE_OBSERVE || call_flag(call, "dry-run"))
        return true;
    guest->mode = PROFILE_REPAIR;
    params = cJSON_CreateObject();
    profile = profile_to_json(guest);
    ok = cJSON_AddItemToObject(params, "profile", profile) || err_no_memory(err);
    ok = ok && connect_call(client, METHOD_PROFILE_SET, params, NULL, err) &&
         store_save(call->store, &target->record, err);
    cJSON_Delete(params);
    return ok;
}

static bool run_repair(struct call *call,
                       struct target *target,
                       const cJSON *params,
                       bool alone,
                       cJSON **ret_result,
                       struct err *err)
{
    struct repair_watch watch = {.lang = call->ui.lang};
    struct client_call request = {
        .method = METHOD_REPAIR_RUN, .params = params, .on_progress = on_repair, .user = &watch};
    struct client_reply reply = CLIENT_REPLY_INIT;
    struct client *client = NULL;
    bool ok;

    if (!boot_connect(call, target, &client, err))
        return false;
    progress_begin(&watch.progress, &call->ui, target->name, alone);
    ok = leave_observe(call, target, client, err) && client_call(client, &request, &reply, err);
    progress_end(&watch.progress);
    client_close(client);
    if (!ok)
        return false;
    *ret_result = reply.result;
    reply.result = NULL;
    client_reply_done(&reply);
    return true;
}

static int count_waiting(const struct health *health)
{
    int count = 0;

    for (int i = 0; i < CHECK_COUNT; i++)
        count += health->checks[i].status == STATUS_WAITING;
    return count;
}

/* What to say when nothing was done: that nothing had to be, or why not. *ret_count is what the
 * sentence counts. */
static enum text_id idle_sentence(const struct health *health, int *ret_count)
{
    *ret_count = count_waiting(health);
    if (health->level == LEVEL_STARTING || health->level == LEVEL_REPAIRING)
        return TEXT_HOST_REPAIR_UNDER_WAY;
    return *ret_count ? TEXT_HOST_REPAIR_WAITS : TEXT_HOST_REPAIR_NOTHING;
}

static void finish_repair(struct call *call,
                          struct target *target,
                          const cJSON *result,
                          struct outcome *outcome)
{
    struct health *health = calloc(1, sizeof *health);
    const cJSON *actions = NULL, *report = NULL;
    bool dry = call_flag(call, "dry-run");
    enum text_id sentence = dry ? TEXT_HOST_REPAIR_WOULD : TEXT_HOST_REPAIR_DONE;
    int count;

    json_array(result, "actions", &actions, NULL);
    json_object(result, "health", &report, NULL);
    count = cJSON_GetArraySize(actions);
    if (outcome->alone && count)
        show_actions(call, actions);
    if (!health || !report || !health_from_json(report, health, NULL)) {
        outcome_done(
            outcome, &call->ui, CODE_OK, TEXT_HOST_REPAIR_DONE, TEXT_NUM(count), "?", NULL);
        free(health);
        return;
    }
    if (!dry)
        store_health_save(call->store, target->id, health, NULL);
    if (!count)
        sentence = idle_sentence(health, &count);
    outcome_done(outcome,
                 &call->ui,
                 dry ? CODE_OK : (enum exit_code)health_exit_code(health->level),
                 sentence,
                 TEXT_NUM(count),
                 text_raw(health_level_title(health->level), call->ui.lang),
                 target->name,
                 NULL);
    outcome->json = cJSON_CreateObject();
    cJSON_AddItemToObject(outcome->json, "actions", cJSON_Duplicate(actions, true));
    cJSON_AddStringToObject(outcome->json, "level", health_level_name(health->level));
    free(health);
}

static void repair_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct err err = ERR_INIT;
    cJSON *params = repair_params(call, &err), *result = NULL;

    if (params && run_repair(call, target, params, outcome->alone, &result, &err))
        finish_repair(call, target, result, outcome);
    else
        outcome_failed(outcome, &err);
    cJSON_Delete(result);
    cJSON_Delete(params);
}

/* What signs Parsec out is asked for once, before anything is touched. */
static bool repair_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    if (call_flag(call, "reset-parsec") && !call_flag(call, "dry-run") &&
        !ui_confirm(&call->ui, TEXT_HOST_RESET_PARSEC_ASK, NULL)) {
        err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
        return err_hint(err, TEXT_HOST_NOT_CONFIRMED_HINT);
    }
    return many_run(call, ret_code, err);
}

const struct command command_repair = {
    .name = "repair",
    .summary = TEXT_HELP_REPAIR,
    .args = "NAME...",
    .options = repair_options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .exec = repair_exec,
    .each = repair_each,
};
