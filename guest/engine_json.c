/* A step of a pass as JSON, for the wire and for `gpupv-agent repair --json`. */
#include "guest/engine_json.h"

#include <string.h>

/* A step that was not done has no outcome of its own. */
static const char *state_of(const struct engine_step *step)
{
    if (step->done)
        return journal_outcome_name(step->outcome);
    return step->waits ? "waits" : "planned";
}

cJSON *engine_step_to_json(const struct engine_step *step)
{
    cJSON *json = cJSON_CreateObject();
    bool ok =
        json && cJSON_AddStringToObject(json, "check", check_name(step->check)) &&
        cJSON_AddStringToObject(json, "repair", repair_row(step->repair)->name) &&
        cJSON_AddStringToObject(json, "title", text_row(repair_row(step->repair)->title)->name) &&
        cJSON_AddStringToObject(json, "state", state_of(step));

    if (ok && err_is_set(&step->note))
        ok = cJSON_AddItemToObject(json, "why", err_to_json(&step->note));
    if (ok)
        return json;
    cJSON_Delete(json);
    return NULL;
}

static bool read_state(const char *name, struct engine_step *step)
{
    if (strcmp(name, "waits") == 0 || strcmp(name, "planned") == 0) {
        step->waits = name[0] == 'w';
        return true;
    }
    for (int i = 0; i < OUTCOMES; i++) {
        if (strcmp(name, journal_outcome_name((enum journal_outcome)i)) == 0) {
            step->done = true;
            step->outcome = (enum journal_outcome)i;
            return true;
        }
    }
    return false;
}

bool engine_step_from_json(const cJSON *json, struct engine_step *ret_step)
{
    const char *check = NULL, *repair = NULL, *state = NULL;
    struct engine_step step = {.waits = false};
    const cJSON *why = NULL;

    if (!cJSON_IsObject(json) || !json_string(json, "check", NULL, &check, NULL) ||
        !json_string(json, "repair", NULL, &repair, NULL) ||
        !json_string(json, "state", NULL, &state, NULL) || !json_object(json, "why", &why, NULL) ||
        !check_parse(check, &step.check) || !repair_parse(repair, &step.repair) ||
        !read_state(state, &step))
        return false;
    if (why)
        err_from_json(&step.note, why);
    *ret_step = step;
    return true;
}
