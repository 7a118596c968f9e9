/* Checks of Parsec: installation, service, configuration, account, log and network. */
#include "guest/parsec/parsec.h"

#include "guest/check/check.h"
#include "guest/parsec/installed.h"
#include "guest/parsec/layer.h"
#include "guest/repair/repair.h"

#include <stdlib.h>
#include <string.h>

#define DEAD_MS 15000 /* the service needs some seconds to start parsecd */

void check_parsec_installed(struct check_context *context, struct finding *ret_finding)
{
    static const enum cause without_service[] = {
        [PARSEC_SCOPE_NONE] = CAUSE_PARSEC_MISSING,
        [PARSEC_SCOPE_SHARED] = CAUSE_PARSEC_DAMAGED,
        [PARSEC_SCOPE_USER] = CAUSE_PARSEC_PER_USER,
    };
    struct parsec_installed installed;
    struct err err = ERR_INIT;

    if (!parsec_installed_look(context->machine, &installed, &err))
        finding_unknown(ret_finding, &err);
    else if (!installed.service)
        finding_set(ret_finding, without_service[installed.scope], 0, NULL);
    else if (!installed.program)
        finding_set(ret_finding, CAUSE_PARSEC_DAMAGED, 0, NULL);
    else
        finding_ok(ret_finding);
}

/* The service runs: so must its program, but for a moment after a start. */
static void judge_program(struct check_context *context, struct finding *ret_finding)
{
    struct machine *machine = context->machine;
    int64_t now_ms = clock_now_ms(machine->clock), *since_ms = &context->parsec->dead_since_ms;
    struct err err = ERR_INIT;
    unsigned processes = 0;

    if (!machine->processes->ops->count(machine->processes, PARSEC_PROCESS, &processes, &err)) {
        finding_unknown(ret_finding, &err);
        return;
    }
    if (processes > 0) {
        *since_ms = 0;
        finding_ok(ret_finding);
        return;
    }
    if (*since_ms == 0)
        *since_ms = now_ms;
    if (now_ms - *since_ms >= DEAD_MS) {
        finding_set(ret_finding, CAUSE_SERVICE_DEAD, 0, NULL);
        return;
    }
    err_set(&err, ERR_BUSY, TEXT_PARSEC_SERVICE_BUSY, NULL);
    finding_unknown(ret_finding, &err);
}

void check_parsec_service(struct check_context *context, struct finding *ret_finding)
{
    struct services_port *services = context->machine->services;
    struct service_status status;
    struct err err = ERR_INIT;

    if (!context->parsec)
        return;
    if (!services->ops->query(services, PARSEC_SERVICE, &status, &err)) {
        finding_unknown(ret_finding, &err);
    } else if (status.state == SERVICE_STATE_RUNNING) {
        judge_program(context, ret_finding);
    } else if (status.state == SERVICE_STATE_PENDING) {
        err_set(&err, ERR_BUSY, TEXT_PARSEC_SERVICE_BUSY, NULL);
        finding_unknown(ret_finding, &err);
    } else if (status.state == SERVICE_STATE_ABSENT) {
        finding_off(ret_finding); /* parsec.installed says so */
    } else {
        finding_set(ret_finding,
                    status.start == SERVICE_START_DISABLED ? CAUSE_SERVICE_DISABLED
                                                           : CAUSE_SERVICE_STOPPED,
                    0,
                    NULL);
    }
}

/* Without Parsec there is nothing to configure and nobody to sign in: parsec.installed says so. */
static bool is_missing(const struct check_context *context)
{
    return context->findings->checks[CHECK_PARSEC_INSTALLED].status == STATUS_BAD;
}

/* What somebody else set stays; what the agent set goes when the profile no longer wants it. */
static void judge_layer(struct check_context *context, struct finding *ret_finding)
{
    bool wanted = context->profile->parsec.run_as_admin, set = false;
    bool ours = repair_is_ours(context->journal, REPAIR_PARSEC_LAYER);
    struct err err = ERR_INIT;

    if (!wanted && !ours)
        return;
    if (!parsec_layer_look(context->machine, &set, &err))
        finding_unknown(ret_finding, &err);
    else if (set != wanted)
        finding_set(ret_finding, CAUSE_PARSEC_LAYER, wanted, NULL);
}

