/*
 * What the listeners of link_uv_posix.c and link_uv_win32.c need of link_uv.c. Nobody else includes
 * this.
 */
#ifndef GPUPV_LINK_UV_H
#define GPUPV_LINK_UV_H

#include "common/link.h"

struct uv_pipe_s;

/* A link without a connection; the listener connects *ret_pipe, then calls link_uv_accepted or
 * link_uv_drop. */
bool link_uv_new(struct uv_loop_s *loop,
                 struct link **ret_link,
                 struct uv_pipe_s **ret_pipe,
                 struct err *err);

/* Its pipe is connected: hands it to on_accept of the listener. */
void link_uv_accepted(struct link *link, struct link_listener *listener);

/* It could not be connected: frees it. */
void link_uv_drop(struct link *link);

#endif
