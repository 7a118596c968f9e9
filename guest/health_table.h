/*
 * A health report and the steps of a pass as a person reads them on the guest's own terminal. The
 * host's `status NAME` shows the same rows.
 */
#ifndef GPUPV_GUEST_HEALTH_TABLE_H
#define GPUPV_GUEST_HEALTH_TABLE_H

#include "common/ui/table.h"
#include "guest/engine.h"

/* Prints the level and a row per check; checks that are ok or off only when all is true. */
void health_table_print(struct ui *ui, const struct health *health, bool all);

/* Prints what was done, or would be: a row per step. Nothing when there is none. */
void health_table_steps(struct ui *ui, const struct engine_step *steps, size_t count);

#endif