void check_parsec_config(struct check_context *context, struct finding *ret_finding)
{
    struct parsec *parsec = context->parsec;
    struct err err = ERR_INIT;
    struct config_view view;
    bool changed;

    if (!parsec)
        return;
    parsec->lines_ok = false;
    if (is_missing(context)) {
        finding_off(ret_finding);
        return;
    }
    if (!config_look(context->machine,
                     context->profile,
                     parsec->log,
                     &parsec->state,
                     &changed,
                     &view,
                     &err)) {
        finding_unknown(ret_finding, &err);
        return;
    }
    /* evidence that cannot be saved still counts until the next start */
    if (changed)
        (void)parsec_save(parsec, NULL);
    if (view.broken)
        finding_set(ret_finding, CAUSE_CONFIG_BROKEN, view.fingerprint, view.broken, NULL);
    else if (view.differences > 0)
        finding_set(ret_finding,
                    CAUSE_CONFIG_LINES,
                    view.fingerprint,
                    TEXT_NUM(view.differences),
                    view.first_key,
                    NULL);
    else
        finding_ok(ret_finding);
    parsec->lines_ok = ret_finding->status == STATUS_OK;
    if (parsec->lines_ok)
        judge_layer(context, ret_finding);
}

void check_parsec_account(struct check_context *context, struct finding *ret_finding)
{
    static const enum cause causes[ACCOUNTS] = {
        [ACCOUNT_NO] = CAUSE_ACCOUNT_NONE,
        [ACCOUNT_YES] = CAUSE_NONE,
        [ACCOUNT_LOST] = CAUSE_ACCOUNT_LOST,
    };
    struct parsec *parsec = context->parsec;
    struct err err = ERR_INIT;
    bool changed;

    if (!parsec)
        return;
    if (!account_look(context->machine->files,
                      parsec_log_state(parsec->log),
                      &parsec->state,
                      &parsec->account,
                      &changed,
                      &err)) {
        finding_unknown(ret_finding, &err);
        return;
    }
    /* seen again at the next start, when it cannot be saved now */
    if (changed)
        (void)parsec_save(parsec, NULL);
    if (parsec->account.account == ACCOUNT_YES)
        finding_ok(ret_finding);
    else if (is_missing(context))
        finding_off(ret_finding);
    else
        finding_set(ret_finding, causes[parsec->account.account], 0, NULL);
}

/* What the log's troubles mean, the worst first. Troubles that have a check of their own (the
 * account, the driver) or concern one client only are left out. */
static const struct {
    enum parsec_trouble trouble;
    enum cause cause;
} log_causes[] = {
    {PARSEC_TROUBLE_SERVER, CAUSE_LOG_NETWORK},
    {PARSEC_TROUBLE_NO_DISPLAY, CAUSE_LOG_CAPTURE},
    {PARSEC_TROUBLE_CAPTURE, CAUSE_LOG_CAPTURE},
    {PARSEC_TROUBLE_GPU, CAUSE_LOG_CAPTURE},
    {PARSEC_TROUBLE_TOPOLOGY, CAUSE_LOG_CAPTURE},
    {PARSEC_TROUBLE_ENCODER, CAUSE_LOG_ENCODER},
    {PARSEC_TROUBLE_AUDIO, CAUSE_LOG_AUDIO},
    {PARSEC_TROUBLE_GAMEPAD, CAUSE_LOG_GAMEPAD},
};

/* Parsec's number, or the name of the trouble when the line had none. */
static const char *
trouble_text(const struct parsec_log_trouble *row, enum parsec_trouble trouble, char *out)
{
    return row->code ? text_num(out, row->code) : parsec_log_trouble_name(trouble);
}

