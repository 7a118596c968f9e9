/*
 * The methods of the host's GPU driver: what is there, what comes (over the bulk connection, or in
 * the session), and the word that it is complete. One package comes at a time.
 */
#include "guest/agent_task.h"

#include "common/bulk_chunk.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/secure.h"

#include <stdlib.h>
#include <string.h>

/* Files on their way over the bulk connection. Loop, but while a job fills it in. */
struct agent_transfer {
    struct agent *agent;
    struct manifest files;
    struct bulk_have *have;
    char folder[FS_PATH_BYTES];
    uint8_t id[BULK_TRANSFER_BYTES];
};

static void transfer_free(void *more)
{
    struct agent_transfer *transfer = more;

    if (!transfer)
        return;
    manifest_done(&transfer->files);
    free(transfer->have);
    free(transfer);
}

/* ---- what is there ---- */

static const char *const state_names[] = {[STAGED_NONE] = "none",
                                          [STAGED_DONE] = "done",
                                          [STAGED_WAITING] = "waiting",
                                          [STAGED_REBOOT] = "reboot_needed"};

/* Makes the bytes of the list anew; later pages are taken from them. */
static bool list_make(struct agent *agent, const char *package, bool full, struct err *err)
{
    struct manifest files;
    size_t cursor = 0;
    bool ok, last = false;

    buf_clear(&agent->driver_list);
    if (!staged_list(agent->staged, package, full, &files, err))
        return false;
    ok = manifest_write_page(&files, &cursor, STAGED_LIST_BYTES, &agent->driver_list, &last, err) &&
         (last || err_set(err, ERR_TOO_LARGE, TEXT_DRIVER_PAGES, NULL)) &&
         digest_data(agent->driver_list.data, agent->driver_list.len, agent->driver_digest, err);
    manifest_done(&files);
    return ok;
}

static bool manifest_work(struct agent_task *task, struct err *err)
{
    struct agent *agent = task->agent;
    const char *package = agent_text(task->request, "package");
    uint64_t offset = (uint64_t)agent_number(task->request, "offset", 0);
    char version[40];
    size_t length;

    if (offset == 0 && !list_make(agent, package, agent_flag(task->request, "full"), err))
        return false;
    if (offset > agent->driver_list.len)
        return err_set(err, ERR_CONFLICT, TEXT_DRIVER_PAGES, NULL);
    length = agent->driver_list.len - (size_t)offset;
    length = length < AGENT_BODY_BYTES ? length : AGENT_BODY_BYTES;
    task->result = cJSON_CreateObject();
    return (buf_put(&task->body, agent->driver_list.data + offset, length) && task->result &&
            json_add_int(task->result, "size_bytes", (int64_t)agent->driver_list.len) &&
            cJSON_AddStringToObject(task->result, "sha256", agent->driver_digest) &&
            json_add_int(task->result, "offset", (int64_t)offset) &&
            cJSON_AddStringToObject(task->result,
                                    "state",
                                    state_names[staged_state(agent->staged, package, version)]) &&
            cJSON_AddStringToObject(task->result, "version", version)) ||
           err_no_memory(err);
}

void agent_on_drivers_manifest(struct request *request, void *user)
{
    struct agent_task *task = agent_task_new(user, request, manifest_work);

    if (task)
        agent_task_run(task);
}

/* ---- what comes ---- */

static bool put_bulk_work(struct agent_task *task, struct err *err)
{
    struct agent_transfer *transfer = task->more;
    size_t length;
    const uint8_t *body = request_body(task->request, &length);
    bool last = false;

    if (!manifest_read_page(&transfer->files, body, length, &last, err))
        return false;
    if (!last)
        return err_set(err, ERR_BAD_INPUT, TEXT_DRIVER_PAGES, NULL);
    transfer->have = calloc(transfer->files.count + 1, sizeof *transfer->have);
    return transfer->have ? staged_begin(task->agent->staged,
                                         agent_text(task->request, "package"),
                                         &transfer->files,
                                         transfer->have,
                                         transfer->folder,
                                         err)
                          : err_no_memory(err);
}

