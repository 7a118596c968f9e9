/* connect: a VM that runs and streams, and Parsec for it. */
#include "host/boot.h"
#include "host/screen.h"

#include "common/clock.h"

#include <stdlib.h>

#define WAIT_S_DEFAULT 300
#define POLL_MS        1000

static const struct option options[] = {
    {"timeout", 0, OPTION_NUMBER, "SECONDS", TEXT_HELP_OPTION_TIMEOUT, 1, BOOT_TIMEOUT_S},
    {0},
};

static bool ask(struct client *client, bool *ret_ready, struct err *err)
{
    struct health *health = calloc(1, sizeof *health);
    cJSON *json = NULL;
    bool ok = (health || err_no_memory(err)) &&
              connect_call(client, METHOD_HEALTH_GET, NULL, &json, err) &&
              health_from_json(json, health, err);

    *ret_ready = ok && health->stream_ready;
    cJSON_Delete(json);
    free(health);
    return ok;
}

/* Waits until somebody could connect. */
static bool
wait_stream(struct call *call, struct target *target, int64_t timeout_ms, struct err *err)
{
    int64_t until = clock_now_ms(clock_system()) + timeout_ms;
    struct client *client = NULL;
    bool ready = false, ok = boot_connect(call, target, &client, err);

    while (ok && !ready) {
        ok = ask(client, &ready, err);
        if (!ok || ready)
            break;
        if (clock_now_ms(clock_system()) >= until) {
            err_set(err,
                    ERR_TIMEOUT,
                    TEXT_HV_NO_STREAM,
                    target->name,
                    TEXT_NUM(timeout_ms / 1000),
                    NULL);
            ok = err_hint(err, TEXT_HV_NO_STREAM_HINT);
        }
        clock_sleep_ms(clock_system(), POLL_MS);
    }
    client_close(client);
    return ok;
}

static void connect_each(struct call *call, struct target *target, struct outcome *outcome)
{
    int64_t timeout_ms = call_number(call, "timeout", WAIT_S_DEFAULT) * 1000;
    struct err err = ERR_INIT;

    /* the simulation has nothing to be looked at: ready is all that there is */
    if (boot_present(target, &err) &&
        (target->vm.state == VM_RUNNING || boot_up(call, target, true, outcome->alone, &err)) &&
        hypervisor_find(call->hypervisor, target->id, &target->vm, &err) &&
        wait_stream(call, target, timeout_ms, &err) &&
        (call->simulated || screen_open_parsec(&err)))
        outcome_done(outcome, &call->ui, CODE_OK, TEXT_HV_CONNECTED, target->name, NULL);
    else
        outcome_failed(outcome, &err);
}

const struct command command_connect = {
    .name = "connect",
    .summary = TEXT_HV_HELP_CONNECT,
    .args = "NAME",
    .options = options,
    .flags = COMMAND_NEEDS_ADMIN | COMMAND_NEEDS_VM | COMMAND_MANY_VMS,
    .each = connect_each,
};
