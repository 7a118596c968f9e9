/* The ledger of host-wide changes. */
#include "host/ledger.h"

#include "common/clock.h"
#include "common/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME    "ledger.json"
#define LOCK_NAME    "ledger.lock"
#define FILE_VERSION 1
#define FILE_BYTES   65536
#define LOCK_WAIT_MS 2000

static const char *const state_names[] = {"begun", "done", "reverting", NULL};

struct ledger {
    char path[FS_PATH_BYTES];
    struct fs_lock *lock;
    uint32_t next;
    size_t count;
    struct ledger_entry entries[LEDGER_MOST];
};

const char *ledger_state_name(enum ledger_state state)
{
    return state_names[state];
}

/* ---- the file ---- */

static bool read_entry(const cJSON *json, struct ledger_entry *entry, struct err *err)
{
    int64_t number = 0, time_ms = 0;
    int state = LEDGER_DONE;

    if (!json_int(json, "number", 1, UINT32_MAX, &number, err) ||
        !json_int(json, "time_ms", 0, JSON_INT_MAX, &time_ms, err) ||
        !json_string_into(json, "setting", NULL, entry->setting, sizeof entry->setting, err) ||
        !json_string_into(json, "before", NULL, entry->before, sizeof entry->before, err) ||
        !json_string_into(json, "after", NULL, entry->after, sizeof entry->after, err) ||
        !json_choice(json, "state", state_names, LEDGER_STATES, &state, err))
        return false;
    entry->number = (uint32_t)number;
    entry->time_ms = time_ms;
    entry->state = (enum ledger_state)state;
    return true;
}

static bool read_entries(struct ledger *ledger, const cJSON *json, struct err *err)
{
    int64_t version = 0, next = 1;
    const cJSON *list, *item;

    if (!json_int(json, "version", FILE_VERSION, FILE_VERSION, &version, err) ||
        !json_int(json, "next", 1, UINT32_MAX, &next, err) ||
        !json_array(json, "changes", &list, err))
        return false;
    ledger->next = (uint32_t)next;
    cJSON_ArrayForEach(item, list)
    {
        if (ledger->count == LEDGER_MOST)
            return err_set(err, ERR_TOO_LARGE, TEXT_JSON_TOO_MANY, TEXT_NUM(LEDGER_MOST), NULL);
        if (!read_entry(item, &ledger->entries[ledger->count], err))
            return json_in_item("changes", ledger->count, err);
        ledger->count++;
    }
    return true;
}

static bool load(struct ledger *ledger, struct err *err)
{
    struct err why = ERR_INIT;
    cJSON *json = NULL;
    bool ok;

    ledger->next = 1;
    if (!json_read_file(ledger->path, &json_limits_message, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND)
            return true;
        if (err)
            *err = why;
        return false;
    }
    ok = read_entries(ledger, json, err) || err_context(err, TEXT_FILE_READING, ledger->path);
    cJSON_Delete(json);
    return ok;
}

static bool add_entry(cJSON *list, const struct ledger_entry *entry)
{
    cJSON *row = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(list, row)) {
        cJSON_Delete(row);
        return false;
    }
    return json_add_int(row, "number", entry->number) &&
           json_add_int(row, "time_ms", entry->time_ms) &&
           cJSON_AddStringToObject(row, "setting", entry->setting) &&
           cJSON_AddStringToObject(row, "before", entry->before) &&
           cJSON_AddStringToObject(row, "after", entry->after) &&
           cJSON_AddStringToObject(row, "state", state_names[entry->state]);
}

static bool save(const struct ledger *ledger, struct err *err)
{
    cJSON *json = cJSON_CreateObject();
    bool ok =
        json_add_int(json, "version", FILE_VERSION) && json_add_int(json, "next", ledger->next);
    cJSON *list = cJSON_AddArrayToObject(json, "changes");
    struct buf text;

    buf_init(&text, FILE_BYTES);
    for (size_t i = 0; ok && i < ledger->count; i++)
        ok = add_entry(list, &ledger->entries[i]);
    ok = (ok && json_write_pretty(json, &text)) || err_no_memory(err);
    ok = ok && fs_write_atomic(ledger->path, text.data, text.len, FS_PRIVATE, err);
    buf_done(&text);
    cJSON_Delete(json);
    return ok;
}

