/* Associations: which rows belong together, worked out from the rows. */
#ifndef GPUPV_TESTS_HYPERV_ASSOCIATION_H
#define GPUPV_TESTS_HYPERV_ASSOCIATION_H

#include "query.h"

/* Called for every pair; properties are those of the association, owned by the callee. */
typedef void (*association_found)(void *context,
                                  const struct schema_class *association,
                                  cJSON *properties,
                                  cJSON *other);

/* All pairs that `row` is part of (NULL: all there are) and that the classes and roles of the query
 * allow; other is the row at the other end (of a pair of no particular row: the second one). */
void association_visit(const struct query *query,
                       const char *association,
                       cJSON *row,
                       association_found found,
                       void *context);

#endif
