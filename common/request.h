/*
 * A request as a handler of the answering side sees it. The handler is called on the loop's thread
 * and answers with exactly one of request_reply and request_fail, at once or any time later (from
 * the `done` of a job); until then the request and everything its getters return stay valid, also
 * when the connection is long gone: answering a dead connection just frees the request. Not for
 * other threads than the loop's, but for reading params and body, which do not change.
 */
#ifndef GPUPV_REQUEST_H
#define GPUPV_REQUEST_H

#include "method.h"

struct request;
struct session;

/* One handler; user is the `user` of the server's configuration. */
typedef void (*request_handler)(struct request *request, void *user);

/* Which handler answers a method. The table is ended by count; a method without a row is answered
 * with ERR_UNSUPPORTED. METHOD_HELLO is session's own; METHOD_PING too unless it has a row. */
struct request_binding {
    enum method_id method;
    request_handler handler;
};

enum method_id request_method(const struct request *request);

/* The parameters, checked against the method's row; an empty object when there were none. */
const cJSON *request_params(const struct request *request);

/* The binary body; *ret_length 0 when there is none. */
const uint8_t *request_body(const struct request *request, size_t *ret_length);

/* The session it came over; NULL when that is closed. */
struct session *request_session(const struct request *request);

/* True when nobody waits for the answer any more (connection closed): long jobs may stop early. */
bool request_abandoned(const struct request *request);

/* Tells the caller how far it is; `progress` is taken and freed. Nothing happens when the
 * connection is gone or its queue is full. */
void request_progress(struct request *request, cJSON *progress);

/* Answers; `result` (NULL: an empty object) is taken and freed, body is copied. Frees request. An
 * answer above the limits of a frame becomes ERR_TOO_LARGE for the caller. */
void request_reply(struct request *request, cJSON *result, const void *body, size_t body_length);

/* Answers with an error. Frees request. */
void request_fail(struct request *request, const struct err *err);

#endif
