/* host: the changes that gpupv made to this computer, and taking them back (flow F17). */
#include "host/command.h"
#include "host/ledger.h"
#include "common/ui/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct option options[] = {
    {"force", 0, OPTION_FLAG, NULL, TEXT_SETUP_HELP_REVERT_FORCE, 0, 0},
    {0},
};

/* "2026-11-27 14:30" in UTC. */
static const char *time_text(int64_t time_ms, char out[32])
{
    time_t seconds = (time_t)(time_ms / 1000);
    const struct tm *utc = gmtime(&seconds);

    if (!utc || !strftime(out, 32, "%Y-%m-%d %H:%M", utc))
        *out = 0;
    return out;
}

static bool show_json(struct call *call, const struct ledger *ledger, bool reboot, struct err *err)
{
    cJSON *document = ui_document_new("host-changes");
    cJSON *list = cJSON_AddArrayToObject(document, "changes");
    bool ok = list && cJSON_AddBoolToObject(document, "restart_needed", reboot);

    for (size_t i = 0; ok && i < ledger_count(ledger); i++) {
        const struct ledger_entry *entry = ledger_at(ledger, i);
        cJSON *row = cJSON_CreateObject();

        ok = cJSON_AddItemToArray(list, row) && json_add_int(row, "number", entry->number) &&
             json_add_int(row, "time_ms", entry->time_ms) &&
             cJSON_AddStringToObject(row, "setting", entry->setting) &&
             cJSON_AddStringToObject(row, "before", entry->before) &&
             cJSON_AddStringToObject(row, "after", entry->after) &&
             cJSON_AddStringToObject(row, "state", ledger_state_name(entry->state));
    }
    if (!ok) {
        cJSON_Delete(document);
        return err_no_memory(err);
    }
    return ui_document(&call->ui, document, err);
}

static bool show(struct call *call, const struct ledger *ledger, bool reboot, struct err *err)
{
    static const struct table_column columns[] = {
        {.title = TEXT_SETUP_COLUMN_NUMBER, .right = true},
        {.title = TEXT_SETUP_COLUMN_SETTING, .least = 16},
        {.title = TEXT_SETUP_COLUMN_BEFORE},
        {.title = TEXT_SETUP_COLUMN_AFTER},
        {.title = TEXT_SETUP_COLUMN_WHEN},
        {.title = TEXT_HOST_COLUMN_STATUS},
    };
    struct table *table;
    char text[32];

    if (call->ui.json)
        return show_json(call, ledger, reboot, err);
    if (reboot)
        ui_say(&call->ui, TONE_WARN, TEXT_SETUP_RESTART_NEEDED, NULL);
    if (!ledger_count(ledger)) {
        ui_say(&call->ui, TONE_PLAIN, TEXT_SETUP_LEDGER_EMPTY, NULL);
        return true;
    }
    table = table_new(columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < ledger_count(ledger); i++) {
        const struct ledger_entry *entry = ledger_at(ledger, i);
        bool done = entry->state == LEDGER_DONE;

        snprintf(text, sizeof text, "%u", (unsigned)entry->number);
        table_cell(table, TONE_PLAIN, text);
        table_cell(table, TONE_PLAIN, entry->setting);
        table_cell(table, TONE_PLAIN, entry->before);
        table_cell(table, TONE_PLAIN, entry->after);
        table_cell(table, TONE_DIM, time_text(entry->time_ms, text));
        table_text(table,
                   &call->ui,
                   done ? TONE_PLAIN : TONE_WARN,
                   done ? TEXT_SETUP_LEDGER_DONE : TEXT_SETUP_LEDGER_BROKEN_OFF);
    }
    table_print(table, &call->ui);
    table_free(table);
    return true;
}

static bool read_number(const char *word, uint32_t *ret_number, struct err *err)
{
    char *end;
    unsigned long number = strtoul(word, &end, 10);

    if (end == word || *end || word[0] == '-' || number > UINT32_MAX)
        return err_set(err, ERR_USAGE, TEXT_SETUP_LEDGER_NONE, word, NULL);
    *ret_number = (uint32_t)number;
    return true;
}

static bool confirm(struct call *call, struct err *err)
{
    if (ui_confirm(&call->ui, TEXT_SETUP_ASK_REVERT, NULL))
        return true;
    err_set(err, ERR_CANCELLED, TEXT_HOST_NOT_CONFIRMED, NULL);
    return err_hint(err, TEXT_HOST_NOT_CONFIRMED_HINT);
}

/* The named entries, or all of them from the newest on. */
static bool revert(struct call *call, struct ledger *ledger, bool *ret_reboot, struct err *err)
{
    struct computer *computer = NULL;
    bool force = call_flag(call, "force");
    uint32_t number = 0;
    bool ok;

    for (size_t i = 0; i < call->word_count; i++)
        if (!read_number(call->words[i], &number, err))
            return false;
    if (!ledger_count(ledger) && !call->word_count)
        return true;
    ok =
        confirm(call, err) && (call->simulated ? computer_open_sim(call->state, &computer, err)
                                               : computer_open_system(call->state, &computer, err));
    for (size_t i = 0; ok && i < call->word_count; i++)
        ok = read_number(call->words[i], &number, err) &&
             ledger_revert(ledger, computer, number, force, ret_reboot, err);
    while (ok && !call->word_count && ledger_count(ledger)) {
        number = ledger_at(ledger, ledger_count(ledger) - 1)->number;
        ok = ledger_revert(ledger, computer, number, force, ret_reboot, err);
    }
    computer_free(computer);
    return ok;
}

static bool host_exec(struct call *call, enum exit_code *ret_code, struct err *err)
{
    struct ledger *ledger = NULL;
    bool reboot = false, ok;

    ok = ledger_open(call->state, &ledger, err);
    if (ok && !strcmp(call->verb->name, "revert"))
        ok = revert(call, ledger, &reboot, err);
    ok = ok && show(call, ledger, reboot, err);
    ledger_free(ledger);
    if (ok)
        *ret_code = reboot ? CODE_REBOOT : CODE_OK;
    return ok;
}

static const struct command_verb verbs[] = {
    {"changes", "", TEXT_SETUP_HELP_CHANGES, 0},
    {"revert", "[NUMBER...]", TEXT_SETUP_HELP_REVERT, 0},
    {0},
};

const struct command command_host = {
    .name = "host",
    .summary = TEXT_SETUP_HELP_HOST,
    .args = "changes|revert [NUMBER...]",
    .options = options,
    .verbs = verbs,
    .flags = COMMAND_NEEDS_ADMIN,
    .most_words = LEDGER_MOST,
    .exec = host_exec,
};
