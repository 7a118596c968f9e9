/* payload: the cache of installers that guests need (flow F3). */
#include "host/guest/payloads.h"
#include "host/command.h"
#include "common/ui/table.h"

#include <string.h>

static bool list_json(struct call *call, struct payloads *payloads, struct err *err)
{
    cJSON *document = ui_document_new("payloads");
    cJSON *list = cJSON_AddArrayToObject(document, "payloads");
    bool ok = list != NULL;

    for (size_t i = 0; ok && i < PAYLOADS_COUNT; i++) {
        const struct payload_row *about = &payload_rows[i];
        cJSON *row = cJSON_CreateObject();
        struct payload_item item;

        if (!payloads_find(payloads, i, &item, err)) {
            cJSON_Delete(row);
            cJSON_Delete(document);
            return false;
        }
        ok = cJSON_AddItemToArray(list, row) && cJSON_AddStringToObject(row, "name", about->name) &&
             cJSON_AddBoolToObject(row, "present", item.present) &&
             cJSON_AddStringToObject(row, "version", item.version) &&
             cJSON_AddStringToObject(row, "publisher", item.publisher) &&
             cJSON_AddStringToObject(row, "sha256", item.sha256) &&
             json_add_int(row, "size_bytes", (int64_t)item.size_bytes) &&
             cJSON_AddStringToObject(row, "source", about->source) &&
             cJSON_AddStringToObject(row, "licence", about->licence);
    }
    if (!ok) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

static bool list_table(struct call *call, struct payloads *payloads, struct err *err)
{
    static const struct table_column columns[] = {
        {.title = TEXT_HOST_COLUMN_PAYLOAD, .least = 12},
        {.title = TEXT_HOST_COLUMN_VERSION},
        {.title = TEXT_HOST_COLUMN_SIZE, .right = true},
        {.title = TEXT_HOST_COLUMN_PUBLISHER, .least = 12},
        {.title = TEXT_HOST_COLUMN_SOURCE, .least = 20},
    };
    struct table *table = table_new(columns, sizeof columns / sizeof *columns);
    struct payload_item item;
    bool ok = true;
    char size[32];

    for (size_t i = 0; ok && i < PAYLOADS_COUNT; i++) {
        ok = payloads_find(payloads, i, &item, err);
        if (!ok)
            break;
        table_text(table, &call->ui, TONE_PLAIN, payload_rows[i].title);
        table_cell(table,
                   item.present ? TONE_GOOD : TONE_WARN,
                   item.present ? item.version
                                : text_raw(TEXT_HOST_PAYLOAD_MISSING, call->ui.lang));
        table_cell(table,
                   TONE_PLAIN,
                   item.present ? ui_size_text(size, sizeof size, item.size_bytes) : "");
        table_cell(table, TONE_PLAIN, item.publisher);
        table_cell(table, TONE_DIM, payload_rows[i].source);
    }
    if (ok)
        table_print(table, &call->ui);
    table_free(table);
    return ok;
}

struct folder {
    struct call *call;
    struct payloads *payloads;
    const char *path;
    size_t taken;
    bool failed;
    struct err *err;
};

static bool take(struct folder *folder, const char *path)
{
    struct call *call = folder->call;
    size_t row = 0;

    if (!payloads_add(folder->payloads, path, call->simulated, &row, folder->err)) {
        folder->failed = true;
        return false;
    }
    folder->taken++;
    ui_say(&call->ui,
           TONE_GOOD,
           TEXT_HOST_PAYLOAD_TAKEN,
           text_raw(payload_rows[row].title, call->ui.lang),
           path,
           NULL);
    return true;
}

/* Takes the files of a folder that look like payloads; the others are nobody's business. */
static bool take_entry(const char *name, enum fs_kind kind, void *user)
{
    struct folder *folder = user;
    char path[FS_PATH_BYTES];

    if (kind != FS_FILE || !payloads_is_payload(name) || !fs_join(path, folder->path, name, NULL))
        return true;
    return take(folder, path);
}

static bool add(struct call *call, struct payloads *payloads, struct err *err)
{
    struct folder folder = {.call = call, .payloads = payloads, .err = err};

    if (!call->word_count) {
        err_set(err, ERR_USAGE, TEXT_HOST_WORDS_MISSING, "payload", "add FILE-OR-FOLDER...", NULL);
        return err_hint(err, TEXT_HOST_SEE_COMMAND_HELP);
    }
    for (size_t i = 0; i < call->word_count; i++) {
        struct fs_stat stat;

        folder.path = call->words[i];
        if (!fs_stat(call->words[i], &stat, err))
            return false;
        if (stat.kind == FS_MISSING)
            return err_set(err, ERR_NOT_FOUND, TEXT_FILE_OPEN, call->words[i], NULL);
        if (stat.kind != FS_FOLDER) {
            if (!take(&folder, call->words[i]))
                return false;
            continue;
        }
        folder.taken = 0;
        if (!fs_list(call->words[i], take_entry, &folder, err) || folder.failed)
            return false;
        if (!folder.taken)
            return err_set(err, ERR_NOT_FOUND, TEXT_HOST_PAYLOAD_NONE_IN, call->words[i], NULL);
    }
    return true;
}

static bool payload_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct payloads *payloads = NULL;
    bool ok = payloads_open(call->state, &payloads, err);

    *ret_code = CODE_OK;
    if (ok && !strcmp(call->verb->name, "add"))
        ok = add(call, payloads, err);
    if (ok)
        ok = call->ui.json ? list_json(call, payloads, err) : list_table(call, payloads, err);
    payloads_free(payloads);
    return ok;
}

static const struct command_verb verbs[] = {
    {"list", "", TEXT_HELP_PAYLOAD_LIST, 0},
    {"add", "FILE-OR-FOLDER...", TEXT_HELP_PAYLOAD_ADD, 0},
    {0},
};

const struct command command_payload = {
    .name = "payload",
    .summary = TEXT_HELP_PAYLOAD,
    .args = "list|add [FILE-OR-FOLDER...]",
    .verbs = verbs,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_HYPERVISOR,
    .most_words = 100,
    .exec = payload_exec,
};
