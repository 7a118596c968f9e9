/*
 * One connection between host and guest: a link with TLS-PSK, frames and JSON-RPC 2.0 on top
 * (PROTOCOL.md). The host dials and calls, the guest answers and notifies. Phases: waiting (not one
 * byte yet), handshake, hello, open, closing, closed; every wait has a deadline; whatever is
 * malformed, out of phase or too large ends the session and is logged here, once.
 *
 * Everything runs on the thread of the loop, callbacks too. A function that returns false never
 * calls its callback. A session ends with on_close, which is its last callback and comes exactly
 * once, also after session_close; every call that is still open gets its on_reply (ERR_CLOSED)
 * before it. The session is freed when on_close returns. Never call session functions after it.
 *
 * Back-pressure: session_call and session_notify copy what they are given; when session_is_full
 * says so the caller stops and goes on at on_drain. A peer that sends faster than its requests are
 * answered is no longer read (SESSION_REQUESTS_MAX, SESSION_HELD_BYTES).
 */
#ifndef GPUPV_SESSION_H
#define GPUPV_SESSION_H

#include "link.h"
#include "method.h"
#include "request.h"

#define SESSION_CONNECT_MS   10000 /* to reach the other machine */
#define SESSION_HANDSHAKE_MS 5000
#define SESSION_HELLO_MS     5000
#define SESSION_FRAME_MS     30000
#define SESSION_HEARTBEAT_MS 20000
#define SESSION_IDLE_MS      65000

#define SESSION_SECRET_BYTES   32
#define SESSION_IDENTITY_BYTES 72                /* "<vm id>:<generation>" and its end */
#define SESSION_REQUESTS_MAX   32                /* in flight, each way */
#define SESSION_HELD_BYTES     ((size_t)4 << 20) /* parameters and bodies of unanswered requests */
#define SESSION_CAPABILITIES   16
#define SESSION_WORD_BYTES     40

struct session;

/* The deadlines of a connection in milliseconds; a zero stands for the default above. */
struct session_times {
    int64_t handshake_ms; /* from the connection to the end of the TLS handshake */
    int64_t hello_ms;     /* from there to an answered hello */
    int64_t frame_ms;     /* from the first byte of a frame to its last */
    int64_t heartbeat_ms; /* a caller that heard nothing for so long sends a ping */
    int64_t idle_ms;      /* either side gives up after so long without a frame */
};

enum session_phase {
    SESSION_WAITING,
    SESSION_HANDSHAKE,
    SESSION_IN_HELLO,
    SESSION_OPEN,
    SESSION_CLOSING,
    SESSION_CLOSED,
    SESSION_STATES
};

/* What each side tells the other in hello. The guest's is not trusted: lengths are bounded, texts
 * are what was sent and must go through text_safe before a terminal sees them. */
struct session_hello {
    int32_t protocol;                  /* agreed on */
    char build[SESSION_WORD_BYTES];    /* version of the program */
    char boot_id[SESSION_WORD_BYTES];  /* of the guest: new with every boot of Windows */
    char instance[SESSION_WORD_BYTES]; /* of the guest: new with every start of the agent */
    bool cloned;        /* the guest runs in a VM that its key was not made for: only key.rotate */
    int64_t generation; /* of the key that this session uses */
    char identity[SESSION_IDENTITY_BYTES]; /* answering side: what the caller proved */
    size_t capability_count;
    char capabilities[SESSION_CAPABILITIES][SESSION_WORD_BYTES];
};

/* The answer to one call, valid inside on_reply only. */
struct session_reply {
    const struct err *err; /* NULL when it was done */
    const cJSON *result;   /* never NULL when err is NULL */
    const uint8_t *body;
    size_t body_length;
};

/* One call. */
struct session_call {
    enum method_id method;
    const cJSON *params; /* NULL: none; not kept */
    const void *body;    /* copied before session_call returns */
    size_t body_length;
    int64_t deadline_ms; /* 0: the method's own; progress starts it anew */
    void (*on_reply)(const struct session_reply *reply, void *user); /* exactly once */
    void (*on_progress)(const cJSON *progress, void *user);          /* NULL: not wanted */
    void *user;
};

