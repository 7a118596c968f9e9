/*
 * The methods of the protocol. A handler checks nothing that session has checked already; what
 * touches the machine or its files goes to the job queue as a task, a copy of what the request says
 * with a result that the loop sends back.
 */
#include "guest/agent_task.h"
#include "guest/engine_json.h"

#include <string.h>

#define LOG_TAIL_BYTES (192 * 1024) /* of one answer */

/* ---- health ---- */

void agent_tell_health(struct agent *agent)
{
    cJSON *report = agent->server ? health_to_json(&agent->health) : NULL;

    if (report)
        session_server_notify(agent->server, METHOD_HEALTH_WATCH, report, NULL, 0);
    cJSON_Delete(report);
}

static void on_health_get(struct request *request, void *user)
{
    static const struct engine_options look = {.dry_run = true};
    struct agent *agent = user;

    if (agent_flag(request, "refresh") || !agent->health_known)
        agent_request_pass(agent, &look, request);
    else
        agent_reply(request, health_to_json(&agent->health));
}

static void on_health_watch(struct request *request, void *user)
{
    struct agent *agent = user;

    agent_reply(request, health_to_json(&agent->health));
}

/* ---- repair ---- */

void agent_answer_pass(struct agent_pass *pass)
{
    cJSON *result, *actions, *report;
    bool ok;

    if (err_is_set(&pass->err)) {
        request_fail(pass->request, &pass->err);
        return;
    }
    report = health_to_json(&pass->result.health);
    if (request_method(pass->request) == METHOD_HEALTH_GET) {
        agent_reply(pass->request, report);
        return;
    }
    result = cJSON_CreateObject();
    actions = result ? cJSON_AddArrayToObject(result, "actions") : NULL;
    ok = actions && cJSON_AddItemToObject(result, "health", report);
    if (!ok)
        cJSON_Delete(report);
    for (size_t i = 0; ok && i < pass->result.step_count; i++)
        ok = cJSON_AddItemToArray(actions, engine_step_to_json(&pass->result.steps[i]));
    if (!ok) {
        cJSON_Delete(result);
        result = NULL;
    }
    agent_reply(pass->request, result);
}

static bool read_checks(const cJSON *names, uint32_t *ret_mask, struct err *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, names)
    {
        enum check_id id;

        if (!check_parse(cJSON_GetStringValue(item), &id))
            return err_set(
                err, ERR_BAD_INPUT, TEXT_CHECK_NAME_UNKNOWN, cJSON_GetStringValue(item), NULL);
        *ret_mask |= CHECK_BIT(id);
    }
    return true;
}

static void on_repair_run(struct request *request, void *user)
{
    struct engine_options options = {.asked = true,
                                     .dry_run = agent_flag(request, "dry_run"),
                                     .now = agent_flag(request, "now"),
                                     .reset_parsec = agent_flag(request, "reset_parsec")};
    struct err err = ERR_INIT;

    if (read_checks(cJSON_GetObjectItemCaseSensitive(request_params(request), "checks"),
                    &options.only,
                    &err))
        agent_request_pass(user, &options, request);
    else
        request_fail(request, &err);
}

/* ---- profile ---- */

static void on_profile_get(struct request *request, void *user)
{
    struct agent *agent = user;

    cJSON *result = cJSON_CreateObject();

    if (!result || !cJSON_AddItemToObject(result, "profile", profile_to_json(&agent->profile))) {
        cJSON_Delete(result);
        result = NULL;
    }
    agent_reply(request, result);
}

static bool profile_set_work(struct agent_task *task, struct err *err)
{
    struct agent *agent = task->agent;
    char path[FS_PATH_BYTES];

    return agent_path(agent, AGENT_PROFILE_FILE, path, err) &&
           profile_save(path, &task->profile, err);
}

static void profile_set_after(struct agent_task *task)
{
    task->agent->profile = task->profile;
    err_clear(&task->agent->profile_damaged);
    agent_want_pass(task->agent);
}

static void on_profile_set(struct request *request, void *user)
{
    struct agent *agent = user;
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(request_params(request), "profile");
    struct profile profile;
    struct err err = ERR_INIT;
    struct agent_task *task;

    if (!profile_parse(json, &profile, &err)) {
        request_fail(request, &err);
        return;
    }
    task = agent_task_new(agent, request, profile_set_work);
    if (!task)
        return;
    task->profile = profile;
    task->result = cJSON_CreateObject();
    cJSON_AddBoolToObject(task->result, "changed", !profile_equal(&profile, &agent->profile));
    task->after = profile_set_after;
    agent_task_run(task);
}

/* ---- payloads ---- */

