/* IWbemServices of our namespaces, and what it hands out. */
#ifndef GPUPV_TESTS_HYPERV_SERVICE_H
#define GPUPV_TESTS_HYPERV_SERVICE_H

#include "query.h"

#include <cjson/cJSON.h>

/* A connection to one of our namespaces; behind: Wine's own for the classes that we lack, or NULL
 * (taken). */
HRESULT service_new(const char *space, IWbemServices *behind, IWbemServices **ret_services);

/* The security of a proxy: what CoSetProxyBlanket set. Embedded in the objects that need it. */
struct blanket {
    IClientSecurity iface;
    IUnknown *outer;
    DWORD level, impersonation; /* 0: never set */
};
void blanket_init(struct blanket *blanket, IUnknown *outer);

/* Whether calls through it are let through. */
bool blanket_allows(const struct blanket *blanket);

/* An enumerator over instances, an array of {"class", "p", "selected"} (taken). late: what its
 * first Next answers, S_OK normally. forward: WBEM_FLAG_FORWARD_ONLY. */
IEnumWbemClassObject *
enumerator_new(const char *space, cJSON *instances, HRESULT late, bool forward);

/* One over events: whatever happens from now on. Takes the query. */
IEnumWbemClassObject *event_enumerator_new(struct query *query);

/* Runs a query: instances as for enumerator_new. The caller frees. */
HRESULT query_run(const struct query *query, cJSON **ret_instances);

/* Every instance that a SELECT is about, now: {path: {"class", "p"}}. */
cJSON *query_snapshot(const struct query *query);

#endif
