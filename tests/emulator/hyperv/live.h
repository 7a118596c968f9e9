/* Rows as clients see them now: what changes by itself is filled in, and rights decide what is
 * seen. */
#ifndef GPUPV_TESTS_HYPERV_LIVE_H
#define GPUPV_TESTS_HYPERV_LIVE_H

#include "store.h"

/* The properties of a row as they are now. The caller frees. */
cJSON *live_properties(const cJSON *row);

/* Whether this person sees instances of that class now: rights, and whether the service runs. */
bool live_visible(const struct schema_class *class);

/* The same of one row: a partition whose GPU is gone is not seen, nor a GPU that a setting hides.
 */
bool live_visible_row(const cJSON *row);

/* Whether vmms is down, because it was stopped or died a moment ago. */
bool live_down(void);

#endif
