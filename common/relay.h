/*
 * The proxy relay (design, section 4; flow F4): programs in the guest connect to 127.0.0.1:port
 * there, and each connection is carried as a stream over the session to the one address on the
 * host's loopback that the host was configured with. The guest names no address, so nothing else
 * can be reached. Both ends are here: relay_listen in the guest, relay_serve on the host.
 *
 * A relay lives until its session ends or relay_close; either way its connections are closed, and
 * on_closed (the last call, exactly once) says that this one is gone. Memory is bounded by
 * RELAY_STREAMS * 2 * RELAY_WINDOW. Runs on the loop of the session.
 */
#ifndef GPUPV_RELAY_H
#define GPUPV_RELAY_H

#include "session.h"

#define RELAY_STREAMS 128                 /* at once; further connections are closed at once */
#define RELAY_WINDOW  ((size_t)256 << 10) /* bytes of one direction under way */
#define RELAY_PIECE   ((size_t)64 << 10)  /* of one frame */

struct relay;

/* Guest: listens on 127.0.0.1:port (0: any free one, see relay_port) and opens a stream over
 * session for each connection. ERR_EXISTS when the port is taken. */
bool relay_listen(struct uv_loop_s *loop,
                  struct session *session,
                  uint16_t port,
                  void (*on_closed)(struct relay *relay, void *user),
                  void *user,
                  struct relay **ret_relay,
                  struct err *err);

/* Host: connects each stream of session to 127.0.0.1:port. To be set up before relay.open is
 * called.
 */
bool relay_serve(struct uv_loop_s *loop,
                 struct session *session,
                 uint16_t port,
                 void (*on_closed)(struct relay *relay, void *user),
                 void *user,
                 struct relay **ret_relay,
                 struct err *err);

/* The port that it listens on or connects to. */
uint16_t relay_port(const struct relay *relay);

/* Open streams. */
size_t relay_streams(const struct relay *relay);

/* Ends it; on_closed follows. NULL is fine. */
void relay_close(struct relay *relay);

#endif
