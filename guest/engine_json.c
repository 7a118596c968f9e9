/* A step of a pass as JSON, for the wire and for `gpupv-agent repair --json`. */
#include "guest/engine_json.h"

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