void check_parsec_log(struct check_context *context, struct finding *ret_finding)
{
    const struct parsec_log_state *state;
    char number[24];
    size_t i;

    if (!context->parsec)
        return;
    if (err_is_set(&context->parsec->log_why)) {
        finding_unknown(ret_finding, &context->parsec->log_why);
        return;
    }
    state = parsec_log_state(context->parsec->log);
    for (i = 0; i < sizeof log_causes / sizeof log_causes[0]; i++) {
        const struct parsec_log_trouble *row = &state->troubles[log_causes[i].trouble];

        if (!row->stands ||
            (log_causes[i].cause == CAUSE_LOG_AUDIO && !context->profile->audio.cable))
            continue;
        finding_set(ret_finding,
                    log_causes[i].cause,
                    (uint32_t)row->code,
                    trouble_text(row, log_causes[i].trouble, number),
                    NULL);
        return;
    }
    if (parsec_log_encoder_is_software(state->encoder))
        finding_set(ret_finding, CAUSE_LOG_SOFTWARE, 0, state->encoder, NULL);
    else
        finding_ok(ret_finding);
}

/* The proxy that Parsec uses: the profile's, else the one in its own configuration. */
static void find_proxy(struct check_context *context, struct network_proxy *ret_proxy)
{
    const struct profile *profile = context->profile;
    struct parsec *parsec = context->parsec;
    char on[8], port[8];

    memset(ret_proxy, 0, sizeof *ret_proxy);
    if (profile->parsec.proxy != PROFILE_PROXY_NONE) {
        ret_proxy->enabled = true;
        ret_proxy->port = profile->parsec.proxy_port;
        text_copy(ret_proxy->address,
                  sizeof ret_proxy->address,
                  profile->parsec.proxy == PROFILE_PROXY_HOST ? "127.0.0.1"
                                                              : profile->parsec.proxy_address);
        return;
    }
    if (!config_live_value(
            context->machine, profile, parsec->log, "app_proxy", on, sizeof on, NULL) ||
        !config_value_equal("app_proxy", "true", on) ||
        !config_live_value(context->machine,
                           profile,
                           parsec->log,
                           "app_proxy_address",
                           ret_proxy->address,
                           sizeof ret_proxy->address,
                           NULL) ||
        !config_live_value(
            context->machine, profile, parsec->log, "app_proxy_port", port, sizeof port, NULL))
        return;
    ret_proxy->port = (uint16_t)strtoul(port, NULL, 10);
    ret_proxy->enabled = ret_proxy->address[0] != '\0' && ret_proxy->port != 0;
}

void check_parsec_network(struct check_context *context, struct finding *ret_finding)
{
    static const enum cause causes[NETWORK_TROUBLES] = {
        [NETWORK_OK] = CAUSE_NONE,
        [NETWORK_NO_ADDRESS] = CAUSE_NETWORK_ADDRESS,
        [NETWORK_NO_NAMES] = CAUSE_NETWORK_NAMES,
        [NETWORK_PROXY_REFUSED] = CAUSE_NETWORK_PROXY_REFUSED,
        [NETWORK_PROXY_DENIED] = CAUSE_NETWORK_PROXY_DENIED,
        [NETWORK_BLOCKED] = CAUSE_NETWORK_BLOCKED,
        [NETWORK_CLOCK_WRONG] = CAUSE_NETWORK_CLOCK,
        [NETWORK_NO_UDP] = CAUSE_NETWORK_NO_UDP,
        [NETWORK_DOUBLE_NAT] = CAUSE_NETWORK_DOUBLE_NAT,
    };
    struct network_port *network = context->machine->network;
    struct network_result result = {.trouble = NETWORK_OK};
    struct network_proxy proxy;
    struct err err = ERR_INIT;

    if (!context->parsec)
        return;
    find_proxy(context, &proxy);
    if (!network->ops->check(network, &proxy, &result, &err))
        finding_unknown(ret_finding, &err);
    else if (result.trouble == NETWORK_OK || (unsigned)result.trouble >= NETWORK_TROUBLES)
        finding_ok(ret_finding);
    else
        finding_set(ret_finding, causes[result.trouble], 0, result.target, NULL);
}
