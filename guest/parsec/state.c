/* The memory of Parsec as a JSON file. */
#include "guest/parsec/state.h"

#include "common/fs.h"

#include <string.h>

#define STATE_VERSION 1

static const char *const strategy_names[] = {"parsec", "hold"};
static const char *const profile_names[] = {"auto", "parsec", "hold"};
static const char *const evidence_names[] = {"none", "lines_removed", "no_monitor"};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

void parsec_state_init(struct parsec_state *state)
{
    memset(state, 0, sizeof *state);
    state->profile_strategy = PROFILE_STRATEGY_AUTO;
    state->strategy = CONFIG_STRATEGY_PARSEC;
}

/* Lines as an object: key to value, null for "not there". */
static bool lines_to_json(cJSON *json, const char *name, const struct config_lines *lines)
{
    cJSON *object = cJSON_AddObjectToObject(json, name);
    size_t i;

    for (i = 0; object && i < lines->count; i++) {
        const struct config_line *line = &lines->items[i];

        if (!(line->absent ? cJSON_AddNullToObject(object, line->key)
                           : cJSON_AddStringToObject(object, line->key, line->value)))
            return false;
    }
    return object != NULL;
}

static bool
lines_from_json(const cJSON *json, const char *name, struct config_lines *lines, struct err *err)
{
    const cJSON *object = NULL, *item;

    if (!json_object(json, name, &object, err))
        return false;
    cJSON_ArrayForEach(item, object)
    {
        if (!cJSON_IsNull(item) && !cJSON_IsString(item))
            return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_CONFIG_KEY, item->string, NULL);
        if (!config_lines_set(lines, item->string, cJSON_IsNull(item) ? NULL : item->valuestring))
            return err_set(err, ERR_BAD_INPUT, TEXT_PARSEC_CONFIG_KEY, item->string, NULL);
    }
    return true;
}

bool parsec_state_parse(const cJSON *json, struct parsec_state *ret_state, struct err *err)
{
    static const char *const known[] = {"state",
                                        "profile_strategy",
                                        "strategy",
                                        "evidence",
                                        "removals",
                                        "removal_wall_ms",
                                        "no_monitor",
                                        "applied",
                                        "before",
                                        "account_seen",
                                        NULL};
    int64_t version = 0, removals = 0, no_monitor = 0;
    int strategy = 0, profile = 0, evidence = 0;
    struct parsec_state state;

    parsec_state_init(&state);
    if (!cJSON_IsObject(json))
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_TYPE, PARSEC_STATE_FILE, "object", NULL);
    if (!json_only_known(json, known, err) ||
        !json_int(json, "state", STATE_VERSION, STATE_VERSION, &version, err) ||
        !json_choice(
            json, "profile_strategy", profile_names, COUNT(profile_names), &profile, err) ||
        !json_choice(json, "strategy", strategy_names, COUNT(strategy_names), &strategy, err) ||
        !json_choice(json, "evidence", evidence_names, COUNT(evidence_names), &evidence, err) ||
        !json_int(json, "removals", 0, UINT32_MAX, &removals, err) ||
        !json_int(json, "removal_wall_ms", 0, INT64_MAX, &state.removal_wall_ms, err) ||
        !json_int(json, "no_monitor", 0, UINT32_MAX, &no_monitor, err) ||
        !lines_from_json(json, "applied", &state.applied, err) ||
        !lines_from_json(json, "before", &state.before, err) ||
        !json_bool(json, "account_seen", &state.account_seen, err))
        return false;
    if (version != STATE_VERSION)
        return err_set(err, ERR_BAD_INPUT, TEXT_JSON_MISSING, "state", NULL);
    state.profile_strategy = (enum profile_strategy)profile;
    state.strategy = (enum config_strategy)strategy;
    state.evidence = (enum parsec_evidence)evidence;
    state.removals = (uint32_t)removals;
    state.no_monitor = (uint32_t)no_monitor;
    *ret_state = state;
    return true;
}

static cJSON *to_json(const struct parsec_state *state)
{
    cJSON *json = cJSON_CreateObject();

    if (json && json_add_int(json, "state", STATE_VERSION) &&
        cJSON_AddStringToObject(json, "profile_strategy", profile_names[state->profile_strategy]) &&
        cJSON_AddStringToObject(json, "strategy", strategy_names[state->strategy]) &&
        cJSON_AddStringToObject(json, "evidence", evidence_names[state->evidence]) &&
        json_add_int(json, "removals", state->removals) &&
        json_add_int(json, "removal_wall_ms", state->removal_wall_ms) &&
        json_add_int(json, "no_monitor", state->no_monitor) &&
        lines_to_json(json, "applied", &state->applied) &&
        lines_to_json(json, "before", &state->before) &&
        cJSON_AddBoolToObject(json, "account_seen", state->account_seen))
        return json;
    cJSON_Delete(json);
    return NULL;
}

bool parsec_state_load(const char *folder, struct parsec_state *ret_state, struct err *err)
{
    char path[FS_PATH_BYTES];
    struct err why = ERR_INIT;
    cJSON *json = NULL;
    bool ok;

    if (!fs_join(path, folder, PARSEC_STATE_FILE, err))
        return false;
    if (!json_read_file(path, &json_limits_file, &json, &why)) {
        if (why.kind == ERR_NOT_FOUND) {
            parsec_state_init(ret_state);
            return true;
        }
        if (err)
            *err = why;
        return false;
    }
    ok = parsec_state_parse(json, ret_state, err);
    cJSON_Delete(json);
    return ok || err_context(err, TEXT_FILE_READING, path);
}

bool parsec_state_save(const char *folder, const struct parsec_state *state, struct err *err)
{
    char path[FS_PATH_BYTES];
    cJSON *json = to_json(state);
    struct buf text;
    bool ok;

    buf_init(&text, json_limits_file.bytes);
    if (!json || !json_write_pretty(json, &text))
        ok = err_no_memory(err);
    else
        ok = fs_join(path, folder, PARSEC_STATE_FILE, err) &&
             fs_write_atomic(path, text.data, text.len, FS_PRIVATE, err);
    cJSON_Delete(json);
    buf_done(&text);
    return ok;
}