static void on_transfer_done(const struct err *why, void *user)
{
    struct agent_transfer *transfer = user;

    if (why)
        log_err(LOG_WARN, "drivers", "files of the host", why);
    if (transfer->agent->transfer == transfer)
        transfer->agent->transfer = NULL;
    transfer_free(transfer);
}

/* The offer, when the job has looked what is there. */
static void put_bulk_after(struct agent_task *task)
{
    struct agent_transfer *transfer = task->more;
    struct agent *agent = task->agent;
    const struct bulk_transfer wanted = {.folder = transfer->folder,
                                         .shared = true,
                                         .files = &transfer->files,
                                         .have = transfer->have,
                                         .on_done = on_transfer_done,
                                         .user = transfer};
    struct bulk_offer offer;

    if (agent->transfer) {
        err_set(&task->err, ERR_BUSY, TEXT_BULK_TOO_MANY, NULL);
        return;
    }
    if (!bulk_store_offer(agent->bulk, &wanted, &offer, &task->err))
        return;
    task->result = bulk_offer_to_json(&offer);
    if (!task->result || !buf_put(&task->body, offer.key, sizeof offer.key))
        err_no_memory(&task->err);
    if (!bulk_offer_is_complete(&offer)) {
        memcpy(transfer->id, offer.transfer, sizeof transfer->id);
        agent->transfer = transfer;
        task->more = NULL; /* on_transfer_done frees it */
    }
    bulk_offer_done(&offer);
}

static bool put_work(struct agent_task *task, struct err *err)
{
    const struct request *request = task->request;
    size_t length;
    const uint8_t *body = request_body(request, &length);
    uint64_t next = 0;

    if (!staged_write(task->agent->staged,
                      agent_text(request, "package"),
                      agent_text(request, "path"),
                      (uint64_t)agent_number(request, "size_bytes", 0),
                      (uint64_t)agent_number(request, "offset", 0),
                      body,
                      length,
                      &next,
                      err))
        return false;
    task->result = cJSON_CreateObject();
    return (task->result && json_add_int(task->result, "next", (int64_t)next)) ||
           err_no_memory(err);
}

/* Fails while files still come: whoever began that may be gone, which its end shows. */
static bool is_free(struct agent *agent, struct request *request, bool cancel)
{
    struct err err = ERR_INIT;

    if (agent->transfer && cancel)
        bulk_store_cancel(agent->bulk, agent->transfer->id);
    if (!agent->transfer)
        return true;
    err_set(&err, ERR_BUSY, TEXT_BULK_TOO_MANY, NULL);
    request_fail(request, &err);
    return false;
}

static void put_bulk(struct agent *agent, struct request *request)
{
    struct agent_transfer *transfer = calloc(1, sizeof *transfer);
    struct agent_task *task = agent_task_new(agent, request, put_bulk_work);

    if (!task) {
        free(transfer);
        return;
    }
    if (!transfer) {
        agent_task_fail(task, NULL);
        return;
    }
    transfer->agent = agent;
    manifest_init(&transfer->files, MANIFEST_XXH3);
    task->more = transfer;
    task->free_more = transfer_free;
    task->after = put_bulk_after;
    agent_task_run(task);
}

void agent_on_drivers_put(struct request *request, void *user)
{
    struct agent_task *task;

    if (!is_free(user, request, true))
        return;
    if (agent_flag(request, "bulk")) {
        put_bulk(user, request);
        return;
    }
    task = agent_task_new(user, request, put_work);
    if (task)
        agent_task_run(task);
}

/* ---- complete ---- */

void agent_driver_moment(struct agent *agent,
                         const struct profile *profile,
                         struct staged_moment *ret_moment)
{
    struct engine_moment moment;

    engine_moment(agent->engine, profile, &moment);
    *ret_moment = (struct staged_moment){.known = moment.known,
                                         .in_use = moment.in_use,
                                         .gpu_broken = moment.gpu_broken,
                                         .gpu_good = moment.gpu_good};
    text_copy(ret_moment->boot_id, sizeof ret_moment->boot_id, agent->boot_id);
}