static bool payload_list_work(struct agent_task *task, struct err *err)
{
    cJSON *list;

    task->result = cJSON_CreateObject();
    list = task->result ? cJSON_AddArrayToObject(task->result, "payloads") : NULL;
    if (!list)
        return err_no_memory(err);
    for (int i = 0; i < PAYLOAD_COUNT; i++) {
        struct payload_info info;
        bool present = false;
        cJSON *item;

        if (!payload_find(task->agent->parsec->payloads, (enum payload_id)i, &info, &present, err))
            return false;
        if (!present)
            continue;
        item = cJSON_CreateObject();
        if (!item || !cJSON_AddItemToArray(list, item) ||
            !cJSON_AddStringToObject(item, "name", payload_kind(info.id)->name) ||
            !cJSON_AddStringToObject(item, "version", info.version) ||
            !cJSON_AddStringToObject(item, "sha256", info.sha256) ||
            !cJSON_AddStringToObject(item, "publisher", info.publisher) ||
            !json_add_int(item, "size_bytes", (int64_t)info.size_bytes))
            return err_no_memory(err);
    }
    return true;
}

static void on_payload_list(struct request *request, void *user)
{
    struct agent_task *task = agent_task_new(user, request, payload_list_work);

    if (task)
        agent_task_run(task);
}

static bool payload_put_work(struct agent_task *task, struct err *err)
{
    const struct request *request = task->request;
    struct payload_info info = {.size_bytes = (uint64_t)agent_number(request, "size_bytes", 0)};
    struct payload_store *store = task->agent->parsec->payloads;
    size_t length;
    const uint8_t *body = request_body(request, &length);
    uint64_t next = 0;
    bool done = false, ok;

    if (!payload_parse(agent_text(request, "name"), &info.id))
        return err_set(
            err, ERR_NOT_FOUND, TEXT_PAYLOAD_NAME_UNKNOWN, agent_text(request, "name"), NULL);
    snprintf(info.file,
             sizeof info.file,
             "%s%s",
             payload_kind(info.id)->name,
             payload_kind(info.id)->suffix);
    text_copy(info.version, sizeof info.version, agent_text(request, "version"));
    text_copy(info.sha256, sizeof info.sha256, agent_text(request, "sha256"));
    text_copy(info.publisher, sizeof info.publisher, agent_text(request, "publisher"));
    ok = payload_put(store,
                     &info,
                     (uint64_t)agent_number(request, "offset", 0),
                     body,
                     length,
                     &next,
                     &done,
                     err);
    if (!ok && err->kind != ERR_CONFLICT)
        return false;
    err_clear(err); /* the wrong offset: the answer says where to go on */
    task->flag = done;
    task->result = cJSON_CreateObject();
    return (task->result && json_add_int(task->result, "next", (int64_t)next)) ||
           err_no_memory(err);
}

static void payload_put_after(struct agent_task *task)
{
    if (task->flag)
        agent_want_pass(task->agent); /* a repair may have waited for it */
}

static void on_payload_put(struct request *request, void *user)
{
    struct agent_task *task = agent_task_new(user, request, payload_put_work);

    if (!task)
        return;
    task->after = payload_put_after;
    agent_task_run(task);
}

/* ---- display and sign-in ---- */

static void want_pass_after(struct agent_task *task)
{
    agent_want_pass(task->agent);
}

static bool keep_console_work(struct agent_task *task, struct err *err)
{
    return engine_keep_console(task->agent->engine, task->flag, err);
}

static void keep_console(struct agent *agent, struct request *request, bool keep)
{
    struct agent_task *task = agent_task_new(agent, request, keep_console_work);

    if (!task)
        return;
    task->flag = keep;
    task->after = want_pass_after;
    agent_task_run(task);
}

static void on_display_restore(struct request *request, void *user)
{
    keep_console(user, request, true);
}

static void on_display_auto(struct request *request, void *user)
{
    keep_console(user, request, false);
}

static bool signin_begin_work(struct agent_task *task, struct err *err)
{
    struct agent *agent = task->agent;

    return engine_give_console(agent->engine, err) &&
           signin_begin(&agent->parsec->signin, agent->machine, agent->parsec->holder, err);
}

static void on_signin_begin(struct request *request, void *user)
{
    struct agent_task *task = agent_task_new(user, request, signin_begin_work);

    if (!task)
        return;
    task->after = want_pass_after;
    agent_task_run(task);
}

static bool signin_end_work(struct agent_task *task, struct err *err)
{
    (void)err;
    signin_end(&task->agent->parsec->signin);
    return true;
}

static void on_signin_end(struct request *request, void *user)
{
    struct agent_task *task = agent_task_new(user, request, signin_end_work);

    if (!task)
        return;
    task->after = want_pass_after;
    agent_task_run(task);
}

