/*
 * The helper: what needs a desktop, done by a process in the console session for the agent's
 * service in session 0. It takes requests from one pipe until that ends, or nobody has asked for a
 * while. The same code answers in the agent's own process when that sits in the console session.
 */
#ifndef GPUPV_WINDOWS_SESSION_HELPER_WIN32_H
#define GPUPV_WINDOWS_SESSION_HELPER_WIN32_H

#include "guest/machine/windows/session_wire.h"

#define SESSION_PIPE_PREFIX "\\\\.\\pipe\\gpupv-session-"

/* Does what the request says. The caller frees *ret_answer with cJSON_Delete; it may be NULL. */
bool session_answer(const struct session_request *request, cJSON **ret_answer, struct err *err);

/* Serves the pipe of that name to its end; the process's exit code. */
int session_helper_run(const char *pipe);

#endif
