/*
 * The inside of a session, shared by the files that make it up: session.c (connection, phases,
 * deadlines, frames), session_call.c (the calling side), request.c (the answering side),
 * session_server.c (admission) and session_hello.c. Nobody else includes this.
 */
#ifndef GPUPV_SESSION_CORE_H
#define GPUPV_SESSION_CORE_H

#include "frame.h"
#include "rpc.h"
#include "secure.h"
#include "session_server.h"

#include <uv.h>

#define SESSION_FLUSH_MS 1000 /* what is queued gets so long to go out */

/* One call that waits for its answer. */
struct session_slot {
    uint32_t id;    /* 0: free */
    bool abandoned; /* its deadline passed; the answer may still come */
    bool internal;  /* hello and heartbeats: do not count */
    int64_t due_ms, deadline_ms;
    void (*on_reply)(const struct session_reply *reply, void *user);
    void (*on_progress)(const cJSON *progress, void *user);
    void *user;
    enum method_id method;
};

#define SESSION_SLOTS (SESSION_REQUESTS_MAX + 2) /* and hello, and a heartbeat */

struct session {
    uv_loop_t *loop;
    uv_timer_t timer;
    struct link *link; /* NULL once closed or handed to bulk */
    struct secure *secure;
    struct frame_reader reader;
    struct buf text;            /* of the frame being written */
    struct buf out;             /* TLS records not yet given to the link */
    struct buf held;            /* bytes of the link that wait */
    struct buf plain;           /* decrypted bytes that wait, before those of held */
    struct session_times times; /* no zeros */
    enum session_phase state;
    bool is_caller, pumping, full, paused, ended_by_peer, was_open, read_only, cloned, wildcard,
        relay_over;
    unsigned called, watching; /* bits by enum method_id */
    int64_t since_ms;          /* in this state */
    int64_t heard_ms;          /* last complete frame */
    int64_t spoke_ms;          /* last frame that was sent */
    int64_t frame_ms;          /* begin of the frame being read, 0: none */
    int64_t armed_ms;          /* when the timer fires, 0: not armed */
    struct err *why;           /* NULL: no failure */
    struct session_hello *peer;
    const struct session_events *events;
    void *user;
    const struct session_relay *relay;
    void *relay_user;

    /* calling side */
    struct session_slot *slots; /* SESSION_SLOTS */
    uint32_t last_id;
    bool pinging;

    /* answering side */
    struct session_server *server;
    struct session *next, *previous; /* in the server, oldest first */
    struct request *requests;
    size_t request_count, held_bytes;
};

/* Moves to another state when the table allows it (assert) and starts its deadline. */
void session_enter(struct session *session, enum session_phase state);

/* True when the table has the way from one state to the other. */
bool session_may_enter(enum session_phase from, enum session_phase to);

/* Makes a session without a link, and frees one whose timer is closed. */
struct session *session_new(uv_loop_t *loop, const struct session_times *times);
void session_free(struct session *session);

/* Gives it its link (accepted, or dialled). */
extern const struct link_events session_link_events;

/* Ends the session; why may be NULL. Does nothing when it is ending already. */
void session_end(struct session *session, const struct err *why, int64_t flush_ms);

/* Ends it because the peer did what the protocol forbids; returns false. */
bool session_violated(struct session *session, const char *what);

/* Feeds bytes of the link. */
void session_pump(struct session *session, const uint8_t *data, size_t length);

/* Writes one frame whose JSON stands in session->text behind FRAME_HEADER_BYTES. False when the
 * session is ending. */
bool session_send_frame(
    struct session *session, uint8_t type, uint32_t id, const void *body, size_t body_length);

/* Reads on when what stopped it is over. */
void session_unblock(struct session *session);

/* Makes sure that the timer fires at due_ms or earlier. */
void session_arm(struct session *session, int64_t due_ms);

/* The time of the loop. */
int64_t session_now(const struct session *session);

/* session_call.c: an answer or notification came; the deadlines of calls; the end. */
bool session_on_reply(struct session *session, const struct frame *frame);
bool session_on_notify(struct session *session, const struct frame *frame);
bool session_on_progress(struct session *session, const struct frame *frame);
void session_say_hello(struct session *session);
void session_heartbeat(struct session *session);
void session_calls_expire(struct session *session, int64_t now_ms);
int64_t session_calls_due(const struct session *session); /* the earliest, 0: none */
void session_calls_end(struct session *session, const struct err *why);

/* request.c: a request came; the session is gone. */
bool session_on_request(struct session *session, const struct frame *frame);
void session_requests_end(struct session *session);

/* session_hello.c: hello's parameters and result. */
cJSON *session_hello_params(void);
void session_hello_own(struct session_hello *ret_hello);
bool session_hello_read_params(const cJSON *params,
                               struct session_hello *ret_hello,
                               struct err *err);
cJSON *session_hello_result(const struct session_hello *own);
bool session_hello_read_result(const cJSON *result,
                               struct session_hello *ret_hello,
                               struct err *err);

/* session_server.c: first bytes of a stranger; changes of state; the end. */
void session_server_on_stranger(struct session *session, const uint8_t *data, size_t length);
void session_server_on_state(struct session *session, enum session_phase from);
void session_server_on_gone(struct session *session);
bool session_server_find(const char *identity, uint8_t *ret_secret, void *user);
const struct session_server_config *session_server_config(const struct session_server *server);
void session_server_log(struct session_server *server, const char *what, const struct err *why);

#endif
