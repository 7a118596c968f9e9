/* Repairs of Parsec. */
#include "guest/parsec/parsec.h"

#include "guest/parsec/layer.h"

#include "guest/repair/repair.h"

#define UNDO_LAYER "layer" /* the flag at parsecd.exe that the agent set */
#define UNDO_LINES "lines" /* the configuration lines that the agent wrote */

static bool find_parsec(struct repair_context *context, struct parsec **ret_parsec, struct err *err)
{
    *ret_parsec = context->check->parsec;
    return *ret_parsec || err_set(err, ERR_UNSUPPORTED, TEXT_CHECK_ABSENT, NULL);
}

static bool
install(struct repair_context *context, enum installer_job job, bool *ret_reboot, struct err *err)
{
    struct installer_result result = {0};
    struct parsec *parsec = NULL;

    if (!find_parsec(context, &parsec, err) ||
        !installer_run(context, parsec->payloads, job, &result, err))
        return false;
    *ret_reboot = result.reboot;
    return true;
}

bool repair_parsec_install(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return install(context, INSTALLER_PARSEC, ret_reboot, err);
}

bool repair_parsec_again(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return install(context, INSTALLER_PARSEC_AGAIN, ret_reboot, err);
}

bool repair_parsec_reset(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct parsec *parsec = NULL;

    if (!find_parsec(context, &parsec, err) ||
        !install(context, INSTALLER_PARSEC_RESET, ret_reboot, err))
        return false;
    /* the account is gone because somebody wanted it so: not lost, but not there yet */
    parsec->state.account_seen = false;
    return parsec_save(parsec, err);
}

bool repair_parsec_start(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct services_port *services = context->check->machine->services;
    struct service_status status;

    (void)ret_reboot;
    if (!services->ops->query(services, PARSEC_SERVICE, &status, err))
        return false;
    if (status.start == SERVICE_START_DISABLED &&
        !services->ops->set_start(services, PARSEC_SERVICE, SERVICE_START_AUTO, err))
        return false;
    return services->ops->start(services, PARSEC_SERVICE, PARSEC_SERVICE_WAIT_MS, err);
}

bool repair_parsec_restart(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct machine *machine = context->check->machine;
    struct err why = ERR_INIT;
    bool stopped;

    (void)ret_reboot;
    stopped = machine->services->ops->stop(
                  machine->services, PARSEC_SERVICE, PARSEC_SERVICE_WAIT_MS, &why) &&
              machine->processes->ops->terminate(machine->processes, PARSEC_PROCESS, &why);
    /* also after a failure: it may be half done */
    if (!machine->services->ops->start(
            machine->services, PARSEC_SERVICE, PARSEC_SERVICE_WAIT_MS, err))
        return false;
    if (!stopped && err)
        *err = why;
    return stopped;
}

static struct config_job
config_job(struct repair_context *context, struct parsec *parsec, bool force)
{
    return (struct config_job){.machine = context->check->machine,
                               .profile = context->check->profile,
                               .log = parsec->log,
                               .state = &parsec->state,
                               .folder = parsec->folder,
                               .force = force};
}

bool repair_parsec_config(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct parsec *parsec = NULL;
    struct config_job job;

    (void)ret_reboot;
    if (!find_parsec(context, &parsec, err) ||
        !repair_will_undo(context, UNDO_AT_RELEASE, UNDO_LINES, err))
        return false;
    /* planned although somebody is connected means that a person asked for it now; a client that
     * came since then is waited for */
    job = config_job(context, parsec, context->check->findings->facts.clients != 0);
    return config_apply(&job, err);
}

bool repair_parsec_config_undo(struct repair_context *context, const char *data, struct err *err)
{
    struct parsec *parsec = NULL;
    struct config_job job;

    (void)data;
    if (!find_parsec(context, &parsec, err))
        return false;
    job = config_job(context, parsec, true);
    return config_give_back(&job, err);
}

bool repair_parsec_layer(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    struct machine *machine = context->check->machine;

    (void)ret_reboot;
    if (context->check->profile->parsec.run_as_admin)
        return repair_will_undo(context, UNDO_AT_RELEASE, UNDO_LAYER, err) &&
               parsec_layer_set(machine, true, err);
    return parsec_layer_set(machine, false, err) && repair_forget_undo(context, UNDO_LAYER, err);
}

/* A Parsec that is gone needs no flag. */
bool repair_parsec_layer_undo(struct repair_context *context, const char *data, struct err *err)
{
    struct err why = ERR_INIT;

    (void)data;
    if (parsec_layer_set(context->check->machine, false, &why) || why.kind == ERR_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}
