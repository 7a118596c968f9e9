/* signin: the one step that needs a person, flow F1. */
#include "host/boot.h"

#include "common/clock.h"

#include <stdlib.h>

#define WAIT_S_DEFAULT 900
#define BEGIN_MS       130000

static const struct option options[] = {
    {"timeout", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_TIMEOUT, 1, BOOT_TIMEOUT_S},
    {0},
};

/* What is known of the guest while a person signs in. */
struct wait {
    struct call *call;
    struct progress progress;
    struct health health;
    int64_t begun_ms, timeout_ms;
    bool signed_in;
};

static bool on_health(const cJSON *params, const uint8_t *body, size_t length, void *user)
{
    struct wait *wait = user;

    (void)body;
    (void)length;
    if (health_from_json(params, &wait->health, NULL))
        wait->signed_in = wait->health.checks[CHECK_PARSEC_ACCOUNT].status == STATUS_OK;
    return !wait->signed_in;
}

static bool is_over(void *user)
{
    struct wait *wait = user;
    int64_t spent = clock_now_ms(clock_system()) - wait->begun_ms;

    progress_step(&wait->progress,
                  (unsigned)(spent * PROGRESS_FULL / wait->timeout_ms),
                  TEXT_HOST_STEP_SIGN_IN,
                  NULL);
    return spent >= wait->timeout_ms;
}

static bool begin(struct client *client, const struct wait *wait, struct err *err)
{
    struct client_call call = {.method = METHOD_SIGNIN_BEGIN, .timeout_ms = BEGIN_MS};
    cJSON *params = cJSON_CreateObject();
    bool ok = json_add_int(params, "timeout_s", wait->timeout_ms / 1000) || err_no_memory(err);

    call.params = params;
    ok = ok && client_call(client, &call, NULL, err);
    cJSON_Delete(params);
    return ok;
}

/* The network must be there first: a sign-in that cannot work is not begun. */
static bool check_network(const struct health *health, const char *name, struct err *err)
{
    const struct health_check *network = &health->checks[CHECK_PARSEC_NETWORK];
    char why[ERR_ARG_BYTES];

    if (network->status != STATUS_BAD && network->status != STATUS_GIVEN_UP)
        return true;
    err_set(err,
            ERR_CONFLICT,
            TEXT_HOST_SIGN_IN_NETWORK,
            name,
            err_message(&network->why, text_lang(), why, sizeof why),
            NULL);
    return err_hint(err, TEXT_HOST_SIGN_IN_NETWORK_HINT);
}

static void say_what_to_do(struct call *call, const char *name)
{
    static const enum text_id lines[] = {
        TEXT_HOST_SIGN_IN_1, TEXT_HOST_SIGN_IN_2, TEXT_HOST_SIGN_IN_3};

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ui_note(&call->ui, TONE_PLAIN, lines[i], name, NULL);
}

static bool sign_in(struct call *call,
                    struct target *target,
                    struct wait *wait,
                    struct client *client,
                    struct err *err)
{
    /* looked at now: whether somebody is signed in must not be news of yesterday */
    cJSON *params = cJSON_CreateObject(), *report = NULL;
    bool ok = (cJSON_AddBoolToObject(params, "refresh", true) || err_no_memory(err)) &&
              connect_call(client, METHOD_HEALTH_GET, params, &report, err) &&
              health_from_json(report, &wait->health, err);

    cJSON_Delete(params);
    cJSON_Delete(report);
    if (!ok)
        return false;
    wait->signed_in = wait->health.checks[CHECK_PARSEC_ACCOUNT].status == STATUS_OK;
    if (wait->signed_in)
        return true;
    if (!check_network(&wait->health, target->name, err) || !begin(client, wait, err))
        return false;
    say_what_to_do(call, target->name);
    ok = client_watch(client, METHOD_HEALTH_WATCH, NULL, on_health, is_over, wait, err);
    /* the mode is left whatever came of it; the agent would leave it by itself in the end */
    return connect_call(client, METHOD_SIGNIN_END, NULL, NULL, ok ? err : NULL) && ok;
}

static void signin_each(struct call *call, struct target *target, struct outcome *outcome)
{
    struct wait *wait = calloc(1, sizeof *wait);
    struct client *client = NULL;
    struct err err = ERR_INIT;
    bool ok;

    if (!wait) {
        err_no_memory(&err);
        outcome_failed(outcome, &err);
        return;
    }
    wait->call = call;
    wait->timeout_ms = call_number(call, "timeout", WAIT_S_DEFAULT) * 1000;
    wait->begun_ms = clock_now_ms(clock_system());
    progress_begin(&wait->progress, &call->ui, target->name, outcome->alone);
    ok = boot_connect(call, target, &client, &err) && sign_in(call, target, wait, client, &err);
    progress_end(&wait->progress);
    client_close(client);
    if (!ok)
        outcome_failed(outcome, &err);
    else if (wait->signed_in)
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HOST_SIGNED_IN, NULL);
    else
        outcome_done(outcome,
                     &call->ui,
                     CODE_NEEDS_SIGN_IN,
                     TEXT_HOST_NOT_SIGNED_IN,
                     TEXT_NUM(wait->timeout_ms / 1000),
                     NULL);
    free(wait);
}

const struct command command_signin = {
    .name = "signin",
    .summary = TEXT_HELP_SIGNIN,
    .args = "NAME",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS | COMMAND_NO_LOCK,
    .each = signin_each,
};
