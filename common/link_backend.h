/*
 * What an implementation of links offers to link.c, one pair of functions each, as link.h describes
 * link_listen and link_dial. The address is of its own kind. Which file stands behind
 * link_hyperv_* is chosen by CMake: link_hyperv_win32.c, or link_hyperv_none.c where Hyper-V
 * sockets do not exist.
 */
#ifndef GPUPV_LINK_BACKEND_H
#define GPUPV_LINK_BACKEND_H

#include "link.h"

/* Unix socket or named pipe. */
bool link_uv_listen(struct uv_loop_s *loop,
                    const struct link_address *address,
                    const struct link_listen_events *events,
                    void *user,
                    struct link_listener **ret_listener,
                    struct err *err);
bool link_uv_dial(struct uv_loop_s *loop,
                  const struct link_address *address,
                  int64_t timeout_ms,
                  const struct link_events *events,
                  void *user,
                  struct link **ret_link,
                  struct err *err);

/* Hyper-V socket. */
bool link_hyperv_listen(struct uv_loop_s *loop,
                        const struct link_address *address,
                        const struct link_listen_events *events,
                        void *user,
                        struct link_listener **ret_listener,
                        struct err *err);
bool link_hyperv_dial(struct uv_loop_s *loop,
                      const struct link_address *address,
                      int64_t timeout_ms,
                      const struct link_events *events,
                      void *user,
                      struct link **ret_link,
                      struct err *err);

#endif