/* Takes one piece of the list of the whole package; *ret_whole: it was the last. */
static bool take_list(struct agent_task *task, bool *ret_whole, struct err *err)
{
    struct buf *list = &task->agent->driver_commit;
    uint64_t offset = (uint64_t)agent_number(task->request, "offset", 0);
    size_t length;
    const uint8_t *body = request_body(task->request, &length);
    uint64_t size = (uint64_t)agent_number(task->request, "size_bytes", (int64_t)length);

    if (offset == 0)
        buf_clear(list);
    if (offset != list->len || size > STAGED_LIST_BYTES || length > size - offset)
        return err_set(err, ERR_CONFLICT, TEXT_DRIVER_PAGES, NULL);
    if (!buf_put(list, body, length))
        return err_no_memory(err);
    *ret_whole = list->len == size;
    return true;
}

static bool parse_when(const struct agent_task *task, enum profile_when *ret_when, struct err *err)
{
    static const char *const names[] = {
        [PROFILE_WHEN_IDLE] = "idle", [PROFILE_WHEN_BOOT] = "boot", [PROFILE_WHEN_NOW] = "now"};
    const char *name = agent_text(task->request, "when");

    *ret_when = task->profile.drivers.when;
    for (int i = 0; *name && i < 3; i++)
        if (!strcmp(names[i], name)) {
            *ret_when = (enum profile_when)i;
            return true;
        }
    return !*name ||
           err_set(err, ERR_BAD_INPUT, TEXT_JSON_CHOICE, "when", name, "idle, boot, now", NULL);
}

static bool commit_whole(struct agent_task *task, enum staged_state *ret_state, struct err *err)
{
    struct agent *agent = task->agent;
    enum profile_when when = PROFILE_WHEN_IDLE;
    struct staged_moment moment;
    struct manifest files;
    bool ok, last = false;

    manifest_init(&files, MANIFEST_XXH3);
    agent_driver_moment(agent, &task->profile, &moment);
    ok = parse_when(task, &when, err) &&
         manifest_read_page(
             &files, agent->driver_commit.data, agent->driver_commit.len, &last, err) &&
         (last || err_set(err, ERR_BAD_INPUT, TEXT_DRIVER_PAGES, NULL)) &&
         staged_commit(agent->staged,
                       agent_text(task->request, "package"),
                       agent_text(task->request, "version"),
                       when,
                       &files,
                       &moment,
                       ret_state,
                       err);
    manifest_done(&files);
    buf_done(&agent->driver_commit);
    return ok;
}

static bool commit_work(struct agent_task *task, struct err *err)
{
    enum staged_state state = STAGED_NONE;
    const char *name = "more";
    bool whole = false;

    if (!take_list(task, &whole, err))
        return false;
    if (whole) {
        if (!commit_whole(task, &state, err))
            return false;
        name = state_names[state];
    }
    task->flag = whole;
    task->result = cJSON_CreateObject();
    return (task->result && cJSON_AddStringToObject(task->result, "state", name)) ||
           err_no_memory(err);
}

static void commit_after(struct agent_task *task)
{
    if (task->flag)
        agent_want_pass(task->agent); /* the adapter may start now */
}

void agent_on_drivers_commit(struct request *request, void *user)
{
    struct agent *agent = user;
    struct agent_task *task;

    if (!is_free(agent, request, false))
        return;
    task = agent_task_new(agent, request, commit_work);
    if (!task)
        return;
    task->profile = agent->profile;
    task->after = commit_after;
    agent_task_run(task);
}

static bool abort_work(struct agent_task *task, struct err *err)
{
    return staged_abort(task->agent->staged, agent_text(task->request, "package"), err);
}

void agent_on_drivers_abort(struct request *request, void *user)
{
    struct agent_task *task;

    if (!is_free(user, request, true))
        return;
    task = agent_task_new(user, request, abort_work);
    if (task)
        agent_task_run(task);
}
