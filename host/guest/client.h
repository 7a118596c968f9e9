/*
 * The host's side of the protocol for code that blocks (commands, steps, jobs). A client is one
 * session to one guest with a loop of its own; a client_pool drives many guests at once on one loop
 * and keeps their sessions, for `status` and the controller. Whatever a guest answers is hostile
 * input: session bounds lengths and depth, the caller checks meaning.
 *
 * Keys: `next` is dialled first when there is one, then `current` (design, Key life); client_key
 * says which one the guest took.
 *
 * One thread at a time for one client or pool; different ones are independent.
 */
#ifndef GPUPV_HOST_GUEST_CLIENT_H
#define GPUPV_HOST_GUEST_CLIENT_H

#include "common/key.h"
#include "common/session.h"

#define CLIENT_KEYS KEY_ENTRIES

struct client_key {
    char identity[SESSION_IDENTITY_BYTES];
    uint8_t secret[SESSION_SECRET_BYTES];
};

/* Which guest, with which keys. */
struct client_target {
    struct link_address address;
    struct client_key keys[CLIENT_KEYS]; /* in the order to try: next, current, older */
    size_t key_count;
};

/* Fills the keys of target, newest first; wipe target with client_target_wipe after use. */
void client_target_keys(struct client_target *target, const struct key_file *keys);

/* Overwrites the secrets. */
void client_target_wipe(struct client_target *target);

/* An answer that outlives the call; client_reply_done frees what it holds. */
struct client_reply {
    cJSON *result;
    uint8_t *body;
    size_t body_length;
};

#define CLIENT_REPLY_INIT                                                                          \
    {                                                                                              \
        0                                                                                          \
    }

/* What to call. */
struct client_call {
    enum method_id method;
    const cJSON *params;
    const void *body;
    size_t body_length;
    int64_t timeout_ms; /* 0: the method's own; progress starts it anew */
    void (*on_progress)(const cJSON *progress, void *user); /* NULL: not wanted */
    void *user;
};

struct client;

/* Connects, proves the key and says hello, all within timeout_ms. ERR_UNREACHABLE: nobody listens;
 * ERR_AUTH: somebody does, and knows none of the keys; ERR_TIMEOUT. The target is copied and wiped
 * by client_close: a connection that ended between two calls is made again by the next one. */
bool client_open(const struct client_target *target,
                 int64_t timeout_ms,
                 struct client **ret_client,
                 struct err *err);

/* Calls one method and waits, connecting again first when the connection ended meanwhile. The error
 * of the guest is returned as it was sent. ret_reply may be NULL; it is untouched on failure. */
bool client_call(struct client *client,
                 const struct client_call *call,
                 struct client_reply *ret_reply,
                 struct err *err);

/* Frees what a reply holds; an empty one is fine. */
void client_reply_done(struct client_reply *reply);

/* Subscribes to `method` (METHOD_WATCH) and hands the first answer and every notification to
 * on_event until it returns false, `stop` (may be NULL) says true (asked every 200 ms) or the
 * connection ends (then false with the error). */
bool client_watch(
    struct client *client,
    enum method_id method,
    const cJSON *params,
    bool (*on_event)(const cJSON *params, const uint8_t *body, size_t body_length, void *user),
    bool (*stop)(void *user),
    void *user,
    struct err *err);

/* What the guest said in hello. */
const struct session_hello *client_peer(const struct client *client);

/* The index in target.keys that the guest accepted. */
size_t client_key_used(const struct client *client);

/* The session and its loop, for bulk and relay, which run on them; client_run drives the loop until
 * `done` says true or the session ended (false with its error) or timeout_ms passed (ERR_TIMEOUT).
 */
struct session *client_session(struct client *client);
struct uv_loop_s *client_loop(struct client *client);
bool client_run(struct client *client,
                bool (*done)(void *user),
                void *user,
                int64_t timeout_ms,
                struct err *err);

/* Ends the connection and frees; NULL is fine. */
void client_close(struct client *client);

/* ---- many guests at once ---- */

struct client_pool;

/* One guest in a round; filled in by client_pool_run. */
struct client_query {
    const char *id;                     /* of the guest: sessions are kept under it */
    const struct client_target *target; /* used when no session stands */
    struct client_call call;
    bool done; /* out: reply is set; otherwise err is */
    size_t key_used;
    struct session_hello peer; /* out: of the session, when there is one */
    struct client_reply reply; /* out: client_reply_done frees */
    struct err err;
};

/* Makes an empty pool; at most `parallel` connections are being made at once (0: 32). */
bool client_pool_new(size_t parallel, struct client_pool **ret_pool, struct err *err);

/* Asks every guest of queries at once, over a standing session where there is one, and waits until
 * all have answered or failed, at most timeout_ms for the round. A guest that does not answer never
 * holds up the others. Sessions stay for the next round. */
void client_pool_run(struct client_pool *pool,
                     struct client_query *queries,
                     size_t count,
                     int64_t timeout_ms);

/* Ends the session kept under id, if any. */
void client_pool_drop(struct client_pool *pool, const char *id);

/* Ends all and frees; NULL is fine. */
void client_pool_free(struct client_pool *pool);

#endif
