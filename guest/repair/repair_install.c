/* Repairs that run an installer of the payload store. */
#include "guest/parsec/parsec.h"
#include "guest/repair/repair.h"

static bool
install(struct repair_context *context, enum installer_job job, bool *ret_reboot, struct err *err)
{
    struct installer_result result = {0};

    if (!context->check->parsec)
        return err_set(err, ERR_UNSUPPORTED, TEXT_CHECK_ABSENT, NULL);
    if (!installer_run(context, context->check->parsec->payloads, job, &result, err))
        return false;
    *ret_reboot = result.reboot;
    return true;
}

bool repair_vdd_install(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    if (context->check->parsec) /* its open handle refuses a driver that shall be replaced */
        holder_release(context->check->parsec->holder);
    return install(context, INSTALLER_DISPLAY, ret_reboot, err);
}

bool repair_cable_install(struct repair_context *context, bool *ret_reboot, struct err *err)
{
    return install(context, INSTALLER_CABLE, ret_reboot, err);
}
