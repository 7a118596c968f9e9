/* What the engine did, as JSON. */
#ifndef GPUPV_GUEST_ENGINE_JSON_H
#define GPUPV_GUEST_ENGINE_JSON_H

#include "guest/engine.h"

/* {"check","repair","title","waits","outcome","note"}; the caller frees, NULL when out of memory.
 */
cJSON *engine_step_to_json(const struct engine_step *step);

#endif
