/*
 * The agent's end of its helper: starts this program once more in the console session when somebody
 * asks for something of the desktop, as the user who is logged on there or, on the logon screen, as
 * SYSTEM; ends it when the session changes and after any answer that is wrong or late. The helper
 * ends by itself when it is not needed for a minute. A program that a person started in the console
 * session needs no helper and gets the same answers. Any thread; one call at a time.
 */
#ifndef GPUPV_WINDOWS_SESSION_CLIENT_WIN32_H
#define GPUPV_WINDOWS_SESSION_CLIENT_WIN32_H

#include "guest/machine/windows/session_wire.h"

struct session_client;

/* program: the executable to start, NULL for this one. Starts nothing yet. */
bool session_client_new(const char *program, struct session_client **ret_client, struct err *err);

/* Ends the helper; NULL is fine. */
void session_client_free(struct session_client *client);

/* Sends the request and waits for its answer, which the caller frees with cJSON_Delete.
 * ERR_UNREACHABLE while no session is at the console. */
bool session_client_call(struct session_client *client,
                         const struct session_request *request,
                         cJSON **ret_answer,
                         struct err *err);

#endif