/* ---- logs ---- */

/* Keeps the last `lines` lines of text. */
static void keep_lines(struct buf *text, int64_t lines)
{
    size_t start = text->len;

    while (start > 0 && lines >= 0) {
        start--;
        if (text->data[start] == '\n' && start + 1 < text->len && --lines < 1) {
            start++;
            break;
        }
    }
    buf_consume(text, start);
}

static int64_t count_lines(const struct buf *text)
{
    int64_t lines = 0;

    for (size_t i = 0; i < text->len; i++)
        lines += text->data[i] == '\n';
    return lines;
}

/* Appends the end of the agent's log, at most LOG_TAIL_BYTES. */
static bool read_log_end(struct agent *agent, struct buf *out, struct err *err)
{
    struct fs_dir *folder = NULL;
    struct fs_stat stat;
    uint64_t offset;
    bool ok = fs_dir_open(agent->options.folder, &folder, err) &&
              fs_dir_stat(folder, AGENT_LOG_FILE, &stat, err);

    if (ok && stat.kind == FS_FILE) {
        offset = stat.size_bytes > LOG_TAIL_BYTES ? stat.size_bytes - LOG_TAIL_BYTES : 0;
        ok = fs_dir_read(folder, AGENT_LOG_FILE, offset, LOG_TAIL_BYTES, out, err);
    }
    fs_dir_close(folder);
    return ok;
}

static bool log_tail_work(struct agent_task *task, struct err *err)
{
    if (!read_log_end(task->agent, &task->body, err))
        return false;
    keep_lines(&task->body, task->number);
    task->result = cJSON_CreateObject();
    return (task->result && json_add_int(task->result, "lines", count_lines(&task->body))) ||
           err_no_memory(err);
}

static void on_log_tail(struct request *request, void *user)
{
    struct agent_task *task = agent_task_new(user, request, log_tail_work);

    if (!task)
        return;
    task->number = agent_number(request, "lines", 200);
    agent_task_run(task);
}

/* ---- keys, power, end of management ---- */

static bool key_rotate_work(struct agent_task *task, struct err *err)
{
    char path[FS_PATH_BYTES];

    if (!agent_path(task->agent, AGENT_KEY_FILE, path, err) ||
        !key_save(path, &key_seal_plain, &task->key, err) ||
        !pairing_end(task->agent->options.folder, err))
        return false;
    task->result = cJSON_CreateObject();
    return (task->result &&
            json_add_int(task->result, "generation", task->key.entries[0].generation)) ||
           err_no_memory(err);
}

static void end_other_session(struct session *session, void *user)
{
    if (session != user)
        session_close(session);
}

static void key_rotate_after(struct agent_task *task)
{
    bool anew = task->flag || strcmp(task->key.vm, task->agent->key.vm) != 0;

    agent_take_key(task->agent, &task->key);
    if (anew) /* whoever holds the key that is gone has no business here any more */
        session_server_each(task->agent->server, end_other_session, request_session(task->request));
}

/* What key.rotate makes of the agent's key. A pairing code brings the first key; a clone may be
 * told the key of the machine that it really is; everybody else makes a newer one of the same
 * machine. */
static bool take_rotation(struct agent *agent,
                          const struct request *request,
                          const char *identity,
                          struct key_file *key,
                          struct err *err)
{
    const char *vm = agent_text(request, "vm");
    int64_t from = agent_number(request, "from", 0);
    int64_t generation = agent_number(request, "generation", 0);
    size_t length;
    const uint8_t *secret = request_body(request, &length);
    char paired[KEY_VM_BYTES];

    if (length != KEY_SECRET_BYTES)
        return err_set(err, ERR_BAD_INPUT, TEXT_KEY_DAMAGED, NULL);
    if (pair_identity_vm(identity, paired)) {
        if (from != 0 || (*vm && strcmp(vm, paired) != 0))
            return err_set(err,
                           ERR_CONFLICT,
                           TEXT_KEY_ROTATE_LOST,
                           TEXT_NUM(from),
                           TEXT_NUM(generation),
                           NULL);
        return key_adopt(key, paired, generation, secret, err);
    }
    if (!*vm || strcmp(vm, key->vm) == 0)
        return key_accept(key, key_identity_generation(identity), from, generation, secret, err);
    if (strcmp(vm, agent->vm_id) != 0)
        return err_set(err, ERR_CONFLICT, TEXT_PAIR_OTHER_VM, vm, agent->vm_id, NULL);
    return key_accept(key, key_identity_generation(identity), from, generation, secret, err) &&
           key_adopt(key, vm, generation, secret, err);
}

