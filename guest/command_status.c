/*
 * `status`: whether the agent is installed and runs, which host it belongs to, and what it found.
 * Also what `check` and `repair` share with it: the way to a running agent, and showing a report.
 */
#include "guest/agent_state.h"
#include "guest/command.h"
#include "guest/engine_json.h"
#include "guest/health_table.h"
#include "guest/install.h"
#include "guest/local_client.h"

#include <string.h>

/* ---- the running agent ---- */

bool command_agent(struct agent_call *call, struct local_client **ret_client)
{
    struct err err = ERR_INIT;

    if (local_client_open(call->folder, ret_client, &err))
        return true;
    *ret_client = NULL;
    if (err.kind == ERR_NOT_FOUND || err.kind == ERR_UNREACHABLE)
        return true; /* none, or what one left that died */
    if (err.kind == ERR_DENIED)
        err_hint(&err, TEXT_AGENT_ADMIN_HINT);
    call->err = err;
    return false;
}

bool command_agent_health(struct agent_call *call,
                          struct local_client *client,
                          bool refresh,
                          struct health *ret_health)
{
    cJSON *params = cJSON_CreateObject(), *answer = NULL;
    bool ok =
        (params && (!refresh || cJSON_AddTrueToObject(params, "refresh")) &&
         local_client_call(client, METHOD_HEALTH_GET, params, NULL, NULL, &answer, &call->err)) &&
        health_from_json(answer, ret_health, &call->err);

    if (!ok && !err_is_set(&call->err))
        err_no_memory(&call->err);
    cJSON_Delete(answer);
    cJSON_Delete(params);
    return ok;
}

/* ---- showing ---- */

static bool add_steps(cJSON *document, const struct engine_step *steps, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(document, "steps");

    for (size_t i = 0; list && i < count; i++)
        if (!cJSON_AddItemToArray(list, engine_step_to_json(&steps[i])))
            return false;
    return list != NULL;
}

int command_show(struct agent_call *call,
                 const char *schema,
                 const struct health *health,
                 const struct engine_step *steps,
                 size_t count)
{
    cJSON *document;

    if (!call->ui.json) {
        health_table_steps(&call->ui, steps, count);
        health_table_print(&call->ui, health, call->ui.verbose);
        return health_exit_code(health->level);
    }
    document = ui_document_new(schema);
    if (!document || !add_steps(document, steps, count) ||
        !cJSON_AddItemToObject(document, "health", health_to_json(health)))
        err_no_memory(&call->err);
    ui_document(&call->ui, document, &call->err);
    return health_exit_code(health->level);
}

/* ---- status ---- */

struct status {
    bool service_known, runs, health_known, paired;
    struct install_state service;
    char build[SESSION_WORD_BYTES];
    char vm[KEY_VM_BYTES];
    int64_t generation;
    struct health health;
};

static const char *service_name(enum install_service service)
{
    static const char *const names[] = {[INSTALL_ABSENT] = "absent",
                                        [INSTALL_STOPPED] = "stopped",
                                        [INSTALL_CHANGING] = "changing",
                                        [INSTALL_RUNNING] = "running"};

    return names[service];
}

static enum text_id service_title(enum install_service service)
{
    static const enum text_id titles[] = {[INSTALL_ABSENT] = TEXT_STATUS_SERVICE_ABSENT,
                                          [INSTALL_STOPPED] = TEXT_STATUS_SERVICE_STOPPED,
                                          [INSTALL_CHANGING] = TEXT_STATUS_SERVICE_CHANGING,
                                          [INSTALL_RUNNING] = TEXT_STATUS_SERVICE_RUNNING};

    return titles[service];
}

/* To whom the machine belongs: ids and generations, no secrets. */
static void look_at_key(const struct agent_call *call, struct status *status)
{
    char path[FS_PATH_BYTES];
    struct key_file key;

    if (!fs_join(path, call->folder, AGENT_KEY_FILE, NULL) ||
        !key_load(path, &key_seal_plain, &key, NULL))
        return;
    status->paired = true;
    status->generation = key.current;
    text_copy(status->vm, sizeof status->vm, key.vm);
    key_wipe(&key);
}

