/* drivers: the GPU driver of VMs, compared with the host's and brought over. */
#include "host/drivers.h"

#include "common/ui/table.h"
#include "host/boot.h"

#include <stdlib.h>
#include <string.h>

#define SETTLE_S    180
#define SHOWN_FILES 40

static const struct option drivers_options[] = {
    {"full", 0, OPTION_FLAG, NULL, TEXT_DRIVER_HELP_FULL, 0, 0},
    {"when", 0, OPTION_TEXT, "idle|boot|now", TEXT_DRIVER_HELP_WHEN, 0, 0},
    {"now", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_NOW, 0, 0},
    {0},
};

static bool is_sync(const struct call *call)
{
    return call->verb && !strcmp(call->verb->name, "sync");
}

/* ---- what came of it ---- */

/* State of a package in a guest, for people. */
static enum text_id state_text(const struct sync_result *result, const char *version)
{
    if (sync_is_complete(result))
        return result->state == SYNC_DONE ? TEXT_DRIVER_IS_CURRENT : TEXT_DRIVER_IS_WAITING;
    if (!*result->guest)
        return TEXT_DRIVER_IS_MISSING;
    return strcmp(result->guest, version) != 0 ? TEXT_DRIVER_IS_OLD : TEXT_DRIVER_IS_PARTIAL;
}

static cJSON *result_json(const struct driver_package *package, const struct sync_result *result)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "package", package->name);
    cJSON_AddStringToObject(json, "driver_host", package->adapter.version);
    cJSON_AddStringToObject(json, "driver_guest", result->guest);
    cJSON_AddStringToObject(json, "state", sync_state_name(result->state));
    cJSON_AddBoolToObject(json, "complete", sync_is_complete(result));
    json_add_int(json, "files", (int64_t)result->files);
    json_add_int(json, "size_bytes", (int64_t)result->bytes);
    json_add_int(json, "strange_files", (int64_t)result->strange);
    json_add_int(json, "commit_ms", result->flush_ms);
    return json;
}

/* The files that would be sent, the first of them. */
static void show_files(struct call *call, const struct sync_result *result)
{
    static const struct table_column columns[] = {
        {.title = TEXT_DRIVER_COLUMN_FILE, .least = 24},
        {.title = TEXT_DRIVER_COLUMN_SIZE, .right = true},
    };
    struct table *table;
    char size[32];

    if (!result->lacking.count)
        return;
    table = table_new(columns, 2);
    for (size_t i = 0; i < result->lacking.count && i < SHOWN_FILES; i++) {
        const struct manifest_entry *entry = &result->lacking.entries[i];

        table_cell(table, TONE_PLAIN, manifest_path(&result->lacking, entry));
        table_cell(table, TONE_PLAIN, ui_size_text(size, sizeof size, entry->size_bytes));
    }
    table_print(table, &call->ui);
    table_free(table);
}

static void say(struct call *call,
                const struct driver_package *package,
                const struct sync_result *result,
                bool off,
                struct outcome *outcome)
{
    static const enum text_id texts[SYNC_STATES] = {
        [SYNC_NONE] = TEXT_DRIVER_SYNCED_WAITS,
        [SYNC_DONE] = TEXT_DRIVER_SYNCED,
        [SYNC_WAITING] = TEXT_DRIVER_SYNCED_WAITS,
        [SYNC_REBOOT] = TEXT_DRIVER_SYNCED_REBOOT,
    };
    enum exit_code code = result->state == SYNC_REBOOT ? CODE_REBOOT : CODE_OK;
    enum text_id text = texts[result->state];
    char size[32];

    if (call_flag(call, "dry-run"))
        text = TEXT_DRIVER_WOULD_SEND;
    else if (off)
        text = TEXT_DRIVER_SYNCED_OFF;
    if (!result->files && !result->strange && result->state == SYNC_DONE)
        text = TEXT_DRIVER_UP_TO_DATE;
    outcome_done(outcome,
                 &call->ui,
                 code,
                 text,
                 package->adapter.version,
                 TEXT_NUM((int64_t)result->files),
                 ui_size_text(size, sizeof size, result->bytes),
                 NULL);
    outcome->json = result_json(package, result);
    cJSON_AddBoolToObject(outcome->json, "offline", off);
}

/* ---- sync ---- */

static void on_bytes(uint64_t sent, uint64_t total, void *user)
{
    char a[32], b[32];

    progress_step(user,
                  total ? (unsigned)(sent * PROGRESS_FULL / total) : 0,
                  TEXT_DRIVER_STEP_SEND,
                  ui_size_text(a, sizeof a, sent),
                  ui_size_text(b, sizeof b, total),
                  NULL);
}

