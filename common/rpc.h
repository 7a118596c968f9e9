/*
 * JSON-RPC 2.0 as it stands in frames: writing and reading the JSON part of requests, answers,
 * notifications and progress. Pure functions on buffers; what is read comes from a peer that is not
 * trusted. The writers leave FRAME_HEADER_BYTES of room in front, so that header and text go out in
 * one piece.
 */
#ifndef GPUPV_RPC_H
#define GPUPV_RPC_H

#include "frame.h"
#include "method.h"

#define RPC_UNKNOWN_METHOD (-32601)
#define RPC_INVALID_PARAMS (-32602)
#define RPC_FAILED         (-32000)

/* Writes a request; params may be NULL. ERR_TOO_LARGE above FRAME_JSON_MAX. `out` is emptied first.
 */
bool rpc_write_request(
    struct buf *out, uint32_t id, const char *method, const cJSON *params, struct err *err);

/* Writes a notification (no id); params may be NULL. */
bool rpc_write_notify(struct buf *out, const char *method, const cJSON *params, struct err *err);

/* Writes an answer; result may be NULL (an empty object). */
bool rpc_write_result(struct buf *out, uint32_t id, const cJSON *result, struct err *err);

/* Writes an error as answer; it always fits. False when out of memory. */
bool rpc_write_error(struct buf *out, uint32_t id, int code, const struct err *failure);

/* A request or notification as it was read; rpc_message_done frees it. */
struct rpc_message {
    cJSON *json;
    const char *method;
    const cJSON *params; /* NULL, or an object */
};

/* Reads a request whose id must be `id` (0: a notification, which has none). ERR_BAD_INPUT and the
 * errors of json_parse: the stream is broken. */
bool rpc_read_message(
    const char *text, size_t length, uint32_t id, struct rpc_message *ret_message, struct err *err);

/* Frees what a message holds; an empty one is fine. */
void rpc_message_done(struct rpc_message *message);

/* Reads the answer to request `id`. True: *ret_json is the whole answer, to be freed with
 * cJSON_Delete, and *ret_result either the result in it or NULL, then ret_failure is what the peer
 * reported. False: the stream is broken. */
bool rpc_read_reply(const char *text,
                    size_t length,
                    uint32_t id,
                    cJSON **ret_json,
                    const cJSON **ret_result,
                    struct err *ret_failure,
                    struct err *err);

#endif
