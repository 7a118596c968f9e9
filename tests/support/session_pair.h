/*
 * A server and callers on one loop, for tests of everything above a session: listens on a unix
 * socket (a named pipe on Windows) of its own, knows one key per generation, and runs the loop
 * until a condition holds. Tests fail (cmocka) when the condition does not come in time.
 */
#ifndef GPUPV_TESTS_SESSION_PAIR_H
#define GPUPV_TESTS_SESSION_PAIR_H

#include "tests/support/support.h"

#include "common/session_server.h"

#include <uv.h>

#define PAIR_VM       "4f3c2a10-0000-4000-8000-00000000beef"
#define PAIR_WAIT_MS  10000
#define PAIR_CALLS    64
#define PAIR_IDENTITY PAIR_VM ":3"

/* One caller and what it has seen. */
struct pair_caller {
    struct session *session;
    bool opened, closed;
    struct err why; /* kind ERR_NONE: closed by itself */
    unsigned notified, drained;
    cJSON *last_notify; /* owned */
    size_t last_body;
    uint8_t last_byte;
};

/* One call and its answer. */
struct pair_reply {
    bool done;
    struct err err;
    cJSON *result; /* owned */
    size_t body_length;
    uint8_t *body; /* owned */
    unsigned progress;
};

struct pair {
    uv_loop_t loop;
    struct link_address address;
    struct session_server *server;
    bool server_closed;
    struct session_times times; /* of callers made from now on */
    unsigned hellos, opened, closed;
    int64_t generation;               /* of the last hello */
    struct session_hello own;         /* added to what the server says */
    struct request *kept[PAIR_CALLS]; /* by handlers that answer later */
    size_t kept_count;
    void *user; /* the test's */
};

/* Writes an address that no other test uses. */
void pair_address(struct link_address *ret_address, const char *name);

/* Starts a server with these handlers; `user` of the handlers is the pair. */
void pair_start(struct pair *pair,
                const char *name,
                const struct request_binding *bindings,
                size_t binding_count);

/* The same with other deadlines on both sides. */
void pair_start_with(struct pair *pair,
                     const char *name,
                     const struct session_times *times,
                     const struct request_binding *bindings,
                     size_t binding_count);

/* Closes everything, checks that the loop ends empty. */
void pair_stop(struct pair *pair);

/* The secret of the right key. */
const uint8_t *pair_secret(void);

/* Dials with the right key and waits until the session is open. */
void pair_dial(struct pair *pair, struct pair_caller *caller);

/* Dials with any identity and secret, and waits until it is open or closed. */
void pair_dial_as(struct pair *pair,
                  struct pair_caller *caller,
                  const char *identity,
                  const uint8_t *secret);

/* Dials with the right key and does not wait. */
void pair_dial_start(struct pair *pair, struct pair_caller *caller);

/* Closes it and waits. */
void pair_hang_up(struct pair *pair, struct pair_caller *caller);

/* Runs the loop until *flag; fails the test after PAIR_WAIT_MS. */
void pair_until(struct pair *pair, const bool *flag);

/* Runs the loop for time_ms. */
void pair_run_for(struct pair *pair, uint64_t time_ms);

/* Calls and waits for the answer; reply_done frees it. */
void pair_call(struct pair *pair,
               struct pair_caller *caller,
               enum method_id method,
               const cJSON *params,
               const void *body,
               size_t body_length,
               struct pair_reply *ret_reply);

/* Starts a call; *reply must live until reply->done. */
bool pair_call_start(struct pair_caller *caller,
                     enum method_id method,
                     const cJSON *params,
                     const void *body,
                     size_t body_length,
                     int64_t deadline_ms,
                     struct pair_reply *reply);
void pair_reply_done(struct pair_reply *reply);

/* A connection below TLS, as a hostile peer makes one. */
struct raw {
    struct link *link;
    bool opened, closed;
    size_t received;
    uint8_t head[4096]; /* the first bytes received */
};

void raw_dial(struct pair *pair, struct raw *raw);
void raw_close(struct pair *pair, struct raw *raw);

#endif
