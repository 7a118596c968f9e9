/*
 * A link is an ordered byte stream between two machines: a Hyper-V socket (link_hyperv_win32), or a
 * unix socket or named pipe (link_uv) for the simulation and tests. It knows nothing of security:
 * session puts TLS on top.
 *
 * Everything here runs on the thread of the libuv loop, callbacks too. A link is born by link_dial
 * or by on_accept of a listener, and ends with on_close, which is its last callback and comes
 * exactly once, also after link_close; the link is freed after it. on_data hands bytes that must be
 * used before returning. Back-pressure: link_send copies and says when the queue is high;
 * link_pause stops on_data within a bounded amount (1 MiB) and lets the peer's writes stall.
 */
#ifndef GPUPV_LINK_H
#define GPUPV_LINK_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;
struct link_listener;
struct uv_loop_s;

#define LINK_SEND_HIGH                                                                             \
    ((size_t)1 << 20) /* link_send says "full" above this; on_drain comes below LINK_SEND_LOW */
#define LINK_SEND_LOW ((size_t)256 << 10)
#define LINK_SEND_HARD                                                                             \
    ((size_t)8 << 20) /* link_send refuses above this: the caller ignored "full" */
#define LINK_PATH_BYTES 108

struct link_guid {
    uint8_t bytes[16]; /* in the order of the text form, not of the Windows struct */
};

enum link_kind { LINK_UV, LINK_HYPERV };

/* Where to listen or dial. */
struct link_address {
    enum link_kind kind;
    char path[LINK_PATH_BYTES];   /* LINK_UV: socket file, or \\.\pipe\name on Windows */
    struct link_guid vm, service; /* LINK_HYPERV; vm is PARENT when a guest listens */
};

/* What is known of the other side without trusting it. */
struct link_peer {
    enum link_kind kind;
    bool vm_known;
    struct link_guid vm; /* LINK_HYPERV: as the operating system reports it */
};

struct link_events {
    void (*on_open)(struct link *link, void *user); /* a dial succeeded; not for accepted links */
    void (*on_data)(struct link *link, const uint8_t *data, size_t length, void *user);
    void (*on_drain)(struct link *link, void *user);
    void (*on_close)(struct link *link,
                     const struct err *why,
                     void *user); /* why is NULL at end of stream or after link_close */
};

struct link_listen_events {
    void (*on_accept)(struct link *link, void *user);    /* call link_attach in it, or link_close */
    void (*on_error)(const struct err *err, void *user); /* listening goes on; for the log */
    void (*on_closed)(void *user); /* after link_listener_close; the last call */
};

enum link_sent { LINK_SENT, LINK_FULL, LINK_REFUSED }; /* LINK_FULL: taken, but wait for on_drain */

/* Functions of one implementation; first member of its struct. */
struct link_ops {
    /* See link_send, link_queued, link_pause and link_close, which call these. */
    enum link_sent (*send)(struct link *link, const void *data, size_t length);
    size_t (*queued)(const struct link *link);
    void (*pause)(struct link *link, bool paused);
    void (*close)(struct link *link, int64_t flush_ms);
};

struct link {
    const struct link_ops *ops;
    const struct link_events *events;
    void *user;
    struct link_peer peer;
};

struct link_listener_ops {
    /* See link_listener_close. */
    void (*close)(struct link_listener *listener);
};

struct link_listener {
    const struct link_listener_ops *ops;
    const struct link_listen_events *events;
    void *user;
    bool wildcard; /* bound where processes of this machine can connect too: authentication only, no
                      bulk */
};

/* Starts to listen. A taken address is ERR_EXISTS, a missing provider ERR_UNSUPPORTED. A unix
 * socket gets mode 0600, a stale one is replaced; a pipe is for SYSTEM, Administrators and this
 * user of this machine only. */
bool link_listen(struct uv_loop_s *loop,
                 const struct link_address *address,
                 const struct link_listen_events *events,
                 void *user,
                 struct link_listener **ret_listener,
                 struct err *err);

/* Starts to connect; on_open or on_close follows (never when this returns false). timeout_ms bounds
 * the connecting. Data may be sent before on_open. */
bool link_dial(struct uv_loop_s *loop,
               const struct link_address *address,
               int64_t timeout_ms,
               const struct link_events *events,
               void *user,
               struct link **ret_link,
               struct err *err);

/* Gives an accepted link its events; only inside on_accept. */
void link_attach(struct link *link, const struct link_events *events, void *user);

/* Takes a copy of the bytes and sends them. LINK_FULL: taken, but the queue is above its mark, so
 * wait for on_drain; LINK_REFUSED: not taken, the link is closing. */
enum link_sent link_send(struct link *link, const void *data, size_t length);

/* Returns the bytes taken and not yet handed to the system. */
size_t link_queued(const struct link *link);

/* Stops and resumes reading, so that a fast sender is slowed down instead of buffered. */
void link_pause(struct link *link, bool paused);

/* Ends the link: at once (flush_ms 0) or after what is queued went out, at most flush_ms later.
 * on_close still follows. */
void link_close(struct link *link, int64_t flush_ms);

/* Stops listening; accepted links live on. */
void link_listener_close(struct link_listener *listener);

/* "47505056-facb-11e6-bd58-64006a7986d3" to a guid and back (out: 37 bytes); braces are allowed on
 * the way in. */
bool link_guid_parse(const char *text, struct link_guid *ret_guid);
const char *link_guid_text(const struct link_guid *guid, char *out);

/* The service that every gpupv agent listens on, and the well-known VM ids of Hyper-V sockets. */
extern const struct link_guid link_service_id, link_vm_parent, link_vm_loopback, link_vm_wildcard;

#endif
