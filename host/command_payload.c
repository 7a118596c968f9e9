/* payload: the cache of installers that guests need (flow F3). */
#include "host/fetch.h"
#include "host/sources.h"
#include "common/ui/table.h"

#include <stdlib.h>
#include <string.h>

static const struct option options[] = {
    {"proxy", 0, OPTION_TEXT, "ADDRESS:PORT", TEXT_SETUP_HELP_PROXY, 0, 0},
    {"accept-licenses", 0, OPTION_FLAG, NULL, TEXT_HELP_OPTION_ACCEPT_LICENSES, 0, 0},
    {"again", 0, OPTION_FLAG, NULL, TEXT_SETUP_HELP_AGAIN, 0, 0},
    {0},
};

static bool list_json(struct call *call,
                      struct payloads *payloads,
                      const struct sources *sources,
                      struct err *err)
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
             cJSON_AddStringToObject(row, "source", sources->rows[i].urls[0]) &&
             cJSON_AddStringToObject(row, "licence", sources->rows[i].licence);
    }
    if (!ok) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

static bool list_table(struct call *call,
                       struct payloads *payloads,
                       const struct sources *sources,
                       struct err *err)
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
        table_cell(table, TONE_DIM, sources->rows[i].urls[0]);
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

/* The rows that the words name; no word means all. */
static bool choose(struct call *call, bool wanted[PAYLOADS_COUNT], struct err *err)
{
    const char *names[PAYLOADS_COUNT], *nearest;

    for (size_t i = 0; i < PAYLOADS_COUNT; i++) {
        names[i] = payload_rows[i].name;
        wanted[i] = !call->word_count;
    }
    for (size_t w = 0; w < call->word_count; w++) {
        bool found = false;

        for (size_t i = 0; i < PAYLOADS_COUNT; i++)
            if (!strcmp(names[i], call->words[w]))
                wanted[i] = found = true;
        if (found)
            continue;
        nearest = options_nearest(call->words[w], names, PAYLOADS_COUNT);
        err_set(err,
                ERR_USAGE,
                TEXT_SETUP_FETCH_UNKNOWN,
                call->words[w],
                nearest ? nearest : names[0],
                NULL);
        return false;
    }
    return true;
}

static bool fetch(struct call *call, struct err *err)
{
    struct fetch_request request = {.again = call_flag(call, "again"),
                                    .accepted = call_flag(call, "accept-licenses"),
                                    .proxy = call_text(call, "proxy")};

    return choose(call, request.wanted, err) && fetch_wanted(call, &request, err);
}

static bool list(struct call *call, struct payloads *payloads, struct err *err)
{
    struct sources *sources = calloc(1, sizeof *sources);
    bool ok = (sources || err_no_memory(err)) && sources_load(call->state, sources, err) &&
              (call->ui.json ? list_json(call, payloads, sources, err)
                             : list_table(call, payloads, sources, err));

    free(sources);
    return ok;
}

static bool payload_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct payloads *payloads = NULL;
    bool ok = payloads_open(call->state, &payloads, err);

    *ret_code = CODE_OK;
    if (ok && !strcmp(call->verb->name, "add"))
        ok = add(call, payloads, err);
    else if (ok && !strcmp(call->verb->name, "fetch"))
        ok = fetch(call, err);
    ok = ok && list(call, payloads, err);
    payloads_free(payloads);
    return ok;
}

static const struct command_verb verbs[] = {
    {"list", "", TEXT_HELP_PAYLOAD_LIST, 0},
    {"add", "FILE-OR-FOLDER...", TEXT_HELP_PAYLOAD_ADD, 0},
    {"fetch", "[NAME...]", TEXT_SETUP_HELP_PAYLOAD_FETCH, 0},
    {0},
};

const struct command command_payload = {
    .name = "payload",
    .summary = TEXT_HELP_PAYLOAD,
    .args = "list|add|fetch [WORD...]",
    .options = options,
    .verbs = verbs,
    .flags = COMMAND_NEEDS_ADMIN,
    .most_words = 100,
    .exec = payload_exec,
};
