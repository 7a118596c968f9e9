/*
 * A command's connection to the agent that runs on the same data (local_door.h). Blocking, with a
 * loop of its own; one thread.
 */
#ifndef GPUPV_GUEST_LOCAL_CLIENT_H
#define GPUPV_GUEST_LOCAL_CLIENT_H

#include "common/session.h"

struct local_client;

/* Connects to the agent that runs on the data in folder. ERR_NOT_FOUND and ERR_UNREACHABLE: none
 * does; ERR_DENIED: only administrators may; ERR_AUTH: somebody else waits in its place. The caller
 * ends it with local_client_close. */
bool local_client_open(const char *folder, struct local_client **ret_client, struct err *err);

/* Calls a method and waits. ret_result may be NULL, the caller frees it with cJSON_Delete;
 * on_progress (NULL: not wanted) is called while it runs. */
bool local_client_call(struct local_client *client,
                       enum method_id method,
                       const cJSON *params,
                       void (*on_progress)(const cJSON *progress, void *user),
                       void *user,
                       cJSON **ret_result,
                       struct err *err);

/* What the agent said in hello. */
const struct session_hello *local_client_peer(const struct local_client *client);

/* NULL is fine. */
void local_client_close(struct local_client *client);

#endif
