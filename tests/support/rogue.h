/*
 * A peer that holds the right key and breaks the protocol behind it: TLS is real, what goes through
 * it is the test's. Either the calling side (against a server under test) or the answering side
 * (against a caller under test). Runs on the loop of a pair.
 */
#ifndef GPUPV_TESTS_ROGUE_H
#define GPUPV_TESTS_ROGUE_H

#include "tests/support/session_pair.h"

#include "common/frame.h"
#include "common/secure.h"

struct rogue {
    struct pair *pair;
    struct link_listener *listener; /* answering side */
    struct link *link;
    struct secure *secure;
    struct buf out, plain; /* plain: what the other side sent */
    struct frame_reader reader;
    size_t taken; /* bytes of plain already handed out as frames */
    bool ready, closed, listener_closed;
};

/* Dials the pair's server and finishes the handshake. */
void rogue_dial(struct pair *pair, struct rogue *rogue);

/* Listens at the pair's address (its server must not); rogue_await_ready waits for a caller. */
void rogue_listen(struct pair *pair, struct rogue *rogue);

/* Runs the loop until TLS stands. */
void rogue_await_ready(struct rogue *rogue);

/* Sends plain bytes through TLS; nothing when closed. */
void rogue_send(struct rogue *rogue, const void *data, size_t length);

/* Sends bytes below TLS. */
void rogue_send_raw(struct rogue *rogue, const void *data, size_t length);

/* Sends a frame with its lengths as they are. */
void rogue_frame(
    struct rogue *rogue, uint8_t type, uint32_t id, const char *json, const void *body, size_t n);

/* Sends a good hello and waits for its answer. */
void rogue_hello(struct rogue *rogue);

/* The next frame of the other side; false when none comes before it closes. */
bool rogue_next(struct rogue *rogue, struct frame *ret_frame);

/* True when the other side closes within PAIR_WAIT_MS. */
bool rogue_is_closed(struct rogue *rogue);

/* Ends everything. */
void rogue_done(struct rogue *rogue);

#endif