static void on_key_rotate(struct request *request, void *user)
{
    struct agent *agent = user;
    struct session *session = request_session(request);
    struct err err = ERR_INIT;
    struct key_file key = agent->key;
    struct agent_task *task;

    if (!session)
        err_set(&err, ERR_CLOSED, TEXT_JOB_STOPPING, NULL);
    else if (take_rotation(agent, request, session_identity(session), &key, &err) &&
             (task = agent_task_new(agent, request, key_rotate_work)) != NULL) {
        char vm[KEY_VM_BYTES];

        task->flag = pair_identity_vm(session_identity(session), vm);
        task->key = key;
        task->after = key_rotate_after;
        agent_task_run(task);
        key_wipe(&key);
        return;
    }
    key_wipe(&key);
    if (err_is_set(&err))
        request_fail(request, &err);
}

static bool reboot_work(struct agent_task *task, struct err *err)
{
    struct system_port *system = task->agent->machine->system;
    const char *reason = agent_text(task->request, "reason");

    if (!system->ops->reboot(system, *reason ? reason : "gpupv", err))
        return false;
    task->number = agent_power(task->agent);
    return true;
}

static void reboot_after(struct agent_task *task)
{
    if (task->number)
        agent_stop(task->agent, (int)task->number);
}

static void on_system_reboot(struct request *request, void *user)
{
    struct agent_task *task = agent_task_new(user, request, reboot_work);

    if (!task)
        return;
    task->after = reboot_after;
    agent_task_run(task);
}

/* `release`: what was changed for the time of management is taken back, and the agent goes. */
static bool release_work(struct agent_task *task, struct err *err)
{
    struct agent *agent = task->agent;

    return engine_revert(agent->engine, &task->profile, err) &&
           agent->machine->system->ops->publish(agent->machine->system, "", err);
}

static void release_after(struct agent_task *task)
{
    agent_stop(task->agent, AGENT_EXIT_RELEASED);
}

static void on_agent_release(struct request *request, void *user)
{
    struct agent *agent = user;
    struct agent_task *task = agent_task_new(agent, request, release_work);

    if (!task)
        return;
    task->profile = agent->profile;
    task->after = release_after;
    agent_task_run(task);
}

/* ---- relay ---- */

static void on_relay_closed(struct relay *relay, void *user)
{
    struct agent *agent = user;

    if (agent->relay == relay)
        agent->relay = NULL;
}

static void on_relay_open(struct request *request, void *user)
{
    struct agent *agent = user;
    struct session *session = request_session(request);
    struct relay *relay = NULL;
    struct err err = ERR_INIT;
    cJSON *result;

    if (!session) {
        err_set(&err, ERR_CLOSED, TEXT_JOB_STOPPING, NULL);
        request_fail(request, &err);
        return;
    }
    relay_close(agent->relay); /* a newer one takes the listener over */
    agent->relay = NULL;
    if (!relay_listen(&agent->loop,
                      session,
                      (uint16_t)agent_number(request, "port", 0),
                      on_relay_closed,
                      agent,
                      &relay,
                      &err)) {
        request_fail(request, &err);
        return;
    }
    agent->relay = relay;
    result = cJSON_CreateObject();
    if (result)
        json_add_int(result, "port", relay_port(relay));
    agent_reply(request, result);
}

const struct request_binding agent_bindings[] = {
    {METHOD_HEALTH_GET, on_health_get},
    {METHOD_HEALTH_WATCH, on_health_watch},
    {METHOD_PROFILE_GET, on_profile_get},
    {METHOD_PROFILE_SET, on_profile_set},
    {METHOD_REPAIR_RUN, on_repair_run},
    {METHOD_PAYLOAD_LIST, on_payload_list},
    {METHOD_PAYLOAD_PUT, on_payload_put},
    {METHOD_DRIVERS_MANIFEST, agent_on_drivers_manifest},
    {METHOD_DRIVERS_PUT, agent_on_drivers_put},
    {METHOD_DRIVERS_COMMIT, agent_on_drivers_commit},
    {METHOD_DRIVERS_ABORT, agent_on_drivers_abort},
    {METHOD_DISPLAY_RESTORE, on_display_restore},
    {METHOD_DISPLAY_AUTO, on_display_auto},
    {METHOD_SIGNIN_BEGIN, on_signin_begin},
    {METHOD_SIGNIN_END, on_signin_end},
    {METHOD_LOG_TAIL, on_log_tail},
    {METHOD_KEY_ROTATE, on_key_rotate},
    {METHOD_SYSTEM_REBOOT, on_system_reboot},
    {METHOD_RELAY_OPEN, on_relay_open},
    {METHOD_AGENT_RELEASE, on_agent_release},
};
const size_t agent_binding_count = sizeof agent_bindings / sizeof agent_bindings[0];
