/* Probes of Hyper-V's sockets: who excludes whom from a service id. */
#include "guest/selftest.h"

#include "common/link.h"
#include "common/link_hyperv.h"

#include <uv.h>

static void on_accept(struct link *link, void *user)
{
    (void)user;
    link_close(link, 0);
}

static void on_error(const struct err *err, void *user)
{
    (void)err;
    (void)user;
}

static const struct link_listen_events events = {.on_accept = on_accept, .on_error = on_error};

/* A service id that nobody else has. */
static bool random_service(struct link_address *address, struct err *err)
{
    int code = uv_random(NULL, NULL, address->service.bytes, 4, 0, NULL);

    address->service.bytes[0] &= 0x7f;
    return code == 0 || err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HYPERV_FAILED, NULL);
}

/* Listens for the host and, while that stands, for `second` on the same service; true when the
 * first could. *why is what the second was told. */
static bool
listen_for_both(const struct link_guid *second, bool *ret_both, struct err *why, struct err *err)
{
    struct link_address address = {
        .kind = LINK_HYPERV, .vm = link_vm_parent, .service = link_service_id};
    struct link_listener *one = NULL, *two = NULL;
    uv_loop_t loop;
    bool ok;
    int code = uv_loop_init(&loop);

    if (code)
        return err_set_os(err, ERR_DOMAIN_UV, code, TEXT_HYPERV_FAILED, NULL);
    ok = random_service(&address, err) && link_listen(&loop, &address, &events, NULL, &one, err) &&
         (!one->wildcard || err_set(err, ERR_UNSUPPORTED, TEXT_SELFTEST_NO_PARENT, NULL));
    if (ok) {
        address.vm = *second;
        *ret_both = link_listen(&loop, &address, &events, NULL, &two, why);
    }
    if (one)
        link_listener_close(one);
    if (two)
        link_listener_close(two);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    return ok;
}

static void judge_second(const struct link_guid *second, bool may, struct selftest_answer *answer)
{
    struct err err = ERR_INIT, why = ERR_INIT;
    bool both = false;

    if (!listen_for_both(second, &both, &why, &err))
        selftest_failed(answer, &err);
    else if (!both && why.kind != ERR_EXISTS)
        selftest_failed(answer, &why);
    else if (both == may)
        selftest_confirm(
            answer, both ? TEXT_SELFTEST_BOTH_LISTEN : TEXT_SELFTEST_SECOND_REFUSED, NULL);
    else
        selftest_refute(
            answer, both ? TEXT_SELFTEST_BOTH_LISTEN : TEXT_SELFTEST_SECOND_REFUSED, NULL);
}

void selftest_link_twice(void *user, struct selftest_answer *ret_answer)
{
    (void)user;
    judge_second(&link_vm_parent, false, ret_answer);
}

/* Whoever listens for everybody must not keep the agent from listening for its host. */
void selftest_link_everybody(void *user, struct selftest_answer *ret_answer)
{
    (void)user;
    judge_second(&link_vm_wildcard, true, ret_answer);
}