struct session_events {
    void (*on_open)(struct session *session, const struct session_hello *peer, void *user);
    /* A notification of a method with METHOD_WATCH; callers only. */
    void (*on_notify)(struct session *session,
                      enum method_id method,
                      const cJSON *params,
                      const uint8_t *body,
                      size_t body_length,
                      void *user);
    void (*on_drain)(struct session *session, void *user);
    /* why is NULL when this side asked for the end. ERR_AUTH: the keys differ. */
    void (*on_close)(struct session *session, const struct err *why, void *user);
};

/* Where to dial and with which key. */
struct session_dial {
    struct link_address address;
    char identity[SESSION_IDENTITY_BYTES];
    uint8_t secret[SESSION_SECRET_BYTES]; /* copied; wipe your own copy */
    int64_t connect_ms;                   /* 0: SESSION_CONNECT_MS */
    struct session_times times;
};

/* Starts to connect as the caller; on_open or on_close follows. `events` must outlive the session;
 * members may be NULL but for on_close. */
bool session_open(struct uv_loop_s *loop,
                  const struct session_dial *dial,
                  const struct session_events *events,
                  void *user,
                  struct session **ret_session,
                  struct err *err);

/* Calls a method of the guest. ERR_BUSY when SESSION_REQUESTS_MAX calls are open or the queue is
 * full, ERR_CLOSED when the session is not open, ERR_TOO_LARGE above a frame's limits. A deadline
 * that passes answers ERR_TIMEOUT; the session lives on. */
bool session_call(struct session *session, const struct session_call *call, struct err *err);

/* Sends a notification to a caller that watches `method` (session_watches); nothing happens when it
 * does not or its queue is full: what is watched is a state that the next notification repeats.
 * Returns false when it was not sent. */
bool session_notify(struct session *session,
                    enum method_id method,
                    const cJSON *params,
                    const void *body,
                    size_t body_length);

/* True after the peer called `method` (METHOD_WATCH) with success. */
bool session_watches(const struct session *session, enum method_id method);

/* Takes the rights of an administrator from the peer: methods with METHOD_MUTATES or METHOD_ADMIN
 * are answered with ERR_DENIED. For on_open of the answering side. */
void session_set_read_only(struct session *session, bool read_only);

/* True while more should not be sent: wait for on_drain. */
bool session_is_full(const struct session *session);

/* Ends the session: sends what is queued and the end of TLS, then closes. on_close still follows,
 * with why NULL. */
void session_close(struct session *session);

/* Ends it with an error that on_close passes on. */
void session_abort(struct session *session, const struct err *why);

enum session_phase session_state(const struct session *session);

/* What the peer said in hello; only in state SESSION_OPEN. */
const struct session_hello *session_peer(const struct session *session);

/* The identity that the TLS handshake proved, "" before. */
const char *session_identity(const struct session *session);

/* What the link knows of the other side without trusting it. */
const struct link_peer *session_link_peer(const struct session *session);

/* ---- the streams of the proxy relay, for relay.c ---- */

struct session_relay {
    /* A relay frame came. False: the peer broke the protocol, the session ends. */
    bool (*on_frame)(uint8_t type, uint32_t stream, const uint8_t *data, size_t length, void *user);
    void (*on_drain)(void *user); /* the session is no longer full */
    void (*on_end)(void *user);   /* the session is gone; the last call */
};

/* Lets relay frames come; without it they end the session. `relay` must outlive the session; NULL
 * takes it off again without on_end. */
void session_set_relay(struct session *session, const struct session_relay *relay, void *user);

/* Sends one relay frame of at most FRAME_BODY_MAX bytes; goes out also when the session is full.
 * False when the session is ending. */
bool session_send_relay(
    struct session *session, uint8_t type, uint32_t stream, const void *data, size_t length);

#endif