static bool look(struct agent_call *call, struct status *status)
{
    struct local_client *client = NULL;
    bool ok = true;

    status->service_known = install_look(&status->service, NULL);
    if (!command_agent(call, &client))
        return false;
    look_at_key(call, status);
    status->runs = client != NULL;
    if (client) {
        text_copy(status->build, sizeof status->build, local_client_peer(client)->build);
        ok = status->health_known = command_agent_health(call, client, false, &status->health);
    }
    local_client_close(client);
    return ok;
}

static void say_facts(struct ui *ui, const struct status *status)
{
    static const struct table_column columns[2] = {{.title = TEXT_NONE},
                                                   {.title = TEXT_NONE, .wrap = true, .least = 20}};
    struct table *table = table_new(columns, 2);
    const struct health_stream *stream = &status->health.stream;
    char text[UI_TEXT_BYTES];

    if (status->service_known) {
        table_text(table, ui, TONE_PLAIN, TEXT_STATUS_SERVICE);
        table_text(table,
                   ui,
                   status->service.service == INSTALL_RUNNING ? TONE_GOOD : TONE_WARN,
                   service_title(status->service.service));
    }
    table_text(table, ui, TONE_PLAIN, TEXT_STATUS_AGENT);
    if (status->runs)
        table_cell(table, TONE_GOOD, status->build);
    else
        table_text(table, ui, TONE_WARN, TEXT_STATUS_AGENT_OFF);
    table_text(table, ui, TONE_PLAIN, TEXT_STATUS_KEY);
    snprintf(text, sizeof text, "%s:%lld", status->vm, (long long)status->generation);
    if (status->paired)
        table_cell(table, TONE_PLAIN, text);
    else
        table_text(table, ui, TONE_WARN, TEXT_STATUS_KEY_NONE);
    if (status->health_known && stream->encoder[0]) {
        snprintf(text,
                 sizeof text,
                 "%s %s %ux%u@%u",
                 stream->encoder,
                 stream->codec,
                 (unsigned)stream->width,
                 (unsigned)stream->height,
                 (unsigned)stream->hz);
        table_text(table, ui, TONE_PLAIN, TEXT_STATUS_STREAM);
        table_cell(table, TONE_PLAIN, text);
    }
    table_print(table, ui);
    table_free(table);
}

static cJSON *to_json(const struct status *status)
{
    cJSON *document = ui_document_new("agent.status");
    cJSON *service = NULL, *key = NULL;
    bool ok = document && cJSON_AddBoolToObject(document, "running", status->runs);

    if (ok && status->service_known)
        ok = (service = cJSON_AddObjectToObject(document, "service")) != NULL &&
             cJSON_AddStringToObject(service, "state", service_name(status->service.service)) &&
             cJSON_AddBoolToObject(service, "automatic", status->service.automatic) &&
             cJSON_AddStringToObject(service, "command", status->service.command);
    if (ok && status->runs)
        ok = cJSON_AddStringToObject(document, "build", status->build) != NULL;
    if (ok && status->paired)
        ok = (key = cJSON_AddObjectToObject(document, "key")) != NULL &&
             cJSON_AddStringToObject(key, "vm", status->vm) &&
             json_add_int(key, "generation", status->generation);
    if (ok && status->health_known)
        ok = cJSON_AddItemToObject(document, "health", health_to_json(&status->health));
    if (ok)
        return document;
    cJSON_Delete(document);
    return NULL;
}

/* Without a running agent nobody watches the machine: not reachable (design, exit codes). */
#define EXIT_NOT_RUNNING 3

int command_status(struct agent_call *call)
{
    static struct status status; /* large; a process shows one */
    cJSON *document;

    if (!look(call, &status))
        return 2;
    if (!call->ui.json) {
        say_facts(&call->ui, &status);
        if (status.health_known)
            health_table_print(&call->ui, &status.health, call->ui.verbose);
        else
            ui_note(&call->ui, TONE_WARN, TEXT_STATUS_OFF_HINT, NULL);
    } else {
        document = to_json(&status);
        if (!document)
            err_no_memory(&call->err);
        ui_document(&call->ui, document, &call->err);
    }
    return status.health_known ? health_exit_code(status.health.level) : EXIT_NOT_RUNNING;
}