/* Nobody is cut off by a restart that the driver needs: only a GPU that does not work anyway, with
 * no client connected, is given one. */
static bool needs_cycle(const struct health *health)
{
    const struct health_check *status = &health->checks[CHECK_GPU_STATUS];

    return (status->status == STATUS_BAD || status->status == STATUS_GIVEN_UP) &&
           health->stream.clients == 0;
}

/* The guest's engine starts the adapter anew, restarts Windows if that does not help; what is left
 * is to cut the VM's power and put it back. */
static bool
settle(struct call *call, struct target *target, struct progress *progress, struct err *err)
{
    struct boot_stage stage = {call, progress, PROGRESS_FULL, PROGRESS_FULL};
    struct health *health = calloc(1, sizeof *health);
    bool ok;

    if (!health)
        return err_no_memory(err);
    progress_step(progress, PROGRESS_FULL, TEXT_DRIVER_STEP_SETTLE, NULL);
    ok = boot_settle(call, target, &stage, SETTLE_S * 1000, health, err);
    if (ok && needs_cycle(health) && target->vm.gpu_attached)
        ok = boot_stop(call, target, false, BOOT_SHUTDOWN_MS, err) &&
             boot_start(call, target, &stage, NULL, err) &&
             boot_settle(call, target, &stage, SETTLE_S * 1000, health, err);
    free(health);
    return ok;
}

static bool sync_running(struct call *call,
                         struct target *target,
                         const struct driver_package *package,
                         bool alone,
                         struct sync_result *result,
                         struct err *err)
{
    bool dry_run = call_flag(call, "dry-run");
    struct progress progress;
    struct sync_options options = {.full = call_flag(call, "full"),
                                   .when = call_flag(call, "now") ? "now" : call_text(call, "when"),
                                   .on_progress = on_bytes,
                                   .user = &progress};
    bool ok;

    progress_begin(&progress, &call->ui, target->name, alone);
    progress_step(&progress, 0, TEXT_DRIVER_STEP_COMPARE, NULL);
    ok = drivers_live(call, target, package, &options, dry_run, result, err);
    if (ok && !dry_run && result->state == SYNC_DONE && (result->files || result->strange) &&
        !settle(call, target, &progress, err)) {
        sync_done(result);
        ok = false;
    }
    progress_end(&progress);
    return ok;
}

static void sync_one(struct call *call,
                     struct target *target,
                     const struct driver_package *package,
                     struct outcome *outcome)
{
    bool off = target->vm.state == VM_OFF, dry_run = call_flag(call, "dry-run");
    struct sync_result result;
    struct err err = ERR_INIT;

    if (!(off ? drivers_offline(call, target, package, dry_run, &result, &err)
              : sync_running(call, target, package, outcome->alone, &result, &err))) {
        if (off && err.hint == TEXT_NONE)
            err_hint(&err, TEXT_HOST_START_HINT);
        outcome_failed(outcome, &err);
        return;
    }
    if (outcome->alone && dry_run && !call->ui.json)
        show_files(call, &result);
    say(call, package, &result, off, outcome);
    sync_done(&result);
}

static void drivers_each(struct call *call, struct target *target, struct outcome *outcome)
{
    const struct driver_package *package = NULL;
    struct err err = ERR_INIT;

    if (!target_managed(target, &err) || !boot_present(target, &err)) {
        outcome_failed(outcome, &err);
        return;
    }
    if (!*target->record.gpu) {
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_DRIVER_NO_GPU, target->name, NULL);
        return;
    }
    if (!drivers_package(call, target->record.gpu, &package, &err))
        outcome_failed(outcome, &err);
    else
        sync_one(call, target, package, outcome);
}

/* ---- status ---- */

struct row {
    const struct driver_package *package;
    struct sync_result result;
    enum text_id state;
    struct err why;
    bool compared;
};

static void look(struct call *call, struct target *target, struct row *row)
{
    const struct sync_options options = {.full = call_flag(call, "full")};
    const char *noted = target->record.driver_version;

    row->state = TEXT_DRIVER_IS_UNKNOWN;
    if (!*target->record.gpu) {
        row->state = TEXT_DRIVER_WITHOUT_GPU;
        return;
    }
    if (!drivers_package(call, target->record.gpu, &row->package, &row->why))
        return;
    if (target->exists && target->vm.state == VM_RUNNING) {
        row->compared =
            drivers_live(call, target, row->package, &options, true, &row->result, &row->why);
        if (row->compared)
            row->state = state_text(&row->result, row->package->adapter.version);
        return;
    }
    text_copy(row->result.guest, sizeof row->result.guest, noted);
    if (!*noted)
        err_set(&row->why, ERR_NOT_FOUND, TEXT_DRIVER_NOT_NOTED, target->name, NULL);
    else
        row->state =
            drivers_is_noted(target, row->package) ? TEXT_DRIVER_IS_CURRENT : TEXT_DRIVER_IS_OLD;
}

