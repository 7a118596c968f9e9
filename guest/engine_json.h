/* What the engine did, as JSON. */
#ifndef GPUPV_GUEST_ENGINE_JSON_H
#define GPUPV_GUEST_ENGINE_JSON_H

#include "guest/engine.h"

/* {"check","repair","title","state","why"}; the caller frees, NULL when out of memory.
 */
cJSON *engine_step_to_json(const struct engine_step *step);

/* Reads it back; false for a check, repair or state that this build does not know. The reader
 * trusts nothing in it. */
bool engine_step_from_json(const cJSON *json, struct engine_step *ret_step);

#endif
