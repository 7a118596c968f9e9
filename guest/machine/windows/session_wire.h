/*
 * What the agent and its helper in the console session say to each other: one JSON object a line, a
 * request and its answer. The helper runs with the rights of whoever sits there, so its answers are
 * hostile input: sizes and ranges are checked here, and nothing it says decides what the agent may
 * do. Pure and portable.
 *
 *   {"call":"idle"}                                    {"idle_ms":N}
 *   {"call":"displays"}                                {"displays":[{...}]}
 *   {"call":"arrange","adapter":N,"target":N,"only":B} {}
 *   {"call":"mode","adapter":N,"target":N,"width":N,"height":N,"hz":N} {}
 *   any                                                {"error":{...}} as err_to_json
 */
#ifndef GPUPV_WINDOWS_SESSION_WIRE_H
#define GPUPV_WINDOWS_SESSION_WIRE_H

#include "common/json.h"

#define SESSION_LINE_BYTES    (64 * 1024)
#define SESSION_DISPLAYS      24
#define SESSION_DISPLAY_BYTES 256

enum session_call_kind {
    SESSION_CALL_IDLE,
    SESSION_CALL_DISPLAYS,
    SESSION_CALL_ARRANGE,
    SESSION_CALL_MODE,
    SESSION_CALLS
};

/* A monitor as Windows names it until the next boot: its adapter's LUID and its number there. */
struct session_target {
    int64_t adapter; /* LUID as one number, 0: none */
    uint32_t target;
};

struct session_request {
    enum session_call_kind call;
    struct session_target
        display; /* arrange: the main one; without adapter the present one stays */
    bool only;   /* arrange: no other display than that */
    uint32_t width, height, hz;
};

/* A monitor that is connected. */
struct session_display {
    struct session_target id;
    char adapter[SESSION_DISPLAY_BYTES]; /* device paths */
    char monitor[SESSION_DISPLAY_BYTES];
    bool active, primary;
    uint32_t width, height, hz; /* while active */
};

struct session_displays {
    struct session_display items[SESSION_DISPLAYS];
    size_t count;
};

/* Appends the request's line. */
bool session_request_print(const struct session_request *request, struct buf *out);

/* Reads a request's line, without its end. */
bool session_request_parse(const char *line,
                           size_t length,
                           struct session_request *ret_request,
                           struct err *err);

/* Appends the answer's line: answer (NULL: an empty one) or, when it is set, error. */
bool session_reply_print(const cJSON *answer, const struct err *error, struct buf *out);

/* Reads an answer's line; an error that the helper tells is the error of this call. The caller
 * frees *ret_answer with cJSON_Delete. */
bool session_reply_parse(const char *line, size_t length, cJSON **ret_answer, struct err *err);

/* The answer to idle, and back. NULL when out of memory. */
cJSON *session_idle_to_json(int64_t idle_ms);
bool session_idle_from_json(const cJSON *answer, int64_t *ret_idle_ms, struct err *err);

/* The answer to displays, and back. */
cJSON *session_displays_to_json(const struct session_displays *displays);
bool session_displays_from_json(const cJSON *answer,
                                struct session_displays *ret_displays,
                                struct err *err);

#endif
