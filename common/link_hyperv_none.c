/* Hyper-V sockets on a system that has none: every use says so. */
#include "common/link_backend.h"
#include "common/link_hyperv.h"

#include <string.h>

bool link_hyperv_listen(struct uv_loop_s *loop,
                        const struct link_address *address,
                        const struct link_listen_events *events,
                        void *user,
                        struct link_listener **ret_listener,
                        struct err *err)
{
    (void)loop;
    (void)address;
    (void)events;
    (void)user;
    (void)ret_listener;
    return err_set(err, ERR_UNSUPPORTED, TEXT_LINK_NO_HYPERV, NULL);
}

bool link_hyperv_dial(struct uv_loop_s *loop,
                      const struct link_address *address,
                      int64_t timeout_ms,
                      const struct link_events *events,
                      void *user,
                      struct link **ret_link,
                      struct err *err)
{
    (void)loop;
    (void)address;
    (void)timeout_ms;
    (void)events;
    (void)user;
    (void)ret_link;
    return err_set(err, ERR_UNSUPPORTED, TEXT_LINK_NO_HYPERV, NULL);
}

bool link_hyperv_register(struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, TEXT_LINK_NO_HYPERV, NULL);
}

bool link_hyperv_unregister(struct err *err)
{
    return err_set(err, ERR_UNSUPPORTED, TEXT_LINK_NO_HYPERV, NULL);
}

bool link_hyperv_is_registered(bool *ret_registered, struct err *err)
{
    (void)ret_registered;
    return err_set(err, ERR_UNSUPPORTED, TEXT_LINK_NO_HYPERV, NULL);
}

void link_hyperv_totals(struct link_hyperv_totals *ret_totals)
{
    memset(ret_totals, 0, sizeof *ret_totals);
}
