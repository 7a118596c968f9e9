/*
 * The answering side of the protocol: listens on any number of links, admits connections and gives
 * each a session whose requests go to a table of handlers. What a stranger can cost is bounded: a
 * connection without a complete first TLS record holds a few hundred bytes, at most
 * SESSION_SERVER_STRANGERS of them are kept (the oldest goes first), at most
 * SESSION_SERVER_HANDSHAKES have TLS memory, at most SESSION_SERVER_OPEN are open; a new caller
 * with the right key gets in while strangers hold the rest.
 *
 * Runs on the loop's thread, callbacks too.
 */
#ifndef GPUPV_SESSION_SERVER_H
#define GPUPV_SESSION_SERVER_H

#include "session.h"

#define SESSION_SERVER_STRANGERS  64 /* not one complete record yet */
#define SESSION_SERVER_HANDSHAKES 16
#define SESSION_SERVER_OPEN       16
#define SESSION_SERVER_LISTENERS  4
#define SESSION_SERVER_BULK_BYTE  0x47 /* 'G'; TLS begins with 0x16 */

struct session_server;

struct session_server_config {
    struct uv_loop_s *loop;
    struct session_times times;

    /* Writes the secret of a PSK identity ("<vm id>:<generation>"); false when it is unknown. */
    bool (*find_secret)(const char *identity, uint8_t ret_secret[SESSION_SECRET_BYTES], void *user);

    /* Fills what the guest says in hello (boot_id, instance, cloned, capabilities; build and
     * protocol are filled in already); `peer` is what the caller said, peer->generation the
     * generation of the key that it proved: the place to drop older ones. May be NULL. */
    void (*on_hello)(const struct session_hello *peer, struct session_hello *own, void *user);

    /* The session answered hello, or is gone (it was open). May be NULL. */
    void (*on_open)(struct session *session, void *user);
    void (*on_close)(struct session *session, void *user);

    /* A listener could not accept a connection; listening goes on. For the log, may be NULL. */
    void (*on_error)(const struct err *err, void *user);

    const struct request_binding *bindings;
    size_t binding_count;
    void *user; /* of all of the above and of the handlers */
};

/* Makes a server that listens nowhere yet; the configuration is copied, bindings are kept as they
 * are. */
bool session_server_new(const struct session_server_config *config,
                        struct session_server **ret_server,
                        struct err *err);

/* Starts to listen on one more address. ERR_EXISTS when the address is taken: try again later. */
bool session_server_listen(struct session_server *server,
                           const struct link_address *address,
                           struct err *err);

/* Takes a link that was accepted elsewhere (tests). */
void session_server_adopt(struct session_server *server, struct link *link);

/* Connections whose first byte is SESSION_SERVER_BULK_BYTE go to `adopt` with what came so far,
 * which then owns the link; except those of a listener bound to WILDCARD. NULL: they are closed. */
void session_server_set_bulk(
    struct session_server *server,
    void (*adopt)(struct link *link, const uint8_t *data, size_t length, void *user),
    void *user);

/* True when a bulk transfer may be offered to this session (its listener admits bulk). */
bool session_server_admits_bulk(const struct session_server *server, const struct session *session);

/* Calls visit for every open session; visit may close the session that it is given. */
void session_server_each(struct session_server *server,
                         void (*visit)(struct session *session, void *user),
                         void *user);

/* Sends a notification to every open session that watches `method`. */
void session_server_notify(struct session_server *server,
                           enum method_id method,
                           const cJSON *params,
                           const void *body,
                           size_t body_length);

/* Numbers for health and tests. */
struct session_server_stats {
    size_t strangers, handshakes, open;
    uint64_t accepted, refused; /* refused: wrong key, malformed, too slow, displaced */
};

/* Fills *ret_stats with the numbers of this moment; loop thread only. */
void session_server_stats(const struct session_server *server,
                          struct session_server_stats *ret_stats);

/* Stops listening, closes every session (what is queued gets flush_ms to go out) and calls
 * on_closed (may be NULL) when the last handle is gone; the server is freed after it. */
void session_server_close(struct session_server *server,
                          int64_t flush_ms,
                          void (*on_closed)(void *user),
                          void *user);

#endif
