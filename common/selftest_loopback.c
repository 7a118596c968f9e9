/* The probe of Hyper-V sockets that host and guest share. */
#include "common/link_hyperv.h"
#include "common/selftest.h"

#define MEGABYTE 1000000

void selftest_loopback(void *user, struct selftest_answer *ret_answer)
{
    struct link_hyperv_selftest seen = {0};
    struct err err = ERR_INIT;

    (void)user;
    if (!link_hyperv_selftest(&seen, &err)) {
        selftest_failed(ret_answer, &err);
        return;
    }
    selftest_confirm(ret_answer,
                     TEXT_SELFTEST_LOOPBACK_SEEN,
                     TEXT_NUM(seen.open_ms),
                     TEXT_NUM((int64_t)(2 * seen.echo_bytes) / MEGABYTE * 1000 /
                              (seen.echo_ms > 0 ? seen.echo_ms : 1)),
                     TEXT_NUM(seen.refused_ms),
                     NULL);
}