bool ledger_open(const char *state, struct ledger **ret_ledger, struct err *err)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    char lock[FS_PATH_BYTES];

    if (!ledger)
        return err_no_memory(err);
    if (!fs_make_dirs(state, FS_PRIVATE, err) || !fs_join(lock, state, LOCK_NAME, err) ||
        !fs_join(ledger->path, state, FILE_NAME, err) ||
        !fs_lock(lock, LOCK_WAIT_MS, &ledger->lock, err) || !load(ledger, err)) {
        ledger_free(ledger);
        return false;
    }
    *ret_ledger = ledger;
    return true;
}

void ledger_free(struct ledger *ledger)
{
    if (!ledger)
        return;
    fs_unlock(ledger->lock);
    free(ledger);
}

size_t ledger_count(const struct ledger *ledger)
{
    return ledger->count;
}

const struct ledger_entry *ledger_at(const struct ledger *ledger, size_t index)
{
    return &ledger->entries[index];
}

/* ---- changes ---- */

static void strike(struct ledger *ledger, size_t index)
{
    ledger->count--;
    memmove(&ledger->entries[index],
            &ledger->entries[index + 1],
            (ledger->count - index) * sizeof *ledger->entries);
}

bool ledger_change(struct ledger *ledger,
                   struct computer *computer,
                   const char *setting,
                   const char *value,
                   bool *ret_changed,
                   bool *ret_reboot,
                   struct err *err)
{
    struct ledger_entry entry = {
        .number = ledger->next, .time_ms = clock_wall_ms(clock_system()), .state = LEDGER_BEGUN};
    bool reboot = false;

    text_copy(entry.setting, sizeof entry.setting, setting);
    text_copy(entry.after, sizeof entry.after, value);
    if (!computer->ops->get(computer, setting, entry.before, err))
        return false;
    if (!strcmp(entry.before, value)) {
        *ret_changed = false;
        return true;
    }
    if (ledger->count == LEDGER_MOST)
        return err_set(err, ERR_TOO_LARGE, TEXT_SETUP_LEDGER_FULL, TEXT_NUM(LEDGER_MOST), NULL);
    ledger->next++;
    ledger->entries[ledger->count++] = entry;
    if (!save(ledger, err)) {
        ledger->count--;
        return false;
    }
    /* after a failure the entry stays as begun: part of it may have happened */
    if (!computer->ops->set(computer, setting, value, &reboot, err))
        return false;
    ledger->entries[ledger->count - 1].state = LEDGER_DONE;
    *ret_changed = true;
    *ret_reboot = *ret_reboot || reboot;
    return save(ledger, err);
}

static bool find(const struct ledger *ledger, uint32_t number, size_t *ret_index)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (ledger->entries[i].number == number) {
            *ret_index = i;
            return true;
        }
    return false;
}

/* What the setting may be so that taking back touches nobody else's change. */
static bool is_ours(const struct ledger_entry *entry, const char *now)
{
    return !strcmp(now, entry->after) ||
           (entry->state != LEDGER_DONE && !strcmp(now, entry->before));
}

bool ledger_revert(struct ledger *ledger,
                   struct computer *computer,
                   uint32_t number,
                   bool force,
                   bool *ret_reboot,
                   struct err *err)
{
    char now[COMPUTER_VALUE_BYTES], shown[24];
    struct ledger_entry *entry;
    bool reboot = false;
    size_t index = 0;

    snprintf(shown, sizeof shown, "%u", (unsigned)number);
    if (!find(ledger, number, &index))
        return err_set(err, ERR_NOT_FOUND, TEXT_SETUP_LEDGER_NONE, shown, NULL);
    entry = &ledger->entries[index];
    if (!computer->ops->get(computer, entry->setting, now, err))
        return false;
    if (!force && !is_ours(entry, now)) {
        err_set(
            err, ERR_CONFLICT, TEXT_SETUP_LEDGER_OTHER, entry->setting, now, entry->after, NULL);
        return err_hint(err, TEXT_SETUP_LEDGER_OTHER_HINT);
    }
    entry->state = LEDGER_REVERTING;
    if (!save(ledger, err))
        return false;
    if (strcmp(now, entry->before) != 0 &&
        !computer->ops->set(computer, entry->setting, entry->before, &reboot, err))
        return false;
    *ret_reboot = *ret_reboot || reboot;
    strike(ledger, index);
    return save(ledger, err);
}