static bool is_fine(const struct row *row)
{
    return row->state == TEXT_DRIVER_IS_CURRENT || row->state == TEXT_DRIVER_WITHOUT_GPU;
}

static void
show_rows(struct call *call, const struct target *targets, const struct row *rows, size_t count)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_VM, .least = 8},
        {.title = TEXT_DRIVER_COLUMN_HOST},
        {.title = TEXT_DRIVER_COLUMN_GUEST},
        {.title = TEXT_DRIVER_COLUMN_STATE, .least = 12},
        {.title = TEXT_HOST_COLUMN_DETAIL, .least = 16, .wrap = true},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    char text[UI_TEXT_BYTES];

    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];

        table_cell(table, TONE_PLAIN, targets[i].name);
        table_cell(table, TONE_PLAIN, row->package ? row->package->adapter.version : "");
        table_cell(table, TONE_PLAIN, row->result.guest);
        table_text(table, &call->ui, is_fine(row) ? TONE_GOOD : TONE_WARN, row->state);
        table_cell(table, TONE_PLAIN, err_message(&row->why, call->ui.lang, text, sizeof text));
    }
    table_print(table, &call->ui);
    table_free(table);
}

static bool rows_json(struct call *call,
                      const struct target *targets,
                      const struct row *rows,
                      size_t count,
                      struct err *err)
{
    cJSON *document = ui_document_new("drivers");
    cJSON *list = cJSON_AddArrayToObject(document, "vms");

    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        cJSON *item =
            row->compared ? result_json(row->package, &row->result) : cJSON_CreateObject();

        cJSON_AddStringToObject(item, "name", targets[i].name);
        cJSON_AddStringToObject(item, "id", targets[i].id);
        cJSON_AddStringToObject(item, "summary", text_raw(row->state, TEXT_EN));
        if (!row->compared) {
            cJSON_AddStringToObject(
                item, "driver_host", row->package ? row->package->adapter.version : "");
            cJSON_AddStringToObject(item, "driver_guest", row->result.guest);
        }
        if (err_is_set(&row->why))
            cJSON_AddItemToObject(item, "why", ui_error_json(&call->ui, &row->why));
        cJSON_AddItemToArray(list, item);
    }
    return ui_document(&call->ui, document, err);
}

static bool status_all(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct target *targets = NULL;
    struct row *rows = NULL;
    size_t count = 0;
    bool ok = targets_of(call, false, true, &targets, &count, err);

    rows = ok ? calloc(count + 1, sizeof *rows) : NULL;
    ok = ok && (rows || err_no_memory(err));
    *ret_code = CODE_OK;
    for (size_t i = 0; ok && i < count; i++) {
        if (targets[i].managed && !targets[i].broken)
            look(call, &targets[i], &rows[i]);
        else
            rows[i].state = TEXT_DRIVER_IS_UNKNOWN;
        if (!is_fine(&rows[i]))
            *ret_code = CODE_DEGRADED;
    }
    if (ok && call->ui.json)
        ok = rows_json(call, targets, rows, count, err);
    else if (ok)
        show_rows(call, targets, rows, count);
    for (size_t i = 0; rows && i < count; i++)
        if (rows[i].compared)
            sync_done(&rows[i].result);
    free(rows);
    free(targets);
    return ok;
}

static bool drivers_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    const char *when = call_text(call, "when");

    if (when && !text_is_listed("idle|boot|now", when))
        return err_set(err, ERR_USAGE, TEXT_JSON_CHOICE, "--when", when, "idle, boot, now", NULL);
    return is_sync(call) ? many_run(call, ret_code, err) : status_all(call, ret_code, err);
}

static const struct command_verb verbs[] = {
    {"status", "[NAME...]", TEXT_DRIVER_HELP_STATUS, COMMAND_READ_ONLY},
    {"sync", "NAME...", TEXT_DRIVER_HELP_SYNC, 0},
    {0},
};

const struct command command_drivers = {
    .name = "drivers",
    .summary = TEXT_DRIVER_HELP,
    .args = "status|sync [NAME...]",
    .options = drivers_options,
    .verbs = verbs,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_HYPERVISOR | COMMAND_MANY_VMS | COMMAND_DRY_RUN,
    .exec = drivers_exec,
    .each = drivers_each,
};
